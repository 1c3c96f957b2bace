// SPDX-License-Identifier: GPL-2.0-only
/*
 * Life of a map: from its making, or its definition, to its end.
 */
#include <linux/errno.h>
#include <linux/export.h>
#include <linux/string.h>
#include <linux/wait_bit.h>
#include <linux/workqueue.h>

#include "internal.h"

#define CREATE_TRACE_POINTS
#include "trace.h"

/*
 * What every map is before its first key and after a Clear. No word of it is
 * ever written: an insert publishes a state of the map's own.
 */
static struct {
	u8			tags[sizeof(struct syncmap_bucket)];
	struct syncmap_bucket	bucket;
} empty;
static DEFINE_PER_CPU(struct syncmap_counts, empty_counts);

struct syncmap_table syncmap_empty_table = {
	.view = { .buckets = &empty.bucket, .homes = 1 },
	.buckets = 1,
};

static struct syncmap_dirty empty_dirty;

struct syncmap_state __syncmap_empty = {
	.view = { .buckets = &empty.bucket, .homes = 1 },
	.table = &syncmap_empty_table,
	.used = &empty_dirty.used,
	.dirty = &empty_dirty,
	.counts = &empty_counts,
};
EXPORT_SYMBOL_GPL(__syncmap_empty);

struct workqueue_struct *syncmap_wq;
struct workqueue_struct *syncmap_build_wq;

/* Promotions of maps without a workqueue of their own at a time */
#define BUILDERS_MAX	2

void syncmap_token_wait(struct syncmap *map)
{
	wait_on_bit_lock(&map->flags, MAP_BUILDING, TASK_UNINTERRUPTIBLE);
}

/* Acquire semantics: what the last holder wrote is seen. See litmus/draining */
bool syncmap_token_try(struct syncmap *map)
{
	return !test_and_set_bit_lock(MAP_BUILDING, &map->flags);
}

void syncmap_token_release(struct syncmap *map)
{
	clear_and_wake_up_bit(MAP_BUILDING, &map->flags);
}

/**
 * syncmap_init - make an empty map
 * @map: where to make it
 * @params: what kind of map; copied
 *
 * Allocates nothing: memory comes with the first store. End the map with
 * syncmap_destroy().
 *
 * Context: Any.
 * Return: 0, or -EINVAL when @params contradict themselves.
 */
int syncmap_init(struct syncmap *map, const struct syncmap_params *params)
{
	if (params->key_len > SYNCMAP_KEY_LEN_MAX)
		return -EINVAL;
	if (params->hash > SYNCMAP_HASH_CUSTOM)
		return -EINVAL;
	if (params->hash == SYNCMAP_HASH_CUSTOM ? !params->hash_fn :
						  !!params->hash_fn)
		return -EINVAL;
	memset(map, 0, sizeof(*map));
	map->params = *params;
	map->self = map;
	init_irq_work(&map->kick, __syncmap_kick);
	INIT_DELAYED_WORK(&map->work, __syncmap_work);
	init_waitqueue_head(&map->wait);
	RCU_INIT_POINTER(map->state, &__syncmap_empty);
	return 0;
}
EXPORT_SYMBOL_GPL(syncmap_init);

static void fold_stats(struct syncmap *map, const struct syncmap_state *state)
{
	struct syncmap_counts sum;

	syncmap_state_sum(state, &sum);
	atomic64_add(sum.hits, &map->past_hits);
	atomic64_add(sum.misses, &map->past_misses);
	atomic64_add(sum.lock_waits, &map->past_lock_waits);
}

/**
 * syncmap_clear - delete all keys
 * @map: the map
 *
 * Takes constant time: the map is empty at once, and what was in it is freed in
 * the background, values by &syncmap_params.free_value. Allocates nothing and
 * keeps no capacity. Operations that began before linearize before, even if
 * they end later. A promotion that is under way is given up; nobody waits for
 * it.
 *
 * Context: Any but NMI, reclaim of memory included. Never sleeps, never fails.
 */
void syncmap_clear(struct syncmap *map)
{
	struct syncmap_state *state;

	syncmap_assert(map);
	state = syncmap_state_take(map);
	if (state_is_empty(state))
		return;
	fold_stats(map, state);
	state->cleared = true;
	syncmap_state_unpin(state);
}
EXPORT_SYMBOL_GPL(syncmap_clear);

/**
 * syncmap_is_freed - whether all is free that a Clear has removed
 * @map: the map
 *
 * For who ends a map and must not wait: syncmap_clear() first, and when this is
 * true syncmap_destroy() does not wait for a grace period any more.
 *
 * Context: Any.
 * Return: true if the map has been empty since, and has no memory.
 */
bool syncmap_is_freed(struct syncmap *map)
{
	syncmap_assert(map);
	/* Pairs with atomic_dec_and_test() in syncmap_gen_put() */
	return !atomic_read_acquire(&map->inflight);
}
EXPORT_SYMBOL_GPL(syncmap_is_freed);

/**
 * syncmap_destroy - end a map
 * @map: the map; nobody else uses it any more
 *
 * Clears the map, and returns when all of its memory is free and
 * &syncmap_params.free_value has been called for the last time.
 *
 * Context: Process context, sleeps for a grace period, and waits for the map's
 * worker, which may itself be waiting for memory: not to be called where memory
 * is reclaimed, nor with a lock that is taken there. syncmap_clear() may be.
 */
void syncmap_destroy(struct syncmap *map)
{
	syncmap_await();
	irq_work_sync(&map->kick);
	/* What is being promoted need not be any more */
	syncmap_clear(map);
	cancel_delayed_work_sync(&map->work);
	/* Pairs with the last syncmap_gen_put(). See litmus/inflight */
	wait_var_event(&map->inflight, !atomic_read_acquire(&map->inflight));
	map->self = NULL;
}
EXPORT_SYMBOL_GPL(syncmap_destroy);

/**
 * syncmap_count - number of keys
 * @map: the map
 *
 * Exact when nobody updates the map; otherwise off by no more than the updates
 * that run at the same time.
 *
 * Context: Any. Adds up a counter per possible CPU.
 * Return: the number of keys that are present.
 */
unsigned long syncmap_count(struct syncmap *map)
{
	struct syncmap_counts sum = {};
	struct syncmap_state *state;

	syncmap_assert(map);
	rcu_read_lock();
	state = syncmap_state(map);
	if (!state_is_empty(state))
		syncmap_state_sum(state, &sum);
	rcu_read_unlock();
	return max(sum.live, 0L);
}
EXPORT_SYMBOL_GPL(syncmap_count);

/**
 * syncmap_core_init - make what all maps share
 *
 * Return: 0 or -ENOMEM.
 */
int syncmap_core_init(void)
{
	int err;

	err = syncmap_node_init();
	if (err)
		return err;
	err = syncmap_counts_init();
	if (err)
		goto exit_node;
	err = -ENOMEM;
	syncmap_wq = alloc_workqueue("syncmap", WQ_UNBOUND | WQ_MEM_RECLAIM, 0);
	if (!syncmap_wq)
		goto exit_counts;
	syncmap_build_wq = alloc_workqueue("syncmap_build",
					   WQ_UNBOUND | WQ_MEM_RECLAIM,
					   BUILDERS_MAX);
	if (!syncmap_build_wq)
		goto destroy_wq;
	return 0;

destroy_wq:
	destroy_workqueue(syncmap_wq);
exit_counts:
	syncmap_counts_exit();
exit_node:
	syncmap_node_exit();
	return err;
}

/**
 * syncmap_core_exit - undo syncmap_core_init(); no map is left
 */
void syncmap_core_exit(void)
{
	destroy_workqueue(syncmap_build_wq);
	destroy_workqueue(syncmap_wq);
	syncmap_counts_exit();
	syncmap_node_exit();
}
