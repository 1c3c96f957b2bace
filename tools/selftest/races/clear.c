// SPDX-License-Identifier: GPL-2.0-only
/* Clear, while others use the map: one instant, and exact sums afterwards */
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness/map.h"
#include "harness/promoter.h"
#include "harness/record.h"

#define WORKERS	6

struct shared {
	int		fd;
	unsigned int	n;
};

/* As Go's TestConcurrentClear; and afterwards the sums are exact */
static void anything(int n, void *arg)
{
	struct shared *shared = arg;
	static char text[200];

	for (unsigned int i = 0; i < shared->n; i++) {
		__u64 key = test_random() % 300;
		__u32 len = test_random() % sizeof(text);

		switch (test_random() % 6) {
		case 0:
			EXPECT_EQ(0, DO(shared->fd, DELETE, KEY_N(&key, 8)));
			break;
		case 1:
			DO(shared->fd, LOAD_AND_DELETE, KEY_N(&key, 8));
			break;
		case 2:
			EXPECT_EQ(0, DO(shared->fd, LOAD_OR_STORE,
					KEY_N(&key, 8), VALUE_N(text, len)));
			break;
		case 3:
			if (n == 0 && i % 64 == 0)
				map_clear(shared->fd);
			break;
		default:
			EXPECT_EQ(0, DO(shared->fd, STORE, KEY_N(&key, 8),
					VALUE_N(text, len)));
			break;
		}
	}
}

struct sum {
	__u64	count;
	__u64	bytes;
	__u8	seen[300];
};

static void add_record(const struct syncmap_record *record, void *arg)
{
	struct sum *sum = arg;
	__u64 key;

	memcpy(&key, record_key(record), 8);
	sum->count++;
	sum->bytes += record->key_len + record->value_len;
	if (key < ARRAY_SIZE(sum->seen))
		EXPECT_EQ(0, sum->seen[key]++);
}

static void run_anything(struct shared *shared)
{
	shared->n = test_times(4000);
	test_parallel(WORKERS, anything, shared);
}

TEST_LIMIT(exact_afterwards, 60)
{
	struct shared *shared = test_shared(sizeof(*shared));
	__u64 overhead = map_overhead();
	pid_t promoter;

	shared->fd = map_private(SYNCMAP_KEY_U64);
	for (int round = 0; round < 4; round++) {
		struct sum sum = { };

		promoter = promoter_start(shared->fd);
		run_anything(shared);
		promoter_stop(promoter);
		map_walk(shared->fd, 0, 4096, add_record, &sum);
		EXPECT_EQ(sum.count, map_count(shared->fd));
		EXPECT_EQ(sum.bytes + sum.count * overhead,
			  map_info(shared->fd).bytes);
		map_clear(shared->fd);
		EXPECT_EQ(0, map_count(shared->fd));
		EXPECT_EQ(0, map_info(shared->fd).bytes);
	}
}

/* The last thing that happens is a Clear that others were inserting into */
static void insert_or_clear(int n, void *arg)
{
	struct shared *shared = arg;

	if (n) {
		map_fill(shared->fd, n * 100, n * 100 + 100);
		return;
	}
	for (int i = 0; i < 5; i++)
		map_clear(shared->fd);
}

TEST(exact_after_clear)
{
	struct shared shared = { .fd = map_private(SYNCMAP_KEY_U64) };

	for (unsigned int round = 0; round < test_times(30); round++) {
		struct sum sum = { };

		test_context("round %u", round);
		test_parallel(3, insert_or_clear, &shared);
		map_walk(shared.fd, 0, 4096, add_record, &sum);
		EXPECT_EQ(sum.count, map_count(shared.fd));
	}
}

/*
 * Clear is one instant: B is stored after A, always, so B without A can only be
 * seen by a load of A that came before
 */
static void store_pairs(int n, void *arg)
{
	struct shared *shared = arg;

	for (__u64 i = 1; i <= shared->n; i++) {
		__u64 a = 2 * n, b = a + 1;

		ASSERT_EQ(0, DO(shared->fd, STORE, KEY_N(&a, 8), VALUE_N(&i, 8)));
		ASSERT_EQ(0, DO(shared->fd, STORE, KEY_N(&b, 8), VALUE_N(&i, 8)));
	}
}

static void check_pairs(int n, void *arg)
{
	struct shared *shared = arg;

	for (;;) {
		__u64 a = 2 * (test_random() % 2), b = a + 1, va, vb;

		if (DO(shared->fd, LOAD, KEY_N(&b, 8), OUT_N(&vb, 8)))
			continue;
		/* Another A, or a Clear since then */
		if (!DO(shared->fd, LOAD, KEY_N(&a, 8), OUT_N(&va, 8)))
			EXPECT(va >= vb);
		if (test_failed())
			kill(0, SIGTERM);
	}
	(void)n;
}

static void clear_now_and_then(int n, void *arg)
{
	struct shared *shared = arg;

	(void)n;
	for (;;) {
		map_clear(shared->fd);
		usleep(500);
	}
}

TEST(clear_is_one_instant)
{
	struct shared *shared = test_shared(sizeof(*shared));
	pid_t others[2];

	shared->fd = map_private(SYNCMAP_KEY_U64);
	shared->n = test_times(10000);
	others[0] = test_fork(check_pairs, 0, shared);
	others[1] = test_fork(clear_now_and_then, 0, shared);
	test_parallel(2, store_pairs, shared);
	for (int i = 0; i < 2; i++) {
		kill(others[i], SIGKILL);
		waitpid(others[i], NULL, 0);
	}
}

/*
 * Who changes what a Clear is just removing gets no higher revision than who
 * stores the key after it
 */
static void change_or_clear(int n, void *arg)
{
	struct shared *shared = arg;
	__u64 newest = 0, key = 0;

	for (unsigned int i = 0; i < shared->n; i++) {
		if (!n) {
			map_clear(shared->fd);
			continue;
		}
		ASSERT_EQ(0, DO(shared->fd, STORE, KEY_N(&key, 8),
				VALUE_N(&key, 8)));
		EXPECT(got.revision > newest);
		newest = got.revision;
		if (!DO(shared->fd, LOAD, KEY_N(&key, 8)))
			EXPECT(got.revision >= newest);
		newest = got.revision > newest ? got.revision : newest;
		if (test_failed())
			return;
	}
	shared->n = 0;
}

TEST_LIMIT(revisions_only_grow, 60)
{
	struct shared *shared = test_shared(sizeof(*shared));

	shared->fd = map_private(SYNCMAP_KEY_U64);
	shared->n = test_times(50000);
	test_parallel(4, change_or_clear, shared);
}

static void clear_at_once(int fd)
{
	struct syncmap_clear arg = { };

	EXPECT_EQ(0, map_call(fd, SYNCMAP_CLEAR, &arg));
	EXPECT_EQ(0, map_count(fd));
}

/* What is freed behind it is in nobody's way, and never more than the map holds */
TEST(room_comes_back)
{
	int fd = map_limited(SYNCMAP_KEY_U64, (struct syncmap_limits){
		.entries = 1000,
	});

	for (unsigned int round = 0; round < test_times(50); round++) {
		test_context("round %u", round);
		map_fill(fd, 0, 1000);
		EXPECT_EQ(1000, map_count(fd));
		clear_at_once(fd);
		EXPECT(map_info(fd).bytes <= 1000 * (map_overhead() + 16));
	}
	clear_at_once(fd);
	clear_at_once(fd);
	map_expect_bytes(fd, 0);
}

static __u64 time_clear(int fd, __u32 flags)
{
	struct syncmap_clear arg = { .flags = flags };
	__u64 begin;

	map_fill(fd, 0, 20000);
	begin = map_now();
	EXPECT_EQ(0, map_call(fd, SYNCMAP_CLEAR, &arg));
	begin = map_now() - begin;
	map_expect_bytes(fd, 0);
	return begin;
}

/* Who does not want to wait does not: three times, as a machine may be busy */
TEST(nobody_waits_who_does_not_want_to)
{
	int fd = map_private(SYNCMAP_KEY_U64);
	__u64 waited = 0, left = ~0ULL;

	for (int i = 0; i < 3; i++) {
		__u64 time = time_clear(fd, 0);

		left = time < left ? time : left;
		time = time_clear(fd, SYNCMAP_CLEAR_WAIT);
		waited = time > waited ? time : waited;
	}
	test_note("%llu us, or %llu us to the end", left / 1000, waited / 1000);
	EXPECT(left < waited / 2);
}
