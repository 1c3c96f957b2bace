/* SPDX-License-Identifier: GPL-2.0-only */
/* Of a kernel that is not preemptible; nothing here runs in a softirq */
#ifndef _BENCH_PREEMPT_H
#define _BENCH_PREEMPT_H

#include <linux/compiler.h>

#define preempt_enable()	barrier()
#define local_bh_disable()	barrier()
#define local_bh_enable()	barrier()

#endif
