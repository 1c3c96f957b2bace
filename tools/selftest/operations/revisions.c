// SPDX-License-Identifier: GPL-2.0-only
/* Revisions: each write has one of its own, and loads ask for what is newer */
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>

#include "harness/map.h"

/* Each write gets a number that no write had before */
TEST(revisions)
{
	int fd = map_private(SYNCMAP_KEY_U64);
	__u64 newest = 0;

	for (int i = 0; i < 2000; i++) {
		__u64 key = i % 10;

		switch (i / 10 % 5) {
		case 0:
			EXPECT_EQ(0, DO(fd, LOAD_OR_STORE, KEY_N(&key, 8)));
			break;
		case 1:
			EXPECT_EQ(0, DO(fd, STORE, KEY_N(&key, 8), VALUE("a")));
			break;
		case 2:
			EXPECT_EQ(0, DO(fd, SWAP, KEY_N(&key, 8), VALUE("b")));
			break;
		case 3:
			EXPECT_EQ(0, DO(fd, COMPARE_AND_SWAP, KEY_N(&key, 8),
					OLD("b"), VALUE("c")));
			break;
		case 4:
			EXPECT_EQ(0, DO(fd, DELETE, KEY_N(&key, 8)));
			break;
		}
		EXPECT(got.revision > newest);
		newest = got.revision;
		EXPECT_EQ(newest, map_info(fd).revision);
	}
	map_fill(fd, 0, 10);
	EXPECT(got.revision > newest);
	newest = got.revision;
	map_clear(fd);
	map_fill(fd, 0, 1);
	EXPECT(got.revision > newest);
}

static int load_newer(int fd, __u64 revision, char *value, __u32 size)
{
	memset(value, '?', size);
	return DO(fd, LOAD, KEY("key"), OUT_N(value, size),
		  .flags = SYNCMAP_FLAG_IF_NEWER, .expected = revision);
}

/* A value is given once, whatever its length, and however it is stored */
TEST(given_once)
{
	static const __u32 lengths[] = { 0, 1, 64, 65, 256, 257, 1000 };
	int fd = map_private(SYNCMAP_KEY_STRING);
	char value[1000], text[1000];
	__u64 revision = 0;

	memset(text, 'x', sizeof(text));
	EXPECT_EQ(-ENOENT, load_newer(fd, 0, value, sizeof(value)));
	for (size_t i = 0; i < ARRAY_SIZE(lengths); i++) {
		__u32 len = lengths[i];

		test_context("%u bytes", len);
		EXPECT_EQ(0, DO(fd, STORE, KEY("key"), VALUE_N(text, len)));
		EXPECT_EQ(0, load_newer(fd, revision, value, sizeof(value)));
		EXPECT_EQ(SYNCMAP_RESULT_LOADED, got.result);
		EXPECT_EQ(revision + 1, got.revision);
		EXPECT_MEM(text, len, value, got.out_len);
		revision = got.revision;
		for (__u32 size = 0; size < 3; size++) {
			EXPECT_EQ(0, load_newer(fd, revision + size, value,
						size));
			EXPECT_EQ(SYNCMAP_RESULT_LOADED | SYNCMAP_RESULT_UNCHANGED,
				  got.result);
			EXPECT_EQ(revision, got.revision);
			EXPECT_EQ(len, got.out_len);
			EXPECT_EQ(0, memcmp(value, "???", size));
		}
	}
	EXPECT_EQ(-EMSGSIZE, load_newer(fd, revision - 1, value, 8));
	EXPECT_EQ(SYNCMAP_RESULT_LOADED, got.result);
	EXPECT_EQ(0, DO(fd, DELETE, KEY("key")));
	EXPECT_EQ(-ENOENT, load_newer(fd, revision, value, sizeof(value)));
	EXPECT_EQ(0, DO(fd, STORE, KEY("key")));
	EXPECT_EQ(0, load_newer(fd, revision, value, sizeof(value)));
	EXPECT_EQ(SYNCMAP_RESULT_LOADED, got.result);
}

struct follower {
	int	fd;
	__u64	last;
};

static void count_up(int n, void *arg)
{
	struct follower *shared = arg;
	char value[300] = "";

	if (n) {
		__u64 seen = 0, revision = 0;

		while (seen < shared->last) {
			if (load_newer(shared->fd, revision, value,
				       sizeof(value)) ||
			    got.result & SYNCMAP_RESULT_UNCHANGED)
				continue;
			EXPECT(got.revision > revision);
			revision = got.revision;
			EXPECT(*(__u64 *)value > seen);
			seen = *(__u64 *)value;
		}
		return;
	}
	for (__u64 i = 1; i <= shared->last; i++) {
		*(__u64 *)value = i;
		ASSERT_EQ(0, DO(shared->fd, STORE, KEY("key"),
				VALUE_N(value, i % 2 ? 8 : sizeof(value))));
	}
}

/* Whoever asks for what is newer sees no value twice, and the last one */
TEST_LIMIT(given_once_while_others_store, 60)
{
	struct follower *shared = test_shared(sizeof(*shared));

	shared->fd = map_private(SYNCMAP_KEY_STRING);
	shared->last = test_times(20000);
	test_parallel(3, count_up, shared);
}

#define TELLERS	4

struct told {
	int	fd;
	__u32	times;
	__u64	revision[];	/* that each has been told, one after the other */
};

static void write_and_note(int n, void *arg)
{
	struct told *told = arg;
	__u64 *revision = told->revision + n * told->times;
	char value[200] = "";

	for (__u32 i = 0; i < told->times; i++) {
		ASSERT_EQ(0, DO(told->fd, STORE, KEY("key"),
				VALUE_N(value, n || i % 2 ? 8 : sizeof(value))));
		revision[i] = got.revision;
	}
}

static int compare_revisions(const void *a, const void *b)
{
	__u64 x = *(const __u64 *)a, y = *(const __u64 *)b;

	return x < y ? -1 : x > y;
}

/* One lets a long value follow a short one, which the others change in place */
TEST_LIMIT(no_two_are_told_the_same, 60)
{
	__u32 times = test_times(60000), twice = 0;
	size_t n = (size_t)TELLERS * times;
	struct told *told = test_shared(sizeof(*told) + n * sizeof(__u64));

	told->fd = map_private(SYNCMAP_KEY_STRING);
	told->times = times;
	test_parallel(TELLERS, write_and_note, told);
	qsort(told->revision, n, sizeof(__u64), compare_revisions);
	for (size_t i = 1; i < n; i++)
		twice += told->revision[i] &&
			 told->revision[i] == told->revision[i - 1];
	EXPECT_EQ(0, twice);
}

static void store_for_ever(int n, void *arg)
{
	int fd = *(int *)arg;
	char value[300] = "";

	(void)n;
	for (;;) {
		*(__u64 *)value = test_random();
		if (test_random() % 64 == 0)
			map_clear(fd);
		else if (test_random() % 8 == 0)
			DO(fd, DELETE, KEY("key"));
		else
			DO(fd, STORE, KEY("key"),
			   VALUE_N(value, test_random() % 2 ? 8 : 300));
	}
}

struct seen {
	__u64	revision;
	__u64	value;
};

/* The same revision is the same value, and another one is a higher one */
static void look_again(int fd, struct seen *seen)
{
	char value[300];

	if (DO(fd, LOAD, KEY("key"), OUT(value)))
		return;
	if (got.revision == seen->revision)
		EXPECT_EQ(seen->value, *(__u64 *)value);
	else
		EXPECT(got.revision > seen->revision);
	seen->revision = got.revision;
	seen->value = *(__u64 *)value;
}

/* Never used twice and never backwards, whoever dies between draw and store */
TEST_LIMIT(while_writers_are_killed, 60)
{
	int fd = map_private(SYNCMAP_KEY_STRING);
	struct seen seen = { };

	for (unsigned int round = 0; round < test_times(100); round++) {
		pid_t pids[3];

		test_context("round %u", round);
		for (int i = 0; i < 3; i++)
			pids[i] = test_fork(store_for_ever, 3 * round + i, &fd);
		for (unsigned int i = test_random() % 500; i; i--)
			look_again(fd, &seen);
		for (int i = 0; i < 3; i++)
			kill(pids[i], SIGKILL);
		for (int i = 0; i < 3; i++)
			waitpid(pids[i], NULL, 0);
		look_again(fd, &seen);
	}
	EXPECT(seen.revision);
}
