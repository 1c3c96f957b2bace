// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is said of Go's maps, for the designs as such, without Go:
 * "ten workers with a million operations each, half of them writes: sync.Map
 * takes three times as long as a map with a mutex";
 * "32 shards cut the 99th percentile by 40 to 70 % against one lock".
 */
#include "driver.h"

#define WORKERS		10
#define OPS		1000000ULL
#define CROWD		16

static bool shares(int i)
{
	const struct contender *contender = kinds[KIND_U64].contenders[i];

	return takes_part(i) && is_plain(contender, 0) &&
	       !(contender->flags &
		 (CAN_NOT_STORE | CAN_NOT_SHARE | CAN_NOT_SEE));
}

/* All operations together, on so many keys; the map begins empty */
static void equal_mix(int i, u64 n, const char *workload)
{
	const struct contender *contender = kinds[KIND_U64].contenders[i];
	struct map *map = contender->create();
	struct job job;
	u64 ns = 0;
	int t;

	job_init(&job, contender, map, n, WORKERS, RUN_MIX);
	for (t = 0; t < WORKERS; t++) {
		job.workers[t].writes = U32_MAX / 2;
		job.workers[t].limit = OPS;
	}
	job_run(&job, 0);
	for (t = 0; t < WORKERS; t++)
		ns = max(ns, job.ns[t]);
	sample(workload, "s", KIND_U64, M, WORKERS, i, ns / 1e9);
	contender->destroy(map);
}

static void percentile(int i, u64 n, const char *workload)
{
	static struct histogram times[CROWD], sum;
	const struct contender *contender = kinds[KIND_U64].contenders[i];
	struct map *map = map_open(contender, n, CROWD, plain_value, &n);
	struct job job;
	int t, j;

	memset(times, 0, sizeof(times));
	memset(&sum, 0, sizeof(sum));
	job_init(&job, contender, map, n, CROWD, RUN_TIMED_MIX);
	for (t = 0; t < CROWD; t++) {
		job.workers[t].writes = U32_MAX / 5;
		job.workers[t].times = &times[t];
	}
	job_run(&job, 10 * options.slice_ms);
	for (t = 0; t < CROWD; t++) {
		sum.total += times[t].total;
		for (j = 0; j < HISTOGRAM_SIZE; j++)
			sum.count[j] += times[t].count[j];
	}
	sample(workload, "ns", KIND_U64, n, CROWD, i, histogram_ns(&sum, .99));
	contender->destroy(map);
}

void run_claims(void)
{
	static const char *const seconds[] = { "1k keys", "1M keys" };
	static const char *const tails[] = { "80/20 p99" };
	int r, i, turn;

	for (r = 0; r < options.repetitions; r++) {
		for (turn = 0; turn < CONTENDERS; turn++) {
			i = (turn + r) % CONTENDERS;
			if (!shares(i))
				continue;
			equal_mix(i, K, seconds[0]);
			equal_mix(i, M, seconds[1]);
			percentile(i, 64 * K, tails[0]);
		}
	}
	table("10 threads, a million operations each, half stores, from empty, s",
	      KIND_U64, M, WORKERS, seconds, ARRAY_SIZE(seconds));
	table("16 threads, 80 % loads, 64k u64 keys: 99th percentile, ns",
	      KIND_U64, 64 * K, CROWD, tails, 1);
}
