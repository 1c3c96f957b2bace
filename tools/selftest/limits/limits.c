// SPDX-License-Identifier: GPL-2.0-only
/* Limits are hard, exact under concurrency, and told with the error */
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "harness/map.h"
#include "harness/stats.h"

#define PARAMETERS	"/sys/module/syncmap/parameters/"

static void expect_full(enum syncmap_limited which, __u64 used, __u64 limit)
{
	EXPECT_EQ(which, got.error.limited);
	EXPECT_EQ(used, got.error.used);
	EXPECT_EQ(limit, got.error.limit);
}

/* Everything that inserts, into a map that is full */
static void try_inserts(int fd, __u64 key)
{
	EXPECT_EQ(-ENOSPC, DO(fd, STORE, KEY_N(&key, 8), VALUE("v")));
	EXPECT_EQ(-ENOSPC, DO(fd, SWAP, KEY_N(&key, 8), VALUE("v")));
	EXPECT_EQ(-ENOSPC, DO(fd, LOAD_OR_STORE, KEY_N(&key, 8), VALUE("v")));
	EXPECT_EQ(-ENOENT, DO(fd, COMPARE_AND_SWAP, KEY_N(&key, 8), OLD("v"),
			      VALUE("v")));
	EXPECT_EQ(-ENOENT, DO(fd, LOAD, KEY_N(&key, 8)));
}

static void fill_and_try(int fd, __u64 max)
{
	char value[8];
	__u64 key = 0;

	map_fill(fd, 0, max);
	try_inserts(fd, max);
	EXPECT_EQ(-ENOSPC, DO(fd, STORE, KEY_N(&max, 8)));
	expect_full(SYNCMAP_LIMITED_ENTRIES, max, max);
	EXPECT_EQ(max, map_count(fd));
	EXPECT(map_stat(fd, "rejected") >= 4);

	/* What is there can be changed */
	EXPECT_EQ(0, DO(fd, STORE, KEY_N(&key, 8), VALUE("other")));
	EXPECT_EQ(0, DO(fd, LOAD_OR_STORE, KEY_N(&key, 8), VALUE("x"),
			OUT(value)));
	EXPECT_EQ(5, got.out_len);
	EXPECT_EQ(0, DO(fd, SWAP, KEY_N(&key, 8), VALUE("1")));
	EXPECT_EQ(0, DO(fd, COMPARE_AND_SWAP, KEY_N(&key, 8), OLD("1"),
			VALUE("22")));

	/* Each way to make room makes room for one */
	EXPECT_EQ(0, DO(fd, DELETE, KEY_N(&key, 8)));
	EXPECT_EQ(max - 1, map_count(fd));
	EXPECT_EQ(0, DO(fd, STORE, KEY_N(&max, 8), VALUE("v")));
	try_inserts(fd, key);
	EXPECT_EQ(0, DO(fd, LOAD_AND_DELETE, KEY_N(&max, 8)));
	EXPECT_EQ(0, DO(fd, LOAD_OR_STORE, KEY_N(&key, 8), VALUE("v")));
	try_inserts(fd, max);
	EXPECT_EQ(0, DO(fd, COMPARE_AND_DELETE, KEY_N(&key, 8), OLD("v")));
	EXPECT_EQ(0, DO(fd, SWAP, KEY_N(&max, 8), VALUE("v")));
	try_inserts(fd, key);
	map_clear(fd);
	EXPECT_EQ(0, map_count(fd));
	map_fill(fd, 0, max);
	try_inserts(fd, max);
}

TEST(entries)
{
	static const __u64 limits[] = { 1, 2, 100, 1000 };

	for (size_t i = 0; i < ARRAY_SIZE(limits); i++) {
		int fd = map_limited(SYNCMAP_KEY_U64, (struct syncmap_limits){
			.entries = limits[i],
		});

		test_context("%llu entries", limits[i]);
		fill_and_try(fd, limits[i]);
		close(fd);
	}
}

TEST(bytes)
{
	__u64 one = map_overhead() + 8 + 10, key = 0, other = 1;
	static char text[200];
	int fd = map_limited(SYNCMAP_KEY_U64, (struct syncmap_limits){
		.bytes = 2 * one,
	});

	EXPECT_EQ(0, DO(fd, STORE, KEY_N(&key, 8), VALUE_N(text, 10)));
	EXPECT_EQ(-ENOSPC, DO(fd, STORE, KEY_N(&other, 8), VALUE_N(text, 11)));
	expect_full(SYNCMAP_LIMITED_BYTES, one, 2 * one);
	EXPECT_EQ(0, DO(fd, STORE, KEY_N(&other, 8), VALUE_N(text, 10)));
	EXPECT_EQ(2 * one, map_info(fd).bytes);

	/* Growing by one byte, in place and to another object */
	for (__u32 len = 11; len < sizeof(text); len *= 4) {
		test_context("grow to %u", len);
		EXPECT_EQ(-ENOSPC, DO(fd, STORE, KEY_N(&key, 8),
				      VALUE_N(text, len)));
		expect_full(SYNCMAP_LIMITED_BYTES, 2 * one, 2 * one);
		EXPECT_EQ(-ENOSPC, DO(fd, SWAP, KEY_N(&key, 8),
				      VALUE_N(text, len)));
		EXPECT_EQ(-ENOSPC, DO(fd, COMPARE_AND_SWAP, KEY_N(&key, 8),
				      OLD_N(text, 10), VALUE_N(text, len)));
		EXPECT_EQ(0, DO(fd, LOAD, KEY_N(&key, 8)));
		EXPECT_EQ(10, got.out_len);
		EXPECT_EQ(2 * one, map_info(fd).bytes);
	}

	/* What one gives back the other can take */
	EXPECT_EQ(0, DO(fd, STORE, KEY_N(&other, 8)));
	EXPECT_EQ(2 * one - 10, map_info(fd).bytes);
	EXPECT_EQ(0, DO(fd, STORE, KEY_N(&key, 8), VALUE_N(text, 20)));
	EXPECT_EQ(0, DO(fd, DELETE, KEY_N(&other, 8)));
	EXPECT_EQ(0, DO(fd, STORE, KEY_N(&key, 8),
			VALUE_N(text, 2 * one - map_overhead() - 8)));
	EXPECT_EQ(2 * one, map_info(fd).bytes);
}

TEST(value_size)
{
	static const __u32 limits[] = { 1, 64, 65, 256, 257, 65536, 1 << 20 };
	char *text = calloc(1, (1 << 20) + 1), *value = malloc(1 << 20);

	memset(text, 'x', 1 << 20);
	for (size_t i = 0; i < ARRAY_SIZE(limits); i++) {
		__u32 limit = limits[i];
		int fd = map_limited(SYNCMAP_KEY_BYTES, (struct syncmap_limits){
			.value_size = limit,
		});

		test_context("%u bytes", limit);
		EXPECT_EQ(0, DO(fd, STORE, KEY("k"), VALUE_N(text, limit)));
		EXPECT_EQ(-EFBIG, DO(fd, STORE, KEY("k"),
				     VALUE_N(text, limit + 1)));
		expect_full(SYNCMAP_LIMITED_VALUE, limit + 1, limit);
		EXPECT_EQ(-EFBIG, DO(fd, COMPARE_AND_DELETE, KEY("k"),
				     OLD_N(text, limit + 1)));
		EXPECT_EQ(0, DO(fd, LOAD, KEY("k"), OUT_N(value, 1 << 20)));
		EXPECT_MEM(text, limit, value, got.out_len);
		close(fd);
	}
}

TEST(limits_that_info_tells)
{
	struct syncmap_limits max = map_system().max, limits;
	int fd = map_limited(SYNCMAP_KEY_BYTES, max);

	limits = map_info(fd).limits;
	EXPECT_MEM(&max, sizeof(max), &limits, sizeof(limits));
	EXPECT_EQ(0, DO(fd, STORE, KEY("k"), VALUE("v")));
}

/* One gets the last place, whoever tries and however often */
struct race {
	int		fd;
	__u64		max;
	unsigned int	stored[8];
	unsigned int	wrong;
};

static void insert_own(int n, void *arg)
{
	struct race *race = arg;

	for (__u64 i = 0; i < race->max; i++) {
		__u64 key = i << 8 | n;
		int ret = DO(race->fd, STORE, KEY_N(&key, 8), VALUE("v"));

		EXPECT(!ret || ret == -ENOSPC);
		if (ret)
			expect_full(SYNCMAP_LIMITED_ENTRIES, race->max,
				    race->max);
		race->stored[n] += !ret;
	}
}

TEST(exactly_max_entries)
{
	struct race *race = test_shared(sizeof(*race));

	for (unsigned int round = 0; round < test_times(10); round++) {
		unsigned int sum = 0;

		race->max = 500;
		memset(race->stored, 0, sizeof(race->stored));
		race->fd = map_limited(SYNCMAP_KEY_U64, (struct syncmap_limits){
			.entries = race->max,
		});
		test_parallel(8, insert_own, race);
		for (int i = 0; i < 8; i++)
			sum += race->stored[i];
		EXPECT_EQ(race->max, sum);
		EXPECT_EQ(race->max, map_count(race->fd));
		close(race->fd);
	}
}

/* All insert and delete the same key; there is room for it at all times */
static void insert_same(int n, void *arg)
{
	struct race *race = arg;
	__u64 key = race->max - 1;

	for (unsigned int i = 0; i < test_times(3000); i++) {
		EXPECT_EQ(0, DO(race->fd, STORE, KEY_N(&key, 8), VALUE("v")));
		if (i % 2 == (unsigned int)n % 2)
			EXPECT_EQ(0, DO(race->fd, DELETE, KEY_N(&key, 8)));
		if (test_failed())
			return;
	}
}

TEST(same_key_never_full)
{
	struct race *race = test_shared(sizeof(*race));

	race->max = 10;
	race->fd = map_limited(SYNCMAP_KEY_U64, (struct syncmap_limits){
		.entries = race->max,
	});
	map_fill(race->fd, 0, race->max - 1);
	test_parallel(4, insert_same, race);
	EXPECT(map_count(race->fd) >= race->max - 1);
	EXPECT(map_count(race->fd) <= race->max);
}

/* Values that grow and shrink never make more bytes than there may be */
static void grow_and_shrink(int n, void *arg)
{
	struct race *race = arg;
	static char text[500];

	for (unsigned int i = 0; i < test_times(2000); i++) {
		__u64 key = test_random() % 20;
		__u32 len = test_random() % sizeof(text);
		int ret;

		if (test_random() % 4)
			ret = DO(race->fd, STORE, KEY_N(&key, 8),
				 VALUE_N(text, len));
		else
			ret = DO(race->fd, DELETE, KEY_N(&key, 8));
		EXPECT(!ret || ret == -ENOSPC);
		EXPECT(map_info(race->fd).bytes <= race->max);
		if (test_failed())
			return;
	}
	(void)n;
}

static void add_bytes(const struct syncmap_record *record, void *arg)
{
	__u64 *sum = arg;

	*sum += map_overhead() + record->key_len + record->value_len;
}

TEST(never_more_bytes)
{
	struct race *race = test_shared(sizeof(*race));
	__u64 sum = 0;

	race->max = 4000;
	race->fd = map_limited(SYNCMAP_KEY_U64, (struct syncmap_limits){
		.bytes = race->max,
	});
	test_parallel(4, grow_and_shrink, race);
	map_walk(race->fd, 0, 4096, add_bytes, &sum);
	EXPECT_EQ(sum, map_info(race->fd).bytes);
	EXPECT(map_stat(race->fd, "rejected"));
}

/* The memory of the cgroup: ENOMEM for who is over it, and nobody is killed */

#define CGROUP	"/sys/fs/cgroup/"

static void store_until_it_fails(int n, void *arg)
{
	static char text[1000];
	struct race *race = arg;
	int ret = 0;

	(void)n;
	ASSERT(test_try_write(CGROUP "selftest/cgroup.procs", "0"));
	ASSERT_EQ(0, mlockall(MCL_CURRENT | MCL_FUTURE));
	for (__u64 key = 0; !ret && key < race->max; key++) {
		ret = DO(race->fd, STORE, KEY_N(&key, 8),
			 VALUE_N(text, sizeof(text)));
		race->stored[0] += !ret;
	}
	race->wrong = ret != -ENOMEM;
}

TEST(memory_of_the_cgroup)
{
	struct race *race = test_shared(sizeof(*race));
	__u64 key = 0;

	test_try_write(CGROUP "cgroup.subtree_control", "+memory");
	mkdir(CGROUP "selftest", 0755);
	if (!test_try_write(CGROUP "selftest/memory.max", "16M"))
		test_skip("no memory controller at " CGROUP);
	race->max = 64000;
	race->fd = map_private(SYNCMAP_KEY_U64);
	test_wait(test_fork(store_until_it_fails, 0, race));
	EXPECT(!race->wrong);
	EXPECT(race->stored[0] > 1000);
	EXPECT_EQ(race->stored[0], map_count(race->fd));
	EXPECT_EQ(race->stored[0] * (map_overhead() + 8 + 1000),
		  map_info(race->fd).bytes);
	/* Others go on */
	EXPECT_EQ(0, DO(race->fd, LOAD, KEY_N(&key, 8)));
	map_fill(race->fd, 100000, 101000);
	map_clear(race->fd);
	close(race->fd);
	EXPECT_EQ(0, rmdir(CGROUP "selftest"));
}

/* How many maps there may be */

static int parameter_fd(const char *name, int flags)
{
	char path[128];

	snprintf(path, sizeof(path), PARAMETERS "%s", name);
	return open(path, flags);
}

static unsigned int get_parameter(const char *name)
{
	int fd = parameter_fd(name, O_RDONLY);
	char text[32] = "";

	ASSERT(fd >= 0);
	ASSERT(read(fd, text, sizeof(text) - 1) > 0);
	close(fd);
	return atoi(text);
}

static void set_parameter(const char *name, unsigned int value)
{
	int fd = parameter_fd(name, O_WRONLY);

	ASSERT(fd >= 0);
	ASSERT(dprintf(fd, "%u", value) > 0);
	close(fd);
}

static int fill_maps(unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		int fd = map_create(NULL, SYNCMAP_KEY_U64, NULL, 0600);

		if (fd < 0)
			return fd;
	}
	return 0;
}

static void expect_too_many(int err, __u32 limited, unsigned int max)
{
	map_expect_create((struct syncmap_create){
		.name = TEST_NAME "none", .key_type = SYNCMAP_KEY_U64,
	}, err, limited, max, max);
	EXPECT_EQ(-ENOENT, map_open(TEST_NAME "none", SYNCMAP_ACCESS_READ));
}

TEST(max_maps)
{
	unsigned int before = get_parameter("max_maps");
	__u32 maps = map_system().maps;
	int fd;

	EXPECT_EQ(before, map_system().max_maps);
	set_parameter("max_maps", maps + 10);
	EXPECT_EQ(maps + 10, map_system().max_maps);
	EXPECT_EQ(0, fill_maps(9));
	fd = map_create(TEST_NAME "last", SYNCMAP_KEY_U64, NULL, 0600);
	EXPECT(fd >= 0);
	EXPECT_EQ(-ENOSPC, fill_maps(1));
	expect_too_many(-ENOSPC, SYNCMAP_LIMITED_MAPS, maps + 10);
	/* Who needs no room is not told that there is none */
	EXPECT_EQ(-EEXIST, map_create(TEST_NAME "last", SYNCMAP_KEY_U64, NULL,
				      0600));
	EXPECT_EQ(maps + 10, map_system().maps);
	/* Without a name, but still open */
	EXPECT_EQ(0, map_remove(TEST_NAME "last"));
	EXPECT_EQ(-ENOSPC, fill_maps(1));
	close(fd);
	EXPECT_EQ(0, fill_maps(1));
	set_parameter("max_maps", before);
}

static void as_other_user(int n, void *arg)
{
	unsigned int max = *(unsigned int *)arg;

	map_control();
	ASSERT_EQ(0, setresgid(65534, 65534, 65534));
	ASSERT_EQ(0, setresuid(65000 + n, 65000 + n, 65000 + n));
	EXPECT_EQ(0, fill_maps(max));
	expect_too_many(-EDQUOT, SYNCMAP_LIMITED_USER_MAPS, max);
	EXPECT_EQ(-EEXIST, map_create(TEST_NAME "there", SYNCMAP_KEY_U64, NULL,
				      0600));
}

TEST(max_user_maps)
{
	unsigned int before = get_parameter("max_user_maps"), max = 5;

	EXPECT_EQ(before, map_system().max_user_maps);
	set_parameter("max_user_maps", max);
	EXPECT_EQ(max, map_system().max_user_maps);
	EXPECT(map_create(TEST_NAME "there", SYNCMAP_KEY_U64, NULL, 0600) >= 0);
	test_parallel(3, as_other_user, &max);
	/* Not for whom CAP_SYS_RESOURCE lets through */
	EXPECT_EQ(0, fill_maps(max + 1));
	map_expect_create((struct syncmap_create){
		.key_type = SYNCMAP_KEY_U64,
	}, 0, SYNCMAP_LIMITED_NOT, 0, 0);
	set_parameter("max_user_maps", before);
}
