/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The life of a map, and its rights: map.c
 */
#ifndef _SYNCMAP_STORE_MAP_H
#define _SYNCMAP_STORE_MAP_H

#include <linux/types.h>

struct bytemap;
struct syncmap_create;
struct syncmap_info;

void bytemap_limits(struct syncmap_info *info);
void bytemap_create_limited(struct syncmap_create *params, u32 which, u64 used,
			    u64 limit);
struct bytemap *bytemap_create(struct syncmap_create *params);
void bytemap_put(struct bytemap *map);
bool bytemap_get_unless_zero(struct bytemap *map);
void bytemap_leave(struct bytemap *map);
void bytemap_wait_ended(void);
bool bytemap_permits(const struct bytemap *map, u32 access);
bool bytemap_is_owner(const struct bytemap *map);
int bytemap_promote(struct bytemap *map);

#endif /* _SYNCMAP_STORE_MAP_H */
