// SPDX-License-Identifier: GPL-2.0-only
/*
 * Promotion: when it is due, and how it is done. See internal.h for the steps
 * and their order.
 */
#include <linux/errno.h>
#include <linux/export.h>
#include <linux/jiffies.h>
#include <linux/math64.h>
#include <linux/minmax.h>
#include <linux/sched.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <linux/timekeeping.h>

#include "internal.h"
#include "trace.h"

/*
 * A promotion costs some 30 ns per key of both tables. A dirty table as large
 * as the read table makes that two moves per inserted key while a map grows;
 * large maps stop at a half, for a node takes more memory than a slot.
 */
#define LIMIT_MIN	128
#define LIMIT_LARGE	65536

/* A promotion after so many misses per key: half of it made churn half as fast */
#define MISSES_PER_KEY	4
/* Misses are added up per CPU, and told to the map in portions */
#define MISS_PORTION	256

/* Inserts that may sleep do the promotion when dirty is so far over its limit */
#define PRESSURE	4

/* Housekeeping: look this often, and spend no more than 1 % of a CPU */
#define TIDY_JIFFIES	HZ
#define TIDY_SHARE	100

/* After an attempt for which there was not enough memory */
#define RETRY_NS	(NSEC_PER_SEC / 10)

struct builder {
	struct syncmap		*map;
	struct syncmap_state	*state;		/* s1 */
	struct syncmap_state	*fresh;		/* s2 */
	struct syncmap_counts __percpu *counts;
	struct syncmap_table	*into;		/* T' */
	struct table_pos	end;		/* of T' */
	gfp_t			gfp;
	u64			live;
	u64			expunged;
	u32			bins[TABLE_BINS];
};

/* How many keys a dirty table may have beside a read table of so many */
u64 syncmap_dirty_limit(u64 keys)
{
	if (keys <= LIMIT_LARGE)
		return max_t(u64, keys, LIMIT_MIN);
	return max_t(u64, keys / 2, LIMIT_LARGE);
}

static u64 dirty_count(const struct syncmap_state *state)
{
	return atomic_long_read(&state->dirty->count);
}

/* A dirty table that was made small, for a map at rest, is full before that */
static u64 state_limit(const struct syncmap_state *state)
{
	return min(syncmap_dirty_limit(state->table->keys),
		   8 * dirty_chains(state->dirty));
}

/*
 * The first step: from here on new keys go to a dirty table of their own. It is
 * as large as growth like that of the last one asks for.
 */
static int begin(struct builder *b)
{
	struct syncmap_state *state = syncmap_state(b->map);
	u64 keys = state->table->keys + dirty_count(state);
	struct syncmap_dirty *dirty;
	struct syncmap_state *next;
	bool growing;

	b->state = state;
	b->counts = state->counts;
	if (state->old)
		return 0;
	growing = dirty_count(state) >= state_limit(state) / 2;
	next = syncmap_state_alloc(state->gen, b->gfp);
	if (!next)
		return -ENOMEM;
	dirty = syncmap_dirty_alloc(syncmap_dirty_bits(growing ? keys / 4 :
						       keys / 32), b->gfp);
	if (!dirty) {
		kfree(next);
		return -ENOMEM;
	}
	syncmap_state_set(next, state->table, dirty, state->dirty);
	next->prev = state;
	rcu_assign_pointer(b->map->state, next);
	b->state = next;
	return 0;
}

/* Whether the word is, or may come to be, a live key of the next table */
static bool count_word(struct builder *b, atomic64_t *word)
{
	u64 now = word_read(word);

	if (now == WORD_DEAD && word_try_set(word, &now, WORD_EXPUNGED)) {
		b->expunged++;
		return false;
	}
	return now != WORD_EXPUNGED;
}

/* By bucket, not by hash: no key of a bucket is in a later bin than its end */
static void count_table(struct builder *b)
{
	const struct syncmap_table *table = b->state->table;
	struct table_pos pos = {};
	u64 bin;

	for (; table_next(table, &pos); pos.slot++) {
		struct syncmap_bucket *bucket = &table->view.buckets[pos.bucket];

		if (count_word(b, &bucket->word[pos.slot])) {
			bin = (pos.bucket + 1) * TABLE_BINS - 1;
			bin = div64_u64(bin, table->view.homes);
			b->bins[min_t(u64, bin, TABLE_BINS - 1)]++;
			b->live++;
		}
		if (!pos.slot)
			cond_resched();
	}
}

static void count_dirty(struct builder *b)
{
	struct syncmap_dirty *dirty = b->state->old;
	struct syncmap_node *node;
	u64 chain;

	for (chain = 0; chain < dirty_chains(dirty); chain++) {
		syncmap_dirty_seal(dirty, chain << (64 - dirty->bits));
		for (node = dirty_head(dirty, chain); node; node = node->next) {
			if (count_word(b, &node->word)) {
				b->bins[table_bin(node->hash)]++;
				b->live++;
			}
		}
		cond_resched();
	}
}

/*
 * The second step: fix the key sets, and make a table that all keys fit into.
 * A live key counted here may still die, but a dead one does not come back.
 */
static int prepare(struct builder *b)
{
	u64 homes, tail;

	count_table(b);
	count_dirty(b);
	homes = syncmap_table_homes(b->live);
	tail = syncmap_table_tail(homes, b->bins);
	b->into = syncmap_table_alloc(homes, homes + tail, b->gfp);
	if (!b->into)
		return -ENOMEM;
	b->fresh = syncmap_state_alloc(b->state->gen, b->gfp);
	if (!b->fresh) {
		syncmap_table_free(b->into);
		return -ENOMEM;
	}
	return 0;
}

/* Returns whether the key has a place in the next table */
static bool move(struct builder *b, atomic64_t *source, u64 hash, u64 key)
{
	u64 notyet = WORD_NOTYET;
	atomic64_t *place;
	u64 word;

	if (!count_word(b, source))
		return false;
	place = syncmap_table_append(b->into, &b->end, hash, key);
	word = word_close(source);
	if (word == WORD_EXPUNGED) {
		/* It died after it was placed: nobody can come here for it */
		atomic64_set(place, WORD_EXPUNGED);
		b->expunged++;
	} else {
		/* Fails when a writer came first */
		word_try_set(place, &notyet, word_open(word));
	}
	return true;
}

static void move_slot(struct builder *b, const struct table_pos *pos, u64 hash)
{
	struct syncmap_bucket *bucket;

	bucket = &b->state->table->view.buckets[pos->bucket];
	if (move(b, &bucket->word[pos->slot], hash, bucket->key[pos->slot]))
		bucket->moved |= BIT(pos->slot);
}

static void move_node(struct builder *b, struct syncmap_node *node)
{
	node->moved = move(b, &node->word, node->hash, node->key);
}

/* Move the nodes whose hash is not above @hash */
static void move_nodes(struct builder *b, struct dirty_pos *pos, u64 hash)
{
	struct syncmap_node *node;

	while ((node = dirty_next(b->state->old, pos)) && node->hash <= hash) {
		move_node(b, node);
		pos->node = node->next;
		cond_resched();
	}
}

/* The third step, which nothing can stop: merge both tables in hash order */
static void merge(struct builder *b)
{
	struct syncmap_table *table = b->state->table;
	struct dirty_pos nodes;
	struct table_pos pos = {};
	u64 hash;

	if (table != &syncmap_empty_table)
		smp_store_release(&table->next, b->into);
	smp_store_release(&b->state->old->into, b->into);
	dirty_seek(b->state->old, &nodes, 0);
	for (; table_next(table, &pos); pos.slot++) {
		hash = key_word_hash(&b->map->params, &b->state->seed,
				     table->view.buckets[pos.bucket]
					.key[pos.slot]);
		move_nodes(b, &nodes, hash);
		move_slot(b, &pos, hash);
		if (!pos.slot)
			cond_resched();
	}
	move_nodes(b, &nodes, U64_MAX);
	syncmap_table_seal(b->into, &b->end);
}

/* The last step */
static void publish(struct builder *b)
{
	syncmap_state_set(b->fresh, b->into, b->state->dirty, NULL);
	rcu_assign_pointer(b->map->state, b->fresh);
	syncmap_retire(b->state);
}

static int build(struct builder *b)
{
	int err;

	err = begin(b);
	if (err)
		return err;
	err = prepare(b);
	if (!err) {
		merge(b);
		publish(b);
	}
	this_cpu_sub(b->counts->dead, (long)b->expunged);
	return err;
}

static void account(struct builder *b, u64 start, int err)
{
	struct syncmap *map = b->map;
	u64 now = ktime_get_ns();

	map->expunged += b->expunged;
	if (err) {
		map->promote_fails++;
		map->failed_ns = now;
	} else {
		atomic_long_set(&map->missed, 0);
		map->promotions++;
		map->promoted_ns = now;
		map->last_promote_ns = now - start;
		map->max_promote_ns = max(map->max_promote_ns, now - start);
	}
	trace_syncmap_promote(map, b->live, now - start, err);
	if (b->expunged)
		trace_syncmap_expunge(map, b->expunged);
}

/* With the builder token, and something to do */
static int promote(struct syncmap *map, gfp_t gfp)
{
	struct mem_cgroup *memcg = map->params.memcg;
	u64 start = ktime_get_ns();
	struct mem_cgroup *active;
	struct builder *b;
	int err = -ENOMEM;

	if (memcg)
		gfp |= __GFP_ACCOUNT;
	active = set_active_memcg(memcg);
	b = kzalloc(sizeof(*b), gfp);
	if (b) {
		b->map = map;
		b->gfp = gfp | __GFP_NOWARN;
		err = build(b);
		account(b, start, err);
	}
	set_active_memcg(active);
	kfree(b);
	return err;
}

static bool tidy(const struct syncmap_state *state)
{
	struct syncmap_counts sum;

	if (state_is_empty(state))
		return true;
	if (state->old || READ_ONCE(state->dirty->used))
		return false;
	syncmap_state_sum(state, &sum);
	return sum.dead <= 0;
}

/* With the builder token: whether to promote now, or to let more come together */
static bool due(const struct syncmap *map, const struct syncmap_state *state)
{
	u64 keys = state->table->keys;
	struct syncmap_counts sum;

	if (tidy(state))
		return false;
	if (state->old)
		return ktime_get_ns() - map->failed_ns >= RETRY_NS;
	if (dirty_count(state) >= state_limit(state))
		return true;
	if (atomic_long_read(&map->missed) >=
	    MISSES_PER_KEY * max_t(long, keys, LIMIT_MIN))
		return true;
	syncmap_state_sum(state, &sum);
	if (sum.dead >= LIMIT_MIN && sum.dead >= keys / 4)
		return true;
	return ktime_get_ns() - map->promoted_ns >=
	       max_t(u64, TIDY_SHARE * map->last_promote_ns, NSEC_PER_SEC);
}

/* By way of irq_work: callers may hold any lock, or be in an NMI */
static void kick(struct syncmap *map, int bit)
{
	if (!test_bit(bit, &map->flags) && !test_and_set_bit(bit, &map->flags))
		irq_work_queue(&map->kick);
}

void __syncmap_kick(struct irq_work *work)
{
	struct syncmap *map = container_of(work, struct syncmap, kick);

	if (test_bit(MAP_URGENT, &map->flags))
		mod_delayed_work(syncmap_wq, &map->work, 0);
	else
		queue_delayed_work(syncmap_wq, &map->work, TIDY_JIFFIES);
}
EXPORT_SYMBOL_GPL(__syncmap_kick);

/* There is something to tidy up, some day */
void syncmap_arm(struct syncmap *map)
{
	/* The update comes before the test; pairs with the barrier in rearm() */
	smp_mb__after_atomic();
	kick(map, MAP_ARMED);
}

/* Look again later; or stop, and look once more whether that was right */
static void rearm(struct syncmap *map)
{
	bool done;

	rcu_read_lock();
	if (tidy(syncmap_state(map))) {
		clear_bit(MAP_ARMED, &map->flags);
		/* Pairs with the barrier in syncmap_arm() */
		smp_mb__after_atomic();
	}
	done = tidy(syncmap_state(map));
	rcu_read_unlock();
	if (!done) {
		set_bit(MAP_ARMED, &map->flags);
		queue_delayed_work(syncmap_wq, &map->work, TIDY_JIFFIES);
	}
}

void __syncmap_work(struct work_struct *work)
{
	struct syncmap *map = container_of(to_delayed_work(work),
					   struct syncmap, work);

	clear_bit(MAP_URGENT, &map->flags);
	/* What is seen by due() is not older than the last kick */
	smp_mb__after_atomic();
	if (syncmap_token_try(map)) {
		if (due(map, syncmap_state(map)))
			promote(map, GFP_KERNEL);
		syncmap_token_release(map);
	}
	rearm(map);
}
EXPORT_SYMBOL_GPL(__syncmap_work);

/* Count a look into the dirty table */
void syncmap_miss(struct syncmap *map, const struct syncmap_state *state,
		  u64 hash)
{
	long keys;

	trace_syncmap_miss(map, hash);
	if (this_cpu_inc_return(state->counts->misses) % MISS_PORTION)
		return;
	keys = max_t(long, state->table->keys, LIMIT_MIN);
	if (atomic_long_add_return(MISS_PORTION, &map->missed) >=
	    MISSES_PER_KEY * keys)
		kick(map, MAP_URGENT);
}

/*
 * After an insert, in its read section. True when the inserter should do the
 * promotion itself, if it may sleep.
 */
bool syncmap_grown(struct syncmap *map)
{
	const struct syncmap_state *state = syncmap_state(map);
	u64 limit = state_limit(state);
	u64 count = dirty_count(state);

	syncmap_arm(map);
	if (count >= limit)
		kick(map, MAP_URGENT);
	return count >= PRESSURE * limit;
}

/* Back-pressure: the promotion that is due, if nobody else is at it */
void syncmap_promote_inline(struct syncmap *map, gfp_t gfp)
{
	if (!syncmap_token_try(map))
		return;
	if (due(map, syncmap_state(map)))
		promote(map, gfp);
	syncmap_token_release(map);
}

/**
 * syncmap_promote - do a promotion now
 * @map: the map
 *
 * Afterwards all keys that were present before are in the read table, and no
 * key that was deleted before takes memory. Maps promote by themselves; this is
 * for who has just filled a map and wants the first reads to be fast.
 *
 * Context: Process context, may sleep; waits for a promotion under way.
 * Return: 0, or -ENOMEM; then it is tried again in the background.
 */
int syncmap_promote(struct syncmap *map)
{
	int err = 0;

	syncmap_assert(map);
	syncmap_token_wait(map);
	/* First what an attempt without enough memory has left over */
	if (syncmap_state(map)->old)
		err = promote(map, GFP_KERNEL);
	if (!err && !tidy(syncmap_state(map)))
		err = promote(map, GFP_KERNEL);
	syncmap_token_release(map);
	if (err)
		syncmap_arm(map);
	return err;
}
EXPORT_SYMBOL_GPL(syncmap_promote);
