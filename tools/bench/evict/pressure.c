// SPDX-License-Identifier: GPL-2.0-only
/*
 * Caches that are full, asked by two threads: each loads by Zipf's law, and stores
 * what was not there. In every repetition all take turns, each time with another one
 * first: for a while as fast as they can, then with each load and store timed.
 */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <linux/kernel.h>
#include <linux/ktime.h>

#include "text.h"
#include "cache.h"
#include "evict.h"
#include "trace.h"

#define EXPONENT	1.0
#define STREAM		(1U << 20)	/* loads of a thread, then again */
#define WARM		500000		/* loads before anything counts */
#define SLICE_MS	150
#define TIMES		(1U << 17)	/* of each kind, in one slice */
#define RATES_WIDTH	59		/* what a line has before the threads */

static const struct cache *const caches[] = {
	&cache_map, &cache_called, &cache_memcached, &cache_redis,
};

#define CACHES	ARRAY_SIZE(caches)

/* A load that finds; one that does not, and the store; that store alone */
enum kind { HIT, MISS, STORE, KINDS };

static const char *const kind_names[KINDS] = { "hit", "miss", "its store" };

struct member {
	const struct cache	*cache;
	int			thread;
	bool			timed;
	u32			at;
	u64			loads;
	u64			hits;
	u32			counts[KINDS];
	u32			ns[KINDS][TIMES];
};

static u32 *streams[CACHE_THREADS];
static struct member members[CACHES][CACHE_THREADS];
static bool stop;

static struct result {
	bool		takes_part;
	struct sample	rate;		/* million loads a second */
	struct sample	hits;		/* of a hundred */
	struct sample	middle[CACHE_THREADS][KINDS];	/* ns, by threads less one */
	struct sample	slow[CACHE_THREADS][KINDS];	/* one of a hundred takes longer */
	u64		entries;
} results[CACHES];

/* What a thread does */

static void note(struct member *member, enum kind kind, u64 ns)
{
	if (member->counts[kind] < TIMES)
		member->ns[kind][member->counts[kind]++] = min(ns, (u64)U32_MAX);
}

static void ask(struct member *member, u32 number)
{
	bool hit = member->cache->load(member->thread, number);

	if (!hit)
		member->cache->store(member->thread, number);
	member->hits += hit;
}

static void ask_timed(struct member *member, u32 number)
{
	u64 start = ktime_get_ns(), loaded, stored;
	bool hit = member->cache->load(member->thread, number);

	loaded = ktime_get_ns();
	if (hit) {
		note(member, HIT, loaded - start);
		return;
	}
	member->cache->store(member->thread, number);
	stored = ktime_get_ns();
	note(member, STORE, stored - loaded);
	note(member, MISS, stored - start);
}

static void *take_part(void *arg)
{
	struct member *member = arg;
	u32 number;

	while (!READ_ONCE(stop)) {
		number = streams[member->thread][member->at++ % STREAM];
		if (member->timed)
			ask_timed(member, number);
		else
			ask(member, number);
		member->loads++;
	}
	return NULL;
}

/* Turns. Return: ns that it took */
static u64 run_slice(struct member *team, int size, bool timed)
{
	u64 start = ktime_get_ns();
	pthread_t threads[CACHE_THREADS];
	int i;

	WRITE_ONCE(stop, false);
	for (i = 0; i < size; i++) {
		team[i].timed = timed;
		team[i].loads = team[i].hits = 0;
		memset(team[i].counts, 0, sizeof(team[i].counts));
		if (pthread_create(&threads[i], NULL, take_part, &team[i]))
			abort();
	}
	usleep(SLICE_MS * 1000);
	WRITE_ONCE(stop, true);
	for (i = 0; i < size; i++)
		pthread_join(threads[i], NULL);
	return ktime_get_ns() - start;
}

static void run_fast(struct member *team, struct result *result)
{
	u64 ns = run_slice(team, CACHE_THREADS, false), loads = 0, hits = 0;
	int i;

	for (i = 0; i < CACHE_THREADS; i++) {
		loads += team[i].loads;
		hits += team[i].hits;
	}
	sample_add(&result->rate, loads * 1e3 / ns);
	sample_add(&result->hits, 100.0 * hits / loads);
}

static int compare(const void *a, const void *b)
{
	u32 x = *(const u32 *)a, y = *(const u32 *)b;

	return (x > y) - (x < y);
}

static void run_timed(struct member *team, int size, struct result *result)
{
	static u32 all[CACHE_THREADS * TIMES];
	u32 count, kind;
	int i;

	run_slice(team, size, true);
	for (kind = 0; kind < KINDS; kind++) {
		for (i = 0, count = 0; i < size; i++) {
			memcpy(all + count, team[i].ns[kind],
			       team[i].counts[kind] * sizeof(*all));
			count += team[i].counts[kind];
		}
		qsort(all, count, sizeof(*all), compare);
		sample_add(&result->middle[size - 1][kind], all[count / 2]);
		sample_add(&result->slow[size - 1][kind],
			   all[(u64)count * 99 / 100]);
	}
}

static void take_turns(unsigned int repetition)
{
	unsigned int i, at;
	int size;

	for (i = 0; i < CACHES; i++) {
		at = (i + repetition) % CACHES;
		if (!results[at].takes_part)
			continue;
		run_fast(members[at], &results[at]);
		for (size = 1; size <= CACHE_THREADS; size++)
			run_timed(members[at], size, &results[at]);
	}
}

static void warm_up(const struct cache *cache)
{
	u32 i;

	for (i = 0; i < WARM; i++)
		cache->warm(streams[i % CACHE_THREADS][STREAM - 1 - i]);
	cache->warmed();
}

static void open_caches(void)
{
	const char *why;
	unsigned int i;
	int thread;

	for (i = 0; i < CACHES; i++) {
		why = caches[i]->open();
		results[i].takes_part = !why;
		if (why) {
			report("  %s takes no part: %s\n", caches[i]->name, why);
			continue;
		}
		warm_up(caches[i]);
		for (thread = 0; thread < CACHE_THREADS; thread++) {
			members[i][thread].cache = caches[i];
			members[i][thread].thread = thread;
		}
	}
}

static void close_caches(void)
{
	unsigned int i;

	for (i = CACHES; i--;) {
		if (!results[i].takes_part)
			continue;
		results[i].entries = caches[i]->count();
		caches[i]->close();
	}
}

static void make_streams(void)
{
	int i;

	for (i = 0; i < CACHE_THREADS; i++) {
		streams[i] = malloc(STREAM * sizeof(**streams));
		trace_draw_zipf(streams[i], STREAM, CACHE_KEYS, EXPONENT, i + 1);
	}
}

/* What came out */

static void print_times(const struct result *result)
{
	int size, kind;

	for (size = 0; size < CACHE_THREADS; size++) {
		report("%10d", size + 1);
		for (kind = 0; kind < KINDS; kind++)
			report("%9.0f%9.0f",
			       sample_median(&result->middle[size][kind]),
			       sample_median(&result->slow[size][kind]));
		report("\n%*s", size + 1 < CACHE_THREADS ? RATES_WIDTH : 0, "");
	}
}

static void print_result(const char *name, const struct result *result)
{
	report("%-20s%8.3f (%.3f-%.3f)%8.1f%9llu", name,
	       sample_median(&result->rate), sample_quantile(&result->rate, 0.25),
	       sample_quantile(&result->rate, 0.75), sample_median(&result->hits),
	       (unsigned long long)result->entries);
	print_times(result);
}

static void keep_result(FILE *file, const char *name, const struct result *result)
{
	int size, kind;

	for (size = 0; size < CACHE_THREADS; size++)
		for (kind = 0; kind < KINDS; kind++)
			fprintf(file, "%s\t%llu\t%g\t%g\t%g\t%g\t%d\t%s\t%g\t%g\n",
				name, (unsigned long long)result->entries,
				sample_median(&result->rate),
				sample_quantile(&result->rate, 0),
				sample_quantile(&result->rate, 1),
				sample_median(&result->hits), size + 1,
				kind_names[kind],
				sample_median(&result->middle[size][kind]),
				sample_median(&result->slow[size][kind]));
}

static void print_head(unsigned int repetitions)
{
	unsigned int i;

	report("\nFull caches of about %d entries, %d keys, Zipf %.1f: %d threads load, and store what\n"
	       "is missing; medians of %u repetitions (quartiles)\n\n", CACHE_ENTRIES,
	       CACHE_KEYS, EXPONENT, CACHE_THREADS, repetitions);
	for (i = 0; i < CACHES; i++)
		report("  %-20s%s\n", caches[i]->name, caches[i]->summary);
	report("\n%-20s%22s%8s%9s%10s", "", "Mloads/s", "hits %", "entries",
	       "threads");
	for (i = 0; i < KINDS; i++)
		report("%9s ns%6s", kind_names[i], "p99");
	report("\n");
}

static void finish(FILE *file)
{
	unsigned int i;

	if (file)
		fputs("cache\tentries\tMloads\tmin\tmax\thits\tthreads\twhat\tns\tp99\n",
		      file);
	for (i = 0; i < CACHES; i++) {
		if (!results[i].takes_part)
			continue;
		print_result(caches[i]->name, &results[i]);
		if (file)
			keep_result(file, caches[i]->name, &results[i]);
	}
}

void pressure_run(FILE *file, unsigned int repetitions)
{
	unsigned int r;

	print_head(repetitions);
	make_streams();
	open_caches();
	for (r = 0; r < repetitions; r++)
		take_turns(r);
	close_caches();
	finish(file);
}

void pressure_print_goals(void)
{
	const struct result *map = &results[0];
	char what[64];
	int size;

	for (size = 0; size < CACHE_THREADS; size++) {
		snprintf(what, sizeof(what), "a store that evicts, p99 : median, threads: %d",
			 size + 1);
		goal_print(what, sample_ratio(&map->slow[size][STORE],
					      &map->middle[size][STORE], 0.5),
			   5, GOAL_MOST);
		report("\n");
	}
}
