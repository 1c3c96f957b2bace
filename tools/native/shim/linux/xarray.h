/* SPDX-License-Identifier: GPL-2.0-only */
/* Pointers by numbers, which readers of RCU look up: store/xarray.c */
#ifndef _SHIM_XARRAY_H
#define _SHIM_XARRAY_H

#include <pthread.h>
#include <linux/slab.h>

#define XA_FLAGS_ALLOC		1U
#define XA_FLAGS_ALLOC1		2U

struct xarray {
	pthread_mutex_t	lock;
	void		**root;
	u32		lowest;		/* no number below is free */
};

struct xa_limit {
	u32	max;
	u32	min;
};

#define XA_LIMIT(least, most)	((struct xa_limit){ .max = (most), .min = (least) })

static inline void xa_init_flags(struct xarray *xa, unsigned int flags)
{
	pthread_mutex_init(&xa->lock, NULL);
	xa->root = NULL;
	xa->lowest = flags == XA_FLAGS_ALLOC1;
}

void *xa_load(struct xarray *xa, unsigned long nr);
void *xa_store(struct xarray *xa, unsigned long nr, void *entry, gfp_t gfp);
void *xa_erase(struct xarray *xa, unsigned long nr);
int xa_alloc(struct xarray *xa, u32 *nr, void *entry, struct xa_limit limit,
	     gfp_t gfp);
int xa_alloc_cyclic(struct xarray *xa, u32 *nr, void *entry,
		    struct xa_limit limit, u32 *next, gfp_t gfp);
void *xa_find(struct xarray *xa, unsigned long *nr, unsigned long max);
void xa_destroy(struct xarray *xa);

#define xa_for_each(xa, nr, entry)					\
	for (nr = 0; (entry = xa_find(xa, &(nr), ~0UL)); (nr)++)

static inline int xa_err(const void *entry)
{
	return PTR_ERR_OR_ZERO(entry);
}

#endif
