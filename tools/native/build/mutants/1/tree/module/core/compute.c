// SPDX-License-Identifier: GPL-2.0-only
/*
 * Load or compute: of many callers that miss a key, one computes its value and
 * the others wait.
 */
#include <linux/completion.h>
#include <linux/err.h>
#include <linux/export.h>
#include <linux/kref.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "internal.h"

/* One computation under way; its key is the computing caller's */
struct flight {
	struct list_head	list;
	struct kref		ref;
	struct syncmap		*map;
	const void		*key;
	size_t			len;
	struct task_struct	*owner;
	struct completion	landed;
};

/* Both protected by the mutex; a computation does not run under it */
static LIST_HEAD(flights);
static DEFINE_MUTEX(flights_lock);

static void flight_free(struct kref *ref)
{
	kfree(container_of(ref, struct flight, ref));
}

static struct flight *flight_alloc(struct syncmap *map, const void *key,
				   size_t len, gfp_t gfp)
{
	struct flight *flight = kzalloc(sizeof(*flight), gfp);

	if (!flight)
		return NULL;
	kref_init(&flight->ref);
	init_completion(&flight->landed);
	flight->map = map;
	flight->key = key;
	flight->len = len;
	flight->owner = current;
	return flight;
}

/* The flight of the same key with a reference; or NULL, and @flight is it now */
static struct flight *flight_join(struct flight *flight)
{
	struct flight *other;

	mutex_lock(&flights_lock);
	list_for_each_entry(other, &flights, list) {
		if (other->map != flight->map || other->len != flight->len ||
		    memcmp(other->key, flight->key, flight->len))
			continue;
		kref_get(&other->ref);
		mutex_unlock(&flights_lock);
		return other;
	}
	list_add(&flight->list, &flights);
	mutex_unlock(&flights_lock);
	return NULL;
}

static void flight_land(struct flight *flight)
{
	mutex_lock(&flights_lock);
	list_del(&flight->list);
	mutex_unlock(&flights_lock);
	complete_all(&flight->landed);
}

static int flight_wait(struct flight *flight)
{
	int err = -EDEADLK;

	if (flight->owner != current)
		err = wait_for_completion_killable(&flight->landed);
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
 * @compute: makes the value, or returns ERR_PTR(); may sleep and use the map,
 *	but not call this for the same key
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
 * Context: Process context, sleeps; a waiting caller can be killed.
 * Return: 1 if the value was loaded, 0 if it was computed and stored, -EDEADLK
 * when @compute called this for its own key, -EINTR when killed, -ENOMEM,
 * -EINVAL, or the error of @compute.
 */
int syncmap_load_or_compute(struct syncmap *map, const void *key, size_t len,
			    void *(*compute)(const void *key, size_t len,
					     void *arg),
			    void *arg, void **actual, gfp_t gfp)
{
	struct flight *flight, *other;
	struct syncmap_key k;
	int ret;

	if (!syncmap_key_init(&k, map->params.key_len, key, len))
		return -EINVAL;
	if (syncmap_load(map, key, len, actual))
		return 1;
	flight = flight_alloc(map, key, len, gfp);
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
