/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Revisions of changes, and who is told of them: tell.c
 */
#ifndef _SYNCMAP_STORE_TELL_H
#define _SYNCMAP_STORE_TELL_H

#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/refcount.h>
#include <linux/types.h>
#include <linux/wait.h>
#include <uapi/linux/syncmap.h>

#include "bytemap.h"
#include "job.h"
#include "queue.h"
#include "value.h"

struct bytemap_account;
struct bytemap_walk;

/* Flags that go with &bytemap_watch.filter */
#define BYTEMAP_FILTERS	(SYNCMAP_WATCH_KEY | SYNCMAP_WATCH_PREFIX)

/* Somebody who is told */
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

static inline u64 bytemap_next_revision(struct bytemap *map)
{
	return atomic64_inc_return(&map->revision);
}

bool bytemap_tell_matches(const struct bytemap_watch *watch, const void *key,
			  u32 key_len);
u64 bytemap_tell_watchers(struct bytemap *map, struct bytemap_value *value,
			  const void *key, u32 reason);
bool bytemap_tell_swap(struct bytemap *map, struct syncmap_hashed_key *key,
		       const void *bytes, u32 reason,
		       struct bytemap_value *value, struct bytemap_value *fresh);
void bytemap_tell_clear(struct bytemap *map);
void bytemap_tell_removed(struct bytemap *map, u32 flags);
void bytemap_tell_removed_again(struct bytemap_watch *watch);
void bytemap_tell_end(struct bytemap *map);

/*
 * The revision of a change of @value, and its event; 0 if a Clear has removed
 * the value. The lock of the value is held. @reason, as in &syncmap_record, says
 * whether the value is stored or deleted. A stored one has its new content by
 * now. A deleted one is still charged: a Clear may wait for that, and the next
 * Clear must not overtake the event.
 */
static inline u64 bytemap_tell(struct bytemap *map, struct bytemap_value *value,
			       const void *key, u32 reason)
{
	u64 revision;

	if (unlikely(READ_ONCE(map->watched)))
		return bytemap_tell_watchers(map, value, key, reason);
	revision = bytemap_next_revision(map);
	/* Drawn after that of the Clear? See bytemap_tell_clear() */
	return likely(READ_ONCE(map->epoch) == value->epoch) ? revision : 0;
}

#endif /* _SYNCMAP_STORE_TELL_H */
