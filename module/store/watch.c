// SPDX-License-Identifier: GPL-2.0-only
/*
 * Watchers: how they come and go
 *
 * What is promised to them is in tell.c.
 */
#include <linux/cred.h>
#include <linux/err.h>
#include <linux/log2.h>
#include <linux/poll.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "account.h"
#include "bytemap.h"
#include "error.h"
#include "gfp.h"
#include "job.h"
#include "map.h"
#include "memory.h"
#include "queue.h"
#include "reader.h"
#include "record.h"
#include "request.h"
#include "tell.h"
#include "trace.h"
#include "walk.h"
#include "watch.h"

/* Microseconds for each of many that poll, but a second at most */
#define POLL_REST_US	256
#define MAX_POLLS	(USEC_PER_SEC / POLL_REST_US)

/* Fields at fault */
#define AT(member)	offsetof(struct syncmap_watch, member)

static int check_watched(const struct bytemap *map,
			 const struct syncmap_watch *params,
			 struct syncmap_error *error)
{
	u32 filter = params->flags & BYTEMAP_FILTERS;

	if (!filter && params->filter)
		return bytemap_error_field(error, AT(filter), -EINVAL);
	if (!filter && params->filter_len)
		return bytemap_error_field(error, AT(filter_len), -EINVAL);
	if (filter && map->key_type == SYNCMAP_KEY_U64 &&
	    params->filter_len != sizeof(u64))
		return bytemap_error_field(error, AT(filter_len), -EINVAL);
	if (params->filter_len <= map->limits.key_size)
		return 0;
	bytemap_error_limit(error, SYNCMAP_LIMITED_KEY, params->filter_len,
			    map->limits.key_size);
	return bytemap_error_field(error, AT(filter_len), -EFBIG);
}

/*
 * What can be said before the filter is there.
 *
 * Return: 0; -EINVAL; -EFBIG; and @error tells.
 */
int bytemap_watch_check(const struct bytemap *map,
			const struct syncmap_watch *params,
			struct syncmap_error *error)
{
	u32 filter = params->flags & BYTEMAP_FILTERS;

	if (filter == BYTEMAP_FILTERS ||
	    (filter == SYNCMAP_WATCH_PREFIX && map->key_type == SYNCMAP_KEY_U64))
		return bytemap_error_field(error, AT(flags), -EINVAL);
	if (params->queue_size > SYNCMAP_QUEUE_MAX)
		return bytemap_error_field(error, AT(queue_size), -EINVAL);
	if (params->since && !(params->flags & SYNCMAP_WATCH_DUMP))
		return bytemap_error_field(error, AT(since), -EINVAL);
	return check_watched(map, params, error);
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
			     struct syncmap_error *error)
{
	unsigned int max = BYTEMAP_WATCHERS, mine = 0;

	lockdep_assert_held(&watchers->lock);
	if (!owner) {
		max -= BYTEMAP_WATCHERS_RESERVED;
		mine = count_locked(&watchers->list, watch->account) +
		       count_locked(&watchers->coming, watch->account);
	}
	if (mine >= BYTEMAP_WATCHERS_USER) {
		bytemap_error_limit(error, SYNCMAP_LIMITED_USER_MAP_WATCHERS,
				    mine, BYTEMAP_WATCHERS_USER);
		return -EDQUOT;
	}
	if (watchers->count >= max) {
		bytemap_error_limit(error, SYNCMAP_LIMITED_WATCHERS,
				    watchers->count, max);
		return -ENOSPC;
	}
	return 0;
}

/* Events from now on; see P.2 */
static int attach_watch(struct bytemap *map, struct bytemap_watch *watch,
			struct syncmap_error *error)
{
	struct bytemap_watchers *watchers = &map->watchers;
	bool owner = bytemap_is_owner(map), known;
	int err;

	spin_lock(&watchers->lock);
	err = find_place_locked(watchers, watch, owner, error);
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

static void detach_watch(struct bytemap_watch *watch)
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
	bytemap_reader_dump(watch);
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
	bool with_value = flags & SYNCMAP_WATCH_VALUES;

	return bytemap_record_size(map->limits.key_size,
				   with_value ? map->limits.value_size : 0);
}

static void uncharge_watch(struct bytemap_watch *watch)
{
	bytemap_account_remove_watcher(watch->account, watch->memory);
	bytemap_account_put(watch->account);
}

static void put_watch(struct bytemap_watch *watch)
{
	struct bytemap *map = watch->map;

	if (!refcount_dec_and_test(&watch->refs))
		return;
	uncharge_watch(watch);
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
	if (bytemap_reader_has_ended(watch))
		events |= EPOLLHUP;
	wake_up_interruptible_poll(&watch->wait, events);
	put_watch(watch);
}

static int charge_watch(struct bytemap_watch *watch, const struct bytemap *map,
			struct syncmap_error *error)
{
	int err;

	watch->account = bytemap_account_get(current_fsuid());
	if (IS_ERR(watch->account))
		return PTR_ERR(watch->account);
	watch->memory = bytemap_memory_of_watcher(watch->queue.size) +
			(watch->walk ? bytemap_walk_size(map) : 0);
	err = bytemap_account_add_watcher(watch->account, watch->memory,
					  error);
	if (err) {
		bytemap_account_put(watch->account);
		return err;
	}
	bytemap_job_init(&watch->job, bytemap_account_share(watch->account),
			 wake_readers);
	return 0;
}

/*
 * Makes a watcher, of which @params have passed bytemap_watch_check(). Sleeps for a
 * grace period.
 *
 * Return: the watcher; ERR_PTR(-EINVAL): the filter is no key of this map;
 * -EDQUOT, -ENOSPC; and @error tells; -ENOMEM.
 */
struct bytemap_watch *bytemap_watch_create(struct bytemap *map,
					   struct syncmap_watch *params,
					   const void *filter,
					   struct syncmap_error *error)
{
	struct bytemap_watch *watch;
	int err;

	err = bytemap_request_check_key(map, filter, params->filter_len);
	if (err)
		return ERR_PTR(bytemap_error_field(error, AT(filter), err));
	watch = alloc_watch(map, params, filter);
	if (IS_ERR(watch))
		return watch;
	err = charge_watch(watch, map, error);
	if (err)
		goto free_watch;
	err = attach_watch(map, watch, error);
	if (err)
		goto uncharge;
	bytemap_reader_begin(watch);
	params->record_size = record_size(map, params->flags);
	params->revision = watch->revision;
	return watch;

uncharge:
	uncharge_watch(watch);
free_watch:
	free_watch(watch);
	if (error->limited)
		trace_bytemap_full(map, error->limited, error->used,
				   error->limit);
	return ERR_PTR(err);
}

/* Nobody uses it any more. Process context */
void bytemap_watch_destroy(struct bytemap_watch *watch)
{
	detach_watch(watch);
	put_watch(watch);
}
