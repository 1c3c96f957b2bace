/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _SHIM_KTIME_H
#define _SHIM_KTIME_H

#include <time.h>
#include <linux/types.h>

#define NSEC_PER_SEC	1000000000L
#define HZ		1000

#ifdef SHIM_CLOCK
u64 ktime_get_ns(void);
#else
static inline u64 ktime_get_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (u64)now.tv_sec * NSEC_PER_SEC + now.tv_nsec;
}
#endif

static inline void msleep(unsigned int ms)
{
	struct timespec time = { ms / 1000, ms % 1000 * 1000000L };

	nanosleep(&time, NULL);
}

#endif
