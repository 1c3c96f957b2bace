/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The hash table of the contenders that lock: open addressing with linear
 * probing, keys and values in place, between an eighth and two thirds full.
 * Deleting moves up what comes after, so that there are no tombstones.
 */
#ifndef BENCH_HASH_H
#define BENCH_HASH_H

#include "contender.h"

struct hash_slot {
	void		*value;		/* NULL: free */
	struct key	key;
};

struct hash {
	struct hash_slot	*slots;
	u64			mask;
	u64			used;
};

#define HASH_SLOTS_MIN	16

static void hash_init(struct hash *hash)
{
	hash->slots = kvcalloc(HASH_SLOTS_MIN, sizeof(*hash->slots),
			       GFP_KERNEL);
	hash->mask = HASH_SLOTS_MIN - 1;
	hash->used = 0;
}

static void hash_exit(struct hash *hash)
{
	kvfree(hash->slots);
}

/* The slot of the key, or the free one where it would be */
static __always_inline struct hash_slot *
hash_find(const struct hash *hash, const struct key *key, u64 h)
{
	struct hash_slot *slot;
	u64 i = h & hash->mask;

	for (;; i = (i + 1) & hash->mask) {
		slot = &hash->slots[i];
		if (!slot->value || key_equal(&slot->key, key))
			return slot;
	}
}

static noinline void hash_resize(struct hash *hash, u64 slots)
{
	struct hash_slot *old = hash->slots;
	u64 i, n = hash->mask + 1;

	hash->slots = kvcalloc(slots, sizeof(*old), GFP_KERNEL);
	hash->mask = slots - 1;
	for (i = 0; i < n; i++)
		if (old[i].value)
			*hash_find(hash, &old[i].key, key_hash(&old[i].key)) =
				old[i];
	kvfree(old);
}

static __always_inline bool hash_load(const struct hash *hash,
				      const struct key *key, u64 h,
				      void **value)
{
	*value = hash_find(hash, key, h)->value;
	return *value;
}

static __always_inline void hash_fill(struct hash *hash,
				      struct hash_slot *slot,
				      const struct key *key, void *value)
{
	slot->key = *key;
	slot->value = value;
	if (unlikely(++hash->used * 3 > hash->mask * 2))
		hash_resize(hash, 2 * (hash->mask + 1));
}

static __always_inline void hash_store(struct hash *hash,
				       const struct key *key, u64 h,
				       void *value)
{
	struct hash_slot *slot = hash_find(hash, key, h);

	if (slot->value)
		slot->value = value;
	else
		hash_fill(hash, slot, key, value);
}

static __always_inline bool hash_load_or_store(struct hash *hash,
					       const struct key *key, u64 h,
					       void *value, void **actual)
{
	struct hash_slot *slot = hash_find(hash, key, h);

	*actual = slot->value;
	if (*actual)
		return true;
	*actual = value;
	hash_fill(hash, slot, key, value);
	return false;
}

/* Whether the key whose home is @home may be moved from @from up to @to */
static bool hash_may_move(const struct hash *hash, u64 home, u64 from, u64 to)
{
	return ((from - home) & hash->mask) >= ((from - to) & hash->mask);
}

static __always_inline bool hash_delete(struct hash *hash,
					const struct key *key, u64 h)
{
	struct hash_slot *slots = hash->slots;
	struct hash_slot *slot = hash_find(hash, key, h);
	u64 hole = slot - slots;
	u64 i;

	if (!slot->value)
		return false;
	for (i = (hole + 1) & hash->mask; slots[i].value;
	     i = (i + 1) & hash->mask) {
		if (hash_may_move(hash, key_hash(&slots[i].key), i, hole)) {
			slots[hole] = slots[i];
			hole = i;
		}
	}
	slots[hole].value = NULL;
	if (unlikely(--hash->used * 8 < hash->mask && hash->mask >= HASH_SLOTS_MIN))
		hash_resize(hash, (hash->mask + 1) / 2);
	return true;
}

#endif
