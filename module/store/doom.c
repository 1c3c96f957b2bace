// SPDX-License-Identifier: GPL-2.0-only
/*
 * Objects that nobody has any more, but that readers may still look at
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
#include <linux/sched.h>
#include <linux/sizes.h>

#include "doom.h"
#include "job.h"

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
static void begin_grace_period(struct bytemap_doom *doom)
{
	if (llist_empty(&doom->objects) || test_and_set_bit_lock(0, &doom->busy))
		return;
	doom->waiting = llist_del_all(&doom->objects);
	call_rcu_hurry(&doom->rcu, end_grace_period);
}

static void free_some(struct bytemap_doom *doom)
{
	struct llist_node *object;
	unsigned int n = 0;
	u64 bytes = 0;

	while (doom->waiting && n++ < PORTION && bytes < PORTION_BYTES) {
		object = doom->waiting;
		doom->waiting = object->next;
		bytes += doom->free(object);
		cond_resched();
	}
	atomic64_sub(bytes, &doom->bytes);
}

static void free_in_background(struct bytemap_job *job)
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
		begin_grace_period(doom);
	}
	if (wq_has_sleeper(&doom->wait))
		wake_up(&doom->wait);
}

/*
 * The last reference to @object, of @size bytes, is gone: it is freed after a
 * grace period. From any context
 */
void bytemap_doom_add(struct bytemap_doom *doom, struct llist_node *object,
		      size_t size)
{
	atomic64_add(size, &doom->bytes);
	if (llist_add(object, &doom->objects))
		begin_grace_period(doom);
}

/* Return: true if writers have to wait, or to put off what dooms more */
bool bytemap_doom_is_full(const struct bytemap_doom *doom)
{
	return atomic64_read(&doom->bytes) > READ_ONCE(doom->max);
}

/* Return: true if there is nothing, nor will be if nobody uses the map */
bool bytemap_doom_is_empty(const struct bytemap_doom *doom)
{
	if (!llist_empty(&doom->objects))
		return false;
	/* Pairs with llist_del_all(): who has taken them is seen to be busy */
	smp_rmb();
	return !test_bit(0, &doom->busy);
}

static bool is_past(const struct bytemap_doom *doom, unsigned long round)
{
	return bytemap_doom_is_empty(doom) ||
	       (long)(READ_ONCE(doom->rounds) - round) >= 0;
}

/*
 * Waits until all that is doomed now is freed. That ends with the next grace
 * period, whatever is doomed meanwhile.
 *
 * Return: 0, or -EINTR: killed.
 */
int bytemap_doom_wait(struct bytemap_doom *doom)
{
	unsigned long round = READ_ONCE(doom->rounds) + 2;

	return wait_event_killable(doom->wait, is_past(doom, round)) ?
		-EINTR : 0;
}

/* Waits until bytemap_doom_is_full() is over, or the caller is killed */
void bytemap_doom_wait_for_room(struct bytemap_doom *doom)
{
	wait_event_killable(doom->wait, !bytemap_doom_is_full(doom));
}

/* The map may hold @bytes from now on */
void bytemap_doom_limit(struct bytemap_doom *doom, u64 bytes)
{
	WRITE_ONCE(doom->max, clamp_t(u64, bytes / SHARE, LEAST, MOST));
}

/*
 * For a map that may hold @bytes. Its jobs run in @share; @free frees an object,
 * and returns its size.
 */
void bytemap_doom_init(struct bytemap_doom *doom, struct bytemap_share *share,
		       u64 bytes, size_t (*free)(struct llist_node *object))
{
	bytemap_doom_limit(doom, bytes);
	doom->free = free;
	init_llist_head(&doom->objects);
	init_waitqueue_head(&doom->wait);
	bytemap_job_init(&doom->job, share, free_in_background);
}
