/* SPDX-License-Identifier: GPL-2.0-only */
/* As in the kernel a counter is one addition, relative to %gs */
#include_next <linux/percpu.h>

#ifndef _BENCH_PERCPU_H
#define _BENCH_PERCPU_H

extern __thread unsigned long bench_cpu_offset;

#undef this_cpu_add_return
#undef this_cpu_add
#define this_cpu_ptr(p)							\
	((__typeof__(p))((unsigned long)(p) + bench_cpu_offset))
#undef raw_cpu_ptr
#define raw_cpu_ptr(p)			this_cpu_ptr(p)
#define this_cpu_add_return(x, n)	(*this_cpu_ptr(&(x)) += (n))
#ifdef __x86_64__
#define this_cpu_add(x, n)						\
	((void)(*(__seg_gs __typeof__(x) *)(unsigned long)&(x) += (n)))
#else
#define this_cpu_add(x, n)		((void)this_cpu_add_return(x, n))
#endif

#endif
