/* SPDX-License-Identifier: GPL-2.0-only */
/* A queue is nothing by itself: a wake-up of any kind lets each look again */
#ifndef _SHIM_WAIT_H
#define _SHIM_WAIT_H

#include <linux/ktime.h>
#include <linux/wait_bit.h>

typedef struct {
	char	unused;
} wait_queue_head_t;

#define __WAIT_QUEUE_HEAD_INITIALIZER(name)	{}
#define init_waitqueue_head(queue)		((void)(queue))
#define wake_up_all(queue)			((void)(queue), shim_wake())

#define wait_event_killable(queue, condition)				\
({									\
	wait_var_event(&(queue), condition);				\
	0;								\
})

#define wait_event_killable_timeout(queue, condition, timeout)		\
do {									\
	u64 _until = ktime_get_ns() + (timeout) * (NSEC_PER_SEC / HZ);	\
									\
	(void)(queue);							\
	if (condition)							\
		break;							\
	shim_wait_begin();						\
	while (!(condition) && shim_wait_until(_until))			\
		;							\
	shim_wait_end();						\
} while (0)

#endif
