/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Values that are absent from a time on, and queues of them: deadline.c
 */
#ifndef _SYNCMAP_STORE_DEADLINE_H
#define _SYNCMAP_STORE_DEADLINE_H

#include <linux/ktime.h>
#include <linux/types.h>

struct bytemap;
struct bytemap_job;
struct bytemap_share;
struct bytemap_value;

void bytemap_deadline_init(struct bytemap *map, struct bytemap_share *share,
			   void (*run)(struct bytemap_job *job));
u64 bytemap_deadline_in(u64 interval);
u64 bytemap_deadline_resolve(const struct bytemap *map, u64 deadline);
bool bytemap_deadline_has_passed(u64 time);
bool bytemap_deadline_is_past(const struct bytemap_value *value);
bool bytemap_deadline_is_over(const struct bytemap_value *value);
void bytemap_deadline_queue_locked(struct bytemap *map,
				   struct bytemap_value *value);
void bytemap_deadline_requeue_locked(struct bytemap *map,
				     struct bytemap_value *value);
void bytemap_deadline_unqueue_locked(struct bytemap *map,
				     struct bytemap_value *value);
void bytemap_deadline_lapse_locked(struct bytemap *map,
				   struct bytemap_value *value);
void bytemap_deadline_lease_locked(struct bytemap *map,
				   struct bytemap_value *value);
struct bytemap_value *bytemap_deadline_pick_lease(struct bytemap *map,
						  ktime_t now);
struct bytemap_value *bytemap_deadline_pick(struct bytemap *map, ktime_t now);
struct bytemap_value *bytemap_deadline_pick_stale(struct bytemap *map,
						  ktime_t now);
void bytemap_deadline_arm(struct bytemap *map);
u64 bytemap_deadline_stale(struct bytemap *map);
u64 bytemap_deadline_reclaimable(struct bytemap *map, u64 max);
u64 bytemap_deadline_count(struct bytemap *map);

#endif /* _SYNCMAP_STORE_DEADLINE_H */
