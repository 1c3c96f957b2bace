// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who waits for the end of a Clear is slow to look, and meanwhile there was another
 * one, and there are new entries
 */
#include <sched.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness/map.h"

#define ENTRIES	2000

struct shared {
	int		fd;
	unsigned int	over;
};

static void pin(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	ASSERT_EQ(0, sched_setaffinity(0, sizeof(set), &set));
}

static void spin(int n, void *arg)
{
	(void)n;
	(void)arg;
	pin(1);
	for (;;)
		;
}

static void be_slow(void)
{
	struct sched_param param = { };

	pin(1);
	ASSERT_EQ(0, sched_setscheduler(0, SCHED_IDLE, &param));
}

static int clear(int fd, __u32 flags)
{
	struct syncmap_clear arg = { .flags = flags };

	return map_call(fd, SYNCMAP_CLEAR, &arg);
}

static void clear_and_wait(int n, void *arg)
{
	struct shared *shared = arg;

	(void)n;
	be_slow();
	EXPECT_EQ(0, clear(shared->fd, SYNCMAP_CLEAR_WAIT));
	__atomic_store_n(&shared->over, 1, __ATOMIC_RELEASE);
}

/* The map is full of what has been removed */
static void store_when_full(int n, void *arg)
{
	struct shared *shared = arg;
	__u64 key = ENTRIES;

	(void)n;
	be_slow();
	EXPECT_EQ(0, DO(shared->fd, STORE, KEY_N(&key, 8)));
	__atomic_store_n(&shared->over, 1, __ATOMIC_RELEASE);
}

static void be_late(struct shared *shared, bool clears, pid_t spinner)
{
	__u64 key = ENTRIES + 1;
	pid_t waiter;

	shared->over = 0;
	EXPECT_EQ(0, clear(shared->fd, SYNCMAP_CLEAR_WAIT));
	map_fill(shared->fd, 0, ENTRIES);
	if (!clears)
		EXPECT_EQ(0, clear(shared->fd, 0));
	waiter = test_fork(clears ? clear_and_wait : store_when_full, 0, shared);
	if (clears)
		AWAIT(!map_count(shared->fd));
	kill(spinner, SIGCONT);
	EXPECT_EQ(0, clear(shared->fd, 0));
	EXPECT_EQ(0, DO(shared->fd, STORE, KEY_N(&key, 8)));
	kill(spinner, SIGSTOP);
	AWAIT(__atomic_load_n(&shared->over, __ATOMIC_ACQUIRE));
	EXPECT(shared->over);
	kill(waiter, shared->over ? 0 : SIGKILL);
	waitpid(waiter, NULL, 0);
}

static void be_late_often(bool clears)
{
	struct shared *shared = test_shared(sizeof(*shared));
	pid_t spinner = test_fork(spin, 0, NULL);

	kill(spinner, SIGSTOP);
	pin(0);
	shared->fd = map_limited(SYNCMAP_KEY_U64, (struct syncmap_limits){
		.entries = ENTRIES,
	});
	for (int i = 0; i < 10 && !test_failed(); i++)
		be_late(shared, clears, spinner);
	kill(spinner, SIGKILL);
	waitpid(spinner, NULL, 0);
}

TEST_LIMIT(clear, 100)
{
	be_late_often(true);
}

TEST_LIMIT(store, 100)
{
	be_late_often(false);
}
