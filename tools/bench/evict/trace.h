/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What is asked of a cache, one key after the other. All of it is fixed by the table
 * in trace.c and by a seed.
 */
#ifndef BENCH_EVICT_TRACE_H
#define BENCH_EVICT_TRACE_H

#include <stdbool.h>
#include <linux/types.h>

#define TRACE_SEEDS	3

struct trace {
	u32	*at;		/* numbers of keys */
	bool	*scans;		/* that a scan asks for it */
	u32	length;
	u32	warm;		/* so many at the beginning do not count */
	u32	keys;		/* their numbers are below */
};

struct mix {
	const char	*name;
	const char	*summary;
	/* Return: false if the trace is not on this machine */
	bool		(*draw)(struct trace *trace, const struct mix *mix,
				u64 seed);
	double		exponent;
	bool		is_zipf;	/* and nothing else */
	bool		has_scans;
};

/* Ends with one that has no name */
extern const struct mix mixes[];

/* Return: false if the trace is not on this machine */
bool trace_make(struct trace *trace, const struct mix *mix, u64 seed);
void trace_free(struct trace *trace);

/* @count numbers below @keys by Zipf's law */
void trace_draw_zipf(u32 *to, u32 count, u32 keys, double exponent, u64 seed);

#endif
