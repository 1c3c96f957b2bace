/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A map that is made in private, filled, and then has its name: there is all of
 * it, or none
 */
#ifndef SYNCMAPCTL_MAKE_H
#define SYNCMAPCTL_MAKE_H

#include "cli.h"

#define FILL_MAX	256

/* Entries that are to be stored in a new map, many in one call */
struct fill {
	struct libsyncmap	*map;
	uint64_t		stored;
	/* of what is not stored yet; pointers are offsets in @bytes */
	size_t			count;
	struct bytes		bytes;
	struct syncmap_op	ops[FILL_MAX];
	struct syncmap_answer	answers[FILL_MAX];
	uint64_t		lines[FILL_MAX];	/* they come from */
	/* after an error */
	uint64_t		line;
	char			wrong[128];
};

/*
 * A map without a name, for the user and group of @info, whatever the umask; all
 * but what is in it, its count, and whether it is frozen or evicts, is that of
 * @info. Returns 0, or a negative errno and @wrong, which may be empty.
 */
int make_map(const struct syncmap_map_info *info, struct libsyncmap **map,
	     char *wrong, size_t size);

/* When it is filled: before, what it is filled with would go. 0 or a negative errno */
int let_evict(const struct libsyncmap *map);

/* Both return 0 or a negative errno. fill_finish() also frees. */
int fill_add(struct fill *fill, const struct record *record, uint64_t deadline,
	     uint64_t line);
int fill_finish(struct fill *fill);

#endif
