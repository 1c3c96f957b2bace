// SPDX-License-Identifier: GPL-2.0-only
/*
 * Following a map that others write: dump and events are what is in it, with
 * nothing missing and nothing twice, whoever is killed
 */
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness/memory.h"
#include "harness/stats.h"
#include "harness/writers.h"

#define KEY_ONLY	SYNCMAP_WATCH_KEY
#define PREFIX		SYNCMAP_WATCH_PREFIX
#define VALUES		SYNCMAP_WATCH_VALUES
#define DUMP		SYNCMAP_WATCH_DUMP

/* Who follows, and in how many ways */
static const struct syncmap_watch ways[] = {
	{ .flags = DUMP | VALUES },
	{ .flags = DUMP },
	{ .flags = DUMP | VALUES | PREFIX, FILTER("a") },
	{ .flags = DUMP | VALUES | PREFIX, FILTER("b0") },
	{ .flags = DUMP | VALUES | KEY_ONLY, FILTER("a00") },
	{ .flags = DUMP | KEY_ONLY, FILTER("b03") },
};

struct follower {
	struct writers	*writers;
	struct watcher	watcher;
	struct replica	replica;
	bool		*seen;
};

/* Each change that a writer knows of has come, unless the dump is newer */
static void check_log(const struct follower *follower)
{
	const struct replica *replica = &follower->replica;
	unsigned int missing = 0;

	for (__u64 r = follower->watcher.params.revision + 1;
	     r < replica->last && r < WRITERS_LOG; r++) {
		unsigned char entry = follower->writers->log[r];

		if (entry && replica_watches(replica, entry - 1))
			missing += !follower->seen[r];
	}
	EXPECT_EQ(0, missing);
}

static void open_watcher(struct follower *follower, int map, unsigned int way)
{
	struct syncmap_watch params = ways[way];

	params.queue_size = SYNCMAP_QUEUE_MAX;
	follower->watcher = watcher_open_as(map, params);
	replica_begin(&follower->replica, &follower->watcher.params);
	follower->seen = calloc(WRITERS_LOG, sizeof(*follower->seen));
	ASSERT(follower->seen);
}

static void next(struct follower *follower)
{
	const struct syncmap_record *event = watcher_next(&follower->watcher);

	ASSERT(event);
	replica_apply(&follower->replica, event);
	if (event->revision < WRITERS_LOG)
		follower->seen[event->revision] = true;
}

/* Until all has been read that there will be */
static void follow_to_the_end(struct follower *follower)
{
	for (;;) {
		bool ended = follower->writers->ended;

		if (watcher_has_more(&follower->watcher))
			next(follower);
		else if (ended)
			break;
		if (test_failed())
			break;
	}
}

static void follow(int n, void *arg)
{
	struct follower follower = { .writers = arg };
	int map = map_open(WRITERS_MAP, SYNCMAP_ACCESS_READ);

	ASSERT(map >= 0);
	usleep(test_random() % 200000);
	open_watcher(&follower, map, n);
	follow_to_the_end(&follower);
	replica_compare(&follower.replica, map);
	EXPECT_EQ(0, follower.replica.overflows);
	EXPECT(follower.replica.events);
	if (!follower.writers->clear)
		check_log(&follower);
	test_note("follower %d: %u events, up to revision %llu", n,
		  follower.replica.events, follower.replica.last);
}

static void write_and_follow(bool clear)
{
	struct writers *writers = writers_new(4, clear);
	pid_t pids[ARRAY_SIZE(ways)];
	int map = writers_start(writers);

	for (size_t i = 0; i < ARRAY_SIZE(ways); i++)
		pids[i] = test_fork(follow, i, writers);
	for (unsigned int i = 0; i < 40 + test_times(60); i++) {
		usleep(test_random() % 20000);
		writers_replace(writers);
	}
	writers_stop(writers, map);
	for (size_t i = 0; i < ARRAY_SIZE(ways); i++)
		test_wait(pids[i]);
	EXPECT_EQ(0, map_stat(map, "overflows"));
}

TEST_LIMIT(no_gap_and_no_repeat, 60)
{
	write_and_follow(false);
}

TEST_LIMIT(nor_when_the_map_is_cleared, 60)
{
	write_and_follow(true);
}

/* Somebody comes while others write, whether or not he is the first */
struct arrival {
	int		fd;
	unsigned int	times;
	volatile bool	done;
};

static void arrive(struct arrival *arrival)
{
	struct watcher w = watcher_open(arrival->fd, .flags = 0);

	for (int i = 1; i <= 3; i++) {
		const struct syncmap_record *event = watcher_next(&w);

		ASSERT(event);
		EXPECT_EQ(w.params.revision + i, event->revision);
	}
	watcher_close(&w);
}

static void arrive_or_write(int n, void *arg)
{
	struct arrival *arrival = arg;

	if (n) {
		while (!arrival->done)
			EXPECT_EQ(0, DO(arrival->fd, STORE, KEY("k"),
					VALUE("v")));
		return;
	}
	for (unsigned int i = 0; i < arrival->times && !test_failed(); i++)
		arrive(arrival);
	arrival->done = true;
}

/* Of each change after the watcher's revision, and of none before */
TEST_LIMIT(events_from_the_first_on, 60)
{
	struct arrival *arrival = test_shared(sizeof(*arrival));

	arrival->fd = map_private(SYNCMAP_KEY_STRING);
	arrival->times = test_times(200);
	test_parallel(3, arrive_or_write, arrival);
	watcher_open(arrival->fd, .flags = 0);
	arrival->times = test_times(2000);
	arrival->done = false;
	test_parallel(3, arrive_or_write, arrival);
	EXPECT_EQ(1, map_stat(arrival->fd, "watchers"));
}

/* The more is in the queue, the better: nobody reads it for a while */
static void follow_and_die(int n, void *arg)
{
	struct follower follower = { .writers = arg };
	int map = map_open(WRITERS_MAP, SYNCMAP_ACCESS_READ);

	ASSERT(map >= 0);
	open_watcher(&follower, map, n % ARRAY_SIZE(ways));
	usleep(test_random() % 10000);
	for (;;)
		next(&follower);
}

static void kill_follower(pid_t pid)
{
	int status;

	ASSERT_EQ(0, kill(pid, SIGKILL));
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT(WIFSIGNALED(status));
}

static void expect_no_watcher(int map)
{
	AWAIT(!map_stat(map, "watchers"));
	EXPECT_EQ(0, map_stat(map, "watchers"));
}

/* Each queue has 16 MiB. KASAN keeps what has been freed for a while */
TEST_LIMIT(a_killed_follower_leaves_nothing, 120)
{
	struct writers *writers = writers_new(2, true);
	pid_t pids[3] = { };
	int map = writers_start(writers);
	long before = memory_available();

	for (unsigned int i = 0; i < test_times(150); i++) {
		unsigned int n = i % ARRAY_SIZE(pids);

		if (pids[n])
			kill_follower(pids[n]);
		pids[n] = test_fork(follow_and_die, i, writers);
		usleep(test_random() % 20000);
	}
	for (size_t n = 0; n < ARRAY_SIZE(pids); n++)
		kill_follower(pids[n]);
	writers_stop(writers, map);
	expect_no_watcher(map);
	memory_expect(before, 64 << 10);
}
