/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Memory of any size, for all layers
 */
#ifndef _SYNCMAP_LARGE_H
#define _SYNCMAP_LARGE_H

#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

/* From here on huge pages are worth what the last one wastes: an eighth at most */
#define SYNCMAP_HUGE	SZ_16M

/*
 * Contiguous memory if it is at hand, else scattered pages. Where these are of 4 KiB,
 * who looks for keys all over a large table waits for most of their addresses, too: so
 * they are huge, if such are at hand. In place of kvmalloc(), for that passes
 * __GFP_RETRY_MAYFAIL on to both: memory would be reclaimed and compacted before
 * scattered pages are thought of. Without that flag somebody might be killed for them.
 * To be freed by kvfree().
 */
static inline void *syncmap_large_alloc(size_t size, gfp_t gfp)
{
	gfp_t at_hand = (gfp & ~__GFP_RETRY_MAYFAIL) | __GFP_NORETRY |
			__GFP_NOWARN;
	void *p;

	if (size <= PAGE_SIZE)
		return kmalloc(size, gfp);
	p = kmalloc(size, at_hand);
	if (p || !gfpflags_allow_blocking(gfp))
		return p;
	p = size < SYNCMAP_HUGE ? NULL : vmalloc_huge(size, at_hand);
	if (p)
		return p;
	return __vmalloc(size, gfp | __GFP_RETRY_MAYFAIL);
}

#endif /* _SYNCMAP_LARGE_H */
