// SPDX-License-Identifier: GPL-2.0-only
/* Many operations: as few calls as possible */
#include "internal.h"

/* With SYNCMAP_BATCH_STOP one that fails is the last of @part */
static int last_status(const void *ops, const struct syncmap_batch *part)
{
	const char *last = (const char *)ops +
			   (size_t)(part->done - 1) * part->op_size;

	return part->failed ? ((const struct syncmap_op *)last)->status : 0;
}

static int run_part(const struct libsyncmap *map, void *ops,
		    struct syncmap_batch *part)
{
	int err;

	part->ops = (uintptr_t)ops;
	err = control(map->fd, SYNCMAP_BATCH, part);
	if (!err && part->flags & SYNCMAP_BATCH_STOP)
		err = last_status(ops, part);
	return err;
}

API int libsyncmap_batch(const struct libsyncmap *map, struct syncmap_op *ops,
			 size_t op_size, size_t count, unsigned int flags,
			 size_t *done)
{
	char *next = (char *)ops;
	int err = 0;

	*done = 0;
	while (!err && *done < count) {
		size_t left = count - *done;
		struct syncmap_batch part = {
			.flags = flags,
			.op_size = op_size,
			.count = left < SYNCMAP_BATCH_MAX ? left :
							    SYNCMAP_BATCH_MAX,
		};

		err = run_part(map, next, &part);
		*done += part.done;
		next += part.done * op_size;
	}
	return err;
}
