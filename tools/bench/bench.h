/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the driver, the workloads and the contenders share
 */
#ifndef BENCH_H
#define BENCH_H

#include <time.h>

#include <linux/kernel.h>
#include <linux/ktime.h>

#define BENCH_THREADS	16
#define BENCH_BATCH	16
#define BENCH_BUSY	16	/* operations that are timed together */

struct map;
struct zipf;

/* It says which value a key has */
typedef void *(*value_fn)(u64 number, void *arg);

/* Time in units of its own, see time.c; what comes before is complete */
static __always_inline u64 bench_clock(void)
{
#ifdef __x86_64__
	unsigned int cpu;
	u64 now = __builtin_ia32_rdtscp(&cpu);

	__asm__ __volatile__("lfence" ::: "memory");
	return now;
#else
	return ktime_get_ns();
#endif
}

/* Time that the process or thread had a CPU */
static inline u64 busy_ns(clockid_t clock)
{
	struct timespec time;

	clock_gettime(clock, &time);
	return (u64)time.tv_sec * NSEC_PER_SEC + time.tv_nsec;
}

/* Times in 16 steps per doubling */
#define HISTOGRAM_STEPS	16
#define HISTOGRAM_SIZE	(61 * HISTOGRAM_STEPS)

struct histogram {
	u64	count[HISTOGRAM_SIZE];
	u64	total;
	u64	longest;
};

static __always_inline void histogram_add(struct histogram *histogram, u64 time)
{
	unsigned int doubling = 0;

	if (time >= HISTOGRAM_STEPS)
		doubling = 60 - __builtin_clzll(time) - 1;
	histogram->count[doubling * HISTOGRAM_STEPS + (time >> doubling)]++;
	histogram->total++;
	if (unlikely(time > histogram->longest))
		histogram->longest = time;
}

/* One thread's part in a run of a workload */
struct worker {
	struct map		*map;
	u64			n;	/* keys 0 to n - 1 are in the map */
	u64			fresh;	/* first of the numbers for new keys */
	u64			window;	/* how many of them are in the map */
	u64			limit;	/* operations */
	u32			writes;	/* of 2^32 operations */
	int			thread;
	const bool		*stop;
	const struct zipf	*zipf;
	struct histogram	*times;
	u64			since;	/* busy_ns() at the last operation */
	u64			random;
	/* out */
	u64			ops;
	u64			hits;
	u64			sum;	/* of value_number() of the hits */
};

/* What each contender has a function for; NULL when it cannot do it */
enum {
	RUN_LOAD,		/* any key */
	RUN_LOAD_ZIPF,
	RUN_MISS,		/* a key that is absent */
	RUN_LATENCY,		/* the key that the last value leads to */
	RUN_CHASE,		/* the same, by way of its object */
	RUN_OBJECT,		/* any key, and its object */
	RUN_BATCH,		/* sixteen keys at once */
	RUN_RANGE,		/* all entries */
	RUN_MIX,		/* load or store a key that is present */
	RUN_MIX_ZIPF,
	RUN_AMENDED,		/* load; some keys are new, and change */
	RUN_CHURN,		/* store, load and delete a new key */
	RUN_INSERT,		/* store new keys, one after the other */
	RUN_DELETE,		/* nine keys of ten, one after the other */
	RUN_PAYLOAD,		/* read or write a small value */
	RUN_PROMOTE,		/* store a new key, and promote */
	RUN_TIMED_LOAD,		/* RUN_LOAD, each operation timed */
	RUN_TIMED_MIX,
	RUN_TIMED_INSERT,
	RUN_BUSY_LOAD,		/* in CPU time of the thread, BENCH_BUSY at a time */
	RUN_BUSY_INSERT,
	RUN_GO,			/* here begin the benchmarks of golist.h */
	RUN_GO_BEFORE = RUN_GO - 1,
#define GO(name, keys)	RUN_GO_##name,
#include "golist.h"
#undef GO
	RUN_TYPES,
};

/* They know a key by its number, whatever its length */
struct operations {
	bool	(*load)(struct map *map, u64 number, void **value);
	void	(*store)(struct map *map, u64 number, void *value);
	bool	(*delete)(struct map *map, u64 number);
	bool	(*load_or_store)(struct map *map, u64 number, void *value,
				 void **actual);
	u64	(*range)(struct map *map);	/* or NULL */
};

/* What the macros of contender.h say */
enum {
	CAN_NOT_SHARE	= 1,	/* ONE_THREAD */
	CAN_NOT_SEE	= 2,	/* NO_SHARING */
	CAN_NOT_STORE	= 4,	/* SLOW_STORE */
	CAN_NOT_HURRY	= 8,	/* SLOW */
	CAN_EMBED	= 16,	/* INTRUSIVE */
};

struct contender {
	const char	*name;
	const char	*summary;
	unsigned int	flags;
	struct map	*(*create)(void);
	void		(*destroy)(struct map *map);
	void		(*promote)(struct map *map);	/* or NULL */
	/* Store keys 0 to n - 1 */
	void		(*fill)(struct map *map, u64 n, value_fn value,
				void *arg);
	/* How many of them are not as they were filled in, or not absent */
	u64		(*verify)(struct map *map, u64 from, u64 to,
				  bool present, value_fn value, void *arg);
	/* The same with small values, that are struct payload */
	void		(*fill_payload)(struct map *map, u64 n);
	/* Memory that it did not get from kmalloc(), or NULL */
	size_t		(*bytes)(struct map *map);
	void		(*enter)(struct map *map, int thread);
	void		(*leave)(struct map *map, int thread);
	void		(*run[RUN_TYPES])(struct worker *worker);
	struct operations operations;
};

#endif
