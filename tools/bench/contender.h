/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a contender is
 *
 * A design of a map, in contenders/NAME.c, written as kernel code against the
 * shim: kmalloc(), spin_lock(), rcu_dereference(), kvfree_rcu() ... so that all
 * have the same memory, locks, RCU and compiler options. It is compiled once
 * for each kind of key (KEY_LEN 8, 16, 32; HASH_SIP or not), and looks like:
 *
 *	#define CONTENDER	NAME
 *	#define SUMMARY		"a line for the report"
 *	#include "contender.h"
 *
 *	struct map { ... };
 *
 *	the functions below, static
 *
 *	#include "workloads.h"
 *
 * workloads.h makes one function per workload of it, so that every operation is
 * inlined where it is used. NAME is entered in contenders.h, in the order of
 * the report, and nowhere else.
 *
 * Each contender has:
 *
 *	static struct map *map_new(void);
 *		An empty map, without any hint of how many keys will come.
 *	static void map_free(struct map *map);
 *		Nobody uses the map any more; returns when its memory is free,
 *		but for what is on its way through kvfree_rcu().
 *	static bool map_load(struct map *map, const struct key *key,
 *			     void **value);
 *		Whether the key is present, and its value.
 *	static void map_store(struct map *map, const struct key *key,
 *			      void *value);
 *	static bool map_delete(struct map *map, const struct key *key);
 *		Whether the key was present.
 *	static bool map_load_or_store(struct map *map, const struct key *key,
 *				      void *value, void **actual);
 *		Whether the key was present; *actual is what it has now.
 *
 * and, with the macro on the left defined before workloads.h is included:
 *
 *	HAS_FILL	static void map_fill(struct map *map, u64 n,
 *					     value_fn value, void *arg);
 *			Put keys 0 to n-1 into an empty map, where single stores
 *			would take for ever: key_of(i) gets value(i, arg).
 *	HAS_LOAD_MANY	static unsigned int map_load_many(struct map *map,
 *				const struct key *keys, void **values,
 *				unsigned int n);
 *			Several loads at once; absent ones give NULL. How many
 *			were present.
 *	HAS_RANGE	static u64 map_range(struct map *map);
 *			Visit all entries; the sum of their value_number().
 *	HAS_ALL		The other operations of sync.Map, and HAS_RANGE:
 *			static bool map_swap(struct map *map,
 *				const struct key *key, void *value,
 *				void **previous);
 *			static bool map_load_and_delete(struct map *map,
 *				const struct key *key, void **value);
 *			static bool map_compare_and_swap(struct map *map,
 *				const struct key *key, void *old, void *new);
 *			static bool map_compare_and_delete(struct map *map,
 *				const struct key *key, void *old);
 *			static void map_delete_any(struct map *map);
 *				Delete the first key that a Range finds.
 *			static void map_clear(struct map *map);
 *	HAS_PROMOTE	static void map_promote(struct map *map);
 *			Reorganise now, as the map does by itself at times.
 *	HAS_PAYLOAD	Small values that are changed, and read whole:
 *			static void map_write(struct map *map,
 *				const struct key *key,
 *				const struct payload *from);
 *			static bool map_read(struct map *map,
 *				const struct key *key, struct payload *to);
 *			The values of the map are then objects that begin with a
 *			struct payload and that map_write() allocates and frees;
 *			map_free() frees those that are left. However the design
 *			does it best: in place under its own lock or one of the
 *			value's (inplace.h), or by a new object.
 *	HAS_THREADS	static void map_enter(struct map *map, int thread);
 *			static void map_leave(struct map *map, int thread);
 *			Called by each worker before and after its operations;
 *			@thread counts from 0, below BENCH_THREADS.
 *	HAS_BYTES	static size_t map_bytes(struct map *map);
 *			Memory that a library has not got from kmalloc().
 *	INTRUSIVE	The values are struct object, and the map's node is in
 *			their @own: only workloads with one object per key.
 *	SLOW_STORE	A store takes as long as there are keys: the workloads
 *			with any are left out above 4k keys, and those that add
 *			keys always.
 *	SLOW		An operation takes microseconds: left out where there is a
 *			fixed number of them.
 *	ONE_THREAD	No two operations may run at a time.
 *	NO_SHARING	What one thread stores, others do not see: the map is
 *			filled once for each thread.
 *
 * Values are never NULL and have their low three bits clear. Operations run
 * between rcu_enter() and rcu_leave(), with a quiescent state every few dozens:
 * rcu_read_lock() is free, as in a kernel that is not preemptible, and what a
 * load returned stays readable until the next operation. Whoever waits for
 * another thread in an operation does it between shim_offline() and
 * shim_online(). Threads of a design's own (pthread_create()) begin with
 * rcu_enter(), if they look at what others free. map_new(), map_free() and
 * map_promote() may wait.
 */
#ifndef BENCH_CONTENDER_H
#define BENCH_CONTENDER_H

#include <linux/atomic.h>
#include <linux/bitops.h>
#include <linux/kernel.h>
#include <linux/percpu.h>
#include <linux/prefetch.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/spinlock.h>

#include "bench.h"
#include "key.h"

/* A value of the workload with small values that change */
struct payload {
	u64	a;
	u64	b;	/* ~a, or the value was torn */
};

#endif
