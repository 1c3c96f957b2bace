/* SPDX-License-Identifier: GPL-2.0-only */
/* The table of the ABI (abi.h) as data: structs, operations and their flags */
#ifndef TABLE_H
#define TABLE_H

#include <linux/types.h>
#include <stddef.h>

/* What a field is: who says it, and what for */
enum kind {
	PART		= 0,		/* as what its struct is part of */
	ASKED		= 1 << 0,
	ANSWERED	= 1 << 1,	/* if it is not asked, ignored on input */
	RESERVED	= 1 << 2,	/* zero, whoever says it */
	FLAGS		= 1 << 3,	/* asked, too */
	/* Of struct syncmap_op: zero but for operations that take it, */
	TAKES_VALUE	= 1 << 4,
	TAKES_OLD	= 1 << 5,
	TAKES_OUT	= 1 << 6,
	TAKES_DEADLINE	= 1 << 7,
	TAKES_TOKEN	= 1 << 8,
	TAKES_WAIT	= 1 << 9,
	TAKES_NUMBER	= 1 << 10,
	/* and that have a flag with it */
	BY_FLAG		= 1 << 11,
	/* No field, but a flag */
	TAKES_AGE	= 1 << 12,
	TAKES_BOUND	= 1 << 13,
	TAKES_OWNER	= 1 << 14,
	TAKES_TIME	= 1 << 15,
};

/* What not all operations take */
#define TAKES_ANY	(TAKES_VALUE | TAKES_OLD | TAKES_OUT |		\
			 TAKES_DEADLINE | TAKES_TOKEN | TAKES_WAIT |	\
			 TAKES_NUMBER | BY_FLAG)

struct field {
	const char	*name;		/* NULL behind the last one of a struct */
	const char	*text;		/* kind and type in words */
	size_t		offset;		/* in the header, */
	size_t		size;		/* in the table */
	__u32		kind;
};

struct layout {
	const char		*name;	/* of the struct */
	size_t			size;
	const struct field	*fields;
};

struct operation {
	const char	*name;
	__u32		code;
	__u32		takes;		/* bits of enum kind */
};

struct op_flag {
	const char	*name;
	__u32		bit;
	__u32		takes;		/* one of those of the operation */
};

/* Where it is in layouts[] */
enum {
#define STRUCT(s)	LAYOUT_##s,
#include "abi.h"
	N_LAYOUTS
};

extern const struct layout layouts[N_LAYOUTS];
extern const struct operation operations[];
extern const size_t n_operations;
extern const struct op_flag op_flags[];
extern const size_t n_op_flags;

/* NULL if there is none */
const struct operation *operation_find(__u32 code);

#define for_each_field(field, layout)					\
	for (const struct field *field = (layout)->fields;		\
	     field->name; field++)

#define for_each_operation(operation)					\
	for (const struct operation *operation = operations;		\
	     operation < operations + n_operations; operation++)

#define for_each_op_flag(flag)						\
	for (const struct op_flag *flag = op_flags;			\
	     flag < op_flags + n_op_flags; flag++)

#endif /* TABLE_H */
