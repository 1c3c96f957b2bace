// SPDX-License-Identifier: GPL-2.0-only
/*
 * Leases and those who come too late
 */
#include "../../module/store/lease.c"
#include "../../module/store/clear.h"
#include "common.h"

static struct bytemap *string_map(struct kunit *test)
{
	return store_map(test, SYNCMAP_KEY_STRING, NULL);
}

static void a_lease_is_no_value(struct kunit *test)
{
	struct bytemap *map = string_map(test);
	struct bytemap_client *client = store_client(test, map);
	u64 token = store_lease(client, "k");
	struct bytemap_value *value = store_object(map, "k");

	KUNIT_EXPECT_EQ(test, value->state, VALUE_LEASED);
	KUNIT_EXPECT_EQ(test, store_count(map), 0ULL);
	KUNIT_EXPECT_EQ(test, store_bytes(map), 2 * bytemap_charge(1, 0));
	KUNIT_EXPECT_EQ(test, store_leased(client, "k", "v", token), 0);
	KUNIT_EXPECT_EQ(test, value->state, VALUE_DELETED);
	KUNIT_EXPECT_EQ(test, store_count(map), 1ULL);
	KUNIT_EXPECT_EQ(test, store_bytes(map), bytemap_charge(1, 1));
	bytemap_value_put(value);
	store_client_end(client);
}

/* Whoever found the lease before it ended neither sees nor writes a value */
static void an_ended_lease_is_no_value_either(struct kunit *test)
{
	struct bytemap *map = string_map(test);
	struct bytemap_client *client = store_client(test, map);
	u64 token = store_lease(client, "k");
	struct bytemap_value *value = store_object(map, "k");
	struct bytemap_view view;

	KUNIT_EXPECT_EQ(test, store_leased(client, "k", "v", token), 0);
	KUNIT_EXPECT_EQ(test, bytemap_entry_view(map, value, &view, 0),
			ABSENT);
	KUNIT_EXPECT_EQ(test, value->revision, 0ULL);
	bytemap_value_put(value);
	store_client_end(client);
}

static void a_late_delete_looks_again(struct kunit *test)
{
	struct bytemap *map = string_map(test);
	struct bytemap_client *client = store_client(test, map);
	struct syncmap_op op = { .op = SYNCMAP_OP_DELETE, .key_len = 1 };
	struct bytemap_request req = { .op = &op, .key = "k" };
	struct bytemap_attempt *at = store_attempt(test, map, &req);
	u64 token = store_lease(client, "k");
	struct bytemap_value *value = store_object(map, "k");

	KUNIT_EXPECT_EQ(test, store_leased(client, "k", "v", token), 0);
	KUNIT_EXPECT_EQ(test, bytemap_lease_meet(at, value), START_OVER);
	KUNIT_EXPECT_TRUE(test, store_has(map, "k", "v"));
	bytemap_value_put(value);
	store_client_end(client);
}

static void clear_takes_the_lease_away(struct kunit *test)
{
	struct bytemap *map = string_map(test);
	struct bytemap_client *client = store_client(test, map);
	u64 token = store_lease(client, "k");
	struct bytemap_value *value = store_object(map, "k");

	KUNIT_EXPECT_EQ(test, bytemap_clear(map), 0);
	KUNIT_EXPECT_EQ(test, store_leased(client, "k", "v", token), -ESTALE);
	KUNIT_EXPECT_EQ(test, store_unlease(client, "k", token), -ESTALE);
	KUNIT_EXPECT_NE(test, store_lease(client, "k"), 0ULL);
	bytemap_value_put(value);
	store_client_end(client);
	KUNIT_EXPECT_EQ(test, store_bytes(map), 0ULL);
}

static void a_token_is_of_one_client(struct kunit *test)
{
	struct bytemap *map = string_map(test);
	struct bytemap_client *client = store_client(test, map);
	struct bytemap_client *other = store_client(test, map);
	u64 token = store_lease(client, "k");

	KUNIT_EXPECT_EQ(test, store_lease(other, "k"), 0ULL);
	KUNIT_EXPECT_EQ(test, store_leased(other, "k", "v", token), -ESTALE);
	bytemap_lease_abandon(other, token);
	KUNIT_EXPECT_EQ(test, store_lease(other, "k"), 0ULL);
	bytemap_lease_abandon(client, token);
	KUNIT_EXPECT_GT(test, store_lease(other, "k"), token);
	store_client_end(client);
	store_client_end(other);
	KUNIT_EXPECT_EQ(test, store_bytes(map), 0ULL);
}

static struct kunit_case lease_cases[] = {
	KUNIT_CASE(a_lease_is_no_value),
	KUNIT_CASE(an_ended_lease_is_no_value_either),
	KUNIT_CASE(a_late_delete_looks_again),
	KUNIT_CASE(clear_takes_the_lease_away),
	KUNIT_CASE(a_token_is_of_one_client),
	{}
};

static struct kunit_suite lease_suite = {
	.name = "bytemap_lease",
	.suite_init = store_suite_init,
	.suite_exit = store_suite_exit,
	.init = store_test_init,
	.exit = store_test_exit,
	.test_cases = lease_cases,
};

kunit_test_suite(lease_suite);
