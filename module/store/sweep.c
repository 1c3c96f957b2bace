// SPDX-License-Identifier: GPL-2.0-only
/*
 * Ending what is absent already: entries that are late, or have lost their owner;
 * and leases that were not for longer
 *
 * They are found in a queue or a list, without their key, so they carry a copy of
 * it. If the core does not have the value at that key, a Clear has removed it, and
 * will end it.
 */
#include <linux/ktime.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/syncmap.h>

#include "account.h"
#include "bucket.h"
#include "bytemap.h"
#include "deadline.h"
#include "doom.h"
#include "entry.h"
#include "job.h"
#include "lease.h"
#include "owner.h"
#include "sweep.h"
#include "value.h"

static bool has_key_locked(struct bytemap *map,
			   const struct bytemap_value *value)
{
	void *found;

	lockdep_assert_held(&value->lock.lock);
	return syncmap_load(&map->core, bytemap_mortal_key(value),
			    value->key_len, &found) && found == value;
}

/* What is late */

/* A stale value that would have been kept for longer */
static void reclaim_locked(struct bytemap *map, struct bytemap_value *value)
{
	bytemap_count(map, BYTEMAP_RECLAIMED);
	bytemap_entry_end_locked(map, value);
}

/* Afterwards it is no longer queued, or not for @now any more */
static void sweep_locked(struct bytemap *map, struct bytemap_value *value,
			 u64 now, bool stale)
{
	struct bytemap_mortal *mortal = bytemap_mortal(value);

	if (!mortal->node.expires)
		return;
	if (!has_key_locked(map, value))
		bytemap_deadline_unqueue_locked(map, value);
	else if (value->state == VALUE_LEASED)
		bytemap_lease_lapse_locked(map, value);
	else if (value->state == VALUE_LIVE && mortal->deadline > now)
		bytemap_deadline_requeue_locked(map, value);
	else if (value->state == VALUE_LIVE)
		bytemap_entry_lapse_locked(map, value);
	else if (mortal->node.expires <= now)
		bytemap_entry_end_locked(map, value);
	else if (stale)
		reclaim_locked(map, value);
}

/* The key is absent, and so it is for processes that map the map */
static void forget(struct bytemap *map, struct bytemap_value *value, u8 state)
{
	if (state == VALUE_DELETED)
		bytemap_entry_remove_mortal(map, value);
	if (state >= VALUE_LAPSED && bytemap_is_mirrored(map))
		bytemap_bucket_refresh_mortal(map->mirror, value);
}

static void sweep_value(struct bytemap *map, struct bytemap_value *value,
			u64 now, bool stale)
{
	u8 state;

	rcu_read_lock();
	write_seqlock(&value->lock);
	sweep_locked(map, value, now, stale);
	state = value->state;
	write_sequnlock(&value->lock);
	forget(map, value, state);
	rcu_read_unlock();
	bytemap_value_put(value);
	cond_resched();
}

/* Passes on, or ends, up to @max leases that are over. Process context */
static void sweep_leases(struct bytemap *map, unsigned int max)
{
	u64 now = ktime_get_boottime_ns();
	struct bytemap_value *value;

	while (max-- && (value = bytemap_deadline_pick_lease(map, now)))
		sweep_value(map, value, now, false);
}

static unsigned int sweep_some(struct bytemap *map, unsigned int max, bool stale)
{
	u64 now = ktime_get_boottime_ns();
	struct bytemap_value *value;
	unsigned int n;

	for (n = 0; n < max; n++) {
		value = stale ? bytemap_deadline_pick_stale(map, now) :
				bytemap_deadline_pick(map, now);
		if (!value)
			break;
		sweep_value(map, value, now, stale);
	}
	return n;
}

/*
 * Ends up to @max values that are late, and leases. Process context.
 *
 * Return: how many have been looked at; fewer than @max: there are no more.
 */
unsigned int bytemap_sweep_late(struct bytemap *map, unsigned int max)
{
	return sweep_some(map, max, false);
}

/*
 * Ends up to @max of those, and of stale values that would be kept for longer.
 *
 * Return: as bytemap_sweep_late().
 */
unsigned int bytemap_sweep_stale(struct bytemap *map, unsigned int max)
{
	return sweep_some(map, max, true);
}

/*
 * There was no memory. If the limit of a cgroup is the reason, no shrinker of a
 * module is asked; so who wants some has to. Process context, may wait.
 *
 * Return: true if there may be more now.
 */
bool bytemap_sweep_reclaim(struct bytemap *map)
{
	if (fatal_signal_pending(current) ||
	    !bytemap_sweep_stale(map, BYTEMAP_SWEEP))
		return false;
	return !bytemap_doom_wait(&map->doom);
}

/* What has lost its owner */

/* Afterwards it is not on the list of a closed owner any more */
static void drop_locked(struct bytemap *map, struct bytemap_value *value)
{
	if (!bytemap_owner_is_gone(value))
		return;
	if (!has_key_locked(map, value))
		bytemap_owner_unlink_locked(map, value);
	else
		bytemap_entry_expire_locked(map, value);
}

static void drop_value(struct bytemap *map, struct bytemap_value *value)
{
	u8 state;

	rcu_read_lock();
	write_seqlock(&value->lock);
	drop_locked(map, value);
	state = value->state;
	write_sequnlock(&value->lock);
	forget(map, value, state);
	rcu_read_unlock();
	bytemap_value_put(value);
	cond_resched();
}

/*
 * Ends a portion of what a closed client has owned. Process context.
 *
 * Return: false if nothing is left.
 */
bool bytemap_sweep_closed(struct bytemap_client *client)
{
	struct bytemap_value *value;
	unsigned int n;

	for (n = 0; n < BYTEMAP_SWEEP; n++) {
		value = bytemap_owner_pick(client);
		if (!value) {
			bytemap_owner_leave(client);
			return false;
		}
		drop_value(client->map, value);
	}
	return true;
}

/*
 * Ends up to @max values that have lost their owner. Process context.
 *
 * Return: 0 if there are none.
 */
unsigned int bytemap_sweep_orphans(struct bytemap *map, unsigned int max)
{
	struct bytemap_value *value;
	unsigned int n;

	for (n = 0; n < max && bytemap_owner_pick_any(map, &value); n++)
		if (value)
			drop_value(map, value);
	return n;
}

/* Both */

/*
 * For who has the map, before it is asked how many entries that has: exact when
 * nobody writes and no more than a sweep's worth has just expired. Who asks for
 * all maps does not do it for the users of each. Process context.
 */
void bytemap_sweep(struct bytemap *map)
{
	/* Who only asks does not wait until there is less to be freed */
	if (bytemap_doom_is_full(&map->doom))
		return;
	bytemap_sweep_late(map, BYTEMAP_SWEEP);
	bytemap_sweep_orphans(map, BYTEMAP_SWEEP);
}

/*
 * As long as there is much to be freed, what is late goes on being charged; but
 * those who wait for a lease get it.
 */
static void sweep_in_background(struct bytemap_job *job)
{
	struct bytemap *map = container_of(job, struct bytemap, deadlines.job);

	sweep_leases(map, BYTEMAP_SWEEP);
	if (bytemap_doom_is_full(&map->doom))
		bytemap_job_delay(job, 1);
	else if (bytemap_sweep_late(map, BYTEMAP_SWEEP) == BYTEMAP_SWEEP)
		bytemap_job_queue(job);
	else
		bytemap_deadline_arm(map);
}

/* The map has its account */
void bytemap_sweep_init(struct bytemap *map)
{
	bytemap_deadline_init(map, bytemap_account_share(map->account),
			      sweep_in_background);
}

/* Nobody uses the map any more. In a job of its owner */
void bytemap_sweep_exit(struct bytemap *map)
{
	bytemap_job_stop(&map->deadlines.job);
}
