// SPDX-License-Identifier: GPL-2.0-only
/* SYNCMAP_SET: what a map is changes, what is in it stays */
#include <grp.h>
#include <stddef.h>
#include <unistd.h>

#include "harness/map.h"
#include "harness/stats.h"

#define NAME	TEST_NAME "set"
#define OWNER	1001
#define GROUP	2001
#define OTHER	1002

static int set(int fd, struct syncmap_set arg)
{
	int ret = map_call(fd, SYNCMAP_SET, &arg);

	EXPECT_EQ(ret, arg.error.status);
	return ret;
}

#define SET(fd, ...)	set(fd, (struct syncmap_set){ __VA_ARGS__ })

/* Each field alone: nothing else changes */
TEST(one_at_a_time)
{
	static const struct syncmap_set sets[] = {
		{ .flags = SYNCMAP_SET_MODE, .mode = 0640 },
		{ .flags = SYNCMAP_SET_GROUP, .gid = 7 },
		{ .flags = SYNCMAP_SET_VALUE_KIND,
		  .value_kind = SYNCMAP_VALUE_JSON },
		{ .flags = SYNCMAP_SET_ENTRIES, .entries = 10 },
		{ .flags = SYNCMAP_SET_BYTES, .bytes = 100000 },
		{ .flags = SYNCMAP_SET_TTL, .ttl = SECOND },
		{ .flags = SYNCMAP_SET_STALE, .stale = 2 * SECOND },
	};

	for (size_t i = 0; i < ARRAY_SIZE(sets); i++) {
		int fd = map_private(SYNCMAP_KEY_STRING);
		struct syncmap_map_info want = map_info(fd), info;

		test_context("flags %#x", sets[i].flags);
		EXPECT_EQ(0, set(fd, sets[i]));
		want.mode = sets[i].mode ?: want.mode;
		want.gid = sets[i].gid ?: want.gid;
		want.value_kind = sets[i].value_kind;
		want.limits.entries = sets[i].entries ?: want.limits.entries;
		want.limits.bytes = sets[i].bytes ?: want.limits.bytes;
		want.ttl = sets[i].ttl;
		want.stale = sets[i].stale;
		info = map_info(fd);
		EXPECT_MEM(&want, sizeof(want), &info, sizeof(info));
	}
}

TEST(all_at_once)
{
	struct syncmap_info system = map_system();
	int fd = map_private(SYNCMAP_KEY_STRING);
	struct syncmap_map_info info;

	EXPECT_EQ(0, SET(fd, .flags = 0x7f, .mode = 0466, .gid = 8,
			 .value_kind = SYNCMAP_VALUE_TEXT, .entries = 11,
			 .bytes = 12000, .ttl = 13, .stale = 14));
	info = map_info(fd);
	EXPECT_EQ(0466, info.mode);
	EXPECT_EQ(8, info.gid);
	EXPECT_EQ(SYNCMAP_VALUE_TEXT, info.value_kind);
	EXPECT_EQ(11, info.limits.entries);
	EXPECT_EQ(12000, info.limits.bytes);
	EXPECT_EQ(13, info.ttl);
	EXPECT_EQ(14, info.stale);
	test_context("zero is a default");
	EXPECT_EQ(0, SET(fd, .flags = 0x7f));
	info = map_info(fd);
	EXPECT_EQ(0, info.mode);
	EXPECT_EQ(0, info.gid);
	EXPECT_EQ(system.defaults.entries, info.limits.entries);
	EXPECT_EQ(system.defaults.bytes, info.limits.bytes);
	EXPECT_EQ(0, info.ttl | info.stale);
}

/* With exactly one thing wrong, nothing changes of what is right */
TEST(bad_sets)
{
	struct syncmap_limits max = map_system().max;
	const struct {
		int			err;
		size_t			field;
		struct syncmap_set	add;	/* to what is right */
	} cases[] = {
#define AT(member)	offsetof(struct syncmap_set, member)
		{ -EINVAL, AT(mode), { .mode = 0100 } },
		{ -EINVAL, AT(mode), { .mode = 1U << 31 } },
		{ -EINVAL, AT(gid), { .gid = 1 } },
		{ -EINVAL, AT(gid), { SYNCMAP_SET_GROUP, .gid = ~0U } },
		{ -EINVAL, AT(value_kind), { .value_kind = 1 } },
		{ -EOPNOTSUPP, AT(value_kind),
		  { SYNCMAP_SET_VALUE_KIND, .value_kind = 5 } },
		{ -EINVAL, AT(entries), { .entries = 1 } },
		{ -EINVAL, AT(entries),
		  { SYNCMAP_SET_ENTRIES, .entries = max.entries + 1 } },
		{ -EINVAL, AT(bytes), { .bytes = 1 } },
		{ -EINVAL, AT(bytes),
		  { SYNCMAP_SET_BYTES, .bytes = max.bytes + 1 } },
		{ -EINVAL, AT(ttl), { .ttl = 1 } },
		{ -EINVAL, AT(stale), { .stale = 1 } },
	};
	int fd = map_private(SYNCMAP_KEY_STRING);
	struct syncmap_map_info before = map_info(fd), info;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct syncmap_set arg = cases[i].add;

		test_context("case %zu", i);
		arg.flags |= SYNCMAP_SET_MODE;
		arg.mode |= 0640;
		EXPECT_EQ(cases[i].err, map_call(fd, SYNCMAP_SET, &arg));
		EXPECT_EQ(cases[i].field, arg.error.field);
		info = map_info(fd);
		EXPECT_MEM(&before, sizeof(before), &info, sizeof(info));
	}
}

/* Nothing goes when the map becomes too small; it takes nothing new */
TEST(fewer_entries)
{
	int fd = map_private(SYNCMAP_KEY_U64);
	__u64 key = 10, value;

	map_fill(fd, 0, 10);
	EXPECT_EQ(0, SET(fd, .flags = SYNCMAP_SET_ENTRIES, .entries = 5));
	EXPECT_EQ(10, map_count(fd));
	EXPECT_EQ(-ENOSPC, DO(fd, STORE, KEY_N(&key, 8), VALUE("v")));
	EXPECT_EQ(SYNCMAP_LIMITED_ENTRIES, got.error.limited);
	EXPECT_EQ(10, got.error.used);
	EXPECT_EQ(5, got.error.limit);
	for (key = 0; key < 10; key++) {
		EXPECT_EQ(0, DO(fd, LOAD, KEY_N(&key, 8), OUT_N(&value, 8)));
		EXPECT_EQ(key, value);
		EXPECT_EQ(0, DO(fd, STORE, KEY_N(&key, 8), VALUE("new")));
	}
	for (key = 0; key < 6; key++)
		EXPECT_EQ(0, DO(fd, DELETE, KEY_N(&key, 8)));
	EXPECT_EQ(0, DO(fd, STORE, KEY_N(&key, 8), VALUE("v")));
	key = 100;
	EXPECT_EQ(0, DO(fd, STORE, KEY_N(&key, 8), VALUE("v")));
	key = 101;
	EXPECT_EQ(-ENOSPC, DO(fd, STORE, KEY_N(&key, 8), VALUE("v")));
	EXPECT_EQ(0, SET(fd, .flags = SYNCMAP_SET_ENTRIES, .entries = 6));
	EXPECT_EQ(0, DO(fd, STORE, KEY_N(&key, 8), VALUE("v")));
}

TEST(fewer_bytes)
{
	__u64 one = map_overhead() + 3 + 100;
	int fd = map_private(SYNCMAP_KEY_STRING);
	char value[200] = "";

	EXPECT_EQ(0, DO(fd, STORE, KEY("one"), VALUE_N(value, 100)));
	EXPECT_EQ(0, DO(fd, STORE, KEY("two"), VALUE_N(value, 100)));
	EXPECT_EQ(0, SET(fd, .flags = SYNCMAP_SET_BYTES, .bytes = one));
	EXPECT_EQ(-ENOSPC, DO(fd, STORE, KEY("one"), VALUE_N(value, 101)));
	EXPECT_EQ(SYNCMAP_LIMITED_BYTES, got.error.limited);
	EXPECT_EQ(2 * one, got.error.used);
	EXPECT_EQ(one, got.error.limit);
	EXPECT_EQ(0, DO(fd, STORE, KEY("one"), VALUE_N(value, 99)));
	EXPECT_EQ(0, SET(fd, .flags = SYNCMAP_SET_BYTES, .bytes = 2 * one));
	EXPECT_EQ(0, DO(fd, STORE, KEY("one"), VALUE_N(value, 100)));
}

/* For what is stored from now on */
TEST(other_times)
{
	int fd = map_private(SYNCMAP_KEY_STRING);

	EXPECT_EQ(0, DO(fd, STORE, KEY("old"), VALUE("v")));
	EXPECT_EQ(0, SET(fd, .flags = SYNCMAP_SET_TTL, .ttl = 3600 * SECOND));
	EXPECT_EQ(0, DO(fd, LOAD, KEY("old")));
	EXPECT_EQ(SYNCMAP_NEVER, got.expires);
	EXPECT_EQ(0, DO(fd, STORE, KEY("new"), VALUE("v")));
	EXPECT(got.expires > map_now() + 3000 * SECOND);
	EXPECT(got.expires <= map_now() + 3600 * SECOND);
	EXPECT_EQ(0, SET(fd, .flags = SYNCMAP_SET_TTL));
	EXPECT_EQ(0, DO(fd, LOAD, KEY("new")));
	EXPECT(got.expires != SYNCMAP_NEVER);
	EXPECT_EQ(0, DO(fd, STORE, KEY("new"), VALUE("w")));
	EXPECT_EQ(SYNCMAP_NEVER, got.expires);
}

static int load_stale(int fd)
{
	int ret = DO(fd, LOAD_OR_LEASE, KEY("k"),
		     .flags = SYNCMAP_FLAG_STALE | SYNCMAP_FLAG_NOWAIT);
	bool stale = got.result & SYNCMAP_RESULT_EXPIRED;

	EXPECT_EQ(0, ret);
	EXPECT_EQ(0, DO(fd, UNLEASE, KEY("k"), .token = got.leased));
	return stale;
}

/* What has expired is kept from now on, or no longer */
TEST(stale_values)
{
	int fd = map_private(SYNCMAP_KEY_STRING);

	EXPECT_EQ(0, SET(fd, .flags = SYNCMAP_SET_STALE, .stale = 3600 * SECOND));
	EXPECT_EQ(0, DO(fd, STORE, KEY("k"), VALUE("v"), .deadline = 1));
	EXPECT_EQ(1, load_stale(fd));
	EXPECT_EQ(0, SET(fd, .flags = SYNCMAP_SET_STALE));
	EXPECT_EQ(0, load_stale(fd));
}

static void become(uid_t uid, gid_t gid)
{
	const gid_t groups[] = { GROUP };

	ASSERT_EQ(0, setgroups(uid == OWNER, groups));
	ASSERT_EQ(0, setresgid(gid, gid, gid));
	ASSERT_EQ(0, setresuid(uid, uid, uid));
}

static void set_as_owner(int fd, void *arg)
{
	(void)arg;
	become(OWNER, OWNER);
	fd = map_create(NAME, SYNCMAP_KEY_STRING, NULL, 0600);
	ASSERT(fd >= 0);
	EXPECT_EQ(-EPERM, SET(fd, .flags = SYNCMAP_SET_GROUP, .gid = 2002));
	EXPECT_EQ(0, SET(fd, .flags = SYNCMAP_SET_GROUP | SYNCMAP_SET_MODE,
			 .gid = GROUP, .mode = 0640));
	EXPECT_EQ(GROUP, map_info(fd).gid);
}

static void open_as_other(int n, void *arg)
{
	int fd;

	(void)n;
	(void)arg;
	become(OTHER, GROUP);
	fd = map_open(NAME, SYNCMAP_ACCESS_READ);
	ASSERT(fd >= 0);
	EXPECT_EQ(-EACCES, map_open(NAME, SYNCMAP_ACCESS_WRITE));
	EXPECT_EQ(-EPERM, map_open(NAME, SYNCMAP_ACCESS_ADMIN));
	EXPECT_EQ(-EBADF, SET(fd, .flags = SYNCMAP_SET_MODE, .mode = 0666));
}

/* The owner, within his groups; nobody else */
TEST(rights)
{
	map_control();
	test_wait(test_fork(set_as_owner, -1, NULL));
	test_wait(test_fork(open_as_other, 0, NULL));
}

/* Those that are open stay as they are */
TEST(descriptors_stay)
{
	int fd = map_create(NAME, SYNCMAP_KEY_STRING, NULL, 0600);

	ASSERT(fd >= 0);
	EXPECT_EQ(0, SET(fd, .flags = SYNCMAP_SET_MODE, .mode = 0));
	EXPECT_EQ(0, DO(fd, STORE, KEY("k"), VALUE("v")));
	EXPECT_EQ(0, DO(fd, LOAD, KEY("k")));
}

/* A frozen map has another mode, but not another content */
TEST(frozen)
{
	int fd = map_private(SYNCMAP_KEY_STRING);
	struct syncmap_freeze freeze = { };

	EXPECT_EQ(0, map_call(fd, SYNCMAP_FREEZE, &freeze));
	EXPECT_EQ(0, SET(fd, .flags = SYNCMAP_SET_MODE, .mode = 0444));
	EXPECT_EQ(0444, map_info(fd).mode);
	EXPECT_EQ(-EROFS, DO(fd, STORE, KEY("k"), VALUE("v")));
}

/* While others store, limits and times change: neither is passed */

#define KEYS	64

static void store_some(int fd, void *arg)
{
	__u32 *stop = arg;

	while (!__atomic_load_n(stop, __ATOMIC_RELAXED)) {
		__u64 key = test_random() % KEYS;
		int ret;

		if (test_random() % 4 == 0)
			ret = DO(fd, DELETE, KEY_N(&key, 8));
		else
			ret = DO(fd, STORE, KEY_N(&key, 8), VALUE("value"));
		EXPECT(!ret || ret == -ENOSPC);
	}
}

#define WRITERS	2

static void change_all(int fd)
{
	for (unsigned int i = 0; i < test_times(2000); i++) {
		__u64 few = 1 + test_random() % KEYS;
		__u64 before;

		EXPECT_EQ(0, SET(fd, .flags = SYNCMAP_SET_TTL,
				 .ttl = i % 2 ? 3600 * SECOND : 0));
		EXPECT_EQ(0, SET(fd, .flags = SYNCMAP_SET_ENTRIES,
				 .entries = few));
		/*
		 * No more than there were, or than there may be, and those that
		 * had their place before
		 */
		before = map_count(fd);
		EXPECT(map_count(fd) <= (before > few ? before : few) + WRITERS);
	}
}

TEST_LIMIT(under_load, 60)
{
	int fd = map_private(SYNCMAP_KEY_U64);
	__u32 *stop = test_shared(sizeof(*stop));
	pid_t writers[WRITERS];

	for (int i = 0; i < WRITERS; i++)
		writers[i] = test_fork(store_some, fd, stop);
	change_all(fd);
	__atomic_store_n(stop, 1, __ATOMIC_RELAXED);
	for (int i = 0; i < WRITERS; i++)
		test_wait(writers[i]);
	map_clear(fd);
	map_expect_bytes(fd, 0);
	map_expect_stat(fd, "expiring", 0);
}
