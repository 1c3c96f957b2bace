/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * rhash.h's nodes, buckets and tables, and how one table becomes another
 */
#ifndef BENCH_RHASH_TABLE_H
#define BENCH_RHASH_TABLE_H

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

#endif
