/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The life of a map, and its rights: map.c
 */
#ifndef _SYNCMAP_STORE_MAP_H
#define _SYNCMAP_STORE_MAP_H

#include <linux/types.h>

struct bytemap;
struct syncmap_create;
struct syncmap_error;
struct syncmap_info;

void bytemap_limits(struct syncmap_info *info);
struct bytemap *bytemap_create(const struct syncmap_create *params,
			       struct syncmap_error *error);
void bytemap_put(struct bytemap *map);
bool bytemap_get_unless_zero(struct bytemap *map);
void bytemap_leave(struct bytemap *map);
void bytemap_wait_ended(void);
int bytemap_permits(const struct bytemap *map, u32 access);
bool bytemap_is_capable(const struct bytemap *map, int cap);
bool bytemap_is_owner(const struct bytemap *map);
int bytemap_promote(struct bytemap *map);

#endif /* _SYNCMAP_STORE_MAP_H */
