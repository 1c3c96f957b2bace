/* SPDX-License-Identifier: GPL-2.0-only */
/* Callbacks of RCU, which only the kernel's own sources want, are here, too */
#ifndef _BENCH_RCULIST_H
#define _BENCH_RCULIST_H

#include <linux/list.h>
#include <linux/rcupdate.h>
#include <linux/string.h>

struct rcu_head {
	struct rcu_head	*next;
	void		(*func)(struct rcu_head *head);
};

/* In a thread that serves all */
void call_rcu(struct rcu_head *head, void (*func)(struct rcu_head *head));

static inline void rcu_head_init(struct rcu_head *head)
{
	head->func = NULL;
}

static inline bool rcu_head_after_call_rcu(struct rcu_head *head,
					   void (*func)(struct rcu_head *head))
{
	return READ_ONCE(head->func) == func;
}

#endif
