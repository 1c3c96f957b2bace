/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Readers cost nothing, as in a kernel that is not preemptible: a thread is in
 * a read section all the time that it is online, but for quiescent states.
 */
#ifndef _SHIM_RCUPDATE_H
#define _SHIM_RCUPDATE_H

#include <linux/compiler.h>

/* rcu.c */
void rcu_enter(void);
void rcu_leave(void);
void rcu_quiescent(void);
bool shim_offline(void);
void shim_online(bool again);
void shim_synchronize(void);
void kvfree_rcu(void *p);
void rcu_barrier(void);

static __always_inline void rcu_read_lock(void)
{
	barrier();
}

static __always_inline void rcu_read_unlock(void)
{
	barrier();
}

static inline bool rcu_read_lock_held(void)
{
	return false;
}

#define rcu_access_pointer(p)		READ_ONCE(p)
#define rcu_dereference(p)		READ_ONCE(p)
#define rcu_dereference_raw(p)		READ_ONCE(p)
#define rcu_dereference_check(p, c)	((void)sizeof(c), READ_ONCE(p))
#define rcu_dereference_protected(p, c)	((void)sizeof(c), (p))
#define rcu_assign_pointer(p, v)	smp_store_release(&(p), v)
#define RCU_INIT_POINTER(p, v)		((void)((p) = (v)))

#endif
