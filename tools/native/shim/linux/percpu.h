/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A thread stands for a CPU: it has a number of its own, below nr_cpu_ids, as
 * long as it lives.
 */
#ifndef _SHIM_PERCPU_H
#define _SHIM_PERCPU_H

#include <linux/sched.h>
#include <linux/slab.h>

#ifndef SHIM_CPUS
#define SHIM_CPUS	128
#endif
#define SHIM_CPU_STRIDE	256

int shim_cpu(void);
extern int nr_cpu_ids;

/* What all CPUs share under the variable's name is large enough for each */
#define DEFINE_PER_CPU(type, name)					\
	char shim_percpu_##name[SHIM_CPUS * SHIM_CPU_STRIDE]		\
		__aligned(SHIM_CPU_STRIDE);				\
	extern type name __attribute__((alias("shim_percpu_" #name)))

static inline void *shim_alloc_percpu(gfp_t gfp)
{
	if (current->percpu_dry && !gfpflags_allow_blocking(gfp))
		return NULL;
	/* It need not be one piece */
	return kzalloc(SHIM_CPUS * SHIM_CPU_STRIDE, gfp & ~__GFP_RETRY_MAYFAIL);
}

#define alloc_percpu_gfp(type, gfp)					\
({									\
	static_assert(sizeof(type) <= SHIM_CPU_STRIDE);			\
	(type *)shim_alloc_percpu(gfp);					\
})
#define alloc_percpu(type)	alloc_percpu_gfp(type, GFP_KERNEL)
#define free_percpu(p)		shim_free(p)
#define per_cpu_ptr(p, cpu)						\
	((__typeof__(p))((unsigned long)(p) + (cpu) * SHIM_CPU_STRIDE))
#define raw_cpu_ptr(p)		per_cpu_ptr(p, shim_cpu())
#define for_each_possible_cpu(cpu)					\
	for (cpu = 0; cpu < __atomic_load_n(&nr_cpu_ids, __ATOMIC_ACQUIRE); cpu++)

/* Written by one thread, read by all; orders nothing, and is not atomic */
#define this_cpu_add_return(x, n)					\
({									\
	__typeof__(&(x)) _x = per_cpu_ptr(&(x), shim_cpu());		\
	__typeof__(x) _sum = *_x + (n);					\
									\
	shim_untouched();						\
	__atomic_store_n(_x, _sum, __ATOMIC_RELAXED);			\
	_sum;								\
})
#define this_cpu_add(x, n)	((void)this_cpu_add_return(x, n))
#define this_cpu_sub(x, n)	this_cpu_add(x, -(n))
#define this_cpu_inc(x)		this_cpu_add(x, 1)
#define this_cpu_inc_return(x)	this_cpu_add_return(x, 1)

#endif
