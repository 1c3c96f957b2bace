// SPDX-License-Identifier: GPL-2.0-only
/*
 * Operations that find the key absent, and store it; or, if somebody computes its
 * value, store in the place of the lease
 */
#include <linux/errno.h>
#include <linux/rcupdate.h>
#include <linux/syncmap.h>

#include "attempt.h"
#include "bytemap.h"
#include "change.h"
#include "deadline.h"
#include "entry.h"
#include "evict.h"
#include "fresh.h"
#include "holder.h"
#include "insert.h"
#include "line.h"
#include "number.h"
#include "request.h"
#include "trace.h"
#include "value.h"
#include "window.h"

/* Somebody has inserted the key, or a lease for it, and with it its place */
static bool has_place(struct bytemap_attempt *at)
{
	struct bytemap_request *req = at->req;
	struct bytemap_value *value;
	bool has = false;
	void *found;

	rcu_read_lock();
	if (syncmap_load_hashed(&at->map->core, &at->key, &found)) {
		value = found;
		has = bytemap_entry_view(at->map, value, &req->found, 0) !=
			ABSENT || READ_ONCE(value->state) == VALUE_LEASED;
	}
	rcu_read_unlock();
	return has;
}

/* The object for the value of the request. May sleep. Return: 0 or -ENOMEM */
int bytemap_insert_create(struct bytemap_attempt *at)
{
	if (at->req->fresh)
		return 0;
	at->mortal = bytemap_request_is_mortal(at->req, at->deadline);
	at->room = at->len;
	return bytemap_fresh_get(at);
}

/*
 * The object for the number that the operation begins with. May sleep.
 *
 * Return: 0, -ENOMEM or -ERANGE.
 */
int bytemap_insert_create_number(struct bytemap_attempt *at)
{
	int err;

	err = bytemap_number_begin(at->req->op, at->req->answer,
				   &at->number);
	if (err)
		return err;
	at->bytes = &at->number.wide;
	at->len = at->number.len;
	return bytemap_insert_create(at);
}

static int insert_in_window(struct bytemap_attempt *at)
{
	struct bytemap_window window;
	int ret;

	ret = bytemap_change_begin(at, &window);
	if (ret)
		return ret;
	ret = bytemap_entry_insert(at);
	bytemap_change_end(at, &window, !ret);
	if (!ret && bytemap_evicts(at->map))
		bytemap_evict_add(at->map,
				  syncmap_hashed_key_cursor(&at->key));
	return ret;
}

/* The object of the request. Return: as bytemap_entry_insert(); NEED_STOCK */
int bytemap_insert_fresh(struct bytemap_attempt *at)
{
	int ret;

	rcu_read_lock();
	ret = likely(!READ_ONCE(at->map->modes)) ? bytemap_entry_insert(at) :
						   insert_in_window(at);
	rcu_read_unlock();
	return ret == FULL && has_place(at) ? START_OVER : ret;
}

/* The value takes the place that the lease has had */
static int replace_lease_locked(struct bytemap_attempt *at,
				struct bytemap_value *value)
{
	struct bytemap_lease *lease = bytemap_lease(value);
	struct bytemap *map = at->map;
	u64 token = lease->token;
	int err;

	err = bytemap_entry_replace_locked(at, value, 0);
	if (err)
		return err;
	trace_bytemap_lease_store(map, token);
	bytemap_holder_remove_locked(lease);
	atomic64_dec(&map->lapsed[value->epoch]);
	atomic64_dec(&map->leases);
	at->req->answer->expires = at->deadline;
	return 0;
}

static int finish_lease_locked(struct bytemap_attempt *at,
			       struct bytemap_value *value)
{
	const struct bytemap_lease *lease = bytemap_lease(value);
	const struct syncmap_op *op = at->req->op;

	if (bytemap_is_frozen(at->map))
		return -EROFS;
	if (op->token &&
	    (lease->token != op->token || lease->client != at->req->client ||
	     bytemap_deadline_is_over(value)))
		return -ESTALE;
	if (value->state != VALUE_LEASED)
		return START_OVER;
	return replace_lease_locked(at, value);
}

/* With a reference on the lease @value */
static int finish_lease(struct bytemap_attempt *at, struct bytemap_value *value)
{
	struct bytemap_window window;
	int ret;

	rcu_read_lock();
	ret = bytemap_change_begin(at, &window);
	if (!ret) {
		write_seqlock(&value->lock);
		ret = finish_lease_locked(at, value);
		write_sequnlock(&value->lock);
		bytemap_change_end(at, &window, !ret);
	}
	rcu_read_unlock();
	if (!ret)
		bytemap_line_wake_all(value);
	return ret;
}

/*
 * Stores in the place of a lease: with its token, or without one, which voids it.
 *
 * Return: as bytemap_insert(); -ESTALE: there is no such lease.
 */
int bytemap_insert_leased(struct bytemap_attempt *at)
{
	const struct bytemap_request *req = at->req;
	int ret = req->op->token ? -ESTALE : START_OVER;
	struct bytemap_value *value;
	int err;

	err = at->verb->create(at);
	if (err)
		return err;
	value = bytemap_entry_get(at->map, &at->key);
	if (value && value->leased)
		ret = finish_lease(at, value);
	if (value)
		bytemap_value_put(value);
	return ret;
}

/*
 * Stores what the operation says. May sleep.
 *
 * Return: 0; an error; START_OVER, NEED_ROOM, NEED_NODE or FULL.
 */
int bytemap_insert(struct bytemap_attempt *at)
{
	if (at->met_lease)
		return bytemap_insert_leased(at);
	return at->verb->create(at) ?: bytemap_insert_fresh(at);
}
