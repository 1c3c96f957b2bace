// SPDX-License-Identifier: GPL-2.0-only
/*
 * A hash table under a reader-writer lock.
 */
#define CONTENDER	rwlock
#define SUMMARY		"hash table under a reader-writer lock"
#include "contender.h"
#include "hash.h"

struct map {
	rwlock_t	lock ____cacheline_aligned;
	struct hash	hash ____cacheline_aligned;
};

static struct map *map_new(void)
{
	struct map *map = kzalloc(sizeof(*map), GFP_KERNEL);

	rwlock_init(&map->lock);
	hash_init(&map->hash);
	return map;
}

static void map_free(struct map *map)
{
	hash_exit(&map->hash);
	kfree(map);
}

static __always_inline bool map_load(struct map *map, const struct key *key,
				     void **value)
{
	u64 h = key_hash(key);
	bool found;

	read_lock(&map->lock);
	found = hash_load(&map->hash, key, h, value);
	read_unlock(&map->lock);
	return found;
}

static __always_inline void map_store(struct map *map, const struct key *key,
				      void *value)
{
	u64 h = key_hash(key);

	write_lock(&map->lock);
	hash_store(&map->hash, key, h, value);
	write_unlock(&map->lock);
}

static __always_inline bool map_delete(struct map *map, const struct key *key)
{
	u64 h = key_hash(key);
	bool found;

	write_lock(&map->lock);
	found = hash_delete(&map->hash, key, h);
	write_unlock(&map->lock);
	return found;
}

static __always_inline bool map_load_or_store(struct map *map,
					      const struct key *key,
					      void *value, void **actual)
{
	u64 h = key_hash(key);
	bool found;

	write_lock(&map->lock);
	found = hash_load_or_store(&map->hash, key, h, value, actual);
	write_unlock(&map->lock);
	return found;
}

#include "workloads.h"
