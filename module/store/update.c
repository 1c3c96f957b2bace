// SPDX-License-Identifier: GPL-2.0-only
/*
 * Operations that find the key present, and change it or compare it
 */
#include <linux/errno.h>
#include <linux/string.h>

#include "store.h"

int bytemap_update_charge(struct bytemap *map, struct bytemap_request *req,
			  u64 from, u64 to)
{
	int err = bytemap_gauge_change(&map->bytes, from, to);

	return err ? bytemap_request_blocked(req, &map->bytes, to - from, err) : 0;
}

static bool fits_in_place(const struct bytemap *map,
			  const struct bytemap_request *req,
			  const struct bytemap_value *value)
{
	return bytemap_value_is_small(value) &&
	       req->op->value_len <= value->capacity &&
	       bytemap_request_is_mortal(map, req) == value->mortal;
}

static void set_deadline_locked(struct bytemap *map,
				struct bytemap_request *req,
				struct bytemap_value *value)
{
	bytemap_mortal(value)->deadline = req->deadline;
	bytemap_expiry_queue_locked(map, value);
}

static int overwrite_locked(struct bytemap *map, struct bytemap_request *req,
			    struct bytemap_value *value, u32 len)
{
	int err;

	err = bytemap_update_charge(map, req, value->len, len);
	if (err)
		return err;
	memcpy(value->bytes, req->value, len);
	WRITE_ONCE(value->len, len);
	if (value->mortal && !bytemap_request_has(req, OP_CALCULATES)) {
		set_deadline_locked(map, req, value);
		bytemap_owner_set_locked(map, value,
					 bytemap_request_owner(req));
	}
	err = bytemap_value_revise_locked(map, req, value);
	if (!err)
		bytemap_count(map, BYTEMAP_IN_PLACE);
	return err;
}

static bool put_in_core(struct bytemap *map, struct bytemap_request *req,
			struct bytemap_value *value, u64 revision)
{
	req->fresh->revision = revision;
	req->op->revision = revision;
	return syncmap_compare_and_swap(&map->core, req->key, req->op->key_len,
					value, req->fresh);
}

/* With its lock, as nobody may change a mortal object before it is queued */
static bool put_fresh_locked(struct bytemap *map, struct bytemap_request *req,
			     struct bytemap_value *value, u64 revision)
{
	bool watched = !revision && READ_ONCE(map->watched);
	struct bytemap_value *fresh = req->fresh;
	bool done;

	if (!revision && !watched)
		revision = bytemap_next_revision(map);
	if (!fresh->mortal && !watched)
		return put_in_core(map, req, value, revision);
	spin_lock_nested(&fresh->lock.lock, SINGLE_DEPTH_NESTING);
	done = watched ? bytemap_watch_swap(map, req, value) :
			 put_in_core(map, req, value, revision);
	if (done && fresh->mortal) {
		bytemap_expiry_queue_locked(map, fresh);
		bytemap_owner_link_locked(map, fresh);
	}
	spin_unlock(&fresh->lock.lock);
	return done;
}

/*
 * With a new revision, if @revision is 0. Growth is charged before, and what is
 * charged too much given back after.
 */
int bytemap_replace_locked(struct bytemap *map, struct bytemap_request *req,
			   struct bytemap_value *value, u64 revision)
{
	u64 from = bytemap_value_charge(value);
	u64 to = bytemap_value_charge(req->fresh);
	u64 most = max(from, to);
	u64 before = bytemap_memory_of_entry(map, value);
	u64 after = bytemap_memory_of_entry(map, req->fresh);
	u64 peak = max(before, after);
	int err;

	err = bytemap_update_charge(map, req, from, most);
	if (err)
		return err;
	err = bytemap_memory_change(map, before, peak, &req->shortage);
	if (err) {
		bytemap_gauge_change(&map->bytes, most, from);
		return err;
	}
	bytemap_publish(map, req, value->epoch);
	if (bytemap_request_has(req, OP_APPENDS) && !value->leased)
		bytemap_append_inherit(req->fresh, value);
	if (!put_fresh_locked(map, req, value, revision)) {
		bytemap_unpublish(req);
		bytemap_memory_change(map, peak, before, NULL);
		bytemap_gauge_change(&map->bytes, most, from);
		return -EAGAIN;
	}
	bytemap_memory_change(map, peak, after, NULL);
	bytemap_gauge_change(&map->bytes, most, to);
	if (value->mortal) {
		bytemap_expiry_unqueue_locked(map, value);
		bytemap_owner_unlink_locked(map, value);
	}
	value->state = value->leased ? VALUE_DELETED : VALUE_REPLACED;
	req->dooms = true;
	bytemap_value_put(value);
	if (!value->leased)
		bytemap_count(map, BYTEMAP_REPLACED);
	return 0;
}

/* A value that has no room for a deadline is replaced by a copy that has */
static int touch_locked(struct bytemap *map, struct bytemap_request *req,
			struct bytemap_value *value)
{
	int err;

	if (value->mortal) {
		set_deadline_locked(map, req, value);
		return 0;
	}
	if (req->deadline == SYNCMAP_NEVER)
		return 0;
	err = bytemap_carry_locked(req, value);
	return err ?: bytemap_replace_locked(map, req, value, value->revision);
}

static int delete_locked(struct bytemap *map, struct bytemap_request *req,
			 struct bytemap_value *value)
{
	int err = bytemap_value_revise_locked(map, req, value);

	if (!err)
		bytemap_value_end_locked(map, value);
	return err;
}

/* Owner and deadline stay as they are */
static int calculate_locked(struct bytemap *map, struct bytemap_request *req,
			    struct bytemap_value *value)
{
	int err = bytemap_number_change(req->op, value->bytes, value->len,
					&req->number);

	if (err)
		return err;
	bytemap_request_take_number(req);
	bytemap_count(map, BYTEMAP_CALCULATED);
	return overwrite_locked(map, req, value, value->len);
}

static int change_locked(struct bytemap *map, struct bytemap_request *req,
			 struct bytemap_value *value)
{
	if (bytemap_request_has(req, OP_DELETES))
		return delete_locked(map, req, value);
	if (req->op->op == SYNCMAP_OP_TOUCH)
		return touch_locked(map, req, value);
	if (bytemap_request_has(req, OP_CALCULATES))
		return calculate_locked(map, req, value);
	if (bytemap_request_has(req, OP_APPENDS))
		return bytemap_append_locked(map, req, value);
	if (req->in_place)
		return overwrite_locked(map, req, value, req->op->value_len);
	return bytemap_replace_locked(map, req, value, 0);
}

/* A store, or a delete without a condition, leaves no stale value behind */
static bool makes_way(const struct bytemap_request *req)
{
	return bytemap_request_inserts(req) ||
	       (bytemap_request_has(req, OP_DELETES) &&
		!bytemap_request_has(req, OP_TAKES_OLD));
}

static int absent_locked(struct bytemap *map, struct bytemap_request *req,
			 struct bytemap_value *value)
{
	/* An inserter may look at another one */
	bytemap_view_release(&req->found);
	if (makes_way(req))
		bytemap_expire_locked(map, value, false);
	return -ENOENT;
}

/* Tell what is there. -EMSGSIZE: more than the caller has room for */
int bytemap_tell(struct syncmap_op *op, const struct bytemap_view *found)
{
	op->result = SYNCMAP_OP_LOADED;
	op->revision = found->revision;
	op->expires = found->deadline;
	op->out_len = found->len;
	return op->out_size && found->len > op->out_size ? -EMSGSIZE : 0;
}

static bool is_content(const struct bytemap_request *req,
		       const struct bytemap_value *value)
{
	return !memcmp(value->bytes, req->old, req->op->old_len);
}

/* A large value, without its lock: as compare_locked(), if it stays so long */
static int compare(const struct bytemap_request *req,
		   const struct bytemap_value *value)
{
	if (bytemap_value_len(value) != req->op->old_len)
		return -EAGAIN;
	return is_content(req, value) ? 0 : -EBUSY;
}

/*
 * Is the value the expected one? The content of a large one was compared before
 * the lock was taken; since then it can only have become longer. If it is as
 * long as the expected one only now, it has to be compared anew.
 */
static int compare_locked(const struct bytemap_request *req,
			  const struct bytemap_value *value, int compared)
{
	const struct syncmap_op *op = req->op;

	if (!bytemap_request_has(req, OP_TAKES_OLD))
		return 0;
	if (op->flags & SYNCMAP_OP_BY_REVISION)
		return value->revision == op->expected ? 0 : -EBUSY;
	if (value->len != op->old_len)
		return -EBUSY;
	if (bytemap_value_is_small(value))
		return is_content(req, value) ? 0 : -EBUSY;
	return compared;
}

static int update_locked(struct bytemap *map, struct bytemap_request *req,
			 struct bytemap_value *value, int compared)
{
	struct syncmap_op *op = req->op;
	u64 previous;
	int err;

	if (value->state == VALUE_REPLACED)
		return -EAGAIN;
	if (value->state >= VALUE_LEASED)
		return -ENOENT;
	bytemap_value_settle_locked(map, value);
	bytemap_value_view_locked(value, &req->found, op->out_size);
	if (bytemap_view_is_late(&req->found))
		return absent_locked(map, req, value);
	err = bytemap_tell(op, &req->found);
	compared = compare_locked(req, value, compared);
	if (compared == -EBUSY)
		bytemap_count(map, BYTEMAP_MISMATCH);
	if (compared || err)
		return compared ?: err;
	previous = value->revision;
	err = change_locked(map, req, value);
	if (err)
		return err;
	if (op->revision != previous)
		op->previous = previous;
	if (bytemap_request_has(req, OP_TAKES_DEADLINE) &&
	    !bytemap_request_has(req, OP_CALCULATES | OP_APPENDS))
		op->expires = req->deadline;
	return 0;
}

static bool touch_needs_fresh(struct bytemap_request *req,
			      const struct bytemap_value *value)
{
	if (value->mortal || req->deadline == SYNCMAP_NEVER)
		return false;
	if (!req->fresh || req->room != value->capacity) {
		req->room = value->capacity;
		return true;
	}
	bytemap_carry(req, value, bytemap_value_len(value));
	return false;
}

static bool needs_fresh(struct bytemap *map, struct bytemap_request *req,
			const struct bytemap_value *value)
{
	if (req->op->op == SYNCMAP_OP_TOUCH)
		return touch_needs_fresh(req, value);
	if (bytemap_request_has(req, OP_APPENDS))
		return bytemap_append_needs_fresh(map, req, value);
	if (!bytemap_request_has(req, OP_TAKES_VALUE))
		return false;
	/* Nothing that it depends on changes any more */
	req->in_place = fits_in_place(map, req, value);
	return !req->in_place && !req->fresh;
}

/* Of all that try, one succeeds, and puts it */
void bytemap_remove_deleted(struct bytemap *map, const void *key, size_t len,
			    struct bytemap_value *value)
{
	if (syncmap_compare_and_delete(&map->core, key, len, value))
		bytemap_value_put(value);
}

static void remove_found(struct bytemap *map, struct bytemap_request *req,
			 struct bytemap_value *value)
{
	req->dooms = true;
	bytemap_remove_deleted(map, req->key, req->op->key_len, value);
}

static bool make_way_locked(struct bytemap *map, struct bytemap_request *req,
			    struct bytemap_value *value)
{
	bool keep = bytemap_request_has(req, OP_WAITS);

	if (value->state == VALUE_LIVE ||
	    (value->state == VALUE_LAPSED && !keep)) {
		bytemap_value_view_locked(value, &req->found, 0);
		if (bytemap_view_is_late(&req->found))
			bytemap_expire_locked(map, value, keep);
	}
	return value->state == VALUE_DELETED;
}

/*
 * The key was found absent, and @value in the core: see to it that an insertion
 * can follow, unless the key has come back, or somebody computes it. A lease
 * takes a stale value along.
 */
void bytemap_make_way(struct bytemap *map, struct bytemap_request *req,
		      struct bytemap_value *value)
{
	bool deleted = true;

	if (value->mortal) {
		write_seqlock(&value->lock);
		deleted = make_way_locked(map, req, value);
		write_sequnlock(&value->lock);
	}
	if (deleted)
		remove_found(map, req, value);
}

/*
 * Within the RCU read section in which @value was found in the core.
 *
 * Return: as bytemap_op(); -EAGAIN to start over, with what @req says it lacks.
 */
int bytemap_update(struct bytemap *map, struct bytemap_request *req,
		   struct bytemap_value *value)
{
	int ret, compared = 0;
	bool deleted;

	if (needs_fresh(map, req, value)) {
		req->wants_fresh = true;
		return -EAGAIN;
	}
	if (bytemap_request_has(req, OP_TAKES_OLD) && !bytemap_value_is_small(value))
		compared = compare(req, value);
	write_seqlock(&value->lock);
	ret = update_locked(map, req, value, compared);
	deleted = value->state == VALUE_DELETED;
	write_sequnlock(&value->lock);
	if (deleted)
		remove_found(map, req, value);
	return ret;
}
