// SPDX-License-Identifier: GPL-2.0-only
/*
 * Deadlines of entries
 *
 * What has expired is absent for everybody, as each operation looks at the
 * clock: nothing here has to happen in time. Values with a deadline are queued,
 * so that those that are late are found, and ended, without looking at all
 * others.
 *
 * A value is in a queue by the time when something is to be done about it, or
 * before: a deadline that is moved back, as each store in a map of a default
 * TTL does, leaves it where it is, and takes no lock of the map. When its turn
 * comes it is queued anew. So the work is bounded by the number of changes, and
 * no entry is looked at that has been left alone and is not late.
 *
 * In a map that keeps stale values, one that is late lapses: it is absent, does
 * not count, and is ended when it is too old for &bytemap.stale, too, or when
 * the room is wanted.
 *
 * A queued value is found without its key, so it carries a copy. If the core
 * does not have the value at that key, a Clear has removed it, and will end it.
 */
#include <linux/jiffies.h>
#include <linux/ktime.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>

#include "store.h"

#define CREATE_TRACE_POINTS
#include "trace.h"

/* Jiffies stand still while the machine is suspended; the clock does not */
#define RECHECK		(60 * HZ)

static u64 add(u64 time, u64 interval)
{
	u64 sum = time + interval;

	return sum < time ? SYNCMAP_NEVER : sum;
}

/* The deadline that an operation sets now when it says @deadline */
u64 bytemap_expiry_deadline(const struct bytemap *map, u64 deadline)
{
	if (deadline)
		return deadline;
	return map->ttl ? add(ktime_get_boottime_ns(), map->ttl) :
			  SYNCMAP_NEVER;
}

/* Before the value lapses and after, it is in another queue */
static struct timerqueue_head *queue_of(struct bytemap_expiry *expiry,
					const struct bytemap_value *value)
{
	return value->state == VALUE_LAPSED ? &expiry->lapsed : &expiry->due;
}

static void arm(struct bytemap_expiry *expiry)
{
	struct timerqueue_node *due = timerqueue_getnext(&expiry->due);
	struct timerqueue_node *lapsed = timerqueue_getnext(&expiry->lapsed);
	s64 wait;

	lockdep_assert_held(&expiry->lock);
	if (!due || (lapsed && lapsed->expires < due->expires))
		due = lapsed;
	if (!due)
		return;
	wait = max(due->expires - ktime_get_boottime(), 0LL);
	bytemap_job_delay(&expiry->job,
			  min_t(u64, nsecs_to_jiffies64(wait) + 1, RECHECK));
}

static void enqueue(struct bytemap_expiry *expiry, struct bytemap_value *value,
		    u64 when)
{
	struct timerqueue_node *node = &bytemap_mortal(value)->node;

	lockdep_assert_held(&expiry->lock);
	node->expires = min_t(u64, when, KTIME_MAX);
	expiry->expiring += value->state == VALUE_LIVE;
	if (timerqueue_add(queue_of(expiry, value), node))
		arm(expiry);
}

static void dequeue(struct bytemap_expiry *expiry, struct bytemap_value *value)
{
	struct timerqueue_node *node = &bytemap_mortal(value)->node;

	lockdep_assert_held(&expiry->lock);
	if (!node->expires)
		return;
	timerqueue_del(queue_of(expiry, value), node);
	expiry->expiring -= value->state == VALUE_LIVE;
	node->expires = 0;
}

static void requeue(struct bytemap_expiry *expiry, struct bytemap_value *value,
		    u64 when)
{
	spin_lock(&expiry->lock);
	dequeue(expiry, value);
	enqueue(expiry, value, when);
	spin_unlock(&expiry->lock);
}

void bytemap_expiry_unqueue_locked(struct bytemap *map,
				   struct bytemap_value *value)
{
	lockdep_assert_held(&value->lock.lock);
	if (!bytemap_mortal(value)->node.expires)
		return;
	spin_lock(&map->expiry.lock);
	dequeue(&map->expiry, value);
	spin_unlock(&map->expiry.lock);
}

/* The deadline of a live value has been set */
void bytemap_expiry_queue_locked(struct bytemap *map,
				 struct bytemap_value *value)
{
	struct bytemap_mortal *mortal = bytemap_mortal(value);
	u64 queued = mortal->node.expires;

	lockdep_assert_held(&value->lock.lock);
	if (mortal->deadline == SYNCMAP_NEVER)
		bytemap_expiry_unqueue_locked(map, value);
	else if (!queued || mortal->deadline < queued)
		requeue(&map->expiry, value, mortal->deadline);
}

/* Nobody computes its successor: keep it, or the lease with it, as lapsed */
void bytemap_expiry_keep_locked(struct bytemap *map,
				struct bytemap_value *value)
{
	value->state = VALUE_LAPSED;
	requeue(&map->expiry, value,
		add(bytemap_mortal(value)->deadline, map->stale));
}

static void lapse_locked(struct bytemap *map, struct bytemap_value *value)
{
	bytemap_expiry_unqueue_locked(map, value);
	atomic64_inc(&map->lapsed[value->epoch]);
	bytemap_expiry_keep_locked(map, value);
}

/* Its lock is held */
bool bytemap_mortal_is_late(const struct bytemap_value *value)
{
	u64 deadline = bytemap_mortal(value)->deadline;

	return deadline != SYNCMAP_NEVER &&
	       deadline <= ktime_get_boottime_ns();
}

/* Returns the revision of its end, 0 if a Clear was faster */
static u64 tell_locked(struct bytemap *map, struct bytemap_value *value)
{
	bool late = bytemap_mortal_is_late(value);
	u64 revision;

	bytemap_value_settle_locked(map, value);
	revision = bytemap_revise(map, value, bytemap_mortal_key(value),
				  late ? SYNCMAP_REASON_EXPIRED :
					 SYNCMAP_REASON_ORPHANED);
	if (!revision)
		return 0;
	bytemap_count(map, late ? BYTEMAP_EXPIRED : BYTEMAP_ORPHANED);
	if (late)
		trace_bytemap_expire(map, value, revision);
	else
		trace_bytemap_orphan(map, value, revision);
	return revision;
}

/*
 * The value is late, or an orphan. The first to notice tells the others; then it
 * is ended, or kept as a stale value if @keep, and if the map keeps such. What
 * has an owner is not: it would have to go with that.
 */
void bytemap_expire_locked(struct bytemap *map, struct bytemap_value *value,
			   bool keep)
{
	u64 revision = 0;

	lockdep_assert_held(&value->lock.lock);
	if (value->state == VALUE_LIVE)
		revision = tell_locked(map, value);
	if (revision && keep && map->stale && !bytemap_mortal(value)->owner)
		lapse_locked(map, value);
	else
		bytemap_value_end_locked(map, value);
}

/* With a reference; NULL if nothing is to be done yet */
static struct bytemap_value *pick(struct bytemap_expiry *expiry, ktime_t now,
				  bool reclaim)
{
	struct bytemap_value *value = NULL;
	struct timerqueue_node *node;

	spin_lock(&expiry->lock);
	node = timerqueue_getnext(&expiry->due);
	if (!node || node->expires > now) {
		node = timerqueue_getnext(&expiry->lapsed);
		if (node && node->expires > now && !reclaim)
			node = NULL;
	}
	if (node) {
		value = &container_of(node, struct bytemap_mortal, node)->value;
		refcount_inc(&value->refs);
	}
	spin_unlock(&expiry->lock);
	return value;
}

/* Does it have its key still? Its lock is held */
bool bytemap_mortal_is_in_core(struct bytemap *map,
			       const struct bytemap_value *value)
{
	void *found;

	return syncmap_load(&map->core, bytemap_mortal_key(value),
			    value->key_len, &found) && found == value;
}

/* A stale value that would have been kept for longer */
static void reclaim_locked(struct bytemap *map, struct bytemap_value *value)
{
	bytemap_count(map, BYTEMAP_RECLAIMED);
	bytemap_value_end_locked(map, value);
}

/* Afterwards it is no longer queued, or not for @now any more */
static void look_locked(struct bytemap *map, struct bytemap_value *value,
			u64 now, bool reclaim)
{
	struct bytemap_mortal *mortal = bytemap_mortal(value);

	if (!mortal->node.expires)
		return;
	if (!bytemap_mortal_is_in_core(map, value))
		bytemap_expiry_unqueue_locked(map, value);
	else if (value->state == VALUE_LIVE && mortal->deadline > now)
		requeue(&map->expiry, value, mortal->deadline);
	else if (value->state == VALUE_LIVE)
		bytemap_expire_locked(map, value, true);
	else if (mortal->node.expires <= now)
		bytemap_value_end_locked(map, value);
	else if (reclaim)
		reclaim_locked(map, value);
}

static void look(struct bytemap *map, struct bytemap_value *value, u64 now,
		 bool reclaim)
{
	bool deleted;

	rcu_read_lock();
	write_seqlock(&value->lock);
	look_locked(map, value, now, reclaim);
	deleted = value->state == VALUE_DELETED;
	write_sequnlock(&value->lock);
	if (deleted)
		bytemap_remove_deleted(map, bytemap_mortal_key(value),
				       value->key_len, value);
	rcu_read_unlock();
}

/*
 * End up to @max values that are late, and with @reclaim also stale ones that
 * would be kept for longer. Process context.
 *
 * Return: how many have been looked at; fewer than @max: there are no more.
 */
unsigned int bytemap_expiry_sweep(struct bytemap *map, unsigned int max,
				  bool reclaim)
{
	u64 now = ktime_get_boottime_ns();
	struct bytemap_value *value;
	unsigned int n;

	for (n = 0; n < max; n++) {
		value = pick(&map->expiry, now, reclaim);
		if (!value)
			break;
		look(map, value, now, reclaim);
		bytemap_value_put(value);
		cond_resched();
	}
	return n;
}

/*
 * There was no memory. If the limit of a cgroup is the reason, no shrinker of a
 * module is asked; so who wants some has to. Process context, may wait.
 *
 * Return: true if there may be more now.
 */
bool bytemap_expiry_reclaim(struct bytemap *map)
{
	if (fatal_signal_pending(current) ||
	    !bytemap_expiry_sweep(map, BYTEMAP_SWEEP, true))
		return false;
	return !bytemap_doom_wait(&map->doom);
}

/* As long as there is much to be freed, what is late goes on being charged */
static void sweep(struct bytemap_job *job)
{
	struct bytemap *map = container_of(job, struct bytemap, expiry.job);

	if (bytemap_doom_is_full(&map->doom)) {
		bytemap_job_delay(job, 1);
	} else if (bytemap_expiry_sweep(map, BYTEMAP_SWEEP, false) ==
		   BYTEMAP_SWEEP) {
		bytemap_job_queue(job);
	} else {
		spin_lock(&map->expiry.lock);
		arm(&map->expiry);
		spin_unlock(&map->expiry.lock);
	}
}

/* Values that are kept although they have expired */
u64 bytemap_expiry_stale(struct bytemap *map)
{
	s64 lapsed = atomic64_read(&map->lapsed[READ_ONCE(map->epoch)]);

	/* A lease is counted with them */
	return max(lapsed - atomic64_read(&map->leases), 0LL);
}

/* What a sweep with @reclaim would end, or about that when some are late */
u64 bytemap_expiry_reclaimable(struct bytemap *map)
{
	u64 n = bytemap_expiry_stale(map);
	struct timerqueue_node *due;

	spin_lock(&map->expiry.lock);
	due = timerqueue_getnext(&map->expiry.due);
	if (due && due->expires <= ktime_get_boottime())
		n += min_t(u64, map->expiry.expiring, BYTEMAP_SWEEP);
	spin_unlock(&map->expiry.lock);
	return n;
}

void bytemap_expiry_stats(struct bytemap *map, struct syncmap_map_stats *stats)
{
	spin_lock(&map->expiry.lock);
	stats->expiring = map->expiry.expiring;
	spin_unlock(&map->expiry.lock);
}

void bytemap_expiry_init(struct bytemap *map)
{
	spin_lock_init(&map->expiry.lock);
	timerqueue_init_head(&map->expiry.due);
	timerqueue_init_head(&map->expiry.lapsed);
	bytemap_job_init(&map->expiry.job, bytemap_account_share(map->account),
			 sweep);
}

/* Nobody uses the map any more. In a job of its owner */
void bytemap_expiry_exit(struct bytemap *map)
{
	bytemap_job_stop(&map->expiry.job);
}
