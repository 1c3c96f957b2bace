// SPDX-License-Identifier: GPL-2.0-only
/*
 * What maps give back when the machine is short of memory, and what they keep.
 * That tombstones go sooner than by themselves is seen by the KUnit suites.
 */
#include <sched.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "harness/map.h"
#include "harness/stats.h"

#define ENTRIES	5000
#define HOUR	(3600 * SECOND)
#define PAST	1ULL

/* The kernel asks each cache, as it does when there is little left */
static void drop_caches(void)
{
	test_write("/proc/sys/vm/drop_caches", "2");
}

/* Every second entry has expired */
static int stale_map(__u64 entries)
{
	int fd = map_expiring(SYNCMAP_KEY_U64, 0, HOUR);

	for (__u64 key = 0; key < entries; key++)
		ASSERT_EQ(0, DO(fd, STORE, KEY_N(&key, 8), VALUE("value"),
				.deadline = key % 2 ? HOUR + map_now() : PAST));
	/* They are found to be late, not one after the other in time */
	AWAIT(map_stat(fd, "lapsed") >= entries / 2);
	EXPECT_EQ(entries / 2, map_stat(fd, "lapsed"));
	return fd;
}

TEST(stale_values)
{
	int fd = stale_map(ENTRIES);
	__u64 bytes = map_info(fd).bytes, key = 1;

	EXPECT_EQ(0, map_stat(fd, "reclaimed"));
	drop_caches();
	EXPECT_EQ(0, map_stat(fd, "lapsed"));
	EXPECT_EQ(ENTRIES / 2, map_stat(fd, "reclaimed"));
	EXPECT_EQ(ENTRIES / 2, map_count(fd));
	EXPECT_EQ(bytes / 2, map_info(fd).bytes);
	for (; key < ENTRIES; key += 2)
		ASSERT_EQ(0, DO(fd, LOAD, KEY_N(&key, 8)));
}

/* One map of many must not be all that is asked */
TEST(every_map)
{
	int fds[20];

	for (size_t i = 0; i < ARRAY_SIZE(fds); i++)
		fds[i] = stale_map(ENTRIES);
	drop_caches();
	for (size_t i = 0; i < ARRAY_SIZE(fds); i++)
		EXPECT_EQ(0, map_stat(fds[i], "lapsed"));
}

static unsigned int traced(int fd, const char *what)
{
	char map[64];

	snprintf(map, sizeof(map), "bytemap_reclaim: map=%llu ", map_info(fd).id);
	return test_traced(map, what);
}

TEST(tracepoint)
{
	int stale = stale_map(6), deleted = map_private(SYNCMAP_KEY_U64);
	int left_alone = map_private(SYNCMAP_KEY_U64);
	__u64 key = 0;

	map_fill(deleted, 0, 100);
	map_promote(deleted);
	test_trace("bytemap_reclaim", true);
	/* Left alone for a second it goes by itself */
	do {
		EXPECT_EQ(0, DO(deleted, DELETE, KEY_N(&key, 8)));
		drop_caches();
	} while (++key < 100 && !traced(deleted, "tombstones=1 values=0"));
	test_trace("bytemap_reclaim", false);
	EXPECT_EQ(1, traced(stale, "tombstones=0 values=3"));
	EXPECT(traced(deleted, "tombstones=1 values=0"));
	EXPECT_EQ(0, traced(left_alone, ""));
}

#define CGROUP	"/sys/fs/cgroup/"

/* More than its cgroup may have, of what nobody may see any more */
static void store_stale(int n, void *arg)
{
	static char text[10000];
	int fd = *(int *)arg;

	test_write(CGROUP "selftest/cgroup.procs", "0");
	ASSERT_EQ(0, mlockall(MCL_CURRENT | MCL_FUTURE));
	for (__u64 key = 0; key < ENTRIES; key++)
		ASSERT_EQ(0, DO(fd, STORE, KEY_N(&key, 8),
				VALUE_N(text, sizeof(text)), .deadline = PAST));
	(void)n;
}

TEST_LIMIT(memory_of_a_cgroup, 120)
{
	int fd = map_expiring(SYNCMAP_KEY_U64, 0, HOUR);

	test_try_write(CGROUP "cgroup.subtree_control", "+memory");
	mkdir(CGROUP "selftest", 0755);
	if (!test_try_write(CGROUP "selftest/memory.max", "16M"))
		test_skip("no memory controller at " CGROUP);
	test_wait(test_fork(store_stale, 0, &fd));
	EXPECT(map_stat(fd, "reclaimed") > ENTRIES / 2);
	EXPECT(map_stat(fd, "lapsed"));
	map_clear(fd);
	EXPECT_EQ(0, rmdir(CGROUP "selftest"));
}

/*
 * Until there is no memory; the last ones are deleted again. Each processor keeps
 * up to 64 pages charged in advance, of which there are few where they are large.
 */
static __u64 fill_up(int fd)
{
	static char text[30000];
	long spare = 20 * sysconf(_SC_PAGESIZE) / 4096;
	__u64 key = 0;

	while (!DO(fd, STORE, KEY_N(&key, 8), VALUE_N(text, sizeof(text))))
		key++;
	for (long i = 0; i < spare; i++) {
		key--;
		ASSERT_EQ(0, DO(fd, DELETE, KEY_N(&key, 8)));
	}
	usleep(200000);
	return key;
}

/* Values that fit, if what they replace is given back in time */
static void overwrite(int n, void *arg)
{
	static char text[30000];
	int fd = *(int *)arg;
	__u64 keys;

	test_write(CGROUP "selftest/cgroup.procs", "0");
	ASSERT_EQ(0, mlockall(MCL_CURRENT | MCL_FUTURE));
	keys = fill_up(fd);
	for (int i = 0; i < 400; i++) {
		__u64 key = i % keys;

		test_context("store %d", i);
		ASSERT_EQ(0, DO(fd, STORE, KEY_N(&key, 8),
				VALUE_N(text, sizeof(text))));
	}
	(void)n;
}

TEST_LIMIT(values_that_are_replaced, 120)
{
	int fd = map_private(SYNCMAP_KEY_U64);

	test_try_write(CGROUP "cgroup.subtree_control", "+memory");
	mkdir(CGROUP "selftest", 0755);
	if (!test_try_write(CGROUP "selftest/memory.max", "16M"))
		test_skip("no memory controller at " CGROUP);
	test_wait(test_fork(overwrite, 0, &fd));
	map_clear(fd);
	EXPECT_EQ(0, rmdir(CGROUP "selftest"));
}

static unsigned int dying(void)
{
	char line[64];
	unsigned int n = 0;
	FILE *file = fopen(CGROUP "cgroup.stat", "r");

	ASSERT(file);
	while (fgets(line, sizeof(line), file))
		sscanf(line, "nr_dying_descendants %u", &n);
	fclose(file);
	return n;
}

static void create_in_cgroup(int n, void *arg)
{
	int fd;

	test_write(CGROUP "selftest/cgroup.procs", "0");
	fd = map_create(arg, SYNCMAP_KEY_U64, NULL, 0600);
	ASSERT(fd >= 0);
	map_fill(fd, 0, n);
	map_promote(fd);
}

/*
 * Each processor has some memory charged in advance, and a reference to the cgroup
 * whose it is, until it charges another one
 */
static void charge_everywhere(int n, void *arg)
{
	test_write(CGROUP "selftest/cgroup.procs", "0");
	for (int cpu = 0; cpu < sysconf(_SC_NPROCESSORS_ONLN); cpu++) {
		cpu_set_t set;
		char *page;

		CPU_ZERO(&set);
		CPU_SET(cpu, &set);
		ASSERT_EQ(0, sched_setaffinity(0, sizeof(set), &set));
		page = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
		ASSERT(page != MAP_FAILED);
	}
	(void)n, (void)arg;
}

/* A map outlives the cgroup of who made it, and does not keep it */
TEST_LIMIT(cgroups_that_were_removed, 60)
{
	unsigned int before;
	int fd;

	test_try_write(CGROUP "cgroup.subtree_control", "+memory");
	mkdir(CGROUP "selftest", 0755);
	if (!test_try_write(CGROUP "selftest/memory.max", "64M"))
		test_skip("no memory controller at " CGROUP);
	before = dying();
	test_wait(test_fork(create_in_cgroup, 1000, TEST_NAME "cgroup"));
	EXPECT_EQ(0, rmdir(CGROUP "selftest"));
	mkdir(CGROUP "selftest", 0755);
	for (int i = 0; i < 200 && dying() > before; i++) {
		drop_caches();
		test_wait(test_fork(charge_everywhere, 0, NULL));
		usleep(20000);
	}
	EXPECT(dying() <= before);
	EXPECT_EQ(0, rmdir(CGROUP "selftest"));
	fd = map_open(TEST_NAME "cgroup",
		      SYNCMAP_ACCESS_READ | SYNCMAP_ACCESS_WRITE);
	ASSERT(fd >= 0);
	map_fill(fd, 1000, 2000);
	map_promote(fd);
	EXPECT_EQ(2000, map_count(fd));
}

struct churn {
	int	fd;
	bool	stop;
};

/* Every second key expires as soon as it is there; the others are kept */
static void churn(int n, void *arg)
{
	struct churn *churn = arg;
	__u64 key = n, value;

	while (!__atomic_load_n(&churn->stop, __ATOMIC_RELAXED)) {
		bool late = key / 2 % 2;

		ASSERT_EQ(0, DO(churn->fd, STORE, KEY_N(&key, 8),
				VALUE_N(&key, 8),
				.deadline = late ? PAST : SYNCMAP_NEVER));
		ASSERT_EQ(late ? -ENOENT : 0, DO(churn->fd, LOAD,
						 KEY_N(&key, 8), OUT_N(&value, 8)));
		if (!late)
			ASSERT_EQ(key, value);
		key = (key + 2) % ENTRIES;
	}
}

static void churn_or_drop(int n, void *arg)
{
	struct churn *churn_arg = arg;

	if (n < 2) {
		churn(n, arg);
		return;
	}
	for (unsigned int i = 0; i < test_times(100); i++)
		drop_caches();
	__atomic_store_n(&churn_arg->stop, true, __ATOMIC_RELAXED);
}

TEST_LIMIT(among_writers, 120)
{
	struct churn *arg = test_shared(sizeof(*arg));
	struct stats stats;

	arg->fd = map_expiring(SYNCMAP_KEY_U64, 0, HOUR);
	test_parallel(3, churn_or_drop, arg);
	/* What the sweeper has in its hands may lapse behind the first of them */
	AWAIT((drop_caches(), !map_stat(arg->fd, "lapsed")));
	stats = stats_get(arg->fd);
	test_note("%llu reclaimed, %llu expired", stats_of(&stats, "reclaimed"),
		  stats_of(&stats, "expired"));
	EXPECT(stats_of(&stats, "reclaimed"));
	EXPECT(stats_of(&stats, "reclaimed") <= stats_of(&stats, "expired"));
	EXPECT_EQ(0, stats_of(&stats, "lapsed"));
	map_clear(arg->fd);
	EXPECT_EQ(0, map_info(arg->fd).bytes);
}
