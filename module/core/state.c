// SPDX-License-Identifier: GPL-2.0-only
/*
 * States and generations.
 */
#include <linux/cpumask.h>
#include <linux/mempool.h>
#include <linux/minmax.h>
#include <linux/percpu.h>
#include <linux/random.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "internal.h"

static DEFINE_SPINLOCK(seed_lock);

/* With the map's first memory: a static map has no earlier occasion */
static void seed_map(struct syncmap *map)
{
	unsigned long flags;

	spin_lock_irqsave(&seed_lock, flags);
	if (!__test_and_set_bit(0, &map->seeded))
		get_random_bytes(&map->seed, sizeof(map->seed));
	spin_unlock_irqrestore(&seed_lock, flags);
}

/*
 * Memory of all CPUs comes in portions of pages that a sleeping task has mapped
 * before; who may not sleep fails when they are used up, however much memory is
 * free. The first store after a Clear should not: it has these.
 */
#define COUNTS_SPARE	8

static mempool_t *counts_pool;

/* To the pool they are addresses in ordinary memory */
static void *to_pool(struct syncmap_counts __percpu *counts)
{
	return (void *)(__force unsigned long)counts;
}

static struct syncmap_counts __percpu *from_pool(void *counts)
{
	return (struct syncmap_counts __percpu *)(__force unsigned long)counts;
}

static void *pool_alloc(gfp_t gfp, void *unused)
{
	return to_pool(alloc_percpu_gfp(struct syncmap_counts, gfp));
}

static void pool_free(void *counts, void *unused)
{
	free_percpu(from_pool(counts));
}

static struct syncmap_counts __percpu *counts_alloc(gfp_t gfp)
{
	struct syncmap_counts __percpu *counts;

	counts = alloc_percpu_gfp(struct syncmap_counts, gfp);
	if (counts)
		return counts;
	return from_pool(mempool_alloc(counts_pool,
				       (gfp & ~__GFP_DIRECT_RECLAIM) |
				       __GFP_NOWARN));
}

void syncmap_counts_free(struct syncmap_counts __percpu *counts)
{
	int cpu;

	for_each_possible_cpu(cpu)
		memset(per_cpu_ptr(counts, cpu), 0, sizeof(*counts));
	mempool_free(to_pool(counts), counts_pool);
}

/* In the background: make up for what has been taken from the spare ones */
void syncmap_counts_refill(void)
{
	struct syncmap_counts __percpu *counts;

	if (READ_ONCE(counts_pool->curr_nr) == COUNTS_SPARE)
		return;
	counts = alloc_percpu_gfp(struct syncmap_counts,
				  GFP_KERNEL | __GFP_NOWARN);
	if (counts)
		mempool_free(to_pool(counts), counts_pool);
}

int syncmap_counts_init(void)
{
	counts_pool = mempool_create(COUNTS_SPARE, pool_alloc, pool_free, NULL);
	return counts_pool ? 0 : -ENOMEM;
}

void syncmap_counts_exit(void)
{
	mempool_destroy(counts_pool);
}

static struct syncmap_gen *gen_alloc(struct syncmap *map, gfp_t gfp)
{
	struct syncmap_gen *gen;

	gen = kzalloc(sizeof(*gen), gfp);
	if (!gen)
		return NULL;
	gen->counts = counts_alloc(gfp);
	if (!gen->counts) {
		kfree(gen);
		return NULL;
	}
	gen->map = map;
	syncmap_gen_init(gen);
	return gen;
}

struct syncmap_state *syncmap_state_alloc(struct syncmap_gen *gen, gfp_t gfp)
{
	struct syncmap_state *state;

	state = kzalloc(sizeof(*state), gfp);
	if (!state)
		return NULL;
	state->gen = gen;
	state->counts = gen->counts;
	state->seed = gen->map->seed;
	refcount_set(&state->pins, 1);
	syncmap_state_init(state);
	return state;
}

void syncmap_state_set(struct syncmap_state *state, struct syncmap_table *table,
		       struct syncmap_dirty *dirty, struct syncmap_dirty *old)
{
	state->view = table->view;
	state->table = table;
	state->used = &dirty->used;
	state->dirty = dirty;
	state->old = old;
}

/* A state of a new generation without keys; not counted in map->inflight yet */
struct syncmap_state *syncmap_state_first(struct syncmap *map, gfp_t gfp)
{
	struct syncmap_state *state;
	struct syncmap_dirty *dirty;
	struct syncmap_gen *gen;

	seed_map(map);
	gen = gen_alloc(map, gfp);
	if (!gen)
		return NULL;
	state = syncmap_state_alloc(gen, gfp);
	if (!state)
		goto free_gen;
	dirty = syncmap_dirty_alloc(&map->params, &map->seed, DIRTY_BITS_MIN,
				    gfp);
	if (!dirty)
		goto free_state;
	syncmap_state_set(state, &syncmap_empty_table, dirty, NULL);
	return state;

free_state:
	kfree(state);
free_gen:
	syncmap_counts_free(gen->counts);
	kfree(gen);
	return NULL;
}

/* Undo syncmap_state_first() for a state that was never published */
void syncmap_state_abort(struct syncmap_state *state)
{
	syncmap_dirty_free(state->dirty);
	syncmap_counts_free(state->counts);
	kfree(state->gen);
	kfree(state);
}

/*
 * Have a state in place of another one, unless that is not the map's any more.
 * Who finds the new one finds it complete: it is a full barrier, which pairs with
 * the address dependency behind syncmap_state(). See litmus/state
 */
bool syncmap_state_replace(struct syncmap *map, struct syncmap_state *state,
			   struct syncmap_state *next)
{
	return try_cmpxchg((struct syncmap_state __force **)&map->state, &state,
			   next);
}

/* Have the empty state in place of the map's, which the caller unpins */
struct syncmap_state *syncmap_state_take(struct syncmap *map)
{
	struct syncmap_state *state;

	rcu_read_lock();
	do
		state = syncmap_state(map);
	while (!state_is_empty(state) &&
	       !syncmap_state_replace(map, state, &__syncmap_empty));
	rcu_read_unlock();
	return state;
}

/*
 * With the builder token: the map's state, which nobody takes apart before it
 * is unpinned, though a Clear may take it away from the map.
 */
struct syncmap_state *syncmap_state_pin(struct syncmap *map)
{
	struct syncmap_state *state;

	rcu_read_lock();
	do
		state = syncmap_state(map);
	while (!state_is_empty(state) && !refcount_inc_not_zero(&state->pins));
	rcu_read_unlock();
	return state;
}

/* By the builder, or by the Clear that took the state: who comes last */
void syncmap_state_unpin(struct syncmap_state *state)
{
	if (!state_is_empty(state) && refcount_dec_and_test(&state->pins))
		syncmap_retire(state);
}

/* Exact when nobody updates; the parts of a sum are never torn */
void syncmap_state_sum(const struct syncmap_state *state,
		       struct syncmap_counts *sum)
{
	const struct syncmap_counts *counts;
	int cpu;

	memset(sum, 0, sizeof(*sum));
	for_each_possible_cpu(cpu) {
		counts = per_cpu_ptr(state->counts, cpu);
		sum->live += READ_ONCE(counts->live);
		sum->dead += READ_ONCE(counts->dead);
		sum->dirty += READ_ONCE(counts->dirty);
		sum->dirty_dead += READ_ONCE(counts->dirty_dead);
		sum->nodes += READ_ONCE(counts->nodes);
		sum->hits += READ_ONCE(counts->hits);
		sum->misses += READ_ONCE(counts->misses);
		sum->lock_waits += READ_ONCE(counts->lock_waits);
	}
}

/* Live keys of its dirty tables; exact when nobody inserts or deletes */
u64 syncmap_state_dirty(const struct syncmap_state *state)
{
	long keys = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		keys += READ_ONCE(per_cpu_ptr(state->counts, cpu)->dirty);
	return max(keys, 0L);
}

/* Keys of its read table, deleted ones included; of one with room as of the sum */
u64 syncmap_state_read(const struct syncmap_state *state,
		       const struct syncmap_counts *sum)
{
	if (!state->table->roomy)
		return state->table->keys;
	return max(sum->live - sum->dirty + sum->dead, 0L);
}
