/* SPDX-License-Identifier: GPL-2.0-only */
#include <linux/percpu.h>

/* Those that no thread has been yet included */
#define num_possible_cpus()	((unsigned int)SHIM_CPUS)
