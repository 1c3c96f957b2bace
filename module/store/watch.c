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
 *	its change. attach() sets it and waits for a grace period: changes that
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
 * An insertion gets its revision from whoever meets it first (value.c), with
 * the key and reason of the inserter: there is one event, and it is in order.
 * When one object replaces another, the core's compare_and_swap() is done under
 * watchers->lock, as the new one could be met, and changed, before its event.
 */
#include <linux/cred.h>
#include <linux/err.h>
#include <linux/log2.h>
#include <linux/poll.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "store.h"
#include "trace.h"

#define FILTERS		(SYNCMAP_WATCH_KEY | SYNCMAP_WATCH_PREFIX)
#define FLAGS		(FILTERS | SYNCMAP_WATCH_VALUES | SYNCMAP_WATCH_DUMP)

/* Microseconds for each of many that poll, but a second at most */
#define POLL_REST_US	256
#define MAX_POLLS	(USEC_PER_SEC / POLL_REST_US)

/* Does the filter let this key pass? */
bool bytemap_watch_matches(const struct bytemap_watch *watch, const void *key,
			   u32 key_len)
{
	if (!(watch->flags & FILTERS))
		return true;
	if (key_len < watch->filter_len ||
	    (watch->flags & SYNCMAP_WATCH_KEY && key_len > watch->filter_len))
		return false;
	return !memcmp(key, watch->filter, watch->filter_len);
}

/* Writers */

static void lose(struct bytemap_watch *watch, const struct syncmap_event *event)
{
	watch->resume = event->revision - 1;
	watch->overflows++;
	watch->map->watchers.overflows++;
	/* Pairs with bytemap_watch_peek(). See litmus/lost */
	smp_store_release(&watch->lost, true);
	trace_bytemap_overflow(watch->map, watch->resume);
}

/* By a job of the user who watches: however many wait, a writer does not */
static void wake_locked(struct bytemap_watch *watch)
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
static void tell(struct bytemap_watch *watch, const struct syncmap_event *event,
		 const void *key, struct bytemap_value *value)
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
		lose(watch, event);
	}
	/* Who has not read what there was before has been woken for that */
	if (wq_has_sleeper(&watch->wait) &&
	    (watch->lost || bytemap_queue_was_empty(&watch->queue, head)))
		wake_locked(watch);
}

static bool is_deletion(u32 reason)
{
	return reason >= SYNCMAP_REASON_EXPIRED ||
	       bytemap_op_has(reason, OP_DELETES);
}

static u64 deadline_of(struct bytemap_value *value)
{
	return value->mortal ? bytemap_mortal(value)->deadline : SYNCMAP_NEVER;
}

static void tell_all_locked(struct bytemap *map, struct bytemap_value *value,
			    const void *key, u32 reason, u64 revision)
{
	bool deletion = is_deletion(reason);
	struct syncmap_event event = {
		.type = deletion ? SYNCMAP_EVENT_DELETE : SYNCMAP_EVENT_STORE,
		.reason = reason,
		.key_len = value->key_len,
		.value_len = deletion ? 0 : value->len,
		.revision = revision,
		.expires = deletion ? 0 : deadline_of(value),
	};
	struct bytemap_watch *watch;

	lockdep_assert_held(&map->watchers.lock);
	trace_bytemap_event(map, &event);
	list_for_each_entry(watch, &map->watchers.list, node)
		if (bytemap_watch_matches(watch, key, event.key_len))
			tell(watch, &event, key, deletion ? NULL : value);
}

/* bytemap_revise() of a map that is watched */
u64 bytemap_watch_event(struct bytemap *map, struct bytemap_value *value,
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
 * Let the new value of @req take the place of @value, if that is in the core.
 * Both are locked: nobody changes the new one before its event is queued.
 */
bool bytemap_watch_swap(struct bytemap *map, struct bytemap_request *req,
			struct bytemap_value *value)
{
	struct bytemap_value *fresh = req->fresh;
	bool swapped;

	lockdep_assert_held(&fresh->lock.lock);
	spin_lock(&map->watchers.lock);
	fresh->revision = bytemap_next_revision(map);
	req->op->revision = fresh->revision;
	swapped = syncmap_compare_and_swap(&map->core, req->key,
					   req->op->key_len, value, fresh);
	if (swapped)
		tell_all_locked(map, fresh, req->key, req->op->op,
				fresh->revision);
	spin_unlock(&map->watchers.lock);
	return swapped;
}

static void tell_of_map_locked(struct bytemap *map, u32 type)
{
	struct syncmap_event event = {
		.type = type,
		.revision = atomic64_read(&map->revision),
	};
	struct bytemap_watch *watch;

	lockdep_assert_held(&map->watchers.lock);
	trace_bytemap_event(map, &event);
	list_for_each_entry(watch, &map->watchers.list, node)
		tell(watch, &event, NULL, NULL);
}

/*
 * The core is empty, and insertions wait: a new epoch begins, and then a
 * revision is drawn, which is fully ordered. Whoever still changes a value of
 * the old epoch draws a revision, and then looks at the epoch. If it is the old
 * one, that revision is lower than that of the Clear, and so than those of what
 * is stored from now on; if not, the change has come too late. See litmus/epoch
 */
void bytemap_watch_clear(struct bytemap *map)
{
	spin_lock(&map->watchers.lock);
	WRITE_ONCE(map->epoch, !map->epoch);
	bytemap_next_revision(map);
	tell_of_map_locked(map, SYNCMAP_EVENT_CLEAR);
	spin_unlock(&map->watchers.lock);
}

/* The name is no longer shown */
void bytemap_watch_removed(struct bytemap *map)
{
	spin_lock(&map->watchers.lock);
	tell_of_map_locked(map, SYNCMAP_EVENT_REMOVED);
	spin_unlock(&map->watchers.lock);
}

/* Nobody can change the map any more */
void bytemap_watch_end(struct bytemap *map)
{
	struct bytemap_watch *watch;

	spin_lock(&map->watchers.lock);
	list_for_each_entry(watch, &map->watchers.list, node)
		wake_locked(watch);
	spin_unlock(&map->watchers.lock);
}

/* Coming and going */

/* Which limit is in the way */
void bytemap_watch_limited(struct syncmap_watch *params, u32 which, u64 used,
			   u64 limit)
{
	params->limited = which;
	params->used = used;
	params->limit = limit;
}

static int check_length(const struct bytemap *map, struct syncmap_watch *params)
{
	if (params->filter_len <= map->limits.key_size)
		return 0;
	bytemap_watch_limited(params, SYNCMAP_LIMITED_KEY, params->filter_len,
			      map->limits.key_size);
	return -EFBIG;
}

/* What can be said before the filter is there */
int bytemap_watch_check(const struct bytemap *map, struct syncmap_watch *params)
{
	u32 filter = params->flags & FILTERS;

	bytemap_watch_limited(params, SYNCMAP_LIMITED_NOT, 0, 0);
	if (params->flags & ~FLAGS)
		return -EOPNOTSUPP;
	if (filter == FILTERS || params->queue_size > SYNCMAP_QUEUE_MAX)
		return -EINVAL;
	if (!filter && (params->filter || params->filter_len))
		return -EINVAL;
	if (params->since && !(params->flags & SYNCMAP_WATCH_DUMP))
		return -EINVAL;
	if (filter && map->key_type == SYNCMAP_KEY_U64 &&
	    (filter == SYNCMAP_WATCH_PREFIX ||
	     params->filter_len != sizeof(u64)))
		return -EINVAL;
	return check_length(map, params);
}

static unsigned int count_locked(const struct list_head *list,
				 const struct bytemap_account *account)
{
	const struct bytemap_watch *watch;
	unsigned int n = 0;

	list_for_each_entry(watch, list, node)
		n += bytemap_account_is_same_user(watch->account, account);
	return n;
}

/* A reader of somebody else's map takes neither all places nor the last ones */
static int find_place_locked(struct bytemap_watchers *watchers,
			     const struct bytemap_watch *watch, bool owner,
			     struct syncmap_watch *params)
{
	unsigned int max = BYTEMAP_WATCHERS, mine = 0;

	lockdep_assert_held(&watchers->lock);
	if (!owner) {
		max -= BYTEMAP_WATCHERS_RESERVED;
		mine = count_locked(&watchers->list, watch->account) +
		       count_locked(&watchers->coming, watch->account);
	}
	if (mine >= BYTEMAP_WATCHERS_USER) {
		bytemap_watch_limited(params, SYNCMAP_LIMITED_USER_WATCHERS,
				      mine, BYTEMAP_WATCHERS_USER);
		return -EDQUOT;
	}
	if (watchers->count >= max) {
		bytemap_watch_limited(params, SYNCMAP_LIMITED_WATCHERS,
				      watchers->count, max);
		return -ENOSPC;
	}
	return 0;
}

/* Events from now on; see P.2 */
static int attach(struct bytemap *map, struct bytemap_watch *watch,
		  struct syncmap_watch *params)
{
	struct bytemap_watchers *watchers = &map->watchers;
	bool owner = bytemap_is_owner(map), known;
	int err;

	spin_lock(&watchers->lock);
	err = find_place_locked(watchers, watch, owner, params);
	if (!err) {
		watchers->count++;
		list_add_tail(&watch->node, &watchers->coming);
		WRITE_ONCE(map->watched, true);
	}
	/* Whoever is there has waited for the grace period */
	known = !list_empty(&watchers->list);
	spin_unlock(&watchers->lock);
	if (err)
		return err;
	if (!known)
		synchronize_rcu();
	kref_get(&map->refs);
	watch->map = map;
	spin_lock(&watchers->lock);
	list_move_tail(&watch->node, &watchers->list);
	watch->revision = atomic64_read(&map->revision);
	spin_unlock(&watchers->lock);
	return 0;
}

static void detach(struct bytemap_watch *watch)
{
	struct bytemap_watchers *watchers = &watch->map->watchers;

	spin_lock(&watchers->lock);
	list_del(&watch->node);
	if (!--watchers->count)
		WRITE_ONCE(watch->map->watched, false);
	spin_unlock(&watchers->lock);
}

static void free_watch(struct bytemap_watch *watch)
{
	if (watch->walk)
		bytemap_walk_free(watch->walk);
	bytemap_queue_exit(&watch->queue);
	kfree(watch);
}

static int alloc_buffers(struct bytemap_watch *watch, struct bytemap *map,
			 u32 queue_size)
{
	u32 size = max(queue_size ?: SYNCMAP_QUEUE_DEFAULT, SYNCMAP_QUEUE_MIN);
	int err;

	err = bytemap_queue_init(&watch->queue, roundup_pow_of_two(size),
				 map->limits.key_size);
	if (err || !(watch->flags & SYNCMAP_WATCH_DUMP))
		return err;
	watch->walk = bytemap_walk_alloc(map, 0);
	if (!watch->walk)
		return -ENOMEM;
	bytemap_watch_dump(watch);
	return 0;
}

static struct bytemap_watch *alloc_watch(struct bytemap *map,
					 const struct syncmap_watch *params,
					 const void *filter)
{
	struct bytemap_watch *watch;
	int err;

	watch = kzalloc(struct_size(watch, filter, params->filter_len),
			BYTEMAP_GFP);
	if (!watch)
		return ERR_PTR(-ENOMEM);
	watch->flags = params->flags;
	watch->since = params->since;
	watch->filter_len = params->filter_len;
	memcpy(watch->filter, filter, params->filter_len);
	refcount_set(&watch->refs, 1);
	init_waitqueue_head(&watch->wait);
	watch->rest = jiffies;
	mutex_init(&watch->lock);
	err = alloc_buffers(watch, map, params->queue_size);
	if (err) {
		free_watch(watch);
		return ERR_PTR(err);
	}
	return watch;
}

static u32 record_size(const struct bytemap *map, u32 flags)
{
	struct syncmap_event event = {
		.key_len = map->limits.key_size,
		.value_len = map->limits.value_size,
	};

	bytemap_event_finish(&event, flags & SYNCMAP_WATCH_VALUES);
	return event.size;
}

static void uncharge(struct bytemap_watch *watch)
{
	bytemap_account_remove_watcher(watch->account, watch->memory);
	bytemap_account_put(watch->account);
}

static void put(struct bytemap_watch *watch)
{
	struct bytemap *map = watch->map;

	if (!refcount_dec_and_test(&watch->refs))
		return;
	uncharge(watch);
	free_watch(watch);
	bytemap_put(map);
}

/*
 * Those whom each wake-up calls before it comes to one that reads, behind whom it
 * stops; if they are many, not all, for how many more there are matters to nobody
 */
static unsigned int count_polls(struct bytemap_watch *watch)
{
	wait_queue_entry_t *entry;
	unsigned int n = 0;

	spin_lock_irq(&watch->wait.lock);
	list_for_each_entry(entry, &watch->wait.head, entry)
		if (entry->func == autoremove_wake_function || ++n == MAX_POLLS)
			break;
	spin_unlock_irq(&watch->wait.lock);
	return n;
}

/*
 * The processor is not that of the user who watches, so a reader that lets many
 * poll has a rest in proportion: all that one user may have take some percent.
 */
static unsigned long rest_after(unsigned int polls)
{
	if (polls <= SYNCMAP_WATCH_POLLS)
		return 0;
	return usecs_to_jiffies(polls * POLL_REST_US);
}

static void wake_readers(struct bytemap_job *job)
{
	struct bytemap_watch *watch = container_of(job, struct bytemap_watch,
						   job);
	spinlock_t *lock = &watch->map->watchers.lock;
	__poll_t events = EPOLLIN | EPOLLRDNORM;
	unsigned long rest = rest_after(count_polls(watch));

	spin_lock(lock);
	watch->waking = false;
	watch->rest = jiffies + rest;
	spin_unlock(lock);
	if (bytemap_watch_ended(watch))
		events |= EPOLLHUP;
	wake_up_interruptible_poll(&watch->wait, events);
	put(watch);
}

static int charge(struct bytemap_watch *watch, const struct bytemap *map,
		  struct syncmap_watch *params)
{
	struct bytemap_shortage shortage;
	int err;

	watch->account = bytemap_account_get(current_fsuid());
	if (IS_ERR(watch->account))
		return PTR_ERR(watch->account);
	watch->memory = bytemap_memory_of_watcher(watch->queue.size) +
			(watch->walk ? bytemap_walk_size(map) : 0);
	err = bytemap_account_add_watcher(watch->account, watch->memory,
					  &shortage);
	if (err) {
		bytemap_watch_limited(params, shortage.which, shortage.used,
				      shortage.limit);
		bytemap_account_put(watch->account);
		return err;
	}
	bytemap_job_init(&watch->job, bytemap_account_share(watch->account),
			 wake_readers);
	return 0;
}

/* @params has passed bytemap_watch_check(). Sleeps for a grace period */
struct bytemap_watch *bytemap_watch_create(struct bytemap *map,
					   struct syncmap_watch *params,
					   const void *filter)
{
	struct bytemap_watch *watch;
	int err;

	err = bytemap_key_check(map, filter, params->filter_len);
	if (err)
		return ERR_PTR(err);
	watch = alloc_watch(map, params, filter);
	if (IS_ERR(watch))
		return watch;
	err = charge(watch, map, params);
	if (err)
		goto free_watch;
	err = attach(map, watch, params);
	if (err)
		goto uncharge;
	params->record_size = record_size(map, params->flags);
	params->revision = watch->revision;
	return watch;

uncharge:
	uncharge(watch);
free_watch:
	free_watch(watch);
	if (params->limited)
		trace_bytemap_full(map, params->limited, params->used,
				   params->limit);
	return ERR_PTR(err);
}

/* Nobody uses it any more. Process context */
void bytemap_watch_destroy(struct bytemap_watch *watch)
{
	detach(watch);
	put(watch);
}
