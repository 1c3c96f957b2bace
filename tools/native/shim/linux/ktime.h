/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _SHIM_KTIME_H
#define _SHIM_KTIME_H

#include <time.h>
#include <linux/types.h>

#define NSEC_PER_SEC	1000000000L
#define NSEC_PER_MSEC	1000000L
#define USEC_PER_SEC	1000000L
#define HZ		1000
#define KTIME_MAX	((ktime_t)~(1ULL << 63))

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

/* The machine has not been suspended */
static inline u64 ktime_get_boottime_ns(void)
{
	return ktime_get_ns();
}

static inline ktime_t ktime_get_boottime(void)
{
	return ktime_get_ns();
}

/* For a variable of that name, which nobody's parameter may have */
#define jiffies			((unsigned long)(ktime_get_ns() / (NSEC_PER_SEC / HZ)))
#define MAX_JIFFY_OFFSET	((~0UL >> 1) - 1)
#define time_before(a, b)	((long)((a) - (b)) < 0)
#define usecs_to_jiffies(us)	DIV_ROUND_UP(us, USEC_PER_SEC / HZ)
#define nsecs_to_jiffies64(ns)	((u64)(ns) / (NSEC_PER_SEC / HZ))

static inline void mdelay(unsigned int ms)
{
	u64 end = ktime_get_ns() + ms * NSEC_PER_MSEC;

	while (ktime_get_ns() < end)
		;
}

static inline void usleep_range(unsigned long least, unsigned long most)
{
	struct timespec time = { 0, least * 1000 };

	nanosleep(&time, NULL);
}

static inline void msleep(unsigned int ms)
{
	struct timespec time = { ms / 1000, ms % 1000 * 1000000L };

	nanosleep(&time, NULL);
}

#endif
