// SPDX-License-Identifier: GPL-2.0-only
/*
 * A hash table for each thread, merged when somebody wants to see all: nothing
 * is shared, so that nobody sees what others store until then. What remains is
 * the cost of having each key as often as there are threads.
 *
 * Modelled on what is told to Go programmers whose data have owners.
 */
#define CONTENDER	merged
#define SUMMARY		"a hash table for each thread, merged to be read"
#include "contender.h"
#include "hash.h"

#define HAS_THREADS
#define NO_SHARING

struct own {
	struct hash	hash;
} ____cacheline_aligned;

struct map {
	struct own	owns[BENCH_THREADS];
};

static __thread int mine;

static struct map *map_new(void)
{
	struct map *map = kzalloc(sizeof(*map), GFP_KERNEL);
	int i;

	for (i = 0; i < BENCH_THREADS; i++)
		hash_init(&map->owns[i].hash);
	return map;
}

static void map_free(struct map *map)
{
	int i;

	for (i = 0; i < BENCH_THREADS; i++)
		hash_exit(&map->owns[i].hash);
	kfree(map);
}

static void map_enter(struct map *map, int thread)
{
	mine = thread;
}

static void map_leave(struct map *map, int thread)
{
	mine = 0;
}

static __always_inline bool map_load(struct map *map, const struct key *key,
				     void **value)
{
	return hash_load(&map->owns[mine].hash, key, key_hash(key), value);
}

static __always_inline void map_store(struct map *map, const struct key *key,
				      void *value)
{
	hash_store(&map->owns[mine].hash, key, key_hash(key), value);
}

static __always_inline bool map_delete(struct map *map, const struct key *key)
{
	return hash_delete(&map->owns[mine].hash, key, key_hash(key));
}

static __always_inline bool map_load_or_store(struct map *map,
					      const struct key *key,
					      void *value, void **actual)
{
	return hash_load_or_store(&map->owns[mine].hash, key, key_hash(key),
				  value, actual);
}

/* Into one table, where a key that several threads have comes once */
static void merge(struct hash *all, const struct hash *hash)
{
	struct hash_slot *slot;
	u64 i;

	for (i = 0; i <= hash->mask; i++) {
		slot = &hash->slots[i];
		if (slot->value)
			hash_store(all, &slot->key, key_hash(&slot->key),
				   slot->value);
	}
}

/* Nobody may write meanwhile */
#define HAS_RANGE
static u64 map_range(struct map *map)
{
	struct hash all;
	u64 sum;
	int i;

	hash_init(&all);
	for (i = 0; i < BENCH_THREADS; i++)
		merge(&all, &map->owns[i].hash);
	sum = hash_range(&all);
	hash_exit(&all);
	return sum;
}

#include "workloads.h"
