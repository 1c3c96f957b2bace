// SPDX-License-Identifier: GPL-2.0-only
/*
 * Load or compute: of many callers that miss a key, one computes its value and
 * the others wait.
 */
#include <linux/completion.h>
#include <linux/err.h>
#include <linux/export.h>
#include <linux/hash.h>
#include <linux/kref.h>
#include <linux/list.h>
#include <linux/log2.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/string.h>

#include "internal.h"

/* One computation under way; its key is the computing caller's */
struct flight {
	struct hlist_node	list;
	struct kref		ref;
	struct syncmap		*map;
	const void		*key;
	size_t			len;
	u64			hash;
	struct task_struct	*owner;
	struct completion	landed;
};

#define SHELVES		64

/* Those under way, by hash; a computation does not run under the lock */
static struct shelf {
	spinlock_t		lock;		/* the list */
	struct hlist_head	flights;
} shelves[SHELVES] = {
	[0 ... SHELVES - 1] = {
		.lock = __SPIN_LOCK_UNLOCKED(shelves.lock),
	},
};

/* A task that waits; by task, so that one is found from what it computes */
struct waiter {
	struct hlist_node	list;
	struct task_struct	*task;
	struct flight		*flight;	/* of somebody else; referenced */
};

/* Taken by those who wait, not by those who compute */
static struct hlist_head waiters[SHELVES];
static DEFINE_SPINLOCK(waiters_lock);

static void flight_free(struct kref *ref)
{
	kfree(container_of(ref, struct flight, ref));
}

/*
 * A hash of its own: the map's seed may come between two callers. Who floods a
 * shelf on purpose is held up there by no more than what is under way.
 */
static u64 flight_hash(const struct syncmap *map, const struct syncmap_key *key)
{
	static const siphash_key_t seed;

	return syncmap_hash(&map->params, &seed, key->bytes, key->len) ^
	       hash_ptr(map, 64);
}

static struct shelf *shelf_of(const struct flight *flight)
{
	return &shelves[hash_64(flight->hash, ilog2(SHELVES))];
}

static struct flight *flight_alloc(struct syncmap *map,
				   const struct syncmap_key *key, gfp_t gfp)
{
	struct flight *flight = kzalloc(sizeof(*flight), gfp);

	if (!flight)
		return NULL;
	kref_init(&flight->ref);
	init_completion(&flight->landed);
	flight->map = map;
	flight->key = key->bytes;
	flight->len = key->len;
	flight->hash = flight_hash(map, key);
	flight->owner = current;
	return flight;
}

static bool flights_equal(const struct flight *a, const struct flight *b)
{
	return a->hash == b->hash && a->map == b->map && a->len == b->len &&
	       !memcmp(a->key, b->key, a->len);
}

/* The flight of the same key with a reference; or NULL, and @flight is it now */
static struct flight *flight_join(struct flight *flight)
{
	struct shelf *shelf = shelf_of(flight);
	struct flight *other;

	spin_lock(&shelf->lock);
	hlist_for_each_entry(other, &shelf->flights, list) {
		if (!flights_equal(other, flight))
			continue;
		kref_get(&other->ref);
		spin_unlock(&shelf->lock);
		return other;
	}
	hlist_add_head(&flight->list, &shelf->flights);
	spin_unlock(&shelf->lock);
	return NULL;
}

static void flight_land(struct flight *flight)
{
	struct shelf *shelf = shelf_of(flight);

	spin_lock(&shelf->lock);
	hlist_del(&flight->list);
	spin_unlock(&shelf->lock);
	complete_all(&flight->landed);
}

static struct hlist_head *waiters_of(const struct task_struct *task)
{
	return &waiters[hash_ptr(task, ilog2(SHELVES))];
}

/* What this task waits for, or NULL: nothing, or it has landed */
static struct flight *awaited_by(const struct task_struct *task)
{
	struct waiter *waiter;

	lockdep_assert_held(&waiters_lock);
	hlist_for_each_entry(waiter, waiters_of(task), list)
		if (waiter->task == task)
			return completion_done(&waiter->flight->landed) ?
			       NULL : waiter->flight;
	return NULL;
}

/*
 * Begin to wait, unless the one who computes waits for the caller, or for one
 * who waits for the caller, and so on: that would be for ever.
 */
static int waiter_add(struct waiter *waiter)
{
	struct flight *flight = waiter->flight;
	int err = 0;

	spin_lock(&waiters_lock);
	for (; flight && !err; flight = awaited_by(flight->owner))
		if (flight->owner == waiter->task)
			err = -EDEADLK;
	if (!err)
		hlist_add_head(&waiter->list, waiters_of(waiter->task));
	spin_unlock(&waiters_lock);
	return err;
}

static void waiter_del(struct waiter *waiter)
{
	spin_lock(&waiters_lock);
	hlist_del(&waiter->list);
	spin_unlock(&waiters_lock);
}

static int flight_wait(struct flight *flight)
{
	struct waiter waiter = { .task = current, .flight = flight };
	int err = waiter_add(&waiter);

	if (!err) {
		if (wait_for_completion_killable(&flight->landed))
			err = -EINTR;
		waiter_del(&waiter);
	}
	kref_put(&flight->ref, flight_free);
	return err;
}

/* Computes, unless the key has come since the caller missed it */
static int compute_store(struct flight *flight,
			 void *(*compute)(const void *key, size_t len,
					  void *arg),
			 void *arg, void **actual, gfp_t gfp)
{
	struct syncmap_params *params = &flight->map->params;
	void *value;
	int ret;

	if (syncmap_load(flight->map, flight->key, flight->len, actual))
		return 1;
	value = compute(flight->key, flight->len, arg);
	if (IS_ERR(value))
		return PTR_ERR(value);
	ret = syncmap_load_or_store(flight->map, flight->key, flight->len,
				    value, actual, gfp);
	if (ret && params->free_value)
		params->free_value(value, params->free_arg);
	return ret;
}

/**
 * syncmap_load_or_compute - get a key's value, computing it if it is absent
 * @map: the map
 * @key: the key
 * @len: its length in bytes
 * @compute: makes the value, or returns ERR_PTR(); may sleep and use the map
 * @arg: last argument of @compute
 * @actual: out: the value that is there now
 * @gfp: how to allocate
 *
 * At most one caller computes a key at a time; the others wait for it, and then
 * look again. When it fails, one of them computes. A value that cannot be
 * stored, for want of memory or because a store came first, goes to
 * &syncmap_params.free_value. To dereference *@actual, know that it lives:
 * nothing is held on return.
 *
 * @compute may call this for other keys, but a computation must not wait for
 * itself. When the tasks that compute wait for each other here, in whatever maps,
 * the one that would close the circle gets -EDEADLK. What else a computation
 * waits for is not known: other tasks that it sets to work, locks, events.
 *
 * Context: Process context, sleeps; a waiting caller can be killed. Not where
 * memory is reclaimed.
 * Return: 1 if the value was loaded, 0 if it was computed and stored, -EDEADLK
 * when the caller would wait for itself, -EINTR when killed, -ENOMEM, -EINVAL, or
 * the error of @compute.
 */
int syncmap_load_or_compute(struct syncmap *map, const void *key, size_t len,
			    void *(*compute)(const void *key, size_t len,
					     void *arg),
			    void *arg, void **actual, gfp_t gfp)
{
	struct flight *flight, *other;
	struct syncmap_key k;
	int ret;

	syncmap_might_alloc(gfp);
	if (!syncmap_key_init(&k, map->params.key_len, key, len))
		return -EINVAL;
	if (syncmap_load(map, key, len, actual))
		return 1;
	flight = flight_alloc(map, &k, gfp);
	if (!flight)
		return -ENOMEM;
	while ((other = flight_join(flight))) {
		ret = flight_wait(other);
		if (!ret)
			ret = syncmap_load(map, key, len, actual);
		if (ret)
			goto put;
	}
	ret = compute_store(flight, compute, arg, actual, gfp);
	flight_land(flight);
put:
	kref_put(&flight->ref, flight_free);
	return ret;
}
EXPORT_SYMBOL_GPL(syncmap_load_or_compute);
