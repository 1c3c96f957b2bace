// SPDX-License-Identifier: GPL-2.0-only
/*
 * Appending: a value that grows at its end
 *
 * What is there stays where it is as long as the object has room, whatever its
 * length: readers who hold it look at no more bytes than there were when they
 * viewed it. When it has none, an object of twice the size takes its place, so
 * that growing to n bytes by steps copies O(n) of them. Owner and deadline stay
 * as they are.
 *
 * A longer object is prepared before the lock is taken: a copy, and behind it
 * what is appended. What others have appended meanwhile is copied under the
 * lock, if it is not more than BYTEMAP_STEP. So an append of more than a step
 * starts over when another one comes in between, which ends when the value is
 * full.
 */
#include <linux/errno.h>
#include <linux/log2.h>
#include <linux/minmax.h>
#include <linux/string.h>

#include "append.h"
#include "attempt.h"
#include "bytemap.h"
#include "entry.h"
#include "error.h"
#include "fresh.h"
#include "request.h"
#include "value.h"

/* A large object gets all of what the allocation has anyway */
static size_t room_for(const struct bytemap_attempt *at, size_t len)
{
	size_t other = sizeof(struct bytemap_value);

	if (len <= BYTEMAP_SMALL)
		return len;
	if (at->mortal)
		other = sizeof(struct bytemap_mortal) + at->req->op->key_len;
	return min_t(size_t, roundup_pow_of_two(other + len) - other,
		     at->map->limits.value_size);
}

/*
 * Is the object one for @len bytes? A large one would not do for a small value,
 * which is overwritten in place; nor one that is larger than it would have been
 * made, as only the length is charged.
 */
static bool suits(const struct bytemap_attempt *at, size_t len)
{
	const struct bytemap_value *fresh = at->req->fresh;

	return fresh && fresh->mortal == at->mortal &&
	       fresh->capacity >= len &&
	       fresh->capacity <= max_t(size_t, room_for(at, len),
					BYTEMAP_SMALL);
}

/*
 * The object for a key that is absent. Process context, may wait.
 *
 * Return: 0 or -ENOMEM.
 */
int bytemap_append_create(struct bytemap_attempt *at)
{
	struct bytemap_request *req = at->req;
	u32 len = req->op->value_len;
	int err;

	at->mortal = bytemap_request_is_mortal(req, at->deadline);
	if (!suits(at, len)) {
		at->room = room_for(at, len);
		err = bytemap_fresh_get(at);
		if (err)
			return err;
	}
	memcpy(req->fresh->bytes, req->value, len);
	req->fresh->len = len;
	return 0;
}

static bool fits_behind(const struct bytemap_request *req,
			const struct bytemap_value *value, size_t len)
{
	return req->op->value_len <= BYTEMAP_STEP && len <= value->capacity;
}

/*
 * Without the lock, in the RCU read section in which @value was found: prepares
 * an object for the longer value, if it takes one.
 *
 * Return: 0 or NEED_FRESH.
 */
int bytemap_append_prepare(struct bytemap_attempt *at,
			   const struct bytemap_value *value)
{
	struct bytemap_request *req = at->req;
	u32 old = bytemap_value_len(value);
	size_t len = (size_t)old + req->op->value_len;

	at->source = NULL;
	if (fits_behind(req, value, len) || len > at->map->limits.value_size)
		return 0;
	at->mortal = value->mortal;
	if (!suits(at, len))
		return bytemap_needs_fresh(at, at->mortal, room_for(at, len));
	bytemap_fresh_carry(at, value, old);
	memcpy(req->fresh->bytes + old, req->value, req->op->value_len);
	return 0;
}

static int renew_locked(struct bytemap_attempt *at,
			struct bytemap_value *value, u32 len)
{
	struct bytemap_request *req = at->req;
	bool late = value->len != at->carried;
	u32 more = req->op->value_len;
	int err;

	if (!suits(at, len) || (late && more > BYTEMAP_STEP))
		return START_OVER;
	err = bytemap_fresh_carry_locked(at, value);
	if (err)
		return err;
	if (late)
		memcpy(req->fresh->bytes + value->len, req->value, more);
	req->fresh->len = len;
	return bytemap_entry_replace_locked(at, value, 0);
}

/*
 * With the lock of @value, which is live.
 *
 * Return: 0; -EFBIG; as bytemap_entry_edit_locked(), bytemap_entry_replace_locked().
 */
int bytemap_append_locked(struct bytemap_attempt *at,
			  struct bytemap_value *value)
{
	const struct bytemap_request *req = at->req;
	size_t len = (size_t)value->len + req->op->value_len;
	u32 max = at->map->limits.value_size;
	int err;

	if (len > max) {
		bytemap_error_limit(&req->answer->error, SYNCMAP_LIMITED_VALUE,
				    len, max);
		return bytemap_error_field(&req->answer->error,
					   offsetof(struct syncmap_op, value_len),
					   -EFBIG);
	}
	err = fits_behind(req, value, len) ?
		bytemap_entry_edit_locked(at, value, value->len, req->value,
					  req->op->value_len) :
		renew_locked(at, value, len);
	if (!err)
		bytemap_count(at->map, BYTEMAP_APPENDED);
	return err;
}
