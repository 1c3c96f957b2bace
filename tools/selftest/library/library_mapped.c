// SPDX-License-Identifier: GPL-2.0-only
/* libsyncmap: loads from a mapping say what the kernel says, and make no call */
#include <pthread.h>
#include <stddef.h>

#include "harness/stats.h"
#include "library/mapped.h"

#define VALUE_MAX	6000

/* Three ways to the same map: by calls, without any, and as programs do */
struct ways {
	struct libsyncmap	*map, *kernel, *cut, *reader;
};

static struct ways make_ways(__u32 type)
{
	struct ways ways = { .map = mapped_create("", type) };

	ways.kernel = mapped_reader(ways.map, LIBSYNCMAP_UNMAPPED);
	ways.cut = mapped_cut_reader(ways.map);
	ways.reader = mapped_reader(ways.map, 0);
	return ways;
}

static void expect_same(const struct libsyncmap_result *want,
			const struct libsyncmap_result *got_)
{
	EXPECT_EQ(want->len, got_->len);
	EXPECT_EQ(want->loaded, got_->loaded);
	EXPECT_EQ(want->revision, got_->revision);
	EXPECT_EQ(want->previous, got_->previous);
	EXPECT_EQ(want->lease_ends, got_->lease_ends);
	EXPECT_EQ(want->expired, got_->expired);
	EXPECT_EQ(want->unchanged, got_->unchanged);
	EXPECT_EQ(want->owned, got_->owned);
	EXPECT_MEM(&want->error, sizeof(want->error), &got_->error,
		   sizeof(got_->error));
	/* The clock has gone on in between */
	if (want->from_now && want->expires && want->expires != SYNCMAP_NEVER)
		EXPECT(want->expires < got_->expires &&
		       want->expires + 10000 * SECOND > got_->expires);
	else
		EXPECT_EQ(want->expires, got_->expires);
}

/* @first, and then the kernel */
static void expect_agreement(const struct libsyncmap *first,
			     const struct libsyncmap *kernel, const void *key,
			     size_t len, __u64 newer, size_t size, bool from_now)
{
	static char one[VALUE_MAX], two[VALUE_MAX];
	struct libsyncmap_result a = {
		.buffer = one, .size = size, .from_now = from_now,
	};
	struct libsyncmap_result b = {
		.buffer = two, .size = size, .from_now = from_now,
	};
	int ret = -ENOTTY;

	AWAIT((ret = libsyncmap_load_newer(first, key, len, newer, &a)) !=
	      -ENOTTY);
	EXPECT_EQ(libsyncmap_load_newer(kernel, key, len, newer, &b), ret);
	expect_same(&b, &a);
	if (!ret && size && !b.unchanged)
		EXPECT_MEM(two, b.len, one, a.len);
}

static void expect_all_agree(const struct libsyncmap *first,
			     const struct libsyncmap *kernel, const void *key,
			     size_t len)
{
	struct libsyncmap_result result = { .buffer = NULL };

	libsyncmap_load(kernel, key, len, &result);
	for (int from_now = 0; from_now < 2; from_now++) {
		expect_agreement(first, kernel, key, len, 0, 0, from_now);
		expect_agreement(first, kernel, key, len, 0, 1, from_now);
		expect_agreement(first, kernel, key, len, 0, VALUE_MAX,
				 from_now);
		expect_agreement(first, kernel, key, len, result.revision,
				 VALUE_MAX, from_now);
		expect_agreement(first, kernel, key, len, result.revision - 1,
				 VALUE_MAX, from_now);
		expect_agreement(first, kernel, key, len, result.revision - 1,
				 1, from_now);
	}
	EXPECT_EQ(libsyncmap_load(kernel, key, len, NULL),
		  mapped_load(first, key, len, NULL));
}

TEST_LIMIT(agrees_with_the_kernel, 120)
{
	static const size_t lens[] = { 0, 1, 7, 8, 9, 100, 1000, 4000 };
	struct libsyncmap_options terms = { .deadline = 0 };
	struct ways ways = make_ways(SYNCMAP_KEY_BYTES);
	char value[VALUE_MAX], key[64];

	for (size_t n = 0; n < 40; n++) {
		size_t len = lens[n % ARRAY_SIZE(lens)];

		test_context("key %zu, value of %zu bytes", n, len);
		test_text(key, n, n);
		test_text(value, len, n);
		expect_all_agree(ways.cut, ways.kernel, key, n);
		terms.deadline = n % 3 ? 0 : map_now() + 5000 * SECOND;
		EXPECT_EQ(0, libsyncmap_store_with(ways.map, key, n, value, len,
						   &terms, NULL));
		expect_all_agree(ways.cut, ways.kernel, key, n);
		if (n % 5)
			continue;
		EXPECT_EQ(0, libsyncmap_delete(ways.map, key, n, NULL));
		expect_all_agree(ways.cut, ways.kernel, key, n);
	}
}

TEST(agrees_for_integers)
{
	struct ways ways = make_ways(SYNCMAP_KEY_U64);
	uint64_t key;

	for (key = 0; key < 50; key++) {
		test_context("key %llu", (unsigned long long)key);
		expect_all_agree(ways.cut, ways.kernel, &key, 8);
		EXPECT_EQ(0, libsyncmap_store(ways.map, &key, 8, &key, 8, NULL));
		expect_all_agree(ways.cut, ways.kernel, &key, 8);
	}
	EXPECT_EQ(0, libsyncmap_clear(ways.map, 0));
	for (key = 0; key < 50; key++)
		expect_all_agree(ways.cut, ways.kernel, &key, 8);
}

/* What is not in the mapping, and keys that the map cannot have, the kernel knows */
TEST(what_is_asked_for_agrees)
{
	const struct libsyncmap_options owned = { .flags = SYNCMAP_FLAG_OWNED };
	struct ways ways = make_ways(SYNCMAP_KEY_STRING);
	struct ways numbers = make_ways(SYNCMAP_KEY_U64);
	static char value[VALUE_MAX], long_key[5000];

	memset(long_key, 'k', sizeof(long_key));
	EXPECT_EQ(0, libsyncmap_store(ways.map, "long", 4, value, VALUE_MAX,
				      NULL));
	EXPECT_EQ(0, libsyncmap_store_with(ways.map, "owned", 5, "v", 1, &owned,
					   NULL));
	expect_all_agree(ways.reader, ways.kernel, "long", 4);
	expect_all_agree(ways.reader, ways.kernel, "owned", 5);
	expect_all_agree(ways.reader, ways.kernel, "n\0l", 3);
	expect_all_agree(ways.reader, ways.kernel, long_key, sizeof(long_key));
	expect_all_agree(ways.reader, ways.kernel, "", 0);
	expect_all_agree(ways.reader, ways.kernel, NULL, 0);
	expect_all_agree(ways.reader, ways.kernel, NULL, 3);
	expect_all_agree(numbers.reader, numbers.kernel, "1234", 4);
	expect_all_agree(numbers.reader, numbers.kernel, NULL, 8);
	expect_all_agree(numbers.reader, numbers.kernel, NULL, 0);
	EXPECT_EQ(-EINVAL, libsyncmap_load(ways.reader, "n\0l", 3, NULL));
	EXPECT_EQ(-EFBIG, libsyncmap_load(ways.reader, long_key,
					  sizeof(long_key), NULL));
}

/* Who has a value keeps it, if there is none that is newer */
TEST(an_old_value_stays_in_its_buffer)
{
	struct ways ways = make_ways(SYNCMAP_KEY_STRING);
	char buffer[8] = "mine";
	struct libsyncmap_result result = {
		.buffer = buffer, .size = sizeof(buffer),
	};

	EXPECT_EQ(0, libsyncmap_store(ways.map, K, "theirs", 6, &result));
	EXPECT_EQ(0, libsyncmap_load_newer(ways.cut, K, result.revision,
					   &result));
	EXPECT(result.unchanged);
	EXPECT_EQ(0, strcmp("mine", buffer));
}

TEST(no_call_is_made)
{
	struct libsyncmap *map = mapped_create("", SYNCMAP_KEY_STRING), *cut;
	char value[8];
	struct libsyncmap_result result = {
		.buffer = value, .size = sizeof(value),
	};

	EXPECT_EQ(0, libsyncmap_store(map, K, "one", 3, NULL));
	cut = mapped_reader(map, 0);
	EXPECT_EQ(0, libsyncmap_load(cut, K, NULL));
	mapped_cut(cut);
	EXPECT_EQ(0, mapped_load(cut, K, &result));
	EXPECT_MEM("one", 3, value, result.len);
	EXPECT_EQ(0, libsyncmap_store(map, K, "two", 3, NULL));
	EXPECT_EQ(0, mapped_load(cut, K, &result));
	EXPECT_MEM("two", 3, value, result.len);
	EXPECT_EQ(0, libsyncmap_delete(map, K, NULL));
	EXPECT_EQ(-ENOENT, mapped_load(cut, K, &result));
	libsyncmap_close(cut);
	libsyncmap_close(map);
}

/* Why not, and that it is so */
static void expect_unmapped(int why, struct libsyncmap *map)
{
	EXPECT_EQ(why, libsyncmap_mapped(map));
	mapped_cut(map);
	EXPECT_EQ(-ENOTTY, libsyncmap_load(map, K, NULL));
	libsyncmap_close(map);
}

TEST(switched_off)
{
	struct libsyncmap *map = mapped_create(NAME, SYNCMAP_KEY_STRING), *other;

	EXPECT_EQ(0, libsyncmap_store(map, K, "v", 1, NULL));
	EXPECT_EQ(0, libsyncmap_mapped(map));
	expect_unmapped(-EOPNOTSUPP, mapped_reader(map, LIBSYNCMAP_UNMAPPED));
	EXPECT_EQ(0, libsyncmap_open(NAME, SYNCMAP_ACCESS_READ |
				     LIBSYNCMAP_UNMAPPED, &other));
	expect_unmapped(-EOPNOTSUPP, other);
	setenv("SYNCMAP_MAPPED", "0", 1);
	expect_unmapped(-EOPNOTSUPP, mapped_reader(map, 0));
	setenv("SYNCMAP_MAPPED", "1", 1);
	libsyncmap_close(mapped_cut_reader(map));
	EXPECT_EQ(0, libsyncmap_restrict(map, SYNCMAP_ACCESS_WRITE, &other));
	EXPECT_EQ(-EBADF, libsyncmap_load(other, K, NULL));
	expect_unmapped(-EBADF, other);
	EXPECT_EQ(0, libsyncmap_create("", SYNCMAP_KEY_STRING, NULL, 0600,
				       &other));
	expect_unmapped(-ENODEV, other);
	EXPECT_EQ(0, libsyncmap_remove(NAME));
}

static __u64 mappings(const struct libsyncmap *map)
{
	return map_stat(libsyncmap_fd(map), "mappings");
}

/* Of a process there is one, and the last who has the map open takes it along */
TEST(one_mapping)
{
	struct libsyncmap *map = mapped_create("", SYNCMAP_KEY_STRING);
	struct libsyncmap *one, *two;

	EXPECT_EQ(0, libsyncmap_store(map, K, "v", 1, NULL));
	EXPECT_EQ(0, mappings(map));
	one = mapped_reader(map, 0);
	two = mapped_reader(map, 0);
	EXPECT_EQ(0, libsyncmap_load(one, K, NULL));
	EXPECT_EQ(0, libsyncmap_load(two, K, NULL));
	EXPECT_EQ(1, mappings(map));
	libsyncmap_close(one);
	EXPECT_EQ(1, mappings(map));
	EXPECT_EQ(0, libsyncmap_load(two, K, NULL));
	libsyncmap_close(two);
	EXPECT_EQ(0, mappings(map));
	EXPECT_EQ(0, libsyncmap_load(map, K, NULL));
	EXPECT_EQ(1, mappings(map));
	libsyncmap_close(map);
}

TEST(a_private_map_goes)
{
	struct libsyncmap *map = mapped_create("", SYNCMAP_KEY_STRING);
	__u32 maps = map_system().maps;

	EXPECT_EQ(0, libsyncmap_store(map, K, "v", 1, NULL));
	EXPECT_EQ(0, libsyncmap_load(map, K, NULL));
	libsyncmap_close(map);
	AWAIT(map_system().maps < maps);
	EXPECT_EQ(maps - 1, map_system().maps);
}

/* Others that have the map open, and its mapping, keep nothing of it alive */
TEST(what_is_owned_goes_with_its_file)
{
	const struct libsyncmap_options owned = { .flags = SYNCMAP_FLAG_OWNED };
	struct libsyncmap *map = mapped_create(NAME, SYNCMAP_KEY_STRING);
	struct libsyncmap *reader = mapped_reader(map, 0), *owner;
	struct libsyncmap_result result = { .buffer = NULL };
	uint64_t token;

	EXPECT_EQ(0, libsyncmap_open(NAME, BOTH, &owner));
	EXPECT_EQ(0, libsyncmap_store_with(owner, K, "v", 1, &owned, NULL));
	EXPECT_EQ(0, libsyncmap_load_or_lease(owner, "leased", 6,
					      SYNCMAP_FLAG_NOWAIT, 0, 0, &token,
					      &result));
	EXPECT(token);
	EXPECT_EQ(0, libsyncmap_load(owner, K, NULL));
	EXPECT_EQ(0, libsyncmap_load(reader, K, NULL));
	EXPECT_EQ(0, libsyncmap_mapped(owner));
	libsyncmap_close(owner);
	EXPECT_EQ(-ENOENT, libsyncmap_load(reader, K, NULL));
	EXPECT_EQ(0, libsyncmap_load_or_lease(map, "leased", 6,
					      SYNCMAP_FLAG_NOWAIT, 0, 0, &token,
					      &result));
	EXPECT(token);
	EXPECT_EQ(0, libsyncmap_remove(NAME));
}

/* Threads */

struct crowd {
	struct libsyncmap	*map;
	bool			over;
	int			wrong;
	__u64			loads;
};

static void *load_all_the_time(void *arg)
{
	struct crowd *crowd = arg;
	uint64_t value;
	struct libsyncmap_result result = {
		.buffer = &value, .size = sizeof(value),
	};
	__u64 loads = 0;

	while (!__atomic_load_n(&crowd->over, __ATOMIC_RELAXED)) {
		uint64_t key = loads++ % 20;

		if (libsyncmap_load(crowd->map, &key, 8, &result) ||
		    value % 20 != key)
			__atomic_store_n(&crowd->wrong, 1, __ATOMIC_RELAXED);
	}
	__atomic_fetch_add(&crowd->loads, loads, __ATOMIC_RELAXED);
	return NULL;
}

/* The last one of them takes the mapping along, while others make another */
static void *open_and_close(void *arg)
{
	struct crowd *crowd = arg;
	struct libsyncmap *other;
	uint64_t key = 7;

	while (!__atomic_load_n(&crowd->over, __ATOMIC_RELAXED)) {
		if (libsyncmap_restrict(crowd->map, SYNCMAP_ACCESS_READ, &other) ||
		    libsyncmap_load(other, &key, 8, NULL))
			__atomic_store_n(&crowd->wrong, 1, __ATOMIC_RELAXED);
		libsyncmap_close(other);
	}
	return NULL;
}

static void store_numbers(const struct libsyncmap *map, uint64_t round)
{
	for (uint64_t key = 0; key < 20; key++) {
		uint64_t value = key + 20 * round;

		EXPECT_EQ(0, libsyncmap_store(map, &key, 8, &value, 8, NULL));
	}
}

static void run_crowd(void *(*first)(void *arg), void *(*second)(void *arg))
{
	struct crowd crowd = { .map = mapped_create("", SYNCMAP_KEY_U64) };
	pthread_t threads[6];
	size_t i;

	store_numbers(crowd.map, 0);
	for (i = 0; i < ARRAY_SIZE(threads); i++)
		ASSERT_EQ(0, pthread_create(&threads[i], NULL,
					    i % 2 ? first : second, &crowd));
	for (i = 0; i < test_times(2000); i++)
		store_numbers(crowd.map, i);
	__atomic_store_n(&crowd.over, true, __ATOMIC_RELAXED);
	for (i = 0; i < ARRAY_SIZE(threads); i++)
		ASSERT_EQ(0, pthread_join(threads[i], NULL));
	EXPECT(!crowd.wrong);
	test_note("%llu loads", crowd.loads);
	libsyncmap_close(crowd.map);
}

TEST_LIMIT(threads_with_one_map, 120)
{
	run_crowd(load_all_the_time, load_all_the_time);
}

TEST_LIMIT(threads_that_open_and_close, 120)
{
	run_crowd(load_all_the_time, open_and_close);
}

TEST_LIMIT(threads_that_only_open_and_close, 120)
{
	run_crowd(open_and_close, open_and_close);
}
