/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A hash table in SHARDS parts, each with a lock of its own: the upper bits of
 * the hash choose the part, the lower ones the slot.
 */
#ifndef BENCH_SHARDS_H
#define BENCH_SHARDS_H

#include <linux/log2.h>

#include "hash.h"

struct shard {
	spinlock_t	lock;
	struct hash	hash;
} ____cacheline_aligned;

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
		spin_lock_init(&map->shards[i].lock);
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

	spin_lock(&shard->lock);
	found = hash_load(&shard->hash, key, h, value);
	spin_unlock(&shard->lock);
	return found;
}

static __always_inline void map_store(struct map *map, const struct key *key,
				      void *value)
{
	u64 h = key_hash(key);
	struct shard *shard = shard_of(map, h);

	spin_lock(&shard->lock);
	hash_store(&shard->hash, key, h, value);
	spin_unlock(&shard->lock);
}

static __always_inline bool map_delete(struct map *map, const struct key *key)
{
	u64 h = key_hash(key);
	struct shard *shard = shard_of(map, h);
	bool found;

	spin_lock(&shard->lock);
	found = hash_delete(&shard->hash, key, h);
	spin_unlock(&shard->lock);
	return found;
}

static __always_inline bool map_load_or_store(struct map *map,
					      const struct key *key,
					      void *value, void **actual)
{
	u64 h = key_hash(key);
	struct shard *shard = shard_of(map, h);
	bool found;

	spin_lock(&shard->lock);
	found = hash_load_or_store(&shard->hash, key, h, value, actual);
	spin_unlock(&shard->lock);
	return found;
}

#define HAS_RANGE
static u64 map_range(struct map *map)
{
	u64 sum = 0;
	int i;

	for (i = 0; i < SHARDS; i++) {
		spin_lock(&map->shards[i].lock);
		sum += hash_range(&map->shards[i].hash);
		spin_unlock(&map->shards[i].lock);
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

	spin_lock(&shard->lock);
	hash_write(&shard->hash, key, h, from);
	spin_unlock(&shard->lock);
	if (unlikely(!READ_ONCE(map->payload)))
		WRITE_ONCE(map->payload, true);
}

static __always_inline bool map_read(struct map *map, const struct key *key,
				     struct payload *to)
{
	u64 h = key_hash(key);
	struct shard *shard = shard_of(map, h);
	void *value;

	spin_lock(&shard->lock);
	if (hash_load(&shard->hash, key, h, &value))
		*to = *(struct payload *)value;
	spin_unlock(&shard->lock);
	return value;
}

#include "workloads.h"

#endif
