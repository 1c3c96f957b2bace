// SPDX-License-Identifier: GPL-2.0-only
/* Nobody sees half of a value, and half of another one */
#include <signal.h>
#include <sys/wait.h>

#include "harness/map.h"
#include "harness/promoter.h"
#include "harness/record.h"

#define WORKERS	6

struct shared {
	int		fd;
	unsigned int	n;
};

/* Values are one letter, repeated; the letter goes with the length */
static void expect_not_torn(const char *value, __u32 len)
{
	for (__u32 i = 0; i < len; i++)
		if (!EXPECT_EQ('a' + len % 26, value[i]))
			return;
}

static void write_and_read(int n, void *arg)
{
	struct shared *shared = arg;
	char text[300], value[300];

	for (unsigned int i = 0; i < shared->n; i++) {
		__u32 len = test_random() % (n % 2 ? 65 : sizeof(text));
		__u64 key = test_random() % 4;

		memset(text, 'a' + len % 26, len);
		switch (test_random() % 8) {
		case 0:
			ASSERT_EQ(0, DO(shared->fd, STORE, KEY_N(&key, 8),
					VALUE_N(text, len)));
			continue;
		case 1:
			ASSERT_EQ(0, DO(shared->fd, SWAP, KEY_N(&key, 8),
					VALUE_N(text, len), OUT(value)));
			break;
		case 2:
			DO(shared->fd, COMPARE_AND_SWAP, KEY_N(&key, 8),
			   OLD("none"), VALUE_N(text, len), OUT(value));
			break;
		case 3:
			if (test_random() % 4 == 0)
				DO(shared->fd, LOAD_AND_DELETE, KEY_N(&key, 8),
				   OUT(value));
			else
				got.out_len = 0;
			break;
		default:
			DO(shared->fd, LOAD, KEY_N(&key, 8), OUT(value));
			break;
		}
		expect_not_torn(value, got.out_len);
		if (test_failed())
			return;
	}
}

static void check_record(const struct syncmap_record *record, void *arg)
{
	expect_not_torn(record_value(record), record->value_len);
	++*(int *)arg;
}

static void walk_always(int n, void *arg)
{
	struct shared *shared = arg;
	int records = 0;

	(void)n;
	while (!test_failed())
		map_walk(shared->fd, 0, 4096, check_record, &records);
	kill(getppid(), SIGTERM);
}

static void run_torn(struct shared *shared)
{
	pid_t walker = test_fork(walk_always, 0, shared);

	shared->n = test_times(6000);
	test_parallel(WORKERS, write_and_read, shared);
	kill(walker, SIGKILL);
	waitpid(walker, NULL, 0);
}

TEST_LIMIT(no_torn_values, 60)
{
	struct shared *shared = test_shared(sizeof(*shared));
	pid_t promoter;

	shared->fd = map_private(SYNCMAP_KEY_U64);
	run_torn(shared);
	promoter = promoter_start(shared->fd);
	run_torn(shared);
	promoter_stop(promoter);
}

/* Small values are overwritten in place, under the eyes of those who read them */
static void overwrite(int n, void *arg)
{
	struct shared *shared = arg;
	char text[64];
	__u64 key = 0;

	for (unsigned int i = 0; i < shared->n; i++) {
		__u32 len = i % 2 ? sizeof(text) : 1 + i % 63;

		memset(text, 'a' + len % 26, len);
		ASSERT_EQ(0, DO(shared->fd, STORE, KEY_N(&key, 8),
				VALUE_N(text, len)));
	}
	(void)n;
}

static void read_one(int n, void *arg)
{
	struct shared *shared = arg;
	char value[64];
	__u64 key = 0;

	if (!n) {
		overwrite(n, arg);
		return;
	}
	for (unsigned int i = 0; i < shared->n && !test_failed(); i++) {
		if (!DO(shared->fd, LOAD, KEY_N(&key, 8), OUT(value)))
			expect_not_torn(value, got.out_len);
	}
}

TEST_LIMIT(no_torn_value_in_place, 60)
{
	struct shared *shared = test_shared(sizeof(*shared));

	shared->fd = map_private(SYNCMAP_KEY_U64);
	shared->n = test_times(200000);
	test_parallel(2, read_one, shared);
}
