// SPDX-License-Identifier: GPL-2.0-only
/*
 * Watchers
 */
#include "../../module/store/watch.c"
#include "common.h"

static struct bytemap_watch *watch_map(struct kunit *test, struct bytemap *map,
				       u32 flags, const char *filter)
{
	struct syncmap_watch params = {
		.flags = flags, .filter_len = strlen(filter),
		.queue_size = SYNCMAP_QUEUE_MIN,
	};
	struct bytemap_watch *watch;

	KUNIT_ASSERT_EQ(test, bytemap_watch_check(map, &params), 0);
	watch = bytemap_watch_create(map, &params, filter);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, watch);
	return watch;
}

/* The next record, of this type; valid until the one after */
static const struct syncmap_event *
next(struct kunit *test, struct bytemap_watch *watch, u32 type)
{
	static struct bytemap_record record;

	mutex_lock(&watch->lock);
	KUNIT_EXPECT_TRUE(test, bytemap_watch_readable(watch));
	KUNIT_EXPECT_EQ(test, bytemap_watch_peek(watch, &record), 1);
	KUNIT_EXPECT_EQ(test, record.event.type, type);
	bytemap_watch_consume(watch, &record);
	mutex_unlock(&watch->lock);
	return &record.event;
}

static void expect_nothing(struct kunit *test, struct bytemap_watch *watch)
{
	struct bytemap_record record;

	mutex_lock(&watch->lock);
	KUNIT_EXPECT_FALSE(test, bytemap_watch_readable(watch));
	KUNIT_EXPECT_EQ(test, bytemap_watch_peek(watch, &record), 0);
	mutex_unlock(&watch->lock);
}

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
		watch = watch_map(test, map, cases[i].flags, cases[i].filter);
		KUNIT_EXPECT_EQ_MSG(test, matches(watch, cases[i].key,
						  strlen(cases[i].key)),
				    cases[i].match, "case %u", i);
		bytemap_watch_destroy(watch);
	}
}

static void a_map_is_watched_while_there_are_watchers(struct kunit *test)
{
	struct bytemap *map = store_map(test, SYNCMAP_KEY_STRING, NULL);
	struct bytemap_watch *first, *second;

	KUNIT_EXPECT_FALSE(test, map->watched);
	first = watch_map(test, map, 0, "");
	second = watch_map(test, map, 0, "");
	KUNIT_EXPECT_TRUE(test, map->watched);
	bytemap_watch_destroy(first);
	KUNIT_EXPECT_TRUE(test, map->watched);
	bytemap_watch_destroy(second);
	KUNIT_EXPECT_FALSE(test, map->watched);
	KUNIT_EXPECT_EQ(test, kref_read(&map->refs), 1U);
}

static void a_map_has_so_many_watchers(struct kunit *test)
{
	struct bytemap *map = store_map(test, SYNCMAP_KEY_STRING, NULL);
	struct bytemap_watch *watches[BYTEMAP_WATCHERS], *one_more;
	struct syncmap_watch params = {};
	unsigned int i;

	for (i = 0; i < BYTEMAP_WATCHERS; i++)
		watches[i] = watch_map(test, map, 0, "");
	one_more = bytemap_watch_create(map, &params, "");
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(one_more), -ENOSPC);
	KUNIT_EXPECT_EQ(test, kref_read(&map->refs), 1U + BYTEMAP_WATCHERS);
	while (i)
		bytemap_watch_destroy(watches[--i]);
	bytemap_watch_destroy(watch_map(test, map, 0, ""));
}

/* A reader settles the insertion; the event is the inserter's, and one */
static void an_insertion_has_one_event(struct kunit *test)
{
	static struct syncmap_op op = { .op = SYNCMAP_OP_SWAP, .key_len = 1 };
	static struct bytemap_request req = { .op = &op, .key = "k" };
	struct bytemap *map = store_map(test, SYNCMAP_KEY_STRING, NULL);
	struct bytemap_watch *watch = watch_map(test, map, 0, "");
	const struct syncmap_event *event;
	struct bytemap_value *value;
	void *actual;

	req.fresh = bytemap_value_alloc(5);
	value = req.fresh;
	KUNIT_ASSERT_NOT_NULL(test, value);
	value->key_len = 1;
	bytemap_publish(&req, map->epoch);
	KUNIT_ASSERT_EQ(test, syncmap_load_or_store(&map->core, "k", 1,
						    value, &actual,
						    GFP_KERNEL), 0);
	expect_nothing(test, watch);
	KUNIT_EXPECT_FALSE(test, store_has(map, "k", "x"));
	event = next(test, watch, SYNCMAP_EVENT_STORE);
	KUNIT_EXPECT_EQ(test, event->revision, 1ULL);
	KUNIT_EXPECT_EQ(test, event->reason, (u32)SYNCMAP_OP_SWAP);
	KUNIT_EXPECT_EQ(test, event->key_len, 1U);
	KUNIT_EXPECT_FALSE(test, store_has(map, "k", "x"));
	expect_nothing(test, watch);
	syncmap_delete(&map->core, "k", 1);
	bytemap_request_release(&req);
	bytemap_value_put(value);
	bytemap_watch_destroy(watch);
}

/* Its key is gone with the Clear, or is another value's by now */
static void a_cleared_value_has_no_event(struct kunit *test)
{
	struct bytemap *map = store_map(test, SYNCMAP_KEY_STRING, NULL);
	struct bytemap_watch *watch = watch_map(test, map, 0, "");
	struct bytemap_value *value;

	KUNIT_EXPECT_EQ(test, store_store(map, "k", "v"), 0);
	next(test, watch, SYNCMAP_EVENT_STORE);
	value = store_object(map, "k");
	KUNIT_ASSERT_NOT_NULL(test, value);
	KUNIT_EXPECT_EQ(test, bytemap_clear(map), 0);
	next(test, watch, SYNCMAP_EVENT_CLEAR);
	bytemap_revise(map, value, "k", SYNCMAP_OP_DELETE);
	expect_nothing(test, watch);
	bytemap_value_put(value);
	bytemap_watch_destroy(watch);
}

static void a_swap_that_fails_has_no_event(struct kunit *test)
{
	static struct syncmap_op op = { .op = SYNCMAP_OP_STORE, .key_len = 1 };
	static struct bytemap_request req = { .op = &op, .key = "k" };
	struct bytemap *map = store_map(test, SYNCMAP_KEY_STRING, NULL);
	struct bytemap_watch *watch = watch_map(test, map, 0, "");
	struct bytemap_value *other = bytemap_value_alloc(100);

	req.fresh = bytemap_value_alloc(100);
	KUNIT_ASSERT_NOT_NULL(test, req.fresh);
	KUNIT_ASSERT_NOT_NULL(test, other);
	spin_lock(&req.fresh->lock.lock);
	KUNIT_EXPECT_FALSE(test, bytemap_watch_swap(map, &req, other));
	spin_unlock(&req.fresh->lock.lock);
	expect_nothing(test, watch);
	bytemap_request_release(&req);
	bytemap_value_put(other);
	bytemap_watch_destroy(watch);
}

static void fill(struct kunit *test, struct bytemap *map,
		 const struct bytemap_watch *watch)
{
	while (!watch->lost)
		KUNIT_ASSERT_EQ(test, store_store(map, "k", "v"), 0);
}

static void a_loss_is_told_in_its_place(struct kunit *test)
{
	struct bytemap *map = store_map(test, SYNCMAP_KEY_STRING, NULL);
	struct bytemap_watch *watch = watch_map(test, map, 0, "");
	const struct syncmap_event *event;
	u64 revision;

	fill(test, map, watch);
	KUNIT_EXPECT_EQ(test, store_delete(map, "k"), 0);
	for (revision = 1; revision <= watch->events; revision++) {
		event = next(test, watch, SYNCMAP_EVENT_STORE);
		KUNIT_EXPECT_EQ(test, event->revision, revision);
	}
	event = next(test, watch, SYNCMAP_EVENT_OVERFLOW);
	KUNIT_EXPECT_EQ(test, event->revision, watch->events);
	expect_nothing(test, watch);
	KUNIT_EXPECT_EQ(test, store_store(map, "k", "v"), 0);
	event = next(test, watch, SYNCMAP_EVENT_STORE);
	KUNIT_EXPECT_EQ(test, event->revision, revision + 2);
	KUNIT_EXPECT_EQ(test, watch->overflows, 1ULL);
	bytemap_watch_destroy(watch);
}

static void a_loss_begins_a_new_dump(struct kunit *test)
{
	struct bytemap *map = store_map(test, SYNCMAP_KEY_STRING, NULL);
	struct bytemap_watch *watch;
	const struct syncmap_event *event;

	KUNIT_EXPECT_EQ(test, store_store(map, "old", "v"), 0);
	watch = watch_map(test, map, SYNCMAP_WATCH_DUMP, "");
	next(test, watch, SYNCMAP_EVENT_ENTRY);
	next(test, watch, SYNCMAP_EVENT_DUMPED);
	fill(test, map, watch);
	KUNIT_EXPECT_EQ(test, store_delete(map, "k"), 0);
	while (!bytemap_queue_is_empty(&watch->queue))
		next(test, watch, SYNCMAP_EVENT_STORE);
	next(test, watch, SYNCMAP_EVENT_OVERFLOW);
	event = next(test, watch, SYNCMAP_EVENT_ENTRY);
	KUNIT_EXPECT_EQ(test, event->revision, 1ULL);
	event = next(test, watch, SYNCMAP_EVENT_DUMPED);
	KUNIT_EXPECT_EQ(test, event->revision, watch->events + 3);
	expect_nothing(test, watch);
	bytemap_watch_destroy(watch);
}

/* It is in the queue already, so the dump leaves it out */
static void a_dump_shows_what_was_there_when_it_began(struct kunit *test)
{
	struct bytemap *map = store_map(test, SYNCMAP_KEY_STRING, NULL);
	struct bytemap_watch *watch;
	const struct syncmap_event *event;

	KUNIT_EXPECT_EQ(test, store_store(map, "a", "v"), 0);
	KUNIT_EXPECT_EQ(test, store_store(map, "b", "v"), 0);
	watch = watch_map(test, map, SYNCMAP_WATCH_DUMP, "");
	KUNIT_EXPECT_EQ(test, store_store(map, "b", "w"), 0);
	KUNIT_EXPECT_EQ(test, store_store(map, "c", "v"), 0);
	event = next(test, watch, SYNCMAP_EVENT_ENTRY);
	KUNIT_EXPECT_EQ(test, event->revision, 1ULL);
	event = next(test, watch, SYNCMAP_EVENT_DUMPED);
	KUNIT_EXPECT_EQ(test, event->revision, 2ULL);
	event = next(test, watch, SYNCMAP_EVENT_STORE);
	KUNIT_EXPECT_EQ(test, event->revision, 3ULL);
	event = next(test, watch, SYNCMAP_EVENT_STORE);
	KUNIT_EXPECT_EQ(test, event->revision, 4ULL);
	expect_nothing(test, watch);
	bytemap_watch_destroy(watch);
}

/* Too long for the queue: the event comes without it */
static void a_value_without_room_is_left_out(struct kunit *test)
{
	struct bytemap *map = store_map(test, SYNCMAP_KEY_STRING, NULL);
	struct bytemap_watch *watch = watch_map(test, map,
						SYNCMAP_WATCH_VALUES, "");
	const struct syncmap_event *event;

	KUNIT_EXPECT_EQ(test, store_store(map, "k",
					  store_text(test, 'v',
						     SYNCMAP_QUEUE_MIN)), 0);
	KUNIT_EXPECT_EQ(test, store_store(map, "k", "v"), 0);
	event = next(test, watch, SYNCMAP_EVENT_STORE);
	KUNIT_EXPECT_EQ(test, event->flags, 0U);
	KUNIT_EXPECT_EQ(test, event->value_len, SYNCMAP_QUEUE_MIN);
	event = next(test, watch, SYNCMAP_EVENT_STORE);
	KUNIT_EXPECT_EQ(test, event->flags, SYNCMAP_EVENT_VALUE);
	expect_nothing(test, watch);
	bytemap_watch_destroy(watch);
}

static struct kunit_case watch_cases[] = {
	KUNIT_CASE(filters_match),
	KUNIT_CASE(a_map_is_watched_while_there_are_watchers),
	KUNIT_CASE(a_map_has_so_many_watchers),
	KUNIT_CASE(an_insertion_has_one_event),
	KUNIT_CASE(a_cleared_value_has_no_event),
	KUNIT_CASE(a_swap_that_fails_has_no_event),
	KUNIT_CASE(a_loss_is_told_in_its_place),
	KUNIT_CASE(a_loss_begins_a_new_dump),
	KUNIT_CASE(a_dump_shows_what_was_there_when_it_began),
	KUNIT_CASE(a_value_without_room_is_left_out),
	{}
};

static struct kunit_suite watch_suite = {
	.name = "bytemap_watch",
	.suite_init = store_suite_init,
	.suite_exit = store_suite_exit,
	.init = store_test_init,
	.exit = store_test_exit,
	.test_cases = watch_cases,
};

kunit_test_suite(watch_suite);
