// SPDX-License-Identifier: GPL-2.0-only
/*
 * Loads of many keys, whose look-ups overlap
 *
 * What was found is told one by one, and whoever is told can take his time. So
 * long values are not held meanwhile, which would be memory of others: they are
 * looked up anew when it is their turn, and one is held at a time.
 */
#include <linux/errno.h>
#include <linux/minmax.h>
#include <linux/rcupdate.h>
#include <linux/syncmap.h>

#include "attempt.h"
#include "bytemap.h"
#include "evict.h"
#include "many.h"
#include "op.h"
#include "request.h"
#include "trace.h"

/* Are there bytes to be told that are too many for the view? */
static bool is_long(const struct bytemap_request *req)
{
	return req->found.len > BYTEMAP_COPY && req->op->out_size &&
	       !(req->answer->result & SYNCMAP_RESULT_UNCHANGED);
}

/* Return: 0, an error, or START_OVER: bytemap_op() knows what to do */
static int load_found(struct bytemap *map, struct bytemap_request *req,
		      const struct syncmap_lookup *lookup)
{
	int ret;

	if (!lookup->found)
		return -ENOENT;
	ret = bytemap_op_load(map, req, lookup->value,
			      min(req->op->out_size, BYTEMAP_COPY));
	/* Deleted, expired or replaced */
	if (ret > 0)
		return START_OVER;
	return !ret && is_long(req) ? START_OVER : ret;
}

/*
 * Each as bytemap_op() would do it, at an instant of its own, in no order. All
 * are LOADs, at most %BYTEMAP_LOADS. bytemap_many_end() gives the results, one
 * after the other. From any context.
 */
void bytemap_many_load(struct bytemap *map, struct bytemap_request **reqs,
		       unsigned int n)
{
	struct syncmap_lookup lookups[BYTEMAP_LOADS];
	bool evicts = bytemap_evicts(map);
	unsigned int i;

	for (i = 0; i < n; i++) {
		lookups[i].key = reqs[i]->key;
		lookups[i].len = reqs[i]->op->key_len;
	}
	rcu_read_lock();
	syncmap_load_many(&map->core, lookups, n);
	for (i = 0; i < n; i++) {
		if (evicts && lookups[i].found)
			bytemap_evict_use(lookups[i].value);
		reqs[i]->answer->error.status = load_found(map, reqs[i], &lookups[i]);
	}
	rcu_read_unlock();
}

/*
 * @req was looked up with others, and its turn has come to be told: if need be, it
 * is looked up alone. An error that it has had before stays. Process context, may
 * sleep.
 *
 * Return: 0, or an error.
 */
int bytemap_many_end(struct bytemap *map, struct bytemap_request *req)
{
	int status = req->answer->error.status;

	if (status == START_OVER) {
		bytemap_request_reset(req->answer);
		return bytemap_op(map, req);
	}
	bytemap_request_count(map, req, status);
	trace_bytemap_op(map, req->op, req->key, req->answer);
	return status;
}
