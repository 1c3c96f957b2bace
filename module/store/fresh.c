// SPDX-License-Identifier: GPL-2.0-only
/*
 * Objects for what an operation stores
 *
 * They are made before the core or the lock of a value is needed. If there is no
 * memory, there may be some when what was replaced or deleted is freed.
 */
#include <linux/errno.h>
#include <linux/sched/signal.h>
#include <linux/string.h>

#include "attempt.h"
#include "bytemap.h"
#include "doom.h"
#include "evict.h"
#include "fresh.h"
#include "request.h"
#include "sweep.h"
#include "value.h"

/* How often an operation that finds no memory sees to it that there is some */
#define RECLAIM_TRIES	8

static struct bytemap_value *alloc_object(const struct bytemap_request *req,
					  bool mortal, size_t len)
{
	u32 key_len = req->op->key_len;
	struct bytemap_value *value;

	if (mortal)
		return bytemap_value_alloc_mortal(len, req->key, key_len);
	value = bytemap_value_alloc(len);
	if (value)
		value->key_len = key_len;
	return value;
}

static bool wait_for_freed(struct bytemap *map)
{
	if (fatal_signal_pending(current) || bytemap_doom_is_empty(&map->doom))
		return false;
	bytemap_count(map, BYTEMAP_THROTTLED);
	return !bytemap_doom_wait(&map->doom);
}

/*
 * What has been replaced or deleted only waits for a grace period, and what has
 * expired, or can be evicted, makes room. Not for ever: others may let more and more
 * expire. Process context, may wait.
 *
 * Return: true if there may be memory now.
 */
bool bytemap_fresh_reclaim(struct bytemap *map, struct bytemap_reclaim *reclaim)
{
	unsigned long round;

	if (reclaim->tries++ >= RECLAIM_TRIES)
		return false;
	if (wait_for_freed(map) || bytemap_sweep_reclaim(map) ||
	    bytemap_evict_reclaim(map))
		return true;
	/* What was to be freed may have been, since there was none */
	round = READ_ONCE(map->doom.rounds);
	if (round == reclaim->round)
		return false;
	reclaim->round = round;
	return true;
}

static int make_object(struct bytemap *map, struct bytemap_request *req,
		       bool mortal, size_t len, struct bytemap_reclaim *reclaim)
{
	do {
		req->fresh = alloc_object(req, mortal, len);
	} while (!req->fresh && bytemap_fresh_reclaim(map, reclaim));
	return req->fresh ? 0 : -ENOMEM;
}

/*
 * Makes the object for the value of a request that is longer than %BYTEMAP_SMALL.
 * The caller fills it. Process context, may wait.
 *
 * Return: 0 or -ENOMEM.
 */
int bytemap_fresh_for(struct bytemap *map, struct bytemap_request *req)
{
	struct bytemap_reclaim reclaim = {
		.round = READ_ONCE(map->doom.rounds),
	};

	u64 deadline = req->op->deadline ?: READ_ONCE(map->ttl);

	return make_object(map, req, bytemap_request_is_mortal(req, deadline),
			   req->op->value_len, &reclaim);
}

/*
 * Makes the object that an attempt needs, in the place of one that does not suit,
 * with what is stored if that is known. Process context, may wait.
 *
 * Return: 0 or -ENOMEM.
 */
int bytemap_fresh_get(struct bytemap_attempt *at)
{
	struct bytemap_request *req = at->req;
	struct bytemap_value *before = req->fresh;
	int err;

	err = make_object(at->map, req, at->mortal, at->room, &at->reclaim);
	if (!err && at->bytes)
		memcpy(req->fresh->bytes, at->bytes, at->len);
	/* It may have had the bytes */
	if (before)
		bytemap_value_put(before);
	return err;
}

/*
 * Copies the first @len bytes of @value into the object: without its lock, unless
 * they may be overwritten. In an RCU read section in which it was found.
 */
void bytemap_fresh_carry(struct bytemap_attempt *at,
			 const struct bytemap_value *value, u32 len)
{
	at->source = value;
	at->carried = len;
	if (!bytemap_value_is_small(value))
		memcpy(at->req->fresh->bytes, value->bytes, len);
}

/*
 * The rest, with the lock of @value. The object is long enough.
 *
 * Return: 0, or START_OVER: it is a copy of another value, or there is too much.
 */
int bytemap_fresh_carry_locked(struct bytemap_attempt *at,
			       const struct bytemap_value *value)
{
	u32 from = bytemap_value_is_small(value) ? 0 : at->carried;
	struct bytemap_value *fresh = at->req->fresh;

	lockdep_assert_held(&value->lock.lock);
	if (at->source != value || value->len - from > BYTEMAP_STEP)
		return START_OVER;
	memcpy(fresh->bytes + from, value->bytes + from, value->len - from);
	fresh->len = value->len;
	return 0;
}
