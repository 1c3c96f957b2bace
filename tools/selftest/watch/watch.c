// SPDX-License-Identifier: GPL-2.0-only
/* What a watcher is told, and when: one thing after another */
#include "harness/record.h"
#include "harness/watcher.h"

#define KEY_ONLY	SYNCMAP_WATCH_KEY
#define PREFIX		SYNCMAP_WATCH_PREFIX
#define VALUES		SYNCMAP_WATCH_VALUES
#define DUMP		SYNCMAP_WATCH_DUMP

/* Each operation that changes something, and those that do not */
TEST(each_kind_of_event)
{
	int fd = map_private(SYNCMAP_KEY_STRING);
	struct watcher w = watcher_open(fd, .flags = VALUES);
	char out[16];

	EXPECT_EQ(0, w.params.revision);
	EXPECT_EQ(0, DO(fd, STORE, KEY("a"), VALUE("1")));
	watcher_expect(&w, STORE, SYNCMAP_OP_STORE, "a", "1", got.revision);
	EXPECT_EQ(0, DO(fd, STORE, KEY("a"), VALUE("2")));
	watcher_expect(&w, STORE, SYNCMAP_OP_STORE, "a", "2", got.revision);
	EXPECT_EQ(0, DO(fd, SWAP, KEY("a"), VALUE("3"), OUT(out)));
	watcher_expect(&w, STORE, SYNCMAP_OP_SWAP, "a", "3", got.revision);
	EXPECT_EQ(0, DO(fd, LOAD_OR_STORE, KEY("a"), VALUE("4"), OUT(out)));
	watcher_expect_nothing(&w);
	EXPECT_EQ(0, DO(fd, LOAD_OR_STORE, KEY("b"), VALUE("5"), OUT(out)));
	watcher_expect(&w, STORE, SYNCMAP_OP_LOAD_OR_STORE, "b", "5",
		       got.revision);
	EXPECT_EQ(-EBUSY, DO(fd, COMPARE_AND_SWAP, KEY("b"), OLD("4"),
			     VALUE("6"), OUT(out)));
	watcher_expect_nothing(&w);
	EXPECT_EQ(0, DO(fd, COMPARE_AND_SWAP, KEY("b"), OLD("5"), VALUE("6")));
	watcher_expect(&w, STORE, SYNCMAP_OP_COMPARE_AND_SWAP, "b", "6",
		       got.revision);
	EXPECT_EQ(-EBUSY, DO(fd, COMPARE_AND_DELETE, KEY("b"), OLD("5")));
	EXPECT_EQ(0, DO(fd, COMPARE_AND_DELETE, KEY("b"), OLD("6")));
	watcher_expect(&w, DELETE, SYNCMAP_OP_COMPARE_AND_DELETE, "b", NULL,
		       got.revision);
	EXPECT_EQ(0, DO(fd, LOAD_AND_DELETE, KEY("a"), OUT(out)));
	watcher_expect(&w, DELETE, SYNCMAP_OP_LOAD_AND_DELETE, "a", NULL,
		       got.revision);
	EXPECT_EQ(0, DO(fd, DELETE, KEY("a")));
	watcher_expect_nothing(&w);
	EXPECT_EQ(0, DO(fd, STORE, KEY(""), VALUE("")));
	watcher_expect(&w, STORE, SYNCMAP_OP_STORE, "", "", got.revision);
	EXPECT_EQ(0, DO(fd, DELETE, KEY("")));
	watcher_expect(&w, DELETE, SYNCMAP_OP_DELETE, "", NULL, got.revision);
	EXPECT_EQ(0, DO(fd, APPEND, KEY("l"), VALUE("ab")));
	watcher_expect(&w, STORE, SYNCMAP_OP_APPEND, "l", "ab", got.revision);
	EXPECT_EQ(0, DO(fd, APPEND, KEY("l"), VALUE("c")));
	watcher_expect(&w, STORE, SYNCMAP_OP_APPEND, "l", "abc", got.revision);
	EXPECT_EQ(0, DO(fd, ADD, KEY("n"), .operand = 'a', .initial = 0,
			.flags = SYNCMAP_FLAG_INITIAL | SYNCMAP_FLAG_U32));
	EXPECT_EQ(SYNCMAP_OP_ADD, watcher_next(&w)->reason);
	EXPECT_EQ(0, DO(fd, SUB, KEY("n"), .operand = 1,
			.flags = SYNCMAP_FLAG_U32));
	EXPECT_EQ(SYNCMAP_OP_SUB, watcher_next(&w)->reason);
	map_promote(fd);
	watcher_expect_nothing(&w);
	map_clear(fd);
	watcher_expect(&w, CLEAR, .revision = map_info(fd).revision);
	watcher_expect_nothing(&w);
}

/* Small and copied, small and grown, replaced and copied, replaced and held */
TEST(values_of_any_length)
{
	static const size_t lens[] = {
		0, 1, 64, 65, 1, 256, 257, 65536, 3, 1000, 1001,
	};
	int fd = map_private(SYNCMAP_KEY_STRING);
	struct watcher with = watcher_open(fd, .flags = VALUES,
					   .queue_size = SYNCMAP_QUEUE_MAX);
	struct watcher without = watcher_open(fd, .flags = 0);
	char *value = calloc(1, 65537);

	for (size_t i = 0; i < ARRAY_SIZE(lens); i++) {
		memset(value, 0, 65537);
		memset(value, 'a' + i, lens[i]);
		ASSERT_EQ(0, DO(fd, STORE, KEY("key"),
				VALUE_N(value, lens[i])));
	}
	EXPECT_EQ(0, DO(fd, DELETE, KEY("key")));
	for (size_t i = 0; i < ARRAY_SIZE(lens); i++) {
		const struct syncmap_record *event;

		memset(value, 0, 65537);
		memset(value, 'a' + i, lens[i]);
		watcher_expect(&with, STORE, SYNCMAP_OP_STORE, "key", value,
			       i + 1);
		event = watcher_next(&without);
		EXPECT_EQ(i + 1, event->revision);
		EXPECT_EQ(lens[i], event->value_len);
		EXPECT_EQ(0, event->flags);
		EXPECT_EQ(sizeof(*event) + 8, event->size);
	}
}

/* An event has the value of its time, though the bytes stay where they are */
TEST(values_that_grow)
{
	static const size_t steps[] = { 10, 30, 30, 200, 30, 900, 30, 4000, 30 };
	int fd = map_private(SYNCMAP_KEY_STRING);
	struct watcher w = watcher_open(fd, .flags = VALUES,
					.queue_size = SYNCMAP_QUEUE_MAX);
	char *value = calloc(1, 10000);
	size_t len = 0;

	for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
		memset(value + len, 'a' + i, steps[i]);
		EXPECT_EQ(0, DO(fd, APPEND, KEY("key"),
				VALUE_N(value + len, steps[i])));
		len += steps[i];
	}
	len = 0;
	memset(value, 0, 10000);
	for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
		memset(value + len, 'a' + i, steps[i]);
		len += steps[i];
		watcher_expect(&w, STORE, SYNCMAP_OP_APPEND, "key", value,
			       i + 1);
	}
}

TEST(filters)
{
	int fd = map_private(SYNCMAP_KEY_STRING);
	struct watcher all = watcher_open(fd, .flags = 0);
	struct watcher key = watcher_open(fd, .flags = KEY_ONLY, FILTER("ab"));
	struct watcher empty = watcher_open(fd, .flags = KEY_ONLY);
	struct watcher prefix = watcher_open(fd, .flags = PREFIX, FILTER("ab"));
	struct watcher any = watcher_open(fd, .flags = PREFIX);

	for (const char **k = (const char *[]){ "", "a", "ab", "abc", "b", NULL };
	     *k; k++) {
		EXPECT_EQ(0, DO(fd, STORE, KEY_N(*k, strlen(*k)), VALUE("v")));
		watcher_expect(&all, STORE, SYNCMAP_OP_STORE, *k);
		watcher_expect(&any, STORE, SYNCMAP_OP_STORE, *k);
	}
	watcher_expect(&key, STORE, SYNCMAP_OP_STORE, "ab", NULL, 3);
	watcher_expect_nothing(&key);
	watcher_expect(&empty, STORE, SYNCMAP_OP_STORE, "", NULL, 1);
	watcher_expect_nothing(&empty);
	watcher_expect(&prefix, STORE, SYNCMAP_OP_STORE, "ab", NULL, 3);
	watcher_expect(&prefix, STORE, SYNCMAP_OP_STORE, "abc", NULL, 4);
	watcher_expect_nothing(&prefix);
	EXPECT_EQ(0, DO(fd, DELETE, KEY("b")));
	EXPECT_EQ(0, DO(fd, DELETE, KEY("abc")));
	watcher_expect(&prefix, DELETE, SYNCMAP_OP_DELETE, "abc", NULL, 7);
	watcher_expect_nothing(&key);
	map_clear(fd);
	watcher_expect(&key, CLEAR);
	watcher_expect(&prefix, CLEAR);
}

/* By an operation that meets it, or by the sweep */
TEST(expiry)
{
	int fd = map_private(SYNCMAP_KEY_STRING);
	struct watcher w = watcher_open(fd, .flags = VALUES);
	const struct syncmap_record *event;
	__u64 revision;

	EXPECT_EQ(0, DO(fd, STORE, KEY("a"), VALUE("1"), .deadline = 1));
	revision = got.revision;
	watcher_expect(&w, STORE, SYNCMAP_OP_STORE, "a", "1", revision);
	watcher_expect(&w, DELETE, SYNCMAP_REASON_EXPIRED, "a", NULL,
		       revision + 1);
	EXPECT_EQ(-ENOENT, DO(fd, LOAD, KEY("a")));
	EXPECT_EQ(0, DO(fd, STORE, KEY("a"), VALUE("2"),
			.deadline = SYNCMAP_NEVER - 1));
	event = watcher_next(&w);
	EXPECT_EQ(SYNCMAP_NEVER - 1, event->expires);
	EXPECT_EQ(0, DO(fd, STORE, KEY("a"), VALUE("3")));
	event = watcher_next(&w);
	EXPECT_EQ(SYNCMAP_NEVER, event->expires);
	watcher_expect_nothing(&w);
}

/* To compute a value is no change; to store it is one */
TEST(computed_values)
{
	int fd = map_expiring(SYNCMAP_KEY_STRING, 0, 60 * SECOND);
	struct watcher w = watcher_open(fd, .flags = VALUES);
	__u64 revision;

	EXPECT_EQ(0, DO(fd, LOAD_OR_LEASE, KEY("a")));
	EXPECT_EQ(0, DO(fd, DELETE, KEY("a")));
	EXPECT_EQ(0, DO(fd, LOAD_OR_LEASE, KEY("a")));
	EXPECT_EQ(0, DO(fd, STORE, KEY("a"), VALUE("1"), .token = got.leased,
			.deadline = map_now() + MS));
	revision = got.revision;
	watcher_expect(&w, STORE, SYNCMAP_OP_STORE, "a", "1", revision);
	watcher_expect(&w, DELETE, SYNCMAP_REASON_EXPIRED, "a", NULL,
		       revision + 1);
	/* As long as somebody may take the stale value, too, and after */
	for (int i = 0; i < 3; i++) {
		EXPECT_EQ(0, DO(fd, LOAD_OR_LEASE, KEY("a"),
				.flags = SYNCMAP_FLAG_STALE));
		EXPECT_EQ(SYNCMAP_RESULT_LEASED | SYNCMAP_RESULT_EXPIRED, got.result);
		EXPECT_EQ(0, DO(fd, UNLEASE, KEY("a"), .token = got.leased));
	}
	EXPECT_EQ(0, DO(fd, DELETE, KEY("a")));
	watcher_expect_nothing(&w);
	EXPECT_EQ(0, DO(fd, LOAD_OR_LEASE, KEY("a")));
	EXPECT_EQ(0, DO(fd, STORE, KEY("a"), VALUE("2"), .token = got.leased));
	watcher_expect(&w, STORE, SYNCMAP_OP_STORE, "a", "2", revision + 2);
	EXPECT_EQ(0, DO(fd, LOAD_OR_LEASE, KEY("b")));
	map_clear(fd);
	watcher_expect(&w, CLEAR, .revision = revision + 3);
	watcher_expect_nothing(&w);
}

TEST(u64_keys)
{
	int fd = map_private(SYNCMAP_KEY_U64);
	__u64 seven = 7;
	struct watcher w = watcher_open(fd, .flags = KEY_ONLY | VALUES,
					FILTER_N(&seven, 8));
	const struct syncmap_record *event;

	map_fill(fd, 0, 10);
	event = watcher_next(&w);
	EXPECT_MEM(&seven, 8, record_key(event), event->key_len);
	EXPECT_MEM(&seven, 8, record_value(event), event->value_len);
	watcher_expect_nothing(&w);
}

TEST(dump)
{
	int fd = map_private(SYNCMAP_KEY_STRING);
	struct watcher w;

	EXPECT_EQ(0, DO(fd, STORE, KEY("a"), VALUE("1")));
	EXPECT_EQ(0, DO(fd, STORE, KEY("b"), VALUE("2")));
	EXPECT_EQ(0, DO(fd, DELETE, KEY("b")));
	w = watcher_open(fd, .flags = DUMP | VALUES);
	EXPECT_EQ(3, w.params.revision);
	EXPECT_EQ(0, DO(fd, STORE, KEY("c"), VALUE("3")));
	watcher_expect(&w, ENTRY, 0, "a", "1", 1);
	watcher_expect(&w, DUMPED, .revision = 3);
	watcher_expect(&w, STORE, SYNCMAP_OP_STORE, "c", "3", 4);
	watcher_expect_nothing(&w);
	watcher_close(&w);

	w = watcher_open(fd, .flags = DUMP, .since = 1);
	watcher_expect(&w, ENTRY, 0, "c", NULL, 4);
	watcher_expect(&w, DUMPED, .revision = 4);
	watcher_expect_nothing(&w);
	watcher_close(&w);

	w = watcher_open(fd, .flags = DUMP | KEY_ONLY | VALUES, FILTER("a"));
	watcher_expect(&w, ENTRY, 0, "a", "1", 1);
	watcher_expect(&w, DUMPED, .revision = 4);
	watcher_close(&w);

	w = watcher_open(fd, .flags = DUMP | KEY_ONLY, FILTER("b"));
	watcher_expect(&w, DUMPED, .revision = 4);
	watcher_close(&w);

	w = watcher_open(fd, .flags = DUMP | PREFIX, FILTER("c"));
	watcher_expect(&w, ENTRY, 0, "c", NULL, 4);
	watcher_expect(&w, DUMPED, .revision = 4);
	watcher_close(&w);
}

/* What changes before the dump gets there is not shown, but has its event */
TEST(dump_leaves_out_what_changes)
{
	int fd = map_private(SYNCMAP_KEY_STRING);
	struct watcher w;

	EXPECT_EQ(0, DO(fd, STORE, KEY("a"), VALUE("1")));
	EXPECT_EQ(0, DO(fd, STORE, KEY("b"), VALUE("2")));
	w = watcher_open(fd, .flags = DUMP | VALUES);
	EXPECT_EQ(0, DO(fd, STORE, KEY("a"), VALUE("3")));
	EXPECT_EQ(0, DO(fd, DELETE, KEY("b")));
	watcher_expect(&w, DUMPED, .revision = 2);
	watcher_expect(&w, STORE, SYNCMAP_OP_STORE, "a", "3", 3);
	watcher_expect(&w, DELETE, SYNCMAP_OP_DELETE, "b", NULL, 4);
	watcher_expect_nothing(&w);
}
