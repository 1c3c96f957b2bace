// SPDX-License-Identifier: GPL-2.0-only
/*
 * Chains of the dirty table.
 */
#include <linux/lockdep.h>
#include <linux/log2.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/overflow.h>
#include <linux/slab.h>

#include "dirty.h"

#define DIRTY_BITS_MAX		26
#define DIRTY_STRIPES_MAX	64

/* As many chains as keys are expected, within reason */
unsigned int syncmap_dirty_bits(u64 keys)
{
	return clamp_t(unsigned int, ilog2(keys | 1), DIRTY_BITS_MIN,
		       DIRTY_BITS_MAX);
}

/* One stripe for a small table: its locks must not outweigh its chains */
static unsigned int stripes_of(unsigned int bits)
{
	return min(1U << (bits - DIRTY_BITS_MIN), DIRTY_STRIPES_MAX + 0U);
}

size_t syncmap_dirty_size(const struct syncmap_dirty *dirty)
{
	return struct_size(dirty, heads, dirty_chains(dirty)) +
	       (dirty->stripe_mask + 1) * sizeof(struct dirty_stripe);
}

struct syncmap_dirty *syncmap_dirty_alloc(unsigned int bits, gfp_t gfp)
{
	unsigned int stripes = stripes_of(bits);
	struct syncmap_dirty *dirty;
	unsigned int i;

	dirty = kvzalloc(struct_size(dirty, heads, 1UL << bits), gfp);
	if (!dirty)
		return NULL;
	dirty->stripes = kcalloc(stripes, sizeof(*dirty->stripes), gfp);
	if (!dirty->stripes) {
		kvfree(dirty);
		return NULL;
	}
	for (i = 0; i < stripes; i++)
		spin_lock_init(&dirty->stripes[i].lock);
	dirty->bits = bits;
	dirty->stripe_mask = stripes - 1;
	return dirty;
}

void syncmap_dirty_free(struct syncmap_dirty *dirty)
{
	kfree(dirty->stripes);
	kvfree(dirty);
}

static struct dirty_stripe *stripe_of(const struct syncmap_dirty *dirty,
				      u64 hash)
{
	return &dirty->stripes[dirty_chain(dirty, hash) & dirty->stripe_mask];
}

/* Exact when nobody links or unlinks */
u64 syncmap_dirty_count(const struct syncmap_dirty *dirty)
{
	unsigned int i;
	u64 keys = 0;

	for (i = 0; i <= dirty->stripe_mask; i++)
		keys += READ_ONCE(dirty->stripes[i].keys);
	return keys;
}

/* From the stripe of @hash, for who has just linked a key to it */
u64 syncmap_dirty_estimate(const struct syncmap_dirty *dirty, u64 hash)
{
	return READ_ONCE(stripe_of(dirty, hash)->keys) *
	       (dirty->stripe_mask + 1ULL);
}

void syncmap_dirty_lock(struct syncmap_dirty *dirty, u64 hash,
			unsigned long *flags)
	__acquires(dirty->stripes)
{
	spin_lock_irqsave(&stripe_of(dirty, hash)->lock, *flags);
}

/* Returns whether somebody waits for the lock, for the statistics */
bool syncmap_dirty_unlock(struct syncmap_dirty *dirty, u64 hash,
			  unsigned long flags)
	__releases(dirty->stripes)
{
	spinlock_t *lock = &stripe_of(dirty, hash)->lock;
	bool contended = spin_is_contended(lock);

	spin_unlock_irqrestore(lock, flags);
	return contended;
}

/*
 * Close the key set of the chain of @hash. Whoever finds the chain sealed
 * under its lock will also find the newer state that was published before.
 */
void syncmap_dirty_seal(struct syncmap_dirty *dirty, u64 hash)
{
	unsigned long *head = &dirty->heads[dirty_chain(dirty, hash)];
	unsigned long flags;

	/* Pairs with the release below: all links are seen by who goes on */
	if (smp_load_acquire(head) & DIRTY_SEALED)
		return;
	syncmap_dirty_lock(dirty, hash, &flags);
	/* Pairs with the acquire above, in who does without the lock */
	smp_store_release(head, *head | DIRTY_SEALED);
	syncmap_dirty_unlock(dirty, hash, flags);
}

/* The chain is not sealed: its callers have looked */
static void set_next(struct syncmap_dirty *dirty, u64 hash,
		     struct syncmap_node *prev, struct syncmap_node *next)
{
	unsigned long *head = &dirty->heads[dirty_chain(dirty, hash)];

	if (prev)
		/* Pairs with the address dependency in dirty_find() */
		smp_store_release(&prev->next, next);
	else
		/* The same */
		smp_store_release(head, (unsigned long)next);
}

void syncmap_dirty_locate(struct syncmap_dirty *dirty,
			  const struct syncmap_key *key, u8 key_len,
			  struct dirty_place *place)
{
	struct syncmap_node *prev = NULL;
	struct syncmap_node *node;

	lockdep_assert_held(&stripe_of(dirty, key->hash)->lock);
	node = dirty_head(dirty, dirty_chain(dirty, key->hash));
	for (; node && node->hash < key->hash; node = node->next)
		prev = node;
	place->prev = prev;
	place->next = node;
	place->node = NULL;
	for (; node && node->hash == key->hash; node = node->next) {
		if (syncmap_key_matches(key, key_len, node->key)) {
			place->prev = prev;
			place->node = node;
			return;
		}
		prev = node;
	}
}

/*
 * Link a node before all of the same hash. A walker in hash order that stands
 * at that hash already is behind it then, and will not meet a key twice.
 */
void syncmap_dirty_link(struct syncmap_dirty *dirty, struct syncmap_node *node,
			const struct dirty_place *place)
{
	struct dirty_stripe *stripe = stripe_of(dirty, node->hash);

	lockdep_assert_held(&stripe->lock);
	if (!READ_ONCE(dirty->used))
		WRITE_ONCE(dirty->used, true);
	node->next = place->next;
	set_next(dirty, node->hash, place->prev, node);
	WRITE_ONCE(stripe->keys, stripe->keys + 1);
}

/* The node's own link stays, for the readers that stand on it */
void syncmap_dirty_unlink(struct syncmap_dirty *dirty,
			  const struct dirty_place *place)
{
	struct syncmap_node *node = place->node;
	struct dirty_stripe *stripe = stripe_of(dirty, node->hash);

	lockdep_assert_held(&stripe->lock);
	set_next(dirty, node->hash, place->prev, node->next);
	WRITE_ONCE(stripe->keys, stripe->keys - 1);
}
