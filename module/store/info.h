/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a map says about itself: info.c
 */
#ifndef _SYNCMAP_STORE_INFO_H
#define _SYNCMAP_STORE_INFO_H

struct bytemap;
struct syncmap_map_info;
struct syncmap_map_stats;

void bytemap_info(struct bytemap *map, struct syncmap_map_info *info);
void bytemap_info_stats(struct bytemap *map, struct syncmap_map_stats *stats);

#endif /* _SYNCMAP_STORE_INFO_H */
