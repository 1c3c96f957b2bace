/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _SHIM_SCHED_MM_H
#define _SHIM_SCHED_MM_H

#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/slab.h>

#define might_alloc(gfp)						\
	((void)WARN_ON_ONCE((gfp) & __GFP_DIRECT_RECLAIM && rcu_read_lock_held()))

#endif
