// SPDX-License-Identifier: GPL-2.0-only
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "text.h"
#include "evict.h"

void sample_add(struct sample *sample, double value)
{
	if (sample->count < SAMPLES_MAX)
		sample->of[sample->count++] = value;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

double sample_quantile(const struct sample *sample, double share)
{
	double sorted[SAMPLES_MAX];

	if (!sample->count)
		return NAN;
	memcpy(sorted, sample->of, sizeof(sorted));
	qsort(sorted, sample->count, sizeof(*sorted), compare);
	return sorted[(int)(share * (sample->count - 1) + 0.5)];
}

double sample_ratio(const struct sample *ours, const struct sample *theirs,
		    double share)
{
	struct sample ratios = { .count = 0 };
	unsigned int i;

	for (i = 0; i < ours->count && i < theirs->count; i++)
		sample_add(&ratios, ours->of[i] / theirs->of[i]);
	return sample_quantile(&ratios, share);
}

bool goal_print(const char *what, double measured, double goal, enum goal kind)
{
	bool met = kind == GOAL_LEAST ? measured >= goal : measured <= goal;

	report("%-48s%9.4g%10.4g  %s", what, goal, measured,
	       met ? "met" : "MISSED");
	return met;
}
