/* SPDX-License-Identifier: GPL-2.0-only */
/* What a map is doing: its numbers at one time, and how fast they grow */
#ifndef SYNCMAPCTL_SAMPLE_H
#define SYNCMAPCTL_SAMPLE_H

#include <stdbool.h>
#include <stdint.h>

#include <linux/syncmap.h>

/* Those of the kernel's statistics that are used here; syncmap(4) has all */
enum sample_number {
	SAMPLE_FOUND,
	SAMPLE_ABSENT,
	SAMPLE_MISMATCHES,
	SAMPLE_REJECTED,
	SAMPLE_THROTTLED,
	SAMPLE_EXPIRED,
	SAMPLE_ORPHANED,
	SAMPLE_EVICTED,
	SAMPLE_EVICTED_EARLY,
	SAMPLE_EVENTS,
	SAMPLE_OVERFLOWS,
	SAMPLE_LEASE_WAITS,
	SAMPLE_LEASES_GRANTED,
	SAMPLE_LEASES_LOST,
	SAMPLE_LOCK_WAITS,
	SAMPLE_PROMOTIONS,
	SAMPLE_PROMOTE_FAILS,
	SAMPLE_MAX_PROMOTE_NS,
	SAMPLE_WATCHERS,
	SAMPLE_EXPIRING,
	SAMPLE_LEASES,
	SAMPLE_MAPPINGS,
	SAMPLE_TABLE_BYTES,
	SAMPLE_MIRROR_BYTES,
	SAMPLE_NUMBERS,
};

struct sample {
	uint64_t		ns;		/* when, by CLOCK_MONOTONIC */
	bool			opened;		/* else there is nothing but @info */
	struct syncmap_map_info	info;
	uint32_t		known;		/* bits of what the kernel has told */
	uint64_t		number[SAMPLE_NUMBERS];
};

struct libsyncmap;

/* Of a map that is open. Returns 0 or a negative errno. */
int sample_take(const struct libsyncmap *map, struct sample *sample);

/* Of one that a list has; what may not be opened, has only that information */
void sample_listed(const struct syncmap_map_info *info, struct sample *sample);

/* Of entries, tables and mirror, in bytes */
uint64_t sample_memory(const struct sample *sample);

/* In percent of the limit that is nearer; 100 only when it is reached */
unsigned int how_full(const struct syncmap_map_info *info);

/* Per second. Of a map that was not open both times there are only writes. */
struct rates {
	uint64_t	ns;		/* the time between the samples */
	bool		opened;
	double		found;
	double		absent;
	double		writes;		/* as the revision counts them */
	double		evicted;	/* among these */
	double		promotions;
	double		waits;		/* for a lock, a lease, or memory */
};

void rates_between(const struct sample *before, const struct sample *after,
		   struct rates *rates);
void rates_add(struct rates *sum, const struct rates *rates);

/* In at most six characters, as 0.5, 1234 or 12.3k; units are powers of 1000 */
#define RATE_SHOWN	16
void rate_print(double rate, char text[RATE_SHOWN]);
/* "99%", rounded down, or "-" when nobody asked for a key */
void rates_print_found(const struct rates *rates, char text[RATE_SHOWN]);

#endif
