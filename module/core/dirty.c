// SPDX-License-Identifier: GPL-2.0-only
/*
 * Chains of the dirty table.
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

/* About as many chains as keys are expected, within reason */
unsigned int syncmap_dirty_bits(u64 keys)
{
	return clamp_t(unsigned int, ilog2(keys / 8 | 1), DIRTY_BITS_MIN,
		       DIRTY_BITS_MAX);
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

struct syncmap_dirty *syncmap_dirty_alloc(unsigned int bits, gfp_t gfp)
{
	struct syncmap_dirty *dirty;

	dirty = syncmap_large_alloc(size_of(1UL << bits), gfp | __GFP_ZERO);
	if (!dirty)
		return NULL;
	dirty->bits = bits;
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
			  const struct syncmap_key *key, u8 key_len,
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
	for (; node && node->hash == key->hash; node = node->next) {
		syncmap_key_step(key);
		if (syncmap_key_matches(key, key_len, node->key)) {
			place->link = link;
			place->node = node;
			return;
		}
		link = &node->next;
	}
}

static void count_nodes(struct dirty_bucket *bucket, int n)
{
	if (bucket->nodes != U16_MAX)
		bucket->nodes += n;
}

/*
 * Who walks looks into no bucket whose bit is clear. It is set before the first
 * node is linked, so that who knows of a node finds the bucket; and it stays.
 */
static void fill(struct syncmap_dirty *dirty, struct dirty_bucket *bucket)
{
	if (bucket->filled)
		return;
	bucket->filled = true;
	/*
	 * The release in set_next() comes after it; pairs with dirty_filled().
	 * See litmus/filled
	 */
	set_bit(bucket - dirty->buckets, dirty->filled);
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
	if (!READ_ONCE(dirty->used))
		WRITE_ONCE(dirty->used, true);
	fill(dirty, bucket);
	node->next = place->next;
	count_nodes(bucket, 1);
	set_next(place, node);
}

/* The node's own link stays, for the readers that stand on it */
void syncmap_dirty_unlink(struct syncmap_dirty *dirty,
			  const struct dirty_place *place)
{
	struct syncmap_node *node = place->node;
	struct dirty_bucket *bucket = dirty_bucket(dirty, node->hash);

	lockdep_assert_held(&bucket->lock);
	count_nodes(bucket, -1);
	set_next(place, node->next);
}
