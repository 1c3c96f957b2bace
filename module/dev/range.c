// SPDX-License-Identifier: GPL-2.0-only
/*
 * SYNCMAP_RANGE: whole records into a user's buffer, as many as fit
 */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/sched/signal.h>

#include "../store/bytemap.h"
#include "../store/record.h"
#include "../store/view.h"
#include "../store/walk.h"
#include "dev.h"

static bool keys_only(const struct syncmap_range *range)
{
	return range->flags & SYNCMAP_RANGE_KEYS_ONLY;
}

static u32 entry_size(const struct syncmap_range *range,
		      const struct bytemap_item *item)
{
	return bytemap_record_size(item->key_len,
				   keys_only(range) ? 0 : item->view.len);
}

static int put_entry(struct syncmap_range *range,
		     const struct bytemap_item *item)
{
	void __user *user = u64_to_user_ptr(range->buffer + range->used);
	struct bytemap_record record;
	int err;

	bytemap_walk_record(item, !keys_only(range), &record);
	err = syncmap_record_put(user, &record);
	if (err)
		return err;
	range->used += record.head.size;
	range->count++;
	return 0;
}

/* How many items fit. If not all do, @needed is what one more would take */
static unsigned int count_fitting(struct syncmap_range *range,
				  const struct bytemap_walk *walk)
{
	u64 used = range->used;
	unsigned int i;

	for (i = 0; i < walk->count; i++) {
		used += entry_size(range, &walk->items[i]);
		if (used > range->size) {
			range->needed = used - range->used;
			break;
		}
	}
	return i;
}

/*
 * A long value is held from when its turn comes until it has been put: the caller
 * can take his time, and it is memory of others. False if the entry is gone.
 */
static bool hold_value(const struct syncmap_range *range, struct bytemap_walk *walk,
		       struct bytemap_item *item)
{
	if (keys_only(range) || item->view.len <= BYTEMAP_COPY)
		return true;
	return bytemap_walk_again(walk, item, BYTEMAP_VALUE_MAX);
}

/* -EAGAIN: one has grown since it was found to fit, the one behind @fit others */
static int put_items(struct syncmap_range *range, struct bytemap_walk *walk,
		     unsigned int *fit)
{
	int err = 0;

	for (*fit = 0; *fit < walk->count && !err; ++*fit) {
		struct bytemap_item *item = &walk->items[*fit];

		if (!hold_value(range, walk, item))
			continue;
		range->needed = entry_size(range, item);
		if (range->needed > range->size - range->used)
			return -EAGAIN;
		err = put_entry(range, item);
		bytemap_view_release(&item->view);
	}
	return err;
}

/*
 * Put one step of the walk. A cursor leads on behind whole steps only, so when
 * some of its entries do not fit, a smaller step is made from the same place.
 */
static int put_step(struct syncmap_range *range, struct bytemap_walk *walk)
{
	unsigned int fit, max = BYTEMAP_WALK_BATCH;
	struct syncmap_range before = *range;
	int err;
	u64 next;

	for (;;) {
		err = bytemap_walk_next(walk, max, keys_only(range) ? 0 :
						   BYTEMAP_COPY, &next);
		if (err)
			return err;
		fit = count_fitting(range, walk);
		if (fit == walk->count)
			err = put_items(range, walk, &fit);
		if (err && err != -EAGAIN)
			return err;
		if (fit == walk->count)
			break;
		range->used = before.used;
		range->count = before.count;
		if (!fit)
			return -EMSGSIZE;
		max = fit;
	}
	walk->cursor = next;
	return 0;
}

static int put_steps(struct syncmap_range *range, struct bytemap_walk *walk)
{
	int err = 0;

	while (walk->cursor != SYNCMAP_END && !err) {
		if (fatal_signal_pending(current))
			return -EINTR;
		cond_resched();
		err = put_step(range, walk);
	}
	if (err == -EMSGSIZE && range->count)
		err = 0;
	if (!err) {
		range->cursor = syncmap_cursor_hide(walk->map->id,
						    walk->cursor);
	} else {
		range->count = 0;
		range->used = 0;
	}
	return err;
}

int syncmap_run_range(struct syncmap_call *call)
{
	struct bytemap *map = syncmap_mapfd_map(call->file);
	struct syncmap_range *range = &call->arg.range;
	struct bytemap_walk *walk;
	int err;

	walk = bytemap_walk_alloc(map, syncmap_cursor_reveal(map->id,
							     range->cursor));
	if (!walk)
		return -ENOMEM;
	err = put_steps(range, walk);
	bytemap_walk_free(walk);
	if (err != -EMSGSIZE)
		range->needed = 0;
	return err;
}
