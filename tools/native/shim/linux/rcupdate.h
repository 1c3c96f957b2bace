/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _SHIM_RCUPDATE_H
#define _SHIM_RCUPDATE_H

#include <linux/compiler.h>

void rcu_read_lock(void);
void rcu_read_unlock(void);
bool rcu_read_lock_held(void);

#define RCU_LOCKDEP_WARN(condition, what)	((void)WARN_ON_ONCE(condition))

/* Around waiting; for an RCU whose threads read unless they say otherwise */
static inline bool shim_offline(void)
{
	return false;
}

static inline void shim_online(bool again)
{
}

/* store/rcu.c */
struct rcu_head {
	struct rcu_head	*next;
	void		(*func)(struct rcu_head *head);
	void		*object;	/* without a function: to be freed */
};

void call_rcu(struct rcu_head *head, void (*func)(struct rcu_head *head));
void shim_free_rcu(struct rcu_head *head, void *object);
void shim_synchronize(void);

#define kfree_rcu(p, member)		shim_free_rcu(&(p)->member, p)
#define kvfree_rcu(p, member)		kfree_rcu(p, member)
#define synchronize_rcu()		shim_synchronize()

#define rcu_access_pointer(p)		READ_ONCE(p)
#define rcu_dereference(p)		READ_ONCE(p)
#define rcu_dereference_protected(p, c)	((void)sizeof(c), (p))
#define rcu_assign_pointer(p, v)	smp_store_release(&(p), v)
#define rcu_replace_pointer(p, v, c)					\
({									\
	__typeof__(p) _old = (p);					\
									\
	(void)sizeof(c);						\
	rcu_assign_pointer(p, v);					\
	_old;								\
})
#define RCU_INIT_POINTER(p, v)		((void)((p) = (v)))

#endif
