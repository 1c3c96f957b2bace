/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Ending a map for all who have it open: retire.c
 */
#ifndef _SYNCMAP_STORE_RETIRE_H
#define _SYNCMAP_STORE_RETIRE_H

struct bytemap;
struct bytemap_name;

int bytemap_retire(struct bytemap *map, struct bytemap_name *name);

#endif /* _SYNCMAP_STORE_RETIRE_H */
