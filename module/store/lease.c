// SPDX-License-Identifier: GPL-2.0-only
/*
 * Leases: of many who find a key absent, one computes its value, and the others
 * wait for it
 *
 * A lease has the place of the value in the core: it is an object like those of
 * values, found in the same way, in the state VALUE_LEASED, which means that
 * the key is absent. So there is no table of leases that would have to be kept
 * in step with the map, a map without leases has nothing to ask, and
 * entry.c's argument holds: whoever holds the lock of the object decides what becomes of
 * the key.
 *
 *	take		core: load_or_store(lease), or of an expired value
 *			compare_and_swap(value, lease)
 *	store		core: compare_and_swap(lease, value); state = DELETED
 *	pass on		another client, another token, another end
 *	end		state = DELETED; unlock; core: compare_and_delete(lease)
 *	keep		state = LAPSED: nobody computes, but there is the expired
 *			value for SYNCMAP_FLAG_STALE; the next holder revives it
 *
 * Why each is linearizable, with what entry.c says:
 *
 * - Exactly one has the lease: to insert it is to win a load_or_store(), and it
 *   has one token at a time, which only changes under its lock. Tokens of a map
 *   are not used twice.
 * - A store with a token takes effect in the compare_and_swap(), under the
 *   lock, with the token checked before. Had anybody deleted the key, or
 *   stored, since the token was given, that would have found the lease, and
 *   changed the token or taken the lease out of the core, under this lock.
 * - When its time is over, a lease is not the holder's any more: whoever uses the
 *   token looks at the clock, under the lock. Nobody else can tell that instant
 *   from the one in which the store takes effect, as who looks at the lease
 *   waits for the lock. It is passed on a little later, by a job, or by who
 *   comes to wait.
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
 *   Clear or a store has come between; or the waiter came so late that its time
 *   was over, and the next in line has the lease. Then it was the waiter's when
 *   it was passed on, or right before a Clear that came first: that is the
 *   answer, with the end that has passed. To stand in line once more would be for
 *   nobody's good: where the time is shorter than it takes to wake up, the lease
 *   would go round for ever.
 *
 * A lease is charged as an entry, so that its value is certain to find a place:
 * if the map is full, the caller is told before it computes, not after. As a
 * lease is no entry, it is counted like a lapsed value.
 *
 * grant.c gets leases, insert.c stores in their place, waiter.c waits for them.
 */
#include <linux/errno.h>
#include <linux/sched.h>

#include "attempt.h"
#include "bytemap.h"
#include "deadline.h"
#include "entry.h"
#include "gauge.h"
#include "holder.h"
#include "lease.h"
#include "line.h"
#include "memory.h"
#include "request.h"
#include "trace.h"
#include "value.h"

/*
 * They are looked up in one map, so they count the leases of that, and tell nobody
 * how many there are in others.
 *
 * Return: a token that was never given in @map before, nor will be
 */
u64 bytemap_lease_new_token(struct bytemap *map)
{
	return atomic64_inc_return(&map->last_token);
}

static bool pass_on_locked(struct bytemap *map, struct bytemap_lease *lease)
{
	u64 token = bytemap_lease_new_token(map);
	struct bytemap_waiter *next;

	next = bytemap_line_pick_locked(lease, token);
	if (!next)
		return false;
	lease->client = next->client;
	WRITE_ONCE(lease->token, token);
	bytemap_holder_add_locked(map, lease, next->lease_for);
	next->ends = lease->ends;
	return true;
}

/* The holder will bring no value */
static void dismiss_locked(struct bytemap *map, struct bytemap_lease *lease)
{
	trace_bytemap_lease_lose(map, lease->token);
	bytemap_count(map, BYTEMAP_LEASE_LOST);
	bytemap_deadline_unqueue_locked(map, &lease->mortal.value);
	bytemap_holder_remove_locked(lease);
}

/* Nor will another one: end the lease, unless it keeps a stale value */
static void end_lease_locked(struct bytemap *map, struct bytemap_value *value)
{
	atomic64_dec(&map->leases);
	if (bytemap_lease(value)->stale)
		bytemap_deadline_lapse_locked(map, value);
	else
		bytemap_entry_end_locked(map, value);
}

static void lose_locked(struct bytemap *map, struct bytemap_value *value)
{
	struct bytemap_lease *lease = bytemap_lease(value);

	dismiss_locked(map, lease);
	if (!pass_on_locked(map, lease))
		end_lease_locked(map, value);
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
static void remove_ended_lease(struct bytemap *map, struct bytemap_value *value)
{
	if (READ_ONCE(value->state) == VALUE_DELETED)
		bytemap_entry_remove_mortal(map, value);
}

/*
 * An operation found the key absent, and the lease @value in the core, in the
 * same RCU read section. To delete what is not there is to void the token: what
 * is being computed might come from data older than the delete. A delete with a
 * condition that does not hold changes nothing.
 *
 * Return: ABSENT or START_OVER.
 */
int bytemap_lease_meet(struct bytemap_attempt *at, struct bytemap_value *value)
{
	struct bytemap *map = at->map;
	int ret = ABSENT;

	if (!bytemap_request_deletes(at->req)) {
		at->met_lease = READ_ONCE(value->state) == VALUE_LEASED;
		return ret;
	}
	at->dooms = true;
	write_seqlock(&value->lock);
	if (value->state == VALUE_LEASED) {
		drop_stale_locked(map, bytemap_lease(value));
		lose_locked(map, value);
	} else if (value->state == VALUE_DELETED) {
		ret = START_OVER;
	}
	write_sequnlock(&value->lock);
	remove_ended_lease(map, value);
	return ret;
}

/*
 * With a reference: the holder brings no value.
 *
 * Return: 0, or -ESTALE: the client does not have the lease with this token.
 */
int bytemap_lease_give_up(struct bytemap *map, struct bytemap_value *value,
			  const struct bytemap_client *client, u64 token)
{
	struct bytemap_lease *lease = bytemap_lease(value);
	int err = -ESTALE;

	write_seqlock(&value->lock);
	if (token && lease->token == token && lease->client == client) {
		err = bytemap_deadline_is_over(value) ? -ESTALE : 0;
		lose_locked(map, value);
	}
	write_sequnlock(&value->lock);
	remove_ended_lease(map, value);
	return err;
}

/* With the lock of the lease @value: is it time that the holder loses it? */
void bytemap_lease_lapse_locked(struct bytemap *map, struct bytemap_value *value)
{
	lockdep_assert_held(&value->lock.lock);
	if (value->state == VALUE_LEASED && bytemap_deadline_is_over(value))
		lose_locked(map, value);
}

/* SYNCMAP_OP_UNLEASE. Return: as bytemap_lease_give_up() */
int bytemap_lease_end(struct bytemap_attempt *at)
{
	const struct bytemap_request *req = at->req;
	struct bytemap_value *value;
	int err = -ESTALE;

	at->dooms = true;
	value = bytemap_entry_get(at->map, &at->key);
	if (value && value->leased)
		err = bytemap_lease_give_up(at->map, value, req->client,
					    req->op->token);
	if (value)
		bytemap_value_put(value);
	return err;
}

/* The token could not be told to anybody. Process context */
void bytemap_lease_abandon(struct bytemap_client *client, u64 token)
{
	struct bytemap_value *value = bytemap_holder_find(client, token);

	if (!value)
		return;
	bytemap_lease_give_up(client->map, value, client, token);
	bytemap_value_put(value);
}

/* The client gives up all that it has, and gets no more. Process context */
void bytemap_lease_close(struct bytemap_client *client)
{
	struct bytemap_value *value;
	u64 token;

	while ((value = bytemap_holder_find(client, 0))) {
		token = READ_ONCE(bytemap_lease(value)->token);
		bytemap_lease_give_up(client->map, value, client, token);
		bytemap_value_put(value);
		cond_resched();
	}
}

/* A Clear has removed the lease @value from the core. Process context */
void bytemap_lease_cleared(struct bytemap *map, struct bytemap_value *value)
{
	write_seqlock(&value->lock);
	if (value->state == VALUE_LEASED) {
		bytemap_count(map, BYTEMAP_LEASE_LOST);
		bytemap_holder_remove_locked(bytemap_lease(value));
		atomic64_dec(&map->leases);
	}
	if (value->state != VALUE_DELETED)
		bytemap_entry_end_locked(map, value);
	write_sequnlock(&value->lock);
	bytemap_line_wake_all(value);
}

/* With a reference: nobody may have the lease any more. Process context */
void bytemap_lease_void(struct bytemap *map, struct bytemap_value *value)
{
	write_seqlock(&value->lock);
	if (value->state == VALUE_LEASED) {
		dismiss_locked(map, bytemap_lease(value));
		end_lease_locked(map, value);
	}
	write_sequnlock(&value->lock);
	bytemap_line_wake_all(value);
	remove_ended_lease(map, value);
}
