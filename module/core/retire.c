// SPDX-License-Identifier: GPL-2.0-only
/*
 * What happens after a grace period: retired states are taken apart, unlinked
 * nodes are freed. It all runs on the workqueue, because it takes as long as
 * there are keys.
 */
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/wait_bit.h>

#include "internal.h"

/* The last reference lets syncmap_destroy() go on, and with it the map go */
void syncmap_gen_put(struct syncmap_gen *gen)
{
	atomic_t *inflight = &gen->map->inflight;

	if (!refcount_dec_and_test(&gen->refs))
		return;
	free_percpu(gen->counts);
	kfree(gen);
	if (atomic_dec_and_test(inflight))
		wake_up_var(inflight);
}

/*
 * Take what is in the limbo and let a grace period pass. At most one batch of a
 * generation is on its way, so the pending callbacks are bounded.
 */
static bool drain_start(struct syncmap_gen *gen)
{
	struct syncmap_counts *counts;
	bool some = false;
	int cpu;

	for_each_possible_cpu(cpu) {
		counts = per_cpu_ptr(gen->counts, cpu);
		counts->waiting = llist_del_all(&counts->limbo);
		some |= !!counts->waiting;
	}
	if (some)
		queue_rcu_work(syncmap_wq, &gen->drain);
	return some;
}

static bool limbo_is_empty(const struct syncmap_gen *gen)
{
	int cpu;

	for_each_possible_cpu(cpu)
		if (!llist_empty(&per_cpu_ptr(gen->counts, cpu)->limbo))
			return false;
	return true;
}

static void drain_kick(struct syncmap_gen *gen)
{
	while (!test_bit(0, &gen->draining) && !limbo_is_empty(gen) &&
	       !test_and_set_bit(0, &gen->draining)) {
		refcount_inc(&gen->refs);
		if (drain_start(gen))
			return;
		clear_bit_unlock(0, &gen->draining);
		/* Pairs with the full barrier of llist_add() */
		smp_mb__after_atomic();
		syncmap_gen_put(gen);
	}
}

static void free_nodes(const struct syncmap *map, struct llist_node *nodes)
{
	struct syncmap_node *node, *next;

	llist_for_each_entry_safe(node, next, nodes, limbo) {
		syncmap_node_free(map, node, false);
		cond_resched();
	}
}

static void drain(struct work_struct *work)
{
	struct syncmap_gen *gen = container_of(to_rcu_work(work),
					       struct syncmap_gen, drain);
	int cpu;

	for_each_possible_cpu(cpu)
		free_nodes(gen->map, per_cpu_ptr(gen->counts, cpu)->waiting);
	if (drain_start(gen))
		return;
	clear_bit_unlock(0, &gen->draining);
	/* Pairs with the full barrier of llist_add(): one of us sees the other */
	smp_mb__after_atomic();
	drain_kick(gen);
	syncmap_gen_put(gen);
}

/* Free an unlinked node when its readers are gone. Any CPU's limbo will do */
void syncmap_limbo_add(struct syncmap_gen *gen, struct syncmap_node *node)
{
	if (llist_add(&node->limbo, &raw_cpu_ptr(gen->counts)->limbo))
		drain_kick(gen);
}

void syncmap_gen_init(struct syncmap_gen *gen)
{
	refcount_set(&gen->refs, 1);
	INIT_RCU_WORK(&gen->drain, drain);
}

static void free_value(const struct syncmap *map, const atomic64_t *word)
{
	u64 code = word_code(atomic64_read(word));

	if (map->params.free_value && code != CODE_ABSENT)
		map->params.free_value(syncmap_code_value(code), map->params.free_arg);
}

static void free_slots(const struct syncmap *map, struct syncmap_table *table,
		       bool cleared)
{
	struct syncmap_bucket *bucket;
	struct table_pos pos = {};

	for (; table_next(table, &pos); pos.slot++) {
		bucket = &table->view.buckets[pos.bucket];
		if (cleared)
			free_value(map, &bucket->word[pos.slot]);
		if (!map->params.key_len && !(bucket->moved & BIT(pos.slot)))
			kfree(keyobj_of(bucket->key[pos.slot]));
		cond_resched();
	}
}

/* @cleared: the keys have not moved elsewhere, they are gone with their values */
static void free_table(const struct syncmap *map, struct syncmap_table *table,
		       bool cleared)
{
	if (table == &syncmap_empty_table)
		return;
	if (!map->params.key_len || (cleared && map->params.free_value))
		free_slots(map, table, cleared);
	syncmap_table_free(table);
}

static void free_dirty(const struct syncmap *map, struct syncmap_dirty *dirty,
		       bool cleared)
{
	struct syncmap_node *node, *next;
	u64 chain;

	for (chain = 0; chain < dirty_chains(dirty); chain++) {
		for (node = dirty_head(dirty, chain); node; node = next) {
			next = node->next;
			if (cleared)
				free_value(map, &node->word);
			syncmap_node_free(map, node, node->moved);
		}
		cond_resched();
	}
	syncmap_dirty_free(dirty);
}

/*
 * After a promotion a state leaves its read table and its old dirty table; what
 * is in them has moved on, or is dropped. After a Clear it leaves all it has.
 */
static void dispose(struct work_struct *work)
{
	struct syncmap_state *state = container_of(to_rcu_work(work),
						   struct syncmap_state,
						   retire);
	struct syncmap_gen *gen = state->gen;
	struct syncmap *map = gen->map;

	free_table(map, state->table, state->cleared);
	if (state->old)
		free_dirty(map, state->old, state->cleared);
	if (state->cleared) {
		free_dirty(map, state->dirty, true);
		syncmap_gen_put(gen);
	}
	kfree(state->prev);
	kfree(state);
	syncmap_gen_put(gen);
}

void syncmap_state_init(struct syncmap_state *state)
{
	INIT_RCU_WORK(&state->retire, dispose);
}

/*
 * Take apart, after a grace period, a state that has been replaced. States of a
 * generation may come to it in any order, so that each holds a reference.
 */
void syncmap_retire(struct syncmap_state *state)
{
	refcount_inc(&state->gen->refs);
	queue_rcu_work(syncmap_wq, &state->retire);
}
