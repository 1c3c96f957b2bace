// SPDX-License-Identifier: GPL-2.0-only
/*
 * Entries that go when the file that stored them is closed
 *
 * A value knows its owner, and is on the list of what that owns, for as long as
 * it has the key. Whoever stores over it, or deletes it, takes it off that
 * list; so what is left when the file is closed is what has to go, and nothing
 * else is looked at. An owner is dereferenced by its own operations, by its
 * end, and by whoever appends to its value (append.c); others only compare and
 * unlink.
 *
 * An inserter cannot link the value before it is in the core. Whoever stores
 * over it before that sets another owner, and the inserter finds that one.
 */
#include <linux/list.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>

#include "store.h"
#include "trace.h"

static void unlink(struct bytemap *map, struct bytemap_mortal *mortal)
{
	if (list_empty(&mortal->owned))
		return;
	spin_lock(&map->owned_lock);
	list_del_init(&mortal->owned);
	WRITE_ONCE(map->owned, map->owned - 1);
	spin_unlock(&map->owned_lock);
}

/* The value that has the key is on its owner's list, if there is one */
void bytemap_owner_link_locked(struct bytemap *map, struct bytemap_value *value)
{
	struct bytemap_mortal *mortal = bytemap_mortal(value);

	lockdep_assert_held(&value->lock.lock);
	if (!mortal->owner || !list_empty(&mortal->owned))
		return;
	spin_lock(&map->owned_lock);
	list_add_tail(&mortal->owned, &mortal->owner->owned);
	WRITE_ONCE(map->owned, map->owned + 1);
	spin_unlock(&map->owned_lock);
}

/* @client stores over the value; NULL: it shall have no owner */
void bytemap_owner_set_locked(struct bytemap *map, struct bytemap_value *value,
			      struct bytemap_client *client)
{
	struct bytemap_mortal *mortal = bytemap_mortal(value);

	lockdep_assert_held(&value->lock.lock);
	if (mortal->owner == client)
		return;
	unlink(map, mortal);
	mortal->owner = client;
	bytemap_owner_link_locked(map, value);
}

/* The value does not have the key any more */
void bytemap_owner_unlink_locked(struct bytemap *map,
				 struct bytemap_value *value)
{
	lockdep_assert_held(&value->lock.lock);
	unlink(map, bytemap_mortal(value));
}

/* With a reference; NULL if there are no more */
static struct bytemap_value *pick(struct bytemap_client *client)
{
	struct bytemap *map = client->map;
	struct bytemap_value *value = NULL;
	struct bytemap_mortal *mortal;

	spin_lock(&map->owned_lock);
	mortal = list_first_entry_or_null(&client->owned, struct bytemap_mortal,
					  owned);
	if (mortal) {
		value = &mortal->value;
		refcount_inc(&value->refs);
	}
	spin_unlock(&map->owned_lock);
	return value;
}

static void end_locked(struct bytemap *map, struct bytemap_value *value)
{
	u64 revision;

	revision = bytemap_revise(map, value, bytemap_mortal_key(value),
				  SYNCMAP_REASON_ORPHANED);
	if (revision) {
		bytemap_count(map, BYTEMAP_ORPHANED);
		trace_bytemap_orphan(map, value, revision);
	}
	bytemap_value_end_locked(map, value);
}

/* Afterwards it is not on the list any more */
static void drop_locked(struct bytemap *map, struct bytemap_value *value,
			const struct bytemap_client *client)
{
	struct bytemap_mortal *mortal = bytemap_mortal(value);

	if (list_empty(&mortal->owned) || mortal->owner != client)
		return;
	if (!bytemap_mortal_is_in_core(map, value))
		unlink(map, mortal);
	else if (bytemap_mortal_is_late(value))
		bytemap_expire_locked(map, value, false);
	else
		end_locked(map, value);
}

static void drop(struct bytemap *map, struct bytemap_value *value,
		 const struct bytemap_client *client)
{
	bool deleted;

	rcu_read_lock();
	write_seqlock(&value->lock);
	drop_locked(map, value, client);
	deleted = value->state == VALUE_DELETED;
	write_sequnlock(&value->lock);
	if (deleted)
		bytemap_remove_deleted(map, bytemap_mortal_key(value),
				       value->key_len, value);
	rcu_read_unlock();
}

/* All that it owns goes, one after another. Process context */
void bytemap_owner_close(struct bytemap_client *client)
{
	struct bytemap_value *value;

	while ((value = pick(client))) {
		drop(client->map, value, client);
		bytemap_value_put(value);
		bytemap_throttle(client->map);
		cond_resched();
	}
}
