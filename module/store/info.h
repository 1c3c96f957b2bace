/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a map says about itself: info.c
 */
#ifndef _SYNCMAP_STORE_INFO_H
#define _SYNCMAP_STORE_INFO_H

#include <linux/syncmap.h>
#include <linux/types.h>

#include "bytemap.h"
#include "evict.h"
#include "mirror.h"

struct syncmap_map_info;
struct syncmap_stat;
struct user_namespace;

/* All numbers of a map, as they were, one after another */
struct bytemap_stats {
	u64				count;
	u64				bytes;
	u64				revision;
	u64				watchers;
	u64				events;
	u64				overflows;
	u64				expiring;
	u64				lapsed;
	u64				owned;
	u64				leases;
	u64				amended;
	struct bytemap_mirror_stats	mirror;
	struct bytemap_evict_stats	evict;
	struct bytemap_counts		counts;
	struct syncmap_core_stats	core;
};

void bytemap_info(struct bytemap *map, const struct user_namespace *ns,
		  struct syncmap_map_info *info);
void bytemap_info_stats(struct bytemap *map, struct bytemap_stats *stats);
bool bytemap_info_stat(const struct bytemap_stats *stats, unsigned int nr,
		       struct syncmap_stat *stat);

#endif /* _SYNCMAP_STORE_INFO_H */
