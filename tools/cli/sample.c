// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <string.h>

#include <libsyncmap.h>

#include "pace.h"
#include "sample.h"

static const char *const names[SAMPLE_NUMBERS] = {
	[SAMPLE_FOUND]		= "found",
	[SAMPLE_ABSENT]		= "absent",
	[SAMPLE_MISMATCHES]	= "mismatches",
	[SAMPLE_REJECTED]	= "rejected",
	[SAMPLE_THROTTLED]	= "throttled",
	[SAMPLE_EXPIRED]	= "expired",
	[SAMPLE_ORPHANED]	= "orphaned",
	[SAMPLE_EVICTED]	= "evicted",
	[SAMPLE_EVICTED_EARLY]	= "evicted_early",
	[SAMPLE_EVENTS]		= "events",
	[SAMPLE_OVERFLOWS]	= "overflows",
	[SAMPLE_LEASE_WAITS]	= "lease_waits",
	[SAMPLE_LEASES_GRANTED]	= "leases_granted",
	[SAMPLE_LEASES_LOST]	= "leases_lost",
	[SAMPLE_LOCK_WAITS]	= "lock_waits",
	[SAMPLE_PROMOTIONS]	= "promotions",
	[SAMPLE_PROMOTE_FAILS]	= "promote_fails",
	[SAMPLE_MAX_PROMOTE_NS]	= "max_promote_ns",
	[SAMPLE_WATCHERS]	= "watchers",
	[SAMPLE_EXPIRING]	= "expiring",
	[SAMPLE_LEASES]		= "leases",
	[SAMPLE_MAPPINGS]	= "mappings",
	[SAMPLE_TABLE_BYTES]	= "table_bytes",
	[SAMPLE_MIRROR_BYTES]	= "mirror_bytes",
};

static int take_number(const struct syncmap_stat *stat, void *arg)
{
	struct sample *sample = arg;

	for (int i = 0; i < SAMPLE_NUMBERS && !stat->index; i++) {
		if (strcmp(stat->name, names[i]))
			continue;
		sample->number[i] = stat->value;
		sample->known |= 1U << i;
	}
	return 0;
}

int sample_take(const struct libsyncmap *map, struct sample *sample)
{
	int err;

	*sample = (struct sample){ .ns = clock_ns(), .opened = true };
	err = libsyncmap_info(map, &sample->info, sizeof(sample->info));
	return err ? err : libsyncmap_stats(map, take_number, sample);
}

/* Any access will do: what it is for is not asked here */
static int open_listed(const struct syncmap_map_info *info,
		       struct libsyncmap **map)
{
	static const unsigned int tries[] = {
		SYNCMAP_ACCESS_READ, SYNCMAP_ACCESS_WRITE, SYNCMAP_ACCESS_ADMIN,
	};
	struct syncmap_open params = { .id = info->id, .scope = info->scope };
	int err = -EACCES;

	memcpy(params.name, info->name, sizeof(params.name));
	for (int i = 0; i < 3 && err == -EACCES; i++) {
		params.access = tries[i];
		err = libsyncmap_open_with(&params, sizeof(params), map);
	}
	return err;
}

void sample_listed(const struct syncmap_map_info *info, struct sample *sample)
{
	struct libsyncmap *map;
	int err = open_listed(info, &map);

	if (!err) {
		err = sample_take(map, sample);
		libsyncmap_close(map);
	}
	if (err)
		*sample = (struct sample){ .ns = clock_ns(), .info = *info };
}
