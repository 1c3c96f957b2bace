/* SPDX-License-Identifier: GPL-2.0-only */
/* Unbound queues; of each, so many works are done at a time as it says */
#ifndef _SHIM_WORKQUEUE_H
#define _SHIM_WORKQUEUE_H

#include <linux/kernel.h>
#include <linux/rcupdate.h>

#define WQ_UNBOUND	1
#define WQ_MEM_RECLAIM	2

struct workqueue_struct;

struct work_struct {
	void			(*func)(struct work_struct *work);
	struct workqueue_struct	*wq;
	struct work_struct	*next;
	u64			due;
	bool			pending;
};

struct delayed_work {
	struct work_struct work;
};

struct rcu_work {
	struct work_struct	work;
	struct rcu_work		*after;
	unsigned long		readers;	/* that it waits for: explorer */
	bool			waiting;	/* for a grace period */
};

struct irq_work {
	void (*func)(struct irq_work *work);
};

/* Into, and out of, a queue by time */
static inline void shim_work_insert(struct work_struct **queue,
				    struct work_struct *work)
{
	while (*queue && (*queue)->due <= work->due)
		queue = &(*queue)->next;
	work->next = *queue;
	work->pending = true;
	*queue = work;
}

static inline void shim_work_remove(struct work_struct **queue,
				    struct work_struct *work)
{
	while (*queue != work)
		queue = &(*queue)->next;
	*queue = work->next;
	work->pending = false;
}

bool shim_queue(struct workqueue_struct *wq, struct work_struct *work,
		unsigned long delay, bool again);
bool shim_cancel(struct work_struct *work);
bool shim_cancel_pending(struct work_struct *work);
bool shim_is_busy(struct work_struct *work);
/* What is queued for later is due now */
void shim_hurry(struct work_struct *work);
bool shim_flush(struct work_struct *work);
bool queue_rcu_work(struct workqueue_struct *wq, struct rcu_work *work);
bool flush_rcu_work(struct rcu_work *work);
/* @max: 0 is for some */
struct workqueue_struct *alloc_workqueue(const char *name, int flags, int max, ...);
void flush_workqueue(struct workqueue_struct *wq);
void destroy_workqueue(struct workqueue_struct *wq);

extern struct workqueue_struct *system_unbound_wq;

#define system_long_wq		system_unbound_wq

#define __DELAYED_WORK_INITIALIZER(name, fn, flags)			\
	{ .work = { .func = fn } }
#define DECLARE_WORK(name, fn)	struct work_struct name = { .func = fn }
#define DECLARE_DELAYED_WORK(name, fn)					\
	struct delayed_work name = __DELAYED_WORK_INITIALIZER(name, fn, 0)
#define INIT_WORK(w, fn)		(*(w) = (struct work_struct){ .func = fn })
#define INIT_WORK_ONSTACK(w, fn)	INIT_WORK(w, fn)
#define destroy_work_on_stack(w)	((void)(w))
#define INIT_DELAYED_WORK(w, fn)	INIT_WORK(&(w)->work, fn)
#define INIT_RCU_WORK(w, fn)		INIT_WORK(&(w)->work, fn)
#define to_delayed_work(w)		container_of(w, struct delayed_work, work)
#define to_rcu_work(w)			container_of(w, struct rcu_work, work)
#define queue_work(wq, w)		shim_queue(wq, w, 0, false)
#define queue_delayed_work(wq, w, delay)				\
	shim_queue(wq, &(w)->work, delay, false)
#define mod_delayed_work(wq, w, delay)					\
	shim_queue(wq, &(w)->work, delay, true)
#define cancel_delayed_work(w)		shim_cancel_pending(&(w)->work)
#define cancel_delayed_work_sync(w)	shim_cancel(&(w)->work)
#define work_busy(w)			shim_is_busy(w)
#define flush_work(w)			shim_flush(w)
#define schedule_delayed_work(w, delay)					\
	queue_delayed_work(system_unbound_wq, w, delay)
#define flush_delayed_work(w)		(shim_hurry(&(w)->work), shim_flush(&(w)->work))

/* At once, as if the interrupt came before the next instruction */
#define IRQ_WORK_INIT(fn)		{ .func = fn }
#define IRQ_WORK_INIT_HARD(fn)		((struct irq_work)IRQ_WORK_INIT(fn))
#define init_irq_work(w, fn)		(*(w) = (struct irq_work){ .func = fn })
#define irq_work_sync(w)		((void)(w))

static inline bool irq_work_queue(struct irq_work *work)
{
	work->func(work);
	return true;
}

#endif
