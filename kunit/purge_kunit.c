// SPDX-License-Identifier: GPL-2.0-only
/*
 * Purges: promotions that replace a dirty table of dead keys, and nothing else
 */
#include "inside.h"

/* Keys of the read table; and behind them, those of the dirty one */
#define SETTLED	10U
#define NEW	20U

static int purge(struct test_map *tm)
{
	return syncmap_build(&tm->map, BUILD_PURGE, GFP_KERNEL);
}

/* As if all dirty keys had died, and those that live had come since */
static int purge_blindly(struct test_map *tm)
{
	struct syncmap_counts __percpu *counts = tm_state(tm)->counts;
	long alive = syncmap_state_dirty(tm_state(tm));
	int err;

	this_cpu_sub(counts->dirty, alive);
	err = purge(tm);
	this_cpu_add(counts->dirty, alive);
	return err;
}

static int delete_all(struct test_map *tm, u64 from, u64 to)
{
	u64 i;

	for (i = from; i < to; i++)
		if (!tm_delete(tm, i))
			return -ENOENT;
	return 0;
}

/* Frozen. Where all new keys are in one bucket, most of them get nodes */
static void fill_both(struct kunit *test)
{
	struct test_map *tm = test->priv;

	KUNIT_ASSERT_EQ(test, tm_fill(tm, 0, SETTLED), 0);
	KUNIT_ASSERT_EQ(test, syncmap_promote(&tm->map), 0);
	tm_freeze(tm);
	KUNIT_ASSERT_EQ(test, tm_fill(tm, SETTLED, SETTLED + NEW), 0);
}

static void purge_replaces_the_dirty_table(struct kunit *test)
{
	struct test_map *tm = test->priv;
	struct syncmap_table *table;
	struct syncmap_dirty *dirty;
	u64 took;

	fill_both(test);
	KUNIT_ASSERT_EQ(test, delete_all(tm, SETTLED, SETTLED + NEW), 0);
	table = tm_state(tm)->table;
	dirty = tm_state(tm)->dirty;
	took = tm->map.last_promote_ns;
	KUNIT_EXPECT_EQ(test, purge(tm), 0);
	KUNIT_EXPECT_PTR_EQ(test, tm_state(tm)->table, table);
	KUNIT_EXPECT_PTR_NE(test, tm_state(tm)->dirty, dirty);
	KUNIT_EXPECT_NULL(test, tm_state(tm)->old);
	KUNIT_EXPECT_TRUE(test, syncmap_is_tidy(tm_state(tm)));
	KUNIT_EXPECT_TRUE(test, tm_counts(tm, SETTLED, 0, 0, 0));
	KUNIT_EXPECT_EQ(test, tm->map.promotions, 2);
	KUNIT_EXPECT_EQ(test, tm->map.last_promote_ns, took);
	tm_thaw(tm);
	KUNIT_EXPECT_TRUE(test, tm_holds(tm, 0, SETTLED));
	KUNIT_EXPECT_EQ(test, tm_fill(tm, SETTLED, SETTLED + NEW), 0);
	KUNIT_EXPECT_TRUE(test, tm_holds(tm, 0, SETTLED + NEW));
	KUNIT_EXPECT_EQ(test, syncmap_check(&tm->map), 0);
	KUNIT_EXPECT_EQ(test, syncmap_promote(&tm->map), 0);
	KUNIT_EXPECT_TRUE(test, tm_holds(tm, 0, SETTLED + NEW));
}

/* What is deleted of the read table can come back there, as before */
static void purge_leaves_tombstones(struct kunit *test)
{
	struct test_map *tm = test->priv;

	fill_both(test);
	KUNIT_ASSERT_EQ(test, delete_all(tm, SETTLED, SETTLED + NEW), 0);
	KUNIT_ASSERT_EQ(test, delete_all(tm, 0, 2), 0);
	KUNIT_EXPECT_EQ(test, purge(tm), 0);
	KUNIT_EXPECT_TRUE(test, tm_counts(tm, SETTLED - 2, 2, 0, 0));
	KUNIT_EXPECT_EQ(test, tm_store(tm, 1, val(1)), 0);
	KUNIT_EXPECT_TRUE(test, tm_counts(tm, SETTLED - 1, 1, 0, 0));
	tm_thaw(tm);
	KUNIT_EXPECT_EQ(test, syncmap_check(&tm->map), 0);
	KUNIT_EXPECT_EQ(test, syncmap_promote(&tm->map), 0);
	KUNIT_EXPECT_TRUE(test, tm_holds(tm, 1, SETTLED));
}

/* All new keys but one are dead; stopped, and then not, with another new one */
static void stop_at(struct kunit *test, u64 alive)
{
	struct test_map *tm = test->priv;
	u64 late = SETTLED + NEW;

	syncmap_clear(&tm->map);
	fill_both(test);
	KUNIT_ASSERT_EQ(test, delete_all(tm, SETTLED, alive), 0);
	KUNIT_ASSERT_EQ(test, delete_all(tm, alive + 1, SETTLED + NEW), 0);
	KUNIT_EXPECT_EQ(test, purge_blindly(tm), -EAGAIN);
	KUNIT_EXPECT_NOT_NULL(test, tm_state(tm)->old);
	KUNIT_EXPECT_EQ(test, tm_store(tm, late, val(late)), 0);
	KUNIT_EXPECT_EQ(test, syncmap_state_dirty(tm_state(tm)), 2);
	KUNIT_EXPECT_EQ(test, purge(tm), -EAGAIN);
	KUNIT_EXPECT_TRUE(test, tm_delete(tm, alive));
	KUNIT_EXPECT_EQ(test, purge(tm), 0);
	KUNIT_EXPECT_NULL(test, tm_state(tm)->old);
	KUNIT_EXPECT_EQ(test, syncmap_state_dirty(tm_state(tm)), 1);
	tm_thaw(tm);
	KUNIT_EXPECT_EQ_MSG(test, syncmap_check(&tm->map), 0, "key %llu", alive);
	KUNIT_EXPECT_TRUE(test, tm_delete(tm, late));
	KUNIT_EXPECT_TRUE(test, tm_holds(tm, 0, SETTLED));
}

/* In the first bucket or the last one, as a pair or a node */
static void purge_stops_at_a_live_key(struct kunit *test)
{
	u64 alive;

	for (alive = SETTLED; alive < SETTLED + NEW; alive++)
		stop_at(test, alive);
}

/* It goes on behind the buckets that are done; their nodes are still there then */
static void purge_goes_on_where_it_stopped(struct kunit *test)
{
	struct test_map *tm = test->priv;
	u64 i;

	fill_both(test);
	for (i = SETTLED; i < SETTLED + NEW; i++) {
		KUNIT_EXPECT_EQ(test, purge_blindly(tm), -EAGAIN);
		KUNIT_EXPECT_TRUE(test, tm_delete(tm, i));
	}
	KUNIT_EXPECT_EQ(test, purge(tm), 0);
	KUNIT_EXPECT_TRUE(test, tm_counts(tm, SETTLED, 0, 0, 0));
	tm_thaw(tm);
	KUNIT_EXPECT_TRUE(test, tm_holds(tm, 0, SETTLED));
	KUNIT_EXPECT_EQ(test, syncmap_check(&tm->map), 0);
}

/* ... and what it has left is promoted as all else */
static void promotion_makes_up_for_a_purge(struct kunit *test)
{
	struct test_map *tm = test->priv;
	u64 end = SETTLED + NEW;

	fill_both(test);
	KUNIT_ASSERT_EQ(test, delete_all(tm, SETTLED, end - 5), 0);
	KUNIT_EXPECT_EQ(test, purge_blindly(tm), -EAGAIN);
	KUNIT_EXPECT_EQ(test, tm_fill(tm, SETTLED, end - 5), 0);
	KUNIT_EXPECT_TRUE(test, tm_holds(tm, 0, end));
	tm_thaw(tm);
	KUNIT_EXPECT_EQ(test, syncmap_check(&tm->map), 0);
	KUNIT_EXPECT_EQ(test, syncmap_promote(&tm->map), 0);
	KUNIT_EXPECT_EQ(test, tm_state(tm)->table->keys, end);
	KUNIT_EXPECT_TRUE(test, tm_holds(tm, 0, end));
}

/* When a key is alive it leaves nothing behind */
static void purge_begins_only_without_a_key(struct kunit *test)
{
	struct test_map *tm = test->priv;
	struct syncmap_state *state;

	fill_both(test);
	KUNIT_ASSERT_EQ(test, delete_all(tm, SETTLED, SETTLED + NEW - 1), 0);
	state = tm_state(tm);
	KUNIT_EXPECT_EQ(test, purge(tm), -EAGAIN);
	KUNIT_EXPECT_PTR_EQ(test, tm_state(tm), state);
	KUNIT_EXPECT_NULL(test, tm_state(tm)->old);
	tm_thaw(tm);
}

/* With a key in the first bucket that is looked at, it looks at no other */
static void purge_ends_at_the_first_live_key(struct kunit *test)
{
	struct test_map *tm = test->priv;
	struct dirty_bucket *buckets;
	unsigned int sealed = 0;
	u64 i;

	fill_both(test);
	KUNIT_EXPECT_EQ(test, purge_blindly(tm), -EAGAIN);
	buckets = tm_state(tm)->old->buckets;
	for (i = 0; i < dirty_buckets(tm_state(tm)->old); i++)
		sealed += buckets[i].sealed;
	KUNIT_EXPECT_EQ(test, sealed, tm_state(tm)->old->purged + 1);
	KUNIT_EXPECT_LT(test, sealed, dirty_buckets(tm_state(tm)->old));
	tm_thaw(tm);
}

/* D.2: a table with expunged words stays for a while only */
static void purge_leaves_a_thinned_table_untidy(struct kunit *test)
{
	struct test_map *tm = test->priv;

	fill_both(test);
	KUNIT_ASSERT_EQ(test, delete_all(tm, SETTLED, SETTLED + NEW), 0);
	WRITE_ONCE(tm_state(tm)->table->thinned, true);
	KUNIT_EXPECT_EQ(test, purge(tm), 0);
	KUNIT_EXPECT_TRUE(test, tm_state(tm)->table->thinned);
	KUNIT_EXPECT_FALSE(test, syncmap_is_tidy(tm_state(tm)));
	tm_thaw(tm);
	KUNIT_EXPECT_EQ(test, syncmap_promote(&tm->map), 0);
	KUNIT_EXPECT_FALSE(test, tm_state(tm)->table->thinned);
	KUNIT_EXPECT_TRUE(test, tm_holds(tm, 0, SETTLED));
}

static void purge_of_empty_does_nothing(struct kunit *test)
{
	struct test_map *tm = test->priv;

	tm_freeze(tm);
	KUNIT_EXPECT_EQ(test, purge(tm), -ESTALE);
	KUNIT_EXPECT_EQ(test, tm->map.promotions, 0);
	KUNIT_EXPECT_TRUE(test, state_is_empty(tm_state(tm)));
	tm_thaw(tm);
}

/* Before the first promotion */
static void purge_before_there_is_a_read_table(struct kunit *test)
{
	struct test_map *tm = test->priv;

	tm_freeze(tm);
	KUNIT_ASSERT_EQ(test, tm_fill(tm, 0, NEW), 0);
	KUNIT_ASSERT_EQ(test, delete_all(tm, 0, NEW), 0);
	KUNIT_EXPECT_EQ(test, purge(tm), 0);
	KUNIT_EXPECT_PTR_EQ(test, tm_state(tm)->table, &syncmap_empty_table);
	KUNIT_EXPECT_TRUE(test, syncmap_is_tidy(tm_state(tm)));
	KUNIT_EXPECT_EQ(test, tm_fill(tm, 0, NEW), 0);
	KUNIT_EXPECT_TRUE(test, tm_holds(tm, 0, NEW));
	tm_thaw(tm);
	KUNIT_EXPECT_EQ(test, syncmap_promote(&tm->map), 0);
	KUNIT_EXPECT_TRUE(test, tm_holds(tm, 0, NEW));
	KUNIT_EXPECT_EQ(test, syncmap_check(&tm->map), 0);
}

KUNIT_ARRAY_PARAM(variant, test_variants, test_variant_desc);
KUNIT_ARRAY_PARAM(few, test_variants_few, test_variant_desc);

static struct kunit_case purge_cases[] = {
	KUNIT_CASE_PARAM(purge_replaces_the_dirty_table, variant_gen_params),
	KUNIT_CASE_PARAM(purge_leaves_tombstones, few_gen_params),
	KUNIT_CASE_PARAM(purge_stops_at_a_live_key, few_gen_params),
	KUNIT_CASE_PARAM(purge_goes_on_where_it_stopped, variant_gen_params),
	KUNIT_CASE_PARAM(promotion_makes_up_for_a_purge, few_gen_params),
	KUNIT_CASE_PARAM(purge_begins_only_without_a_key, few_gen_params),
	KUNIT_CASE(purge_ends_at_the_first_live_key),
	KUNIT_CASE_PARAM(purge_leaves_a_thinned_table_untidy, few_gen_params),
	KUNIT_CASE(purge_of_empty_does_nothing),
	KUNIT_CASE_PARAM(purge_before_there_is_a_read_table, few_gen_params),
	{}
};

static struct kunit_suite purge_suite = {
	.name = "syncmap_purge",
	.suite_init = test_suite_init,
	.init = test_map_init,
	.exit = test_map_exit,
	.test_cases = purge_cases,
};

kunit_test_suite(purge_suite);
