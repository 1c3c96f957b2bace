/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Values that end by themselves: at their deadline, or when the file that
 * stored them is closed
 */
#ifndef _SYNCMAP_STORE_MORTAL_H
#define _SYNCMAP_STORE_MORTAL_H

#include <linux/types.h>

struct bytemap;
struct bytemap_client;
struct bytemap_value;
struct syncmap_map_stats;

/* expiry.c */
void bytemap_expiry_init(struct bytemap *map);
void bytemap_expiry_exit(struct bytemap *map);
u64 bytemap_expiry_deadline(const struct bytemap *map, u64 deadline);
void bytemap_expiry_queue_locked(struct bytemap *map,
				 struct bytemap_value *value);
void bytemap_expiry_unqueue_locked(struct bytemap *map,
				   struct bytemap_value *value);
void bytemap_expiry_keep_locked(struct bytemap *map,
				struct bytemap_value *value);
void bytemap_expire_locked(struct bytemap *map, struct bytemap_value *value,
			   bool keep);
/* Entries that one sweep looks at */
#define BYTEMAP_SWEEP		128

unsigned int bytemap_expiry_sweep(struct bytemap *map, unsigned int max,
				  bool reclaim);
bool bytemap_expiry_reclaim(struct bytemap *map);
u64 bytemap_expiry_stale(struct bytemap *map);
u64 bytemap_expiry_reclaimable(struct bytemap *map);
void bytemap_expiry_stats(struct bytemap *map,
			  struct syncmap_map_stats *stats);

bool bytemap_mortal_is_late(const struct bytemap_value *value);
bool bytemap_mortal_is_in_core(struct bytemap *map,
			       const struct bytemap_value *value);

/* owner.c */
void bytemap_owner_link_locked(struct bytemap *map,
			       struct bytemap_value *value);
void bytemap_owner_set_locked(struct bytemap *map, struct bytemap_value *value,
			      struct bytemap_client *client);
void bytemap_owner_unlink_locked(struct bytemap *map,
				 struct bytemap_value *value);
bool bytemap_owner_close(struct bytemap_client *client);
bool bytemap_owner_drop_some(struct bytemap_client *client);
unsigned int bytemap_owner_sweep(struct bytemap *map, unsigned int max);
bool bytemap_mortal_is_orphan(const struct bytemap_value *value);

#endif /* _SYNCMAP_STORE_MORTAL_H */
