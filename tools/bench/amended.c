// SPDX-License-Identifier: GPL-2.0-only
/*
 * Loads while new keys come and old ones go: one operation of 256 stores a new
 * key and deletes one of before, so that an eighth of all keys is young at any
 * time. In the maps with a dirty table most of these are in it.
 */
#include "driver.h"

#define THREADS		2
#define WRITES		(U32_MAX / 256)

/* Long enough for a few promotions */
#define NS_PER_KEY	600

static const char workload[] = "amended";

static void prepare(struct job *job, const struct contender *contender,
		    struct map *map, u64 n)
{
	int t;

	job_init(job, contender, map, n,
		 contender->flags & CAN_NOT_SHARE ? 1 : THREADS, RUN_INSERT);
	for (t = 0; t < job->threads; t++)
		job->workers[t].limit = n / 8 / job->threads;
	job_run(job, 0);
	for (t = 0; t < job->threads; t++) {
		job->type[t] = RUN_AMENDED;
		job->workers[t].window = job->workers[t].limit;
		job->workers[t].writes = WRITES;
		job->workers[t].limit = U64_MAX;
	}
}

static bool changes(const struct contender *contender, u64 n)
{
	return is_plain(contender, n) &&
	       !(contender->flags & (CAN_NOT_STORE | CAN_NOT_HURRY));
}

static void run_size(u64 n)
{
	struct scene scene = { .kind = KIND_U64, .n = n, .threads = THREADS };
	unsigned int ms = 4 * options.slice_ms + n * NS_PER_KEY / 1000000;
	static struct job jobs[CONTENDERS];
	int i, r, turn;

	scene_open(&scene, plain_value, &n, changes);
	for (i = 0; i < CONTENDERS; i++)
		if (scene.maps[i])
			prepare(&jobs[i], kinds[KIND_U64].contenders[i],
				scene.maps[i], n);
	for (r = 0; r < options.repetitions; r++) {
		for (turn = 0; turn < CONTENDERS; turn++) {
			i = (turn + r) % CONTENDERS;
			if (!scene.maps[i])
				continue;
			job_run(&jobs[i], ms / 4);
			job_run(&jobs[i], ms);
			sample(workload, "Mops", KIND_U64, n, THREADS, i,
			       job_rate(&jobs[i]));
		}
	}
	scene_close(&scene);
}

void run_amended(void)
{
	static const char *const workloads[] = { workload };
	static const u64 sizes[] = { 64 * K, M };
	int i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		run_size(sizes[i]);
		table(i ? "u64, 1M keys and 128k young ones, 2 threads, Mops" :
			  "u64, 64k keys and 8k young ones, 2 threads, Mops",
		      KIND_U64, sizes[i], THREADS, workloads, 1);
	}
}
