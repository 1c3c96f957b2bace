// SPDX-License-Identifier: GPL-2.0-only
/* A lease is for some time, and then it is the next one's turn */
#include <signal.h>
#include <stddef.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness/batches.h"
#include "harness/leases.h"
#include "harness/stats.h"

#define STALE	SYNCMAP_FLAG_STALE

static __u64 take_for(int fd, __u64 time)
{
	ASSERT_EQ(0, DO(fd, LOAD_OR_LEASE, KEY("k"), NOWAIT,
			.lease_for = time));
	ASSERT_EQ(SYNCMAP_RESULT_LEASED, got.result);
	return got.leased;
}

static int store_leased(int fd, __u64 token)
{
	return DO(fd, STORE, KEY("k"), VALUE("late"), .token = token);
}

static void wait_past(__u64 time)
{
	while (map_now() <= time)
		usleep(100);
}

TEST(it_ends_by_the_clock)
{
	int fd = leases_map();

	for (int i = 0; i < 20; i++) {
		__u64 token = take_for(fd, i * MS / 4 + 1);

		wait_past(got.lease_ends);
		EXPECT_EQ(-ESTALE, i % 2 ? store_leased(fd, token) :
					   DO(fd, UNLEASE, KEY("k"),
					      .token = token));
		EXPECT_EQ(-ENOENT, DO(fd, LOAD, KEY("k")));
		leases_expect_clean(fd);
	}
	EXPECT_EQ(20, map_stat(fd, "leases_lost"));
	EXPECT_EQ(0, map_system().user_leases);
}

TEST(the_end_is_told)
{
	int fd = leases_map();
	__u64 before = map_now(), token = take_for(fd, 1000 * SECOND);

	EXPECT_EQ(0, got.expires);
	EXPECT(got.lease_ends >= before + 1000 * SECOND);
	EXPECT(got.lease_ends <= map_now() + 1000 * SECOND);
	EXPECT_EQ(0, DO(fd, UNLEASE, KEY("k"), .token = token));
	EXPECT_EQ(0, DO(fd, LOAD_OR_LEASE, KEY("k"), FROM_NOW,
			.lease_for = 1000 * SECOND));
	EXPECT(got.lease_ends <= 1000 * SECOND && got.lease_ends > 900 * SECOND);
	EXPECT_EQ(0, DO(fd, DELETE, KEY("k")));
	take_for(fd, 0);
	EXPECT_EQ(SYNCMAP_NEVER, got.lease_ends);
	EXPECT_EQ(0, DO(fd, DELETE, KEY("k")));
	take_for(fd, SYNCMAP_NEVER - 1);
	EXPECT_EQ(SYNCMAP_NEVER, got.lease_ends);
	EXPECT_EQ(0, DO(fd, DELETE, KEY("k")));
	leases_expect_clean(fd);
}

/*
 * The end comes, and finds nothing that it would concern. Where the machine was too
 * slow, there is more time
 */
TEST(who_is_in_time_stores)
{
	__u64 time = 10 * MS, lost = -1ULL, token, ends;
	int fd = leases_map(), ret;

	do {
		time *= 2;
		lost++;
		token = take_for(fd, time);
		ends = got.lease_ends;
		ret = DO(fd, STORE, KEY("k"), VALUE("v"), .token = token);
	} while (ret == -ESTALE && map_now() >= ends);
	EXPECT_EQ(0, ret);
	EXPECT_EQ(SYNCMAP_NEVER, got.expires);
	EXPECT_EQ(0, got.lease_ends);
	wait_past(ends + 20 * MS);
	leases_expect_value(fd, "v");
	EXPECT_EQ(lost, map_stat(fd, "leases_lost"));
	EXPECT_EQ(0, DO(fd, DELETE, KEY("k")));
	leases_expect_clean(fd);
}

/* Nothing has to happen first: who comes finds it over */
TEST(who_comes_does_not_wait)
{
	int fd = leases_map(), other = leases_client();

	for (unsigned int i = 0; i < test_times(1000); i++) {
		__u64 token = take_for(i % 2 ? fd : other, 1);

		EXPECT(token);
		take_for(i % 2 ? other : fd, 1);
		EXPECT(got.leased > token);
		EXPECT_EQ(0, DO(fd, DELETE, KEY("k")));
	}
	leases_expect_clean(fd);
}

TEST(only_leases_take_it)
{
	int fd = leases_map();

	EXPECT_EQ(-EOPNOTSUPP, DO(fd, STORE, KEY("k"), .lease_for = 1));
	EXPECT_EQ(offsetof(struct syncmap_op, lease_for), got.error.field);
	EXPECT_EQ(-EOPNOTSUPP, DO(fd, UNLEASE, KEY("k"), .token = 1,
			      .lease_for = 1));
	leases_expect_clean(fd);
}

/* S-22: whoever is stopped does not block the line */
static void hold_stopped(int n, void *arg)
{
	int fd = leases_client();
	__u64 token = take_for(fd, 50 * MS);

	(void)n, (void)arg;
	raise(SIGSTOP);
	EXPECT_EQ(-ESTALE, store_leased(fd, token));
}

static void compute(int n, void *arg)
{
	int fd = leases_client();

	(void)n, (void)arg;
	EXPECT_EQ(0, DO(fd, LOAD_OR_LEASE, KEY("k"), WAIT));
	EXPECT_EQ(SYNCMAP_RESULT_LEASED, got.result);
	EXPECT_EQ(0, DO(fd, STORE, KEY("k"), VALUE("v"), .token = got.leased));
}

TEST(a_stopped_holder)
{
	int fd = leases_map();
	pid_t holder = test_fork(hold_stopped, 0, NULL), waiter;

	ASSERT_EQ(holder, waitpid(holder, NULL, WUNTRACED));
	waiter = test_fork(compute, 0, NULL);
	test_wait(waiter);
	leases_expect_value(fd, "v");
	ASSERT_EQ(0, kill(holder, SIGCONT));
	test_wait(holder);
	leases_expect_value(fd, "v");
	EXPECT_EQ(1, map_stat(fd, "leases_lost"));
}

/* Each has it for his time, counted from when it is his */
struct turn {
	__u64	begun;
	__u64	ends;
	__u64	token;
};

#define TURNS	3

static __u64 time_of(int n)
{
	return (n * 2 + 1) * 100 * MS;
}

static void take_turn(int n, void *arg)
{
	struct turn *turn = (struct turn *)arg + n;
	int fd = leases_client();

	EXPECT_EQ(0, DO(fd, LOAD_OR_LEASE, KEY("k"), WAIT,
			.lease_for = time_of(n)));
	turn->begun = map_now();
	EXPECT_EQ(SYNCMAP_RESULT_LEASED, got.result);
	turn->ends = got.lease_ends;
	turn->token = got.leased;
	/* Who goes gives it back; this is about who stays */
	wait_past(turn->ends + 1000 * MS);
	EXPECT_EQ(-ESTALE, store_leased(fd, turn->token));
}

TEST(three_holders)
{
	struct turn *turns = test_shared(TURNS * sizeof(*turns));
	int fd = leases_map();
	__u64 token = leases_take(fd), ends;
	pid_t pids[TURNS];

	leases_crowd(fd, pids, TURNS, take_turn, turns);
	ends = map_now();
	EXPECT_EQ(0, DO(fd, UNLEASE, KEY("k"), .token = token));
	for (int i = 0; i < TURNS; i++) {
		test_wait(pids[i]);
		test_context("turn %d", i);
		EXPECT(turns[i].begun >= ends);
		EXPECT(turns[i].ends >= ends + time_of(i));
		EXPECT(turns[i].ends <= turns[i].begun + time_of(i));
		EXPECT(!i || turns[i].token > turns[i - 1].token);
		ends = turns[i].ends;
	}
	EXPECT_EQ(TURNS + 1, map_stat(fd, "leases_granted"));
	EXPECT_EQ(TURNS + 1, map_stat(fd, "leases_lost"));
	leases_expect_clean(fd);
}

/* However short they are, each gets his turn */
static void take_briefly(int n, void *arg)
{
	int fd = leases_client();

	(void)n, (void)arg;
	for (unsigned int i = 0; i < test_times(200); i++) {
		EXPECT_EQ(0, DO(fd, LOAD_OR_LEASE, KEY("k"), WAIT,
				.lease_for = 1 + test_random() % 20000));
		EXPECT_EQ(SYNCMAP_RESULT_LEASED, got.result);
	}
}

TEST_LIMIT(short_turns, 60)
{
	int fd = leases_map();

	test_parallel(6, take_briefly, NULL);
	leases_expect_clean(fd);
}

/* Of the holder's store and the end of his time, one comes first */
static void look(int n, void *arg)
{
	int fd = leases_client();
	__u32 *found = arg;

	(void)n;
	EXPECT_EQ(0, DO(fd, LOAD_OR_LEASE, KEY("k"), WAIT));
	*found = got.result;
}

TEST_LIMIT(a_late_store_races_the_end, 60)
{
	__u32 *found = test_shared(sizeof(*found));
	unsigned int late = 0, rounds = test_times(100);
	int fd = leases_map();

	for (unsigned int i = 0; i < rounds; i++) {
		__u64 token = take_for(fd, 30 * MS), ends = got.lease_ends;
		__u64 when = ends - 2 * MS + test_random() % (3 * MS);
		pid_t pid = test_fork(look, 0, found);
		int ret;

		/* Whoever comes to look after the end gets the next lease */
		while (map_now() < when)
			;
		ret = store_leased(fd, token);
		test_wait(pid);
		EXPECT(!ret || ret == -ESTALE);
		EXPECT_EQ(ret ? SYNCMAP_RESULT_LEASED : SYNCMAP_RESULT_LOADED,
			  *found);
		EXPECT_EQ(ret ? -ENOENT : 0, DO(fd, LOAD, KEY("k")));
		EXPECT_EQ(0, DO(fd, DELETE, KEY("k")));
		late += !!ret;
	}
	test_note("%u of %u came too late", late, rounds);
	leases_expect_clean(fd);
}

/* The stale value stays, and goes from one lease to the next */
TEST(with_a_stale_value)
{
	int fd = map_expiring(SYNCMAP_KEY_STRING, 0, 1000 * SECOND);
	__u64 token, deadline = map_now();
	char out[16];

	EXPECT_EQ(0, DO(fd, STORE, KEY("k"), VALUE("old"),
			.deadline = deadline));
	for (int i = 0; i < 3; i++) {
		EXPECT_EQ(0, DO(fd, LOAD_OR_LEASE, KEY("k"), OUT(out),
				.flags = STALE | SYNCMAP_FLAG_NOWAIT,
				.lease_for = 5 * MS));
		EXPECT_EQ(SYNCMAP_RESULT_LEASED | SYNCMAP_RESULT_EXPIRED,
			  got.result);
		EXPECT_MEM("old", 3, out, got.out_len);
		/* What is told of the value is besides what is told of the lease */
		EXPECT_EQ(deadline, got.expires);
		EXPECT(got.lease_ends > deadline + 5 * MS);
		EXPECT(got.lease_ends <= map_now() + 5 * MS);
		token = got.leased;
		AWAIT(!map_stat(fd, "leases"));
		EXPECT_EQ(1, map_stat(fd, "lapsed"));
		EXPECT_EQ(-ESTALE, store_leased(fd, token));
	}
	EXPECT_EQ(0, DO(fd, LOAD_OR_LEASE, KEY("k"), OUT(out),
			.flags = STALE | SYNCMAP_FLAG_FROM_NOW,
			.lease_for = 100 * SECOND));
	EXPECT_EQ(SYNCMAP_RESULT_LEASED | SYNCMAP_RESULT_EXPIRED, got.result);
	EXPECT_EQ(1, got.expires);
	EXPECT(got.lease_ends > 50 * SECOND && got.lease_ends <= 100 * SECOND);
	EXPECT_EQ(0, DO(fd, STORE, KEY("k"), VALUE("new"),
			.token = got.leased));
	leases_expect_value(fd, "new");
	EXPECT_EQ(0, map_stat(fd, "lapsed"));
}

/* What ends the lease before, ends it; nothing comes of the time later */
TEST(others_end_it_before)
{
	int fd = leases_map(), other = leases_client();

	for (const struct meddling *m = leases_meddling; m->name; m++) {
		__u64 token = take_for(fd, 10 * MS), ends = got.lease_ends;

		leases_meddle(other, m);
		wait_past(ends + 5 * MS);
		EXPECT_EQ(-ESTALE, store_leased(fd, token));
		map_expect_stat(fd, "count", m->stores);
		EXPECT_EQ(0, DO(fd, DELETE, KEY("k")));
		leases_expect_clean(fd);
	}
}

static void give_up(int n, void *arg)
{
	int fd = leases_client();

	(void)arg;
	EXPECT_EQ(n ? -EROFS : 0, DO(fd, LOAD_OR_LEASE, KEY("k"), WAIT,
				     .lease_for = SECOND));
}

TEST(closed_and_frozen_before)
{
	struct syncmap_freeze freeze = { };
	int fd = leases_map(), other = leases_client();
	pid_t pids[2];
	__u64 ends;

	take_for(other, 20 * MS);
	ends = got.lease_ends;
	EXPECT_EQ(0, close(other));
	take_for(fd, 100 * SECOND);
	wait_past(ends + 5 * MS);
	EXPECT_EQ(1, map_stat(fd, "leases"));
	for (int i = 0; i < 2; i++) {
		__u64 waits = map_stat(fd, "lease_waits");

		pids[i] = test_fork(give_up, 1, NULL);
		leases_await(fd, waits + 1);
	}
	EXPECT_EQ(0, map_call(fd, SYNCMAP_FREEZE, &freeze));
	for (int i = 0; i < 2; i++)
		test_wait(pids[i]);
	map_expect_stat(fd, "leases", 0);
	map_expect_bytes(fd, 0);
}

/* Many end at a time, and each makes room */
TEST(many)
{
	int fd = map_limited(SYNCMAP_KEY_U64, (struct syncmap_limits){
		.entries = 500,
	});
	__u64 key, first = 0, ends;
	int ret;

	for (key = 0; key < 500; key++) {
		EXPECT_EQ(0, DO(fd, LOAD_OR_LEASE, KEY_N(&key, 8),
				.lease_for = SECOND));
		first = key ? first : got.lease_ends;
	}
	ends = got.lease_ends;
	ret = DO(fd, STORE, KEY_N(&key, 8));
	if (map_now() < first)
		EXPECT_EQ(-ENOSPC, ret);
	wait_past(ends);
	EXPECT_EQ(0, DO(fd, STORE, KEY_N(&key, 8)));
	map_expect_stat(fd, "leases", 0);
	EXPECT_EQ(500, map_stat(fd, "leases_lost"));
	/* One that ends is taken for an entry for a moment */
	map_expect_stat(fd, "count", 1);
}

TEST(in_a_batch)
{
	int fd = map_private(SYNCMAP_KEY_STRING);
	struct syncmap_op ops[] = {
		{ .op = SYNCMAP_OP_LOAD_OR_LEASE, KEY("a"), .lease_for = SECOND,
		  .flags = SYNCMAP_FLAG_NOWAIT | SYNCMAP_FLAG_FROM_NOW },
		{ .op = SYNCMAP_OP_LOAD_OR_LEASE, KEY("b"), NOWAIT },
	};
	struct syncmap_batch arg;

	EXPECT_EQ(0, batch(fd, &arg, ops, ARRAY_SIZE(ops), 0));
	EXPECT_EQ(SYNCMAP_RESULT_LEASED, answers[0].result);
	EXPECT(answers[0].lease_ends <= SECOND);
	EXPECT_EQ(SYNCMAP_RESULT_LEASED, answers[1].result);
	EXPECT_EQ(SYNCMAP_NEVER, answers[1].lease_ends);
}
