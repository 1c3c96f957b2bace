// SPDX-License-Identifier: GPL-2.0-only
/*
 * Those who wait for a lease, in line
 *
 * The line is as long as there are threads and places (place.c) that wait; each
 * counts as a lease of its descriptor. It is worked off one by one, the lock
 * dropped in between, and a lease that is passed on wakes nobody but the one that
 * gets it. As a Clear does not look for leases, all that wait in a map are in
 * another line, too, until they are woken.
 */
#include <linux/list.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>

#include "bytemap.h"
#include "line.h"
#include "value.h"

/* The line of a lease */

/* Return: false if nobody has the lease any more, so that there is no line */
bool bytemap_line_join(struct bytemap_value *value,
		       struct bytemap_waiter *waiter)
{
	bool joined;

	INIT_LIST_HEAD(&waiter->line);
	write_seqlock(&value->lock);
	joined = value->state == VALUE_LEASED;
	if (joined)
		list_add_tail(&waiter->node, &bytemap_lease(value)->waiters);
	write_sequnlock(&value->lock);
	return joined;
}

/* Return: true if it was woken, be it at the last moment */
bool bytemap_line_leave(struct bytemap_value *value,
			struct bytemap_waiter *waiter)
{
	bool woken;

	write_seqlock(&value->lock);
	woken = waiter->woken;
	if (!woken)
		list_del(&waiter->node);
	write_sequnlock(&value->lock);
	return woken;
}

static struct bytemap_waiter *first_waiter(struct bytemap_lease *lease)
{
	return list_first_entry_or_null(&lease->waiters, struct bytemap_waiter,
					node);
}

/* It needs the lock that is held to leave: task and @waiter still exist */
static void call_waiter(struct bytemap_waiter *waiter)
{
	if (waiter->task)
		wake_up_process(waiter->task);
	else
		waiter->wake(waiter);
}

static void wake_waiter_locked(struct bytemap_waiter *waiter, u64 token)
{
	struct bytemap *map = waiter->client->map;

	list_del(&waiter->node);
	waiter->token = token;
	WRITE_ONCE(waiter->woken, true);
	spin_lock(&map->line_lock);
	list_del_init(&waiter->line);
	spin_unlock(&map->line_lock);
	call_waiter(waiter);
}

/*
 * With the lock of the lease: the first in line gets it, with @token.
 *
 * Return: who that is, for as long as the lock is held; or NULL: nobody waits.
 */
struct bytemap_waiter *bytemap_line_pick_locked(struct bytemap_lease *lease,
						u64 token)
{
	struct bytemap_waiter *waiter = first_waiter(lease);

	lockdep_assert_held(&lease->mortal.value.lock.lock);
	if (waiter)
		wake_waiter_locked(waiter, token);
	return waiter;
}

/* The lease has ended: nobody joins its line any more. Process context */
void bytemap_line_wake_all(struct bytemap_value *value)
{
	struct bytemap_lease *lease = bytemap_lease(value);
	struct bytemap_waiter *waiter;

	do {
		write_seqlock(&value->lock);
		waiter = first_waiter(lease);
		if (waiter)
			wake_waiter_locked(waiter, 0);
		write_sequnlock(&value->lock);
		cond_resched();
	} while (waiter);
}

/* The line of a map */

/*
 * A Clear changes the epoch before it takes the lock of the line, so either it
 * finds who has joined, or who comes sees the change, and does not join: nobody
 * of an older epoch stands before those whom the next Clear wakes.
 *
 * Return: false if the lease has been cleared
 */
bool bytemap_line_join_map(struct bytemap *map, struct bytemap_waiter *waiter)
{
	bool current_epoch;

	spin_lock(&map->line_lock);
	current_epoch = READ_ONCE(map->epoch) == waiter->epoch;
	if (current_epoch && !READ_ONCE(waiter->woken))
		list_add_tail(&waiter->line, &map->line);
	spin_unlock(&map->line_lock);
	return current_epoch;
}

/* Return: true if the lease has been cleared */
bool bytemap_line_leave_map(struct bytemap *map, struct bytemap_waiter *waiter)
{
	spin_lock(&map->line_lock);
	list_del_init(&waiter->line);
	spin_unlock(&map->line_lock);
	return READ_ONCE(map->epoch) != waiter->epoch;
}

static struct bytemap_waiter *first_of_epoch(struct bytemap *map, u8 epoch)
{
	struct bytemap_waiter *waiter;

	lockdep_assert_held(&map->line_lock);
	waiter = list_first_entry_or_null(&map->line, struct bytemap_waiter,
					  line);
	return waiter && waiter->epoch == epoch ? waiter : NULL;
}

/*
 * A Clear has removed the leases of @epoch: whoever waits for one looks again,
 * and does not wait until it is freed. Who comes now sees the new epoch. Process
 * context; killed, it leaves the rest to bytemap_lease_cleared().
 */
void bytemap_line_clear(struct bytemap *map, u8 epoch)
{
	struct bytemap_waiter *waiter;

	do {
		spin_lock(&map->line_lock);
		waiter = first_of_epoch(map, epoch);
		if (waiter) {
			list_del_init(&waiter->line);
			WRITE_ONCE(waiter->cleared, true);
			call_waiter(waiter);
		}
		spin_unlock(&map->line_lock);
		cond_resched();
	} while (waiter && !fatal_signal_pending(current));
}
