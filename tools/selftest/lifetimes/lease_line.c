// SPDX-License-Identifier: GPL-2.0-only
/* Those who wait for a lease stand in line, however the holder ends */
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness/leases.h"
#include "harness/stats.h"

#define CROWD	50

/* Who waits does so in the call, in a place (SYNCMAP_AWAIT), or each second so */
static enum { IN_CALL, IN_PLACE, MIXED } how;

#define LINE_TEST(id, limit)						\
	static void id(void);						\
	TEST_LIMIT(id##_in_call, limit) { how = IN_CALL; id(); }	\
	TEST_LIMIT(id##_in_place, limit) { how = IN_PLACE; id(); }	\
	TEST_LIMIT(id##_mixed, limit) { how = MIXED; id(); }		\
	static void id(void)

static int wait_for_lease(int fd, int n, char *out, __u32 size)
{
	return leases_wait(fd, how == IN_PLACE || (how == MIXED && n % 2), out,
			   size);
}

static void wait_for_value(int n, void *arg)
{
	int fd = leases_client();
	char out[16];

	EXPECT_EQ(0, wait_for_lease(fd, n, out, sizeof(out)));
	EXPECT_EQ(SYNCMAP_RESULT_LOADED, got.result);
	EXPECT_MEM(arg, strlen(arg), out, got.out_len);
}

LINE_TEST(all_who_wait_get_the_value, 30)
{
	int fd = leases_map();
	pid_t pids[CROWD];

	for (unsigned int round = 0; round < test_times(10); round++) {
		__u64 token = leases_take(fd), lost = map_stat(fd, "leases_lost");

		leases_crowd(fd, pids, CROWD, wait_for_value, "value");
		EXPECT_EQ(0, DO(fd, STORE, KEY("k"), VALUE("value"),
				.token = token));
		for (int i = 0; i < CROWD; i++)
			test_wait(pids[i]);
		EXPECT_EQ(lost, map_stat(fd, "leases_lost"));
		EXPECT_EQ(0, DO(fd, DELETE, KEY("k")));
	}
	leases_expect_clean(fd);
}

/* Whoever gets the lease says so, and keeps it until he is told to go on */
struct line {
	int		go[2];
	unsigned int	holders;
	unsigned int	order[128];
	bool		by_store;
};

static struct line *new_line(void)
{
	struct line *line = test_shared(sizeof(*line));

	ASSERT_EQ(0, pipe(line->go));
	return line;
}

static void stand_in_line(int n, void *arg)
{
	struct line *line = arg;
	int fd = leases_client();
	char c;

	EXPECT_EQ(0, wait_for_lease(fd, n, NULL, 0));
	if (got.result == SYNCMAP_RESULT_LOADED)
		return;
	EXPECT_EQ(SYNCMAP_RESULT_LEASED, got.result);
	line->order[__sync_fetch_and_add(&line->holders, 1)] = n + 1;
	EXPECT_EQ(1, read(line->go[0], &c, 1));
	if (line->by_store)
		EXPECT_EQ(0, DO(fd, STORE, KEY("k"), VALUE("v"),
				.token = got.leased));
}

static unsigned int holders(const struct line *line)
{
	return *(volatile unsigned int *)&line->holders;
}

static void await_holders(const struct line *line, unsigned int n)
{
	while (holders(line) < n)
		usleep(1000);
}

/* It takes a moment for a second one to show up, if there is one */
static void expect_holders(const struct line *line, unsigned int n)
{
	await_holders(line, n);
	usleep(5000);
	EXPECT_EQ(n, holders(line));
}

LINE_TEST(a_delete_passes_it_on_to_one, 30)
{
	int fd = leases_map();

	for (const struct meddling *m = leases_meddling; m->name; m++) {
		struct line *line = new_line();
		pid_t pids[10];

		if (m->keeps || m->stores)
			continue;
		leases_take(fd);
		leases_crowd(fd, pids, ARRAY_SIZE(pids), stand_in_line, line);
		leases_meddle(fd, m);
		expect_holders(line, 1);
		leases_meddle(fd, m);
		expect_holders(line, 2);
		EXPECT_EQ(0, DO(fd, STORE, KEY("k"), VALUE("v")));
		ASSERT_EQ(2, write(line->go[1], "go", 2));
		for (size_t j = 0; j < ARRAY_SIZE(pids); j++)
			test_wait(pids[j]);
		EXPECT_EQ(0, DO(fd, DELETE, KEY("k")));
		leases_expect_clean(fd);
	}
}

/* First come, first served */
LINE_TEST(those_who_wait_stand_in_line, 30)
{
	struct line *line = new_line();
	int fd = leases_map();
	__u64 token = leases_take(fd);
	pid_t pids[CROWD];

	leases_crowd(fd, pids, CROWD, stand_in_line, line);
	EXPECT_EQ(0, DO(fd, UNLEASE, KEY("k"), .token = token));
	for (unsigned int i = 0; i < CROWD; i++) {
		await_holders(line, i + 1);
		ASSERT_EQ(1, write(line->go[1], "g", 1));
	}
	for (unsigned int i = 0; i < CROWD; i++) {
		test_wait(pids[i]);
		EXPECT_EQ(i + 1, line->order[i]);
	}
	EXPECT_EQ(CROWD + 1, map_stat(fd, "leases_granted"));
	leases_expect_clean(fd);
}

/* The holder is killed while a hundred wait; then the next, and so on */
LINE_TEST(killed_holder, 120)
{
	unsigned int crowd = 100;
	int fd = leases_map();

	for (unsigned int round = 0; round < test_times(20); round++) {
		struct line *line = new_line();
		pid_t first, pids[100];

		test_context("round %u", round);
		first = test_fork(stand_in_line, crowd, line);
		await_holders(line, 1);
		leases_crowd(fd, pids, crowd, stand_in_line, line);
		kill(first, SIGKILL);
		waitpid(first, NULL, 0);
		expect_holders(line, 2);
		for (unsigned int n = 1; n < 5; n++) {
			pid_t holder = pids[line->order[n] - 1];

			kill(holder, SIGKILL);
			waitpid(holder, NULL, 0);
			expect_holders(line, n + 2);
			EXPECT_EQ(1, map_stat(fd, "leases"));
		}
		line->by_store = true;
		ASSERT_EQ(1, write(line->go[1], "g", 1));
		for (unsigned int i = 4; i < crowd; i++)
			test_wait(pids[i]);
		EXPECT_EQ(6, holders(line));
		EXPECT_EQ(0, DO(fd, DELETE, KEY("k")));
		leases_expect_clean(fd);
		close(line->go[0]);
		close(line->go[1]);
	}
}

/* A signal: with SA_RESTART the wait goes on, else it ends */
static volatile sig_atomic_t signals;

static void count_signal(int signal)
{
	(void)signal;
	signals++;
}

/* @arg: the flags of the operation; @n: whether the handler restarts calls */
static void wait_with_handler(int n, void *arg)
{
	__u32 flags = *(__u32 *)arg;
	struct sigaction action = {
		.sa_handler = count_signal,
		.sa_flags = n ? SA_RESTART : 0,
	};
	int fd = leases_client();

	ASSERT_EQ(0, sigaction(SIGUSR1, &action, NULL));
	EXPECT_EQ(n && !flags ? 0 : -EINTR,
		  DO(fd, LOAD_OR_LEASE, KEY("k"), WAIT, .flags = flags));
	EXPECT_EQ(1, signals);
}

TEST(a_signal_interrupts_the_wait)
{
	int fd = leases_map();
	__u64 token = leases_take(fd);
	__u32 flags = 0;
	pid_t pids[2];

	leases_crowd(fd, pids, 2, wait_with_handler, &flags);
	kill(pids[0], SIGUSR1);
	kill(pids[1], SIGUSR1);
	test_wait(pids[0]);
	leases_await(fd, 3);
	EXPECT_EQ(0, DO(fd, STORE, KEY("k"), VALUE("v"), .token = token));
	test_wait(pids[1]);
}

/* It would begin anew: so a handler ends it, whether it restarts calls or not */
TEST(a_signal_ends_a_wait_from_now)
{
	__u32 flags = SYNCMAP_FLAG_FROM_NOW;
	int fd = leases_map();
	pid_t pids[2];

	leases_take(fd);
	leases_crowd(fd, pids, 2, wait_with_handler, &flags);
	kill(pids[0], SIGUSR1);
	kill(pids[1], SIGUSR1);
	test_wait(pids[0]);
	test_wait(pids[1]);
	EXPECT_EQ(2, map_stat(fd, "lease_waits"));
}

/* Without one there is nobody who would call again */
static void wait_from_now(int n, void *arg)
{
	int fd = leases_client();

	(void)n, (void)arg;
	EXPECT_EQ(0, DO(fd, LOAD_OR_LEASE, KEY("k"), FROM_NOW,
			.wait_until = 1000 * SECOND));
	EXPECT_EQ(SYNCMAP_RESULT_LOADED, got.result);
}

TEST(a_stop_does_not_end_a_wait_from_now)
{
	int fd = leases_map();
	__u64 token = leases_take(fd);
	pid_t pid;

	leases_crowd(fd, &pid, 1, wait_from_now, NULL);
	ASSERT_EQ(0, kill(pid, SIGSTOP));
	ASSERT_EQ(pid, waitpid(pid, NULL, WUNTRACED));
	ASSERT_EQ(0, kill(pid, SIGCONT));
	leases_await(fd, 2);
	EXPECT_EQ(0, DO(fd, STORE, KEY("k"), VALUE("v"), .token = token));
	test_wait(pid);
}

/* Waiters are killed while the lease goes to them: it does not get lost */
LINE_TEST(killed_waiters, 60)
{
	int fd = leases_map();

	for (unsigned int round = 0; round < test_times(100); round++) {
		struct line *line = new_line();
		__u64 token = leases_take(fd);
		pid_t pids[8];

		test_context("round %u", round);
		leases_crowd(fd, pids, 8, stand_in_line, line);
		for (int i = 0; i < 4; i++)
			kill(pids[i], SIGKILL);
		EXPECT_EQ(0, DO(fd, UNLEASE, KEY("k"), .token = token));
		for (int i = 4; i < 8; i++)
			ASSERT_EQ(1, write(line->go[1], "g", 1));
		for (int i = 0; i < 4; i++)
			waitpid(pids[i], NULL, 0);
		for (int i = 4; i < 8; i++)
			test_wait(pids[i]);
		leases_expect_clean(fd);
		close(line->go[0]);
		close(line->go[1]);
	}
}

/*
 * A holder that is stopped keeps its lease, but blocks nobody for longer than he
 * wants, and nobody who has the value, or who does without
 */
static void hold_stopped(int n, void *arg)
{
	int fd = leases_client();
	__u64 token = leases_take(fd);

	(void)n, (void)arg;
	raise(SIGSTOP);
	EXPECT_EQ(-ESTALE, DO(fd, STORE, KEY("k"), VALUE("late"),
			      .token = token));
}

static pid_t start_stopped(void)
{
	pid_t pid = test_fork(hold_stopped, 0, NULL);

	ASSERT_EQ(pid, waitpid(pid, NULL, WUNTRACED));
	return pid;
}

static void go_on(pid_t pid)
{
	ASSERT_EQ(0, kill(pid, SIGCONT));
	test_wait(pid);
}

TEST(a_stopped_holder)
{
	int fd = leases_map();
	pid_t holder = start_stopped(), waiter;
	char out[16];

	EXPECT_EQ(-EAGAIN, DO(fd, LOAD_OR_LEASE, KEY("k"), NOWAIT));
	EXPECT_EQ(-ETIMEDOUT, DO(fd, LOAD_OR_LEASE, KEY("k"),
				 .wait_until = map_now() + 20 * MS));
	leases_crowd(fd, &waiter, 1, wait_for_value, "value");
	EXPECT_EQ(0, DO(fd, STORE, KEY("k"), VALUE("value")));
	test_wait(waiter);
	go_on(holder);
	leases_expect_value(fd, "value");

	EXPECT_EQ(0, DO(fd, DELETE, KEY("k")));
	holder = start_stopped();
	EXPECT_EQ(0, DO(fd, DELETE, KEY("k")));
	leases_take(fd);
	EXPECT_EQ(0, DO(fd, STORE, KEY("k"), VALUE("v"), .token = got.leased));
	go_on(holder);
	leases_expect_value(fd, "v");

	EXPECT_EQ(0, DO(fd, DELETE, KEY("k")));
	holder = start_stopped();
	EXPECT_EQ(0, DO(fd, LOAD_OR_STORE, KEY("k"), VALUE("x"), OUT(out)));
	EXPECT_EQ(0, got.result);
	go_on(holder);
	leases_expect_value(fd, "x");
	EXPECT_EQ(0, DO(fd, DELETE, KEY("k")));
	leases_expect_clean(fd);
}
