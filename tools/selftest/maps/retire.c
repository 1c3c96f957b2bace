// SPDX-License-Identifier: GPL-2.0-only
/* A map that is retired: nobody finds anything in it, and it is in nobody's way */
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness/leases.h"
#include "harness/parameters.h"
#include "harness/stats.h"
#include "harness/watcher.h"

#define NAME	TEST_NAME "retire"
#define READ	SYNCMAP_ACCESS_READ
#define BOTH	(SYNCMAP_ACCESS_READ | SYNCMAP_ACCESS_WRITE)
#define USER	1001
#define MAX	4

/* Bytes of one that is open, at most */
#define LEFT	60000ULL

static int retire(int fd)
{
	struct syncmap_retire arg = { };

	return map_call(fd, SYNCMAP_RETIRE, &arg);
}

static void expect_no_record(const struct syncmap_record *record, void *arg)
{
	(void)arg;
	EXPECT(!record);
}

static void expect_empty(int fd)
{
	EXPECT_EQ(-ENOENT, DO(fd, LOAD, KEY("key")));
	EXPECT_EQ(-EROFS, DO(fd, STORE, KEY("key"), VALUE("new")));
	EXPECT_EQ(-EROFS, DO(fd, DELETE, KEY("key")));
	EXPECT_EQ(-EROFS, DO(fd, LOAD_OR_LEASE, KEY("key"), NOWAIT));
	map_walk(fd, 0, 4096, expect_no_record, NULL);
	EXPECT_EQ(0, map_count(fd));
	map_expect_bytes(fd, 0);
}

TEST(all_is_gone)
{
	int fd = map_create(NAME, SYNCMAP_KEY_STRING, NULL, 0600);
	int other = map_open(NAME, BOTH), next;

	EXPECT_EQ(0, DO(fd, STORE, KEY("key"), VALUE("value")));
	EXPECT_EQ(0, DO(fd, STORE, KEY("mortal"), VALUE("value"),
			.deadline = map_now() + 3600 * SECOND));
	EXPECT_EQ(0, DO(other, STORE, KEY("owned"), VALUE("value"),
			.flags = SYNCMAP_FLAG_OWNED));
	EXPECT_EQ(0, retire(fd));
	EXPECT_EQ(SYNCMAP_MAP_RETIRED | SYNCMAP_MAP_FROZEN |
		  SYNCMAP_MAP_REMOVED, map_info(other).state);
	expect_empty(other);
	expect_empty(fd);
	EXPECT_EQ(-ENOENT, map_open(NAME, READ));
	next = map_create(NAME, SYNCMAP_KEY_STRING, NULL, 0600);
	EXPECT(next >= 0);
	test_context("again");
	EXPECT_EQ(0, retire(fd));
	EXPECT(map_open(NAME, READ) >= 0);
	EXPECT_EQ(0, map_info(next).state);
}

TEST(private_and_frozen)
{
	int fd = map_private(SYNCMAP_KEY_STRING);
	struct syncmap_freeze freeze = { };

	EXPECT_EQ(0, DO(fd, STORE, KEY("key"), VALUE("value")));
	EXPECT_EQ(0, map_call(fd, SYNCMAP_FREEZE, &freeze));
	EXPECT_EQ(0, DO(fd, LOAD, KEY("key")));
	EXPECT_EQ(0, retire(fd));
	EXPECT_EQ(SYNCMAP_MAP_RETIRED | SYNCMAP_MAP_FROZEN |
		  SYNCMAP_MAP_PRIVATE, map_info(fd).state);
	expect_empty(fd);
}

static void expect_end(struct watcher *w)
{
	struct pollfd pollfd = { .fd = w->fd, .events = POLLIN };

	EXPECT_EQ(1, poll(&pollfd, 1, 10000));
	EXPECT(pollfd.revents & POLLHUP);
	EXPECT(!watcher_next(w));
}

/* Those who watch hear of it, and then no more */
TEST(watchers_come_to_the_end)
{
	int fd = map_create(NAME, SYNCMAP_KEY_STRING, NULL, 0600);
	struct watcher w = watcher_open(fd, .flags = 0), late;

	EXPECT_EQ(0, DO(fd, STORE, KEY("key"), VALUE("value")));
	EXPECT_EQ(0, retire(fd));
	watcher_expect(&w, STORE, SYNCMAP_OP_STORE, "key");
	watcher_expect(&w, CLEAR);
	watcher_expect(&w, REMOVED);
	expect_end(&w);
	/* Nothing comes behind the end */
	EXPECT_EQ(0, retire(fd));
	expect_end(&w);
	late = watcher_open(fd, .flags = 0);
	watcher_expect(&late, REMOVED);
	expect_end(&late);
}

static void wait_for_value(int n, void *arg)
{
	(void)n;
	EXPECT_EQ(-EROFS, DO(*(int *)arg, LOAD_OR_LEASE, KEY("k"), WAIT));
}

TEST(nobody_waits_for_a_lease)
{
	int fd = leases_map();
	pid_t waiter;

	leases_take(fd);
	waiter = test_fork(wait_for_value, 0, &fd);
	leases_await(fd, 1);
	EXPECT_EQ(0, retire(fd));
	test_wait(waiter);
	EXPECT_EQ(0, map_stat(fd, "leases"));
}

static void be_user(void)
{
	map_control();
	ASSERT_EQ(0, setresuid(USER, USER, USER));
}

static void make_and_retire(int n, void *arg)
{
	int *strangers = arg;
	int fds[MAX];

	be_user();
	for (int i = 0; i < MAX; i++) {
		fds[i] = map_create(NAME, SYNCMAP_KEY_U64, NULL, 0644);
		ASSERT(fds[i] >= 0);
		map_fill(fds[i], 0, 1000);
		strangers[n * MAX + i] = map_open(NAME, READ);
		EXPECT_EQ(0, retire(fds[i]));
		EXPECT_EQ(0, map_system().user_maps);
		map_expect_bytes(fds[i], 0);
	}
	/* All of what was in them has gone, whoever has them open */
	AWAIT(map_system().user_bytes < LEFT * (n + 1) * MAX);
	EXPECT(map_system().user_bytes < LEFT * (n + 1) * MAX);
	EXPECT(map_system().user_bytes > 0);
	for (int i = 0; i < MAX; i++)
		EXPECT_EQ(0, close(fds[i]));
	EXPECT_EQ(0, map_system().user_maps);
}

static void make_as_many(int n, void *arg)
{
	static int strangers[3 * MAX];

	for (int i = 0; i < 3; i++)
		make_and_retire(i, strangers);
	for (int i = 0; i < 3 * MAX; i++)
		EXPECT_EQ(0, close(strangers[i]));
	AWAIT(!map_system().user_bytes);
	EXPECT_EQ(0, map_system().user_bytes);
	EXPECT_EQ(0, map_system().user_maps);
	for (int i = 0; i < MAX; i++)
		EXPECT(map_private(SYNCMAP_KEY_U64) >= 0);
	EXPECT_EQ(-EDQUOT, map_create(NULL, SYNCMAP_KEY_U64, NULL, 0600));
	EXPECT_EQ(MAX, map_system().user_maps);
	(void)n;
	(void)arg;
}

/* Strangers who keep them open do not keep their owner from making others */
TEST(they_count_no_more)
{
	struct parameter before = parameter_set("max_user_maps", MAX);

	test_wait(test_fork(make_as_many, 0, NULL));
	parameter_restore(&before);
}

#define MANY	200

static void retire_many(int n, void *arg)
{
	(void)n;
	(void)arg;
	be_user();
	for (int i = 0; i < MANY; i++) {
		int fd = map_private(SYNCMAP_KEY_U64);

		ASSERT(fd >= 0);
		EXPECT_EQ(0, retire(fd));
	}
}

/* All are closed at once, and freed, which keeps nobody else from making one */
TEST(they_end_together)
{
	struct parameter before = parameter_set("max_maps", 16);

	test_wait(test_fork(retire_many, 0, NULL));
	for (int i = 0; i < MANY; i++) {
		int fd = map_create(NULL, SYNCMAP_KEY_U64, NULL, 0600);

		EXPECT(fd >= 0);
		close(fd);
	}
	parameter_restore(&before);
}

/* Everything at once, and when all is over nothing counts any more */

static void use(int n, void *arg)
{
	int fd = *(int *)arg;

	for (;;) {
		__u64 key = test_random() % 100;

		switch (test_random() % 4) {
		case 0:
			DO(fd, LOAD, KEY_N(&key, 8));
			break;
		case 1:
			DO(fd, DELETE, KEY_N(&key, 8));
			break;
		case 2:
			DO(fd, LOAD_OR_LEASE, KEY_N(&key, 8), NOWAIT);
			break;
		default:
			DO(fd, STORE, KEY_N(&key, 8), VALUE("value"),
			   .flags = test_random() % 2 ? SYNCMAP_FLAG_OWNED : 0);
		}
	}
	(void)n;
}

static void retire_too(int n, void *arg)
{
	EXPECT_EQ(0, retire(*(int *)arg));
	(void)n;
}

static void retire_while_used(void)
{
	int fd = map_create(NAME, SYNCMAP_KEY_U64, NULL, 0600);
	int dup = map_open(NAME, BOTH | SYNCMAP_ACCESS_ADMIN);
	pid_t users[2], other;

	ASSERT(fd >= 0 && dup >= 0);
	for (int i = 0; i < 2; i++)
		users[i] = test_fork(use, i, i ? &dup : &fd);
	usleep(test_random() % 5000);
	other = test_fork(retire_too, 0, &dup);
	EXPECT_EQ(0, retire(fd));
	test_wait(other);
	EXPECT_EQ(0, map_count(fd));
	map_expect_bytes(fd, 0);
	for (int i = 0; i < 2; i++) {
		kill(users[i], SIGKILL);
		waitpid(users[i], NULL, 0);
	}
	EXPECT_EQ(0, map_stat(fd, "leases"));
	map_expect_stat(fd, "owned", 0);
	close(fd);
	close(dup);
}

TEST_LIMIT(while_others_use_it, 60)
{
	struct syncmap_info before, after;

	/* What others have retired is given back later, too */
	AWAIT(!map_system().user_bytes);
	before = map_system();
	for (unsigned int i = 0; i < test_times(40); i++) {
		test_context("round %u", i);
		retire_while_used();
	}
	AWAIT((after = map_system(), after.user_bytes == before.user_bytes));
	EXPECT_EQ(before.user_bytes, after.user_bytes);
	EXPECT_EQ(before.user_maps, after.user_maps);
	EXPECT_EQ(before.maps, after.maps);
}
