// SPDX-License-Identifier: GPL-2.0-only
/*
 * Deadlines of entries
 *
 * What has expired is absent for everybody, as each operation looks at the
 * clock: nothing has to happen in time. Values with a deadline are queued, so
 * that those that are late are found, and ended (sweep.c), without looking at all
 * others.
 *
 * A value is in a queue by the time when something is to be done about it, or
 * before: a deadline that is moved back, as each store in a map of a default
 * TTL does, leaves it where it is, and takes no lock of the map. When its turn
 * comes it is queued anew. So the work is bounded by the number of changes, and
 * no entry is looked at that has been left alone and is not late.
 *
 * A lease that is given for some time is queued by the end of that, so that it
 * goes to who waits for it. These come first: somebody sleeps until then.
 *
 * In a map that keeps stale values, one that is late lapses: it is absent, does
 * not count, and is ended when it is too old for &bytemap.stale, too, or when
 * the room is wanted.
 */
#include <linux/jiffies.h>
#include <linux/ktime.h>
#include <linux/minmax.h>

#include "bytemap.h"
#include "deadline.h"
#include "job.h"
#include "value.h"

/* Jiffies stand still while the machine is suspended; the clock does not */
#define RECHECK		(60 * HZ)

static u64 add_time(u64 time, u64 interval)
{
	u64 sum = time + interval;

	return sum < time ? SYNCMAP_NEVER : sum;
}

/* Return: the time that is in so many nanoseconds; zero: never */
u64 bytemap_deadline_in(u64 interval)
{
	return interval ? add_time(ktime_get_boottime_ns(), interval) :
			  SYNCMAP_NEVER;
}

/* Return: the deadline that an operation sets now when it says @deadline */
u64 bytemap_deadline_resolve(const struct bytemap *map, u64 deadline)
{
	return deadline ?: bytemap_deadline_in(READ_ONCE(map->ttl));
}

/* Return: true if @time, which may be SYNCMAP_NEVER, is no more to come */
bool bytemap_deadline_has_passed(u64 time)
{
	return time != SYNCMAP_NEVER && time <= ktime_get_boottime_ns();
}

/* With the lock of the mortal @value. Return: true if it is late */
bool bytemap_deadline_is_past(const struct bytemap_value *value)
{
	return bytemap_deadline_has_passed(bytemap_mortal(value)->deadline);
}

/* With the lock of the lease @value. Return: true if it was not for longer */
bool bytemap_deadline_is_over(const struct bytemap_value *value)
{
	return bytemap_deadline_has_passed(bytemap_lease(value)->ends);
}

/* What becomes of the value says in which queue it is */
static struct timerqueue_head *queue_of(struct bytemap_deadlines *deadlines,
					const struct bytemap_value *value)
{
	if (value->state == VALUE_LEASED)
		return &deadlines->leased;
	return value->state == VALUE_LAPSED ? &deadlines->lapsed :
					      &deadlines->due;
}

static struct timerqueue_node *first_of(struct timerqueue_node *node,
					struct timerqueue_head *queue)
{
	struct timerqueue_node *next = timerqueue_getnext(queue);

	return !node || (next && next->expires < node->expires) ? next : node;
}

static void arm_locked(struct bytemap_deadlines *deadlines)
{
	struct timerqueue_node *first = NULL;
	s64 wait;

	lockdep_assert_held(&deadlines->lock);
	first = first_of(first, &deadlines->due);
	first = first_of(first, &deadlines->lapsed);
	first = first_of(first, &deadlines->leased);
	if (!first)
		return;
	wait = max(first->expires - ktime_get_boottime(), 0LL);
	bytemap_job_delay(&deadlines->job,
			  min_t(u64, nsecs_to_jiffies64(wait) + 1, RECHECK));
}

static void enqueue_locked(struct bytemap_deadlines *deadlines,
			   struct bytemap_value *value, u64 when)
{
	struct timerqueue_node *node = &bytemap_mortal(value)->node;

	lockdep_assert_held(&deadlines->lock);
	node->expires = min_t(u64, when, KTIME_MAX);
	deadlines->expiring += value->state == VALUE_LIVE;
	if (timerqueue_add(queue_of(deadlines, value), node))
		arm_locked(deadlines);
}

static void dequeue_locked(struct bytemap_deadlines *deadlines,
			   struct bytemap_value *value)
{
	struct timerqueue_node *node = &bytemap_mortal(value)->node;

	lockdep_assert_held(&deadlines->lock);
	if (!node->expires)
		return;
	timerqueue_del(queue_of(deadlines, value), node);
	deadlines->expiring -= value->state == VALUE_LIVE;
	node->expires = 0;
}

static void requeue_value(struct bytemap_deadlines *deadlines,
			  struct bytemap_value *value, u64 when)
{
	spin_lock(&deadlines->lock);
	dequeue_locked(deadlines, value);
	enqueue_locked(deadlines, value, when);
	spin_unlock(&deadlines->lock);
}

/* With the lock of the mortal @value: it is queued by its deadline, in any case */
void bytemap_deadline_requeue_locked(struct bytemap *map,
				     struct bytemap_value *value)
{
	lockdep_assert_held(&value->lock.lock);
	requeue_value(&map->deadlines, value, bytemap_mortal(value)->deadline);
}

/*
 * With the lock of the mortal @value, before its state changes: that says in which
 * queue it is.
 */
void bytemap_deadline_unqueue_locked(struct bytemap *map,
				     struct bytemap_value *value)
{
	lockdep_assert_held(&value->lock.lock);
	if (!bytemap_mortal(value)->node.expires)
		return;
	spin_lock(&map->deadlines.lock);
	dequeue_locked(&map->deadlines, value);
	spin_unlock(&map->deadlines.lock);
}

/* With the lock of the mortal @value, which is live: its deadline has been set */
void bytemap_deadline_queue_locked(struct bytemap *map,
				   struct bytemap_value *value)
{
	struct bytemap_mortal *mortal = bytemap_mortal(value);
	u64 queued = mortal->node.expires;

	lockdep_assert_held(&value->lock.lock);
	if (mortal->deadline == SYNCMAP_NEVER)
		bytemap_deadline_unqueue_locked(map, value);
	else if (!queued || mortal->deadline < queued)
		bytemap_deadline_requeue_locked(map, value);
}

/*
 * With the lock of @value, which is in no queue: a late value that nobody computes
 * anew, or the lease with one, is kept as lapsed.
 */
void bytemap_deadline_lapse_locked(struct bytemap *map,
				   struct bytemap_value *value)
{
	lockdep_assert_held(&value->lock.lock);
	WRITE_ONCE(value->state, VALUE_LAPSED);
	requeue_value(&map->deadlines, value,
		      add_time(bytemap_mortal(value)->deadline,
			       READ_ONCE(map->stale)));
}

/*
 * With the lock of the lease @value, which is in no queue: it has been given to
 * somebody.
 */
void bytemap_deadline_lease_locked(struct bytemap *map,
				   struct bytemap_value *value)
{
	u64 ends = bytemap_lease(value)->ends;

	lockdep_assert_held(&value->lock.lock);
	if (ends != SYNCMAP_NEVER)
		requeue_value(&map->deadlines, value, ends);
}

static struct bytemap_value *pick_until(struct timerqueue_head *queue,
					ktime_t time)
{
	struct timerqueue_node *node = timerqueue_getnext(queue);
	struct bytemap_value *value;

	if (!node || node->expires > time)
		return NULL;
	value = &container_of(node, struct bytemap_mortal, node)->value;
	refcount_inc(&value->refs);
	return value;
}

static struct bytemap_value *pick_first(struct bytemap_deadlines *deadlines,
					ktime_t due, ktime_t lapsed)
{
	struct bytemap_value *value;

	spin_lock(&deadlines->lock);
	value = pick_until(&deadlines->leased, due) ?:
		pick_until(&deadlines->due, due) ?:
		pick_until(&deadlines->lapsed, lapsed);
	spin_unlock(&deadlines->lock);
	return value;
}

/* Return: a lease that is over at @now, with a reference; or NULL */
struct bytemap_value *bytemap_deadline_pick_lease(struct bytemap *map,
						  ktime_t now)
{
	struct bytemap_value *value;

	spin_lock(&map->deadlines.lock);
	value = pick_until(&map->deadlines.leased, now);
	spin_unlock(&map->deadlines.lock);
	return value;
}

/*
 * Return: a value about which something is to be done at @now, with a reference;
 * or NULL.
 */
struct bytemap_value *bytemap_deadline_pick(struct bytemap *map, ktime_t now)
{
	return pick_first(&map->deadlines, now, now);
}

/* Return: the same, or one that is kept for longer, but can be ended */
struct bytemap_value *bytemap_deadline_pick_stale(struct bytemap *map,
						  ktime_t now)
{
	return pick_first(&map->deadlines, now, KTIME_MAX);
}

/* The job has nothing more to do, until the next value is late */
void bytemap_deadline_arm(struct bytemap *map)
{
	spin_lock(&map->deadlines.lock);
	arm_locked(&map->deadlines);
	spin_unlock(&map->deadlines.lock);
}

/* Return: how many values are kept although they have expired */
u64 bytemap_deadline_stale(struct bytemap *map)
{
	s64 lapsed = atomic64_read(&map->lapsed[READ_ONCE(map->epoch)]);

	/* A lease is counted with them */
	return max(lapsed - atomic64_read(&map->leases), 0LL);
}

/*
 * Return: how many values could be ended, kept ones included; or about that, and
 * at most @max, of those that are late
 */
u64 bytemap_deadline_reclaimable(struct bytemap *map, u64 max)
{
	u64 n = bytemap_deadline_stale(map);
	struct timerqueue_node *due;

	spin_lock(&map->deadlines.lock);
	due = timerqueue_getnext(&map->deadlines.due);
	if (due && due->expires <= ktime_get_boottime())
		n += min(map->deadlines.expiring, max);
	spin_unlock(&map->deadlines.lock);
	return n;
}

/* Return: how many values have a deadline that is to come */
u64 bytemap_deadline_count(struct bytemap *map)
{
	u64 expiring;

	spin_lock(&map->deadlines.lock);
	expiring = map->deadlines.expiring;
	spin_unlock(&map->deadlines.lock);
	return expiring;
}

/* @run, a job in @share, is to look for values that are late */
void bytemap_deadline_init(struct bytemap *map, struct bytemap_share *share,
			   void (*run)(struct bytemap_job *job))
{
	spin_lock_init(&map->deadlines.lock);
	timerqueue_init_head(&map->deadlines.due);
	timerqueue_init_head(&map->deadlines.lapsed);
	timerqueue_init_head(&map->deadlines.leased);
	bytemap_job_init(&map->deadlines.job, share, run);
}
