// SPDX-License-Identifier: GPL-2.0-only
/*
 * The line of those who wait for a lease
 */
#include "../../module/store/line.c"
#include "common.h"

static struct bytemap_client *pick_waiter(struct bytemap_value *value,
					  u64 token)
{
	const struct bytemap_waiter *waiter;
	struct bytemap_client *client;

	write_seqlock(&value->lock);
	waiter = bytemap_line_pick_locked(bytemap_lease(value), token);
	client = waiter ? waiter->client : NULL;
	write_sequnlock(&value->lock);
	return client;
}

static void the_first_in_line_is_picked(struct kunit *test)
{
	struct bytemap *map = store_map(test, SYNCMAP_KEY_STRING, NULL);
	struct bytemap_client *client = store_client(test, map);
	struct bytemap_client *other = store_client(test, map);
	struct bytemap_waiter a = { .task = current, .client = client };
	struct bytemap_waiter b = { .task = current, .client = other };
	struct bytemap_value *value;

	store_lease(client, "k");
	value = store_object(map, "k");
	KUNIT_EXPECT_TRUE(test, bytemap_line_join(value, &b));
	KUNIT_EXPECT_TRUE(test, bytemap_line_join(value, &a));
	KUNIT_EXPECT_PTR_EQ(test, pick_waiter(value, 5), other);
	KUNIT_EXPECT_TRUE(test, bytemap_line_leave(value, &b));
	KUNIT_EXPECT_EQ(test, b.token, 5ULL);
	KUNIT_EXPECT_FALSE(test, bytemap_line_leave(value, &a));
	KUNIT_EXPECT_EQ(test, a.token, 0ULL);
	KUNIT_EXPECT_NULL(test, pick_waiter(value, 6));
	bytemap_value_put(value);
	store_client_end(client);
	store_client_end(other);
}

static void nobody_waits_for_what_has_ended(struct kunit *test)
{
	struct bytemap *map = store_map(test, SYNCMAP_KEY_STRING, NULL);
	struct bytemap_client *client = store_client(test, map);
	struct bytemap_waiter before = { .task = current, .client = client };
	struct bytemap_waiter after = { .task = current, .client = client };
	struct bytemap_value *value;
	u64 token;

	token = store_lease(client, "k");
	value = store_object(map, "k");
	KUNIT_EXPECT_TRUE(test, bytemap_line_join(value, &before));
	KUNIT_EXPECT_EQ(test, store_leased(client, "k", "v", token), 0);
	KUNIT_EXPECT_TRUE(test, bytemap_line_leave(value, &before));
	KUNIT_EXPECT_EQ(test, before.token, 0ULL);
	KUNIT_EXPECT_FALSE(test, bytemap_line_join(value, &after));
	bytemap_value_put(value);
	store_client_end(client);
}

/* He would stand before those whom the next Clear is to wake */
static void nobody_joins_after_the_clear(struct kunit *test)
{
	struct bytemap *map = store_map(test, SYNCMAP_KEY_STRING, NULL);
	struct bytemap_client *client = store_client(test, map);
	struct bytemap_waiter waiter = { .task = current, .client = client };
	struct bytemap_value *value;

	store_lease(client, "k");
	value = store_object(map, "k");
	waiter.epoch = value->epoch;
	KUNIT_EXPECT_TRUE(test, bytemap_line_join(value, &waiter));
	map->epoch = !map->epoch;
	KUNIT_EXPECT_FALSE(test, bytemap_line_join_map(map, &waiter));
	KUNIT_EXPECT_TRUE(test, list_empty(&map->line));
	map->epoch = !map->epoch;
	KUNIT_EXPECT_TRUE(test, bytemap_line_join_map(map, &waiter));
	KUNIT_EXPECT_FALSE(test, list_empty(&map->line));
	KUNIT_EXPECT_FALSE(test, bytemap_line_leave_map(map, &waiter));
	KUNIT_EXPECT_FALSE(test, bytemap_line_leave(value, &waiter));
	bytemap_value_put(value);
	store_client_end(client);
}

static struct kunit_case line_cases[] = {
	KUNIT_CASE(the_first_in_line_is_picked),
	KUNIT_CASE(nobody_waits_for_what_has_ended),
	KUNIT_CASE(nobody_joins_after_the_clear),
	{}
};

static struct kunit_suite line_suite = {
	.name = "bytemap_line",
	.suite_init = store_suite_init,
	.suite_exit = store_suite_exit,
	.init = store_test_init,
	.exit = store_test_exit,
	.test_cases = line_cases,
};

kunit_test_suite(line_suite);
