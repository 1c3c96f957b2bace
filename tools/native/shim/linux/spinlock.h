/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _SHIM_SPINLOCK_H
#define _SHIM_SPINLOCK_H

#include <pthread.h>
#include <linux/kernel.h>

typedef struct {
	int	locked;
	int	waiters;
} spinlock_t;

/* How many this thread holds */
extern __thread unsigned int shim_locks;

/* Of a shim: who holds it may allocate */
static inline void shim_mutex_lock(pthread_mutex_t *lock)
{
	pthread_mutex_lock(lock);
	shim_locks++;
}

static inline void shim_mutex_unlock(pthread_mutex_t *lock)
{
	shim_locks--;
	pthread_mutex_unlock(lock);
}

void shim_lock(spinlock_t *lock);
void shim_unlock(spinlock_t *lock);

#define __SPIN_LOCK_UNLOCKED(name)	{}
#define DEFINE_SPINLOCK(name)		spinlock_t name = {}
#define SINGLE_DEPTH_NESTING		1
#define spin_lock(l)			shim_lock(l)
#define spin_unlock(l)			shim_unlock(l)
#define spin_lock_nested(l, subclass)	shim_lock(l)
#define spin_lock_irq(l)		shim_lock(l)
#define spin_unlock_irq(l)		shim_unlock(l)
#define spin_lock_init(l)		(*(l) = (spinlock_t){})
#define spin_lock_irqsave(l, flags)	((flags) = 0, shim_lock(l))
#define spin_unlock_irqrestore(l, flags) ((void)(flags), shim_unlock(l))
#define spin_is_contended(l)						\
	(__atomic_load_n(&(l)->waiters, __ATOMIC_RELAXED) > 0)
#define lockdep_is_held(l)	true
#define lockdep_assert_held(l)						\
	WARN_ON_ONCE(!__atomic_load_n(&(l)->locked, __ATOMIC_RELAXED))

#endif
