// SPDX-License-Identifier: GPL-2.0-only
/*
 * Hit ratios of the real store and of its rivals on the same traces
 */
#include <string.h>
#include <linux/kernel.h>

#include "text.h"
#include "evict.h"
#include "policy.h"

static const struct policy *const policies[] = {
	&policy_map, &policy_lru, &policy_clock, &policy_fifo, &policy_sieve,
	&policy_belady,
};

enum { MAP, LRU };

#define POLICIES	ARRAY_SIZE(policies)

/* Of a hundred keys */
static const u32 shares[] = { 1, 10 };

enum { OF_ALL, OF_CALM, KINDS };

static const char *const kind_names[KINDS] = { "all", "no scans" };

/* Of one mix in one size: hits of a hundred loads */
static struct sample hits[POLICIES][KINDS];

/* Of all mixes of a kind: how much higher they are than LRU's, at the least */
struct least {
	double	ratio;
	char	where[64];
};

static struct least least_of_zipf, least_of_scans, least_of_calm;

static void run(const struct policy *policy, const struct trace *trace,
		u32 entries, double percent[KINDS])
{
	u32 found[KINDS] = { }, loads[KINDS] = { }, i;
	bool hit;

	policy->begin(trace, entries);
	for (i = 0; i < trace->length; i++) {
		hit = policy->ask(trace->at[i]);
		if (i < trace->warm)
			continue;
		loads[OF_ALL]++;
		found[OF_ALL] += hit;
		loads[OF_CALM] += !trace->scans[i];
		found[OF_CALM] += hit && !trace->scans[i];
	}
	policy->end();
	for (i = 0; i < KINDS; i++)
		percent[i] = 100.0 * found[i] / loads[i];
}

static void run_seed(const struct trace *trace, u32 entries)
{
	double percent[KINDS];
	unsigned int i, kind;

	for (i = 0; i < POLICIES; i++) {
		run(policies[i], trace, entries, percent);
		for (kind = 0; kind < KINDS; kind++)
			sample_add(&hits[i][kind], percent[kind]);
	}
}

static void note(struct least *least, int kind, const char *name, u32 share)
{
	double ratio = sample_ratio(&hits[MAP][kind], &hits[LRU][kind], 0);

	if (least->where[0] && least->ratio <= ratio)
		return;
	least->ratio = ratio;
	snprintf(least->where, sizeof(least->where), "%s, %u %% of the keys",
		 name, share);
}

static void note_all(const struct mix *mix, u32 share)
{
	if (mix->is_zipf)
		note(&least_of_zipf, OF_ALL, mix->name, share);
	if (!mix->has_scans)
		return;
	note(&least_of_scans, OF_ALL, mix->name, share);
	note(&least_of_calm, OF_CALM, mix->name, share);
}

static void print_row(const struct mix *mix, u32 share, int kind)
{
	unsigned int i;

	report("%-12s%4u %%  %-9s", mix->name, share,
	       mix->has_scans ? kind_names[kind] : "");
	for (i = 0; i < POLICIES; i++)
		report("%9.2f", sample_median(&hits[i][kind]));
	if (sample_median(&hits[LRU][kind]))
		report("%8.3f (%.3f-%.3f)",
		       sample_ratio(&hits[MAP][kind], &hits[LRU][kind], 0.5),
		       sample_ratio(&hits[MAP][kind], &hits[LRU][kind], 0),
		       sample_ratio(&hits[MAP][kind], &hits[LRU][kind], 1));
	report("\n");
}

static void keep_row(FILE *file, const struct mix *mix, u32 share, int kind)
{
	const struct sample *of;
	unsigned int i;

	for (i = 0; file && i < POLICIES; i++) {
		of = &hits[i][kind];
		fprintf(file, "%s\t%u\t%s\t%s\t%g\t%g\t%g\n", mix->name, share,
			kind_names[kind], policies[i]->name, sample_median(of),
			sample_quantile(of, 0), sample_quantile(of, 1));
	}
}

static void finish_size(FILE *file, const struct mix *mix, u32 share)
{
	int kind, kinds = mix->has_scans ? KINDS : 1;

	for (kind = 0; kind < kinds; kind++) {
		print_row(mix, share, kind);
		keep_row(file, mix, share, kind);
	}
	note_all(mix, share);
	memset(hits, 0, sizeof(hits));
}

/* Return: false if there is no such trace here */
static bool run_size(const struct mix *mix, u32 share, unsigned int seeds)
{
	struct trace trace;
	unsigned int seed;

	for (seed = 1; seed <= seeds; seed++) {
		if (!trace_make(&trace, mix, seed))
			return false;
		run_seed(&trace, trace.keys * share / 100);
		trace_free(&trace);
	}
	return true;
}

static void run_mix(FILE *file, const struct mix *mix, unsigned int seeds)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(shares); i++) {
		if (!run_size(mix, shares[i], seeds)) {
			report("%-12sis not here: %s\n", mix->name, mix->summary);
			return;
		}
		finish_size(file, mix, shares[i]);
	}
}

static void print_head(unsigned int seeds)
{
	const struct mix *mix;
	unsigned int i;

	report("\nHits of a hundred loads, each miss is stored; entries as a share of the keys;\n"
	       "medians of %u seeds. At the end syncmap's to LRU's of the same seed (least - most)\n\n",
	       seeds);
	for (mix = mixes; mix->name; mix++)
		if (mix->summary[0])
			report("  %-12s%s\n", mix->name, mix->summary);
	report("\n%-29s", "");
	for (i = 0; i < POLICIES; i++)
		report("%9s", policies[i]->name);
	report("\n");
}

void ratios_run(FILE *file, unsigned int seeds)
{
	const struct mix *mix;

	print_head(seeds);
	if (file)
		fputs("mix\tpercent\tloads\tpolicy\thits\tmin\tmax\n", file);
	for (mix = mixes; mix->name; mix++)
		run_mix(file, mix, seeds);
}

static void print_least(const char *what, const struct least *least, double goal)
{
	if (!least->where[0])
		return;
	goal_print(what, least->ratio, goal, GOAL_LEAST);
	report("  (%s)\n", least->where);
}

void ratios_print_goals(void)
{
	print_least("hits on Zipf mixes : LRU's", &least_of_zipf, 1);
	print_least("hits beside scans, all loads : LRU's", &least_of_scans, 1.05);
	print_least("hits beside scans, loads by Zipf : LRU's", &least_of_calm,
		    1.05);
}

/* Self-check: whether the goal is met, and is not where use does not count */

static double ratio_of(const struct policy *policy, const struct trace *trace,
		       u32 entries)
{
	double ours[KINDS], lru[KINDS];

	run(policy, trace, entries, ours);
	run(&policy_lru, trace, entries, lru);
	return ours[OF_ALL] / lru[OF_ALL];
}

static bool check_size(const struct trace *trace, u32 share)
{
	u32 entries = trace->keys * share / 100;
	double good = ratio_of(&policy_map, trace, entries);
	double bad = ratio_of(&policy_forgetful, trace, entries);

	report("check: evict: Zipf, %u %% of the keys: %.3f of LRU's hits; where use does not count, %.3f\n",
	       share, good, bad);
	return good >= 1 && bad < 1;
}

bool ratios_check(void)
{
	const struct mix *mix = mixes;
	struct trace trace;
	bool right = true;
	unsigned int i;

	while (mix->exponent != 1.0 || !mix->is_zipf)
		mix++;
	trace_make(&trace, mix, 1);
	for (i = 0; i < ARRAY_SIZE(shares); i++)
		right &= check_size(&trace, shares[i]);
	trace_free(&trace);
	if (!right)
		report("check: evict: not as it is to be\n");
	return right;
}
