// SPDX-License-Identifier: GPL-2.0-only
/*
 * What watchers are told
 */
#include "../../module/store/tell.c"
#include "../../module/store/clear.h"
#include "../../module/store/watch.h"
#include "common.h"

static void filters_match(struct kunit *test)
{
	static const struct {
		u32		flags;
		const char	*filter;
		const char	*key;
		bool		match;
	} cases[] = {
		{ 0, "", "", true },
		{ 0, "", "abc", true },
		{ SYNCMAP_WATCH_KEY, "", "", true },
		{ SYNCMAP_WATCH_KEY, "", "a", false },
		{ SYNCMAP_WATCH_KEY, "abc", "abc", true },
		{ SYNCMAP_WATCH_KEY, "abc", "ab", false },
		{ SYNCMAP_WATCH_KEY, "abc", "abcd", false },
		{ SYNCMAP_WATCH_KEY, "abc", "abd", false },
		{ SYNCMAP_WATCH_PREFIX, "", "", true },
		{ SYNCMAP_WATCH_PREFIX, "abc", "abc", true },
		{ SYNCMAP_WATCH_PREFIX, "abc", "abcd", true },
		{ SYNCMAP_WATCH_PREFIX, "abc", "ab", false },
		{ SYNCMAP_WATCH_PREFIX, "abc", "abdd", false },
	};
	struct bytemap *map = store_map(test, SYNCMAP_KEY_STRING, NULL);
	struct bytemap_watch *watch;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		watch = store_watch(test, map, cases[i].flags, cases[i].filter);
		KUNIT_EXPECT_EQ_MSG(test,
				    bytemap_tell_matches(watch, cases[i].key,
							 strlen(cases[i].key)),
				    cases[i].match, "case %u", i);
		bytemap_watch_destroy(watch);
	}
}

/* Its key is gone with the Clear, or is another value's by now */
static void a_cleared_value_is_not_revised(struct kunit *test)
{
	struct bytemap *map = store_map(test, SYNCMAP_KEY_STRING, NULL);
	struct bytemap_watch *watch = store_watch(test, map, 0, "");
	struct bytemap_value *value;

	KUNIT_EXPECT_EQ(test, store_store(map, "k", "v"), 0);
	store_event(test, watch, SYNCMAP_RECORD_STORE);
	value = store_object(map, "k");
	KUNIT_ASSERT_NOT_NULL(test, value);
	KUNIT_EXPECT_EQ(test, bytemap_clear(map), 0);
	store_event(test, watch, SYNCMAP_RECORD_CLEAR);
	KUNIT_EXPECT_EQ(test, bytemap_tell(map, value, "k",
					   SYNCMAP_OP_DELETE), 0ULL);
	store_no_event(test, watch);
	bytemap_watch_destroy(watch);
	KUNIT_EXPECT_FALSE(test, map->watched);
	KUNIT_EXPECT_EQ(test, bytemap_tell(map, value, "k",
					   SYNCMAP_OP_DELETE), 0ULL);
	bytemap_value_put(value);
}

static void a_swap_that_fails_has_no_event(struct kunit *test)
{
	struct bytemap *map = store_map(test, SYNCMAP_KEY_STRING, NULL);
	struct bytemap_watch *watch = store_watch(test, map, 0, "");
	struct bytemap_value *other = bytemap_value_alloc(100);
	struct bytemap_value *fresh = bytemap_value_alloc(100);
	struct syncmap_hashed_key key;

	KUNIT_ASSERT_NOT_NULL(test, fresh);
	KUNIT_ASSERT_NOT_NULL(test, other);
	syncmap_hashed_key_init(&key, "k", 1);
	spin_lock(&other->lock.lock);
	spin_lock_nested(&fresh->lock.lock, SINGLE_DEPTH_NESTING);
	KUNIT_EXPECT_FALSE(test, bytemap_tell_swap(map, &key, "k",
						   SYNCMAP_OP_STORE, other,
						   fresh));
	spin_unlock(&fresh->lock.lock);
	spin_unlock(&other->lock.lock);
	store_no_event(test, watch);
	bytemap_value_put(fresh);
	bytemap_value_put(other);
	bytemap_watch_destroy(watch);
}

/* Too long for the queue: the event comes without it */
static void a_value_without_room_is_left_out(struct kunit *test)
{
	struct bytemap *map = store_map(test, SYNCMAP_KEY_STRING, NULL);
	struct bytemap_watch *watch = store_watch(test, map,
						  SYNCMAP_WATCH_VALUES, "");
	const struct syncmap_record *event;

	KUNIT_EXPECT_EQ(test, store_store(map, "k",
					  store_text(test, 'v',
						     SYNCMAP_QUEUE_MIN)), 0);
	KUNIT_EXPECT_EQ(test, store_store(map, "k", "v"), 0);
	event = store_event(test, watch, SYNCMAP_RECORD_STORE);
	KUNIT_EXPECT_EQ(test, event->flags, 0U);
	KUNIT_EXPECT_EQ(test, event->value_len, SYNCMAP_QUEUE_MIN);
	event = store_event(test, watch, SYNCMAP_RECORD_STORE);
	KUNIT_EXPECT_EQ(test, event->flags, SYNCMAP_RECORD_VALUE);
	store_no_event(test, watch);
	bytemap_watch_destroy(watch);
}

static struct kunit_case tell_cases[] = {
	KUNIT_CASE(filters_match),
	KUNIT_CASE(a_cleared_value_is_not_revised),
	KUNIT_CASE(a_swap_that_fails_has_no_event),
	KUNIT_CASE(a_value_without_room_is_left_out),
	{}
};

static struct kunit_suite tell_suite = {
	.name = "bytemap_tell",
	.suite_init = store_suite_init,
	.suite_exit = store_suite_exit,
	.init = store_test_init,
	.exit = store_test_exit,
	.test_cases = tell_cases,
};

kunit_test_suite(tell_suite);
