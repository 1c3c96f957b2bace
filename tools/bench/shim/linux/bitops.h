/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _BENCH_BITOPS_H
#define _BENCH_BITOPS_H

#include_next <linux/bitops.h>

#define rounddown_pow_of_two(n)	(1UL << ilog2((unsigned long)(n)))

static inline u32 rol32(u32 word, unsigned int shift)
{
	return word << (shift & 31) | word >> (-shift & 31);
}

#endif
