/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Watchers: what writers tell, and what their readers get
 */
#ifndef _SYNCMAP_STORE_WATCH_H
#define _SYNCMAP_STORE_WATCH_H

#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/refcount.h>
#include <linux/types.h>
#include <linux/wait.h>
#include <uapi/linux/syncmap.h>

#include "job.h"
#include "map.h"
#include "queue.h"

struct bytemap_request;
struct bytemap_value;
struct bytemap_walk;

/* watch.c */
struct bytemap_watch {
	struct list_head	node;
	refcount_t		refs;		/* of its file, and its job */
	struct bytemap		*map;
	struct bytemap_account	*account;
	u64			memory;		/* charged to that */
	struct bytemap_job	job;		/* wakes its readers */
	u32			flags;
	u32			filter_len;
	struct bytemap_queue	queue;
	wait_queue_head_t	wait;
	atomic_t		readers;	/* that wait in read(2) */
	bool			waking;		/* the job will do it */
	unsigned long		rest;		/* not before that, in jiffies */
	u64			events;
	u64			overflows;
	u64			resume;		/* revision before the loss */
	bool			lost;		/* events, and not told yet */
	struct mutex		lock;		/* one reader */
	bool			dumping;
	u64			since;		/* of the dump */
	u64			revision;	/* of the dump */
	struct bytemap_walk	*walk;
	unsigned int		index;
	u8			filter[];
};

static inline bool bytemap_wants_values(const struct bytemap_watch *watch)
{
	return watch->flags & SYNCMAP_WATCH_VALUES;
}

void bytemap_watch_limited(struct syncmap_watch *params, u32 which, u64 used,
			   u64 limit);
int bytemap_watch_check(const struct bytemap *map,
			struct syncmap_watch *params);
struct bytemap_watch *bytemap_watch_create(struct bytemap *map,
					   struct syncmap_watch *params,
					   const void *filter);
void bytemap_watch_destroy(struct bytemap_watch *watch);
bool bytemap_watch_matches(const struct bytemap_watch *watch, const void *key,
			   u32 key_len);
u64 bytemap_watch_event(struct bytemap *map, struct bytemap_value *value,
			const void *key, u32 reason);
bool bytemap_watch_swap(struct bytemap *map, struct bytemap_request *req,
			struct bytemap_value *value);
void bytemap_watch_clear(struct bytemap *map);
void bytemap_watch_removed(struct bytemap *map);
void bytemap_watch_end(struct bytemap *map);

/*
 * The revision of a change of @value, and its event; 0 if a Clear has removed
 * the value. The lock of the value is held. @reason, as in &syncmap_event, says
 * whether the value is stored or deleted. A stored one has its new content by
 * now. A deleted one is still charged: a Clear may wait for that, and the next
 * Clear must not overtake the event.
 */
static inline u64 bytemap_revise(struct bytemap *map,
				 struct bytemap_value *value, const void *key,
				 u32 reason)
{
	u64 revision;

	if (unlikely(READ_ONCE(map->watched)))
		return bytemap_watch_event(map, value, key, reason);
	revision = bytemap_next_revision(map);
	/* Drawn after that of the Clear? See bytemap_watch_clear() */
	return likely(READ_ONCE(map->epoch) == value->epoch) ? revision : 0;
}

/* reader.c */
void bytemap_watch_dump(struct bytemap_watch *watch);
bool bytemap_watch_readable(const struct bytemap_watch *watch);
bool bytemap_watch_ended(const struct bytemap_watch *watch);
int bytemap_watch_wait(struct bytemap_watch *watch);
void bytemap_watch_pass_on(struct bytemap_watch *watch);
int bytemap_watch_peek(struct bytemap_watch *watch,
		       struct bytemap_record *record);
void bytemap_watch_consume(struct bytemap_watch *watch,
			   const struct bytemap_record *record);
void bytemap_watch_rest(struct bytemap_watch *watch);

#endif /* _SYNCMAP_STORE_WATCH_H */
