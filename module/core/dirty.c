// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pairs and chains of the dirty table.
 */
#include <linux/gfp.h>
#include <linux/lockdep.h>
#include <linux/log2.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/overflow.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "../large.h"
#include "dirty.h"

#define DIRTY_BITS_MAX	23

/*
 * How many keys a bucket is made for, of seven chains or of three pairs; up to
 * twice as many, as the number of buckets is rounded down to a power of two.
 */
static u64 keys_of_bucket(u8 key_len)
{
	return syncmap_key_is_word(key_len) ? 2 : 8;
}

static unsigned int bits_of(u64 buckets)
{
	return clamp_t(unsigned int, ilog2(buckets | 1), DIRTY_BITS_MIN,
		       DIRTY_BITS_MAX);
}

/* For so many keys, within reason */
unsigned int syncmap_dirty_bits(u64 keys, u8 key_len)
{
	return bits_of(keys / keys_of_bucket(key_len));
}

/* What a map of so many keys keeps while no new ones come */
unsigned int syncmap_dirty_bits_at_rest(u64 keys, u8 key_len)
{
	return bits_of(keys / (syncmap_key_is_word(key_len) ? 128 : 256));
}

/* Keys that make a promotion due */
u64 syncmap_dirty_room(const struct syncmap_dirty *dirty)
{
	return dirty_buckets(dirty) *
	       (8 * dirty->chains + (dirty_has_pairs(dirty) ? BUCKET_PAIRS : 0));
}

/* The bitmap lies behind the buckets */
static size_t size_of(u64 buckets)
{
	const struct syncmap_dirty *dirty;

	return struct_size(dirty, buckets, buckets) +
	       BITS_TO_LONGS(buckets) * sizeof(*dirty->filled);
}

size_t syncmap_dirty_size(const struct syncmap_dirty *dirty)
{
	return size_of(dirty_buckets(dirty));
}

/* Locks that are made in one go */
#define LOCKS_PART	1024

/* A table that a caller who must not sleep makes is of the smallest */
static void make_locks(struct syncmap_dirty *dirty, gfp_t gfp)
{
	u64 i;

	for (i = 0; i < dirty_buckets(dirty); i++) {
		spin_lock_init(&dirty->buckets[i].lock);
		if (i % LOCKS_PART == LOCKS_PART - 1 &&
		    gfpflags_allow_blocking(gfp))
			cond_resched();
	}
}

struct syncmap_dirty *syncmap_dirty_alloc(const struct syncmap_params *params,
					  const siphash_key_t *seed,
					  unsigned int bits, gfp_t gfp)
{
	struct syncmap_dirty *dirty;

	dirty = syncmap_large_alloc(size_of(1UL << bits), gfp | __GFP_ZERO);
	if (!dirty)
		return NULL;
	dirty->bits = bits;
	dirty->chains = syncmap_key_is_word(params->key_len) ? 1 : BUCKET_CHAINS;
	dirty->params = params;
	dirty->seed = seed;
	dirty->filled = (unsigned long *)&dirty->buckets[dirty_buckets(dirty)];
	make_locks(dirty, gfp);
	return dirty;
}

void syncmap_dirty_free(struct syncmap_dirty *dirty)
{
	kvfree(dirty);
}

void syncmap_dirty_lock(struct syncmap_dirty *dirty, u64 hash,
			unsigned long *flags)
	__acquires(dirty->buckets)
{
	spin_lock_irqsave(&dirty_bucket(dirty, hash)->lock, *flags);
}

/* Returns whether somebody waits for the lock, for the statistics */
bool syncmap_dirty_unlock(struct syncmap_dirty *dirty, u64 hash,
			  unsigned long flags)
	__releases(dirty->buckets)
{
	spinlock_t *lock = &dirty_bucket(dirty, hash)->lock;
	bool contended = spin_is_contended(lock);

	spin_unlock_irqrestore(lock, flags);
	return contended;
}

/*
 * Close the key set of the bucket of @hash. Whoever finds it sealed under its
 * lock will also find the newer state that was published before. See
 * litmus/sealed-state
 */
void syncmap_dirty_seal(struct syncmap_dirty *dirty, u64 hash)
{
	struct dirty_bucket *bucket = dirty_bucket(dirty, hash);
	unsigned long flags;

	/*
	 * Pairs with the release below: all links are seen by who goes on. See
	 * litmus/sealed
	 */
	if (smp_load_acquire(&bucket->sealed))
		return;
	syncmap_dirty_lock(dirty, hash, &flags);
	/* Pairs with the acquire above, in who does without the lock */
	smp_store_release(&bucket->sealed, true);
	syncmap_dirty_unlock(dirty, hash, flags);
}

static void set_next(const struct dirty_place *place, struct syncmap_node *next)
{
	/*
	 * Pairs with the address dependency in dirty_find(), and dirty_filled().
	 * See litmus/linked
	 */
	smp_store_release(place->link, next);
}

void syncmap_dirty_locate(struct syncmap_dirty *dirty,
			  const struct syncmap_key *key,
			  struct dirty_place *place)
{
	struct dirty_bucket *bucket = dirty_bucket(dirty, key->hash);
	struct syncmap_node *node, **link;

	lockdep_assert_held(&bucket->lock);
	link = &bucket->heads[dirty_slot(dirty, key->hash)];
	for (node = *link; node && node->hash < key->hash; node = node->next) {
		syncmap_key_step(key);
		link = &node->next;
	}
	place->link = link;
	place->next = node;
	place->node = NULL;
	place->word = dirty_find_pair(dirty, key);
	for (; node && node->hash == key->hash; node = node->next) {
		syncmap_key_step(key);
		if (syncmap_key_matches(key, dirty->params->key_len, node->key)) {
			place->link = link;
			place->node = node;
			place->word = &node->word;
			return;
		}
		link = &node->next;
	}
}

static void count_keys(struct dirty_bucket *bucket, int n)
{
	if (bucket->keys != U16_MAX)
		bucket->keys += n;
}

/*
 * Who walks looks into no bucket whose bit is clear. It is set before the first
 * key is there, so that who knows of a key finds the bucket; and it stays. So is
 * the mark of the table, for who looks for a key.
 */
static void mark_filled(struct syncmap_dirty *dirty, struct dirty_bucket *bucket)
{
	if (!READ_ONCE(dirty->used))
		WRITE_ONCE(dirty->used, true);
	if (bucket->filled)
		return;
	bucket->filled = true;
	/*
	 * The release in set_next(), or the word in syncmap_dirty_fill(), comes
	 * after it; pairs with dirty_filled(). See litmus/filled
	 */
	set_bit(bucket - dirty->buckets, dirty->filled);
}

/*
 * Give a free pair a key, for good, and its first word: a full barrier, as every
 * change of a word. Who finds the word finds the key, see dirty_walk_pairs(), and
 * the bucket's bit, see dirty_filled(). See litmus/pair, litmus/filled-pair and
 * litmus/insert-pair
 */
void syncmap_dirty_fill(struct syncmap_dirty *dirty, struct syncmap_pair *pair,
			const struct syncmap_key *key, u64 word)
{
	struct dirty_bucket *bucket = dirty_bucket(dirty, key->hash);
	u64 none = WORD_EXPUNGED;

	lockdep_assert_held(&bucket->lock);
	mark_filled(dirty, bucket);
	count_keys(bucket, 1);
	WRITE_ONCE(pair->key, key->word);
	word_try_set(&pair->word, &none, word);
}

/*
 * Link a node before all of the same hash. A walker in hash order that stands
 * at that hash already is behind it then, and will not meet a key twice.
 */
void syncmap_dirty_link(struct syncmap_dirty *dirty, struct syncmap_node *node,
			const struct dirty_place *place)
{
	struct dirty_bucket *bucket = dirty_bucket(dirty, node->hash);

	lockdep_assert_held(&bucket->lock);
	mark_filled(dirty, bucket);
	node->next = place->next;
	count_keys(bucket, 1);
	set_next(place, node);
}

/* The node's own link stays, for the readers that stand on it */
void syncmap_dirty_unlink(struct syncmap_dirty *dirty,
			  const struct dirty_place *place)
{
	struct syncmap_node *node = place->node;
	struct dirty_bucket *bucket = dirty_bucket(dirty, node->hash);

	lockdep_assert_held(&bucket->lock);
	count_keys(bucket, -1);
	set_next(place, node->next);
}
