// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a map says about itself
 */
#include <linux/atomic.h>
#include <linux/cred.h>
#include <linux/kernel.h>
#include <linux/minmax.h>
#include <linux/percpu.h>
#include <linux/stddef.h>
#include <linux/string.h>
#include <linux/syncmap.h>
#include <linux/user_namespace.h>

#include "bytemap.h"
#include "deadline.h"
#include "gauge.h"
#include "info.h"
#include "mirror.h"
#include "name.h"

static u64 count_entries(struct bytemap *map)
{
	u8 epoch = READ_ONCE(map->epoch);
	s64 live = atomic64_read(&map->live[epoch]) -
		   atomic64_read(&map->lapsed[epoch]);

	return max(live, 0LL);
}

/*
 * Its name as it is seen from @ns, its owner as the caller sees it. Except for
 * @access, which belongs to a descriptor.
 */
void bytemap_info(struct bytemap *map, const struct user_namespace *ns,
		  struct syncmap_map_info *info)
{
	struct user_namespace *own = current_user_ns();
	struct bytemap_name name;

	memset(info, 0, sizeof(*info));
	bytemap_name_read(map, ns, &name);
	info->state = name.state;
	if (READ_ONCE(map->retired))
		info->state |= SYNCMAP_MAP_RETIRED;
	info->scope = name.scope;
	if (bytemap_is_frozen(map))
		info->state |= SYNCMAP_MAP_FROZEN;
	if (bytemap_evicts(map))
		info->state |= SYNCMAP_MAP_EVICTS;
	info->id = map->id;
	memcpy(info->name, name.name, sizeof(info->name));
	info->key_type = map->key_type;
	info->value_kind = READ_ONCE(map->value_kind);
	info->mode = READ_ONCE(map->mode);
	info->uid = from_kuid_munged(own, map->uid);
	info->gid = from_kgid_munged(own, READ_ONCE(map->gid));
	info->count = count_entries(map);
	info->bytes = bytemap_gauge_read(&map->bytes);
	info->revision = atomic64_read(&map->revision);
	info->limits.entries = READ_ONCE(map->limits.entries);
	info->limits.bytes = READ_ONCE(map->limits.bytes);
	info->limits.key_size = map->limits.key_size;
	info->limits.value_size = map->limits.value_size;
	info->ttl = READ_ONCE(map->ttl);
	info->stale = READ_ONCE(map->stale);
	info->mapped = bytemap_mirror_size(map);
}

struct number {
	const char	*name;
	u32		flags;
	u16		offset;		/* in struct bytemap_stats */
	u16		count;		/* how many there are of the name */
};

#define NUMBER(id, kind, field)						\
	{								\
		.name = #id, .flags = (kind),				\
		.offset = offsetof(struct bytemap_stats, field),	\
		.count = sizeof_field(struct bytemap_stats, field) / sizeof(u64), \
	}

#define GAUGE(id)	NUMBER(id, 0, id)
#define COUNTER(id)	NUMBER(id, SYNCMAP_STAT_COUNTER, id)
#define HAPPENED(id, what) \
	NUMBER(id, SYNCMAP_STAT_COUNTER, counts.event[BYTEMAP_##what])

/* How the store, and the core, do what they do */
#define INSIDE(id, what)						\
	NUMBER(id, SYNCMAP_STAT_COUNTER | SYNCMAP_STAT_INTERNAL,	\
	       counts.event[BYTEMAP_##what])
#define MIRROR(id, kind)	NUMBER(id, kind, mirror.id)
#define EVICT(id, kind)		NUMBER(id, kind, evict.id)
#define CORE_GAUGE(id, field) \
	NUMBER(id, SYNCMAP_STAT_INTERNAL, field)
#define CORE_COUNTER(id) \
	NUMBER(id, SYNCMAP_STAT_COUNTER | SYNCMAP_STAT_INTERNAL, core.id)

/* All that anybody is told, in this order; syncmap(4) says what they mean */
static const struct number numbers[] = {
	GAUGE(count),
	GAUGE(bytes),
	COUNTER(revision),
	HAPPENED(found, FOUND),
	HAPPENED(absent, ABSENT),
	INSIDE(in_place, IN_PLACE),
	INSIDE(replaced, REPLACED),
	HAPPENED(mismatches, MISMATCH),
	HAPPENED(rejected, REJECTED),
	HAPPENED(throttled, THROTTLED),
	HAPPENED(calculated, CALCULATED),
	HAPPENED(appended, APPENDED),
	HAPPENED(batches, BATCH),
	HAPPENED(batched, BATCHED),
	GAUGE(watchers),
	COUNTER(events),
	COUNTER(overflows),
	GAUGE(expiring),
	HAPPENED(expired, EXPIRED),
	GAUGE(lapsed),
	HAPPENED(reclaimed, RECLAIMED),
	HAPPENED(evicted, EVICTED),
	HAPPENED(evicted_early, EVICTED_EARLY),
	EVICT(evicted_age, SYNCMAP_STAT_COUNTER),
	EVICT(evict_bytes, 0),
	GAUGE(owned),
	HAPPENED(orphaned, ORPHANED),
	GAUGE(leases),
	HAPPENED(lease_waits, LEASE_WAIT),
	HAPPENED(leases_granted, LEASE_GRANTED),
	HAPPENED(leases_lost, LEASE_LOST),
	MIRROR(mirror_bytes, 0),
	MIRROR(mirror_keys, 0),
	MIRROR(mappings, 0),
	MIRROR(mirror_buckets, SYNCMAP_STAT_INTERNAL),
	CORE_GAUGE(read_keys, core.read_keys),
	CORE_GAUGE(read_buckets, core.read_buckets),
	CORE_GAUGE(tombstones, core.tombstones),
	CORE_GAUGE(dirty_keys, core.dirty_keys),
	CORE_GAUGE(dirty_buckets, core.dirty_buckets),
	CORE_GAUGE(dirty_longest, core.dirty_longest),
	CORE_GAUGE(amended, amended),
	CORE_GAUGE(table_bytes, core.bytes),
	CORE_COUNTER(hits),
	CORE_COUNTER(misses),
	CORE_COUNTER(promotions),
	CORE_COUNTER(promote_fails),
	CORE_COUNTER(expunged),
	CORE_GAUGE(last_promote_ns, core.last_promote_ns),
	CORE_GAUGE(max_promote_ns, core.max_promote_ns),
	CORE_COUNTER(lock_waits),
	CORE_GAUGE(fill, core.fill),
	CORE_GAUGE(displaced, core.displaced),
};

static void add_counts(const struct bytemap *map, struct bytemap_counts *sum)
{
	struct bytemap_counts counts;
	unsigned int i;
	int cpu;

	for_each_possible_cpu(cpu) {
		/* statistics: torn at worst between two counters */
		data_race(counts = *per_cpu_ptr(map->counts, cpu));
		for (i = 0; i < BYTEMAP_EVENTS; i++)
			sum->event[i] += counts.event[i];
	}
}

static void add_watchers(struct bytemap *map, struct bytemap_stats *stats)
{
	spin_lock(&map->watchers.lock);
	stats->watchers = map->watchers.count;
	stats->events = map->watchers.events;
	stats->overflows = map->watchers.overflows;
	spin_unlock(&map->watchers.lock);
}

/* Return: @now, or what has been told before, if that is more */
static u64 never_less(atomic64_t *told, u64 now)
{
	s64 last = atomic64_read(told);

	while (last < (s64)now)
		if (atomic64_try_cmpxchg(told, &last, now))
			return now;
	return last;
}

/*
 * The core adds up what happened to its tables in the past and in the present. When
 * a Clear makes the one the other, it may miss some of that for a moment.
 */
static void add_core(struct bytemap *map, struct bytemap_stats *stats)
{
	struct syncmap_core_stats *core = &stats->core;

	syncmap_get_stats(&map->core, core);
	stats->amended = core->amended;
	core->hits = never_less(&map->told.hits, core->hits);
	core->misses = never_less(&map->told.misses, core->misses);
	core->lock_waits = never_less(&map->told.lock_waits, core->lock_waits);
}

/* May sleep. The numbers are read one after another */
void bytemap_info_stats(struct bytemap *map, struct bytemap_stats *stats)
{
	memset(stats, 0, sizeof(*stats));
	stats->count = count_entries(map);
	stats->bytes = bytemap_gauge_read(&map->bytes);
	stats->revision = atomic64_read(&map->revision);
	stats->owned = READ_ONCE(map->owned);
	stats->leases = max(atomic64_read(&map->leases), 0LL);
	stats->lapsed = bytemap_deadline_stale(map);
	stats->expiring = bytemap_deadline_count(map);
	if (bytemap_mirror_of(map))
		bytemap_mirror_get_stats(map->mirror, &stats->mirror);
	bytemap_evict_get_stats(map, &stats->evict);
	add_counts(map, &stats->counts);
	add_watchers(map, stats);
	add_core(map, stats);
}

/*
 * Sets @stat to number @nr of @stats, from zero.
 *
 * Return: false if there are not so many.
 */
bool bytemap_info_stat(const struct bytemap_stats *stats, unsigned int nr,
		       struct syncmap_stat *stat)
{
	const struct number *number = numbers;

	for (; number < numbers + ARRAY_SIZE(numbers); number++) {
		if (nr < number->count)
			break;
		nr -= number->count;
	}
	if (number == numbers + ARRAY_SIZE(numbers))
		return false;
	memset(stat, 0, sizeof(*stat));
	strscpy(stat->name, number->name, sizeof(stat->name));
	memcpy(&stat->value, (void *)stats + number->offset + nr * sizeof(u64),
	       sizeof(u64));
	stat->flags = number->flags;
	stat->index = nr;
	return true;
}
