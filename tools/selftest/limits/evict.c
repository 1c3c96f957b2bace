// SPDX-License-Identifier: GPL-2.0-only
/* Maps that make room by themselves, and what stays in them */
#include <stddef.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness/map.h"
#include "harness/record.h"
#include "harness/stats.h"
#include "harness/watcher.h"
#include "syncmap_mapped.h"

#define ENTRIES	1000ULL
#define HOUR	(3600 * SECOND)
#define PAST	1ULL

static int create(struct syncmap_create params)
{
	params.flags |= SYNCMAP_CREATE_EVICT;
	params.mode = 0600;
	ASSERT_EQ(0, map_call(map_control(), SYNCMAP_CREATE, &params));
	return params.fd;
}

static int make(__u64 entries, __u32 flags)
{
	return create((struct syncmap_create){
		.key_type = SYNCMAP_KEY_U64, .flags = flags,
		.limits.entries = entries,
	});
}

static int store(int fd, __u64 key, __u32 flags)
{
	return DO(fd, STORE, KEY_N(&key, 8), VALUE_N(&key, 8), .flags = flags);
}

static void fill(int fd, __u64 from, __u64 to)
{
	for (; from < to; from++)
		ASSERT_EQ(0, store(fd, from, 0));
}

static bool has(int fd, __u64 key)
{
	__u64 value = ~key;
	int ret = DO(fd, LOAD, KEY_N(&key, 8), OUT_N(&value, 8));

	if (ret)
		EXPECT_EQ(-ENOENT, ret);
	else
		EXPECT_EQ(key, value);
	return !ret;
}

static __u64 count_there(int fd, __u64 from, __u64 to)
{
	__u64 n = 0;

	for (; from < to; from++)
		n += has(fd, from);
	return n;
}

/* The limit is exact, and what is stored is there */
TEST(never_full)
{
	int fd = make(ENTRIES, 0);
	__u64 key;

	EXPECT(map_info(fd).state & SYNCMAP_MAP_EVICTS);
	for (key = 0; key < 5 * ENTRIES; key++) {
		ASSERT_EQ(0, store(fd, key, 0));
		ASSERT(has(fd, key));
		ASSERT(map_count(fd) <= ENTRIES);
	}
	EXPECT(map_count(fd) > ENTRIES - 200);
	EXPECT_EQ(5 * ENTRIES, map_stat(fd, "evicted") + map_count(fd));
	EXPECT_EQ(map_count(fd), count_there(fd, 0, 5 * ENTRIES));
	EXPECT_EQ(0, map_stat(fd, "rejected"));
}

/* What the statistics tell of it adds up */
TEST(ages)
{
	int fd = make(ENTRIES, 0);
	struct stats stats;
	__u64 sum = 0;

	fill(fd, 0, 3 * ENTRIES);
	stats = stats_get(fd);
	for (__u32 i = 0; i < 16; i++)
		sum += stats_at(&stats, "evicted_age", i);
	EXPECT_EQ(stats_of(&stats, "evicted"), sum);
	EXPECT(map_stat(fd, "evict_bytes") <= 8 * ENTRIES + 4096);
}

/* Those that are loaded again and again stay, whatever comes */
TEST(what_is_used_stays)
{
	int fd = make(ENTRIES, 0);
	__u64 key, used = ENTRIES / 4, missed = 0;

	for (key = 0; key < 20 * ENTRIES; key++) {
		ASSERT_EQ(0, store(fd, used + key, 0));
		if (!has(fd, key % used)) {
			ASSERT_EQ(0, store(fd, key % used, 0));
			missed += key > 4 * ENTRIES;
		}
	}
	test_note("%llu of %llu were missed", missed, 16 * ENTRIES);
	EXPECT(missed < ENTRIES);
}

/* Who comes back soon is known */
TEST(evicted_early)
{
	int fd = make(ENTRIES, 0);

	for (int round = 0; round < 5; round++)
		fill(fd, 0, ENTRIES + ENTRIES / 2);
	EXPECT(map_stat(fd, "evicted_early"));
	EXPECT(map_stat(fd, "evicted_early") <= map_stat(fd, "evicted"));
}

TEST(bytes)
{
	static char text[100000];
	int fd = create((struct syncmap_create){
		.key_type = SYNCMAP_KEY_U64,
		.limits = { .entries = 100000, .bytes = 1000000,
			    .value_size = sizeof(text) },
	});
	__u64 key;

	fill(fd, 0, 20000);
	EXPECT(map_info(fd).bytes <= 1000000);
	EXPECT(map_info(fd).bytes > 980000);
	/* One that is large takes the place of many */
	for (key = 100000; key < 100020; key++) {
		ASSERT_EQ(0, DO(fd, STORE, KEY_N(&key, 8),
				VALUE_N(text, sizeof(text))));
		ASSERT_EQ(0, DO(fd, LOAD, KEY_N(&key, 8)));
		ASSERT(map_info(fd).bytes <= 1000000);
	}
}

/* For what is too much in any case nothing goes */
TEST(too_large)
{
	static char text[100000];
	int fd = create((struct syncmap_create){
		.key_type = SYNCMAP_KEY_U64,
		.limits = { .bytes = sizeof(text), .value_size = sizeof(text) },
	});
	__u64 key = 1000;

	fill(fd, 0, 100);
	EXPECT_EQ(-ENOSPC, DO(fd, STORE, KEY_N(&key, 8),
			      VALUE_N(text, sizeof(text))));
	EXPECT_EQ(SYNCMAP_LIMITED_BYTES, got.error.limited);
	EXPECT_EQ(100, map_count(fd));
}

/* Nor for what becomes too much, though the rest would be less than that */
TEST(grows_too_large)
{
	static char text[6000];
	int fd = create((struct syncmap_create){
		.key_type = SYNCMAP_KEY_U64, .limits.bytes = 10000,
	});
	__u64 key = 1000;

	fill(fd, 0, 10);
	EXPECT_EQ(0, DO(fd, APPEND, KEY_N(&key, 8), VALUE_N(text, sizeof(text))));
	EXPECT_EQ(-ENOSPC, DO(fd, APPEND, KEY_N(&key, 8),
			      VALUE_N(text, sizeof(text))));
	EXPECT_EQ(SYNCMAP_LIMITED_BYTES, got.error.limited);
	EXPECT_EQ(11, map_count(fd));
}

/* However few there are, and however much they are used */
TEST(few)
{
	int fd = make(3, 0);

	for (__u64 key = 0; key < 100; key++) {
		ASSERT_EQ(0, store(fd, key, 0));
		for (int i = 0; i < 5; i++)
			ASSERT(has(fd, key));
	}
	EXPECT_EQ(3, map_count(fd));
	EXPECT_EQ(97, map_stat(fd, "evicted"));
}

/* What must not go */
TEST(what_stays)
{
	int fd = make(ENTRIES, 0);
	__u64 key, leased, part = ENTRIES / 4;

	for (key = 0; key < part; key++) {
		leased = 2 * part + key;
		ASSERT_EQ(0, store(fd, key, SYNCMAP_FLAG_KEEP));
		ASSERT_EQ(0, store(fd, part + key, SYNCMAP_FLAG_OWNED));
		ASSERT_EQ(0, DO(fd, LOAD_OR_LEASE, KEY_N(&leased, 8),
				.flags = SYNCMAP_FLAG_NOWAIT));
	}
	fill(fd, 10 * ENTRIES, 20 * ENTRIES);
	EXPECT_EQ(2 * part, count_there(fd, 0, 2 * part));
	EXPECT_EQ(part, map_stat(fd, "leases"));
	EXPECT(map_count(fd) + map_stat(fd, "leases") <= ENTRIES);
}

/* If all stays, that is the answer; and none when one of them may go */
TEST(nothing_can_go)
{
	int fd = make(ENTRIES, 0);
	__u64 key;

	for (key = 0; key < ENTRIES; key++)
		ASSERT_EQ(0, store(fd, key, key % 2 ? SYNCMAP_FLAG_KEEP :
						      SYNCMAP_FLAG_OWNED));
	EXPECT_EQ(-ENOSPC, store(fd, ENTRIES, 0));
	EXPECT_EQ(SYNCMAP_LIMITED_ENTRIES, got.error.limited);
	EXPECT_EQ(ENTRIES, map_count(fd));
	/* Stored anew without the flag */
	EXPECT_EQ(0, store(fd, 1, 0));
	for (key = ENTRIES; key < ENTRIES + 20; key++)
		EXPECT_EQ(0, store(fd, key, 0));
	EXPECT_EQ(ENTRIES, map_count(fd));
	EXPECT_EQ(ENTRIES - 1, count_there(fd, 0, ENTRIES));
	/* And again with it */
	EXPECT_EQ(0, store(fd, key - 1, SYNCMAP_FLAG_KEEP));
	EXPECT_EQ(-ENOSPC, store(fd, key, 0));
	EXPECT_EQ(0, map_stat(fd, "reclaimed"));
}

/* Long values are replaced, not overwritten, and numbers change */
TEST(kept_as_it_was)
{
	static char text[1000];
	int fd = make(10, 0);
	__u64 key = 1, one = 1;

	EXPECT_EQ(0, DO(fd, STORE, KEY_N(&key, 8), VALUE_N(text, sizeof(text)),
			.flags = SYNCMAP_FLAG_KEEP));
	EXPECT_EQ(0, DO(fd, TOUCH, KEY_N(&key, 8), .deadline = map_now() + HOUR));
	EXPECT_EQ(0, DO(fd, APPEND, KEY_N(&key, 8), VALUE_N(text, 500)));
	key = 2;
	EXPECT_EQ(0, DO(fd, STORE, KEY_N(&key, 8), VALUE_N(&one, 8),
			.flags = SYNCMAP_FLAG_KEEP));
	EXPECT_EQ(0, DO(fd, ADD, KEY_N(&key, 8), .operand = 1));
	fill(fd, 100, 1100);
	key = 1;
	EXPECT_EQ(0, DO(fd, LOAD, KEY_N(&key, 8)));
	EXPECT_EQ(1500, got.out_len);
	key = 2;
	EXPECT_EQ(0, DO(fd, LOAD, KEY_N(&key, 8)));
	map_clear(fd);
	EXPECT_EQ(0, map_count(fd));
	fill(fd, 0, 1000);
	EXPECT_EQ(0, map_stat(fd, "rejected"));
}

TEST(keep_where_it_has_no_sense)
{
	int fd = map_private(SYNCMAP_KEY_U64);
	__u64 key = 1;

	EXPECT_EQ(-EOPNOTSUPP, DO(fd, LOAD, KEY_N(&key, 8),
				  .flags = SYNCMAP_FLAG_KEEP));
	EXPECT_EQ(-EOPNOTSUPP, DO(fd, DELETE, KEY_N(&key, 8),
				  .flags = SYNCMAP_FLAG_KEEP));
	EXPECT_EQ(0, store(fd, 1, SYNCMAP_FLAG_KEEP));
	EXPECT_EQ(0, store(fd, 1, 0));
}

/* What has expired goes before anything else */
TEST(expired_first)
{
	int fd = create((struct syncmap_create){
		.key_type = SYNCMAP_KEY_U64, .stale = HOUR,
		.limits.entries = ENTRIES,
	});
	__u64 key;

	for (key = 0; key < ENTRIES; key++)
		ASSERT_EQ(0, DO(fd, STORE, KEY_N(&key, 8), VALUE_N(&key, 8),
				.deadline = key % 2 ? PAST : map_now() + HOUR));
	fill(fd, ENTRIES, ENTRIES + ENTRIES / 2);
	EXPECT_EQ(0, map_stat(fd, "evicted"));
	map_expect_stat(fd, "count", ENTRIES);
	EXPECT_EQ(0, store(fd, 2 * ENTRIES, 0));
	EXPECT(map_stat(fd, "evicted"));
}

static int set(int fd, __u32 flags, __u64 entries)
{
	struct syncmap_set arg = { .flags = flags, .entries = entries };

	return map_call(fd, SYNCMAP_SET, &arg);
}

TEST(set_later)
{
	int fd = map_limited(SYNCMAP_KEY_U64,
			     (struct syncmap_limits){ .entries = ENTRIES });
	struct syncmap_set both = {
		.flags = SYNCMAP_SET_EVICT | SYNCMAP_SET_NO_EVICT,
	};

	fill(fd, 0, ENTRIES);
	EXPECT_EQ(-ENOSPC, store(fd, ENTRIES, 0));
	EXPECT_EQ(-EINVAL, map_call(fd, SYNCMAP_SET, &both));
	EXPECT_EQ(offsetof(struct syncmap_set, flags), both.error.field);
	EXPECT(!(map_info(fd).state & SYNCMAP_MAP_EVICTS));
	EXPECT_EQ(0, set(fd, SYNCMAP_SET_EVICT, 0));
	EXPECT(map_info(fd).state & SYNCMAP_MAP_EVICTS);
	fill(fd, ENTRIES, 2 * ENTRIES);
	/* A limit that is less is kept with the next store */
	EXPECT_EQ(0, set(fd, SYNCMAP_SET_ENTRIES, ENTRIES / 10));
	EXPECT_EQ(0, store(fd, 0, 0));
	fill(fd, 3 * ENTRIES, 3 * ENTRIES + 100);
	EXPECT(map_count(fd) <= ENTRIES / 10);
	EXPECT_EQ(0, set(fd, SYNCMAP_SET_NO_EVICT, 0));
	fill(fd, 5 * ENTRIES, 5 * ENTRIES + ENTRIES / 10 - map_count(fd));
	EXPECT_EQ(-ENOSPC, store(fd, 6 * ENTRIES, 0));
}

/* Each is told, once, with a revision of its own */
TEST(watchers_hear)
{
	int fd = make(100, 0);
	struct watcher watcher = watcher_open(fd, .flags = 0);
	const struct syncmap_record *record;
	__u64 key, last = 0, evicted = 0, stored = 0;
	bool there[300] = {};

	fill(fd, 0, 300);
	while (stored < 300 || evicted < map_stat(fd, "evicted")) {
		record = watcher_next(&watcher);
		ASSERT(record);
		EXPECT(record->revision > last);
		last = record->revision;
		memcpy(&key, record_key(record), sizeof(key));
		if (record->type == SYNCMAP_RECORD_STORE) {
			EXPECT(!there[key]);
			there[key] = true;
			stored++;
			continue;
		}
		EXPECT_EQ(SYNCMAP_RECORD_DELETE, record->type);
		EXPECT_EQ(SYNCMAP_REASON_EVICTED, record->reason);
		EXPECT(there[key]);
		there[key] = false;
		evicted++;
	}
	for (key = 0; key < 300; key++)
		EXPECT_EQ(there[key], has(fd, key));
}

static struct syncmap_mapped mapped;

static int look(__u64 key)
{
	struct syncmap_mapped_result result;
	__u64 value = ~key;
	int ret = syncmap_mapped_load_u64(&mapped, key, &value, 8, &result);

	EXPECT(ret || value == key);
	return ret;
}

static __u64 count_asked(__u64 from, __u64 to)
{
	__u64 n = 0;

	for (; from < to; from++)
		n += look(from) == SYNCMAP_MAPPED_ASK;
	return n;
}

/* Who has it mapped does not find what has gone */
TEST(mapped)
{
	int fd = make(ENTRIES, SYNCMAP_CREATE_MAPPED), ret;
	__u64 size = map_info(fd).mapped, key, asked;
	void *base = mmap(NULL, size, PROT_READ, MAP_SHARED, fd, 0);

	ASSERT(base != MAP_FAILED);
	ASSERT_EQ(0, syncmap_mapped_attach(&mapped, base, size));
	fill(fd, 0, 5 * ENTRIES);
	AWAIT((asked = count_asked(0, 5 * ENTRIES)) < ENTRIES);
	EXPECT(asked < ENTRIES);
	for (key = 0; key < 5 * ENTRIES; key++) {
		ret = look(key);
		if (ret != SYNCMAP_MAPPED_ASK)
			EXPECT_EQ(has(fd, key), !ret);
	}
}

TEST(frozen)
{
	int fd = make(100, 0);
	struct syncmap_freeze freeze = { };
	__u64 count;

	fill(fd, 0, 200);
	EXPECT_EQ(0, map_call(fd, SYNCMAP_FREEZE, &freeze));
	count = map_count(fd);
	EXPECT_EQ(-EROFS, store(fd, 1000, 0));
	test_write("/proc/sys/vm/drop_caches", "2");
	EXPECT_EQ(count, map_count(fd));
}

/* When memory is short, the map gives of what it has */
TEST(shrinker)
{
	int fd = make(100000, 0), other = map_private(SYNCMAP_KEY_U64);

	fill(fd, 0, 20000);
	fill(other, 0, 1000);
	test_write("/proc/sys/vm/drop_caches", "2");
	EXPECT(map_count(fd) < 20000);
	EXPECT_EQ(20000, map_count(fd) + map_stat(fd, "evicted"));
	EXPECT_EQ(1000, map_count(other));
}

#define CGROUP	"/sys/fs/cgroup/"

static void store_much(int n, void *arg)
{
	static char text[10000];
	int fd = *(int *)arg;

	(void)n;
	test_write(CGROUP "evict/cgroup.procs", "0");
	ASSERT_EQ(0, mlockall(MCL_CURRENT | MCL_FUTURE));
	for (__u64 key = 0; key < 5000; key++)
		ASSERT_EQ(0, DO(fd, STORE, KEY_N(&key, 8),
				VALUE_N(text, sizeof(text))));
}

/* Its limits are higher than what the cgroup may have */
TEST_LIMIT(memory_of_a_cgroup, 120)
{
	int fd = make(100000, 0);

	test_try_write(CGROUP "cgroup.subtree_control", "+memory");
	mkdir(CGROUP "evict", 0755);
	if (!test_try_write(CGROUP "evict/memory.max", "16M"))
		test_skip("no memory controller at " CGROUP);
	test_wait(test_fork(store_much, 0, &fd));
	EXPECT(map_stat(fd, "evicted") > 3000);
	EXPECT_EQ(5000, map_count(fd) + map_stat(fd, "evicted"));
	map_clear(fd);
	EXPECT_EQ(0, rmdir(CGROUP "evict"));
}

struct crowd {
	int	fd;
	__u64	keys;
};

static void use_a_lot(int n, void *arg)
{
	struct crowd *crowd = arg;
	__u64 key, value;

	(void)n;
	for (unsigned int i = 0; i < test_times(30000); i++) {
		key = test_random() % crowd->keys;
		value = key;
		switch (test_random() % 8) {
		case 0:
			DO(crowd->fd, DELETE, KEY_N(&key, 8));
			break;
		case 1:
			EXPECT_EQ(0, DO(crowd->fd, STORE, KEY_N(&key, 8),
					VALUE_N(&value, 8),
					.deadline = map_now() + MS));
			break;
		case 2:
			EXPECT_EQ(0, DO(crowd->fd, LOAD_OR_STORE, KEY_N(&key, 8),
					VALUE_N(&value, 8)));
			break;
		case 3:
			EXPECT_EQ(0, store(crowd->fd, key, 0));
			break;
		default:
			has(crowd->fd, key);
		}
	}
}

/* Whatever they do at the same time, the counts are right */
TEST_LIMIT(many_at_once, 120)
{
	struct crowd crowd = { .fd = make(500, SYNCMAP_CREATE_MAPPED), .keys = 2000 };

	test_parallel(4, use_a_lot, &crowd);
	/* What is to expire does so before it is counted, twice */
	map_expect_stat(crowd.fd, "expiring", 0);
	EXPECT(map_count(crowd.fd) <= 500);
	EXPECT(map_stat(crowd.fd, "evicted"));
	EXPECT_EQ(0, map_stat(crowd.fd, "rejected"));
	EXPECT_EQ(map_count(crowd.fd), count_there(crowd.fd, 0, crowd.keys));
	map_clear(crowd.fd);
	map_expect_bytes(crowd.fd, 0);
	fill(crowd.fd, 0, 500);
	EXPECT_EQ(500, map_count(crowd.fd));
}
