/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _BENCH_SCHED_H
#define _BENCH_SCHED_H

#include_next <linux/sched.h>
#include <linux/rcupdate.h>

/* Told of each rest, and whether it ends something, by who measures it */
extern void (*bench_rest)(bool ends);

static inline void bench_resched(void)
{
	if (unlikely(bench_rest))
		bench_rest(true);
	rcu_quiescent();
}

#undef cond_resched
#undef cpu_relax
#define cond_resched()	bench_resched()
#ifdef __x86_64__
#define cpu_relax()	__builtin_ia32_pause()
#else
#define cpu_relax()	barrier()
#endif

#endif
