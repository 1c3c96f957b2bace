// SPDX-License-Identifier: GPL-2.0-only
/*
 * Operations that find the key absent, and store it
 */
#include <linux/errno.h>
#include <linux/rcupdate.h>
#include <linux/string.h>

#include "store.h"

/* An object for what is stored on the terms of @req */
struct bytemap_value *
bytemap_request_alloc(const struct bytemap *map,
		      const struct bytemap_request *req, size_t len)
{
	u32 key_len = req->op->key_len;
	struct bytemap_value *value;

	if (bytemap_request_is_mortal(map, req))
		return bytemap_mortal_alloc(len, req->key, key_len);
	value = bytemap_value_alloc(len);
	if (value)
		value->key_len = key_len;
	return value;
}

/* The new value, or room for it, in an object of its own */
int bytemap_request_fresh(const struct bytemap *map,
			  struct bytemap_request *req)
{
	bool takes = bytemap_request_has(req, OP_TAKES_VALUE);
	bool known = takes || bytemap_request_has(req, OP_CALCULATES);
	u32 len = takes ? req->op->value_len : req->room;

	req->wants_fresh = false;
	if (req->fresh)
		return 0;
	req->fresh = bytemap_request_alloc(map, req, len);
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
void bytemap_publish(struct bytemap_request *req, u8 epoch)
{
	struct bytemap_value *fresh = req->fresh;

	refcount_inc(&fresh->refs);
	fresh->epoch = epoch;
	fresh->revision = 0;
	fresh->inserter = req;
	fresh->state = VALUE_LIVE;
	if (fresh->mortal)
		bytemap_mortal(fresh)->deadline = req->deadline;
}

/* The core has not taken it */
void bytemap_unpublish(struct bytemap_request *req)
{
	req->fresh->state = VALUE_FRESH;
	refcount_dec(&req->fresh->refs);
}

static int reserve(struct bytemap *map, struct bytemap_request *req, u64 bytes)
{
	int err;

	err = bytemap_gauge_reserve(&map->entries, 1);
	if (err)
		return bytemap_request_blocked(req, &map->entries, 1, err);
	err = bytemap_gauge_reserve(&map->bytes, bytes);
	if (err) {
		bytemap_gauge_cancel(&map->entries, 1);
		return bytemap_request_blocked(req, &map->bytes, bytes, err);
	}
	return 0;
}

/*
 * Returns its revision, even if the value has been overwritten meanwhile. Who
 * deleted it has not found it queued.
 */
static u64 settle(struct bytemap *map, struct bytemap_value *fresh)
{
	u64 revision;

	write_seqlock(&fresh->lock);
	bytemap_value_settle_locked(map, fresh);
	revision = fresh->born;
	if (fresh->mortal && fresh->state == VALUE_LIVE)
		bytemap_expiry_queue_locked(map, fresh);
	write_sequnlock(&fresh->lock);
	return revision;
}

static bool is_present(struct bytemap *map, struct bytemap_request *req)
{
	void *value;
	bool present;

	rcu_read_lock();
	present = syncmap_load(&map->core, req->key, req->op->key_len,
			       &value) &&
		  bytemap_value_view(map, value, &req->found, 0) != -ENOENT;
	rcu_read_unlock();
	return present;
}

/* Return: as bytemap_update() */
int bytemap_insert(struct bytemap *map, struct bytemap_request *req)
{
	struct syncmap_op *op = req->op;
	void *actual;
	u64 bytes;
	int ret;

	ret = bytemap_request_has(req, OP_CALCULATES) ?
		bytemap_number_begin(req) : 0;
	ret = ret ?: bytemap_request_fresh(map, req);
	if (ret)
		return ret;
	bytes = bytemap_value_charge(req->fresh);
	ret = reserve(map, req, bytes);
	if (ret)
		return ret == -ENOSPC && is_present(map, req) ? -EAGAIN : ret;
	bytemap_publish(req, READ_ONCE(map->epoch));
	ret = syncmap_load_or_store(&map->core, req->key, op->key_len,
				    req->fresh, &actual, BYTEMAP_GFP);
	if (ret) {
		bytemap_unpublish(req);
		bytemap_gauge_cancel(&map->bytes, bytes);
		bytemap_gauge_cancel(&map->entries, 1);
		return ret < 0 ? ret : -EAGAIN;
	}
	bytemap_value_charged(map, req->fresh);
	/* A Clear waits for the commit: its revision is a higher one */
	op->revision = settle(map, req->fresh);
	op->expires = req->deadline;
	bytemap_gauge_commit(&map->bytes);
	bytemap_gauge_commit(&map->entries);
	return 0;
}
