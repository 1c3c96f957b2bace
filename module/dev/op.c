// SPDX-License-Identifier: GPL-2.0-only
/*
 * SYNCMAP_OP: what belongs to an operation is copied in, the operation is done,
 * what it found is copied out
 */
#include <linux/err.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "../store/store.h"
#include "dev.h"

/* Most keys and values need no allocation on the way in */
struct small {
	u8	key[128];
	u8	value[BYTEMAP_SMALL];
	u8	old[BYTEMAP_SMALL];
};

static const void *copy_in(u64 user, size_t len, void *small, size_t size)
{
	if (len > size)
		return vmemdup_user(u64_to_user_ptr(user), len);
	if (copy_from_user(small, u64_to_user_ptr(user), len))
		return ERR_PTR(-EFAULT);
	return small;
}

static void free_copy(const void *copy, const void *small)
{
	if (copy != small && !IS_ERR_OR_NULL(copy))
		kvfree(copy);
}

/* A value that cannot be written in place goes into its object right away */
static int copy_value(const struct bytemap *map, struct bytemap_request *req,
		      struct small *small)
{
	void __user *user = u64_to_user_ptr(req->op->value);
	u32 len = req->op->value_len;
	void *to = small->value;

	if (len > BYTEMAP_SMALL) {
		req->fresh = bytemap_request_alloc(map, req, len);
		if (!req->fresh)
			return -ENOMEM;
		to = req->fresh->bytes;
	}
	req->value = to;
	return copy_from_user(to, user, len) ? -EFAULT : 0;
}

/* A change whose old value cannot be delivered would lose it */
static int check_out(const struct bytemap *map, const struct syncmap_op *op)
{
	size_t size = min(op->out_size, map->limits.value_size);

	if (bytemap_op_has(op->op, OP_KEEPS))
		return 0;
	return syncmap_probe_write(u64_to_user_ptr(op->out), size);
}

static int copy_all(const struct bytemap *map, struct bytemap_request *req,
		    struct small *small)
{
	struct syncmap_op *op = req->op;
	int err;

	req->key = copy_in(op->key, op->key_len, small->key,
			   sizeof(small->key));
	if (IS_ERR(req->key))
		return PTR_ERR(req->key);
	err = bytemap_key_check(map, req->key, op->key_len);
	if (err)
		return err;
	req->old = copy_in(op->old, op->old_len, small->old,
			   sizeof(small->old));
	if (IS_ERR(req->old))
		return PTR_ERR(req->old);
	err = copy_value(map, req, small);
	return err ?: check_out(map, op);
}

static int copy_out(const struct bytemap_request *req)
{
	const struct syncmap_op *op = req->op;

	if (!(op->result & (SYNCMAP_OP_LOADED | SYNCMAP_OP_EXPIRED)) ||
	    op->result & SYNCMAP_OP_UNCHANGED || op->out_len > op->out_size)
		return 0;
	if (copy_to_user(u64_to_user_ptr(op->out),
			 bytemap_view_bytes(&req->found), op->out_len))
		return -EFAULT;
	return 0;
}

static int run_checked(struct bytemap_client *client, struct syncmap_op *op)
{
	struct bytemap_request req = { .op = op, .client = client };
	struct bytemap *map = client->map;
	struct small small;
	int err;

	err = copy_all(map, &req, &small);
	if (!err)
		err = bytemap_op(map, &req);
	if (!err || err == -EBUSY)
		err = copy_out(&req) ?: err;
	if (err && op->result & SYNCMAP_OP_LEASED)
		bytemap_lease_abandon(client, op->leased);
	bytemap_request_release(&req);
	free_copy(req.old, small.old);
	free_copy(req.key, small.key);
	return err;
}

int syncmap_run_op(struct syncmap_call *call)
{
	struct bytemap_client *client = syncmap_mapfd_client(call->file);
	struct syncmap_op *op = &call->arg.op;
	int err;

	err = bytemap_op_check(client->map, op);
	if (!err &&
	    bytemap_op_access(op->op) & ~syncmap_mapfd_access(call->file))
		err = -EBADF;
	if (!err)
		err = run_checked(client, op);
	op->status = err == -ERESTARTSYS ? -EINTR : err;
	return err;
}

/* With an error: whoever has become the holder of a lease does not know it */
void syncmap_finish_op(struct syncmap_call *call, int err)
{
	const struct syncmap_op *op = &call->arg.op;

	if (err && op->result & SYNCMAP_OP_LEASED)
		bytemap_lease_abandon(syncmap_mapfd_client(call->file),
				      op->leased);
}
