// SPDX-License-Identifier: GPL-2.0-only
/*
 * Updates: they find the key's home as Load does, and differ in what they put
 * there.
 */
#include <linux/errno.h>
#include <linux/gfp.h>

#include "internal.h"
#include "trace.h"

enum outcome {
	DONE,		/* it has taken effect, or there was nothing to do */
	GONE,		/* expunged: the key lives elsewhere, if at all */
	STALE,		/* start over with the newest state */
	NEED_NODE,	/* start over with the memory for an insert */
	NO_MEMORY,
	CROWDED,	/* start over when there is another dirty table */
};

static __always_inline bool deletes(const struct syncmap_update *update)
{
	return update->action == SYNCMAP_DELETE ||
	       update->action == SYNCMAP_COMPARE_AND_DELETE;
}

/* All that the operations differ in: whether, and with what, to replace @code */
static __always_inline bool decide(struct syncmap_update *update, u64 code,
				   u64 *new)
{
	*new = deletes(update) ? CODE_ABSENT : update->new;
	update->previous = code;
	update->changed = false;
	switch (update->action) {
	case SYNCMAP_SWAP:
		return true;
	case SYNCMAP_LOAD_OR_STORE:
		return code == CODE_ABSENT;
	case SYNCMAP_DELETE:
		return code != CODE_ABSENT;
	default:
		return code != CODE_ABSENT && code == update->old;
	}
}

static void absent(struct syncmap_update *update)
{
	update->previous = CODE_ABSENT;
	update->changed = false;
}

static void count_live(const struct syncmap_state *state, long n)
{
	this_cpu_add(state->counts->live, n);
}

/* A live key has come to the dirty table, or has gone */
static void count_live_dirty(const struct syncmap_state *state, long n)
{
	count_live(state, n);
	this_cpu_add(state->counts->dirty, n);
}

/* The same, with its node */
static void count_node(const struct syncmap_state *state, long n)
{
	count_live_dirty(state, n);
	this_cpu_add(state->counts->nodes, n);
}

/*
 * An open word becomes a tombstone, or a tombstone live: @live is -1 or 1, or 0.
 * @dirty: in a dirty table
 */
static __always_inline void count_change(const struct syncmap_state *state,
					 long live, bool dirty)
{
	if (!live)
		return;
	if (dirty) {
		count_live_dirty(state, live);
		this_cpu_sub(state->counts->dirty_dead, live);
	} else {
		count_live(state, live);
		this_cpu_sub(state->counts->dead, live);
	}
}

/*
 * Update the word at @home, or wherever it has moved to: @link is where the
 * next table hangs on the object that the word lies in, which is a read table or,
 * if it is @dirty, a dirty one.
 */
static enum outcome apply(struct syncmap *map,
			  const struct syncmap_state *state,
			  const struct syncmap_key *key,
			  struct syncmap_update *update, atomic64_t *home,
			  struct syncmap_table *const *link, bool dirty)
{
	u64 word = word_read(home);
	struct syncmap_table *table;
	bool followed = false;
	u64 code, new;
	long live;

	for (;;) {
		if (word == WORD_EXPUNGED)
			return followed ? STALE : GONE;
		if (!word_is_open(word)) {
			followed = true;
			dirty = false;
			table = READ_ONCE(*link);
			link = &table->next;
			home = syncmap_table_find(&table->view, key,
						  map->params.key_len, false);
			if (WARN_ON_ONCE(!home))
				return STALE;
			word = word_read(home);
			continue;
		}
		code = word_code(word);
		if (!decide(update, code, &new))
			return DONE;
		/*
		 * First, so that the barrier in word_try_set() is between a
		 * tombstone that is counted and syncmap_arm(). See
		 * litmus/arm-deleted
		 */
		live = (new != CODE_ABSENT) - (code != CODE_ABSENT);
		count_change(state, live, dirty);
		if (word_try_set(home, &word, word_open(new))) {
			update->changed = true;
			if (live < 0)
				syncmap_arm(map);
			return DONE;
		}
		count_change(state, -live, dirty);
	}
}

static enum outcome apply_dirty(struct syncmap *map,
				const struct syncmap_state *state,
				const struct syncmap_key *key,
				struct syncmap_update *update, atomic64_t *home,
				struct syncmap_dirty *dirty)
{
	return apply(map, state, key, update, home, &dirty->into, true);
}

static void unlock_dirty(const struct syncmap_state *state, u64 hash,
			 unsigned long flags)
	__releases(state->dirty->buckets)
{
	if (syncmap_dirty_unlock(state->dirty, hash, flags)) {
		this_cpu_inc(state->counts->lock_waits);
		trace_syncmap_lock_wait(state->gen->map, hash);
	}
}

/* The chain is sealed: what is in it stays, and is only marked */
static enum outcome delete_sealed(struct syncmap *map,
				  const struct syncmap_state *state,
				  const struct syncmap_key *key,
				  struct syncmap_update *update)
{
	atomic64_t *home = dirty_find(state->dirty, key);

	if (!home)
		return GONE;
	return apply_dirty(map, state, key, update, home, state->dirty);
}

/* With the lock of an unsealed chain, in which each word is open and live */
static struct syncmap_node *unlink_dirty(struct syncmap *map,
					 const struct syncmap_state *state,
					 const struct syncmap_key *key,
					 struct syncmap_update *update)
{
	struct dirty_place place;
	u64 word, new;

	syncmap_dirty_locate(state->dirty, key, &place);
	if (!place.node)
		return NULL;
	word = word_read(&place.node->word);
	do {
		if (!decide(update, word_code(word), &new))
			return NULL;
	} while (!word_try_set(&place.node->word, &word, WORD_EXPUNGED));
	update->changed = true;
	syncmap_dirty_unlink(state->dirty, &place);
	return place.node;
}

static enum outcome delete_dirty(struct syncmap *map,
				 const struct syncmap_state *state,
				 const struct syncmap_key *key,
				 struct syncmap_update *update)
{
	atomic64_t *home = dirty_find_pair(state->dirty, key);
	struct syncmap_node *node;
	unsigned long flags;

	if (home)
		return apply_dirty(map, state, key, update, home, state->dirty);
	syncmap_dirty_lock(state->dirty, key->hash, &flags);
	if (dirty_sealed(state->dirty, key->hash)) {
		unlock_dirty(state, key->hash, flags);
		return delete_sealed(map, state, key, update);
	}
	node = unlink_dirty(map, state, key, update);
	unlock_dirty(state, key->hash, flags);
	if (node) {
		count_node(state, -1);
		syncmap_limbo_add(state->gen, node);
	}
	return DONE;
}

/* The node may have been made before the map had its hash seed */
static void prepare_node(const struct syncmap *map, struct syncmap_node *node,
			 const struct syncmap_key *key, u64 code)
{
	node->hash = key->hash;
	WRITE_ONCE(node->moved, false);
	if (map->params.key_len)
		syncmap_node_set_key(map, node, key);
	else
		syncmap_keyobj_of(node->key)->hash = key->hash;
	atomic64_set(&node->word, word_open(code));
}

static void inserted(struct syncmap_update *update)
{
	absent(update);
	update->changed = true;
}

/* The key is counted first, so that it is before the barrier, see add_dirty() */
static void fill_pair(const struct syncmap_state *state,
		      const struct syncmap_key *key,
		      struct syncmap_update *update, struct syncmap_pair *pair)
{
	count_live_dirty(state, 1);
	syncmap_dirty_fill(state->dirty, pair, key, word_open(update->new));
	inserted(update);
}

static void link_dirty(struct syncmap *map, const struct syncmap_state *state,
		       const struct syncmap_key *key,
		       struct syncmap_update *update,
		       const struct dirty_place *place)
{
	prepare_node(map, update->node, key, update->new);
	syncmap_dirty_link(state->dirty, update->node, place);
	update->node = NULL;
	inserted(update);
	count_node(state, 1);
}

/*
 * Most nodes are to be had without waiting, and then the operation need not
 * start over outside of its read section.
 */
static enum outcome get_node(struct syncmap *map, const struct syncmap_key *key,
			     struct syncmap_update *update)
{
	gfp_t gfp = update->gfp & ~(__GFP_DIRECT_RECLAIM | __GFP_NOFAIL);

	update->node = syncmap_node_alloc(map, key, gfp | __GFP_NOWARN);
	if (update->node)
		return DONE;
	return gfpflags_allow_blocking(update->gfp) ? NEED_NODE : NO_MEMORY;
}

/* Whether take_node() is likely to find one */
static bool node_is_ready(const struct syncmap_state *state)
{
	return !llist_empty(&raw_cpu_ptr(state->counts)->ready);
}

/* One of a deleted key; false if somebody else has taken the last one */
static bool take_node(const struct syncmap_state *state,
		      struct syncmap_update *update)
{
	update->node = syncmap_limbo_take(state->counts);
	return update->node;
}

/* Whether a slot of the read table is likely to be had; during a promotion none is */
static bool has_free_slot(const struct syncmap_state *state,
			  const struct syncmap_key *key)
{
	return !state->old && table_has_room(state->table, key);
}

/*
 * As add_dirty(), where the read table may have the key by now, or room for it; GONE if
 * not. The key is counted first, as for a pair.
 */
static enum outcome add_to_table(struct syncmap *map,
				 const struct syncmap_state *state,
				 const struct syncmap_key *key,
				 struct syncmap_update *update)
{
	u64 none = WORD_EXPUNGED;
	atomic64_t *home;

	home = syncmap_table_find(&state->view, key, map->params.key_len, true);
	if (home)
		return apply(map, state, key, update, home, &state->table->next,
			     false);
	if (has_free_slot(state, key))
		home = syncmap_table_claim(state->table, key);
	if (!home)
		return GONE;
	count_live(state, 1);
	WARN_ON_ONCE(!word_try_set(home, &none, word_open(update->new)));
	inserted(update);
	return DONE;
}

/* With the lock of an unsealed bucket that does not have the key */
static enum outcome add_dirty(struct syncmap *map,
			      const struct syncmap_state *state,
			      const struct syncmap_key *key,
			      struct syncmap_update *update,
			      const struct dirty_place *place)
{
	struct syncmap_pair *pair = dirty_free_pair(state->dirty, key);

	if (dirty_crowded(state->dirty, key->hash) && !update->reserved)
		return CROWDED;
	if (pair) {
		fill_pair(state, key, update, pair);
		return DONE;
	}
	if (!update->node && !take_node(state, update))
		return NEED_NODE;
	link_dirty(map, state, key, update, place);
	/*
	 * An update is a full barrier, so that one on each of two CPUs and then
	 * a load of the other's key cannot both come first (A.1). Linking and
	 * unlocking are none; to fill a pair is. Pairs with itself, with
	 * word_try_set(), and, as the key is counted, with rearm(). See
	 * litmus/insert-insert and litmus/arm-counted
	 */
	smp_mb();
	return DONE;
}

/* Whether what an insert needs is there, or likely to be */
static bool is_ready(const struct syncmap_state *state,
		     const struct syncmap_key *key,
		     const struct syncmap_update *update)
{
	return update->node || has_free_slot(state, key) ||
	       dirty_free_pair(state->dirty, key) || node_is_ready(state);
}

/* With the lock of an unsealed bucket of the newest state */
static enum outcome insert_locked(struct syncmap *map,
				  const struct syncmap_state *state,
				  const struct syncmap_key *key,
				  struct syncmap_update *update)
{
	enum outcome outcome = GONE;
	struct dirty_place place;

	syncmap_dirty_locate(state->dirty, key, &place);
	if (place.word)
		return apply_dirty(map, state, key, update, place.word,
				   state->dirty);
	if (state->table->roomy)
		outcome = add_to_table(map, state, key, update);
	return outcome == GONE ? add_dirty(map, state, key, update, &place) :
				 outcome;
}

static enum outcome insert(struct syncmap *map,
			   const struct syncmap_state *state,
			   const struct syncmap_key *key,
			   struct syncmap_update *update)
{
	enum outcome outcome = DONE;
	unsigned long flags;

	if (!is_ready(state, key, update))
		outcome = get_node(map, key, update);
	if (outcome != DONE)
		return outcome;
	syncmap_dirty_lock(state->dirty, key->hash, &flags);
	/* In a newer state the read table may have got the key. See litmus/filled-slot */
	if (dirty_sealed(state->dirty, key->hash) || syncmap_state(map) != state)
		outcome = STALE;
	else
		outcome = insert_locked(map, state, key, update);
	unlock_dirty(state, key->hash, flags);
	return outcome;
}

/*
 * The first key of an empty map is linked into a state of its own, which is
 * published with it: once a state is published, a Clear may take it away.
 */
static enum outcome insert_first(struct syncmap *map, struct syncmap_key *key,
				 struct syncmap_update *update)
{
	struct syncmap_state *first = update->first;
	struct dirty_place place;
	struct syncmap_node *node = update->node;
	unsigned long flags;
	bool published;

	if (!first || !node)
		return NEED_NODE;
	syncmap_key_hash(map, first, key, false);
	syncmap_dirty_lock(first->dirty, key->hash, &flags);
	syncmap_dirty_locate(first->dirty, key, &place);
	link_dirty(map, first, key, update, &place);
	atomic_inc(&map->inflight);
	published = syncmap_state_replace(map, &__syncmap_empty, first);
	if (published) {
		update->first = NULL;
	} else {
		atomic_dec(&map->inflight);
		place.node = node;
		syncmap_dirty_unlink(first->dirty, &place);
		count_node(first, -1);
		update->node = node;
	}
	syncmap_dirty_unlock(first->dirty, key->hash, flags);
	return published ? DONE : STALE;
}

/* Whether the key was absent, and is not any more */
static bool has_inserted(const struct syncmap_update *update)
{
	return update->changed && update->previous == CODE_ABSENT;
}

/*
 * Update the key's word if it has one in this dirty table. For a key that comes
 * back there it is as good as a read table
 */
static enum outcome update_dirty(struct syncmap *map,
				 const struct syncmap_state *state,
				 const struct syncmap_key *key,
				 struct syncmap_update *update,
				 struct syncmap_dirty *dirty)
{
	atomic64_t *home = dirty_find(dirty, key);
	enum outcome outcome;

	if (!home)
		return GONE;
	outcome = apply_dirty(map, state, key, update, home, dirty);
	if (outcome == DONE && !has_inserted(update))
		syncmap_miss(map, state, key->hash);
	return outcome;
}

static enum outcome update_state(struct syncmap *map,
				 const struct syncmap_state *state,
				 const struct syncmap_key *key,
				 struct syncmap_update *update)
{
	enum outcome outcome = GONE;
	atomic64_t *home;

	home = syncmap_table_find(&state->view, key, map->params.key_len, false);
	if (home)
		outcome = apply(map, state, key, update, home,
				&state->table->next, false);
	if (outcome == DONE)
		this_cpu_inc(state->counts->hits);
	if (outcome != GONE)
		return outcome;
	if (state->old) {
		if (syncmap_inserts(update))
			syncmap_dirty_seal(state->old, key->hash);
		outcome = update_dirty(map, state, key, update, state->old);
		if (outcome != GONE)
			return outcome;
	}
	if (deletes(update))
		return READ_ONCE(state->dirty->used) ?
		       delete_dirty(map, state, key, update) : GONE;
	outcome = update_dirty(map, state, key, update, state->dirty);
	if (outcome != GONE || !syncmap_inserts(update))
		return outcome;
	return insert(map, state, key, update);
}

/* Allocate what an insert may need. Return: 0 or -ENOMEM */
int syncmap_update_prepare(struct syncmap *map, const struct syncmap_key *key,
			   struct syncmap_update *update)
{
	if (!update->node) {
		update->node = syncmap_node_alloc(map, key, update->gfp);
		if (!update->node)
			return -ENOMEM;
	}
	if (!update->first &&
	    state_is_empty(rcu_access_pointer(map->state))) {
		update->first = syncmap_state_first(map, update->gfp);
		if (!update->first)
			return -ENOMEM;
	}
	return 0;
}

/* Once, in a read section; *@dirty: where an insert goes */
static enum outcome update_once(struct syncmap *map, struct syncmap_key *key,
				struct syncmap_update *update,
				const struct syncmap_dirty **dirty)
{
	const struct syncmap_state *state = syncmap_state(map);

	absent(update);
	*dirty = state->dirty;
	if (state_is_empty(state) && syncmap_inserts(update))
		return insert_first(map, key, update);
	syncmap_key_hash_once(map, state, key, syncmap_is_plain(map));
	return update_state(map, state, key, update);
}

/* What was in the way of an insert is got out of it, or it fails */
static int clear_way(struct syncmap *map, const struct syncmap_key *key,
		     struct syncmap_update *update, enum outcome outcome,
		     const struct syncmap_dirty *dirty)
{
	if (outcome == NEED_NODE)
		return syncmap_update_prepare(map, key, update);
	if (outcome == STALE)
		return 0;
	if (outcome != CROWDED)
		return -ENOMEM;
	if (syncmap_make_room(map, dirty, update->gfp))
		return 0;
	update->full = dirty;
	return -ENOMEM;
}

/*
 * Run an update to its end. What was allocated ahead and not used stays in
 * @update.
 */
int syncmap_update(struct syncmap *map, struct syncmap_key *key,
		   struct syncmap_update *update)
{
	const struct syncmap_dirty *dirty;
	enum outcome outcome;
	int err;

	update->full = NULL;
	for (;;) {
		rcu_read_lock();
		outcome = update_once(map, key, update, &dirty);
		update->grown = outcome == DONE && syncmap_inserts(update) &&
			has_inserted(update) && syncmap_grown(map);
		syncmap_look_up_ends(map, key);
		rcu_read_unlock();
		if (outcome == DONE || outcome == GONE)
			break;
		err = clear_way(map, key, update, outcome, dirty);
		if (err)
			return err;
	}
	if (update->grown)
		syncmap_hold_back(map, update->gfp);
	return 0;
}

/* Free what was allocated ahead in vain */
void syncmap_update_discard(const struct syncmap *map,
			    struct syncmap_update *update)
{
	if (update->node)
		syncmap_node_free(map, update->node, false);
	if (update->first)
		syncmap_state_abort(update->first);
}
