/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The core of syncmap: how it works, and why it is right
 *
 * Guarantees
 *
 * A.1	Every operation on one key is linearizable; and so, as that composes, are
 *	those on all keys of all maps together.
 * A.2	Loads take no lock, never wait, allocate nothing, write no cache line
 *	that other CPUs use (but every 256th miss of a CPU does), and work in any
 *	context.
 * A.3	Updates of a key that is in the read table are lock-free.
 * B.1	Nothing is done under a lock, or in a read section, that takes longer the
 *	larger the map is, or the slower its background: a bucket of a dirty
 *	table has at most BUCKET_KEYS keys (and those of reservations). Debug
 *	builds count it (SYNCMAP_STEPS_MAX). What a custom hash makes equal is
 *	searched one after the other, in the read table however much that is.
 * B.2	An operation that runs out of memory leaves the map as it was.
 * C.1	Range visits no key twice, and misses none that is present throughout.
 * C.2	Its cursor is a number, which stays valid and pins nothing.
 * C.3	Its callback may use the map.
 * D.1	The count is exact when nobody updates.
 * D.2	The memory of deleted keys comes back without a further call.
 * E.1	Of many that load or store an absent key, exactly one stores.
 * E.2	Of many that load and delete a key, exactly one gets the value.
 * E.3	An absent key compares equal to nothing.
 * F.1	What holds the tables from before a Clear takes effect before it.
 *
 * Objects
 *
 * A state ties together what a map is at one time: the read table T, the dirty
 * table D and, during a promotion, the old dirty table Dold. A state never
 * changes while it is map->state. T has a frozen set of keys whose
 * value words change (word.h, table.h); D takes new keys, in pairs or nodes
 * (dirty.h). A promotion merges T and D into a new read table T', while everybody goes on.
 * Where many new keys come, T' has room for more of them, as long as it lasts: then it
 * is roomy, and what is said of new keys in D is so of those, too.
 * A generation is all the states between two Clears; it owns the counters and
 * the limbo, where unlinked nodes await their grace period. The hash seed is
 * the map's for good, so that a Range cursor means the same after a Clear.
 * A state is pinned by the map that it is the state of and by its builder; when
 * both have let go of it, and a grace period has passed, it is taken apart.
 *
 * Who may do what
 *
 *	map->state	the holder of the builder token (bit MAP_BUILDING in
 *			map->flags), from the state it has pinned; anybody, from
 *			the empty state or, which is a Clear, to it; all by
 *			cmpxchg
 *	value words	the token holder, by a store, while nobody can come to
 *			them (I4), or the lock of the dirty bucket, when a pair
 *			or slot is filled; then anybody, by cmpxchg, while open;
 *			closed by the token holder, by cmpxchg, from then on
 *			immutable
 *	buckets		the token holder, before the table is in a state;
 *			readers come through closed words even then
 *	chains		the lock of their bucket; READ_ONCE under RCU
 *	keys of pairs	the lock of their bucket, once; READ_ONCE. In a roomy T
 *			that of their bucket in D, by cmpxchg, as others hold the
 *			lock of another
 *	dirty->filled	the lock of the bucket, by set_bit(), before its first
 *			key is there; never cleared
 *	table->next,	the token holder, once, before the first word of the
 *	dirty->into	object is closed; it has the state pinned
 *	node->moved,	the token holder
 *	bucket->moved,
 *	table->thinned,
 *	dirty->purged,
 *	->purged_nodes
 *	statistics in	the token holder; READ_ONCE by others
 *	struct syncmap
 *
 * Lock order: builder token, then one bucket lock. No two bucket locks nest,
 * nothing is allocated and nothing sleeps under one; the work under it is a look
 * at the pairs, one walk of a chain, and a search of a roomy T.
 *
 * Where a key lives
 *
 * I1	At any time a key has exactly one home: its slot in T if that word is
 *	open; if it is closed live, its slot in T->next (and so on); else (no
 *	slot, or expunged) its pair or node in Dold, if the bucket there is
 *	sealed and the word not expunged (closed live: its slot in Dold->into);
 *	else D, where it has a pair or a node, not both.
 * I2	The key set of a published table never changes, and has no key twice; but
 *	a roomy T gets keys that it does not have, from who has the lock of the
 *	key's bucket in D, not sealed, in the map's state, without a Dold.
 * I3	The key of each closed live word is found in the next table: it was
 *	placed there, with the same value, before the word was closed.
 * I4	Before a table is in a state, nobody but its builder comes to a place in
 *	it until the word that leads there, the source, is closed live; and the
 *	builder does not from then on. A key has one source, and that has one
 *	builder: who has begun to close words goes on to the end, or until a Clear
 *	has taken the state away, and then nobody else begins with it.
 *
 * Promotion (promote.c; tidy.c says when)
 *
 * The map's worker does it, on a workqueue that bounds how many are done at a
 * time, and so who pays is who waits: inserts that may sleep wait when the dirty
 * table is far over its limit, and when their bucket is full; those that may not
 * fail with -ENOMEM in a bucket that is full. Nobody waits who may not wait for
 * GFP_KERNEL, which is what the worker allocates with. When memory is too short
 * for a promotion, the next attempt is put off for a while, and nobody waits.
 *
 * 1. Publish s1 = {T, new dirty D1, Dold = D}. From here on new keys go to D1.
 * 2. Count: seal each bucket of D, close tombstones there and in T (1 -> 0), count
 *	the rest. Nothing can be added to T or D now, so T' can be made big enough
 *	for certain. If memory is short the promotion ends here: s1 is as good as
 *	any state, and the next attempt goes on from it.
 * 3. Set T->next = D->into = T'. Merge T and D in hash order. For each key
 *	(a) place it in T', (b) set its word there to what its source is, (c)
 *	close the source by a cmpxchg from that. It fails when a writer has come
 *	in between: go back to (b). A word that has died since (a) becomes 0
 *	in both, not 1 in T': open it would give the key two homes, as the next
 *	insert goes to D1.
 * 4. Publish s2 = {T', D1, none}. After a grace period free T, D and the keys
 *	that were dropped.
 * Nobody ever waits for the builder. Only a Clear stops it in step 3, and that
 * between two keys.
 *
 * A purge is a promotion of nothing: where keys come and go, D is left with tombstones
 * alone, and each absent key would be looked for there until all of T is merged for
 * nothing. It has step 1, and of step 2 what is done to D. If no key of it is alive,
 * all its words are 0, and for good: then step 4 publishes s2 = {T, D1, none}, with the
 * same T, which stays when s1 is taken apart. If one is alive, s1 stays; but a purge
 * is not begun when there is a live key at all.
 *
 * Operations
 *
 * All look in T, then in Dold, then in D; the first home found decides. (Where an
 * open word in T is all there is to it, callers do that inline, see
 * syncmap_inline.h: what is called then begins anew.)
 * follow() and apply() continue behind a closed word, where the value that it had
 * is now, or what came after it. Only an insert needs more: it seals the key's
 * bucket in Dold before it searches it, and fills a pair or links a node in D, or
 * fills a slot in T, under the lock of a bucket that is not sealed, in the map's state;
 * if it is, or the state is not, a newer one has been published and the operation starts
 * over. Sealing Dold makes an inserter that still holds the state before s1 (and would
 * insert into D = Dold, or into T) and one that holds s1 (and would insert into D1)
 * exclude each other. D1 is that of s1 and of s2, and so are its locks: who holds s1 finds
 * s2 to be the map's state when somebody may have filled a slot of T'.
 *
 * Why each is linearizable
 *
 * - An open word that the caller comes to is the key's home whatever state it
 *   holds: what leads there is closed, for good, and was before the table came
 *   to be in a state; and the check is atomic with the access. Reading it, or a
 *   successful cmpxchg on it, is the operation's instant.
 * - Closing a live word moves the home, and the value stays: what the cmpxchg
 *   finds in the source is what the builder, alone there (I4), has set the place
 *   to, whatever the source has been in between. From then on the place is
 *   everybody's: who comes there sees what the builder has set, and the builder
 *   sets nothing more. See litmus/placed and litmus/handed-over.
 * - Closing a dead word changes nothing: the key is absent, and will have no home
 *   before it comes to D1.
 * - 0 in a table reached through a closed word: the key was live when the state
 *   was loaded and died before a builder wrote that 0: an instant at which it
 *   was absent lies within the operation. An update starts over (STALE), so as
 *   to find the key's home; that took a whole promotion.
 * - 0 in a pair whose bucket is not sealed, or in a slot that is being filled: the key
 *   is absent until who does that has set the word.
 * - Expunged or not found in T, Dold and D: had the key been present all the
 *   time from the loading of the state on, its home would have been in one of
 *   them or reached from them. So it was absent at an instant in between. (A purge
 *   changes no word that is live, and takes away what is no home of any key: who
 *   holds the state before it and who holds that behind it find the same.)
 * - Insert: under the lock of a bucket, not sealed, that does not have the
 *   key, while T and the sealed Dold do not have it either: nobody else can
 *   make a home for it. A roomy T is searched once more for that. To set the word of
 *   the pair or slot, or to link the node, is the instant.
 * - Delete of a node in an unsealed bucket of D: the cmpxchg to 0, under the lock,
 *   before the node is unlinked. Elsewhere, in a pair, too: the cmpxchg to 1.
 * - Clear: the publication of the empty state. What holds an older state acts
 *   on that, and linearizes before (F.1). So does a builder: it fails to publish,
 *   as the map's state is not its own any more, and gives up. Operations still
 *   follow what it has closed; keys that it has moved belong to T', the others
 *   to T and Dold, and all three are taken apart with the state.
 *
 * Range merges T, Dold and D from its cursor in hash order, each word resolved
 * as in Load. A key cannot be met twice: to come back in D after it was met in T
 * it must be linked, before equal hashes, where the walk of D already is; or fill
 * a pair of a bucket that the walk is in, and so has looked at all pairs of. In
 * each it goes on in steps of bounded length, over what is empty, too, and no
 * further than to the next hash of the others; so it can end at any step, which
 * it does after some, and with it the RCU read section. The cursor is the hash
 * below which all has been seen; runs of equal hashes are never split. Of a roomy T
 * the walk sees what a bucket has when it comes there, which is before it reads the word
 * of a node with such a hash: so a key that it has met in D is not met in T again.
 *
 * Order
 *
 * The operations of a CPU take effect in their order, whatever their keys, so that
 * what holds for each key by itself holds for all of them (A.1). For that,
 *
 * - a load acquires: the word, the header or tag of the bucket where no key is,
 *   or, if the key is not in its chain, what the chain ended with;
 * - an update that changes something is a full barrier as well: a successful
 *   cmpxchg of a word or of map->state, or smp_mb() behind the link of a node.
 *   Of two that each update a key and then load the other's, one sees the other
 *   (litmus/insert-insert, -pair, -replace, -moved, -promoted, -cleared);
 * - an update that changes nothing, as a compare that fails, is a load;
 * - a builder that closes a word is a full barrier, too, and has read what the
 *   writer of its value has written: so who finds the value where it has moved
 *   to sees what the writer has done before (litmus/copied).
 *
 * Two CPUs see two updates in the same order where a store reaches all others at
 * once: on x86-64, arm64, riscv and s390. Acquire alone does not give that (see
 * litmus/iriw).
 *
 * Where the comment of a barrier says litmus/NAME, it names the test in
 * tools/native/litmus that shows what goes wrong without.
 *
 * Progress: Load is wait-free but for one step per promotion that completed
 * meanwhile, updates of present keys are lock-free, inserts take one bucket lock,
 * and so do deletes of nodes. A builder is lock-free as well: each time that
 * it cannot close a word, an update has taken effect.
 */
#ifndef _SYNCMAP_INTERNAL_H
#define _SYNCMAP_INTERNAL_H

#include <linux/percpu.h>
#include <linux/rcupdate.h>
#include <linux/refcount.h>
#include <linux/sched/mm.h>
#include <linux/syncmap.h>
#include <linux/workqueue.h>

#include "core.h"
#include "dirty.h"
#include "key.h"
#include "table.h"
#include "word.h"

struct syncmap_gen {
	struct syncmap			*map;
	struct syncmap_counts __percpu	*counts;
	refcount_t			refs;
	unsigned long			draining;	/* bit 0: somebody is */
	bool				at_rest;	/* free nodes, keep none */
	struct rcu_work			drain;
};

/* Bits in map->flags */
enum {
	MAP_BUILDING,		/* the builder token */
	MAP_ARMED,		/* housekeeping is due */
	MAP_URGENT,		/* ... at once */
	MAP_RECLAIM,		/* ... however little there is to gain */
};

extern struct workqueue_struct *syncmap_wq;
extern struct workqueue_struct *syncmap_build_wq;

/* map.c */
extern struct syncmap_table syncmap_empty_table;

void syncmap_token_wait(struct syncmap *map);
bool syncmap_token_try(struct syncmap *map);
void syncmap_token_release(struct syncmap *map);

/* state.c */
void syncmap_counts_free(struct syncmap_counts __percpu *counts);
void syncmap_counts_refill(void);
int syncmap_counts_init(void);
void syncmap_counts_exit(void);
struct syncmap_state *syncmap_state_first(struct syncmap *map, gfp_t gfp);
void syncmap_state_abort(struct syncmap_state *state);
struct syncmap_state *syncmap_state_alloc(struct syncmap_gen *gen, gfp_t gfp);
void syncmap_state_set(struct syncmap_state *state, struct syncmap_table *table,
		       struct syncmap_dirty *dirty, struct syncmap_dirty *old);
bool syncmap_state_replace(struct syncmap *map, struct syncmap_state *state,
			   struct syncmap_state *next);
struct syncmap_state *syncmap_state_take(struct syncmap *map);
struct syncmap_state *syncmap_state_pin(struct syncmap *map);
void syncmap_state_unpin(struct syncmap_state *state);
void syncmap_state_sum(const struct syncmap_state *state,
		       struct syncmap_counts *sum);
u64 syncmap_state_dirty(const struct syncmap_state *state);
u64 syncmap_state_read(const struct syncmap_state *state,
		       const struct syncmap_counts *sum);

/* node.c */
struct syncmap_node *syncmap_node_alloc(const struct syncmap *map,
					const struct syncmap_key *key,
					gfp_t gfp);
void syncmap_node_free(const struct syncmap *map, struct syncmap_node *node,
		       bool keep_key);
void syncmap_node_set_key(const struct syncmap *map, struct syncmap_node *node,
			  const struct syncmap_key *key);
size_t syncmap_node_size(const struct syncmap *map);
int syncmap_node_init(void);
void syncmap_node_exit(void);

/* retire.c */
void syncmap_gen_init(struct syncmap_gen *gen);
void syncmap_gen_put(struct syncmap_gen *gen);
struct syncmap_node *syncmap_limbo_take(struct syncmap_counts __percpu *counts);
bool syncmap_drain_all(struct syncmap_gen *gen);
void syncmap_limbo_add(struct syncmap_gen *gen, struct syncmap_node *node);
void syncmap_state_init(struct syncmap_state *state);
void syncmap_retire(struct syncmap_state *state);

/* load.c */
u64 syncmap_follow(const struct syncmap *map, const struct syncmap_key *key,
		   struct syncmap_table *next);

/* update.c */
enum syncmap_action {
	SYNCMAP_SWAP,
	SYNCMAP_LOAD_OR_STORE,
	SYNCMAP_DELETE,
	SYNCMAP_COMPARE_AND_SWAP,
	SYNCMAP_COMPARE_AND_DELETE,
};

/* An update on its way, and what came of it */
struct syncmap_update {
	enum syncmap_action	action;
	gfp_t			gfp;
	u64			old;		/* codes */
	u64			new;
	bool			reserved;	/* must not fail */
	u64			previous;	/* out; CODE_ABSENT: none */
	bool			changed;	/* out */
	bool			grown;		/* out: held back, if @gfp lets it */
	const struct syncmap_dirty *full;	/* out: -ENOMEM is for that */
	/* allocated ahead; what is left is freed by the caller */
	struct syncmap_node	*node;
	struct syncmap_state	*first;
};

int syncmap_update(struct syncmap *map, struct syncmap_key *key,
		   struct syncmap_update *update);
int syncmap_update_prepare(struct syncmap *map, const struct syncmap_key *key,
			   struct syncmap_update *update);
void syncmap_update_discard(const struct syncmap *map,
			    struct syncmap_update *update);

static inline bool syncmap_inserts(const struct syncmap_update *update)
{
	return update->action == SYNCMAP_SWAP ||
	       update->action == SYNCMAP_LOAD_OR_STORE;
}

/* tidy.c */
void syncmap_miss(struct syncmap *map, const struct syncmap_state *state,
		  u64 hash);
bool syncmap_grown(struct syncmap *map);
void syncmap_hold_back(struct syncmap *map, gfp_t gfp);
bool syncmap_make_room(struct syncmap *map, const struct syncmap_dirty *full,
		       gfp_t gfp);
void syncmap_hurry(struct syncmap *map);
void syncmap_await(void);
void syncmap_arm(struct syncmap *map);
bool syncmap_is_tidy(const struct syncmap_state *state);
u64 syncmap_state_limit(const struct syncmap_state *state);

/* promote.c */
enum {
	BUILD_REST = 1,		/* do not take memory for more keys to come */
	BUILD_PURGE = 2,	/* a purge; -EAGAIN if a dirty key is alive */
	BUILD_ROOM = 4,		/* for more keys in the read table, if many have come */
};

int syncmap_build(struct syncmap *map, unsigned int flags, gfp_t gfp);
int syncmap_build_all(struct syncmap *map);

/* Within an RCU read section; beyond it a state has to be pinned */
static __always_inline struct syncmap_state *
syncmap_state(const struct syncmap *map)
{
	return rcu_dereference(map->state);
}

static inline bool state_is_empty(const struct syncmap_state *state)
{
	return state == &__syncmap_empty;
}

/* Resolve a word: false when it is expunged, so that its key lives elsewhere */
static __always_inline bool syncmap_resolve(const struct syncmap *map,
					    const struct syncmap_key *key,
					    const atomic64_t *home,
					    struct syncmap_table *const *next,
					    u64 *code)
{
	u64 word = word_read(home);

	if (word == WORD_EXPUNGED)
		return false;
	if (likely(word_is_open(word)))
		*code = word_code(word);
	else
		*code = syncmap_follow(map, key, READ_ONCE(*next));
	return true;
}

/* The end of a look-up's read section; equal hashes have no bound but the count */
static __always_inline void syncmap_look_up_ends(const struct syncmap *map,
						 struct syncmap_key *key)
{
	if (map->params.hash != SYNCMAP_HASH_CUSTOM)
		syncmap_step_rest(&key->steps);
}

/* The most frequent kind of map; its operations have paths of their own */
static __always_inline bool syncmap_is_plain(const struct syncmap *map)
{
	return syncmap_params_are_plain(&map->params, sizeof(u64));
}

/* An operation's key as one state sees it; @plain: syncmap_is_plain(), if known */
static __always_inline void syncmap_key_hash(const struct syncmap *map,
					     const struct syncmap_state *state,
					     struct syncmap_key *key, bool plain)
{
	if (plain)
		key->hash = syncmap_hash_short(key->word, sizeof(u64),
					       &state->seed);
	else
		key->hash = syncmap_hash(&map->params, &state->seed, key->bytes,
					 key->len);
}

/* The same, unless it is done. The empty state has no seed, and no keys */
static __always_inline void
syncmap_key_hash_once(const struct syncmap *map,
		      const struct syncmap_state *state,
		      struct syncmap_key *key, bool plain)
{
	if (key->hashed)
		return;
	syncmap_key_hash(map, state, key, plain);
	key->hashed = !state_is_empty(state);
}

/* False as syncmap_key_init() */
static __always_inline bool
syncmap_key_take(const struct syncmap *map,
		 const struct syncmap_hashed_key *hashed,
		 struct syncmap_key *key)
{
	if (!syncmap_key_init(key, map->params.key_len, hashed->key,
			      hashed->len))
		return false;
	key->hash = hashed->hash;
	key->hashed = hashed->hashed;
	return true;
}

/* For the next operation on the key */
static __always_inline void
syncmap_key_keep(struct syncmap_hashed_key *hashed,
		 const struct syncmap_key *key)
{
	hashed->hash = key->hash;
	hashed->hashed = key->hashed;
}

#endif /* _SYNCMAP_INTERNAL_H */
