/* SPDX-License-Identifier: GPL-2.0-only */
#include_next <linux/compiler.h>

#ifdef __x86_64__
/* The kernel's prefetch() is prefetchnta there, and it has prefetchw() */
#undef prefetch
#define prefetch(p)		__builtin_prefetch(p, 0, 0)
#undef prefetchw
#define prefetchw(p)							\
	__asm__ __volatile__("prefetchw %0" : : "m" (*(const char *)(p)))
#endif

/* What only the kernel's own sources say */
#ifndef fallthrough
#define fallthrough		__attribute__((fallthrough))
#define __packed		__attribute__((packed))
#define __release(x)		((void)0)
#endif
