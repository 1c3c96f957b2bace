// SPDX-License-Identifier: GPL-2.0-only
/*
 * What articles say of Go's maps, and what this run says of it: of Go's design,
 * and of Go itself where it is installed. Two of the workloads are not part of
 * anything else.
 */
#include "driver.h"

#define WORKERS		10
#define OPS		1000000ULL
#define CROWD		16
#define REPETITIONS	3

static bool shares(int i)
{
	const struct contender *contender = kinds[KIND_U64].contenders[i];

	return takes_part(i) && is_plain(contender, 0) &&
	       !(contender->flags &
		 (CAN_NOT_STORE | CAN_NOT_HURRY | CAN_NOT_SHARE | CAN_NOT_SEE));
}

/* Ten threads do a million operations each, on @n keys; the map begins empty */
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

	for (r = 0; r < (options.full ? REPETITIONS : 1); r++) {
		for (turn = 0; turn < CONTENDERS; turn++) {
			i = (turn + r) % CONTENDERS;
			if (!shares(i))
				continue;
			equal_mix(i, K, seconds[0]);
			equal_mix(i, M, seconds[1]);
			percentile(i, 64 * K, tails[0]);
		}
	}
	table("10 threads, a million operations each, half stores, seconds",
	      KIND_U64, M, WORKERS, seconds, ARRAY_SIZE(seconds));
	table("16 threads, 80 % loads, 64k u64 keys: 99th percentile, ns",
	      KIND_U64, 64 * K, CROWD, tails, 1);
	go_claims();
}

/* It is about a ratio of two medians: of two contenders, or two workloads */
struct claim {
	const char	*claim;
	const char	*what;
	struct figure	above, below;
	double		least, most;	/* what the claim allows */
};

#define TEN_WORKERS "10 workers, half writes: sync.Map takes 3.4x a mutex map"
#define COPIES "copy-on-write reads are at least 2x sync.Map's"
#define SHARDING "shards cut the p99 of one RWMutex by 40 to 70 %"
#define READING "from ten reads per write on sync.Map beats RWMutex"
#define WRITING "an RWMutex map beats sync.Map when most is writes"
#define KEEPING "sync.Map keeps the memory of deleted keys"

static const struct claim claims[] = {
	{ TEN_WORKERS, "time, 1k keys: Go's design / mutex",
	  { "1k keys", "godesign", M, WORKERS },
	  { "1k keys", "mutex", M, WORKERS }, 2.5, 5 },
	{ TEN_WORKERS, "time, growing to 1M keys: Go's design / mutex",
	  { "1M keys", "godesign", M, WORKERS },
	  { "1M keys", "mutex", M, WORKERS }, 2.5, 5 },
	{ COPIES, "load, 1k keys: copy-on-write / Go's design",
	  { "load", "cow", K, 2 }, { "load", "godesign", K, 2 }, 2, 1e9 },
	{ COPIES, "load, 64k keys: copy-on-write / Go's design",
	  { "load", "cow", 64 * K, 2 }, { "load", "godesign", 64 * K, 2 },
	  2, 1e9 },
	{ COPIES, "load, 64k keys: go_cow / go_syncmap",
	  { "load", "go_cow", 64 * K, 2 }, { "load", "go_syncmap", 64 * K, 2 },
	  2, 1e9 },
	{ SHARDING, "80/20 p99: shards / rwlock",
	  { "80/20 p99", "shards", 64 * K, CROWD },
	  { "80/20 p99", "rwlock", 64 * K, CROWD }, 0.3, 0.6 },
	{ READING, "95/5, 64k keys: Go's design / rwlock",
	  { "95/5", "godesign", 64 * K, 2 }, { "95/5", "rwlock", 64 * K, 2 },
	  1, 1e9 },
	{ READING, "95/5, 64k keys: go_syncmap / go_rwmutex",
	  { "95/5", "go_syncmap", 64 * K, 2 },
	  { "95/5", "go_rwmutex", 64 * K, 2 }, 1, 1e9 },
	{ WRITING, "5/95, 64k keys: rwlock / Go's design",
	  { "5/95", "rwlock", 64 * K, 2 }, { "5/95", "godesign", 64 * K, 2 },
	  1, 1e9 },
	{ WRITING, "5/95, 64k keys: go_rwmutex / go_syncmap",
	  { "5/95", "go_rwmutex", 64 * K, 2 },
	  { "5/95", "go_syncmap", 64 * K, 2 }, 1, 1e9 },
	{ KEEPING, "900k of 1M keys deleted: Go's design, after / before",
	  { "after 2 s", "godesign", M, 1 }, { "full", "godesign", M, 1 },
	  0.9, 1.1 },
	{ KEEPING, "the same: syncmap, after / before",
	  { "after 2 s", "syncmap", M, 1 }, { "full", "syncmap", M, 1 },
	  0.9, 1.1 },
};

void claims_print(void)
{
	const struct cell *above, *below;
	const struct claim *claim;
	const char *said = NULL;
	double ratio;

	for (claim = claims; claim < claims + ARRAY_SIZE(claims); claim++) {
		above = figure_cell(&claim->above);
		below = figure_cell(&claim->below);
		if (!above || !below)
			continue;
		if (claim->claim != said)
			report("\n%s\n", said = claim->claim);
		ratio = cell_median(above) / cell_median(below);
		report("  %-60s%8.2f  %s\n", claim->what, ratio,
		       ratio >= claim->least && ratio <= claim->most ?
		       "holds" : "does not hold");
	}
}
