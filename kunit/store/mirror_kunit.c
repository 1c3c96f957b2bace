// SPDX-License-Identifier: GPL-2.0-only
/*
 * A mirror as a whole: what a Clear, another index, want of room or memory make of it
 */
#include <linux/delay.h>
#include <linux/gfp.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "../../module/large.h"
#include "key_types.h"
#include "mapped.h"

static void *alloc_large(size_t size, gfp_t gfp)
{
	return store_alloc_fails() ? NULL : syncmap_large_alloc(size, gfp);
}

static unsigned long alloc_zero_page(gfp_t gfp)
{
	return store_alloc_fails() ? 0 : get_zeroed_page(gfp);
}

/* Somebody calls its work while that looks for memory */
static struct bytemap_mirror *called_meanwhile;

static void *alloc_virtual(unsigned long size, gfp_t gfp)
{
	if (called_meanwhile)
		bytemap_bucket_want_work(called_meanwhile);
	return store_alloc_fails() ? NULL : __vmalloc(size, gfp);
}

#define syncmap_large_alloc	alloc_large
#undef get_zeroed_page
#define get_zeroed_page	alloc_zero_page
#undef __vmalloc
#define __vmalloc	alloc_virtual

#include "../../module/store/mirror.c"
#include "../../module/store/clear.h"
#include "../../module/store/map.h"
#include "../../module/store/pairs.h"

/* Of all types */
#define KEY	"key no 1"
#define OTHER	"key no 2"

unsigned long store_work(struct bytemap *map)
{
	return work_portion(map->mirror);
}

void store_run_work(struct bytemap *map)
{
	mirror_work(&map->mirror->work.work);
}

void store_work_off(struct bytemap *map)
{
	struct bytemap_mirror *mirror = map->mirror;

	mirror->repair_due = jiffies;
	mirror->retry_due = jiffies;
	mirror->arena.retry = jiffies;
	while (work_portion(mirror) <= 1)
		;
}

/* Clear */

/* While it is under way there is no telling what it has removed */
static void a_clear_hides_all(struct kunit *test)
{
	struct bytemap *map = store_mapped_at_rest(test, SYNCMAP_KEY_BYTES);

	KUNIT_ASSERT_EQ(test, store_store(map, KEY, "v"), 0);
	bytemap_mirror_clear_begin(map->mirror);
	KUNIT_EXPECT_EQ(test, store_sees(test, map, KEY), MAPPED_ASK);
	KUNIT_EXPECT_EQ(test, store_sees(test, map, OTHER), MAPPED_ASK);
	bytemap_mirror_clear_end(map->mirror, 0);
	KUNIT_EXPECT_EQ(test, store_sees(test, map, KEY), 0);
	KUNIT_EXPECT_EQ(test, store_sees(test, map, OTHER), -ENOENT);
}

/* Before anybody has dropped what was, and after */
static void what_follows_a_clear_is_seen(struct kunit *test)
{
	struct bytemap *map = store_mapped_at_rest(test, SYNCMAP_KEY_BYTES);
	int i;

	store_numbers(test, map, 0, 100);
	for (i = 0; i < 3; i++) {
		KUNIT_EXPECT_EQ(test, store_clear(map), 0);
		KUNIT_EXPECT_EQ(test, store_count_seen(test, map, 100), 0U);
		store_numbers(test, map, 0, 10);
		KUNIT_EXPECT_EQ(test, store_count_seen(test, map, 100), 10U);
		KUNIT_EXPECT_EQ(test, store_slots(map), 100ULL);
		store_work_off(map);
		KUNIT_EXPECT_EQ(test, store_count_seen(test, map, 100), 10U);
		KUNIT_EXPECT_EQ(test, store_slots(map), 10ULL);
		store_numbers(test, map, 10, 100);
		KUNIT_EXPECT_EQ(test, store_count_seen(test, map, 100), 100U);
	}
}

static bool is_flagged(struct bytemap *map)
{
	return map->mirror->head->word & SYNCMAP_MAPPED_CLEARED;
}

/* Until all is dropped that is below it, and not when another Clear has come */
static void the_floor_counts_while_something_is_below(struct kunit *test)
{
	struct bytemap *map = store_mapped_at_rest(test,
						   *(u32 *)test->param_value);

	store_numbers(test, map, 0, 100);
	KUNIT_EXPECT_FALSE(test, is_flagged(map));
	KUNIT_EXPECT_EQ(test, store_clear(map), 0);
	KUNIT_EXPECT_TRUE(test, is_flagged(map));
	begin_drops(map->mirror, map->mirror->head->floor);
	forget_floor(map->mirror);
	KUNIT_EXPECT_FALSE(test, is_flagged(map));
	store_numbers(test, map, 0, 10);
	KUNIT_EXPECT_EQ(test, store_clear(map), 0);
	forget_floor(map->mirror);
	KUNIT_EXPECT_TRUE(test, is_flagged(map));
	map->mirror->floor = map->mirror->head->floor;
	bytemap_mirror_clear_begin(map->mirror);
	forget_floor(map->mirror);
	KUNIT_EXPECT_TRUE(test, is_flagged(map));
	bytemap_mirror_clear_end(map->mirror, map->mirror->floor + 1);
	store_work_off(map);
	KUNIT_EXPECT_FALSE(test, is_flagged(map));
	KUNIT_EXPECT_EQ(test, store_slots(map), 0ULL);
}

/* The Clear ends when all has been dropped already */
static void a_floor_is_forgotten_in_the_end(struct kunit *test)
{
	struct bytemap *map = store_mapped_at_rest(test, SYNCMAP_KEY_U64);
	struct bytemap_mirror *mirror = map->mirror;

	store_numbers(test, map, 0, 10);
	bytemap_mirror_clear_begin(mirror);
	WRITE_ONCE(mirror->head->floor, 5);
	atomic64_or(SYNCMAP_MAPPED_CLEARED,
		    bytemap_window_word(&mirror->head->word));
	store_work_off(map);
	KUNIT_EXPECT_EQ(test, mirror->floor, 5ULL);
	KUNIT_EXPECT_TRUE(test, mirror->head->word & SYNCMAP_MAPPED_CLEARED);
	bytemap_mirror_clear_end(mirror, 5);
	store_work_off(map);
	KUNIT_EXPECT_FALSE(test, mirror->head->word & SYNCMAP_MAPPED_CLEARED);
}

/* The work */

/* What it is called for it may have looked at already: it is to come again */
static void who_calls_while_it_works_is_heard(struct kunit *test)
{
	struct bytemap *map = store_mapped_at_rest(test, SYNCMAP_KEY_U64);
	struct bytemap_mirror *mirror = map->mirror;

	store_numbers(test, map, 0, 300);
	WRITE_ONCE(mirror->called, true);
	called_meanwhile = mirror;
	store_work(map);
	called_meanwhile = NULL;
	KUNIT_EXPECT_NE(test, (int)mirror->shift, SYNCMAP_MAPPED_SHIFT_MIN);
	KUNIT_EXPECT_TRUE(test, mirror->called);
	store_work_off(map);
	KUNIT_EXPECT_FALSE(test, mirror->called);
}

/* Another index, by hand */

#define MANY	300

static void begin_index(struct kunit *test, struct bytemap *map, u8 to)
{
	struct bytemap_mirror *mirror = map->mirror;

	KUNIT_ASSERT_EQ(test, try_index(mirror, to), 0);
	mirror->next = to;
}

static void show_other_index(struct bytemap *map)
{
	struct bytemap_mirror *mirror = map->mirror;

	set_old_shift(mirror, mirror->shift);
	publish_index(mirror, mirror->next);
}

/* The bucket, or those that belong together */
static void settle(struct bytemap *map, u8 from, u64 group)
{
	u8 to = map->mirror->shift;

	bytemap_bucket_move(map->mirror, from, to, group << (64 - min(from, to)));
}

static void end_index(struct bytemap *map, u8 from)
{
	set_old_shift(map->mirror, 0);
	map->mirror->next = 0;
	leave_index(map->mirror, from);
	free_left(map->mirror);
}

static unsigned int count_groups(struct kunit *test, struct bytemap *map,
				 u8 from, u64 first, u64 end)
{
	for (; first < end; first++)
		settle(map, from, first);
	return store_count_seen(test, map, MANY);
}

/* Nobody finds a key absent that is there, whichever half it is in */
static void change_index_by_hand(struct kunit *test, struct bytemap *map, u8 to)
{
	u8 from = map->mirror->shift, shared = min(from, to);
	unsigned int half, key;

	begin_index(test, map, to);
	/* Readers stay where they are, and see what is written */
	KUNIT_EXPECT_EQ(test, store_count_seen(test, map, MANY), (unsigned int)MANY);
	store_numbers(test, map, 0, MANY / 3);
	KUNIT_EXPECT_EQ(test, store_delete(map, store_number(2)), 0);
	KUNIT_EXPECT_EQ(test, store_count_seen(test, map, MANY), MANY - 1U);
	KUNIT_EXPECT_EQ(test, store_sees(test, map, KEY), -ENOENT);
	show_other_index(map);
	KUNIT_EXPECT_EQ(test, store_count_seen(test, map, MANY), 0U);
	KUNIT_EXPECT_EQ(test, store_sees(test, map, KEY), MAPPED_ASK);
	/* Those who write come before the work does */
	for (key = 0; key < MANY; key += 20)
		KUNIT_EXPECT_EQ(test, store_store(map, store_number(key), "new"), 0);
	KUNIT_EXPECT_EQ(test, store_delete(map, store_number(1)), 0);
	half = count_groups(test, map, from, 0, 1ULL << (shared - 1));
	KUNIT_EXPECT_GT(test, half, MANY / 4U);
	KUNIT_EXPECT_LT(test, half, MANY * 3U / 4);
	store_numbers(test, map, 0, MANY / 2);
	half = count_groups(test, map, from, 1ULL << (shared - 1),
			    1ULL << shared);
	KUNIT_EXPECT_EQ(test, half, (unsigned int)MANY);
	end_index(map, from);
	KUNIT_EXPECT_EQ(test, store_count_seen(test, map, MANY), (unsigned int)MANY);
	KUNIT_EXPECT_EQ(test, store_sees(test, map, KEY), -ENOENT);
	KUNIT_EXPECT_EQ(test, store_slots(map), (u64)MANY);
}

static void an_index_changes_under_readers(struct kunit *test)
{
	struct bytemap *map = store_mapped_at_rest(test,
						   *(u32 *)test->param_value);

	begin_index(test, map, 7);
	show_other_index(map);
	count_groups(test, map, 6, 0, 64);
	end_index(map, 6);
	store_numbers(test, map, 0, MANY);
	KUNIT_EXPECT_EQ(test, store_count_seen(test, map, MANY), (unsigned int)MANY);
	change_index_by_hand(test, map, 8);
	change_index_by_hand(test, map, 10);
	change_index_by_hand(test, map, 7);
}

static u64 windows_in(struct bytemap *map, u8 shift)
{
	u64 hash = bytemap_window_hash(map->mirror, KEY, 8);

	return bytemap_window_bucket(map->mirror, shift, hash)->word &
	       SYNCMAP_MAPPED_WINDOWS;
}

/* Opened before readers go over to it, it is seen by those who have done so */
static void a_window_of_the_old_index_ends_in_the_new(struct kunit *test)
{
	struct bytemap *map = store_mapped_at_rest(test, SYNCMAP_KEY_U64);
	struct syncmap_hashed_key hashed;
	struct bytemap_window window;
	u64 group;

	KUNIT_ASSERT_EQ(test, store_store(map, KEY, "old"), 0);
	begin_index(test, map, 7);
	rcu_read_lock();
	KUNIT_EXPECT_TRUE(test, bytemap_window_open(map->mirror, &window, KEY, 8));
	rcu_read_unlock();
	KUNIT_EXPECT_EQ(test, windows_in(map, 6), 1ULL);
	KUNIT_EXPECT_EQ(test, windows_in(map, 7), 1ULL);
	group = window.hash >> 58;
	show_other_index(map);
	KUNIT_EXPECT_EQ(test, store_store(map, KEY, "new"), 0);
	settle(map, 6, group);
	KUNIT_EXPECT_EQ(test, store_sees(test, map, KEY), MAPPED_ASK);
	/* As if it had not been seen by who had the lock meanwhile */
	((struct syncmap_mapped_pairs *)store_bucket(map, KEY))->kinds = 0;
	syncmap_hashed_key_init(&hashed, KEY, 8);
	rcu_read_lock();
	bytemap_bucket_end(&window, &hashed, KEY, 8);
	rcu_read_unlock();
	KUNIT_EXPECT_EQ(test, windows_in(map, 6), 0ULL);
	KUNIT_EXPECT_EQ(test, store_sees(test, map, KEY), 0);
}

/* There is room for it in both, or it is in none */
static void a_window_is_open_in_both_indexes_or_none(struct kunit *test)
{
	struct bytemap *map = store_mapped_at_rest(test, SYNCMAP_KEY_U64);
	struct bytemap_window window;
	atomic64_t *word;
	u8 full;

	begin_index(test, map, 7);
	for (full = 6; full <= 7; full++) {
		word = bytemap_window_word
			(&bytemap_window_bucket(map->mirror, full,
				bytemap_window_hash(map->mirror, KEY, 8))->word);
		atomic64_add(SYNCMAP_MAPPED_WINDOWS - 1, word);
		rcu_read_lock();
		KUNIT_EXPECT_FALSE(test, bytemap_window_open(map->mirror,
							     &window, KEY, 8));
		rcu_read_unlock();
		atomic64_sub(SYNCMAP_MAPPED_WINDOWS - 1, word);
		KUNIT_EXPECT_EQ(test, windows_in(map, 6), 0ULL);
		KUNIT_EXPECT_EQ(test, windows_in(map, 7), 0ULL);
	}
	rcu_read_lock();
	KUNIT_EXPECT_TRUE(test, bytemap_window_open(map->mirror, &window, KEY, 8));
	bytemap_window_cancel(&window);
	rcu_read_unlock();
	KUNIT_EXPECT_EQ(test, windows_in(map, 6), 0ULL);
	KUNIT_EXPECT_EQ(test, windows_in(map, 7), 0ULL);
	end_index(map, 7);
}

/* Whether it is larger than the smallest one */
static bool has_index_soon(struct bytemap *map, bool large)
{
	int ms;

	for (ms = 0; ms < 20000; ms += 20) {
		if (large == (READ_ONCE(map->mirror->shift) > SHIFT_MIN))
			return true;
		msleep(20);
	}
	return false;
}

static void an_index_is_as_large_as_it_is_to_be(struct kunit *test)
{
	struct bytemap *map = store_mapped(test, SYNCMAP_KEY_U64);
	unsigned int i;

	store_numbers(test, map, 0, 2 * MANY);
	KUNIT_EXPECT_TRUE(test, has_index_soon(map, true));
	store_count_seen(test, map, 2 * MANY);
	for (i = 0; i < 2 * MANY; i++)
		KUNIT_EXPECT_EQ(test, store_delete(map, store_number(i)), 0);
	KUNIT_EXPECT_TRUE(test, has_index_soon(map, false));
	KUNIT_EXPECT_EQ(test, store_count_seen(test, map, 2 * MANY), 0U);
	KUNIT_EXPECT_EQ(test, store_slots(map), 0ULL);
}

/* What does not fit */

/* As many as a bucket has room for */
static unsigned int room(struct bytemap *map)
{
	return bytemap_bucket_has_pairs(map->mirror) ? BYTEMAP_PAIRS_MOST :
					       SYNCMAP_MAPPED_SLOTS;
}

/* And four more */
static unsigned int crowd_of(struct bytemap *map)
{
	return room(map) + 4;
}

/* The @i-th of them has so many before it that have the same bucket */
static const char *crowded(struct bytemap *map, unsigned int i)
{
	unsigned int n;

	for (n = 0; ; n++)
		if (!(bytemap_window_hash(map->mirror, store_number(n), 8) >> 58) &&
		    !i--)
			return store_number(n);
}

static unsigned int count_crowd(struct kunit *test, struct bytemap *map)
{
	unsigned int i, seen = 0;

	for (i = 0; i < crowd_of(map); i++)
		seen += !store_sees(test, map, crowded(map, i));
	return seen;
}

static void delete_crowd(struct kunit *test, struct bytemap *map,
			 unsigned int from, unsigned int to)
{
	for (; from < to; from++)
		KUNIT_EXPECT_EQ(test, store_delete(map, crowded(map, from)), 0);
}

static struct bytemap *crowd(struct kunit *test)
{
	struct bytemap *map = store_mapped_at_rest(test,
						   *(u32 *)test->param_value);
	unsigned int i;

	for (i = 0; i < crowd_of(map); i++)
		KUNIT_ASSERT_EQ(test, store_store(map, crowded(map, i), "v"), 0);
	KUNIT_ASSERT_EQ(test, count_crowd(test, map), room(map));
	return map;
}

static u64 spilled(struct bytemap *map)
{
	return map->mirror->index[6]->word & SYNCMAP_MAPPED_SPILL;
}

/* Nor does it say of any key that it is absent */
static void what_is_too_much_is_asked_for(struct kunit *test)
{
	struct bytemap *map = crowd(test);

	KUNIT_EXPECT_EQ(test, spilled(map), SYNCMAP_MAPPED_SPILL_0);
	KUNIT_EXPECT_EQ(test, store_sees(test, map, crowded(map, crowd_of(map))),
			MAPPED_ASK);
	delete_crowd(test, map, 0, 2);
	KUNIT_EXPECT_TRUE(test, map->mirror->repairs);
	store_work_off(map);
	/* Two are too many still */
	KUNIT_EXPECT_EQ(test, count_crowd(test, map), room(map));
	KUNIT_EXPECT_EQ(test, spilled(map), SYNCMAP_MAPPED_SPILL_1);
	delete_crowd(test, map, 2, 5);
	store_work_off(map);
	KUNIT_EXPECT_EQ(test, count_crowd(test, map), room(map) - 1);
	KUNIT_EXPECT_EQ(test, spilled(map), 0ULL);
	KUNIT_EXPECT_EQ(test, store_sees(test, map, crowded(map, crowd_of(map))),
			-ENOENT);
}

/* Also while there are as many windows as others can have */
static void what_was_too_much_is_not_forgotten(struct kunit *test)
{
	struct bytemap *map = crowd(test);
	atomic64_t *word = bytemap_window_word(&map->mirror->index[6]->word);

	delete_crowd(test, map, 0, 4);
	atomic64_add(SYNCMAP_MAPPED_WINDOWS - 1, word);
	store_work_off(map);
	atomic64_sub(SYNCMAP_MAPPED_WINDOWS - 1, word);
	KUNIT_EXPECT_EQ(test, count_crowd(test, map), room(map));
	KUNIT_EXPECT_EQ(test, spilled(map), 0ULL);
}

/* A larger index has room for all, and a smaller one not */
static void what_is_spilled_goes_along(struct kunit *test)
{
	struct bytemap *map = crowd(test);
	u64 group;

	begin_index(test, map, 8);
	show_other_index(map);
	KUNIT_EXPECT_EQ(test, count_crowd(test, map), 0U);
	for (group = 0; group < 64; group++)
		settle(map, 6, group);
	KUNIT_EXPECT_EQ(test, store_bucket(map, KEY)->word &
			      SYNCMAP_MAPPED_SPILL, 0ULL);
	KUNIT_EXPECT_EQ(test, map->mirror->index[8]->word &
			      SYNCMAP_MAPPED_SPILL, SYNCMAP_MAPPED_SPILL_0);
	KUNIT_EXPECT_EQ(test, count_crowd(test, map), room(map));
	end_index(map, 6);
	KUNIT_EXPECT_EQ(test, store_slots(map), (u64)room(map));
}

/* No page is to be had, and then one is */
static void what_has_no_slot_is_asked_for(struct kunit *test)
{
	struct bytemap *map = store_mapped_at_rest(test, SYNCMAP_KEY_BYTES);
	u32 max = map->mirror->arena.max;

	map->mirror->arena.max = 1;
	KUNIT_EXPECT_EQ(test, store_store(map, KEY, "v"), 0);
	KUNIT_EXPECT_EQ(test, store_sees(test, map, KEY), MAPPED_ASK);
	KUNIT_EXPECT_TRUE(test, map->mirror->repairs);
	store_work_off(map);
	KUNIT_EXPECT_EQ(test, store_sees(test, map, KEY), MAPPED_ASK);
	KUNIT_EXPECT_TRUE(test, map->mirror->repairs);
	map->mirror->arena.max = max;
	store_work_off(map);
	KUNIT_EXPECT_EQ(test, store_sees(test, map, KEY), 0);
	KUNIT_EXPECT_FALSE(test, map->mirror->repairs);
}

/* What it takes */

static struct bytemap *create_mapped(void)
{
	static const struct syncmap_create create = {
		.flags = SYNCMAP_CREATE_MAPPED, .key_type = SYNCMAP_KEY_U64,
		.limits.entries = 4096,
	};
	struct syncmap_error error = { };

	return bytemap_create(&create, &error);
}

static void store_near_the_limit(struct kunit *test, struct bytemap *unused)
{
	struct bytemap *map = store_mapped_at_rest(test, SYNCMAP_KEY_BYTES);
	struct syncmap_error error;
	struct syncmap_info *info = kunit_kzalloc(test, sizeof(*info),
						  GFP_KERNEL);
	u64 room;

	KUNIT_ASSERT_NOT_NULL(test, info);
	bytemap_account_info(info);
	room = info->max_user_bytes - info->user_bytes - PAGE_SIZE / 2;
	KUNIT_ASSERT_EQ(test, bytemap_account_add_bytes(map->account, room,
							&error), 0);
	KUNIT_EXPECT_EQ(test, store_store(map, KEY, "v"), 0);
	KUNIT_EXPECT_EQ(test, store_sees(test, map, KEY), MAPPED_ASK);
	KUNIT_EXPECT_EQ(test, map->mirror->arena.count, 0U);
	bytemap_account_sub_bytes(map->account, room);
	store_work_off(map);
	KUNIT_EXPECT_EQ(test, store_sees(test, map, KEY), 0);
}

/* For the entries there is room, but not for a page */
static void who_has_used_up_his_bytes_has_it_not_mirrored(struct kunit *test)
{
	store_as_user(test, 7, 7, store_near_the_limit, NULL);
}

/* Pages of slots, and the index: the one in use when it ends, and those before */
static void what_a_mirror_takes_is_given_back(struct kunit *test)
{
	u64 before = store_counted(test);
	struct bytemap *map = create_mapped();

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, map);
	store_numbers(test, map, 0, 2 * MANY);
	KUNIT_EXPECT_TRUE(test, has_index_soon(map, true));
	KUNIT_EXPECT_GE(test, store_counted(test), before + index_bytes(map->mirror, 7) +
			      map->mirror->arena.count * BYTEMAP_ARENA_SLAB);
	bytemap_put(map);
	bytemap_wait_ended();
	KUNIT_EXPECT_EQ(test, store_counted(test), before);
}

/* Whatever the work on it is at */
static void a_mirror_that_is_worked_on_ends(struct kunit *test)
{
	u64 before = store_counted(test);
	struct bytemap *map;
	int i;

	for (i = 0; i < 20; i++) {
		map = create_mapped();
		KUNIT_ASSERT_NOT_ERR_OR_NULL(test, map);
		store_numbers(test, map, 0, MANY);
		WRITE_ONCE(map->mirror->repairs, true);
		bytemap_bucket_want_work(map->mirror);
		usleep_range(i * 100, i * 100 + 50);
		bytemap_put(map);
		bytemap_wait_ended();
		KUNIT_EXPECT_EQ(test, store_counted(test), before);
	}
}

/* Each allocation in turn */
static void who_finds_no_memory_makes_no_map(struct kunit *test)
{
	u64 before = store_counted(test);
	struct bytemap *map;
	unsigned int nth;

	for (nth = 1; nth < 10; nth++) {
		store_fail_nth(nth);
		map = create_mapped();
		if (!store_has_failed())
			break;
		KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(map), -ENOMEM);
		KUNIT_EXPECT_EQ(test, store_counted(test), before);
	}
	KUNIT_EXPECT_EQ(test, nth, 4U);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, map);
	bytemap_put(map);
	bytemap_wait_ended();
	KUNIT_EXPECT_EQ(test, store_counted(test), before);
}

/* It is stored, and seen or asked for; also by who wants another index then */
static void a_mirror_without_memory_fails_nobody(struct kunit *test)
{
	u64 before = store_counted(test);
	struct bytemap *map;
	unsigned int nth, n;

	for (nth = 1, n = 1; nth < 60 && n; nth++) {
		map = create_mapped();
		KUNIT_ASSERT_NOT_ERR_OR_NULL(test, map);
		store_fail_nth(nth);
		for (n = 0; n < MANY; n++)
			KUNIT_EXPECT_EQ(test, store_store(map, store_number(n), "v"), 0);
		n = store_has_failed();
		store_count_seen(test, map, MANY);
		bytemap_put(map);
		bytemap_wait_ended();
		KUNIT_EXPECT_EQ(test, store_counted(test), before);
	}
	KUNIT_EXPECT_GT(test, nth, 12U);
	KUNIT_EXPECT_LT(test, nth, 60U);
}

/* Memory is short */

/* There is a timer for what there is no memory for: nobody has to come by */
static void what_could_not_be_had_is_tried_again(struct kunit *test)
{
	struct bytemap *map = store_mapped_at_rest(test, SYNCMAP_KEY_U64);
	unsigned long pause;

	store_numbers(test, map, 0, 2 * MANY);
	store_fail_nth(1);
	pause = work_portion(map->mirror);
	KUNIT_EXPECT_TRUE(test, store_has_failed());
	KUNIT_EXPECT_EQ(test, map->mirror->shift, (u8)SHIFT_MIN);
	KUNIT_EXPECT_GT(test, pause, 0UL);
	KUNIT_EXPECT_LE(test, pause, RETRY_JIFFIES);
	/* Not before */
	pause = work_portion(map->mirror);
	KUNIT_EXPECT_EQ(test, map->mirror->shift, (u8)SHIFT_MIN);
	KUNIT_EXPECT_LE(test, pause, RETRY_JIFFIES);
	store_work_off(map);
	KUNIT_EXPECT_GT(test, map->mirror->shift, (u8)SHIFT_MIN);
	store_expect_all(test, map, 2 * MANY);
}

/* A repair that was of no use is not made soon again, and by and by more seldom */
static void what_does_not_fit_is_tried_more_and_more_seldom(struct kunit *test)
{
	struct bytemap *map = crowd(test);
	struct bytemap_mirror *mirror = map->mirror;
	unsigned int n;

	for (n = 1; n <= FRUITLESS_MOST + 2; n++) {
		WRITE_ONCE(mirror->repairs, true);
		store_work_off(map);
		KUNIT_EXPECT_EQ(test, mirror->fruitless,
				min(n, (unsigned int)FRUITLESS_MOST));
		KUNIT_EXPECT_TRUE(test, spilled(map));
		WRITE_ONCE(mirror->repairs, true);
		KUNIT_EXPECT_GT(test, work_portion(mirror),
				(RETRY_JIFFIES << mirror->fruitless) / 2);
		KUNIT_EXPECT_EQ(test, (int)mirror->phase, (int)MIRROR_RESTS);
	}
	/* Others have left their places: who waits for one gets it soon */
	WRITE_ONCE(mirror->called, false);
	delete_crowd(test, map, 0, 1);
	KUNIT_EXPECT_TRUE(test, mirror->called);
	delete_crowd(test, map, 1, 5);
	KUNIT_EXPECT_LE(test, work_portion(mirror), RETRY_JIFFIES);
	mirror->room_due = jiffies;
	while (work_portion(mirror) <= 1)
		;
	KUNIT_EXPECT_EQ(test, count_crowd(test, map), room(map) - 1);
	KUNIT_EXPECT_FALSE(test, spilled(map));
	store_work_off(map);
	KUNIT_EXPECT_EQ(test, mirror->fruitless, 0U);
	KUNIT_EXPECT_FALSE(test, spilled(map));
}

/* Pages */

static void there_are_pages_where_something_is(struct kunit *test)
{
	struct bytemap *map = store_mapped_at_rest(test, SYNCMAP_KEY_U64);
	struct bytemap_mirror *mirror = map->mirror;
	u64 large = syncmap_mapped_index(mirror->shift_max);
	u64 small = syncmap_mapped_index(6);

	KUNIT_ASSERT_EQ(test, store_store(map, KEY, "v"), 0);
	KUNIT_EXPECT_PTR_EQ(test, bytemap_mirror_page(mirror, 0),
			    virt_to_page(mirror->head));
	KUNIT_EXPECT_NULL(test, bytemap_mirror_page(mirror, small - PAGE_SIZE));
	KUNIT_EXPECT_NOT_NULL(test, bytemap_mirror_page(mirror, small));
	KUNIT_EXPECT_NULL(test, bytemap_mirror_page(mirror, 2 * small));
	KUNIT_EXPECT_NULL(test, bytemap_mirror_page(mirror, large));
	KUNIT_EXPECT_NULL(test, bytemap_mirror_page(mirror, mirror->arena_at -
							    PAGE_SIZE));
	KUNIT_EXPECT_NULL(test, bytemap_mirror_page(mirror, mirror->arena_at));
	KUNIT_EXPECT_NOT_NULL(test, bytemap_mirror_page(mirror, mirror->arena_at +
								PAGE_SIZE));
	KUNIT_EXPECT_NULL(test, bytemap_mirror_page(mirror, mirror->size -
							    PAGE_SIZE));
	KUNIT_EXPECT_NULL(test, bytemap_mirror_page(mirror, mirror->size));
}

/* Some of the work, as faults are in the way of the rest. Return: the index in use */
static u8 work_a_little(struct bytemap *map)
{
	unsigned int n;

	for (n = 0; n < 3; n++)
		work_portion(map->mirror);
	return map->mirror->shift;
}

/* A process that gets stuck in a fault holds up neither writers nor other work */
static void an_index_comes_and_goes_when_faults_are_over(struct kunit *test)
{
	struct bytemap *map = store_mapped_at_rest(test, SYNCMAP_KEY_BYTES);
	struct bytemap_mapping *mapping = &map->mirror->mapping;
	struct bytemap_mirror *mirror = map->mirror;
	unsigned int early, late;
	u8 old = mirror->shift;

	store_numbers(test, map, 0, MANY);
	early = bytemap_mapping_begin(mapping);
	KUNIT_EXPECT_EQ(test, work_a_little(map), old);
	KUNIT_EXPECT_NE(test, mirror->coming, 0);
	KUNIT_EXPECT_EQ(test, mirror->phase, MIRROR_RESTS);
	KUNIT_EXPECT_EQ(test, store_store(map, KEY, "v"), 0);
	late = bytemap_mapping_begin(mapping);
	bytemap_mapping_end(mapping, early);
	KUNIT_EXPECT_NE(test, work_a_little(map), old);
	KUNIT_EXPECT_EQ(test, mirror->leaving, old);
	KUNIT_EXPECT_NULL(test, bytemap_mirror_page(mirror,
						    syncmap_mapped_index(old)));
	bytemap_mapping_end(mapping, late);
	store_work_off(map);
	KUNIT_EXPECT_EQ(test, mirror->leaving, 0);
	KUNIT_EXPECT_EQ(test, store_sees(test, map, KEY), 0);
}

static struct kunit_case mirror_cases[] = {
	KUNIT_CASE(a_clear_hides_all),
	KUNIT_CASE(what_follows_a_clear_is_seen),
	KUNIT_CASE_PARAM(the_floor_counts_while_something_is_below,
			 type_gen_params),
	KUNIT_CASE_PARAM(an_index_changes_under_readers, type_gen_params),
	KUNIT_CASE(a_window_of_the_old_index_ends_in_the_new),
	KUNIT_CASE(a_window_is_open_in_both_indexes_or_none),
	KUNIT_CASE(an_index_is_as_large_as_it_is_to_be),
	KUNIT_CASE_PARAM(what_is_too_much_is_asked_for, type_gen_params),
	KUNIT_CASE_PARAM(what_was_too_much_is_not_forgotten, type_gen_params),
	KUNIT_CASE_PARAM(what_is_spilled_goes_along, type_gen_params),
	KUNIT_CASE(what_has_no_slot_is_asked_for),
	KUNIT_CASE(who_has_used_up_his_bytes_has_it_not_mirrored),
	KUNIT_CASE(what_a_mirror_takes_is_given_back),
	KUNIT_CASE(a_mirror_that_is_worked_on_ends),
	KUNIT_CASE(who_finds_no_memory_makes_no_map),
	KUNIT_CASE(a_mirror_without_memory_fails_nobody),
	KUNIT_CASE(a_floor_is_forgotten_in_the_end),
	KUNIT_CASE(who_calls_while_it_works_is_heard),
	KUNIT_CASE(what_could_not_be_had_is_tried_again),
	KUNIT_CASE_PARAM(what_does_not_fit_is_tried_more_and_more_seldom,
			 type_gen_params),
	KUNIT_CASE(there_are_pages_where_something_is),
	KUNIT_CASE(an_index_comes_and_goes_when_faults_are_over),
	{}
};

static struct kunit_suite mirror_suite = {
	.name = "bytemap_mirror",
	.suite_init = store_suite_init,
	.suite_exit = store_suite_exit,
	.init = store_test_init,
	.exit = store_test_exit,
	.test_cases = mirror_cases,
};

kunit_test_suite(mirror_suite);
