/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Memory of any size, for all layers
 */
#ifndef _SYNCMAP_LARGE_H
#define _SYNCMAP_LARGE_H

#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

/*
 * Contiguous memory if it is at hand, else scattered pages. In place of
 * kvmalloc(), for it passes __GFP_RETRY_MAYFAIL on to both: memory would be
 * reclaimed and compacted before scattered pages are thought of. Without that flag
 * somebody might be killed for them. To be freed by kvfree().
 */
static inline void *syncmap_large_alloc(size_t size, gfp_t gfp)
{
	void *p;

	if (size <= PAGE_SIZE)
		return kmalloc(size, gfp);
	p = kmalloc(size, (gfp & ~__GFP_RETRY_MAYFAIL) | __GFP_NORETRY |
			  __GFP_NOWARN);
	if (p || !gfpflags_allow_blocking(gfp))
		return p;
	return __vmalloc(size, gfp | __GFP_RETRY_MAYFAIL);
}

#endif /* _SYNCMAP_LARGE_H */
