// SPDX-License-Identifier: GPL-2.0-only
/*
 * libsyncmap: what becomes of a mapping by fork, exec, other clocks and names, and
 * where nothing but a descriptor is at hand
 */
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "harness/passing.h"
#include "harness/stats.h"
#include "library/mapped.h"

#define DAY	(24 * 3600 * SECOND)

static void expect_value(const struct libsyncmap *map, const char *want)
{
	char value[64];
	struct libsyncmap_result result = {
		.buffer = value, .size = sizeof(value),
	};

	EXPECT_EQ(0, mapped_load(map, K, &result));
	EXPECT_MEM(want, strlen(want), value, result.len);
}

static void store(const struct libsyncmap *map, const char *value)
{
	EXPECT_EQ(0, libsyncmap_store(map, K, value, strlen(value), NULL));
}

/* Processes */

/* In a child, which has made a mapping of its own if the map answers no call */
static void load_in_child(int depth, void *arg)
{
	struct libsyncmap *map = arg;

	expect_value(map, "one");
	EXPECT_EQ(0, libsyncmap_mapped(map));
	mapped_cut(map);
	expect_value(map, "one");
	if (depth)
		return;
	libsyncmap_close(map);
}

static void load_in_grandchild(int depth, void *arg)
{
	struct libsyncmap *map = arg;

	expect_value(map, "one");
	test_wait(test_fork(load_in_child, depth, map));
	expect_value(map, "one");
}

TEST(fork_makes_it_anew)
{
	struct libsyncmap *map = mapped_create("", SYNCMAP_KEY_STRING);
	struct libsyncmap *cut;

	store(map, "one");
	expect_value(map, "one");
	cut = mapped_cut_reader(map);
	for (int i = 0; i < 4; i++)
		test_wait(test_fork(load_in_child, i % 2, map));
	test_wait(test_fork(load_in_grandchild, 1, map));
	/* Ours is as it was */
	expect_value(cut, "one");
	store(map, "two");
	expect_value(cut, "two");
}

static void have_none(int n, void *arg)
{
	struct libsyncmap *map = arg;

	(void)n;
	EXPECT_EQ(-ENOTTY, libsyncmap_load(map, K, NULL));
	libsyncmap_close(map);
}

/* What is not inherited is not used: there is nothing, or somebody else's memory */
TEST(a_child_has_none_of_ours)
{
	struct libsyncmap *map = mapped_create("", SYNCMAP_KEY_STRING);
	struct libsyncmap *cut;

	store(map, "one");
	cut = mapped_cut_reader(map);
	expect_value(cut, "one");
	test_wait(test_fork(have_none, 0, cut));
	expect_value(cut, "one");
}

/* Without the library of C, which would tell of it */
TEST(clone_is_a_fork)
{
	struct libsyncmap *map = mapped_create("", SYNCMAP_KEY_STRING);
	int status;
	pid_t pid;

	store(map, "one");
	expect_value(map, "one");
	pid = syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
	if (!pid) {
		expect_value(map, "one");
		mapped_cut(map);
		expect_value(map, "one");
		_exit(test_failed());
	}
	ASSERT(pid > 0);
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
}

/* Whose memory is ours */
TEST(vfork_is_none)
{
	struct libsyncmap *map = mapped_create("", SYNCMAP_KEY_STRING);
	struct libsyncmap *cut;
	volatile int ret = 1;
	pid_t pid;

	store(map, "one");
	cut = mapped_cut_reader(map);
	pid = vfork();
	if (!pid) {
		ret = mapped_load(cut, K, NULL);
		_exit(0);
	}
	ASSERT(pid > 0);
	EXPECT_EQ(pid, waitpid(pid, NULL, 0));
	EXPECT_EQ(0, ret);
	expect_value(cut, "one");
}

struct busy {
	struct libsyncmap	*map;
	bool			over;
};

/* Takes the lock of the library all the time */
static void *open_and_close(void *arg)
{
	struct busy *busy = arg;
	struct libsyncmap *other;

	while (!__atomic_load_n(&busy->over, __ATOMIC_RELAXED)) {
		if (libsyncmap_restrict(busy->map, SYNCMAP_ACCESS_READ, &other))
			break;
		libsyncmap_load(other, K, NULL);
		libsyncmap_close(other);
	}
	return NULL;
}

static void open_in_child(int n, void *arg)
{
	struct busy *busy = arg;
	struct libsyncmap *other = mapped_reader(busy->map, 0);

	(void)n;
	expect_value(other, "one");
	EXPECT_EQ(0, libsyncmap_mapped(other));
	libsyncmap_close(other);
	expect_value(busy->map, "one");
	libsyncmap_close(busy->map);
}

/* A child whose parent was about to map and unmap waits for nobody */
TEST_LIMIT(fork_of_many_threads, 120)
{
	struct busy busy = { .map = mapped_create("", SYNCMAP_KEY_STRING) };
	pthread_t threads[3];

	store(busy.map, "one");
	for (size_t i = 0; i < ARRAY_SIZE(threads); i++)
		ASSERT_EQ(0, pthread_create(&threads[i], NULL, open_and_close,
					    &busy));
	for (unsigned int i = 0; i < test_times(60); i++)
		test_wait(test_fork(open_in_child, i, &busy));
	__atomic_store_n(&busy.over, true, __ATOMIC_RELAXED);
	for (size_t i = 0; i < ARRAY_SIZE(threads); i++)
		ASSERT_EQ(0, pthread_join(threads[i], NULL));
	expect_value(busy.map, "one");
}

/* The program that is run is this one, which does no more than that */
__attribute__((constructor)) static void load_after_exec(void)
{
	const char *inherited = getenv("SELFTEST_MAP");
	struct libsyncmap *map;

	if (!inherited)
		return;
	ASSERT_EQ(0, libsyncmap_from_fd(atoi(inherited), &map));
	ASSERT_EQ(0, libsyncmap_mapped(map));
	mapped_cut(map);
	expect_value(map, "one");
	libsyncmap_close(map);
	_exit(test_failed());
}

TEST(exec)
{
	struct libsyncmap *map = mapped_create("", SYNCMAP_KEY_STRING);
	char number[16];
	int status;
	pid_t pid;

	store(map, "one");
	expect_value(map, "one");
	pid = fork();
	if (!pid) {
		snprintf(number, sizeof(number), "%d", dup(libsyncmap_fd(map)));
		setenv("SELFTEST_MAP", number, 1);
		execl("/proc/self/exe", "exec", NULL);
		_exit(127);
	}
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
	expect_value(map, "one");
}

/* Clocks */

static void expect_deadlines(int ahead, void *arg)
{
	struct libsyncmap *map = arg, *kernel, *cut;
	struct libsyncmap_result one = { .buffer = NULL }, two = one;
	__u64 began = map_now();

	kernel = mapped_reader(map, LIBSYNCMAP_UNMAPPED);
	cut = mapped_cut_reader(map);
	EXPECT_EQ(0, mapped_load(cut, "long", 4, &one));
	EXPECT_EQ(0, libsyncmap_load(kernel, "long", 4, &two));
	EXPECT_EQ(two.expires, one.expires);
	EXPECT(one.expires > began);
	EXPECT(one.expires <= began + 1000 * SECOND);
	one.from_now = true;
	EXPECT_EQ(0, mapped_load(cut, "long", 4, &one));
	EXPECT(one.expires <= 1000 * SECOND);
	EXPECT(one.expires > 100 * SECOND);
	EXPECT_EQ(-ENOENT, mapped_load(cut, "gone", 4, NULL));
	(void)ahead;
}

static void expect_deadlines_after(long long seconds)
{
	struct libsyncmap *map = mapped_create("", SYNCMAP_KEY_STRING);
	struct libsyncmap_options terms = { .flags = SYNCMAP_FLAG_FROM_NOW };
	__u64 now = map_now();

	terms.deadline = 1000 * SECOND;
	EXPECT_EQ(0, libsyncmap_store_with(map, "long", 4, "v", 1, &terms, NULL));
	terms.deadline = 1;
	EXPECT_EQ(0, libsyncmap_store_with(map, "gone", 4, "v", 1, &terms, NULL));
	AWAIT(map_now() > now + 10 * MS);
	/* The offset that we take is not the one of the child */
	expect_deadlines(0, map);
	EXPECT_EQ(0, libsyncmap_mapped(map));
	map_set_clock(seconds);
	test_wait(test_fork(expect_deadlines, 1, map));
	expect_deadlines(0, map);
}

TEST(clock_ahead)
{
	expect_deadlines_after(24 * 3600);
}

/* Not before the machine was started */
TEST(clock_behind)
{
	__u64 since = map_now() / SECOND;

	if (since < 4)
		AWAIT(map_now() / SECOND >= 4);
	expect_deadlines_after(-2);
}

/* The time of a namespace that has no device: INFO of the map itself tells */
static void expire_without_device(int socket, void *arg)
{
	struct libsyncmap *map;
	struct libsyncmap_result result = { .buffer = NULL };
	__u64 ours = map_now();
	char empty[] = "empty-XXXXXX";

	(void)arg;
	ASSERT(mkdtemp(empty));
	ASSERT_EQ(0, chroot(empty));
	ASSERT_EQ(0, chdir("/"));
	ASSERT_EQ(-ENODEV, libsyncmap_open(NAME, SYNCMAP_ACCESS_READ, &map));
	ASSERT_EQ(0, libsyncmap_from_fd(receive_fd(socket), &map));
	ASSERT_EQ(0, libsyncmap_mapped(map));
	mapped_cut(map);
	EXPECT_EQ(0, mapped_load(map, K, &result));
	EXPECT(result.expires > ours);
	EXPECT(result.expires <= ours + 1000 * SECOND);
}

/* In a container that has nothing but the descriptor */
TEST(only_a_descriptor)
{
	struct libsyncmap *map = mapped_create(NAME, SYNCMAP_KEY_STRING);
	struct libsyncmap *reader = mapped_reader(map, 0);
	const struct libsyncmap_options terms = {
		.deadline = 1000 * SECOND, .flags = SYNCMAP_FLAG_FROM_NOW,
	};
	int sockets[2];
	pid_t pid;

	EXPECT_EQ(0, libsyncmap_store_with(map, K, "v", 1, &terms, NULL));
	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, sockets));
	map_set_clock(DAY / SECOND);
	pid = test_fork(expire_without_device, sockets[1], NULL);
	pass_fd(sockets[0], libsyncmap_fd(reader));
	test_wait(pid);
	EXPECT_EQ(0, libsyncmap_remove(NAME));
}

/* Names */

TEST(a_name_that_goes)
{
	struct libsyncmap *map = mapped_create(NAME, SYNCMAP_KEY_STRING), *cut;

	store(map, "one");
	expect_value(map, "one");
	EXPECT_EQ(0, libsyncmap_remove(NAME));
	expect_value(map, "one");
	store(map, "two");
	expect_value(map, "two");
	EXPECT_EQ(0, libsyncmap_publish(map, NAME, 0, 0));
	expect_value(map, "two");
	cut = mapped_cut_reader(map);
	store(map, "three");
	expect_value(cut, "three");
	EXPECT_EQ(0, libsyncmap_remove(NAME));
}

/* Who has the map open stays with it, as ever */
TEST(a_name_that_leads_elsewhere)
{
	struct libsyncmap *old = mapped_create(NAME, SYNCMAP_KEY_STRING);
	struct libsyncmap *new = mapped_create("", SYNCMAP_KEY_STRING), *found;

	store(old, "old");
	store(new, "new");
	expect_value(old, "old");
	EXPECT_EQ(0, libsyncmap_publish(new, NAME, SYNCMAP_PUBLISH_REPLACE, 0));
	expect_value(old, "old");
	store(old, "older");
	expect_value(old, "older");
	EXPECT_EQ(0, libsyncmap_open(NAME, SYNCMAP_ACCESS_READ, &found));
	expect_value(found, "new");
	libsyncmap_close(found);
	EXPECT_EQ(0, libsyncmap_remove(NAME));
}

/* Who would rather follow the name is told, and needs no call while it stays */
TEST(a_name_to_follow)
{
	struct libsyncmap *old = mapped_create(NAME, SYNCMAP_KEY_STRING);
	struct libsyncmap *new = mapped_create("", SYNCMAP_KEY_STRING);
	struct libsyncmap *kernel = mapped_reader(old, LIBSYNCMAP_UNMAPPED);
	struct libsyncmap *cut = mapped_reader(old, 0);

	EXPECT_EQ(0, libsyncmap_current(old));
	EXPECT_EQ(-ENOENT, libsyncmap_current(new));
	ASSERT_EQ(0, libsyncmap_mapped(cut));
	EXPECT_EQ(0, libsyncmap_current(cut));
	mapped_cut(cut);
	EXPECT_EQ(0, libsyncmap_current(cut));
	EXPECT_EQ(0, libsyncmap_publish(new, NAME, SYNCMAP_PUBLISH_REPLACE, 0));
	EXPECT_EQ(-ESTALE, libsyncmap_current(old));
	EXPECT_EQ(-ESTALE, libsyncmap_current(kernel));
	EXPECT_EQ(-ENOTTY, libsyncmap_current(cut));
	EXPECT_EQ(0, libsyncmap_current(new));
	/* Another name is not the one by which it was opened */
	EXPECT_EQ(0, libsyncmap_publish(old, NAME "-old", 0, 0));
	EXPECT_EQ(-ESTALE, libsyncmap_current(old));
	EXPECT_EQ(-ESTALE, libsyncmap_current(kernel));
	EXPECT_EQ(0, libsyncmap_remove(NAME "-old"));
	EXPECT_EQ(0, libsyncmap_publish(old, NAME, SYNCMAP_PUBLISH_REPLACE, 0));
	EXPECT_EQ(0, libsyncmap_current(old));
	EXPECT_EQ(0, libsyncmap_current(kernel));
	EXPECT_EQ(-ESTALE, libsyncmap_current(new));
	EXPECT_EQ(0, libsyncmap_remove(NAME));
	EXPECT_EQ(-ESTALE, libsyncmap_current(old));
}

static void set(const struct libsyncmap *map, unsigned int flags)
{
	struct syncmap_set change = { .flags = flags };

	EXPECT_EQ(0, libsyncmap_set(map, &change, sizeof(change)));
}

/* Who has loaded from the map before finds out, sooner or later */
TEST(a_mirror_that_comes_and_goes)
{
	struct libsyncmap *map, *reader, *cut;

	ASSERT_EQ(0, libsyncmap_create("", SYNCMAP_KEY_STRING, NULL, 0600,
				       &map));
	store(map, "one");
	reader = mapped_reader(map, 0);
	expect_value(reader, "one");
	EXPECT_EQ(-ENODEV, libsyncmap_mapped(reader));
	set(map, SYNCMAP_SET_MAPPED);
	for (int i = 0; i < 5000; i++)
		EXPECT_EQ(0, libsyncmap_load(reader, K, NULL));
	EXPECT_EQ(1, map_stat(libsyncmap_fd(map), "mappings"));
	cut = mapped_cut_reader(map);
	expect_value(cut, "one");
	store(map, "two");
	expect_value(cut, "two");
	EXPECT_EQ(0, libsyncmap_mapped(reader));
	set(map, SYNCMAP_SET_UNMAPPED);
	expect_value(reader, "two");
	store(map, "three");
	expect_value(reader, "three");
	EXPECT_EQ(-ENODEV, libsyncmap_mapped(mapped_reader(map, 0)));
	/* A load has found that nothing is there any more */
	AWAIT(libsyncmap_load(reader, K, NULL) ||
	      libsyncmap_mapped(reader) == -ENODEV);
	expect_value(reader, "three");
	set(map, SYNCMAP_SET_MAPPED);
	expect_value(cut, "three");
	AWAIT(libsyncmap_load(reader, K, NULL) || !libsyncmap_mapped(reader));
	store(map, "four");
	expect_value(reader, "four");
}

/* Who gets no mapping loads all the same, and is told why */
TEST(no_more_mappings)
{
	struct libsyncmap *map = mapped_create("", SYNCMAP_KEY_STRING);
	size_t size = map_info(libsyncmap_fd(map)).mapped;
	unsigned int n = 0;

	store(map, "one");
	while (n < 10000 && mmap(NULL, size, PROT_READ, MAP_SHARED,
				 libsyncmap_fd(map), 0) != MAP_FAILED)
		n++;
	EXPECT_EQ(ENOSPC, errno);
	EXPECT_EQ(4096, n);
	EXPECT_EQ(-ENOSPC, libsyncmap_mapped(map));
	expect_value(map, "one");
}

static void limit_files(rlim_t files)
{
	struct rlimit limit;

	ASSERT_EQ(0, getrlimit(RLIMIT_NOFILE, &limit));
	limit.rlim_cur = files ? files : limit.rlim_max;
	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &limit));
}

/* A mapping is made of a file of its own. When there may be one more it comes */
TEST(no_more_files)
{
	struct libsyncmap *map = mapped_create("", SYNCMAP_KEY_STRING);
	struct libsyncmap *reader = mapped_reader(map, 0);

	store(map, "one");
	limit_files(libsyncmap_fd(reader) + 1);
	EXPECT_EQ(-EMFILE, libsyncmap_mapped(reader));
	expect_value(reader, "one");
	limit_files(0);
	EXPECT_EQ(0, map_stat(libsyncmap_fd(map), "mappings"));
	for (int i = 0; i < 5000; i++)
		EXPECT_EQ(0, libsyncmap_load(reader, K, NULL));
	EXPECT_EQ(1, map_stat(libsyncmap_fd(map), "mappings"));
	mapped_cut(reader);
	expect_value(reader, "one");
}

TEST(frozen_and_retired)
{
	struct libsyncmap *map = mapped_create(NAME, SYNCMAP_KEY_STRING), *cut;

	store(map, "one");
	cut = mapped_cut_reader(map);
	EXPECT_EQ(0, libsyncmap_freeze(map));
	expect_value(cut, "one");
	EXPECT_EQ(-EROFS, libsyncmap_store(map, K, "two", 3, NULL));
	expect_value(cut, "one");
	EXPECT_EQ(0, libsyncmap_retire(map));
	EXPECT_EQ(-ENOENT, libsyncmap_load(map, K, NULL));
	EXPECT(libsyncmap_load(cut, K, NULL));
}
