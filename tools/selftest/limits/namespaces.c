// SPDX-License-Identifier: GPL-2.0-only
/* Users of a user namespace are users of whoever owns it */
#include <fcntl.h>
#include <grp.h>
#include <pthread.h>
#include <sched.h>
#include <sys/fsuid.h>
#include <unistd.h>

#include "harness/parameters.h"
#include "harness/watcher.h"
#include "harness/workers.h"

#define OWNER	1003
#define FIRST	100000
#define USERS	5
#define EACH	4
#define MAX	10

struct shared {
	int	sync[2][2];
	pid_t	pid;
	int	watched;
	uid_t	owner;
	void	(*run)(const struct shared *shared);
};

static void wake(const int *fds)
{
	ASSERT_EQ(1, write(fds[1], "", 1));
}

static void await(const int *fds)
{
	char c;

	ASSERT_EQ(1, read(fds[0], &c, 1));
}

/* As the owner, in a namespace of its own, with all that are mapped into it */
static void enter(int n, void *arg)
{
	struct shared *shared = arg;

	map_control();
	ASSERT_EQ(0, setgroups(0, NULL));
	ASSERT_EQ(0, setresgid(shared->owner, shared->owner, shared->owner));
	ASSERT_EQ(0, setresuid(shared->owner, shared->owner, shared->owner));
	ASSERT_EQ(0, unshare(CLONE_NEWUSER));
	shared->pid = getpid();
	wake(shared->sync[0]);
	await(shared->sync[1]);
	shared->run(shared);
	(void)n;
}

static void write_map(pid_t pid, const char *name)
{
	char path[64], text[64];

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, name);
	snprintf(text, sizeof(text), "0 %d 65536", FIRST);
	test_write(path, text);
}

static pid_t begin_as(struct shared *shared, uid_t owner,
		      void (*run)(const struct shared *), int watched)
{
	pid_t child;

	ASSERT_EQ(0, pipe(shared->sync[0]) ?: pipe(shared->sync[1]));
	shared->owner = owner;
	shared->run = run;
	shared->watched = watched;
	child = test_fork(enter, 0, shared);
	await(shared->sync[0]);
	write_map(shared->pid, "uid_map");
	write_map(shared->pid, "gid_map");
	wake(shared->sync[1]);
	return child;
}

static pid_t begin(struct shared *shared, void (*run)(const struct shared *),
		   int watched)
{
	return begin_as(shared, OWNER, run, watched);
}

static void in_namespace(void (*run)(const struct shared *shared), int watched)
{
	test_wait(begin(test_shared(sizeof(struct shared)), run, watched));
}

static void be(unsigned int user)
{
	setfsuid(user);
	ASSERT_EQ(user, setfsuid(-1));
}

/* How many each of the users gets, until one gets no more */
static unsigned int take(int (*get)(const struct shared *shared),
			 const struct shared *shared)
{
	unsigned int n = 0;

	for (unsigned int user = 1; user <= USERS; user++) {
		be(user);
		for (int i = 0; i < EACH; i++, n++)
			if (get(shared) < 0)
				return n;
	}
	return n;
}

static int get_map(const struct shared *shared)
{
	(void)shared;
	return map_create(NULL, SYNCMAP_KEY_U64, NULL, 0600);
}

static int get_watcher(const struct shared *shared)
{
	return watch(shared->watched, (struct syncmap_watch){ });
}

static int get_lease(const struct shared *shared)
{
	static __u64 key;
	int fd;

	/* An account is that of who has opened the map */
	fd = map_private(SYNCMAP_KEY_U64);
	key++;
	(void)shared;
	return DO(fd, LOAD_OR_LEASE, KEY_N(&key, 8), .wait_until = 1);
}

static void take_maps(const struct shared *shared)
{
	EXPECT_EQ(MAX, take(get_map, shared));
	map_expect_create((struct syncmap_create){ .key_type = SYNCMAP_KEY_U64 },
			  -EDQUOT, SYNCMAP_LIMITED_USER_MAPS, MAX, MAX);
	/* Of these, the user has but a part */
	EXPECT_EQ(MAX % EACH, map_system().user_maps);
}

TEST(maps)
{
	struct parameter before = parameter_set("max_user_maps", MAX);

	in_namespace(take_maps, -1);
	parameter_restore(&before);
}

static void take_watchers(const struct shared *shared)
{
	struct syncmap_watch params = { };

	EXPECT_EQ(MAX, take(get_watcher, shared));
	EXPECT_EQ(-EDQUOT, map_call(shared->watched, SYNCMAP_WATCH, &params));
	EXPECT_EQ(SYNCMAP_LIMITED_USER_WATCHERS, params.error.limited);
	EXPECT_EQ(MAX, params.error.used);
	EXPECT_EQ(MAX, params.error.limit);
	EXPECT_EQ(MAX % EACH, map_system().user_watchers);
}

TEST(watchers)
{
	struct parameter before = parameter_set("max_user_watchers", MAX);

	in_namespace(take_watchers, map_private(SYNCMAP_KEY_U64));
	parameter_restore(&before);
}

/* What one user may have of the places that a map has for those who watch it */
#define PLACES	16

static void take_places(const struct shared *shared)
{
	struct syncmap_watch params = { };
	int n = 0;

	for (unsigned int user = 1; user <= USERS; user++) {
		be(user);
		while (get_watcher(shared) >= 0)
			n++;
	}
	EXPECT_EQ(PLACES, n);
	EXPECT_EQ(-EDQUOT, map_call(shared->watched, SYNCMAP_WATCH, &params));
	EXPECT_EQ(SYNCMAP_LIMITED_USER_MAP_WATCHERS, params.error.limited);
	EXPECT_EQ(PLACES, params.error.used);
	EXPECT_EQ(PLACES, params.error.limit);
}

TEST(places_of_a_map)
{
	in_namespace(take_places, map_private(SYNCMAP_KEY_U64));
}

static volatile bool enough;

static void *grow_anew(void *arg)
{
	int fd = *(int *)arg;

	for (__u64 key = 0; !enough; key++) {
		map_call(fd, SYNCMAP_OP, &(struct syncmap_op){
			.op = SYNCMAP_OP_STORE, KEY_N(&key, 8),
		});
		if (key % 50000 == 0)
			map_call(fd, SYNCMAP_CLEAR, &(struct syncmap_clear){ });
	}
	return NULL;
}

/*
 * Each of the users has a map that grows, and is promoted again and again, as only
 * root could ask for
 */
static void keep_busy(const struct shared *shared)
{
	pthread_t threads[USERS];
	int maps[USERS];

	for (int i = 0; i < USERS; i++) {
		be(i + 1);
		maps[i] = get_map(shared);
		ASSERT(maps[i] >= 0);
		map_fill(maps[i], 0, test_times(20000));
	}
	for (int i = 0; i < USERS; i++)
		ASSERT_EQ(0, pthread_create(&threads[i], NULL, grow_anew, &maps[i]));
	/* One for all of them, and perhaps one for names of maps */
	EXPECT(workers_most("syncmap_build", "", 2) <= 2);
	enough = true;
	for (int i = 0; i < USERS; i++)
		pthread_join(threads[i], NULL);
}

TEST(builders)
{
	in_namespace(keep_busy, -1);
}

static void take_leases(const struct shared *shared)
{
	EXPECT_EQ(MAX, take(get_lease, shared));
	EXPECT_EQ(-EDQUOT, get_lease(shared));
	EXPECT_EQ(SYNCMAP_LIMITED_USER_LEASES, got.error.limited);
	EXPECT_EQ(MAX, got.error.used);
	EXPECT_EQ(MAX, got.error.limit);
}

TEST(leases)
{
	struct parameter before = parameter_set("max_user_leases", MAX);

	in_namespace(take_leases, -1);
	parameter_restore(&before);
}

/* Root within is nobody without */
static void take_as_root(const struct shared *shared)
{
	be(0);
	for (int i = 0; i < MAX; i++)
		EXPECT(get_map(shared) >= 0);
	map_expect_create((struct syncmap_create){ .key_type = SYNCMAP_KEY_U64 },
			  -EDQUOT, SYNCMAP_LIMITED_USER_MAPS, MAX, MAX);
}

TEST(root_of_a_namespace)
{
	struct parameter before = parameter_set("max_user_maps", MAX);

	in_namespace(take_as_root, -1);
	parameter_restore(&before);
}

static void take_and_stay(const struct shared *shared)
{
	take_maps(shared);
	wake(shared->sync[0]);
	await(shared->sync[1]);
}

/* They have nothing to do with one another, nor with root, who may have more */
TEST(namespaces_of_root)
{
	struct parameter before = parameter_set("max_user_maps", MAX);
	struct shared *one = test_shared(sizeof(*one));
	struct shared *other = test_shared(sizeof(*other));
	pid_t child;

	for (int i = 0; i <= MAX; i++)
		EXPECT(get_map(one) >= 0);
	child = begin_as(one, 0, take_and_stay, -1);
	await(one->sync[0]);
	test_wait(begin_as(other, 0, take_maps, -1));
	wake(one->sync[1]);
	test_wait(child);
	parameter_restore(&before);
}

/* All users together, whoever they are, leave some maps to root */
static void take_all(const struct shared *shared)
{
	__u64 max = map_system().max_maps;

	be(1);
	while (get_map(shared) >= 0)
		;
	max -= max / 8;
	map_expect_create((struct syncmap_create){ .key_type = SYNCMAP_KEY_U64 },
			  -ENOSPC, SYNCMAP_LIMITED_MAPS, max, max);
	wake(shared->sync[0]);
	await(shared->sync[1]);
}

TEST(reserve_of_maps)
{
	struct shared *shared = test_shared(sizeof(*shared));
	struct parameter before = parameter_set("max_maps", 4 * MAX);
	pid_t child = begin(shared, take_all, -1);

	await(shared->sync[0]);
	for (int i = 0; i < 4 * MAX / 8; i++)
		EXPECT(get_map(shared) >= 0);
	map_expect_create((struct syncmap_create){ .key_type = SYNCMAP_KEY_U64 },
			  -ENOSPC, SYNCMAP_LIMITED_MAPS, 4 * MAX, 4 * MAX);
	wake(shared->sync[1]);
	test_wait(child);
	parameter_restore(&before);
}
