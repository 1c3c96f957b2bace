/* SPDX-License-Identifier: GPL-2.0-only */
/* For callers who do not wait for an element to come back */
#ifndef _SHIM_MEMPOOL_H
#define _SHIM_MEMPOOL_H

#include <linux/slab.h>
#include <linux/spinlock.h>

typedef struct mempool {
	spinlock_t	lock;
	int		min_nr;
	int		curr_nr;
	void		*(*alloc)(gfp_t gfp, void *data);
	void		(*free)(void *element, void *data);
	void		*data;
	void		*elements[];
} mempool_t;

static inline void mempool_free(void *element, mempool_t *pool)
{
	unsigned long flags;
	bool kept;

	spin_lock_irqsave(&pool->lock, flags);
	kept = pool->curr_nr < pool->min_nr;
	if (kept) {
		pool->elements[pool->curr_nr] = element;
		WRITE_ONCE(pool->curr_nr, pool->curr_nr + 1);
	}
	spin_unlock_irqrestore(&pool->lock, flags);
	if (!kept)
		pool->free(element, pool->data);
}

static inline void *mempool_alloc(mempool_t *pool, gfp_t gfp)
{
	void *element = pool->alloc(gfp, pool->data);
	unsigned long flags;

	if (element)
		return element;
	spin_lock_irqsave(&pool->lock, flags);
	if (pool->curr_nr) {
		WRITE_ONCE(pool->curr_nr, pool->curr_nr - 1);
		element = pool->elements[pool->curr_nr];
	}
	spin_unlock_irqrestore(&pool->lock, flags);
	return element;
}

static inline void mempool_destroy(mempool_t *pool)
{
	if (!pool)
		return;
	while (pool->curr_nr)
		pool->free(pool->elements[--pool->curr_nr], pool->data);
	kfree(pool);
}

static inline mempool_t *mempool_create(int min_nr,
					void *(*alloc)(gfp_t gfp, void *data),
					void (*free)(void *element, void *data),
					void *data)
{
	mempool_t *pool = kzalloc(struct_size(pool, elements, min_nr),
				  GFP_KERNEL);

	if (!pool)
		return NULL;
	spin_lock_init(&pool->lock);
	pool->min_nr = min_nr;
	pool->alloc = alloc;
	pool->free = free;
	pool->data = data;
	while (pool->curr_nr < min_nr) {
		pool->elements[pool->curr_nr] = alloc(GFP_KERNEL, data);
		if (!pool->elements[pool->curr_nr]) {
			mempool_destroy(pool);
			return NULL;
		}
		pool->curr_nr++;
	}
	return pool;
}

#endif
