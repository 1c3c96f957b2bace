/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Operations on one key: op.c
 */
#ifndef _SYNCMAP_STORE_OP_H
#define _SYNCMAP_STORE_OP_H

#include <linux/types.h>

struct bytemap;
struct bytemap_request;
struct bytemap_value;

int bytemap_op(struct bytemap *map, struct bytemap_request *req);
int bytemap_op_load(struct bytemap *map, struct bytemap_request *req,
		    struct bytemap_value *value, u32 room);

#endif /* _SYNCMAP_STORE_OP_H */
