/* SPDX-License-Identifier: GPL-2.0-only */
/* Batches in a test; one of many operations, of which number n is on key n */
#ifndef BATCHES_H
#define BATCHES_H

#include "map.h"

#define MANY	SYNCMAP_BATCH_MAX

extern struct syncmap_op many[MANY + 1];
/* What loads find there, where they look for eight bytes */
extern __u64 many_values[MANY + 1];
/* The answers to those of a batch that do not say where theirs goes */
extern struct syncmap_answer answers[MANY + 1];

void batch_answers(struct syncmap_op *ops, unsigned int n);

int batch(int fd, struct syncmap_batch *arg, struct syncmap_op *ops,
	  unsigned int n, __u32 flags);
void batch_expect(const struct syncmap_batch *arg, unsigned int done,
		  unsigned int failed);
void many_make(__u32 code, unsigned int n);

#endif /* BATCHES_H */
