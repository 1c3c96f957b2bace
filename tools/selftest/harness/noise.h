/* SPDX-License-Identifier: GPL-2.0-only */
/* Random arguments: most make sense, and any of them may not */
#ifndef NOISE_H
#define NOISE_H

#include "map.h"

void noise_begin(void);

/* To where something is, where nothing is, where it ends, or into the kernel */
__u64 noise_pointer(void);
__u64 noise_key(void);
__u32 noise_length(void);

/* An operation that waits for a millisecond at most; see noise_learn() */
void noise_op(struct syncmap_op *op);

/* What the kernel has answered, for it to hear again in other operations */
struct noise_learnt {
	__u64	revision;
	__u64	token;
};

extern struct noise_learnt noise_learnt;

void noise_learn(void);

#endif /* NOISE_H */
