// SPDX-License-Identifier: GPL-2.0-only
/*
 * Results: a cell per workload, kind and number of keys, threads and contender,
 * with a sample per repetition.
 */
#include <stdlib.h>

#include "driver.h"

#define CELLS_MAX	8192

static struct cell cells[CELLS_MAX];
static int used;

const struct cell *cell_find(const char *workload, int kind, u64 n, int threads,
			     int contender)
{
	const struct cell *cell;

	for (cell = cells; cell < cells + used; cell++)
		if (cell->kind == kind && cell->n == n &&
		    cell->threads == threads && cell->contender == contender &&
		    !strcmp(cell->workload, workload))
			return cell;
	return NULL;
}

/* NULL if it was not measured */
const struct cell *figure_cell(const struct figure *figure)
{
	if (!figure->workload)
		return NULL;
	return cell_find(figure->workload, figure->kind, figure->n,
			 figure->threads, contender_index(figure->contender));
}

static struct cell *cell_make(const char *workload, const char *unit, int kind,
			      u64 n, int threads, int contender)
{
	if (used == CELLS_MAX)
		abort();
	cells[used] = (struct cell){
		.workload = workload, .unit = unit, .kind = kind, .n = n,
		.threads = threads, .contender = contender,
	};
	return &cells[used++];
}

/* The results keep @workload and @unit, and copy neither */
void sample(const char *workload, const char *unit, int kind, u64 n,
	    int threads, int contender, double value)
{
	struct cell *cell = (struct cell *)cell_find(workload, kind, n, threads,
						     contender);

	if (!cell)
		cell = cell_make(workload, unit, kind, n, threads, contender);
	if (cell->count < SAMPLES_MAX)
		cell->samples[cell->count++] = value;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* The value that a share of the samples is not above */
static double quantile(const struct cell *cell, double share)
{
	double sorted[SAMPLES_MAX];
	double at = share * (cell->count - 1), step;
	int below = at;

	memcpy(sorted, cell->samples, sizeof(sorted));
	qsort(sorted, cell->count, sizeof(*sorted), compare);
	if (below + 1 >= cell->count)
		return sorted[cell->count - 1];
	step = sorted[below + 1] - sorted[below];
	return sorted[below] + (at - below) * step;
}

double cell_median(const struct cell *cell)
{
	return quantile(cell, 0.5);
}

double cell_min(const struct cell *cell)
{
	return quantile(cell, 0);
}

double cell_max(const struct cell *cell)
{
	return quantile(cell, 1);
}

/* From the first to the third quartile, relative to the median */
double cell_spread(const struct cell *cell)
{
	double median = cell_median(cell);

	if (!median)
		return 0;
	return (quantile(cell, 0.75) - quantile(cell, 0.25)) / median;
}

void results_write(FILE *file)
{
	const struct cell *cell;

	fputs("workload\tkeys\tsize\tthreads\tcontender\tunit\tmedian\t"
	      "min\tmax\trepetitions\n", file);
	for (cell = cells; cell < cells + used; cell++)
		fprintf(file, "%s\t%s\t%llu\t%d\t%s\t%s\t%g\t%g\t%g\t%d\n",
			cell->workload, kinds[cell->kind].name, cell->n,
			cell->threads, contender_name(cell->contender),
			cell->unit, cell_median(cell), cell_min(cell),
			cell_max(cell), cell->count);
}
