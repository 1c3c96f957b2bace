// SPDX-License-Identifier: GPL-2.0-only
/*
 * Clear
 */
#include "../../module/store/clear.c"
#include "common.h"

static void clear_empties_and_can_be_filled_again(struct kunit *test)
{
	const struct syncmap_limits limits = { .entries = 3 };
	struct bytemap *map = store_map(test, SYNCMAP_KEY_STRING, &limits);
	int i;

	for (i = 0; i < 5; i++) {
		KUNIT_EXPECT_EQ(test, store_store(map, "a", "1"), 0);
		KUNIT_EXPECT_EQ(test, store_store(map, "b", "2"), 0);
		KUNIT_EXPECT_EQ(test, store_store(map, "c", "3"), 0);
		KUNIT_EXPECT_EQ(test, store_store(map, "d", "4"), -ENOSPC);
		KUNIT_EXPECT_EQ(test, store_count(map), 3ULL);
		KUNIT_EXPECT_EQ(test, bytemap_clear(map), 0);
		KUNIT_EXPECT_EQ(test, store_count(map), 0ULL);
		KUNIT_EXPECT_EQ(test, bytemap_clear_wait(map), 0);
		KUNIT_EXPECT_EQ(test, store_bytes(map), 0ULL);
		KUNIT_EXPECT_FALSE(test, bytemap_clear_is_going_on(map));
		KUNIT_EXPECT_FALSE(test, store_has(map, "a", "1"));
	}
}

/* Whoever comes to look when there are new ones again does not wait for these */
static void a_later_clear_ends_the_wait(struct kunit *test)
{
	struct bytemap *map = store_map(test, SYNCMAP_KEY_STRING, NULL);
	unsigned int clears = map->clears;
	u8 epoch = map->epoch;

	KUNIT_EXPECT_EQ(test, store_store(map, "a", "1"), 0);
	KUNIT_EXPECT_FALSE(test, has_ended(map, epoch, clears));
	KUNIT_EXPECT_EQ(test, store_clear(map), 0);
	clears = map->clears;
	KUNIT_EXPECT_TRUE(test, has_ended(map, epoch, clears));
	KUNIT_EXPECT_EQ(test, store_clear(map), 0);
	KUNIT_EXPECT_EQ(test, map->epoch, epoch);
	KUNIT_EXPECT_EQ(test, store_store(map, "a", "1"), 0);
	KUNIT_EXPECT_TRUE(test, has_ended(map, epoch, clears));
	KUNIT_EXPECT_EQ(test, store_clear(map), 0);
}

/* Who is killed while others insert has cleared nothing, and stops nobody */
static void who_dies_before_a_clear_has_done_nothing(struct kunit *test)
{
	struct bytemap *map = store_map(test, SYNCMAP_KEY_STRING, NULL);

	KUNIT_EXPECT_EQ(test, store_store(map, "a", "1"), 0);
	KUNIT_ASSERT_EQ(test, bytemap_gauge_reserve(&map->entries, 1), 0);
	store_kill();
	KUNIT_EXPECT_EQ(test, bytemap_clear(map), -EINTR);
	store_revive();
	KUNIT_ASSERT_EQ(test, bytemap_gauge_reserve(&map->entries, 1), 0);
	bytemap_gauge_cancel(&map->entries, 1);
	bytemap_gauge_cancel(&map->entries, 1);
	KUNIT_EXPECT_TRUE(test, store_has(map, "a", "1"));
	KUNIT_EXPECT_EQ(test, bytemap_clear(map), 0);
	KUNIT_EXPECT_EQ(test, store_count(map), 0ULL);
}

/* What a Clear has removed counts until it is freed */
static void the_old_epoch_ends_with_its_entries(struct kunit *test)
{
	struct bytemap *map = store_map(test, SYNCMAP_KEY_STRING, NULL);

	KUNIT_EXPECT_EQ(test, store_store(map, "a", "1"), 0);
	map->epoch = 1;
	KUNIT_EXPECT_TRUE(test, bytemap_clear_is_going_on(map));
	KUNIT_EXPECT_EQ(test, store_count(map), 0ULL);
	KUNIT_EXPECT_EQ(test, store_store(map, "b", "2"), 0);
	KUNIT_EXPECT_EQ(test, store_count(map), 1ULL);
	/* a value keeps the epoch of its key when it is replaced */
	KUNIT_EXPECT_EQ(test, store_store(map, "a", store_text(test, 'x', 99)),
			0);
	KUNIT_EXPECT_EQ(test, store_delete(map, "a"), 0);
	KUNIT_EXPECT_FALSE(test, bytemap_clear_is_going_on(map));
	KUNIT_EXPECT_EQ(test, store_count(map), 1ULL);
}

static struct kunit_case clear_cases[] = {
	KUNIT_CASE(clear_empties_and_can_be_filled_again),
	KUNIT_CASE(a_later_clear_ends_the_wait),
	KUNIT_CASE(who_dies_before_a_clear_has_done_nothing),
	KUNIT_CASE(the_old_epoch_ends_with_its_entries),
	{}
};

static struct kunit_suite clear_suite = {
	.name = "bytemap_clear",
	.suite_init = store_suite_init,
	.suite_exit = store_suite_exit,
	.init = store_test_init,
	.exit = store_test_exit,
	.test_cases = clear_cases,
};

kunit_test_suite(clear_suite);
