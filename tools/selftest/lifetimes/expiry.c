// SPDX-License-Identifier: GPL-2.0-only
/* Deadlines: what has expired is absent for every operation, and goes away */
#include <unistd.h>

#include "harness/map.h"
#include "harness/record.h"
#include "harness/stats.h"

#define HOUR	(3600 * SECOND)
#define PAST	1ULL

static void sleep_until(__u64 time)
{
	while (map_now() < time)
		usleep((time - map_now()) / 1000 + 1);
}

TEST(deadline)
{
	int fd = map_private(SYNCMAP_KEY_STRING);
	__u64 at = map_now() + HOUR;
	char value[8];

	EXPECT_EQ(0, DO(fd, STORE, KEY("k"), VALUE("v"), .deadline = at));
	EXPECT_EQ(at, got.expires);
	EXPECT_EQ(0, DO(fd, STORE, KEY("l"), VALUE("v")));
	EXPECT_EQ(SYNCMAP_NEVER, got.expires);
	EXPECT_EQ(0, DO(fd, LOAD, KEY("k"), OUT(value)));
	EXPECT_EQ(at, got.expires);
	EXPECT_EQ(1, map_stat(fd, "expiring"));
	EXPECT_EQ(2, map_count(fd));
	at = map_now() + 20 * MS;
	EXPECT_EQ(0, DO(fd, TOUCH, KEY("k"), .deadline = at));
	sleep_until(at);
	EXPECT_EQ(-ENOENT, DO(fd, LOAD, KEY("k"), OUT(value)));
	EXPECT_EQ(0, got.expires);
	EXPECT_EQ(1, map_count(fd));
	EXPECT_EQ(0, map_stat(fd, "expiring"));
	EXPECT_EQ(1, map_stat(fd, "expired"));
	EXPECT_EQ(0, DO(fd, DELETE, KEY("l")));
	EXPECT_EQ(SYNCMAP_NEVER, got.expires);
	EXPECT_EQ(0, map_info(fd).bytes);
}

/* Each operation on a key that has just expired is one on an absent key */
TEST(absent_for_every_operation)
{
	static const struct {
		struct syncmap_op	op;
		int			ret;
		bool			stores;
	} cases[] = {
		{ { .op = SYNCMAP_OP_LOAD }, -ENOENT, false },
		{ { .op = SYNCMAP_OP_STORE, VALUE("new") }, 0, true },
		{ { .op = SYNCMAP_OP_LOAD_OR_STORE, VALUE("new") }, 0, true },
		{ { .op = SYNCMAP_OP_LOAD_AND_DELETE }, -ENOENT, false },
		{ { .op = SYNCMAP_OP_DELETE }, 0, false },
		{ { .op = SYNCMAP_OP_SWAP, VALUE("new") }, 0, true },
		{ { .op = SYNCMAP_OP_COMPARE_AND_SWAP, OLD("v"), VALUE("new") },
		  -ENOENT, false },
		{ { .op = SYNCMAP_OP_COMPARE_AND_DELETE, OLD("v") },
		  -ENOENT, false },
		{ { .op = SYNCMAP_OP_TOUCH, .deadline = SYNCMAP_NEVER },
		  -ENOENT, false },
	};
	int fd = map_private(SYNCMAP_KEY_STRING);

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct syncmap_op op = cases[i].op;
		__u64 at = map_now() + 2 * MS;

		test_context("operation %u", op.op);
		op.key = PTR("k");
		op.key_len = 1;
		EXPECT_EQ(0, DO(fd, STORE, KEY("k"), VALUE("v"),
				.deadline = at));
		sleep_until(at);
		EXPECT_EQ(cases[i].ret, map_op(fd, op));
		EXPECT_EQ(0, got.result);
		EXPECT_EQ(0, got.previous);
		EXPECT_EQ(cases[i].stores, map_count(fd));
		EXPECT_EQ(0, DO(fd, DELETE, KEY("k")));
		EXPECT_EQ(cases[i].stores, !!got.result);
		EXPECT_EQ(i + 1, map_stat(fd, "expired"));
	}
	EXPECT_EQ(0, map_info(fd).bytes);
}

static void want_key(const struct syncmap_record *record, void *arg)
{
	__u64 *want = arg;

	EXPECT_MEM("stays", 5, record_key(record), record->key_len);
	EXPECT_EQ(want[1], record->expires);
	++*want;
}

TEST(range)
{
	int fd = map_private(SYNCMAP_KEY_STRING);
	__u64 want[2] = { 0, map_now() + HOUR };

	EXPECT_EQ(0, DO(fd, STORE, KEY("goes"), .deadline = PAST));
	EXPECT_EQ(0, DO(fd, STORE, KEY("stays"), .deadline = want[1]));
	map_walk(fd, 0, 4096, want_key, want);
	EXPECT_EQ(1, want[0]);
	EXPECT_EQ(0, DO(fd, STORE, KEY("stays")));
	want[1] = SYNCMAP_NEVER;
	map_walk(fd, SYNCMAP_RANGE_KEYS_ONLY, 4096, want_key, want);
	EXPECT_EQ(2, want[0]);
}

TEST(default_of_the_map)
{
	int fd = map_expiring(SYNCMAP_KEY_STRING, HOUR, 0);
	__u64 before = map_now() + HOUR, after;

	EXPECT_EQ(HOUR, map_info(fd).ttl);
	EXPECT_EQ(0, map_info(fd).stale);
	EXPECT_EQ(0, DO(fd, STORE, KEY("k"), VALUE("v")));
	after = map_now() + HOUR;
	EXPECT(got.expires >= before && got.expires <= after);
	EXPECT_EQ(0, DO(fd, STORE, KEY("k"), VALUE("v"), .deadline = after + 1));
	EXPECT_EQ(after + 1, got.expires);
	EXPECT_EQ(0, DO(fd, SWAP, KEY("k"), VALUE("v")));
	EXPECT(got.expires >= before && got.expires <= map_now() + HOUR);
	EXPECT_EQ(0, DO(fd, COMPARE_AND_SWAP, KEY("k"), OLD("v"), VALUE("v"),
			.deadline = SYNCMAP_NEVER));
	EXPECT_EQ(SYNCMAP_NEVER, got.expires);
	EXPECT_EQ(0, DO(fd, TOUCH, KEY("k")));
	EXPECT(got.expires >= before && got.expires <= map_now() + HOUR);
	/* For ever, and almost */
	close(fd);
	fd = map_expiring(SYNCMAP_KEY_STRING, SYNCMAP_NEVER, SYNCMAP_NEVER);
	EXPECT_EQ(0, DO(fd, STORE, KEY("k"), VALUE("v")));
	EXPECT_EQ(SYNCMAP_NEVER, got.expires);
	EXPECT_EQ(0, DO(fd, STORE, KEY("k"), VALUE("v"),
			.deadline = SYNCMAP_NEVER - 1));
	EXPECT_EQ(SYNCMAP_NEVER - 1, got.expires);
	EXPECT_EQ(0, DO(fd, LOAD, KEY("k")));
	EXPECT_EQ(SYNCMAP_NEVER - 1, got.expires);
}

/* LOAD and LOAD_OR_STORE leave the deadline alone, TOUCH leaves all else alone */
TEST(touch)
{
	static char text[1000], value[1000];
	static const __u32 lengths[] = { 0, 20, 64, 65, 300, 1000 };
	int fd = map_private(SYNCMAP_KEY_STRING);
	__u64 at = map_now() + HOUR;

	EXPECT_EQ(-ENOENT, DO(fd, TOUCH, KEY("k"), .deadline = at));
	for (size_t i = 0; i < ARRAY_SIZE(lengths); i++) {
		__u32 len = lengths[i];
		__u64 revision;

		test_context("%u bytes", len);
		memset(text, 'a' + i, sizeof(text));
		EXPECT_EQ(0, DO(fd, STORE, KEY("k"), VALUE_N(text, len)));
		revision = got.revision;
		EXPECT_EQ(0, DO(fd, TOUCH, KEY("k"), .deadline = at));
		EXPECT_EQ(len, got.out_len);
		EXPECT_EQ(0, DO(fd, TOUCH, KEY("k"), OUT(value),
				.deadline = at + 1));
		EXPECT_MEM(text, len, value, got.out_len);
		EXPECT_EQ(revision, got.revision);
		EXPECT_EQ(0, got.previous);
		EXPECT_EQ(at + 1, got.expires);
		EXPECT_EQ(SYNCMAP_RESULT_LOADED, got.result);
		EXPECT_EQ(0, DO(fd, LOAD_OR_STORE, KEY("k"), VALUE("new"),
				.deadline = at + 2));
		EXPECT_EQ(at + 1, got.expires);
		if (len > 1) {
			EXPECT_EQ(-EMSGSIZE, DO(fd, TOUCH, KEY("k"),
						OUT_N(value, 1),
						.deadline = at + 2));
			EXPECT_EQ(at + 1, got.expires);
		}
		EXPECT_EQ(0, DO(fd, LOAD, KEY("k"), OUT(value)));
		EXPECT_MEM(text, len, value, got.out_len);
		EXPECT_EQ(at + 1, got.expires);
		EXPECT_EQ(revision, map_info(fd).revision);
		EXPECT_EQ(2 * (map_overhead() + 1) + len,
			  map_info(fd).bytes);
	}
	EXPECT_EQ(0, DO(fd, TOUCH, KEY("k"), .deadline = PAST));
	EXPECT_EQ(-ENOENT, DO(fd, LOAD, KEY("k")));
}

/* How often an entry of the map was ended by somebody else, who is the sweeper */
static unsigned int count_swept(__u64 id)
{
	char want[64], mine[32];

	snprintf(want, sizeof(want), "bytemap_expire: map=%llu ", id);
	snprintf(mine, sizeof(mine), "-%d ", getpid());
	return test_traced(want, "") - test_traced(want, mine);
}

/* Nobody asks for them, and yet they go */
TEST(swept)
{
	int fd = map_private(SYNCMAP_KEY_U64);
	__u64 id = map_info(fd).id;

	test_trace("bytemap_expire", true);
	for (__u64 n = 0; n < 500; n++) {
		ASSERT_EQ(0, DO(fd, STORE, KEY_N(&n, 8), VALUE("value"),
				.deadline = map_now() + n % 40 * MS));
		ASSERT_EQ(0, DO(fd, SWAP, KEY_N(&n, 8), VALUE("a longer one"),
				.deadline = map_now() + (100 + n % 40) * MS));
	}
	AWAIT(count_swept(id) >= 500);
	test_trace("bytemap_expire", false);
	EXPECT(count_swept(id) >= 500);
	map_expect_bytes(fd, 0);
	map_expect_stat(fd, "expiring", 0);
}

TEST(full_of_what_has_expired)
{
	int fd = map_limited(SYNCMAP_KEY_U64,
			     (struct syncmap_limits){ .entries = 100 });
	__u64 key, at = map_now() + HOUR;

	for (key = 0; key < 100; key++)
		EXPECT_EQ(0, DO(fd, STORE, KEY_N(&key, 8), .deadline = at));
	EXPECT_EQ(-ENOSPC, DO(fd, STORE, KEY_N(&key, 8)));
	for (key = 0; key < 100; key++)
		EXPECT_EQ(0, DO(fd, TOUCH, KEY_N(&key, 8), .deadline = PAST));
	map_fill(fd, 1000, 1100);
	EXPECT_EQ(-ENOSPC, DO(fd, STORE, KEY_N(&key, 8)));
	EXPECT_EQ(100, map_count(fd));
}

TEST(stale_values_are_kept)
{
	int fd = map_expiring(SYNCMAP_KEY_STRING, 5 * MS, 100 * MS);
	__u64 at;

	EXPECT_EQ(0, DO(fd, STORE, KEY("k"), VALUE("v")));
	at = got.expires;
	sleep_until(at);
	EXPECT_EQ(-ENOENT, DO(fd, LOAD, KEY("k")));
	EXPECT_EQ(0, map_count(fd));
	EXPECT(map_info(fd).bytes || map_now() > at + 100 * MS);
	map_expect_bytes(fd, 0);
	EXPECT_EQ(0, map_stat(fd, "lapsed"));
	EXPECT_EQ(1, map_stat(fd, "expired"));
	EXPECT(map_now() >= at + 100 * MS);
}
