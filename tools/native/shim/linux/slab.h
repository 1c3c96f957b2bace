/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Memory is aligned as the kernel guarantees it, and no better, and there is no
 * piece larger than a page at hand. The allocation that current->fail_nth counts
 * down to fails.
 */
#ifndef _SHIM_SLAB_H
#define _SHIM_SLAB_H

#include <linux/gfp.h>
#include <linux/kernel.h>

void *shim_alloc(size_t size, gfp_t gfp);
void *shim_kmalloc(size_t size, gfp_t gfp);
void *__vmalloc(size_t size, gfp_t gfp);
void *vmalloc_huge(size_t size, gfp_t gfp);

/* Of whole pages, where there are any: store/page.c */
__attribute__((weak)) void *shim_vmalloc(size_t size, gfp_t gfp);
/* Return: false if @p is no such memory */
__attribute__((weak)) bool shim_vfree(const void *p);

/* Whether memory is to be had without waiting */
#ifdef SHIM_POINTS
bool shim_at_hand(void);
#else
static inline bool shim_at_hand(void)
{
	return true;
}
#endif
void shim_free(const void *p);
void *shim_raw_alloc(size_t align, size_t size);
void shim_raw_free(void *p);

#define kmalloc(size, gfp)	shim_kmalloc(size, gfp)
#define kzalloc(size, gfp)	kmalloc(size, (gfp) | __GFP_ZERO)
#define kcalloc(n, size, gfp)	kzalloc((n) * (size), gfp)
#define kfree(p)		shim_free(p)
#define kvfree(p)		shim_free(p)
#define vfree(p)		shim_free(p)
#define kvzalloc(size, gfp)	kzalloc(size, gfp)

/* The size classes of kmalloc(), and pages beyond */
static inline size_t kmalloc_size_roundup(size_t size)
{
	size_t class = 8;

	if (size > 64 && size <= 96)
		return 96;
	if (size > 128 && size <= 192)
		return 192;
	while (class < size)
		class *= 2;
	return class;
}

struct kmem_cache {
	size_t size;
};

#define KMEM_CACHE(type, flags)		shim_cache(sizeof(struct type))
#define kmem_cache_alloc(cache, gfp)	shim_alloc((cache)->size, gfp)
#define kmem_cache_free(cache, p)	((void)(cache), shim_free(p))
#define kmem_cache_destroy(cache)	shim_free(cache)

static inline struct kmem_cache *shim_cache(size_t size)
{
	struct kmem_cache *cache = shim_alloc(sizeof(*cache), GFP_KERNEL);

	if (cache)
		cache->size = size;
	return cache;
}

#endif
