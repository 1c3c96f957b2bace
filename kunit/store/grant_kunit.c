// SPDX-License-Identifier: GPL-2.0-only
/*
 * Leases that are voided before they have begun
 */
#include "../../module/store/grant.c"
#include "common.h"

static int late_begin(struct kunit *test, struct bytemap_client *client,
		      struct bytemap_value *value, u64 token)
{
	struct syncmap_op op = { .op = SYNCMAP_OP_LOAD_OR_LEASE, .key_len = 1 };
	struct bytemap_request req = { .op = &op, .key = "k",
				       .client = client };

	return begin_lease(store_attempt(test, client->map, &req), value,
			   token);
}

static void a_voided_lease_does_not_begin(struct kunit *test)
{
	struct bytemap *map = store_map(test, SYNCMAP_KEY_STRING, NULL);
	struct bytemap_client *client = store_client(test, map);
	u64 token = store_lease(client, "k");
	struct bytemap_value *value = store_object(map, "k");

	KUNIT_EXPECT_EQ(test, store_delete(map, "k"), 0);
	KUNIT_EXPECT_EQ(test, late_begin(test, client, value, token),
			START_OVER);
	KUNIT_EXPECT_TRUE(test, list_empty(&client->leases));
	bytemap_value_put(value);
	store_client_end(client);
}

static void a_lease_does_not_replace_what_is_no_stale_value(struct kunit *test)
{
	struct bytemap *map = store_map(test, SYNCMAP_KEY_STRING, NULL);
	struct bytemap_client *client = store_client(test, map);
	struct syncmap_op op = { .op = SYNCMAP_OP_LOAD_OR_LEASE, .key_len = 1 };
	struct bytemap_request req = { .op = &op, .key = "k",
				       .client = client };
	struct bytemap_attempt *at = store_attempt(test, map, &req);
	struct bytemap_value *value;

	KUNIT_EXPECT_EQ(test, store_store(map, "k", "came"), 0);
	value = store_object(map, "k");
	KUNIT_EXPECT_EQ(test, become_holder(at, value), START_OVER);
	KUNIT_EXPECT_EQ(test, atomic_read(&client->nr_leases), 0);
	KUNIT_EXPECT_EQ(test, become_holder(at, NULL), START_OVER);
	KUNIT_EXPECT_EQ(test, atomic_read(&client->nr_leases), 0);
	KUNIT_EXPECT_TRUE(test, store_has(map, "k", "came"));
	bytemap_value_put(value);
	bytemap_request_release(&req);
	store_client_end(client);
}

static struct kunit_case grant_cases[] = {
	KUNIT_CASE(a_voided_lease_does_not_begin),
	KUNIT_CASE(a_lease_does_not_replace_what_is_no_stale_value),
	{}
};

static struct kunit_suite grant_suite = {
	.name = "bytemap_grant",
	.suite_init = store_suite_init,
	.suite_exit = store_suite_exit,
	.init = store_test_init,
	.exit = store_test_exit,
	.test_cases = grant_cases,
};

kunit_test_suite(grant_suite);
