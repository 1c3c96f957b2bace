// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a map says about itself
 */
#include <linux/build_bug.h>
#include <linux/cred.h>
#include <linux/minmax.h>
#include <linux/percpu.h>
#include <linux/string.h>
#include <linux/syncmap.h>
#include <linux/user_namespace.h>

#include "bytemap.h"
#include "deadline.h"
#include "gauge.h"
#include "info.h"
#include "name.h"

static u64 count_entries(struct bytemap *map)
{
	u8 epoch = READ_ONCE(map->epoch);
	s64 live = atomic64_read(&map->live[epoch]) -
		   atomic64_read(&map->lapsed[epoch]);

	return max(live, 0LL);
}

/* Except for @access, which belongs to a descriptor */
void bytemap_info(struct bytemap *map, struct syncmap_map_info *info)
{
	struct user_namespace *ns = current_user_ns();
	struct bytemap_name name;

	memset(info, 0, sizeof(*info));
	bytemap_name_read(map, &name);
	info->state = name.state;
	if (bytemap_is_frozen(map))
		info->state |= SYNCMAP_MAP_FROZEN;
	info->id = map->id;
	memcpy(info->name, name.name, sizeof(info->name));
	info->key_type = map->key_type;
	info->value_kind = map->value_kind;
	info->mode = map->mode;
	info->uid = from_kuid_munged(ns, map->uid);
	info->gid = from_kgid_munged(ns, map->gid);
	info->count = count_entries(map);
	info->bytes = bytemap_gauge_read(&map->bytes);
	info->revision = atomic64_read(&map->revision);
	info->limits = map->limits;
	info->ttl = map->ttl;
	info->stale = map->stale;
}

static void add_counts(const struct bytemap *map,
		       struct syncmap_map_stats *stats)
{
	struct bytemap_counts counts;
	int cpu;

	for_each_possible_cpu(cpu) {
		/* statistics: torn at worst between two counters */
		data_race(counts = *per_cpu_ptr(map->counts, cpu));
		stats->in_place += counts.event[BYTEMAP_IN_PLACE];
		stats->replaced += counts.event[BYTEMAP_REPLACED];
		stats->mismatches += counts.event[BYTEMAP_MISMATCH];
		stats->rejected += counts.event[BYTEMAP_REJECTED];
		stats->throttled += counts.event[BYTEMAP_THROTTLED];
		stats->expired += counts.event[BYTEMAP_EXPIRED];
		stats->orphaned += counts.event[BYTEMAP_ORPHANED];
		stats->reclaimed += counts.event[BYTEMAP_RECLAIMED];
		stats->calculated += counts.event[BYTEMAP_CALCULATED];
		stats->appended += counts.event[BYTEMAP_APPENDED];
		stats->batches += counts.event[BYTEMAP_BATCH];
		stats->batched += counts.event[BYTEMAP_BATCHED];
		stats->lease_waits += counts.event[BYTEMAP_LEASE_WAIT];
		stats->leases_granted += counts.event[BYTEMAP_LEASE_GRANTED];
		stats->leases_lost += counts.event[BYTEMAP_LEASE_LOST];
	}
}

static void add_watchers(struct bytemap *map, struct syncmap_map_stats *stats)
{
	spin_lock(&map->watchers.lock);
	stats->watchers = map->watchers.count;
	stats->events = map->watchers.events;
	stats->overflows = map->watchers.overflows;
	spin_unlock(&map->watchers.lock);
}

static void add_core(struct bytemap *map, struct syncmap_map_stats *stats)
{
	struct syncmap_core_stats core;

	BUILD_BUG_ON(sizeof(core.fill) != sizeof(stats->fill));
	BUILD_BUG_ON(sizeof(core.displaced) != sizeof(stats->displaced));
	syncmap_get_stats(&map->core, &core);
	stats->amended = core.amended;
	stats->read_keys = core.read_keys;
	stats->read_buckets = core.read_buckets;
	stats->tombstones = core.tombstones;
	stats->dirty_keys = core.dirty_keys;
	stats->dirty_buckets = core.dirty_buckets;
	stats->dirty_longest = core.dirty_longest;
	stats->table_bytes = core.bytes;
	stats->hits = core.hits;
	stats->misses = core.misses;
	stats->promotions = core.promotions;
	stats->promote_fails = core.promote_fails;
	stats->expunged = core.expunged;
	stats->last_promote_ns = core.last_promote_ns;
	stats->max_promote_ns = core.max_promote_ns;
	stats->lock_waits = core.lock_waits;
	memcpy(stats->fill, core.fill, sizeof(stats->fill));
	memcpy(stats->displaced, core.displaced, sizeof(stats->displaced));
}

/* May sleep. The counters are read one after another */
void bytemap_info_stats(struct bytemap *map, struct syncmap_map_stats *stats)
{
	memset(stats, 0, sizeof(*stats));
	stats->count = count_entries(map);
	stats->bytes = bytemap_gauge_read(&map->bytes);
	stats->revision = atomic64_read(&map->revision);
	stats->owned = READ_ONCE(map->owned);
	stats->leases = max(atomic64_read(&map->leases), 0LL);
	stats->lapsed = bytemap_deadline_stale(map);
	add_counts(map, stats);
	stats->expiring = bytemap_deadline_count(map);
	add_watchers(map, stats);
	add_core(map, stats);
}
