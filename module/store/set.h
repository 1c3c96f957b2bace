/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Changing what a map is: set.c
 */
#ifndef _SYNCMAP_STORE_SET_H
#define _SYNCMAP_STORE_SET_H

struct bytemap;
struct syncmap_error;
struct syncmap_set;

int bytemap_set(struct bytemap *map, const struct syncmap_set *set,
		struct syncmap_error *error);

#endif /* _SYNCMAP_STORE_SET_H */
