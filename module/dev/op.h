/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An operation between its user and the store
 */
#ifndef _SYNCMAP_DEV_OP_H
#define _SYNCMAP_DEV_OP_H

#include "../store/request.h"
#include "../store/value.h"

/* Most keys and values need no allocation on the way in */
struct syncmap_work {
	struct bytemap_request	req;
	u8			key[128];
	u8			value[BYTEMAP_SMALL];
	u8			old[BYTEMAP_SMALL];
	const void		*appended;	/* the copy of a value */
	u64			deadline;	/* as the user said it, */
	u64			wait_until;	/* in his own time */
};

int syncmap_begin_op(const struct file *file, struct syncmap_op *op,
		     struct syncmap_work *work);
int syncmap_end_op(struct syncmap_work *work, int err);

#endif /* _SYNCMAP_DEV_OP_H */
