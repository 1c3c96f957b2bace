// SPDX-License-Identifier: GPL-2.0-only
/*
 * What was promised, and what this run says of it: each row is a ratio of two
 * medians of the same run, so that it holds on any machine, or a time or size as it
 * is. What must be holds on every processor; what is aimed at is the best there is.
 */
#include <math.h>

#include "driver.h"

struct target {
	const char	*what;
	struct figure	ours;
	struct figure	theirs;		/* empty: ours stands alone */
	double		must;		/* 0: nothing was promised */
	double		aim;
	bool		less;		/* is better */
	double		scale;		/* of ours, when it stands alone */
	bool		full;		/* only a full run has it */
};

/* Against another contender in the same workload */
#define AGAINST(text, work, map, kind, n, ...)				\
	{ text, { work, "syncmap", n, 2, kind }, { work, map, n, 2, kind }, \
	  __VA_ARGS__ }

/* The same with u64 keys */
#define RHASH(text, work, n, ...)					\
	AGAINST(text ", rhashtable's design", work, "rhash", KIND_U64, n, \
		__VA_ARGS__)
#define COW(text, work, n, ...)						\
	AGAINST(text ", copy on write", work, "cow", KIND_U64, n, __VA_ARGS__)
#define SHARDS(text, work, n, ...)					\
	AGAINST(text ", 32 shards", work, "shards", KIND_U64, n, __VA_ARGS__)

/* A range, by one thread */
#define RANGE(text, n, must, aim)					\
	{ text ", 32 shards", { "range", "syncmap", n, 1 },		\
	  { "range", "shards", n, 1 }, must, aim }

/* Of a load, in the same map */
#define TAIL(text, n)							\
	{ text, { "promoting p99.9", "syncmap", n, 2 },			\
	  { "resting p99.9", "syncmap", n, 2 }, 1.3, 1.1, true }

/* A figure of our own */
#define LONGEST(text, n, ...)						\
	{ text, { "longest", "syncmap", n, 2 }, {}, 1, 0.1, true, 1e-3,	\
	  __VA_ARGS__ }
#define BYTES(text, work, kind, must, aim)				\
	{ text, { work, "syncmap", M, 1, kind }, {}, must, aim, true, 1 }

static const struct target targets[] = {
	RHASH("load, 1k", "load", K, 1.0, 1.25),
	COW("load, 64k", "load", 64 * K, 1.0, 1.15),
	COW("load, 1M", "load", M, 0.9, 1.0),
	COW("latency, 1k", "latency", K, 0.7, 0.9),
	COW("latency, 64k", "latency", 64 * K, 0.9, 1.1),
	COW("latency, 1M", "latency", M, 0.95, 1.05),
	RHASH("absent key, 1k", "miss", K, 1.2, 1.4),
	RHASH("absent key, 64k", "miss", 64 * K, 1.3, 1.5),
	RHASH("absent key, 1M", "miss", M, 1.2, 1.4),
	RHASH("99/1, 64k", "99/1", 64 * K, 1.15, 1.3),
	RHASH("95/5, 64k", "95/5", 64 * K, 1.1, 1.2),
	RHASH("50/50, 64k", "50/50", 64 * K, 0.85, 1.0),
	SHARDS("50/50, 1M", "50/50", M, 1.0, 1.2),
	AGAINST("16-byte key, load, 64k, rhashtable's design", "load", "rhash",
		KIND_16, 64 * K, 1.05, 1.4),
	AGAINST("16-byte key, latency, 64k, rhashtable's design", "latency",
		"rhash", KIND_16, 64 * K, 1.9, 2.5),
	RHASH("an eighth of the keys new, 64k", "amended", 64 * K, 1.2, 2),
	SHARDS("time per insert to 1M, alone", "grow", M, 1.6, 1.0, true),
	SHARDS("time per insert to 1M, beside a reader", "grow+read", M, 1.2,
	       0.8, true),
	SHARDS("churn, 64k", "churn", 64 * K, 0.8, 1.1),
	SHARDS("payloads that change, 50/50, 64k", "payload 50/50", 64 * K, 1.2,
	       2),
	RANGE("range, 1k", K, 0.8, 1.2),
	RANGE("range, 1M", M, 1.0, 1.5),
	AGAINST("promotion, time per key, 1M, Go's design in C", "promotion",
		"godesign", KIND_U64, M, 0.35, 0.25, true),
	LONGEST("longest operation, growing to 1M, ms", M),
	LONGEST("longest operation, growing to 16M, ms", 16 * M, .full = true),
	TAIL("p99.9 of a load among promotions, 64k, at rest", 64 * K),
	TAIL("p99.9 of a load among promotions, 1M, at rest", M),
	BYTES("bytes per u64 key, 1M", "bytes", KIND_U64, 27, 25),
	BYTES("  the worst while growing", "worst", KIND_U64, 0, 0),
	BYTES("bytes per 16-byte key, 1M", "bytes", KIND_16, 43, 37),
	BYTES("  the worst while growing", "worst", KIND_16, 0, 0),
};

enum verdict { AIM, MUST, MISSED, NOT_MEASURED, NOT_PROMISED, VERDICTS };

static const char *const words[VERDICTS] = {
	"aim", "must", "MISSED", "not measured", "",
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

static enum verdict judge(const struct target *target, double measured)
{
	if (!target->must)
		return NOT_PROMISED;
	if (isnan(measured))
		return NOT_MEASURED;
	if (reaches(target, measured, target->aim))
		return AIM;
	return reaches(target, measured, target->must) ? MUST : MISSED;
}

/* In few digits, if there is something */
static void print_number(const char *format, double number)
{
	char text[32];

	snprintf(text, sizeof(text), format, number);
	report("%9s", number && !isnan(number) ? text : "-");
}

static double median_of(const struct figure *figure)
{
	const struct cell *cell = figure_cell(figure);

	return cell ? cell_median(cell) : NAN;
}

static enum verdict print_target(const struct target *target)
{
	double measured = measure(target);
	enum verdict verdict = judge(target, measured);

	if (isnan(measured) && !options.whole)
		return verdict;
	report("%-52s", target->what);
	print_number("%.3g", target->must);
	print_number("%.3g", target->aim);
	print_number("%.2f", measured);
	print_number("%.3g", target->theirs.workload ?
			     median_of(&target->ours) : NAN);
	print_number("%.3g", median_of(&target->theirs));
	report("  %s\n", words[verdict]);
	return verdict;
}

/* How many were missed and how many not measured stands last; returns these */
int targets_print(void)
{
	const struct target *target;
	int count[VERDICTS] = {};

	report("\n%-52s%9s%9s%9s%9s%9s\n",
	       "targets (ratios: of rates, but for times)", "must", "aim",
	       "measured", "ours", "theirs");
	for (target = targets; target < targets + ARRAY_SIZE(targets);
	     target++)
		if (!target->full || options.full)
			count[print_target(target)]++;
	report("targets: %d missed, %d not measured; %d reach what must be, "
	       "%d of these the aim\n", count[MISSED], count[NOT_MEASURED],
	       count[MUST] + count[AIM], count[AIM]);
	return count[NOT_MEASURED];
}

static void append(char *list, size_t size, const char *name)
{
	size_t len = strlen(list);

	if (!name || (len && is_listed(list, name)))
		return;
	snprintf(list + len, size - len, "%s%s", len ? "," : "", name);
}

/* All that the table is about, and no more, unless it was chosen already */
void targets_select(void)
{
	static char maps[256], workloads[512];
	const struct target *target;

	for (target = targets; target < targets + ARRAY_SIZE(targets);
	     target++) {
		append(maps, sizeof(maps), target->ours.contender);
		append(maps, sizeof(maps), target->theirs.contender);
		append(workloads, sizeof(workloads), target->ours.workload);
	}
	options.quick = !options.full;
	options.maps = options.maps ?: maps;
	options.workloads = options.workloads ?: workloads;
	options.kinds = options.kinds ?: "u64,16-byte";
	options.parts = options.parts ?:
		"mixes,amended,payloads,ranges,growth,longest,promotions,"
		"memory";
}

/* The check: figures are planted, of which it is known what is to be said */

#define RATIO(ours, ...)						\
	{ "", { "planted " ours, "syncmap", K, 1 },			\
	  { "planted", "rhash", K, 1 }, __VA_ARGS__ }
#define SINGLE(ours, ...)						\
	{ "", { "planted " ours, "syncmap", K, 1 }, {}, __VA_ARGS__ }

static const struct {
	struct target	target;
	enum verdict	verdict;
} planted[] = {
	{ RATIO("13", 1.0, 1.2), AIM },
	{ RATIO("12", 1.0, 1.2), AIM },
	{ RATIO("11", 1.0, 1.2), MUST },
	{ RATIO("10", 1.0, 1.2), MUST },
	{ RATIO("9", 1.0, 1.2), MISSED },
	{ RATIO("9", 1.2, 1.0, true), AIM },
	{ RATIO("12", 1.2, 1.0, true), MUST },
	{ RATIO("13", 1.2, 1.0, true), MISSED },
	{ RATIO("9", 0, 0), NOT_PROMISED },
	{ RATIO("8", 1.0, 1.2), NOT_MEASURED },
	{ SINGLE("9", 1, 0.01, true, 1e-3), AIM },
	{ SINGLE("11", 1, 0.01, true, 1e-3), MUST },
	{ SINGLE("11", 0.01, 0.001, true, 1e-3), MISSED },
	{ SINGLE("8", 1, 0.01, true, 1e-3), NOT_MEASURED },
};

static void plant(const char *workload, const char *contender, double value)
{
	sample(workload, "Mops", KIND_U64, K, 1, contender_index(contender),
	       value);
}

/* The aim is not easier than what must be, and rivals are who there is */
static bool is_sound(const struct target *target)
{
	const char *rival = target->theirs.contender;

	return reaches(target, target->aim, target->must) &&
	       contender_index(target->ours.contender) >= 0 &&
	       (!rival || contender_index(rival) >= 0);
}

/* How many are not judged as they have to be; says which */
int targets_check(void)
{
	enum verdict verdict;
	int i, wrong = 0;

	plant("planted", "rhash", 10);
	plant("planted 9", "syncmap", 9);
	plant("planted 10", "syncmap", 10);
	plant("planted 11", "syncmap", 11);
	plant("planted 12", "syncmap", 12);
	plant("planted 13", "syncmap", 13);
	for (i = 0; i < ARRAY_SIZE(planted); i++) {
		verdict = judge(&planted[i].target, measure(&planted[i].target));
		if (verdict == planted[i].verdict)
			continue;
		printf("FAILED: targets: %s, must be %g: '%s'\n",
		       planted[i].target.ours.workload, planted[i].target.must,
		       words[verdict]);
		wrong++;
	}
	for (i = 0; i < ARRAY_SIZE(targets); i++) {
		if (is_sound(&targets[i]))
			continue;
		printf("FAILED: targets: %s\n", targets[i].what);
		wrong++;
	}
	return wrong;
}
