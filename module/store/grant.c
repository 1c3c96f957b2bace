// SPDX-License-Identifier: GPL-2.0-only
/*
 * Getting a lease: SYNCMAP_OP_LOAD_OR_LEASE has found the key absent
 *
 * lease.c says what a lease is.
 */
#include <linux/errno.h>

#include "store.h"

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
static int tell_stale(struct bytemap *map, struct bytemap_request *req,
		      struct bytemap_value *value)
{
	struct syncmap_op *op = req->op;
	struct bytemap_value *stale;
	int err;

	if (!value || !value->mortal || !(op->flags & SYNCMAP_OP_STALE))
		return 0;
	stale = get_stale(value);
	if (!stale)
		return 0;
	err = bytemap_value_view_stale(map, stale, &req->found, op->out_size);
	if (!err) {
		err = bytemap_tell(op, &req->found);
		op->result = SYNCMAP_OP_EXPIRED;
	}
	bytemap_value_put(stale);
	return err == -ENOENT ? 0 : err;
}

static void grant(struct bytemap_request *req, u64 token)
{
	req->op->leased = token;
	req->op->result |= SYNCMAP_OP_LEASED;
}

static int alloc_fresh(struct bytemap_request *req)
{
	if (!req->fresh)
		req->fresh = bytemap_lease_alloc(req->key, req->op->key_len);
	return req->fresh ? 0 : -ENOMEM;
}

static void set_holder(struct bytemap_lease *lease,
		       const struct bytemap_request *req)
{
	lease->client = req->client;
	WRITE_ONCE(lease->token, bytemap_lease_new_token());
}

static void set_stale(struct bytemap_lease *lease, struct bytemap_value *stale)
{
	lease->stale = stale;
	lease->stale_len = stale ? stale->len : 0;
	lease->mortal.deadline = stale ? bytemap_mortal(stale)->deadline :
					 SYNCMAP_NEVER;
}

/* An expired value that nobody computes yet makes room for the lease */
static int supersede_locked(struct bytemap *map, struct bytemap_request *req,
			    struct bytemap_value *old)
{
	struct bytemap_lease *lease = bytemap_lease(req->fresh);

	if (old->state != VALUE_LAPSED || bytemap_is_frozen(map))
		return -EAGAIN;
	set_stale(lease, old);
	bytemap_publish(map, req, old->epoch);
	/* It may lapse, as the value has, and is not to be settled then */
	req->fresh->revision = old->revision;
	if (!syncmap_compare_and_swap(&map->core, req->key, req->op->key_len,
				      old, req->fresh)) {
		bytemap_unpublish(req);
		set_stale(lease, NULL);
		return -EAGAIN;
	}
	bytemap_expiry_unqueue_locked(map, old);
	old->state = VALUE_REPLACED;
	return 0;
}

/* The new lease instead of nothing, or instead of @old */
static int put_in_core(struct bytemap *map, struct bytemap_request *req,
		       struct bytemap_value *old)
{
	u64 memory = bytemap_memory_of_object(req->fresh);
	int err;

	if (!old) {
		err = bytemap_insert_fresh(map, req);
		if (!err)
			atomic64_inc(&map->lapsed[req->fresh->epoch]);
		return err;
	}
	/* The old value stays, within the lease */
	err = bytemap_memory_add(map, memory, &req->shortage);
	if (err)
		return err;
	write_seqlock(&old->lock);
	err = supersede_locked(map, req, old);
	write_sequnlock(&old->lock);
	if (err)
		bytemap_memory_sub(map, memory);
	return err;
}

/* The lease has just become visible, and somebody may have voided it already */
static int begin(struct bytemap *map, struct bytemap_request *req,
		 struct bytemap_value *value, u64 token)
{
	struct bytemap_lease *lease = bytemap_lease(value);
	int err = -EAGAIN;

	write_seqlock(&value->lock);
	if (lease->token == token) {
		bytemap_lease_hold_locked(map, lease);
		grant(req, token);
		err = 0;
	}
	write_sequnlock(&value->lock);
	return err;
}

static int create(struct bytemap *map, struct bytemap_request *req,
		  struct bytemap_value *old)
{
	struct bytemap_value *value;
	u64 token;
	int err;

	err = alloc_fresh(req);
	if (err)
		return err;
	value = req->fresh;
	set_holder(bytemap_lease(value), req);
	token = bytemap_lease(value)->token;
	err = put_in_core(map, req, old);
	if (err)
		return err;
	atomic64_inc(&map->leases);
	req->fresh = NULL;
	err = begin(map, req, value, token);
	bytemap_value_put(value);
	return err;
}

static int revive_locked(struct bytemap *map, struct bytemap_request *req,
			 struct bytemap_value *value)
{
	struct bytemap_lease *lease = bytemap_lease(value);

	if (value->state != VALUE_LAPSED || bytemap_is_frozen(map))
		return -EAGAIN;
	bytemap_expiry_unqueue_locked(map, value);
	value->state = VALUE_LEASED;
	atomic64_inc(&map->leases);
	set_holder(lease, req);
	bytemap_lease_hold_locked(map, lease);
	grant(req, lease->token);
	return 0;
}

/* Nobody computes, but a lease is there, with an expired value */
static int revive(struct bytemap *map, struct bytemap_request *req,
		  struct bytemap_value *value)
{
	int err;

	write_seqlock(&value->lock);
	err = revive_locked(map, req, value);
	write_sequnlock(&value->lock);
	return err;
}

/* @old: what the core has at the key, if anything: no lease that is held */
static int become_holder(struct bytemap *map, struct bytemap_request *req,
			 struct bytemap_value *old)
{
	int err;

	err = bytemap_lease_count(req->client, req->op);
	if (err)
		return err;
	if (old && old->leased)
		err = revive(map, req, old);
	else
		err = create(map, req, old);
	if (err)
		bytemap_lease_uncount(req->client);
	return err;
}

/* The lease may be ours: it was passed on to us while we waited */
static int join_locked(struct bytemap_request *req, struct bytemap_value *value)
{
	struct bytemap_lease *lease = bytemap_lease(value);

	if (value->state != VALUE_LEASED)
		return -EAGAIN;
	if (req->granted && lease->token == req->granted) {
		grant(req, lease->token);
		return 0;
	}
	if (req->op->result & SYNCMAP_OP_EXPIRED)
		return 0;
	req->wants_lease = true;
	return -EAGAIN;
}

static int join(struct bytemap_request *req, struct bytemap_value *value)
{
	int ret;

	write_seqlock(&value->lock);
	ret = join_locked(req, value);
	write_sequnlock(&value->lock);
	return ret;
}

/*
 * SYNCMAP_OP_LOAD_OR_LEASE found the key absent.
 *
 * Return: 0, and @req->op says what it is; -EAGAIN to start over, with what
 * @req says it lacks; or an error.
 */
int bytemap_lease_take(struct bytemap *map, struct bytemap_request *req)
{
	struct bytemap_value *value = bytemap_request_get(map, req);
	int ret = tell_stale(map, req, value);

	if (!ret && bytemap_is_frozen(map))
		ret = req->op->result & SYNCMAP_OP_EXPIRED ? 0 : -EROFS;
	else if (!ret && value && READ_ONCE(value->state) == VALUE_LEASED)
		ret = join(req, value);
	else if (!ret)
		ret = become_holder(map, req, value);
	if (value)
		bytemap_value_put(value);
	return ret;
}
