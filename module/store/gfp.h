/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How memory is allocated that users make us take
 */
#ifndef _SYNCMAP_STORE_GFP_H
#define _SYNCMAP_STORE_GFP_H

#include <linux/gfp.h>

/*
 * It is charged to their memory cgroups. When memory is short they hear -ENOMEM,
 * rather than somebody be killed for it.
 */
#define BYTEMAP_GFP	(GFP_KERNEL_ACCOUNT | __GFP_RETRY_MAYFAIL | __GFP_NOWARN)

/* For what there may be or not: no work is done to get it */
#define BYTEMAP_GFP_OPTIONAL						\
	((BYTEMAP_GFP & ~__GFP_RETRY_MAYFAIL) | __GFP_NORETRY)

/* Where others wait for the one who allocates */
#define BYTEMAP_GFP_NOWAIT	(GFP_NOWAIT | __GFP_ACCOUNT | __GFP_NOWARN)

#endif /* _SYNCMAP_STORE_GFP_H */
