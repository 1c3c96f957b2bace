// SPDX-License-Identifier: GPL-2.0-only
/*
 * The records that a watcher's reader is given
 */
#include "../../module/store/reader.c"
#include "../../module/store/watch.h"
#include "common.h"

static void fill(struct kunit *test, struct bytemap *map,
		 const struct bytemap_watch *watch)
{
	while (!watch->lost)
		KUNIT_ASSERT_EQ(test, store_store(map, "k", "v"), 0);
}

static void a_loss_is_told_in_its_place(struct kunit *test)
{
	struct bytemap *map = store_map(test, SYNCMAP_KEY_STRING, NULL);
	struct bytemap_watch *watch = store_watch(test, map, 0, "");
	const struct syncmap_record *event;
	u64 revision;

	fill(test, map, watch);
	KUNIT_EXPECT_EQ(test, store_delete(map, "k"), 0);
	for (revision = 1; revision <= watch->events; revision++) {
		event = store_event(test, watch, SYNCMAP_RECORD_STORE);
		KUNIT_EXPECT_EQ(test, event->revision, revision);
	}
	event = store_event(test, watch, SYNCMAP_RECORD_OVERFLOW);
	KUNIT_EXPECT_EQ(test, event->revision, watch->events);
	store_no_event(test, watch);
	KUNIT_EXPECT_EQ(test, store_store(map, "k", "v"), 0);
	event = store_event(test, watch, SYNCMAP_RECORD_STORE);
	KUNIT_EXPECT_EQ(test, event->revision, revision + 2);
	KUNIT_EXPECT_EQ(test, watch->overflows, 1ULL);
	bytemap_watch_destroy(watch);
}

static void a_loss_begins_a_new_dump(struct kunit *test)
{
	struct bytemap *map = store_map(test, SYNCMAP_KEY_STRING, NULL);
	struct bytemap_watch *watch;
	const struct syncmap_record *event;

	KUNIT_EXPECT_EQ(test, store_store(map, "old", "v"), 0);
	watch = store_watch(test, map, SYNCMAP_WATCH_DUMP, "");
	store_event(test, watch, SYNCMAP_RECORD_ENTRY);
	store_event(test, watch, SYNCMAP_RECORD_DUMPED);
	fill(test, map, watch);
	KUNIT_EXPECT_EQ(test, store_delete(map, "k"), 0);
	while (!bytemap_queue_is_empty(&watch->queue))
		store_event(test, watch, SYNCMAP_RECORD_STORE);
	store_event(test, watch, SYNCMAP_RECORD_OVERFLOW);
	event = store_event(test, watch, SYNCMAP_RECORD_ENTRY);
	KUNIT_EXPECT_EQ(test, event->revision, 1ULL);
	event = store_event(test, watch, SYNCMAP_RECORD_DUMPED);
	KUNIT_EXPECT_EQ(test, event->revision, watch->events + 3);
	store_no_event(test, watch);
	bytemap_watch_destroy(watch);
}

/* It is in the queue already, so the dump leaves it out */
static void a_dump_shows_what_was_there_when_it_began(struct kunit *test)
{
	struct bytemap *map = store_map(test, SYNCMAP_KEY_STRING, NULL);
	struct bytemap_watch *watch;
	const struct syncmap_record *event;

	KUNIT_EXPECT_EQ(test, store_store(map, "a", "v"), 0);
	KUNIT_EXPECT_EQ(test, store_store(map, "b", "v"), 0);
	watch = store_watch(test, map, SYNCMAP_WATCH_DUMP, "");
	KUNIT_EXPECT_EQ(test, store_store(map, "b", "w"), 0);
	KUNIT_EXPECT_EQ(test, store_store(map, "c", "v"), 0);
	event = store_event(test, watch, SYNCMAP_RECORD_ENTRY);
	KUNIT_EXPECT_EQ(test, event->revision, 1ULL);
	event = store_event(test, watch, SYNCMAP_RECORD_DUMPED);
	KUNIT_EXPECT_EQ(test, event->revision, 2ULL);
	event = store_event(test, watch, SYNCMAP_RECORD_STORE);
	KUNIT_EXPECT_EQ(test, event->revision, 3ULL);
	event = store_event(test, watch, SYNCMAP_RECORD_STORE);
	KUNIT_EXPECT_EQ(test, event->revision, 4ULL);
	store_no_event(test, watch);
	bytemap_watch_destroy(watch);
}

#define LONG_VALUES	20

/* References on values: of the core, of the case, of whoever reads the dump */
static unsigned int held(struct bytemap_value **values)
{
	unsigned int i, n = 0;

	for (i = 0; i < LONG_VALUES; i++)
		n += refcount_read(&values[i]->refs) - 2;
	return n;
}

/* They are others' memory, and the reader may take his time */
static void a_dump_holds_one_long_value_at_a_time(struct kunit *test)
{
	struct bytemap *map = store_map(test, SYNCMAP_KEY_STRING, NULL);
	const char *text = store_text(test, 'v', 10 * BYTEMAP_COPY);
	struct bytemap_value *values[LONG_VALUES];
	struct bytemap_record record;
	struct bytemap_watch *watch;
	unsigned int i;
	char key[8];

	for (i = 0; i < LONG_VALUES; i++) {
		snprintf(key, sizeof(key), "%u", i);
		KUNIT_ASSERT_EQ(test, store_store(map, key, text), 0);
		values[i] = store_object(map, key);
	}
	watch = store_watch(test, map,
			    SYNCMAP_WATCH_DUMP | SYNCMAP_WATCH_VALUES, "");
	for (i = 0; i < LONG_VALUES; i++) {
		mutex_lock(&watch->lock);
		KUNIT_EXPECT_EQ(test, bytemap_reader_peek(watch, &record), 1);
		KUNIT_EXPECT_EQ(test, held(values), 1U);
		bytemap_reader_rest(watch);
		KUNIT_EXPECT_EQ(test, held(values), 0U);
		KUNIT_EXPECT_EQ(test, bytemap_reader_peek(watch, &record), 1);
		KUNIT_EXPECT_FALSE(test, memcmp(record.value, text,
						10 * BYTEMAP_COPY));
		bytemap_reader_consume(watch, &record);
		KUNIT_EXPECT_EQ(test, held(values), 0U);
		mutex_unlock(&watch->lock);
	}
	store_event(test, watch, SYNCMAP_RECORD_DUMPED);
	bytemap_watch_destroy(watch);
	while (i)
		bytemap_value_put(values[--i]);
}

/* The reader knows of it, but has not got hold of the value yet */
static void a_long_value_that_goes_during_a_dump(struct kunit *test)
{
	struct bytemap *map = store_map(test, SYNCMAP_KEY_STRING, NULL);
	const char *text = store_text(test, 'v', 10 * BYTEMAP_COPY);
	const struct syncmap_record *event;
	struct bytemap_watch *watch;

	KUNIT_EXPECT_EQ(test, store_store(map, "a", text), 0);
	KUNIT_EXPECT_EQ(test, store_store(map, "b", text), 0);
	KUNIT_EXPECT_EQ(test, store_store(map, "c", text), 0);
	watch = store_watch(test, map,
			    SYNCMAP_WATCH_DUMP | SYNCMAP_WATCH_VALUES, "");
	event = store_event(test, watch, SYNCMAP_RECORD_ENTRY);
	KUNIT_EXPECT_EQ(test, store_delete(map, event->revision == 1 ? "b" : "a"),
			0);
	KUNIT_EXPECT_EQ(test, store_store(map, event->revision == 3 ? "b" : "c",
					  text), 0);
	store_event(test, watch, SYNCMAP_RECORD_DUMPED);
	store_event(test, watch, SYNCMAP_RECORD_DELETE);
	store_event(test, watch, SYNCMAP_RECORD_STORE);
	store_no_event(test, watch);
	bytemap_watch_destroy(watch);
}

static struct kunit_case reader_cases[] = {
	KUNIT_CASE(a_loss_is_told_in_its_place),
	KUNIT_CASE(a_loss_begins_a_new_dump),
	KUNIT_CASE(a_dump_shows_what_was_there_when_it_began),
	KUNIT_CASE(a_dump_holds_one_long_value_at_a_time),
	KUNIT_CASE(a_long_value_that_goes_during_a_dump),
	{}
};

static struct kunit_suite reader_suite = {
	.name = "bytemap_reader",
	.suite_init = store_suite_init,
	.suite_exit = store_suite_exit,
	.init = store_test_init,
	.exit = store_test_exit,
	.test_cases = reader_cases,
};

kunit_test_suite(reader_suite);
