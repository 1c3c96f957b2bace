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

/* What is left of a call of libsyncmap_batch() */
struct rest {
	const struct libsyncmap	*map;
	const char		*ops;
	size_t			op_size;
	size_t			count;
	unsigned int		flags;
	bool			mapped;
};

/* So few loads are not worth another call of the kernel for what is behind them */
#define FEW		16

static bool is_load(const struct rest *rest, size_t i)
{
	return libsyncmap_mapping_is_load(rest->map,
					  rest->ops + i * rest->op_size,
					  rest->op_size);
}

/* How many loads come first, if that is for the mapping to do */
static size_t count_loads(const struct rest *rest)
{
	size_t n = 0;

	while (n < LIBSYNCMAP_LOADS && n < rest->count && is_load(rest, n))
		n++;
	return n >= FEW || n == rest->count ? n : 0;
}

/* How many operations come first that are for the kernel, if count_loads() is 0 */
static size_t count_others(const struct rest *rest)
{
	size_t most = rest->count < SYNCMAP_BATCH_MAX ? rest->count :
							SYNCMAP_BATCH_MAX;
	size_t n, loads = 0;

	if (!rest->mapped)
		return most;
	for (n = 0; n < most && loads < FEW; n++)
		loads = is_load(rest, n) ? loads + 1 : 0;
	return loads == FEW || n == rest->count ? n - loads : n;
}

static int ask(const struct rest *rest, size_t from, size_t count, size_t *done)
{
	struct syncmap_batch part = {
		.flags = rest->flags, .op_size = rest->op_size, .count = count,
	};
	int err = run_part(rest->map, rest->ops + from * rest->op_size, &part);

	*done = part.done;
	return err;
}

/* If most are left to the kernel, it does the rest of the batch */
static int load_some(struct rest *rest, size_t count, size_t *done)
{
	size_t first, last, left, asked;
	int err;

	left = libsyncmap_mapping_batch(rest->map, rest->ops, rest->op_size,
					count, &first, &last);
	*done = count;
	if (!left)
		return 0;
	rest->mapped = left <= count / 2;
	err = ask(rest, first, last + 1 - first, &asked);
	if (first + asked <= last)
		*done = first + asked;
	return err;
}

static int run_some(struct rest *rest, size_t *done)
{
	size_t loads = rest->mapped ? count_loads(rest) : 0;

	return loads ? load_some(rest, loads, done) :
		       ask(rest, 0, count_others(rest), done);
}

API int libsyncmap_batch(const struct libsyncmap *map, const struct syncmap_op *ops,
			 size_t op_size, size_t count, unsigned int flags,
			 size_t *done)
{
	struct rest rest = {
		.map = map, .ops = (const char *)ops, .op_size = op_size,
		.count = count, .flags = flags,
		/* Only the kernel stops in time */
		.mapped = !flags && libsyncmap_mapping_takes_batch(map),
	};
	size_t part;
	int err = 0;

	while (!err && rest.count) {
		err = run_some(&rest, &part);
		rest.ops += part * op_size;
		rest.count -= part;
	}
	*done = count - rest.count;
	return err;
}
