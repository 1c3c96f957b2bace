// SPDX-License-Identifier: GPL-2.0-only
/*
 * The longest operation while a map grows: one thread inserts, another one loads,
 * and operations are timed by what their thread had of the CPU, so that what else
 * the machine does has no part in it; sixteen in a row, of which the others take a
 * few microseconds. What counts is the median, over several runs, of the longest in
 * each; a run before them all gets the memory from the system.
 */
#include <linux/sched.h>

#include "driver.h"
#include "rt/mem.h"

/* So many bytes may be in use for a key */
#define BYTES_PER_KEY	128
/* Repetitions with more than a million keys, which take long */
#define REPETITIONS	3

static struct histogram inserts, loads;

static const char *const names[] = { "longest insert", "longest load", "longest" };

static void prepare(struct job *job, const struct contender *contender,
		    struct map *map, u64 n)
{
	memset(&inserts, 0, sizeof(inserts));
	memset(&loads, 0, sizeof(loads));
	job_init(job, contender, map, n, 2, RUN_BUSY_INSERT);
	job->workers[0].fresh = 0;
	job->workers[0].limit = n;
	job->workers[0].times = &inserts;
	job->type[1] = RUN_BUSY_LOAD;
	job->workers[1].times = &loads;
}

static void run_contender(int i, u64 n, bool counts)
{
	const struct contender *contender = kinds[KIND_U64].contenders[i];
	struct map *map = contender->create();
	struct job job;

	prepare(&job, contender, map, n);
	job_run(&job, 0);
	contender->destroy(map);
	if (!counts)
		return;
	sample(names[0], "us", KIND_U64, n, 2, i, inserts.longest / 1e3);
	sample(names[1], "us", KIND_U64, n, 2, i, loads.longest / 1e3);
	sample(names[2], "us", KIND_U64, n, 2, i,
	       max(inserts.longest, loads.longest) / 1e3);
}

/* Those that others are compared with; of many keys this map alone */
static bool is_timed(int i, u64 n)
{
	const struct contender *contender = kinds[KIND_U64].contenders[i];
	const char *list = "syncmap,rhash,rhashtable,shards,godesign";

	if (n > M)
		list = "syncmap";
	return can_grow(i) && is_listed(list, contender->name) &&
	       !(contender->flags & CAN_NOT_SHARE);
}

static void run_size(u64 n, int repetitions)
{
	char title[80];
	int r, i;

	for (r = -1; r < repetitions; r++)
		for (i = 0; i < CONTENDERS; i++)
			if (is_timed(i, n))
				run_contender(i, n, r >= 0);
	mem_trim();
	snprintf(title, sizeof(title),
		 "growth to %s keys beside a reader, longest of all, us of CPU time",
		 size_name(n));
	table(title, KIND_U64, n, 2, names, ARRAY_SIZE(names));
}

void run_longest(void)
{
	run_size(M, options.repetitions);
	if (!options.full)
		return;
	if (machine_bytes() >= 16 * M * BYTES_PER_KEY)
		run_size(16 * M, REPETITIONS);
	else
		report("\nNot enough memory for 16M keys.\n");
}
