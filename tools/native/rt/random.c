// SPDX-License-Identifier: GPL-2.0-only
/*
 * Random numbers that are not.
 */
#include <linux/random.h>

unsigned int shim_random;

void get_random_bytes(void *buffer, size_t len)
{
	u64 z = __atomic_add_fetch(&shim_random, 1, __ATOMIC_RELAXED);
	u8 *p = buffer;

	while (len--) {
		z = z * 0x5851f42d4c957f2dULL + 0x14057b7ef767814fULL;
		*p++ = z >> 56;
	}
}
