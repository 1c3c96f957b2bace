/* SPDX-License-Identifier: GPL-2.0-only */
#include_next <linux/compiler.h>

#ifdef __x86_64__
/* The kernel's prefetch() is prefetchnta there */
#undef prefetch
#define prefetch(p)		__builtin_prefetch(p, 0, 0)
#endif
