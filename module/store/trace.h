/* SPDX-License-Identifier: GPL-2.0-only */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM syncmap

#if !defined(_SYNCMAP_STORE_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define _SYNCMAP_STORE_TRACE_H

#include <linux/tracepoint.h>

#include "bytemap.h"
#include "value.h"

DECLARE_EVENT_CLASS(bytemap_end,
	TP_PROTO(const struct bytemap *map, const struct bytemap_value *value,
		 u64 revision),
	TP_ARGS(map, value, revision),
	TP_STRUCT__entry(
		__field(u64, map)
		__field(u64, previous)
		__field(u64, revision)
	),
	TP_fast_assign(
		__entry->map = map->id;
		__entry->previous = value->revision;
		__entry->revision = revision;
	),
	TP_printk("map=%llu previous=%llu revision=%llu", __entry->map,
		  __entry->previous, __entry->revision)
);

/* An entry was met after its deadline */
DEFINE_EVENT(bytemap_end, bytemap_expire,
	TP_PROTO(const struct bytemap *map, const struct bytemap_value *value,
		 u64 revision),
	TP_ARGS(map, value, revision));

/* An entry was removed because the file that owned it was closed */
DEFINE_EVENT(bytemap_end, bytemap_orphan,
	TP_PROTO(const struct bytemap *map, const struct bytemap_value *value,
		 u64 revision),
	TP_ARGS(map, value, revision));

/* A change of a map that is watched */
TRACE_EVENT(bytemap_event,
	TP_PROTO(const struct bytemap *map, const struct syncmap_record *event),
	TP_ARGS(map, event),
	TP_STRUCT__entry(
		__field(u64, map)
		__field(u64, revision)
		__field(u32, type)
		__field(u32, reason)
	),
	TP_fast_assign(
		__entry->map = map->id;
		__entry->revision = event->revision;
		__entry->type = event->type;
		__entry->reason = event->reason;
	),
	TP_printk("map=%llu revision=%llu type=%u reason=%#x", __entry->map,
		  __entry->revision, __entry->type, __entry->reason)
);

DECLARE_EVENT_CLASS(bytemap_revision,
	TP_PROTO(const struct bytemap *map, u64 revision),
	TP_ARGS(map, revision),
	TP_STRUCT__entry(
		__field(u64, map)
		__field(u64, revision)
	),
	TP_fast_assign(
		__entry->map = map->id;
		__entry->revision = revision;
	),
	TP_printk("map=%llu revision=%llu", __entry->map, __entry->revision)
);

/* A watcher loses the changes after this revision */
DEFINE_EVENT(bytemap_revision, bytemap_overflow,
	TP_PROTO(const struct bytemap *map, u64 revision),
	TP_ARGS(map, revision));

/* There will be no writes after this revision */
DEFINE_EVENT(bytemap_revision, bytemap_freeze,
	TP_PROTO(const struct bytemap *map, u64 revision),
	TP_ARGS(map, revision));

TRACE_DEFINE_ENUM(SYNCMAP_LIMITED_ENTRIES);
TRACE_DEFINE_ENUM(SYNCMAP_LIMITED_BYTES);
TRACE_DEFINE_ENUM(SYNCMAP_LIMITED_LEASES);
TRACE_DEFINE_ENUM(SYNCMAP_LIMITED_USER_LEASES);
TRACE_DEFINE_ENUM(SYNCMAP_LIMITED_WATCHERS);
TRACE_DEFINE_ENUM(SYNCMAP_LIMITED_USER_WATCHERS);
TRACE_DEFINE_ENUM(SYNCMAP_LIMITED_USER_MAP_WATCHERS);
TRACE_DEFINE_ENUM(SYNCMAP_LIMITED_MAPS);
TRACE_DEFINE_ENUM(SYNCMAP_LIMITED_USER_MAPS);
TRACE_DEFINE_ENUM(SYNCMAP_LIMITED_USER_BYTES);
TRACE_DEFINE_ENUM(SYNCMAP_LIMITED_ALL_BYTES);

/* Somebody was refused what there is no room for; it may be the map itself */
TRACE_EVENT(bytemap_full,
	TP_PROTO(const struct bytemap *map, u32 limited, u64 used, u64 limit),
	TP_ARGS(map, limited, used, limit),
	TP_STRUCT__entry(
		__field(u64, map)
		__field(u64, used)
		__field(u64, limit)
		__field(u32, limited)
	),
	TP_fast_assign(
		__entry->map = map->id;
		__entry->used = used;
		__entry->limit = limit;
		__entry->limited = limited;
	),
	TP_printk("map=%llu limited=%s used=%llu limit=%llu", __entry->map,
		  __print_symbolic(__entry->limited,
			{ SYNCMAP_LIMITED_ENTRIES, "entries" },
			{ SYNCMAP_LIMITED_BYTES, "bytes" },
			{ SYNCMAP_LIMITED_LEASES, "leases" },
			{ SYNCMAP_LIMITED_USER_LEASES, "user_leases" },
			{ SYNCMAP_LIMITED_WATCHERS, "watchers" },
			{ SYNCMAP_LIMITED_USER_WATCHERS, "user_watchers" },
			{ SYNCMAP_LIMITED_USER_MAP_WATCHERS, "user_map_watchers" },
			{ SYNCMAP_LIMITED_MAPS, "maps" },
			{ SYNCMAP_LIMITED_USER_MAPS, "user_maps" },
			{ SYNCMAP_LIMITED_USER_BYTES, "user_bytes" },
			{ SYNCMAP_LIMITED_ALL_BYTES, "all_bytes" }),
		  __entry->used, __entry->limit)
);

/*
 * Memory is short: a worker is to drop so many deleted keys; so many values were
 * looked at, and ended if they were late or stale
 */
TRACE_EVENT(bytemap_reclaim,
	TP_PROTO(const struct bytemap *map, u64 tombstones, u64 values),
	TP_ARGS(map, tombstones, values),
	TP_STRUCT__entry(
		__field(u64, map)
		__field(u64, tombstones)
		__field(u64, values)
	),
	TP_fast_assign(
		__entry->map = map->id;
		__entry->tombstones = tombstones;
		__entry->values = values;
	),
	TP_printk("map=%llu tombstones=%llu values=%llu", __entry->map,
		  __entry->tombstones, __entry->values)
);

DECLARE_EVENT_CLASS(bytemap_lease,
	TP_PROTO(const struct bytemap *map, u64 token),
	TP_ARGS(map, token),
	TP_STRUCT__entry(
		__field(u64, map)
		__field(u64, token)
	),
	TP_fast_assign(
		__entry->map = map->id;
		__entry->token = token;
	),
	TP_printk("map=%llu token=%llu", __entry->map, __entry->token)
);

/* Somebody has the lease now */
DEFINE_EVENT(bytemap_lease, bytemap_lease_grant,
	TP_PROTO(const struct bytemap *map, u64 token),
	TP_ARGS(map, token));

/* Its holder gave it up, went away, or the key was deleted */
DEFINE_EVENT(bytemap_lease, bytemap_lease_lose,
	TP_PROTO(const struct bytemap *map, u64 token),
	TP_ARGS(map, token));

/* It has ended with a value, its holder's or another one */
DEFINE_EVENT(bytemap_lease, bytemap_lease_store,
	TP_PROTO(const struct bytemap *map, u64 token),
	TP_ARGS(map, token));

/* Somebody waits for it */
DEFINE_EVENT(bytemap_lease, bytemap_lease_wait,
	TP_PROTO(const struct bytemap *map, u64 token),
	TP_ARGS(map, token));

#endif /* _SYNCMAP_STORE_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH module/store
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
