// SPDX-License-Identifier: GPL-2.0-only
/*
 * Many processes on one map. Each test runs twice: on quiet tables, and while
 * another process makes one promotion after the other
 */
#include <unistd.h>

#include "harness/map.h"
#include "harness/promoter.h"

#define WORKERS	6
#define KEYS	256
#define TOKENS	(1 << 20)

struct shared {
	int		fd;
	unsigned int	n;
	unsigned int	taken;
	unsigned int	times[KEYS];
	__u64		winner[KEYS];
	__u8		token[TOKENS];
};

static unsigned int count(unsigned int *counter)
{
	return __sync_fetch_and_add(counter, 1);
}

/* Both runs start with an empty map of u64 keys */
static void run_twice(void (*run)(struct shared *shared))
{
	struct shared *shared = test_shared(sizeof(*shared));
	pid_t promoter;

	for (int twice = 0; twice < 2; twice++) {
		memset(shared, 0, sizeof(*shared));
		shared->fd = map_private(SYNCMAP_KEY_U64);
		if (!twice) {
			run(shared);
			continue;
		}
		promoter = promoter_start(shared->fd);
		run(shared);
		promoter_stop(promoter);
	}
}

/* No update is lost, whether content is compared or revisions are */
static void increment(int n, void *arg)
{
	struct shared *shared = arg;
	__u64 key = 0;

	for (unsigned int i = 0; i < shared->n; i++) {
		__u64 value, next;
		int ret;

		do {
			ASSERT_EQ(0, DO(shared->fd, LOAD, KEY_N(&key, 8),
					OUT_N(&value, 8)));
			next = value + 1;
			ret = n % 2 ? DO(shared->fd, COMPARE_AND_SWAP,
					 KEY_N(&key, 8), VALUE_N(&next, 8),
					 REVISION(got.revision)) :
				      DO(shared->fd, COMPARE_AND_SWAP,
					 KEY_N(&key, 8), VALUE_N(&next, 8),
					 OLD_N(&value, 8));
			ASSERT(!ret || ret == -EBUSY);
		} while (ret);
	}
}

static void run_counter(struct shared *shared)
{
	__u64 value = 0, key = 0;

	shared->n = test_times(1000);
	ASSERT_EQ(0, DO(shared->fd, STORE, KEY_N(&key, 8), VALUE_N(&value, 8)));
	test_parallel(WORKERS, increment, shared);
	EXPECT_EQ(0, DO(shared->fd, LOAD, KEY_N(&key, 8), OUT_N(&value, 8)));
	EXPECT_EQ((__u64)WORKERS * shared->n, value);
}

TEST_LIMIT(counter, 60)
{
	run_twice(run_counter);
}

/* Exactly one stores, and all get what it stored */
static void load_or_store(int n, void *arg)
{
	struct shared *shared = arg;

	for (__u64 key = 0; key < KEYS; key++) {
		__u64 mine = n + 1, value = mine;

		ASSERT_EQ(0, DO(shared->fd, LOAD_OR_STORE, KEY_N(&key, 8),
				VALUE_N(&mine, 8), OUT_N(&value, 8)));
		if (!got.result) {
			EXPECT_EQ(0, count(&shared->times[key]));
			shared->winner[key] = mine;
		}
		EXPECT_EQ(0, DO(shared->fd, LOAD, KEY_N(&key, 8),
				OUT_N(&mine, 8)));
		EXPECT_EQ(value, mine);
	}
}

static void run_load_or_store(struct shared *shared)
{
	test_parallel(100, load_or_store, shared);
	for (__u64 key = 0; key < KEYS; key++) {
		__u64 value;

		EXPECT_EQ(1, shared->times[key]);
		EXPECT_EQ(0, DO(shared->fd, LOAD, KEY_N(&key, 8),
				OUT_N(&value, 8)));
		EXPECT_EQ(shared->winner[key], value);
	}
}

TEST_LIMIT(load_or_store_one_winner, 60)
{
	run_twice(run_load_or_store);
}

/* Each job is taken once, by whichever of the ways to take one */
static void take(int n, void *arg)
{
	struct shared *shared = arg;
	__u64 value;

	for (__u64 i = 0; i < shared->n; i++) {
		__u64 key = (i + n * shared->n / WORKERS) % shared->n;
		int ret;

		if (n % 2)
			ret = DO(shared->fd, LOAD_AND_DELETE, KEY_N(&key, 8),
				 OUT_N(&value, 8));
		else
			ret = DO(shared->fd, COMPARE_AND_DELETE, KEY_N(&key, 8),
				 OLD_N(&key, 8));
		ASSERT(!ret || ret == -ENOENT);
		if (ret)
			continue;
		if (n % 2)
			EXPECT_EQ(key, value);
		EXPECT_EQ(0, shared->token[key]);
		shared->token[key] = 1;
		count(&shared->taken);
	}
}

static void run_take(struct shared *shared)
{
	shared->n = test_times(3000);
	map_fill(shared->fd, 0, shared->n);
	test_parallel(WORKERS, take, shared);
	EXPECT_EQ(shared->n, shared->taken);
	EXPECT(map_count(shared->fd) <= 100);
}

TEST_LIMIT(take_once, 60)
{
	run_twice(run_take);
}

/*
 * Each token is put in once, and comes out at most once: by Swap, by
 * LoadAndDelete, or in what is left in the end
 */
static void come_out(struct shared *shared, __u64 token)
{
	ASSERT(token < TOKENS);
	EXPECT_EQ(1, __sync_lock_test_and_set(&shared->token[token], 2));
}

static void pass_tokens(int n, void *arg)
{
	struct shared *shared = arg;

	for (unsigned int i = 0; i < shared->n; i++) {
		__u64 in = n * shared->n + i, out, key = test_random() % 8;
		int ret;

		shared->token[in] = 1;
		ASSERT_EQ(0, DO(shared->fd, SWAP, KEY_N(&key, 8),
				VALUE_N(&in, 8), OUT_N(&out, 8)));
		if (got.result)
			come_out(shared, out);
		if (i % 4)
			continue;
		ret = DO(shared->fd, LOAD_AND_DELETE, KEY_N(&key, 8),
			 OUT_N(&out, 8));
		if (!ret)
			come_out(shared, out);
	}
}

static void run_tokens(struct shared *shared)
{
	shared->n = test_times(3000);
	test_parallel(WORKERS, pass_tokens, shared);
	for (__u64 key = 0, token; key < 8; key++)
		if (!DO(shared->fd, LOAD, KEY_N(&key, 8), OUT_N(&token, 8)))
			come_out(shared, token);
	for (unsigned int i = 0; i < WORKERS * shared->n; i++)
		EXPECT_EQ(2, shared->token[i]);
}

TEST_LIMIT(nothing_lost_nothing_twice, 60)
{
	run_twice(run_tokens);
}

/* With keys of one's own, everything is as if one were alone */
static void alone(int n, void *arg)
{
	struct shared *shared = arg;
	__u64 value;

	for (unsigned int i = 0; i < shared->n; i++) {
		__u64 key = (i % 50) * WORKERS + n, next = i;

		EXPECT_EQ(0, DO(shared->fd, SWAP, KEY_N(&key, 8),
				VALUE_N(&next, 8), OUT_N(&value, 8)));
		EXPECT_EQ(0, got.result);
		EXPECT_EQ(0, DO(shared->fd, LOAD_OR_STORE, KEY_N(&key, 8),
				VALUE("x"), OUT_N(&value, 8)));
		EXPECT_EQ(next, value);
		EXPECT_EQ(0, DO(shared->fd, COMPARE_AND_SWAP, KEY_N(&key, 8),
				OLD_N(&next, 8), VALUE("a longer value")));
		EXPECT_EQ(-EBUSY, DO(shared->fd, COMPARE_AND_DELETE,
				     KEY_N(&key, 8), OLD_N(&next, 8)));
		EXPECT_EQ(0, DO(shared->fd, COMPARE_AND_DELETE, KEY_N(&key, 8),
				OLD("a longer value")));
		EXPECT_EQ(-ENOENT, DO(shared->fd, LOAD, KEY_N(&key, 8)));
		if (test_failed())
			return;
	}
}

static void run_alone(struct shared *shared)
{
	shared->n = test_times(1000);
	test_parallel(WORKERS, alone, shared);
}

TEST_LIMIT(own_keys, 60)
{
	run_twice(run_alone);
}

/* After one's own operation the state before it is never seen again */
static void post_state(int n, void *arg)
{
	struct shared *shared = arg;

	for (unsigned int i = 1; i <= shared->n; i++) {
		for (__u64 key = 0; key < 4; key++) {
			__u64 old = i - 1, next = i, value;
			int ret;

			ret = DO(shared->fd, COMPARE_AND_SWAP, KEY_N(&key, 8),
				 OLD_N(&old, 8), VALUE_N(&next, 8));
			ASSERT(!ret || ret == -EBUSY);
			ASSERT_EQ(0, DO(shared->fd, LOAD, KEY_N(&key, 8),
					OUT_N(&value, 8)));
			ASSERT(value >= i);
		}
	}
	(void)n;
}

static void run_post_state(struct shared *shared)
{
	__u64 zero = 0;

	shared->n = test_times(500);
	for (__u64 key = 0; key < 4; key++)
		ASSERT_EQ(0, DO(shared->fd, STORE, KEY_N(&key, 8),
				VALUE_N(&zero, 8)));
	test_parallel(WORKERS, post_state, shared);
}

TEST_LIMIT(post_state_is_seen, 60)
{
	run_twice(run_post_state);
}

/* No revision is given twice, and those of a key only grow */
static void collect_revisions(int n, void *arg)
{
	struct shared *shared = arg;
	__u64 newest[2] = { };

	for (unsigned int i = 0; i < shared->n; i++) {
		__u64 key = test_random() % 2;
		bool wrote;

		switch (test_random() % 4) {
		case 0:
			ASSERT_EQ(0, DO(shared->fd, DELETE, KEY_N(&key, 8)));
			wrote = got.result;
			break;
		case 1:
			ASSERT_EQ(0, DO(shared->fd, LOAD_OR_STORE,
					KEY_N(&key, 8), VALUE("v")));
			wrote = !got.result;
			break;
		case 2:
			DO(shared->fd, LOAD, KEY_N(&key, 8));
			if (got.result)
				EXPECT(got.revision >= newest[key]);
			continue;
		default:
			ASSERT_EQ(0, DO(shared->fd, STORE, KEY_N(&key, 8),
					VALUE("v")));
			wrote = true;
			break;
		}
		if (!wrote)
			continue;
		EXPECT(got.revision > newest[key]);
		EXPECT(got.revision > got.previous);
		newest[key] = got.revision;
		ASSERT(got.revision < TOKENS);
		EXPECT_EQ(0, __sync_lock_test_and_set(
			&shared->token[got.revision], 1));
		if (test_failed())
			return;
	}
	(void)n;
}

static void run_revisions(struct shared *shared)
{
	shared->n = test_times(60000);
	test_parallel(WORKERS, collect_revisions, shared);
}

TEST_LIMIT(revisions, 60)
{
	run_twice(run_revisions);
}

/* Maps of one's own, all at a time */
static void make_maps(int n, void *arg)
{
	char name[SYNCMAP_NAME_SIZE];

	(void)arg;
	for (unsigned int i = 0; i < test_times(100); i++) {
		int fd;

		snprintf(name, sizeof(name), TEST_NAME "%d-%u", n, i);
		fd = map_create(name, SYNCMAP_KEY_U64, NULL, 0600);
		ASSERT(fd >= 0);
		map_fill(fd, 0, i);
		close(fd);
		if (i % 3 == 0)
			EXPECT_EQ(0, map_remove(name));
	}
	for (unsigned int i = 0; i < test_times(100); i++) {
		snprintf(name, sizeof(name), TEST_NAME "%d-%u", n, i);
		if (i % 3) {
			int fd = map_open(name, SYNCMAP_ACCESS_READ);

			ASSERT(fd >= 0);
			EXPECT_EQ(i, map_count(fd));
			close(fd);
		}
		EXPECT_EQ(i % 3 ? 0 : -ENOENT, map_remove(name));
	}
}

TEST(maps)
{
	__u32 before = map_system().maps;

	test_parallel(WORKERS, make_maps, NULL);
	EXPECT_EQ(before, map_system().maps);
}
