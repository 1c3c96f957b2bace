// SPDX-License-Identifier: GPL-2.0-only
/*
 * The benchmarks of Go's sync.Map, on all contenders that have its operations.
 */
#include "driver.h"

#define N		K
#define THREADS		2

static const char *const names[] = {
#define GO(name, keys)	#name,
#include "golist.h"
#undef GO
};

static const u64 keys[] = {
#define GO(name, keys)	keys,
#include "golist.h"
#undef GO
};

static double measure(const struct contender *contender, int benchmark)
{
	u64 n = N;
	struct map *map = map_open(contender, keys[benchmark], 1,
				   plain_value, &n);
	struct job job;

	job_init(&job, contender, map, N, THREADS, RUN_GO + benchmark);
	job_run(&job, options.slice_ms);
	contender->destroy(map);
	return 1000 * job.threads / job_rate(&job);
}

static bool has_all(int i)
{
	return takes_part(i) && kinds[KIND_U64].contenders[i]->run[RUN_GO];
}

static void measure_all(int r, int b)
{
	int i, turn;

	for (turn = 0; turn < CONTENDERS; turn++) {
		i = (turn + r) % CONTENDERS;
		if (has_all(i))
			sample(names[b], "ns", KIND_U64, N, THREADS, i,
			       measure(kinds[KIND_U64].contenders[i], b));
	}
}

void run_gobench(void)
{
	int b, r;

	for (r = 0; r < options.repetitions; r++)
		for (b = 0; b < ARRAY_SIZE(names); b++)
			measure_all(r, b);
	table_down("benchmarks of Go's sync.Map, 2 threads, ns per operation",
		   KIND_U64, N, THREADS, names, ARRAY_SIZE(names));
}
