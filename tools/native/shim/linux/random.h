/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _SHIM_RANDOM_H
#define _SHIM_RANDOM_H

#include <linux/types.h>

/* The same in each run, so that failures come again */
void get_random_bytes(void *buffer, size_t len);

static inline u64 get_random_u64(void)
{
	u64 n;

	get_random_bytes(&n, sizeof(n));
	return n;
}

/* Where it stands */
extern unsigned int shim_random;

#endif
