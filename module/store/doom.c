// SPDX-License-Identifier: GPL-2.0-only
/*
 * Values that nobody has any more, but that readers may still look at
 *
 * Each map has its own. They wait for a grace period together, and are freed in
 * portions by a job of the map's owner. What comes meanwhile waits for the next
 * one, so a map has one callback of RCU at a time, however much is deleted.
 *
 * How much of it there may be is a share of what the map may hold. Beyond that,
 * whoever writes into the map waits, and can be killed: those who replace and
 * delete, and those who insert, as what has expired or lost its owner is doomed
 * by others, who do not wait. Nobody waits because of another map.
 */
#include <linux/minmax.h>
#include <linux/rcupdate.h>
#include <linux/sched/signal.h>
#include <linux/sizes.h>

#include "store.h"

/* Of the bytes that a map may hold */
#define SHARE		8
#define LEAST		SZ_256K
#define MOST		SZ_32M

/* Freed at a time */
#define PORTION		256
#define PORTION_BYTES	SZ_4M

static void end_grace_period(struct rcu_head *rcu)
{
	struct bytemap_doom *doom = container_of(rcu, struct bytemap_doom, rcu);

	bytemap_job_queue(&doom->job);
}

/* A kernel may put call_rcu() off for seconds, to save power: writers wait here */
#ifndef HAVE_CALL_RCU_HURRY
#define call_rcu_hurry call_rcu
#endif

/* Begin a grace period if none is under way; the job sees to the next one */
static void begin(struct bytemap_doom *doom)
{
	if (llist_empty(&doom->values) || test_and_set_bit_lock(0, &doom->busy))
		return;
	doom->waiting = llist_del_all(&doom->values);
	call_rcu_hurry(&doom->rcu, end_grace_period);
}

static void free_some(struct bytemap_doom *doom)
{
	struct bytemap_value *value;
	unsigned int n = 0;
	u64 bytes = 0;

	while (doom->waiting && n++ < PORTION && bytes < PORTION_BYTES) {
		value = llist_entry(doom->waiting, struct bytemap_value, doomed);
		doom->waiting = doom->waiting->next;
		bytes += bytemap_value_size(value);
		bytemap_value_release(value);
		cond_resched();
	}
	atomic64_sub(bytes, &doom->bytes);
}

static void run(struct bytemap_job *job)
{
	struct bytemap_doom *doom = container_of(job, struct bytemap_doom, job);

	free_some(doom);
	if (doom->waiting) {
		bytemap_job_queue(job);
	} else {
		WRITE_ONCE(doom->rounds, doom->rounds + 1);
		clear_bit_unlock(0, &doom->busy);
		/* Pairs with llist_add(): one sees the other */
		smp_mb__after_atomic();
		begin(doom);
	}
	if (wq_has_sleeper(&doom->wait))
		wake_up(&doom->wait);
}

/* The last reference is gone. From any context */
void bytemap_doom(struct bytemap_value *value)
{
	struct bytemap_doom *doom = &value->map->doom;

	atomic64_add(bytemap_value_size(value), &doom->bytes);
	if (llist_add(&value->doomed, &doom->values))
		begin(doom);
}

bool bytemap_doom_is_full(struct bytemap *map)
{
	return atomic64_read(&map->doom.bytes) > map->doom.max;
}

/* And will be, if nobody uses the map */
bool bytemap_doom_is_empty(struct bytemap *map)
{
	if (!llist_empty(&map->doom.values))
		return false;
	/* Pairs with llist_del_all(): who has taken them is seen to be busy */
	smp_rmb();
	return !test_bit(0, &map->doom.busy);
}

static bool is_past(struct bytemap *map, unsigned long round)
{
	return bytemap_doom_is_empty(map) ||
	       (long)(READ_ONCE(map->doom.rounds) - round) >= 0;
}

/*
 * Until all that is doomed now is freed. That ends with the next grace period,
 * whatever is doomed meanwhile. -EINTR: killed.
 */
int bytemap_doom_wait(struct bytemap *map)
{
	unsigned long round = READ_ONCE(map->doom.rounds) + 2;

	return wait_event_killable(map->doom.wait, is_past(map, round)) ?
		-EINTR : 0;
}

/* The same for who has found no memory. False: there is nothing to wait for */
bool bytemap_wait_doomed(struct bytemap *map)
{
	if (fatal_signal_pending(current) || bytemap_doom_is_empty(map))
		return false;
	bytemap_count(map, BYTEMAP_THROTTLED);
	return !bytemap_doom_wait(map);
}

/* For who has written into the map. What it has done stays done if it is killed */
void bytemap_throttle(struct bytemap *map)
{
	if (!bytemap_doom_is_full(map))
		return;
	bytemap_count(map, BYTEMAP_THROTTLED);
	wait_event_killable(map->doom.wait, !bytemap_doom_is_full(map));
}

void bytemap_doom_init(struct bytemap *map)
{
	struct bytemap_doom *doom = &map->doom;

	doom->max = clamp_t(u64, map->limits.bytes / SHARE, LEAST, MOST);
	init_llist_head(&doom->values);
	init_waitqueue_head(&doom->wait);
	bytemap_job_init(&doom->job, bytemap_account_share(map->account), run);
}
