// SPDX-License-Identifier: GPL-2.0-only
/*
 * Statistics, for those who look inside.
 */
#include <linux/export.h>
#include <linux/minmax.h>
#include <linux/sched.h>
#include <linux/string.h>

#include "internal.h"

/* After so many chains and nodes, and the rest of a chain, a read section ends */
#define STATS_PART	1024
static_assert(STATS_PART + BUCKET_KEYS <= SYNCMAP_STEPS_MAX);

static u64 chain_length(const struct syncmap_dirty *dirty, u64 chain)
{
	struct syncmap_node *node = dirty_head(dirty, chain);
	u64 length = 0;

	for (; node; node = READ_ONCE(node->next))
		length++;
	return length;
}

/* Of the next chains; *@chain is left where to go on */
static u64 longest_of_part(const struct syncmap_dirty *dirty, u64 *chain)
{
	u64 length, longest = 0;
	u32 steps = 0;

	while (*chain < dirty_chains(dirty) && steps < STATS_PART) {
		length = chain_length(dirty, (*chain)++);
		longest = max(longest, length);
		steps += 1 + length;
	}
	syncmap_step_rest(&steps);
	return longest;
}

/*
 * A state that has gone out of use meanwhile ends the count: what is left then
 * is the longest chain so far.
 */
static u64 longest_chain(const struct syncmap *map)
{
	const struct syncmap_state *state, *first = NULL;
	u64 chain = 0, longest = 0;
	u64 end;

	do {
		rcu_read_lock();
		state = syncmap_state(map);
		if (!first)
			first = state;
		if (state != first || !READ_ONCE(state->dirty->used)) {
			rcu_read_unlock();
			break;
		}
		longest = max(longest, longest_of_part(state->dirty, &chain));
		end = dirty_chains(state->dirty);
		rcu_read_unlock();
		cond_resched();
	} while (chain < end);
	return longest;
}

static void dirty_stats(const struct syncmap_dirty *dirty,
			struct syncmap_core_stats *stats)
{
	stats->dirty_buckets += dirty_chains(dirty);
	stats->bytes += syncmap_dirty_size(dirty);
	stats->amended |= READ_ONCE(dirty->used);
}

static void table_stats(const struct syncmap_table *table,
			struct syncmap_core_stats *stats)
{
	stats->read_buckets = table->buckets;
	stats->bytes += syncmap_table_size(table);
	memcpy(stats->fill, table->fill, sizeof(stats->fill));
	memcpy(stats->displaced, table->displaced, sizeof(stats->displaced));
}

static void state_stats(const struct syncmap_state *state,
			struct syncmap_core_stats *stats)
{
	struct syncmap_counts sum;

	if (state_is_empty(state))
		return;
	syncmap_state_sum(state, &sum);
	stats->count = max(sum.live, 0L);
	stats->tombstones = max(sum.dead + sum.dirty_dead, 0L);
	stats->hits += sum.hits;
	stats->misses += sum.misses;
	stats->lock_waits += sum.lock_waits;
	stats->dirty_keys = max(sum.dirty, 0L);
	stats->bytes = max(sum.nodes, 0L) * syncmap_node_size(state->gen->map);
	stats->read_keys = syncmap_state_read(state, &sum);
	if (state->table != &syncmap_empty_table)
		table_stats(state->table, stats);
	if (state->old)
		dirty_stats(state->old, stats);
	dirty_stats(state->dirty, stats);
}

/**
 * syncmap_get_stats - what a map is doing
 * @map: the map
 * @stats: out
 *
 * Each figure is right by itself; together they are exact when nobody uses the
 * map. Walks the chains of the dirty table.
 *
 * Context: Process context, may sleep.
 */
void syncmap_get_stats(struct syncmap *map, struct syncmap_core_stats *stats)
{
	syncmap_assert(map);
	memset(stats, 0, sizeof(*stats));
	stats->hits = atomic64_read(&map->past_hits);
	stats->misses = atomic64_read(&map->past_misses);
	stats->lock_waits = atomic64_read(&map->past_lock_waits);
	stats->promotions = READ_ONCE(map->promotions);
	stats->promote_fails = READ_ONCE(map->promote_fails);
	stats->expunged = READ_ONCE(map->expunged);
	stats->last_promote_ns = READ_ONCE(map->last_promote_ns);
	stats->max_promote_ns = READ_ONCE(map->max_promote_ns);
	rcu_read_lock();
	state_stats(syncmap_state(map), stats);
	rcu_read_unlock();
	stats->dirty_longest = longest_chain(map);
}
EXPORT_SYMBOL_GPL(syncmap_get_stats);
