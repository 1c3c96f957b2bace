/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Maps of the real store, whose keys are known by their number
 */
#ifndef BENCH_EVICT_MAP_H
#define BENCH_EVICT_MAP_H

#include <stdbool.h>
#include <linux/types.h>

struct bytemap;

void map_begin(void);
struct bytemap *map_make(u64 entries, u32 flags);
void map_free(struct bytemap *map);
bool map_load(struct bytemap *map, u32 number);
void map_store(struct bytemap *map, u32 number);
/* From now on it evicts, or no longer */
void map_evict(struct bytemap *map, bool evicts);

u64 map_count(struct bytemap *map);

/* Memory by which the map knows what is used */
u64 map_evict_bytes(struct bytemap *map);

#endif
