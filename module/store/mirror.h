/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What processes see of a map without a system call: mirror.c
 */
#ifndef _SYNCMAP_STORE_MIRROR_H
#define _SYNCMAP_STORE_MIRROR_H

#include <linux/types.h>

struct bytemap;
struct bytemap_mirror;
struct page;
struct syncmap_error;
struct syncmap_limits;

/* How it is, told by SYNCMAP_STATS */
struct bytemap_mirror_stats {
	u64	mirror_bytes;
	u64	mirror_keys;
	u64	mirror_buckets;
	u64	mappings;
};

int bytemap_mirror_create(struct bytemap *map, struct syncmap_error *error);
int bytemap_mirror_attach(struct bytemap *map,
			  const struct syncmap_limits *limits,
			  struct syncmap_error *error);
void bytemap_mirror_detach(struct bytemap *map);
void bytemap_mirror_tell_modes(struct bytemap *map);
u64 bytemap_mirror_size(const struct bytemap *map);
void bytemap_mirror_mapped(struct bytemap_mirror *mirror);
u64 bytemap_mirror_reclaimable(const struct bytemap *map);
void bytemap_mirror_park(struct bytemap *map);
bool bytemap_mirror_stop(struct bytemap *map);
void bytemap_mirror_free(struct bytemap *map);
void bytemap_mirror_stock(struct bytemap_mirror *mirror);
void bytemap_mirror_lose_name(struct bytemap_mirror *mirror);
void bytemap_mirror_clear_begin(struct bytemap_mirror *mirror);
void bytemap_mirror_clear_end(struct bytemap_mirror *mirror, u64 floor);
void bytemap_mirror_get_stats(struct bytemap_mirror *mirror,
			      struct bytemap_mirror_stats *stats);
struct page *bytemap_mirror_page(struct bytemap_mirror *mirror, u64 offset);
struct page *bytemap_mirror_show(struct bytemap_mirror *mirror, u64 offset);

#endif /* _SYNCMAP_STORE_MIRROR_H */
