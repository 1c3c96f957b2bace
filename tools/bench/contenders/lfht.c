// SPDX-License-Identifier: GPL-2.0-only
/*
 * liburcu's lock-free hash table (split-ordered lists), with key and value in
 * the node.
 *
 * It is resized by a worker, between a quarter full and full. Its own way is
 * left out: with CDS_LFHT_ACCOUNTING it looks at the number of nodes only when
 * that is a power of two, and now and then stays at a thousand buckets for a
 * quarter of a million keys; without, it grows to five hundred bytes a key.
 * Its buckets come from the system's allocator.
 *
 * A store overwrites the value in the node; it may come just after the key was
 * deleted, and counts as just before.
 */
#define CONTENDER	lfht
#define SUMMARY		"liburcu's lock-free hash table"
#include <linux/workqueue.h>

#include "contender.h"

#include <urcu/rculfhash.h>

extern struct rcu_flavor_struct urcu_qsbr_flavor;

#define BUCKETS_MIN	64

struct node {
	struct cds_lfht_node	link;
	void			*value;
	struct key		key;
};

struct map {
	struct cds_lfht		*ht;
	u64			buckets;
	struct work_struct	work;
	bool			resizing;
	bool			payload;	/* the values are struct inplace */
	atomic64_t		count ____cacheline_aligned;
};

static void resize(struct work_struct *work)
{
	struct map *map = container_of(work, struct map, work);
	u64 count = atomic64_read(&map->count);
	u64 buckets = BUCKETS_MIN;

	while (buckets <= count)
		buckets *= 2;
	rcu_enter();
	cds_lfht_resize(map->ht, buckets);
	rcu_leave();
	WRITE_ONCE(map->buckets, buckets);
	smp_store_release(&map->resizing, false);
}

static __always_inline void count_and_resize(struct map *map, s64 change)
{
	s64 count = atomic64_add_return(change, &map->count);
	s64 buckets = READ_ONCE(map->buckets);

	if (likely(count <= buckets &&
		   (count >= buckets / 4 || buckets == BUCKETS_MIN)))
		return;
	if (!READ_ONCE(map->resizing) &&
	    !__atomic_exchange_n(&map->resizing, true, __ATOMIC_ACQUIRE))
		queue_work(system_unbound_wq, &map->work);
}

static struct map *map_new(void)
{
	struct map *map = kzalloc(sizeof(*map), GFP_KERNEL);

	map->ht = cds_lfht_new_flavor(BUCKETS_MIN, BUCKETS_MIN, 0, 0,
				      &urcu_qsbr_flavor, NULL);
	map->buckets = BUCKETS_MIN;
	INIT_WORK(&map->work, resize);
	return map;
}

#define HAS_BYTES
static size_t map_bytes(struct map *map)
{
	return map->buckets * sizeof(struct cds_lfht_node);
}

static __always_inline struct node *node_of(struct cds_lfht_node *link)
{
	return link ? container_of(link, struct node, link) : NULL;
}

static int match(struct cds_lfht_node *link, const void *key)
{
	return key_equal(&node_of(link)->key, key);
}

static __always_inline struct node *map_find(struct map *map,
					     const struct key *key, u64 h)
{
	struct cds_lfht_iter iter;

	cds_lfht_lookup(map->ht, h, match, key, &iter);
	return node_of(cds_lfht_iter_get_node(&iter));
}

static __always_inline bool map_load(struct map *map, const struct key *key,
				     void **value)
{
	struct node *node = map_find(map, key, key_hash(key));

	*value = node ? READ_ONCE(node->value) : NULL;
	return node;
}

/* The node that the key has already, or NULL if it was inserted */
static struct node *insert(struct map *map, const struct key *key, u64 h,
			   void *value)
{
	struct node *new = kmalloc(sizeof(*new), GFP_KERNEL);
	struct node *node;

	cds_lfht_node_init(&new->link);
	new->value = value;
	new->key = *key;
	node = node_of(cds_lfht_add_unique(map->ht, h, match, key,
					   &new->link));
	if (likely(node == new)) {
		count_and_resize(map, 1);
		return NULL;
	}
	kfree(new);
	return node;
}

static __always_inline void map_store(struct map *map, const struct key *key,
				      void *value)
{
	u64 h = key_hash(key);
	struct node *node = map_find(map, key, h);

	if (!node)
		node = insert(map, key, h, value);
	if (node)
		smp_store_release(&node->value, value);
}

static __always_inline bool map_delete(struct map *map, const struct key *key)
{
	struct node *node = map_find(map, key, key_hash(key));

	if (!node || cds_lfht_del(map->ht, &node->link))
		return false;
	kvfree_rcu(node);
	count_and_resize(map, -1);
	return true;
}

static __always_inline bool map_load_or_store(struct map *map,
					      const struct key *key,
					      void *value, void **actual)
{
	u64 h = key_hash(key);
	struct node *node = map_find(map, key, h);

	if (!node)
		node = insert(map, key, h, value);
	*actual = node ? READ_ONCE(node->value) : value;
	return node;
}

#define HAS_RANGE
static u64 map_range(struct map *map)
{
	struct cds_lfht_iter iter;
	struct node *node;
	u64 sum = 0;

	cds_lfht_for_each_entry(map->ht, &iter, node, link)
		sum += value_number(READ_ONCE(node->value));
	return sum;
}

#include "inplace.h"

static void map_free(struct map *map)
{
	struct cds_lfht_iter iter;
	struct node *node;

	flush_work(&map->work);
	rcu_enter();
	cds_lfht_for_each_entry(map->ht, &iter, node, link) {
		cds_lfht_del(map->ht, &node->link);
		if (map->payload)
			kvfree_rcu(node->value);
		kvfree_rcu(node);
	}
	rcu_leave();
	cds_lfht_destroy(map->ht, NULL);
	kfree(map);
}

#include "workloads.h"
