// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory of a map of a million keys before and after nine of ten are deleted,
 * and when nothing was called for a while.
 */
#include "driver.h"
#include "rt/mem.h"

#define WAIT_MS		2000

static const char *const moments[] = { "full", "deleted", "after 2 s" };

static void sample_used(const char *moment, int i, u64 n, struct map *map,
			size_t before)
{
	const struct contender *contender = kinds[KIND_U64].contenders[i];
	size_t bytes = mem_used() - before;

	if (contender->bytes)
		bytes += contender->bytes(map);
	sample(moment, "MB", KIND_U64, n, 1, i, bytes / 1e6);
}

static void run_contender(int i, u64 n)
{
	const struct contender *contender = kinds[KIND_U64].contenders[i];
	struct map *map;
	struct job job;
	size_t before;

	settle();
	before = mem_used();
	map = map_open(contender, n, 1, plain_value, &n);
	settle();
	sample_used(moments[0], i, n, map, before);
	job_init(&job, contender, map, n, 1, RUN_DELETE);
	job.workers[0].fresh = 0;
	job.workers[0].limit = n / 10 * 9;
	job_run(&job, 0);
	sample_used(moments[1], i, n, map, before);
	msleep(WAIT_MS);
	sample_used(moments[2], i, n, map, before);
	contender->destroy(map);
	mem_trim();
}

void run_memory(void)
{
	int i;

	for (i = 0; i < CONTENDERS; i++)
		if (takes_part(i) &&
		    is_plain(kinds[KIND_U64].contenders[i], M) &&
		    !(kinds[KIND_U64].contenders[i]->flags &
		      (CAN_NOT_STORE | CAN_NOT_HURRY)))
			run_contender(i, M);
	table("1M u64 keys, and 900k of them deleted, MB", KIND_U64, M, 1,
	      moments, ARRAY_SIZE(moments));
}
