/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Names of maps: name.c
 */
#ifndef _SYNCMAP_STORE_NAME_H
#define _SYNCMAP_STORE_NAME_H

#include <linux/types.h>
#include <uapi/linux/syncmap.h>

struct bytemap;

struct user_namespace;

/* Where a name is, for somebody in @ns: in the scope of this number; 0: of @ns */
struct bytemap_path {
	struct user_namespace	*ns;
	u64			scope;
	const char		*name;
};

/* What a map says of its name: bits of SYNCMAP_MAP_*, and what may be seen */
struct bytemap_name {
	u32	state;
	u64	scope;
	char	name[SYNCMAP_NAME_SIZE];
};

/*
 * May another map lose the name, and which one; the one that has; and whether what
 * was not meant is the map to be named, as it has a name
 */
struct bytemap_publication {
	bool	replace;
	u64	id;
	u64	replaced;
	bool	has_name;
};

int bytemap_name_check(const char *name);
bool bytemap_name_is_taken(const struct bytemap_path *path);
int bytemap_name_take(struct bytemap *map, const struct bytemap_path *path);
void bytemap_name_end(struct bytemap *map, struct bytemap_name *name);
int bytemap_name_publish(struct bytemap *map, const struct bytemap_path *path,
			 struct bytemap_publication *how);
int bytemap_name_remove(struct bytemap *map, const struct bytemap_path *path);
struct bytemap *bytemap_name_find(const struct bytemap_path *path);
void bytemap_name_read(struct bytemap *map, const struct user_namespace *ns,
		       struct bytemap_name *name);
bool bytemap_name_is_lost(struct bytemap *map);
int bytemap_name_list(u64 *cursor, struct bytemap **maps, unsigned int max);
bool bytemap_name_is_in(struct bytemap *map, const struct bytemap_path *path,
			bool below);
bool bytemap_name_sweep(void);
void bytemap_name_exit(void);

#endif /* _SYNCMAP_STORE_NAME_H */
