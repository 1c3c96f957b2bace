// SPDX-License-Identifier: GPL-2.0-only
/*
 * The line of those who wait for a lease
 */
#include "../../module/store/waiter.c"
#include "common.h"

static void the_first_in_line_is_picked(struct kunit *test)
{
	struct bytemap *map = store_map(test, SYNCMAP_KEY_STRING, NULL);
	struct bytemap_client *client = store_client(test, map);
	struct bytemap_client *other = store_client(test, map);
	struct waiter a = { .task = current, .client = client };
	struct waiter b = { .task = current, .client = other };
	struct bytemap_value *value;

	store_lease(client, "k");
	value = store_object(map, "k");
	KUNIT_EXPECT_TRUE(test, enqueue(value, &b));
	KUNIT_EXPECT_TRUE(test, enqueue(value, &a));
	KUNIT_EXPECT_PTR_EQ(test, bytemap_waiter_pick_locked(bytemap_lease(value),
							     5), other);
	KUNIT_EXPECT_TRUE(test, leave(value, &b));
	KUNIT_EXPECT_EQ(test, b.token, 5ULL);
	KUNIT_EXPECT_FALSE(test, leave(value, &a));
	KUNIT_EXPECT_EQ(test, a.token, 0ULL);
	KUNIT_EXPECT_NULL(test, bytemap_waiter_pick_locked(bytemap_lease(value),
							   6));
	bytemap_value_put(value);
	store_client_end(client);
	store_client_end(other);
}

static void nobody_waits_for_what_has_ended(struct kunit *test)
{
	struct bytemap *map = store_map(test, SYNCMAP_KEY_STRING, NULL);
	struct bytemap_client *client = store_client(test, map);
	struct waiter before = { .task = current, .client = client };
	struct waiter after = { .task = current, .client = client };
	struct bytemap_value *value;
	u64 token;

	token = store_lease(client, "k");
	value = store_object(map, "k");
	KUNIT_EXPECT_TRUE(test, enqueue(value, &before));
	KUNIT_EXPECT_EQ(test, store_leased(client, "k", "v", token), 0);
	KUNIT_EXPECT_TRUE(test, leave(value, &before));
	KUNIT_EXPECT_EQ(test, before.token, 0ULL);
	KUNIT_EXPECT_FALSE(test, enqueue(value, &after));
	bytemap_value_put(value);
	store_client_end(client);
}

static void sleep_ends_by_event_and_deadline(struct kunit *test)
{
	struct waiter waiter = { .task = current };
	u64 before = ktime_get_boottime_ns();

	KUNIT_EXPECT_EQ(test, sleep(&waiter, 0), -ETIMEDOUT);
	KUNIT_EXPECT_EQ(test, sleep(&waiter, before + NSEC_PER_MSEC),
			-ETIMEDOUT);
	KUNIT_EXPECT_GE(test, ktime_get_boottime_ns(), before + NSEC_PER_MSEC);
	waiter.woken = true;
	KUNIT_EXPECT_EQ(test, sleep(&waiter, 0), 0);
	KUNIT_EXPECT_EQ(test, sleep(&waiter, SYNCMAP_NEVER), 0);
}

static struct kunit_case waiter_cases[] = {
	KUNIT_CASE(the_first_in_line_is_picked),
	KUNIT_CASE(nobody_waits_for_what_has_ended),
	KUNIT_CASE(sleep_ends_by_event_and_deadline),
	{}
};

static struct kunit_suite waiter_suite = {
	.name = "bytemap_waiter",
	.suite_init = store_suite_init,
	.suite_exit = store_suite_exit,
	.init = store_test_init,
	.exit = store_test_exit,
	.test_cases = waiter_cases,
};

kunit_test_suite(waiter_suite);
