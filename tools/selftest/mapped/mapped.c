// SPDX-License-Identifier: GPL-2.0-only
/* Loads from a mapping: what they say is what the map has */
#include <fcntl.h>
#include <stddef.h>
#include <sys/mman.h>
#include <unistd.h>

#include "harness/map.h"
#include "syncmap_mapped.h"

static struct syncmap_mapped mapped;
static struct syncmap_mapped_result result;
static __u64 asked;

/* What follows is done again until no more than @max of its loads ask */
static bool few_have_asked(int times, __u64 max)
{
	if (times && (asked <= max || times == 600))
		return true;
	if (times)
		usleep(100000);
	asked = 0;
	return false;
}

#define EVENTUALLY_FEW_ASK(max)						\
	for (int times = 0; !few_have_asked(times, max); times++)

static int map_mapped(__u32 type)
{
	struct syncmap_create create = {
		.flags = SYNCMAP_CREATE_MAPPED, .key_type = type, .mode = 0666,
	};

	ASSERT_EQ(0, map_call(map_control(), SYNCMAP_CREATE, &create));
	return create.fd;
}

static void attach(int fd)
{
	__u64 size = map_info(fd).mapped;
	void *base = mmap(NULL, size, PROT_READ, MAP_SHARED, fd, 0);

	ASSERT(base != MAP_FAILED);
	ASSERT_EQ(0, syncmap_mapped_attach(&mapped, base, size));
}

/* By the mapping, and if need be from the kernel. Return: the length, or an error */
static int load(int fd, const void *key, __u32 len, void *buf, __u32 size)
{
	int ret = mapped.key_type == SYNCMAP_KEY_U64 ?
		syncmap_mapped_load_u64(&mapped, *(const __u64 *)key, buf, size,
					&result) :
		syncmap_mapped_load(&mapped, key, len, buf, size, &result);

	if (ret != SYNCMAP_MAPPED_ASK)
		return ret ?: (int)result.len;
	asked++;
	ret = DO(fd, LOAD, KEY_N(key, len), OUT_N(buf, size));
	return ret ?: (int)got.out_len;
}

static void expect_u64(int fd, __u64 key, int len, __u64 value)
{
	__u64 has = 0;

	EXPECT_EQ(len, load(fd, &key, sizeof(key), &has, sizeof(has)));
	if (len > 0)
		EXPECT_EQ(value, has);
}

TEST_LIMIT(what_is_stored_is_there, 120)
{
	int fd = map_mapped(SYNCMAP_KEY_U64);
	__u64 keys = test_times(20000), key, value;

	attach(fd);
	expect_u64(fd, 1, -ENOENT, 0);
	map_fill(fd, 0, keys);
	for (key = 0; key < keys; key++)
		expect_u64(fd, key, 8, key);
	expect_u64(fd, keys, -ENOENT, 0);
	test_note("%llu of %llu loads asked while it had grown", asked, keys);
	for (key = 0; key < keys; key += 2)
		EXPECT_EQ(0, DO(fd, DELETE, KEY_N(&key, 8)));
	for (key = 1; key < keys; key += 4) {
		value = ~key;
		EXPECT_EQ(0, DO(fd, STORE, KEY_N(&key, 8), VALUE_N(&value, 8)));
	}
	for (key = 0; key < keys; key++)
		expect_u64(fd, key, key % 2 ? 8 : -ENOENT,
			   key % 4 == 1 ? ~key : key);
	/* What had no room is tried again by and by */
	EVENTUALLY_FEW_ASK(keys / 200) {
		for (key = 0; key < keys; key++)
			expect_u64(fd, key, key % 2 ? 8 : -ENOENT,
				   key % 4 == 1 ? ~key : key);
	}
	test_note("%llu of %llu loads asked at rest", asked, keys);
	EXPECT(asked <= keys / 200);
}

#define LONGEST	200	/* of the keys */

static const __u32 lens[] = {
	0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 15, 16, 17, 23, 31, 32, 33, 63, 64, 65,
	255, 256, 257, 1000, 4000, 4064, 4096, 5000, 65536,
};

/* Return: how many of the values that are short the mapping did not tell */
static __u64 load_all_lengths(int fd)
{
	static char key[LONGEST], value[65536], has[65536 + 1];
	__u64 short_asked = 0, before;
	unsigned int i, n;

	for (n = 0; n < sizeof(key); n += 13) {
		for (i = 0; i < ARRAY_SIZE(lens); i++) {
			test_context("key of %u, value of %u", n, lens[i]);
			test_text(key, n, n);
			test_text(value, lens[i], n + i);
			EXPECT_EQ(0, DO(fd, STORE, KEY_N(key, n),
					VALUE_N(value, lens[i])));
			before = asked;
			has[lens[i]] = '!';
			ASSERT_EQ(lens[i], load(fd, key, n, has, 65536));
			EXPECT(!memcmp(value, has, lens[i]));
			EXPECT_EQ('!', has[lens[i]]);
			if (lens[i] <= 1000)
				short_asked += asked - before;
		}
	}
	EXPECT_EQ(-EMSGSIZE, load(fd, key, n - 13, has, 1));
	return short_asked;
}

/* Keys and values of all lengths, those too that are too long for it */
TEST(lengths)
{
	int fd = map_mapped(SYNCMAP_KEY_BYTES);
	__u64 short_asked;

	attach(fd);
	/* While another index is made, some are asked for: all, if it takes long */
	AWAIT((short_asked = load_all_lengths(fd)) <
	      LONGEST / 13 * ARRAY_SIZE(lens) / 4 || test_failed());
	test_note("%llu asked, %llu for short values", asked, short_asked);
	EXPECT(short_asked < LONGEST / 13 * ARRAY_SIZE(lens) / 4);
}

TEST(clear_empties_it)
{
	int fd = map_mapped(SYNCMAP_KEY_U64);
	__u64 key;

	attach(fd);
	map_fill(fd, 0, 1000);
	map_clear(fd);
	/* While another index is made, more do */
	EVENTUALLY_FEW_ASK(50) {
		for (key = 0; key < 1000; key++)
			expect_u64(fd, key, -ENOENT, 0);
	}
	EXPECT(asked <= 50);
	map_fill(fd, 0, 500);
	for (key = 0; key < 1000; key++)
		expect_u64(fd, key, key < 500 ? 8 : -ENOENT, key);
}

/* By the mapping, sooner or later: it knows when that ends */
static void expect_deadline_after(int fd, __u64 key, __u64 value, __u64 time)
{
	__u64 before;

	AWAIT((before = asked, expect_u64(fd, key, 8, value), asked == before));
	EXPECT(result.deadline > time);
}

TEST(what_expires_is_gone)
{
	int fd = map_mapped(SYNCMAP_KEY_U64);
	__u64 key = 1, value = 2;

	attach(fd);
	EXPECT_EQ(0, DO(fd, STORE, KEY_N(&key, 8), VALUE_N(&value, 8), FROM_NOW,
			.deadline = 1000 * SECOND));
	expect_deadline_after(fd, key, value, map_now());
	EXPECT_EQ(0, DO(fd, TOUCH, KEY_N(&key, 8), FROM_NOW,
			.deadline = 2000 * SECOND));
	expect_deadline_after(fd, key, value, map_now() + 1000 * SECOND);
	EXPECT_EQ(0, DO(fd, TOUCH, KEY_N(&key, 8), FROM_NOW,
			.deadline = SECOND / 100));
	usleep(11000);
	expect_u64(fd, key, -ENOENT, 0);
}

static void *try_map(int fd, __u64 size, int prot, int flags, off_t offset)
{
	void *base = mmap(NULL, size, prot, flags, fd, offset);

	return base == MAP_FAILED ? (void *)(long)-errno : base;
}

TEST(mappings_that_are_refused)
{
	int fd = map_mapped(SYNCMAP_KEY_U64), plain = map_private(SYNCMAP_KEY_U64);
	__u64 size = map_info(fd).mapped;
	void *base;

	EXPECT_EQ(0, map_info(plain).mapped);
	EXPECT_EQ(-ENODEV, (long)try_map(plain, 4096, PROT_READ, MAP_SHARED, 0));
	EXPECT_EQ(-EACCES, (long)try_map(fd, size, PROT_READ | PROT_WRITE,
					 MAP_SHARED, 0));
	EXPECT_EQ(-EINVAL, (long)try_map(fd, size, PROT_READ, MAP_PRIVATE, 0));
	EXPECT_EQ(-EINVAL, (long)try_map(fd, size - 4096, PROT_READ, MAP_SHARED,
					 0));
	EXPECT_EQ(-EINVAL, (long)try_map(fd, size - 4096, PROT_READ, MAP_SHARED,
					 4096));
	EXPECT_EQ(-EINVAL, (long)try_map(fd, size + 4096, PROT_READ, MAP_SHARED,
					 0));
	base = try_map(fd, size, PROT_READ, MAP_SHARED, 0);
	ASSERT((long)base > 0);
	EXPECT_EQ(-1, mprotect(base, 4096, PROT_READ | PROT_WRITE));
	EXPECT_EQ(EACCES, errno);
	EXPECT_EQ(-1, mprotect(base, 4096, PROT_READ | PROT_EXEC));
	EXPECT(mremap(base, size, size * 2, MREMAP_MAYMOVE) == MAP_FAILED);
}

/* A hole is read as zeroes */
TEST(all_of_it_can_be_read)
{
	int fd = map_mapped(SYNCMAP_KEY_U64);
	__u64 size;

	attach(fd);
	map_fill(fd, 0, 5000);
	size = map_info(fd).mapped;
	map_expect_pages(mapped.base, size, size / 3000 / 4096 * 4096 + 4096);
}

struct race {
	int		fd;
	bool		over;
	__u64		keys;
	__u64		loads, asks;
};

static void write_up(int n, void *arg)
{
	struct race *race = arg;
	__u64 key, i;

	for (i = 0; i < test_times(20000); i++) {
		key = test_random() % race->keys;
		if (i % 64 == 63)
			DO(race->fd, TOUCH, KEY_N(&key, 8),
			   .deadline = SYNCMAP_NEVER);
		else
			EXPECT_EQ(0, DO(race->fd, ADD, KEY_N(&key, 8),
					.operand = 1));
	}
	(void)n;
}

static __u64 now_in_map(const struct race *race, __u64 key)
{
	__u64 value = 0;

	EXPECT_EQ(0, DO(race->fd, LOAD, KEY_N(&key, 8), OUT_N(&value, 8)));
	return value;
}

static void read_up(int n, void *arg)
{
	struct race *race = arg;
	__u64 key, first, then, last, loads = 0;

	(void)n;
	attach(race->fd);
	while (!__atomic_load_n(&race->over, __ATOMIC_RELAXED)) {
		key = test_random() % race->keys;
		ASSERT_EQ(8, load(race->fd, &key, 8, &first, 8));
		then = now_in_map(race, key);
		ASSERT_EQ(8, load(race->fd, &key, 8, &last, 8));
		EXPECT(first <= then);
		EXPECT(then <= last);
		loads += 2;
		if (test_failed())
			break;
	}
	__sync_fetch_and_add(&race->loads, loads);
	__sync_fetch_and_add(&race->asks, asked);
}

/* Numbers that only grow never shrink, whichever way they are read */
TEST_LIMIT(nobody_goes_back, 120)
{
	struct race *race = test_shared(sizeof(*race));
	pid_t reader[2];
	__u64 key, zero = 0;

	race->fd = map_mapped(SYNCMAP_KEY_U64);
	race->keys = 50;
	for (key = 0; key < race->keys; key++)
		EXPECT_EQ(0, DO(race->fd, STORE, KEY_N(&key, 8),
				VALUE_N(&zero, 8)));
	for (int i = 0; i < 2; i++)
		reader[i] = test_fork(read_up, i, race);
	test_parallel(2, write_up, race);
	__atomic_store_n(&race->over, true, __ATOMIC_RELAXED);
	for (int i = 0; i < 2; i++)
		test_wait(reader[i]);
	test_note("%llu loads, %llu asked", race->loads, race->asks);
	EXPECT(race->asks < race->loads / 2);
}
