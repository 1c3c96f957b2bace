/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One allocation of this process, or access to its memory, fails: the n-th from
 * now on, through /proc/self/fail-nth
 */
#ifndef FAULT_H
#define FAULT_H

#include "harness.h"

#define FAULTS_MAX	200

/* Skips the test if the kernel cannot do it */
void fault_need(void);
bool fault_arm(unsigned int nth);
/* Has the fault happened? */
bool fault_disarm(void);

struct outcome {
	int		ret;
	bool		failed;		/* else there are no more to try */
	unsigned int	out_of_memory;
};

#define with_fault(nth, outcome, call) do {				\
	ASSERT(fault_arm(nth));						\
	(outcome)->ret = (call);					\
	(outcome)->failed = fault_disarm();				\
	(outcome)->out_of_memory += (outcome)->ret == -ENOMEM;		\
} while (0)

#endif /* FAULT_H */
