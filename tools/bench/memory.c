// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory of a map of a million keys before and after nine of ten are deleted:
 * it is watched for a while, and nothing is called meanwhile.
 */
#include "driver.h"
#include "rt/mem.h"

#define WATCH_MS	2000
#define STEP_MS		50

static const char *const moments[] = { "full", "deleted", "after 2 s" };

static size_t used(const struct contender *contender, struct map *map,
		   size_t before)
{
	size_t bytes = mem_used() - before;

	if (contender->bytes)
		bytes += contender->bytes(map);
	return bytes;
}

static void watch(FILE *file, int i, const struct contender *contender,
		  struct map *map, size_t before)
{
	int ms;

	for (ms = 0; ms <= WATCH_MS; ms += STEP_MS) {
		if (file)
			fprintf(file, "%s\t%d\t%zu\n", contender_name(i), ms,
				used(contender, map, before));
		msleep(STEP_MS);
	}
}

static void sample_used(const char *moment, int i, u64 n,
			const struct contender *contender, struct map *map,
			size_t before)
{
	sample(moment, "MB", KIND_U64, n, 1, i,
	       used(contender, map, before) / 1e6);
}

static void run_contender(FILE *file, int i, u64 n)
{
	const struct contender *contender = kinds[KIND_U64].contenders[i];
	struct map *map;
	struct job job;
	size_t before;

	settle();
	before = mem_used();
	map = map_open(contender, n, 1, plain_value, &n);
	settle();
	sample_used(moments[0], i, n, contender, map, before);
	job_init(&job, contender, map, n, 1, RUN_DELETE);
	job.workers[0].fresh = 0;
	job.workers[0].limit = n / 10 * 9;
	job_run(&job, 0);
	sample_used(moments[1], i, n, contender, map, before);
	watch(file, i, contender, map, before);
	sample_used(moments[2], i, n, contender, map, before);
	contender->destroy(map);
	mem_trim();
}

void run_memory(void)
{
	FILE *file = NULL;
	int i;

	if (options.report) {
		file = report_file("memory.tsv");
		fputs("contender\tms\tbytes\n", file);
	}
	for (i = 0; i < CONTENDERS; i++)
		if (takes_part(i) &&
		    is_plain(kinds[KIND_U64].contenders[i], M) &&
		    !(kinds[KIND_U64].contenders[i]->flags &
		      (CAN_NOT_STORE | CAN_NOT_HURRY)))
			run_contender(file, i, M);
	if (file)
		fclose(file);
	table("1M u64 keys, and 900k of them deleted, MB", KIND_U64, M, 1,
	      moments, ARRAY_SIZE(moments));
}
