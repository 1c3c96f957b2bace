// SPDX-License-Identifier: GPL-2.0-only
/* Times from now, in both directions; timens and lease_line have more */
#include <stddef.h>
#include <unistd.h>

#include "harness/batches.h"
#include "harness/leases.h"

#define HOUR	(3600 * SECOND)

static bool is_about(__u64 want, __u64 time)
{
	return time <= want && time + 600 * SECOND > want;
}

static void store(int fd)
{
	ASSERT_EQ(0, DO(fd, STORE, KEY("k"), VALUE("v"), FROM_NOW,
			.deadline = HOUR));
}

/* Those that store take it and tell it */
TEST(a_deadline_is_from_now)
{
	int fd = map_private(SYNCMAP_KEY_STRING);

	EXPECT_EQ(0, DO(fd, STORE, KEY("k"), VALUE("v"), FROM_NOW,
			.deadline = HOUR));
	EXPECT(is_about(HOUR, got.expires));
	EXPECT_EQ(0, DO(fd, SWAP, KEY("k"), VALUE("w"), FROM_NOW,
			.deadline = 2 * HOUR));
	EXPECT(is_about(2 * HOUR, got.expires));
	EXPECT_EQ(0, DO(fd, COMPARE_AND_SWAP, KEY("k"), OLD("w"), VALUE("x"),
			FROM_NOW, .deadline = 3 * HOUR));
	EXPECT(is_about(3 * HOUR, got.expires));
	EXPECT_EQ(0, DO(fd, TOUCH, KEY("k"), FROM_NOW, .deadline = 4 * HOUR));
	EXPECT(is_about(4 * HOUR, got.expires));
	EXPECT_EQ(0, DO(fd, LOAD_OR_STORE, KEY("n"), VALUE("v"), FROM_NOW,
			.deadline = 5 * HOUR));
	EXPECT(is_about(5 * HOUR, got.expires));
	EXPECT_EQ(0, DO(fd, APPEND, KEY("a"), VALUE("v"), FROM_NOW,
			.deadline = 6 * HOUR));
	EXPECT(is_about(6 * HOUR, got.expires));
	EXPECT_EQ(0, DO(fd, ADD, KEY("1"), .operand = 1, .deadline = 7 * HOUR,
			.flags = SYNCMAP_FLAG_INITIAL | SYNCMAP_FLAG_FROM_NOW));
	EXPECT(is_about(7 * HOUR, got.expires));
}

/* Those that only find something tell it, too, by either clock */
TEST(what_is_left_falls)
{
	int fd = map_private(SYNCMAP_KEY_STRING);
	__u64 deadline, before;

	store(fd);
	EXPECT_EQ(0, DO(fd, LOAD, KEY("k")));
	deadline = got.expires;
	EXPECT_EQ(0, DO(fd, LOAD, KEY("k"), FROM_NOW));
	before = got.expires;
	usleep(2000);
	EXPECT_EQ(0, DO(fd, LOAD, KEY("k"), FROM_NOW));
	EXPECT(got.expires + 2 * MS <= before);
	EXPECT(got.expires >= deadline - map_now());
	EXPECT_EQ(0, DO(fd, LOAD_OR_LEASE, KEY("k"), FROM_NOW));
	EXPECT(is_about(before, got.expires));
	EXPECT_EQ(-EBUSY, DO(fd, COMPARE_AND_DELETE, KEY("k"), OLD("x"),
			     FROM_NOW));
	EXPECT(is_about(before, got.expires));
	EXPECT_EQ(0, DO(fd, LOAD_AND_DELETE, KEY("k"), FROM_NOW));
	EXPECT(is_about(before, got.expires));
	EXPECT_EQ(0, DO(fd, DELETE, KEY("k"), FROM_NOW));
	EXPECT_EQ(0, got.expires);
	EXPECT_EQ(-ENOENT, DO(fd, LOAD, KEY("k"), FROM_NOW));
	EXPECT_EQ(0, got.expires);
}

TEST(what_has_passed_is_1)
{
	int fd = map_expiring(SYNCMAP_KEY_STRING, 0, HOUR);

	EXPECT_EQ(0, DO(fd, STORE, KEY("k"), VALUE("v"), FROM_NOW,
			.deadline = 1));
	EXPECT_EQ(1, got.expires);
	EXPECT_EQ(-ENOENT, DO(fd, LOAD, KEY("k"), FROM_NOW));
	EXPECT_EQ(0, DO(fd, LOAD_OR_LEASE, KEY("k"), .flags =
			SYNCMAP_FLAG_STALE | SYNCMAP_FLAG_FROM_NOW));
	EXPECT_EQ(SYNCMAP_RESULT_LEASED | SYNCMAP_RESULT_EXPIRED, got.result);
	EXPECT_EQ(1, got.expires);
}

TEST(zero_and_never_are_what_they_are)
{
	int fd = map_private(SYNCMAP_KEY_STRING);
	int mortal = map_expiring(SYNCMAP_KEY_STRING, HOUR, 0);

	EXPECT_EQ(0, DO(fd, STORE, KEY("k"), VALUE("v"), FROM_NOW));
	EXPECT_EQ(SYNCMAP_NEVER, got.expires);
	EXPECT_EQ(0, DO(mortal, STORE, KEY("k"), VALUE("v"), FROM_NOW));
	EXPECT(is_about(HOUR, got.expires));
	EXPECT_EQ(0, DO(mortal, STORE, KEY("k"), VALUE("v"), FROM_NOW,
			.deadline = SYNCMAP_NEVER));
	EXPECT_EQ(SYNCMAP_NEVER, got.expires);
}

/* The last time that there is; and it is not never, nor long ago */
TEST(sums_saturate)
{
	static const __u64 times[] = {
		SYNCMAP_NEVER - 1, SYNCMAP_NEVER - 2, SYNCMAP_NEVER - MS,
	};
	int fd = map_private(SYNCMAP_KEY_STRING);

	for (size_t i = 0; i < ARRAY_SIZE(times); i++) {
		EXPECT_EQ(0, DO(fd, STORE, KEY("k"), VALUE("v"), FROM_NOW,
				.deadline = times[i]));
		EXPECT_EQ(0, DO(fd, LOAD, KEY("k")));
		EXPECT_EQ(SYNCMAP_NEVER - 1, got.expires);
		EXPECT_EQ(0, DO(fd, LOAD, KEY("k"), FROM_NOW));
		EXPECT(got.expires < SYNCMAP_NEVER - 1);
		EXPECT(got.expires > SYNCMAP_NEVER / 2);
	}
}

TEST(a_wait_is_from_now)
{
	int fd = leases_map(), other = leases_client();
	__u64 before;

	leases_take(fd);
	before = map_now();
	EXPECT_EQ(-ETIMEDOUT, DO(other, LOAD_OR_LEASE, KEY("k"), FROM_NOW,
				 .wait_until = 50 * MS));
	EXPECT(map_now() >= before + 50 * MS);
	EXPECT(map_now() < before + 5 * SECOND);
	EXPECT_EQ(-ETIMEDOUT, DO(other, LOAD_OR_LEASE, KEY("k"), FROM_NOW,
				 .wait_until = 1));
	EXPECT_EQ(-EINVAL, DO(other, LOAD_OR_LEASE, KEY("k"), .wait_until = 1,
			      .flags = SYNCMAP_FLAG_FROM_NOW |
				       SYNCMAP_FLAG_NOWAIT));
	EXPECT_EQ(offsetof(struct syncmap_op, wait_until), got.error.field);
}

/* Each element has its own way to count */
TEST(in_a_batch)
{
	int fd = map_private(SYNCMAP_KEY_STRING);
	__u64 deadline = map_now() + HOUR;
	struct syncmap_op ops[] = {
		{ .op = SYNCMAP_OP_STORE, KEY("k"), FROM_NOW, .deadline = HOUR },
		{ .op = SYNCMAP_OP_STORE, KEY("l"), .deadline = deadline },
		{ .op = SYNCMAP_OP_LOAD, KEY("k") },
		{ .op = SYNCMAP_OP_LOAD, KEY("k"), FROM_NOW },
		{ .op = SYNCMAP_OP_LOAD, KEY("l") },
		{ .op = SYNCMAP_OP_LOAD, KEY("l"), FROM_NOW },
	};
	struct syncmap_batch arg;

	EXPECT_EQ(0, batch(fd, &arg, ops, ARRAY_SIZE(ops), 0));
	EXPECT_EQ(0, arg.failed);
	EXPECT(is_about(HOUR, answers[0].expires));
	EXPECT_EQ(deadline, answers[1].expires);
	EXPECT(answers[2].expires >= deadline);
	EXPECT(is_about(HOUR, answers[3].expires));
	EXPECT_EQ(deadline, answers[4].expires);
	EXPECT(is_about(HOUR, answers[5].expires));
}
