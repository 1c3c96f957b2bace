// SPDX-License-Identifier: GPL-2.0-only
/*
 * What happens after a grace period: retired states are taken apart, unlinked
 * nodes are used again or freed. It all runs on a workqueue, because it takes as
 * long as there are keys.
 */
#include <linux/bits.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/wait_bit.h>

#include "internal.h"

/* Let so many nodes of a CPU come together before a grace period is begun */
#ifndef LIMBO_PORTION
#define LIMBO_PORTION	512
#endif

/* Buckets that are taken apart before other maps have their turn */
#ifndef DISPOSE_PORTION
#define DISPOSE_PORTION	1024
#endif

static struct workqueue_struct *free_workqueue_of(const struct syncmap_gen *gen)
{
	return gen->map->params.free_wq ?: syncmap_wq;
}

/* The last reference lets syncmap_destroy() go on, and with it the map go */
void syncmap_gen_put(struct syncmap_gen *gen)
{
	atomic_t *inflight = &gen->map->inflight;

	if (!refcount_dec_and_test(&gen->refs))
		return;
	syncmap_counts_free(gen->counts);
	kfree(gen);
	if (atomic_dec_and_test(inflight))
		wake_up_var(inflight);
}

static void free_nodes(const struct syncmap *map, struct llist_node *nodes)
{
	struct syncmap_node *node, *next;

	llist_for_each_entry_safe(node, next, nodes, limbo) {
		syncmap_node_free(map, node, false);
		cond_resched();
	}
}

/*
 * The way of a node, in batches per CPU: in limbo; waiting for its readers;
 * ready to be used again; stale, for nobody did, and waiting for those who may
 * have tried to; free. Nodes with a key object go from waiting to free. See
 * litmus/limbo
 */
static void advance_refs(struct syncmap_gen *gen, struct syncmap_counts *counts)
{
	struct llist_node *waiting = counts->waiting;

	free_nodes(gen->map, counts->stale);
	counts->stale = llist_del_all(&counts->ready);
	counts->waiting = NULL;
	if (gen->map->params.key_len && !READ_ONCE(gen->at_rest))
		/* Pairs with the acquire in llist_del_first(). See litmus/ready */
		smp_store_release(&counts->ready.first, waiting);
	else
		free_nodes(gen->map, waiting);
}

static bool drain_start(struct syncmap_gen *gen)
{
	bool all = READ_ONCE(gen->at_rest);
	struct syncmap_counts *counts;
	bool some = false;
	int cpu;

	for_each_possible_cpu(cpu) {
		counts = per_cpu_ptr(gen->counts, cpu);
		counts->waiting = llist_del_all(&counts->limbo);
		some |= counts->waiting ||
			(all && (counts->stale || !llist_empty(&counts->ready)));
	}
	if (some)
		queue_rcu_work(free_workqueue_of(gen), &gen->drain);
	return some;
}

/*
 * Begin a grace period if anything waits for one; true if one is under way. It
 * is one for a generation, so that the pending callbacks are bounded. The bit is
 * a lock, for the lists: clear_bit_unlock() pairs with it. See litmus/draining
 */
static bool drain_kick(struct syncmap_gen *gen)
{
	if (test_bit(0, &gen->draining) ||
	    test_and_set_bit_lock(0, &gen->draining))
		return true;
	refcount_inc(&gen->refs);
	if (drain_start(gen))
		return true;
	clear_bit_unlock(0, &gen->draining);
	syncmap_gen_put(gen);
	return false;
}

static void drain(struct work_struct *work)
{
	struct syncmap_gen *gen = container_of(to_rcu_work(work),
					       struct syncmap_gen, drain);
	int cpu;

	for_each_possible_cpu(cpu)
		advance_refs(gen, per_cpu_ptr(gen->counts, cpu));
	clear_bit_unlock(0, &gen->draining);
	/*
	 * Pairs with the barrier in syncmap_drain_all(): one sees the other. See
	 * litmus/at-rest
	 */
	smp_mb__after_atomic();
	if (READ_ONCE(gen->at_rest))
		drain_kick(gen);
	syncmap_gen_put(gen);
}

/*
 * Have all unlinked nodes freed, and none kept to be used again, until another
 * portion has been unlinked. False if there are none.
 */
bool syncmap_drain_all(struct syncmap_gen *gen)
{
	WRITE_ONCE(gen->at_rest, true);
	/* Pairs with the barrier in drain(). See litmus/at-rest */
	smp_mb();
	return drain_kick(gen);
}

/*
 * Have an unlinked node freed, or used again, when its readers are gone. Any
 * CPU's limbo will do. What does not make a portion waits for housekeeping.
 */
void syncmap_limbo_add(struct syncmap_gen *gen, struct syncmap_node *node)
{
	llist_add(&node->limbo, &raw_cpu_ptr(gen->counts)->limbo);
	/*
	 * It is in limbo before syncmap_arm() looks; pairs with rearm(). See
	 * litmus/arm-limbo
	 */
	smp_mb__after_atomic();
	if (this_cpu_inc_return(gen->counts->unlinks) % LIMBO_PORTION == 0) {
		WRITE_ONCE(gen->at_rest, false);
		drain_kick(gen);
	}
	syncmap_arm(gen->map);
}

/*
 * A node without readers, or NULL; to be linked in the same read section. Until
 * that ends, no node comes back to the list, nor is one freed, that another
 * taker may be looking at: so llist_del_first() needs no lock.
 */
struct syncmap_node *syncmap_limbo_take(struct syncmap_counts __percpu *counts)
{
	struct llist_node *first;

	first = llist_del_first(&raw_cpu_ptr(counts)->ready);
	return first ? llist_entry(first, struct syncmap_node, limbo) : NULL;
}

void syncmap_gen_init(struct syncmap_gen *gen)
{
	refcount_set(&gen->refs, 1);
	INIT_RCU_WORK(&gen->drain, drain);
}

/* What is taken apart */
struct remains {
	const struct syncmap	*map;
	bool			cleared;	/* with the values: no key has moved */
	unsigned int		left;		/* of the portion */
	u32			steps;		/* see SYNCMAP_STEPS_MAX */
};

static void rest(struct remains *r)
{
	syncmap_step_rest(&r->steps);
	cond_resched();
}

/* A closed word has no value of its own */
static void free_value(struct remains *r, const atomic64_t *word)
{
	const struct syncmap_params *params = &r->map->params;
	u64 now = atomic64_read(word);

	syncmap_step_count(&r->steps);
	if (r->cleared && params->free_value && word_is_live(now))
		params->free_value(syncmap_code_value(word_code(now)),
				   params->free_arg);
}

/* Whether there is one more; each is a rest */
static bool goes_on(struct remains *r, const u64 *at, u64 end)
{
	if (*at == end || !r->left)
		return false;
	r->left--;
	rest(r);
	return true;
}

/* From *@at on, as all of these; true if that comes to an end */
static bool free_slots(struct remains *r, struct syncmap_table *table, u64 *at)
{
	const struct syncmap_view *view = &table->view;
	u8 key_len = table->key_len;
	unsigned int keys, slot;

	for (; goes_on(r, at, table->buckets); ++*at) {
		keys = table_keys(table, *at);
		for (slot = 0; slot < keys; slot++) {
			free_value(r, syncmap_slot_word(view, *at, slot, key_len));
			if (!key_len && !(view->buckets[*at].moved & BIT(slot)))
				kfree(syncmap_keyobj_of(syncmap_slot_key(view, *at,
									 slot, 0)));
		}
	}
	return *at == table->buckets;
}

static bool free_table(struct remains *r, struct syncmap_table *table, u64 *at)
{
	const struct syncmap_params *params = &r->map->params;

	if (table == &syncmap_empty_table)
		return true;
	if ((!params->key_len || (r->cleared && params->free_value)) &&
	    !free_slots(r, table, at))
		return false;
	syncmap_table_free(table);
	return true;
}

static void free_chain(struct remains *r, struct syncmap_node *node)
{
	struct syncmap_node *next;

	for (; node; node = next) {
		next = node->next;
		free_value(r, &node->word);
		syncmap_node_free(r->map, node, node->moved);
	}
}

static bool free_dirty(struct remains *r, struct syncmap_dirty *dirty, u64 *at)
{
	struct dirty_bucket *bucket;
	unsigned int i;

	for (; goes_on(r, at, dirty_buckets(dirty)); ++*at) {
		bucket = &dirty->buckets[*at];
		for (i = 0; dirty_has_pairs(dirty) && i < BUCKET_PAIRS; i++)
			free_value(r, &bucket->pairs[i].word);
		for (i = 0; i < dirty->chains; i++) {
			dirty_prefetch_ahead(dirty, *at, i);
			free_chain(r, bucket->heads[i]);
		}
	}
	if (*at != dirty_buckets(dirty))
		return false;
	syncmap_dirty_free(dirty);
	return true;
}

/* In this order: the table that a promotion had begun to fill is known by ->old */
enum {
	PART_TABLE,
	PART_INTO,
	PART_OLD,
	PART_DIRTY,
	PARTS,
};

/*
 * After a promotion a state leaves its read table, but for a purge, and its old dirty
 * table; what is in them has moved on, or is dropped. After a Clear it leaves all.
 */
static bool free_part(struct remains *r, struct syncmap_state *state)
{
	struct syncmap_dirty *old = state->old;

	switch (state->part) {
	case PART_TABLE:
		return state->table_stays || free_table(r, state->table, &state->at);
	case PART_INTO:
		return !r->cleared || !old || !old->into ||
		       free_table(r, old->into, &state->at);
	case PART_OLD:
		return !old || free_dirty(r, old, &state->at);
	default:
		return !r->cleared || free_dirty(r, state->dirty, &state->at);
	}
}

static bool free_parts(struct remains *r, struct syncmap_state *state)
{
	for (; state->part < PARTS; state->part++, state->at = 0)
		if (!free_part(r, state))
			return false;
	return true;
}

/* A portion. What a map has had does not let others' wait, however much it is */
static void dispose(struct work_struct *work)
{
	struct syncmap_state *state = container_of(to_rcu_work(work),
						   struct syncmap_state,
						   retire);
	struct syncmap_gen *gen = state->gen;
	struct remains r = {
		.map = gen->map, .cleared = state->cleared,
		.left = DISPOSE_PORTION,
	};
	bool done = free_parts(&r, state);

	syncmap_step_rest(&r.steps);
	if (!done) {
		queue_work(free_workqueue_of(gen), work);
		return;
	}
	if (state->cleared) {
		syncmap_drain_all(gen);
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
	queue_rcu_work(free_workqueue_of(state->gen), &state->retire);
}
