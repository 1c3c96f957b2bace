/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _SHIM_HASH_H
#define _SHIM_HASH_H

#include <linux/types.h>

static inline u32 hash_64(u64 value, unsigned int bits)
{
	return value * 0x61C8864680B583EBULL >> (64 - bits);
}

#define hash_ptr(p, bits)	hash_64((unsigned long)(p), bits)

#endif
