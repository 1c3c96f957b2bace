// SPDX-License-Identifier: GPL-2.0-only
/*
 * rhashtable itself, as the kernel source has it: not a line of it is here. Objects
 * have key and value in them, as the nodes of its design in rhash.h, and are hashed
 * and compared inline, as by those of its users who say how.
 */
#define CONTENDER	rhashtable
#define SUMMARY		"rhashtable itself, of Linux " HAS_RHASHTABLE
#include <linux/rhashtable.h>

#include "contender.h"
#include "there.h"

struct node {
	struct rhash_head	head;
	void			*value;
	struct key		key;
};

struct map {
	struct rhashtable	table;
	bool			payload;	/* the values are struct inplace */
};

/* Which table it is for changes the bucket, and not who shares it */
static __always_inline u32 hash_key(const void *key, u32 len, u32 seed)
{
	return key_hash(key) ^ seed;
}

static __always_inline int compare(struct rhashtable_compare_arg *arg,
				   const void *node)
{
	return !key_equal(arg->key, &((const struct node *)node)->key);
}

static const struct rhashtable_params params = {
	.key_len = KEY_LEN,
	.key_offset = offsetof(struct node, key),
	.head_offset = offsetof(struct node, head),
	.automatic_shrinking = true,
	.hashfn = hash_key,
	.obj_cmpfn = compare,
};

static struct map *map_new(void)
{
	struct map *map = kzalloc(sizeof(*map), GFP_KERNEL);

	if (rhashtable_init(&map->table, &params))
		abort();
	return map;
}

static void free_node(void *node, void *map)
{
	if (((struct map *)map)->payload)
		kfree(((struct node *)node)->value);
	kfree(node);
}

static void map_free(struct map *map)
{
	rhashtable_free_and_destroy(&map->table, free_node, map);
	kfree(map);
}

static __always_inline struct node *find(struct map *map,
					 const struct key *key)
{
	return rhashtable_lookup(&map->table, key, params);
}

static __always_inline bool map_load(struct map *map, const struct key *key,
				     void **value)
{
	struct node *node = find(map, key);

	*value = node ? READ_ONCE(node->value) : NULL;
	return node;
}

/* The node that the key has already, or NULL if it is in a new one now */
static noinline struct node *insert(struct map *map, const struct key *key,
				    void *value)
{
	struct node *node, *new = kmalloc(sizeof(*new), GFP_KERNEL);
	unsigned int spins = 0;

	new->key = *key;
	new->value = value;
	/* It lets nobody in who comes while one resize waits for another */
	while (IS_ERR(node = rhashtable_lookup_get_insert_fast(&map->table,
							       &new->head,
							       params)))
		pause_or_yield(&spins);
	if (unlikely(node))
		kfree(new);
	return node;
}

static __always_inline void map_store(struct map *map, const struct key *key,
				      void *value)
{
	struct node *node = find(map, key);

	if (!node)
		node = insert(map, key, value);
	if (node)
		smp_store_release(&node->value, value);
}

static __always_inline bool map_load_or_store(struct map *map,
					      const struct key *key,
					      void *value, void **actual)
{
	struct node *node = find(map, key);

	if (!node)
		node = insert(map, key, value);
	*actual = node ? READ_ONCE(node->value) : value;
	return node;
}

static __always_inline bool map_delete(struct map *map, const struct key *key)
{
	struct node *node = find(map, key);

	if (!node || rhashtable_remove_fast(&map->table, &node->head, params))
		return false;
	kvfree_rcu(node);
	return true;
}

/* After a resize that is under way, for in one each key would not come once */
#define HAS_RANGE
static u64 map_range(struct map *map)
{
	bool again = shim_offline();
	struct rhashtable_iter iter;
	struct node *node;
	u64 sum = 0;

	flush_work(&map->table.run_work);
	shim_online(again);
	rhashtable_walk_enter(&map->table, &iter);
	rhashtable_walk_start(&iter);
	while ((node = rhashtable_walk_next(&iter)))
		if (!IS_ERR(node))
			sum += value_number(READ_ONCE(node->value));
	rhashtable_walk_stop(&iter);
	rhashtable_walk_exit(&iter);
	return sum;
}

#include "inplace.h"

#include "workloads.h"
