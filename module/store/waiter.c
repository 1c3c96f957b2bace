// SPDX-License-Identifier: GPL-2.0-only
/*
 * Waiting for a lease, in line
 *
 * The line is as long as there are threads that wait; each counts as a lease of
 * its descriptor. It is worked off one by one, the lock dropped in between, and
 * a lease that is passed on wakes nobody but the one that gets it.
 */
#include <linux/errno.h>
#include <linux/hrtimer.h>
#include <linux/ktime.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>

#include "store.h"
#include "trace.h"

/* A thread in line, on its stack; protected by the lock of the lease */
struct waiter {
	struct list_head	node;
	struct task_struct	*task;
	struct bytemap_client	*client;
	u64			token;		/* 0: has not got the lease */
	bool			woken;
	struct list_head	line;		/* in map->line: map->line_lock */
	u8			epoch;		/* of the lease */
	bool			cleared;
};

static void wake_locked(struct waiter *waiter, u64 token)
{
	list_del(&waiter->node);
	waiter->token = token;
	WRITE_ONCE(waiter->woken, true);
	/* It needs the lock to return: task and @waiter still exist */
	wake_up_process(waiter->task);
}

static struct waiter *first(struct bytemap_lease *lease)
{
	return list_first_entry_or_null(&lease->waiters, struct waiter, node);
}

/* The first in line gets the lease. Returns its client; NULL: nobody waits */
struct bytemap_client *bytemap_waiter_pick_locked(struct bytemap_lease *lease,
						  u64 token)
{
	struct waiter *waiter = first(lease);

	if (!waiter)
		return NULL;
	wake_locked(waiter, token);
	return waiter->client;
}

/* The state has ended: nobody joins the line any more. Process context */
void bytemap_waiter_wake_all(struct bytemap_value *value)
{
	struct bytemap_lease *lease = bytemap_lease(value);
	struct waiter *waiter;

	do {
		write_seqlock(&value->lock);
		waiter = first(lease);
		if (waiter)
			wake_locked(waiter, 0);
		write_sequnlock(&value->lock);
		cond_resched();
	} while (waiter);
}

static struct waiter *first_of_epoch(struct bytemap *map, u8 epoch)
{
	struct waiter *waiter;

	lockdep_assert_held(&map->line_lock);
	waiter = list_first_entry_or_null(&map->line, struct waiter, line);
	return waiter && waiter->epoch == epoch ? waiter : NULL;
}

/*
 * A Clear has removed the leases of @epoch: whoever waits for one looks again,
 * and does not wait until it is freed. Who comes now sees the new epoch. Process
 * context; killed, it leaves the rest to bytemap_lease_cleared().
 */
void bytemap_waiter_clear(struct bytemap *map, u8 epoch)
{
	struct waiter *waiter;

	do {
		spin_lock(&map->line_lock);
		waiter = first_of_epoch(map, epoch);
		if (waiter) {
			list_del_init(&waiter->line);
			WRITE_ONCE(waiter->cleared, true);
			/* It needs the lock to return */
			wake_up_process(waiter->task);
		}
		spin_unlock(&map->line_lock);
		cond_resched();
	} while (waiter && !fatal_signal_pending(current));
}

/* Returns false if the lease has been cleared */
static bool line_up(struct bytemap *map, struct waiter *waiter)
{
	spin_lock(&map->line_lock);
	list_add_tail(&waiter->line, &map->line);
	spin_unlock(&map->line_lock);
	/* A Clear changes it before it looks at the line */
	return READ_ONCE(map->epoch) == waiter->epoch;
}

static bool step_out(struct bytemap *map, struct waiter *waiter)
{
	spin_lock(&map->line_lock);
	list_del_init(&waiter->line);
	spin_unlock(&map->line_lock);
	return READ_ONCE(map->epoch) != waiter->epoch;
}

static bool enqueue(struct bytemap_value *value, struct waiter *waiter)
{
	bool joined;

	write_seqlock(&value->lock);
	joined = value->state == VALUE_LEASED;
	if (joined)
		list_add_tail(&waiter->node, &bytemap_lease(value)->waiters);
	write_sequnlock(&value->lock);
	return joined;
}

/* True if it was woken at the last moment, which counts */
static bool leave(struct bytemap_value *value, struct waiter *waiter)
{
	bool woken;

	write_seqlock(&value->lock);
	woken = waiter->woken;
	if (!woken)
		list_del(&waiter->node);
	write_sequnlock(&value->lock);
	return woken;
}

/* An absolute time: a call that a signal has interrupted can be restarted */
static int sleep(const struct waiter *waiter, u64 until)
{
	ktime_t expires = min_t(u64, until, KTIME_MAX);
	int err = 0;

	while (!err) {
		set_current_state(TASK_INTERRUPTIBLE);
		if (READ_ONCE(waiter->woken) || READ_ONCE(waiter->cleared))
			break;
		if (signal_pending(current))
			err = -ERESTARTSYS;
		else if (!schedule_hrtimeout_range_clock(until == SYNCMAP_NEVER ?
							 NULL : &expires, 0,
							 HRTIMER_MODE_ABS,
							 CLOCK_BOOTTIME))
			err = -ETIMEDOUT;
	}
	__set_current_state(TASK_RUNNING);
	return err;
}

static int wait_for(struct bytemap *map, struct bytemap_request *req,
		    struct bytemap_value *value)
{
	struct waiter waiter = {
		.task = current, .client = req->client, .epoch = value->epoch,
	};
	bool cleared;
	int err = 0;

	if (!enqueue(value, &waiter)) {
		bytemap_lease_uncount(req->client);
		return 0;
	}
	bytemap_count(map, BYTEMAP_LEASE_WAIT);
	trace_bytemap_lease_wait(map, READ_ONCE(bytemap_lease(value)->token));
	if (line_up(map, &waiter))
		err = sleep(&waiter, req->op->wait_until);
	/* Not in time is who could not have had it: a Clear has ended the lease */
	cleared = step_out(map, &waiter);
	if (leave(value, &waiter) || (cleared && err == -ETIMEDOUT))
		err = 0;
	if (!waiter.token)
		bytemap_lease_uncount(req->client);
	req->granted = waiter.token;
	return fatal_signal_pending(current) ? -EINTR : err;
}

/*
 * Wait until there is a reason to look again.
 *
 * Return: 0; -EAGAIN, -ETIMEDOUT, -EDQUOT; -ERESTARTSYS
 */
int bytemap_lease_wait(struct bytemap *map, struct bytemap_request *req)
{
	struct bytemap_value *value;
	int err = 0;

	req->wants_lease = false;
	if (req->op->flags & SYNCMAP_OP_NOWAIT)
		return -EAGAIN;
	value = bytemap_request_get(map, req);
	if (value && value->leased)
		err = bytemap_lease_count(req->client, req->op) ?:
		      wait_for(map, req, value);
	if (value)
		bytemap_value_put(value);
	return err;
}
