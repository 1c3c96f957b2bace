/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _SHIM_HRTIMER_H
#define _SHIM_HRTIMER_H

#include <linux/ktime.h>
#include <linux/sched.h>

#define HRTIMER_MODE_ABS	0

/*
 * Until the state of the caller is TASK_RUNNING again, a signal comes, or it is
 * *@expires. Return: 0: that late; -EINTR
 */
int shim_sleep_until(const ktime_t *expires);

#define schedule_hrtimeout_range_clock(expires, delta, mode, clock)	\
	shim_sleep_until(expires)

#endif
