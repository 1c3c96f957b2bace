/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A small value that is overwritten in place, under a sequence lock of its own,
 * as the store does it. Who deletes its key marks it dead under the lock, and
 * frees it after a grace period.
 */
#ifndef BENCH_INPLACE_H
#define BENCH_INPLACE_H

#include "contender.h"

struct inplace {
	unsigned int	sequence;	/* odd: it is being written */
	bool		dead;
	spinlock_t	lock;
	struct payload	payload;
};

static __always_inline void inplace_read(struct inplace *value,
					 struct payload *to)
{
	unsigned int sequence;

	do {
		while ((sequence = smp_load_acquire(&value->sequence)) & 1)
			cpu_relax();
		to->a = READ_ONCE(value->payload.a);
		to->b = READ_ONCE(value->payload.b);
		/* The kernel's smp_rmb() */
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
	} while (READ_ONCE(value->sequence) != sequence);
}

/* False when it is dead: the key has another value by now, or none */
static __always_inline bool inplace_write(struct inplace *value,
					  const struct payload *from)
{
	bool alive;

	spin_lock(&value->lock);
	alive = !value->dead;
	if (alive) {
		WRITE_ONCE(value->sequence, value->sequence + 1);
		/* The kernel's smp_wmb() */
		__atomic_thread_fence(__ATOMIC_RELEASE);
		WRITE_ONCE(value->payload.a, from->a);
		WRITE_ONCE(value->payload.b, from->b);
		smp_store_release(&value->sequence, value->sequence + 1);
	}
	spin_unlock(&value->lock);
	return alive;
}

static inline struct inplace *inplace_new(const struct payload *from)
{
	struct inplace *value = kmalloc(sizeof(*value), GFP_KERNEL);

	value->sequence = 0;
	value->dead = false;
	spin_lock_init(&value->lock);
	value->payload = *from;
	return value;
}

#endif
