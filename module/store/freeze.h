/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Ending all writes to a map: freeze.c
 */
#ifndef _SYNCMAP_STORE_FREEZE_H
#define _SYNCMAP_STORE_FREEZE_H

struct bytemap;

int bytemap_freeze(struct bytemap *map);

#endif /* _SYNCMAP_STORE_FREEZE_H */
