// SPDX-License-Identifier: GPL-2.0-only
#include <stdlib.h>

#include <libsyncmap.h>

#include "live.h"

static int add_map(const struct syncmap_map_info *info, void *arg)
{
	struct live *next = arg;
	struct live_map *maps = reallocarray(next->maps, next->n + 1,
					     sizeof(*maps));

	if (!maps)
		abort();
	next->maps = maps;
	maps[next->n].rows = 0;
	maps[next->n].past = NULL;
	sample_listed(info, &maps[next->n++].sample);
	return 0;
}

static int by_id(const void *a, const void *b)
{
	uint64_t x = ((const struct live_map *)a)->sample.info.id;
	uint64_t y = ((const struct live_map *)b)->sample.info.id;

	return (x > y) - (x < y);
}

struct live_map *live_find(const struct live *live, uint64_t id)
{
	const struct live_map key = { .sample.info.id = id };

	return live->n ? bsearch(&key, live->maps, live->n, sizeof(key), by_id) :
			 NULL;
}

const struct row *live_row(const struct live_map *map, unsigned int ago)
{
	if (ago >= map->rows || ago >= LIVE_PAST)
		return NULL;
	return &map->past[(map->rows - 1 - ago) % LIVE_PAST];
}

void live_last_row(const struct live_map *map, struct row *row)
{
	const struct row *last = live_row(map, 0);

	if (last)
		*row = *last;
	else
		row_make(&map->sample, &map->sample, row);
}

static void take_over(struct live_map *map, struct live_map *last)
{
	map->past = last->past ? last->past : calloc(LIVE_PAST, sizeof(*map->past));
	if (!map->past)
		abort();
	last->past = NULL;
	map->rows = last->rows;
	row_make(&last->sample, &map->sample,
		 &map->past[map->rows++ % LIVE_PAST]);
}

static void sum_up(struct live *next)
{
	struct row row;

	next->total = (struct row){ .is_sum = true };
	for (size_t i = 0; i < next->n; i++) {
		const struct live_map *map = &next->maps[i];

		next->unopened += !map->sample.opened;
		live_last_row(map, &row);
		row_add(&next->total, &row);
	}
}

int live_update(struct live *live)
{
	struct live next = { .scope = live->scope };
	int err;

	err = libsyncmap_system_info(&next.system, sizeof(next.system));
	if (!err)
		err = libsyncmap_list(next.scope, 0, add_map, &next);
	if (err) {
		live_free(&next);
		return err;
	}
	if (next.n)
		qsort(next.maps, next.n, sizeof(*next.maps), by_id);
	for (size_t i = 0; i < next.n; i++) {
		struct live_map *last = live_find(live,
						  next.maps[i].sample.info.id);

		if (last)
			take_over(&next.maps[i], last);
	}
	sum_up(&next);
	live_free(live);
	*live = next;
	return 0;
}

void live_free(struct live *live)
{
	for (size_t i = 0; i < live->n; i++)
		free(live->maps[i].past);
	free(live->maps);
	live->maps = NULL;
	live->n = 0;
}
