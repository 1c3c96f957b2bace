// SPDX-License-Identifier: GPL-2.0-only
/*
 * Operations that find the key absent, and store it
 */
#include <linux/errno.h>
#include <linux/rcupdate.h>
#include <linux/string.h>

#include "store.h"

/* The new value in an object of its own */
int bytemap_request_fresh(struct bytemap_request *req)
{
	req->wants_fresh = false;
	if (req->fresh)
		return 0;
	req->fresh = bytemap_value_alloc(req->op->value_len);
	if (!req->fresh)
		return -ENOMEM;
	memcpy(req->fresh->bytes, req->value, req->op->value_len);
	return 0;
}

/* From here on the core and the request both have a reference */
void bytemap_publish(struct bytemap_request *req, u64 revision, u8 epoch)
{
	struct bytemap_value *fresh = req->fresh;

	refcount_inc(&fresh->refs);
	fresh->key_len = req->op->key_len;
	fresh->epoch = epoch;
	fresh->revision = revision;
	fresh->state = VALUE_LIVE;
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

/* Its revision, even if the value has been overwritten meanwhile */
static u64 insertion_revision(struct bytemap *map, struct bytemap_value *fresh)
{
	u64 revision;

	write_seqlock(&fresh->lock);
	bytemap_value_settle_locked(map, fresh);
	revision = fresh->born;
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
	u64 bytes = bytemap_charge(op->key_len, op->value_len);
	void *actual;
	int ret;

	ret = bytemap_request_fresh(req);
	if (ret)
		return ret;
	ret = reserve(map, req, bytes);
	if (ret)
		return ret == -ENOSPC && is_present(map, req) ? -EAGAIN : ret;
	bytemap_publish(req, 0, READ_ONCE(map->epoch));
	ret = syncmap_load_or_store(&map->core, req->key, op->key_len,
				    req->fresh, &actual, BYTEMAP_GFP);
	if (ret) {
		bytemap_unpublish(req);
		bytemap_gauge_cancel(&map->bytes, bytes);
		bytemap_gauge_cancel(&map->entries, 1);
		return ret < 0 ? ret : -EAGAIN;
	}
	bytemap_value_charged(map, req->fresh);
	bytemap_gauge_commit(&map->bytes);
	bytemap_gauge_commit(&map->entries);
	op->revision = insertion_revision(map, req->fresh);
	return 0;
}
