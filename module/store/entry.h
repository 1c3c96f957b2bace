/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The entry of a key, from its insertion to its end: entry.c
 */
#ifndef _SYNCMAP_STORE_ENTRY_H
#define _SYNCMAP_STORE_ENTRY_H

#include <linux/types.h>

struct bytemap;
struct bytemap_attempt;
struct bytemap_value;
struct bytemap_view;
struct syncmap_hashed_key;

int bytemap_entry_view(struct bytemap *map, struct bytemap_value *value,
		       struct bytemap_view *view, u32 room);
int bytemap_entry_view_stale(struct bytemap *map, struct bytemap_value *value,
			     struct bytemap_view *view, u32 room);
struct bytemap_value *bytemap_entry_get(struct bytemap *map,
					struct syncmap_hashed_key *key);
void bytemap_entry_settle_locked(struct bytemap *map,
				 struct bytemap_value *value);
int bytemap_entry_insert(struct bytemap_attempt *at);
int bytemap_entry_overwrite_locked(struct bytemap_attempt *at,
				   struct bytemap_value *value);
int bytemap_entry_edit_locked(struct bytemap_attempt *at,
			      struct bytemap_value *value, u32 offset,
			      const void *bytes, u32 len);
void bytemap_entry_touch_locked(struct bytemap_attempt *at,
				struct bytemap_value *value);
int bytemap_entry_replace_locked(struct bytemap_attempt *at,
				 struct bytemap_value *value, u64 revision);
int bytemap_entry_supersede_locked(struct bytemap_attempt *at,
				   struct bytemap_value *old);
int bytemap_entry_delete_locked(struct bytemap_attempt *at,
				struct bytemap_value *value);
void bytemap_entry_expire_locked(struct bytemap *map,
				 struct bytemap_value *value);
void bytemap_entry_lapse_locked(struct bytemap *map,
				struct bytemap_value *value);
u64 bytemap_entry_evict_locked(struct bytemap *map, struct bytemap_value *value,
			       const void *key, bool windowed);
void bytemap_entry_end_locked(struct bytemap *map,
			      struct bytemap_value *value);
void bytemap_entry_remove(struct bytemap *map, struct syncmap_hashed_key *key,
			  struct bytemap_value *value);
void bytemap_entry_remove_mortal(struct bytemap *map,
				 struct bytemap_value *value);
void bytemap_entry_cleared(struct bytemap *map, struct bytemap_value *value);

#endif /* _SYNCMAP_STORE_ENTRY_H */
