// SPDX-License-Identifier: GPL-2.0-only
/*
 * Emptying a map at one instant
 */
#include <linux/errno.h>
#include <linux/mutex.h>
#include <linux/syncmap.h>
#include <linux/wait_bit.h>

#include "bytemap.h"
#include "clear.h"
#include "gauge.h"
#include "line.h"
#include "mirror.h"
#include "tell.h"

/*
 * Whether nothing of an epoch is left that was the old one after @clears. Each Clear
 * counts when it has seen to that, and then the epoch begins anew.
 */
static bool has_ended(const struct bytemap *map, u8 epoch, unsigned int clears)
{
	/* Pairs with atomic64_dec_and_test() in uncharge_entry() */
	return !atomic64_read_acquire(&map->live[epoch]) ||
	       READ_ONCE(map->clears) != clears;
}

static int wait_epoch(struct bytemap *map, u8 epoch, unsigned int clears)
{
	return wait_var_event_killable(&map->live[epoch],
				       has_ended(map, epoch, clears)) ?
		-EINTR : 0;
}

/* Return: whether there are entries that a Clear has removed and that are charged */
bool bytemap_clear_is_going_on(const struct bytemap *map)
{
	return atomic64_read(&map->live[!READ_ONCE(map->epoch)]);
}

/*
 * Waits until there are none, or only those of a later Clear. Return: 0, or -EINTR:
 * killed
 */
int bytemap_clear_wait(struct bytemap *map)
{
	/* Pairs with smp_store_release() in clear_locked() */
	unsigned int clears = smp_load_acquire(&map->clears);

	return wait_epoch(map, !READ_ONCE(map->epoch), clears);
}

/* What is told of is in no mapping any more; what comes next is above the floor */
static void empty_core(struct bytemap *map)
{
	struct bytemap_mirror *mirror = map->mirror;

	if (mirror)
		bytemap_mirror_clear_begin(mirror);
	syncmap_clear(&map->core);
	bytemap_tell_clear(map);
	if (mirror)
		bytemap_mirror_clear_end(mirror, atomic64_read(&map->revision));
}

/*
 * The core empties the map at one instant and frees what was in it later. No
 * insertion is in flight then, nor until the epoch changes: what was in the map
 * was reserved in the old epoch, and nothing else was. So the wait for the end
 * of the old epoch ends; and whoever changes a value of that epoch afterwards
 * knows by the epoch that it was cleared.
 */
static int clear_locked(struct bytemap *map)
{
	u8 old = map->epoch;
	int err;

	lockdep_assert_held(&map->clear_lock);
	/* Left by a Clear that was killed */
	err = wait_epoch(map, !old, map->clears);
	if (err)
		return err;
	err = bytemap_gauge_close(&map->entries);
	if (err)
		return err;
	empty_core(map);
	/* Pairs with smp_load_acquire() in bytemap_clear_wait(): the epoch */
	smp_store_release(&map->clears, map->clears + 1);
	bytemap_gauge_open(&map->entries);
	bytemap_line_clear(map, old);
	return 0;
}

/*
 * Empties the map. What was in it counts until it is freed: bytemap_clear_wait().
 * Waits for that of the Clear before. Process context.
 *
 * Return: 0; -EROFS: it is frozen; -EINTR: killed before it was empty.
 */
int bytemap_clear(struct bytemap *map)
{
	int err;

	if (mutex_lock_killable(&map->clear_lock))
		return -EINTR;
	err = bytemap_is_frozen(map) ? -EROFS : clear_locked(map);
	mutex_unlock(&map->clear_lock);
	return err;
}

/*
 * The same with a map that is frozen, unless nothing is in it any more.
 *
 * Return: 0; -EINTR
 */
int bytemap_clear_frozen(struct bytemap *map)
{
	int err = 0;

	if (mutex_lock_killable(&map->clear_lock))
		return -EINTR;
	if (atomic64_read(&map->live[map->epoch]))
		err = clear_locked(map);
	mutex_unlock(&map->clear_lock);
	return err;
}
