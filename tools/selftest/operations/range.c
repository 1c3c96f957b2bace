// SPDX-License-Identifier: GPL-2.0-only
/* Walks: whole records, cursors that survive everything, no key twice */
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness/map.h"
#include "harness/record.h"
#include "harness/stats.h"

#define STABLE	1000

static int range_call(int fd, struct syncmap_range *range)
{
	int ret = map_call(fd, SYNCMAP_RANGE, range);

	EXPECT_EQ(ret, range->error.status);
	return ret;
}

/* Which keys a walk has shown; the value of key n is n, then a text of length n % 100 */
struct seen {
	__u8	times[8 * STABLE];
	__u64	count;
};

static void note_key(const struct syncmap_record *record, void *arg)
{
	struct seen *seen = arg;
	__u64 key;

	EXPECT_EQ(8, record->key_len);
	EXPECT_EQ(0, record->reason);
	EXPECT(record->revision);
	memcpy(&key, record_key(record), 8);
	ASSERT(key < ARRAY_SIZE(seen->times));
	EXPECT_EQ(1, ++seen->times[key]);
	seen->count++;
}

static void note_entry(const struct syncmap_record *record, void *arg)
{
	const char *value = record_value(record);
	__u64 key;

	note_key(record, arg);
	memcpy(&key, record_key(record), 8);
	EXPECT_EQ(8 + key % 100, record->value_len);
	EXPECT_MEM(&key, 8, value, 8);
	for (__u32 i = 8; i < record->value_len; i++)
		EXPECT_EQ('x', value[i]);
}

static void store(int fd, __u64 key)
{
	char value[108];

	memset(value, 'x', sizeof(value));
	memcpy(value, &key, 8);
	ASSERT_EQ(0, DO(fd, STORE, KEY_N(&key, 8),
			VALUE_N(value, 8 + key % 100)));
}

static void drop(int fd, __u64 key)
{
	ASSERT_EQ(0, DO(fd, DELETE, KEY_N(&key, 8)));
}

static int make_map(__u64 n, bool promote)
{
	int fd = map_private(SYNCMAP_KEY_U64);

	for (__u64 key = 0; key < n; key++) {
		store(fd, key);
		if (promote && key == n / 2)
			map_promote(fd);
	}
	return fd;
}

TEST(empty)
{
	struct syncmap_range range = { };

	EXPECT_EQ(0, range_call(map_private(SYNCMAP_KEY_U64), &range));
	EXPECT_EQ(SYNCMAP_END, range.cursor);
	EXPECT_EQ(0, range.count);
	EXPECT_EQ(0, range.used);
	EXPECT_EQ(0, range.needed);
}

TEST(each_once)
{
	static const __u32 sizes[] = { 160, 200, 1000, 4096, 100000, 1 << 20 };

	for (size_t i = 0; i < 2 * ARRAY_SIZE(sizes); i++) {
		int fd = make_map(STABLE, i % 2);
		struct seen seen = { };

		test_context("buffer of %u bytes", sizes[i / 2]);
		map_walk(fd, 0, sizes[i / 2], note_entry, &seen);
		EXPECT_EQ(STABLE, seen.count);
		close(fd);
	}
}

TEST(all_at_once)
{
	static char buffer[1 << 20];
	struct syncmap_range range = {
		.buffer = PTR(buffer), .size = sizeof(buffer),
	};

	EXPECT_EQ(0, range_call(make_map(STABLE, true), &range));
	EXPECT_EQ(STABLE, range.count);
	EXPECT_EQ(SYNCMAP_END, range.cursor);
}

TEST(keys_only)
{
	struct seen seen = { };

	/* Room for two records without values */
	map_walk(make_map(STABLE, true), SYNCMAP_RANGE_KEYS_ONLY, 96, note_key,
		 &seen);
	EXPECT_EQ(STABLE, seen.count);
}

TEST(keys_only_tells_length)
{
	char buffer[64] __attribute__((aligned(8)));
	struct syncmap_record *record = (void *)buffer;
	int fd = map_private(SYNCMAP_KEY_STRING);
	struct syncmap_range range = {
		.buffer = PTR(buffer), .size = sizeof(buffer),
		.flags = SYNCMAP_RANGE_KEYS_ONLY,
	};
	static char value[5000];

	EXPECT_EQ(0, DO(fd, STORE, KEY("key"), VALUE_N(value, sizeof(value))));
	EXPECT_EQ(0, range_call(fd, &range));
	EXPECT_EQ(1, range.count);
	EXPECT_EQ(48, range.used);
	EXPECT_EQ(48, record->size);
	EXPECT_EQ(40, record->data);
	EXPECT_EQ(SYNCMAP_RECORD_ENTRY, record->type);
	EXPECT_EQ(0, record->flags);
	EXPECT_EQ(3, record->key_len);
	EXPECT_EQ(sizeof(value), record->value_len);
	EXPECT_EQ(got.revision, record->revision);
	EXPECT_EQ(SYNCMAP_NEVER, record->expires);
	EXPECT_MEM("key\0\0\0\0", 8, record_key(record), 8);
}

/* A cursor that already stands behind the last entry */
TEST(at_the_end)
{
	struct syncmap_range range = { .cursor = SYNCMAP_END };

	EXPECT_EQ(0, range_call(make_map(10, false), &range));
	EXPECT_EQ(SYNCMAP_END, range.cursor);
	EXPECT_EQ(0, range.count);
}

TEST(too_small)
{
	static char value[3000], buffer[3056] __attribute__((aligned(8)));
	struct syncmap_range range = { .buffer = PTR(buffer) };
	int fd = map_private(SYNCMAP_KEY_STRING);
	__u32 need = sizeof(struct syncmap_record) + 3003 + 5;

	EXPECT_EQ(0, DO(fd, STORE, KEY("key"), VALUE_N(value, sizeof(value))));
	memset(buffer, 0xee, sizeof(buffer));
	for (__u32 size = 0; size < need; size += size < 40 ? 1 : 37) {
		test_context("%u bytes", size);
		range.size = size;
		EXPECT_EQ(-EMSGSIZE, range_call(fd, &range));
		EXPECT_EQ(need, range.needed);
		EXPECT_EQ(0, range.cursor);
		EXPECT_EQ(0, range.count);
		EXPECT_EQ(0, range.used);
	}
	EXPECT_EQ((char)0xee, buffer[0]);
	range.size = range.needed;
	EXPECT_EQ(0, range_call(fd, &range));
	EXPECT_EQ(1, range.count);
	EXPECT_EQ(0, range.needed);
	EXPECT_EQ((char)0xee, buffer[need]);
}

/* Small ones first, and what does not fit waits for the next call */
TEST(grow_as_told)
{
	static char buffer[8192] __attribute__((aligned(8)));
	struct syncmap_range range = { .buffer = PTR(buffer) };
	int fd = map_private(SYNCMAP_KEY_U64);
	static char value[4000];
	__u64 seen = 0;

	for (__u64 key = 0; key < 100; key++)
		EXPECT_EQ(0, DO(fd, STORE, KEY_N(&key, 8),
				VALUE_N(value, 40 * key)));
	while (range.cursor != SYNCMAP_END) {
		int ret = range_call(fd, &range);

		EXPECT(!ret || ret == -EMSGSIZE);
		if (ret) {
			ASSERT(range.needed > range.size);
			range.size = range.needed;
		} else {
			seen += range.count;
			range.size = 64;
		}
	}
	EXPECT_EQ(100, seen);
}

/* The buffer ends behind some hundred records: what was written counts for nothing */
TEST(fault_on_the_way)
{
	char *pages = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct syncmap_range range = {
		.buffer = PTR(pages) + PAGE - 4096, .size = 2 * 4096,
	};
	int fd = make_map(STABLE, true);

	ASSERT(pages != MAP_FAILED);
	ASSERT_EQ(0, munmap(pages + PAGE, PAGE));
	EXPECT_EQ(-EFAULT, range_call(fd, &range));
	EXPECT_EQ(0, range.cursor);
	EXPECT_EQ(0, range.count | range.used);
	range.size = 4096;
	EXPECT_EQ(0, range_call(fd, &range));
	EXPECT(range.count);
}

/* A buffer that is not aligned is the caller's own affair, and works */
TEST(unaligned_buffer)
{
	char buffer[129];
	struct syncmap_range range = {
		.buffer = PTR(buffer + 1), .size = 128,
	};

	memset(buffer, 0xee, sizeof(buffer));
	EXPECT_EQ(0, range_call(make_map(1, false), &range));
	EXPECT_EQ(1, range.count);
	EXPECT_EQ((char)0xee, buffer[0]);
}

/* Any number is a cursor, and the walk from it comes to an end */
TEST(any_cursor)
{
	int fd = make_map(STABLE, true);
	char buffer[1000];

	for (unsigned int i = 0; i < test_times(300); i++) {
		struct syncmap_range range = {
			.buffer = PTR(buffer), .size = sizeof(buffer),
			.cursor = i < 64 ? 1ULL << i : i < 128 ?
				  SYNCMAP_END - i + 64 : test_random(),
		};
		__u64 seen = 0;
		int calls = 0;

		test_context("cursor %#llx", range.cursor);
		while (range.cursor != SYNCMAP_END && calls++ < 2 * STABLE) {
			ASSERT_EQ(0, range_call(fd, &range));
			seen += range.count;
		}
		EXPECT_EQ(SYNCMAP_END, range.cursor);
		EXPECT(seen <= STABLE);
	}
}

/* A search among deleted keys may end at any place, and then goes on */
TEST(behind_deleted_keys)
{
	int fd = make_map(5 * STABLE, true);
	struct seen seen = { };

	map_promote(fd);
	for (__u64 key = 1; key < 5 * STABLE; key++)
		drop(fd, key);
	map_walk(fd, SYNCMAP_RANGE_KEYS_ONLY, 160, note_key, &seen);
	EXPECT_EQ(1, seen.count);
	EXPECT_EQ(1, seen.times[0]);
}

/* A cursor means the same after promotions, and to another descriptor */
TEST(cursor_survives)
{
	int fd = make_map(STABLE, false);
	struct seen seen = { };
	char buffer[160];
	struct syncmap_range range = {
		.buffer = PTR(buffer), .size = sizeof(buffer),
	};
	const struct syncmap_record *record;
	int calls = 0;
	size_t at;

	while (range.cursor != SYNCMAP_END) {
		ASSERT_EQ(0, range_call(fd, &range));
		at = 0;
		while ((record = record_next(buffer, range.used, &at)))
			note_entry(record, &seen);
		if (++calls % 100 == 0)
			map_promote(fd);
	}
	EXPECT_EQ(STABLE, seen.count);
}

/* Cursors of one walk come in no order: they do not tell where keys are */
TEST(cursors_tell_nothing)
{
	int fd = make_map(STABLE, true), lower = 0, calls = 0;
	char buffer[160];
	struct syncmap_range range = {
		.buffer = PTR(buffer), .size = sizeof(buffer),
	};

	while (range.cursor != SYNCMAP_END) {
		__u64 last = range.cursor;

		ASSERT_EQ(0, range_call(fd, &range));
		lower += range.cursor < last;
		calls++;
	}
	test_note("%d of %d cursors are lower than the one before", lower,
		  calls);
	EXPECT(lower > calls / 3);
	EXPECT(lower < calls - calls / 3);
}

/* The key that the cursor stands on goes, comes, goes */
TEST(delete_what_was_shown)
{
	int fd = make_map(STABLE, true);
	struct seen seen = { };
	char buffer[160];
	struct syncmap_range range = {
		.buffer = PTR(buffer), .size = sizeof(buffer),
	};

	while (range.cursor != SYNCMAP_END) {
		const struct syncmap_record *record;
		size_t at = 0;
		__u64 key;

		ASSERT_EQ(0, range_call(fd, &range));
		while ((record = record_next(buffer, range.used, &at))) {
			note_entry(record, &seen);
			memcpy(&key, record_key(record), 8);
			drop(fd, key);
			store(fd, key);
			if (key % 2)
				drop(fd, key);
		}
	}
	EXPECT_EQ(STABLE, seen.count);
	EXPECT_EQ(STABLE / 2, map_count(fd));
}

/* Keys below STABLE stay, the others come and go; each walk shows each stable
 * key exactly once, and no key twice, across any number of promotions
 */
static void come_and_go(int n, void *arg)
{
	int fd = *(int *)arg;

	(void)n;
	for (;;) {
		__u64 key = STABLE + test_random() % (7 * STABLE);

		if (test_random() % 2)
			store(fd, key);
		else
			drop(fd, key);
		if (test_random() % 5000 == 0)
			map_promote(fd);
		if (test_random() % 8 == 0)
			store(fd, test_random() % STABLE);
	}
}

TEST_LIMIT(stable_keys_exactly_once, 60)
{
	static const __u32 sizes[] = { 160, 1000, 20000 };
	int fd = make_map(STABLE, false);
	pid_t pids[2];
	__u64 promotions;

	for (int i = 0; i < 2; i++)
		pids[i] = test_fork(come_and_go, i, &fd);
	for (unsigned int round = 0; round < test_times(60); round++) {
		struct seen seen = { };

		test_context("round %u", round);
		map_walk(fd, 0, sizes[round % 3], note_entry, &seen);
		for (__u64 key = 0; key < STABLE; key++)
			EXPECT_EQ(1, seen.times[key]);
	}
	promotions = map_stat(fd, "promotions");
	test_note("%llu promotions", promotions);
	EXPECT(promotions > 1);
	for (int i = 0; i < 2; i++) {
		kill(pids[i], SIGKILL);
		waitpid(pids[i], NULL, 0);
	}
}

/* Go's TestMapRangeNestedCall: two walks at a time, and changes from within */
struct nested {
	int	fd;
	__u64	count;
};

static void store_and_take(const struct syncmap_record *record, void *arg)
{
	struct nested *nested = arg;
	__u64 key, fresh = 100000 + nested->count++;
	char value[108];

	memcpy(&key, record_key(record), 8);
	EXPECT_EQ(0, DO(nested->fd, LOAD, KEY_N(&key, 8), OUT(value)));
	EXPECT_EQ(0, DO(nested->fd, LOAD_OR_STORE, KEY_N(&fresh, 8), VALUE("v")));
	EXPECT_EQ(0, got.result);
	EXPECT_EQ(0, DO(nested->fd, LOAD_AND_DELETE, KEY_N(&fresh, 8)));
}

static void walk_again(const struct syncmap_record *record, void *arg)
{
	struct nested *nested = arg;
	__u64 key;

	memcpy(&key, record_key(record), 8);
	map_walk(nested->fd, 0, 500, store_and_take, nested);
	drop(nested->fd, key);
}

TEST(nested)
{
	struct nested nested = { .fd = make_map(30, true) };

	map_walk(nested.fd, 0, 500, walk_again, &nested);
	EXPECT_EQ(0, map_count(nested.fd));
	EXPECT(nested.count >= 30);
}
