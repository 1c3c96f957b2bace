// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory of the nodes of dirty tables.
 */
#include <linux/errno.h>
#include <linux/slab.h>

#include "internal.h"

/* A node whose key word points to the words behind it */
struct syncmap_wide_node {
	struct syncmap_node	node;
	u64			key[2];
};

static struct kmem_cache *node_cache, *wide_node_cache;

int syncmap_node_init(void)
{
	node_cache = KMEM_CACHE(syncmap_node, 0);
	wide_node_cache = KMEM_CACHE(syncmap_wide_node, 0);
	if (node_cache && wide_node_cache)
		return 0;
	syncmap_node_exit();
	return -ENOMEM;
}

void syncmap_node_exit(void)
{
	kmem_cache_destroy(wide_node_cache);
	kmem_cache_destroy(node_cache);
}

static struct kmem_cache *cache_of(const struct syncmap *map)
{
	return syncmap_key_is_wide(map->params.key_len) ? wide_node_cache :
							  node_cache;
}

/* What the nodes of a map take, without key objects */
size_t syncmap_node_size(const struct syncmap *map)
{
	return syncmap_key_is_wide(map->params.key_len) ?
		sizeof(struct syncmap_wide_node) : sizeof(struct syncmap_node);
}

/* Whatever the key of a node was, which is not a byte string */
void syncmap_node_set_key(const struct syncmap *map, struct syncmap_node *node,
			  const struct syncmap_key *key)
{
	struct syncmap_wide_node *wide;

	node->key = key->word;
	if (!syncmap_key_is_wide(map->params.key_len))
		return;
	wide = container_of(node, struct syncmap_wide_node, node);
	wide->key[0] = key->word;
	wide->key[1] = key->word2;
	node->key = (unsigned long)wide->key;
}

struct syncmap_node *syncmap_node_alloc(const struct syncmap *map,
					const struct syncmap_key *key,
					gfp_t gfp)
{
	struct syncmap_keyobj *obj;
	struct syncmap_node *node;

	node = kmem_cache_alloc(cache_of(map), gfp);
	if (!node)
		return NULL;
	if (map->params.key_len) {
		syncmap_node_set_key(map, node, key);
		return node;
	}
	obj = syncmap_keyobj_alloc(key, gfp);
	if (!obj) {
		kmem_cache_free(node_cache, node);
		return NULL;
	}
	node->key = (unsigned long)obj;
	return node;
}

/* @keep_key: the key has a place in the next table */
void syncmap_node_free(const struct syncmap *map, struct syncmap_node *node,
		       bool keep_key)
{
	if (!map->params.key_len && !keep_key)
		kfree(syncmap_keyobj_of(node->key));
	kmem_cache_free(cache_of(map), node);
}
