/* SPDX-License-Identifier: GPL-2.0-only */
#include <linux/percpu.h>

#define num_possible_cpus()						\
	((unsigned int)__atomic_load_n(&nr_cpu_ids, __ATOMIC_ACQUIRE))
