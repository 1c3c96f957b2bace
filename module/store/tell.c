// SPDX-License-Identifier: GPL-2.0-only
/*
 * Watchers: who is told of every change, and what that means
 *
 * While a map has watchers, each writer draws the revision of its change, and
 * queues the event of it, under watchers->lock, one lock for the map: so events
 * are in the order of revisions, for all keys. Memory for events was allocated
 * when the watcher came, so a write neither fails nor waits because of it.
 *
 * What is promised
 *
 * P.1 An event comes after its change: whoever has read it and then loads finds
 *	that change or a later one. Values are stored and marked before the
 *	event is queued, or within a write sequence that a reader waits for.
 * P.2 Each change of a higher revision than watch->revision has an event, and
 *	each of a lower one can be seen when that is set. A writer looks at
 *	map->watched within an RCU read section, or under a spinlock, that spans
 *	its change. bytemap_watch_create() sets it and waits for a grace period: changes that
 *	have no event are complete, and have lower revisions than the map has
 *	then. Those that have one are complete when the lock is free.
 * P.3 The dump begins after watch->revision was set, and shows those entries
 *	that it finds with this revision or a lower one. Consider an entry that
 *	is present when all has been read. If its revision is not higher, it was
 *	there throughout, and Range finds it. If it is higher, it has an event.
 *	No key is shown twice, because Range does not; a key that was shown has
 *	events of higher revisions only, all of which come after the dump,
 *	deletion included. So whoever applies all records has what is in the
 *	map, and nothing more.
 * P.4 When there is no room for an event, it and all that follow are dropped,
 *	until the reader has come to the end of the queue. There it finds the
 *	record of the loss, and behind it events again: a reader that then
 *	ranges over the map misses nothing. If the watcher has asked for
 *	a dump, reading the record begins another one, with a new
 *	watch->revision, set under the lock under which events are queued again.
 *	It takes the place of all that was before.
 * P.5 A Clear happens while no insertion is in flight, and has its event before
 *	the next one can begin. What was stored before has its event before, or
 *	none: a writer that still holds a value which has been cleared knows it
 *	by its epoch, and starts over.
 *
 * An insertion gets its revision from whoever meets it first (entry.c), with
 * the key and reason of the inserter: there is one event, and it is in order.
 * When one object replaces another, the core's compare_and_swap() is done under
 * watchers->lock, as the new one could be met, and changed, before its event.
 */
#include <linux/jiffies.h>
#include <linux/list.h>
#include <linux/string.h>
#include <linux/syncmap.h>

#include "bytemap.h"
#include "owner.h"
#include "queue.h"
#include "tell.h"
#include "trace.h"
#include "traits.h"
#include "value.h"

/* Return: whether the filter lets this key pass. From any context */
bool bytemap_tell_matches(const struct bytemap_watch *watch, const void *key,
			  u32 key_len)
{
	if (!(watch->flags & BYTEMAP_FILTERS))
		return true;
	if (key_len < watch->filter_len ||
	    (watch->flags & SYNCMAP_WATCH_KEY && key_len > watch->filter_len))
		return false;
	return !memcmp(key, watch->filter, watch->filter_len);
}

static void lose_events(struct bytemap_watch *watch, const struct syncmap_record *event)
{
	watch->resume = event->revision - 1;
	watch->overflows++;
	watch->map->watchers.overflows++;
	/* Pairs with bytemap_reader_peek(). See litmus/lost */
	smp_store_release(&watch->lost, true);
	trace_bytemap_overflow(watch->map, watch->resume);
}

/* By a job of the user who watches: however many wait, a writer does not */
static void wake_reader_locked(struct bytemap_watch *watch)
{
	unsigned long now = jiffies;

	lockdep_assert_held(&watch->map->watchers.lock);
	if (watch->waking)
		return;
	watch->waking = true;
	refcount_inc(&watch->refs);
	if (time_before(now, watch->rest))
		bytemap_job_delay(&watch->job, watch->rest - now);
	else
		bytemap_job_queue(&watch->job);
}

/* An event without its value is better than none: the value can be loaded */
static void tell_one(struct bytemap_watch *watch,
		     const struct syncmap_record *event, const void *key,
		     struct bytemap_value *value)
{
	unsigned long head = watch->queue.head;

	if (watch->lost)
		return;
	if (!bytemap_wants_values(watch))
		value = NULL;
	if (bytemap_queue_put(&watch->queue, event, key, value) ||
	    (value && bytemap_queue_put(&watch->queue, event, key, NULL))) {
		watch->events++;
		watch->map->watchers.events++;
	} else {
		lose_events(watch, event);
	}
	/* Who has not read what there was before has been woken for that */
	if (wq_has_sleeper(&watch->wait) &&
	    (watch->lost || bytemap_queue_was_empty(&watch->queue, head)))
		wake_reader_locked(watch);
}

static bool is_deletion(u32 reason)
{
	return reason >= SYNCMAP_REASON_EXPIRED ||
	       bytemap_op_has(reason, OP_DELETES);
}

static u64 deadline_to_tell(const struct bytemap_value *value)
{
	return value->mortal ? bytemap_mortal(value)->deadline : SYNCMAP_NEVER;
}

static u32 flags_to_tell(const struct bytemap_value *value)
{
	if (value->mortal && bytemap_owner_is_set(value))
		return SYNCMAP_RECORD_OWNED;
	return bytemap_value_is_kept(value) ? SYNCMAP_RECORD_KEPT : 0;
}

static void tell_all_locked(struct bytemap *map, struct bytemap_value *value,
			    const void *key, u32 reason, u64 revision)
{
	bool deletion = is_deletion(reason);
	struct syncmap_record event = {
		.type = deletion ? SYNCMAP_RECORD_DELETE : SYNCMAP_RECORD_STORE,
		.flags = deletion ? 0 : flags_to_tell(value),
		.reason = reason,
		.key_len = value->key_len,
		.value_len = deletion ? 0 : value->len,
		.revision = revision,
		.expires = deletion ? 0 : deadline_to_tell(value),
	};
	struct bytemap_watch *watch;

	lockdep_assert_held(&map->watchers.lock);
	trace_bytemap_event(map, &event);
	list_for_each_entry(watch, &map->watchers.list, node)
		if (bytemap_tell_matches(watch, key, event.key_len))
			tell_one(watch, &event, key, deletion ? NULL : value);
}

/*
 * bytemap_tell() of a map that is watched. With the lock of @value.
 *
 * Return: the revision, or 0: a Clear has removed the value.
 */
u64 bytemap_tell_watchers(struct bytemap *map, struct bytemap_value *value,
			  const void *key, u32 reason)
{
	u64 revision = 0;

	spin_lock(&map->watchers.lock);
	if (value->epoch == map->epoch) {
		revision = bytemap_next_revision(map);
		tell_all_locked(map, value, key, reason, revision);
	}
	spin_unlock(&map->watchers.lock);
	return revision;
}

/*
 * Lets @fresh take the place of @value at @key, which is @bytes, in the core, if
 * that is there, and tells of it with the number of the operation, @reason. Both
 * are locked: nobody changes the new one before its event is queued.
 *
 * Return: false if @value is not in the core.
 */
bool bytemap_tell_swap(struct bytemap *map, struct syncmap_hashed_key *key,
		       const void *bytes, u32 reason,
		       struct bytemap_value *value, struct bytemap_value *fresh)
{
	bool swapped;

	lockdep_assert_held(&value->lock.lock);
	lockdep_assert_held(&fresh->lock.lock);
	spin_lock(&map->watchers.lock);
	fresh->revision = bytemap_next_revision(map);
	swapped = syncmap_compare_and_swap_hashed(&map->core, key, value, fresh);
	if (swapped)
		tell_all_locked(map, fresh, bytes, reason, fresh->revision);
	spin_unlock(&map->watchers.lock);
	return swapped;
}

static struct syncmap_record event_of_map(struct bytemap *map, u32 type, u32 flags)
{
	return (struct syncmap_record){
		.type = type,
		.flags = flags,
		.revision = atomic64_read(&map->revision),
	};
}

static void tell_of_map_locked(struct bytemap *map, u32 type, u32 flags)
{
	struct syncmap_record event = event_of_map(map, type, flags);
	struct bytemap_watch *watch;

	lockdep_assert_held(&map->watchers.lock);
	trace_bytemap_event(map, &event);
	list_for_each_entry(watch, &map->watchers.list, node)
		tell_one(watch, &event, NULL, NULL);
}

/*
 * The core is empty, and insertions wait: a new epoch begins, and then a
 * revision is drawn, which is fully ordered. Whoever still changes a value of
 * the old epoch draws a revision, and then looks at the epoch. If it is the old
 * one, that revision is lower than that of the Clear, and so than those of what
 * is stored from now on; if not, the change has come too late. See litmus/epoch
 */
void bytemap_tell_clear(struct bytemap *map)
{
	spin_lock(&map->watchers.lock);
	WRITE_ONCE(map->epoch, !map->epoch);
	bytemap_next_revision(map);
	tell_of_map_locked(map, SYNCMAP_RECORD_CLEAR, 0);
	spin_unlock(&map->watchers.lock);
}

/* The map has lost its name. @flags: SYNCMAP_RECORD_REPLACED: to another one */
void bytemap_tell_removed(struct bytemap *map, u32 flags)
{
	spin_lock(&map->watchers.lock);
	tell_of_map_locked(map, SYNCMAP_RECORD_REMOVED, flags);
	spin_unlock(&map->watchers.lock);
}

/* The same to one who has not heard of it, or perhaps not */
void bytemap_tell_removed_again(struct bytemap_watch *watch)
{
	struct bytemap *map = watch->map;
	struct syncmap_record event = event_of_map(map, SYNCMAP_RECORD_REMOVED, 0);

	spin_lock(&map->watchers.lock);
	tell_one(watch, &event, NULL, NULL);
	spin_unlock(&map->watchers.lock);
}

/* Nobody can change the map any more */
void bytemap_tell_end(struct bytemap *map)
{
	struct bytemap_watch *watch;

	spin_lock(&map->watchers.lock);
	list_for_each_entry(watch, &map->watchers.list, node)
		wake_reader_locked(watch);
	spin_unlock(&map->watchers.lock);
}
