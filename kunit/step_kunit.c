// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is done in one go, in a map with more keys than it may look at: debug
 * builds warn of a part that does not end, which fails any case
 */
#include "inside.h"

/* So many fit into the smallest dirty table, and one part may not take as many */
#define KEYS	3000U
static_assert(KEYS > SYNCMAP_STEPS_MAX);
static_assert(KEYS < (BUCKET_KEYS << DIRTY_BITS_MIN) * 3 / 4);

/* All in the dirty table, and nobody promotes them */
static void fill_dirty(struct kunit *test)
{
	struct test_map *tm = test->priv;

	tm_freeze(tm);
	/* Who may not wait is not held back */
	tm->gfp = GFP_ATOMIC;
	KUNIT_ASSERT_EQ(test, tm_fill(tm, 0, KEYS), 0);
	KUNIT_ASSERT_EQ(test, syncmap_state_dirty(tm_state(tm)), KEYS);
}

/* B.1 */
static void statistics_go_in_parts(struct kunit *test)
{
	struct test_map *tm = test->priv;
	struct syncmap_core_stats stats;

	fill_dirty(test);
	syncmap_get_stats(&tm->map, &stats);
	KUNIT_EXPECT_GE(test, stats.dirty_longest,
			KEYS / stats.dirty_buckets - BUCKET_PAIRS);
}

static void range_goes_in_parts(struct kunit *test)
{
	fill_dirty(test);
	KUNIT_EXPECT_TRUE(test, tm_holds(test->priv, 0, KEYS));
}

static void promotion_goes_in_parts(struct kunit *test)
{
	struct test_map *tm = test->priv;

	fill_dirty(test);
	KUNIT_EXPECT_EQ(test, syncmap_build(&tm->map, BUILD_REST, GFP_KERNEL), 0);
	KUNIT_EXPECT_EQ(test, tm_state(tm)->table->keys, KEYS);
	/* Now they all are in the read table */
	KUNIT_EXPECT_EQ(test, syncmap_build(&tm->map, BUILD_REST, GFP_KERNEL), 0);
	KUNIT_EXPECT_TRUE(test, tm_holds(tm, 0, KEYS));
}

/* What is in the dirty table, and then what is in the read table */
static void freeing_goes_in_parts(struct kunit *test)
{
	struct test_map *tm = test->priv;
	int i;

	for (i = 0; i < 2; i++) {
		fill_dirty(test);
		if (i)
			KUNIT_ASSERT_EQ(test, syncmap_build(&tm->map, BUILD_REST,
							    GFP_KERNEL), 0);
		tm_thaw(tm);
		tm_become(tm, tm->variant);
		KUNIT_EXPECT_EQ(test, atomic_long_read(&tm->freed),
				KEYS * (i + 1));
	}
}

static struct kunit_case step_cases[] = {
	KUNIT_CASE(statistics_go_in_parts),
	KUNIT_CASE(range_goes_in_parts),
	KUNIT_CASE(promotion_goes_in_parts),
	KUNIT_CASE(freeing_goes_in_parts),
	{}
};

static struct kunit_suite step_suite = {
	.name = "syncmap_step",
	.suite_init = test_suite_init,
	.init = test_map_init,
	.exit = test_map_exit,
	.test_cases = step_cases,
};

kunit_test_suite(step_suite);
