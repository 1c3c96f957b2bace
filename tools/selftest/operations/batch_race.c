// SPDX-License-Identifier: GPL-2.0-only
/* Batches beside other ones, and batches that do not come to their end */
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness/batches.h"

/* A value that nobody may see half of, loaded while it is replaced */
struct shared {
	int		fd;
	unsigned int	n;
	unsigned int	done;
};

#define KEYS	40

static void load_whole_values(struct shared *shared)
{
	static char out[KEYS][300];
	struct syncmap_batch arg;

	while (!__atomic_load_n(&shared->done, __ATOMIC_ACQUIRE)) {
		many_make(SYNCMAP_OP_LOAD, KEYS);
		for (int i = 0; i < KEYS; i++) {
			many[i].out = PTR(out[i]);
			many[i].out_size = sizeof(out[i]);
		}
		ASSERT_EQ(0, batch(shared->fd, &arg, many, KEYS, 0));
		batch_expect(&arg, KEYS, 0);
		for (int i = 0; i < KEYS; i++) {
			unsigned int len = answers[i].out_len;

			EXPECT(len == 8 || len == 300);
			EXPECT_EQ(0, memcmp(out[i], out[i] + 1, len - 1));
		}
	}
}

static void store_whole_values(struct shared *shared)
{
	char value[300];
	struct syncmap_batch arg;

	for (unsigned int n = 0; n < shared->n; n++) {
		memset(value, n, sizeof(value));
		many_make(SYNCMAP_OP_STORE, KEYS);
		for (int i = 0; i < KEYS; i++) {
			many[i].value = PTR(value);
			many[i].value_len = (n + i) % 2 ? 8 : 300;
		}
		ASSERT_EQ(0, batch(shared->fd, &arg, many, KEYS, 0));
		batch_expect(&arg, KEYS, 0);
		__atomic_store_n(&shared->done, n == shared->n - 1,
				 __ATOMIC_RELEASE);
	}
}

static void load_or_store_values(int n, void *arg)
{
	if (n)
		load_whole_values(arg);
	else
		store_whole_values(arg);
}

TEST_LIMIT(loads_while_others_store, 60)
{
	struct shared *shared = test_shared(sizeof(*shared));
	struct syncmap_batch arg;

	shared->fd = map_private(SYNCMAP_KEY_U64);
	shared->n = test_times(500) + 1;
	many_make(SYNCMAP_OP_STORE, KEYS);
	for (int i = 0; i < KEYS; i++)
		many[i].value = PTR("\0\0\0\0\0\0\0");
	ASSERT_EQ(0, batch(shared->fd, &arg, many, KEYS, 0));
	test_parallel(3, load_or_store_values, shared);
}

static void store_for_ever(int n, void *arg)
{
	struct shared *shared = arg;
	struct syncmap_batch b;

	(void)n;
	many_make(SYNCMAP_OP_ADD, MANY);
	for (unsigned int i = 0; i < MANY; i++) {
		many[i].flags = SYNCMAP_FLAG_INITIAL;
		many[i].operand = 1;
	}
	for (;;) {
		batch(shared->fd, &b, many, MANY, 0);
		__sync_fetch_and_add(&shared->done, 1);
	}
}

/* What was done before it died is the beginning of the batch, and whole */
TEST_LIMIT(killed_in_the_middle, 60)
{
	struct shared *shared = test_shared(sizeof(*shared));
	unsigned int in_the_middle = 0;

	shared->fd = map_private(SYNCMAP_KEY_U64);
	for (unsigned int i = 0; i < test_times(100) + 5; i++) {
		struct syncmap_batch arg;
		unsigned int at = 1;
		pid_t pid;

		map_clear(shared->fd);
		shared->done = 0;
		pid = test_fork(store_for_ever, 0, shared);
		while (!*(volatile unsigned int *)&shared->done)
			usleep(100);
		usleep(test_random() % 3000);
		kill(pid, SIGKILL);
		ASSERT_EQ(pid, waitpid(pid, NULL, 0));
		many_make(SYNCMAP_OP_LOAD, MANY);
		ASSERT_EQ(0, batch(shared->fd, &arg, many, MANY, 0));
		batch_expect(&arg, MANY, 0);
		while (at < MANY && many_values[at] == many_values[0])
			at++;
		in_the_middle += at < MANY;
		for (; at < MANY; at++)
			EXPECT_EQ(many_values[0] - 1, many_values[at]);
		EXPECT(many_values[0] - shared->done <= 1);
	}
	test_note("%u died in the middle", in_the_middle);
	EXPECT(in_the_middle);
}
