// SPDX-License-Identifier: GPL-2.0-only
/*
 * Loads of many keys, whose look-ups overlap
 */
#include <linux/errno.h>
#include <linux/rcupdate.h>
#include <linux/syncmap.h>

#include "attempt.h"
#include "bytemap.h"
#include "many.h"
#include "op.h"
#include "request.h"

/* Return: 0, an error, or START_OVER: bytemap_op() knows what to do */
static int load_found(struct bytemap *map, struct bytemap_request *req,
		      const struct syncmap_lookup *lookup)
{
	int ret;

	if (!lookup->found)
		return -ENOENT;
	ret = bytemap_op_load(map, req, lookup->value);
	/* Deleted, expired or replaced */
	return ret > 0 ? START_OVER : ret;
}

/*
 * Each as bytemap_op() would do it, at an instant of its own, in no order. All
 * are LOADs, at most %BYTEMAP_LOADS; &syncmap_error.status is the result. Process
 * context, may sleep.
 */
void bytemap_many_load(struct bytemap *map, struct bytemap_request **reqs,
		       unsigned int n)
{
	struct syncmap_lookup lookups[BYTEMAP_LOADS];
	unsigned int i;

	for (i = 0; i < n; i++) {
		lookups[i].key = reqs[i]->key;
		lookups[i].len = reqs[i]->op->key_len;
	}
	rcu_read_lock();
	syncmap_load_many(&map->core, lookups, n);
	for (i = 0; i < n; i++)
		reqs[i]->answer->error.status = load_found(map, reqs[i], &lookups[i]);
	rcu_read_unlock();
	for (i = 0; i < n; i++)
		if (reqs[i]->answer->error.status == START_OVER)
			bytemap_op(map, reqs[i]);
}
