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

static __maybe_unused u64 hash_slots_for(u64 keys)
{
	u64 slots = HASH_SLOTS_MIN;

	while (keys * 3 > (slots - 1) * 2)
		slots *= 2;
	return slots;
}

static void hash_init_slots(struct hash *hash, u64 slots)
{
	hash->slots = kvcalloc(slots, sizeof(*hash->slots), GFP_KERNEL);
	hash->mask = slots - 1;
	hash->used = 0;
}

static __maybe_unused void hash_init(struct hash *hash)
{
	hash_init_slots(hash, HASH_SLOTS_MIN);
}

static __maybe_unused void hash_exit(struct hash *hash)
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

static __always_inline bool hash_swap(struct hash *hash, const struct key *key,
				      u64 h, void *value, void **previous)
{
	struct hash_slot *slot = hash_find(hash, key, h);
	bool found = slot->value;

	*previous = slot->value;
	if (found)
		slot->value = value;
	else
		hash_fill(hash, slot, key, value);
	return found;
}

static __always_inline bool hash_compare_and_swap(struct hash *hash,
						  const struct key *key, u64 h,
						  void *old, void *new)
{
	struct hash_slot *slot = hash_find(hash, key, h);

	if (slot->value != old)
		return false;
	slot->value = new;
	return true;
}

/* Whether the key whose home is @home may be moved from @from up to @to */
static bool hash_may_move(const struct hash *hash, u64 home, u64 from, u64 to)
{
	return ((from - home) & hash->mask) >= ((from - to) & hash->mask);
}

static __always_inline void hash_empty(const struct hash *hash,
				       struct hash_slot *slot)
{
	struct hash_slot *slots = hash->slots;
	u64 hole = slot - slots;
	u64 i;

	for (i = (hole + 1) & hash->mask; slots[i].value;
	     i = (i + 1) & hash->mask) {
		if (hash_may_move(hash, key_hash(&slots[i].key), i, hole)) {
			slots[hole] = slots[i];
			hole = i;
		}
	}
	slots[hole].value = NULL;
}

/* Take the slot's key out */
static __always_inline void hash_free(struct hash *hash,
				      struct hash_slot *slot)
{
	hash_empty(hash, slot);
	if (unlikely(--hash->used * 8 < hash->mask &&
		     hash->mask >= HASH_SLOTS_MIN))
		hash_resize(hash, (hash->mask + 1) / 2);
}

static __always_inline bool hash_delete(struct hash *hash,
					const struct key *key, u64 h)
{
	struct hash_slot *slot = hash_find(hash, key, h);

	if (!slot->value)
		return false;
	hash_free(hash, slot);
	return true;
}

static __always_inline bool hash_load_and_delete(struct hash *hash,
						 const struct key *key, u64 h,
						 void **value)
{
	struct hash_slot *slot = hash_find(hash, key, h);

	*value = slot->value;
	if (!*value)
		return false;
	hash_free(hash, slot);
	return true;
}

static __always_inline bool hash_compare_and_delete(struct hash *hash,
						    const struct key *key,
						    u64 h, void *old)
{
	struct hash_slot *slot = hash_find(hash, key, h);

	if (slot->value != old)
		return false;
	hash_free(hash, slot);
	return true;
}

static __maybe_unused bool hash_delete_any(struct hash *hash)
{
	u64 i;

	for (i = 0; i <= hash->mask; i++) {
		if (hash->slots[i].value) {
			hash_free(hash, &hash->slots[i]);
			return true;
		}
	}
	return false;
}

static __maybe_unused void hash_clear(struct hash *hash)
{
	if (!hash->used)
		return;
	hash_exit(hash);
	hash_init(hash);
}

static __maybe_unused u64 hash_range(const struct hash *hash)
{
	u64 i, sum = 0;

	for (i = 0; i <= hash->mask; i++)
		if (hash->slots[i].value)
			sum += value_number(hash->slots[i].value);
	return sum;
}

/* Values that are struct payload */

static __always_inline void hash_write(struct hash *hash,
				       const struct key *key, u64 h,
				       const struct payload *from)
{
	struct hash_slot *slot = hash_find(hash, key, h);
	struct payload *payload = slot->value;

	if (!payload) {
		payload = kmalloc(sizeof(*payload), GFP_ATOMIC);
		hash_fill(hash, slot, key, payload);
	}
	*payload = *from;
}

static __maybe_unused void hash_free_values(const struct hash *hash)
{
	u64 i;

	for (i = 0; i <= hash->mask; i++)
		kfree(hash->slots[i].value);
}

#endif
