/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What users are told of an error besides its number
 */
#ifndef _SYNCMAP_STORE_ERROR_H
#define _SYNCMAP_STORE_ERROR_H

#include <linux/types.h>
#include <uapi/linux/syncmap.h>

/* The field at fault, by its offset in the struct that asks. Return: @err */
static inline int bytemap_error_field(struct syncmap_error *error, size_t field,
				      int err)
{
	error->field = field;
	return err;
}

/* Which limit is in the way, how much there is, and may be */
static inline void bytemap_error_limit(struct syncmap_error *error, u32 limited,
				       u64 used, u64 limit)
{
	error->limited = limited;
	error->used = used;
	error->limit = limit;
}

#endif /* _SYNCMAP_STORE_ERROR_H */
