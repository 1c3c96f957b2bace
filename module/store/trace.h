/* SPDX-License-Identifier: GPL-2.0-only */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM syncmap

#if !defined(_SYNCMAP_STORE_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define _SYNCMAP_STORE_TRACE_H

#include <linux/tracepoint.h>

#include "bytemap.h"
#include "value.h"

#ifndef BYTEMAP_TRACE_KEY
/* Bytes of a key that are traced */
#define BYTEMAP_TRACE_KEY	32
#endif

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

/* An entry has made room for others */
DEFINE_EVENT(bytemap_end, bytemap_evict,
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

TRACE_DEFINE_ENUM(SYNCMAP_OP_LOAD);
TRACE_DEFINE_ENUM(SYNCMAP_OP_STORE);
TRACE_DEFINE_ENUM(SYNCMAP_OP_LOAD_OR_STORE);
TRACE_DEFINE_ENUM(SYNCMAP_OP_LOAD_AND_DELETE);
TRACE_DEFINE_ENUM(SYNCMAP_OP_DELETE);
TRACE_DEFINE_ENUM(SYNCMAP_OP_SWAP);
TRACE_DEFINE_ENUM(SYNCMAP_OP_COMPARE_AND_SWAP);
TRACE_DEFINE_ENUM(SYNCMAP_OP_COMPARE_AND_DELETE);
TRACE_DEFINE_ENUM(SYNCMAP_OP_TOUCH);
TRACE_DEFINE_ENUM(SYNCMAP_OP_ADD);
TRACE_DEFINE_ENUM(SYNCMAP_OP_SUB);
TRACE_DEFINE_ENUM(SYNCMAP_OP_MIN);
TRACE_DEFINE_ENUM(SYNCMAP_OP_MAX);
TRACE_DEFINE_ENUM(SYNCMAP_OP_AND);
TRACE_DEFINE_ENUM(SYNCMAP_OP_OR);
TRACE_DEFINE_ENUM(SYNCMAP_OP_XOR);
TRACE_DEFINE_ENUM(SYNCMAP_OP_APPEND);
TRACE_DEFINE_ENUM(SYNCMAP_OP_LOAD_OR_LEASE);
TRACE_DEFINE_ENUM(SYNCMAP_OP_UNLEASE);

/*
 * An operation on a key has ended, and what its caller is told of it: a status, and
 * SYNCMAP_RESULT_LOADED and the like
 */
TRACE_EVENT(bytemap_op,
	TP_PROTO(const struct bytemap *map, const struct syncmap_op *op,
		 const void *key, const struct syncmap_answer *answer),
	TP_ARGS(map, op, key, answer),
	TP_STRUCT__entry(
		__field(u64, map)
		__field(u32, op)
		__field(s32, status)
		__field(u32, result)
		__field(u32, key_len)
		__array(char, key, BYTEMAP_TRACE_KEY)
	),
	TP_fast_assign(
		__entry->map = map->id;
		__entry->op = op->op;
		__entry->status = answer->error.status;
		__entry->result = answer->result;
		__entry->key_len = op->key_len;
		memset(__entry->key, 0, sizeof(__entry->key));
		memcpy(__entry->key, key,
		       min_t(u32, op->key_len, sizeof(__entry->key)));
	),
	TP_printk("map=%llu op=%s status=%d result=%#x key_len=%u key=%s", __entry->map,
		  __print_symbolic(__entry->op,
			{ SYNCMAP_OP_LOAD, "load" },
			{ SYNCMAP_OP_STORE, "store" },
			{ SYNCMAP_OP_LOAD_OR_STORE, "load_or_store" },
			{ SYNCMAP_OP_LOAD_AND_DELETE, "load_and_delete" },
			{ SYNCMAP_OP_DELETE, "delete" },
			{ SYNCMAP_OP_SWAP, "swap" },
			{ SYNCMAP_OP_COMPARE_AND_SWAP, "compare_and_swap" },
			{ SYNCMAP_OP_COMPARE_AND_DELETE, "compare_and_delete" },
			{ SYNCMAP_OP_TOUCH, "touch" },
			{ SYNCMAP_OP_ADD, "add" },
			{ SYNCMAP_OP_SUB, "sub" },
			{ SYNCMAP_OP_MIN, "min" },
			{ SYNCMAP_OP_MAX, "max" },
			{ SYNCMAP_OP_AND, "and" },
			{ SYNCMAP_OP_OR, "or" },
			{ SYNCMAP_OP_XOR, "xor" },
			{ SYNCMAP_OP_APPEND, "append" },
			{ SYNCMAP_OP_LOAD_OR_LEASE, "load_or_lease" },
			{ SYNCMAP_OP_UNLEASE, "unlease" }),
		  __entry->status, __entry->result, __entry->key_len,
		  __print_hex_str(__entry->key, min_t(u32, __entry->key_len,
						      BYTEMAP_TRACE_KEY)))
);

#endif /* _SYNCMAP_STORE_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH module/store
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
