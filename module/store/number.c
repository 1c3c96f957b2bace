// SPDX-License-Identifier: GPL-2.0-only
/*
 * Arithmetic: what becomes of a value that is a number
 */
#include <linux/errno.h>
#include <linux/limits.h>
#include <linux/string.h>

#include "store.h"

static bool is_u32(const struct syncmap_op *op)
{
	return op->flags & SYNCMAP_OP_U32;
}

static u64 highest(const struct syncmap_op *op)
{
	return is_u32(op) ? U32_MAX : U64_MAX;
}

/* Do the operands have the width of the number? */
int bytemap_number_check(const struct syncmap_op *op)
{
	u64 max = highest(op);

	if (op->operand > max || op->initial > max || op->bound > max)
		return -EINVAL;
	/* Only a number that begins with @initial takes the deadline */
	if (!(op->flags & SYNCMAP_OP_INITIAL) && (op->initial || op->deadline))
		return -EINVAL;
	return 0;
}

static int add(const struct syncmap_op *op, u64 *number)
{
	u64 most = op->flags & SYNCMAP_OP_BOUNDED ? op->bound : highest(op);

	if (op->operand > most || *number > most - op->operand)
		return -ERANGE;
	*number += op->operand;
	return 0;
}

/* Without a bound that is zero, and the lowest result, too */
static int sub(const struct syncmap_op *op, u64 *number)
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
		return add(op, number);
	case SYNCMAP_OP_SUB:
		return sub(op, number);
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

static void set_value(struct bytemap_request *req, u64 number)
{
	if (is_u32(req->op)) {
		req->number.narrow = number;
		req->room = sizeof(req->number.narrow);
	} else {
		req->number.wide = number;
		req->room = sizeof(req->number.wide);
	}
	req->value = &req->number;
}

static int set_result(struct bytemap_request *req, u64 before)
{
	struct syncmap_op *op = req->op;
	int err;

	op->before = before;
	op->after = before;
	err = calculate(op, &op->after);
	set_value(req, op->after);
	return err;
}

/* The new value of a key that is absent */
int bytemap_number_begin(struct bytemap_request *req)
{
	return set_result(req, req->op->initial);
}

/* The new value of a key whose value is @bytes: no allocation, bounded time */
int bytemap_number_change(struct bytemap_request *req, const void *bytes,
			  u32 len)
{
	u32 narrow;
	u64 wide;

	if (is_u32(req->op)) {
		if (len != sizeof(narrow))
			return -EILSEQ;
		memcpy(&narrow, bytes, sizeof(narrow));
		return set_result(req, narrow);
	}
	if (len != sizeof(wide))
		return -EILSEQ;
	memcpy(&wide, bytes, sizeof(wide));
	return set_result(req, wide);
}
