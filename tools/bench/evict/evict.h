/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the parts share: samples, goals, and what they are called by
 */
#ifndef BENCH_EVICT_H
#define BENCH_EVICT_H

#include <stdbool.h>
#include <stdio.h>
#include <linux/types.h>

#define SAMPLES_MAX	64

struct sample {
	double		of[SAMPLES_MAX];
	unsigned int	count;
};

void sample_add(struct sample *sample, double value);
double sample_quantile(const struct sample *sample, double share);

/* A quantile of the ratios of two that were sampled together */
double sample_ratio(const struct sample *ours, const struct sample *theirs,
		    double share);

static inline double sample_median(const struct sample *sample)
{
	return sample_quantile(sample, 0.5);
}

enum goal { GOAL_LEAST, GOAL_MOST };

/* Return: whether it is met */
bool goal_print(const char *what, double measured, double goal, enum goal kind);

/* ratios.c. @file: NULL: keep nothing */
void ratios_run(FILE *file, unsigned int seeds);
void ratios_print_goals(void);
bool ratios_check(void);

/* pressure.c */
void pressure_run(FILE *file, unsigned int repetitions);
void pressure_print_goals(void);

/* loads.c */
void loads_run(FILE *file, unsigned int repetitions);
void loads_print_goals(void);

#endif
