// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/* Many operations: as few calls as possible */
#include <stddef.h>

#include "internal.h"

/* With SYNCMAP_BATCH_STOP one that fails is the last of @part */
static int last_status(const void *ops, const struct syncmap_batch *part)
{
	const struct syncmap_op *last = (const void *)((const char *)ops +
		(size_t)(part->done - 1) * part->op_size);
	const struct syncmap_answer *answer = (const void *)(uintptr_t)last->answer;
	size_t told = offsetof(struct syncmap_answer, error.status) +
		      sizeof(answer->error.status);

	if (!part->failed)
		return 0;
	return last->answer_size < told ? -ECANCELED : answer->error.status;
}

static int run_part(const struct libsyncmap *map, const void *ops,
		    struct syncmap_batch *part)
{
	int err;

	part->ops = (uintptr_t)ops;
	err = control(map->fd, SYNCMAP_BATCH, part);
	if (!err && part->flags & SYNCMAP_BATCH_STOP)
		err = last_status(ops, part);
	return err;
}

API int libsyncmap_batch(const struct libsyncmap *map, const struct syncmap_op *ops,
			 size_t op_size, size_t count, unsigned int flags,
			 size_t *done)
{
	const char *next = (const char *)ops;
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
