/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The design of the kernel's rhashtable: chains of nodes that RCU readers walk,
 * a lock in bit 0 of each bucket, and resizing by a worker that moves one node
 * at a time, the last of its chain, into the table that comes next. A chain
 * ends in a word that names its bucket: a reader who was carried away into
 * another chain notices, and walks again. Grows at 75 %, shrinks below 30 %;
 * who inserts at 100 % makes the next table himself.
 *
 * Left out: a hash of its own for each table and the rehash when a chain gets
 * longer than sixteen (the hash here is keyed), nested tables (allocation does
 * not fail), lists of duplicates, and the walker that survives a resize.
 *
 * Values are a word of the node, which a store of a present key overwrites; it
 * may come just after the key was deleted, and counts as just before. With
 * INTRUSIVE the node lies in the object that is the value, and a store of a
 * present key replaces the node.
 */
#ifndef BENCH_RHASH_H
#define BENCH_RHASH_H

#include <linux/workqueue.h>

#include "contender.h"

struct node {
	struct node __rcu	*next;
#ifndef INTRUSIVE
	void			*value;
#endif
	struct key		key;
};

#define BUCKETS_MIN	64
#define BUCKET_LOCKED	1UL

struct table {
	u64			mask;
	struct table __rcu	*future;
	unsigned long		buckets[];	/* node, and BUCKET_LOCKED */
};

struct map {
	struct table __rcu	*table;
	struct work_struct	work;
	bool			payload;	/* the values are struct inplace */
	atomic64_t		count ____cacheline_aligned;
};

#ifdef INTRUSIVE
static __always_inline struct node *node_new(const struct key *key,
					     void *value)
{
	struct node *node = (struct node *)((struct object *)value)->own;

	static_assert(sizeof(*node) <= sizeof(((struct object *)value)->own));
	node->key = *key;
	return node;
}

static __always_inline void *node_value(const struct node *node)
{
	return (char *)node - offsetof(struct object, own);
}

#define node_free(node)		((void)(node))
#define node_free_rcu(node)	((void)(node))
#else
static __always_inline struct node *node_new(const struct key *key,
					     void *value)
{
	struct node *node = kmalloc(sizeof(*node), GFP_KERNEL);

	node->key = *key;
	node->value = value;
	return node;
}

static __always_inline void *node_value(const struct node *node)
{
	return READ_ONCE(node->value);
}

#define node_free(node)		kfree(node)
#define node_free_rcu(node)	kvfree_rcu(node)
#endif

/* What the chain of a bucket ends in: odd, so that it is no node */
static __always_inline struct node *chain_end(const unsigned long *bucket)
{
	return (struct node *)((unsigned long)bucket | 1);
}

static __always_inline bool is_end(const struct node *node)
{
	return (unsigned long)node & 1;
}

static __always_inline unsigned long *bucket_of(struct table *table, u64 h)
{
	return &table->buckets[h & table->mask];
}

static __always_inline struct node *bucket_first(const unsigned long *bucket)
{
	unsigned long word = READ_ONCE(*bucket) & ~BUCKET_LOCKED;

	return (struct node *)word ?: chain_end(bucket);
}

static __always_inline void bucket_lock(unsigned long *bucket)
{
	unsigned int spins = 0;

	while (unlikely(__atomic_fetch_or(bucket, BUCKET_LOCKED,
					  __ATOMIC_ACQUIRE) & BUCKET_LOCKED))
		do
			pause_or_yield(&spins);
		while (READ_ONCE(*bucket) & BUCKET_LOCKED);
}

/* The first node of a locked bucket changes; publishes it */
static __always_inline void bucket_set(unsigned long *bucket,
				       struct node *first, bool locked)
{
	unsigned long word = is_end(first) ? 0 : (unsigned long)first;

	smp_store_release(bucket, word | (locked ? BUCKET_LOCKED : 0));
}

static __always_inline void bucket_unlock(unsigned long *bucket)
{
	smp_store_release(bucket, READ_ONCE(*bucket) & ~BUCKET_LOCKED);
}

static struct table *table_new(u64 buckets)
{
	struct table *table = kvzalloc(sizeof(*table) +
				       buckets * sizeof(table->buckets[0]),
				       GFP_ATOMIC);

	table->mask = buckets - 1;
	return table;
}

static bool above_75(const struct map *map, const struct table *table)
{
	return atomic64_read(&map->count) > (table->mask + 1) / 4 * 3;
}

static bool above_100(const struct map *map, const struct table *table)
{
	return atomic64_read(&map->count) > table->mask + 1;
}

static bool below_30(const struct map *map, const struct table *table)
{
	return atomic64_read(&map->count) < (table->mask + 1) * 3 / 10 &&
	       table->mask >= BUCKETS_MIN;
}

static __always_inline struct node *
table_find(struct table *table, const struct key *key, u64 h)
{
	unsigned long *bucket = bucket_of(table, h);
	struct node *node;

	do {
		for (node = bucket_first(bucket); !is_end(node);
		     node = rcu_dereference(node->next))
			if (key_equal(&node->key, key))
				return node;
	} while (unlikely(node != chain_end(bucket)));
	return NULL;
}

static __always_inline struct node *map_find(struct map *map,
					     const struct key *key, u64 h)
{
	struct table *table = rcu_dereference(map->table);
	struct node *node;

	do {
		node = table_find(table, key, h);
		if (likely(node))
			return node;
		/* Pairs with the order of moving: linked there, unlinked here */
		smp_rmb();
		table = rcu_dereference(table->future);
	} while (unlikely(table));
	return NULL;
}

/* Resizing */

static struct table *last_table(struct table *table)
{
	while (rcu_dereference(table->future))
		table = rcu_dereference(table->future);
	return table;
}

static void attach_table(struct table *table, u64 buckets)
{
	struct table *none = NULL, *new = table_new(buckets);

	if (!__atomic_compare_exchange_n(&table->future, &none, new, false,
					 __ATOMIC_RELEASE, __ATOMIC_RELAXED))
		kvfree(new);
}

/* Move the last node of a locked chain; false when there is none */
static bool move_one(struct table *table, unsigned long *bucket)
{
	struct node *node = bucket_first(bucket);
	struct node *before = NULL;
	unsigned long *to;

	if (is_end(node))
		return false;
	for (; !is_end(node->next); node = node->next)
		before = node;
	to = bucket_of(last_table(table), key_hash(&node->key));
	bucket_lock(to);
	/* Readers of the old chain go on in the new one from here */
	WRITE_ONCE(node->next, bucket_first(to));
	bucket_set(to, node, false);
	if (before)
		smp_store_release(&before->next, chain_end(bucket));
	else
		bucket_set(bucket, chain_end(bucket), true);
	return true;
}

/* Empty the first table into the last one, and drop it */
static void move_all(struct map *map)
{
	struct table *table = map->table;
	u64 i;

	for (i = 0; i <= table->mask; i++) {
		bucket_lock(&table->buckets[i]);
		while (move_one(table, &table->buckets[i]))
			;
		bucket_unlock(&table->buckets[i]);
	}
	rcu_assign_pointer(map->table, table->future);
	kvfree_rcu(table);
	rcu_barrier();
}

/* Room for half as many again */
static u64 buckets_for(u64 count)
{
	u64 buckets = BUCKETS_MIN;

	while (buckets < count * 3 / 2)
		buckets *= 2;
	return buckets;
}

/* A work does not run twice at a time */
static void resize(struct work_struct *work)
{
	struct map *map = container_of(work, struct map, work);
	struct table *last;

	last = last_table(map->table);
	if (above_75(map, last))
		attach_table(last, 2 * (last->mask + 1));
	else if (below_30(map, last))
		attach_table(last, buckets_for(atomic64_read(&map->count)));
	while (map->table->future)
		move_all(map);
}

static struct map *map_new(void)
{
	struct map *map = kzalloc(sizeof(*map), GFP_KERNEL);

	INIT_WORK(&map->work, resize);
	RCU_INIT_POINTER(map->table, table_new(BUCKETS_MIN));
	return map;
}

static __always_inline bool map_load(struct map *map, const struct key *key,
				     void **value)
{
	struct node *node = map_find(map, key, key_hash(key));

	*value = node ? node_value(node) : NULL;
	return node;
}

/* In a locked bucket: the word that points to the key's node, or NULL */
static struct node **find_link(unsigned long *bucket, const struct key *key,
			       struct node **found)
{
	struct node **link = NULL;
	struct node *node;

	for (node = bucket_first(bucket); !is_end(node); node = node->next) {
		if (key_equal(&node->key, key)) {
			*found = node;
			return link;
		}
		link = &node->next;
	}
	*found = NULL;
	return link;
}

/* Let @next follow the node before, or make it the first; unlocks */
static void set_link_unlock(unsigned long *bucket, struct node **link,
			    struct node *next)
{
	if (!link) {
		bucket_set(bucket, next, false);
		return;
	}
	smp_store_release(link, next);
	bucket_unlock(bucket);
}

/* Whether the key's place is in a later table, made here if it must be */
static bool goes_on_in_next(struct map *map, struct table *table, bool insert)
{
	if (rcu_dereference(table->future))
		return true;
	if (!insert || likely(!above_100(map, table)))
		return false;
	attach_table(table, 2 * (table->mask + 1));
	queue_work(system_unbound_wq, &map->work);
	return true;
}

/*
 * The key's node, and the bucket that it is in; or NULL, and the bucket where
 * it may be inserted. The bucket is locked.
 */
static __always_inline struct node *
lock_key(struct map *map, const struct key *key, u64 h, bool insert,
	 unsigned long **bucket, struct node ***link)
{
	struct table *table = rcu_dereference(map->table);
	struct node *node;

	for (;; table = rcu_dereference(table->future)) {
		*bucket = bucket_of(table, h);
		bucket_lock(*bucket);
		*link = find_link(*bucket, key, &node);
		if (node || !goes_on_in_next(map, table, insert))
			return node;
		bucket_unlock(*bucket);
	}
}

static void count_and_resize(struct map *map, int change)
{
	struct table *table = rcu_dereference(map->table);

	atomic64_add(change, &map->count);
	if (unlikely(change > 0 ? above_75(map, table) :
				  below_30(map, table)) &&
	    !rcu_dereference(table->future))
		queue_work(system_unbound_wq, &map->work);
}

static __always_inline bool map_delete(struct map *map, const struct key *key)
{
	unsigned long *bucket;
	struct node **link;
	struct node *node;

	node = lock_key(map, key, key_hash(key), false, &bucket, &link);
	if (!node) {
		bucket_unlock(bucket);
		return false;
	}
	set_link_unlock(bucket, link, node->next);
	node_free_rcu(node);
	count_and_resize(map, -1);
	return true;
}

/* The node that the key has already, or NULL if it is in @new now */
static struct node *insert(struct map *map, u64 h, struct node *new)
{
	unsigned long *bucket;
	struct node **link;
	struct node *node;

	node = lock_key(map, &new->key, h, true, &bucket, &link);
	if (unlikely(node)) {
		bucket_unlock(bucket);
		return node;
	}
	new->next = bucket_first(bucket);
	bucket_set(bucket, new, false);
	count_and_resize(map, 1);
	return NULL;
}

static struct node *insert_value(struct map *map, const struct key *key, u64 h,
				 void *value)
{
	struct node *new = node_new(key, value);
	struct node *node = insert(map, h, new);

	if (unlikely(node))
		node_free(new);
	return node;
}

#ifdef INTRUSIVE
static void map_store(struct map *map, const struct key *key, void *value)
{
	struct node *old, *new = node_new(key, value);
	u64 h = key_hash(key);
	unsigned long *bucket;
	struct node **link;

	old = lock_key(map, key, h, true, &bucket, &link);
	new->next = old ? old->next : bucket_first(bucket);
	set_link_unlock(bucket, old ? link : NULL, new);
	if (!old)
		count_and_resize(map, 1);
}
#else
static __always_inline void map_store(struct map *map, const struct key *key,
				      void *value)
{
	u64 h = key_hash(key);
	struct node *node = map_find(map, key, h);

	if (!node)
		node = insert_value(map, key, h, value);
	if (node)
		smp_store_release(&node->value, value);
}
#endif

static __always_inline bool map_load_or_store(struct map *map,
					      const struct key *key,
					      void *value, void **actual)
{
	u64 h = key_hash(key);
	struct node *node = map_find(map, key, h);

	if (!node)
		node = insert_value(map, key, h, value);
	*actual = node ? node_value(node) : value;
	return node;
}

/* After a resize that is under way, for in one each key would not come once */
#define HAS_RANGE
static u64 map_range(struct map *map)
{
	bool again = shim_offline();
	struct table *table;
	struct node *node;
	u64 i, sum = 0;

	flush_work(&map->work);
	shim_online(again);
	table = rcu_dereference(map->table);
	for (; table; table = rcu_dereference(table->future))
		for (i = 0; i <= table->mask; i++)
			for (node = bucket_first(&table->buckets[i]);
			     !is_end(node); node = rcu_dereference(node->next))
				sum += value_number(node_value(node));
	return sum;
}

#ifndef INTRUSIVE
#include "inplace.h"
#endif

static void free_nodes(struct map *map, struct table *table)
{
	struct node *node, *next;
	u64 i;

	for (i = 0; i <= table->mask; i++) {
		for (node = bucket_first(&table->buckets[i]); !is_end(node);
		     node = next) {
			next = node->next;
			if (map->payload)
				kfree(node_value(node));
			node_free(node);
		}
	}
}

static void map_free(struct map *map)
{
	flush_work(&map->work);
	free_nodes(map, map->table);
	kvfree(map->table);
	kfree(map);
}

#include "workloads.h"

#endif
