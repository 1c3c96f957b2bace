// SPDX-License-Identifier: GPL-2.0-only
/*
 * A tree of three levels; what is once there of it stays until it is destroyed.
 */
#include <linux/rcupdate.h>
#include <linux/spinlock.h>
#include <linux/xarray.h>

#define BITS	9
#define NODE	(1UL << BITS)
#define LEVELS	3
#define NUMBERS	(1UL << (BITS * LEVELS))

static void **step(void **node, unsigned long nr, int level)
{
	return node + (nr >> (BITS * level) & (NODE - 1));
}

static void **find(struct xarray *xa, unsigned long nr)
{
	void **node = READ_ONCE(xa->root);
	int level;

	if (nr >= NUMBERS)
		return NULL;
	for (level = LEVELS - 1; node && level; level--)
		node = READ_ONCE(*step(node, nr, level));
	return node ? step(node, nr, 0) : NULL;
}

void *xa_load(struct xarray *xa, unsigned long nr)
{
	void **place = find(xa, nr);

	return place ? READ_ONCE(*place) : NULL;
}

/* NULL if there is no memory */
static void **make(struct xarray *xa, unsigned long nr, gfp_t gfp)
{
	void ***node = &xa->root, **fresh;
	int level;

	for (level = LEVELS - 1; level >= 0; level--) {
		if (!*node) {
			fresh = shim_alloc(NODE * sizeof(*fresh), gfp | __GFP_ZERO);
			if (!fresh)
				return NULL;
			smp_store_release(node, fresh);
		}
		node = (void ***)step(*node, nr, level);
	}
	return (void **)node;
}

static void *put_locked(struct xarray *xa, unsigned long nr, void *entry, gfp_t gfp)
{
	void **place = nr < NUMBERS ? make(xa, nr, gfp) : NULL;
	void *before;

	if (!place)
		return ERR_PTR(-ENOMEM);
	before = *place;
	smp_store_release(place, entry);
	return before;
}

void *xa_store(struct xarray *xa, unsigned long nr, void *entry, gfp_t gfp)
{
	void *before;

	shim_mutex_lock(&xa->lock);
	before = put_locked(xa, nr, entry, gfp);
	shim_mutex_unlock(&xa->lock);
	return before;
}

void *xa_erase(struct xarray *xa, unsigned long nr)
{
	void **place = find(xa, nr), *before = NULL;

	shim_mutex_lock(&xa->lock);
	if (place) {
		before = *place;
		WRITE_ONCE(*place, NULL);
		xa->lowest = min_t(u32, xa->lowest, nr);
	}
	shim_mutex_unlock(&xa->lock);
	return before;
}

static int alloc_locked(struct xarray *xa, u32 *nr, void *entry, u32 from, u32 to,
			gfp_t gfp)
{
	u32 n;

	for (n = from; n <= to && n >= from; n++) {
		if (xa_load(xa, n))
			continue;
		*nr = n;
		return xa_err(put_locked(xa, n, entry, gfp));
	}
	return -EBUSY;
}

int xa_alloc(struct xarray *xa, u32 *nr, void *entry, struct xa_limit limit,
	     gfp_t gfp)
{
	int err;

	shim_mutex_lock(&xa->lock);
	err = alloc_locked(xa, nr, entry, max(limit.min, xa->lowest), limit.max,
			   gfp);
	if (!err)
		xa->lowest = *nr + 1;
	shim_mutex_unlock(&xa->lock);
	return err;
}

int xa_alloc_cyclic(struct xarray *xa, u32 *nr, void *entry,
		    struct xa_limit limit, u32 *next, gfp_t gfp)
{
	int err;

	shim_mutex_lock(&xa->lock);
	err = alloc_locked(xa, nr, entry, max(limit.min, *next), limit.max, gfp);
	if (err == -EBUSY)
		err = alloc_locked(xa, nr, entry, limit.min, limit.max, gfp);
	if (!err)
		*next = *nr + 1;
	shim_mutex_unlock(&xa->lock);
	return err;
}

static void *find_in(void **node, unsigned long *nr, int level)
{
	unsigned long span = 1UL << (BITS * level);
	void *entry;

	for (;; *nr = (*nr / span + 1) * span) {
		entry = READ_ONCE(*step(node, *nr, level));
		if (entry && level)
			entry = find_in(entry, nr, level - 1);
		if (entry)
			return entry;
		/* The last of this node */
		if ((*nr / span & (NODE - 1)) == NODE - 1)
			return NULL;
	}
}

void *xa_find(struct xarray *xa, unsigned long *nr, unsigned long max)
{
	void **root = READ_ONCE(xa->root), *entry;

	if (!root || *nr >= NUMBERS)
		return NULL;
	entry = find_in(root, nr, LEVELS - 1);
	return *nr <= max ? entry : NULL;
}

static void free_node(void **node, int level)
{
	unsigned long i;

	for (i = 0; level && i < NODE; i++)
		if (node[i])
			free_node(node[i], level - 1);
	kfree(node);
}

void xa_destroy(struct xarray *xa)
{
	if (xa->root)
		free_node(xa->root, LEVELS - 1);
	xa->root = NULL;
}
