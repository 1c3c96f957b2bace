/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * godesign.c's entries, and what becomes of the two maps under the mutex
 */
#ifndef BENCH_GODESIGN_H
#define BENCH_GODESIGN_H

#include "contender.h"
#include "hash.h"

struct entry {
	void		*p;		/* NULL: deleted */
	struct entry	*next_expunged;	/* under the mutex */
};

/* Deleted, in the read map, not in the dirty one; only the mutex revives it */
#define EXPUNGED	((void *)1)

/* Never changes, but for what the entries point to */
struct readonly {
	struct hash	hash;
	bool		amended;	/* the dirty map has keys that it has not */
};

struct map {
	struct readonly __rcu	*read;
	struct mutex		mutex ____cacheline_aligned;
	struct hash		dirty;		/* without slots: none */
	u64			misses;
	struct entry		*expunged;	/* since dirty was made */
	bool			payload;	/* the values are struct payload */
};

static void publish(struct map *map, const struct hash *hash, bool amended)
{
	struct readonly *read = kmalloc(sizeof(*read), GFP_KERNEL);

	read->hash = *hash;
	read->amended = amended;
	rcu_assign_pointer(map->read, read);
}

static __always_inline bool entry_load(struct entry *entry, void **value)
{
	*value = READ_ONCE(entry->p);
	if (unlikely(*value == EXPUNGED))
		*value = NULL;
	return *value;
}

static __always_inline bool entry_replace(struct entry *entry, void *old,
					  void *new)
{
	return __atomic_compare_exchange_n(&entry->p, &old, new, false,
					   __ATOMIC_ACQ_REL, __ATOMIC_RELAXED);
}

static __always_inline bool try_swap(struct entry *entry, void *value,
				     void **previous)
{
	do {
		*previous = READ_ONCE(entry->p);
		if (*previous == EXPUNGED)
			return false;
	} while (!entry_replace(entry, *previous, value));
	return true;
}

/* False when expunged; else *actual and *loaded are the result */
static __always_inline bool try_load_or_store(struct entry *entry, void *value,
					      void **actual, bool *loaded)
{
	void *p;

	do {
		p = READ_ONCE(entry->p);
		if (p == EXPUNGED)
			return false;
		*loaded = p;
		*actual = p ?: value;
	} while (!p && !entry_replace(entry, NULL, value));
	return true;
}

static __always_inline bool entry_delete(struct entry *entry, void **value)
{
	do {
		*value = READ_ONCE(entry->p);
		if (!*value || *value == EXPUNGED) {
			*value = NULL;
			return false;
		}
	} while (!entry_replace(entry, *value, NULL));
	return true;
}

/* Replace @old, which is neither NULL nor EXPUNGED; @new is NULL to delete */
static __always_inline bool entry_compare(struct entry *entry, void *old,
					  void *new)
{
	return READ_ONCE(entry->p) == old && entry_replace(entry, old, new);
}

static __always_inline struct entry *find(const struct hash *hash,
					  const struct key *key, u64 h)
{
	return hash_find(hash, key, h)->value;
}

/* The read map goes: those that only it has */
static void drop_expunged_locked(struct map *map)
{
	struct entry *entry;

	while ((entry = map->expunged)) {
		map->expunged = entry->next_expunged;
		if (entry->p == EXPUNGED)
			kvfree_rcu(entry);
	}
}

/* The dirty map becomes the read map */
static void promote_locked(struct map *map)
{
	struct readonly *old = map->read;

	publish(map, &map->dirty, false);
	drop_expunged_locked(map);
	kvfree_rcu(old->hash.slots);
	kvfree_rcu(old);
	map->dirty.slots = NULL;
	map->misses = 0;
}

static void miss_locked(struct map *map)
{
	if (++map->misses >= map->dirty.used)
		promote_locked(map);
}

/* Whether the entry is dead, and stays out of the new dirty map */
static bool try_expunge_locked(struct map *map, struct entry *entry)
{
	if (READ_ONCE(entry->p) || !entry_replace(entry, NULL, EXPUNGED))
		return false;
	entry->next_expunged = map->expunged;
	map->expunged = entry;
	return true;
}

/* All keys that live, copied into a new dirty map, unless a Clear has left one */
static noinline void dirty_locked(struct map *map)
{
	const struct hash *hash = &map->read->hash;
	struct hash_slot *slot;
	u64 i;

	if (map->dirty.slots)
		return;
	hash_init_slots(&map->dirty, hash_slots_for(hash->used));
	for (i = 0; i <= hash->mask; i++) {
		slot = &hash->slots[i];
		if (slot->value && !try_expunge_locked(map, slot->value))
			hash_store(&map->dirty, &slot->key,
				   key_hash(&slot->key), slot->value);
	}
}

static void insert_locked(struct map *map, const struct key *key, u64 h,
			  void *value)
{
	struct readonly *read = map->read;
	struct entry *entry;

	if (!read->amended) {
		dirty_locked(map);
		publish(map, &read->hash, true);
		kvfree_rcu(read);
	}
	entry = kmalloc(sizeof(*entry), GFP_KERNEL);
	entry->p = value;
	hash_store(&map->dirty, key, h, entry);
}

/* An entry of the read map, which comes back into the dirty one if expunged */
static void unexpunge_locked(struct map *map, const struct key *key, u64 h,
			     struct entry *entry)
{
	if (entry_replace(entry, EXPUNGED, NULL))
		hash_store(&map->dirty, key, h, entry);
}

static struct entry *find_dirty_locked(struct map *map, const struct key *key,
				       u64 h)
{
	return map->read->amended ? find(&map->dirty, key, h) : NULL;
}

#endif
