// SPDX-License-Identifier: GPL-2.0-only
/*
 * What maps give back when the machine is short of memory: entries that have
 * expired, stale values that would be kept for longer, the places of deleted
 * keys, mirrors that nobody has mapped, and cgroups that were removed; and those
 * that evict, whatever is used least.
 *
 * Reclaim may come from any allocation that can sleep, so it waits for nobody:
 * it only tries to lock the list. A map leaves that before anything of it is
 * freed.
 */
#include <linux/list.h>
#include <linux/memcontrol.h>
#include <linux/minmax.h>
#include <linux/mutex.h>
#include <linux/shrinker.h>
#include <linux/syncmap.h>

#include "bytemap.h"
#include "deadline.h"
#include "evict.h"
#include "mirror.h"
#include "shrink.h"
#include "sweep.h"
#include "trace.h"

/*
 * Maps that are looked at in one call, as each look adds up counters of all CPUs.
 * They take turns; what the others have is known from when it was theirs.
 */
#define TURNS	32

static DEFINE_MUTEX(maps_lock);
static LIST_HEAD(maps);
static unsigned int nr_maps;
static u64 reclaimable;		/* of all maps, when they were looked at last */

static void note_reclaimable(struct bytemap *map, u64 found)
{
	lockdep_assert_held(&maps_lock);
	WRITE_ONCE(reclaimable, reclaimable + found - map->reclaimable);
	map->reclaimable = found;
}

/*
 * What is in a cgroup that was removed belongs to its parent then, and so do the
 * tables to come. One caller at a time.
 */
static void leave_dead_cgroup(struct bytemap *map)
{
	struct mem_cgroup *memcg = map->memcg, *parent;

	if (!memcg || mem_cgroup_online(memcg))
		return;
	parent = parent_mem_cgroup(memcg);
	if (!parent || !css_tryget(&parent->css))
		return;
	syncmap_set_memcg(&map->core, parent);
	WRITE_ONCE(map->memcg, parent);
	mem_cgroup_put(memcg);
}

static void look_at(struct bytemap *map)
{
	leave_dead_cgroup(map);
	note_reclaimable(map, bytemap_deadline_reclaimable(map, BYTEMAP_SWEEP) +
			      syncmap_tombstones(&map->core) +
			      bytemap_mirror_reclaimable(map) +
			      bytemap_evict_reclaimable(map));
}

static struct bytemap *take_turn(void)
{
	struct bytemap *map = list_first_entry(&maps, struct bytemap, node);

	lockdep_assert_held(&maps_lock);
	list_move_tail(&map->node, &maps);
	return map;
}

static unsigned long count_objects(struct shrinker *shrinker,
				   struct shrink_control *sc)
{
	unsigned int turns;

	if (!mutex_trylock(&maps_lock))
		return 0;
	for (turns = min_t(unsigned int, nr_maps, TURNS); turns; turns--)
		look_at(take_turn());
	mutex_unlock(&maps_lock);
	return READ_ONCE(reclaimable);
}

static unsigned long shrink_map(struct bytemap *map, unsigned long max)
{
	u64 tombstones = syncmap_tombstones(&map->core);
	unsigned long values;

	if (tombstones)
		syncmap_reclaim(&map->core);
	bytemap_mirror_park(map);
	values = bytemap_sweep_stale(map, max);
	values += bytemap_evict_some(map, max - values);
	if (tombstones || values)
		trace_bytemap_reclaim(map, tombstones, values);
	look_at(map);
	return values;
}

/* The next time begins where this one has ended */
static unsigned long scan_objects(struct shrinker *shrinker,
				  struct shrink_control *sc)
{
	unsigned long n = 0;
	unsigned int turns;
	bool all;

	if (!mutex_trylock(&maps_lock))
		return SHRINK_STOP;
	all = nr_maps <= TURNS;
	for (turns = min_t(unsigned int, nr_maps, TURNS); turns; turns--) {
		struct bytemap *map = take_turn();

		n += shrink_map(map, sc->nr_to_scan - n);
		if (n == sc->nr_to_scan) {
			list_move(&map->node, &maps);
			break;
		}
	}
	mutex_unlock(&maps_lock);
	/* The rest is up to the workers that have been woken */
	return n || !all ? n : SHRINK_STOP;
}

#ifdef HAVE_SHRINKER_ALLOC

static struct shrinker *bytemap_shrinker;

int bytemap_shrink_init(void)
{
	bytemap_shrinker = shrinker_alloc(0, "syncmap");
	if (!bytemap_shrinker)
		return -ENOMEM;
	bytemap_shrinker->count_objects = count_objects;
	bytemap_shrinker->scan_objects = scan_objects;
	shrinker_register(bytemap_shrinker);
	return 0;
}

void bytemap_shrink_exit(void)
{
	shrinker_free(bytemap_shrinker);
}

#else

static struct shrinker bytemap_shrinker = {
	.count_objects = count_objects,
	.scan_objects = scan_objects,
	.seeks = DEFAULT_SEEKS,
};

int bytemap_shrink_init(void)
{
	return register_shrinker(&bytemap_shrinker, "syncmap");
}

void bytemap_shrink_exit(void)
{
	unregister_shrinker(&bytemap_shrinker);
}

#endif

/* The map is asked for what it can give back from now on. Process context */
void bytemap_shrink_add(struct bytemap *map)
{
	mutex_lock(&maps_lock);
	list_add_tail(&map->node, &maps);
	nr_maps++;
	mutex_unlock(&maps_lock);
}

/* Afterwards its entries are left alone */
void bytemap_shrink_remove(struct bytemap *map)
{
	mutex_lock(&maps_lock);
	list_del(&map->node);
	note_reclaimable(map, 0);
	nr_maps--;
	mutex_unlock(&maps_lock);
}
