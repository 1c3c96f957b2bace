// SPDX-License-Identifier: GPL-2.0-only
/*
 * A mirror that is given to a map, and taken away; also because memory is short
 */
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/string.h>
#include <linux/workqueue.h>

#include "../../module/store/freeze.h"
#include "mapped.h"

#define KEY	"key no 1"

#define MANY	300

static int attach(struct bytemap *map)
{
	struct syncmap_error error = { };
	int err;

	store_hold_work(true);
	mutex_lock(&map->clear_lock);
	err = bytemap_mirror_attach(map, &map->limits, &error);
	mutex_unlock(&map->clear_lock);
	store_hold_work(false);
	if (!err)
		store_rest(map);
	return err;
}

/* Return: whether nothing of it is there but the head */
static bool is_away(struct bytemap *map)
{
	struct bytemap_mirror *mirror = map->mirror;

	return mirror->phase == MIRROR_AWAY && !map->modes &&
	       !memchr_inv(mirror->index, 0, sizeof(mirror->index)) &&
	       !mirror->arena.count && !store_slots(map);
}

static void detach(struct bytemap *map)
{
	mutex_lock(&map->clear_lock);
	bytemap_mirror_detach(map);
	mutex_unlock(&map->clear_lock);
}

/* A map without a mirror, with [0, @n) */
static struct bytemap *unmapped(struct kunit *test, unsigned int n)
{
	struct bytemap *map = store_map(test, SYNCMAP_KEY_U64, NULL);

	store_numbers(test, map, 0, n);
	return map;
}

/* Nobody believes anything before all is there */
static void a_mirror_can_come_later(struct kunit *test)
{
	struct bytemap *map = unmapped(test, 3 * MANY);

	KUNIT_EXPECT_EQ(test, bytemap_mirror_size(map), 0ULL);
	KUNIT_ASSERT_EQ(test, attach(map), 0);
	KUNIT_EXPECT_GT(test, bytemap_mirror_size(map), 0ULL);
	KUNIT_EXPECT_FALSE(test, bytemap_is_mirrored(map));
	KUNIT_EXPECT_EQ(test, store_sees(test, map, KEY), MAPPED_ASK);
	store_run_work(map);
	KUNIT_EXPECT_EQ(test, (int)map->mirror->phase, (int)MIRROR_FILLS);
	KUNIT_EXPECT_TRUE(test, bytemap_is_mirrored(map));
	KUNIT_EXPECT_EQ(test, store_sees(test, map, KEY), MAPPED_ASK);
	KUNIT_EXPECT_EQ(test, store_count_seen(test, map, 3 * MANY), 0U);
	/* Those who write have windows already */
	store_numbers(test, map, MANY, MANY + 10);
	KUNIT_EXPECT_EQ(test, store_delete(map, store_number(0)), 0);
	KUNIT_EXPECT_EQ(test, store_store(map, store_number(0), "new"), 0);
	KUNIT_EXPECT_EQ(test, store_sees(test, map, store_number(0)), MAPPED_ASK);
	store_work_off(map);
	store_expect_all(test, map, 3 * MANY);
}

/* Also where it has one */
static void a_mirror_comes_once(struct kunit *test)
{
	struct bytemap *map = unmapped(test, MANY);
	struct bytemap_mirror *mirror;

	KUNIT_ASSERT_EQ(test, attach(map), 0);
	mirror = map->mirror;
	KUNIT_ASSERT_EQ(test, attach(map), 0);
	store_work_off(map);
	KUNIT_ASSERT_EQ(test, attach(map), 0);
	store_work_off(map);
	KUNIT_EXPECT_PTR_EQ(test, map->mirror, mirror);
	store_expect_all(test, map, MANY);
}

struct windowless {
	struct work_struct	work;
	struct completion	begun;
	struct bytemap		*map;
	bool			published, waited;
};

/* As an operation that looks for a mirror, and goes on when there is one */
static void begin_windowless(struct work_struct *work)
{
	struct windowless *w = container_of(work, struct windowless, work);
	int ms;

	rcu_read_lock();
	w->waited = !bytemap_is_mirrored(w->map);
	complete(&w->begun);
	for (ms = 0; ms < 5000 && !bytemap_is_mirrored(w->map); ms++)
		mdelay(1);
	w->published = bytemap_is_mirrored(w->map);
	for (ms = 0; ms < 100; ms++) {
		mdelay(1);
		if (READ_ONCE(w->map->modes) & BYTEMAP_WINDOWED)
			w->waited = false;
	}
	rcu_read_unlock();
}

/* What it does, a walk is to find */
static void who_has_begun_without_a_window_is_waited_for(struct kunit *test)
{
	struct bytemap *map = unmapped(test, 10);
	struct windowless w = { .map = map };

	init_completion(&w.begun);
	INIT_WORK_ONSTACK(&w.work, begin_windowless);
	KUNIT_ASSERT_EQ(test, attach(map), 0);
	queue_work(system_unbound_wq, &w.work);
	wait_for_completion(&w.begun);
	store_work_off(map);
	flush_work(&w.work);
	destroy_work_on_stack(&w.work);
	KUNIT_EXPECT_TRUE(test, w.published);
	KUNIT_EXPECT_TRUE(test, w.waited);
	store_expect_all(test, map, 10);
}

static u64 head_version(struct bytemap *map)
{
	return map->mirror->head->word / SYNCMAP_MAPPED_HEAD_VERSION;
}

static u64 bytes_of(struct bytemap *map)
{
	struct bytemap_mirror_stats stats;

	bytemap_mirror_get_stats(map->mirror, &stats);
	return stats.mirror_bytes;
}

/* But for the head: no version is to come again */
static void a_mirror_can_be_taken_away(struct kunit *test)
{
	struct bytemap *map = unmapped(test, MANY);
	u64 before = store_counted(test), without, size = 0, version = 0;
	int i;

	for (i = 0; i < 4; i++) {
		KUNIT_ASSERT_EQ(test, attach(map), 0);
		without = before + bytes_of(map);
		KUNIT_EXPECT_EQ(test, store_counted(test), without);
		store_work_off(map);
		store_expect_all(test, map, MANY);
		KUNIT_EXPECT_GT(test, store_counted(test), without);
		KUNIT_EXPECT_GT(test, head_version(map), version);
		version = head_version(map);
		if (i)
			KUNIT_EXPECT_EQ(test, bytemap_mirror_size(map), size);
		size = bytemap_mirror_size(map);
		detach(map);
		KUNIT_EXPECT_EQ(test, bytemap_mirror_size(map), 0ULL);
		store_work_off(map);
		KUNIT_EXPECT_EQ(test, store_counted(test), without);
		KUNIT_EXPECT_TRUE(test, is_away(map));
		/* Written while there is none */
		store_numbers(test, map, 0, MANY / 2);
		KUNIT_EXPECT_EQ(test, store_count_seen(test, map, MANY), 0U);
		KUNIT_EXPECT_EQ(test, store_sees(test, map, KEY), MAPPED_ASK);
	}
}

static u32 only_slot(struct bytemap *map, const char *key)
{
	const struct syncmap_mapped_bucket *bucket = store_bucket(map, key);
	unsigned int i = 0;

	while (!bucket->tag[i])
		i++;
	return bucket->slot[i];
}

/* Return: whether a process that looks for it is shown a page that is not empty */
static bool is_shown(struct bytemap *map, u32 slot)
{
	return bytemap_mirror_page(map->mirror, map->mirror->arena_at +
				   (u64)slot * SYNCMAP_MAPPED_UNIT);
}

/* As long as a fault is under way, somebody may get to see a page of it */
static void what_is_deleted_while_it_goes_is_wiped(struct kunit *test)
{
	struct bytemap *map = store_mapped_at_rest(test, SYNCMAP_KEY_STRING);
	struct bytemap_mirror *mirror = map->mirror;
	unsigned int fault;
	const u64 *words;
	u32 slot;

	KUNIT_EXPECT_EQ(test, store_store(map, "k", "a secret"), 0);
	slot = only_slot(map, "k");
	words = bytemap_arena_words(&mirror->arena, slot);
	KUNIT_EXPECT_TRUE(test, is_shown(map, slot));
	KUNIT_EXPECT_NE(test, words[0], 0ULL);
	fault = bytemap_mapping_begin(&mirror->mapping);
	detach(map);
	store_run_work(map);
	KUNIT_EXPECT_EQ(test, (int)mirror->phase, (int)MIRROR_HIDES);
	KUNIT_EXPECT_FALSE(test, is_shown(map, slot));
	KUNIT_EXPECT_EQ(test, store_delete(map, "k"), 0);
	KUNIT_EXPECT_EQ(test, words[0], 0ULL);
	KUNIT_EXPECT_EQ(test, words[3], 0ULL);
	bytemap_mapping_end(&mirror->mapping, fault);
	store_work_off(map);
	KUNIT_EXPECT_TRUE(test, is_away(map));
	KUNIT_ASSERT_EQ(test, attach(map), 0);
	store_work_off(map);
	KUNIT_EXPECT_EQ(test, store_store(map, "k", "no secret"), 0);
	KUNIT_EXPECT_TRUE(test, is_shown(map, only_slot(map, "k")));
}

/* What was wanted while memory was short is not wanted for ever */
static void who_maps_it_keeps_it(struct kunit *test)
{
	struct bytemap *map = store_mapped_at_rest(test, SYNCMAP_KEY_U64);
	struct bytemap_mirror *mirror = map->mirror;

	WRITE_ONCE(mirror->parked, true);
	WRITE_ONCE(mirror->mapping.count, 1);
	store_work_off(map);
	WRITE_ONCE(mirror->mapping.count, 0);
	store_work_off(map);
	KUNIT_EXPECT_TRUE(test, bytemap_is_mirrored(map));
}

/* Whatever its work is at: so many of its portions */
static void a_mirror_goes_in_the_middle(struct kunit *test)
{
	struct bytemap *map = unmapped(test, 3 * MANY);
	unsigned int n, i;

	for (n = 0; n < 12; n++) {
		KUNIT_ASSERT_EQ(test, attach(map), 0);
		map->mirror->retry_due = jiffies;
		for (i = 0; i < n; i++) {
			store_run_work(map);
			if (i == 3)
				WRITE_ONCE(map->mirror->repairs, true);
			if (i == 5)
				store_clear(map);
			if (i == 7)
				store_numbers(test, map, 0, 3 * MANY);
		}
		detach(map);
		store_work_off(map);
		KUNIT_EXPECT_TRUE_MSG(test, is_away(map), "after %u", n);
		store_clear(map);
		store_numbers(test, map, 0, 3 * MANY);
	}
	KUNIT_ASSERT_EQ(test, attach(map), 0);
	store_work_off(map);
	store_expect_all(test, map, 3 * MANY);
}

/* Before it is there, while it is filled, and when it is away */
static void a_clear_may_come_at_any_time(struct kunit *test)
{
	struct bytemap *map = unmapped(test, MANY);

	KUNIT_EXPECT_EQ(test, store_clear(map), 0);
	store_numbers(test, map, 0, 10);
	KUNIT_ASSERT_EQ(test, attach(map), 0);
	KUNIT_EXPECT_EQ(test, store_clear(map), 0);
	KUNIT_EXPECT_EQ(test, store_sees(test, map, KEY), MAPPED_ASK);
	store_numbers(test, map, 0, 20);
	store_run_work(map);
	KUNIT_EXPECT_EQ(test, (int)map->mirror->phase, (int)MIRROR_FILLS);
	store_numbers(test, map, 0, MANY);
	KUNIT_EXPECT_EQ(test, store_clear(map), 0);
	store_numbers(test, map, 0, 30);
	store_work_off(map);
	store_expect_all(test, map, 30);
	detach(map);
	store_work_off(map);
	KUNIT_EXPECT_EQ(test, store_clear(map), 0);
	store_numbers(test, map, 0, 40);
	KUNIT_ASSERT_EQ(test, attach(map), 0);
	store_work_off(map);
	store_expect_all(test, map, 40);
}

/* Nothing is in it then that was not to be read before */
static void a_frozen_map_can_have_a_mirror(struct kunit *test)
{
	struct bytemap *map = unmapped(test, MANY);

	KUNIT_ASSERT_EQ(test, bytemap_freeze(map), 0);
	KUNIT_ASSERT_EQ(test, attach(map), 0);
	store_work_off(map);
	store_expect_all(test, map, MANY);
	KUNIT_EXPECT_EQ(test, store_store(map, KEY, "v"), -EROFS);
	detach(map);
	store_work_off(map);
	KUNIT_EXPECT_TRUE(test, bytemap_is_frozen(map));
	KUNIT_EXPECT_EQ(test, store_sees(test, map, store_number(0)), MAPPED_ASK);
}

/* Of an index, and of slots, there are no more than it was made for */
static void limits_may_be_raised_later(struct kunit *test)
{
	const struct syncmap_limits limits = { .entries = 100, .bytes = 20000 };
	struct bytemap *map = store_map(test, SYNCMAP_KEY_U64, &limits);
	unsigned int seen;

	KUNIT_ASSERT_EQ(test, attach(map), 0);
	store_work_off(map);
	map->mirror->arena.max = 5;
	bytemap_gauge_limit(&map->entries, 100000);
	bytemap_gauge_limit(&map->bytes, 100000000);
	store_numbers(test, map, 0, 10 * MANY);
	store_work_off(map);
	KUNIT_EXPECT_EQ(test, map->mirror->shift, map->mirror->shift_max);
	seen = store_count_seen(test, map, 10 * MANY);
	KUNIT_EXPECT_GT(test, seen, 0U);
	KUNIT_EXPECT_LT(test, seen, 10U * MANY);
	KUNIT_EXPECT_LE(test, map->mirror->arena.count, 4U);
}

/* Nor of a map that is full already: it is as if they had spilled */
static void a_mirror_may_be_too_small(struct kunit *test)
{
	struct bytemap *map = unmapped(test, 10 * MANY);
	unsigned int seen;

	map->limits.entries = 100;
	KUNIT_ASSERT_EQ(test, attach(map), 0);
	store_work_off(map);
	seen = store_count_seen(test, map, 10 * MANY);
	KUNIT_EXPECT_GT(test, seen, 100U);
	KUNIT_EXPECT_LT(test, seen, 10U * MANY);
	KUNIT_EXPECT_EQ(test, store_sees(test, map, KEY), MAPPED_ASK);
}

/* Memory is short */

static void what_nobody_has_mapped_is_given_back(struct kunit *test)
{
	struct bytemap *map = store_mapped_at_rest(test, SYNCMAP_KEY_U64);
	u64 size = bytemap_mirror_size(map);

	store_numbers(test, map, 0, MANY);
	map->mirror->mapping.count++;
	KUNIT_EXPECT_EQ(test, bytemap_mirror_reclaimable(map), 0ULL);
	bytemap_mirror_park(map);
	store_work_off(map);
	store_expect_all(test, map, MANY);
	map->mirror->mapping.count--;
	KUNIT_EXPECT_GT(test, bytemap_mirror_reclaimable(map), 0ULL);
	bytemap_mirror_park(map);
	store_work_off(map);
	KUNIT_EXPECT_EQ(test, bytemap_mirror_reclaimable(map), 0ULL);
	KUNIT_EXPECT_TRUE(test, is_away(map));
	KUNIT_EXPECT_EQ(test, store_sees(test, map, store_number(0)), MAPPED_ASK);
	/* Somebody maps it who has been told of it before */
	KUNIT_EXPECT_EQ(test, bytemap_mirror_size(map), size);
	map->mirror->mapping.count++;
	bytemap_mirror_mapped(map->mirror);
	store_work_off(map);
	store_expect_all(test, map, MANY);
	map->mirror->mapping.count--;
	store_work_off(map);
	store_expect_all(test, map, MANY);
}

static void an_index_that_could_not_be_had_is_tried_again(struct kunit *test)
{
	struct bytemap *map = unmapped(test, 2 * MANY);
	unsigned long pause;

	KUNIT_ASSERT_EQ(test, attach(map), 0);
	/* The smallest one will do for the beginning */
	store_fail_nth(1);
	pause = store_work(map);
	KUNIT_EXPECT_TRUE(test, store_has_failed());
	KUNIT_EXPECT_EQ(test, pause, 0UL);
	KUNIT_EXPECT_EQ(test, map->mirror->shift, (u8)SYNCMAP_MAPPED_SHIFT_MIN);
	store_work_off(map);
	KUNIT_EXPECT_GT(test, map->mirror->shift, (u8)SYNCMAP_MAPPED_SHIFT_MIN);
	store_expect_all(test, map, 2 * MANY);
}

static struct kunit_case attach_cases[] = {
	KUNIT_CASE(a_mirror_can_come_later),
	KUNIT_CASE(a_mirror_comes_once),
	KUNIT_CASE(who_has_begun_without_a_window_is_waited_for),
	KUNIT_CASE(a_mirror_can_be_taken_away),
	KUNIT_CASE(a_mirror_goes_in_the_middle),
	KUNIT_CASE(a_clear_may_come_at_any_time),
	KUNIT_CASE(what_is_deleted_while_it_goes_is_wiped),
	KUNIT_CASE(who_maps_it_keeps_it),
	KUNIT_CASE(a_frozen_map_can_have_a_mirror),
	KUNIT_CASE(limits_may_be_raised_later),
	KUNIT_CASE(a_mirror_may_be_too_small),
	KUNIT_CASE(what_nobody_has_mapped_is_given_back),
	KUNIT_CASE(an_index_that_could_not_be_had_is_tried_again),
	{}
};

static struct kunit_suite attach_suite = {
	.name = "bytemap_attach",
	.suite_init = store_suite_init,
	.suite_exit = store_suite_exit,
	.init = store_test_init,
	.exit = store_test_exit,
	.test_cases = attach_cases,
};

kunit_test_suite(attach_suite);
