// SPDX-License-Identifier: GPL-2.0-only
/*
 * Objects, and the memory for them
 */
#include "../../module/store/fresh.c"
#include "common.h"

/* What there was to wait for is over before anybody could wait for it */
static void memory_that_came_back_is_tried_again(struct kunit *test)
{
	struct bytemap *map = store_map(test, SYNCMAP_KEY_STRING, NULL);
	struct bytemap_reclaim reclaim = {};

	KUNIT_EXPECT_FALSE(test, bytemap_fresh_reclaim(map, &reclaim));
	KUNIT_EXPECT_EQ(test, store_store(map, "k", "v"), 0);
	KUNIT_EXPECT_EQ(test, store_delete(map, "k"), 0);
	KUNIT_ASSERT_EQ(test, bytemap_doom_wait(&map->doom), 0);
	KUNIT_ASSERT_TRUE(test, bytemap_doom_is_empty(&map->doom));
	KUNIT_EXPECT_TRUE(test, bytemap_fresh_reclaim(map, &reclaim));
	KUNIT_EXPECT_FALSE(test, bytemap_fresh_reclaim(map, &reclaim));
}

/* However often there seems to be some */
static void memory_is_not_waited_for_for_ever(struct kunit *test)
{
	struct bytemap *map = store_map(test, SYNCMAP_KEY_STRING, NULL);
	struct bytemap_reclaim reclaim = {};
	unsigned int n;

	for (n = 0; n < RECLAIM_TRIES; n++) {
		reclaim.round = map->doom.rounds - 1;
		KUNIT_EXPECT_TRUE(test, bytemap_fresh_reclaim(map, &reclaim));
	}
	reclaim.round = map->doom.rounds - 1;
	KUNIT_EXPECT_FALSE(test, bytemap_fresh_reclaim(map, &reclaim));
}

static struct kunit_case fresh_cases[] = {
	KUNIT_CASE(memory_that_came_back_is_tried_again),
	KUNIT_CASE(memory_is_not_waited_for_for_ever),
	{}
};

static struct kunit_suite fresh_suite = {
	.name = "bytemap_fresh",
	.suite_init = store_suite_init,
	.suite_exit = store_suite_exit,
	.init = store_test_init,
	.exit = store_test_exit,
	.test_cases = fresh_cases,
};

kunit_test_suite(fresh_suite);
