// SPDX-License-Identifier: GPL-2.0-only
/*
 * Users who take all that they get: with the defaults of the module, whatever
 * they do, there is memory left for others, and room in maps for root. With much
 * memory the limits are set to those of a machine that has less.
 */
#include <grp.h>
#include <unistd.h>

#include "harness/memory.h"
#include "harness/parameters.h"
#include "harness/watcher.h"

#define USER	1000
#define USERS	4
#define MIB	1024	/* in KiB */

static __u64 next_key;

static int own(__u32 type, __u64 stale)
{
	struct syncmap_create arg = {
		.key_type = type, .mode = 0600, .stale = stale,
		.limits = map_system().max,
	};

	if (type == SYNCMAP_KEY_U64)
		arg.limits.key_size = 8;
	/* It stays when the process ends */
	snprintf(arg.name, sizeof(arg.name), TEST_NAME "%d", getpid());
	return map_call(map_control(), SYNCMAP_CREATE, &arg) ?: arg.fd;
}

static int store(int fd, __u32 key_len, __u32 len, __u64 deadline)
{
	static char key[4096], value[1 << 20];

	next_key++;
	memcpy(key, &next_key, sizeof(next_key));
	return DO(fd, STORE, KEY_N(key, key_len), VALUE_N(value, len),
		  .deadline = deadline);
}

static void tiny(int fd)
{
	while (!store(fd, 8, 8, 0))
		;
}

static void just_above_a_page(int fd)
{
	while (!store(fd, 8, 4049, 0))
		;
}

static void just_above_64k(int fd)
{
	while (!store(fd, 8, 66000, 0))
		;
}

static void long_keys(int fd)
{
	while (!store(fd, 4096, 1, 0))
		;
}

/* What is deleted takes memory until it is freed */
static void come_and_go(int fd)
{
	static char key[4096];
	__u64 first = next_key + 1;

	for (int n = 0; n < (int)test_times(20000); n++) {
		if (!store(fd, 4096, 4000, 0))
			continue;
		memcpy(key, &first, sizeof(first));
		first++;
		if (DO(fd, DELETE, KEY_N(key, 4096)))
			break;
	}
}

static void replace(int fd)
{
	static char value[1 << 16];

	for (int n = 0; n < (int)test_times(20000); n++)
		if (DO(fd, STORE, KEY("k"), VALUE_N(value, 60000 + n % 5000)))
			break;
}

static void let_lapse(int fd)
{
	/* What has lapsed makes room for more */
	for (int n = 0; n < (int)test_times(50000) && !store(fd, 8, 1000, 1); n++)
		;
}

static void append(int fd)
{
	static char value[1 << 19];
	__u64 key;

	do {
		key = next_key++ / 2;
	} while (!DO(fd, APPEND, KEY_N(&key, 8),
		     VALUE_N(value, sizeof(value) / 2 + 1)));
}

static void watch_all(int fd)
{
	struct syncmap_watch params = {
		.queue_size = SYNCMAP_QUEUE_MAX, .flags = SYNCMAP_WATCH_VALUES,
	};

	while (watch(fd, params) >= 0)
		;
	for (int n = 0; n < 1000; n++)
		if (store(fd, 8, 30000, 0))
			break;
}

static void lease_all(int fd)
{
	static char key[4096];

	do {
		next_key++;
		memcpy(key, &next_key, sizeof(next_key));
	} while (!DO(fd, LOAD_OR_LEASE, KEY_N(key, 4096), .wait_until = 1));
}

static void make_maps(int fd)
{
	while (fd >= 0)
		fd = map_create(NULL, SYNCMAP_KEY_U64, NULL, 0600);
}

static void create_fill_close(int fd)
{
	for (int n = 0; n < 50; n++) {
		int other = map_create(NULL, SYNCMAP_KEY_U64, NULL, 0600);

		for (int i = 0; i < 200 && other >= 0; i++)
			if (store(other, 8, 8000, 0))
				break;
		close(other);
	}
	(void)fd;
}

static const struct way {
	const char	*name;
	__u32		type;
	__u64		stale;
	void		(*take)(int fd);
} ways[] = {
	{ "tiny", SYNCMAP_KEY_U64, 0, tiny },
	{ "just above a page", SYNCMAP_KEY_U64, 0, just_above_a_page },
	{ "just above 64k", SYNCMAP_KEY_U64, 0, just_above_64k },
	{ "long keys", SYNCMAP_KEY_BYTES, 0, long_keys },
	{ "come and go", SYNCMAP_KEY_BYTES, 0, come_and_go },
	{ "replace", SYNCMAP_KEY_STRING, 0, replace },
	{ "lapse", SYNCMAP_KEY_U64, SYNCMAP_NEVER, let_lapse },
	{ "append", SYNCMAP_KEY_U64, 0, append },
	{ "watch", SYNCMAP_KEY_U64, 0, watch_all },
	{ "lease", SYNCMAP_KEY_BYTES, 0, lease_all },
	{ "maps", SYNCMAP_KEY_U64, 0, make_maps },
	{ "create, fill, close", SYNCMAP_KEY_U64, 0, create_fill_close },
};

struct greed {
	const struct way	*way;	/* NULL: each user another one */
	int			done[2];
	int			go[2];
};

/* Ends, with its descriptors open, when its parent has looked */
static void be_greedy(int n, void *arg)
{
	const struct greed *greed = arg;
	const struct way *way = greed->way ?: &ways[n % ARRAY_SIZE(ways)];
	int uid = USER + n % USERS, fd;
	char c;

	map_control();
	ASSERT_EQ(0, setgroups(0, NULL));
	ASSERT_EQ(0, setresgid(uid, uid, uid));
	ASSERT_EQ(0, setresuid(uid, uid, uid));
	fd = own(way->type, way->stale);
	if (fd >= 0)
		way->take(fd);
	ASSERT_EQ(1, write(greed->done[1], "", 1));
	ASSERT_EQ(1, read(greed->go[0], &c, 1));
}

static void expect_room(long before)
{
	struct syncmap_info info = map_system();
	long real = before - memory_available();
	int fd = map_private(SYNCMAP_KEY_U64);

	test_note("%ld MiB taken, %llu of %llu counted, %ld left", real / MIB,
		  info.all_bytes >> 20, info.max_all_bytes >> 20,
		  memory_available() / MIB);
	EXPECT(info.all_bytes <= info.max_all_bytes);
	/* What waits to be freed comes on top, 32 MiB of it at most */
	if (memory_is_plain())
		EXPECT(real <= (long)(info.max_all_bytes / 1024 * 11 / 10) + 40 * MIB);
	EXPECT(memory_available() > before / 4);
	map_fill(fd, 0, 1000);
	close(fd);
}

static void run(struct greed *greed, int n)
{
	long before = memory_available();
	pid_t pids[32];
	char c;

	ASSERT_EQ(0, pipe(greed->done) ?: pipe(greed->go));
	for (int i = 0; i < n; i++)
		pids[i] = test_fork(be_greedy, i, greed);
	for (int i = 0; i < n; i++)
		ASSERT_EQ(1, read(greed->done[0], &c, 1));
	expect_room(before);
	for (int i = 0; i < n; i++)
		ASSERT_EQ(1, write(greed->go[1], "", 1));
	for (int i = 0; i < n; i++)
		test_wait(pids[i]);
	test_tidy();
}

/* In MiB, as if there were 128 in all: a quarter, and a half */
static const struct { const char *name; unsigned int value; } small[] = {
	{ "max_user_bytes", 32 },
	{ "max_all_bytes", 64 },
};

static void with_little(void (*fn)(void))
{
	struct parameter before[ARRAY_SIZE(small)];
	bool little = memory_available() < 600 * MIB;

	for (size_t i = 0; i < ARRAY_SIZE(small) && !little; i++)
		before[i] = parameter_set(small[i].name,
					  (unsigned long)test_times(small[i].value) << 20);
	fn();
	for (size_t i = 0; i < ARRAY_SIZE(small) && !little; i++)
		parameter_restore(&before[i]);
}

static void one_way_each(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(ways); i++) {
		struct greed greed = { .way = &ways[i] };

		test_note("%s", ways[i].name);
		run(&greed, 1);
	}
}

TEST_LIMIT(one_user, 600)
{
	with_little(one_way_each);
}

static void all_ways_at_once(void)
{
	struct greed greed = { };

	run(&greed, ARRAY_SIZE(ways));
}

TEST_LIMIT(all_users, 600)
{
	with_little(all_ways_at_once);
}
