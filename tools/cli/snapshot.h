/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The entries of a map at one revision, as lines of JSON, while others go on
 * writing to it
 */
#ifndef SYNCMAPCTL_SNAPSHOT_H
#define SYNCMAPCTL_SNAPSHOT_H

#include <stdint.h>
#include <stdio.h>

#include "record.h"

struct libsyncmap;

struct snapshot {
	struct libsyncmap	*map;	/* to be read */
	enum format		key;
	uint64_t		since;	/* times are counted from this one on */
	FILE			*file;	/* for reading and writing; empty */

	/* what has come of it */
	uint64_t		entries;
	uint64_t		owned;	/* left out: they go with open files */
	uint64_t		revision;
	struct syncmap_error	error;	/* with a negative errno */
	const char		*wrong;	/* in other words, or NULL */
};

/* Returns 0 or a negative errno. */
int snapshot_take(struct snapshot *snapshot);

#endif
