/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _BENCH_SCHED_H
#define _BENCH_SCHED_H

#include_next <linux/sched.h>
#include <linux/rcupdate.h>

#undef cond_resched
#undef cpu_relax
#define cond_resched()	rcu_quiescent()
#define cpu_relax()	__builtin_ia32_pause()

#endif
