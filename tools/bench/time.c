// SPDX-License-Identifier: GPL-2.0-only
/*
 * The clocks that operations are timed with, and what a histogram says.
 */
#include "driver.h"

static double unit_ns = 1;

void clock_calibrate(void)
{
	u64 start = ktime_get_ns();
	u64 units = bench_clock();

	msleep(50);
	units = bench_clock() - units;
	unit_ns = (double)(ktime_get_ns() - start) / units;
}

double clock_ns(u64 time)
{
	return time * unit_ns;
}

/* The time that a share of all operations did not take longer than */
double histogram_ns(const struct histogram *histogram, double share)
{
	u64 rank = histogram->total * share;
	u64 doubling, seen = 0;
	int i;

	for (i = 0; i < HISTOGRAM_SIZE; i++) {
		seen += histogram->count[i];
		if (seen > rank)
			break;
	}
	if (i >= HISTOGRAM_SIZE)
		return clock_ns(histogram->longest);
	doubling = i < 2 * HISTOGRAM_STEPS ? 0 : i / HISTOGRAM_STEPS - 1;
	return clock_ns((i - doubling * HISTOGRAM_STEPS + 1) << doubling);
}
