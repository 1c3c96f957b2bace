// SPDX-License-Identifier: GPL-2.0-only
/* What one user may have of everything, and what a hostile one can take */
#include <grp.h>
#include <sys/fsuid.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "harness/parameters.h"
#include "harness/stats.h"
#include "harness/watcher.h"

#define CGROUP		"/sys/fs/cgroup/"
#define OTHER		1003

/* Run @fn as another user while the parameter is @value */
static void with(const char *parameter, unsigned long value,
		 void (*fn)(int n, void *arg), void *arg)
{
	struct parameter before = parameter_set(parameter, value);

	test_wait(test_fork(fn, value, arg));
	parameter_restore(&before);
}

/* Who has nothing any more of what others have had that were the same user */
static void become_other(void)
{
	ASSERT_EQ(0, setgroups(0, NULL));
	ASSERT_EQ(0, setresgid(OTHER, OTHER, OTHER));
	ASSERT_EQ(0, setresuid(OTHER, OTHER, OTHER));
	AWAIT(!map_system().user_bytes);
}

static int make(__u64 bytes)
{
	struct syncmap_limits limits = { .bytes = bytes };

	return map_create(NULL, SYNCMAP_KEY_U64, &limits, 0600);
}

/* Until there is no room, or @n of them */
static int fill(int fd, unsigned int n)
{
	static char text[1000];
	static __u64 key;
	int ret = 0;

	while (!ret && n--) {
		key++;
		ret = DO(fd, STORE, KEY_N(&key, 8), VALUE_N(text, sizeof(text)));
	}
	return ret;
}

/* An entry of fill() takes less than that, also with a lock that is checked */
#define ENTRY		4096

static void expect_full(int fd, int err, __u32 limited, __u64 max)
{
	EXPECT_EQ(err, fill(fd, -1));
	EXPECT_EQ(limited, got.error.limited);
	EXPECT_EQ(max, got.error.limit);
	EXPECT(got.error.used <= max && got.error.used > max - ENTRY);
	map_expect_create((struct syncmap_create){ .key_type = SYNCMAP_KEY_U64 },
			  err, limited, got.error.used, max);
}

/* What is freed is given back later */
static void expect_room(int fd)
{
	int ret = -1;

	AWAIT(!(ret = fill(fd, 100)));
	EXPECT_EQ(0, ret);
}

static void use_up_bytes(int max, void *arg)
{
	int one, two;

	(void)arg;
	map_control();
	become_other();
	EXPECT_EQ(max, map_system().max_user_bytes);
	EXPECT_EQ(0, map_system().user_bytes);
	one = make(0);
	two = make(0);
	ASSERT(one >= 0 && two >= 0);
	EXPECT_EQ(2, map_system().user_maps);
	EXPECT_EQ(0, fill(two, 100));
	expect_full(one, -EDQUOT, SYNCMAP_LIMITED_USER_BYTES, max);
	EXPECT(map_system().user_bytes <= (__u64)max);
	/* What is there can be changed, and goes */
	EXPECT_EQ(0, DO(one, STORE, KEY_N(&(__u64){ 200 }, 8), VALUE("x")));
	map_clear(one);
	expect_room(two);
	expect_full(two, -EDQUOT, SYNCMAP_LIMITED_USER_BYTES, max);
	close(two);
	expect_room(one);
}

TEST(bytes_of_a_user)
{
	__u64 max = map_system().max_user_bytes;

	/* Even if nobody has said anything */
	EXPECT(max && max < map_system().max_all_bytes);
	with("max_user_bytes", 1 << 20, use_up_bytes, NULL);
	EXPECT_EQ(max, map_system().max_user_bytes);
}

/* Whoever stores */
static void use_up_bytes_of_others(int max, void *arg)
{
	int own;

	map_control();
	become_other();
	own = make(0);
	EXPECT_EQ(-ENOSPC, fill(*(int *)arg, -1));
	EXPECT_EQ(SYNCMAP_LIMITED_ALL_BYTES, got.error.limited);
	EXPECT(map_system().user_bytes < 100000);
	expect_full(own, -ENOSPC, SYNCMAP_LIMITED_ALL_BYTES, max - max / 8);
}

TEST(bytes_of_all)
{
	const int max = 4 << 20;
	struct parameter before;
	int fd;

	/* What others have had is given back later, too */
	AWAIT(!map_system().all_bytes);
	EXPECT_EQ(0, map_system().all_bytes);
	before = parameter_set("max_all_bytes", max);
	fd = map_private(SYNCMAP_KEY_U64);
	test_wait(test_fork(use_up_bytes_of_others, max, &fd));
	/* But for the map of who has filled it: that would make room at any time */
	AWAIT(map_system().all_bytes == map_system().user_bytes);
	/* The last part is for root */
	EXPECT_EQ(0, fill(fd, 100));
	expect_full(fd, -ENOSPC, SYNCMAP_LIMITED_ALL_BYTES, max);
	parameter_restore(&before);
	map_clear(fd);
}

/* Who reads goes on, but of the owner's memory that holds next to none */
static void remove_while_read(int n, void *arg)
{
	static const char name[] = TEST_NAME "read";
	__u64 empty;
	int fd, reader;

	map_control();
	become_other();
	fd = map_create(name, SYNCMAP_KEY_U64, NULL, 0644);
	ASSERT(fd >= 0);
	empty = map_system().user_bytes;
	reader = map_open(name, SYNCMAP_ACCESS_READ);
	ASSERT(reader >= 0);
	EXPECT_EQ(0, fill(fd, 1000));
	EXPECT(map_system().user_bytes > empty + 1000000);
	map_clear(fd);
	EXPECT_EQ(0, map_remove(name));
	close(fd);
	EXPECT_EQ(0, map_count(reader));
	EXPECT(map_system().user_bytes < empty + 100000);
	EXPECT_EQ(1, map_system().user_maps);
	close(reader);
	AWAIT(!map_system().user_bytes);
	EXPECT_EQ(0, map_system().user_bytes);
	(void)n;
	(void)arg;
}

TEST(a_map_that_is_removed_but_open)
{
	test_wait(test_fork(remove_while_read, 0, NULL));
}

static void use_up_bytes_by_queues(int max, void *arg)
{
	struct syncmap_watch params = { .queue_size = 1 << 20 };
	int fd, n = 0;

	map_control();
	become_other();
	fd = make(0);
	ASSERT(fd >= 0);
	while (watch(fd, params) >= 0)
		n++;
	/* The ring, and objects of long values that are twice as large */
	EXPECT(n && n <= max / (3 << 20));
	EXPECT_EQ(-EDQUOT, map_call(fd, SYNCMAP_WATCH, &params));
	EXPECT_EQ(SYNCMAP_LIMITED_USER_BYTES, params.error.limited);
	EXPECT_EQ(max, params.error.limit);
	EXPECT_EQ(n, map_system().user_watchers);
	(void)arg;
}

TEST(bytes_of_queues)
{
	with("max_user_bytes", 10 << 20, use_up_bytes_by_queues, NULL);
}

#define ACCOUNTS	20000
#define TIMES		1000

/* In microseconds */
static double shortest_look(uid_t uid)
{
	struct timespec from, to;
	double took, least = 1e9;

	setfsuid(uid);
	for (int i = 0; i < TIMES; i++) {
		clock_gettime(CLOCK_MONOTONIC, &from);
		map_system();
		clock_gettime(CLOCK_MONOTONIC, &to);
		took = (to.tv_sec - from.tv_sec) * 1e6 +
		       (to.tv_nsec - from.tv_nsec) / 1e3;
		if (took < least)
			least = took;
	}
	setfsuid(0);
	return least;
}

/*
 * Whoever has many names can choose those that a hash does not tell apart: times
 * the kernel's golden ratio, this is 1
 */
static uid_t user(unsigned int n)
{
	return n * 0xebb34377u;
}

static void have_accounts(const char *map, unsigned int n)
{
	struct rlimit files = { n + 100, n + 100 };

	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &files));
	for (unsigned int i = 1; i <= n; i++) {
		setfsuid(user(i));
		ASSERT(map_open(map, SYNCMAP_ACCESS_READ) >= 0);
		setfsuid(0);
	}
}

/* Nobody looks for his own among those that others have */
TEST_LIMIT(accounts_of_others, 90)
{
	static const char name[] = TEST_NAME "accounts";
	double alone, among;

	map_control();
	ASSERT(map_create(name, SYNCMAP_KEY_U64, NULL, 0666) >= 0);
	alone = shortest_look(user(1));
	have_accounts(name, test_times(ACCOUNTS));
	among = shortest_look(user(1));
	test_note("%.1f us alone, %.1f us among others", alone, among);
	EXPECT(among < 8 * alone);
}

/* A dump has room for some keys, which may be long */
TEST(bytes_of_dumps)
{
	struct syncmap_limits limits = { .key_size = 4096 };
	int map = map_limited(SYNCMAP_KEY_BYTES, limits);
	__u64 before = map_system().user_bytes, queue;
	int fd = watch(map, (struct syncmap_watch){ });

	ASSERT(fd >= 0);
	queue = map_system().user_bytes - before;
	close(fd);
	EXPECT_EQ(before, map_system().user_bytes);
	fd = watch(map, (struct syncmap_watch){ .flags = SYNCMAP_WATCH_DUMP });
	ASSERT(fd >= 0);
	EXPECT(map_system().user_bytes >= before + queue + 16 * 4096);
	close(fd);
	EXPECT_EQ(before, map_system().user_bytes);
}

static void use_up_watchers(int max, void *arg)
{
	int map = *(int *)arg, fds[8], own;
	struct syncmap_watch params = { };

	map_control();
	become_other();
	own = make(0);
	EXPECT_EQ(max, map_system().max_user_watchers);
	for (int i = 0; i < max; i++) {
		fds[i] = watch(i % 2 ? map : own, (struct syncmap_watch){ });
		EXPECT(fds[i] >= 0);
		EXPECT_EQ(i + 1, map_system().user_watchers);
	}
	EXPECT_EQ(-EDQUOT, map_call(map, SYNCMAP_WATCH, &params));
	EXPECT_EQ(SYNCMAP_LIMITED_USER_WATCHERS, params.error.limited);
	EXPECT_EQ(max, params.error.used);
	EXPECT_EQ(max, params.error.limit);
	EXPECT_EQ(-EDQUOT, watch(own, (struct syncmap_watch){ }));
	close(fds[0]);
	EXPECT(watch(map, (struct syncmap_watch){ }) >= 0);
	EXPECT_EQ(max, map_system().user_watchers);
}

TEST(watchers_of_all_maps)
{
	int map = map_private(SYNCMAP_KEY_U64);

	with("max_user_watchers", 5, use_up_watchers, &map);
	EXPECT_EQ(0, map_stat(map, "watchers"));
	EXPECT_EQ(0, map_system().user_watchers);
}

/* What the answer says of a limit, whichever command it is of */
struct told {
	__u64	map;	/* 0: the one that could not be made */
	__u32	limited;
	__u64	used;
	__u64	limit;
};

static int store_more(int fd, struct told *told)
{
	static char text[100];
	static __u64 key;
	int ret;

	key++;
	ret = DO(fd, STORE, KEY_N(&key, 8), VALUE_N(text, sizeof(text)));
	*told = (struct told){
		map_info(fd).id, got.error.limited, got.error.used, got.error.limit,
	};
	return ret;
}

static int lease_more(int fd, struct told *told)
{
	static __u64 key;
	int ret;

	key++;
	ret = DO(fd, LOAD_OR_LEASE, KEY_N(&key, 8), .wait_until = 1);
	*told = (struct told){
		map_info(fd).id, got.error.limited, got.error.used, got.error.limit,
	};
	return ret;
}

static int watch_more(int fd, struct told *told)
{
	struct syncmap_watch arg = { };
	int ret = map_call(fd, SYNCMAP_WATCH, &arg);

	*told = (struct told){
		map_info(fd).id, arg.error.limited, arg.error.used, arg.error.limit,
	};
	return ret;
}

static int create_more(int fd, struct told *told)
{
	struct syncmap_create arg = {
		.key_type = SYNCMAP_KEY_U64, .limits.bytes = 1000,
	};
	int ret = map_call(map_control(), SYNCMAP_CREATE, &arg);

	*told = (struct told){ 0, arg.error.limited, arg.error.used, arg.error.limit };
	(void)fd;
	return ret;
}

#define LIMIT(what, id, error, fn, n, param)				\
	{ what, SYNCMAP_LIMITED_##id, -(error), fn, n, param }

static const struct limit {
	const char	*name;
	__u32		limited;
	int		err;
	int		(*get)(int fd, struct told *told);
	__u64		max;	/* of all: an eighth of it is for root */
	const char	*parameter;
} limits[] = {
	LIMIT("entries", ENTRIES, ENOSPC, store_more, 20, NULL),
	LIMIT("bytes", BYTES, ENOSPC, store_more, 1000, NULL),
	LIMIT("leases", LEASES, EDQUOT, lease_more, 3, "max_client_leases"),
	LIMIT("user_leases", USER_LEASES, EDQUOT, lease_more, 3,
	      "max_user_leases"),
	LIMIT("watchers", WATCHERS, ENOSPC, watch_more, 64, NULL),
	LIMIT("user_watchers", USER_WATCHERS, EDQUOT, watch_more, 3,
	      "max_user_watchers"),
	LIMIT("maps", MAPS, ENOSPC, create_more, 100, "max_maps"),
	LIMIT("user_maps", USER_MAPS, EDQUOT, create_more, 3, "max_user_maps"),
	LIMIT("user_bytes", USER_BYTES, EDQUOT, create_more, 100000,
	      "max_user_bytes"),
	LIMIT("all_bytes", ALL_BYTES, ENOSPC, create_more, 1000000,
	      "max_all_bytes"),
};

struct running {
	const struct limit	*limit;
	struct told		told;
	int			ret;
};

static void run_into(int n, void *arg)
{
	struct running *running = arg;
	const struct limit *limit = running->limit;
	struct syncmap_limits room = {
		.entries = 20, .bytes = limit->max < 1000 ? 1 << 20 : 1000,
	};
	int fd;

	map_control();
	become_other();
	fd = map_create(NULL, SYNCMAP_KEY_U64, &room, 0600);
	ASSERT(fd >= 0);
	do {
		running->ret = limit->get(fd, &running->told);
	} while (running->ret >= 0);
	(void)n;
}

static unsigned int traced(const struct limit *limit, const struct told *told)
{
	char map[64] = "bytemap_full: map=", text[128];

	if (told->map)
		snprintf(map, sizeof(map), "bytemap_full: map=%llu ", told->map);
	snprintf(text, sizeof(text), " limited=%s used=%llu limit=%llu\n",
		 limit->name, told->used, told->limit);
	return test_traced(map, text);
}

static __u64 told_max(const struct limit *limit)
{
	bool of_all = limit->limited == SYNCMAP_LIMITED_MAPS ||
		      limit->limited == SYNCMAP_LIMITED_ALL_BYTES;

	return of_all ? limit->max - limit->max / 8 : limit->max;
}

TEST(every_limit_is_told_and_traced)
{
	struct running *running = test_shared(sizeof(*running));

	for (size_t i = 0; i < ARRAY_SIZE(limits); i++) {
		running->limit = &limits[i];
		test_context("%s", limits[i].name);
		test_trace("bytemap_full", true);
		if (limits[i].parameter)
			with(limits[i].parameter, limits[i].max, run_into,
			     running);
		else
			test_wait(test_fork(run_into, 0, running));
		test_trace("bytemap_full", false);
		EXPECT_EQ(limits[i].err, running->ret);
		EXPECT_EQ(limits[i].limited, running->told.limited);
		EXPECT_EQ(told_max(&limits[i]), running->told.limit);
		EXPECT(running->told.used &&
		       running->told.used <= limits[i].max);
		EXPECT_EQ(1, traced(&limits[i], &running->told));
	}
}

/* Everything that makes the kernel allocate, until that fails */

static int put_entry(int fd)
{
	static char text[60000];
	static __u64 key;

	key++;
	return DO(fd, STORE, KEY_N(&key, 8),
		  VALUE_N(text, key % 2 ? sizeof(text) : 10));
}

static int get_watcher(int fd)
{
	return watch(fd, (struct syncmap_watch){
		.flags = SYNCMAP_WATCH_DUMP | SYNCMAP_WATCH_VALUES,
		.queue_size = 0x100000,
	});
}

static int get_map(int fd)
{
	(void)fd;
	return map_create(NULL, SYNCMAP_KEY_U64, NULL, 0600);
}

static int get_lease(int fd)
{
	static __u64 key = 1000000;

	key++;
	return DO(fd, LOAD_OR_LEASE, KEY_N(&key, 8), .wait_until = 1);
}

static const struct taking {
	const char	*what;
	int		(*get)(int fd);
	bool		bounded;	/* perhaps before memory ends */
} takings[] = {
	{ "entries", put_entry, .bounded = false },
	{ "watchers", get_watcher, .bounded = false },
	{ "maps", get_map, .bounded = true },
	{ "leases", get_lease, .bounded = true },
};

/* Locked into memory first: what is to fail is an allocation for the module */
static void take_all(int n, void *arg)
{
	struct rlimit many = { 8192, 8192 };
	const struct taking *taking = &takings[n / 2];
	int ret, fd;

	map_control();
	ASSERT(test_try_write(CGROUP "selftest/cgroup.procs", "0"));
	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &many));
	ASSERT_EQ(0, mlockall(MCL_CURRENT | MCL_FUTURE));
	become_other();
	fd = n % 2 ? *(int *)arg : make(0);
	ASSERT(fd >= 0);
	do {
		ret = taking->get(fd);
	} while (ret >= 0);
	test_context("%s of %s", taking->what, n % 2 ? "others" : "mine");
	EXPECT(ret == -ENOMEM || (taking->bounded && ret == -EDQUOT));
}

static unsigned long free_memory(void)
{
	char line[128];
	unsigned long kb = 0;
	FILE *f = fopen("/proc/meminfo", "r");

	ASSERT(f);
	while (fgets(line, sizeof(line), f))
		sscanf(line, "MemAvailable: %lu", &kb);
	fclose(f);
	return kb >> 10;
}

static unsigned long cgroup_memory(void)
{
	FILE *f = fopen(CGROUP "selftest/memory.current", "r");
	unsigned long bytes = 0;

	ASSERT(f);
	ASSERT_EQ(1, fscanf(f, "%lu", &bytes));
	fclose(f);
	return bytes >> 20;
}

TEST_LIMIT(hostile_cgroup, 120)
{
	int fd = map_private(SYNCMAP_KEY_U64);
	unsigned long before;

	test_try_write(CGROUP "cgroup.subtree_control", "+memory");
	mkdir(CGROUP "selftest", 0755);
	if (!test_try_write(CGROUP "selftest/memory.max", "24M"))
		test_skip("no memory controller at " CGROUP);
	before = free_memory();
	for (size_t n = 0; n < 2 * ARRAY_SIZE(takings); n++) {
		test_wait(test_fork(take_all, n, &fd));
		test_context("%s", takings[n / 2].what);
		/* Also what it has left in the map of others is its own */
		EXPECT(free_memory() + 64 > before);
		/* They go on */
		map_fill(fd, 2000000, 2001000);
		map_clear(fd);
		/*
		 * It is given back in the background, and who comes before that
		 * is killed for what it wants of others than us
		 */
		AWAIT(cgroup_memory() < 12);
		EXPECT(cgroup_memory() < 12);
	}
	close(fd);
	EXPECT_EQ(0, rmdir(CGROUP "selftest"));
}

/* Its operands are in the kernel for as long as a page of them does not come */
static void bring_much(int n, void *arg)
{
	static char text[1 << 20];
	int fd = *(int *)arg;

	ASSERT_EQ(0, mlockall(MCL_CURRENT | MCL_FUTURE));
	ASSERT(test_try_write(CGROUP "selftest/cgroup.procs", "0"));
	EXPECT_EQ(-ENOMEM, DO(fd, COMPARE_AND_SWAP, KEY("k"), OLD(text)));
	EXPECT_EQ(-ENOMEM, DO(fd, STORE, KEY("k"), VALUE(text)));
	EXPECT_EQ(0, DO(fd, DELETE, KEY("k")));
	(void)n;
}

TEST(a_call_pays_for_its_operands)
{
	int fd = map_limited(SYNCMAP_KEY_STRING, (struct syncmap_limits){
		.value_size = 1 << 20,
	});

	test_try_write(CGROUP "cgroup.subtree_control", "+memory");
	mkdir(CGROUP "selftest", 0755);
	if (!test_try_write(CGROUP "selftest/memory.max", "512K"))
		test_skip("no memory controller at " CGROUP);
	test_wait(test_fork(bring_much, 0, &fd));
	EXPECT_EQ(0, rmdir(CGROUP "selftest"));
}
