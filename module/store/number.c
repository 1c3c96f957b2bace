// SPDX-License-Identifier: GPL-2.0-only
/*
 * Arithmetic: what becomes of a value that is a number
 */
#include <linux/errno.h>
#include <linux/limits.h>
#include <linux/minmax.h>
#include <linux/stddef.h>
#include <linux/string.h>
#include <uapi/linux/syncmap.h>

#include "number.h"

static bool is_u32(const struct syncmap_op *op)
{
	return op->flags & SYNCMAP_FLAG_U32;
}

static u64 highest(const struct syncmap_op *op)
{
	return is_u32(op) ? U32_MAX : U64_MAX;
}

/* Return: 0, or -EINVAL: an operand is wrong, and @error says which */
int bytemap_number_check(const struct syncmap_op *op,
			 struct syncmap_error *error)
{
	bool begins = op->flags & SYNCMAP_FLAG_INITIAL;
	u64 max = highest(op);

	/* Only a number that begins with @initial takes the deadline */
	if (op->operand > max)
		error->field = offsetof(struct syncmap_op, operand);
	else if (op->initial > max || (!begins && op->initial))
		error->field = offsetof(struct syncmap_op, initial);
	else if (op->bound > max)
		error->field = offsetof(struct syncmap_op, bound);
	else if (!begins && op->deadline)
		error->field = offsetof(struct syncmap_op, deadline);
	else
		return 0;
	return -EINVAL;
}

static int add_number(const struct syncmap_op *op, u64 *number)
{
	u64 most = op->flags & SYNCMAP_FLAG_BOUNDED ? op->bound : highest(op);

	if (op->operand > most || *number > most - op->operand)
		return -ERANGE;
	*number += op->operand;
	return 0;
}

/* Without a bound that is zero, and the lowest result, too */
static int sub_number(const struct syncmap_op *op, u64 *number)
{
	if (op->operand > *number || *number - op->operand < op->bound)
		return -ERANGE;
	*number -= op->operand;
	return 0;
}

static int calculate(const struct syncmap_op *op, u64 *number)
{
	switch (op->op) {
	case SYNCMAP_OP_ADD:
		return add_number(op, number);
	case SYNCMAP_OP_SUB:
		return sub_number(op, number);
	case SYNCMAP_OP_MIN:
		*number = min(*number, op->operand);
		break;
	case SYNCMAP_OP_MAX:
		*number = max(*number, op->operand);
		break;
	case SYNCMAP_OP_AND:
		*number &= op->operand;
		break;
	case SYNCMAP_OP_OR:
		*number |= op->operand;
		break;
	case SYNCMAP_OP_XOR:
		*number ^= op->operand;
		break;
	}
	return 0;
}

static void set_value(const struct syncmap_op *op, u64 result,
		      struct bytemap_number *number)
{
	if (is_u32(op)) {
		number->narrow = result;
		number->len = sizeof(number->narrow);
	} else {
		number->wide = result;
		number->len = sizeof(number->wide);
	}
}

static int set_result(const struct syncmap_op *op,
		      struct syncmap_answer *answer, u64 before,
		      struct bytemap_number *number)
{
	int err;

	answer->before = before;
	answer->after = before;
	err = calculate(op, &answer->after);
	set_value(op, answer->after, number);
	return err;
}

/*
 * Sets @number to the value of a key that is absent, and the results in @answer.
 *
 * Return: 0 or -ERANGE.
 */
int bytemap_number_begin(const struct syncmap_op *op,
			 struct syncmap_answer *answer,
			 struct bytemap_number *number)
{
	return set_result(op, answer, op->initial, number);
}

/*
 * The same for a key whose value is the @len bytes at @bytes. It allocates
 * nothing, and takes bounded time.
 *
 * Return: 0, -ERANGE, or -EILSEQ: the bytes are no such number.
 */
int bytemap_number_change(const struct syncmap_op *op,
			  struct syncmap_answer *answer, const void *bytes,
			  u32 len, struct bytemap_number *number)
{
	u32 narrow;
	u64 wide;

	if (is_u32(op)) {
		if (len != sizeof(narrow))
			return -EILSEQ;
		memcpy(&narrow, bytes, sizeof(narrow));
		return set_result(op, answer, narrow, number);
	}
	if (len != sizeof(wide))
		return -EILSEQ;
	memcpy(&wide, bytes, sizeof(wide));
	return set_result(op, answer, wide, number);
}
