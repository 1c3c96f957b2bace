// SPDX-License-Identifier: GPL-2.0-only
/*
 * SYNCMAP_BATCH: many operations in one call, each as if it came alone
 */
#include <linux/errno.h>
#include <linux/mm.h>
#include <linux/overflow.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "../large.h"
#include "../store/bytemap.h"
#include "../store/gfp.h"
#include "../store/lease.h"
#include "../store/many.h"
#include "../store/op.h"
#include "../store/request.h"
#include "dev.h"
#include "op.h"

#define OP_SIZE_MAX	4096
#define OP_SIZE_MIN	SYNCMAP_OP_SHORT

struct slot {
	struct syncmap_op	op;
	struct syncmap_work	work;
};

/* A batch on its way; the slots are for loads that go together */
struct run {
	struct file		*file;
	struct syncmap_batch	*batch;
	struct slot		slots[];
};

static int check_batch(struct syncmap_call *call)
{
	const struct syncmap_batch *batch = &call->arg.batch;

	if (batch->op_size < OP_SIZE_MIN || batch->op_size > OP_SIZE_MAX)
		return syncmap_refuse(call, SYNCMAP_AT(batch, op_size), -EINVAL);
	if (batch->count > SYNCMAP_BATCH_MAX)
		return syncmap_refuse(call, SYNCMAP_AT(batch, count), -EINVAL);
	return 0;
}

static bool batch_goes_on(const struct syncmap_batch *batch)
{
	if (batch->failed && batch->flags & SYNCMAP_BATCH_STOP)
		return false;
	return batch->done < batch->count;
}

static void __user *element(const struct syncmap_batch *batch, u32 n)
{
	return u64_to_user_ptr(batch->ops + (u64)n * batch->op_size);
}

static int read_op(const struct syncmap_batch *batch, u32 n,
		   struct syncmap_op *op)
{
	int err;

	err = copy_struct_from_user(op, sizeof(*op), element(batch, n),
				    batch->op_size);
	return err ?: syncmap_check_answer(op);
}

/* The next operation is done: tell. A load that nobody hears of was not */
static int write_answer(struct syncmap_batch *batch, struct slot *slot)
{
	int err = syncmap_write_answer(&slot->work);

	if (err && slot->op.op == SYNCMAP_OP_LOAD)
		return err;
	batch->done++;
	batch->failed += !!slot->work.answer.error.status;
	return err;
}

/* A lease that is waited for would hold up what comes behind it */
static int do_op(struct bytemap *map, struct bytemap_request *req)
{
	if (bytemap_request_has(req, OP_WAITS) &&
	    !(req->op->flags & SYNCMAP_FLAG_NOWAIT))
		return bytemap_error_field(&req->answer->error,
					   SYNCMAP_AT(op, flags), -EINVAL);
	return bytemap_op(map, req);
}

/* That in the first slot */
static int run_one(struct run *run)
{
	struct slot *slot = run->slots;
	int err;

	err = syncmap_begin_op(run->file, &slot->op, &slot->work);
	if (!err)
		err = do_op(syncmap_mapfd_map(run->file), &slot->work.req);
	syncmap_end_op(&slot->work, err);
	return write_answer(run->batch, slot);
}

/* The first slot has a load. How many come behind it, all of them read? */
static unsigned int read_loads(struct run *run)
{
	const struct syncmap_batch *batch = run->batch;
	unsigned int n, max;

	max = min_t(u32, batch->count - batch->done, BYTEMAP_LOADS);
	for (n = 1; n < max; n++) {
		struct syncmap_op *op = &run->slots[n].op;

		if (read_op(batch, batch->done + n, op) ||
		    op->op != SYNCMAP_OP_LOAD)
			break;
	}
	return n;
}

/* Those behind one that ends the batch were not asked for: nobody is told */
static int end_loads(struct run *run, unsigned int n)
{
	struct bytemap *map = syncmap_mapfd_map(run->file);
	unsigned int i;
	int err = 0;

	for (i = 0; i < n; i++) {
		struct slot *slot = &run->slots[i];

		if (err || !batch_goes_on(run->batch)) {
			syncmap_end_op(&slot->work, -ECANCELED);
			continue;
		}
		syncmap_end_op(&slot->work, bytemap_many_end(map, &slot->work.req));
		err = write_answer(run->batch, slot);
	}
	return err;
}

static int run_loads(struct run *run, unsigned int n)
{
	struct bytemap_request *reqs[BYTEMAP_LOADS];
	unsigned int i, good = 0;
	int err;

	for (i = 0; i < n; i++) {
		struct slot *slot = &run->slots[i];

		err = syncmap_begin_op(run->file, &slot->op, &slot->work);
		slot->work.answer.error.status = err;
		if (!err)
			reqs[good++] = &slot->work.req;
	}
	bytemap_many_load(syncmap_mapfd_map(run->file), reqs, good);
	return end_loads(run, n);
}

static int run_all(struct run *run)
{
	struct syncmap_op *op = &run->slots[0].op;
	int err = 0;

	while (!err && batch_goes_on(run->batch)) {
		if (fatal_signal_pending(current))
			return -EINTR;
		cond_resched();
		err = read_op(run->batch, run->batch->done, op);
		if (err)
			break;
		err = op->op == SYNCMAP_OP_LOAD ?
			run_loads(run, read_loads(run)) : run_one(run);
	}
	return err;
}

int syncmap_run_batch(struct syncmap_call *call)
{
	struct syncmap_batch *batch = &call->arg.batch;
	unsigned int slots = min_t(u32, batch->count, BYTEMAP_LOADS);
	struct run *run;
	int err;

	err = check_batch(call);
	if (err)
		return err;
	run = syncmap_large_alloc(struct_size(run, slots, slots), BYTEMAP_GFP);
	if (!run)
		return -ENOMEM;
	run->file = call->file;
	run->batch = batch;
	err = run_all(run);
	bytemap_count_batch(syncmap_mapfd_map(call->file), batch->done);
	kvfree(run);
	return err;
}
