/* SPDX-License-Identifier: GPL-2.0-only */
/* The same memory for all: a slab allocator like the kernel's, see mem.c */
#ifndef _SHIM_SLAB_H
#define _SHIM_SLAB_H

#include <linux/gfp.h>
#include <linux/kernel.h>

void *mem_alloc(size_t size, bool zero);
void mem_free(const void *p);

#define kmalloc(size, gfp)	mem_alloc(size, (gfp) & __GFP_ZERO)
#define kzalloc(size, gfp)	((void)(gfp), mem_alloc(size, true))
#define kcalloc(n, size, gfp)	kzalloc((n) * (size), gfp)
#define kvmalloc(size, gfp)	kmalloc(size, gfp)
#define kvzalloc(size, gfp)	kzalloc(size, gfp)
#define kvcalloc(n, size, gfp)	kcalloc(n, size, gfp)
#define __vmalloc(size, gfp)	kmalloc(size, gfp)
#define vmalloc_huge(size, gfp)	kmalloc(size, gfp)
#define kfree(p)		mem_free(p)
#define kvfree(p)		mem_free(p)
#define shim_free(p)		mem_free(p)

/* Objects of exactly this size, and not of a class of kmalloc() */
struct kmem_cache {
	unsigned int class;
};

struct kmem_cache *mem_cache(size_t size);
void *mem_cache_alloc(unsigned int class);
void mem_cache_free(unsigned int class, void *p);

#define KMEM_CACHE(type, flags)		mem_cache(sizeof(struct type))
#define kmem_cache_alloc(cache, gfp)	mem_cache_alloc((cache)->class)
#define kmem_cache_free(cache, p)	mem_cache_free((cache)->class, p)
#define kmem_cache_destroy(cache)	((void)(cache))

#endif
