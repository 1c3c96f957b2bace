/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Names of maps: name.c
 */
#ifndef _SYNCMAP_STORE_NAME_H
#define _SYNCMAP_STORE_NAME_H

#include <linux/types.h>

struct bytemap;

int bytemap_name_check(const char *name);
bool bytemap_name_is_taken(const char *name);
int bytemap_name_take(struct bytemap *map);
void bytemap_name_show(struct bytemap *map);
bool bytemap_name_hide(struct bytemap *map);
void bytemap_name_drop(struct bytemap *map);
struct bytemap *bytemap_name_find(const char *name);
int bytemap_name_list(u64 *cursor, struct bytemap **maps, unsigned int max);
void bytemap_name_exit(void);

#endif /* _SYNCMAP_STORE_NAME_H */
