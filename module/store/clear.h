/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Emptying a map at one instant: clear.c
 */
#ifndef _SYNCMAP_STORE_CLEAR_H
#define _SYNCMAP_STORE_CLEAR_H

#include <linux/types.h>

struct bytemap;

int bytemap_clear(struct bytemap *map);
int bytemap_clear_frozen(struct bytemap *map);
bool bytemap_clear_is_going_on(const struct bytemap *map);
int bytemap_clear_wait(struct bytemap *map);

#endif /* _SYNCMAP_STORE_CLEAR_H */
