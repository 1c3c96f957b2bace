// SPDX-License-Identifier: GPL-2.0-only
/*
 * What an operation found: content and state that belong together
 *
 * Small values are overwritten in place, so that a reader has to see that nobody
 * wrote meanwhile: the lock of a value is a seqlock (litmus/sequence).
 */
#include <linux/ktime.h>
#include <linux/string.h>
#include <uapi/linux/syncmap.h>

#include "owner.h"
#include "view.h"

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
	view->owned = bytemap_owner_is_set(value);
	if (bytemap_owner_is_gone(value)) {
		view->deadline = 0;
		view->now = SYNCMAP_NEVER;
	} else if (view->deadline != SYNCMAP_NEVER) {
		view->now = ktime_get_boottime_ns();
	}
}

/*
 * The clock comes last: it has a sequence of its own, behind which KCSAN does
 * not know of ours any more.
 */
static u8 copy_out(const struct bytemap_value *value, struct bytemap_view *view,
		   u32 room)
{
	u8 state = value->state;

	view->revision = value->revision;
	view->len = READ_ONCE(value->len);
	view->deadline = SYNCMAP_NEVER;
	view->now = 0;
	view->owned = false;
	if (view->len <= room && view->len <= BYTEMAP_COPY)
		memcpy(view->bytes, value->bytes, view->len);
	if (value->mortal)
		read_clock(value, view);
	return state;
}

/*
 * Within the RCU read section in which @value was found. Bytes are copied if
 * there are at most @room, and few; bytemap_view_hold() is for the others.
 *
 * Without the lock; with it when a writer came in between, as others might go
 * on coming. Who has the lock does not sleep and does a bounded piece of work,
 * and those who want it take turns: a load waits for no more than one such piece
 * of each CPU, and only if the very value is written at that time.
 *
 * Return: the state that belongs to what was copied.
 */
u8 bytemap_view_copy(struct bytemap_value *value, struct bytemap_view *view,
		     u32 room)
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

/*
 * A short value is in the view; a longer one, of at most @room bytes, is kept
 * from being freed, so that the view has a reference to it.
 *
 * Return: false if nobody has one any more.
 */
bool bytemap_view_hold(struct bytemap_value *value, struct bytemap_view *view,
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

/* As bytemap_view_copy() and _hold(), for who has the lock of a live value */
void bytemap_view_locked(struct bytemap_value *value,
			 struct bytemap_view *view, u32 room)
{
	lockdep_assert_held(&value->lock.lock);
	copy_out(value, view, room);
	bytemap_view_hold(value, view, room);
}

/* Return: the bytes of a value for which there was room */
const void *bytemap_view_bytes(const struct bytemap_view *view)
{
	return view->held ? view->held->bytes : view->bytes;
}

/* The view holds its value no longer, if it did */
void bytemap_view_release(struct bytemap_view *view)
{
	if (view->held)
		bytemap_value_put(view->held);
	view->held = NULL;
}
