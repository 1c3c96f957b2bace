/* SPDX-License-Identifier: GPL-2.0-only */
/* Who waits in a queue sleeps until he is taken out of it: rt/wait.c */
#ifndef _SHIM_WAIT_H
#define _SHIM_WAIT_H

#include <linux/ktime.h>
#include <linux/list.h>
#include <linux/sched/signal.h>
#include <linux/spinlock.h>
#include <linux/wait_bit.h>

typedef struct wait_queue_entry wait_queue_entry_t;
typedef int (*wait_queue_func_t)(wait_queue_entry_t *entry, unsigned int mode,
				 int flags, void *key);

#define WQ_FLAG_EXCLUSIVE	1

struct wait_queue_entry {
	unsigned int		flags;
	unsigned int		mode;		/* TASK_*: how it sleeps */
	wait_queue_func_t	func;
	struct list_head	entry;
};

typedef struct {
	spinlock_t		lock;
	struct list_head	head;
} wait_queue_head_t;

#define __WAIT_QUEUE_HEAD_INITIALIZER(name)				\
	{ .head = LIST_HEAD_INIT((name).head) }

static inline void init_waitqueue_head(wait_queue_head_t *queue)
{
	spin_lock_init(&queue->lock);
	INIT_LIST_HEAD(&queue->head);
}

static inline void init_waitqueue_func_entry(wait_queue_entry_t *entry,
					     wait_queue_func_t func)
{
	entry->flags = 0;
	entry->func = func;
}

void add_wait_queue(wait_queue_head_t *queue, wait_queue_entry_t *entry);
void remove_wait_queue(wait_queue_head_t *queue, wait_queue_entry_t *entry);
int autoremove_wake_function(wait_queue_entry_t *entry, unsigned int mode,
			     int flags, void *key);

/* Up to @exclusive of those who want to be woken alone; 0: all */
void shim_wake_queue(wait_queue_head_t *queue, unsigned int mode, int exclusive,
		     unsigned long key);

#define wake_up(queue)		shim_wake_queue(queue, TASK_NORMAL, 1, 0)
#define wake_up_all(queue)	shim_wake_queue(queue, TASK_NORMAL, 0, 0)
#define wake_up_interruptible(queue)					\
	shim_wake_queue(queue, TASK_INTERRUPTIBLE, 1, 0)
#define wake_up_interruptible_poll(queue, events)			\
	shim_wake_queue(queue, TASK_INTERRUPTIBLE, 1, events)

/* Behind a full barrier */
static inline bool wq_has_sleeper(wait_queue_head_t *queue)
{
	smp_mb();
	return !list_empty(&queue->head);
}

void shim_enter_queue(wait_queue_head_t *queue, wait_queue_entry_t *entry);
/* False: it is later than that */
bool shim_sleep_in_queue(const wait_queue_entry_t *entry, u64 until);
void shim_leave_queue(wait_queue_head_t *queue, wait_queue_entry_t *entry);

#define SHIM_FOR_EVER	(~0ULL)

#define shim_wait_event(queue, condition, _mode, _flags, until)		\
({									\
	wait_queue_entry_t _entry = {					\
		.mode = (_mode), .flags = (_flags),			\
		.func = autoremove_wake_function,			\
		.entry = LIST_HEAD_INIT(_entry.entry),			\
	};								\
	bool _some = !(condition);					\
	int _ret = 0;							\
									\
	while (_some) {							\
		shim_enter_queue(&(queue), &_entry);			\
		if (condition)						\
			break;						\
		if (signal_pending(current))				\
			_ret = -ERESTARTSYS;				\
		if (_ret || !shim_sleep_in_queue(&_entry, until))	\
			break;						\
	}								\
	if (_some)							\
		shim_leave_queue(&(queue), &_entry);			\
	_ret;								\
})

#define wait_event_killable(queue, condition)				\
	shim_wait_event(queue, condition, TASK_UNINTERRUPTIBLE, 0,	\
			SHIM_FOR_EVER)
#define wait_event_interruptible(queue, condition)			\
	shim_wait_event(queue, condition, TASK_INTERRUPTIBLE, 0,	\
			SHIM_FOR_EVER)
#define wait_event_interruptible_exclusive(queue, condition)		\
	shim_wait_event(queue, condition, TASK_INTERRUPTIBLE,		\
			WQ_FLAG_EXCLUSIVE, SHIM_FOR_EVER)
#define wait_event_killable_timeout(queue, condition, timeout)		\
do {									\
	u64 _until = ktime_get_ns() + (timeout) * (NSEC_PER_SEC / HZ);	\
									\
	(void)shim_wait_event(queue, condition, TASK_UNINTERRUPTIBLE,	\
			      0, _until);				\
} while (0)

#endif
