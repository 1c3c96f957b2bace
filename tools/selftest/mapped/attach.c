// SPDX-License-Identifier: GPL-2.0-only
/* A mirror that a map is given when it is in use, and that is taken from it */
#include <stddef.h>
#include <sys/mman.h>
#include <unistd.h>

#include "harness/map.h"
#include "syncmap_mapped.h"

static struct syncmap_mapped mapped;
static struct syncmap_mapped_result result;

static int set(int fd, struct syncmap_set arg)
{
	int ret = map_call(fd, SYNCMAP_SET, &arg);

	EXPECT_EQ(ret, arg.error.status);
	return ret;
}

#define SET(fd, ...)	set(fd, (struct syncmap_set){ __VA_ARGS__ })

static __u64 map_mirror(int fd)
{
	__u64 size = map_info(fd).mapped;
	void *base = mmap(NULL, size, PROT_READ, MAP_SHARED, fd, 0);

	ASSERT(base != MAP_FAILED);
	ASSERT_EQ(0, syncmap_mapped_attach(&mapped, base, size));
	return size;
}

/* Return: the length, an error, or SYNCMAP_MAPPED_ASK */
static int look(__u64 key, __u64 *value)
{
	int ret = syncmap_mapped_load_u64(&mapped, key, value, sizeof(*value),
					  &result);

	return ret ?: (int)result.len;
}

static unsigned int count_asked(__u64 keys)
{
	unsigned int asked = 0;
	__u64 key, value;
	int ret;

	for (key = 0; key < keys; key++) {
		ret = look(key, &value);
		if (ret == SYNCMAP_MAPPED_ASK) {
			asked++;
			continue;
		}
		EXPECT_EQ(8, ret);
		EXPECT_EQ(key, value);
	}
	return asked;
}

/* But for a few that have spilled */
static void expect_seen(__u64 keys)
{
	unsigned int asked;
	__u64 value;

	AWAIT(look(0, &value) != SYNCMAP_MAPPED_ASK);
	AWAIT((asked = count_asked(keys)) <= keys / 100);
	EXPECT(asked <= keys / 100);
}

#define KEYS	5000

/* Its descriptor is older than the mirror, and so is what is in the map */
TEST_LIMIT(given_later, 60)
{
	int fd = map_private(SYNCMAP_KEY_U64);
	__u64 size, key, value;

	map_fill(fd, 0, KEYS);
	EXPECT_EQ(0, map_info(fd).mapped);
	EXPECT_EQ(0, SET(fd, .flags = SYNCMAP_SET_MAPPED));
	size = map_mirror(fd);
	expect_seen(KEYS);
	EXPECT_EQ(-ENOENT, look(KEYS, &value));
	EXPECT_EQ(0, SET(fd, .flags = SYNCMAP_SET_MAPPED));
	EXPECT_EQ(size, map_info(fd).mapped);
	EXPECT_EQ(0, SET(fd, .flags = SYNCMAP_SET_UNMAPPED));
	EXPECT_EQ(0, map_info(fd).mapped);
	EXPECT(mmap(NULL, size, PROT_READ, MAP_SHARED, fd, 0) == MAP_FAILED);
	EXPECT_EQ(ENODEV, errno);
	/* What is mapped stays so, and says nothing */
	AWAIT(count_asked(KEYS) == KEYS);
	EXPECT_EQ(KEYS, count_asked(KEYS));
	for (key = 0; key < KEYS; key += 7)
		EXPECT_EQ(0, DO(fd, STORE, KEY_N(&key, 8), VALUE_N(&key, 8)));
	EXPECT_EQ(0, SET(fd, .flags = SYNCMAP_SET_UNMAPPED));
	EXPECT_EQ(0, SET(fd, .flags = SYNCMAP_SET_MAPPED));
	EXPECT_EQ(size, map_info(fd).mapped);
	expect_seen(KEYS);
}

TEST(bad_sets)
{
	int fd = map_private(SYNCMAP_KEY_U64);
	struct syncmap_set arg = {
		.flags = SYNCMAP_SET_MAPPED | SYNCMAP_SET_UNMAPPED,
	};
	struct syncmap_restrict less = {
		.access = SYNCMAP_ACCESS_READ | SYNCMAP_ACCESS_WRITE,
	};

	EXPECT_EQ(-EINVAL, map_call(fd, SYNCMAP_SET, &arg));
	EXPECT_EQ(offsetof(struct syncmap_set, flags), arg.error.field);
	EXPECT_EQ(0, map_info(fd).mapped);
	EXPECT_EQ(0, SET(fd, .flags = SYNCMAP_SET_UNMAPPED));
	ASSERT_EQ(0, map_call(fd, SYNCMAP_RESTRICT, &less));
	EXPECT_EQ(-EBADF, SET(less.fd, .flags = SYNCMAP_SET_MAPPED));
	EXPECT_EQ(0, map_info(fd).mapped);
}

/* It is as large as what the same call allows */
TEST(limits)
{
	int fd = map_private(SYNCMAP_KEY_U64), other = map_private(SYNCMAP_KEY_U64);
	__u64 size;

	EXPECT_EQ(0, SET(fd, .flags = SYNCMAP_SET_ENTRIES | SYNCMAP_SET_BYTES,
			 .entries = 100, .bytes = 100000));
	EXPECT_EQ(0, SET(fd, .flags = SYNCMAP_SET_MAPPED));
	EXPECT_EQ(0, SET(other, .flags = SYNCMAP_SET_ENTRIES |
			 SYNCMAP_SET_BYTES | SYNCMAP_SET_MAPPED,
			 .entries = 100, .bytes = 100000));
	size = map_info(fd).mapped;
	EXPECT_EQ(size, map_info(other).mapped);
	EXPECT_EQ(0, SET(fd, .flags = SYNCMAP_SET_ENTRIES | SYNCMAP_SET_BYTES |
			 SYNCMAP_SET_MAPPED));
	EXPECT_EQ(size, map_info(fd).mapped);
	map_mirror(fd);
	map_fill(fd, 0, KEYS);
	EXPECT(count_asked(KEYS));
}

TEST(frozen)
{
	int fd = map_private(SYNCMAP_KEY_U64);
	struct syncmap_freeze freeze = { };

	map_fill(fd, 0, 100);
	EXPECT_EQ(0, map_call(fd, SYNCMAP_FREEZE, &freeze));
	EXPECT_EQ(0, SET(fd, .flags = SYNCMAP_SET_MAPPED));
	map_mirror(fd);
	expect_seen(100);
}

struct race {
	int		fd;
	bool		over, mapped;
	__u64		keys;
	__u64		loads, asks;
};

static __u64 now_in_map(const struct race *race, __u64 key)
{
	__u64 value = 0;

	DO(race->fd, LOAD, KEY_N(&key, 8), OUT_N(&value, 8));
	return value;
}

/* By the mapping, or if that does not tell, from the kernel. 0: it is absent */
static __u64 load(struct race *race, __u64 key)
{
	__u64 value = 0;
	int ret = look(key, &value);

	race->loads++;
	if (ret != SYNCMAP_MAPPED_ASK)
		return ret == 8 ? value : 0;
	race->asks++;
	return now_in_map(race, key);
}

/* Some of the loads while all changes need not ask, when it has come to rest */
static void await_answers(const struct race *race)
{
	AWAIT(__atomic_load_n(&race->loads, __ATOMIC_RELAXED) >
	      __atomic_load_n(&race->asks, __ATOMIC_RELAXED) + 1);
}

/* Of what only grows, nobody finds less than was there before */
static void read_up(int n, void *arg)
{
	struct race *race = arg;
	__u64 key, first, then, last;

	(void)n;
	map_mirror(race->fd);
	__atomic_store_n(&race->mapped, true, __ATOMIC_RELAXED);
	while (!__atomic_load_n(&race->over, __ATOMIC_RELAXED) &&
	       !test_failed()) {
		key = test_random() % race->keys;
		first = load(race, key);
		then = now_in_map(race, key);
		last = load(race, key);
		EXPECT(first <= then);
		EXPECT(then <= last);
	}
}

static void write_up(int n, void *arg)
{
	struct race *race = arg;
	__u64 key;

	(void)n;
	while (!__atomic_load_n(&race->over, __ATOMIC_RELAXED)) {
		key = test_random() % race->keys;
		EXPECT_EQ(0, DO(race->fd, ADD, KEY_N(&key, 8), .operand = 1,
				.initial = 1, .flags = SYNCMAP_FLAG_INITIAL));
	}
}

static void come_and_go(struct race *race)
{
	unsigned int i;

	AWAIT(__atomic_load_n(&race->mapped, __ATOMIC_RELAXED));
	for (i = 0; i < test_times(150); i++) {
		EXPECT_EQ(0, SET(race->fd, .flags = SYNCMAP_SET_UNMAPPED));
		usleep(test_random() % 20000);
		EXPECT_EQ(0, SET(race->fd, .flags = SYNCMAP_SET_MAPPED));
		usleep(test_random() % 40000);
	}
}

TEST_LIMIT(nobody_goes_back_meanwhile, 120)
{
	struct race *race = test_shared(sizeof(*race));
	pid_t reader, writer[2];
	__u64 key, one = 1;

	race->fd = map_private(SYNCMAP_KEY_U64);
	race->keys = 500;
	for (key = 0; key < race->keys; key++)
		EXPECT_EQ(0, DO(race->fd, STORE, KEY_N(&key, 8),
				VALUE_N(&one, 8)));
	EXPECT_EQ(0, SET(race->fd, .flags = SYNCMAP_SET_MAPPED));
	for (int i = 0; i < 2; i++)
		writer[i] = test_fork(write_up, i, race);
	reader = test_fork(read_up, 0, race);
	come_and_go(race);
	await_answers(race);
	__atomic_store_n(&race->over, true, __ATOMIC_RELAXED);
	for (int i = 0; i < 2; i++)
		test_wait(writer[i]);
	test_wait(reader);
	test_note("%llu loads, %llu asked", race->loads, race->asks);
	EXPECT(race->loads > race->asks);
}

/* Loads of what was stored before, while the index becomes another one again and again */
static void load_while_it_grows(int n, void *arg)
{
	struct race *race = arg;
	__u64 key, stored;

	(void)n;
	map_mirror(race->fd);
	while (!__atomic_load_n(&race->over, __ATOMIC_RELAXED) &&
	       !test_failed()) {
		stored = __atomic_load_n(&race->keys, __ATOMIC_ACQUIRE);
		if (!stored)
			continue;
		key = test_random() % stored;
		EXPECT_EQ(key, load(race, key));
	}
}

TEST_LIMIT(few_ask_while_it_grows, 120)
{
	struct race *race = test_shared(sizeof(*race));
	__u64 key, keys = test_times(65536);
	pid_t reader;

	race->fd = map_private(SYNCMAP_KEY_U64);
	EXPECT_EQ(0, SET(race->fd, .flags = SYNCMAP_SET_MAPPED));
	reader = test_fork(load_while_it_grows, 0, race);
	for (key = 0; key < keys; key++) {
		EXPECT_EQ(0, DO(race->fd, STORE, KEY_N(&key, 8),
				VALUE_N(&key, 8)));
		__atomic_store_n(&race->keys, key + 1, __ATOMIC_RELEASE);
	}
	await_answers(race);
	__atomic_store_n(&race->over, true, __ATOMIC_RELAXED);
	test_wait(reader);
	test_note("%llu of %llu loads asked", race->asks, race->loads);
	EXPECT(race->loads > race->asks);
	/* When nothing comes any more, it has grown as far as it had to */
	map_mirror(race->fd);
	expect_seen(keys);
}
