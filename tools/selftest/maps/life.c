// SPDX-License-Identifier: GPL-2.0-only
/* How long maps, names, descriptors and the module live */
#include <fcntl.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness/map.h"
#include "harness/record.h"

#define NAME	TEST_NAME "life"
#define READ	SYNCMAP_ACCESS_READ
#define BOTH	(SYNCMAP_ACCESS_READ | SYNCMAP_ACCESS_WRITE)

/* Maps that others have are none of our business */
static __u32 count_maps(void)
{
	return map_system().maps;
}

/* Descriptors are released behind a process's back, but soon */
static void expect_maps(__u32 want)
{
	AWAIT(count_maps() == want);
	EXPECT_EQ(want, count_maps());
}

static void create_and_exit(int n, void *arg)
{
	int fd = map_create(arg, SYNCMAP_KEY_U64, NULL, 0600);

	ASSERT(fd >= 0);
	map_fill(fd, 0, n);
}

TEST(named_survives_its_creator)
{
	__u32 maps = count_maps();
	int fd;

	test_wait(test_fork(create_and_exit, 100, NAME));
	fd = map_open(NAME, READ);
	ASSERT(fd >= 0);
	EXPECT_EQ(100, map_count(fd));
	EXPECT_EQ(0, close(fd));
	EXPECT_EQ(maps + 1, count_maps());
	EXPECT_EQ(0, map_remove(NAME));
	expect_maps(maps);
}

TEST(private_goes_with_its_creator)
{
	__u32 maps = count_maps();

	test_wait(test_fork(create_and_exit, 100, ""));
	expect_maps(maps);
}

TEST(private_goes_with_last_descriptor)
{
	__u32 maps = count_maps();
	int fd = map_private(SYNCMAP_KEY_U64), other = dup(fd);

	map_fill(fd, 0, 10);
	EXPECT_EQ(0, close(fd));
	EXPECT_EQ(10, map_count(other));
	EXPECT_EQ(maps + 1, count_maps());
	EXPECT_EQ(0, close(other));
	expect_maps(maps);
}

TEST(removed_but_open)
{
	__u32 maps = count_maps();
	int fd = map_create(NAME, SYNCMAP_KEY_U64, NULL, 0600), again;
	__u64 id = map_info(fd).id;

	map_fill(fd, 0, 10);
	EXPECT_EQ(0, map_remove(NAME));
	EXPECT_EQ(-ENOENT, map_remove(NAME));
	EXPECT_EQ(-ENOENT, map_open(NAME, READ));
	EXPECT_EQ(SYNCMAP_MAP_REMOVED, map_info(fd).state);
	EXPECT_EQ(0, strcmp(NAME, map_info(fd).name));

	again = map_create(NAME, SYNCMAP_KEY_STRING, NULL, 0600);
	ASSERT(again >= 0);
	EXPECT(map_info(again).id > id);
	EXPECT_EQ(0, map_info(again).count);
	EXPECT_EQ(maps + 2, count_maps());

	map_fill(fd, 10, 20);
	EXPECT_EQ(20, map_count(fd));
	EXPECT_EQ(0, map_info(again).count);
	map_clear(fd);
	EXPECT_EQ(0, close(fd));
	EXPECT_EQ(0, close(again));
	EXPECT_EQ(0, map_remove(NAME));
	expect_maps(maps);
}

/* One of many creates, one of many removes */
struct tally {
	unsigned int	created;
	unsigned int	removed;
};

static void create_and_remove(int n, void *arg)
{
	struct tally *tally = arg;

	(void)n;
	for (unsigned int i = 0; i < test_times(300); i++) {
		int fd = map_create(NAME, SYNCMAP_KEY_U64, NULL, 0600);
		int ret;

		EXPECT(fd >= 0 || fd == -EEXIST);
		if (fd >= 0) {
			__sync_fetch_and_add(&tally->created, 1);
			map_fill(fd, 0, 5);
			close(fd);
		}
		fd = map_open(NAME, BOTH);
		EXPECT(fd >= 0 || fd == -ENOENT);
		if (fd >= 0) {
			EXPECT(map_count(fd) <= 5);
			close(fd);
		}
		ret = map_remove(NAME);
		EXPECT(!ret || ret == -ENOENT);
		__sync_fetch_and_add(&tally->removed, !ret);
		if (test_failed())
			return;
	}
}

TEST(create_open_and_remove_race)
{
	struct tally *tally = test_shared(sizeof(*tally));
	__u32 maps = count_maps();

	test_parallel(4, create_and_remove, tally);
	if (!map_remove(NAME))
		tally->removed++;
	EXPECT(tally->created);
	EXPECT_EQ(tally->created, tally->removed);
	expect_maps(maps);
}

/* SIGKILL at any moment leaves a map that is whole */

static void churn(int n, void *arg)
{
	int fd = *(int *)arg;
	char text[300];

	memset(text, 'a' + n, sizeof(text));
	for (;;) {
		__u64 key = test_random() % 500;
		__u32 len = test_random() % sizeof(text);

		switch (test_random() % 64) {
		case 0:
			map_clear(fd);
			break;
		case 1:
			map_promote(fd);
			break;
		case 2 ... 20:
			DO(fd, DELETE, KEY_N(&key, 8));
			break;
		default:
			DO(fd, STORE, KEY_N(&key, 8), VALUE_N(text, len));
			break;
		}
	}
}

struct sum {
	__u64	count;
	__u64	bytes;
};

static void add_record(const struct syncmap_record *record, void *arg)
{
	struct sum *sum = arg;
	const char *value = record_value(record);

	sum->count++;
	sum->bytes += record->key_len + record->value_len;
	for (__u32 i = 1; i < record->value_len; i++)
		EXPECT_EQ(value[0], value[i]);
}

/* What a Clear removed goes on being freed, and counts, when its caller is gone */
static void expect_whole(int fd)
{
	struct sum sum = { };

	map_walk(fd, 0, 8192, add_record, &sum);
	sum.bytes += sum.count * map_overhead();
	AWAIT(map_info(fd).bytes == sum.bytes);
	EXPECT_EQ(sum.bytes, map_info(fd).bytes);
	EXPECT_EQ(sum.count, map_count(fd));
}

TEST_LIMIT(killed_at_any_moment, 60)
{
	int fd = map_create(NAME, SYNCMAP_KEY_U64, NULL, 0600);

	for (unsigned int round = 0; round < test_times(40); round++) {
		test_context("round %u", round);
		test_kill(3, churn, &fd, test_random() % 20000);
		expect_whole(fd);
		map_clear(fd);
		EXPECT_EQ(0, map_count(fd));
	}
}

static void churn_private(int n, void *arg)
{
	for (;;) {
		int fd = map_private(SYNCMAP_KEY_U64);

		map_fill(fd, 0, test_random() % 300);
		if (test_random() % 2)
			close(fd);
	}
	(void)n, (void)arg;
}

TEST(killed_with_private_maps)
{
	__u32 maps = count_maps();

	for (unsigned int round = 0; round < test_times(20); round++)
		test_kill(2, churn_private, NULL, test_random() % 20000);
	expect_maps(maps);
}

/* The module. Its file lies where the test runs */

static int unload(void)
{
	return syscall(SYS_delete_module, "syncmap", O_NONBLOCK) ? -errno : 0;
}

static int load(void)
{
	int fd = open("syncmap.ko", O_RDONLY | O_CLOEXEC), ret;

	ASSERT(fd >= 0);
	ret = syscall(SYS_finit_module, fd, "", 0) ? -errno : 0;
	close(fd);
	return ret;
}

/* Loaded at first and at last; nothing of it is open in between */
static void need_module(void)
{
	if (access("syncmap.ko", R_OK))
		test_skip("no syncmap.ko here");
	EXPECT_EQ(-EEXIST, load());
}

TEST(module_with_named_map)
{
	need_module();
	test_wait(test_fork(create_and_exit, 100, NAME));
	EXPECT_EQ(-EWOULDBLOCK, unload());
	test_wait(test_fork(create_and_exit, 1, NAME "2"));
	EXPECT_EQ(-EWOULDBLOCK, unload());
	EXPECT_EQ(100, map_count(map_open(NAME, READ)));
}

static void hold_map(int n, void *arg)
{
	int *pipes = arg, fd = map_private(SYNCMAP_KEY_U64);
	char c = 0;

	(void)n;
	map_fill(fd, 0, 10);
	close(map_control());
	write(pipes[1], &c, 1);
	pause();
}

TEST(module_with_descriptor)
{
	int pipes[2];
	pid_t pid;
	char c;

	need_module();
	ASSERT_EQ(0, pipe(pipes));
	pid = test_fork(hold_map, 0, pipes);
	ASSERT_EQ(1, read(pipes[0], &c, 1));
	EXPECT_EQ(-EWOULDBLOCK, unload());
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

TEST(module_with_control_descriptor)
{
	int fd;

	need_module();
	fd = open(SYNCMAP_DEVICE, O_RDWR);
	ASSERT(fd >= 0);
	EXPECT_EQ(-EWOULDBLOCK, unload());
	close(fd);
}

static void fill_and_remove(int n, void *arg)
{
	int fd;

	create_and_exit(n, arg);
	fd = map_open(arg, BOTH);
	for (__u64 key = 0; key < (__u64)n; key += 3)
		EXPECT_EQ(0, DO(fd, DELETE, KEY_N(&key, 8)));
	EXPECT_EQ(0, map_remove(arg));
}

/* Right behind the last user, with promotions and frees still under way */
TEST_LIMIT(module_unload_and_load, 60)
{
	need_module();
	for (unsigned int round = 0; round < test_times(10); round++) {
		int ret = -EWOULDBLOCK;

		test_context("round %u", round);
		test_wait(test_fork(fill_and_remove, 3000, NAME));
		AWAIT((ret = unload()) != -EWOULDBLOCK);
		ASSERT_EQ(0, ret);
		EXPECT_EQ(-1, access(SYNCMAP_DEVICE, F_OK));
		EXPECT_EQ(0, load());
		EXPECT_EQ(0, access(SYNCMAP_DEVICE, F_OK));
	}
	EXPECT_EQ(0, count_maps());
}
