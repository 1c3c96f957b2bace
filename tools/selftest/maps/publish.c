// SPDX-License-Identifier: GPL-2.0-only
/* SYNCMAP_PUBLISH: a name goes from one map to another at one instant */
#include <fcntl.h>
#include <grp.h>
#include <stddef.h>
#include <sys/stat.h>
#include <unistd.h>

#include "harness/record.h"
#include "harness/watcher.h"

#define NAME	TEST_NAME "publish"
#define OTHER	1002
#define READ	SYNCMAP_ACCESS_READ
#define BOTH	(SYNCMAP_ACCESS_READ | SYNCMAP_ACCESS_WRITE)
#define REPLACE	.flags = SYNCMAP_PUBLISH_REPLACE

/* How the last one ended */
static struct syncmap_publish published;

static int publish_as(int fd, struct syncmap_publish arg)
{
	int err;

	arg.fd = fd;
	if (!arg.name[0])
		strcpy(arg.name, NAME);
	arg.replaced = 1;
	err = map_call(map_control(), SYNCMAP_PUBLISH, &arg);
	published = arg;
	EXPECT_EQ(err, arg.error.status);
	if (err)
		EXPECT_EQ(0, arg.replaced);
	return err;
}

#define publish(fd, ...) \
	publish_as(fd, (struct syncmap_publish){ __VA_ARGS__ })

static __u64 id_of(int fd)
{
	return map_info(fd).id;
}

/* What is opened by the name, or an error */
static long long found(void)
{
	int fd = map_open(NAME, READ);
	long long id = fd;

	if (fd >= 0) {
		id = id_of(fd);
		close(fd);
	}
	return id;
}

TEST(a_free_name)
{
	int fd = map_private(SYNCMAP_KEY_U64), other;

	EXPECT_EQ(SYNCMAP_MAP_PRIVATE, map_info(fd).state);
	EXPECT_EQ(0, publish(fd));
	EXPECT_EQ(0, published.replaced);
	EXPECT_EQ(0, map_info(fd).state);
	EXPECT_EQ(0, strcmp(NAME, map_info(fd).name));
	EXPECT_EQ(id_of(fd), found());
	EXPECT_EQ(-ESTALE, publish(fd, .name = NAME "-2"));
	EXPECT_EQ(offsetof(struct syncmap_publish, fd), published.error.field);
	EXPECT_EQ(-ESTALE, publish(fd, REPLACE, .id = id_of(fd)));
	EXPECT_EQ(offsetof(struct syncmap_publish, fd), published.error.field);
	other = map_private(SYNCMAP_KEY_U64);
	EXPECT_EQ(-EEXIST, publish(other));
	EXPECT_EQ(SYNCMAP_MAP_PRIVATE, map_info(other).state);
	EXPECT_EQ(0, map_info(other).name[0]);
	/* It lives without a descriptor now */
	map_fill(fd, 0, 10);
	close(fd);
	EXPECT_EQ(10, map_count(map_open(NAME, READ)));
	EXPECT_EQ(0, publish(other, REPLACE, .name = NAME "-2"));
	EXPECT_EQ(0, published.replaced);
}

TEST(replace_and_roll_back)
{
	int old = map_create(NAME, SYNCMAP_KEY_STRING, NULL, 0600);
	int new = map_private(SYNCMAP_KEY_U64);
	struct watcher w = watcher_open(old, .flags = 0);
	const struct syncmap_record *record;

	EXPECT_EQ(0, publish(new, REPLACE));
	EXPECT_EQ(id_of(old), published.replaced);
	EXPECT_EQ(id_of(new), found());
	EXPECT_EQ(SYNCMAP_MAP_REMOVED, map_info(old).state);
	EXPECT_EQ(0, strcmp(NAME, map_info(old).name));
	record = watcher_next(&w);
	ASSERT(record);
	EXPECT_EQ(SYNCMAP_RECORD_REMOVED, record->type);
	EXPECT_EQ(SYNCMAP_RECORD_REPLACED, record->flags);
	EXPECT_EQ(0, DO(old, STORE, KEY("key")));
	EXPECT_EQ(0, publish(old, REPLACE, .id = id_of(new)));
	EXPECT_EQ(id_of(old), found());
	EXPECT_EQ(0, map_info(old).state);
	EXPECT_EQ(SYNCMAP_MAP_REMOVED, map_info(new).state);
	EXPECT_EQ(0, map_remove(NAME));
	watcher_expect(&w, STORE, .reason = SYNCMAP_OP_STORE, .key = "key");
	watcher_expect(&w, REMOVED);
	watcher_close(&w);
	EXPECT_EQ(-ENOENT, found());
}

TEST(the_one_that_is_meant)
{
	int old, new = map_private(SYNCMAP_KEY_U64);

	EXPECT_EQ(-EINVAL, publish(new, .id = 1));
	EXPECT_EQ(offsetof(struct syncmap_publish, id), published.error.field);
	EXPECT_EQ(-ENOENT, publish(new, REPLACE, .id = 1));
	old = map_create(NAME, SYNCMAP_KEY_U64, NULL, 0600);
	EXPECT_EQ(-ESTALE, publish(new, REPLACE, .id = id_of(old) + 1));
	EXPECT_EQ(offsetof(struct syncmap_publish, id), published.error.field);
	EXPECT_EQ(SYNCMAP_MAP_PRIVATE, map_info(new).state);
	EXPECT_EQ(0, publish(new, REPLACE, .id = id_of(old)));
	EXPECT_EQ(-ESTALE, publish(old, REPLACE, .id = id_of(old)));
	/* What it is called is what it has been called */
	EXPECT_EQ(-EEXIST, publish(old));
	EXPECT_EQ(SYNCMAP_MAP_REMOVED, map_info(old).state);
	EXPECT_EQ(0, strcmp(NAME, map_info(old).name));
}

TEST(no_map)
{
	int fds[] = { -1, 1 << 20, open("/dev/null", O_RDWR), map_control(),
		      watch(map_private(SYNCMAP_KEY_U64),
			    (struct syncmap_watch){ }) };

	for (size_t i = 0; i < ARRAY_SIZE(fds); i++) {
		test_context("descriptor %zu", i);
		EXPECT_EQ(i < 2 ? -EBADF : -EINVAL, publish(fds[i]));
		EXPECT_EQ(offsetof(struct syncmap_publish, fd),
			  published.error.field);
	}
	EXPECT_EQ(-ENOENT, found());
}

static int restrict_to(int fd, __u32 access)
{
	struct syncmap_restrict arg = { .access = access };

	ASSERT_EQ(0, map_call(fd, SYNCMAP_RESTRICT, &arg));
	return arg.fd;
}

static void try_as_other(int n, void *arg)
{
	int fd;

	(void)n;
	map_control();
	ASSERT_EQ(0, setgroups(0, NULL));
	ASSERT_EQ(0, setresgid(OTHER, OTHER, OTHER));
	ASSERT_EQ(0, setresuid(OTHER, OTHER, OTHER));
	fd = map_private(SYNCMAP_KEY_U64);
	EXPECT_EQ(-EEXIST, publish(fd));
	EXPECT_EQ(-EPERM, publish(fd, REPLACE));
	EXPECT_EQ(-EPERM, publish(fd, REPLACE, .id = *(__u64 *)arg));
	EXPECT_EQ(0, publish(fd, .name = NAME "-other"));
}

TEST(rights)
{
	int old = map_create(NAME, SYNCMAP_KEY_U64, NULL, 0666), fd;
	__u64 id = id_of(old);

	fd = map_private(SYNCMAP_KEY_U64);
	EXPECT_EQ(-EBADF, publish(restrict_to(fd, BOTH), REPLACE));
	test_wait(test_fork(try_as_other, 0, &id));
	EXPECT_EQ(id, found());
	EXPECT_EQ(0, publish(restrict_to(fd, SYNCMAP_ACCESS_ADMIN), REPLACE));
	/* Root may do it to others */
	EXPECT_EQ(0, publish(old, REPLACE, .name = NAME "-other"));
}

/* Whoever is in the library while its shelves are changed finds a book */
struct library {
	bool	ready;
	bool	over;
	__u64	looks;
};

static void keep_opening(struct library *library)
{
	__u64 last = 0;

	while (!__atomic_load_n(&library->over, __ATOMIC_ACQUIRE)) {
		int fd = map_open(NAME, READ);

		ASSERT(fd >= 0);
		EXPECT(id_of(fd) >= last);
		last = id_of(fd);
		/* It was filled before it was shown */
		EXPECT_EQ(5, map_count(fd));
		close(fd);
		__sync_fetch_and_add(&library->looks, 1);
		if (test_failed())
			return;
	}
}

static void keep_publishing(struct library *library)
{
	for (unsigned int i = 0; i < test_times(2000); i++) {
		int fd = map_private(SYNCMAP_KEY_U64);

		map_fill(fd, 0, 5);
		EXPECT_EQ(0, publish(fd, REPLACE));
		EXPECT(published.replaced);
		close(fd);
		if (test_failed())
			break;
	}
	__atomic_store_n(&library->over, true, __ATOMIC_RELEASE);
}

static void read_or_publish(int n, void *arg)
{
	if (n)
		keep_opening(arg);
	else
		keep_publishing(arg);
}

TEST_LIMIT(openers_always_find_one, 60)
{
	struct library *library = test_shared(sizeof(*library));
	int fd = map_create(NAME, SYNCMAP_KEY_U64, NULL, 0600);

	map_fill(fd, 0, 5);
	close(fd);
	test_parallel(4, read_or_publish, library);
	EXPECT(library->looks > 0);
}

static void publish_in_vain(int fd, void *arg)
{
	bool *over = arg;

	while (!__atomic_load_n(over, __ATOMIC_RELAXED))
		EXPECT_EQ(-EEXIST, publish(fd));
}

static bool says(int fd, const char *line)
{
	char path[64], text[256] = "";
	int file;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	file = open(path, O_RDONLY);
	ASSERT(read(file, text, sizeof(text) - 1) > 0);
	close(file);
	return strstr(text, line);
}

/* A map that does not get a name is not said to have it for a moment */
TEST_LIMIT(no_name_on_the_way, 60)
{
	bool *over = test_shared(sizeof(*over));
	int fd = map_private(SYNCMAP_KEY_U64);
	pid_t pids[2];

	close(map_create(NAME, SYNCMAP_KEY_U64, NULL, 0600));
	for (int i = 0; i < 2; i++)
		pids[i] = test_fork(publish_in_vain, fd, over);
	for (unsigned int i = 0; i < test_times(20000); i++) {
		struct syncmap_map_info info = map_info(fd);

		EXPECT_EQ(SYNCMAP_MAP_PRIVATE, info.state);
		EXPECT_EQ(0, info.name[0]);
		if (i % 16 == 0)
			EXPECT(says(fd, "syncmap-name:\t\n"));
	}
	__atomic_store_n(over, true, __ATOMIC_RELAXED);
	for (int i = 0; i < 2; i++)
		test_wait(pids[i]);
}

struct pair {
	unsigned int	ready;
	int		fds[100];
};

/* A map takes some ms to retire: the name comes at any time of it */
static void retire_or_publish(int n, void *arg)
{
	struct syncmap_retire retire = { };
	struct pair *pair = arg;

	for (unsigned int i = 0; i < ARRAY_SIZE(pair->fds); i++) {
		__sync_fetch_and_add(&pair->ready, 1);
		while (__atomic_load_n(&pair->ready, __ATOMIC_ACQUIRE) <
		       2 * (i + 1))
			;
		if (n) {
			EXPECT_EQ(0, map_call(pair->fds[i], SYNCMAP_RETIRE,
					      &retire));
		} else {
			usleep(test_random() % 40000);
			publish(pair->fds[i], REPLACE);
		}
	}
}

/* A map that is retired while it gets its name has none in the end */
TEST_LIMIT(retired_meanwhile, 60)
{
	struct pair *pair = test_shared(sizeof(*pair));

	for (unsigned int i = 0; i < ARRAY_SIZE(pair->fds); i++)
		pair->fds[i] = map_private(SYNCMAP_KEY_U64);
	test_parallel(2, retire_or_publish, pair);
	EXPECT_EQ(-ENOENT, found());
	for (unsigned int i = 0; i < ARRAY_SIZE(pair->fds); i++) {
		EXPECT(map_info(pair->fds[i]).state &
		       (SYNCMAP_MAP_REMOVED | SYNCMAP_MAP_PRIVATE));
		EXPECT_EQ(-EROFS, publish(pair->fds[i]));
		close(pair->fds[i]);
	}
}

struct contest {
	__u64		id;		/* of the map that is to be replaced */
	unsigned int	turn;
	unsigned int	done;
	unsigned int	won;
};

#define ROUNDS	200
#define PLAYERS	4

static void contend(int n, void *arg)
{
	struct contest *contest = arg;

	(void)n;
	for (unsigned int i = 1; i <= test_times(ROUNDS); i++) {
		int fd = map_private(SYNCMAP_KEY_U64), ret;

		while (__atomic_load_n(&contest->turn, __ATOMIC_ACQUIRE) < i)
			usleep(10);
		ret = publish(fd, REPLACE, .id = contest->id);
		EXPECT(!ret || ret == -ESTALE);
		__sync_fetch_and_add(&contest->won, !ret);
		close(fd);
		__sync_fetch_and_add(&contest->done, 1);
	}
}

static void judge(struct contest *contest)
{
	for (unsigned int i = 1; i <= test_times(ROUNDS); i++) {
		contest->id = found();
		__atomic_store_n(&contest->turn, i, __ATOMIC_RELEASE);
		while (__atomic_load_n(&contest->done, __ATOMIC_ACQUIRE) <
		       i * PLAYERS)
			usleep(10);
		EXPECT_EQ(i, contest->won);
	}
}

static void judge_or_contend(int n, void *arg)
{
	if (n)
		contend(n, arg);
	else
		judge(arg);
}

TEST_LIMIT(one_of_many_replaces, 60)
{
	close(map_create(NAME, SYNCMAP_KEY_U64, NULL, 0600));
	test_parallel(1 + PLAYERS, judge_or_contend,
		      test_shared(sizeof(struct contest)));
}

struct tally {
	unsigned int	made;
	unsigned int	gone;
};

static void do_anything(int n, void *arg)
{
	struct tally *tally = arg;

	(void)n;
	for (unsigned int i = 0; i < test_times(500); i++) {
		int fd, ret;

		switch (test_random() % 4) {
		case 0:
			fd = map_create(NAME, SYNCMAP_KEY_U64, NULL, 0600);
			EXPECT(fd >= 0 || fd == -EEXIST);
			__sync_fetch_and_add(&tally->made, fd >= 0);
			close(fd);
			break;
		case 1:
			ret = map_remove(NAME);
			EXPECT(!ret || ret == -ENOENT);
			__sync_fetch_and_add(&tally->gone, !ret);
			break;
		default:
			fd = map_private(SYNCMAP_KEY_U64);
			EXPECT_EQ(0, publish(fd, REPLACE));
			__sync_fetch_and_add(&tally->made, 1);
			__sync_fetch_and_add(&tally->gone,
					     !!published.replaced);
			close(fd);
			break;
		}
	}
}

static __u64 linked(void)
{
	char target[64] = "";
	__u64 id = 0;

	if (readlink("/sys/kernel/debug/syncmap/" NAME, target,
		     sizeof(target) - 1) > 0)
		EXPECT_EQ(1, sscanf(target, "#%llu", &id));
	return id;
}

/* Each map that has had the name has lost it once */
TEST_LIMIT(create_remove_and_publish_race, 60)
{
	struct tally *tally = test_shared(sizeof(*tally));
	__u32 maps = map_system().maps;
	__u64 id;

	test_parallel(4, do_anything, tally);
	id = found() < 0 ? 0 : found();
	EXPECT_EQ(id, linked());
	tally->gone += !map_remove(NAME);
	EXPECT_EQ(tally->made, tally->gone);
	EXPECT_EQ(0, linked());
	AWAIT(map_system().maps == maps);
	EXPECT_EQ(maps, map_system().maps);
}
