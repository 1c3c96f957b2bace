// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory of a map of a million keys before and after nine of ten are deleted,
 * and when nothing was called for a while; and the most that it takes while it
 * grows to that, for a key that it has then.
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

/*
 * A map grows in so many steps, each of which looks at how much the one before
 * has had in use for each key that was there when it began, from the first on
 */
#define STEPS		256
#define FIRST		(STEPS / 16)

static const char *const sizes[] = { "bytes", "worst" };

static double grow(struct job *job, u64 n, size_t before)
{
	double worst = 0;
	int step;

	job->workers[0].fresh = 0;
	job->workers[0].limit = n / STEPS;
	for (step = 0; step < STEPS; step++) {
		mem_peak();
		job_run(job, 0);
		job->workers[0].fresh = (step + 1) * (n / STEPS);
		if (step >= FIRST)
			worst = max(worst, (double)(mem_peak() - before) /
					   (step * (n / STEPS)));
	}
	return worst;
}

/* At rest as scene_open() measures it, which has not for each kind of key */
static void measure_growth(int kind, int i, u64 n)
{
	const struct contender *contender = kinds[kind].contenders[i];
	struct map *map;
	struct job job;
	size_t before;
	double worst;

	settle();
	before = mem_used();
	map = contender->create();
	job_init(&job, contender, map, n, 1, RUN_INSERT);
	worst = grow(&job, n, before);
	sample(sizes[1], "B/key", kind, n, 1, i, worst);
	if (contender->promote)
		contender->promote(map);
	settle();
	if (!cell_find(sizes[0], kind, n, 1, i))
		sample(sizes[0], "B/key", kind, n, 1, i,
		       (double)(mem_used() - before) / n);
	contender->destroy(map);
	mem_trim();
}

/* What has memory of its own does not say how much it was at its most */
static void run_growing(int kind, u64 n)
{
	char title[80];
	int i;

	for (i = 0; i < CONTENDERS; i++)
		if (can_grow(i) && !kinds[kind].contenders[i]->bytes)
			measure_growth(kind, i, n);
	snprintf(title, sizeof(title),
		 "%s, %s keys: bytes per key at rest, and the worst while growing",
		 kinds[kind].name, size_name(n));
	table(title, kind, n, 1, sizes, ARRAY_SIZE(sizes));
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
	run_growing(KIND_U64, M);
	run_growing(KIND_16, M);
}
