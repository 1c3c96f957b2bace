/* SPDX-License-Identifier: GPL-2.0-only */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM syncmap

#if !defined(_SYNCMAP_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define _SYNCMAP_TRACE_H

#include <linux/syncmap.h>
#include <linux/tracepoint.h>

DECLARE_EVENT_CLASS(syncmap_key,
	TP_PROTO(const struct syncmap *map, u64 hash),
	TP_ARGS(map, hash),
	TP_STRUCT__entry(
		__field(const void *, map)
		__field(u64, hash)
	),
	TP_fast_assign(
		__entry->map = map;
		__entry->hash = hash;
	),
	TP_printk("map=%p hash=%016llx", __entry->map, __entry->hash)
);

/* An operation had to look into the dirty table */
DEFINE_EVENT(syncmap_key, syncmap_miss,
	TP_PROTO(const struct syncmap *map, u64 hash),
	TP_ARGS(map, hash));

/* An insert or delete made somebody wait for a bucket of the dirty table */
DEFINE_EVENT(syncmap_key, syncmap_lock_wait,
	TP_PROTO(const struct syncmap *map, u64 hash),
	TP_ARGS(map, hash));

/* A promotion ended, with an error or a new read table of so many keys; a purge has none */
TRACE_EVENT(syncmap_promote,
	TP_PROTO(const struct syncmap *map, u64 keys, u64 ns, int err),
	TP_ARGS(map, keys, ns, err),
	TP_STRUCT__entry(
		__field(const void *, map)
		__field(u64, keys)
		__field(u64, ns)
		__field(int, err)
	),
	TP_fast_assign(
		__entry->map = map;
		__entry->keys = keys;
		__entry->ns = ns;
		__entry->err = err;
	),
	TP_printk("map=%p keys=%llu ns=%llu err=%d", __entry->map,
		  __entry->keys, __entry->ns, __entry->err)
);

/* A promotion dropped so many deleted keys */
TRACE_EVENT(syncmap_expunge,
	TP_PROTO(const struct syncmap *map, u64 keys),
	TP_ARGS(map, keys),
	TP_STRUCT__entry(
		__field(const void *, map)
		__field(u64, keys)
	),
	TP_fast_assign(
		__entry->map = map;
		__entry->keys = keys;
	),
	TP_printk("map=%p keys=%llu", __entry->map, __entry->keys)
);

#endif /* _SYNCMAP_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH module/core
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
