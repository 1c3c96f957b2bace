// SPDX-License-Identifier: GPL-2.0-only
/*
 * SYNCMAP_OP: what belongs to an operation is copied in, the operation is done,
 * what it found is copied out, and the answer written
 */
#include <linux/err.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "../large.h"
#include "../store/bytemap.h"
#include "../store/fresh.h"
#include "../store/gfp.h"
#include "../store/lease.h"
#include "../store/op.h"
#include "../store/request.h"
#include "../store/traits.h"
#include "../store/value.h"
#include "../store/view.h"
#include "dev.h"
#include "op.h"
#include "time.h"

static void free_copy(const void *copy, const void *small)
{
	if (copy != small && !IS_ERR_OR_NULL(copy))
		kvfree(copy);
}

/* In the caller's cgroup, as it lasts for as long as an operation waits */
static const void *copy_input(u64 user, size_t len, void *small, size_t size)
{
	void *copy = len > size ? syncmap_large_alloc(len, BYTEMAP_GFP) : small;

	if (!copy)
		return ERR_PTR(-ENOMEM);
	if (!copy_from_user(copy, u64_to_user_ptr(user), len))
		return copy;
	free_copy(copy, small);
	return ERR_PTR(-EFAULT);
}

/*
 * A value that cannot be written in place goes into its object right away, but
 * for one that is appended: what its object has to be like is not known yet
 */
static int copy_value(struct bytemap *map, struct syncmap_work *work)
{
	struct bytemap_request *req = &work->req;
	void __user *user = u64_to_user_ptr(req->op->value);
	u32 len = req->op->value_len;
	void *to = work->value;

	if (bytemap_request_has(req, OP_APPENDS)) {
		work->appended = copy_input(req->op->value, len, work->value,
					    sizeof(work->value));
		req->value = work->appended;
		return PTR_ERR_OR_ZERO(req->value);
	}
	if (len > BYTEMAP_SMALL) {
		int err = bytemap_fresh_for(map, req);

		if (err)
			return err;
		to = req->fresh->bytes;
	}
	req->value = to;
	return copy_from_user(to, user, len) ? -EFAULT : 0;
}

/*
 * A change whose old value cannot be delivered would lose it. What is behind
 * that value in the buffer may be written by others meanwhile.
 */
static int check_out(const struct bytemap *map, const struct syncmap_op *op)
{
	size_t size = min(op->out_size, map->limits.value_size);

	if (!size || bytemap_op_has(op->op, OP_KEEPS))
		return 0;
	return syncmap_fault_in(u64_to_user_ptr(op->out), size);
}

static int copy_all(struct bytemap *map, struct syncmap_work *work)
{
	struct bytemap_request *req = &work->req;
	const struct syncmap_op *op = req->op;
	int err;

	req->key = copy_input(op->key, op->key_len, work->key,
			      sizeof(work->key));
	if (IS_ERR(req->key))
		return PTR_ERR(req->key);
	err = bytemap_request_check_key(map, req->key, op->key_len);
	if (err)
		return bytemap_error_field(&req->answer->error,
					   SYNCMAP_AT(op, key), err);
	if (bytemap_request_has(req, OP_TAKES_OLD)) {
		req->old = copy_input(op->old, op->old_len, work->old,
				      sizeof(work->old));
		if (IS_ERR(req->old))
			return PTR_ERR(req->old);
	}
	if (bytemap_request_has(req, OP_TAKES_VALUE))
		err = copy_value(map, work);
	return err ?: check_out(map, op);
}

static int copy_found(const struct bytemap_request *req)
{
	const struct syncmap_answer *answer = req->answer;
	u32 result = answer->result;

	if (!(result & (SYNCMAP_RESULT_LOADED | SYNCMAP_RESULT_EXPIRED)) ||
	    result & SYNCMAP_RESULT_UNCHANGED ||
	    answer->out_len > req->op->out_size)
		return 0;
	if (copy_to_user(u64_to_user_ptr(req->op->out),
			 bytemap_view_bytes(&req->found), answer->out_len))
		return -EFAULT;
	return 0;
}

static u64 time_from_user(const struct syncmap_op *op, u64 time)
{
	return op->flags & SYNCMAP_FLAG_FROM_NOW ? syncmap_time_from_now(time) :
						   syncmap_time_from_user(time);
}

static u64 time_to_user(const struct syncmap_op *op, u64 time)
{
	return op->flags & SYNCMAP_FLAG_FROM_NOW ? syncmap_time_until(time) :
						   syncmap_time_to_user(time);
}

static void times_from_user(struct syncmap_op *op)
{
	op->deadline = time_from_user(op, op->deadline);
	op->wait_until = time_from_user(op, op->wait_until);
}

/* Bytes of the answer that are wanted, of which the kernel knows the first */
static size_t wanted(const struct syncmap_op *op)
{
	return min_t(size_t, op->answer_size, BYTEMAP_ANSWER_MAX);
}

/* A change whose answer could not be told would be lost on the caller */
int syncmap_check_answer(const struct syncmap_op *op)
{
	if (!op->answer_size || op->op == SYNCMAP_OP_LOAD)
		return 0;
	return syncmap_probe_write(u64_to_user_ptr(op->answer), wanted(op));
}

/* Whoever has become the holder of a lease does not know it: it is one no more */
static void abandon_lease(const struct bytemap_request *req)
{
	struct syncmap_answer *answer = req->answer;

	if (!(answer->result & SYNCMAP_RESULT_LEASED))
		return;
	bytemap_lease_abandon(req->client, answer->leased);
	answer->result &= ~SYNCMAP_RESULT_LEASED;
	answer->leased = 0;
	answer->lease_ends = 0;
}

/* @op belongs to @work until syncmap_end_op(), which is called in any case */
int syncmap_begin_op(const struct file *file, struct syncmap_op *op,
		     struct syncmap_work *work)
{
	struct bytemap_client *client = syncmap_mapfd_client(file);
	int err;

	memset(&work->req, 0, offsetof(struct bytemap_request, found.bytes));
	work->req.op = op;
	work->req.answer = &work->answer;
	work->req.client = client;
	work->appended = NULL;
	err = bytemap_request_check(client->map, op, &work->answer);
	if (err)
		return err;
	if (bytemap_op_access(op->op) & ~client->access)
		return -EBADF;
	times_from_user(op);
	return copy_all(client->map, work);
}

/* @err: of the operation. Return: what its user hears */
int syncmap_end_op(struct syncmap_work *work, int err)
{
	struct bytemap_request *req = &work->req;
	struct syncmap_answer *answer = req->answer;

	if (!err || err == -EBUSY)
		err = copy_found(req) ?: err;
	if (err)
		abandon_lease(req);
	bytemap_request_release(req);
	free_copy(work->appended, work->value);
	free_copy(req->old, work->old);
	free_copy(req->key, work->key);
	answer->expires = time_to_user(req->op, answer->expires);
	answer->lease_ends = time_to_user(req->op, answer->lease_ends);
	answer->error.status = bytemap_request_status(err);
	return err;
}

/* What the kernel does not know becomes zero */
static int copy_answer(const struct syncmap_op *op,
		       const struct syncmap_answer *answer)
{
	u8 __user *user = u64_to_user_ptr(op->answer);
	size_t size = min(wanted(op), sizeof(*answer));

	if (!size)
		return 0;
	if (copy_to_user(user, answer, size))
		return -EFAULT;
	if (unlikely(wanted(op) > size) &&
	    clear_user(user + size, wanted(op) - size))
		return -EFAULT;
	return 0;
}

/* After syncmap_end_op(). Return: 0; -EFAULT: nobody has heard of it */
int syncmap_write_answer(struct syncmap_work *work)
{
	const struct bytemap_request *req = &work->req;
	int err = copy_answer(req->op, req->answer);

	if (err)
		abandon_lease(req);
	return err;
}

int syncmap_run_op(struct syncmap_call *call)
{
	struct syncmap_op *op = &call->arg.op;
	struct syncmap_work work;
	int err;

	err = syncmap_check_answer(op);
	if (err)
		return err;
	err = syncmap_begin_op(call->file, op, &work);
	if (!err)
		err = bytemap_op(syncmap_mapfd_map(call->file), &work.req);
	err = syncmap_end_op(&work, err);
	return syncmap_write_answer(&work) ?: err;
}
