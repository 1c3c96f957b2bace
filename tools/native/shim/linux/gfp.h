/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _SHIM_GFP_H
#define _SHIM_GFP_H

#include <linux/types.h>

#define __GFP_DIRECT_RECLAIM 1U
#define GFP_NOIO	__GFP_DIRECT_RECLAIM
#define GFP_NOFS	(GFP_NOIO | __GFP_IO)
#define GFP_KERNEL	(GFP_NOFS | __GFP_FS)
#define GFP_ATOMIC	2U
#define GFP_NOWAIT	0U
#define __GFP_ZERO	4U
#define __GFP_NOWARN	8U
#define __GFP_ACCOUNT	16U
#define GFP_KERNEL_ACCOUNT	(GFP_KERNEL | __GFP_ACCOUNT)
#define __GFP_RETRY_MAYFAIL	32U
#define __GFP_NOFAIL	64U
#define __GFP_IO	128U
#define __GFP_FS	256U
#define __GFP_NORETRY	512U

#define PAGE_SHIFT	12
#define PAGE_SIZE	(1UL << PAGE_SHIFT)
#define PAGE_MASK	(~(PAGE_SIZE - 1))
#define PAGE_ALIGN(n)	(((n) + PAGE_SIZE - 1) & PAGE_MASK)
#define offset_in_page(p) ((unsigned long)(p) & ~PAGE_MASK)

/* A machine of 4 GiB */
#define totalram_pages()	(1UL << (32 - PAGE_SHIFT))

#define gfpflags_allow_blocking(gfp)	((gfp) & __GFP_DIRECT_RECLAIM)

#endif
