// SPDX-License-Identifier: GPL-2.0-only
/*
 * Locks that are taken.
 */
#include <linux/spinlock.h>

void bench_lock_slow(spinlock_t *lock)
{
	unsigned int spins = 0;

	__atomic_add_fetch(&lock->waiters, 1, __ATOMIC_RELAXED);
	do {
		while (__atomic_load_n(&lock->locked, __ATOMIC_RELAXED))
			pause_or_yield(&spins);
	} while (!spin_trylock(lock));
	__atomic_sub_fetch(&lock->waiters, 1, __ATOMIC_RELAXED);
}

static unsigned int count_of(rwlock_t *lock)
{
	return __atomic_load_n(&lock->count, __ATOMIC_ACQUIRE);
}

/* In line behind a writer that waits, as everybody who comes later */
void bench_read_lock_slow(rwlock_t *lock)
{
	unsigned int spins = 0;

	read_unlock(lock);
	spin_lock(&lock->queue);
	__atomic_add_fetch(&lock->count, RW_READER, __ATOMIC_ACQUIRE);
	while (count_of(lock) & RW_WRITER)
		pause_or_yield(&spins);
	spin_unlock(&lock->queue);
}

void bench_write_lock_slow(rwlock_t *lock)
{
	unsigned int spins = 0;
	unsigned int alone = RW_WAITING;

	spin_lock(&lock->queue);
	__atomic_or_fetch(&lock->count, RW_WAITING, __ATOMIC_RELAXED);
	while (!__atomic_compare_exchange_n(&lock->count, &alone, RW_WRITER,
					    false, __ATOMIC_ACQUIRE,
					    __ATOMIC_RELAXED)) {
		alone = RW_WAITING;
		pause_or_yield(&spins);
	}
	spin_unlock(&lock->queue);
}
