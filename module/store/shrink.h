/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What maps give back when memory is short: shrink.c
 */
#ifndef _SYNCMAP_STORE_SHRINK_H
#define _SYNCMAP_STORE_SHRINK_H

struct bytemap;

int bytemap_shrink_init(void);
void bytemap_shrink_exit(void);
void bytemap_shrink_add(struct bytemap *map);
void bytemap_shrink_remove(struct bytemap *map);

#endif /* _SYNCMAP_STORE_SHRINK_H */
