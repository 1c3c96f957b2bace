/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _SHIM_SCHED_H
#define _SHIM_SCHED_H

#include <sched.h>
#include <linux/wait_bit.h>

struct mem_cgroup;

struct task_struct {
	unsigned int		fail_nth;
	unsigned int		flags;
	bool			percpu_dry;	/* none without sleeping */
	bool			may_warn;	/* it is counted, and no more */
	unsigned int		warnings;
	unsigned long		rests;
	/* of kthread_run() */
	int			(*fn)(void *arg);
	void			*arg;
	unsigned long		thread;
};

extern __thread struct task_struct *shim_task;
struct task_struct *shim_task_make(void);

#define current			(shim_task ?: shim_task_make())
#define PF_MEMALLOC		1
#define current_gfp_context(gfp)	(gfp)
#define cond_resched()		((void)current->rests++)
#define cpu_relax()		((void)sched_yield())
#define get_task_struct(task)	((void)(task))
#define put_task_struct(task)	((void)(task))

static inline struct mem_cgroup *set_active_memcg(struct mem_cgroup *memcg)
{
	return memcg;
}

struct task_struct *kthread_run(int (*fn)(void *arg), void *arg,
				const char *name);
int kthread_stop(struct task_struct *task);

#endif
