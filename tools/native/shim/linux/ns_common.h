/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _SHIM_NS_COMMON_H
#define _SHIM_NS_COMMON_H

#include <linux/refcount.h>

struct ns_common {
	unsigned int	inum;
	refcount_t	count;
};

#endif
