/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Watchers, from when they come to when they go: watch.c
 */
#ifndef _SYNCMAP_STORE_WATCH_H
#define _SYNCMAP_STORE_WATCH_H

#include <linux/types.h>

struct bytemap;
struct bytemap_watch;
struct syncmap_error;
struct syncmap_watch;

int bytemap_watch_check(const struct bytemap *map,
			const struct syncmap_watch *params,
			struct syncmap_error *error);
struct bytemap_watch *bytemap_watch_create(struct bytemap *map,
					   struct syncmap_watch *params,
					   const void *filter,
					   struct syncmap_error *error);
void bytemap_watch_destroy(struct bytemap_watch *watch);

#endif /* _SYNCMAP_STORE_WATCH_H */
