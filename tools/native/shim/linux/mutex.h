/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _SHIM_MUTEX_H
#define _SHIM_MUTEX_H

#include <linux/sched/signal.h>
#include <linux/wait_bit.h>

struct mutex {
	int	locked;
};

#define DEFINE_MUTEX(name)	struct mutex name = {}
#define mutex_init(m)		(*(m) = (struct mutex){})

static inline bool mutex_trylock(struct mutex *mutex)
{
	int unlocked = 0;

	return __atomic_compare_exchange_n(&mutex->locked, &unlocked, 1, false,
					   __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
}

static inline void mutex_lock(struct mutex *mutex)
{
	wait_var_event(mutex, mutex_trylock(mutex));
}

/* Who need not wait for it gets it, be he killed */
static inline int mutex_lock_killable(struct mutex *mutex)
{
	return wait_var_event_killable(mutex, mutex_trylock(mutex)) ?
		-EINTR : 0;
}

static inline void mutex_unlock(struct mutex *mutex)
{
	__atomic_store_n(&mutex->locked, 0, __ATOMIC_RELEASE);
	shim_wake();
}

#endif
