// SPDX-License-Identifier: GPL-2.0-only
/*
 * Value objects: what the words of a bytemap's core map point to
 *
 * A small value is overwritten in place, under its sequence lock: nothing is
 * allocated, nothing waits for a grace period. A large one can be appended to
 * as far as it has room; else it is replaced by another object.
 *
 * Revisions: a value that replaces one gets its revision under the lock of the
 * old one. An insertion has no such lock, and a number drawn before it took
 * effect might be smaller than that of a delete that came first. So a new
 * object is published with revision 0, and whoever meets it first settles it,
 * be it a reader: the number is drawn after the insertion and before anybody
 * knows of it. @born keeps it for the inserter, who has to report it even if
 * the value has been overwritten since. Until then the value points to the
 * inserter's request, whose event it is; the inserter does not return before it
 * has had the lock and found the value settled.
 */
#include <linux/ktime.h>
#include <linux/mm.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>

#include "../large.h"
#include "store.h"

/* The object, as it was allocated, or a few bytes less */
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
static void free_value(struct bytemap_value *value)
{
	struct bytemap_value *stale = stale_of(value);

	kvfree(allocation_of(value));
	if (stale && refcount_dec_and_test(&stale->refs))
		kvfree(allocation_of(stale));
}

/* &bytemap_doom.free */
size_t bytemap_value_free_doomed(struct llist_node *doomed)
{
	struct bytemap_value *value = llist_entry(doomed, struct bytemap_value,
						  doomed);
	size_t size = bytemap_value_size(value);

	free_value(value);
	return size;
}

/*
 * Memory for a value of @len bytes and @other ones, in the caller's memory
 * cgroup. *@room: how long the value may become. A small one has the room that
 * the allocation has anyway, so that it can grow a little.
 */
static void *alloc(size_t other, size_t len, size_t *room)
{
	size_t size = other + len;

	*room = len;
	if (len <= BYTEMAP_SMALL) {
		size = round_up(size, 32);
		*room = min_t(size_t, size - other, BYTEMAP_SMALL);
	}
	return syncmap_large_alloc(size, BYTEMAP_GFP);
}

static void init(struct bytemap_value *value, size_t len, size_t room)
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

struct bytemap_value *bytemap_value_alloc(size_t len)
{
	struct bytemap_value *value;
	size_t room;

	value = alloc(sizeof(*value), len, &room);
	if (value)
		init(value, len, room);
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
	init(value, len, room);
	value->mortal = true;
	value->key_len = key_len;
	memcpy(bytemap_mortal_key(value), key, key_len);
	return value;
}

/* A value that can be given a deadline and an owner */
struct bytemap_value *bytemap_mortal_alloc(size_t len, const void *key,
					   size_t key_len)
{
	struct bytemap_mortal *mortal;
	size_t room;

	mortal = alloc(sizeof(*mortal) + key_len, len, &room);
	if (!mortal)
		return NULL;
	return init_mortal(mortal, len, room, key, key_len);
}

struct bytemap_value *bytemap_lease_alloc(const void *key, size_t key_len)
{
	struct bytemap_lease *lease;
	struct bytemap_value *value;
	size_t room;

	lease = alloc(sizeof(*lease) + key_len, 0, &room);
	if (!lease)
		return NULL;
	INIT_LIST_HEAD(&lease->held);
	INIT_LIST_HEAD(&lease->waiters);
	lease->stale = NULL;
	lease->stale_len = 0;
	value = init_mortal(&lease->mortal, 0, room, key, key_len);
	value->leased = true;
	return value;
}

void bytemap_value_put(struct bytemap_value *value)
{
	if (!refcount_dec_and_test(&value->refs))
		return;
	if (value->state == VALUE_FRESH)
		free_value(value);
	else
		bytemap_doom_add(value->doom, &value->doomed,
				 bytemap_value_size(value));
}

/* The entry has been published. Its reservation is still in flight */
void bytemap_value_charged(struct bytemap *map,
			   const struct bytemap_value *value)
{
	atomic64_inc(&map->live[value->epoch]);
}

/*
 * The entry is gone, or its lock is held and its state says so. Whoever sees
 * that it is gone sees @freed, too.
 */
void bytemap_value_uncharge(struct bytemap *map,
			    const struct bytemap_value *value)
{
	atomic64_t *live = &map->live[value->epoch];

	atomic64_inc(&map->freed);
	bytemap_memory_sub(map, bytemap_memory_of_entry(map, value));
	bytemap_gauge_change(&map->bytes,
			     bytemap_value_charge(value), 0);
	bytemap_gauge_change(&map->entries, 1, 0);
	if (atomic64_dec_and_test(live))
		wake_up_var(live);
}

/* Its key is absent. The core has the value until somebody removes it */
void bytemap_value_end_locked(struct bytemap *map, struct bytemap_value *value)
{
	lockdep_assert_held(&value->lock.lock);
	if (value->mortal) {
		bytemap_expiry_unqueue_locked(map, value);
		bytemap_owner_unlink_locked(map, value);
	}
	if (value->state != VALUE_LIVE)
		atomic64_dec(&map->lapsed[value->epoch]);
	value->state = VALUE_DELETED;
	bytemap_value_uncharge(map, value);
}

/* A mortal value may be found by other ways than through the core */
static void end(struct bytemap *map, struct bytemap_value *value)
{
	write_seqlock(&value->lock);
	if (value->state != VALUE_DELETED)
		bytemap_value_end_locked(map, value);
	write_sequnlock(&value->lock);
}

/*
 * &syncmap_params.free_value. The grace period is over: whoever found the value
 * in the core has finished with it or has a reference.
 */
void bytemap_value_free(void *ptr, void *arg)
{
	struct bytemap_value *value = ptr;
	struct bytemap *map = arg;

	if (value->leased)
		bytemap_lease_cleared(map, value);
	else if (value->mortal)
		end(map, value);
	else if (value->state != VALUE_DELETED)
		bytemap_value_uncharge(map, value);
	if (refcount_dec_and_test(&value->refs))
		free_value(value);
}

/* A Clear waits for whoever inserts it, so there is a revision */
void bytemap_value_settle_locked(struct bytemap *map,
				 struct bytemap_value *value)
{
	lockdep_assert_held(&value->lock.lock);
	if (!value->revision) {
		const struct bytemap_request *req = value->inserter;

		value->revision = bytemap_revise(map, value, req->key,
						 req->op->op);
		value->born = value->revision;
	}
}

/*
 * The value has been changed for @req, or is going to end. -EAGAIN: it was not
 * in the map any more, and is marked as deleted.
 */
int bytemap_value_revise_locked(struct bytemap *map,
				struct bytemap_request *req,
				struct bytemap_value *value)
{
	u64 revision = bytemap_revise(map, value, req->key, req->op->op);

	if (!revision) {
		bytemap_value_end_locked(map, value);
		return -EAGAIN;
	}
	value->revision = revision;
	req->op->revision = revision;
	return 0;
}

static void settle(struct bytemap *map, struct bytemap_value *value)
{
	write_seqlock(&value->lock);
	bytemap_value_settle_locked(map, value);
	write_sequnlock(&value->lock);
}

/*
 * Within the sequence, or under the lock, as the rest: had the deadline been
 * moved after the clock was read, or the clock been read before there was a
 * value, there would have been no instant at which the two belonged together.
 * What has lost its owner has been late for ever.
 */
static void read_clock(const struct bytemap_value *value,
		       struct bytemap_view *view)
{
	view->deadline = bytemap_mortal(value)->deadline;
	if (bytemap_mortal_is_orphan(value)) {
		view->deadline = 0;
		view->now = SYNCMAP_NEVER;
	} else if (view->deadline != SYNCMAP_NEVER) {
		view->now = ktime_get_boottime_ns();
	}
}

/*
 * Returns the state that belongs to what was copied. The clock comes last: it
 * has a sequence of its own, behind which KCSAN does not know of ours any more.
 */
static u8 copy_out(const struct bytemap_value *value, struct bytemap_view *view,
		   u32 room)
{
	u8 state = value->state;

	view->revision = value->revision;
	view->len = READ_ONCE(value->len);
	view->deadline = SYNCMAP_NEVER;
	view->now = 0;
	if (view->len <= room && view->len <= BYTEMAP_COPY)
		memcpy(view->bytes, value->bytes, view->len);
	if (value->mortal)
		read_clock(value, view);
	return state;
}

/*
 * Without the lock; with it when a writer came in between, as others might go
 * on coming. Who has the lock does not sleep and does a bounded piece of work,
 * and those who want it take turns: a load waits for no more than one such piece
 * of each CPU, and only if the very value is written at that time.
 */
static u8 copy_consistent(struct bytemap_value *value,
			  struct bytemap_view *view, u32 room)
{
	unsigned int seq = read_seqbegin(&value->lock);
	u8 state = copy_out(value, view, room);

	if (!read_seqretry(&value->lock, seq))
		return state;
	read_seqlock_excl(&value->lock);
	state = copy_out(value, view, room);
	read_sequnlock_excl(&value->lock);
	return state;
}

/* A short value is in the view; a longer one is kept from being freed */
static bool hold(struct bytemap_value *value, struct bytemap_view *view,
		 u32 room)
{
	view->held = NULL;
	if (view->len <= BYTEMAP_COPY || view->len > room)
		return true;
	if (!refcount_inc_not_zero(&value->refs))
		return false;
	view->held = value;
	return true;
}

/*
 * Looks at a value that was found in the core, within the same RCU read
 * section. Bytes are taken if there are at most @room.
 *
 * Return: 0; -ENOENT if the key was deleted or has expired; -EAGAIN if the
 * value has been replaced or cleared and nobody has a reference any more, or if
 * it would have expired had it not been replaced.
 */
int bytemap_value_view(struct bytemap *map, struct bytemap_value *value,
		       struct bytemap_view *view, u32 room)
{
	u8 state = copy_consistent(value, view, room);

	if (state >= VALUE_LAPSED)
		return -ENOENT;
	if (bytemap_view_is_late(view))
		return state == VALUE_LIVE ? -ENOENT : -EAGAIN;
	if (!view->revision) {
		settle(map, value);
		return -EAGAIN;
	}
	return hold(value, view, room) ? 0 : -EAGAIN;
}

/*
 * The same for SYNCMAP_OP_STALE, which takes a value that has expired as long
 * as the map keeps it. It may have been found in a lease.
 */
int bytemap_value_view_stale(struct bytemap *map, struct bytemap_value *value,
			     struct bytemap_view *view, u32 room)
{
	u8 state = copy_consistent(value, view, room);

	if (state == VALUE_DELETED || !bytemap_view_is_late(view) ||
	    view->now - view->deadline >= map->stale)
		return -ENOENT;
	return hold(value, view, room) ? 0 : -EAGAIN;
}

/* The same for a live value whose lock is held; cannot fail */
void bytemap_value_view_locked(struct bytemap_value *value,
			       struct bytemap_view *view, u32 room)
{
	lockdep_assert_held(&value->lock.lock);
	copy_out(value, view, room);
	hold(value, view, room);
}

const void *bytemap_view_bytes(const struct bytemap_view *view)
{
	return view->held ? view->held->bytes : view->bytes;
}

void bytemap_view_release(struct bytemap_view *view)
{
	if (view->held)
		bytemap_value_put(view->held);
	view->held = NULL;
}
