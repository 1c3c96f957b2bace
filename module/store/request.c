// SPDX-License-Identifier: GPL-2.0-only
/*
 * Checks of requests, and their answers
 */
#include <linux/errno.h>
#include <linux/nospec.h>
#include <linux/stddef.h>
#include <linux/string.h>

#include "bytemap.h"
#include "error.h"
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
	{ SYNCMAP_FLAG_FROM_NOW, OP_ANY },
	{ SYNCMAP_FLAG_KEEP, OP_TAKES_OWNER },
};

/* The field at fault is the first of those that are wrong */
#define AT(member)	offsetof(struct syncmap_op, member)

static int too_long(struct syncmap_error *error, size_t field, u32 which,
		    u32 used, u32 limit)
{
	bytemap_error_limit(error, which, used, limit);
	return bytemap_error_field(error, field, -EFBIG);
}

/* Is there a flag that nobody knows, or that this operation does not take? */
static int check_flags(const struct syncmap_op *op, struct syncmap_error *error)
{
	u32 refused = op->flags;
	unsigned int i;

	if (!op->flags)
		return 0;
	for (i = 0; i < ARRAY_SIZE(flags); i++)
		if (bytemap_op_has(op->op, flags[i].traits))
			refused &= ~flags[i].flag;
	return refused ? bytemap_error_field(error, AT(flags), -EOPNOTSUPP) : 0;
}

/*
 * @field is not zero, and of no use. If it is one of operations with @traits, the
 * flags contradict it; else this kernel does not know it with this operation.
 */
static int refuse(const struct syncmap_op *op, struct syncmap_error *error,
		  size_t field, u16 traits)
{
	return bytemap_error_field(error, field, bytemap_op_has(op->op, traits) ?
						 -EINVAL : -EOPNOTSUPP);
}

static int check_unused(const struct syncmap_op *op, struct syncmap_error *error)
{
	bool by_revision = op->flags & SYNCMAP_FLAG_BY_REVISION;

	if (!(op->flags & (SYNCMAP_FLAG_BY_REVISION | SYNCMAP_FLAG_IF_NEWER)) &&
	    op->expected)
		return refuse(op, error, AT(expected),
			      OP_TAKES_OLD | OP_TAKES_AGE);
	if (!bytemap_op_has(op->op, OP_TAKES_VALUE)) {
		if (op->value)
			return refuse(op, error, AT(value), 0);
		if (op->value_len)
			return refuse(op, error, AT(value_len), 0);
	}
	if (!bytemap_op_has(op->op, OP_TAKES_OLD) || by_revision) {
		if (op->old)
			return refuse(op, error, AT(old), OP_TAKES_OLD);
		if (op->old_len)
			return refuse(op, error, AT(old_len), OP_TAKES_OLD);
	}
	if (!bytemap_op_has(op->op, OP_GIVES_VALUE)) {
		if (op->out)
			return refuse(op, error, AT(out), 0);
		if (op->out_size)
			return refuse(op, error, AT(out_size), 0);
	}
	return 0;
}

static bool takes_wait(const struct syncmap_op *op)
{
	return bytemap_op_has(op->op, OP_WAITS) &&
	       !(op->flags & SYNCMAP_FLAG_NOWAIT);
}

/* What the operations of sync.Map know nothing of */
static int check_unused_extras(const struct syncmap_op *op,
			       struct syncmap_error *error)
{
	if (op->deadline && !bytemap_op_has(op->op, OP_TAKES_DEADLINE))
		return refuse(op, error, AT(deadline), 0);
	if (op->token && !bytemap_op_has(op->op, OP_TAKES_TOKEN))
		return refuse(op, error, AT(token), 0);
	if (!op->token && op->op == SYNCMAP_OP_UNLEASE)
		return bytemap_error_field(error, AT(token), -EINVAL);
	if (op->wait_until && !takes_wait(op))
		return refuse(op, error, AT(wait_until), OP_WAITS);
	if (op->lease_for && !bytemap_op_has(op->op, OP_WAITS))
		return refuse(op, error, AT(lease_for), 0);
	if (op->bound && !(op->flags & SYNCMAP_FLAG_BOUNDED))
		return refuse(op, error, AT(bound), OP_TAKES_BOUND);
	if (bytemap_op_has(op->op, OP_CALCULATES))
		return bytemap_number_check(op, error);
	if (op->operand)
		return refuse(op, error, AT(operand), 0);
	if (op->initial)
		return refuse(op, error, AT(initial), 0);
	return 0;
}

static int check_lengths(const struct bytemap *map, const struct syncmap_op *op,
			 struct syncmap_error *error)
{
	const struct syncmap_limits *limits = &map->limits;

	if (map->key_type == SYNCMAP_KEY_U64 && op->key_len != sizeof(u64))
		return bytemap_error_field(error, AT(key_len), -EINVAL);
	if (op->key_len > limits->key_size)
		return too_long(error, AT(key_len), SYNCMAP_LIMITED_KEY,
				op->key_len, limits->key_size);
	if (op->value_len > limits->value_size)
		return too_long(error, AT(value_len), SYNCMAP_LIMITED_VALUE,
				op->value_len, limits->value_size);
	if (op->old_len > limits->value_size)
		return too_long(error, AT(old_len), SYNCMAP_LIMITED_VALUE,
				op->old_len, limits->value_size);
	return 0;
}

/* Whoever would not hear of the lease cannot have it */
static int check_answer(const struct syncmap_op *op, struct syncmap_error *error)
{
	if (op->answer_size > BYTEMAP_ANSWER_MAX)
		return bytemap_error_field(error, AT(answer_size), -EINVAL);
	if (bytemap_op_has(op->op, OP_WAITS) &&
	    op->answer_size < offsetofend(struct syncmap_answer, leased))
		return bytemap_error_field(error, AT(answer_size), -EINVAL);
	return 0;
}

static int check_op(const struct bytemap *map, struct syncmap_op *op,
		    struct syncmap_error *error)
{
	int err;

	if (op->op >= BYTEMAP_OPS)
		return bytemap_error_field(error, AT(op), -EOPNOTSUPP);
	/* It is an index from now on */
	op->op = array_index_nospec(op->op, BYTEMAP_OPS);
	if (!bytemap_traits[op->op])
		return bytemap_error_field(error, AT(op), -EOPNOTSUPP);
	if (op->reserved)
		return bytemap_error_field(error, AT(reserved), -EOPNOTSUPP);
	err = check_flags(op, error) ?: check_unused(op, error);
	err = err ?: check_unused_extras(op, error) ?: check_answer(op, error);
	return err ?: check_lengths(map, op, error);
}

/*
 * What can be said of @op before the key is there. @answer is zeroed, and says
 * what is wrong.
 *
 * Return: 0; -EOPNOTSUPP; -EINVAL; -EFBIG.
 */
int bytemap_request_check(const struct bytemap *map, struct syncmap_op *op,
			  struct syncmap_answer *answer)
{
	bytemap_request_reset(answer);
	answer->error.status = check_op(map, op, &answer->error);
	return answer->error.status;
}

/* Zeroes what an attempt has found */
void bytemap_request_reset(struct syncmap_answer *answer)
{
	memset(answer, 0, sizeof(*answer));
}

/* Return: 0, or -EINVAL: it is no key of this map */
int bytemap_request_check_key(const struct bytemap *map, const void *key,
			      size_t len)
{
	if (map->key_type == SYNCMAP_KEY_STRING && memchr(key, 0, len))
		return -EINVAL;
	return 0;
}

/*
 * Tells what was found.
 *
 * Return: 0, or -EMSGSIZE: it is more than the caller has room for.
 */
int bytemap_request_answer(struct bytemap_request *req)
{
	const struct bytemap_view *found = &req->found;
	struct syncmap_answer *answer = req->answer;
	u32 room = req->op->out_size;

	answer->result = SYNCMAP_RESULT_LOADED;
	if (found->owned)
		answer->result |= SYNCMAP_RESULT_OWNED;
	answer->revision = found->revision;
	answer->expires = found->deadline;
	answer->out_len = found->len;
	return room && found->len > room ? -EMSGSIZE : 0;
}

/* What it has found, and the object that it has not stored, are let go */
void bytemap_request_release(struct bytemap_request *req)
{
	bytemap_view_release(&req->found);
	if (req->fresh)
		bytemap_value_put(req->fresh);
	req->fresh = NULL;
}
