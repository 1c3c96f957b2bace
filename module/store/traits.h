/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What operations take, give and may do: traits.c
 */
#ifndef _SYNCMAP_STORE_TRAITS_H
#define _SYNCMAP_STORE_TRAITS_H

#include <linux/bits.h>
#include <linux/types.h>
#include <uapi/linux/syncmap.h>

enum {
	OP_TAKES_VALUE	= BIT(0),
	OP_TAKES_OLD	= BIT(1),
	OP_GIVES_VALUE	= BIT(2),
	OP_INSERTS	= BIT(3),	/* an absent key */
	OP_DELETES	= BIT(4),	/* a present key */
	OP_KEEPS	= BIT(5),	/* leaves a present key as it is */
	OP_TAKES_DEADLINE = BIT(6),
	OP_TAKES_TOKEN	= BIT(7),
	OP_WAITS	= BIT(8),
	OP_CALCULATES	= BIT(9),	/* a number out of a number */
	OP_TAKES_BOUND	= BIT(10),
	OP_TAKES_OWNER	= BIT(11),
	OP_TAKES_AGE	= BIT(12),	/* that the value may not have */
	OP_APPENDS	= BIT(13),	/* the value that it takes */
	OP_ASKS		= BIT(14),	/* whether the key is there, first of all */
};

/* What is for all operations */
#define OP_ANY		((u16)~0)
/* Those of operations that read values, or write into the map */
#define OP_READS	(OP_GIVES_VALUE | OP_CALCULATES)
#define OP_WRITES	(OP_TAKES_VALUE | OP_DELETES | OP_TAKES_DEADLINE | \
			 OP_TAKES_TOKEN | OP_WAITS)

#define BYTEMAP_OPS	(SYNCMAP_OP_UNLEASE + 1)

extern const u16 bytemap_traits[BYTEMAP_OPS];

/* @op is below %BYTEMAP_OPS */
static inline bool bytemap_op_has(u32 op, u16 any)
{
	return bytemap_traits[op] & any;
}

/* SYNCMAP_ACCESS_* that a descriptor needs for @op */
static inline u32 bytemap_op_access(u32 op)
{
	return (bytemap_op_has(op, OP_READS) ? SYNCMAP_ACCESS_READ : 0) |
	       (bytemap_op_has(op, OP_WRITES) ? SYNCMAP_ACCESS_WRITE : 0);
}

#endif /* _SYNCMAP_STORE_TRAITS_H */
