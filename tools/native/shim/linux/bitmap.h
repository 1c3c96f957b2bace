/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _SHIM_BITMAP_H
#define _SHIM_BITMAP_H

#include <string.h>
#include <linux/bitops.h>

static inline void bitmap_zero(unsigned long *map, unsigned int bits)
{
	memset(map, 0, BITS_TO_LONGS(bits) * sizeof(*map));
}

static inline unsigned int find_first_zero_bit(const unsigned long *map,
					       unsigned int bits)
{
	unsigned int bit;

	for (bit = 0; bit < bits; bit++)
		if (!(map[bit / BITS_PER_LONG] & BIT(bit % BITS_PER_LONG)))
			break;
	return bit;
}

static inline void __set_bit(unsigned int bit, unsigned long *map)
{
	map[bit / BITS_PER_LONG] |= BIT(bit % BITS_PER_LONG);
}

static inline void __clear_bit(unsigned int bit, unsigned long *map)
{
	map[bit / BITS_PER_LONG] &= ~BIT(bit % BITS_PER_LONG);
}

static inline bool __test_and_clear_bit(unsigned int bit, unsigned long *map)
{
	unsigned long *word = map + bit / BITS_PER_LONG;
	bool was = *word & BIT(bit % BITS_PER_LONG);

	*word &= ~BIT(bit % BITS_PER_LONG);
	return was;
}

#endif
