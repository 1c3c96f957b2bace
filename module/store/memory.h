/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a map takes of the memory that its owner may have: memory.c
 */
#ifndef _SYNCMAP_STORE_MEMORY_H
#define _SYNCMAP_STORE_MEMORY_H

#include <linux/types.h>

struct bytemap;
struct syncmap_error;
struct bytemap_value;

u64 bytemap_memory_of_map(void);
u64 bytemap_memory_of_watcher(u32 queue_size);
u64 bytemap_memory_of_object(const struct bytemap_value *value);
u64 bytemap_memory_of_entry(const struct bytemap *map,
			    const struct bytemap_value *value);
int bytemap_memory_change(struct bytemap *map, u64 from, u64 to,
			  struct syncmap_error *error);
void bytemap_memory_release(struct bytemap *map);

static inline void bytemap_memory_sub(struct bytemap *map, u64 bytes)
{
	bytemap_memory_change(map, bytes, 0, NULL);
}

#endif /* _SYNCMAP_STORE_MEMORY_H */
