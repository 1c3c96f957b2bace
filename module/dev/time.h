/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Times of CLOCK_BOOTTIME as users see it: in a time namespace it has an offset;
 * and times from now
 *
 * The offset is that of the current process, so this belongs into its calls, not
 * into work that is done for it later.
 */
#ifndef _SYNCMAP_DEV_TIME_H
#define _SYNCMAP_DEV_TIME_H

#include <linux/ktime.h>
#include <linux/time_namespace.h>
#include <uapi/linux/syncmap.h>

/* Zero and SYNCMAP_NEVER mean what they mean on all clocks */
static inline bool syncmap_time_is_special(u64 time)
{
	return !time || time == SYNCMAP_NEVER;
}

/* @offset is negative if its highest bit is set, and no number becomes special */
static inline u64 syncmap_time_shift(u64 time, u64 offset)
{
	u64 sum = time + offset;

	if ((s64)offset < 0)
		return sum < time && sum ? sum : 1;
	return sum < time || sum == SYNCMAP_NEVER ? SYNCMAP_NEVER - 1 : sum;
}

/* What the clock of the caller shows more than that of the kernel */
static inline s64 syncmap_time_offset(void)
{
	return timens_add_boottime_ns(0);
}

static inline u64 syncmap_time_from_user(u64 time)
{
	if (syncmap_time_is_special(time))
		return time;
	return syncmap_time_shift(time, -(u64)syncmap_time_offset());
}

static inline u64 syncmap_time_to_user(u64 time)
{
	if (syncmap_time_is_special(time))
		return time;
	return syncmap_time_shift(time, syncmap_time_offset());
}

/* @time is in so many nanoseconds */
static inline u64 syncmap_time_from_now(u64 time)
{
	if (syncmap_time_is_special(time))
		return time;
	return syncmap_time_shift(time, ktime_get_boottime_ns());
}

/* In how many nanoseconds @time is; 1 if it has passed */
static inline u64 syncmap_time_until(u64 time)
{
	if (syncmap_time_is_special(time))
		return time;
	return syncmap_time_shift(time, -ktime_get_boottime_ns());
}

#endif /* _SYNCMAP_DEV_TIME_H */
