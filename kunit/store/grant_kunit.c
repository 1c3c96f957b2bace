// SPDX-License-Identifier: GPL-2.0-only
/*
 * Leases that are voided before they have begun, or are over when their holder
 * learns of them
 */
#include "../../module/store/grant.c"
#include "../../module/store/line.h"
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

/* As by the clock, to who is first in line */
static void pass_on(struct bytemap *map, struct bytemap_value *value)
{
	write_seqlock(&value->lock);
	bytemap_lease(value)->ends = 1;
	bytemap_lease_lapse_locked(map, value);
	write_sequnlock(&value->lock);
}

static void stand_in_line(struct kunit *test, struct bytemap_value *value,
			  struct bytemap_waiter *waiter)
{
	struct syncmap_error error;

	waiter->task = current;
	KUNIT_EXPECT_EQ(test, bytemap_holder_count(waiter->client, &error), 0);
	KUNIT_EXPECT_TRUE(test, bytemap_line_join(value, waiter));
}

/* It does not stand in line again, for which it might come too late again */
static void who_wakes_late_has_had_the_lease(struct kunit *test)
{
	struct bytemap *map = store_map(test, SYNCMAP_KEY_STRING, NULL);
	struct bytemap_client *client = store_client(test, map);
	struct bytemap_client *other = store_client(test, map);
	/* For which there is no room on the stack */
	static struct bytemap_waiter late, next;
	struct syncmap_op op = { .op = SYNCMAP_OP_LOAD_OR_LEASE, .key_len = 1 };
	struct bytemap_request req = { .op = &op, .key = "k",
				       .client = client };
	struct bytemap_attempt *at = store_attempt(test, map, &req);
	struct bytemap_value *value;

	late = (struct bytemap_waiter){ .client = client, .lease_for = 1 };
	next = (struct bytemap_waiter){
		.client = other, .lease_for = NSEC_PER_SEC,
	};
	store_lease(other, "k");
	value = store_object(map, "k");
	stand_in_line(test, value, &late);
	stand_in_line(test, value, &next);
	pass_on(map, value);
	KUNIT_EXPECT_NE(test, late.token, 0ULL);
	pass_on(map, value);
	KUNIT_EXPECT_EQ(test, bytemap_lease(value)->token, next.token);
	KUNIT_EXPECT_EQ(test, bytemap_grant(at), NEED_LEASE);
	at->granted = late.token;
	at->granted_until = late.ends;
	KUNIT_EXPECT_EQ(test, bytemap_grant(at), 0);
	KUNIT_EXPECT_EQ(test, req.answer->result, SYNCMAP_RESULT_LEASED);
	KUNIT_EXPECT_EQ(test, req.answer->leased, late.token);
	KUNIT_EXPECT_EQ(test, req.answer->lease_ends, late.ends);
	KUNIT_EXPECT_EQ(test, store_leased(client, "k", "v", late.token),
			-ESTALE);
	/* Was it taken away before, there is reason to wait again */
	at->granted_until = SYNCMAP_NEVER;
	bytemap_request_reset(req.answer);
	KUNIT_EXPECT_EQ(test, bytemap_grant(at), NEED_LEASE);
	KUNIT_EXPECT_EQ(test, store_leased(other, "k", "v", next.token), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&client->nr_leases), 0);
	bytemap_value_put(value);
	store_client_end(client);
	store_client_end(other);
}

static struct kunit_case grant_cases[] = {
	KUNIT_CASE(a_voided_lease_does_not_begin),
	KUNIT_CASE(a_lease_does_not_replace_what_is_no_stale_value),
	KUNIT_CASE(who_wakes_late_has_had_the_lease),
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
