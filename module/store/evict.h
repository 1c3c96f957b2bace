/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Room for what is stored in place of what has not been used lately: evict.c
 */
#ifndef _SYNCMAP_STORE_EVICT_H
#define _SYNCMAP_STORE_EVICT_H

#include <linux/types.h>

#include "value.h"

struct bytemap;
struct bytemap_evict;
struct bytemap_gauge;
struct syncmap_error;

/* How old what was evicted had become: below 4^n ms; the last ones are older */
#define BYTEMAP_AGES		16

/* How often an entry is to be used for the hand to pass it by as often */
#define BYTEMAP_USED_MAX	3

/* How it goes, told by SYNCMAP_STATS */
struct bytemap_evict_stats {
	u64	evicted_age[BYTEMAP_AGES];
	u64	evict_bytes;
};

int bytemap_evict_prepare(struct bytemap *map, struct syncmap_error *error);
void bytemap_evict_enable(struct bytemap *map);
void bytemap_evict_disable(struct bytemap *map);
void bytemap_evict_free(struct bytemap *map);
void bytemap_evict_add(struct bytemap *map, u64 hash);
unsigned int bytemap_evict(struct bytemap *map, u64 spare,
			   const struct bytemap_gauge *gauge, u64 room);
unsigned int bytemap_evict_some(struct bytemap *map, unsigned int max);
bool bytemap_evict_reclaim(struct bytemap *map);
u64 bytemap_evict_reclaimable(const struct bytemap *map);
void bytemap_evict_get_stats(const struct bytemap *map,
			     struct bytemap_evict_stats *stats);

/* An operation has found @value. Nothing is written that is read all the time */
static inline void bytemap_evict_use(struct bytemap_value *value)
{
	u8 used = READ_ONCE(value->used);

	if (used < BYTEMAP_USED_MAX)
		WRITE_ONCE(value->used, used + 1);
}

#endif /* _SYNCMAP_STORE_EVICT_H */
