/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _SHIM_SCHED_H
#define _SHIM_SCHED_H

#include <sched.h>
#include <linux/wait_bit.h>

struct cred;
struct mem_cgroup;
struct mm_struct;

struct task_struct {
	unsigned int		fail_nth;
	unsigned int		flags;
	bool			percpu_dry;	/* none without sleeping */
	bool			may_warn;	/* it is counted, and no more */
	unsigned int		warnings;
	bool			killed;
	unsigned int		state;		/* TASK_* */
	unsigned long		rests;
	struct mm_struct	*mm;
	const struct cred	*cred;		/* NULL: root's */
	/* of kthread_run() */
	struct list_head	node;
	int			(*fn)(void *arg);
	void			*arg;
	bool			ended;
};

extern __thread struct task_struct *shim_task;
struct task_struct *shim_task_make(void);

#define current			(shim_task ?: shim_task_make())
#define PF_MEMALLOC		1
#define PF_WQ_WORKER		2
#define current_gfp_context(gfp)	(gfp)
#define cond_resched()		((void)current->rests++)
#define cpu_relax()		((void)sched_yield())
#define get_task_struct(task)	((void)(task))
#define put_task_struct(task)	((void)(task))

static inline struct mem_cgroup *set_active_memcg(struct mem_cgroup *memcg)
{
	return memcg;
}

/* It ends by itself; kthread_stop() waits for that */
struct task_struct *kthread_run(int (*fn)(void *arg), void *arg,
				const char *name);
int kthread_stop(struct task_struct *task);

/* Who sets his state looks then whether he is to sleep; others make him run first */
#define set_current_state(how)						\
	__atomic_store_n(&current->state, how, __ATOMIC_SEQ_CST)
#define __set_current_state(how)					\
	__atomic_store_n(&current->state, how, __ATOMIC_RELAXED)

static inline void wake_up_process(struct task_struct *task)
{
	__atomic_store_n(&task->state, TASK_RUNNING, __ATOMIC_SEQ_CST);
	shim_wake();
}

#endif
