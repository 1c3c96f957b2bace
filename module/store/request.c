// SPDX-License-Identifier: GPL-2.0-only
/*
 * Checks of requests, and their answers
 */
#include <linux/errno.h>
#include <linux/nospec.h>
#include <linux/string.h>

#include "bytemap.h"
#include "number.h"
#include "request.h"
#include "traits.h"
#include "view.h"

/* Each flag, and the traits that an operation needs one of to take it */
static const struct {
	u32	flag;
	u16	traits;
} flags[] = {
	{ SYNCMAP_FLAG_BY_REVISION, OP_TAKES_OLD },
	{ SYNCMAP_FLAG_IF_NEWER, OP_TAKES_AGE },
	{ SYNCMAP_FLAG_OWNED, OP_TAKES_OWNER },
	{ SYNCMAP_FLAG_NOWAIT, OP_WAITS },
	{ SYNCMAP_FLAG_STALE, OP_WAITS },
	{ SYNCMAP_FLAG_U32, OP_CALCULATES },
	{ SYNCMAP_FLAG_INITIAL, OP_CALCULATES },
	{ SYNCMAP_FLAG_BOUNDED, OP_TAKES_BOUND },
};

/* Which limit is in the way of @op */
void bytemap_request_limited(struct syncmap_op *op, u32 which, u64 used, u64 limit)
{
	op->limited = which;
	op->used = used;
	op->limit = limit;
}

static int too_long(struct syncmap_op *op, u32 which, u32 used, u32 limit)
{
	bytemap_request_limited(op, which, used, limit);
	return -EFBIG;
}

/* Is there a flag that nobody knows? One that this operation does not take? */
static int check_flags(const struct syncmap_op *op)
{
	u32 unknown = op->flags, wrong = 0;
	unsigned int i;

	if (!op->flags)
		return 0;
	for (i = 0; i < ARRAY_SIZE(flags); i++) {
		unknown &= ~flags[i].flag;
		if (!bytemap_op_has(op->op, flags[i].traits))
			wrong |= op->flags & flags[i].flag;
	}
	if (unknown)
		return -EOPNOTSUPP;
	return wrong ? -EINVAL : 0;
}

static bool is_zero(u64 pointer, u32 len)
{
	return !pointer && !len;
}

static int check_unused(const struct syncmap_op *op)
{
	bool by_revision = op->flags & SYNCMAP_FLAG_BY_REVISION;

	if (!(op->flags & (SYNCMAP_FLAG_BY_REVISION | SYNCMAP_FLAG_IF_NEWER)) &&
	    op->expected)
		return -EINVAL;
	if (!bytemap_op_has(op->op, OP_TAKES_VALUE) && !is_zero(op->value, op->value_len))
		return -EINVAL;
	if ((!bytemap_op_has(op->op, OP_TAKES_OLD) || by_revision) &&
	    !is_zero(op->old, op->old_len))
		return -EINVAL;
	if (!bytemap_op_has(op->op, OP_GIVES_VALUE) && !is_zero(op->out, op->out_size))
		return -EINVAL;
	return 0;
}

/* What the operations of sync.Map know nothing of */
static int check_unused_extras(const struct syncmap_op *op)
{
	if (op->deadline && !bytemap_op_has(op->op, OP_TAKES_DEADLINE))
		return -EINVAL;
	if (op->token && !bytemap_op_has(op->op, OP_TAKES_TOKEN))
		return -EINVAL;
	if (op->op == SYNCMAP_OP_UNLEASE && !op->token)
		return -EINVAL;
	if (op->wait_until && !bytemap_op_has(op->op, OP_WAITS))
		return -EINVAL;
	if (op->flags & SYNCMAP_FLAG_NOWAIT && op->wait_until)
		return -EINVAL;
	if (!(op->flags & SYNCMAP_FLAG_BOUNDED) && op->bound)
		return -EINVAL;
	if (bytemap_op_has(op->op, OP_CALCULATES))
		return bytemap_number_check(op);
	return op->operand || op->initial ? -EINVAL : 0;
}

static int check_lengths(const struct bytemap *map, struct syncmap_op *op)
{
	const struct syncmap_limits *limits = &map->limits;

	if (map->key_type == SYNCMAP_KEY_U64 && op->key_len != sizeof(u64))
		return -EINVAL;
	if (op->key_len > limits->key_size)
		return too_long(op, SYNCMAP_LIMITED_KEY, op->key_len,
				limits->key_size);
	if (op->value_len > limits->value_size)
		return too_long(op, SYNCMAP_LIMITED_VALUE, op->value_len,
				limits->value_size);
	if (op->old_len > limits->value_size)
		return too_long(op, SYNCMAP_LIMITED_VALUE, op->old_len,
				limits->value_size);
	return 0;
}

/* Zeroes the results */
void bytemap_request_reset(struct syncmap_op *op)
{
	op->revision = 0;
	op->previous = 0;
	op->out_len = 0;
	op->result = 0;
	op->status = 0;
	op->limited = SYNCMAP_LIMITED_NOT;
	op->used = 0;
	op->limit = 0;
	op->expires = 0;
	op->leased = 0;
	op->before = 0;
	op->after = 0;
}

/*
 * What can be said before the key is there. Zeroes the results.
 *
 * Return: 0; -EOPNOTSUPP; -EINVAL; -EFBIG, and the results tell.
 */
int bytemap_request_check(const struct bytemap *map, struct syncmap_op *op)
{
	int err;

	bytemap_request_reset(op);
	if (!op->op)
		return -EINVAL;
	if (op->op >= BYTEMAP_OPS)
		return -EOPNOTSUPP;
	/* It is an index from now on */
	op->op = array_index_nospec(op->op, BYTEMAP_OPS);
	if (!bytemap_traits[op->op])
		return -EOPNOTSUPP;
	err = check_flags(op) ?: check_unused(op) ?: check_unused_extras(op);
	return err ?: check_lengths(map, op);
}

/* Return: 0, or -EINVAL: it is no key of this map */
int bytemap_request_check_key(const struct bytemap *map, const void *key, size_t len)
{
	if (map->key_type == SYNCMAP_KEY_STRING && memchr(key, 0, len))
		return -EINVAL;
	return 0;
}

/*
 * Tells what is there, in the results of @op.
 *
 * Return: 0, or -EMSGSIZE: it is more than the caller has room for.
 */
int bytemap_request_answer(struct syncmap_op *op,
			   const struct bytemap_view *found)
{
	op->result = SYNCMAP_RESULT_LOADED;
	op->revision = found->revision;
	op->expires = found->deadline;
	op->out_len = found->len;
	return op->out_size && found->len > op->out_size ? -EMSGSIZE : 0;
}

/* What it has found, and the object that it has not stored, are let go */
void bytemap_request_release(struct bytemap_request *req)
{
	bytemap_view_release(&req->found);
	if (req->fresh)
		bytemap_value_put(req->fresh);
	req->fresh = NULL;
}
