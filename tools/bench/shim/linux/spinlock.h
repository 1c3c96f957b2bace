/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Locks in place: they are as large as the kernel's, and taken and given back free
 * they are what those are, one atomic operation and one store.
 */
#ifndef _SHIM_SPINLOCK_H
#define _SHIM_SPINLOCK_H

#include <sched.h>
#include <linux/sched.h>

/* For who spins; there may be more threads than cores */
static inline void pause_or_yield(unsigned int *spins)
{
	if (++*spins % 1024)
		cpu_relax();
	else
		sched_yield();
}

typedef struct {
	u16	locked;
	u16	waiters;
} spinlock_t;

/* Readers count up by RW_READER; a writer that waits keeps new ones out */
typedef struct {
	unsigned int	count;
	spinlock_t	queue;
} rwlock_t;

#define RW_WRITER	1U
#define RW_WAITING	2U
#define RW_READER	4U

struct mutex {
	spinlock_t	lock;
};

void bench_lock_slow(spinlock_t *lock);
void bench_read_lock_slow(rwlock_t *lock);
void bench_write_lock_slow(rwlock_t *lock);

static __always_inline bool spin_trylock(spinlock_t *lock)
{
	u16 unlocked = 0;

	return __atomic_compare_exchange_n(&lock->locked, &unlocked, 1, false,
					   __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
}

static __always_inline void spin_lock(spinlock_t *lock)
{
	if (unlikely(!spin_trylock(lock)))
		bench_lock_slow(lock);
}

static __always_inline void spin_unlock(spinlock_t *lock)
{
	__atomic_store_n(&lock->locked, 0, __ATOMIC_RELEASE);
}

static __always_inline void read_lock(rwlock_t *lock)
{
	if (unlikely(__atomic_add_fetch(&lock->count, RW_READER,
					__ATOMIC_ACQUIRE) &
		     (RW_WRITER | RW_WAITING)))
		bench_read_lock_slow(lock);
}

static __always_inline void read_unlock(rwlock_t *lock)
{
	__atomic_sub_fetch(&lock->count, RW_READER, __ATOMIC_RELEASE);
}

static __always_inline void write_lock(rwlock_t *lock)
{
	unsigned int unlocked = 0;

	if (unlikely(!__atomic_compare_exchange_n(&lock->count, &unlocked,
						  RW_WRITER, false,
						  __ATOMIC_ACQUIRE,
						  __ATOMIC_RELAXED)))
		bench_write_lock_slow(lock);
}

static __always_inline void write_unlock(rwlock_t *lock)
{
	__atomic_sub_fetch(&lock->count, RW_WRITER, __ATOMIC_RELEASE);
}

#define __SPIN_LOCK_UNLOCKED(name)	{}
#define DEFINE_SPINLOCK(name)		spinlock_t name = {}
#define spin_lock_init(l)		(*(l) = (spinlock_t){})
#define rwlock_init(l)			(*(l) = (rwlock_t){})
#define mutex_init(l)			(*(l) = (struct mutex){})
#define spin_lock_irqsave(l, flags)	((flags) = 0, spin_lock(l))
#define spin_unlock_irqrestore(l, flags) ((void)(flags), spin_unlock(l))
#define spin_is_contended(l)						\
	(__atomic_load_n(&(l)->waiters, __ATOMIC_RELAXED) > 0)
#define mutex_lock(m)			spin_lock(&(m)->lock)
#define mutex_unlock(m)			spin_unlock(&(m)->lock)
#define lockdep_assert_held(l)		((void)(l))

#endif
