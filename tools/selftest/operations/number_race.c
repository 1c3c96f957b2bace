// SPDX-License-Identifier: GPL-2.0-only
/* Many processes on one number */
#include <sched.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness/map.h"

#define INITIAL(n)	.flags = SYNCMAP_FLAG_INITIAL, .initial = (n)
#define M64		0xffffffffffffffffULL
#define WORKERS		8

struct shared {
	int		fd;
	unsigned int	n;
	unsigned int	holders;
	__u64		done[WORKERS];
	__u64		taken;
};

static struct shared *share(unsigned int n)
{
	struct shared *shared = test_shared(sizeof(*shared));

	shared->fd = map_private(SYNCMAP_KEY_STRING);
	shared->n = n;
	return shared;
}

static __u64 read_number(int fd, const char *key)
{
	__u64 number;

	ASSERT_EQ(0, DO(fd, LOAD, KEY_N(key, strlen(key)), OUT_N(&number, 8)));
	ASSERT_EQ(8, got.out_len);
	return number;
}

static void add_ones(int n, void *arg)
{
	struct shared *shared = arg;

	for (unsigned int i = 0; i < shared->n; i++) {
		ASSERT_EQ(0, DO(shared->fd, ADD, KEY("n"), .operand = 1,
				INITIAL(0)));
		shared->done[n]++;
	}
}

static __u64 sum_done(const struct shared *shared)
{
	__u64 sum = 0;

	for (int i = 0; i < WORKERS; i++)
		sum += shared->done[i];
	return sum;
}

/* $SELFTEST_LONG=1: a million each */
TEST_LIMIT(sums_are_exact, 600)
{
	struct shared *shared = share(getenv("SELFTEST_LONG") ? 1000000 :
				      test_times(20000));

	test_parallel(WORKERS, add_ones, shared);
	EXPECT_EQ((__u64)WORKERS * shared->n, read_number(shared->fd, "n"));
	EXPECT_EQ((__u64)WORKERS * shared->n, map_info(shared->fd).revision);
	test_note("%u processes added %u times each", WORKERS, shared->n);
}

/* What comes and goes: each unit that was added is taken once */
static void add_and_take(int n, void *arg)
{
	struct shared *shared = arg;
	__u64 sum;

	for (unsigned int i = 0; i < shared->n; i++) {
		if (n % 2) {
			ASSERT_EQ(0, DO(shared->fd, ADD, KEY("n"),
					.operand = i % 3, INITIAL(1)));
			shared->done[n] += i % 3 + !got.result;
		} else if (!DO(shared->fd, LOAD_AND_DELETE, KEY("n"),
			       OUT_N(&sum, 8))) {
			__sync_fetch_and_add(&shared->taken, sum);
		}
	}
}

TEST_LIMIT(nothing_is_lost_when_it_is_taken, 60)
{
	struct shared *shared = share(test_times(5000));
	__u64 sum;

	test_parallel(WORKERS, add_and_take, shared);
	if (!DO(shared->fd, LOAD_AND_DELETE, KEY("n"), OUT_N(&sum, 8)))
		shared->taken += sum;
	EXPECT_EQ(sum_done(shared), shared->taken);
}

/* A semaphore: never more holders than the bound */
#define PLACES	3

static void hold(int n, void *arg)
{
	struct shared *shared = arg;
	int ret;

	(void)n;
	for (unsigned int i = 0; i < shared->n; i++) {
		ret = DO(shared->fd, ADD, KEY("n"), .operand = 1,
			 .flags = SYNCMAP_FLAG_BOUNDED, .bound = PLACES);
		ASSERT(!ret || ret == -ERANGE);
		if (ret)
			continue;
		EXPECT(__sync_add_and_fetch(&shared->holders, 1) <= PLACES);
		__sync_sub_and_fetch(&shared->holders, 1);
		ASSERT_EQ(0, DO(shared->fd, SUB, KEY("n"), .operand = 1));
	}
}

TEST_LIMIT(bound_of_many, 60)
{
	struct shared *shared = share(test_times(5000));

	ASSERT_EQ(0, DO(shared->fd, ADD, KEY("n"), INITIAL(0)));
	test_parallel(WORKERS, hold, shared);
	EXPECT_EQ(0, read_number(shared->fd, "n"));
}

/* Each result depends on all of the operands */
static void gather(int n, void *arg)
{
	struct shared *shared = arg;

	for (unsigned int i = 0; i < shared->n; i++) {
		__u64 bit = 1ULL << (n * 8 + i % 8);
		__u64 number = 1000 + (i * 7919 + n * 104729) % 100000;

		ASSERT_EQ(0, DO(shared->fd, OR, KEY("or"), .operand = bit,
				INITIAL(0)));
		ASSERT_EQ(0, DO(shared->fd, AND, KEY("and"), .operand = ~bit,
				INITIAL(M64)));
		ASSERT_EQ(0, DO(shared->fd, XOR, KEY("xor"), .operand = bit,
				INITIAL(0)));
		ASSERT_EQ(0, DO(shared->fd, MAX, KEY("max"), .operand = number,
				INITIAL(0)));
		ASSERT_EQ(0, DO(shared->fd, MIN, KEY("min"), .operand = number,
				INITIAL(M64)));
	}
}

TEST_LIMIT(all_operands_count, 60)
{
	struct shared *shared = share(8 * (test_times(1000) / 8) + 8);
	__u64 max = 0, min = M64;

	test_parallel(WORKERS, gather, shared);
	for (unsigned int i = 0; i < WORKERS * shared->n; i++) {
		__u64 n = 1000 + (i / WORKERS * 7919 +
				  i % WORKERS * 104729) % 100000;

		max = n > max ? n : max;
		min = n < min ? n : min;
	}
	EXPECT_EQ(M64, read_number(shared->fd, "or"));
	EXPECT_EQ(0, read_number(shared->fd, "and"));
	EXPECT_EQ(shared->n / 8 % 2 ? M64 : 0, read_number(shared->fd, "xor"));
	EXPECT_EQ(max, read_number(shared->fd, "max"));
	EXPECT_EQ(min, read_number(shared->fd, "min"));
}

static void add_for_ever(int n, void *arg)
{
	struct shared *shared = arg;

	shared->n = ~0U;
	add_ones(n, arg);
}

/* Whoever dies has added all or nothing of his last, and holds up nobody */
TEST_LIMIT(killed_while_adding, 60)
{
	struct shared *shared = share(0);
	unsigned int killed = 0;
	__u64 sum;

	for (unsigned int i = 0; i < test_times(100) + 5; i++) {
		pid_t pid = test_fork(add_for_ever, 0, shared);
		__u64 before = shared->done[0];

		while (*(volatile __u64 *)&shared->done[0] == before)
			sched_yield();
		usleep(test_random() % 2000);
		kill(pid, SIGKILL);
		ASSERT_EQ(pid, waitpid(pid, NULL, 0));
		killed++;
		sum = read_number(shared->fd, "n");
		EXPECT(sum >= shared->done[0]);
		EXPECT(sum <= shared->done[0] + killed);
	}
	EXPECT_EQ(0, DO(shared->fd, ADD, KEY("n"), .operand = 1));
}
