// SPDX-License-Identifier: GPL-2.0-only
/*
 * A place in line for a lease that nobody sleeps in: SYNCMAP_AWAIT
 *
 * It stands in line as a thread does, and is passed the lease in its turn. What
 * came of it is found out by who reads, as by a thread that was woken: the lease
 * may have been lost by then. Until somebody has read it, the lease belongs to
 * the place, and ends with it; from then on it is one like any other of the
 * client.
 *
 * The place is its file's. But its lease is the client's, and nothing of a client
 * is left when the map is closed, so that ends the wait: whichever of the two
 * comes first does it, and the other one waits for that, a bounded piece of work.
 *
 * Whoever ends a lease holds the lock of it, and however many poll, he shall not
 * wait: they are woken by a job of the client's user.
 */
#include <linux/err.h>
#include <linux/poll.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/syncmap.h>

#include "account.h"
#include "bytemap.h"
#include "deadline.h"
#include "entry.h"
#include "error.h"
#include "gfp.h"
#include "holder.h"
#include "lease.h"
#include "place.h"
#include "request.h"
#include "trace.h"
#include "value.h"

/*
 * What can be said before the key is there.
 *
 * Return: 0; -EINVAL; -EFBIG, and @error tells.
 */
int bytemap_place_check(const struct bytemap *map,
			const struct syncmap_await *params,
			struct syncmap_error *error)
{
	size_t field = offsetof(struct syncmap_await, key_len);
	u32 max = map->limits.key_size;

	if (map->key_type == SYNCMAP_KEY_U64 && params->key_len != sizeof(u64))
		return bytemap_error_field(error, field, -EINVAL);
	if (params->key_len <= max)
		return 0;
	bytemap_error_limit(error, SYNCMAP_LIMITED_KEY, params->key_len, max);
	return bytemap_error_field(error, field, -EFBIG);
}

static void put_place(struct bytemap_place *place)
{
	if (!refcount_dec_and_test(&place->refs))
		return;
	bytemap_job_share_put(place->share);
	kfree(place);
}

static void wake_place(struct bytemap_job *job)
{
	struct bytemap_place *place = container_of(job, struct bytemap_place,
						   job);

	wake_up_interruptible_poll(&place->wait, EPOLLIN | EPOLLRDNORM);
	put_place(place);
}

/* From any context */
static void end_wait(struct bytemap_place *place)
{
	WRITE_ONCE(place->over, true);
	/* Pairs with the barrier of who polls. See litmus/poll */
	if (!wq_has_sleeper(&place->wait))
		return;
	refcount_inc(&place->refs);
	if (!bytemap_job_queue(&place->job))
		refcount_dec(&place->refs);
}

/* &bytemap_waiter.wake */
static void call_place(struct bytemap_waiter *waiter)
{
	end_wait(container_of(waiter, struct bytemap_place, waiter));
}

static struct bytemap_place *alloc_place(struct bytemap_client *client,
					 const struct syncmap_await *params)
{
	struct bytemap_place *place = kzalloc(sizeof(*place), BYTEMAP_GFP);
	struct bytemap_share *share = bytemap_account_share(client->account);

	if (!place)
		return NULL;
	refcount_set(&place->refs, 1);
	mutex_init(&place->lock);
	init_waitqueue_head(&place->wait);
	place->id = client->map->id;
	place->from_now = params->flags & SYNCMAP_AWAIT_FROM_NOW;
	place->share = bytemap_job_share_get(share);
	bytemap_job_init(&place->job, share, wake_place);
	place->client = client;
	place->waiter.client = client;
	place->waiter.lease_for = params->lease_for;
	place->waiter.wake = call_place;
	return place;
}

/* Return: false: there is nothing to wait for */
static bool enter_line(struct bytemap_place *place, struct bytemap_value *value)
{
	struct bytemap *map = place->client->map;

	place->waiter.epoch = value->epoch;
	if (!bytemap_line_join(value, &place->waiter))
		return false;
	bytemap_count(map, BYTEMAP_LEASE_WAIT);
	trace_bytemap_lease_wait(map, READ_ONCE(bytemap_lease(value)->token));
	place->value = value;
	place->in_line = true;
	if (!bytemap_line_join_map(map, &place->waiter))
		end_wait(place);
	return true;
}

/* From here on &bytemap_waiter.token tells */
static void leave_line(struct bytemap_place *place)
{
	if (!place->in_line)
		return;
	place->in_line = false;
	bytemap_line_leave_map(place->client->map, &place->waiter);
	bytemap_line_leave(place->value, &place->waiter);
}

static void find_line(struct bytemap_place *place, const void *key, size_t len)
{
	struct syncmap_hashed_key hashed;
	struct bytemap_value *value;

	syncmap_hashed_key_init(&hashed, key, len);
	value = bytemap_entry_get(place->client->map, &hashed);
	if (value && value->leased && enter_line(place, value))
		return;
	end_wait(place);
	if (value)
		bytemap_value_put(value);
}

/*
 * Puts @client, the caller's, in line for @key, if there is one. @params have
 * passed bytemap_place_check(). May sleep.
 *
 * Return: the place; ERR_PTR(-EINVAL): it is no key of this map; -ENOMEM; -EDQUOT,
 * and @error tells.
 */
struct bytemap_place *bytemap_place_create(struct bytemap_client *client,
					   const struct syncmap_await *params,
					   const void *key,
					   struct syncmap_error *error)
{
	struct bytemap_place *place;
	int err;

	err = bytemap_request_check_key(client->map, key, params->key_len);
	if (err) {
		bytemap_error_field(error, offsetof(struct syncmap_await, key),
				    err);
		return ERR_PTR(err);
	}
	place = alloc_place(client, params);
	if (!place)
		return ERR_PTR(-ENOMEM);
	err = bytemap_holder_count(client, error);
	if (err) {
		put_place(place);
		return ERR_PTR(err);
	}
	spin_lock(&client->lock);
	list_add_tail(&place->node, &client->places);
	spin_unlock(&client->lock);
	find_line(place, key, params->key_len);
	return place;
}

/* It is not read by now, so nobody else has it */
static void give_back(struct bytemap_place *place)
{
	struct bytemap_client *client = place->client;

	bytemap_lease_give_up(client->map, place->value, client,
			      place->waiter.token);
}

/* Nothing is left of it that is the client's, but a lease that has been read */
static void end_place(struct bytemap_place *place)
{
	struct bytemap_client *client;

	mutex_lock(&place->lock);
	client = place->client;
	if (!client)
		goto unlock;
	leave_line(place);
	if (!place->waiter.token)
		bytemap_holder_uncount(client);
	else if (!place->read)
		give_back(place);
	if (place->value)
		bytemap_value_put(place->value);
	place->value = NULL;
	spin_lock(&client->lock);
	list_del_init(&place->node);
	spin_unlock(&client->lock);
	place->client = NULL;
	end_wait(place);
unlock:
	mutex_unlock(&place->lock);
}

/* Its file is closed, or was not made. Process context */
void bytemap_place_destroy(struct bytemap_place *place)
{
	end_place(place);
	put_place(place);
}

static struct bytemap_place *find_place(struct bytemap_client *client)
{
	struct bytemap_place *place;

	spin_lock(&client->lock);
	place = list_first_entry_or_null(&client->places, struct bytemap_place,
					 node);
	if (place)
		refcount_inc(&place->refs);
	spin_unlock(&client->lock);
	return place;
}

/* The client leaves all lines that it stands in. Process context */
void bytemap_place_close(struct bytemap_client *client)
{
	struct bytemap_place *place;

	while ((place = find_place(client))) {
		end_place(place);
		put_place(place);
		cond_resched();
	}
}

/* Return: whether there is an answer, or was */
bool bytemap_place_is_over(const struct bytemap_place *place)
{
	return READ_ONCE(place->over);
}

/* Return: whether there was one, and somebody has it: no other one comes */
bool bytemap_place_was_read(const struct bytemap_place *place)
{
	return READ_ONCE(place->read);
}

/* Return: 0 when there is; -ERESTARTSYS: a signal */
int bytemap_place_wait(struct bytemap_place *place)
{
	return wait_event_interruptible(place->wait,
					bytemap_place_is_over(place));
}

/* The lease is the place's at this instant, or has been lost: grant.c's join() */
static bool has_lease_locked(const struct bytemap_place *place)
{
	const struct bytemap *map = place->client->map;
	const struct bytemap_value *value = place->value;

	lockdep_assert_held(&value->lock.lock);
	return value->state == VALUE_LEASED &&
	       bytemap_lease(value)->token == place->waiter.token &&
	       value->epoch == READ_ONCE(map->epoch) &&
	       !bytemap_is_frozen(map) && !bytemap_deadline_is_over(value);
}

static void look_again(struct bytemap_place *place,
		       struct syncmap_answer *answer)
{
	struct bytemap_value *value = place->value;

	write_seqlock(&value->lock);
	if (has_lease_locked(place)) {
		answer->result = SYNCMAP_RESULT_LEASED;
		answer->leased = place->waiter.token;
		answer->lease_ends = bytemap_lease(value)->ends;
	}
	write_sequnlock(&value->lock);
	if (!answer->leased)
		give_back(place);
}

/*
 * What came of it goes to @answer, and is the caller's, unless that is put back.
 *
 * Return: 1; 0: somebody else has it; -EAGAIN: nothing yet.
 */
int bytemap_place_take(struct bytemap_place *place,
		       struct syncmap_answer *answer)
{
	int ret = 0;

	memset(answer, 0, sizeof(*answer));
	mutex_lock(&place->lock);
	if (!bytemap_place_is_over(place)) {
		ret = -EAGAIN;
	} else if (!place->read) {
		WRITE_ONCE(place->read, true);
		if (place->client)
			leave_line(place);
		if (place->client && place->waiter.token)
			look_again(place, answer);
		ret = 1;
	}
	mutex_unlock(&place->lock);
	return ret;
}

/* The answer could not be told */
void bytemap_place_put_back(struct bytemap_place *place)
{
	mutex_lock(&place->lock);
	WRITE_ONCE(place->read, false);
	mutex_unlock(&place->lock);
}
