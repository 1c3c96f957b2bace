/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What decides which entry goes when another one comes
 */
#ifndef BENCH_EVICT_POLICY_H
#define BENCH_EVICT_POLICY_H

#include "trace.h"

struct policy {
	const char	*name;
	const char	*summary;
	void		(*begin)(const struct trace *trace, u32 entries);
	/* The next load of the trace. What is not there is stored. Return: it was */
	bool		(*ask)(u32 number);
	void		(*end)(void);
};

extern const struct policy policy_map, policy_forgetful, policy_lru, policy_clock,
	policy_fifo, policy_sieve, policy_belady;

#endif
