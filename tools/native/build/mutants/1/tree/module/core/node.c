// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory of the nodes of dirty tables.
 */
#include <linux/errno.h>
#include <linux/slab.h>

#include "internal.h"

static struct kmem_cache *node_cache;

int syncmap_node_init(void)
{
	node_cache = KMEM_CACHE(syncmap_node, 0);
	return node_cache ? 0 : -ENOMEM;
}

void syncmap_node_exit(void)
{
	kmem_cache_destroy(node_cache);
}

struct syncmap_node *syncmap_node_alloc(const struct syncmap *map,
					const struct syncmap_key *key,
					gfp_t gfp)
{
	struct syncmap_keyobj *obj;
	struct syncmap_node *node;

	node = kmem_cache_alloc(node_cache, gfp);
	if (!node)
		return NULL;
	node->key = key->word;
	if (map->params.key_len)
		return node;
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
		kfree(keyobj_of(node->key));
	kmem_cache_free(node_cache, node);
}
