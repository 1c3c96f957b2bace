// SPDX-License-Identifier: GPL-2.0-only
/*
 * The benchmarks of Go's sync.Map, on all contenders that have its operations.
 */
#include "driver.h"

#define N		K
#define THREADS		2

const struct go_benchmark go_benchmarks[] = {
#define GO(name, keys)	{ #name, keys },
#include "golist.h"
#undef GO
};

#define COUNT		ARRAY_SIZE(go_benchmarks)

static double measure(const struct contender *contender, int benchmark)
{
	u64 n = N;
	struct map *map = map_open(contender, go_benchmarks[benchmark].keys, 1,
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
			sample(go_benchmarks[b].name, "ns", KIND_U64, N,
			       THREADS, i,
			       measure(kinds[KIND_U64].contenders[i], b));
	}
}

void run_gobench(void)
{
	const char *names[COUNT];
	int b, r;

	for (b = 0; b < COUNT; b++)
		names[b] = go_benchmarks[b].name;
	for (r = 0; r < options.repetitions; r++)
		for (b = 0; b < COUNT; b++)
			measure_all(r, b);
	table_down("benchmarks of Go's sync.Map, 2 threads, ns per operation",
		   KIND_U64, N, THREADS, names, COUNT);
}
