// SPDX-License-Identifier: GPL-2.0-only
/*
 * A scene: a map of each contender with the same keys, all at the same time, so
 * that the contenders can take turns.
 */
#include <linux/rcupdate.h>
#include <linux/slab.h>

#include "driver.h"
#include "rt/mem.h"

/* A map has settled when its memory has not changed for so long */
#define SETTLE_MS	20
#define SETTLE_MS_MAX	1000

bool takes_part(int contender)
{
	return is_listed(options.maps, contender_name(contender));
}

/* Whether the values are values, and not the map's nodes */
bool is_plain(const struct contender *contender, u64 n)
{
	return !(contender->flags & CAN_EMBED);
}

void *plain_value(u64 number, void *n)
{
	return value_of(number, *(u64 *)n);
}

/* All contenders can share these values, but for one that has its nodes in them */
struct object *objects_make(u64 n)
{
	struct object *objects = kvmalloc(n * sizeof(*objects), GFP_KERNEL);
	u64 i;

	for (i = 0; i < n; i++)
		objects[i].next = key_next(i, n);
	return objects;
}

void *object_value(u64 number, void *objects)
{
	return (struct object *)objects + number;
}

static void fill(const struct contender *contender, struct map *map, u64 n,
		 int thread, value_fn value, void *arg)
{
	rcu_enter();
	contender->enter(map, thread);
	if (value)
		contender->fill(map, n, value, arg);
	else
		contender->fill_payload(map, n);
	contender->leave(map, thread);
	rcu_leave();
	rcu_barrier();
}

/* Wait for what was freed, and what is reorganised in the background */
void settle(void)
{
	size_t before = 0, now;
	int ms;

	rcu_barrier();
	now = mem_used();
	for (ms = 0; now != before && ms < SETTLE_MS_MAX; ms += SETTLE_MS) {
		msleep(SETTLE_MS);
		before = now;
		now = mem_used();
	}
}

/* A map with keys 0 to n - 1. Without @value they get small values */
struct map *map_open(const struct contender *contender, u64 n, int threads,
		     value_fn value, void *arg)
{
	struct map *map = contender->create();
	int i;

	if (!(contender->flags & CAN_NOT_SEE))
		threads = 1;
	for (i = 0; i < threads; i++)
		fill(contender, map, n, i, value, arg);
	if (contender->promote)
		contender->promote(map);
	return map;
}

void scene_open(struct scene *scene, value_fn value, void *arg,
		wanted_fn wanted)
{
	const struct contender *contender;
	size_t bytes;
	int i;

	settle();
	for (i = 0; i < CONTENDERS; i++) {
		contender = kinds[scene->kind].contenders[i];
		scene->maps[i] = NULL;
		if (!takes_part(i) || !wanted(contender, scene->n))
			continue;
		bytes = mem_used();
		scene->maps[i] = map_open(contender, scene->n, scene->threads,
					  value, arg);
		settle();
		bytes = mem_used() - bytes;
		if (contender->bytes)
			bytes += contender->bytes(scene->maps[i]);
		if (value == plain_value &&
		    !cell_find("bytes", scene->kind, scene->n, 1, i))
			sample("bytes", "B/key", scene->kind, scene->n, 1, i,
			       (double)bytes / scene->n);
	}
}

void scene_close(struct scene *scene)
{
	const struct kind *kind = &kinds[scene->kind];
	int i;

	for (i = 0; i < CONTENDERS; i++)
		if (scene->maps[i])
			kind->contenders[i]->destroy(scene->maps[i]);
	mem_trim();
}
