/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _BENCH_RANDOM_H
#define _BENCH_RANDOM_H

#include_next <linux/random.h>

static inline u32 get_random_u32(void)
{
	return get_random_u64();
}

#endif
