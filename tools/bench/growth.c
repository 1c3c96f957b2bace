// SPDX-License-Identifier: GPL-2.0-only
/*
 * A map grows from no key to many: what an insert costs, alone, by two threads
 * and beside a reader; how long single operations take; and how long the same
 * reader takes when nobody writes.
 */
#include "driver.h"

/* A full run lets the largest map grow so often */
#define REPETITIONS	3

static struct histogram inserts, loads;

bool can_grow(int i)
{
	const struct contender *contender = kinds[KIND_U64].contenders[i];

	return takes_part(i) && is_plain(contender, 0) &&
	       !(contender->flags &
		 (CAN_NOT_STORE | CAN_NOT_HURRY | CAN_NOT_SEE));
}

/* Inserts share the keys 0 to n - 1 between @threads, and may be timed */
static void prepare(struct job *job, int i, struct map *map, u64 n, int threads,
		    int type)
{
	int t;

	memset(&inserts, 0, sizeof(inserts));
	job_init(job, kinds[KIND_U64].contenders[i], map, n, threads, type);
	for (t = 0; t < threads; t++) {
		job->workers[t].fresh = t * (n / threads);
		job->workers[t].limit = n / threads;
		job->workers[t].times = &inserts;
	}
}

static void sample_cost(const char *name, int i, u64 n, const struct job *job)
{
	u64 ns = 0;
	int t;

	for (t = 0; t < job->threads; t++)
		if (job->workers[t].limit != U64_MAX)
			ns = max(ns, job->ns[t]);
	sample(name, "ns", KIND_U64, n, 2, i, (double)ns / n);
}

static void sample_times(const char *const *names, int i, u64 n,
			 const struct histogram *times)
{
	sample(names[0], "ns", KIND_U64, n, 2, i, histogram_ns(times, 0.99));
	sample(names[1], "ns", KIND_U64, n, 2, i, histogram_ns(times, 0.999));
	sample(names[2], "us", KIND_U64, n, 2, i,
	       clock_ns(times->longest) / 1000);
}

static const char *const costs[] = { "grow", "grow by 2", "grow+read" };
static const char *const alone_times[] = {
	"alone p99", "alone p99.9", "alone worst",
};
static const char *const insert_times[] = {
	"insert p99", "insert p99.9", "insert worst",
};
static const char *const load_times[] = {
	"load p99", "load p99.9", "load worst",
};
static const char *const still_times[] = {
	"still p99", "still p99.9", "still worst",
};

/*
 * A job that other processes have disturbed is tried again, with a new map, but
 * not for ever.
 */
static bool disturbed(const struct job *job, int *tries)
{
	return job_disturbed(job) > DISTURBED && ++*tries < TRIES;
}

static void grow(struct job *job, int i, u64 n, int threads, int type)
{
	const struct contender *contender = kinds[KIND_U64].contenders[i];
	struct map *map;
	int tries = 0;

	do {
		map = contender->create();
		prepare(job, i, map, n, threads, type);
		job_run(job, 0);
		contender->destroy(map);
	} while (disturbed(job, &tries));
}

static void prepare_reader(struct job *job, int i, struct map *map, u64 n)
{
	memset(&loads, 0, sizeof(loads));
	prepare(job, i, map, n, 1, RUN_TIMED_INSERT);
	job->threads = 2;
	job->workers[1] = job->workers[0];
	job->workers[1].thread = 1;
	job->workers[1].limit = U64_MAX;
	job->workers[1].times = &loads;
	job->type[1] = RUN_TIMED_LOAD;
}

/* The map has grown: the same reader, and the other thread loads, too */
static void read_still(struct job *job, int i, u64 n)
{
	int tries = 0;

	job->type[0] = RUN_LOAD;
	job->workers[0].limit = U64_MAX;
	do {
		memset(&loads, 0, sizeof(loads));
		job_run(job, 10 * options.slice_ms);
	} while (disturbed(job, &tries));
	sample_times(still_times, i, n, &loads);
}

static void grow_beside_reader(int i, u64 n)
{
	const struct contender *contender = kinds[KIND_U64].contenders[i];
	struct map *map = contender->create();
	struct job job;
	int tries = 0;

	prepare_reader(&job, i, map, n);
	for (job_run(&job, 0); disturbed(&job, &tries); job_run(&job, 0)) {
		contender->destroy(map);
		map = contender->create();
		prepare_reader(&job, i, map, n);
	}
	sample_cost(costs[2], i, n, &job);
	sample_times(insert_times, i, n, &inserts);
	sample_times(load_times, i, n, &loads);
	read_still(&job, i, n);
	contender->destroy(map);
}

static void run_contender(int i, u64 n)
{
	const struct contender *contender = kinds[KIND_U64].contenders[i];
	struct job job;

	grow(&job, i, n, 1, RUN_INSERT);
	sample_cost(costs[0], i, n, &job);
	/* The other CPU is left to the map's own background */
	grow(&job, i, n, 1, RUN_TIMED_INSERT);
	sample_times(alone_times, i, n, &inserts);
	if (contender->flags & CAN_NOT_SHARE)
		return;
	grow(&job, i, n, 2, RUN_INSERT);
	sample_cost(costs[1], i, n, &job);
	grow_beside_reader(i, n);
}

static void run_size(u64 n, int repetitions)
{
	char title[80];
	int r, i, turn;

	for (r = 0; r < repetitions; r++) {
		for (turn = 0; turn < CONTENDERS; turn++) {
			i = (turn + r) % CONTENDERS;
			if (can_grow(i))
				run_contender(i, n);
		}
	}
	snprintf(title, sizeof(title), "growth to %s u64 keys, ns per insert",
		 size_name(n));
	table(title, KIND_U64, n, 2, costs, ARRAY_SIZE(costs));
	table("inserts of one thread, ns (worst: us)", KIND_U64, n, 2,
	      alone_times, 3);
	snprintf(title, sizeof(title),
		 "growth to %s keys beside a reader: inserts, ns (worst: us)",
		 size_name(n));
	table(title, KIND_U64, n, 2, insert_times, 3);
	table("the reader's loads meanwhile", KIND_U64, n, 2, load_times, 3);
	table("its loads when nobody writes", KIND_U64, n, 2, still_times, 3);
}

void run_growth(void)
{
	run_size(M, options.repetitions);
	if (!options.quick)
		run_size(4 * M, options.full ? REPETITIONS : 1);
}
