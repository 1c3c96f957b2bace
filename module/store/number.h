/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What becomes of a value that is a number: number.c
 */
#ifndef _SYNCMAP_STORE_NUMBER_H
#define _SYNCMAP_STORE_NUMBER_H

#include <linux/types.h>

struct syncmap_answer;
struct syncmap_error;
struct syncmap_op;

/* A value, as it is stored */
struct bytemap_number {
	u32	len;
	union {
		u32	narrow;
		u64	wide;
	};
};

int bytemap_number_check(const struct syncmap_op *op,
			 struct syncmap_error *error);
int bytemap_number_begin(const struct syncmap_op *op,
			 struct syncmap_answer *answer,
			 struct bytemap_number *number);
int bytemap_number_change(const struct syncmap_op *op,
			  struct syncmap_answer *answer, const void *bytes,
			  u32 len, struct bytemap_number *number);

#endif /* _SYNCMAP_STORE_NUMBER_H */
