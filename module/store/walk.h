/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Going through all entries of a map, some at a time
 */
#ifndef _SYNCMAP_STORE_WALK_H
#define _SYNCMAP_STORE_WALK_H

#include <linux/syncmap.h>
#include <linux/types.h>

#include "record.h"
#include "view.h"

/* Entries that one step of a walk returns at most */
#define BYTEMAP_WALK_BATCH	16

struct bytemap_item {
	const void		*key;
	u32			key_len;
	bool			kept;		/* never evicted */
	struct bytemap_view	view;
};

struct bytemap_walk {
	struct bytemap		*map;
	u64			cursor;
	unsigned int		count;
	struct bytemap_item	items[BYTEMAP_WALK_BATCH];
	struct syncmap_entry	entries[BYTEMAP_WALK_BATCH];
	u8			keys[];
};

size_t bytemap_walk_size(const struct bytemap *map);
struct bytemap_walk *bytemap_walk_alloc(struct bytemap *map, u64 cursor);
void bytemap_walk_free(struct bytemap_walk *walk);
int bytemap_walk_next(struct bytemap_walk *walk, unsigned int max, u32 room,
		      u64 *next);
void bytemap_walk_key(struct bytemap_walk *walk, const void *key, size_t len,
		      u32 room);
bool bytemap_walk_again(struct bytemap_walk *walk, struct bytemap_item *item,
			u32 room);
void bytemap_walk_release(struct bytemap_walk *walk);
void bytemap_walk_record(const struct bytemap_item *item, bool with_value,
			 struct bytemap_record *record);

#endif /* _SYNCMAP_STORE_WALK_H */
