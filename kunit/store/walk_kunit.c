// SPDX-License-Identifier: GPL-2.0-only
/*
 * Walking over the entries of a map
 */
#include <linux/kstrtox.h>

#include "../../module/store/walk.c"
#include "../../module/store/clear.h"
#include "common.h"

#define KEYS	100

static struct bytemap *filled_map(struct kunit *test)
{
	struct bytemap *map = store_map(test, SYNCMAP_KEY_STRING, NULL);
	char key[8];
	int i;

	for (i = 0; i < KEYS; i++) {
		snprintf(key, sizeof(key), "%d", i);
		KUNIT_ASSERT_EQ(test, store_store(map, key,
						  store_text(test, 'v', 4 * i)),
				0);
	}
	return map;
}

static void see(struct kunit *test, const struct bytemap_item *item, u32 room,
		u8 *seen)
{
	char text[8] = {};
	int i;

	KUNIT_ASSERT_LT(test, item->key_len, (u32)sizeof(text));
	memcpy(text, item->key, item->key_len);
	KUNIT_ASSERT_EQ(test, kstrtoint(text, 10, &i), 0);
	KUNIT_ASSERT_LT(test, i, KEYS);
	KUNIT_EXPECT_EQ(test, seen[i]++, (u8)0);
	KUNIT_EXPECT_EQ(test, item->view.len, (u32)(4 * i));
	if (item->view.len <= room)
		KUNIT_EXPECT_NULL(test,
				  memchr_inv(bytemap_view_bytes(&item->view),
					     'v', item->view.len));
	else
		KUNIT_EXPECT_NULL(test, item->view.held);
}

static unsigned int walk_all(struct kunit *test, struct bytemap *map,
			     unsigned int max, u32 room)
{
	struct bytemap_walk *walk = bytemap_walk_alloc(map, 0);
	unsigned int i, all = 0;
	u8 seen[KEYS] = {};
	u64 next;

	KUNIT_ASSERT_NOT_NULL(test, walk);
	while (walk->cursor != SYNCMAP_END) {
		KUNIT_EXPECT_EQ(test, bytemap_walk_next(walk, max, room, &next),
				0);
		for (i = 0; i < walk->count; i++)
			see(test, &walk->items[i], room, seen);
		all += walk->count;
		walk->cursor = next;
	}
	bytemap_walk_free(walk);
	return all;
}

static void each_key_is_seen_once(struct kunit *test)
{
	struct bytemap *map = filled_map(test);
	unsigned int max;

	for (max = 1; max <= BYTEMAP_WALK_BATCH; max += 5)
		KUNIT_EXPECT_EQ(test, walk_all(test, map, max, U32_MAX),
				(unsigned int)KEYS);
	KUNIT_EXPECT_EQ(test, walk_all(test, map, 3, 0), (unsigned int)KEYS);
	KUNIT_EXPECT_EQ(test, walk_all(test, map, 3, BYTEMAP_COPY),
			(unsigned int)KEYS);
}

static void an_empty_map_shows_nothing(struct kunit *test)
{
	struct bytemap *map = store_map(test, SYNCMAP_KEY_U64, NULL);

	KUNIT_EXPECT_EQ(test, walk_all(test, map, 16, 0), 0U);
}

static void a_marked_key_is_not_seen(struct kunit *test)
{
	struct bytemap *map = filled_map(test);
	struct bytemap_value *value = store_object(map, "7");

	write_seqlock(&value->lock);
	bytemap_entry_end_locked(map, value);
	write_sequnlock(&value->lock);
	KUNIT_EXPECT_EQ(test, walk_all(test, map, 16, 0), KEYS - 1U);
	bytemap_value_put(value);
}

/* The value went between the core's step and the look at it */
static void a_key_whose_value_was_replaced_is_seen(struct kunit *test)
{
	struct bytemap *map = store_map(test, SYNCMAP_KEY_STRING, NULL);
	struct bytemap_value *gone = bytemap_value_alloc(999);
	struct syncmap_entry entry = { .key = "k", .len = 1, .value = gone };
	struct bytemap_view view;

	KUNIT_ASSERT_NOT_NULL(test, gone);
	KUNIT_EXPECT_EQ(test, store_store(map, "k", "new"), 0);
	gone->doom = &map->doom;
	gone->state = VALUE_REPLACED;
	gone->revision = 1;
	rcu_read_lock();
	bytemap_value_put(gone);
	KUNIT_EXPECT_EQ(test, view_entry(map, &entry, &view, 999), 0);
	KUNIT_EXPECT_EQ(test, view.len, 3U);
	entry.value = gone;
	KUNIT_EXPECT_EQ(test, store_delete(map, "k"), 0);
	KUNIT_EXPECT_EQ(test, view_entry(map, &entry, &view, 999), ABSENT);
	rcu_read_unlock();
}

/* A long value is there for as long as the walk holds it */
static void what_is_held_outlives_its_key(struct kunit *test)
{
	struct bytemap *map = store_map(test, SYNCMAP_KEY_STRING, NULL);
	struct bytemap_walk *walk = bytemap_walk_alloc(map, 0);
	u64 next;

	KUNIT_ASSERT_NOT_NULL(test, walk);
	KUNIT_EXPECT_EQ(test, store_store(map, "k", store_text(test, 'v', 999)),
			0);
	KUNIT_EXPECT_EQ(test, bytemap_walk_next(walk, 1, U32_MAX, &next), 0);
	KUNIT_ASSERT_EQ(test, walk->count, 1U);
	KUNIT_EXPECT_EQ(test, store_clear(map), 0);
	synchronize_rcu();
	KUNIT_EXPECT_NULL(test,
			  memchr_inv(bytemap_view_bytes(&walk->items[0].view),
				     'v', 999));
	bytemap_walk_free(walk);
}

/* A step that finds nothing among deleted keys is not the last */
static void a_key_behind_deleted_ones_is_seen(struct kunit *test)
{
	struct bytemap *map = store_map(test, SYNCMAP_KEY_STRING, NULL);

	KUNIT_ASSERT_EQ(test, store_store(map, "0", ""), 0);
	KUNIT_ASSERT_EQ(test, store_tombstones(map, 3000), 0);
	KUNIT_EXPECT_EQ(test, walk_all(test, map, 16, 0), 1U);
}

static struct kunit_case walk_cases[] = {
	KUNIT_CASE(each_key_is_seen_once),
	KUNIT_CASE(an_empty_map_shows_nothing),
	KUNIT_CASE(a_marked_key_is_not_seen),
	KUNIT_CASE(a_key_whose_value_was_replaced_is_seen),
	KUNIT_CASE(what_is_held_outlives_its_key),
	KUNIT_CASE(a_key_behind_deleted_ones_is_seen),
	{}
};

static struct kunit_suite walk_suite = {
	.name = "bytemap_walk",
	.suite_init = store_suite_init,
	.suite_exit = store_suite_exit,
	.init = store_test_init,
	.exit = store_test_exit,
	.test_cases = walk_cases,
};

kunit_test_suite(walk_suite);
