// SPDX-License-Identifier: GPL-2.0-only
/*
 * States and generations
 */
#include "../module/core/state.c"
#include "inside.h"

static void first_state_is_empty_and_whole(struct kunit *test)
{
	struct test_map *tm = test->priv;
	struct syncmap_state *state;
	struct syncmap_counts sum;

	state = syncmap_state_first(&tm->map, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, state);
	KUNIT_EXPECT_PTR_EQ(test, state->table, &syncmap_empty_table);
	KUNIT_EXPECT_PTR_EQ(test, state->view.buckets,
			    syncmap_empty_table.view.buckets);
	KUNIT_EXPECT_NULL(test, state->old);
	KUNIT_EXPECT_FALSE(test, state->dirty->used);
	KUNIT_EXPECT_PTR_EQ(test, state->gen->map, &tm->map);
	syncmap_state_sum(state, &sum);
	KUNIT_EXPECT_EQ(test, sum.live, 0);
	KUNIT_EXPECT_EQ(test, sum.dead, 0);
	syncmap_state_abort(state);
}

/* One seed for the life of the map: hashes survive Clear, as cursors must */
static void seed_is_made_once(struct kunit *test)
{
	struct test_map *tm = test->priv;
	siphash_key_t seed;

	KUNIT_ASSERT_EQ(test, tm_fill(tm, 0, 1), 0);
	seed = tm_state(tm)->seed;
	syncmap_clear(&tm->map);
	KUNIT_ASSERT_EQ(test, tm_fill(tm, 0, 1), 0);
	KUNIT_EXPECT_EQ(test, memcmp(&seed, &tm_state(tm)->seed, sizeof(seed)),
			0);
	KUNIT_EXPECT_NE(test, seed.key[0] | seed.key[1], 0);
}

static void seeds_of_two_maps_differ(struct kunit *test)
{
	struct test_map *tm = test->priv;
	siphash_key_t seed;

	KUNIT_ASSERT_EQ(test, tm_fill(tm, 0, 1), 0);
	seed = tm_state(tm)->seed;
	tm_become(tm, tm->variant);
	KUNIT_ASSERT_EQ(test, tm_fill(tm, 0, 1), 0);
	KUNIT_EXPECT_NE(test, memcmp(&seed, &tm_state(tm)->seed, sizeof(seed)),
			0);
}

/* D.1: a key may be counted up on one CPU and down on another */
static void sum_adds_up_all_cpus(struct kunit *test)
{
	struct test_map *tm = test->priv;
	struct syncmap_counts sum, before;
	struct syncmap_state *state;
	struct syncmap_counts *counts;
	long n = 0;
	int cpu;

	KUNIT_ASSERT_EQ(test, tm_fill(tm, 0, 1), 0);
	tm_freeze(tm);
	state = tm_state(tm);
	syncmap_state_sum(state, &before);
	for_each_possible_cpu(cpu) {
		counts = per_cpu_ptr(state->counts, cpu);
		counts->live += cpu & 1 ? -5 : 7;
		counts->hits += cpu + 1;
		n += cpu & 1 ? -5 : 7;
	}
	syncmap_state_sum(state, &sum);
	KUNIT_EXPECT_EQ(test, sum.live - before.live, n);
	KUNIT_EXPECT_GT(test, sum.hits, before.hits);
	KUNIT_EXPECT_EQ(test, sum.misses, before.misses);
	this_cpu_sub(state->counts->live, n);
	tm_thaw(tm);
}

static struct kunit_case state_cases[] = {
	KUNIT_CASE(first_state_is_empty_and_whole),
	KUNIT_CASE(seed_is_made_once),
	KUNIT_CASE(seeds_of_two_maps_differ),
	KUNIT_CASE(sum_adds_up_all_cpus),
	{}
};

static struct kunit_suite state_suite = {
	.name = "syncmap_state",
	.suite_init = test_suite_init,
	.init = test_map_init,
	.exit = test_map_exit,
	.test_cases = state_cases,
};

kunit_test_suite(state_suite);
