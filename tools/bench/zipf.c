// SPDX-License-Identifier: GPL-2.0-only
/*
 * Zipf's distribution of so many keys.
 */
#include <math.h>
#include <stdlib.h>
#include <linux/log2.h>

#include "driver.h"

#define EXPONENT	0.99
#define SIZES		40

static double weight(u64 rank)
{
	return pow(rank + 1, -EXPONENT);
}

static struct zipf *make(u64 n)
{
	struct zipf *zipf = malloc(sizeof(*zipf));
	double total = 0, sum = 0;
	u64 rank;
	int i;

	for (rank = 0; rank < n; rank++)
		total += weight(rank);
	rank = 0;
	for (i = 0; i < ZIPF_QUANTILES; i++) {
		while (rank < n - 1 &&
		       sum + weight(rank) <= total * i / ZIPF_QUANTILES)
			sum += weight(rank++);
		zipf->first[i] = rank;
	}
	for (i = 0; i < ZIPF_QUANTILES; i++) {
		u64 end = i + 1 < ZIPF_QUANTILES ? zipf->first[i + 1] : n;

		zipf->ranks[i] = max(end - zipf->first[i], 1ULL);
	}
	return zipf;
}

/* @n is a power of two */
const struct zipf *zipf_of(u64 n)
{
	static struct zipf *made[SIZES];
	int i = ilog2(n);

	if (!made[i])
		made[i] = make(n);
	return made[i];
}
