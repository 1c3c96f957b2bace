// SPDX-License-Identifier: GPL-2.0-only
/*
 * Leases: of many who find a key absent, one computes its value, and the others
 * wait for it
 *
 * A lease has the place of the value in the core: it is an object like those of
 * values, found in the same way, in the state VALUE_LEASED, which means that
 * the key is absent. So there is no table of leases that would have to be kept
 * in step with the map, a map without leases has nothing to ask, and op.c's
 * argument holds: whoever holds the lock of the object decides what becomes of
 * the key.
 *
 *	take		core: load_or_store(lease), or of an expired value
 *			compare_and_swap(value, lease)
 *	store		core: compare_and_swap(lease, value); state = DELETED
 *	pass on		another client, another token
 *	end		state = DELETED; unlock; core: compare_and_delete(lease)
 *	keep		state = LAPSED: nobody computes, but there is the expired
 *			value for SYNCMAP_OP_STALE; the next holder revives it
 *
 * Why each is linearizable, with what op.c says:
 *
 * - Exactly one has the lease: to insert it is to win a load_or_store(), and it
 *   has one token at a time, which only changes under its lock. Tokens are not
 *   used twice.
 * - A store with a token takes effect in the compare_and_swap(), under the
 *   lock, with the token checked before. Had anybody deleted the key, or
 *   stored, since the token was given, that would have found the lease, and
 *   changed the token or taken the lease out of the core, under this lock.
 * - A delete takes effect when it changes the token under the lock. One that
 *   finds the lease ended looks again: had it deleted before that, the end
 *   might have been another.
 * - Clear takes the lease out of the core: the compare_and_swap() fails.
 *   Whoever waits is woken when the lease is freed, and starts over.
 * - A waiter was put in line under the lock, while the state was LEASED;
 *   whoever ends that state, or changes the token, looks at the line under the
 *   lock, too. So no waiter sleeps beyond the event that it waits for.
 * - A waiter that is given the lease looks again whether it is in the core. If
 *   it is, with its token, the lease is the waiter's at that instant. If not, a
 *   Clear or a store has come between.
 *
 * A lease is charged as an entry, so that its value is certain to find a place:
 * if the map is full, the caller is told before it computes, not after. As a
 * lease is no entry, it is counted like a lapsed value.
 *
 * grant.c gets leases, waiter.c has the line of those who wait.
 */
#include <linux/errno.h>
#include <linux/sched.h>

#include "store.h"
#include "trace.h"

static atomic64_t last_token;

/*
 * One more that @client has, or waits for, if there may be one; else @op tells.
 *
 * Return: 0 or -EDQUOT.
 */
int bytemap_lease_count(struct bytemap_client *client, struct syncmap_op *op)
{
	struct bytemap_shortage shortage;
	int err;

	err = bytemap_account_add_lease(client->account, &client->nr_leases,
					&shortage);
	if (err) {
		bytemap_limited(op, shortage.which, shortage.used,
				shortage.limit);
		trace_bytemap_full(client->map, op->limited, op->used,
				   op->limit);
	}
	return err;
}

void bytemap_lease_uncount(struct bytemap_client *client)
{
	bytemap_account_remove_lease(client->account, &client->nr_leases);
}

u64 bytemap_lease_new_token(void)
{
	return atomic64_inc_return(&last_token);
}

/* From here on the lease goes when its client goes */
void bytemap_lease_hold_locked(struct bytemap *map, struct bytemap_lease *lease)
{
	struct bytemap_client *client = lease->client;

	spin_lock(&client->lock);
	list_add_tail(&lease->held, &client->leases);
	spin_unlock(&client->lock);
	bytemap_count(map, BYTEMAP_LEASE_GRANTED);
	trace_bytemap_lease_grant(map, lease->token);
}

/*
 * Its token is void. Whoever has taken it might not hold it yet; the holder can
 * go away as soon as the lease is not on its list any more.
 */
static void unhold_locked(struct bytemap_lease *lease)
{
	struct bytemap_client *client = lease->client;

	lockdep_assert_held(&lease->mortal.value.lock.lock);
	WRITE_ONCE(lease->token, 0);
	if (list_empty(&lease->held))
		return;
	spin_lock(&client->lock);
	list_del_init(&lease->held);
	bytemap_lease_uncount(client);
	spin_unlock(&client->lock);
}

static bool pass_on_locked(struct bytemap *map, struct bytemap_lease *lease)
{
	u64 token = bytemap_lease_new_token();

	lease->client = bytemap_waiter_pick_locked(lease, token);
	if (!lease->client)
		return false;
	WRITE_ONCE(lease->token, token);
	bytemap_lease_hold_locked(map, lease);
	return true;
}

/* The holder will bring no value */
static void dismiss_locked(struct bytemap *map, struct bytemap_lease *lease)
{
	trace_bytemap_lease_lose(map, lease->token);
	bytemap_count(map, BYTEMAP_LEASE_LOST);
	unhold_locked(lease);
}

/* Nor will another one: end the lease, unless it keeps a stale value */
static void end_locked(struct bytemap *map, struct bytemap_value *value)
{
	atomic64_dec(&map->leases);
	if (bytemap_lease(value)->stale)
		bytemap_expiry_keep_locked(map, value);
	else
		bytemap_value_end_locked(map, value);
}

static void lose_locked(struct bytemap *map, struct bytemap_value *value)
{
	struct bytemap_lease *lease = bytemap_lease(value);

	dismiss_locked(map, lease);
	if (!pass_on_locked(map, lease))
		end_locked(map, value);
}

static void drop_stale_locked(struct bytemap *map, struct bytemap_lease *lease)
{
	if (!lease->stale)
		return;
	bytemap_memory_sub(map, bytemap_memory_of_object(lease->stale));
	bytemap_gauge_change(&map->bytes, lease->stale_len, 0);
	bytemap_value_put(lease->stale);
	lease->stale = NULL;
	lease->stale_len = 0;
}

/* With a reference, or in the RCU read section in which it was found */
static void remove_ended(struct bytemap *map, struct bytemap_value *value)
{
	if (READ_ONCE(value->state) == VALUE_DELETED)
		bytemap_remove_deleted(map, bytemap_mortal_key(value),
				       value->key_len, value);
}

/*
 * An operation found the key absent, and @value in the core, in the same RCU
 * read section. To delete what is not there is to void the token: what is being
 * computed might come from data older than the delete.
 *
 * Return: -ENOENT, or -EAGAIN to look again.
 */
int bytemap_lease_meet(struct bytemap *map, struct bytemap_request *req,
		       struct bytemap_value *value)
{
	int ret = -ENOENT;

	if (!bytemap_request_has(req, OP_DELETES)) {
		req->met_lease = READ_ONCE(value->state) == VALUE_LEASED;
		return ret;
	}
	req->dooms = true;
	write_seqlock(&value->lock);
	if (value->state == VALUE_LEASED) {
		drop_stale_locked(map, bytemap_lease(value));
		lose_locked(map, value);
	} else if (value->state == VALUE_DELETED) {
		ret = -EAGAIN;
	}
	write_sequnlock(&value->lock);
	remove_ended(map, value);
	return ret;
}

/* -ESTALE: the client does not have the lease with this token */
int bytemap_lease_give_up(struct bytemap *map, struct bytemap_value *value,
			  const struct bytemap_client *client, u64 token)
{
	struct bytemap_lease *lease = bytemap_lease(value);
	int err = -ESTALE;

	write_seqlock(&value->lock);
	if (token && lease->token == token && lease->client == client) {
		lose_locked(map, value);
		err = 0;
	}
	write_sequnlock(&value->lock);
	remove_ended(map, value);
	return err;
}

/* The value takes the place that the lease has had */
static int replace_locked(struct bytemap *map, struct bytemap_request *req,
			  struct bytemap_value *value)
{
	struct bytemap_lease *lease = bytemap_lease(value);
	u64 token = lease->token;
	int err;

	err = bytemap_replace_locked(map, req, value, 0);
	if (err)
		return err;
	trace_bytemap_lease_store(map, token);
	unhold_locked(lease);
	atomic64_dec(&map->lapsed[value->epoch]);
	atomic64_dec(&map->leases);
	req->op->expires = req->deadline;
	return 0;
}

static int finish_locked(struct bytemap *map, struct bytemap_request *req,
			 struct bytemap_value *value)
{
	const struct bytemap_lease *lease = bytemap_lease(value);
	const struct syncmap_op *op = req->op;

	if (bytemap_is_frozen(map))
		return -EROFS;
	if (op->token &&
	    (lease->token != op->token || lease->client != req->client))
		return -ESTALE;
	if (value->state != VALUE_LEASED)
		return -EAGAIN;
	return replace_locked(map, req, value);
}

/*
 * Store in the place of a lease: with its token, or without one, which voids
 * it.
 *
 * Return: as bytemap_insert(); -ESTALE if there is no such lease.
 */
int bytemap_lease_replace(struct bytemap *map, struct bytemap_request *req)
{
	int ret = req->op->token ? -ESTALE : -EAGAIN;
	struct bytemap_value *value;
	int err;

	err = bytemap_insert_prepare(map, req);
	if (err)
		return err;
	value = bytemap_request_get(map, req);
	if (value && value->leased) {
		write_seqlock(&value->lock);
		ret = finish_locked(map, req, value);
		write_sequnlock(&value->lock);
		if (!ret)
			bytemap_waiter_wake_all(value);
	}
	if (value)
		bytemap_value_put(value);
	return ret;
}

/* SYNCMAP_OP_UNLEASE */
int bytemap_lease_end(struct bytemap *map, struct bytemap_request *req)
{
	struct bytemap_value *value = bytemap_request_get(map, req);
	int err = -ESTALE;

	req->dooms = true;
	if (value && value->leased)
		err = bytemap_lease_give_up(map, value, req->client,
					    req->op->token);
	if (value)
		bytemap_value_put(value);
	return err;
}

/* One that a client has, with a reference; @token 0: any */
static struct bytemap_value *find_held(struct bytemap_client *client, u64 token)
{
	struct bytemap_value *value = NULL;
	struct bytemap_lease *lease;

	spin_lock(&client->lock);
	list_for_each_entry(lease, &client->leases, held) {
		if (token && READ_ONCE(lease->token) != token)
			continue;
		value = &lease->mortal.value;
		refcount_inc(&value->refs);
		break;
	}
	spin_unlock(&client->lock);
	return value;
}

/* The token could not be told to anybody */
void bytemap_lease_abandon(struct bytemap_client *client, u64 token)
{
	struct bytemap_value *value = find_held(client, token);

	if (!value)
		return;
	bytemap_lease_give_up(client->map, value, client, token);
	bytemap_value_put(value);
}

/* All that the client has; it gets no more */
void bytemap_lease_close(struct bytemap_client *client)
{
	struct bytemap_value *value;
	u64 token;

	while ((value = find_held(client, 0))) {
		token = READ_ONCE(bytemap_lease(value)->token);
		bytemap_lease_give_up(client->map, value, client, token);
		bytemap_value_put(value);
		cond_resched();
	}
}

/* A Clear has removed it */
void bytemap_lease_cleared(struct bytemap *map, struct bytemap_value *value)
{
	write_seqlock(&value->lock);
	if (value->state == VALUE_LEASED) {
		bytemap_count(map, BYTEMAP_LEASE_LOST);
		unhold_locked(bytemap_lease(value));
		atomic64_dec(&map->leases);
	}
	if (value->state != VALUE_DELETED)
		bytemap_value_end_locked(map, value);
	write_sequnlock(&value->lock);
	bytemap_waiter_wake_all(value);
}

/* Nobody may have it any more. With a reference; process context */
void bytemap_lease_void(struct bytemap *map, struct bytemap_value *value)
{
	write_seqlock(&value->lock);
	if (value->state == VALUE_LEASED) {
		dismiss_locked(map, bytemap_lease(value));
		end_locked(map, value);
	}
	write_sequnlock(&value->lock);
	bytemap_waiter_wake_all(value);
	remove_ended(map, value);
}
