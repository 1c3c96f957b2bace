// SPDX-License-Identifier: GPL-2.0-only
/*
 * Operations that find the key absent, and store it
 */
#include <linux/errno.h>
#include <linux/rcupdate.h>
#include <linux/sched/signal.h>
#include <linux/string.h>

#include "store.h"

/* How often an operation that finds no memory sees to it that there is some */
#define RECLAIM_TRIES	8

static struct bytemap_value *alloc(const struct bytemap_request *req,
				   bool mortal, size_t len)
{
	u32 key_len = req->op->key_len;
	struct bytemap_value *value;

	if (mortal)
		return bytemap_mortal_alloc(len, req->key, key_len);
	value = bytemap_value_alloc(len);
	if (value)
		value->key_len = key_len;
	return value;
}

static bool wait_doomed(struct bytemap *map)
{
	if (fatal_signal_pending(current) || bytemap_doom_is_empty(&map->doom))
		return false;
	bytemap_count(map, BYTEMAP_THROTTLED);
	return !bytemap_doom_wait(&map->doom);
}

/*
 * Is there memory now? What has been replaced or deleted only waits for a grace
 * period, and what has expired makes room. Not for ever: others may let more and
 * more expire.
 */
static bool reclaim(struct bytemap_request *req)
{
	struct bytemap *map = req->client ? req->client->map : NULL;
	unsigned long round;

	if (!map || req->reclaims++ >= RECLAIM_TRIES)
		return false;
	if (wait_doomed(map) || bytemap_expiry_reclaim(map))
		return true;
	/* What was to be freed may have been, since there was none */
	round = READ_ONCE(map->doom.rounds);
	if (round == req->round)
		return false;
	req->round = round;
	return true;
}

/* An object for what @req stores */
struct bytemap_value *
bytemap_request_alloc(struct bytemap_request *req, bool mortal, size_t len)
{
	struct bytemap_value *value;

	do {
		value = alloc(req, mortal, len);
	} while (!value && reclaim(req));
	return value;
}

/* The new value, or room for it, in an object of its own */
int bytemap_request_fresh(const struct bytemap *map,
			  struct bytemap_request *req)
{
	bool takes = bytemap_request_has(req, OP_TAKES_VALUE);
	bool known = takes || bytemap_request_has(req, OP_CALCULATES);
	u32 len = takes ? req->op->value_len : req->room;

	if (req->wants_fresh)
		bytemap_request_drop(req);
	req->wants_fresh = false;
	if (req->fresh)
		return 0;
	if (bytemap_request_has(req, OP_APPENDS))
		return bytemap_append_fresh(req);
	req->fresh = bytemap_request_alloc(req,
					   bytemap_request_is_mortal(map, req),
					   len);
	if (!req->fresh)
		return -ENOMEM;
	if (known)
		memcpy(req->fresh->bytes, req->value, len);
	return 0;
}

/*
 * From here on the core and the request both have a reference. The revision is
 * still to be set, or to be settled.
 */
void bytemap_publish(struct bytemap *map, struct bytemap_request *req, u8 epoch)
{
	struct bytemap_value *fresh = req->fresh;

	refcount_inc(&fresh->refs);
	fresh->doom = &map->doom;
	fresh->epoch = epoch;
	fresh->revision = 0;
	fresh->inserter = req;
	fresh->state = fresh->leased ? VALUE_LEASED : VALUE_LIVE;
	if (fresh->mortal && !fresh->leased) {
		bytemap_mortal(fresh)->deadline = req->deadline;
		bytemap_mortal(fresh)->owner = bytemap_request_owner(req);
	}
}

/* The core has not taken it */
void bytemap_unpublish(struct bytemap_request *req)
{
	req->fresh->state = VALUE_FRESH;
	refcount_dec(&req->fresh->refs);
}

static int reserve(struct bytemap *map, struct bytemap_request *req, u64 bytes,
		   u64 memory)
{
	int err;

	err = bytemap_gauge_reserve(&map->entries, 1);
	if (err)
		return bytemap_request_blocked(req, &map->entries, 1, err);
	/* bytemap_freeze() has waited for us, or we see what it has done */
	err = bytemap_is_frozen(map) ? -EROFS : 0;
	if (err)
		goto cancel_entry;
	err = bytemap_gauge_reserve(&map->bytes, bytes);
	if (err) {
		bytemap_request_blocked(req, &map->bytes, bytes, err);
		goto cancel_entry;
	}
	err = bytemap_memory_add(map, memory, &req->shortage);
	if (!err)
		return 0;
	bytemap_gauge_cancel(&map->bytes, bytes);
cancel_entry:
	bytemap_gauge_cancel(&map->entries, 1);
	return err;
}

/*
 * Returns its revision, even if the value has been overwritten meanwhile. If it
 * has been deleted, nobody would take it out of a queue or list any more.
 */
static u64 settle(struct bytemap *map, struct bytemap_value *fresh)
{
	u64 revision;

	write_seqlock(&fresh->lock);
	bytemap_value_settle_locked(map, fresh);
	revision = fresh->born;
	if (fresh->mortal && fresh->state == VALUE_LIVE) {
		bytemap_expiry_queue_locked(map, fresh);
		bytemap_owner_link_locked(map, fresh);
	}
	write_sequnlock(&fresh->lock);
	return revision;
}

/* Somebody has inserted the key, or a lease for it, and with it its place */
static bool has_place(struct bytemap *map, struct bytemap_request *req)
{
	struct bytemap_value *value;
	bool has = false;
	void *found;

	rcu_read_lock();
	if (syncmap_load(&map->core, req->key, req->op->key_len, &found)) {
		value = found;
		has = bytemap_value_view(map, value, &req->found, 0) != -ENOENT ||
		      READ_ONCE(value->state) == VALUE_LEASED;
	}
	rcu_read_unlock();
	return has;
}

/* The object that @req has. Return: as bytemap_update() */
int bytemap_insert_fresh(struct bytemap *map, struct bytemap_request *req)
{
	struct bytemap_value *fresh = req->fresh;
	u64 memory = bytemap_memory_of_entry(map, fresh);
	u64 bytes = bytemap_value_charge(fresh);
	void *actual;
	int ret;

	ret = reserve(map, req, bytes, memory);
	if (ret)
		return bytemap_request_is_full(req, ret) &&
		       has_place(map, req) ? -EAGAIN : ret;
	bytemap_publish(map, req, READ_ONCE(map->epoch));
	ret = syncmap_load_or_store(&map->core, req->key, req->op->key_len,
				    fresh, &actual, BYTEMAP_GFP);
	if (ret) {
		bytemap_unpublish(req);
		bytemap_memory_sub(map, memory);
		bytemap_gauge_cancel(&map->bytes, bytes);
		bytemap_gauge_cancel(&map->entries, 1);
		if (ret == -ENOMEM && reclaim(req))
			return -EAGAIN;
		return ret < 0 ? ret : -EAGAIN;
	}
	req->dooms = true;
	bytemap_value_charged(map, fresh);
	/* A Clear waits for the commit: its revision is a higher one */
	if (!fresh->leased) {
		req->op->revision = settle(map, fresh);
		req->op->expires = req->deadline;
	}
	bytemap_gauge_commit(&map->bytes);
	bytemap_gauge_commit(&map->entries);
	return 0;
}

/* The object that is to be inserted */
int bytemap_insert_prepare(struct bytemap *map, struct bytemap_request *req)
{
	int err;

	if (bytemap_request_has(req, OP_APPENDS))
		return bytemap_append_begin(map, req);
	if (bytemap_request_has(req, OP_CALCULATES)) {
		err = bytemap_number_begin(req->op, &req->number);
		if (err)
			return err;
		bytemap_request_take_number(req);
	}
	return bytemap_request_fresh(map, req);
}

/* Return: as bytemap_update() */
int bytemap_insert(struct bytemap *map, struct bytemap_request *req)
{
	return bytemap_insert_prepare(map, req) ?:
	       bytemap_insert_fresh(map, req);
}
