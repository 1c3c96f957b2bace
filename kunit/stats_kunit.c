// SPDX-License-Identifier: GPL-2.0-only
/*
 * Statistics
 */
#include "../module/core/stats.c"
#include "inside.h"

static void stats_of_empty_are_zero(struct kunit *test)
{
	static const struct syncmap_core_stats zero;
	struct test_map *tm = test->priv;
	struct syncmap_core_stats stats;

	memset(&stats, 0xff, sizeof(stats));
	syncmap_get_stats(&tm->map, &stats);
	KUNIT_EXPECT_EQ(test, memcmp(&stats, &zero, sizeof(stats)), 0);
}

static u64 sum_of(const u64 *histogram, bool weighted)
{
	u64 sum = 0;
	int i;

	for (i = 0; i < SYNCMAP_HISTOGRAM; i++)
		sum += histogram[i] * (weighted ? i : 1);
	return sum;
}

static u64 count_nodes(struct test_map *tm)
{
	struct syncmap_counts sum;

	syncmap_state_sum(tm_state(tm), &sum);
	return sum.nodes;
}

/* The figures agree with what was done, and with each other */
static void stats_tell_what_is_there(struct kunit *test)
{
	struct test_map *tm = test->priv;
	unsigned int n = test_keys(tm, 60);
	struct syncmap_core_stats stats;
	/* The dirty key that is deleted stays, as the first one that came */
	bool stays = tm_has_pairs(tm);
	u64 i, nodes;

	KUNIT_ASSERT_EQ(test, tm_fill(tm, 0, n), 0);
	KUNIT_ASSERT_EQ(test, syncmap_promote(&tm->map), 0);
	KUNIT_ASSERT_EQ(test, tm_fill(tm, n, n + 20), 0);
	for (i = 0; i < 10; i++)
		KUNIT_EXPECT_TRUE(test, tm_delete(tm, i));
	KUNIT_EXPECT_TRUE(test, tm_delete(tm, n));
	nodes = count_nodes(tm);
	syncmap_get_stats(&tm->map, &stats);
	KUNIT_EXPECT_EQ(test, stats.count, n + 20 - 10 - 1);
	KUNIT_EXPECT_EQ(test, stats.read_keys, n);
	KUNIT_EXPECT_EQ(test, stats.tombstones, 10 + stays);
	KUNIT_EXPECT_EQ(test, stats.dirty_keys, 19);
	KUNIT_EXPECT_TRUE(test, stats.amended);
	KUNIT_EXPECT_EQ(test, stats.promotions, 1);
	KUNIT_EXPECT_EQ(test, stats.promote_fails, 0);
	KUNIT_EXPECT_GE(test, stats.max_promote_ns, stats.last_promote_ns);
	KUNIT_EXPECT_EQ(test, sum_of(stats.fill, false), stats.read_buckets);
	KUNIT_EXPECT_EQ(test, sum_of(stats.fill, true), stats.read_keys);
	KUNIT_EXPECT_EQ(test, sum_of(stats.displaced, false), stats.read_keys);
	KUNIT_EXPECT_GE(test, stats.dirty_longest,
			DIV_ROUND_UP_ULL(nodes, stats.dirty_buckets));
	KUNIT_EXPECT_LE(test, stats.dirty_longest, nodes);
	if (!stays)
		KUNIT_EXPECT_EQ(test, nodes, stats.dirty_keys);
	else
		KUNIT_EXPECT_GE(test, nodes, stats.dirty_keys -
				min(stats.dirty_keys, BUCKET_PAIRS *
				    stats.dirty_buckets));
}

static void stats_longest_is_the_run_of_equal_hashes(struct kunit *test)
{
	struct test_map *tm = test->priv;
	struct syncmap_core_stats stats;

	tm_become(tm, test_variant_equal);
	KUNIT_ASSERT_EQ(test, tm_fill(tm, 0, 17), 0);
	syncmap_get_stats(&tm->map, &stats);
	KUNIT_EXPECT_EQ(test, stats.dirty_longest, 17 - BUCKET_PAIRS);
	tm_become(tm, test_variant_equal_wide);
	KUNIT_ASSERT_EQ(test, tm_fill(tm, 0, 17), 0);
	syncmap_get_stats(&tm->map, &stats);
	KUNIT_EXPECT_EQ(test, stats.dirty_longest, 17);
}

/* Memory of tables and nodes: a table of n keys takes its buckets */
static void stats_count_the_bytes(struct kunit *test)
{
	struct test_map *tm = test->priv;
	struct syncmap_core_stats before, after;
	size_t size = syncmap_node_size(&tm->map);

	KUNIT_ASSERT_EQ(test, tm_fill(tm, 1, 11), 0);
	tm_freeze(tm);
	syncmap_get_stats(&tm->map, &before);
	KUNIT_EXPECT_EQ(test, before.bytes,
			syncmap_dirty_size(tm_state(tm)->dirty) +
			count_nodes(tm) * size);
	if (!tm_has_pairs(tm))
		KUNIT_EXPECT_EQ(test, count_nodes(tm), 10);
	KUNIT_ASSERT_EQ(test, tm_fill(tm, 0, 1), 0);
	syncmap_get_stats(&tm->map, &after);
	KUNIT_EXPECT_EQ(test, after.bytes - before.bytes, size);
	tm_thaw(tm);
	KUNIT_ASSERT_EQ(test, syncmap_promote(&tm->map), 0);
	syncmap_get_stats(&tm->map, &after);
	KUNIT_EXPECT_EQ(test, after.bytes, syncmap_dirty_size(tm_state(tm)
							      ->dirty) +
			syncmap_table_size(tm_state(tm)->table));
}

/* Both dirty tables count while one waits to be promoted */
static void stats_include_the_old_dirty(struct kunit *test)
{
	struct test_map *tm = test->priv;
	struct syncmap_core_stats stats;
	struct test_cell cell;
	bool paused;

	KUNIT_ASSERT_EQ(test, test_act_setup(tm, TEST_DIRTY, &cell), 0);
	paused = test_promote_pause(tm, TEST_STEP_BEGUN);
	KUNIT_EXPECT_EQ(test, tm_store(tm, 1, val(1)), 0);
	syncmap_get_stats(&tm->map, &stats);
	KUNIT_EXPECT_EQ(test, test_promote_resume(), 0);
	KUNIT_EXPECT_TRUE(test, paused);
	KUNIT_EXPECT_EQ(test, stats.dirty_keys, 1 + TEST_NEIGHBOURS / 2 + 1);
	KUNIT_EXPECT_EQ(test, stats.count, TEST_NEIGHBOURS + 2);
}

/* A key in a pair takes no memory of its own, until it does a slot */
static void stats_count_no_bytes_of_pairs(struct kunit *test)
{
	struct test_map *tm = test->priv;
	struct syncmap_core_stats before, after;

	KUNIT_ASSERT_EQ(test, tm_fill(tm, 0, 1), 0);
	syncmap_get_stats(&tm->map, &before);
	KUNIT_ASSERT_EQ(test, tm_fill(tm, 1, 1 + BUCKET_PAIRS), 0);
	syncmap_get_stats(&tm->map, &after);
	KUNIT_EXPECT_EQ(test, after.dirty_keys, 1 + BUCKET_PAIRS);
	KUNIT_EXPECT_EQ(test, after.bytes, before.bytes);
	KUNIT_EXPECT_EQ(test, after.dirty_longest, 1);
}

KUNIT_ARRAY_PARAM(variant, test_variants, test_variant_desc);
KUNIT_ARRAY_PARAM(few, test_variants_few, test_variant_desc);
KUNIT_ARRAY_PARAM(words, test_variants_words, test_variant_desc);

static struct kunit_case stats_cases[] = {
	KUNIT_CASE(stats_of_empty_are_zero),
	KUNIT_CASE_PARAM(stats_tell_what_is_there, variant_gen_params),
	KUNIT_CASE(stats_longest_is_the_run_of_equal_hashes),
	KUNIT_CASE_PARAM(stats_count_the_bytes, few_gen_params),
	KUNIT_CASE_PARAM(stats_count_no_bytes_of_pairs, words_gen_params),
	KUNIT_CASE(stats_include_the_old_dirty),
	{}
};

static struct kunit_suite stats_suite = {
	.name = "syncmap_stats",
	.suite_init = test_suite_init,
	.init = test_map_init,
	.exit = test_map_exit,
	.test_cases = stats_cases,
};

kunit_test_suite(stats_suite);
