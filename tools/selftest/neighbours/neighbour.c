// SPDX-License-Identifier: GPL-2.0-only
/*
 * The user next door: what an unprivileged attacker does to a victim on another
 * map, and to the owner of a map that the attacker may use
 *
 * Each attack is a row: how many do what, how often it has to succeed in being
 * tried, and what is demanded besides the demands of harness/neighbours.c.
 */
#include <fcntl.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness/neighbours.h"
#include "harness/stats.h"
#include "harness/watcher.h"

#define ROW(id, ...)							\
	static const struct attack attack_##id = {			\
		.name = #id, __VA_ARGS__				\
	};								\
	TEST_LIMIT(id, 60) { neighbours_run(&attack_##id); }

#define STORE_OP(...) \
	((struct syncmap_op){ .op = SYNCMAP_OP_STORE, __VA_ARGS__ })
#define DELETE_OP	((struct syncmap_op){ .op = SYNCMAP_OP_DELETE })
#define LOAD_OP		((struct syncmap_op){ .op = SYNCMAP_OP_LOAD })

static const char text[65536];

/* Unlike map_op() also for threads */
static int do_op(int fd, struct syncmap_op op)
{
	struct syncmap_answer answer;

	op.answer = PTR(&answer);
	op.answer_size = sizeof(answer);
	return map_call(fd, SYNCMAP_OP, &op);
}

#define OP(fd, code, ...) \
	do_op(fd, (struct syncmap_op){ .op = SYNCMAP_OP_##code, __VA_ARGS__ })

static void make_own(struct attacker *me)
{
	me->fd = map_private(SYNCMAP_KEY_U64);
}

/* Keys that no other thread has, and not the owner's */
static __u64 first_key(const struct attacker *me)
{
	return OWNED + (1000ULL * me->process + me->thread) * 100000;
}

/* What they free is freed a grace period later */
static unsigned int delete_many(struct attacker *me)
{
	unsigned int n = test_times(256);
	__u64 key = first_key(me);

	neighbours_batch(me->fd, STORE_OP(VALUE_N(text, 100)), key, n);
	return neighbours_batch(me->fd, DELETE_OP, key, n);
}

ROW(deletes, .what = "deletes", .begin = make_own, .step = delete_many,
    .processes = 4, .threads = 8, .floor = 500)

static unsigned int replace_many(struct attacker *me)
{
	return neighbours_batch(me->fd, STORE_OP(VALUE_N(text, 65536)),
				first_key(me), 16);
}

ROW(replacements, .what = "values replaced", .begin = make_own,
    .step = replace_many, .processes = 4, .threads = 8, .floor = 20)

/* What is owned goes with the file, and who closes it waits for nobody */
static unsigned int close_owner(struct attacker *me)
{
	unsigned int batches = test_times(20), n = test_times(1000);
	int fd = map_open(SHARED, SYNCMAP_ACCESS_WRITE);

	if (fd < 0)
		return 0;
	for (unsigned int i = 0; i < batches; i++)
		neighbours_batch(fd, STORE_OP(.flags = SYNCMAP_FLAG_OWNED),
				 first_key(me) + 1000 * i, n);
	close(fd);
	return batches * n;
}

ROW(owners, .what = "owned entries of closed files", .step = close_owner,
    .processes = 2, .threads = 1, .floor = 200)

/* Maps that are made, filled and closed faster than what they had can be freed */
static unsigned int fill_and_close(struct attacker *me)
{
	int fd = map_create(NULL, SYNCMAP_KEY_U64, NULL, 0600);
	unsigned int n = 0;

	if (fd < 0)
		return neighbours_refused(fd);
	for (int i = 0; i < 4; i++)
		n += neighbours_batch(fd, STORE_OP(VALUE_N(text, sizeof(text))),
				      first_key(me) + 64 * i, 64);
	close(fd);
	return n;
}

ROW(closed_maps, .what = "values of maps filled and closed",
    .step = fill_and_close, .processes = 4, .threads = 1, .floor = 50)

/* A table of many keys, of which few are dirty, and all at once miss these */
static void fill_shared(struct attacker *me)
{
	unsigned int n = test_times(50);

	for (unsigned int i = 0; i < n && !me->process; i++)
		neighbours_batch(me->shared, STORE_OP(),
				 first_key(me) + 1000 * i, 1000);
}

static unsigned int miss(struct attacker *me)
{
	__u64 key = first_key(me) + 50000 + test_random() % 100;
	unsigned int n;

	OP(me->shared, STORE, KEY_N(&key, 8));
	n = neighbours_batch(me->shared, LOAD_OP, key, 100);
	OP(me->shared, DELETE, KEY_N(&key, 8));
	return n;
}

ROW(promotions, .what = "keys missed", .begin = fill_shared, .step = miss,
    .processes = 4, .threads = 64, .floor = 0)

/* One who is stopped has leases of many keys, and others wait for these */
static void hold_leases(int n, void *arg)
{
	const struct attacker *me = arg;

	(void)n;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (__u64 key = OWNED + 1000; key < OWNED + 2000; key++)
		EXPECT_EQ(0, OP(me->shared, LOAD_OR_LEASE, KEY_N(&key, 8)));
	raise(SIGSTOP);
}

static void start_holder(struct attacker *me)
{
	int status;
	pid_t pid;

	if (me->process)
		return;
	pid = test_fork(hold_leases, 0, me);
	ASSERT_EQ(pid, waitpid(pid, &status, WUNTRACED));
	ASSERT(WIFSTOPPED(status));
}

static unsigned int wait_for_lease(struct attacker *me)
{
	__u64 key = OWNED + 1000 + test_random() % 1000;

	return OP(me->shared, LOAD_OR_LEASE, KEY_N(&key, 8),
		  .wait_until = map_now() + 5 * MS) == -ETIMEDOUT;
}

static void store_leased(int shared)
{
	for (__u64 key = OWNED + 1000; key < OWNED + 2000; key++) {
		EXPECT_EQ(0, OP(shared, STORE, KEY_N(&key, 8), VALUE("v")));
		EXPECT_EQ(0, OP(shared, DELETE, KEY_N(&key, 8)));
	}
}

ROW(leases, .what = "waits for a lease of one who is stopped",
    .begin = start_holder, .step = wait_for_lease, .check = store_leased,
    .processes = 4, .threads = 16, .floor = 100)

/* Maps that grow, each of which has to be promoted again and again */
#define GROWING	16

static void make_growing(struct attacker *me)
{
	static int fds[GROWING];

	for (int i = 0; i < GROWING; i++) {
		fds[i] = map_private(SYNCMAP_KEY_U64);
		neighbours_batch(fds[i], STORE_OP(), 0, 100);
	}
	me->data = fds;
}

static unsigned int grow(struct attacker *me)
{
	const int *fds = me->data;
	__u64 key = test_random();

	return neighbours_batch(fds[key % GROWING], STORE_OP(), key,
				test_times(100));
}

ROW(growths, .what = "keys inserted into maps that grow", .begin = make_growing,
    .step = grow, .processes = 4, .threads = 8, .floor = 2000)

/* Each change of the owner's tells all who read it, and each of their epolls */
#define EPOLLS	800
#define WATCHES	64	/* more than one user may have */

static void make_watchers(struct attacker *me)
{
	static int fds[WATCHES];
	int n = 0;

	while ((fds[n] = watch(me->shared, (struct syncmap_watch){ })) >= 0) {
		ASSERT_EQ(0, fcntl(fds[n], F_SETFL, O_NONBLOCK));
		ASSERT(++n < WATCHES);
	}
	ASSERT(n);
	for (unsigned int i = test_times(EPOLLS); i; i--) {
		struct epoll_event event = { .events = EPOLLIN };
		int epoll = epoll_create1(0);

		ASSERT(epoll >= 0);
		for (int j = 0; j < n; j++)
			ASSERT_EQ(0, epoll_ctl(epoll, EPOLL_CTL_ADD, fds[j],
					       &event));
	}
	me->data = fds;
}

static unsigned int read_events(struct attacker *me)
{
	unsigned int n = 0;
	char buffer[4096];

	for (const int *fd = me->data; *fd >= 0; fd++)
		n += read(*fd, buffer, sizeof(buffer)) > 0;
	return n;
}

ROW(watchers, .what = "reads of events", .begin = make_watchers,
    .step = read_events, .processes = 1, .threads = 4, .floor = 20)

/* What is deleted and not yet dropped, in a map that is looked through */
static void make_tombstones(struct attacker *me)
{
	unsigned int n = test_times(200);

	make_own(me);
	for (unsigned int i = 0; i < n; i++)
		neighbours_batch(me->fd, STORE_OP(), 1000 * i, 1000);
	/* Soon, but nobody can be asked to do it now */
	AWAIT(!map_stat(me->fd, "dirty_keys"));
	for (unsigned int i = 0; i < n; i++)
		neighbours_batch(me->fd, DELETE_OP, 1000 * i, 1000);
}

static unsigned int look_through(struct attacker *me)
{
	static char buffer[4096];
	struct syncmap_range range = {
		.buffer = PTR(buffer), .size = sizeof(buffer),
		.cursor = test_random(),
	};
	struct syncmap_map_info infos[4];
	struct syncmap_list list = {
		.buffer = PTR(infos), .entry_size = sizeof(infos[0]),
		.capacity = ARRAY_SIZE(infos),
	};

	return !map_call(me->fd, SYNCMAP_RANGE, &range) +
	       !map_call(map_control(), SYNCMAP_LIST, &list);
}

ROW(tombstones, .what = "ranges and lists", .begin = make_tombstones,
    .step = look_through, .processes = 1, .threads = 16, .floor = 20)

/* All that the defaults let one user have, and no more memory than there is */
static int make_stranger(void)
{
	return map_create(NULL, SYNCMAP_KEY_U64, NULL, 0600);
}

static void expect_room(int shared)
{
	int root = make_stranger(), other = neighbours_as(VICTIM, make_stranger);
	__u64 key = 0;

	EXPECT(root >= 0);
	ASSERT(other >= 0);
	EXPECT_EQ(0, OP(other, STORE, KEY_N(&key, 8), VALUE_N(text, 4096)));
	EXPECT_EQ(0, OP(shared, STORE, KEY_N(&key, 8), VALUE_N(text, 16)));
	close(root);
	close(other);
}

/* Users that it is given by a namespace, as many as there are */
static void make_maps(struct attacker *me)
{
	int fd, n = 0;

	do {
		fd = make_stranger();
	} while (fd >= 0 && n++ < 1000);
	EXPECT(fd >= 0 || neighbours_refused(fd));
	(void)me;
}

static unsigned int make_one_more(struct attacker *me)
{
	close(make_stranger());
	(void)me;
	return 1;
}

ROW(subordinates, .what = "maps asked for", .begin = make_maps,
    .step = make_one_more, .check = expect_room, .processes = 16,
    .threads = 1, .subordinate = true, .floor = 100)

/* Near its own limit, what it leaves behind in the map of others */
static unsigned int fill_poorly(struct attacker *me)
{
	__u64 key = first_key(me) + test_random() % 100000;

	return neighbours_batch(me->shared, STORE_OP(), key, 100) + 1;
}

ROW(poor, .what = "stores with no memory", .step = fill_poorly,
    .check = expect_room, .processes = 4, .threads = 4, .memory = "12M",
    .floor = 50)

/* Overwriting takes no more in the end, so it is not to fail */
static void fill_own(struct attacker *me)
{
	make_own(me);
	ASSERT_EQ(256, neighbours_batch(me->fd, STORE_OP(VALUE_N(text, 4000)),
					0, 256));
}

static unsigned int overwrite(struct attacker *me)
{
	__u64 key = test_random() % 256;

	EXPECT_EQ(0, OP(me->fd, STORE, KEY_N(&key, 8), VALUE_N(text, 4000)));
	return 1;
}

ROW(overwrites, .what = "values overwritten with little memory",
    .begin = fill_own, .step = overwrite, .processes = 1, .threads = 4,
    .memory = "6M", .floor = 50)

/* Who may write may clear */
static unsigned int clear(struct attacker *me)
{
	struct syncmap_clear arg = { };

	if (me->fd < 0)
		make_own(me);
	neighbours_batch(me->fd, STORE_OP(VALUE_N(text, 100)), first_key(me),
			 100);
	return !map_call(me->fd, SYNCMAP_CLEAR, &arg);
}

ROW(clears, .what = "maps cleared", .begin = make_own, .step = clear,
    .processes = 4, .threads = 8, .floor = 10)

/* Last, as what comes after it would have the memory that it leaves */
static unsigned int flood(struct attacker *me)
{
	__u64 key = first_key(me) + test_random() % 50000;
	int ret;

	if (me->fd < 0)
		me->fd = map_create(NULL, SYNCMAP_KEY_U64, NULL, 0600);
	if (me->fd < 0)
		return neighbours_refused(me->fd);
	ret = OP(me->fd, STORE, KEY_N(&key, 8), VALUE_N(text, sizeof(text)));
	/* The last one stays full */
	if (neighbours_refused(ret))
		me->fd = -1;
	return 1;
}

ROW(floods, .what = "stores into maps that get full", .step = flood,
    .check = expect_room, .processes = 4, .threads = 4, .floor = 50)
