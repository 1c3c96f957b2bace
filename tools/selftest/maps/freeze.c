// SPDX-License-Identifier: GPL-2.0-only
/* A map that is frozen: nobody writes any more, from one instant on */
#include <grp.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness/leases.h"
#include "harness/stats.h"
#include "harness/watcher.h"

#define NAME	TEST_NAME "freeze"
#define OTHER	1002
#define ADMIN	SYNCMAP_ACCESS_ADMIN

static int freeze(int fd)
{
	struct syncmap_freeze arg = { };

	return map_call(fd, SYNCMAP_FREEZE, &arg);
}

static bool is_frozen(int fd)
{
	return map_info(fd).state & SYNCMAP_MAP_FROZEN;
}

static int clear(int fd)
{
	struct syncmap_clear arg = { };

	return map_call(fd, SYNCMAP_CLEAR, &arg);
}

static void expect_value(int fd, const char *want)
{
	char value[16];

	EXPECT_EQ(0, DO(fd, LOAD, KEY("key"), OUT(value)));
	EXPECT_MEM(want, strlen(want), value, got.out_len);
}

struct write {
	const char		*name;
	struct syncmap_op	op;
};

#define WRITE(code, ...) { #code, { .op = SYNCMAP_OP_##code, __VA_ARGS__ } }

/* Everything that writes, also when it would find nothing to do */
static const struct write writes[] = {
	WRITE(STORE, VALUE("other")),
	WRITE(APPEND, VALUE("other")),
	WRITE(LOAD_OR_STORE, VALUE("other")),
	WRITE(LOAD_AND_DELETE),
	WRITE(DELETE),
	WRITE(SWAP, VALUE("other")),
	WRITE(COMPARE_AND_SWAP, OLD("12345678"), VALUE("other")),
	WRITE(COMPARE_AND_SWAP, OLD("mismatch"), VALUE("other")),
	WRITE(COMPARE_AND_DELETE, OLD("12345678")),
	WRITE(TOUCH, .deadline = 1),
	WRITE(ADD, .operand = 1),
	WRITE(XOR, .flags = SYNCMAP_FLAG_INITIAL, .operand = 1, .initial = 1),
};

static void expect_refused(int fd)
{
	static char big[1000];

	for (size_t i = 0; i < 2 * ARRAY_SIZE(writes); i++) {
		const struct write *w = &writes[i / 2];
		struct syncmap_op op = w->op;

		test_context("%s, key %s", w->name, i % 2 ? "there" : "absent");
		op.key = PTR(i % 2 ? "key" : "no key");
		op.key_len = i % 2 ? 3 : 6;
		EXPECT_EQ(-EROFS, map_op(fd, op));
		EXPECT_EQ(-EROFS, got.error.status);
		EXPECT_EQ(0, got.result);
	}
	test_context("the rest");
	EXPECT_EQ(-EROFS, DO(fd, LOAD_OR_LEASE, KEY("no key")));
	EXPECT_EQ(-EROFS, DO(fd, STORE, KEY("key"), VALUE_N(big, 1000)));
	EXPECT_EQ(-EROFS, clear(fd));
}

TEST(nobody_writes)
{
	int fd = map_create(NAME, SYNCMAP_KEY_STRING, NULL, 0600);
	struct syncmap_map_info before;

	EXPECT_EQ(0, DO(fd, STORE, KEY("key"), VALUE("12345678")));
	EXPECT(!is_frozen(fd));
	before = map_info(fd);
	EXPECT_EQ(0, freeze(fd));
	EXPECT(is_frozen(fd));
	expect_refused(fd);
	expect_refused(map_open(NAME, 3));
	map_promote(fd);
	expect_refused(fd);
	expect_value(fd, "12345678");
	EXPECT_EQ(-ENOENT, DO(fd, LOAD, KEY("no key")));
	EXPECT_EQ(1, map_count(fd));
	EXPECT_EQ(before.bytes, map_info(fd).bytes);
	EXPECT_EQ(before.revision, map_info(fd).revision);
	EXPECT_EQ(0, freeze(fd));
	EXPECT_EQ(0, map_remove(NAME));
	EXPECT_EQ(SYNCMAP_MAP_FROZEN | SYNCMAP_MAP_REMOVED,
		  map_info(fd).state);
	expect_refused(fd);
}

static bool was_traced(const struct syncmap_map_info *info)
{
	char want[100];

	snprintf(want, sizeof(want), "bytemap_freeze: map=%llu revision=%llu\n",
		 info->id, info->revision);
	return test_traced(want, "");
}

TEST(tracepoint)
{
	int fd = map_private(SYNCMAP_KEY_STRING);
	struct syncmap_map_info info;

	EXPECT_EQ(0, DO(fd, STORE, KEY("key")));
	EXPECT_EQ(0, DO(fd, DELETE, KEY("key")));
	info = map_info(fd);
	test_trace("bytemap_freeze", true);
	EXPECT(!was_traced(&info));
	EXPECT_EQ(0, freeze(fd));
	test_trace("bytemap_freeze", false);
	EXPECT(was_traced(&info));
}

/* "Full" was the answer before */
TEST(full_map)
{
	int fd = map_limited(SYNCMAP_KEY_STRING, (struct syncmap_limits){
		.entries = 1,
	});

	EXPECT_EQ(0, DO(fd, STORE, KEY("key"), VALUE("12345678")));
	EXPECT_EQ(0, freeze(fd));
	expect_refused(fd);
}

static void try_as_other(int n, void *arg)
{
	int fd;

	map_control();
	ASSERT_EQ(0, setgroups(0, NULL));
	ASSERT_EQ(0, setresgid(OTHER, OTHER, OTHER));
	ASSERT_EQ(0, setresuid(OTHER, OTHER, OTHER));
	fd = map_open(NAME, 3);
	EXPECT_EQ(-EBADF, freeze(fd));
	EXPECT_EQ(-EPERM, map_open(NAME, ADMIN));
	EXPECT_EQ(-EPERM, map_open(NAME, 3 | ADMIN));
	EXPECT_EQ(0, DO(fd, STORE, KEY("key")));
	/* Unless the owner has given it away */
	if (n)
		EXPECT_EQ(0, freeze(*(int *)arg));
}

TEST(owner_only)
{
	int fd;

	umask(0);
	fd = map_create(NAME, SYNCMAP_KEY_STRING, NULL, 0666);
	test_wait(test_fork(try_as_other, 0, &fd));
	EXPECT_EQ(-EBADF, freeze(map_open(NAME, SYNCMAP_ACCESS_READ)));
	EXPECT_EQ(-EBADF, freeze(map_open(NAME, 3)));
	EXPECT(!is_frozen(fd));
	test_wait(test_fork(try_as_other, 1, &fd));
	EXPECT(is_frozen(fd));
	EXPECT_EQ(0, freeze(map_open(NAME, ADMIN)));
}

struct crowd {
	int		fd;
	unsigned int	ready;
	bool		frozen;
	unsigned int	late;
	unsigned int	done;
};

static int write_something(int fd)
{
	static char big[200];
	__u64 key = test_random() % 64;

	switch (test_random() % 7) {
	case 0:
		return DO(fd, DELETE, KEY_N(&key, 8));
	case 1:
		return DO(fd, STORE, KEY_N(&key, 8), VALUE_N(big, 200));
	case 2:
		return DO(fd, ADD, KEY_N(&key, 8), .operand = 1, .initial = 0,
			  .flags = SYNCMAP_FLAG_INITIAL | SYNCMAP_FLAG_U32);
	case 3:
		return clear(fd);
	case 4:
		return DO(fd, APPEND, KEY_N(&key, 8), VALUE_N(big, 50));
	default:
		return DO(fd, STORE, KEY_N(&key, 8), VALUE("12345678"));
	}
}

/* A write that begins after the freeze has returned must fail */
static void keep_writing(int n, void *arg)
{
	struct crowd *crowd = arg;
	bool frozen;
	int ret;

	(void)n;
	__sync_fetch_and_add(&crowd->ready, 1);
	do {
		frozen = __atomic_load_n(&crowd->frozen, __ATOMIC_ACQUIRE);
		ret = write_something(crowd->fd);
		if (frozen && ret != -EROFS)
			__sync_fetch_and_add(&crowd->late, 1);
		__sync_fetch_and_add(&crowd->done, !ret);
	} while (ret != -EROFS);
}

static void add_up(const struct syncmap_record *record, void *arg)
{
	__u64 *sum = arg;

	*sum = *sum * 31 + record->revision;
}

static __u64 fingerprint(int fd)
{
	__u64 sum = map_count(fd);

	map_walk(fd, 0, 8192, add_up, &sum);
	return sum * 31 + map_info(fd).revision;
}

TEST_LIMIT(writers_under_way, 60)
{
	struct crowd *crowd = test_shared(sizeof(*crowd));
	unsigned int done = 0;
	pid_t pids[4];
	__u64 before;

	for (unsigned int i = 0; i < test_times(100); i++) {
		memset(crowd, 0, sizeof(*crowd));
		crowd->fd = map_private(SYNCMAP_KEY_U64);
		for (size_t p = 0; p < ARRAY_SIZE(pids); p++)
			pids[p] = test_fork(keep_writing, 0, crowd);
		while (crowd->ready < ARRAY_SIZE(pids))
			usleep(100);
		usleep(test_random() % 2000);
		EXPECT_EQ(0, freeze(crowd->fd));
		__atomic_store_n(&crowd->frozen, true, __ATOMIC_RELEASE);
		before = fingerprint(crowd->fd);
		for (size_t p = 0; p < ARRAY_SIZE(pids); p++)
			test_wait(pids[p]);
		EXPECT_EQ(0, crowd->late);
		EXPECT_EQ(before, fingerprint(crowd->fd));
		done += crowd->done;
		close(crowd->fd);
	}
	EXPECT(done > 0);
}

static void freeze_it(int n, void *arg)
{
	(void)n;
	freeze(*(int *)arg);
}

/* Who dies while he freezes leaves a map that another one can freeze */
TEST_LIMIT(killed, 60)
{
	struct crowd *crowd = test_shared(sizeof(*crowd));
	pid_t writer, freezer;

	for (unsigned int i = 0; i < test_times(100); i++) {
		memset(crowd, 0, sizeof(*crowd));
		crowd->fd = map_private(SYNCMAP_KEY_U64);
		writer = test_fork(keep_writing, 0, crowd);
		while (!crowd->ready)
			usleep(100);
		freezer = test_fork(freeze_it, 0, &crowd->fd);
		usleep(test_random() % 1000);
		kill(freezer, SIGKILL);
		waitpid(freezer, NULL, 0);
		EXPECT_EQ(0, freeze(crowd->fd));
		test_wait(writer);
		EXPECT_EQ(-EROFS, write_something(crowd->fd));
		close(crowd->fd);
	}
}

static void wait_in_vain(int n, void *arg)
{
	(void)n;
	(void)arg;
	EXPECT_EQ(-EROFS, DO(leases_client(), LOAD_OR_LEASE, KEY("k"), WAIT));
}

TEST(leases_end)
{
	int fd = leases_map(), holder = leases_client();
	__u64 token = leases_take(holder);
	pid_t pids[5];

	leases_crowd(fd, pids, ARRAY_SIZE(pids), wait_in_vain, NULL);
	EXPECT_EQ(0, freeze(fd));
	for (size_t i = 0; i < ARRAY_SIZE(pids); i++)
		test_wait(pids[i]);
	EXPECT_EQ(-EROFS, DO(holder, LOAD_OR_LEASE, KEY("k"), NOWAIT));
	EXPECT_EQ(-EROFS, DO(holder, STORE, KEY("k"), VALUE("v"),
			     .token = token));
	EXPECT_EQ(-ESTALE, DO(holder, UNLEASE, KEY("k"), .token = token));
	EXPECT_EQ(0, map_stat(fd, "leases"));
	EXPECT_EQ(0, map_info(fd).bytes);
	EXPECT_EQ(0, map_count(fd));
}

/* A map that is frozen before its entry has expired, however slow the machine is */
static int frozen_in_time(struct watcher *w, __u64 *expires)
{
	int fd;

	for (__u64 ttl = 100 * MS;; ttl *= 2) {
		fd = map_expiring(SYNCMAP_KEY_STRING, ttl, 0);
		*w = watcher_open(fd, .flags = 0);
		EXPECT_EQ(0, DO(fd, STORE, KEY("stays"), VALUE("long"),
				.deadline = SYNCMAP_NEVER));
		EXPECT_EQ(0, DO(fd, STORE, KEY("key"), VALUE("short")));
		*expires = got.expires;
		EXPECT_EQ(0, freeze(fd));
		if (map_now() < *expires)
			break;
		watcher_close(w);
		close(fd);
	}
	watcher_expect(w, STORE, SYNCMAP_OP_STORE, "stays");
	watcher_expect(w, STORE, SYNCMAP_OP_STORE, "key");
	return fd;
}

/* Time goes on, and whoever watches is told */
TEST(entries_expire)
{
	struct watcher w;
	__u64 expires;
	int fd;

	fd = frozen_in_time(&w, &expires);
	while (map_now() < expires)
		usleep(1000);
	EXPECT_EQ(-ENOENT, DO(fd, LOAD, KEY("key")));
	EXPECT_EQ(0, DO(fd, LOAD, KEY("stays")));
	EXPECT_EQ(1, map_count(fd));
	watcher_expect(&w, DELETE, .reason = SYNCMAP_REASON_EXPIRED,
		       .key = "key");
	watcher_close(&w);
}
