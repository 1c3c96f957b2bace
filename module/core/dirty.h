/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Dirty tables: the keys that are not in the read table yet
 *
 * Chains by the top bits of the hash, each sorted by hash, so that a dirty
 * table is in hash order as a whole. Seven of them, the lock for linking and
 * unlinking in them and their seal make a bucket, so that who inserts takes one
 * cache line from the others. Readers walk a chain under RCU without the lock,
 * and words are updated without it. A sealed bucket has its last key set: from
 * then on nothing is linked or unlinked in it.
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

/* As many as fit into a cache line with the lock */
#define BUCKET_CHAINS	7

/*
 * So many nodes make a bucket full, and bound what is done under its lock; on
 * the average, a promotion is due at 56.
 */
#define BUCKET_NODES	512

/* Three chains that are looked at for a key, and what is in read tables */
static_assert(4 * BUCKET_NODES <= SYNCMAP_STEPS_MAX);

struct dirty_bucket {
	spinlock_t		lock;	/* the links, their number and the flags */
	bool			sealed;
	bool			filled;	/* its bit in the table is set */
	u16			nodes;	/* U16_MAX: so many or more, for good */
	struct syncmap_node	*heads[BUCKET_CHAINS];
} ____cacheline_aligned_in_smp;

struct syncmap_dirty {
	/* read by every miss, written when the first key comes */
	bool			used;
	unsigned int		bits;		/* of the hash that pick a bucket */
	struct syncmap_table	*into;	/* set before the first word is closed */
	unsigned long		*filled; /* a bit per bucket: it has had a key */
	struct dirty_bucket	buckets[];
};

#define DIRTY_BITS_MIN	3

/* Where a key is in its chain, or would be linked; under the bucket's lock */
struct dirty_place {
	struct syncmap_node	**link;	/* of the node before, or the head */
	struct syncmap_node	*node;	/* NULL: the key is not there */
	struct syncmap_node	*next;	/* first node whose hash is not smaller */
};

/*
 * Where a walk in hash order stands: on a node, or, if there is none, before a
 * bucket, which may lie behind the last.
 */
struct dirty_pos {
	struct syncmap_node	*node;
	u64			bucket;
	unsigned int		slot;	/* the chain behind that of the node */
};

struct syncmap_dirty *syncmap_dirty_alloc(unsigned int bits, gfp_t gfp);
void syncmap_dirty_free(struct syncmap_dirty *dirty);
unsigned int syncmap_dirty_bits(u64 keys);
size_t syncmap_dirty_size(const struct syncmap_dirty *dirty);
void syncmap_dirty_lock(struct syncmap_dirty *dirty, u64 hash,
			unsigned long *flags)
	__acquires(dirty->buckets);
bool syncmap_dirty_unlock(struct syncmap_dirty *dirty, u64 hash,
			  unsigned long flags)
	__releases(dirty->buckets);
void syncmap_dirty_seal(struct syncmap_dirty *dirty, u64 hash);
void syncmap_dirty_locate(struct syncmap_dirty *dirty,
			  const struct syncmap_key *key, u8 key_len,
			  struct dirty_place *place);
void syncmap_dirty_link(struct syncmap_dirty *dirty, struct syncmap_node *node,
			const struct dirty_place *place);
void syncmap_dirty_unlink(struct syncmap_dirty *dirty,
			  const struct dirty_place *place);

/* What a map of so many keys keeps while no new ones come */
static inline unsigned int dirty_bits_at_rest(u64 keys)
{
	return syncmap_dirty_bits(keys / 32);
}

static inline u64 dirty_buckets(const struct syncmap_dirty *dirty)
{
	return 1ULL << dirty->bits;
}

static inline u64 dirty_chains(const struct syncmap_dirty *dirty)
{
	return BUCKET_CHAINS * dirty_buckets(dirty);
}

/* In hash order, as all of them are counted */
static inline struct syncmap_node *dirty_head(const struct syncmap_dirty *dirty,
					      u64 chain)
{
	return READ_ONCE(dirty->buckets[chain / BUCKET_CHAINS]
				.heads[chain % BUCKET_CHAINS]);
}

/* How far a walk of all chains looks ahead */
#define CHAINS_AHEAD	8

/* dirty_head() for such a walk, which would else wait for each node */
static inline struct syncmap_node *
dirty_head_ahead(const struct syncmap_dirty *dirty, u64 chain)
{
	if (chain + CHAINS_AHEAD < dirty_chains(dirty))
		syncmap_prefetch(dirty_head(dirty, chain + CHAINS_AHEAD));
	return dirty_head(dirty, chain);
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

/* Which chain of its bucket: the bits that come next, times seven */
static inline unsigned int dirty_slot(const struct syncmap_dirty *dirty,
				      u64 hash)
{
	return ((hash << dirty->bits >> 32) * BUCKET_CHAINS) >> 32;
}

static inline u64 dirty_chain(const struct syncmap_dirty *dirty, u64 hash)
{
	return dirty_bucket_index(dirty, hash) * BUCKET_CHAINS +
	       dirty_slot(dirty, hash);
}

/* Under the bucket's lock */
static inline bool dirty_crowded(const struct syncmap_dirty *dirty, u64 hash)
{
	return dirty->buckets[dirty_bucket_index(dirty, hash)].nodes >=
	       BUCKET_NODES;
}

static inline bool dirty_sealed(const struct syncmap_dirty *dirty, u64 hash)
{
	return READ_ONCE(dirty->buckets[dirty_bucket_index(dirty, hash)].sealed);
}

/*
 * Find the node of a key without a lock. The address dependency from the
 * pointer to the node orders what the inserter wrote before linking it. Who does
 * not find it has seen that it was unlinked, and what was done before that. See
 * litmus/linked and litmus/absent
 */
static inline struct syncmap_node *dirty_find(const struct syncmap_dirty *dirty,
					      const struct syncmap_key *key,
					      u8 key_len)
{
	struct syncmap_node *node;

	if (!READ_ONCE(dirty->used))
		return NULL;
	node = READ_ONCE(dirty->buckets[dirty_bucket_index(dirty, key->hash)]
				.heads[dirty_slot(dirty, key->hash)]);
	for (; node && node->hash <= key->hash; node = READ_ONCE(node->next)) {
		syncmap_key_step(key);
		if (node->hash == key->hash &&
		    syncmap_key_matches(key, key_len, node->key))
			return node;
	}
	/* Pairs with the release in set_next() */
	smp_acquire__after_ctrl_dep();
	return NULL;
}

/*
 * Walks go in steps that take no longer in a large table. What they read, they
 * acquire: it comes before they read any word of a table in which a key was
 * before it came here. See litmus/range-once
 */

/* The bits of some buckets, of which the first is @bucket's */
static inline u64 dirty_filled(const struct syncmap_dirty *dirty, u64 bucket)
{
	/* See above; and it pairs with the release of the link in set_next() */
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

/* The first node of the chains of a bucket that are left, or the next bucket */
static inline void dirty_walk_chains(const struct syncmap_dirty *dirty,
				     struct dirty_pos *pos)
{
	const struct dirty_bucket *bucket = &dirty->buckets[pos->bucket];
	const struct dirty_bucket *ahead = dirty_ahead(dirty, pos->bucket);

	for (; !pos->node && pos->slot < BUCKET_CHAINS; pos->slot++) {
		/* Else a walk of all chains would wait for each node */
		syncmap_prefetch(READ_ONCE(ahead->heads[pos->slot]));
		/* Before a word is read, see above */
		pos->node = smp_load_acquire(&bucket->heads[pos->slot]);
	}
	if (!pos->node) {
		pos->bucket++;
		pos->slot = 0;
	}
}

/* From a node to the next, or to a bucket */
static inline void dirty_walk_on(const struct syncmap_dirty *dirty,
				 struct dirty_pos *pos)
{
	/* Before a word is read, see above */
	pos->node = smp_load_acquire(&pos->node->next);
	if (!pos->node)
		dirty_walk_chains(dirty, pos);
}

/* Without a node: look into a bucket, or leave behind some that had no key */
static inline void dirty_walk_step(const struct syncmap_dirty *dirty,
				   struct dirty_pos *pos)
{
	u64 filled = dirty_filled(dirty, pos->bucket);

	if (filled) {
		pos->bucket += __ffs64(filled);
		dirty_walk_chains(dirty, pos);
	} else {
		pos->bucket = (pos->bucket | (BITS_PER_LONG - 1)) + 1;
	}
}

/* What the walk has not come to yet has no smaller hash */
static inline u64 dirty_walk_hash(const struct syncmap_dirty *dirty,
				  const struct dirty_pos *pos)
{
	if (pos->node)
		return pos->node->hash;
	return pos->bucket < dirty_buckets(dirty) ?
	       pos->bucket << (64 - dirty->bits) : SYNCMAP_CURSOR_END;
}

/*
 * Begin a walk at the first node whose hash is not below @hash, or before it.
 * Returns the steps of that; see SYNCMAP_STEPS_MAX.
 */
static inline u32 dirty_seek(const struct syncmap_dirty *dirty,
			     struct dirty_pos *pos, u64 hash)
{
	u32 steps = 0;

	pos->node = NULL;
	pos->bucket = dirty_bucket_index(dirty, hash);
	pos->slot = BUCKET_CHAINS;
	if (dirty_filled(dirty, pos->bucket) & 1)
		pos->slot = dirty_slot(dirty, hash);
	dirty_walk_chains(dirty, pos);
	while (pos->node && pos->node->hash < hash) {
		dirty_walk_on(dirty, pos);
		syncmap_step_count(&steps);
	}
	return steps;
}

#endif /* _SYNCMAP_DIRTY_H */
