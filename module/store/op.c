// SPDX-License-Identifier: GPL-2.0-only
/*
 * The operations on one key, from the request to its result
 *
 * An attempt looks the key up, and does what the operation does with a key that
 * is there, or is not: it changes the entry by a transition of entry.c, which has
 * the argument why that is right.
 *
 * Progress: an attempt is repeated only because another operation on the key
 * has taken effect, or something was waited for that it lacked: an object, memory,
 * a reservation of others, a Clear, a lease. A fatal signal ends the repetition.
 */
#include <linux/errno.h>
#include <linux/rcupdate.h>
#include <linux/sched/signal.h>
#include <linux/stddef.h>
#include <linux/string.h>
#include <linux/syncmap.h>

#include "append.h"
#include "attempt.h"
#include "bytemap.h"
#include "change.h"
#include "clear.h"
#include "deadline.h"
#include "doom.h"
#include "entry.h"
#include "error.h"
#include "evict.h"
#include "fresh.h"
#include "gauge.h"
#include "gfp.h"
#include "grant.h"
#include "insert.h"
#include "lease.h"
#include "mirror.h"
#include "op.h"
#include "request.h"
#include "sweep.h"
#include "trace.h"
#include "traits.h"
#include "update.h"
#include "value.h"
#include "view.h"
#include "waiter.h"
#include "window.h"

#define STORE	{							\
	.insert = bytemap_insert, .create = bytemap_insert_create,	\
	.prepare = bytemap_update_prepare_store,			\
	.change_locked = bytemap_update_store_locked,			\
}

#define DELETE	{ .change_locked = bytemap_entry_delete_locked }

#define NUMBER	{							\
	.insert = bytemap_insert, .create = bytemap_insert_create_number, \
	.change_locked = bytemap_update_calculate_locked,		\
}

/* What changes nothing looks: those that keep a key that is there */
static const struct bytemap_verb verbs[BYTEMAP_OPS] = {
	[SYNCMAP_OP_STORE] = STORE,
	[SYNCMAP_OP_LOAD_OR_STORE] = {
		.insert = bytemap_insert, .create = bytemap_insert_create,
	},
	[SYNCMAP_OP_LOAD_AND_DELETE] = DELETE,
	[SYNCMAP_OP_DELETE] = DELETE,
	[SYNCMAP_OP_SWAP] = STORE,
	[SYNCMAP_OP_COMPARE_AND_SWAP] = {
		.prepare = bytemap_update_prepare_store,
		.change_locked = bytemap_update_store_locked,
	},
	[SYNCMAP_OP_COMPARE_AND_DELETE] = DELETE,
	[SYNCMAP_OP_TOUCH] = {
		.prepare = bytemap_update_prepare_touch,
		.change_locked = bytemap_update_touch_locked,
	},
	[SYNCMAP_OP_ADD] = NUMBER,
	[SYNCMAP_OP_SUB] = NUMBER,
	[SYNCMAP_OP_MIN] = NUMBER,
	[SYNCMAP_OP_MAX] = NUMBER,
	[SYNCMAP_OP_AND] = NUMBER,
	[SYNCMAP_OP_OR] = NUMBER,
	[SYNCMAP_OP_XOR] = NUMBER,
	[SYNCMAP_OP_APPEND] = {
		.insert = bytemap_insert, .create = bytemap_append_create,
		.prepare = bytemap_append_prepare,
		.change_locked = bytemap_append_locked,
	},
	[SYNCMAP_OP_LOAD_OR_LEASE] = { .insert = bytemap_grant },
};

/* Does not take the bytes yet, as most callers have them */
static bool is_unchanged(struct bytemap *map, struct bytemap_request *req,
			 struct bytemap_value *value)
{
	struct bytemap_view *found = &req->found;

	if (bytemap_entry_view(map, value, found, 0) ||
	    found->revision > req->op->expected)
		return false;
	bytemap_request_answer(req);
	req->answer->result |= SYNCMAP_RESULT_UNCHANGED;
	return true;
}

/*
 * Tells of @value, within the RCU read section in which it was found in the core.
 * Its bytes are there if they are at most @room.
 *
 * Return: 0; -EMSGSIZE; ABSENT or START_OVER.
 */
int bytemap_op_load(struct bytemap *map, struct bytemap_request *req,
		    struct bytemap_value *value, u32 room)
{
	if (req->op->flags & SYNCMAP_FLAG_IF_NEWER &&
	    is_unchanged(map, req, value))
		return 0;
	return bytemap_entry_view(map, value, &req->found, room) ?:
	       bytemap_request_answer(req);
}

/* Would it write into a frozen map? LOAD_OR_LEASE may look for a value first */
static bool comes_too_late(const struct bytemap_attempt *at)
{
	return bytemap_is_frozen(at->map) &&
	       !bytemap_request_has(at->req, OP_WAITS) &&
	       bytemap_request_has(at->req, OP_WRITES);
}

/* Thrice, as whoever has a map without any of enum bytemap_mode is to pay nothing */
static __always_inline int meet_object(struct bytemap_attempt *at,
				       struct bytemap_value *value)
{
	int ret;

	if (at->verb->change_locked) {
		ret = bytemap_update(at, value);
	} else {
		ret = bytemap_op_load(at->map, at->req, value,
				      at->req->op->out_size);
		if (ret == ABSENT && bytemap_request_inserts(at->req))
			bytemap_update_make_way(at, value);
	}
	if (ret == ABSENT && value->leased)
		ret = bytemap_lease_meet(at, value);
	return ret;
}

static __always_inline int look(struct bytemap_attempt *at, bool evicts)
{
	void *found;

	if (!syncmap_load_hashed(&at->map->core, &at->key, &found))
		return ABSENT;
	if (evicts)
		bytemap_evict_use(found);
	return meet_object(at, found);
}

/* Return: -EROFS; NEED_STOCK; START_OVER; as look() */
static noinline int look_with_care(struct bytemap_attempt *at)
{
	struct bytemap_window window;
	int ret = 0;

	if (comes_too_late(at))
		return -EROFS;
	window.mirror = NULL;
	if (at->verb->change_locked)
		ret = bytemap_change_begin(at, &window);
	if (ret)
		return ret;
	ret = look(at, bytemap_evicts(at->map));
	/* A late value may have been ended before the key is absent */
	bytemap_change_end(at, &window,
			   !ret || ret == ABSENT || ret == START_OVER);
	return ret;
}

static int find_key(struct bytemap_attempt *at)
{
	u32 modes;
	int ret;

	rcu_read_lock();
	modes = READ_ONCE(at->map->modes);
	if (likely(!modes))
		ret = look(at, false);
	else if (modes == BYTEMAP_EVICTS)
		ret = look(at, true);
	else
		ret = look_with_care(at);
	rcu_read_unlock();
	return ret;
}

/* The holder of a lease stores the value, or gives the lease up */
static int use_token(struct bytemap_attempt *at)
{
	if (!bytemap_request_has(at->req, OP_TAKES_VALUE))
		return bytemap_lease_end(at);
	/* Whether there is such a lease, or was until the freeze */
	return bytemap_is_frozen(at->map) ? -EROFS : bytemap_insert_leased(at);
}

static int try_once(struct bytemap_attempt *at)
{
	const struct bytemap_request *req = at->req;
	int ret;

	if (req->op->token)
		return use_token(at);
	at->met_lease = false;
	ret = find_key(at);
	if (ret == ABSENT && bytemap_request_inserts(req))
		ret = at->verb->insert(at);
	if (ret == ABSENT)
		ret = req->op->op == SYNCMAP_OP_DELETE ? 0 : -ENOENT;
	return ret;
}

/* Return: 0: what was absent already counts no more; FULL: there is none; -EINTR */
static int end_absent(struct bytemap *map)
{
	/*
	 * What removed the key counted that first: see the one, then the other.
	 * Pairs with write_sequnlock(). See litmus/freed. And who has found nothing
	 * to be evicted, because of a Clear, sees that it has begun
	 */
	smp_rmb();
	if (bytemap_gauge_is_closed(&map->entries))
		return bytemap_gauge_wait(&map->entries, 1);
	if (bytemap_clear_is_going_on(map))
		return bytemap_clear_wait(map);
	if (bytemap_sweep_stale(map, BYTEMAP_SWEEP) ||
	    bytemap_sweep_orphans(map, BYTEMAP_SWEEP))
		return 0;
	return FULL;
}

/* Return: whether there would be if the map had nothing else */
static bool could_have_room(const struct bytemap_attempt *at)
{
	u64 limit = at->shortage.limited ? at->shortage.limit :
					   READ_ONCE(at->blocked->max);

	return at->needed <= limit;
}

/* Return: whether there may be room now, in place of others */
static bool evict_others(struct bytemap_attempt *at)
{
	const struct bytemap_gauge *gauge = at->shortage.limited ? NULL :
								   at->blocked;

	at->dooms = true;
	return could_have_room(at) &&
	       bytemap_evict(at->map, syncmap_hashed_key_cursor(&at->key), gauge,
			     at->blocked_for);
}

/*
 * Others have reserved what is left. Where there can be more, nobody has to know
 * whether they take it
 */
static int wait_for_room(struct bytemap_attempt *at)
{
	int ret = FULL;

	if (bytemap_evicts(at->map) &&
	    !bytemap_gauge_has_room(at->blocked, at->blocked_for)) {
		ret = end_absent(at->map);
		if (ret == FULL && evict_others(at))
			return 0;
	}
	return ret == FULL ? bytemap_gauge_wait(at->blocked, at->blocked_for) :
			     ret;
}

/*
 * "Full" is the answer if at one instant there was no room and, for an insert,
 * no such key to overwrite. The key was absent before there was no room and
 * after. If nothing has been freed in between, it was absent then, too, and
 * nothing that a Clear has removed was still counted. The account of the owner is
 * less exact: it may be full because of what another map is about to give back.
 *
 * In a map that evicts it says, too, that nothing may go: a hand has been everywhere
 * since then, and has met nothing of the kind. That is no instant, but what may go at
 * all of them is met. Nothing is evicted for what would be too much in any case.
 */
static int check_full(struct bytemap_attempt *at, u64 freed)
{
	struct bytemap *map = at->map;
	int ret;

	at->dooms = true;
	ret = end_absent(map);
	if (ret == FULL && evict_others(at))
		return 0;
	/* What has become absent meanwhile could not be evicted */
	if (ret == FULL)
		ret = end_absent(map);
	if (ret != FULL)
		return ret;
	return atomic64_read(&map->freed) == freed ? at->full : 0;
}

static void tell_full(struct bytemap_attempt *at)
{
	struct syncmap_error *error = &at->req->answer->error;
	struct bytemap *map = at->map;

	bytemap_count(map, BYTEMAP_REJECTED);
	if (at->shortage.limited)
		bytemap_error_limit(error, at->shortage.limited,
				    at->shortage.used, at->shortage.limit);
	else
		bytemap_error_limit(error, at->blocked == &map->entries ?
					   SYNCMAP_LIMITED_ENTRIES :
					   SYNCMAP_LIMITED_BYTES,
				    bytemap_gauge_read(at->blocked),
				    READ_ONCE(at->blocked->max));
	trace_bytemap_full(map, error->limited, error->used, error->limit);
}

/* Without a reservation. Return: 0 or -ENOMEM */
static int prepare_core(struct bytemap_attempt *at)
{
	int err = syncmap_prepare_hashed(&at->map->core, &at->key, BYTEMAP_GFP);

	return err && bytemap_fresh_reclaim(at->map, &at->reclaim) ? 0 : err;
}

/* Return: 0 when there is what the last attempt lacked; or an error */
static int provide(struct bytemap_attempt *at, enum bytemap_outcome outcome)
{
	switch (outcome) {
	case NEED_FRESH:
		return bytemap_fresh_get(at);
	case NEED_ROOM:
		return wait_for_room(at);
	case NEED_MEMORY:
		return bytemap_fresh_reclaim(at->map, &at->reclaim) ? 0 :
								      -ENOMEM;
	case NEED_NODE:
		return prepare_core(at);
	case NEED_STOCK:
		bytemap_mirror_stock(at->map->mirror);
		return 0;
	case NEED_LEASE:
		return bytemap_waiter_wait(at);
	default:
		return 0;
	}
}

/* Between two attempts: forget what the last one found, get what it lacked */
static int prepare_next(struct bytemap_attempt *at, enum bytemap_outcome outcome)
{
	bytemap_view_release(&at->req->found);
	bytemap_request_reset(at->req->answer);
	if (fatal_signal_pending(current))
		return -EINTR;
	cond_resched();
	return provide(at, outcome);
}

static int try_until_done(struct bytemap_attempt *at)
{
	u64 freed;
	int ret;

	for (;;) {
		freed = atomic64_read_acquire(&at->map->freed);
		ret = try_once(at);
		if (ret == FULL) {
			ret = check_full(at, freed);
			if (ret) {
				if (ret == at->full)
					tell_full(at);
				return ret;
			}
			ret = START_OVER;
		}
		if (ret <= 0)
			return ret;
		ret = prepare_next(at, ret);
		if (ret)
			return ret;
	}
}

/* For who has written. What was done stays done if it is killed here */
static void throttle_writer(struct bytemap *map)
{
	if (!bytemap_doom_is_full(&map->doom))
		return;
	bytemap_count(map, BYTEMAP_THROTTLED);
	bytemap_doom_wait_for_room(&map->doom);
}

/* An object that was made beforehand may be older than the map's default time */
static u64 find_deadline(const struct bytemap *map,
			 const struct bytemap_request *req)
{
	if (req->fresh && !req->fresh->mortal)
		return SYNCMAP_NEVER;
	return bytemap_deadline_resolve(map, req->op->deadline);
}

static void begin_attempts(struct bytemap_attempt *at, struct bytemap *map,
			   struct bytemap_request *req)
{
	const struct syncmap_op *op = req->op;

	memset(at, 0, offsetof(struct bytemap_attempt, key));
	at->map = map;
	at->req = req;
	at->verb = &verbs[op->op];
	syncmap_hashed_key_init(&at->key, req->key, op->key_len);
	at->reclaim.round = READ_ONCE(map->doom.rounds);
	if (bytemap_request_has(req, OP_TAKES_VALUE) &&
	    !bytemap_request_has(req, OP_APPENDS)) {
		at->bytes = req->value;
		at->len = op->value_len;
	}
	if (bytemap_request_has(req, OP_INSERTS | OP_TAKES_DEADLINE))
		at->deadline = find_deadline(map, req);
}

static int run_to_end(struct bytemap_attempt *at)
{
	struct bytemap_request *req = at->req;
	int ret = try_until_done(at);

	if (ret && at->granted)
		bytemap_lease_abandon(req->client, at->granted);
	if (bytemap_request_inserts(req))
		syncmap_finish_hashed(&at->map->core, &at->key, BYTEMAP_GFP);
	if (at->dooms)
		throttle_writer(at->map);
	if (bytemap_request_has(req, OP_WRITES)) {
		/*
		 * As an update of the core: unlocking a value is no barrier,
		 * and what this CPU loads next may have another key. Pairs with
		 * itself. See litmus/values
		 */
		smp_mb();
	}
	bytemap_request_count(at->map, req, ret);
	req->answer->error.status = bytemap_request_status(ret);
	trace_bytemap_op(at->map, req->op, req->key, req->answer);
	return ret;
}

/*
 * Does what @req says, which has passed bytemap_request_check() and
 * bytemap_request_check_key(). On 0 and -EBUSY &bytemap_request.found is the value
 * that was found, if &syncmap_answer.result says so and the caller has room for it.
 * Process context, may wait.
 *
 * Return: 0 or an error, as &syncmap_error.status; -ERESTARTSYS and
 * -ERESTARTNOHAND for -EINTR.
 */
int bytemap_op(struct bytemap *map, struct bytemap_request *req)
{
	struct bytemap_attempt at;

	begin_attempts(&at, map, req);
	return run_to_end(&at);
}
