// SPDX-License-Identifier: GPL-2.0-only
/* What a user leaves to the background takes one worker of a kind at a time */
#include <unistd.h>

#include "map.h"
#include "workers.h"

#define MAPS	8
#define SECONDS	2

static void fill(int n, void *arg)
{
	map_fill(((int *)arg)[n], 0, test_times(20000));
}

static void clear(int n, void *arg)
{
	map_clear(((int *)arg)[n]);
}

/* And perhaps one for what belongs to no user, as the names of maps */
static void expect_one_worker(void)
{
	EXPECT(workers_most("syncmap", "syncmap_free", SECONDS) <= 2);
}

/* However many of his maps end together */
TEST_LIMIT(maps_that_end, 60)
{
	int maps[MAPS];

	for (int i = 0; i < MAPS; i++)
		maps[i] = map_private(SYNCMAP_KEY_U64);
	test_parallel(MAPS, fill, maps);
	for (int i = 0; i < MAPS; i++)
		close(maps[i]);
	expect_one_worker();
}

TEST_LIMIT(maps_that_are_cleared, 60)
{
	int maps[MAPS];
	pid_t pids[MAPS];

	for (int i = 0; i < MAPS; i++)
		maps[i] = map_private(SYNCMAP_KEY_U64);
	test_parallel(MAPS, fill, maps);
	for (int i = 0; i < MAPS; i++)
		pids[i] = test_fork(clear, i, maps);
	expect_one_worker();
	for (int i = 0; i < MAPS; i++)
		test_wait(pids[i]);
}
