// SPDX-License-Identifier: GPL-2.0-only
/*
 * When a promotion is due: triggers, back-pressure and housekeeping.
 */
#include <linux/export.h>
#include <linux/jiffies.h>
#include <linux/ktime.h>
#include <linux/lockdep.h>
#include <linux/minmax.h>
#include <linux/sched.h>
#include <linux/sched/mm.h>
#include <linux/wait.h>

#include "internal.h"
#include "trace.h"

/*
 * A promotion costs some 30 ns per key of both tables. A dirty table as large
 * as the read table makes that two moves per inserted key while a map grows;
 * large maps stop at a half, for a dirty key takes more memory than a slot.
 */
#define LIMIT_MIN	128
#define LIMIT_LARGE	65536

/*
 * Misses pay for a promotion after one per key. If few keys are in the dirty
 * table, they come and go: a promotion would soon have to be done again.
 */
#define MISSES_PER_KEY	1
#define MISSES_IF_FEW	4
#define FEW_SHARE	64
/* Misses are added up per CPU, and told to the map in portions */
#define MISS_PORTION	256
/* So many inserts of a CPU do not look how large the dirty table is */
#define INSERT_PORTION	32

/*
 * Inserts that may sleep wait when dirty is so many times its limit, that those
 * who write pay for the promotion; but so long at most for each portion, for the
 * worker may have other maps to do first.
 */
#define PRESSURE	4
#define WAIT_JIFFIES	(HZ / 10)
/* For an insert that has no room at all, it is worth while to wait longer */
#define ROOM_JIFFIES	(10 * HZ)

/* Housekeeping: look this often, spend no more than 1 % of a CPU, and 1 % on purges */
#define TIDY_JIFFIES	HZ
#define TIDY_SHARE	100

/* After an attempt for which there was not enough memory */
#define RETRY_JIFFIES	(HZ / 10)
#define RETRY_NS	(RETRY_JIFFIES * (NSEC_PER_SEC / HZ))

/* How many keys a dirty table may have beside a read table of so many */
static u64 dirty_limit(u64 keys)
{
	if (keys <= LIMIT_LARGE)
		return max_t(u64, keys, LIMIT_MIN);
	return max_t(u64, keys / 2, LIMIT_LARGE);
}

/* Dirty keys at which a promotion is due: fewer if dirty was made small */
u64 syncmap_state_limit(const struct syncmap_state *state)
{
	return min(dirty_limit(state->table->keys),
		   syncmap_dirty_room(state->dirty));
}

/* After how many misses a promotion is due, with @dirty keys to promote */
static long misses_limit(const struct syncmap_state *state, u64 dirty)
{
	long keys = max_t(long, state->table->keys, LIMIT_MIN);

	return keys * (dirty * FEW_SHARE < keys ? MISSES_IF_FEW :
						  MISSES_PER_KEY);
}

/* Growth that has ended leaves a large dirty table; one size up is no matter */
static bool is_oversized(const struct syncmap_state *state)
{
	return state->dirty->bits >
	       syncmap_dirty_bits_at_rest(state->table->keys,
					  state->dirty->params->key_len) + 1;
}

/*
 * Whether a purge may be done: there are dirty tables, no key in them, and the last one
 * has taken its share of time. A key that comes meanwhile is left to the next one, or
 * to a promotion. Any context: so it goes by jiffies.
 */
static bool may_purge(const struct syncmap *map,
		      const struct syncmap_state *state, u64 dirty)
{
	return !dirty && (state->old || READ_ONCE(state->dirty->used)) &&
	       !time_before(jiffies, READ_ONCE(map->purge_after));
}

/* Whether misses have paid for a promotion; a purge is worth few */
static bool misses_suffice(const struct syncmap *map,
			   const struct syncmap_state *state, u64 dirty)
{
	return atomic_long_read(&map->missed) >= misses_limit(state, dirty) ||
	       may_purge(map, state, dirty);
}

/* Whether the read table has places that no key needs */
static bool has_dead(const struct syncmap_state *state,
		     const struct syncmap_counts *sum)
{
	return sum->dead > 0 || READ_ONCE(state->table->thinned);
}

/* Whether a promotion would leave everything as it is */
bool syncmap_is_tidy(const struct syncmap_state *state)
{
	struct syncmap_counts sum;

	if (state_is_empty(state))
		return true;
	if (state->old || READ_ONCE(state->dirty->used) ||
	    state->table->roomy || is_oversized(state))
		return false;
	syncmap_state_sum(state, &sum);
	return !has_dead(state, &sum);
}

/* Whether the last promotion failed, and the next had better be put off */
static bool backs_off(const struct syncmap *map)
{
	u64 failed = READ_ONCE(map->failed_ns);

	return failed && ktime_get_ns() - failed < RETRY_NS;
}

/* What is due */
enum due {
	NOTHING,	/* let more come together */
	PURGE,
	PROMOTION,	/* of what there is, and then the map is at rest */
	GROWTH,		/* one that leaves room for more */
};

/* Whether promotions have taken no more than their share of time */
static bool has_time(const struct syncmap *map)
{
	return ktime_get_ns() - map->promoted_ns >=
	       max_t(u64, TIDY_SHARE * map->last_promote_ns, NSEC_PER_SEC);
}

/* With the builder token */
static enum due due(const struct syncmap *map, const struct syncmap_state *state)
{
	struct syncmap_counts sum;
	u64 dirty;

	if (syncmap_is_tidy(state) || backs_off(map))
		return NOTHING;
	/* What was left for want of memory */
	if (state->old && map->failed_ns)
		return PROMOTION;
	syncmap_state_sum(state, &sum);
	dirty = max(sum.dirty, 0L);
	if (dirty >= syncmap_state_limit(state) ||
	    atomic_long_read(&map->missed) >= misses_limit(state, dirty))
		return GROWTH;
	if (sum.dead >= LIMIT_MIN &&
	    sum.dead >= syncmap_state_read(state, &sum) / 4)
		return GROWTH;
	if (!has_time(map))
		return may_purge(map, state, dirty) ? PURGE : NOTHING;
	if (dirty || has_dead(state, &sum) || state->table->roomy)
		return PROMOTION;
	return may_purge(map, state, dirty) || is_oversized(state) ? PURGE :
								     NOTHING;
}

static enum due what_is_due(const struct syncmap *map)
{
	enum due what;

	rcu_read_lock();
	what = due(map, syncmap_state(map));
	rcu_read_unlock();
	return what;
}

/* By way of irq_work: callers may hold any lock, or be in an NMI */
static void kick(struct syncmap *map, int bit)
{
	if (!test_bit(bit, &map->flags) && !test_and_set_bit(bit, &map->flags))
		irq_work_queue(&map->kick);
}

static struct workqueue_struct *workqueue_of(const struct syncmap *map)
{
	return map->params.wq ?: syncmap_build_wq;
}

void __syncmap_kick(struct irq_work *work)
{
	struct syncmap *map = container_of(work, struct syncmap, kick);

	if (test_bit(MAP_URGENT, &map->flags))
		mod_delayed_work(workqueue_of(map), &map->work, 0);
	else
		queue_delayed_work(workqueue_of(map), &map->work, TIDY_JIFFIES);
}
EXPORT_SYMBOL_GPL(__syncmap_kick);

/*
 * There is something to tidy up, but no hurry. Between what that is and this the
 * caller has a full barrier, which pairs with the one in rearm(): either the bit
 * is seen to be clear here, or what there is to do is seen there.
 */
void syncmap_arm(struct syncmap *map)
{
	kick(map, MAP_ARMED);
}

/* Have the worker look at once */
void syncmap_hurry(struct syncmap *map)
{
	kick(map, MAP_URGENT);
}

/* Whether a syncmap_promote() waits */
static bool is_asked(const struct syncmap *map)
{
	return atomic_long_read(&map->asked) != READ_ONCE(map->answered);
}

/* Begin to free what is in limbo; true if nothing is left to do */
static bool comes_to_rest(const struct syncmap *map)
{
	const struct syncmap_state *state;
	bool rests;

	if (is_asked(map))
		return false;
	rcu_read_lock();
	state = syncmap_state(map);
	rests = syncmap_is_tidy(state) &&
		(state_is_empty(state) || !syncmap_drain_all(state->gen));
	rcu_read_unlock();
	return rests;
}

/*
 * Look again later; or stop, and look once more whether that was right. The map
 * may change between any two looks: each decides by itself, so that an armed map
 * is queued, or about to be.
 */
static void rearm(struct syncmap *map)
{
	if (comes_to_rest(map)) {
		clear_bit(MAP_ARMED, &map->flags);
		/*
		 * Pairs with the barrier before each syncmap_arm(). See
		 * litmus/arm-counted, litmus/arm-deleted and litmus/arm-limbo
		 */
		smp_mb__after_atomic();
		if (comes_to_rest(map) ||
		    test_and_set_bit(MAP_ARMED, &map->flags))
			return;
	}
	queue_delayed_work(workqueue_of(map), &map->work,
			   backs_off(map) ? RETRY_JIFFIES : TIDY_JIFFIES);
}

/*
 * What lockdep knows of the worker: it reclaims memory, and is waited for. So who
 * waits for it where memory is reclaimed, or with a lock that is taken there, is
 * told. One for all maps: what may wait for one of them may wait for any.
 */
#ifdef CONFIG_LOCKDEP
static struct lockdep_map worker_map =
	STATIC_LOCKDEP_MAP_INIT("syncmap_worker", &worker_map);
#endif

/* About to wait for the map's worker */
void syncmap_await(void)
{
	lock_map_acquire(&worker_map);
	lock_map_release(&worker_map);
}

/*
 * Who misses asks for a purge when no dirty key is there, which may be over when the
 * worker looks: whatever it does then, that is not soon done again.
 */
static int build_what_is_due(struct syncmap *map)
{
	enum due what = what_is_due(map);
	u64 start = ktime_get_ns();
	int err = 0;

	if (what == GROWTH)
		return syncmap_build(map, BUILD_ROOM, GFP_KERNEL);
	if (what == PROMOTION)
		return syncmap_build(map, 0, GFP_KERNEL);
	if (what == PURGE)
		err = syncmap_build(map, BUILD_PURGE, GFP_KERNEL);
	WRITE_ONCE(map->purge_after, jiffies + 1 +
		   nsecs_to_jiffies64(TIDY_SHARE * (ktime_get_ns() - start)));
	return err;
}

/* With the builder token */
static void housekeep(struct syncmap *map)
{
	long asked = atomic_long_read(&map->asked);
	bool all = asked != map->answered;
	int err;

	all |= test_and_clear_bit(MAP_RECLAIM, &map->flags);
	err = all ? syncmap_build_all(map) : build_what_is_due(map);
	if (all && !err)
		WRITE_ONCE(map->promoted, asked);
	/* Pairs with the acquire in is_answered() */
	smp_store_release(&map->answered, asked);
	wake_up_all(&map->wait);
	syncmap_counts_refill();
}

void __syncmap_work(struct work_struct *work)
{
	struct syncmap *map = container_of(to_delayed_work(work),
					   struct syncmap, work);

	/* Who has the token does not promote: what is wanted stays wanted */
	if (!syncmap_token_try(map)) {
		queue_delayed_work(workqueue_of(map), &map->work, 1);
		return;
	}
	clear_bit(MAP_URGENT, &map->flags);
	/*
	 * What is seen from here on is not older than the last kick(); pairs
	 * with syncmap_reclaim() and syncmap_promote(). See litmus/urgent
	 */
	smp_mb__after_atomic();
	lock_map_acquire(&worker_map);
	housekeep(map);
	lock_map_release(&worker_map);
	syncmap_token_release(map);
	rearm(map);
}
EXPORT_SYMBOL_GPL(__syncmap_work);

/**
 * syncmap_tombstones - how many deleted keys still take a place
 * @map: the map
 *
 * Context: Any.
 * Return: their number, exact when nobody writes.
 */
unsigned long syncmap_tombstones(struct syncmap *map)
{
	struct syncmap_counts sum;

	rcu_read_lock();
	syncmap_state_sum(syncmap_state(map), &sum);
	rcu_read_unlock();
	return max(sum.dead + sum.dirty_dead, 0L);
}
EXPORT_SYMBOL_GPL(syncmap_tombstones);

/**
 * syncmap_reclaim - have the places of deleted keys freed at once
 * @map: the map
 *
 * For shrinkers. Maps do this by themselves, but take their time when there is
 * little to gain; here a promotion is begun in the background however few
 * tombstones there are. A map that has none, no dirty key, and no room for new ones in
 * the read table, is left alone.
 *
 * Context: Any, with any lock held; does not wait.
 */
void syncmap_reclaim(struct syncmap *map)
{
	set_bit(MAP_RECLAIM, &map->flags);
	/* Pairs with the barrier in __syncmap_work(). See litmus/urgent */
	smp_mb__after_atomic();
	syncmap_hurry(map);
}
EXPORT_SYMBOL_GPL(syncmap_reclaim);

/* Count a look into the dirty table */
void syncmap_miss(struct syncmap *map, const struct syncmap_state *state,
		  u64 hash)
{
	trace_syncmap_miss(map, hash);
	if (this_cpu_inc_return(state->counts->misses) % MISS_PORTION)
		return;
	atomic_long_add(MISS_PORTION, &map->missed);
	if (misses_suffice(map, state, syncmap_state_dirty(state)))
		syncmap_hurry(map);
}

/* Whether the dirty table is so full that those who insert are to wait */
static bool is_pressed(const struct syncmap *map,
		       const struct syncmap_state *state)
{
	return syncmap_state_dirty(state) >=
	       PRESSURE * syncmap_state_limit(state) && !backs_off(map);
}

/*
 * After an insert, in its read section. True when the inserter should wait for
 * the promotion that is due, if it may.
 */
bool syncmap_grown(struct syncmap *map)
{
	const struct syncmap_state *state = syncmap_state(map);
	u64 limit, count;

	syncmap_arm(map);
	if (this_cpu_inc_return(state->counts->inserts) % INSERT_PORTION)
		return false;
	limit = syncmap_state_limit(state);
	count = syncmap_state_dirty(state);
	/* A Clear may have come in between */
	if (count < limit || !READ_ONCE(state->dirty->used) || backs_off(map))
		return false;
	syncmap_hurry(map);
	return count >= PRESSURE * limit;
}

/*
 * The worker allocates with GFP_KERNEL, and reclaims: who must not do that must
 * not wait for it either.
 */
static bool may_wait(gfp_t gfp)
{
	return (current_gfp_context(gfp) & GFP_KERNEL) == GFP_KERNEL &&
	       !(current->flags & PF_MEMALLOC);
}

static bool is_relieved(const struct syncmap *map)
{
	bool yes;

	rcu_read_lock();
	yes = !is_pressed(map, syncmap_state(map));
	rcu_read_unlock();
	return yes;
}

/* Back-pressure: writers who outrun the worker wait for it */
void syncmap_hold_back(struct syncmap *map, gfp_t gfp)
{
	if (!may_wait(gfp))
		return;
	syncmap_await();
	wait_event_killable_timeout(map->wait, is_relieved(map), WAIT_JIFFIES);
}

static bool is_replaced(const struct syncmap *map,
			const struct syncmap_dirty *dirty)
{
	bool yes;

	rcu_read_lock();
	yes = syncmap_state(map)->dirty != dirty;
	rcu_read_unlock();
	return yes;
}

/*
 * Wait for another dirty table in place of one with a bucket that is full. False
 * if it does not come: memory is short, or the caller may not wait for it.
 */
bool syncmap_make_room(struct syncmap *map, const struct syncmap_dirty *full,
		       gfp_t gfp)
{
	if (!backs_off(map))
		syncmap_hurry(map);
	if (may_wait(gfp)) {
		syncmap_await();
		wait_event_killable_timeout(map->wait, backs_off(map) ||
					    is_replaced(map, full),
					    ROOM_JIFFIES);
	}
	return is_replaced(map, full);
}
