// SPDX-License-Identifier: GPL-2.0-only
/*
 * Walking over the entries of a map, some at a time
 *
 * A step copies keys and short values within one RCU read section, and takes
 * references on long values; what it returns can be used at leisure.
 */
#include <linux/errno.h>
#include <linux/mm.h>
#include <linux/overflow.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "../large.h"
#include "attempt.h"
#include "bytemap.h"
#include "entry.h"
#include "gfp.h"
#include "record.h"
#include "value.h"
#include "view.h"
#include "walk.h"

/* Return: bytes that a walk takes */
size_t bytemap_walk_size(const struct bytemap *map)
{
	struct bytemap_walk *walk;

	return struct_size(walk, keys,
			   BYTEMAP_WALK_BATCH * map->limits.key_size);
}

/* May sleep. Return: a walk that begins at @cursor; or NULL: no memory */
struct bytemap_walk *bytemap_walk_alloc(struct bytemap *map, u64 cursor)
{
	struct bytemap_walk *walk;

	walk = syncmap_large_alloc(bytemap_walk_size(map), BYTEMAP_GFP);
	if (!walk)
		return NULL;
	walk->map = map;
	walk->cursor = cursor;
	walk->count = 0;
	return walk;
}

/* What the last step found is held no longer. Process context */
void bytemap_walk_release(struct bytemap_walk *walk)
{
	while (walk->count)
		bytemap_view_release(&walk->items[--walk->count].view);
}

/* Process context */
void bytemap_walk_free(struct bytemap_walk *walk)
{
	bytemap_walk_release(walk);
	kvfree(walk);
}

/*
 * A value that nobody has any more was replaced, perhaps: the key is not to be
 * missed then. Each turn means that somebody has written it.
 */
static int view_entry(struct bytemap *map, struct syncmap_entry *entry,
		      struct bytemap_view *view, u32 room)
{
	int err;

	for (;;) {
		err = bytemap_entry_view(map, entry->value, view, room);
		if (err != START_OVER)
			return err;
		if (!syncmap_load(&map->core, entry->key, entry->len,
				  &entry->value))
			return ABSENT;
	}
}

static void keep_entry(struct bytemap_walk *walk, struct syncmap_entry *entry,
		       u32 room)
{
	u8 *key = walk->keys + walk->count * walk->map->limits.key_size;
	struct bytemap_item *item = &walk->items[walk->count];

	if (view_entry(walk->map, entry, &item->view, room))
		return;
	memcpy(key, entry->key, entry->len);
	item->key = key;
	item->key_len = entry->len;
	item->kept = bytemap_value_is_kept(entry->value);
	walk->count++;
}

/*
 * Get up to @max entries from the walk's cursor on, with values of at most
 * @room bytes. The caller sets the cursor to *@next to go on behind them, until
 * that is SYNCMAP_END; how long a step takes is bounded.
 *
 * Return: 0, even if there happens to be no entry in this step; -EMSGSIZE when
 * more than @max keys have the same hash and cannot be told apart by a cursor.
 */
int bytemap_walk_next(struct bytemap_walk *walk, unsigned int max, u32 room,
		      u64 *next)
{
	int i, n;

	bytemap_walk_release(walk);
	*next = walk->cursor;
	rcu_read_lock();
	n = syncmap_next(&walk->map->core, next, walk->entries, max);
	for (i = 0; i < n; i++)
		keep_entry(walk, &walk->entries[i], room);
	rcu_read_unlock();
	return min(n, 0);
}

/* Instead of a step: the entry of one key, if it is there */
void bytemap_walk_key(struct bytemap_walk *walk, const void *key, size_t len,
		      u32 room)
{
	struct syncmap_entry entry = { .key = key, .len = len };

	bytemap_walk_release(walk);
	rcu_read_lock();
	if (syncmap_load(&walk->map->core, key, len, &entry.value))
		keep_entry(walk, &entry, room);
	rcu_read_unlock();
}

/*
 * Looks at an entry of the last step once more.
 *
 * Return: false if it is not there now.
 */
bool bytemap_walk_again(struct bytemap_walk *walk, struct bytemap_item *item,
			u32 room)
{
	struct syncmap_entry entry = { .key = item->key, .len = item->key_len };
	int err = ABSENT;

	bytemap_view_release(&item->view);
	rcu_read_lock();
	if (syncmap_load(&walk->map->core, entry.key, entry.len, &entry.value))
		err = view_entry(walk->map, &entry, &item->view, room);
	if (!err)
		item->kept = bytemap_value_is_kept(entry.value);
	rcu_read_unlock();
	return !err;
}

static u32 flags_of(const struct bytemap_item *item)
{
	return (item->view.owned ? SYNCMAP_RECORD_OWNED : 0) |
	       (item->kept ? SYNCMAP_RECORD_KEPT : 0);
}

/* The record of an entry, which points to what @item has */
void bytemap_walk_record(const struct bytemap_item *item, bool with_value,
			 struct bytemap_record *record)
{
	*record = (struct bytemap_record){
		.key = item->key,
		.value = bytemap_view_bytes(&item->view),
		.head = {
			.type = SYNCMAP_RECORD_ENTRY,
			.flags = flags_of(item),
			.key_len = item->key_len,
			.value_len = item->view.len,
			.revision = item->view.revision,
			.expires = item->view.deadline,
		},
	};
	bytemap_record_finish(&record->head, with_value);
}
