// SPDX-License-Identifier: GPL-2.0-only
/* What a user leaves to the background takes one worker of a kind at a time */
#include <unistd.h>

#include "harness/map.h"
#include "harness/workers.h"

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

/*
 * Who replaces faster than is freed waits for a grace period, and a kernel that
 * puts off callbacks to save power (rcu_nocbs=) does not let him wait for its ten
 * seconds.
 */
TEST_LIMIT(values_that_are_replaced, 60)
{
	static char text[65536];
	int fd = map_private(SYNCMAP_KEY_U64);
	__u64 key = 0, longest = 0;

	for (int i = 0; i < 1500; i++) {
		__u64 begin = map_now(), took;

		ASSERT_EQ(0, DO(fd, STORE, KEY_N(&key, 8),
				VALUE_N(text, sizeof(text))));
		took = map_now() - begin;
		longest = took > longest ? took : longest;
	}
	test_note("the longest store took %llu ms", longest / MS);
	EXPECT(longest < 5 * SECOND);
}
