// SPDX-License-Identifier: GPL-2.0-only
/*
 * Operations that find the key present, and change it or compare it
 */
#include <linux/errno.h>
#include <linux/rcupdate.h>
#include <linux/string.h>

#include "store.h"

static int change_bytes(struct bytemap *map, struct bytemap_request *req,
			u32 from, u32 to)
{
	int err = bytemap_gauge_change(&map->bytes, from, to);

	return err ? bytemap_request_blocked(req, &map->bytes, to - from, err) : 0;
}

static bool fits_in_place(const struct bytemap_value *value, u32 len)
{
	return bytemap_value_is_small(value) && len <= value->capacity;
}

static int overwrite_locked(struct bytemap *map, struct bytemap_request *req,
			    struct bytemap_value *value)
{
	u32 len = req->op->value_len;
	int err;

	err = change_bytes(map, req, value->len, len);
	if (err)
		return err;
	memcpy(value->bytes, req->fresh ? req->fresh->bytes : req->value, len);
	WRITE_ONCE(value->len, len);
	value->revision = bytemap_next_revision(map);
	req->op->revision = value->revision;
	bytemap_count(map, BYTEMAP_IN_PLACE);
	return 0;
}

/* Growth is charged before, and what is charged too much given back after */
static int replace_locked(struct bytemap *map, struct bytemap_request *req,
			  struct bytemap_value *value)
{
	u32 from = value->len, to = req->op->value_len, most = max(from, to);
	int err;

	err = change_bytes(map, req, from, most);
	if (err)
		return err;
	bytemap_publish(req, bytemap_next_revision(map), value->epoch);
	if (!syncmap_compare_and_swap(&map->core, req->key, req->op->key_len,
				      value, req->fresh)) {
		bytemap_unpublish(req);
		bytemap_gauge_change(&map->bytes, most, from);
		return -EAGAIN;
	}
	bytemap_gauge_change(&map->bytes, most, to);
	req->op->revision = req->fresh->revision;
	value->state = VALUE_REPLACED;
	bytemap_value_put(value);
	bytemap_count(map, BYTEMAP_REPLACED);
	return 0;
}

static int delete_locked(struct bytemap *map, struct bytemap_request *req,
			 struct bytemap_value *value)
{
	value->state = VALUE_DELETED;
	bytemap_value_uncharge(map, value);
	req->op->revision = bytemap_next_revision(map);
	return 0;
}

static int change_locked(struct bytemap *map, struct bytemap_request *req,
			 struct bytemap_value *value)
{
	if (bytemap_request_has(req, OP_DELETES))
		return delete_locked(map, req, value);
	if (fits_in_place(value, req->op->value_len))
		return overwrite_locked(map, req, value);
	return replace_locked(map, req, value);
}

/* Tell what is there. -EMSGSIZE: more than the caller has room for */
int bytemap_tell(struct syncmap_op *op, const struct bytemap_view *found)
{
	op->result = SYNCMAP_OP_LOADED;
	op->revision = found->revision;
	op->out_len = found->len;
	return op->out_size && found->len > op->out_size ? -EMSGSIZE : 0;
}

static bool is_content(const struct bytemap_request *req,
		       const struct bytemap_value *value)
{
	return value->len == req->op->old_len &&
	       !memcmp(value->bytes, req->old, value->len);
}

/* The content of a large value was compared before the lock was taken */
static bool matches_locked(const struct bytemap_request *req,
			   const struct bytemap_value *value, bool same)
{
	if (!bytemap_request_has(req, OP_TAKES_OLD))
		return true;
	if (req->op->flags & SYNCMAP_OP_BY_REVISION)
		return value->revision == req->op->expected;
	return bytemap_value_is_small(value) ? is_content(req, value) : same;
}

static int update_locked(struct bytemap *map, struct bytemap_request *req,
			 struct bytemap_value *value, bool same)
{
	struct syncmap_op *op = req->op;
	u64 previous;
	int err;

	if (value->state != VALUE_LIVE)
		return value->state == VALUE_DELETED ? -ENOENT : -EAGAIN;
	bytemap_value_settle_locked(map, value);
	bytemap_value_view_locked(value, &req->found, op->out_size);
	err = bytemap_tell(op, &req->found);
	if (!matches_locked(req, value, same)) {
		bytemap_count(map, BYTEMAP_MISMATCH);
		return -EBUSY;
	}
	if (err)
		return err;
	previous = value->revision;
	err = change_locked(map, req, value);
	if (!err)
		op->previous = previous;
	return err;
}

static bool needs_fresh(const struct bytemap_request *req,
			const struct bytemap_value *value)
{
	return bytemap_request_has(req, OP_TAKES_VALUE) && !req->fresh &&
	       !fits_in_place(value, req->op->value_len);
}

/* The deleter does the same: one of us succeeds */
void bytemap_remove_deleted(struct bytemap *map, struct bytemap_request *req,
			    struct bytemap_value *value)
{
	if (syncmap_compare_and_delete(&map->core, req->key, req->op->key_len,
				       value))
		bytemap_value_put(value);
}

/*
 * Within the RCU read section in which @value was found in the core.
 *
 * Return: as bytemap_op(); -EAGAIN to start over, with what @req says it lacks.
 */
int bytemap_update(struct bytemap *map, struct bytemap_request *req,
		   struct bytemap_value *value)
{
	bool deleted, same = false;
	int ret;

	if (needs_fresh(req, value)) {
		req->wants_fresh = true;
		return -EAGAIN;
	}
	if (bytemap_request_has(req, OP_TAKES_OLD) && !bytemap_value_is_small(value))
		same = is_content(req, value);
	write_seqlock(&value->lock);
	ret = update_locked(map, req, value, same);
	deleted = value->state == VALUE_DELETED;
	write_sequnlock(&value->lock);
	if (deleted)
		bytemap_remove_deleted(map, req, value);
	return ret;
}
