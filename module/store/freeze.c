// SPDX-License-Identifier: GPL-2.0-only
/*
 * Freezing a map: from then on nobody writes
 *
 * A writer looks at &bytemap.modes
 *
 * - with a reservation of an entry, before it inserts a value or a lease;
 * - otherwise in the RCU read section, or under the lock of the value, in which
 *   it makes the change.
 *
 * So those that have not seen it are waited for: the gauge waits for
 * reservations, and whoever reserves later sees it; a grace period waits for
 * the others, since a spinlock holder is an RCU reader, too. See litmus/frozen.
 *
 * From then on no lease can be taken, and whoever is passed one gives it back.
 * Those that are held are ended, for the sake of those that wait; an expired
 * value that one has taken along stays.
 *
 * What expires goes on doing so, and what is bound to a file goes with it: that
 * was part of what was stored. Nothing else is lost.
 */
#include <linux/errno.h>
#include <linux/minmax.h>
#include <linux/mutex.h>
#include <linux/rcupdate.h>
#include <linux/sched/signal.h>
#include <linux/syncmap.h>

#include "bytemap.h"
#include "freeze.h"
#include "gauge.h"
#include "lease.h"
#include "trace.h"
#include "value.h"

/* Entries that are looked at in one RCU read section */
#define STEP	16

/* Those among the next few entries, with references; returns how many */
static int find_leases(struct bytemap *map, u64 *cursor,
		       struct bytemap_value **leases, int *found)
{
	struct syncmap_entry entries[STEP];
	struct bytemap_value *value;
	int i, n = 0;

	rcu_read_lock();
	*found = syncmap_next(&map->core, cursor, entries, STEP);
	for (i = 0; i < *found; i++) {
		value = entries[i].value;
		if (value->leased && refcount_inc_not_zero(&value->refs))
			leases[n++] = value;
	}
	rcu_read_unlock();
	return n;
}

static int end_leases(struct bytemap *map)
{
	struct bytemap_value *leases[STEP];
	u64 cursor = 0;
	int n, found;

	do {
		if (fatal_signal_pending(current))
			return -EINTR;
		cond_resched();
		n = find_leases(map, &cursor, leases, &found);
		while (n) {
			bytemap_lease_void(map, leases[--n]);
			bytemap_value_put(leases[n]);
		}
	} while (found >= 0 && cursor != SYNCMAP_CURSOR_END);
	return min(found, 0);
}

static int freeze_locked(struct bytemap *map)
{
	int err;

	lockdep_assert_held(&map->clear_lock);
	bytemap_change_modes(map, 0, BYTEMAP_FROZEN);
	/* Killed here, it only misses the end of what others have begun */
	err = bytemap_gauge_close(&map->entries);
	if (!err)
		bytemap_gauge_open(&map->entries);
	return err;
}

/*
 * Ends all writes, and the leases. Sleeps for a grace period.
 *
 * Return: 0: nothing is or will be written. -EINTR: killed: nobody begins to write
 * any more, but some may go on. Or as syncmap_next(): leases are left.
 */
int bytemap_freeze(struct bytemap *map)
{
	int err;

	if (mutex_lock_killable(&map->clear_lock))
		return -EINTR;
	err = freeze_locked(map);
	mutex_unlock(&map->clear_lock);
	if (err)
		return err;
	synchronize_rcu();
	trace_bytemap_freeze(map, atomic64_read(&map->revision));
	return end_leases(map);
}
