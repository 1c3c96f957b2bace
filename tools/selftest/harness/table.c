// SPDX-License-Identifier: GPL-2.0-only
#include <linux/syncmap.h>

#include "harness.h"
#include "table.h"

#define FIELD(s, kind, type, id)					\
	_Static_assert(__builtin_types_compatible_p(			\
		__typeof__(((struct syncmap_##s *)0)->id), type),	\
		"the type of syncmap_" #s "." #id);
#include "abi.h"

/* Before the fields of a struct is the end of another one's */
static const struct field fields[] = {
#define STRUCT(s)							\
	{ },
#define FIELD(s, what, type, id)					\
	{								\
		.name = #id, .text = #type ", " #what, .kind = (what),	\
		.offset = offsetof(struct syncmap_##s, id),		\
		.size = sizeof(type),					\
	},
#include "abi.h"
	{ },
};

/* Where rows are in fields[]; a name, of a field in a field, may be no identifier */
#define PASTE(a, b)			a##b
#define LINE(number)			PASTE(LINE_, number)

enum {
#define STRUCT(s)			BEFORE_##s,
#define FIELD(...)			LINE(__LINE__),
#include "abi.h"
};

const struct layout layouts[N_LAYOUTS] = {
#define STRUCT(s)							\
	{ "syncmap_" #s, sizeof(struct syncmap_##s), &fields[BEFORE_##s + 1] },
#include "abi.h"
};

const struct operation operations[] = {
#define OPERATION(code, name, takes)	{ #name, code, (takes) | TAKES_TIME },
#include "abi.h"
};

const size_t n_operations = ARRAY_SIZE(operations);

const struct op_flag op_flags[] = {
#define OP_FLAG(bit, name, takes)	{ #name, bit, takes },
#include "abi.h"
};

const size_t n_op_flags = ARRAY_SIZE(op_flags);

const struct operation *operation_find(__u32 code)
{
	for_each_operation(operation)
		if (operation->code == code)
			return operation;
	return NULL;
}
