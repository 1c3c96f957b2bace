// SPDX-License-Identifier: GPL-2.0-only
/*
 * The map that all this is about.
 */
#define CONTENDER	syncmap
#define SUMMARY		"this map"
#include "contender.h"

struct map {
	struct syncmap	map;
	bool		payload;	/* the values are struct inplace */
};

static void free_value(void *value, void *map)
{
	if (((struct map *)map)->payload)
		kfree(value);
}

static struct map *map_new(void)
{
	struct map *map = kzalloc(sizeof(*map), GFP_KERNEL);
	struct syncmap_params params = {
		.key_len = KEY_LEN <= SYNCMAP_KEY_LEN_MAX ? KEY_LEN : 0,
#ifdef HASH_SIP
		.hash = SYNCMAP_HASH_SIPHASH,
#endif
		.free_value = free_value,
		.free_arg = map,
	};

	if (syncmap_init(&map->map, &params))
		abort();
	return map;
}

static void map_free(struct map *map)
{
	syncmap_destroy(&map->map);
	kfree(map);
}

static __always_inline bool map_load(struct map *map, const struct key *key,
				     void **value)
{
	return syncmap_load(&map->map, key, KEY_LEN, value);
}

static __always_inline void map_store(struct map *map, const struct key *key,
				      void *value)
{
	if (syncmap_store(&map->map, key, KEY_LEN, value, GFP_KERNEL))
		abort();
}

static __always_inline bool map_delete(struct map *map, const struct key *key)
{
	return syncmap_delete(&map->map, key, KEY_LEN);
}

static __always_inline bool map_load_or_store(struct map *map,
					      const struct key *key,
					      void *value, void **actual)
{
	return syncmap_load_or_store(&map->map, key, KEY_LEN, value, actual,
				     GFP_KERNEL) > 0;
}

#define HAS_LOAD_MANY
static __always_inline unsigned int map_load_many(struct map *map,
						  const struct key *keys,
						  void **values, unsigned int n)
{
	struct syncmap_lookup batch[BENCH_BATCH];
	unsigned int i, found;

	for (i = 0; i < n; i++)
		batch[i] = (struct syncmap_lookup){ &keys[i], KEY_LEN };
	found = syncmap_load_many(&map->map, batch, n);
	for (i = 0; i < n; i++)
		values[i] = batch[i].value;
	return found;
}

#define HAS_RANGE
static int range_entry(const struct syncmap_entry *entry, void *sum)
{
	*(u64 *)sum += value_number(entry->value);
	return 0;
}

static u64 map_range(struct map *map)
{
	u64 sum = 0;

	syncmap_range(&map->map, range_entry, &sum);
	return sum;
}

#define HAS_ALL
static __always_inline bool map_swap(struct map *map, const struct key *key,
				     void *value, void **previous)
{
	return syncmap_swap(&map->map, key, KEY_LEN, value, previous,
			    GFP_KERNEL) > 0;
}

static __always_inline bool map_load_and_delete(struct map *map,
						const struct key *key,
						void **value)
{
	return syncmap_load_and_delete(&map->map, key, KEY_LEN, value);
}

static __always_inline bool map_compare_and_swap(struct map *map,
						 const struct key *key,
						 void *old, void *new)
{
	return syncmap_compare_and_swap(&map->map, key, KEY_LEN, old, new);
}

static __always_inline bool map_compare_and_delete(struct map *map,
						   const struct key *key,
						   void *old)
{
	return syncmap_compare_and_delete(&map->map, key, KEY_LEN, old);
}

static int delete_entry(const struct syncmap_entry *entry, void *map)
{
	syncmap_delete(map, entry->key, entry->len);
	return 1;
}

static void map_delete_any(struct map *map)
{
	syncmap_range(&map->map, delete_entry, &map->map);
}

static void map_clear(struct map *map)
{
	syncmap_clear(&map->map);
}

#define HAS_PROMOTE
static void map_promote(struct map *map)
{
	syncmap_promote(&map->map);
}

#include "inplace.h"

#include "workloads.h"
