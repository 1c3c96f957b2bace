/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _SHIM_STRING_H
#define _SHIM_STRING_H

#include <string.h>
#include <linux/kernel.h>

#define strscpy(to, from, size)	snprintf(to, size, "%s", from)
#define strscpy_pad(to, from, size)					\
	((void)memset(to, 0, size), strscpy(to, from, size))

/* The first byte that is another one */
static inline void *memchr_inv(const void *p, int c, size_t n)
{
	const u8 *byte;

	for (byte = p; n; byte++, n--)
		if (*byte != (u8)c)
			return (void *)byte;
	return NULL;
}

static inline char *strnstr(const char *s, const char *what, size_t len)
{
	return memmem(s, len, what, strlen(what));
}

#endif
