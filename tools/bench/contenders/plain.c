// SPDX-License-Identifier: GPL-2.0-only
/*
 * The hash table that others lock, without any lock: for one thread.
 */
#define CONTENDER	plain
#define SUMMARY		"hash table of one thread"
#include "contender.h"
#include "hash.h"

#define ONE_THREAD

struct map {
	struct hash	hash;
	bool		payload;	/* the values are struct payload */
};

static struct map *map_new(void)
{
	struct map *map = kzalloc(sizeof(*map), GFP_KERNEL);

	hash_init(&map->hash);
	return map;
}

static void map_free(struct map *map)
{
	if (map->payload)
		hash_free_values(&map->hash);
	hash_exit(&map->hash);
	kfree(map);
}

static __always_inline bool map_load(struct map *map, const struct key *key,
				     void **value)
{
	return hash_load(&map->hash, key, key_hash(key), value);
}

static __always_inline void map_store(struct map *map, const struct key *key,
				      void *value)
{
	hash_store(&map->hash, key, key_hash(key), value);
}

static __always_inline bool map_delete(struct map *map, const struct key *key)
{
	return hash_delete(&map->hash, key, key_hash(key));
}

static __always_inline bool map_load_or_store(struct map *map,
					      const struct key *key,
					      void *value, void **actual)
{
	return hash_load_or_store(&map->hash, key, key_hash(key), value,
				  actual);
}

#define HAS_RANGE
static u64 map_range(struct map *map)
{
	return hash_range(&map->hash);
}

#define HAS_PAYLOAD
static __always_inline void map_write(struct map *map, const struct key *key,
				      const struct payload *from)
{
	map->payload = true;
	hash_write(&map->hash, key, key_hash(key), from);
}

static __always_inline bool map_read(struct map *map, const struct key *key,
				     struct payload *to)
{
	void *value;

	if (map_load(map, key, &value))
		*to = *(struct payload *)value;
	return value;
}

#include "workloads.h"
