/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _BENCH_BIT_SPINLOCK_H
#define _BENCH_BIT_SPINLOCK_H

#include <linux/bitops.h>
#include <linux/lockdep.h>
#include <linux/preempt.h>
#include <linux/spinlock.h>

static __always_inline void bit_spin_lock(int bit, unsigned long *word)
{
	unsigned int spins = 0;

	while (unlikely(test_and_set_bit_lock(bit, word)))
		do
			pause_or_yield(&spins);
		while (test_bit(bit, word));
}

/* Nobody changes the other bits meanwhile */
static __always_inline void bit_spin_unlock(int bit, unsigned long *word)
{
	smp_store_release(word, *word & ~BIT(bit));
}

#endif
