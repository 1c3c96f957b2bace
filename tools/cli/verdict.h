/* SPDX-License-Identifier: GPL-2.0-only */
/* Whether a map is misused, by its numbers at two times */
#ifndef SYNCMAPCTL_VERDICT_H
#define SYNCMAPCTL_VERDICT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <libsyncmap.h>

/* So many operations, at least, are judged by */
#define VERDICT_ENOUGH		1000

/* Of what was evicted: number n counts those below 4^n ms, the last one all others */
#define VERDICT_AGES		16

/* The numbers of SYNCMAP_STATS, of which older modules lack some */
struct vitals {
	uint64_t	time;		/* of CLOCK_MONOTONIC, in nanoseconds */
	uint64_t	count;
	uint64_t	bytes;
	uint64_t	revision;
	bool		counts_loads;
	uint64_t	found;
	uint64_t	absent;
	uint64_t	overwritten;
	uint64_t	mismatches;
	uint64_t	rejected;
	uint64_t	evicted;
	uint64_t	evicted_early;
	uint64_t	evicted_age[VERDICT_AGES];
	uint64_t	watchers;
	uint64_t	events;
	uint64_t	overflows;
	uint64_t	expiring;
	uint64_t	promotions;
	uint64_t	mirror_bytes;
	uint64_t	mappings;
};

/* The key that most of the operations that were seen were on */
struct hot_key {
	uint64_t	sampled;	/* operations; 0: nobody has looked */
	uint64_t	operations;	/* those on the key */
	uint64_t	writes;		/* among these */
	const char	*key;
};

struct patient {
	const struct syncmap_map_info	*info;
	struct vitals			before;
	struct vitals			now;
	struct hot_key			hot;
};

#define EVIDENCE_MAX	6

struct verdict {
	const char	*name;
	const char	*why;
	const char	*advice;
	struct {
		const char	*name;
		const char	*text;		/* NULL: it is @number */
		uint64_t	number;
	} evidence[EVIDENCE_MAX];
	size_t		count;
};

/* Calls @tell for each thing that is wrong */
void verdict_find(const struct patient *patient,
		  void (*tell)(const struct verdict *verdict, void *arg), void *arg);

/* Operations that these were by; less than VERDICT_ENOUGH: there were too few */
uint64_t verdict_basis(const struct patient *patient);

#endif
