// SPDX-License-Identifier: GPL-2.0-only
/*
 * When a promotion is due, and who does it
 */
#include <linux/cpumask.h>
#include <linux/delay.h>
#include <linux/err.h>

#include "crew.h"
#include "inside.h"

/* A deleted key comes back right after housekeeping has looked at the counts */
static struct test_map *reviving;

static void sum_and_revive(const struct syncmap_state *state,
			   struct syncmap_counts *sum)
{
	struct test_map *tm = READ_ONCE(reviving);

	syncmap_state_sum(state, sum);
	if (!tm)
		return;
	WRITE_ONCE(reviving, NULL);
	tm_store(tm, 99, val(99));
}

#define syncmap_state_sum	sum_and_revive

#include "../module/core/tidy.c"

static u64 promotions(struct test_map *tm)
{
	struct syncmap_core_stats stats;

	syncmap_get_stats(&tm->map, &stats);
	return stats.promotions;
}

/* The background has a minute, and needs far less */
static bool promoted_by_itself(struct test_map *tm, u64 before)
{
	int i;

	for (i = 0; i < 3000 && promotions(tm) == before; i++)
		msleep(20);
	return promotions(tm) > before;
}

static void dirty_limit_grows_with_the_map(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, dirty_limit(0), LIMIT_MIN);
	KUNIT_EXPECT_EQ(test, dirty_limit(1000), 1000);
	KUNIT_EXPECT_EQ(test, dirty_limit(LIMIT_LARGE), LIMIT_LARGE);
	KUNIT_EXPECT_EQ(test, dirty_limit(LIMIT_LARGE + 1),
			LIMIT_LARGE);
	KUNIT_EXPECT_EQ(test, dirty_limit(8 * LIMIT_LARGE),
			4 * LIMIT_LARGE);
}

static void due_when_dirty_is_full(struct kunit *test)
{
	struct test_map *tm = test->priv;

	KUNIT_ASSERT_EQ(test, tm_fill(tm, 0, LIMIT_MIN), 0);
	KUNIT_EXPECT_TRUE(test, promoted_by_itself(tm, 0));
	KUNIT_EXPECT_TRUE(test, tm_holds(tm, 0, LIMIT_MIN));
}

/* Few keys, many misses */
static void due_when_missed_often(struct kunit *test)
{
	struct test_map *tm = test->priv;
	void *value;
	int i;

	KUNIT_ASSERT_EQ(test, tm_fill(tm, 0, 1), 0);
	tm_freeze(tm);
	tm->map.promoted_ns = ktime_get_ns();
	KUNIT_EXPECT_FALSE(test, due(&tm->map, tm_state(tm)));
	for (i = 0; i < 2 * MISSES_IF_FEW * LIMIT_MIN + 2 * MISS_PORTION; i++)
		tm_load(tm, 0, &value);
	tm->map.promoted_ns = ktime_get_ns();
	KUNIT_EXPECT_TRUE(test, due(&tm->map, tm_state(tm)));
	tm_thaw(tm);
}

/* The dirty table of a map where keys come and go is not worth a promotion */
static void due_sooner_when_many_are_new(struct kunit *test)
{
	struct test_map *tm = test->priv;
	struct syncmap_state *state;
	u64 keys = 2 * LIMIT_MIN;

	KUNIT_ASSERT_EQ(test, tm_fill(tm, 0, keys), 0);
	KUNIT_ASSERT_EQ(test, syncmap_promote(&tm->map), 0);
	KUNIT_ASSERT_EQ(test, tm_fill(tm, keys, keys + keys / FEW_SHARE), 0);
	tm_freeze(tm);
	state = tm_state(tm);
	KUNIT_EXPECT_EQ(test, misses_limit(state, keys / FEW_SHARE - 1),
			MISSES_IF_FEW * keys);
	tm->map.promoted_ns = ktime_get_ns();
	atomic_long_set(&tm->map.missed, MISSES_PER_KEY * keys - 1);
	KUNIT_EXPECT_FALSE(test, due(&tm->map, state));
	atomic_long_inc(&tm->map.missed);
	KUNIT_EXPECT_TRUE(test, due(&tm->map, state));
	tm_thaw(tm);
}

/* While a map grows it has room for more; D.2 when it does no longer */
static void give_back_room(struct kunit *test,
			   const struct test_variant *variant)
{
	const u64 keys = 32 << (DIRTY_BITS_MIN + 4);
	struct test_map *tm = test->priv;
	u8 key_len = variant->params.key_len;

	tm_become(tm, variant);
	tm_freeze(tm);
	KUNIT_EXPECT_EQ(test, tm_fill(tm, 0, keys / 2), 0);
	KUNIT_EXPECT_EQ(test, syncmap_build(&tm->map, 0, GFP_KERNEL), 0);
	KUNIT_EXPECT_EQ(test, tm_fill(tm, keys / 2, keys), 0);
	KUNIT_EXPECT_EQ(test, syncmap_build(&tm->map, 0, GFP_KERNEL), 0);
	KUNIT_EXPECT_EQ(test, tm_state(tm)->dirty->bits,
			syncmap_dirty_bits(keys, key_len));
	tm->map.promoted_ns = ktime_get_ns();
	KUNIT_EXPECT_EQ(test, due(&tm->map, tm_state(tm)), NOTHING);
	tm->map.promoted_ns = 0;
	KUNIT_EXPECT_EQ(test, due(&tm->map, tm_state(tm)), PURGE);
	KUNIT_EXPECT_EQ(test, syncmap_build(&tm->map, BUILD_PURGE, GFP_KERNEL), 0);
	KUNIT_EXPECT_EQ(test, tm_state(tm)->dirty->bits,
			syncmap_dirty_bits_at_rest(keys, key_len));
	KUNIT_EXPECT_TRUE(test, syncmap_is_tidy(tm_state(tm)));
	tm_thaw(tm);
}

static void room_for_growth_is_given_back(struct kunit *test)
{
	give_back_room(test, test_variants);
	give_back_room(test, test_variant_wide);
}

/* D.2 */
static void due_when_many_are_dead(struct kunit *test)
{
	struct test_map *tm = test->priv;
	int i;

	KUNIT_ASSERT_EQ(test, tm_fill(tm, 0, 2 * LIMIT_MIN), 0);
	KUNIT_ASSERT_EQ(test, syncmap_promote(&tm->map), 0);
	tm_freeze(tm);
	for (i = 0; i < LIMIT_MIN - 1; i++)
		tm_delete(tm, i);
	tm->map.promoted_ns = ktime_get_ns();
	KUNIT_EXPECT_FALSE(test, due(&tm->map, tm_state(tm)));
	tm_delete(tm, i);
	KUNIT_EXPECT_TRUE(test, due(&tm->map, tm_state(tm)));
	tm_thaw(tm);
}

/* D.2: one tombstone, and nobody ever calls again */
static void memory_comes_back_by_itself(struct kunit *test)
{
	struct test_map *tm = test->priv;
	struct syncmap_core_stats stats;

	KUNIT_ASSERT_EQ(test, tm_fill(tm, 0, 10), 0);
	KUNIT_ASSERT_EQ(test, syncmap_promote(&tm->map), 0);
	KUNIT_EXPECT_TRUE(test, tm_delete(tm, 3));
	KUNIT_EXPECT_TRUE(test, promoted_by_itself(tm, 1));
	syncmap_get_stats(&tm->map, &stats);
	KUNIT_EXPECT_EQ(test, stats.tombstones, 0);
	KUNIT_EXPECT_EQ(test, stats.read_keys, 9);
}

/* D.2: nor does a deleted key keep its pair */
static void a_pair_comes_back_by_itself(struct kunit *test)
{
	struct test_map *tm = test->priv;
	struct syncmap_core_stats stats;

	KUNIT_ASSERT_EQ(test, tm_fill(tm, 0, 2), 0);
	KUNIT_EXPECT_TRUE(test, tm_delete(tm, 1));
	KUNIT_EXPECT_EQ(test, syncmap_tombstones(&tm->map), 1);
	KUNIT_EXPECT_TRUE(test, promoted_by_itself(tm, 0));
	syncmap_get_stats(&tm->map, &stats);
	KUNIT_EXPECT_EQ(test, stats.tombstones, 0);
	KUNIT_EXPECT_EQ(test, stats.dirty_keys, 0);
	KUNIT_EXPECT_EQ(test, stats.read_keys, 1);
}

/* D.2: housekeeping is wanted, and then no longer, while it decides to stop */
static void armed_means_queued(struct kunit *test)
{
	struct test_map *tm = test->priv;
	int i;

	KUNIT_ASSERT_EQ(test, tm_fill(tm, 0, 100), 0);
	KUNIT_ASSERT_EQ(test, syncmap_promote(&tm->map), 0);
	KUNIT_EXPECT_TRUE(test, tm_delete(tm, 99));
	tm->gfp = GFP_ATOMIC;
	cancel_delayed_work_sync(&tm->map.work);
	tm->map.promoted_ns = ktime_get_ns();
	set_bit(MAP_ARMED, &tm->map.flags);
	WRITE_ONCE(reviving, tm);
	rearm(&tm->map);
	for (i = 0; i < 90; i++)
		tm_delete(tm, i);
	for (i = 0; i < 3000 && syncmap_tombstones(&tm->map); i++)
		msleep(20);
	KUNIT_EXPECT_EQ(test, syncmap_tombstones(&tm->map), 0);
}

/* A map at rest is left alone */
static void due_never_when_tidy(struct kunit *test)
{
	struct test_map *tm = test->priv;

	KUNIT_ASSERT_EQ(test, tm_fill(tm, 0, 10), 0);
	KUNIT_ASSERT_EQ(test, syncmap_promote(&tm->map), 0);
	tm_freeze(tm);
	tm->map.promoted_ns = 0;
	KUNIT_EXPECT_TRUE(test, syncmap_is_tidy(tm_state(tm)));
	KUNIT_EXPECT_FALSE(test, due(&tm->map, tm_state(tm)));
	tm_thaw(tm);
}

/*
 * Back-pressure: who may sleep waits for the worker, for a while, once in a portion
 * of its CPU
 */
static void inserter_waits_under_pressure(struct kunit *test)
{
	const u64 most = (BUCKET_KEYS << DIRTY_BITS_MIN) / 2;
	u64 start, longest = 0, keys = PRESSURE * LIMIT_MIN;
	const u64 wait = (WAIT_JIFFIES - 1) * (NSEC_PER_SEC / HZ);
	struct test_map *tm = test->priv;

	tm_freeze(tm);
	tm->gfp = GFP_ATOMIC;
	KUNIT_ASSERT_EQ(test, tm_fill(tm, 0, keys), 0);
	tm->gfp = GFP_KERNEL;
	for (; longest < wait && keys < most; keys++) {
		start = ktime_get_ns();
		KUNIT_ASSERT_EQ(test, tm_store(tm, keys, val(keys)), 0);
		longest = max(longest, ktime_get_ns() - start);
	}
	KUNIT_EXPECT_GE(test, longest, wait);
	tm_thaw(tm);
	KUNIT_EXPECT_TRUE(test, promoted_by_itself(tm, 0));
	KUNIT_EXPECT_TRUE(test, tm_holds(tm, 0, keys));
}

/* The worker reclaims memory: it is not to be waited for by who must not */
static void waiting_needs_all_of_gfp_kernel(struct kunit *test)
{
	KUNIT_EXPECT_TRUE(test, may_wait(GFP_KERNEL));
	KUNIT_EXPECT_FALSE(test, may_wait(GFP_NOFS));
	KUNIT_EXPECT_FALSE(test, may_wait(GFP_NOIO));
	KUNIT_EXPECT_FALSE(test, may_wait(GFP_ATOMIC));
	current->flags |= PF_MEMALLOC;
	KUNIT_EXPECT_FALSE(test, may_wait(GFP_KERNEL));
	current->flags &= ~PF_MEMALLOC;
}

/* Only a reservation has room in any case */
static void store_reserved(struct kunit *test, u64 i)
{
	struct test_map *tm = test->priv;
	struct syncmap_reservation *res;
	struct test_key key;
	void *was;

	test_key(tm, i, &key);
	res = syncmap_reserve(&tm->map, key.bytes, key.len, GFP_KERNEL);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, res);
	KUNIT_EXPECT_FALSE(test, syncmap_swap_reserved(&tm->map, res, val(1),
						       &was));
}

/* B.1: what is done under a bucket's lock is bounded, whatever the worker does */
static void fill_buckets(struct kunit *test, const struct test_variant *variant)
{
	const u64 most = BUCKET_KEYS << DIRTY_BITS_MIN;
	struct test_map *tm = test->priv;
	struct syncmap_core_stats stats;
	u64 keys = 0;
	void *was;
	int err;

	tm_become(tm, variant);
	tm_freeze(tm);
	tm->gfp = GFP_ATOMIC;
	do
		err = tm_store(tm, keys, val(keys));
	while (!err && keys++ < most);
	KUNIT_EXPECT_EQ(test, err, -ENOMEM);
	KUNIT_EXPECT_EQ(test, syncmap_count(&tm->map), keys);
	syncmap_get_stats(&tm->map, &stats);
	if (tm_has_pairs(tm))
		KUNIT_EXPECT_EQ(test, stats.dirty_longest,
				BUCKET_KEYS - BUCKET_PAIRS);
	else
		KUNIT_EXPECT_LT(test, stats.dirty_longest, BUCKET_KEYS / 2);
	KUNIT_EXPECT_EQ(test, tm_swap(tm, keys - 1, val(1), &was), 1);
	store_reserved(test, keys);
	tm_thaw(tm);
	tm->gfp = GFP_KERNEL;
	KUNIT_EXPECT_EQ(test, tm_fill(tm, 0, 2 * most), 0);
	KUNIT_EXPECT_TRUE(test, tm_holds(tm, 0, 2 * most));
}

static void full_buckets_take_no_more(struct kunit *test)
{
	fill_buckets(test, test_variants);
	fill_buckets(test, test_variant_wide);
}

/* What was deleted takes its pair all the same, and comes back there */
static void full_bucket_counts_dead_pairs(struct kunit *test)
{
	struct test_map *tm = test->priv;
	u64 i;

	tm_become(tm, test_variant_equal);
	tm_freeze(tm);
	tm->gfp = GFP_ATOMIC;
	KUNIT_ASSERT_EQ(test, tm_fill(tm, 0, BUCKET_KEYS), 0);
	for (i = 1; i <= BUCKET_PAIRS; i++)
		KUNIT_EXPECT_TRUE(test, tm_delete(tm, i));
	KUNIT_EXPECT_EQ(test, tm_store(tm, BUCKET_KEYS, val(1)), -ENOMEM);
	KUNIT_EXPECT_EQ(test, tm_fill(tm, 1, 1 + BUCKET_PAIRS), 0);
	KUNIT_EXPECT_TRUE(test, tm_holds(tm, 0, BUCKET_KEYS));
	/* A node leaves its place to any other key */
	KUNIT_EXPECT_TRUE(test, tm_delete(tm, 0));
	KUNIT_EXPECT_EQ(test, tm_fill(tm, BUCKET_KEYS, BUCKET_KEYS + 1), 0);
	KUNIT_EXPECT_EQ(test, tm_store(tm, 0, val(0)), -ENOMEM);
	KUNIT_EXPECT_TRUE(test, tm_holds(tm, 1, BUCKET_KEYS + 1));
	tm_thaw(tm);
}

static int come_and_go(struct test_map *tm, u64 first, u64 last)
{
	int err = 0;
	u64 i;

	for (i = first; !err && i < last; i++) {
		err = tm_store(tm, i, val(i));
		tm_delete(tm, i);
	}
	return err;
}

/* What is dead already needs no room, no promotion, and no larger dirty table */
static void keys_that_come_and_go_ask_for_nothing(struct kunit *test)
{
	struct test_map *tm = test->priv;
	u64 n = 4 * LIMIT_MIN;
	int round;

	KUNIT_ASSERT_EQ(test, tm_fill(tm, 0, 10), 0);
	for (round = 1; round <= 8; round++) {
		KUNIT_ASSERT_EQ(test, syncmap_promote(&tm->map), 0);
		tm_freeze(tm);
		KUNIT_EXPECT_EQ(test, come_and_go(tm, round * n,
						  (round + 1) * n), 0);
		KUNIT_EXPECT_FALSE(test, test_bit(MAP_URGENT, &tm->map.flags));
		KUNIT_EXPECT_EQ(test, syncmap_state_dirty(tm_state(tm)), 0);
		KUNIT_EXPECT_EQ(test, tm_state(tm)->dirty->bits, DIRTY_BITS_MIN);
		tm_thaw(tm);
	}
	KUNIT_EXPECT_EQ(test, syncmap_check(&tm->map), 0);
}

/* ... nor does a key that comes back, in its old place, miss anything */
static void keys_that_come_back_ask_for_nothing(struct kunit *test)
{
	struct test_map *tm = test->priv;
	struct syncmap_core_stats before, after;
	int round;

	KUNIT_ASSERT_EQ(test, tm_fill(tm, 0, 10), 0);
	KUNIT_ASSERT_EQ(test, syncmap_promote(&tm->map), 0);
	tm_freeze(tm);
	KUNIT_ASSERT_EQ(test, come_and_go(tm, 10, 40), 0);
	syncmap_get_stats(&tm->map, &before);
	for (round = 0; round < 40; round++)
		KUNIT_EXPECT_EQ(test, come_and_go(tm, 10, 40), 0);
	syncmap_get_stats(&tm->map, &after);
	KUNIT_EXPECT_EQ(test, after.misses, before.misses);
	KUNIT_EXPECT_FALSE(test, test_bit(MAP_URGENT, &tm->map.flags));
	tm_thaw(tm);
}

/* What keys that came and went have left is taken away for little, and soon */
static void purge_is_due_when_no_dirty_key_is_left(struct kunit *test)
{
	struct test_map *tm = test->priv;

	KUNIT_ASSERT_EQ(test, tm_fill(tm, 0, 10), 0);
	KUNIT_ASSERT_EQ(test, syncmap_promote(&tm->map), 0);
	tm_freeze(tm);
	tm->map.promoted_ns = ktime_get_ns();
	KUNIT_ASSERT_EQ(test, tm_fill(tm, 10, 12), 0);
	KUNIT_EXPECT_TRUE(test, tm_delete(tm, 10));
	KUNIT_EXPECT_EQ(test, due(&tm->map, tm_state(tm)), NOTHING);
	KUNIT_EXPECT_TRUE(test, tm_delete(tm, 11));
	tm->map.promoted_ns = 0;
	KUNIT_EXPECT_EQ(test, due(&tm->map, tm_state(tm)), PURGE);
	/* Tombstones of the read table do not hinder it, until their time has come */
	KUNIT_EXPECT_TRUE(test, tm_delete(tm, 9));
	KUNIT_EXPECT_EQ(test, due(&tm->map, tm_state(tm)), PROMOTION);
	tm->map.promoted_ns = ktime_get_ns();
	KUNIT_EXPECT_EQ(test, due(&tm->map, tm_state(tm)), PURGE);
	/* Nor are they a reason for one */
	KUNIT_EXPECT_EQ(test, syncmap_build(&tm->map, BUILD_PURGE, GFP_KERNEL), 0);
	tm->map.promoted_ns = ktime_get_ns();
	KUNIT_EXPECT_EQ(test, due(&tm->map, tm_state(tm)), NOTHING);
	tm_thaw(tm);
}

/* A table that has lost keys on their way is a matter of time, as one with tombstones */
static void thinned_is_due_in_time(struct kunit *test)
{
	struct test_map *tm = test->priv;

	KUNIT_ASSERT_EQ(test, tm_fill(tm, 0, 10), 0);
	KUNIT_ASSERT_EQ(test, syncmap_promote(&tm->map), 0);
	tm_freeze(tm);
	WRITE_ONCE(tm_state(tm)->table->thinned, true);
	tm->map.promoted_ns = ktime_get_ns();
	KUNIT_EXPECT_EQ(test, due(&tm->map, tm_state(tm)), NOTHING);
	tm->map.promoted_ns = 0;
	KUNIT_EXPECT_EQ(test, due(&tm->map, tm_state(tm)), PROMOTION);
	tm_thaw(tm);
}

/* What has grown gives back the room that it did not need, when there is time for it */
static void room_is_given_back_in_its_time(struct kunit *test)
{
	struct test_map *tm = test->priv;
	struct syncmap_state *state;
	struct syncmap_table *table;

	state = kunit_kzalloc(test, sizeof(*state), GFP_KERNEL);
	table = kunit_kzalloc(test, sizeof(*table), GFP_KERNEL);
	KUNIT_ASSERT_TRUE(test, state && table);
	KUNIT_ASSERT_EQ(test, tm_fill(tm, 0, 10), 0);
	KUNIT_ASSERT_EQ(test, syncmap_promote(&tm->map), 0);
	tm_freeze(tm);
	*state = *tm_state(tm);
	*table = *state->table;
	state->table = table;
	KUNIT_EXPECT_TRUE(test, syncmap_is_tidy(state));
	table->roomy = true;
	KUNIT_EXPECT_FALSE(test, syncmap_is_tidy(state));
	tm->map.promoted_ns = ktime_get_ns();
	KUNIT_EXPECT_EQ(test, due(&tm->map, state), NOTHING);
	tm->map.promoted_ns = 0;
	KUNIT_EXPECT_EQ(test, due(&tm->map, state), PROMOTION);
	tm_thaw(tm);
}

/* Neither is what promotions wait for any nearer, nor forgotten */
static void purge_takes_no_promotions_place(struct kunit *test)
{
	struct test_map *tm = test->priv;

	KUNIT_ASSERT_EQ(test, tm_fill(tm, 0, 10), 0);
	KUNIT_ASSERT_EQ(test, syncmap_promote(&tm->map), 0);
	tm_freeze(tm);
	tm->map.promoted_ns = 1;
	atomic_long_set(&tm->map.missed, MISSES_IF_FEW * LIMIT_MIN);
	KUNIT_ASSERT_EQ(test, come_and_go(tm, 10, 12), 0);
	KUNIT_EXPECT_EQ(test, due(&tm->map, tm_state(tm)), GROWTH);
	KUNIT_EXPECT_EQ(test, syncmap_build(&tm->map, BUILD_PURGE, GFP_KERNEL), 0);
	KUNIT_EXPECT_EQ(test, tm->map.promoted_ns, 1);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&tm->map.missed),
			MISSES_IF_FEW * LIMIT_MIN);
	tm_thaw(tm);
}

/* What this CPU counts for a map may have to be added to what others do */
static bool a_portion_of_misses_hurries(struct test_map *tm)
{
	void *value;
	int i;

	clear_bit(MAP_URGENT, &tm->map.flags);
	for (i = 0; i < 64 * MISS_PORTION; i++)
		tm_load(tm, 100000, &value);
	return test_and_clear_bit(MAP_URGENT, &tm->map.flags);
}

/* Few misses do for a purge; but it is not asked for again before its time */
static void purge_is_asked_for_by_misses(struct kunit *test)
{
	unsigned int n = 10 * LIMIT_MIN;
	struct test_map *tm = test->priv;

	KUNIT_ASSERT_EQ(test, tm_fill(tm, 0, n), 0);
	KUNIT_ASSERT_EQ(test, syncmap_promote(&tm->map), 0);
	tm_freeze(tm);
	KUNIT_ASSERT_EQ(test, come_and_go(tm, n, n + 4), 0);
	atomic_long_set(&tm->map.missed, -64 * MISS_PORTION);
	tm->map.purge_after = jiffies + 3600 * HZ;
	KUNIT_EXPECT_FALSE(test, a_portion_of_misses_hurries(tm));
	tm->map.purge_after = jiffies;
	atomic_long_set(&tm->map.missed, -64 * MISS_PORTION);
	KUNIT_EXPECT_TRUE(test, a_portion_of_misses_hurries(tm));
	/* There is a key, and it would be in vain */
	KUNIT_ASSERT_EQ(test, tm_store(tm, n, val(n)), 0);
	atomic_long_set(&tm->map.missed, -64 * MISS_PORTION);
	KUNIT_EXPECT_FALSE(test, a_portion_of_misses_hurries(tm));
	tm_thaw(tm);
}

/* Whatever it finds, the worker is not asked to look again in the same moment */
static void purge_is_not_repeated_at_once(struct kunit *test)
{
	struct test_map *tm = test->priv;
	struct syncmap *map = &tm->map;

	KUNIT_ASSERT_EQ(test, tm_fill(tm, 0, 10), 0);
	KUNIT_ASSERT_EQ(test, syncmap_promote(map), 0);
	tm_freeze(tm);
	map->promoted_ns = ktime_get_ns();
	KUNIT_ASSERT_EQ(test, tm_store(tm, 10, val(10)), 0);
	map->purge_after = jiffies - 1;
	KUNIT_EXPECT_EQ(test, build_what_is_due(map), 0);
	KUNIT_EXPECT_GE(test, (long)(map->purge_after - jiffies), 0);
	KUNIT_EXPECT_TRUE(test, tm_delete(tm, 10));
	map->purge_after = jiffies + 3600 * HZ;
	KUNIT_EXPECT_EQ(test, due(map, tm_state(tm)), NOTHING);
	map->purge_after = jiffies - 1;
	KUNIT_EXPECT_EQ(test, due(map, tm_state(tm)), PURGE);
	KUNIT_EXPECT_EQ(test, build_what_is_due(map), 0);
	KUNIT_EXPECT_TRUE(test, syncmap_is_tidy(tm_state(tm)));
	KUNIT_EXPECT_GE(test, (long)(map->purge_after - jiffies), 0);
	tm_thaw(tm);
}

/* Two dirty tables are a promotion's matter if it was one that left them */
static void what_is_left_is_due(struct kunit *test)
{
	struct test_map *tm = test->priv;
	struct syncmap *map = &tm->map;
	struct syncmap_state *state;

	KUNIT_ASSERT_EQ(test, tm_fill(tm, 0, 10), 0);
	tm_freeze(tm);
	map->promoted_ns = ktime_get_ns();
	state = tm_state(tm);
	state->old = state->dirty;
	KUNIT_EXPECT_EQ(test, due(map, state), NOTHING);
	map->failed_ns = 1;
	KUNIT_EXPECT_EQ(test, due(map, state), PROMOTION);
	map->failed_ns = 0;
	state->old = NULL;
	tm_thaw(tm);
}

/* Nobody calls again, and absent keys are soon found absent in the read table */
static void purge_comes_by_itself(struct kunit *test)
{
	struct test_map *tm = test->priv;
	struct syncmap_core_stats stats;
	struct syncmap_table *table;
	u64 before;

	KUNIT_ASSERT_EQ(test, tm_fill(tm, 0, 10), 0);
	KUNIT_ASSERT_EQ(test, syncmap_promote(&tm->map), 0);
	table = tm_state(tm)->table;
	tm->map.last_promote_ns = 3600 * NSEC_PER_SEC;
	before = promotions(tm);
	KUNIT_ASSERT_EQ(test, come_and_go(tm, 10, 30), 0);
	KUNIT_EXPECT_TRUE(test, promoted_by_itself(tm, before));
	syncmap_get_stats(&tm->map, &stats);
	KUNIT_EXPECT_FALSE(test, stats.amended);
	KUNIT_EXPECT_PTR_EQ(test, tm_state(tm)->table, table);
}

/* Any hash is right: who may wait gets room, however many keys are in a bucket */
static void full_bucket_is_waited_for(struct kunit *test)
{
	struct test_map *tm = test->priv;

	tm_become(tm, test_variant_equal);
	KUNIT_EXPECT_EQ(test, tm_fill(tm, 0, 3 * BUCKET_KEYS), 0);
	KUNIT_EXPECT_TRUE(test, tm_holds(tm, 0, 3 * BUCKET_KEYS));
}

static int insert_hashed(struct test_map *tm, struct syncmap_hashed_key *key,
			 u64 n)
{
	void *actual;

	return syncmap_load_or_store_hashed(&tm->map, key, val(n), &actual,
					    GFP_NOWAIT);
}

/* Who must not wait where he inserts waits before he tries again */
static void a_hashed_key_is_prepared_for_a_full_bucket(struct kunit *test)
{
	struct test_map *tm = test->priv;
	struct syncmap_hashed_key key;
	struct syncmap *map;
	u64 n = 0;

	tm_become(tm, test_variant_equal);
	map = &tm->map;
	tm_freeze(tm);
	syncmap_hashed_key_init(&key, &n, sizeof(n));
	while (!insert_hashed(tm, &key, n)) {
		syncmap_finish_hashed(map, &key, GFP_NOWAIT);
		n++;
	}
	KUNIT_EXPECT_EQ(test, n, BUCKET_KEYS);
	KUNIT_EXPECT_EQ(test, syncmap_prepare_hashed(map, &key, GFP_NOWAIT),
			-ENOMEM);
	KUNIT_EXPECT_EQ(test, insert_hashed(tm, &key, n), -ENOMEM);
	tm_thaw(tm);
	KUNIT_EXPECT_EQ(test, syncmap_prepare_hashed(map, &key, GFP_KERNEL), 0);
	KUNIT_EXPECT_EQ(test, insert_hashed(tm, &key, n), 0);
	KUNIT_EXPECT_EQ(test, insert_hashed(tm, &key, n), 1);
	syncmap_finish_hashed(map, &key, GFP_KERNEL);
	KUNIT_EXPECT_TRUE(test, tm_holds(tm, 0, n + 1));
}

/* The pressure that an insert did not wait for is told, and waited for at the end */
static void a_hashed_key_is_held_back_at_the_end(struct kunit *test)
{
	const u64 most = (BUCKET_KEYS << DIRTY_BITS_MIN) / 2;
	const u64 wait = (WAIT_JIFFIES - 1) * (NSEC_PER_SEC / HZ);
	struct test_map *tm = test->priv;
	struct syncmap_hashed_key key;
	u64 start, n = 0;

	tm_freeze(tm);
	do {
		n++;
		syncmap_hashed_key_init(&key, &n, sizeof(n));
		KUNIT_ASSERT_EQ(test, insert_hashed(tm, &key, n), 0);
		if (!key.grown)
			syncmap_finish_hashed(&tm->map, &key, GFP_KERNEL);
	} while (!key.grown && n < most);
	KUNIT_EXPECT_TRUE(test, key.grown);
	start = ktime_get_ns();
	syncmap_finish_hashed(&tm->map, &key, GFP_KERNEL);
	KUNIT_EXPECT_GE(test, ktime_get_ns() - start, wait);
	tm_thaw(tm);
	KUNIT_EXPECT_TRUE(test, tm_holds(tm, 1, n + 1));
}

/* Whoever has the token, the worker need not be told again, nor in vain */
static void hurry_stays_while_the_token_is_taken(struct kunit *test)
{
	struct test_map *tm = test->priv;
	u64 before;

	KUNIT_ASSERT_EQ(test, tm_fill(tm, 0, 4 * LIMIT_MIN), 0);
	KUNIT_ASSERT_EQ(test, syncmap_promote(&tm->map), 0);
	KUNIT_EXPECT_TRUE(test, tm_delete(tm, 3));
	tm->map.last_promote_ns = 3600 * NSEC_PER_SEC;
	before = promotions(tm);
	tm_freeze(tm);
	syncmap_reclaim(&tm->map);
	msleep(100);
	KUNIT_EXPECT_TRUE(test, test_bit(MAP_URGENT, &tm->map.flags));
	tm_thaw(tm);
	KUNIT_EXPECT_TRUE(test, promoted_by_itself(tm, before));
	KUNIT_EXPECT_EQ(test, syncmap_tombstones(&tm->map), 0);
}

/* A shrinker does not wait until there is much to gain */
static void reclaim_is_due_at_once(struct kunit *test)
{
	struct test_map *tm = test->priv;
	u64 before;

	KUNIT_ASSERT_EQ(test, tm_fill(tm, 0, 4 * LIMIT_MIN), 0);
	KUNIT_ASSERT_EQ(test, syncmap_promote(&tm->map), 0);
	tm->map.last_promote_ns = 3600 * NSEC_PER_SEC;
	KUNIT_EXPECT_TRUE(test, tm_delete(tm, 3));
	KUNIT_EXPECT_EQ(test, syncmap_tombstones(&tm->map), 1);
	tm_freeze(tm);
	KUNIT_EXPECT_FALSE(test, due(&tm->map, tm_state(tm)));
	tm_thaw(tm);
	before = promotions(tm);
	syncmap_reclaim(&tm->map);
	KUNIT_EXPECT_TRUE(test, promoted_by_itself(tm, before));
	KUNIT_EXPECT_EQ(test, syncmap_tombstones(&tm->map), 0);
}

/* Whether a promotion is due so many nanoseconds after one that has failed */
static bool due_after(struct test_map *tm, u64 ns)
{
	tm->map.failed_ns = ktime_get_ns() - ns;
	return due(&tm->map, tm_state(tm));
}

/* A failed attempt is not repeated at once, but is repeated */
static void due_after_a_failure_with_a_pause(struct kunit *test)
{
	struct test_map *tm = test->priv;
	struct syncmap_state *state;

	KUNIT_ASSERT_EQ(test, tm_fill(tm, 0, 10), 0);
	tm_freeze(tm);
	state = tm_state(tm);
	tm->map.promoted_ns = 0;
	KUNIT_EXPECT_TRUE(test, due(&tm->map, state));
	KUNIT_EXPECT_FALSE(test, due_after(tm, 0));
	state->old = state->dirty;
	KUNIT_EXPECT_FALSE(test, due_after(tm, 0));
	KUNIT_EXPECT_TRUE(test, due_after(tm, RETRY_NS));
	state->old = NULL;
	tm_thaw(tm);
}

static struct kunit_case tidy_cases[] = {
	KUNIT_CASE(dirty_limit_grows_with_the_map),
	KUNIT_CASE(due_when_dirty_is_full),
	KUNIT_CASE(due_when_missed_often),
	KUNIT_CASE(due_sooner_when_many_are_new),
	KUNIT_CASE(room_for_growth_is_given_back),
	KUNIT_CASE(due_when_many_are_dead),
	KUNIT_CASE(memory_comes_back_by_itself),
	KUNIT_CASE(a_pair_comes_back_by_itself),
	KUNIT_CASE(armed_means_queued),
	KUNIT_CASE(due_never_when_tidy),
	KUNIT_CASE(reclaim_is_due_at_once),
	KUNIT_CASE(due_after_a_failure_with_a_pause),
	KUNIT_CASE(inserter_waits_under_pressure),
	KUNIT_CASE(waiting_needs_all_of_gfp_kernel),
	KUNIT_CASE(full_buckets_take_no_more),
	KUNIT_CASE(full_bucket_counts_dead_pairs),
	KUNIT_CASE(keys_that_come_and_go_ask_for_nothing),
	KUNIT_CASE(keys_that_come_back_ask_for_nothing),
	KUNIT_CASE(purge_is_due_when_no_dirty_key_is_left),
	KUNIT_CASE(room_is_given_back_in_its_time),
	KUNIT_CASE(purge_takes_no_promotions_place),
	KUNIT_CASE(purge_is_asked_for_by_misses),
	KUNIT_CASE(purge_is_not_repeated_at_once),
	KUNIT_CASE(thinned_is_due_in_time),
	KUNIT_CASE(what_is_left_is_due),
	KUNIT_CASE(purge_comes_by_itself),
	KUNIT_CASE(full_bucket_is_waited_for),
	KUNIT_CASE(a_hashed_key_is_prepared_for_a_full_bucket),
	KUNIT_CASE(a_hashed_key_is_held_back_at_the_end),
	KUNIT_CASE(hurry_stays_while_the_token_is_taken),
	{}
};

static struct kunit_suite tidy_suite = {
	.name = "syncmap_tidy",
	.suite_init = test_suite_init,
	.init = test_map_init,
	.exit = test_map_exit,
	.test_cases = tidy_cases,
};

kunit_test_suite(tidy_suite);
