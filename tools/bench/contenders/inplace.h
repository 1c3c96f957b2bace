/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Small values that are overwritten in place, each under a sequence lock of its
 * own, as the store does it. Who deletes a key would mark its value dead under the
 * lock, and free it after a grace period; here nobody does.
 *
 * Included behind map_load() and map_load_or_store(). What the map has then, which
 * map->payload tells, is to be freed with kfree().
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

static struct inplace *inplace_new(const struct payload *from)
{
	struct inplace *value = kmalloc(sizeof(*value), GFP_KERNEL);

	value->sequence = 0;
	value->dead = false;
	spin_lock_init(&value->lock);
	value->payload = *from;
	return value;
}

static noinline void write_new(struct map *map, const struct key *key,
			       const struct payload *from)
{
	struct inplace *new = inplace_new(from);
	void *value;

	WRITE_ONCE(map->payload, true);
	while (map_load_or_store(map, key, new, &value)) {
		if (inplace_write(value, from)) {
			kfree(new);
			return;
		}
	}
}

#define HAS_PAYLOAD
static __always_inline void map_write(struct map *map, const struct key *key,
				      const struct payload *from)
{
	void *value;

	if (!map_load(map, key, &value) || !inplace_write(value, from))
		write_new(map, key, from);
}

static __always_inline bool map_read(struct map *map, const struct key *key,
				     struct payload *to)
{
	void *value;

	if (!map_load(map, key, &value))
		return false;
	inplace_read(value, to);
	return true;
}

#endif
