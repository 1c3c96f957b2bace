/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Caches that are full, and are asked by threads: pressure.c
 */
#ifndef BENCH_EVICT_CACHE_H
#define BENCH_EVICT_CACHE_H

#include <stdbool.h>
#include <linux/types.h>

#define CACHE_THREADS	2
#define CACHE_KEYS	1000000
#define CACHE_ENTRIES	100000		/* about so many fit */
#define CACHE_VALUE	8		/* bytes */

struct cache {
	const char	*name;
	const char	*summary;
	/* Return: NULL, or why it takes no part */
	const char	*(*open)(void);
	/* Stores without waiting; cache_warmed() waits for all of them */
	void		(*warm)(u32 number);
	void		(*warmed)(void);
	bool		(*load)(int thread, u32 number);
	void		(*store)(int thread, u32 number);
	u64		(*count)(void);
	void		(*close)(void);
};

extern const struct cache cache_map, cache_called, cache_memcached, cache_redis;

#endif
