/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _BENCH_WORKQUEUE_H
#define _BENCH_WORKQUEUE_H

#include_next <linux/workqueue.h>

#define schedule_work(work)	queue_work(system_unbound_wq, work)
#define cancel_work_sync(work)	shim_cancel(work)

#endif
