/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A hash table in SHARDS parts, each with a lock of its own: the upper bits of
 * the hash choose the part, the lower ones the slot. With RWLOCK readers share
 * the lock, which then has a cache line of its own.
 */
#ifndef BENCH_SHARDS_H
#define BENCH_SHARDS_H

#include <linux/log2.h>

#include "hash.h"

#ifdef RWLOCK
struct shard {
	rwlock_t	lock ____cacheline_aligned;
	struct hash	hash ____cacheline_aligned;
};

#define shard_lock_init(shard)	rwlock_init(&(shard)->lock)
#define shard_lock(shard)	write_lock(&(shard)->lock)
#define shard_unlock(shard)	write_unlock(&(shard)->lock)
#define shard_read_lock(shard)	read_lock(&(shard)->lock)
#define shard_read_unlock(shard) read_unlock(&(shard)->lock)
#else
struct shard {
	spinlock_t	lock;
	struct hash	hash;
} ____cacheline_aligned;

#define shard_lock_init(shard)	spin_lock_init(&(shard)->lock)
#define shard_lock(shard)	spin_lock(&(shard)->lock)
#define shard_unlock(shard)	spin_unlock(&(shard)->lock)
#define shard_read_lock		shard_lock
#define shard_read_unlock	shard_unlock
#endif

struct map {
	struct shard	shards[SHARDS];
	bool		payload;	/* the values are struct payload */
};

static __always_inline struct shard *shard_of(struct map *map, u64 h)
{
	return &map->shards[SHARDS > 1 ? h >> (64 - ilog2(SHARDS)) : 0];
}

static struct map *map_new(void)
{
	struct map *map = kzalloc(sizeof(*map), GFP_KERNEL);
	int i;

	for (i = 0; i < SHARDS; i++) {
		shard_lock_init(&map->shards[i]);
		hash_init(&map->shards[i].hash);
	}
	return map;
}

static void map_free(struct map *map)
{
	int i;

	for (i = 0; i < SHARDS; i++) {
		if (map->payload)
			hash_free_values(&map->shards[i].hash);
		hash_exit(&map->shards[i].hash);
	}
	kfree(map);
}

static __always_inline bool map_load(struct map *map, const struct key *key,
				     void **value)
{
	u64 h = key_hash(key);
	struct shard *shard = shard_of(map, h);
	bool found;

	shard_read_lock(shard);
	found = hash_load(&shard->hash, key, h, value);
	shard_read_unlock(shard);
	return found;
}

static __always_inline void map_store(struct map *map, const struct key *key,
				      void *value)
{
	u64 h = key_hash(key);
	struct shard *shard = shard_of(map, h);

	shard_lock(shard);
	hash_store(&shard->hash, key, h, value);
	shard_unlock(shard);
}

static __always_inline bool map_delete(struct map *map, const struct key *key)
{
	u64 h = key_hash(key);
	struct shard *shard = shard_of(map, h);
	bool found;

	shard_lock(shard);
	found = hash_delete(&shard->hash, key, h);
	shard_unlock(shard);
	return found;
}

static __always_inline bool map_load_or_store(struct map *map,
					      const struct key *key,
					      void *value, void **actual)
{
	u64 h = key_hash(key);
	struct shard *shard = shard_of(map, h);
	bool found;

	shard_lock(shard);
	found = hash_load_or_store(&shard->hash, key, h, value, actual);
	shard_unlock(shard);
	return found;
}

#define HAS_RANGE
static u64 map_range(struct map *map)
{
	u64 sum = 0;
	int i;

	for (i = 0; i < SHARDS; i++) {
		shard_read_lock(&map->shards[i]);
		sum += hash_range(&map->shards[i].hash);
		shard_read_unlock(&map->shards[i]);
	}
	return sum;
}

/* In place: the lock is there anyway */
#define HAS_PAYLOAD
static __always_inline void map_write(struct map *map, const struct key *key,
				      const struct payload *from)
{
	u64 h = key_hash(key);
	struct shard *shard = shard_of(map, h);

	shard_lock(shard);
	hash_write(&shard->hash, key, h, from);
	shard_unlock(shard);
	if (unlikely(!READ_ONCE(map->payload)))
		WRITE_ONCE(map->payload, true);
}

static __always_inline bool map_read(struct map *map, const struct key *key,
				     struct payload *to)
{
	u64 h = key_hash(key);
	struct shard *shard = shard_of(map, h);
	void *value;

	shard_read_lock(shard);
	if (hash_load(&shard->hash, key, h, &value))
		*to = *(struct payload *)value;
	shard_read_unlock(shard);
	return value;
}

#define HAS_ALL
static __always_inline bool map_swap(struct map *map, const struct key *key,
				     void *value, void **previous)
{
	u64 h = key_hash(key);
	struct shard *shard = shard_of(map, h);
	bool found;

	shard_lock(shard);
	found = hash_swap(&shard->hash, key, h, value, previous);
	shard_unlock(shard);
	return found;
}

static __always_inline bool map_load_and_delete(struct map *map,
						const struct key *key,
						void **value)
{
	u64 h = key_hash(key);
	struct shard *shard = shard_of(map, h);
	bool found;

	shard_lock(shard);
	found = hash_load_and_delete(&shard->hash, key, h, value);
	shard_unlock(shard);
	return found;
}

static __always_inline bool map_compare_and_swap(struct map *map,
						 const struct key *key,
						 void *old, void *new)
{
	u64 h = key_hash(key);
	struct shard *shard = shard_of(map, h);
	bool swapped;

	shard_lock(shard);
	swapped = hash_compare_and_swap(&shard->hash, key, h, old, new);
	shard_unlock(shard);
	return swapped;
}

static __always_inline bool map_compare_and_delete(struct map *map,
						   const struct key *key,
						   void *old)
{
	u64 h = key_hash(key);
	struct shard *shard = shard_of(map, h);
	bool deleted;

	shard_lock(shard);
	deleted = hash_compare_and_delete(&shard->hash, key, h, old);
	shard_unlock(shard);
	return deleted;
}

static void map_delete_any(struct map *map)
{
	bool deleted = false;
	int i;

	for (i = 0; i < SHARDS && !deleted; i++) {
		shard_lock(&map->shards[i]);
		deleted = hash_delete_any(&map->shards[i].hash);
		shard_unlock(&map->shards[i]);
	}
}

static void map_clear(struct map *map)
{
	int i;

	for (i = 0; i < SHARDS; i++) {
		shard_lock(&map->shards[i]);
		hash_clear(&map->shards[i].hash);
		shard_unlock(&map->shards[i]);
	}
}

#include "workloads.h"

#endif
