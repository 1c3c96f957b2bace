// SPDX-License-Identifier: GPL-2.0-only
/*
 * Getting a lease: SYNCMAP_OP_LOAD_OR_LEASE has found the key absent
 *
 * lease.c says what a lease is.
 */
#include <linux/errno.h>

#include "attempt.h"
#include "bytemap.h"
#include "deadline.h"
#include "entry.h"
#include "grant.h"
#include "holder.h"
#include "insert.h"
#include "lease.h"
#include "request.h"
#include "value.h"
#include "view.h"

/* The expired value that @value is, or that it keeps, with a reference */
static struct bytemap_value *get_stale(struct bytemap_value *value)
{
	struct bytemap_value *stale = value;

	write_seqlock(&value->lock);
	if (value->leased)
		stale = bytemap_lease(value)->stale;
	if (stale)
		refcount_inc(&stale->refs);
	write_sequnlock(&value->lock);
	return stale;
}

/* If there is an expired value, and if it is wanted */
static int tell_stale(struct bytemap_attempt *at, struct bytemap_value *value)
{
	struct bytemap_request *req = at->req;
	const struct syncmap_op *op = req->op;
	struct bytemap_value *stale;
	int err;

	if (!value || !value->mortal || !(op->flags & SYNCMAP_FLAG_STALE))
		return 0;
	stale = get_stale(value);
	if (!stale)
		return 0;
	err = bytemap_entry_view_stale(at->map, stale, &req->found, op->out_size);
	if (!err) {
		err = bytemap_request_answer(req);
		req->answer->result = SYNCMAP_RESULT_EXPIRED;
	}
	bytemap_value_put(stale);
	return err == ABSENT ? 0 : err;
}

static void tell_lease(struct bytemap_request *req, u64 token, u64 ends)
{
	struct syncmap_answer *answer = req->answer;

	answer->leased = token;
	answer->lease_ends = ends;
	answer->result |= SYNCMAP_RESULT_LEASED;
}

static void grant_lease(struct bytemap_request *req,
			const struct bytemap_lease *lease)
{
	tell_lease(req, lease->token, lease->ends);
}

static int make_lease(struct bytemap_request *req)
{
	if (!req->fresh)
		req->fresh = bytemap_value_alloc_lease(req->key, req->op->key_len);
	return req->fresh ? 0 : NEED_MEMORY;
}

static void set_holder(struct bytemap_lease *lease,
		       const struct bytemap_request *req)
{
	lease->client = req->client;
	WRITE_ONCE(lease->token, bytemap_lease_new_token(req->client->map));
}

static void set_stale(struct bytemap_lease *lease, struct bytemap_value *stale)
{
	lease->stale = stale;
	lease->stale_len = stale ? stale->len : 0;
	lease->mortal.deadline = stale ? bytemap_mortal(stale)->deadline :
					 SYNCMAP_NEVER;
}

/* An expired value that nobody computes yet makes room for the lease */
static int supersede_locked(struct bytemap_attempt *at,
			    struct bytemap_value *old)
{
	struct bytemap_lease *lease = bytemap_lease(at->req->fresh);
	int err;

	if (old->state != VALUE_LAPSED || bytemap_is_frozen(at->map))
		return START_OVER;
	set_stale(lease, old);
	err = bytemap_entry_supersede_locked(at, old);
	if (err)
		set_stale(lease, NULL);
	return err;
}

/* The old value stays, within the lease */
static int supersede(struct bytemap_attempt *at, struct bytemap_value *old)
{
	int err;

	write_seqlock(&old->lock);
	err = supersede_locked(at, old);
	write_sequnlock(&old->lock);
	return err;
}

static int insert_lease(struct bytemap_attempt *at)
{
	struct bytemap_value *fresh = at->req->fresh;
	int err = bytemap_insert_fresh(at);

	if (!err)
		atomic64_inc(&at->map->lapsed[fresh->epoch]);
	return err;
}

/* The lease has just become visible, and somebody may have voided it already */
static int begin_lease(struct bytemap_attempt *at, struct bytemap_value *value,
		       u64 token)
{
	struct bytemap_lease *lease = bytemap_lease(value);
	int err = START_OVER;

	write_seqlock(&value->lock);
	if (lease->token == token) {
		bytemap_holder_add_locked(at->map, lease,
					  at->req->op->lease_for);
		grant_lease(at->req, lease);
		err = 0;
	}
	write_sequnlock(&value->lock);
	return err;
}

/* A new lease instead of nothing, or instead of the expired value @old */
static int create_lease(struct bytemap_attempt *at, struct bytemap_value *old)
{
	struct bytemap_request *req = at->req;
	struct bytemap_value *value;
	u64 token;
	int err;

	err = make_lease(req);
	if (err)
		return err;
	value = req->fresh;
	set_holder(bytemap_lease(value), req);
	token = bytemap_lease(value)->token;
	err = old ? supersede(at, old) : insert_lease(at);
	if (err)
		return err;
	atomic64_inc(&at->map->leases);
	req->fresh = NULL;
	err = begin_lease(at, value, token);
	bytemap_value_put(value);
	return err;
}

static int revive_locked(struct bytemap_attempt *at,
			 struct bytemap_value *value)
{
	struct bytemap_lease *lease = bytemap_lease(value);

	if (value->state != VALUE_LAPSED || bytemap_is_frozen(at->map))
		return START_OVER;
	bytemap_deadline_unqueue_locked(at->map, value);
	WRITE_ONCE(value->state, VALUE_LEASED);
	atomic64_inc(&at->map->leases);
	set_holder(lease, at->req);
	bytemap_holder_add_locked(at->map, lease, at->req->op->lease_for);
	grant_lease(at->req, lease);
	return 0;
}

/* Nobody computes, but a lease is there, with an expired value */
static int revive(struct bytemap_attempt *at, struct bytemap_value *value)
{
	int err;

	write_seqlock(&value->lock);
	err = revive_locked(at, value);
	write_sequnlock(&value->lock);
	return err;
}

/* @old: what the core has at the key, if anything: no lease that is held */
static int become_holder(struct bytemap_attempt *at, struct bytemap_value *old)
{
	struct bytemap_client *client = at->req->client;
	int err;

	err = bytemap_holder_count(client, &at->req->answer->error);
	if (err)
		return err;
	err = old && old->leased ? revive(at, old) : create_lease(at, old);
	if (err)
		bytemap_holder_uncount(client);
	return err;
}

/* The lease may be ours, or was: it was passed on to us while we waited */
static int join_locked(struct bytemap_attempt *at, struct bytemap_value *value)
{
	struct bytemap_lease *lease = bytemap_lease(value);

	if (value->state != VALUE_LEASED)
		return START_OVER;
	if (at->granted && (lease->token == at->granted ||
			    bytemap_deadline_has_passed(at->granted_until))) {
		tell_lease(at->req, at->granted, at->granted_until);
		return 0;
	}
	return at->req->answer->result & SYNCMAP_RESULT_EXPIRED ? 0 : NEED_LEASE;
}

static int join(struct bytemap_attempt *at, struct bytemap_value *value)
{
	int ret;

	write_seqlock(&value->lock);
	ret = join_locked(at, value);
	write_sequnlock(&value->lock);
	return ret;
}

static int take_lease(struct bytemap_attempt *at, struct bytemap_value *value)
{
	int ret = tell_stale(at, value);

	if (ret)
		return ret;
	if (bytemap_is_frozen(at->map))
		return at->req->answer->result & SYNCMAP_RESULT_EXPIRED ? 0 : -EROFS;
	if (value && READ_ONCE(value->state) == VALUE_LEASED)
		return join(at, value);
	return become_holder(at, value);
}

/*
 * SYNCMAP_OP_LOAD_OR_LEASE found the key absent. May sleep.
 *
 * Return: 0, and the results say what it is; an error; an outcome.
 */
int bytemap_grant(struct bytemap_attempt *at)
{
	struct bytemap_value *value;
	int ret;

	value = bytemap_entry_get(at->map, &at->key);
	ret = take_lease(at, value);
	if (value)
		bytemap_value_put(value);
	return ret;
}
