// SPDX-License-Identifier: GPL-2.0-only
#include <stdio.h>

#include "sample.h"

uint64_t sample_memory(const struct sample *sample)
{
	return sample->info.bytes + sample->number[SAMPLE_TABLE_BYTES] +
	       sample->number[SAMPLE_MIRROR_BYTES];
}

unsigned int how_full(const struct syncmap_map_info *info)
{
	double entries = (double)info->count / info->limits.entries;
	double bytes = (double)info->bytes / info->limits.bytes;

	return 100 * (entries > bytes ? entries : bytes);
}

/* Of a number that never falls, unless it is not what it was */
static double grown(uint64_t before, uint64_t after, uint64_t ns)
{
	return after > before && ns ? (after - before) * 1e9 / ns : 0;
}

static double number_grown(const struct sample *before,
			   const struct sample *after, enum sample_number number)
{
	return grown(before->number[number], after->number[number],
		     after->ns - before->ns);
}

void rates_between(const struct sample *before, const struct sample *after,
		   struct rates *rates)
{
	*rates = (struct rates){
		.ns = after->ns - before->ns,
		.opened = before->opened && after->opened,
		.writes = grown(before->info.revision, after->info.revision,
				after->ns - before->ns),
	};
	if (!rates->opened)
		return;
	rates->found = number_grown(before, after, SAMPLE_FOUND);
	rates->absent = number_grown(before, after, SAMPLE_ABSENT);
	rates->evicted = number_grown(before, after, SAMPLE_EVICTED);
	rates->promotions = number_grown(before, after, SAMPLE_PROMOTIONS);
	rates->waits = number_grown(before, after, SAMPLE_LOCK_WAITS) +
		       number_grown(before, after, SAMPLE_LEASE_WAITS) +
		       number_grown(before, after, SAMPLE_THROTTLED);
}

void rates_add(struct rates *sum, const struct rates *rates)
{
	sum->opened |= rates->opened;
	sum->ns = rates->ns > sum->ns ? rates->ns : sum->ns;
	sum->found += rates->found;
	sum->absent += rates->absent;
	sum->writes += rates->writes;
	sum->evicted += rates->evicted;
	sum->promotions += rates->promotions;
	sum->waits += rates->waits;
}

/* Whatever is rounded up to the next unit is shown in that */
void rate_print(double rate, char text[RATE_SHOWN])
{
	static const char units[] = "kMGTPE";
	int unit = -1;

	if (rate < 9.95) {
		snprintf(text, RATE_SHOWN, rate ? "%.1f" : "0", rate);
		return;
	}
	if (rate < 99999.5) {
		snprintf(text, RATE_SHOWN, "%.0f", rate);
		return;
	}
	for (; rate >= 999.95 && unit < 5; unit++)
		rate /= 1000;
	snprintf(text, RATE_SHOWN, "%.1f%c", rate, units[unit]);
}

void rates_print_found(const struct rates *rates, char text[RATE_SHOWN])
{
	double loads = rates->found + rates->absent;

	if (loads > 0)
		snprintf(text, RATE_SHOWN, "%d%%",
			 (int)(rates->found * 100 / loads));
	else
		snprintf(text, RATE_SHOWN, "-");
}
