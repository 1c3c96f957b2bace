// SPDX-License-Identifier: GPL-2.0-only
/*
 * A table that never changes: each store or delete copies it all, changes the
 * copy and publishes that. Readers do nothing but look, so that nothing with
 * open addressing reads faster; it is the limit for reads.
 *
 * Modelled on the atomic.Pointer to a map of Go programs. Its compare-and-swap
 * loop is left out: writers take a lock, for a copy made in vain is worse.
 */
#define CONTENDER	cow
#define SUMMARY		"copy-on-write hash table"
#include "contender.h"
#include "hash.h"

#define SLOW_STORE

/* Old copies on their way through kvfree_rcu() may take so much memory */
#define PENDING_MAX	(32UL << 20)

struct table {
	u64			mask;
	u64			used;
	struct hash_slot	slots[] ____cacheline_aligned;
};

struct map {
	struct table __rcu	*table;
	spinlock_t		lock ____cacheline_aligned;
};

static size_t table_bytes(u64 slots)
{
	return sizeof(struct table) + slots * sizeof(struct hash_slot);
}

static struct table *table_alloc(u64 slots)
{
	struct table *table = kvzalloc(table_bytes(slots), GFP_KERNEL);

	table->mask = slots - 1;
	return table;
}

/* The table as a hash that is not to be resized */
static __always_inline struct hash hash_of(struct table *table)
{
	return (struct hash){ table->slots, table->mask, table->used };
}

static struct map *map_new(void)
{
	struct map *map = kzalloc(sizeof(*map), GFP_KERNEL);

	spin_lock_init(&map->lock);
	RCU_INIT_POINTER(map->table, table_alloc(HASH_SLOTS_MIN));
	return map;
}

static void map_free(struct map *map)
{
	kvfree(map->table);
	kfree(map);
}

static __always_inline bool map_load(struct map *map, const struct key *key,
				     void **value)
{
	struct hash hash = hash_of(rcu_dereference(map->table));

	return hash_load(&hash, key, key_hash(key), value);
}

/* How many slots a copy needs that may get one more key */
static u64 slots_for_copy(const struct table *table)
{
	u64 slots = table->mask + 1;

	if ((table->used + 1) * 3 > table->mask * 2)
		return slots * 2;
	if (table->used * 8 < table->mask && slots > HASH_SLOTS_MIN)
		return slots / 2;
	return slots;
}

static struct table *table_copy(struct table *old)
{
	struct hash from = hash_of(old), to;
	u64 i, slots = slots_for_copy(old);
	struct table *new;

	if (slots == old->mask + 1) {
		new = kvmalloc(table_bytes(slots), GFP_KERNEL);
		memcpy(new, old, table_bytes(slots));
		return new;
	}
	new = table_alloc(slots);
	new->used = old->used;
	to = hash_of(new);
	for (i = 0; i <= from.mask; i++)
		if (from.slots[i].value)
			*hash_find(&to, &from.slots[i].key,
				   key_hash(&from.slots[i].key)) =
				from.slots[i];
	return new;
}

/* The lock is not held: others who want it may have to pass a grace period */
static void retire(struct table *old)
{
	static __thread size_t pending;

	kvfree_rcu(old);
	pending += table_bytes(old->mask + 1);
	if (pending > PENDING_MAX) {
		rcu_barrier();
		pending = 0;
	}
}

static __always_inline struct hash_slot *table_find(struct table *table,
						   const struct key *key)
{
	struct hash hash = hash_of(table);

	return hash_find(&hash, key, key_hash(key));
}

/* Whether the key was present; the lock is held, and given back */
static bool replace(struct map *map, const struct key *key, void *value)
{
	struct table *old = map->table;
	struct table *new = table_copy(old);
	struct hash_slot *slot = table_find(new, key);
	struct hash hash = hash_of(new);
	bool present = slot->value;

	new->used += (value != NULL) - present;
	if (value)
		*slot = (struct hash_slot){ value, *key };
	else
		hash_empty(&hash, slot);
	rcu_assign_pointer(map->table, new);
	spin_unlock(&map->lock);
	retire(old);
	return present;
}

static noinline void map_store(struct map *map, const struct key *key,
			       void *value)
{
	spin_lock(&map->lock);
	replace(map, key, value);
}

static noinline bool map_delete(struct map *map, const struct key *key)
{
	spin_lock(&map->lock);
	if (table_find(map->table, key)->value)
		return replace(map, key, NULL);
	spin_unlock(&map->lock);
	return false;
}

static noinline bool store_if_absent(struct map *map, const struct key *key,
				     void *value, void **actual)
{
	spin_lock(&map->lock);
	*actual = table_find(map->table, key)->value;
	if (!*actual) {
		*actual = value;
		return replace(map, key, value);
	}
	spin_unlock(&map->lock);
	return true;
}

static __always_inline bool map_load_or_store(struct map *map,
					      const struct key *key,
					      void *value, void **actual)
{
	return map_load(map, key, actual) ||
	       store_if_absent(map, key, value, actual);
}

#define HAS_FILL
static void map_fill(struct map *map, u64 n, value_fn value, void *arg)
{
	struct table *table;
	struct key key;
	u64 i;

	table = table_alloc(hash_slots_for(n));
	for (i = 0; i < n; i++) {
		key = key_of(i);
		*table_find(table, &key) =
			(struct hash_slot){ value(i, arg), key };
	}
	table->used = n;
	kvfree(map->table);
	rcu_assign_pointer(map->table, table);
}

#define HAS_RANGE
static u64 map_range(struct map *map)
{
	struct hash hash = hash_of(rcu_dereference(map->table));

	return hash_range(&hash);
}

#include "workloads.h"
