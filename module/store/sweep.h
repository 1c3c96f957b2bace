/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Ending what is absent already: sweep.c
 */
#ifndef _SYNCMAP_STORE_SWEEP_H
#define _SYNCMAP_STORE_SWEEP_H

#include <linux/types.h>

struct bytemap;
struct bytemap_client;

/* Entries that one sweep looks at */
#define BYTEMAP_SWEEP		128

void bytemap_sweep_init(struct bytemap *map);
void bytemap_sweep_exit(struct bytemap *map);
void bytemap_sweep(struct bytemap *map);
unsigned int bytemap_sweep_late(struct bytemap *map, unsigned int max);
unsigned int bytemap_sweep_stale(struct bytemap *map, unsigned int max);
unsigned int bytemap_sweep_orphans(struct bytemap *map, unsigned int max);
bool bytemap_sweep_closed(struct bytemap_client *client);
bool bytemap_sweep_reclaim(struct bytemap *map);

#endif /* _SYNCMAP_STORE_SWEEP_H */
