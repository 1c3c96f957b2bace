// SPDX-License-Identifier: GPL-2.0-only
/*
 * Waiting for a lease
 */
#include <linux/errno.h>
#include <linux/hrtimer.h>
#include <linux/ktime.h>
#include <linux/minmax.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>

#include "attempt.h"
#include "bytemap.h"
#include "entry.h"
#include "holder.h"
#include "line.h"
#include "request.h"
#include "trace.h"
#include "value.h"
#include "waiter.h"

static int sleep_in_line(const struct bytemap_waiter *waiter, u64 until)
{
	ktime_t expires = min_t(u64, until, KTIME_MAX);
	int err = 0;

	while (!err) {
		set_current_state(TASK_INTERRUPTIBLE);
		if (READ_ONCE(waiter->woken) || READ_ONCE(waiter->cleared))
			break;
		if (signal_pending(current))
			err = -EINTR;
		else if (!schedule_hrtimeout_range_clock(until == SYNCMAP_NEVER ?
							 NULL : &expires, 0,
							 HRTIMER_MODE_ABS,
							 CLOCK_BOOTTIME))
			err = -ETIMEDOUT;
	}
	__set_current_state(TASK_RUNNING);
	return err;
}

/*
 * A call that is restarted waits until the same time, if that is absolute; if it
 * is not, only where nobody can count on it to end.
 */
static int interrupted(const struct syncmap_op *op)
{
	return op->flags & SYNCMAP_FLAG_FROM_NOW ? -ERESTARTNOHAND :
						   -ERESTARTSYS;
}

static int wait_in_line(struct bytemap_attempt *at, struct bytemap_value *value)
{
	struct bytemap_client *client = at->req->client;
	struct bytemap_waiter waiter = {
		.task = current, .client = client, .epoch = value->epoch,
		.lease_for = at->req->op->lease_for,
	};
	bool cleared;
	int err = 0;

	if (!bytemap_line_join(value, &waiter)) {
		bytemap_holder_uncount(client);
		return 0;
	}
	bytemap_count(at->map, BYTEMAP_LEASE_WAIT);
	trace_bytemap_lease_wait(at->map,
				 READ_ONCE(bytemap_lease(value)->token));
	if (bytemap_line_join_map(at->map, &waiter))
		err = sleep_in_line(&waiter, at->req->op->wait_until);
	/* Not in time is who could not have had it: a Clear has ended the lease */
	cleared = bytemap_line_leave_map(at->map, &waiter);
	if (bytemap_line_leave(value, &waiter) ||
	    (cleared && err == -ETIMEDOUT))
		err = 0;
	if (err == -EINTR)
		err = interrupted(at->req->op);
	if (!waiter.token)
		bytemap_holder_uncount(client);
	at->granted = waiter.token;
	at->granted_until = waiter.ends;
	return fatal_signal_pending(current) ? -EINTR : err;
}

/*
 * Waits until there is a reason to look again.
 *
 * Return: 0; -EAGAIN, -ETIMEDOUT, -EDQUOT; -ERESTARTSYS, -ERESTARTNOHAND; -EINTR:
 * killed.
 */
int bytemap_waiter_wait(struct bytemap_attempt *at)
{
	const struct bytemap_request *req = at->req;
	struct bytemap_value *value;
	int err = 0;

	if (req->op->flags & SYNCMAP_FLAG_NOWAIT)
		return -EAGAIN;
	value = bytemap_entry_get(at->map, &at->key);
	if (value && value->leased)
		err = bytemap_holder_count(req->client, &req->answer->error) ?:
		      wait_in_line(at, value);
	if (value)
		bytemap_value_put(value);
	return err;
}
