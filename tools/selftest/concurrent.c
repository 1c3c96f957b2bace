// SPDX-License-Identifier: GPL-2.0-only
/*
 * Many processes on one map. Each test runs twice: on quiet tables, and while
 * another process makes one promotion after the other
 */
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "map.h"

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

/* Keys of its own, beyond those of the tests */
static void keep_promoting(int n, void *arg)
{
	struct shared *shared = arg;

	(void)n;
	for (__u64 i = 0;; i++) {
		__u64 key = 1 << 20 | i % 100;

		if (i / 100 % 2)
			ASSERT_EQ(0, DO(shared->fd, DELETE, KEY_N(&key, 8)));
		else
			ASSERT_EQ(0, DO(shared->fd, STORE, KEY_N(&key, 8)));
		map_promote(shared->fd);
	}
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
		promoter = test_fork(keep_promoting, 0, shared);
		run(shared);
		kill(promoter, SIGKILL);
		waitpid(promoter, NULL, 0);
	}
}

/* no update is lost, whether content is compared or revisions are */
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

/* exactly one stores, and all get what it stored */
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

/* each job is taken once, by whichever of the ways to take one */
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
	expect_not_torn((char *)record->data + record->key_len,
			record->value_len);
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
	run_twice(run_torn);
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

/* with keys of one's own, everything is as if one were alone */
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

/* after one's own operation the state before it is never seen again */
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

/* whatever was going on, the sums are exact afterwards */
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

	memcpy(&key, record->data, 8);
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

		promoter = test_fork(keep_promoting, 0, shared);
		run_anything(shared);
		kill(promoter, SIGKILL);
		waitpid(promoter, NULL, 0);
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
