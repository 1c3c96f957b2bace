// SPDX-License-Identifier: GPL-2.0-only
/*
 * What was promised, and what this run says of it: each row is a ratio of two
 * medians of the same run, or a time or size as it is.
 */
#include <math.h>

#include "driver.h"

struct target {
	const char	*what;
	struct figure	ours;
	struct figure	theirs;		/* empty: ours stands alone */
	double		must;
	double		aim;
	bool		less;		/* is better */
	double		scale;		/* of ours, when it stands alone */
};

/* Against another contender in the same workload */
#define AGAINST(text, work, map, kind, n, ...)				\
	{ text, { work, "syncmap", n, 2, kind }, { work, map, n, 2, kind }, \
	  __VA_ARGS__ }

/* A figure of our own */
#define ALONE(text, work, n, threads, must, aim, scale)			\
	{ text, { work, "syncmap", n, threads }, {}, must, aim, true, scale }

/* A range, with so many dirty keys, and without any */
#define RANGE(size, n, state, dirty)					\
	{ "range, " size ", " state dirty " dirty, : 0 dirty",		\
	  { "range, " state dirty " dirty", "syncmap", n, 1 },		\
	  { "range, " state "0 dirty", "syncmap", n, 1 },		\
	  .must = 1.2, .aim = 1.02, .less = true }

static const struct target targets[] = {
	AGAINST("load, 1k, : rhashtable's design",
		"load", "rhash", KIND_U64, K, 1.0, 1.2),
	AGAINST("load, 64k, : rhashtable's design",
		"load", "rhash", KIND_U64, 64 * K, 1.15, 1.5),
	AGAINST("load, 1M, : rhashtable's design",
		"load", "rhash", KIND_U64, M, 1.15, 2),
	AGAINST("load, SipHash, 1M, : rhashtable's design",
		"load", "rhash", KIND_U64_SIP, M, 1.15, 2),
	AGAINST("load, 64k, : copy-on-write",
		"load", "cow", KIND_U64, 64 * K, 1.0, 1.1),
	AGAINST("load, 1M, : copy-on-write",
		"load", "cow", KIND_U64, M, 0.8, 1.0),
	AGAINST("latency, 64k, : rhashtable's design",
		"latency", "rhash", KIND_U64, 64 * K, 1.8, 2.5),
	AGAINST("latency, 1M, : rhashtable's design",
		"latency", "rhash", KIND_U64, M, 2.2, 3),
	AGAINST("load and look, 64k, : intrusive rhashtable",
		"chase", "rhash_in", KIND_U64, 64 * K, 0.95, 1.2),
	AGAINST("load and look, 1M, : intrusive rhashtable",
		"chase", "rhash_in", KIND_U64, M, 0.95, 1.2),
	AGAINST("load, 64k, : Go's sync.Map",
		"load", "go_syncmap", KIND_U64, 64 * K, 5, 8),
	AGAINST("miss, 64k, : rhashtable's design",
		"miss", "rhash", KIND_U64, 64 * K, 1.3, 2),
	AGAINST("miss, 1M, : rhashtable's design",
		"miss", "rhash", KIND_U64, M, 1.3, 2),
	AGAINST("99/1, 64k, : 32 shards",
		"99/1", "shards", KIND_U64, 64 * K, 3.5, 6),
	AGAINST("99/1, 1M, : 32 shards",
		"99/1", "shards", KIND_U64, M, 5, 10),
	AGAINST("95/5, 64k, : 32 shards",
		"95/5", "shards", KIND_U64, 64 * K, 3.5, 6),
	AGAINST("95/5, 1M, : 32 shards",
		"95/5", "shards", KIND_U64, M, 5, 10),
	AGAINST("50/50, 64k, : rhashtable's design",
		"50/50", "rhash", KIND_U64, 64 * K, 0.85, 1.2),
	AGAINST("50/50, 1M, : rhashtable's design",
		"50/50", "rhash", KIND_U64, M, 1.3, 2),
	AGAINST("young keys, 64k, : Go's design in C",
		"amended", "godesign", KIND_U64, 64 * K, 1.6, 3),
	AGAINST("young keys, 1M, : Go's design in C",
		"amended", "godesign", KIND_U64, M, 1.8, 3),
	{ "sixteen at once, 1M, : one by one",
	  { "batch", "syncmap", M, 2 }, { "load", "syncmap", M, 2 },
	  1.4, 2.5 },
	{ "sixteen at once, SipHash, 1M, : one by one",
	  { "batch", "syncmap", M, 2, KIND_U64_SIP },
	  { "load", "syncmap", M, 2, KIND_U64_SIP }, 2, 4 },
	AGAINST("grow to 1M, time per insert, : rhashtable's design",
		"grow+read", "rhash", KIND_U64, M, 0.7, 0.5, true),
	ALONE("grow to 1M, longest insert, ms", "insert worst", M, 2, 10, 1,
	      1e-3),
	AGAINST("churn, 64k, : 32 shards",
		"churn", "shards", KIND_U64, 64 * K, 0.5, 1.5),
	AGAINST("small values 50/50, 64k, : 32 shards",
		"payload 50/50", "shards", KIND_U64, 64 * K, 2, 4),
	ALONE("p99.9 of a load among promotions, 64k, us", "promoting p99.9",
	      64 * K, 2, 0.4, 0.2, 1e-3),
	ALONE("p99.9 of a load among promotions, 1M, us", "promoting p99.9",
	      M, 2, 0.65, 0.3, 1e-3),
	ALONE("bytes per integer key, 64k", "bytes", 64 * K, 1, 27, 20,
	      1),
	ALONE("bytes per integer key, 1M", "bytes", M, 1, 27, 20, 1),
	RANGE("64k", 64 * K, "", "1"),
	RANGE("64k", 64 * K, "", "10"),
	RANGE("64k", 64 * K, "", "1000"),
	RANGE("64k", 64 * K, "grown, ", "1"),
	RANGE("64k", 64 * K, "grown, ", "10"),
	RANGE("64k", 64 * K, "grown, ", "1000"),
	RANGE("4M", 4 * M, "", "1"),
	RANGE("4M", 4 * M, "", "10"),
	RANGE("4M", 4 * M, "", "1000"),
	RANGE("4M", 4 * M, "grown, ", "1"),
	RANGE("4M", 4 * M, "grown, ", "10"),
	RANGE("4M", 4 * M, "grown, ", "1000"),
	AGAINST("16-byte keys, load, 64k, : rhashtable's design",
		"load", "rhash", KIND_16, 64 * K, 0.7, 1.2),
	AGAINST("16-byte keys, latency, 64k, : rhashtable's design",
		"latency", "rhash", KIND_16, 64 * K, 1.8, 2.5),
};

/* Turns of the same repetition are compared with each other, then the median */
static double measure(const struct target *target)
{
	const struct cell *ours = figure_cell(&target->ours);
	const struct cell *theirs = figure_cell(&target->theirs);
	struct cell ratio = {};

	if (!ours || (target->theirs.workload && !theirs))
		return NAN;
	if (!theirs)
		return cell_median(ours) * target->scale;
	for (; ratio.count < min(ours->count, theirs->count); ratio.count++)
		ratio.samples[ratio.count] = ours->samples[ratio.count] /
					     theirs->samples[ratio.count];
	return cell_median(&ratio);
}

static bool reaches(const struct target *target, double measured, double goal)
{
	return target->less ? measured <= goal : measured >= goal;
}

static const char *verdict(const struct target *target, double measured)
{
	if (isnan(measured))
		return "not measured";
	if (reaches(target, measured, target->aim))
		return "aim";
	return reaches(target, measured, target->must) ? "must" : "MISSED";
}

void targets_print(void)
{
	const struct target *end = targets + ARRAY_SIZE(targets);
	const struct target *target;
	double measured;

	report("\n%-52s%8s%8s%10s\n",
	       "targets (ratios: of rates, but for times)", "must", "aim",
	       "measured");
	for (target = targets; target < end; target++) {
		measured = measure(target);
		if (isnan(measured) && options.parts)
			continue;
		report("%-52s%8.3g%8.3g", target->what, target->must,
		       target->aim);
		if (isnan(measured))
			report("%10s", "-");
		else
			report("%10.2f", measured);
		report("  %s\n", verdict(target, measured));
	}
}
