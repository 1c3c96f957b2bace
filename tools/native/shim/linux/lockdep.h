/* SPDX-License-Identifier: GPL-2.0-only */
/* A map stands for what reclaims memory: nobody takes it who does so himself */
#ifndef _SHIM_LOCKDEP_H
#define _SHIM_LOCKDEP_H

#include <linux/sched.h>
#include <linux/spinlock.h>

#define lock_map_acquire(map)						\
	((void)WARN_ON_ONCE(current->flags & PF_MEMALLOC))
#define lock_map_release(map)	((void)0)

#endif
