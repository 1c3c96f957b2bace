// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/* Operations on one key: all of them fill in one struct */
#include <errno.h>
#include <stdbool.h>
#include <time.h>
#include <unistd.h>

#include "internal.h"
#include "syncmap_mapped.h"

API int libsyncmap_op(const struct libsyncmap *map, const struct syncmap_op *op,
		      size_t size)
{
	return libsyncmap_control(map->fd, SYNCMAP_OP, (void *)op, size);
}

/* Of the functions below, not all fill in more than the first part */
static bool is_short(const struct syncmap_op *op)
{
	return op->op == SYNCMAP_OP_DELETE ||
	       (op->op == SYNCMAP_OP_LOAD &&
		!(op->flags & SYNCMAP_FLAG_IF_NEWER));
}

static void set_result(struct libsyncmap_result *result,
		       const struct syncmap_answer *answer)
{
	result->len = answer->out_len;
	result->loaded = answer->result & SYNCMAP_RESULT_LOADED;
	result->expired = answer->result & SYNCMAP_RESULT_EXPIRED;
	result->unchanged = answer->result & SYNCMAP_RESULT_UNCHANGED;
	result->owned = answer->result & SYNCMAP_RESULT_OWNED;
	result->revision = answer->revision;
	result->previous = answer->previous;
	result->expires = answer->expires;
	result->lease_ends = answer->lease_ends;
	result->error = answer->error;
}

/* For the operations that have a use for a buffer */
static void want_value(struct syncmap_op *op,
		       const struct libsyncmap_result *result)
{
	if (!result || !result->buffer)
		return;
	op->out = (uintptr_t)result->buffer;
	op->out_size = result->size < UINT32_MAX ? result->size : UINT32_MAX;
}

static int set_bytes(__u64 *pointer, __u32 *field, const void *data, size_t len)
{
	if (len > UINT32_MAX)
		return -EFBIG;
	*pointer = len ? (uintptr_t)data : 0;
	*field = len;
	return 0;
}

static int run_for(const struct libsyncmap *map, struct syncmap_op *op,
		   const void *key, size_t key_len,
		   const void *value, size_t value_len,
		   struct syncmap_answer *answer,
		   struct libsyncmap_result *result)
{
	int err = set_bytes(&op->key, &op->key_len, key, key_len);

	if (!err)
		err = set_bytes(&op->value, &op->value_len, value, value_len);
	if (answer) {
		op->answer = (uintptr_t)answer;
		op->answer_size = sizeof(*answer);
	}
	if (result && result->from_now)
		op->flags |= SYNCMAP_FLAG_FROM_NOW;
	if (!err)
		err = is_short(op) ?
			control(map->fd, SYNCMAP_OP_SIZED(SYNCMAP_OP_SHORT), op) :
			control(map->fd, SYNCMAP_OP, op);
	if (result)
		set_result(result, answer);
	return err;
}

/* What is too long to be asked for finds nothing */
static int refuse_long(struct libsyncmap_result *result)
{
	const struct syncmap_answer nothing = { .result = 0 };

	if (result)
		set_result(result, &nothing);
	return -EFBIG;
}

/* Who wants no result wants no answer */
static int run(const struct libsyncmap *map, struct syncmap_op *op,
	       const void *key, size_t key_len,
	       const void *value, size_t value_len,
	       struct libsyncmap_result *result)
{
	struct syncmap_answer answer = { .result = 0 };

	return run_for(map, op, key, key_len, value, value_len,
		       result ? &answer : NULL, result);
}

API int libsyncmap_load(const struct libsyncmap *map,
			const void *key, size_t key_len,
			struct libsyncmap_result *result)
{
	struct syncmap_op op = { .op = SYNCMAP_OP_LOAD };
	int ret = libsyncmap_mapping_load(map, key, key_len, 0, result);

	if (ret != SYNCMAP_MAPPED_ASK)
		return ret;
	want_value(&op, result);
	return run(map, &op, key, key_len, NULL, 0, result);
}

API int libsyncmap_load_newer(const struct libsyncmap *map,
			      const void *key, size_t key_len,
			      uint64_t revision,
			      struct libsyncmap_result *result)
{
	struct syncmap_op op = {
		.op = SYNCMAP_OP_LOAD,
		.flags = SYNCMAP_FLAG_IF_NEWER,
		.expected = revision,
	};
	int ret = libsyncmap_mapping_load(map, key, key_len, revision, result);

	if (ret != SYNCMAP_MAPPED_ASK)
		return ret;
	want_value(&op, result);
	return run(map, &op, key, key_len, NULL, 0, result);
}

/* What is stored, and on what terms */
static int run_store(const struct libsyncmap *map, struct syncmap_op *op,
		     const void *key, size_t key_len,
		     const void *value, size_t value_len,
		     const struct libsyncmap_options *options,
		     struct libsyncmap_result *result)
{
	if (options) {
		op->deadline = options->deadline;
		op->token = options->token;
		op->flags |= options->flags;
	}
	return run(map, op, key, key_len, value, value_len, result);
}

API int libsyncmap_store_with(const struct libsyncmap *map,
			      const void *key, size_t key_len,
			      const void *value, size_t value_len,
			      const struct libsyncmap_options *options,
			      struct libsyncmap_result *result)
{
	struct syncmap_op op = { .op = SYNCMAP_OP_STORE };

	return run_store(map, &op, key, key_len, value, value_len, options,
			 result);
}

API int libsyncmap_store(const struct libsyncmap *map,
			 const void *key, size_t key_len,
			 const void *value, size_t value_len,
			 struct libsyncmap_result *result)
{
	return libsyncmap_store_with(map, key, key_len, value, value_len, NULL,
				     result);
}

API int libsyncmap_append(const struct libsyncmap *map,
			  const void *key, size_t key_len,
			  const void *value, size_t value_len,
			  const struct libsyncmap_options *options,
			  struct libsyncmap_result *result)
{
	struct syncmap_op op = { .op = SYNCMAP_OP_APPEND };

	return run_store(map, &op, key, key_len, value, value_len, options,
			 result);
}

API int libsyncmap_load_or_store_with(const struct libsyncmap *map,
				      const void *key, size_t key_len,
				      const void *value, size_t value_len,
				      const struct libsyncmap_options *options,
				      struct libsyncmap_result *result)
{
	struct syncmap_op op = { .op = SYNCMAP_OP_LOAD_OR_STORE };

	want_value(&op, result);
	return run_store(map, &op, key, key_len, value, value_len, options,
			 result);
}

API int libsyncmap_load_or_store(const struct libsyncmap *map,
				 const void *key, size_t key_len,
				 const void *value, size_t value_len,
				 struct libsyncmap_result *result)
{
	return libsyncmap_load_or_store_with(map, key, key_len,
					     value, value_len, NULL, result);
}

API int libsyncmap_load_and_delete(const struct libsyncmap *map,
				   const void *key, size_t key_len,
				   struct libsyncmap_result *result)
{
	struct syncmap_op op = { .op = SYNCMAP_OP_LOAD_AND_DELETE };

	want_value(&op, result);
	return run(map, &op, key, key_len, NULL, 0, result);
}

API int libsyncmap_delete(const struct libsyncmap *map,
			  const void *key, size_t key_len,
			  struct libsyncmap_result *result)
{
	struct syncmap_op op = { .op = SYNCMAP_OP_DELETE };

	return run(map, &op, key, key_len, NULL, 0, result);
}

API int libsyncmap_swap_with(const struct libsyncmap *map,
			     const void *key, size_t key_len,
			     const void *value, size_t value_len,
			     const struct libsyncmap_options *options,
			     struct libsyncmap_result *result)
{
	struct syncmap_op op = { .op = SYNCMAP_OP_SWAP };

	want_value(&op, result);
	return run_store(map, &op, key, key_len, value, value_len, options,
			 result);
}

API int libsyncmap_swap(const struct libsyncmap *map,
			const void *key, size_t key_len,
			const void *value, size_t value_len,
			struct libsyncmap_result *result)
{
	return libsyncmap_swap_with(map, key, key_len, value, value_len, NULL,
				    result);
}

API int libsyncmap_compare_and_swap_with(const struct libsyncmap *map,
					 const void *key, size_t key_len,
					 const void *old, size_t old_len,
					 const void *value, size_t value_len,
					 const struct libsyncmap_options *options,
					 struct libsyncmap_result *result)
{
	struct syncmap_op op = { .op = SYNCMAP_OP_COMPARE_AND_SWAP };

	if (set_bytes(&op.old, &op.old_len, old, old_len))
		return refuse_long(result);
	want_value(&op, result);
	return run_store(map, &op, key, key_len, value, value_len, options,
			 result);
}

API int libsyncmap_compare_and_swap(const struct libsyncmap *map,
				    const void *key, size_t key_len,
				    const void *old, size_t old_len,
				    const void *value, size_t value_len,
				    struct libsyncmap_result *result)
{
	return libsyncmap_compare_and_swap_with(map, key, key_len, old, old_len,
						value, value_len, NULL, result);
}

API int libsyncmap_compare_and_swap_revision_with(const struct libsyncmap *map,
				const void *key, size_t key_len,
				uint64_t revision,
				const void *value, size_t value_len,
				const struct libsyncmap_options *options,
				struct libsyncmap_result *result)
{
	struct syncmap_op op = {
		.op = SYNCMAP_OP_COMPARE_AND_SWAP,
		.flags = SYNCMAP_FLAG_BY_REVISION,
		.expected = revision,
	};

	want_value(&op, result);
	return run_store(map, &op, key, key_len, value, value_len, options,
			 result);
}

API int libsyncmap_compare_and_swap_revision(const struct libsyncmap *map,
					     const void *key, size_t key_len,
					     uint64_t revision,
					     const void *value,
					     size_t value_len,
					     struct libsyncmap_result *result)
{
	return libsyncmap_compare_and_swap_revision_with(map, key, key_len,
							 revision, value,
							 value_len, NULL,
							 result);
}

API int libsyncmap_compare_and_delete(const struct libsyncmap *map,
				      const void *key, size_t key_len,
				      const void *old, size_t old_len,
				      struct libsyncmap_result *result)
{
	struct syncmap_op op = { .op = SYNCMAP_OP_COMPARE_AND_DELETE };

	if (set_bytes(&op.old, &op.old_len, old, old_len))
		return refuse_long(result);
	want_value(&op, result);
	return run(map, &op, key, key_len, NULL, 0, result);
}

API int libsyncmap_compare_and_delete_revision(const struct libsyncmap *map,
					       const void *key, size_t key_len,
					       uint64_t revision,
					       struct libsyncmap_result *result)
{
	struct syncmap_op op = {
		.op = SYNCMAP_OP_COMPARE_AND_DELETE,
		.flags = SYNCMAP_FLAG_BY_REVISION,
		.expected = revision,
	};

	want_value(&op, result);
	return run(map, &op, key, key_len, NULL, 0, result);
}

API uint64_t libsyncmap_deadline(uint64_t ttl)
{
	struct timespec now;
	uint64_t deadline;

	clock_gettime(CLOCK_BOOTTIME, &now);
	deadline = ttl + now.tv_sec * UINT64_C(1000000000) + now.tv_nsec;
	return deadline < ttl ? SYNCMAP_NEVER : deadline;
}

API int libsyncmap_load_or_lease(const struct libsyncmap *map,
				 const void *key, size_t key_len,
				 unsigned int flags, uint64_t wait_until,
				 uint64_t lease_for, uint64_t *token,
				 struct libsyncmap_result *result)
{
	struct syncmap_op op = {
		.op = SYNCMAP_OP_LOAD_OR_LEASE,
		.flags = flags,
		.wait_until = wait_until,
		.lease_for = lease_for,
	};
	struct syncmap_answer answer = { .result = 0 };
	int err;

	want_value(&op, result);
	err = run_for(map, &op, key, key_len, NULL, 0, &answer, result);
	*token = err ? 0 : answer.leased;
	return err;
}

API int libsyncmap_await(const struct libsyncmap *map,
			 const void *key, size_t key_len,
			 unsigned int flags, uint64_t lease_for,
			 int *fd, struct syncmap_error *error)
{
	struct syncmap_await await = {
		.flags = flags,
		.lease_for = lease_for,
	};
	int err = set_bytes(&await.key, &await.key_len, key, key_len);

	if (!err)
		err = control(map->fd, SYNCMAP_AWAIT, &await);
	if (error)
		*error = await.error;
	*fd = err ? -1 : await.fd;
	return err;
}

API int libsyncmap_awaited(int fd, uint64_t *token, uint64_t *ends)
{
	struct syncmap_answer answer = { .result = 0 };
	ssize_t n = read(fd, &answer, sizeof(answer));
	int err = n < 0 ? -errno : n ? 0 : -ENODATA;

	*token = err ? 0 : answer.leased;
	if (ends)
		*ends = err ? 0 : answer.lease_ends;
	return err;
}

API int libsyncmap_unlease(const struct libsyncmap *map,
			   const void *key, size_t key_len, uint64_t token)
{
	struct syncmap_op op = { .op = SYNCMAP_OP_UNLEASE, .token = token };

	return run(map, &op, key, key_len, NULL, 0, NULL);
}

API int libsyncmap_touch(const struct libsyncmap *map,
			 const void *key, size_t key_len, uint64_t deadline,
			 struct libsyncmap_result *result)
{
	struct syncmap_op op = {
		.op = SYNCMAP_OP_TOUCH,
		.deadline = deadline,
	};

	want_value(&op, result);
	return run(map, &op, key, key_len, NULL, 0, result);
}

API int libsyncmap_calculate(const struct libsyncmap *map,
			     enum syncmap_op_code code,
			     const void *key, size_t key_len,
			     struct libsyncmap_number *number,
			     struct libsyncmap_result *result)
{
	struct syncmap_op op = {
		.op = code,
		.flags = number->flags,
		.operand = number->operand,
		.initial = number->initial,
		.bound = number->bound,
		.deadline = number->deadline,
	};
	struct syncmap_answer answer = { .result = 0 };
	int err = run_for(map, &op, key, key_len, NULL, 0, &answer, result);

	number->before = answer.before;
	number->after = answer.after;
	return err;
}
