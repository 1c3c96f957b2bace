// SPDX-License-Identifier: GPL-2.0-only
/*
 * The operations on one key
 *
 * The core's word of a key points to a value object, or the key is absent
 * there. Who holds the lock of a live object decides what becomes of the key:
 *
 *	in place	bytes, length and revision change
 *	replace		core: compare_and_swap(object, other); state = REPLACED
 *	delete		state = DELETED; unlock; core: compare_and_delete(object)
 *
 * An insertion is the core's load_or_store() of a fresh object. Nobody else
 * changes the word, so of a live object that is not in the core any more, only
 * a Clear can be the reason.
 *
 * Why each is linearizable. All of it happens in one RCU read section that
 * begins before the object is loaded from the core at t1:
 *
 * - Delete takes effect when the object is marked. From then on everybody who
 *   finds it says "absent": who loaded the pointer before the mark has an
 *   absent instant right after it; who loads it later finds a word that stands
 *   for an absent key, until a compare_and_delete() comes. An inserter cannot
 *   overtake that: load_or_store() loads while the word is there. So writers
 *   that find the mark help to remove the object; whoever succeeds puts it.
 * - Update in place and compare take effect under the lock. A live object is
 *   the key's home: had the word changed, the object would be marked.
 * - Replace takes effect in the core's compare_and_swap(). An updater that
 *   waited for the lock finds REPLACED and starts over. A reader who loaded
 *   the old object before returns its last content, which was the key's value
 *   right before the replacement, thus after t1.
 * - A mismatch, or a load, takes effect when content and state are read
 *   together, under the lock or in one sequence.
 * - Clear: a live object that was loaded before a Clear and is changed after it
 *   linearizes before it: nobody who starts later can find it, and whoever
 *   found it earlier is concurrent with the Clear, too. free_value() waits for
 *   the read sections. Replacing fails in the core or linearizes there.
 *
 * Accounting: who marks the object, or the core's free_value() when nobody has,
 * uncharges the entry. Memory: who removes the object from the core puts it.
 *
 * Progress: an attempt is repeated only because another operation on the key
 * has taken effect, or a reservation or a Clear was waited for. A fatal signal
 * ends the repetition.
 */
#include <linux/errno.h>
#include <linux/rcupdate.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "store.h"

static bool has(const struct bytemap_request *req, u16 any)
{
	return bytemap_op_has(req->op->op, any);
}

/* An error of a gauge, noted for wait_for_room() */
static int blocked(struct bytemap_request *req, struct bytemap_gauge *gauge,
		   u64 n, int err)
{
	req->blocked = gauge;
	req->blocked_for = n;
	return err;
}

static int change_bytes(struct bytemap *map, struct bytemap_request *req,
			u32 from, u32 to)
{
	int err = bytemap_gauge_change(&map->bytes, from, to);

	return err ? blocked(req, &map->bytes, to - from, err) : 0;
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

/* From here on the core and the request both have a reference */
static void publish(struct bytemap_request *req, u64 revision, u8 epoch)
{
	struct bytemap_value *fresh = req->fresh;

	refcount_inc(&fresh->refs);
	fresh->key_len = req->op->key_len;
	fresh->epoch = epoch;
	fresh->revision = revision;
	fresh->state = VALUE_LIVE;
}

/* The core has not taken it */
static void unpublish(struct bytemap_request *req)
{
	req->fresh->state = VALUE_FRESH;
	refcount_dec(&req->fresh->refs);
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
	publish(req, bytemap_next_revision(map), value->epoch);
	if (!syncmap_compare_and_swap(&map->core, req->key, req->op->key_len,
				      value, req->fresh)) {
		unpublish(req);
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
	if (has(req, OP_DELETES))
		return delete_locked(map, req, value);
	if (fits_in_place(value, req->op->value_len))
		return overwrite_locked(map, req, value);
	return replace_locked(map, req, value);
}

/* Tell what is there. -EMSGSIZE: more than the caller has room for */
static int tell(struct syncmap_op *op, const struct bytemap_view *found)
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
	if (!has(req, OP_TAKES_OLD))
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
	err = tell(op, &req->found);
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
	return has(req, OP_TAKES_VALUE) && !req->fresh &&
	       !fits_in_place(value, req->op->value_len);
}

/* The deleter does the same: one of us succeeds */
static void remove_deleted(struct bytemap *map, struct bytemap_request *req,
			   struct bytemap_value *value)
{
	if (syncmap_compare_and_delete(&map->core, req->key, req->op->key_len,
				       value))
		bytemap_value_put(value);
}

static int update(struct bytemap *map, struct bytemap_request *req,
		  struct bytemap_value *value)
{
	bool deleted, same = false;
	int ret;

	if (needs_fresh(req, value)) {
		req->wants_fresh = true;
		return -EAGAIN;
	}
	if (has(req, OP_TAKES_OLD) && !bytemap_value_is_small(value))
		same = is_content(req, value);
	write_seqlock(&value->lock);
	ret = update_locked(map, req, value, same);
	deleted = value->state == VALUE_DELETED;
	write_sequnlock(&value->lock);
	if (deleted)
		remove_deleted(map, req, value);
	return ret;
}

static int look(struct bytemap *map, struct bytemap_request *req,
		struct bytemap_value *value)
{
	int err;

	err = bytemap_value_view(map, value, &req->found, req->op->out_size);
	if (err == -ENOENT && has(req, OP_INSERTS))
		remove_deleted(map, req, value);
	return err ?: tell(req->op, &req->found);
}

static int find(struct bytemap *map, struct bytemap_request *req)
{
	void *value;
	int ret = -ENOENT;

	rcu_read_lock();
	if (syncmap_load(&map->core, req->key, req->op->key_len, &value))
		ret = has(req, OP_KEEPS) ? look(map, req, value) :
					   update(map, req, value);
	rcu_read_unlock();
	return ret;
}

static int make_fresh(struct bytemap_request *req)
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

static int reserve(struct bytemap *map, struct bytemap_request *req, u64 bytes)
{
	int err;

	err = bytemap_gauge_reserve(&map->entries, 1);
	if (err)
		return blocked(req, &map->entries, 1, err);
	err = bytemap_gauge_reserve(&map->bytes, bytes);
	if (err) {
		bytemap_gauge_cancel(&map->entries, 1);
		return blocked(req, &map->bytes, bytes, err);
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

static int insert(struct bytemap *map, struct bytemap_request *req)
{
	struct syncmap_op *op = req->op;
	u64 bytes = bytemap_charge(op->key_len, op->value_len);
	void *actual;
	int ret;

	ret = make_fresh(req);
	if (ret)
		return ret;
	ret = reserve(map, req, bytes);
	if (ret)
		return ret == -ENOSPC && is_present(map, req) ? -EAGAIN : ret;
	publish(req, 0, READ_ONCE(map->epoch));
	ret = syncmap_load_or_store(&map->core, req->key, op->key_len,
				    req->fresh, &actual, BYTEMAP_GFP);
	if (ret) {
		unpublish(req);
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

static int attempt(struct bytemap *map, struct bytemap_request *req)
{
	int ret;

	bytemap_view_release(&req->found);
	bytemap_op_reset(req->op);
	ret = find(map, req);
	if (ret == -ENOENT && has(req, OP_INSERTS))
		ret = insert(map, req);
	if (ret == -ENOENT && req->op->op == SYNCMAP_OP_DELETE)
		ret = 0;
	return ret;
}

/* Between two attempts: get what the last one lacked */
static int prepare(struct bytemap_request *req)
{
	struct bytemap_gauge *gauge = req->blocked;

	if (fatal_signal_pending(current))
		return -EINTR;
	cond_resched();
	if (req->wants_fresh)
		return make_fresh(req);
	req->blocked = NULL;
	return gauge ? bytemap_gauge_wait(gauge, req->blocked_for) : 0;
}

/*
 * "Full" is the answer if at one instant there was no room and, for an insert,
 * no such key to overwrite. The key was absent before there was no room and
 * after. If nothing has been freed in between, it was absent then, too, and
 * nothing that a Clear has removed was still counted.
 */
static int check_full(struct bytemap *map, u64 freed)
{
	/* What removed the key counted that first: see the one, then the other */
	smp_rmb();
	if (bytemap_is_clearing(map))
		return bytemap_wait_cleared(map) ?: -EAGAIN;
	return atomic64_read(&map->freed) == freed ? -ENOSPC : -EAGAIN;
}

static void tell_full(struct bytemap *map, struct bytemap_request *req)
{
	struct syncmap_op *op = req->op;

	bytemap_count(map, BYTEMAP_REJECTED);
	op->limited = req->blocked == &map->entries ? SYNCMAP_LIMITED_ENTRIES :
						      SYNCMAP_LIMITED_BYTES;
	op->used = bytemap_gauge_read(req->blocked);
	op->limit = req->blocked->max;
}

/*
 * Does what @req says, which has passed bytemap_op_check() and
 * bytemap_key_check(). On 0 and -EBUSY @req->found is the value that was found,
 * if &syncmap_op.result says so and the caller has room for it.
 */
int bytemap_op(struct bytemap *map, struct bytemap_request *req)
{
	u64 freed;
	int ret;

	for (;;) {
		freed = atomic64_read_acquire(&map->freed);
		ret = attempt(map, req);
		if (ret == -ENOSPC)
			ret = check_full(map, freed);
		if (ret != -EAGAIN)
			break;
		ret = prepare(req);
		if (ret)
			break;
	}
	if (ret == -ENOSPC)
		tell_full(map, req);
	if (!has(req, OP_KEEPS))
		bytemap_throttle(map);
	req->op->status = ret;
	return ret;
}

void bytemap_request_release(struct bytemap_request *req)
{
	bytemap_view_release(&req->found);
	if (req->fresh)
		bytemap_value_put(req->fresh);
	req->fresh = NULL;
}
