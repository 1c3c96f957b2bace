// SPDX-License-Identifier: GPL-2.0-only
/*
 * The operations on one key: what they are made of, and why it is right
 *
 * The core's word of a key points to a value object, or the key is absent
 * there. Whoever holds the lock of a live object decides what becomes of the
 * key:
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
 *   finds it says "absent": whoever loaded the pointer before the mark has an
 *   absent instant right after it; whoever loads it later finds a word that
 *   stands for an absent key, until a compare_and_delete() comes. An inserter
 *   cannot overtake that: load_or_store() loads while the word is there. So
 *   writers that find the mark help to remove the object; the one that succeeds
 *   puts it.
 * - Update in place and compare take effect under the lock. A live object is
 *   the key's home: had the word changed, the object would be marked.
 * - Replace takes effect in the core's compare_and_swap(). An updater that
 *   waited for the lock finds REPLACED and starts over. A reader who loaded
 *   the old object before returns its last content, which was the key's value
 *   right before the replacement, thus after t1.
 * - A mismatch, or a load, takes effect when content and state are read
 *   together, under the lock or in one sequence (litmus/sequence).
 * - What has expired, or has lost its owner, is absent from an instant on that
 *   no operation makes: the clock passes the deadline, or the owner's file is
 *   closed. Whoever reads the value looks at that in the same sequence.
 * - Clear: a writer that loaded a live object before a Clear may change it
 *   after that. Once it has drawn its revision, it compares the epoch of the
 *   map with that of the object. If they are equal, its revision is lower than
 *   that of the Clear, and all that is stored after the Clear has a higher one;
 *   the change linearizes before it: nobody who starts later can find the
 *   object, and whoever found it earlier is concurrent with the Clear, too. If
 *   not, the writer marks the object, so that nobody sees what was done to it,
 *   and starts over. Replacing fails in the core or linearizes there; the
 *   revision was drawn before. Whoever comes to an object by a queue or a list
 *   (expiry.c, owner.c) looks whether the core has it.
 *
 * Accounting: whoever marks the object, or the core's free_value() when nobody
 * has, uncharges the entry. Memory: whoever removes the object from the core
 * puts it.
 *
 * Progress: an attempt is repeated only because another operation on the key
 * has taken effect, or a reservation or a Clear was waited for. A fatal signal
 * ends the repetition.
 */
#include <linux/errno.h>
#include <linux/rcupdate.h>
#include <linux/sched/signal.h>

#include "store.h"
#include "trace.h"

/* Does not take the bytes yet, as most callers have them */
static bool is_unchanged(struct bytemap *map, struct bytemap_request *req,
			 struct bytemap_value *value)
{
	struct bytemap_view *found = &req->found;

	if (bytemap_value_view(map, value, found, 0) ||
	    found->revision > req->op->expected)
		return false;
	bytemap_tell(req->op, found);
	req->op->result |= SYNCMAP_OP_UNCHANGED;
	return true;
}

/* Within the RCU read section in which @value was found in the core */
int bytemap_look(struct bytemap *map, struct bytemap_request *req,
		 struct bytemap_value *value)
{
	int err;

	if (req->op->flags & SYNCMAP_OP_IF_NEWER &&
	    is_unchanged(map, req, value))
		return 0;
	err = bytemap_value_view(map, value, &req->found, req->op->out_size);
	if (err == -ENOENT && bytemap_request_inserts(req))
		bytemap_make_way(map, req, value);
	return err ?: bytemap_tell(req->op, &req->found);
}

/* Would it write into a frozen map? LOAD_OR_LEASE may look for a value first */
static bool comes_too_late(const struct bytemap *map,
			   const struct bytemap_request *req)
{
	return bytemap_is_frozen(map) && !bytemap_request_has(req, OP_WAITS) &&
	       bytemap_op_access(req->op->op) & SYNCMAP_ACCESS_WRITE;
}

static int find(struct bytemap *map, struct bytemap_request *req)
{
	struct bytemap_value *value;
	int ret = -ENOENT;
	void *found;

	rcu_read_lock();
	if (comes_too_late(map, req)) {
		ret = -EROFS;
	} else if (syncmap_load(&map->core, req->key, req->op->key_len, &found)) {
		value = found;
		ret = bytemap_request_has(req, OP_KEEPS) ?
			bytemap_look(map, req, value) : bytemap_update(map, req, value);
		if (ret == -ENOENT && value->leased)
			ret = bytemap_lease_meet(map, req, value);
	}
	rcu_read_unlock();
	return ret;
}

static int insert(struct bytemap *map, struct bytemap_request *req)
{
	if (bytemap_request_has(req, OP_WAITS))
		return bytemap_lease_take(map, req);
	if (req->met_lease)
		return bytemap_lease_replace(map, req);
	return bytemap_insert(map, req);
}

static int finish_lease(struct bytemap *map, struct bytemap_request *req)
{
	if (!bytemap_request_has(req, OP_TAKES_VALUE))
		return bytemap_lease_end(map, req);
	/* Whether there is such a lease, or was until the freeze */
	return bytemap_is_frozen(map) ? -EROFS : bytemap_lease_replace(map, req);
}

static int attempt(struct bytemap *map, struct bytemap_request *req)
{
	int ret;

	if (req->op->token)
		return finish_lease(map, req);
	req->met_lease = false;
	ret = find(map, req);
	if (ret == -ENOENT && bytemap_request_inserts(req))
		ret = insert(map, req);
	if (ret == -ENOENT && req->op->op == SYNCMAP_OP_DELETE)
		ret = 0;
	return ret;
}

/* Between two attempts: forget what the last one found, get what it lacked */
static int prepare(struct bytemap *map, struct bytemap_request *req)
{
	struct bytemap_gauge *gauge = req->blocked;

	bytemap_view_release(&req->found);
	bytemap_op_reset(req->op);
	if (fatal_signal_pending(current))
		return -EINTR;
	cond_resched();
	req->shortage.which = SYNCMAP_LIMITED_NOT;
	if (req->wants_fresh)
		return bytemap_request_fresh(map, req);
	if (req->wants_lease)
		return bytemap_lease_wait(map, req);
	req->blocked = NULL;
	return gauge ? bytemap_gauge_wait(gauge, req->blocked_for) : 0;
}

/*
 * "Full" is the answer if at one instant there was no room and, for an insert,
 * no such key to overwrite. The key was absent before there was no room and
 * after. If nothing has been freed in between, it was absent then, too, and
 * nothing that a Clear has removed was still counted. The account of the owner is
 * less exact: it may be full because of what another map is about to give back.
 */
static int check_full(struct bytemap *map, u64 freed, int full)
{
	/*
	 * What removed the key counted that first: see the one, then the other.
	 * Pairs with write_sequnlock(). See litmus/freed
	 */
	smp_rmb();
	if (bytemap_is_clearing(map))
		return bytemap_wait_cleared(map) ?: -EAGAIN;
	if (bytemap_expiry_sweep(map, BYTEMAP_SWEEP, true) ||
	    bytemap_owner_sweep(map, BYTEMAP_SWEEP))
		return -EAGAIN;
	return atomic64_read(&map->freed) == freed ? full : -EAGAIN;
}

static void tell_full(struct bytemap *map, struct bytemap_request *req)
{
	struct syncmap_op *op = req->op;

	bytemap_count(map, BYTEMAP_REJECTED);
	if (req->shortage.which)
		bytemap_limited(op, req->shortage.which, req->shortage.used,
				req->shortage.limit);
	else
		bytemap_limited(op, req->blocked == &map->entries ?
				    SYNCMAP_LIMITED_ENTRIES :
				    SYNCMAP_LIMITED_BYTES,
				bytemap_gauge_read(req->blocked),
				req->blocked->max);
	trace_bytemap_full(map, op->limited, op->used, op->limit);
}

/* An error of a gauge, noted so that it can be waited for */
int bytemap_request_blocked(struct bytemap_request *req,
			    struct bytemap_gauge *gauge, u64 n, int err)
{
	req->blocked = gauge;
	req->blocked_for = n;
	return err;
}

/* For who has written. What was done stays done if it is killed here */
static void throttle(struct bytemap *map)
{
	if (!bytemap_doom_is_full(&map->doom))
		return;
	bytemap_count(map, BYTEMAP_THROTTLED);
	bytemap_doom_wait_for_room(&map->doom);
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

	req->round = READ_ONCE(map->doom.rounds);
	if (bytemap_request_has(req, OP_INSERTS | OP_TAKES_DEADLINE))
		req->deadline = bytemap_expiry_deadline(map, req->op->deadline);
	for (;;) {
		freed = atomic64_read_acquire(&map->freed);
		ret = attempt(map, req);
		if (bytemap_request_is_full(req, ret)) {
			req->dooms = true;
			ret = check_full(map, freed, ret);
		}
		if (ret != -EAGAIN)
			break;
		ret = prepare(map, req);
		if (ret)
			break;
	}
	if (bytemap_request_is_full(req, ret))
		tell_full(map, req);
	if (ret && req->granted)
		bytemap_lease_abandon(req->client, req->granted);
	if (req->dooms)
		throttle(map);
	if (bytemap_op_access(req->op->op) & SYNCMAP_ACCESS_WRITE) {
		/*
		 * As an update of the core: unlocking a value is no barrier,
		 * and what this CPU loads next may have another key. Pairs with
		 * itself. See litmus/values
		 */
		smp_mb();
	}
	req->op->status = ret == -ERESTARTSYS ? -EINTR : ret;
	return ret;
}

/* What the core has at the key, with a reference; or NULL */
struct bytemap_value *bytemap_request_get(struct bytemap *map,
					  const struct bytemap_request *req)
{
	struct bytemap_value *value = NULL;
	void *found;

	rcu_read_lock();
	if (syncmap_load(&map->core, req->key, req->op->key_len, &found)) {
		value = found;
		if (!refcount_inc_not_zero(&value->refs))
			value = NULL;
	}
	rcu_read_unlock();
	return value;
}

/* Its object is not needed, or is not the kind that is needed. May sleep */
void bytemap_request_drop(struct bytemap_request *req)
{
	if (req->fresh)
		bytemap_value_put(req->fresh);
	req->fresh = NULL;
}

void bytemap_request_release(struct bytemap_request *req)
{
	bytemap_view_release(&req->found);
	bytemap_request_drop(req);
}
