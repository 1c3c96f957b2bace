/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Dirty tables: the keys that are not in the read table yet
 *
 * Buckets by the top bits of the hash, each with the lock for what is done in it
 * and its seal, so that who inserts takes one cache line from the others. A
 * sealed bucket has its last key set: from then on nothing is added to it or
 * taken out of it.
 *
 * Keys of a word, but key 0, stand in the bucket itself as long as there is room,
 * as pairs of the key and its value word. A pair is filled once: a key that is
 * deleted leaves a tombstone, as in a read table, until the next promotion.
 *
 * All others have a node in a chain. Its links are changed under the lock;
 * readers walk it under RCU without. Chains are sorted by hash, pairs are where
 * they come: who walks sorts them, and so a dirty table is in hash order as a
 * whole. Where no key is a word, a bucket has seven chains instead of one.
 */
#ifndef _SYNCMAP_DIRTY_H
#define _SYNCMAP_DIRTY_H

#include <linux/bitops.h>
#include <linux/cache.h>
#include <linux/compiler.h>
#include <linux/llist.h>
#include <linux/spinlock.h>

#include "key.h"
#include "word.h"

struct syncmap_table;

struct syncmap_node {
	struct syncmap_node	*next;	/* bucket lock; READ_ONCE under RCU */
	u64			hash;
	u64			key;
	atomic64_t		word;
	union {
		struct llist_node	limbo;	/* after it is unlinked */
		bool			moved;	/* builder, in a sealed bucket */
	};
};

/* As many as fit into a cache line with the lock; of pairs beside one chain */
#define BUCKET_CHAINS	7
#define BUCKET_PAIRS	3

/*
 * So many keys make a bucket full, and bound what is done under its lock; on
 * the average, a promotion is due at 56 where there are seven chains, and at 11
 * where there are pairs.
 */
#define BUCKET_KEYS	512

/* Three chains that are looked at for a key, and what is in read tables */
static_assert(4 * BUCKET_KEYS <= SYNCMAP_STEPS_MAX);

struct dirty_bucket {
	spinlock_t		lock;	/* pairs, links, their number, flags */
	bool			sealed;
	bool			filled;	/* its bit in the table is set */
	u16			keys;	/* U16_MAX: so many or more, for good */
	union {
		struct syncmap_node	*heads[BUCKET_CHAINS];
		struct {
			struct syncmap_node	*head;
			struct syncmap_pair	pairs[BUCKET_PAIRS];
		};
	};
} ____cacheline_aligned_in_smp;

struct syncmap_dirty {
	/* read by every miss, written when the first key comes */
	bool				used;
	u8				bits;	/* of the hash that pick a bucket */
	u8				chains;		/* of a bucket */
	struct syncmap_table		*into;	/* set before the first word is closed */
	const struct syncmap_params	*params;	/* of the map, */
	const siphash_key_t		*seed;		/* which has both */
	unsigned long			*filled; /* a bit per bucket: it has had a key */
	/* the token holder: of so many buckets, sealed, no key is alive any more */
	u64				purged;
	u64				purged_nodes;	/* in these */
	struct dirty_bucket		buckets[];
};

/* Some hundred keys have room before the worker comes */
#define DIRTY_BITS_MIN	4

/* Where a key is, or where in its chain it would be; under the bucket's lock */
struct dirty_place {
	atomic64_t		*word;	/* NULL: the key is not there */
	struct syncmap_node	*node;	/* NULL: it has none */
	struct syncmap_node	**link;	/* of the node before, or the head */
	struct syncmap_node	*next;	/* first node whose hash is not smaller */
};

/* A key that a walk has come to */
struct dirty_item {
	u64			hash;
	u64			key;
	atomic64_t		*word;
};

/*
 * Where a walk in hash order stands: on a pair or node, whichever comes first; or,
 * if there is neither, before a bucket, which may lie behind the last.
 */
struct dirty_pos {
	struct syncmap_node	*node;
	u64			bucket;
	unsigned int		slot;	/* the chain behind that of the node */
	u8			pair;	/* the first of those left below */
	u8			pairs;	/* behind the last */
	u8			order[SYNCMAP_PAIR_SLOTS];	/* in the bucket, */
	u64			hashes[SYNCMAP_PAIR_SLOTS];
	struct syncmap_pair	*first;				/* of it */
};

struct syncmap_dirty *syncmap_dirty_alloc(const struct syncmap_params *params,
					  const siphash_key_t *seed,
					  unsigned int bits, gfp_t gfp);
void syncmap_dirty_free(struct syncmap_dirty *dirty);
unsigned int syncmap_dirty_bits(u64 keys, u8 key_len);
unsigned int syncmap_dirty_bits_at_rest(u64 keys, u8 key_len);
size_t syncmap_dirty_size(const struct syncmap_dirty *dirty);
u64 syncmap_dirty_room(const struct syncmap_dirty *dirty);
void syncmap_dirty_lock(struct syncmap_dirty *dirty, u64 hash,
			unsigned long *flags)
	__acquires(dirty->buckets);
bool syncmap_dirty_unlock(struct syncmap_dirty *dirty, u64 hash,
			  unsigned long flags)
	__releases(dirty->buckets);
void syncmap_dirty_seal(struct syncmap_dirty *dirty, u64 hash);
void syncmap_dirty_locate(struct syncmap_dirty *dirty,
			  const struct syncmap_key *key,
			  struct dirty_place *place);
void syncmap_dirty_fill(struct syncmap_dirty *dirty, struct syncmap_pair *pair,
			const struct syncmap_key *key, u64 word);
void syncmap_dirty_link(struct syncmap_dirty *dirty, struct syncmap_node *node,
			const struct dirty_place *place);
void syncmap_dirty_unlink(struct syncmap_dirty *dirty,
			  const struct dirty_place *place);

static inline bool dirty_has_pairs(const struct syncmap_dirty *dirty)
{
	return dirty->chains != BUCKET_CHAINS;
}

static inline u64 dirty_buckets(const struct syncmap_dirty *dirty)
{
	return 1ULL << dirty->bits;
}

static inline u64 dirty_bucket_index(const struct syncmap_dirty *dirty,
				     u64 hash)
{
	return hash >> (64 - dirty->bits);
}

static inline struct dirty_bucket *dirty_bucket(struct syncmap_dirty *dirty,
						u64 hash)
{
	return &dirty->buckets[dirty_bucket_index(dirty, hash)];
}

/* Which chain of its bucket: the bits that come next, times their number */
static inline unsigned int dirty_slot(const struct syncmap_dirty *dirty,
				      u64 hash)
{
	return ((hash << dirty->bits >> 32) * dirty->chains) >> 32;
}

static inline u64 dirty_chains(const struct syncmap_dirty *dirty)
{
	return dirty->chains * dirty_buckets(dirty);
}

/* In hash order, as all of them are counted */
static inline struct syncmap_node *dirty_head(const struct syncmap_dirty *dirty,
					      u64 chain)
{
	return READ_ONCE(dirty->buckets[chain / dirty->chains]
				.heads[chain % dirty->chains]);
}

/* Under the bucket's lock */
static inline bool dirty_crowded(const struct syncmap_dirty *dirty, u64 hash)
{
	return dirty->buckets[dirty_bucket_index(dirty, hash)].keys >=
	       BUCKET_KEYS;
}

static inline bool dirty_sealed(const struct syncmap_dirty *dirty, u64 hash)
{
	return READ_ONCE(dirty->buckets[dirty_bucket_index(dirty, hash)].sealed);
}

/*
 * A pair for a key that has none, or NULL. Key 0, which is that of a pair without
 * a key, never has one. Under the bucket's lock; else it may be gone.
 */
static inline struct syncmap_pair *
dirty_free_pair(struct syncmap_dirty *dirty, const struct syncmap_key *key)
{
	struct dirty_bucket *bucket = dirty_bucket(dirty, key->hash);
	struct syncmap_pair *pair;

	if (!dirty_has_pairs(dirty) || !key->word)
		return NULL;
	for (pair = bucket->pairs; pair < bucket->pairs + BUCKET_PAIRS; pair++)
		if (!READ_ONCE(pair->key))
			return pair;
	return NULL;
}

/*
 * The value word of the key's pair, or NULL. It is 0 when the key has come to be
 * there just now. Of a pair the key, if it has one, never changes.
 */
static inline atomic64_t *dirty_find_pair(struct syncmap_dirty *dirty,
					  const struct syncmap_key *key)
{
	struct syncmap_pair *pairs = dirty_bucket(dirty, key->hash)->pairs;
	atomic64_t *word = NULL;

	if (!dirty_has_pairs(dirty) || !key->word)
		return NULL;
	static_assert(BUCKET_PAIRS == 3);
	word = syncmap_pair_choose(&pairs[2], key->word, word);
	word = syncmap_pair_choose(&pairs[1], key->word, word);
	return syncmap_pair_choose(&pairs[0], key->word, word);
}

/*
 * Find the value word of a key without a lock. The address dependency from the
 * pointer to the node orders what the inserter wrote before linking it. Who does
 * not find it has seen that it was unlinked, and what was done before that. See
 * litmus/linked and litmus/absent. In which order pairs and chain are looked at does
 * not matter: what is once in a pair stays, so that a key which is in neither was
 * absent when its chain was looked at, or from when its node was unlinked to when a
 * pair was filled.
 */
static inline atomic64_t *dirty_find(struct syncmap_dirty *dirty,
				     const struct syncmap_key *key)
{
	struct syncmap_node *node;
	atomic64_t *word;

	if (!READ_ONCE(dirty->used))
		return NULL;
	word = dirty_find_pair(dirty, key);
	if (word)
		return word;
	node = READ_ONCE(dirty_bucket(dirty, key->hash)
				 ->heads[dirty_slot(dirty, key->hash)]);
	for (; node && node->hash <= key->hash; node = READ_ONCE(node->next)) {
		syncmap_key_step(key);
		if (node->hash == key->hash &&
		    syncmap_key_matches(key, dirty->params->key_len, node->key))
			return &node->word;
	}
	/* Pairs with the release in set_next() */
	smp_acquire__after_ctrl_dep();
	return NULL;
}

/*
 * Walks go in steps that take no longer in a large table. What they read, they
 * acquire: it comes before they read any word of a table in which a key was
 * before it came here. See litmus/range-once and
 * litmus/range-pair
 */

/* The bits of some buckets, of which the first is @bucket's */
static inline u64 dirty_filled(const struct syncmap_dirty *dirty, u64 bucket)
{
	/*
	 * See above; and it pairs with the link in set_next(), and with the word
	 * in syncmap_dirty_fill()
	 */
	return smp_load_acquire(&dirty->filled[bucket / BITS_PER_LONG]) >>
	       bucket % BITS_PER_LONG;
}

/* The next bucket that has had a key, if it is near; else this one again */
static inline const struct dirty_bucket *
dirty_ahead(const struct syncmap_dirty *dirty, u64 bucket)
{
	u64 filled = dirty_filled(dirty, bucket) & ~1ULL;

	return &dirty->buckets[bucket + (filled ? __ffs64(filled) : 0)];
}

/* Else who goes through all chains of all buckets would wait for each node */
static inline void dirty_prefetch_ahead(const struct syncmap_dirty *dirty,
					u64 bucket, unsigned int slot)
{
	syncmap_prefetch(READ_ONCE(dirty_ahead(dirty, bucket)->heads[slot]));
}

/* Whether the walk stands on a pair, which comes before the node */
static inline bool dirty_walk_on_pair(const struct dirty_pos *pos)
{
	return pos->pair < pos->pairs &&
	       (!pos->node || pos->hashes[pos->pair] <= pos->node->hash);
}

/* ... or on anything */
static inline bool dirty_walk_has(const struct dirty_pos *pos)
{
	return pos->node || pos->pair < pos->pairs;
}

/* What the walk stands on */
static inline struct dirty_item dirty_walk_item(const struct dirty_pos *pos)
{
	struct syncmap_node *node = pos->node;
	struct syncmap_pair *pair;

	if (!dirty_walk_on_pair(pos))
		return (struct dirty_item){
			.hash = node->hash, .key = node->key, .word = &node->word,
		};
	pair = &pos->first[pos->order[pos->pair]];
	return (struct dirty_item){
		.hash = pos->hashes[pos->pair], .key = READ_ONCE(pair->key),
		.word = &pair->word,
	};
}

/* Of a bucket whose pairs are from @first on, so far */
static inline void dirty_walk_no_pairs(struct dirty_pos *pos,
				       struct syncmap_pair *first)
{
	pos->first = first;
	pos->pair = 0;
	pos->pairs = 0;
}

/* Put one of these among those that the walk will come to */
static inline void dirty_walk_sort(struct dirty_pos *pos, u64 hash, u8 pair)
{
	unsigned int i = pos->pairs++;

	for (; i && pos->hashes[i - 1] > hash; i--) {
		pos->hashes[i] = pos->hashes[i - 1];
		pos->order[i] = pos->order[i - 1];
	}
	pos->hashes[i] = hash;
	pos->order[i] = pair;
}

/*
 * The pairs that a bucket has now, and that is what the walk will see of them: a
 * key that comes later was not there from the beginning.
 */
static inline void dirty_walk_pairs(const struct syncmap_dirty *dirty,
				    struct dirty_pos *pos)
{
	struct syncmap_pair *pair =
		((struct dirty_bucket *)&dirty->buckets[pos->bucket])->pairs;
	u8 i;

	dirty_walk_no_pairs(pos, pair);
	for (i = 0; dirty_has_pairs(dirty) && i < BUCKET_PAIRS; i++, pair++) {
		/* A pair has its key first, and see above. See litmus/pair */
		if (word_read(&pair->word) != WORD_EXPUNGED)
			dirty_walk_sort(pos, key_word_hash(dirty->params,
							   dirty->seed,
							   READ_ONCE(pair->key)), i);
	}
}

/* The first node of the chains of a bucket that are left, or the next bucket */
static inline void dirty_walk_chains(const struct syncmap_dirty *dirty,
				     struct dirty_pos *pos)
{
	const struct dirty_bucket *bucket = &dirty->buckets[pos->bucket];

	for (; !pos->node && pos->slot < dirty->chains; pos->slot++) {
		dirty_prefetch_ahead(dirty, pos->bucket, pos->slot);
		/* Before a word is read, see above */
		pos->node = smp_load_acquire(&bucket->heads[pos->slot]);
	}
	if (!dirty_walk_has(pos)) {
		pos->bucket++;
		pos->slot = 0;
	}
}

/* From a pair or node to the next, or to a bucket */
static inline void dirty_walk_on(const struct syncmap_dirty *dirty,
				 struct dirty_pos *pos)
{
	if (dirty_walk_on_pair(pos))
		pos->pair++;
	else
		/* Before a word is read, see above */
		pos->node = smp_load_acquire(&pos->node->next);
	if (!pos->node)
		dirty_walk_chains(dirty, pos);
}

/* Standing on nothing: look into a bucket, or leave behind some that had no key */
static inline void dirty_walk_step(const struct syncmap_dirty *dirty,
				   struct dirty_pos *pos)
{
	u64 filled = dirty_filled(dirty, pos->bucket);

	if (filled) {
		pos->bucket += __ffs64(filled);
		dirty_walk_pairs(dirty, pos);
		dirty_walk_chains(dirty, pos);
	} else {
		pos->bucket = (pos->bucket | (BITS_PER_LONG - 1)) + 1;
	}
}

/* What the walk has not come to yet has no smaller hash */
static inline u64 dirty_walk_hash(const struct syncmap_dirty *dirty,
				  const struct dirty_pos *pos)
{
	if (dirty_walk_on_pair(pos))
		return pos->hashes[pos->pair];
	if (pos->node)
		return pos->node->hash;
	return pos->bucket < dirty_buckets(dirty) ?
	       pos->bucket << (64 - dirty->bits) : SYNCMAP_CURSOR_END;
}

/*
 * Begin a walk at the first key whose hash is not below @hash, or before it.
 * Returns the steps of that; see SYNCMAP_STEPS_MAX.
 */
static inline u32 dirty_seek(const struct syncmap_dirty *dirty,
			     struct dirty_pos *pos, u64 hash)
{
	u32 steps = 0;

	pos->node = NULL;
	pos->bucket = dirty_bucket_index(dirty, hash);
	pos->slot = dirty->chains;
	dirty_walk_no_pairs(pos, NULL);
	if (dirty_filled(dirty, pos->bucket) & 1) {
		pos->slot = dirty_slot(dirty, hash);
		dirty_walk_pairs(dirty, pos);
	}
	dirty_walk_chains(dirty, pos);
	while (dirty_walk_has(pos) && dirty_walk_hash(dirty, pos) < hash) {
		dirty_walk_on(dirty, pos);
		syncmap_step_count(&steps);
	}
	return steps;
}

#endif /* _SYNCMAP_DIRTY_H */
