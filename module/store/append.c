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

#include "store.h"

/* A large object gets all of what the allocation has anyway */
static size_t room_for(const struct bytemap *map,
		       const struct bytemap_request *req, size_t len)
{
	size_t other = sizeof(struct bytemap_value);

	if (len <= BYTEMAP_SMALL)
		return len;
	if (req->mortal)
		other = sizeof(struct bytemap_mortal) + req->op->key_len;
	return min_t(size_t, roundup_pow_of_two(other + len) - other,
		     map->limits.value_size);
}

/*
 * Is @req's object one for @len bytes? A large one would not do for a small
 * value, which is overwritten in place; nor one that is larger than it would
 * have been made, as only the length is charged.
 */
static bool suits(const struct bytemap *map, const struct bytemap_request *req,
		  size_t len)
{
	const struct bytemap_value *fresh = req->fresh;

	return fresh && fresh->mortal == req->mortal &&
	       fresh->capacity >= len &&
	       fresh->capacity <= max_t(size_t, room_for(map, req, len),
					BYTEMAP_SMALL);
}

int bytemap_append_fresh(struct bytemap_request *req)
{
	req->fresh = bytemap_request_alloc(req, req->mortal, req->room);
	return req->fresh ? 0 : -ENOMEM;
}

/* The object for a key that is absent */
int bytemap_append_begin(struct bytemap *map, struct bytemap_request *req)
{
	u32 len = req->op->value_len;
	int err;

	req->mortal = bytemap_request_is_mortal(map, req);
	if (!suits(map, req, len)) {
		bytemap_request_drop(req);
		req->room = room_for(map, req, len);
		err = bytemap_append_fresh(req);
		if (err)
			return err;
	}
	memcpy(req->fresh->bytes, req->value, len);
	req->fresh->len = len;
	return 0;
}

/*
 * Copy the first @len bytes of @value: without its lock, unless they may be
 * overwritten
 */
void bytemap_carry(struct bytemap_request *req,
		   const struct bytemap_value *value, u32 len)
{
	req->source = value;
	req->carried = len;
	if (!bytemap_value_is_small(value))
		memcpy(req->fresh->bytes, value->bytes, len);
}

/* The rest. The object is long enough; -EAGAIN if it is a copy of another one */
int bytemap_carry_locked(struct bytemap_request *req,
			 const struct bytemap_value *value)
{
	u32 from = bytemap_value_is_small(value) ? 0 : req->carried;

	lockdep_assert_held(&value->lock.lock);
	if (req->source != value || value->len - from > BYTEMAP_STEP)
		return -EAGAIN;
	memcpy(req->fresh->bytes + from, value->bytes + from,
	       value->len - from);
	req->fresh->len = value->len;
	return 0;
}

static bool fits_in_place(const struct bytemap_request *req,
			  const struct bytemap_value *value, size_t len)
{
	return req->op->value_len <= BYTEMAP_STEP && len <= value->capacity;
}

/* Without the lock: prepare an object for the longer value, if it takes one */
bool bytemap_append_needs_fresh(struct bytemap *map,
				struct bytemap_request *req,
				const struct bytemap_value *value)
{
	u32 old = bytemap_value_len(value);
	size_t len = (size_t)old + req->op->value_len;

	req->source = NULL;
	if (fits_in_place(req, value, len) || len > map->limits.value_size)
		return false;
	req->mortal = value->mortal;
	if (!suits(map, req, len)) {
		req->room = room_for(map, req, len);
		return true;
	}
	bytemap_carry(req, value, old);
	memcpy(req->fresh->bytes + old, req->value, req->op->value_len);
	return false;
}

static int extend_locked(struct bytemap *map, struct bytemap_request *req,
			 struct bytemap_value *value, u32 len)
{
	int err;

	err = bytemap_update_charge(map, req, value->len, len);
	if (err)
		return err;
	memcpy(value->bytes + value->len, req->value, req->op->value_len);
	/* Pairs with bytemap_value_len(). See litmus/length */
	smp_store_release(&value->len, len);
	err = bytemap_value_revise_locked(map, req, value);
	if (!err)
		bytemap_count(map, BYTEMAP_IN_PLACE);
	return err;
}

static int renew_locked(struct bytemap *map, struct bytemap_request *req,
			struct bytemap_value *value, u32 len)
{
	bool late = value->len != req->carried;
	u32 more = req->op->value_len;
	int err;

	if (!suits(map, req, len) || (late && more > BYTEMAP_STEP))
		return -EAGAIN;
	err = bytemap_carry_locked(req, value);
	if (err)
		return err;
	if (late)
		memcpy(req->fresh->bytes + value->len, req->value, more);
	req->fresh->len = len;
	return bytemap_replace_locked(map, req, value, 0);
}

int bytemap_append_locked(struct bytemap *map, struct bytemap_request *req,
			  struct bytemap_value *value)
{
	size_t len = (size_t)value->len + req->op->value_len;
	int err;

	if (len > map->limits.value_size) {
		bytemap_limited(req->op, SYNCMAP_LIMITED_VALUE, len,
				map->limits.value_size);
		return -EFBIG;
	}
	err = fits_in_place(req, value, len) ?
		extend_locked(map, req, value, len) :
		renew_locked(map, req, value, len);
	if (!err)
		bytemap_count(map, BYTEMAP_APPENDED);
	return err;
}

/*
 * The object that takes the place of @value has its deadline and owner. If it
 * does take the place, the owner is still there, as @value is in the core and
 * locked: the owner is inserting it, or has it on its list, and needs the lock
 * to end.
 */
void bytemap_append_inherit(struct bytemap_value *fresh,
			    const struct bytemap_value *value)
{
	if (!fresh->mortal)
		return;
	bytemap_mortal(fresh)->deadline = bytemap_mortal(value)->deadline;
	bytemap_mortal(fresh)->owner = bytemap_mortal(value)->owner;
}
