// SPDX-License-Identifier: GPL-2.0-only
/*
 * Operations that find the key present, and change it or compare it
 */
#include <linux/errno.h>
#include <linux/string.h>

#include "attempt.h"
#include "bucket.h"
#include "bytemap.h"
#include "entry.h"
#include "fresh.h"
#include "lease.h"
#include "number.h"
#include "request.h"
#include "update.h"
#include "value.h"
#include "view.h"
#include "window.h"

/* What the operations do */

static bool has_room(const struct bytemap_attempt *at,
		     const struct bytemap_value *value)
{
	return bytemap_value_is_small(value) && at->len <= value->capacity &&
	       bytemap_request_is_mortal(at->req, at->deadline) == value->mortal &&
	       bytemap_request_keeps(at->req) == bytemap_value_is_kept(value);
}

/*
 * STORE, SWAP, COMPARE_AND_SWAP. In the RCU read section in which @value was found;
 * nothing that this depends on changes any more.
 *
 * Return: 0 or NEED_FRESH.
 */
int bytemap_update_prepare_store(struct bytemap_attempt *at,
				 const struct bytemap_value *value)
{
	at->in_place = has_room(at, value);
	if (at->in_place || at->req->fresh)
		return 0;
	return bytemap_needs_fresh(at, bytemap_request_is_mortal(at->req,
								 at->deadline),
				   at->len);
}

/* With the lock of @value. Return: as the transition of entry.c */
int bytemap_update_store_locked(struct bytemap_attempt *at,
				struct bytemap_value *value)
{
	int err;

	err = at->in_place ? bytemap_entry_overwrite_locked(at, value) :
			     bytemap_entry_replace_locked(at, value, 0);
	if (!err)
		at->req->answer->expires = at->deadline;
	return err;
}

/*
 * TOUCH: a value that has no room for a deadline is replaced by a copy that has. In
 * the RCU read section in which @value was found.
 *
 * Return: 0 or NEED_FRESH.
 */
int bytemap_update_prepare_touch(struct bytemap_attempt *at,
				 const struct bytemap_value *value)
{
	if (value->mortal || at->deadline == SYNCMAP_NEVER)
		return 0;
	if (!at->req->fresh || at->room != value->capacity)
		return bytemap_needs_fresh(at, true, value->capacity);
	bytemap_fresh_carry(at, value, bytemap_value_len(value));
	return 0;
}

static int set_deadline_locked(struct bytemap_attempt *at,
			       struct bytemap_value *value)
{
	if (value->mortal) {
		bytemap_entry_touch_locked(at, value);
		return 0;
	}
	if (at->deadline == SYNCMAP_NEVER)
		return 0;
	return bytemap_fresh_carry_locked(at, value) ?:
	       bytemap_entry_replace_locked(at, value, value->revision);
}

/* With the lock of @value. Return: as the transition of entry.c */
int bytemap_update_touch_locked(struct bytemap_attempt *at,
				struct bytemap_value *value)
{
	int err = set_deadline_locked(at, value);

	if (!err)
		at->req->answer->expires = at->deadline;
	return err;
}

/*
 * ADD and the like: owner and deadline stay as they are. With the lock of @value.
 *
 * Return: as the transition of entry.c; -ERANGE; -EILSEQ.
 */
int bytemap_update_calculate_locked(struct bytemap_attempt *at,
				    struct bytemap_value *value)
{
	struct bytemap_number *number = &at->number;
	int err;

	err = bytemap_number_change(at->req->op, at->req->answer, value->bytes,
				    value->len, number);
	if (err)
		return err;
	bytemap_count(at->map, BYTEMAP_CALCULATED);
	return bytemap_entry_edit_locked(at, value, 0, &number->wide,
					 number->len);
}

/* Is the value the expected one? */

static bool is_content(const struct bytemap_request *req,
		       const struct bytemap_value *value)
{
	return !memcmp(value->bytes, req->old, req->op->old_len);
}

/* A large value, without its lock: as compare_locked(), if it stays so long */
static int compare_large(const struct bytemap_request *req,
			 const struct bytemap_value *value)
{
	if (bytemap_value_len(value) != req->op->old_len)
		return START_OVER;
	return is_content(req, value) ? 0 : -EBUSY;
}

/*
 * The content of a large value was @compared before the lock was taken; since
 * then it can only have become longer. If it is as long as the expected one only
 * now, it has to be compared anew.
 */
static int compare_locked(const struct bytemap_request *req,
			  const struct bytemap_value *value, int compared)
{
	const struct syncmap_op *op = req->op;

	if (!bytemap_request_has(req, OP_TAKES_OLD))
		return 0;
	if (op->flags & SYNCMAP_FLAG_BY_REVISION)
		return value->revision == op->expected ? 0 : -EBUSY;
	if (value->len != op->old_len)
		return -EBUSY;
	if (bytemap_value_is_small(value))
		return is_content(req, value) ? 0 : -EBUSY;
	return compared;
}

/* From what is there to what becomes of it */

/* A store, or a delete without a condition, leaves no stale value behind */
static bool makes_way(const struct bytemap_request *req)
{
	return bytemap_request_inserts(req) || bytemap_request_deletes(req);
}

static int absent_locked(struct bytemap_attempt *at,
			 struct bytemap_value *value)
{
	/* An inserter may look at another one */
	bytemap_view_release(&at->req->found);
	if (makes_way(at->req))
		bytemap_entry_expire_locked(at->map, value);
	return ABSENT;
}

static int change_locked(struct bytemap_attempt *at,
			 struct bytemap_value *value)
{
	struct syncmap_answer *answer = at->req->answer;
	u64 previous = value->revision;
	int err;

	err = at->verb->change_locked(at, value);
	if (!err && answer->revision != previous)
		answer->previous = previous;
	return err;
}

static int update_locked(struct bytemap_attempt *at,
			 struct bytemap_value *value, int compared)
{
	struct bytemap_request *req = at->req;
	int err;

	if (value->state == VALUE_REPLACED)
		return START_OVER;
	if (value->state >= VALUE_LEASED)
		return ABSENT;
	bytemap_entry_settle_locked(at->map, value);
	bytemap_view_locked(value, &req->found, req->op->out_size);
	if (bytemap_view_is_late(&req->found))
		return absent_locked(at, value);
	err = bytemap_request_answer(req);
	compared = compare_locked(req, value, compared);
	if (compared == -EBUSY)
		bytemap_count(at->map, BYTEMAP_MISMATCH);
	return compared ?: err ?: change_locked(at, value);
}

static void remove_met(struct bytemap_attempt *at, struct bytemap_value *value)
{
	at->dooms = true;
	bytemap_entry_remove(at->map, &at->key, value);
}

/*
 * Does what the operation says to @value, within the RCU read section in which it
 * was found in the core.
 *
 * Return: 0; an error; an outcome.
 */
int bytemap_update(struct bytemap_attempt *at, struct bytemap_value *value)
{
	const struct bytemap_request *req = at->req;
	int ret, compared = 0;
	bool deleted;

	ret = at->verb->prepare ? at->verb->prepare(at, value) : 0;
	if (ret)
		return ret;
	if (bytemap_request_has(req, OP_TAKES_OLD) && !bytemap_value_is_small(value))
		compared = compare_large(req, value);
	write_seqlock(&value->lock);
	ret = update_locked(at, value, compared);
	deleted = value->state == VALUE_DELETED;
	write_sequnlock(&value->lock);
	if (deleted)
		remove_met(at, value);
	return ret;
}

static bool make_way_locked(struct bytemap_attempt *at,
			    struct bytemap_value *value)
{
	struct bytemap_view *found = &at->req->found;
	bool keep = bytemap_request_has(at->req, OP_WAITS);

	if (value->state == VALUE_LIVE ||
	    (value->state == VALUE_LAPSED && !keep)) {
		bytemap_view_locked(value, found, 0);
		if (bytemap_view_is_late(found) && keep)
			bytemap_entry_lapse_locked(at->map, value);
		else if (bytemap_view_is_late(found))
			bytemap_entry_expire_locked(at->map, value);
	} else if (value->leased && keep) {
		bytemap_lease_lapse_locked(at->map, value);
	}
	return value->state == VALUE_DELETED;
}

/* The sweeper will not come by: what is in a mapping of the value goes now */
static void forget_met(struct bytemap_attempt *at,
		       const struct bytemap_value *value)
{
	u8 state = READ_ONCE(value->state);

	if (bytemap_is_mirrored(at->map) &&
	    (state == VALUE_LAPSED || state == VALUE_DELETED))
		bytemap_bucket_refresh(at->map->mirror, &at->key, at->req->key,
				       at->req->op->key_len);
}

/*
 * The key was found absent, and @value in the core: sees to it that an insertion
 * can follow, unless the key has come back, or somebody computes it and still has
 * time. A lease takes a stale value along. In the RCU read section in which @value
 * was found.
 */
void bytemap_update_make_way(struct bytemap_attempt *at,
			     struct bytemap_value *value)
{
	bool deleted = true;

	if (value->mortal) {
		write_seqlock(&value->lock);
		deleted = make_way_locked(at, value);
		write_sequnlock(&value->lock);
	}
	if (deleted)
		remove_met(at, value);
	forget_met(at, value);
}
