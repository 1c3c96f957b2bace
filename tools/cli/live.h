/* SPDX-License-Identifier: GPL-2.0-only */
/* All maps that have a name here, as they come and go, and what each is doing */
#ifndef SYNCMAPCTL_LIVE_H
#define SYNCMAPCTL_LIVE_H

#include <stddef.h>

#include "row.h"

/* Of so many intervals it is known what a map did */
#define LIVE_PAST	60

struct live_map {
	struct sample	sample;
	struct row	*past;		/* a ring; see live_row() */
	unsigned int	rows;		/* that there have been */
};

struct live {
	uint64_t		scope;
	struct live_map		*maps;		/* by number */
	size_t			n;
	struct row		total;
	size_t			unopened;	/* maps of others, among these */
	struct syncmap_info	system;
};

/* Look again. Returns 0 or a negative errno; then all is as it was. */
int live_update(struct live *live);
void live_free(struct live *live);

struct live_map *live_find(const struct live *live, uint64_t id);

/* What it did @ago intervals ago, 0 for the last one; NULL if nobody has looked */
const struct row *live_row(const struct live_map *map, unsigned int ago);

/* The last of these; or as if it did nothing, if nobody has looked at it twice */
void live_last_row(const struct live_map *map, struct row *row);

#endif
