// SPDX-License-Identifier: GPL-2.0-only
/*
 * Promotion: how it is done. See internal.h for the steps and their order, and
 * tidy.c for when it is due.
 */
#include <linux/bits.h>
#include <linux/errno.h>
#include <linux/export.h>
#include <linux/ktime.h>
#include <linux/math64.h>
#include <linux/memcontrol.h>
#include <linux/minmax.h>
#include <linux/sched.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <linux/wait.h>

#include "internal.h"
#include "trace.h"

struct builder {
	struct syncmap		*map;
	struct syncmap_state	*state;		/* s1 */
	struct syncmap_state	*fresh;		/* s2 */
	struct syncmap_table	*into;		/* T' */
	u64			room;		/* in it, for so many keys to come */
	struct table_pos	end;		/* of T' */
	gfp_t			gfp;
	unsigned int		flags;		/* BUILD_... */
	u32			steps;		/* see SYNCMAP_STEPS_MAX */
	u64			live;
	u64			came;		/* of these, since T was made */
	u64			nodes;		/* of Dold */
	u64			moved;		/* live keys, from there */
	u64			expunged;
	u64			dirty_expunged;	/* of these, in Dold */
	u32			bins[TABLE_BINS];
};

/*
 * The first step: from here on new keys go to a dirty table of their own. It has
 * chains for twice as many as the last one got, unless the map is to rest.
 */
static int begin(struct builder *b)
{
	struct syncmap_state *state = b->state;
	struct syncmap_counts sum;
	u64 count;
	struct syncmap_dirty *dirty;
	struct syncmap_state *next;
	u8 key_len = b->map->params.key_len;
	unsigned int bits;
	int err = -ENOMEM;

	if (state->old)
		return 0;
	syncmap_state_sum(state, &sum);
	count = max(sum.dirty, 0L);
	bits = syncmap_dirty_bits_at_rest(syncmap_state_read(state, &sum) + count,
					  key_len);
	if (!(b->flags & BUILD_REST))
		bits = max(bits, syncmap_dirty_bits(2 * count, key_len));
	next = syncmap_state_alloc(state->gen, b->gfp);
	if (!next)
		return -ENOMEM;
	dirty = syncmap_dirty_alloc(&b->map->params, &b->map->seed, bits, b->gfp);
	if (!dirty)
		goto free_state;
	/* A key may have come since the purge was due, as memory may take its time */
	err = -EAGAIN;
	if ((b->flags & BUILD_PURGE) && syncmap_state_dirty(state))
		goto free_dirty;
	syncmap_state_set(next, state->table, dirty, state->dirty);
	next->prev = state;
	/* The map's, and the builder's */
	refcount_set(&next->pins, 2);
	err = -ESTALE;
	if (!syncmap_state_replace(b->map, state, next))
		goto free_dirty;
	b->state = next;
	/* There is room for new keys */
	wake_up_all(&b->map->wait);
	return 0;

free_dirty:
	syncmap_dirty_free(dirty);
free_state:
	kfree(next);
	return err;
}

/* A rest; whether the builder works for nobody, because a Clear has come */
static bool in_vain(struct builder *b)
{
	syncmap_step_rest(&b->steps);
	cond_resched();
	return rcu_access_pointer(b->map->state) != b->state;
}

/* What the word is then: its key may be live, unless that is WORD_EXPUNGED */
static u64 expunge_if_dead(struct builder *b, atomic64_t *word)
{
	u64 now = word_read(word);

	syncmap_step_count(&b->steps);
	if (now == WORD_DEAD && word_try_close(word, &now)) {
		b->expunged++;
		return WORD_EXPUNGED;
	}
	return now;
}

/* No key of a bucket is in a later bin than this */
static unsigned int bucket_bin(const struct syncmap_table *table, u64 bucket)
{
	u64 bin = div64_u64((bucket + 1) * TABLE_BINS - 1, table->view.homes);

	return min_t(u64, bin, TABLE_BINS - 1);
}

/* By bucket, not by hash, which would have to be calculated */
static int count_table(struct builder *b)
{
	const struct syncmap_table *table = b->state->table;
	const struct syncmap_view *view = &table->view;
	u8 key_len = b->map->params.key_len;
	unsigned int bin, placed, keys, slot;
	u64 bucket;

	b->came = b->live;
	for (bucket = 0; bucket < table->buckets; bucket++) {
		if (in_vain(b))
			return -ESTALE;
		bin = bucket_bin(table, bucket);
		placed = table_placed(table, bucket);
		keys = table_keys(table, bucket);
		for (slot = 0; slot < keys; slot++) {
			if (expunge_if_dead(b, syncmap_slot_word(view, bucket, slot,
								 key_len))) {
				b->bins[bin]++;
				b->live++;
				b->came += slot >= placed;
			}
		}
	}
	if (b->expunged != b->dirty_expunged)
		WRITE_ONCE(b->state->table->thinned, true);
	return 0;
}

static void count_key(struct builder *b, atomic64_t *word, u64 hash)
{
	if (expunge_if_dead(b, word)) {
		b->bins[table_bin(hash)]++;
		b->live++;
	}
}

static void count_pairs(struct builder *b, struct dirty_bucket *bucket)
{
	unsigned int i;

	for (i = 0; i < BUCKET_PAIRS && bucket->pairs[i].key; i++)
		count_key(b, &bucket->pairs[i].word,
			  key_word_hash(&b->map->params, &b->state->seed,
					bucket->pairs[i].key));
}

static void count_chain(struct builder *b, struct syncmap_node *node)
{
	for (; node; node = node->next) {
		b->nodes++;
		count_key(b, &node->word, node->hash);
	}
}

static void count_bucket(struct builder *b, u64 i)
{
	struct syncmap_dirty *dirty = b->state->old;
	struct dirty_bucket *bucket = &dirty->buckets[i];
	u64 expunged = b->expunged;
	unsigned int slot;

	syncmap_dirty_seal(dirty, i << (64 - dirty->bits));
	if (dirty_has_pairs(dirty))
		count_pairs(b, bucket);
	for (slot = 0; slot < dirty->chains; slot++) {
		syncmap_step_count(&b->steps);
		dirty_prefetch_ahead(dirty, i, slot);
		count_chain(b, bucket->heads[slot]);
	}
	b->dirty_expunged += b->expunged - expunged;
}

/* All buckets; of a purge, up to the first with a live key, where the next one goes on */
static int count_dirty(struct builder *b)
{
	struct syncmap_dirty *dirty = b->state->old;
	u64 i, nodes = dirty->purged_nodes;

	b->nodes = nodes;
	for (i = dirty->purged; i < dirty_buckets(dirty); i++) {
		count_bucket(b, i);
		if (b->live && (b->flags & BUILD_PURGE)) {
			dirty->purged = i;
			dirty->purged_nodes = nodes;
			return -EAGAIN;
		}
		if (in_vain(b))
			return -ESTALE;
		nodes = b->nodes;
	}
	return 0;
}

/*
 * So many new keys are worth a table with room for more, if they are a sixteenth of
 * all; and room for so many times as many as have come. The explorer has others.
 */
#ifndef ROOM_MIN
#define ROOM_MIN	1024
#define ROOM_FACTOR	2
#endif
#define ROOM_SHARE	16

/* What a custom hash makes equal would be gone through one after the other */
static bool can_have_room(const struct syncmap_params *params)
{
	return syncmap_key_is_word(params->key_len) &&
	       params->hash != SYNCMAP_HASH_CUSTOM;
}

/*
 * For how many keys to come there is to be room: a map that grows gets twice as large.
 * Keys that have come and gone do not count, for they would for ever.
 */
static u64 room_of(const struct builder *b)
{
	if (!(b->flags & BUILD_ROOM) || b->came < ROOM_MIN ||
	    b->came < b->live / ROOM_SHARE || !can_have_room(&b->map->params))
		return 0;
	return min(ROOM_FACTOR * b->came, ROOM_FACTOR / 2 * b->live);
}

/* With room for @keys keys; those that have been counted fit in whatever their hashes */
static struct syncmap_table *alloc_table(struct builder *b, u64 keys, gfp_t gfp)
{
	u8 key_len = b->map->params.key_len;
	u64 homes = syncmap_table_homes(keys, key_len);
	u64 tail = syncmap_table_tail(homes, b->bins, key_len);

	return syncmap_table_alloc(homes, homes + tail, key_len, gfp);
}

/* Nothing has to give way for keys that may not come */
static gfp_t gfp_of_room(gfp_t gfp)
{
	return (gfp & ~__GFP_RETRY_MAYFAIL) | __GFP_NORETRY;
}

/*
 * The second step: fix the key sets, and make a table that all keys fit into.
 * A live key counted here may still die, but a dead one does not come back.
 */
static int prepare(struct builder *b)
{
	int err;

	err = count_table(b);
	if (err)
		return err;
	b->room = room_of(b);
	if (b->room)
		b->into = alloc_table(b, b->live + b->room, gfp_of_room(b->gfp));
	if (!b->into) {
		b->room = 0;
		b->into = alloc_table(b, b->live, b->gfp);
	}
	if (!b->into)
		return -ENOMEM;
	b->fresh = syncmap_state_alloc(b->state->gen, b->gfp);
	if (!b->fresh) {
		syncmap_table_free(b->into);
		return -ENOMEM;
	}
	return 0;
}

/*
 * Returns whether the key has a place in the next table. Until its word here is
 * closed nobody comes to that one; from then on it is not the builder's any more.
 */
static bool move(struct builder *b, atomic64_t *source, u64 hash, u64 key)
{
	u64 word = expunge_if_dead(b, source);
	atomic64_t *place;

	if (word == WORD_EXPUNGED)
		return false;
	place = syncmap_table_append(b->into, &b->end, hash, key);
	do {
		/* If it has died since it was placed: open it would be a home */
		atomic64_set(place, word == WORD_DEAD ? WORD_EXPUNGED : word);
	} while (!word_try_close(source, &word));
	if (unlikely(word == WORD_DEAD)) {
		b->expunged++;
		WRITE_ONCE(b->into->thinned, true);
	}
	return true;
}

/* By hash: keys that have come to a roomy table stand in a bucket as they came */
struct sorted_slot {
	u64		hash;
	u64		key;
	unsigned int	slot;
};

/* Put the next one of a bucket among those before it */
static __always_inline void sort_slot(struct sorted_slot *sorted, unsigned int slot,
				      u64 key, u64 hash)
{
	unsigned int i = slot;

	for (; i && sorted[i - 1].hash > hash; i--)
		sorted[i] = sorted[i - 1];
	sorted[i] = (struct sorted_slot){ .hash = hash, .key = key, .slot = slot };
}

/* Move the key of a slot; only who has key objects keeps whether they have moved */
static void move_slot(struct builder *b, u64 bucket, const struct sorted_slot *slot)
{
	const struct syncmap_view *view = &b->state->view;
	u8 key_len = b->map->params.key_len;

	if (move(b, syncmap_slot_word(view, bucket, slot->slot, key_len),
		 slot->hash, slot->key) && !key_len)
		view->buckets[bucket].moved |= BIT(slot->slot);
}

/* Move the key that a walk stands on */
static void move_item(struct builder *b, const struct dirty_pos *pos)
{
	struct dirty_item item = dirty_walk_item(pos);
	u64 expunged = b->expunged;
	bool moved = move(b, item.word, item.hash, item.key);

	if (!dirty_walk_on_pair(pos))
		pos->node->moved = moved;
	/* What has died is not counted as a dirty key any more */
	b->moved += moved && b->expunged == expunged;
	b->dirty_expunged += b->expunged - expunged;
}

/* Move the dirty keys whose hash is not above @hash, with a rest for each step */
static int move_dirty(struct builder *b, struct dirty_pos *pos, u64 hash)
{
	const struct syncmap_dirty *dirty = b->state->old;

	while (dirty_walk_hash(dirty, pos) <= hash) {
		if (dirty_walk_has(pos)) {
			move_item(b, pos);
			dirty_walk_on(dirty, pos);
		} else {
			dirty_walk_step(dirty, pos);
		}
		if (in_vain(b))
			return -ESTALE;
	}
	return 0;
}

/* Move the slots of a bucket, and the dirty keys before them */
static int move_bucket(struct builder *b, u64 bucket, struct dirty_pos *pos)
{
	const struct syncmap_params *params = &b->map->params;
	const struct syncmap_view *view = &b->state->view;
	struct sorted_slot sorted[SYNCMAP_BUCKET_SLOTS];
	unsigned int keys = table_keys(b->state->table, bucket);
	unsigned int slot;
	u64 key;

	for (slot = 0; slot < keys; slot++) {
		key = syncmap_slot_key(view, bucket, slot, params->key_len);
		sort_slot(sorted, slot, key,
			  key_word_hash(params, &b->state->seed, key));
	}
	for (slot = 0; slot < keys; slot++) {
		if (move_dirty(b, pos, sorted[slot].hash))
			return -ESTALE;
		move_slot(b, bucket, &sorted[slot]);
	}
	return in_vain(b) ? -ESTALE : 0;
}

/* The third step, which only Clear can stop: merge both tables in hash order */
static int merge(struct builder *b)
{
	struct syncmap_table *table = b->state->table;
	struct dirty_pos pos;
	u64 bucket;

	/* word_try_close() orders these two before it */
	if (table != &syncmap_empty_table)
		WRITE_ONCE(table->next, b->into);
	WRITE_ONCE(b->state->old->into, b->into);
	dirty_seek(b->state->old, &pos, 0);
	for (bucket = 0; bucket < table->buckets; bucket++)
		if (move_bucket(b, bucket, &pos))
			return -ESTALE;
	if (move_dirty(b, &pos, SYNCMAP_CURSOR_END - 1))
		return -ESTALE;
	syncmap_table_seal(b->into, &b->end);
	if (b->room)
		syncmap_table_make_roomy(b->into, key_word_hash(&b->map->params,
								&b->state->seed, 0));
	return 0;
}

/* The last step */
static int publish(struct builder *b)
{
	syncmap_state_set(b->fresh, b->into ?: b->state->table, b->state->dirty,
			  NULL);
	refcount_set(&b->fresh->pins, 2);
	if (!syncmap_state_replace(b->map, b->state, b->fresh))
		return -ESTALE;
	b->state->table_stays = !b->into;
	this_cpu_sub(b->fresh->counts->dirty, (long)b->moved);
	this_cpu_sub(b->fresh->counts->nodes, (long)b->nodes);
	syncmap_retire(b->state);
	b->state = b->fresh;
	return 0;
}

/* Of a purge, after the second step: the read table stays, with its tombstones */
static int keep_table(struct builder *b)
{
	b->fresh = syncmap_state_alloc(b->state->gen, b->gfp);
	return b->fresh ? 0 : -ENOMEM;
}

static int replace_table(struct builder *b)
{
	int err = prepare(b);

	return err ?: merge(b);
}

/* Unpins the state; -ESTALE: a Clear has taken it away */
static int build(struct builder *b)
{
	int err;

	err = begin(b);
	if (!err)
		err = count_dirty(b);
	if (!err)
		err = b->flags & BUILD_PURGE ? keep_table(b) : replace_table(b);
	if (!err)
		err = publish(b);
	syncmap_step_rest(&b->steps);
	this_cpu_sub(b->state->counts->dead,
		     (long)(b->expunged - b->dirty_expunged));
	this_cpu_sub(b->state->counts->dirty_dead, (long)b->dirty_expunged);
	if (err)
		kfree(b->fresh);
	syncmap_state_unpin(b->state);
	return err;
}

static void account(struct syncmap *map, const struct builder *b, u64 start,
		    int err)
{
	u64 now = ktime_get_ns();

	if (err == -ENOMEM) {
		WRITE_ONCE(map->promote_fails, map->promote_fails + 1);
		WRITE_ONCE(map->failed_ns, now);
	} else if (!err) {
		WRITE_ONCE(map->promotions, map->promotions + 1);
		WRITE_ONCE(map->failed_ns, 0);
	}
	/* A purge leaves it to a promotion what is missed */
	if (!err && b->into) {
		atomic_long_set(&map->missed, 0);
		map->promoted_ns = now;
		WRITE_ONCE(map->last_promote_ns, now - start);
		WRITE_ONCE(map->max_promote_ns,
			   max(map->max_promote_ns, now - start));
	}
	trace_syncmap_promote(map, b ? b->live : 0, now - start, err);
	if (!b || !b->expunged)
		return;
	WRITE_ONCE(map->expunged, map->expunged + b->expunged);
	trace_syncmap_expunge(map, b->expunged);
}

static int build_now(struct syncmap *map, unsigned int flags, gfp_t gfp)
{
	struct builder *b = kzalloc(sizeof(*b), gfp);
	u64 start = ktime_get_ns();
	int err = -ENOMEM;

	if (b) {
		b->map = map;
		b->gfp = gfp;
		b->flags = flags;
		b->state = syncmap_state_pin(map);
		err = state_is_empty(b->state) ? -ESTALE : build(b);
	}
	account(map, b, start, err);
	kfree(b);
	return err;
}

/* With a reference, or NULL. The caller of the map may change it meanwhile */
static struct mem_cgroup *get_memcg(const struct syncmap *map)
{
	struct mem_cgroup *memcg;

	rcu_read_lock();
	do {
		memcg = READ_ONCE(map->params.memcg);
	} while (memcg && !css_tryget(&memcg->css));
	rcu_read_unlock();
	return memcg;
}

/*
 * One promotion, with the builder token. @flags: BUILD_... Returns 0,
 * -ENOMEM, -EAGAIN, or -ESTALE when a Clear has come meanwhile.
 */
int syncmap_build(struct syncmap *map, unsigned int flags, gfp_t gfp)
{
	struct mem_cgroup *memcg = get_memcg(map);
	struct mem_cgroup *active;
	int err;

	/* Nobody is to be killed for a table that can wait */
	gfp |= __GFP_RETRY_MAYFAIL | __GFP_NOWARN;
	if (memcg)
		gfp |= __GFP_ACCOUNT;
	active = set_active_memcg(memcg);
	err = build_now(map, flags, gfp);
	set_active_memcg(active);
	mem_cgroup_put(memcg);
	return err;
}

/*
 * Promote all that there is now, with the builder token: first what an attempt
 * without enough memory has left over, if any. Returns 0 or -ENOMEM.
 */
int syncmap_build_all(struct syncmap *map)
{
	const struct syncmap_state *state;
	bool old, tidy;
	int err;

	do {
		rcu_read_lock();
		state = syncmap_state(map);
		old = state->old;
		tidy = syncmap_is_tidy(state);
		rcu_read_unlock();
		err = tidy ? 0 : syncmap_build(map, BUILD_REST, GFP_KERNEL);
	} while (old && !err);
	return err == -ESTALE ? 0 : err;
}

static bool is_tidy(const struct syncmap *map)
{
	bool yes;

	rcu_read_lock();
	yes = syncmap_is_tidy(syncmap_state(map));
	rcu_read_unlock();
	return yes;
}

static bool is_answered(const struct syncmap *map, long ticket)
{
	/* Pairs with the release in housekeep() */
	return smp_load_acquire(&map->answered) - ticket >= 0;
}

/**
 * syncmap_promote - do a promotion now
 * @map: the map
 *
 * Afterwards all keys that were present before are in the read table, and those
 * that were deleted before are not; the old tables are freed in the background.
 * Maps promote by themselves. This is for a caller that has just filled a map
 * and wants the first reads to be fast.
 *
 * The map's worker does it; those who call at the same time wait for the same
 * promotion.
 *
 * Context: Process context, sleeps. The worker may wait for memory: not to be
 * called where memory is reclaimed, nor with a lock that is taken there.
 * Return: 0; -ENOMEM, and then it is tried again in the background; -EINTR when
 * killed, and then it is done nevertheless.
 */
int syncmap_promote(struct syncmap *map)
{
	long ticket;

	syncmap_assert(map);
	syncmap_await();
	if (is_tidy(map))
		return 0;
	ticket = atomic_long_inc_return(&map->asked);
	syncmap_hurry(map);
	if (wait_event_killable(map->wait, is_answered(map, ticket)))
		return -EINTR;
	return READ_ONCE(map->promoted) - ticket >= 0 ? 0 : -ENOMEM;
}
EXPORT_SYMBOL_GPL(syncmap_promote);
