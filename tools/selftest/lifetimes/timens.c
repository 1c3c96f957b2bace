// SPDX-License-Identifier: GPL-2.0-only
/* Deadlines are times of the caller's clock, also in a time namespace */
#include <fcntl.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "harness/batches.h"
#include "harness/watcher.h"

#define NAME	TEST_NAME "timens"
#define DAY	(24 * 3600 * SECOND)
#define BOTH	(SYNCMAP_ACCESS_READ | SYNCMAP_ACCESS_WRITE)

/* @fn in a process whose clock is ahead by @seconds; @ours is what ours shows */
static void run_ahead(long long seconds, void (*fn)(int fd, __u64 ours))
{
	int fd = map_create(NAME, SYNCMAP_KEY_STRING, NULL, 0600);
	__u64 ours = map_now();
	pid_t pid;

	ASSERT(fd >= 0);
	map_set_clock(seconds);
	pid = fork();
	ASSERT(pid >= 0);
	if (!pid) {
		fn(fd, ours);
		_exit(test_failed());
	}
	test_wait(pid);
	EXPECT_EQ(0, map_remove(NAME));
	close(fd);
}

static void await_absent(int fd)
{
	for (int i = 0; i < 5000 && !DO(fd, LOAD, KEY("k")); i++)
		usleep(1000);
	EXPECT_EQ(-ENOENT, DO(fd, LOAD, KEY("k")));
}

static void expire(int fd, __u64 ours)
{
	__u64 now = map_now();

	EXPECT(now > ours + DAY / 2);
	EXPECT_EQ(0, DO(fd, STORE, KEY("k"), VALUE("v"),
			.deadline = now + 100 * MS));
	EXPECT_EQ(now + 100 * MS, got.expires);
	await_absent(fd);
	EXPECT(map_now() >= now + 100 * MS);
	EXPECT(map_now() < now + DAY / 2);
}

TEST(a_deadline_comes)
{
	run_ahead(24 * 3600, expire);
}

static void find(int fd, __u64 ours)
{
	char buffer[256] __attribute__((aligned(8)));
	struct syncmap_record *record = (void *)buffer;
	struct syncmap_range range = {
		.buffer = PTR(buffer), .size = sizeof(buffer),
	};
	__u64 deadline = map_now() + 1000 * SECOND;
	struct watcher w = watcher_open(fd), dump;

	(void)ours;
	EXPECT_EQ(0, DO(fd, STORE, KEY("k"), VALUE("v"), .deadline = deadline));
	EXPECT_EQ(0, DO(fd, LOAD, KEY("k")));
	EXPECT_EQ(deadline, got.expires);
	EXPECT_EQ(0, map_call(fd, SYNCMAP_RANGE, &range));
	EXPECT_EQ(1, range.count);
	EXPECT_EQ(deadline, record->expires);
	EXPECT_EQ(deadline, watcher_next(&w)->expires);
	dump = watcher_open(fd, .flags = SYNCMAP_WATCH_DUMP);
	EXPECT_EQ(deadline, watcher_next(&dump)->expires);
	deadline += 5;
	EXPECT_EQ(0, DO(fd, TOUCH, KEY("k"), .deadline = deadline));
	EXPECT_EQ(deadline, got.expires);
}

TEST(a_deadline_is_told)
{
	run_ahead(24 * 3600, find);
}

/* Two processes whose clocks differ mean the same instant */
static void find_ours(int fd, __u64 ours)
{
	EXPECT_EQ(0, DO(fd, STORE, KEY("k"), VALUE("v"), .deadline = SECOND +
			map_now() - DAY));
	EXPECT_EQ(-ENOENT, DO(fd, LOAD, KEY("k")));
	EXPECT_EQ(0, DO(fd, LOAD, KEY("host")));
	EXPECT_EQ(ours + 1000 * SECOND + DAY, got.expires);
}

TEST(between_namespaces)
{
	int fd = map_create(NAME, SYNCMAP_KEY_STRING, NULL, 0600);
	__u64 deadline = map_now() + 1000 * SECOND;
	pid_t pid;

	ASSERT(fd >= 0);
	EXPECT_EQ(0, DO(fd, STORE, KEY("host"), VALUE("v"),
			.deadline = deadline));
	map_set_clock(24 * 3600);
	pid = fork();
	if (!pid) {
		find_ours(fd, deadline - 1000 * SECOND);
		deadline = map_now() + 2000 * SECOND;
		EXPECT_EQ(0, DO(fd, STORE, KEY("guest"), VALUE("v"),
				.deadline = deadline));
		_exit(test_failed());
	}
	test_wait(pid);
	EXPECT_EQ(0, DO(fd, LOAD, KEY("guest")));
	EXPECT(got.expires > deadline + 999 * SECOND);
	EXPECT(got.expires < deadline + 1500 * SECOND);
}

static void keep(int fd, __u64 ours)
{
	EXPECT_EQ(0, DO(fd, STORE, KEY("k"), VALUE("v")));
	EXPECT_EQ(SYNCMAP_NEVER, got.expires);
	EXPECT_EQ(0, DO(fd, STORE, KEY("k"), VALUE("v"),
			.deadline = SYNCMAP_NEVER));
	EXPECT_EQ(SYNCMAP_NEVER, got.expires);
	/* So late that no other clock can show it, and so early */
	EXPECT_EQ(0, DO(fd, STORE, KEY("k"), VALUE("v"),
			.deadline = SYNCMAP_NEVER - 1));
	EXPECT_EQ(0, DO(fd, LOAD, KEY("k")));
	EXPECT_EQ(0, DO(fd, STORE, KEY("k"), VALUE("v"), .deadline = 1));
	EXPECT_EQ(-ENOENT, DO(fd, LOAD, KEY("k")));
	EXPECT_EQ(0, DO(fd, DELETE, KEY("k")));
	EXPECT_EQ(0, got.expires);
	(void)ours;
}

TEST(never_is_never)
{
	run_ahead(24 * 3600, keep);
	run_ahead(-1, keep);
}

/* From now is the same on all clocks */
static void count_from_now(int fd, __u64 ours)
{
	__u64 before = map_now(), after;

	(void)ours;
	EXPECT_EQ(0, DO(fd, STORE, KEY("k"), VALUE("v"), FROM_NOW,
			.deadline = 1000 * SECOND));
	EXPECT(got.expires <= 1000 * SECOND && got.expires > 900 * SECOND);
	EXPECT_EQ(0, DO(fd, LOAD, KEY("k")));
	after = map_now();
	EXPECT(got.expires >= before + 1000 * SECOND);
	EXPECT(got.expires <= after + 1000 * SECOND);
	EXPECT_EQ(0, DO(fd, TOUCH, KEY("k"), .deadline = after + SECOND * 500));
	EXPECT_EQ(0, DO(fd, LOAD, KEY("k"), FROM_NOW));
	EXPECT(got.expires <= 500 * SECOND && got.expires > 400 * SECOND);
	EXPECT_EQ(0, DO(fd, DELETE, KEY("k")));
}

TEST(from_now)
{
	run_ahead(24 * 3600, count_from_now);
	run_ahead(-1, count_from_now);
}

static void expect_wait(int fd, __u32 flags, __u64 until, __u64 end)
{
	EXPECT_EQ(-ETIMEDOUT, DO(fd, LOAD_OR_LEASE, KEY("k"), .flags = flags,
				 .wait_until = until));
	EXPECT(map_now() >= end);
}

static void wait_for_lease(int fd, __u64 ours)
{
	int other = map_open(NAME, BOTH);
	__u64 before = map_now();

	(void)ours;
	ASSERT(other >= 0);
	EXPECT_EQ(0, DO(fd, LOAD_OR_LEASE, KEY("k")));
	expect_wait(other, 0, before + 50 * MS, before + 50 * MS);
	before = map_now();
	expect_wait(other, SYNCMAP_FLAG_FROM_NOW, 50 * MS, before + 50 * MS);
	EXPECT(map_now() < before + DAY / 2);
	expect_wait(other, 0, 0, 0);
	expect_wait(other, SYNCMAP_FLAG_FROM_NOW, 0, 0);
}

/* The end of a lease is a time like others, be it read from a place in line */
static void lease(int fd, __u64 ours)
{
	struct syncmap_await await = { KEY("k"), .lease_for = 1000 * SECOND };
	__u64 before = map_now();

	(void)ours;
	EXPECT_EQ(0, DO(fd, LOAD_OR_LEASE, KEY("k"),
			.lease_for = 1000 * SECOND));
	EXPECT(got.lease_ends >= before + 1000 * SECOND);
	EXPECT(got.lease_ends <= map_now() + 1000 * SECOND);
	ASSERT_EQ(0, map_call(fd, SYNCMAP_AWAIT, &await));
	EXPECT_EQ(0, DO(fd, UNLEASE, KEY("k"), .token = got.leased));
	EXPECT_EQ(sizeof(got), read(await.fd, &got, sizeof(got)));
	EXPECT_EQ(0, close(await.fd));
	EXPECT(got.lease_ends >= before + 1000 * SECOND);
	EXPECT(got.lease_ends <= map_now() + 1000 * SECOND);
	EXPECT_EQ(0, DO(fd, UNLEASE, KEY("k"), .token = got.leased));
}

TEST(the_end_of_a_lease)
{
	run_ahead(24 * 3600, lease);
	run_ahead(-1, lease);
}

TEST(a_wait_ends)
{
	run_ahead(24 * 3600, wait_for_lease);
	run_ahead(-1, wait_for_lease);
}

static void do_batch(int fd, __u64 ours)
{
	__u64 deadline = map_now() + 1000 * SECOND;
	struct syncmap_op ops[] = {
		{ .op = SYNCMAP_OP_STORE, KEY("k"), .deadline = deadline },
		{ .op = SYNCMAP_OP_LOAD, KEY("k") },
		{ .op = SYNCMAP_OP_LOAD, KEY("absent") },
		{ .op = SYNCMAP_OP_LOAD, KEY("k"), FROM_NOW },
	};
	struct syncmap_batch arg;

	(void)ours;
	EXPECT_EQ(0, batch(fd, &arg, ops, ARRAY_SIZE(ops), 0));
	EXPECT_EQ(deadline, answers[0].expires);
	EXPECT_EQ(deadline, answers[1].expires);
	EXPECT_EQ(0, answers[2].expires);
	EXPECT(answers[3].expires <= 1000 * SECOND);
	EXPECT(answers[3].expires > 900 * SECOND);
}

TEST(in_a_batch)
{
	run_ahead(24 * 3600, do_batch);
}
