// SPDX-License-Identifier: GPL-2.0-only
/*
 * What it costs that a map evicts: time of loads before it is full, with and without
 * that; memory for each entry once it is
 */
#include <stdlib.h>
#include <time.h>
#include <linux/kernel.h>
#include <linux/ktime.h>
#include <uapi/linux/syncmap.h>

#include "module/store/evict.h"

#include "text.h"
#include "evict.h"
#include "map.h"
#include "trace.h"

#define SLICE		(1U << 13)	/* loads of one turn, */
#define TURNS		16		/* each of both, that one repetition has */

static const struct size {
	const char	*name;
	u32		keys;
} sizes[] = { { "1k", 1000 }, { "64k", 64000 }, { "1M", 1000000 } };

#define SIZES	ARRAY_SIZE(sizes)

enum { WITHOUT, WITH, STATES };

static struct sample loads[SIZES][STATES];	/* ns */
static double bytes[SIZES];			/* of each entry */

/* Time that this thread had a CPU */
static u64 busy_ns(void)
{
	struct timespec time;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
	return (u64)time.tv_sec * NSEC_PER_SEC + time.tv_nsec;
}

static double time_loads(struct bytemap *map, const u32 *numbers)
{
	u64 start = busy_ns();
	u32 i;

	for (i = 0; i < SLICE; i++)
		if (!map_load(map, numbers[i]))
			abort();
	return (double)(busy_ns() - start) / SLICE;
}

/* The same loads, one after the other; what is first changes */
static void take_turns(struct bytemap *map, u32 keys, u64 seed,
		       struct sample samples[STATES])
{
	static u32 numbers[SLICE];
	double ns[STATES] = { };
	int turn, state, i;

	for (turn = 0; turn < TURNS; turn++) {
		trace_draw_zipf(numbers, SLICE, keys, 0, seed * TURNS + turn);
		time_loads(map, numbers);
		for (i = 0; i < STATES; i++) {
			state = turn % 2 ? !i : i;
			map_evict(map, state == WITH);
			ns[state] += time_loads(map, numbers);
		}
	}
	for (i = 0; i < STATES; i++)
		sample_add(&samples[i], ns[i] / TURNS);
}

/* What has been used as often as counts is only looked at from then on */
static struct bytemap *make_used(u32 keys)
{
	struct bytemap *map = map_make(2 * keys, SYNCMAP_CREATE_EVICT);
	u32 i;

	for (i = 0; i < keys; i++)
		map_store(map, i);
	for (i = 0; i < BYTEMAP_USED_MAX * keys; i++)
		map_load(map, i % keys);
	return map;
}

/* The same map, that its memory is where it was */
static void run_loads(unsigned int at, unsigned int repetitions)
{
	struct bytemap *map = make_used(sizes[at].keys);
	unsigned int i;

	for (i = 0; i < repetitions; i++)
		take_turns(map, sizes[at].keys, i, loads[at]);
	map_free(map);
}

static void weigh(unsigned int at)
{
	u32 entries = sizes[at].keys, i;
	struct bytemap *map = map_make(entries, SYNCMAP_CREATE_EVICT);

	for (i = 0; i < 2 * entries; i++)
		map_store(map, i);
	bytes[at] = (double)map_evict_bytes(map) / map_count(map);
	map_free(map);
}

static void print_size(FILE *file, unsigned int at)
{
	const struct sample *of = loads[at];
	double ratio = sample_ratio(&of[WITH], &of[WITHOUT], 0.5);

	report("%-8s%8.1f%8.1f%8.3f (%.3f-%.3f)%16.2f\n", sizes[at].name,
	       sample_median(&of[WITHOUT]), sample_median(&of[WITH]), ratio,
	       sample_ratio(&of[WITH], &of[WITHOUT], 0.25),
	       sample_ratio(&of[WITH], &of[WITHOUT], 0.75), bytes[at]);
	if (file)
		fprintf(file, "%s\t%g\t%g\t%g\t%g\n", sizes[at].name,
			sample_median(&of[WITHOUT]), sample_median(&of[WITH]),
			ratio, bytes[at]);
}

void loads_run(FILE *file, unsigned int repetitions)
{
	unsigned int at;

	report("\nLoads of any key of a map that is not full, ns, by one thread; bytes that a full one has\n"
	       "for what evicts; medians of %u repetitions (quartiles)\n\n"
	       "%-8s%8s%8s%22s%16s\n", repetitions, "keys", "plain", "evicts",
	       "ratio", "bytes/entry");
	if (file)
		fputs("keys\tplain\tevicts\tratio\tbytes\n", file);
	for (at = 0; at < SIZES; at++) {
		run_loads(at, repetitions);
		weigh(at);
		print_size(file, at);
	}
}

void loads_print_goals(void)
{
	unsigned int at;
	char what[64];

	for (at = 0; at < SIZES; at++) {
		snprintf(what, sizeof(what), "a load, %s keys, not full: if it evicts",
			 sizes[at].name);
		goal_print(what, sample_ratio(&loads[at][WITH],
					      &loads[at][WITHOUT], 0.5),
			   1.02, GOAL_MOST);
		report("\n");
	}
	for (at = 0; at < SIZES; at++) {
		snprintf(what, sizeof(what), "bytes more per entry, %s entries",
			 sizes[at].name);
		goal_print(what, bytes[at], 8, GOAL_MOST);
		report("\n");
	}
}
