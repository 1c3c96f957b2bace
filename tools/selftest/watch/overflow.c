// SPDX-License-Identifier: GPL-2.0-only
/*
 * Followers that are too slow for the smallest queue, with heavy writers: they
 * are told of what they have lost, and in each way to go on from there they end
 * up with what is in the map
 */
#include <unistd.h>

#include "harness/stats.h"
#include "harness/writers.h"

#define VALUES		SYNCMAP_WATCH_VALUES
#define DUMP		SYNCMAP_WATCH_DUMP

struct slow {
	struct writers	*writers;
	int		map;
	struct watcher	watcher;
	struct replica	replica;
	unsigned int	resumed;
};

/* How to go on after a loss */
struct way {
	const char	*name;
	__u32		flags;
	void		(*resume)(struct slow *slow);
};

static void open_watcher(struct slow *slow, struct syncmap_watch params)
{
	params.queue_size = SYNCMAP_QUEUE_MIN;
	slow->watcher = watcher_open_as(slow->map, params);
	replica_begin(&slow->replica, &slow->watcher.params);
}

static void take_dump(struct slow *slow)
{
	struct syncmap_watch params = slow->replica.params;

	params.revision = slow->replica.last;
	replica_begin(&slow->replica, &params);
}

static void take_range(struct slow *slow)
{
	replica_range(&slow->replica, slow->map);
}

/* All up to the loss has been applied; what has been deleted since is not told */
static void watch_anew(struct slow *slow)
{
	__u64 since = slow->replica.last;

	watcher_close(&slow->watcher);
	open_watcher(slow, (struct syncmap_watch){
		.flags = DUMP | VALUES, .since = since,
	});
	replica_drop(&slow->replica, slow->map);
}

static const struct way by_dump = { "dump", DUMP | VALUES, take_dump };
static const struct way by_range = { "range", VALUES, take_range };
static const struct way by_since = { "since", DUMP | VALUES, watch_anew };

static void next(struct slow *slow, const struct way *way)
{
	const struct syncmap_record *event = watcher_next(&slow->watcher);

	replica_apply(&slow->replica, event);
	if (event->type == SYNCMAP_RECORD_OVERFLOW) {
		way->resume(slow);
		slow->resumed++;
	}
	if (!slow->writers->ended && test_random() % 32 == 0)
		usleep(test_random() % 200000);
}

static void follow(int n, void *arg)
{
	const struct way *const all[] = { &by_dump, &by_range, &by_since };
	const struct way *way = all[n];
	struct slow slow = { .writers = arg };

	slow.map = map_open(WRITERS_MAP, SYNCMAP_ACCESS_READ);
	ASSERT(slow.map >= 0);
	open_watcher(&slow, (struct syncmap_watch){ .flags = way->flags });
	if (!(way->flags & DUMP))
		replica_range(&slow.replica, slow.map);
	for (;;) {
		bool ended = slow.writers->ended;

		if (watcher_has_more(&slow.watcher))
			next(&slow, way);
		else if (ended)
			break;
		if (test_failed())
			break;
	}
	replica_compare(&slow.replica, slow.map);
	test_note("%s: %u events, %u times too slow", way->name,
		  slow.replica.events, slow.resumed);
	EXPECT(slow.resumed);
}

/* Until each has been too slow some times */
TEST_LIMIT(slow_followers, 120)
{
	struct writers *writers = writers_new(3, true);
	int map = writers_start(writers);
	pid_t pids[3];

	for (int i = 0; i < 3; i++)
		pids[i] = test_fork(follow, i, writers);
	while (map_stat(map, "overflows") < 30 + test_times(60)) {
		usleep(test_random() % 100000);
		writers_replace(writers);
	}
	writers_stop(writers, map);
	for (int i = 0; i < 3; i++)
		test_wait(pids[i]);
}

/*
 * Nobody reads until more than the queue can take has happened: what comes then
 * is known to the last record
 */
TEST(what_a_full_queue_tells)
{
	int fd = map_private(SYNCMAP_KEY_U64);
	struct watcher w = watcher_open(fd, .flags = DUMP | VALUES,
					.queue_size = SYNCMAP_QUEUE_MIN);
	const struct syncmap_record *event;
	__u64 last = 0;

	watcher_expect(&w, DUMPED);
	map_fill(fd, 0, 1000);
	while ((event = watcher_next(&w))->type == SYNCMAP_RECORD_STORE)
		EXPECT_EQ(++last, event->revision);
	EXPECT(last > 50 && last < 1000);
	EXPECT_EQ(SYNCMAP_RECORD_OVERFLOW, event->type);
	EXPECT_EQ(last, event->revision);
	EXPECT_EQ(1, map_stat(fd, "overflows"));
	EXPECT_EQ(last, map_stat(fd, "events"));
	for (int i = 0; i < 1000; i++)
		EXPECT_EQ(SYNCMAP_RECORD_ENTRY, watcher_next(&w)->type);
	watcher_expect(&w, DUMPED, .revision = 1000);
	map_fill(fd, 0, 1);
	EXPECT_EQ(1001, watcher_next(&w)->revision);
	watcher_expect_nothing(&w);
}

/* What has been deleted is told by its not being there, so all has to be */
TEST(the_dump_after_a_loss_is_of_all)
{
	int fd = map_private(SYNCMAP_KEY_U64);
	struct watcher w;
	int entries = 0;

	map_fill(fd, 0, 10);
	w = watcher_open(fd, .flags = DUMP | VALUES, .since = 7,
			 .queue_size = SYNCMAP_QUEUE_MIN);
	for (int i = 7; i < 10; i++)
		EXPECT_EQ(SYNCMAP_RECORD_ENTRY, watcher_next(&w)->type);
	watcher_expect(&w, DUMPED, .revision = 10);
	while (!map_stat(fd, "overflows"))
		map_fill(fd, 0, 5);
	while (watcher_next(&w)->type == SYNCMAP_RECORD_STORE)
		;
	while (watcher_next(&w)->type == SYNCMAP_RECORD_ENTRY)
		entries++;
	EXPECT_EQ(10, entries);
	watcher_expect_nothing(&w);
}

/* Where to resume from is a number to keep: another descriptor goes on there */
TEST(resumed_by_another_descriptor)
{
	int fd = map_private(SYNCMAP_KEY_U64);
	struct watcher w = watcher_open(fd, .flags = VALUES,
					.queue_size = SYNCMAP_QUEUE_MIN);
	const struct syncmap_record *event;
	__u64 since, n = 0;

	map_fill(fd, 0, 1000);
	while ((event = watcher_next(&w))->type == SYNCMAP_RECORD_STORE)
		n++;
	since = event->revision;
	watcher_close(&w);
	w = watcher_open(fd, .flags = DUMP | VALUES, .since = since);
	while ((event = watcher_next(&w))->type == SYNCMAP_RECORD_ENTRY) {
		EXPECT(event->revision > since);
		n++;
	}
	EXPECT_EQ(SYNCMAP_RECORD_DUMPED, event->type);
	EXPECT_EQ(1000, n);
	watcher_expect_nothing(&w);
}
