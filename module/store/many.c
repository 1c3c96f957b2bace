// SPDX-License-Identifier: GPL-2.0-only
/*
 * Loads of many keys, whose look-ups overlap
 */
#include <linux/errno.h>
#include <linux/rcupdate.h>

#include "store.h"

static int look(struct bytemap *map, struct bytemap_request *req,
		const struct syncmap_lookup *lookup)
{
	int ret;

	if (!lookup->found)
		return -ENOENT;
	ret = bytemap_look(map, req, lookup->value);
	/* Deleted, expired or replaced: bytemap_op() knows what to do */
	return ret == -ENOENT ? -EAGAIN : ret;
}

/*
 * Each as bytemap_op() would do it, at an instant of its own, in no order. All
 * are LOADs, at most %BYTEMAP_LOADS; &syncmap_op.status is the result.
 */
void bytemap_load_many(struct bytemap *map, struct bytemap_request **reqs,
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
		reqs[i]->op->status = look(map, reqs[i], &lookups[i]);
	rcu_read_unlock();
	for (i = 0; i < n; i++)
		if (reqs[i]->op->status == -EAGAIN)
			bytemap_op(map, reqs[i]);
}
