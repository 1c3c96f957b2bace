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

	KUNIT_EXPECT_EQ(test, store_clear(map), 0);
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

/* Without anybody who would see to it: no timer has been set */
static void end_lease(struct bytemap_value *value, u64 ends)
{
	write_seqlock(&value->lock);
	bytemap_lease(value)->ends = ends;
	write_sequnlock(&value->lock);
}

static void lapse(struct bytemap *map, struct bytemap_value *value)
{
	write_seqlock(&value->lock);
	bytemap_lease_lapse_locked(map, value);
	write_sequnlock(&value->lock);
}

static void the_clock_ends_a_lease(struct kunit *test)
{
	struct bytemap *map = string_map(test);
	struct bytemap_client *client = store_client(test, map);
	u64 token = store_lease(client, "k");
	struct bytemap_value *value = store_object(map, "k");

	end_lease(value, ktime_get_boottime_ns());
	KUNIT_EXPECT_EQ(test, store_leased(client, "k", "v", token), -ESTALE);
	KUNIT_EXPECT_EQ(test, value->state, VALUE_LEASED);
	KUNIT_EXPECT_EQ(test, store_unlease(client, "k", token), -ESTALE);
	KUNIT_EXPECT_EQ(test, value->state, VALUE_DELETED);
	KUNIT_EXPECT_EQ(test, atomic_read(&client->nr_leases), 0);
	bytemap_value_put(value);
	store_client_end(client);
	KUNIT_EXPECT_EQ(test, store_bytes(map), 0ULL);
}

static void what_is_over_is_the_next_ones(struct kunit *test)
{
	struct bytemap *map = string_map(test);
	struct bytemap_client *client = store_client(test, map);
	struct bytemap_client *other = store_client(test, map);
	u64 token = store_lease(client, "k");
	struct bytemap_value *value = store_object(map, "k");

	KUNIT_EXPECT_EQ(test, store_lease(other, "k"), 0ULL);
	end_lease(value, 1);
	KUNIT_EXPECT_GT(test, store_lease(other, "k"), token);
	KUNIT_EXPECT_EQ(test, value->state, VALUE_DELETED);
	KUNIT_EXPECT_EQ(test, atomic_read(&client->nr_leases), 0);
	bytemap_value_put(value);
	store_client_end(client);
	store_client_end(other);
}

/* Its time is the waiter's, and it is queued by that */
static void a_lease_is_passed_on_for_the_next_ones_time(struct kunit *test)
{
	struct bytemap *map = string_map(test);
	struct bytemap_client *client = store_client(test, map);
	struct bytemap_client *other = store_client(test, map);
	struct bytemap_waiter waiter = {
		.task = current, .client = other, .lease_for = NSEC_PER_SEC,
	};
	u64 token = store_lease(client, "k"), before;
	struct bytemap_value *value = store_object(map, "k");

	KUNIT_EXPECT_TRUE(test, bytemap_line_join(value, &waiter));
	KUNIT_EXPECT_EQ(test, bytemap_holder_count(other, &(struct syncmap_error){}), 0);
	lapse(map, value);
	KUNIT_EXPECT_EQ(test, waiter.token, 0ULL);
	end_lease(value, 1);
	before = ktime_get_boottime_ns();
	lapse(map, value);
	KUNIT_EXPECT_GT(test, waiter.token, token);
	KUNIT_EXPECT_PTR_EQ(test, bytemap_lease(value)->client, other);
	KUNIT_EXPECT_GE(test, bytemap_lease(value)->ends, before + NSEC_PER_SEC);
	KUNIT_EXPECT_EQ(test, (u64)bytemap_mortal(value)->node.expires,
			bytemap_lease(value)->ends);
	KUNIT_EXPECT_EQ(test, store_leased(client, "k", "v", token), -ESTALE);
	KUNIT_EXPECT_EQ(test, store_leased(other, "k", "v", waiter.token), 0);
	KUNIT_EXPECT_EQ(test, bytemap_mortal(value)->node.expires, 0LL);
	bytemap_value_put(value);
	store_client_end(client);
	store_client_end(other);
}

static struct kunit_case lease_cases[] = {
	KUNIT_CASE(a_lease_is_no_value),
	KUNIT_CASE(an_ended_lease_is_no_value_either),
	KUNIT_CASE(a_late_delete_looks_again),
	KUNIT_CASE(clear_takes_the_lease_away),
	KUNIT_CASE(a_token_is_of_one_client),
	KUNIT_CASE(the_clock_ends_a_lease),
	KUNIT_CASE(what_is_over_is_the_next_ones),
	KUNIT_CASE(a_lease_is_passed_on_for_the_next_ones_time),
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
