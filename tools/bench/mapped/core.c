// SPDX-License-Identifier: GPL-2.0-only
/*
 * The same load inside one process: by the core, compiled as it is for the rest of
 * the benchmark, in which being in a read section is free
 */
#include <linux/rcupdate.h>
#include <linux/slab.h>

#include <linux/syncmap.h>

#include "module/core/core.h"

#include "core.h"
#include "link.h"

static struct syncmap map;

static void free_value(void *value, void *arg)
{
}

/* Values lead to the next number, and have their low bits clear */
void core_fill(u64 n)
{
	const struct syncmap_params params = {
		.key_len = sizeof(u64), .free_value = free_value,
	};
	u64 number;
	__u64 key;

	rcu_enter();
	if (syncmap_core_init() || syncmap_init(&map, &params))
		abort();
	for (number = 0; number < n; number++) {
		link_key(&key, sizeof(key), number);
		if (syncmap_store(&map, &key, sizeof(key),
				  (void *)((link_next(number, n) + 1) << 3),
				  GFP_KERNEL))
			abort();
		if (!(number & 63))
			rcu_quiescent();
	}
	if (syncmap_promote(&map))
		abort();
	rcu_leave();
}

void core_enter(void)
{
	rcu_enter();
}

void core_leave(void)
{
	rcu_leave();
}

void core_free(void)
{
	syncmap_destroy(&map);
	syncmap_core_exit();
}

u64 core_chain(u64 number, u64 ops)
{
	u64 sum = 0;
	void *value;
	__u64 key;

	while (ops--) {
		link_key(&key, sizeof(key), number);
		if (!syncmap_load(&map, &key, sizeof(key), &value))
			abort();
		number = ((u64)value >> 3) - 1;
		sum += number;
		if (!(ops & 63))
			rcu_quiescent();
	}
	return sum;
}

u64 core_any(u64 *at, u64 n, u64 ops)
{
	u64 sum = 0;
	void *value;
	__u64 key;

	while (ops--) {
		*at = *at * 6364136223846793005ULL + 1442695040888963407ULL;
		link_key(&key, sizeof(key), *at >> 33 & (n - 1));
		if (!syncmap_load(&map, &key, sizeof(key), &value))
			abort();
		sum += (u64)value;
		if (!(ops & 63))
			rcu_quiescent();
	}
	return sum;
}
