// SPDX-License-Identifier: GPL-2.0-only
/*
 * Concurrency Kit's ck_ht as it comes: open addressing, readers without locks,
 * one writer at a time, which a lock sees to. Integer keys lie in the table,
 * others are copies that it points to.
 */
#include <ck_ht.h>	/* before the shim: a member of it is called current */

#define CONTENDER	ckht
#define SUMMARY		"Concurrency Kit's hash table, writers locked"
#include "contender.h"

#define SLOTS_MIN	64

struct map {
	ck_ht_t		ht;
	spinlock_t	lock ____cacheline_aligned;
	bool		payload;	/* the values are struct inplace */
};

static void *ck_alloc(size_t bytes)
{
	return kvmalloc(bytes, GFP_KERNEL);
}

static void ck_free(void *p, size_t bytes, bool defer)
{
	if (defer)
		kvfree_rcu(p);
	else
		kvfree(p);
}

static struct ck_malloc allocator = {
	.malloc = ck_alloc,
	.free = ck_free,
};

#if KEY_LEN == 8
#define MODE	CK_HT_MODE_DIRECT
#else
#define MODE	CK_HT_MODE_BYTESTRING
#endif

static void ck_hash(ck_ht_hash_t *h, const void *key, size_t len,
		    uint64_t seed)
{
	h->value = key_hash(key);
}

static struct map *map_new(void)
{
	struct map *map = kzalloc(sizeof(*map), GFP_KERNEL);

	spin_lock_init(&map->lock);
	if (!ck_ht_init(&map->ht, MODE, ck_hash, &allocator, SLOTS_MIN, 0))
		abort();
	return map;
}

/* An entry, and its parts, in one mode and in the other */
#if KEY_LEN == 8
static __always_inline ck_ht_entry_t entry_of(const struct key *key,
					      ck_ht_hash_t h, void *value)
{
	ck_ht_entry_t entry = {};

	ck_ht_entry_set_direct(&entry, h, key->word[0], (uintptr_t)value);
	return entry;
}

static __always_inline void *entry_value(ck_ht_entry_t *entry)
{
	return (void *)ck_ht_entry_value_direct(entry);
}

#define key_copy(key)		(key)
#define entry_free_key(entry)	((void)(entry))
#define entry_free_key_now(entry) ((void)(entry))
#else
static __always_inline ck_ht_entry_t entry_of(const struct key *key,
					      ck_ht_hash_t h, void *value)
{
	ck_ht_entry_t entry = {};

	ck_ht_entry_set(&entry, h, key, KEY_LEN, value);
	return entry;
}

static __always_inline void *entry_value(ck_ht_entry_t *entry)
{
	return ck_ht_entry_value(entry);
}

static const struct key *key_copy(const struct key *key)
{
	struct key *copy = kmalloc(sizeof(*copy), GFP_KERNEL);

	*copy = *key;
	return copy;
}

#define entry_free_key(entry)	kvfree_rcu(ck_ht_entry_key(entry))
#define entry_free_key_now(entry) kfree(ck_ht_entry_key(entry))
#endif

static __always_inline bool find(struct map *map, const struct key *key,
				 ck_ht_entry_t *entry)
{
	ck_ht_hash_t h = { key_hash(key) };

	*entry = entry_of(key, h, NULL);
	return ck_ht_get_spmc(&map->ht, h, entry);
}

static __always_inline bool map_load(struct map *map, const struct key *key,
				     void **value)
{
	ck_ht_entry_t entry;

	*value = find(map, key, &entry) ? entry_value(&entry) : NULL;
	return *value;
}

/* A key that is there keeps its copy */
static void store_locked(struct map *map, const struct key *key, void *value)
{
	ck_ht_hash_t h = { key_hash(key) };
	ck_ht_entry_t entry;

	if (KEY_LEN == 8)
		entry = entry_of(key, h, value);
	else if (find(map, key, &entry))
		entry.value = (uintptr_t)value;
	else
		entry = entry_of(key_copy(key), h, value);
	if (!ck_ht_set_spmc(&map->ht, h, &entry))
		abort();
}

static __always_inline void map_store(struct map *map, const struct key *key,
				      void *value)
{
	spin_lock(&map->lock);
	store_locked(map, key, value);
	spin_unlock(&map->lock);
}

static __always_inline bool map_delete(struct map *map, const struct key *key)
{
	ck_ht_hash_t h = { key_hash(key) };
	ck_ht_entry_t entry = entry_of(key, h, NULL);
	bool deleted;

	spin_lock(&map->lock);
	deleted = ck_ht_remove_spmc(&map->ht, h, &entry);
	spin_unlock(&map->lock);
	if (deleted)
		entry_free_key(&entry);
	return deleted;
}

static noinline bool store_if_absent(struct map *map, const struct key *key,
				     void *value, void **actual)
{
	bool present;

	spin_lock(&map->lock);
	present = map_load(map, key, actual);
	if (!present) {
		*actual = value;
		store_locked(map, key, value);
	}
	spin_unlock(&map->lock);
	return present;
}

static __always_inline bool map_load_or_store(struct map *map,
					      const struct key *key,
					      void *value, void **actual)
{
	return map_load(map, key, actual) ||
	       store_if_absent(map, key, value, actual);
}

/* Nobody may write meanwhile */
#define HAS_RANGE
static u64 map_range(struct map *map)
{
	ck_ht_iterator_t iterator = CK_HT_ITERATOR_INITIALIZER;
	ck_ht_entry_t *entry;
	u64 sum = 0;

	spin_lock(&map->lock);
	while (ck_ht_next(&map->ht, &iterator, &entry))
		sum += value_number(entry_value(entry));
	spin_unlock(&map->lock);
	return sum;
}

#include "inplace.h"

static void map_free(struct map *map)
{
	ck_ht_iterator_t iterator = CK_HT_ITERATOR_INITIALIZER;
	ck_ht_entry_t *entry;

	while (ck_ht_next(&map->ht, &iterator, &entry)) {
		if (map->payload)
			kfree(entry_value(entry));
		entry_free_key_now(entry);
	}
	ck_ht_destroy(&map->ht);
	kfree(map);
}

#include "workloads.h"
