// SPDX-License-Identifier: GPL-2.0-only
/*
 * Go's sync.Map as it was up to Go 1.23, step by step: a read map that is
 * looked up without a lock, a dirty map under a mutex that has the new keys
 * besides, and entries that both point to. After as many misses as the dirty
 * map has keys it becomes the read map; the next new key copies that again, and
 * expunges the entries that were deleted.
 *
 * An entry points to the value itself: Go's interface in between, which costs
 * an allocation for each store, is left out. What Go leaves to its garbage
 * collector goes through kvfree_rcu(): an entry when it is in no map any more.
 */
#define CONTENDER	godesign
#define SUMMARY		"Go's sync.Map (read, dirty, entries) in C"
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

static struct map *map_new(void)
{
	struct map *map = kzalloc(sizeof(*map), GFP_KERNEL);
	struct hash empty;

	mutex_init(&map->mutex);
	hash_init(&empty);
	publish(map, &empty, false);
	return map;
}

static noinline bool load_slow(struct map *map, const struct key *key, u64 h,
			       void **value)
{
	struct entry *entry;

	mutex_lock(&map->mutex);
	entry = find(&map->read->hash, key, h);
	if (!entry && map->read->amended) {
		entry = find(&map->dirty, key, h);
		miss_locked(map);
	}
	mutex_unlock(&map->mutex);
	*value = NULL;
	return entry && entry_load(entry, value);
}

static __always_inline bool map_load(struct map *map, const struct key *key,
				     void **value)
{
	const struct readonly *read = rcu_dereference(map->read);
	u64 h = key_hash(key);
	struct entry *entry = find(&read->hash, key, h);

	if (likely(entry))
		return entry_load(entry, value);
	if (read->amended)
		return load_slow(map, key, h, value);
	*value = NULL;
	return false;
}

static noinline void swap_slow(struct map *map, const struct key *key, u64 h,
			       void *value, void **previous)
{
	struct entry *entry;

	*previous = NULL;
	mutex_lock(&map->mutex);
	entry = find(&map->read->hash, key, h);
	if (entry)
		unexpunge_locked(map, key, h, entry);
	else
		entry = find_dirty_locked(map, key, h);
	if (entry)
		*previous = __atomic_exchange_n(&entry->p, value,
						__ATOMIC_ACQ_REL);
	else
		insert_locked(map, key, h, value);
	mutex_unlock(&map->mutex);
}

static __always_inline bool map_swap(struct map *map, const struct key *key,
				     void *value, void **previous)
{
	u64 h = key_hash(key);
	struct entry *entry = find(&rcu_dereference(map->read)->hash, key, h);

	if (!entry || !try_swap(entry, value, previous))
		swap_slow(map, key, h, value, previous);
	return *previous;
}

static __always_inline void map_store(struct map *map, const struct key *key,
				      void *value)
{
	void *previous;

	map_swap(map, key, value, &previous);
}

static noinline bool load_or_store_slow(struct map *map, const struct key *key,
					u64 h, void *value, void **actual)
{
	struct entry *entry;
	bool loaded = false;

	mutex_lock(&map->mutex);
	entry = find(&map->read->hash, key, h);
	if (entry) {
		unexpunge_locked(map, key, h, entry);
		try_load_or_store(entry, value, actual, &loaded);
	} else if ((entry = find_dirty_locked(map, key, h))) {
		try_load_or_store(entry, value, actual, &loaded);
		miss_locked(map);
	} else {
		insert_locked(map, key, h, value);
		*actual = value;
	}
	mutex_unlock(&map->mutex);
	return loaded;
}

static __always_inline bool map_load_or_store(struct map *map,
					      const struct key *key,
					      void *value, void **actual)
{
	u64 h = key_hash(key);
	struct entry *entry = find(&rcu_dereference(map->read)->hash, key, h);
	bool loaded;

	if (entry && try_load_or_store(entry, value, actual, &loaded))
		return loaded;
	return load_or_store_slow(map, key, h, value, actual);
}

/* A key that only the dirty map has really goes */
static noinline bool delete_slow(struct map *map, const struct key *key, u64 h,
				 void **value)
{
	struct entry *entry, *gone = NULL;
	bool deleted;

	mutex_lock(&map->mutex);
	entry = find(&map->read->hash, key, h);
	if (!entry && map->read->amended) {
		entry = gone = find(&map->dirty, key, h);
		hash_delete(&map->dirty, key, h);
		miss_locked(map);
	}
	mutex_unlock(&map->mutex);
	*value = NULL;
	deleted = entry && entry_delete(entry, value);
	if (gone)
		kvfree_rcu(gone);
	return deleted;
}

static __always_inline bool map_load_and_delete(struct map *map,
						const struct key *key,
						void **value)
{
	const struct readonly *read = rcu_dereference(map->read);
	u64 h = key_hash(key);
	struct entry *entry = find(&read->hash, key, h);

	if (entry)
		return entry_delete(entry, value);
	if (read->amended)
		return delete_slow(map, key, h, value);
	*value = NULL;
	return false;
}

static __always_inline bool map_delete(struct map *map, const struct key *key)
{
	void *value;

	return map_load_and_delete(map, key, &value);
}

/* A key that only the dirty map has counts as a miss, and stays in it */
static noinline bool compare_slow(struct map *map, const struct key *key, u64 h,
				  void *old, void *new)
{
	struct entry *entry;
	bool replaced;

	mutex_lock(&map->mutex);
	entry = find(&map->read->hash, key, h);
	if (!entry && map->read->amended) {
		entry = find(&map->dirty, key, h);
		miss_locked(map);
	}
	replaced = entry && entry_compare(entry, old, new);
	mutex_unlock(&map->mutex);
	return replaced;
}

static __always_inline bool compare(struct map *map, const struct key *key,
				    void *old, void *new)
{
	const struct readonly *read = rcu_dereference(map->read);
	u64 h = key_hash(key);
	struct entry *entry = find(&read->hash, key, h);

	if (entry)
		return entry_compare(entry, old, new);
	return read->amended && compare_slow(map, key, h, old, new);
}

#define HAS_ALL
static __always_inline bool map_compare_and_swap(struct map *map,
						 const struct key *key,
						 void *old, void *new)
{
	return compare(map, key, old, new);
}

static __always_inline bool map_compare_and_delete(struct map *map,
						   const struct key *key,
						   void *old)
{
	return compare(map, key, old, NULL);
}

#define HAS_PROMOTE
static void map_promote(struct map *map)
{
	mutex_lock(&map->mutex);
	if (map->read->amended)
		promote_locked(map);
	mutex_unlock(&map->mutex);
}

#define HAS_RANGE
static u64 map_range(struct map *map)
{
	const struct hash *hash;
	u64 i, sum = 0;
	void *value;

	if (rcu_dereference(map->read)->amended)
		map_promote(map);
	hash = &rcu_dereference(map->read)->hash;
	for (i = 0; i <= hash->mask; i++)
		if (hash->slots[i].value &&
		    entry_load(hash->slots[i].value, &value))
			sum += value_number(value);
	return sum;
}

static void map_delete_any(struct map *map)
{
	const struct hash *hash;
	struct hash_slot *slot;
	void *value;
	u64 i;

	if (rcu_dereference(map->read)->amended)
		map_promote(map);
	hash = &rcu_dereference(map->read)->hash;
	for (i = 0; i <= hash->mask; i++) {
		slot = &hash->slots[i];
		if (slot->value && entry_delete(slot->value, &value))
			break;
	}
}

static void retire_entries(const struct hash *hash)
{
	u64 i;

	for (i = 0; i <= hash->mask; i++)
		if (hash->slots[i].value)
			kvfree_rcu(hash->slots[i].value);
}

/* The dirty map has all entries of the read map, but for the expunged ones */
static void retire_all_locked(struct map *map)
{
	if (map->dirty.slots)
		retire_entries(&map->dirty);
	else
		retire_entries(&map->read->hash);
	drop_expunged_locked(map);
}

/* The dirty map keeps its size */
static void map_clear(struct map *map)
{
	struct readonly *old;
	struct hash empty;

	mutex_lock(&map->mutex);
	old = map->read;
	if (old->hash.used || old->amended) {
		retire_all_locked(map);
		hash_init(&empty);
		publish(map, &empty, false);
		kvfree_rcu(old->hash.slots);
		kvfree_rcu(old);
	}
	if (map->dirty.slots) {
		memset(map->dirty.slots, 0,
		       (map->dirty.mask + 1) * sizeof(*map->dirty.slots));
		map->dirty.used = 0;
	}
	map->misses = 0;
	mutex_unlock(&map->mutex);
}

/* By a new object, as Go boxes what is stored */
#define HAS_PAYLOAD
static __always_inline void map_write(struct map *map, const struct key *key,
				      const struct payload *from)
{
	struct payload *new = kmalloc(sizeof(*new), GFP_KERNEL);
	void *previous;

	*new = *from;
	if (likely(map_swap(map, key, new, &previous)))
		kvfree_rcu(previous);
	else
		WRITE_ONCE(map->payload, true);
}

static __always_inline bool map_read(struct map *map, const struct key *key,
				     struct payload *to)
{
	void *value;

	if (map_load(map, key, &value))
		*to = *(struct payload *)value;
	return value;
}

static void free_payloads(const struct hash *hash)
{
	struct entry *entry;
	u64 i;

	for (i = 0; i <= hash->mask; i++) {
		entry = hash->slots[i].value;
		if (entry)
			kfree(entry->p);
	}
}

static void map_free(struct map *map)
{
	map_promote(map);
	if (map->payload)
		free_payloads(&map->read->hash);
	map_clear(map);
	hash_exit(&map->read->hash);
	if (map->dirty.slots)
		hash_exit(&map->dirty);
	kfree(map->read);
	kfree(map);
}

#include "workloads.h"
