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
	struct syncmap_answer	answer;
	u8			key[128];
	u8			value[BYTEMAP_SMALL];
	u8			old[BYTEMAP_SMALL];
	const void		*appended;	/* the copy of a value */
};

int syncmap_begin_op(const struct file *file, struct syncmap_op *op,
		     struct syncmap_work *work);
int syncmap_end_op(struct syncmap_work *work, int err);
int syncmap_check_answer(const struct syncmap_op *op);
int syncmap_write_answer(struct syncmap_work *work);

#endif /* _SYNCMAP_DEV_OP_H */
