// SPDX-License-Identifier: GPL-2.0-only
/*
 * Value objects: what the words of a bytemap's core map point to
 *
 * A small value is overwritten in place, under its sequence lock: nothing is
 * allocated, nothing waits for a grace period. A large one can be appended to
 * as far as it has room; else it is replaced by another object.
 */
#include <linux/math.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/string.h>
#include <uapi/linux/syncmap.h>

#include "../large.h"
#include "doom.h"
#include "gfp.h"
#include "value.h"

/* Return: the size of the object, as it was allocated, or a few bytes less */
size_t bytemap_value_size(const struct bytemap_value *value)
{
	size_t size = value->capacity;

	if (value->leased)
		return sizeof(struct bytemap_lease) + size + value->key_len;
	if (value->mortal)
		return sizeof(struct bytemap_mortal) + size + value->key_len;
	return sizeof(*value) + size;
}

static struct bytemap_value *stale_of(const struct bytemap_value *value)
{
	return value->leased ? bytemap_lease(value)->stale : NULL;
}

static void *allocation_of(const struct bytemap_value *value)
{
	if (value->leased)
		return bytemap_lease(value);
	return value->mortal ? (void *)bytemap_mortal(value) : (void *)value;
}

/*
 * Nobody looks at it any more. As the grace period of a lease is over, so is
 * that of the value that it has replaced.
 */
static void free_object(struct bytemap_value *value)
{
	struct bytemap_value *stale = stale_of(value);

	kvfree(allocation_of(value));
	if (stale && refcount_dec_and_test(&stale->refs))
		kvfree(allocation_of(stale));
}

/* A reference of one whose grace period is over. Process context */
void bytemap_value_release(struct bytemap_value *value)
{
	if (refcount_dec_and_test(&value->refs))
		free_object(value);
}

/* &bytemap_doom.free. Return: the size that it had */
size_t bytemap_value_free_doomed(struct llist_node *doomed)
{
	struct bytemap_value *value = llist_entry(doomed, struct bytemap_value,
						  doomed);
	size_t size = bytemap_value_size(value);

	free_object(value);
	return size;
}

/*
 * Memory for a value of @len bytes and @other ones, in the caller's memory
 * cgroup. *@room: how long the value may become. A small one has the room that
 * the allocation has anyway, so that it can grow a little.
 */
static void *alloc_room(size_t other, size_t len, size_t *room)
{
	size_t size = other + len;

	*room = len;
	if (len <= BYTEMAP_SMALL) {
		size = round_up(size, 32);
		*room = min_t(size_t, size - other, BYTEMAP_SMALL);
	}
	return syncmap_large_alloc(size, BYTEMAP_GFP);
}

static void init_value(struct bytemap_value *value, size_t len, size_t room)
{
	seqlock_init(&value->lock);
	refcount_set(&value->refs, 1);
	value->len = len;
	value->capacity = room;
	value->mortal = false;
	value->leased = false;
	value->state = VALUE_FRESH;
	value->revision = 0;
	value->born = 0;
}

/* May sleep. Return: an object for @len bytes, with one reference; or NULL */
struct bytemap_value *bytemap_value_alloc(size_t len)
{
	struct bytemap_value *value;
	size_t room;

	value = alloc_room(sizeof(*value), len, &room);
	if (value)
		init_value(value, len, room);
	return value;
}

static struct bytemap_value *init_mortal(struct bytemap_mortal *mortal,
					 size_t len, size_t room,
					 const void *key, size_t key_len)
{
	struct bytemap_value *value = &mortal->value;

	timerqueue_init(&mortal->node);
	mortal->node.expires = 0;
	INIT_LIST_HEAD(&mortal->owned);
	mortal->owner = NULL;
	mortal->deadline = SYNCMAP_NEVER;
	init_value(value, len, room);
	value->mortal = true;
	value->key_len = key_len;
	memcpy(bytemap_mortal_key(value), key, key_len);
	return value;
}

/*
 * May sleep. Return: the same for a value that can be given a deadline and an owner
 */
struct bytemap_value *bytemap_value_alloc_mortal(size_t len, const void *key,
						 size_t key_len)
{
	struct bytemap_mortal *mortal;
	size_t room;

	mortal = alloc_room(sizeof(*mortal) + key_len, len, &room);
	if (!mortal)
		return NULL;
	return init_mortal(mortal, len, room, key, key_len);
}

/* May sleep. Return: the same for a lease, which has nobody's token yet */
struct bytemap_value *bytemap_value_alloc_lease(const void *key, size_t key_len)
{
	struct bytemap_lease *lease;
	struct bytemap_value *value;
	size_t room;

	lease = alloc_room(sizeof(*lease) + key_len, 0, &room);
	if (!lease)
		return NULL;
	INIT_LIST_HEAD(&lease->held);
	INIT_LIST_HEAD(&lease->waiters);
	lease->ends = SYNCMAP_NEVER;
	lease->stale = NULL;
	lease->stale_len = 0;
	value = init_mortal(&lease->mortal, 0, room, key, key_len);
	value->leased = true;
	return value;
}

/* From any context. One that was published is freed after a grace period */
void bytemap_value_put(struct bytemap_value *value)
{
	if (!refcount_dec_and_test(&value->refs))
		return;
	if (value->state == VALUE_FRESH)
		free_object(value);
	else
		bytemap_doom_add(value->doom, &value->doomed,
				 bytemap_value_size(value));
}
