// SPDX-License-Identifier: GPL-2.0-only
/*
 * The entry of a key: what can happen to it, and why that is right
 *
 * The core's word of a key points to a value object, or the key is absent
 * there. Whoever holds the lock of a live object decides what becomes of the
 * key:
 *
 *	in place	bytes, length and revision change
 *	replace		core: compare_and_swap(object, other); state = REPLACED
 *	delete		state = DELETED; unlock; core: compare_and_delete(object)
 *
 * An insertion is the core's load_or_store() of a fresh object. Nobody else
 * changes the word, so of a live object that is not in the core any more, only
 * a Clear can be the reason.
 *
 * Why each is linearizable. All of it happens in one RCU read section that
 * begins before the object is loaded from the core at t1:
 *
 * - Delete takes effect when the object is marked. From then on everybody who
 *   finds it says "absent": whoever loaded the pointer before the mark has an
 *   absent instant right after it; whoever loads it later finds a word that
 *   stands for an absent key, until a compare_and_delete() comes. An inserter
 *   cannot overtake that: load_or_store() loads while the word is there. So
 *   writers that find the mark help to remove the object; the one that succeeds
 *   puts it.
 * - Update in place and compare take effect under the lock. A live object is
 *   the key's home: had the word changed, the object would be marked.
 * - Replace takes effect in the core's compare_and_swap(). An updater that
 *   waited for the lock finds REPLACED and starts over. A reader who loaded
 *   the old object before returns its last content, which was the key's value
 *   right before the replacement, thus after t1.
 * - A mismatch, or a load, takes effect when content and state are read
 *   together, under the lock or in one sequence (litmus/sequence).
 * - What has expired, or has lost its owner, is absent from an instant on that
 *   no operation makes: the clock passes the deadline, or the owner's file is
 *   closed. Whoever reads the value looks at that in the same sequence.
 * - What is evicted is deleted by who wants its room: it takes effect, with a
 *   revision, when the object is marked, for all that was said of Delete. It was
 *   chosen by what was read before, which may be wrong by then: that it may go is
 *   decided under the lock, for what is the key's home there.
 * - Clear: a writer that loaded a live object before a Clear may change it
 *   after that. Once it has drawn its revision, it compares the epoch of the
 *   map with that of the object. If they are equal, its revision is lower than
 *   that of the Clear, and all that is stored after the Clear has a higher one;
 *   the change linearizes before it: nobody who starts later can find the
 *   object, and whoever found it earlier is concurrent with the Clear, too. If
 *   not, the writer marks the object, so that nobody sees what was done to it,
 *   and starts over. Replacing fails in the core or linearizes there; the
 *   revision was drawn before. Whoever comes to an object by a queue or a list
 *   (sweep.c) looks whether the core has it.
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
 *
 * Accounting: whoever marks the object, or the core's free_value() when nobody
 * has, uncharges the entry. Memory: whoever removes the object from the core
 * puts it.
 */
#include <linux/errno.h>
#include <linux/minmax.h>
#include <linux/rcupdate.h>
#include <linux/string.h>
#include <linux/syncmap.h>
#include <linux/wait_bit.h>

#include "attempt.h"
#include "bytemap.h"
#include "deadline.h"
#include "entry.h"
#include "gauge.h"
#include "gfp.h"
#include "memory.h"
#include "owner.h"
#include "request.h"
#include "tell.h"
#include "traits.h"
#include "value.h"
#include "view.h"

#define CREATE_TRACE_POINTS
#include "trace.h"

/* Settling, and looking */

/*
 * Gives an inserted value its revision, if it has none yet. A Clear waits for
 * whoever inserts it, so there is one.
 */
void bytemap_entry_settle_locked(struct bytemap *map,
				 struct bytemap_value *value)
{
	const struct bytemap_request *req;

	lockdep_assert_held(&value->lock.lock);
	if (value->revision)
		return;
	req = value->inserter;
	value->revision = bytemap_tell(map, value, req->key, req->op->op);
	value->born = value->revision;
}

static void settle_entry(struct bytemap *map, struct bytemap_value *value)
{
	write_seqlock(&value->lock);
	bytemap_entry_settle_locked(map, value);
	write_sequnlock(&value->lock);
}

/*
 * Looks at a value that was found in the core, within the same RCU read
 * section. Bytes are taken if there are at most @room.
 *
 * Return: 0; ABSENT: the key was deleted, or has expired; START_OVER: the value
 * has been replaced or cleared and nobody has a reference any more, or it would
 * have expired had it not been replaced.
 */
int bytemap_entry_view(struct bytemap *map, struct bytemap_value *value,
		       struct bytemap_view *view, u32 room)
{
	u8 state = bytemap_view_copy(value, view, room);

	if (state >= VALUE_LAPSED)
		return ABSENT;
	if (bytemap_view_is_late(view))
		return state == VALUE_LIVE ? ABSENT : START_OVER;
	if (!view->revision) {
		settle_entry(map, value);
		return START_OVER;
	}
	return bytemap_view_hold(value, view, room) ? 0 : START_OVER;
}

/*
 * The same for SYNCMAP_FLAG_STALE, which takes a value that has expired as long
 * as the map keeps it. It may have been found in a lease.
 */
int bytemap_entry_view_stale(struct bytemap *map, struct bytemap_value *value,
			     struct bytemap_view *view, u32 room)
{
	u8 state = bytemap_view_copy(value, view, room);

	if (state == VALUE_DELETED || !bytemap_view_is_late(view) ||
	    view->now - view->deadline >= READ_ONCE(map->stale))
		return ABSENT;
	return bytemap_view_hold(value, view, room) ? 0 : START_OVER;
}

/* Return: what the core has at the key, with a reference; or NULL */
struct bytemap_value *bytemap_entry_get(struct bytemap *map,
					struct syncmap_hashed_key *key)
{
	struct bytemap_value *value = NULL;
	void *found;

	rcu_read_lock();
	if (syncmap_load_hashed(&map->core, key, &found)) {
		value = found;
		if (!refcount_inc_not_zero(&value->refs))
			value = NULL;
	}
	rcu_read_unlock();
	return value;
}

static bool is_windowed(const struct bytemap *map)
{
	return IS_ENABLED(CONFIG_PROVE_RCU) &&
	       READ_ONCE(map->modes) & BYTEMAP_WINDOWED;
}

/*
 * What is about to be changed processes see that map the map, too. The one way to
 * break that silently is to forget the window
 */
static void check_window(const struct bytemap_attempt *at)
{
	WARN_ON_ONCE(is_windowed(at->map) && !at->in_window);
}

/* What is changed without one is late already: so are those processes told */
static void check_late(const struct bytemap *map,
		       const struct bytemap_value *value)
{
	WARN_ON_ONCE(is_windowed(map) && !bytemap_deadline_is_past(value) &&
		     !bytemap_owner_is_gone(value));
}

/* What it costs */

/*
 * A gauge said @err to @n more, so that it would be @needed in all: note which, so
 * that it can be waited for
 */
static int note_blocked(struct bytemap_attempt *at, struct bytemap_gauge *gauge,
			u64 n, u64 needed, int err)
{
	at->blocked = gauge;
	at->blocked_for = n;
	at->needed = needed;
	at->shortage.limited = SYNCMAP_LIMITED_NOT;
	at->full = err;
	return err == -ENOSPC ? FULL : NEED_ROOM;
}

static int change_bytes(struct bytemap_attempt *at, u64 from, u64 to)
{
	struct bytemap_gauge *gauge = &at->map->bytes;
	int err = bytemap_gauge_change(gauge, from, to);

	return err ? note_blocked(at, gauge, to - from, to, err) : 0;
}

static int change_memory(struct bytemap_attempt *at, u64 from, u64 to)
{
	int err = bytemap_memory_change(at->map, from, to, &at->shortage);

	at->needed = to;
	at->full = err;
	return err ? FULL : 0;
}

static int reserve_entry(struct bytemap_attempt *at, u64 bytes, u64 memory)
{
	struct bytemap *map = at->map;
	int err;

	err = bytemap_gauge_reserve(&map->entries, 1);
	if (err)
		return note_blocked(at, &map->entries, 1, 1, err);
	/* bytemap_freeze() has waited for us, or we see what it has done */
	err = bytemap_is_frozen(map) ? -EROFS : 0;
	if (err)
		goto cancel_entry;
	err = bytemap_gauge_reserve(&map->bytes, bytes);
	if (err) {
		err = note_blocked(at, &map->bytes, bytes, bytes, err);
		goto cancel_entry;
	}
	err = change_memory(at, 0, memory);
	if (!err)
		return 0;
	bytemap_gauge_cancel(&map->bytes, bytes);
cancel_entry:
	bytemap_gauge_cancel(&map->entries, 1);
	return err;
}

static void cancel_entry(struct bytemap *map, u64 bytes, u64 memory)
{
	bytemap_memory_sub(map, memory);
	bytemap_gauge_cancel(&map->bytes, bytes);
	bytemap_gauge_cancel(&map->entries, 1);
}

/* A Clear waits for this: its revision is higher than that of the insertion */
static void commit_entry(struct bytemap *map)
{
	bytemap_gauge_commit(&map->bytes);
	bytemap_gauge_commit(&map->entries);
}

/*
 * The entry is gone, or its lock is held until its state says so. Whoever sees
 * that it is gone sees @freed, too; and whoever sees that, that it is not charged
 * any more (litmus/uncharged).
 */
static void uncharge_entry(struct bytemap *map,
			   const struct bytemap_value *value)
{
	atomic64_t *live = &map->live[value->epoch];

	if (bytemap_value_is_kept(value))
		atomic64_dec(&map->kept);
	bytemap_memory_sub(map, bytemap_memory_of_entry(map, value));
	bytemap_gauge_change(&map->bytes, bytemap_value_charge(value), 0);
	bytemap_gauge_change(&map->entries, 1, 0);
	atomic64_inc(&map->freed);
	if (atomic64_dec_and_test(live))
		wake_up_var(live);
}

/* Insert */

/*
 * From here on the core and the request both have a reference. The revision is
 * still to be set, or to be settled.
 */
static struct bytemap_value *publish_fresh(struct bytemap_attempt *at, u8 epoch)
{
	struct bytemap_value *fresh = at->req->fresh;

	refcount_inc(&fresh->refs);
	fresh->doom = &at->map->doom;
	fresh->epoch = epoch;
	fresh->revision = 0;
	fresh->inserter = at->req;
	fresh->state = fresh->leased ? VALUE_LEASED : VALUE_LIVE;
	fresh->used = bytemap_request_keeps(at->req) ? BYTEMAP_KEPT : 0;
	if (fresh->mortal && !fresh->leased) {
		bytemap_mortal(fresh)->deadline = at->deadline;
		bytemap_mortal(fresh)->owner = bytemap_request_owner(at->req);
	}
	return fresh;
}

/* The core has not taken it */
static void unpublish_fresh(struct bytemap_value *fresh)
{
	fresh->state = VALUE_FRESH;
	refcount_dec(&fresh->refs);
}

/* The value has a place in the queues, and in the lists, of what has the key */
static void link_entry_locked(struct bytemap *map, struct bytemap_value *value)
{
	bytemap_deadline_queue_locked(map, value);
	bytemap_owner_link_locked(map, value);
}

static void unlink_entry_locked(struct bytemap *map,
				struct bytemap_value *value)
{
	if (!value->mortal)
		return;
	bytemap_deadline_unqueue_locked(map, value);
	bytemap_owner_unlink_locked(map, value);
}

/*
 * Returns its revision, even if the value has been overwritten meanwhile. If it
 * has been deleted, nobody would take it out of a queue or list any more.
 */
static u64 finish_insertion(struct bytemap *map, struct bytemap_value *fresh)
{
	u64 revision;

	write_seqlock(&fresh->lock);
	bytemap_entry_settle_locked(map, fresh);
	revision = fresh->born;
	if (fresh->mortal && fresh->state == VALUE_LIVE)
		link_entry_locked(map, fresh);
	write_sequnlock(&fresh->lock);
	return revision;
}

/*
 * Puts the object of the request, a value or a lease, into the core, which has
 * nothing at the key. Freeze and Clear wait for this, so it waits for nobody.
 *
 * Return: 0, and the revision of a value; an error; START_OVER: there is
 * something at the key; NEED_ROOM, NEED_NODE or FULL.
 */
int bytemap_entry_insert(struct bytemap_attempt *at)
{
	struct bytemap_request *req = at->req;
	struct bytemap *map = at->map;
	u64 memory = bytemap_memory_of_entry(map, req->fresh);
	u64 bytes = bytemap_value_charge(req->fresh);
	struct bytemap_value *fresh;
	void *actual;
	int ret;

	check_window(at);
	ret = reserve_entry(at, bytes, memory);
	if (ret)
		return ret;
	fresh = publish_fresh(at, READ_ONCE(map->epoch));
	ret = syncmap_load_or_store_hashed(&map->core, &at->key, fresh, &actual,
					   BYTEMAP_GFP_NOWAIT);
	if (ret) {
		unpublish_fresh(fresh);
		cancel_entry(map, bytes, memory);
		if (ret == -ENOMEM)
			return NEED_NODE;
		return ret < 0 ? ret : START_OVER;
	}
	at->dooms = true;
	/* In this order: at no time there are more kept ones than all */
	atomic64_inc(&map->live[fresh->epoch]);
	if (bytemap_value_is_kept(fresh))
		atomic64_inc(&map->kept);
	if (!fresh->leased) {
		req->answer->revision = finish_insertion(map, fresh);
		req->answer->expires = at->deadline;
	}
	commit_entry(map);
	return 0;
}

/* In place */

/*
 * The value has been changed, or is going to end.
 *
 * Return: 0, and the revision; START_OVER: it was not in the map any more, and is
 * marked as deleted.
 */
static int revise_locked(struct bytemap_attempt *at,
			 struct bytemap_value *value)
{
	struct bytemap_request *req = at->req;
	u64 revision;

	check_window(at);
	revision = bytemap_tell(at->map, value, req->key, req->op->op);
	if (!revision) {
		bytemap_entry_end_locked(at->map, value);
		return START_OVER;
	}
	value->revision = revision;
	req->answer->revision = revision;
	return 0;
}

static int write_locked(struct bytemap_attempt *at, struct bytemap_value *value,
			u32 offset, const void *bytes, u32 len)
{
	int err;

	check_window(at);
	err = change_bytes(at, value->len, offset + len);
	if (err)
		return err;
	memcpy(value->bytes + offset, bytes, len);
	/* Pairs with bytemap_value_len(). See litmus/length */
	smp_store_release(&value->len, offset + len);
	return 0;
}

static int finish_write_locked(struct bytemap_attempt *at,
			       struct bytemap_value *value)
{
	int err = revise_locked(at, value);

	if (!err)
		bytemap_count(at->map, BYTEMAP_IN_PLACE);
	return err;
}

/*
 * The value gets the bytes, the deadline and the owner that the operation says.
 * It is small, and has room; it is mortal if it has to be.
 *
 * Return: 0, NEED_ROOM, FULL; START_OVER: it had been cleared.
 */
int bytemap_entry_overwrite_locked(struct bytemap_attempt *at,
				   struct bytemap_value *value)
{
	int err;

	lockdep_assert_held(&value->lock.lock);
	err = write_locked(at, value, 0, at->bytes, at->len);
	if (err)
		return err;
	if (value->mortal) {
		bytemap_entry_touch_locked(at, value);
		bytemap_owner_set_locked(at->map, value,
					 bytemap_request_owner(at->req));
	}
	return finish_write_locked(at, value);
}

/*
 * The value ends with @len bytes at @offset, which is zero in a small one, or
 * its length. Deadline and owner stay as they are.
 *
 * Return: as bytemap_entry_overwrite_locked().
 */
int bytemap_entry_edit_locked(struct bytemap_attempt *at,
			      struct bytemap_value *value, u32 offset,
			      const void *bytes, u32 len)
{
	lockdep_assert_held(&value->lock.lock);
	return write_locked(at, value, offset, bytes, len) ?:
	       finish_write_locked(at, value);
}

/* A mortal value gets the deadline that the operation says */
void bytemap_entry_touch_locked(struct bytemap_attempt *at,
				struct bytemap_value *value)
{
	lockdep_assert_held(&value->lock.lock);
	check_window(at);
	bytemap_mortal(value)->deadline = at->deadline;
	bytemap_deadline_queue_locked(at->map, value);
}

/* Replace */

static bool swap_in_core(struct bytemap_attempt *at, struct bytemap_value *value,
			 u64 revision)
{
	struct bytemap_value *fresh = at->req->fresh;

	fresh->revision = revision;
	return syncmap_compare_and_swap_hashed(&at->map->core, &at->key, value,
					       fresh);
}

/*
 * With the lock of the new one: nobody may change it before it is queued, and
 * before its event is
 */
static bool swap_locked(struct bytemap_attempt *at, struct bytemap_value *value,
			u64 revision)
{
	bool watched = !revision && READ_ONCE(at->map->watched);
	struct bytemap_request *req = at->req;
	struct bytemap_value *fresh = req->fresh;
	bool done;

	if (!revision && !watched)
		revision = bytemap_next_revision(at->map);
	/* Before others can change it */
	req->answer->revision = revision;
	if (!fresh->mortal && !watched)
		return swap_in_core(at, value, revision);
	spin_lock_nested(&fresh->lock.lock, SINGLE_DEPTH_NESTING);
	done = watched ? bytemap_tell_swap(at->map, &at->key, req->key,
					   req->op->op, value, fresh) :
			 swap_in_core(at, value, revision);
	if (watched)
		req->answer->revision = fresh->revision;
	if (done && fresh->mortal)
		link_entry_locked(at->map, fresh);
	spin_unlock(&fresh->lock.lock);
	return done;
}

/*
 * The object that takes the place of @value has its deadline and owner. If it
 * does take the place, the owner is still there, as @value is in the core and
 * locked: the owner is inserting it, or has it on its list, and needs the lock
 * to end.
 */
static void inherit(struct bytemap_value *fresh,
		    const struct bytemap_value *value)
{
	if (!fresh->mortal)
		return;
	bytemap_mortal(fresh)->deadline = bytemap_mortal(value)->deadline;
	bytemap_mortal(fresh)->owner = bytemap_mortal(value)->owner;
}

/*
 * It is used as much as @value was, and kept if that is wanted, or was and is not to
 * be changed. Where there was a lease, there was nothing
 */
static void inherit_use(const struct bytemap_attempt *at,
			const struct bytemap_value *value)
{
	struct bytemap_value *fresh = at->req->fresh;

	if (value->leased)
		return;
	if (!bytemap_request_has(at->req, OP_TAKES_OWNER) ||
	    bytemap_request_has(at->req, OP_APPENDS) ||
	    !(bytemap_value_is_kept(fresh) || bytemap_value_is_kept(value)))
		fresh->used = READ_ONCE(value->used);
}

static void count_kept(struct bytemap *map, const struct bytemap_value *before,
		       const struct bytemap_value *now)
{
	int more = bytemap_value_is_kept(now) - bytemap_value_is_kept(before);

	if (more)
		atomic64_add(more, &map->kept);
}

/*
 * The object of the request takes the place of @value, a value or a lease; with
 * a new revision, if @revision is 0. Growth is charged before, and what is
 * charged too much given back after.
 *
 * Return: 0; NEED_ROOM; FULL; START_OVER: @value is not in the core any more.
 */
int bytemap_entry_replace_locked(struct bytemap_attempt *at,
				 struct bytemap_value *value, u64 revision)
{
	struct bytemap_value *fresh = at->req->fresh;
	u64 from = bytemap_value_charge(value);
	u64 to = bytemap_value_charge(fresh);
	u64 most = max(from, to);
	u64 before = bytemap_memory_of_entry(at->map, value);
	u64 after = bytemap_memory_of_entry(at->map, fresh);
	u64 peak = max(before, after);
	int err;

	lockdep_assert_held(&value->lock.lock);
	check_window(at);
	err = change_bytes(at, from, most);
	if (err)
		return err;
	err = change_memory(at, before, peak);
	if (err)
		goto uncharge_bytes;
	publish_fresh(at, value->epoch);
	if (bytemap_request_has(at->req, OP_APPENDS) && !value->leased)
		inherit(fresh, value);
	inherit_use(at, value);
	if (!swap_locked(at, value, revision)) {
		err = START_OVER;
		goto unpublish;
	}
	change_memory(at, peak, after);
	change_bytes(at, most, to);
	count_kept(at->map, value, fresh);
	unlink_entry_locked(at->map, value);
	WRITE_ONCE(value->state,
		   value->leased ? VALUE_DELETED : VALUE_REPLACED);
	at->dooms = true;
	if (!value->leased)
		bytemap_count(at->map, BYTEMAP_REPLACED);
	bytemap_value_put(value);
	return 0;

unpublish:
	unpublish_fresh(fresh);
	change_memory(at, peak, before);
uncharge_bytes:
	change_bytes(at, most, from);
	return err;
}

/*
 * The object of the request, a lease, takes the place of an expired value, which
 * it keeps. Its revision is that of the value: there is none to be settled when
 * it lapses, too.
 *
 * Return: 0; FULL; START_OVER: @old is not in the core any more.
 */
int bytemap_entry_supersede_locked(struct bytemap_attempt *at,
				   struct bytemap_value *old)
{
	u64 memory = bytemap_memory_of_object(at->req->fresh);
	struct bytemap_value *fresh;
	int err;

	lockdep_assert_held(&old->lock.lock);
	check_late(at->map, old);
	err = change_memory(at, 0, memory);
	if (err)
		return err;
	fresh = publish_fresh(at, old->epoch);
	if (!swap_in_core(at, old, old->revision)) {
		unpublish_fresh(fresh);
		change_memory(at, memory, 0);
		return START_OVER;
	}
	count_kept(at->map, old, fresh);
	bytemap_deadline_unqueue_locked(at->map, old);
	WRITE_ONCE(old->state, VALUE_REPLACED);
	return 0;
}

/* Delete */

/*
 * Its key is absent. The core has the value until somebody removes it. Whoever does
 * not find it in a queue or list any more does not find it counted either.
 */
void bytemap_entry_end_locked(struct bytemap *map, struct bytemap_value *value)
{
	lockdep_assert_held(&value->lock.lock);
	if (value->state != VALUE_LIVE)
		atomic64_dec(&map->lapsed[value->epoch]);
	uncharge_entry(map, value);
	unlink_entry_locked(map, value);
	WRITE_ONCE(value->state, VALUE_DELETED);
}

/* Return: 0; START_OVER: it had been cleared. The key is absent in any case */
int bytemap_entry_delete_locked(struct bytemap_attempt *at,
				struct bytemap_value *value)
{
	int err;

	lockdep_assert_held(&value->lock.lock);
	err = revise_locked(at, value);
	if (!err)
		bytemap_entry_end_locked(at->map, value);
	return err;
}

/* Returns the revision of its end, 0 if a Clear was faster */
static u64 tell_end_locked(struct bytemap *map, struct bytemap_value *value)
{
	bool late = bytemap_deadline_is_past(value);
	u64 revision;

	check_late(map, value);
	bytemap_entry_settle_locked(map, value);
	revision = bytemap_tell(map, value, bytemap_mortal_key(value),
				late ? SYNCMAP_REASON_EXPIRED :
				       SYNCMAP_REASON_ORPHANED);
	if (!revision)
		return 0;
	bytemap_count(map, late ? BYTEMAP_EXPIRED : BYTEMAP_ORPHANED);
	if (late)
		trace_bytemap_expire(map, value, revision);
	else
		trace_bytemap_orphan(map, value, revision);
	return revision;
}

/*
 * The value is late, or an orphan. The first to notice tells the others; then it
 * is ended.
 */
void bytemap_entry_expire_locked(struct bytemap *map,
				 struct bytemap_value *value)
{
	lockdep_assert_held(&value->lock.lock);
	if (value->state == VALUE_LIVE)
		tell_end_locked(map, value);
	bytemap_entry_end_locked(map, value);
}

/*
 * The same, but the value is kept as a stale one, if the map keeps such. What has
 * an owner is not: it would have to go with that.
 */
void bytemap_entry_lapse_locked(struct bytemap *map,
				struct bytemap_value *value)
{
	u64 revision = 0;

	lockdep_assert_held(&value->lock.lock);
	if (value->state == VALUE_LIVE)
		revision = tell_end_locked(map, value);
	if (!revision || !READ_ONCE(map->stale) ||
	    bytemap_mortal(value)->owner) {
		bytemap_entry_end_locked(map, value);
		return;
	}
	atomic64_inc(&map->lapsed[value->epoch]);
	bytemap_deadline_unqueue_locked(map, value);
	bytemap_deadline_lapse_locked(map, value);
}

/*
 * The value at @key is live, and ends to make room; in a window, if processes see
 * the map (@windowed).
 *
 * Return: the revision that it had; 0: a Clear was faster. The key is absent in any
 * case.
 */
u64 bytemap_entry_evict_locked(struct bytemap *map, struct bytemap_value *value,
			       const void *key, bool windowed)
{
	u64 revision;

	lockdep_assert_held(&value->lock.lock);
	WARN_ON_ONCE(is_windowed(map) && !windowed);
	bytemap_entry_settle_locked(map, value);
	revision = bytemap_tell(map, value, key, SYNCMAP_REASON_EVICTED);
	if (revision) {
		bytemap_count(map, BYTEMAP_EVICTED);
		trace_bytemap_evict(map, value, revision);
	}
	bytemap_entry_end_locked(map, value);
	return revision ? value->revision : 0;
}

/* A value that has ended leaves the core: of all that try, one succeeds */
void bytemap_entry_remove(struct bytemap *map, struct syncmap_hashed_key *key,
			  struct bytemap_value *value)
{
	if (syncmap_compare_and_delete_hashed(&map->core, key, value))
		bytemap_value_put(value);
}

/* The same of what was found without its key */
void bytemap_entry_remove_mortal(struct bytemap *map,
				 struct bytemap_value *value)
{
	struct syncmap_hashed_key key;

	syncmap_hashed_key_init(&key, bytemap_mortal_key(value),
				value->key_len);
	bytemap_entry_remove(map, &key, value);
}

/* A Clear has removed the value from the core, and nobody looks at it any more */
void bytemap_entry_cleared(struct bytemap *map, struct bytemap_value *value)
{
	if (!value->mortal) {
		if (value->state != VALUE_DELETED)
			uncharge_entry(map, value);
		return;
	}
	/* It may be found by other ways than through the core */
	write_seqlock(&value->lock);
	if (value->state != VALUE_DELETED)
		bytemap_entry_end_locked(map, value);
	write_sequnlock(&value->lock);
}
