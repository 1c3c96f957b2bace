// SPDX-License-Identifier: GPL-2.0-only
/*
 * A watcher's reader: dump, events, and what was lost, as one row of records
 *
 * What the records promise is in tell.c.
 */
#include <linux/sched/signal.h>
#include <linux/wait.h>

#include "bytemap.h"
#include "name.h"
#include "queue.h"
#include "reader.h"
#include "record.h"
#include "tell.h"
#include "view.h"
#include "walk.h"

/* Return: whether there is a record */
bool bytemap_reader_has_record(const struct bytemap_watch *watch)
{
	return READ_ONCE(watch->dumping) || READ_ONCE(watch->lost) ||
	       !bytemap_queue_is_empty(&watch->queue);
}

/* Return: whether there will be none any more, once all have been read */
bool bytemap_reader_has_ended(const struct bytemap_watch *watch)
{
	/*
	 * Pairs with the last bytemap_leave(): its caller's changes are queued.
	 * See litmus/ended
	 */
	if (!atomic_read_acquire(&watch->map->users))
		return true;
	/* Pairs with the xchg() in bytemap_retire(), in the same way */
	return smp_load_acquire(&watch->map->retired);
}

static bool is_worth_reading(const struct bytemap_watch *watch)
{
	return bytemap_reader_has_record(watch) || bytemap_reader_has_ended(watch);
}

/*
 * Waits until there is a record, or the end. One reader is woken at a time, and sees
 * to the next: bytemap_reader_pass_on().
 *
 * Return: 0, or -ERESTARTSYS: a signal.
 */
int bytemap_reader_wait(struct bytemap_watch *watch)
{
	int err;

	atomic_inc(&watch->readers);
	err = wait_event_interruptible_exclusive(watch->wait,
						 is_worth_reading(watch));
	atomic_dec(&watch->readers);
	return err;
}

/* A reader that may have waited leaves, and there may be more to read */
void bytemap_reader_pass_on(struct bytemap_watch *watch)
{
	if (atomic_read(&watch->readers) && is_worth_reading(watch))
		wake_up_interruptible(&watch->wait);
}

static bool is_to_be_shown(const struct bytemap_watch *watch,
			   const struct bytemap_item *item)
{
	return item->view.revision > watch->since &&
	       item->view.revision <= watch->revision &&
	       bytemap_tell_matches(watch, item->key, item->key_len);
}

/*
 * A long value is held from when its turn comes to the end of the read: the
 * reader can take his time, and it is memory of others. If it has been changed
 * since the step, it has an event.
 */
static bool hold_item(const struct bytemap_watch *watch, struct bytemap_item *item)
{
	if (!bytemap_wants_values(watch) || item->view.len <= BYTEMAP_COPY ||
	    item->view.held)
		return true;
	return bytemap_walk_again(watch->walk, item, BYTEMAP_VALUE_MAX) &&
	       is_to_be_shown(watch, item);
}

static int dump_some(struct bytemap_watch *watch)
{
	u32 room = bytemap_wants_values(watch) ? BYTEMAP_COPY : 0;
	struct bytemap_walk *walk = watch->walk;
	u64 next = SYNCMAP_END;
	int err = 0;

	if (signal_pending(current))
		return -ERESTARTSYS;
	cond_resched();
	if (watch->flags & SYNCMAP_WATCH_KEY)
		bytemap_walk_key(walk, watch->filter, watch->filter_len, room);
	else
		err = bytemap_walk_next(walk, BYTEMAP_WALK_BATCH, room, &next);
	watch->index = 0;
	if (!err)
		walk->cursor = next;
	return err;
}

/* Of no key */
static void make_mark(struct bytemap_record *record, u16 type, u64 revision)
{
	*record = (struct bytemap_record){
		.head = { .type = type, .revision = revision },
	};
	bytemap_record_finish(&record->head, false);
}

static int peek_dump(struct bytemap_watch *watch, struct bytemap_record *record)
{
	struct bytemap_walk *walk = watch->walk;
	struct bytemap_item *item;
	int err;

	for (;; watch->index++) {
		while (watch->index >= walk->count) {
			if (walk->cursor == SYNCMAP_END) {
				make_mark(record, SYNCMAP_RECORD_DUMPED,
					  watch->revision);
				return 1;
			}
			err = dump_some(watch);
			if (err)
				return err;
		}
		item = &walk->items[watch->index];
		if (is_to_be_shown(watch, item) && hold_item(watch, item))
			break;
	}
	bytemap_walk_record(item, bytemap_wants_values(watch), record);
	return 1;
}

/*
 * The next record, valid until it is consumed, or nobody reads for now. With
 * watch->lock.
 *
 * Return: 1; 0 when there is none yet; -ERESTARTSYS when a signal ends the
 * search for one.
 */
int bytemap_reader_peek(struct bytemap_watch *watch,
			struct bytemap_record *record)
{
	bool lost;

	lockdep_assert_held(&watch->lock);
	if (watch->dumping)
		return peek_dump(watch, record);
	/*
	 * What is in the queue comes first, and is all: pairs with lose_events(). See
	 * litmus/lost
	 */
	lost = smp_load_acquire(&watch->lost);
	if (bytemap_queue_peek(&watch->queue, record))
		return 1;
	if (!lost)
		return 0;
	make_mark(record, SYNCMAP_RECORD_OVERFLOW, watch->resume);
	return 1;
}

/* Nobody reads for now: what has been looked at is held no longer */
void bytemap_reader_rest(struct bytemap_watch *watch)
{
	struct bytemap_walk *walk = watch->walk;

	lockdep_assert_held(&watch->lock);
	if (walk && watch->index < walk->count)
		bytemap_view_release(&walk->items[watch->index].view);
}

/* What is in the map comes first */
void bytemap_reader_dump(struct bytemap_watch *watch)
{
	watch->walk->cursor = 0;
	WRITE_ONCE(watch->dumping, true);
}

/* Events come from now on. What was before, and stays so, comes first, too */
void bytemap_reader_begin(struct bytemap_watch *watch)
{
	if (bytemap_name_is_lost(watch->map))
		bytemap_tell_removed_again(watch);
}

/* The queue is empty, and the loss has been told */
static void resume(struct bytemap_watch *watch)
{
	struct bytemap *map = watch->map;

	spin_lock(&map->watchers.lock);
	watch->revision = atomic64_read(&map->revision);
	WRITE_ONCE(watch->lost, false);
	spin_unlock(&map->watchers.lock);
	bytemap_reader_begin(watch);
	watch->since = 0;
	if (watch->walk)
		bytemap_reader_dump(watch);
}

/* @record has been read */
void bytemap_reader_consume(struct bytemap_watch *watch,
			    const struct bytemap_record *record)
{
	lockdep_assert_held(&watch->lock);
	switch (record->head.type) {
	case SYNCMAP_RECORD_ENTRY:
		bytemap_reader_rest(watch);
		watch->index++;
		break;
	case SYNCMAP_RECORD_DUMPED:
		bytemap_walk_release(watch->walk);
		WRITE_ONCE(watch->dumping, false);
		break;
	case SYNCMAP_RECORD_OVERFLOW:
		resume(watch);
		break;
	default:
		bytemap_queue_consume(&watch->queue);
	}
}
