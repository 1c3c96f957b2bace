/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _BENCH_ERR_H
#define _BENCH_ERR_H

#include <linux/kernel.h>

static inline void *ERR_CAST(const void *p)
{
	return (void *)p;
}

#endif
