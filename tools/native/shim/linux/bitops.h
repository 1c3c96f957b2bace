/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _SHIM_BITOPS_H
#define _SHIM_BITOPS_H

#include <linux/compiler.h>

#define BITS_PER_LONG	64
#define BIT(n)		(1UL << (n))
#define BIT_ULL(n)	(1ULL << (n))
#define GENMASK_ULL(h, l) ((~0ULL << (l)) & (~0ULL >> (63 - (h))))
#define ilog2(n)	(63 - __builtin_clzll(n))
#define fls64(n)	((n) ? 64 - __builtin_clzll(n) : 0)
#define __ffs64(n)	((unsigned int)__builtin_ctzll(n))
#define order_base_2(n)	((n) > 1 ? ilog2((unsigned long)(n) - 1) + 1 : 0)
#define roundup_pow_of_two(n)						\
	((n) <= 1 ? 1UL : 2UL << ilog2((unsigned long)(n) - 1))

#define BITS_TO_LONGS(n) (((n) + BITS_PER_LONG - 1) / BITS_PER_LONG)
#define DECLARE_BITMAP(name, bits)					\
	unsigned long name[BITS_TO_LONGS(bits)]

static inline bool test_bit(unsigned int bit, const unsigned long *word)
{
	word += bit / BITS_PER_LONG;
	shim_point(word, false);
	return __atomic_load_n(word, __ATOMIC_RELAXED) & BIT(bit % BITS_PER_LONG);
}

static inline void set_bit(unsigned int bit, unsigned long *word)
{
	word += bit / BITS_PER_LONG;
	shim_point(word, true);
	if (shim_ordered(word))
		__atomic_or_fetch(word, BIT(bit % BITS_PER_LONG), __ATOMIC_SEQ_CST);
	else
		__atomic_or_fetch(word, BIT(bit % BITS_PER_LONG), __ATOMIC_RELAXED);
}

static inline void clear_bit(unsigned int bit, unsigned long *word)
{
	word += bit / BITS_PER_LONG;
	shim_point(word, true);
	if (shim_ordered(word))
		__atomic_and_fetch(word, ~BIT(bit % BITS_PER_LONG), __ATOMIC_SEQ_CST);
	else
		__atomic_and_fetch(word, ~BIT(bit % BITS_PER_LONG), __ATOMIC_RELAXED);
}

static inline void clear_bit_unlock(unsigned int bit, unsigned long *word)
{
	word += bit / BITS_PER_LONG;
	shim_point(word, true);
	__atomic_and_fetch(word, ~BIT(bit % BITS_PER_LONG), __ATOMIC_RELEASE);
}

static inline bool test_and_clear_bit(unsigned int bit, unsigned long *word)
{
	word += bit / BITS_PER_LONG;
	shim_point(word, true);
	return __atomic_fetch_and(word, ~BIT(bit % BITS_PER_LONG), __ATOMIC_SEQ_CST) & BIT(bit % BITS_PER_LONG);
}

static inline bool test_and_set_bit(unsigned int bit, unsigned long *word)
{
	word += bit / BITS_PER_LONG;
	shim_point(word, true);
	return __atomic_fetch_or(word, BIT(bit % BITS_PER_LONG), __ATOMIC_SEQ_CST) & BIT(bit % BITS_PER_LONG);
}

/* Acquires only if it sets the bit */
static inline bool test_and_set_bit_lock(unsigned int bit, unsigned long *word)
{
	word += bit / BITS_PER_LONG;
	shim_point(word, true);
	if (__atomic_load_n(word, __ATOMIC_RELAXED) & BIT(bit % BITS_PER_LONG))
		return true;
	return __atomic_fetch_or(word, BIT(bit % BITS_PER_LONG), __ATOMIC_ACQUIRE) & BIT(bit % BITS_PER_LONG);
}

static inline bool __test_and_set_bit(unsigned int bit, unsigned long *word)
{
	bool was;

	word += bit / BITS_PER_LONG;
	was = *word & BIT(bit % BITS_PER_LONG);
	*word |= BIT(bit % BITS_PER_LONG);
	return was;
}

static inline unsigned int bitmap_weight(const unsigned long *map,
					 unsigned int bits)
{
	unsigned int bit, weight = 0;

	for (bit = 0; bit < bits; bit++)
		weight += test_bit(bit, map);
	return weight;
}

#endif
