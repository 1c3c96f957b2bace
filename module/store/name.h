/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Names of maps: name.c
 */
#ifndef _SYNCMAP_STORE_NAME_H
#define _SYNCMAP_STORE_NAME_H

#include <linux/types.h>
#include <uapi/linux/syncmap.h>

struct bytemap;

/* What a map says of its name: SYNCMAP_MAP_PRIVATE, _REMOVED, or neither */
struct bytemap_name {
	u32	state;
	char	name[SYNCMAP_NAME_SIZE];
};

int bytemap_name_check(const char *name);
bool bytemap_name_is_taken(const char *name);
int bytemap_name_take(struct bytemap *map, const char *name);
void bytemap_name_end(struct bytemap *map, struct bytemap_name *name);
bool bytemap_name_remove(struct bytemap *map, const char *name);
struct bytemap *bytemap_name_find(const char *name);
void bytemap_name_read(struct bytemap *map, struct bytemap_name *name);
int bytemap_name_list(u64 *cursor, struct bytemap **maps, unsigned int max);
void bytemap_name_exit(void);

#endif /* _SYNCMAP_STORE_NAME_H */
