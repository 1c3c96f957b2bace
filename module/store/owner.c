// SPDX-License-Identifier: GPL-2.0-only
/*
 * Entries that go when the file that stored them is closed
 *
 * A value knows its owner, and is on the list of what that owns, for as long as
 * it has the key. Whoever stores over it, or deletes it, takes it off that
 * list; so what is left when the file is closed is what has to go, and nothing
 * else is looked at.
 *
 * All of it is absent at one instant, when the owner is marked as closed, for
 * each operation looks at that as it looks at the clock. Nothing has to happen
 * in time then: a job ends the values in portions, or who meets one, counts, or
 * finds the map full. Watchers are told, and the bytes given back, as they end.
 *
 * An owner is there as long as it has anything on its list, and for a grace
 * period after that: a value that has lost its key does not point to it any
 * more.
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
	WRITE_ONCE(mortal->owner, client);
	bytemap_owner_link_locked(map, value);
}

/* The value does not have the key any more */
void bytemap_owner_unlink_locked(struct bytemap *map,
				 struct bytemap_value *value)
{
	lockdep_assert_held(&value->lock.lock);
	unlink(map, bytemap_mortal(value));
	WRITE_ONCE(bytemap_mortal(value)->owner, NULL);
}

/*
 * Has its file been closed? In an RCU read section in which it was found, or
 * with its lock
 */
bool bytemap_mortal_is_orphan(const struct bytemap_value *value)
{
	const struct bytemap_client *owner =
		READ_ONCE(bytemap_mortal(value)->owner);

	return owner && READ_ONCE(owner->closed);
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

/* Afterwards it is not on the list of a closed owner any more */
static void drop_locked(struct bytemap *map, struct bytemap_value *value)
{
	if (!bytemap_mortal_is_orphan(value))
		return;
	if (!bytemap_mortal_is_in_core(map, value))
		bytemap_owner_unlink_locked(map, value);
	else
		bytemap_expire_locked(map, value, false);
}

static void drop(struct bytemap *map, struct bytemap_value *value)
{
	bool deleted;

	rcu_read_lock();
	write_seqlock(&value->lock);
	drop_locked(map, value);
	deleted = value->state == VALUE_DELETED;
	write_sequnlock(&value->lock);
	if (deleted)
		bytemap_remove_deleted(map, bytemap_mortal_key(value),
				       value->key_len, value);
	rcu_read_unlock();
	bytemap_value_put(value);
}

/*
 * All that it owns is absent from now on.
 *
 * Return: false if there was nothing, and nothing is left to do.
 */
bool bytemap_owner_close(struct bytemap_client *client)
{
	struct bytemap *map = client->map;
	bool owns;

	spin_lock(&map->owned_lock);
	owns = !list_empty(&client->owned);
	if (owns) {
		WRITE_ONCE(client->closed, true);
		list_add_tail(&client->node, &map->closed);
	}
	spin_unlock(&map->owned_lock);
	return owns;
}

static void leave(struct bytemap_client *client)
{
	spin_lock(&client->map->owned_lock);
	list_del_init(&client->node);
	spin_unlock(&client->map->owned_lock);
}

/* A portion of what a closed client has owned. False if nothing is left */
bool bytemap_owner_drop_some(struct bytemap_client *client)
{
	struct bytemap_value *value;
	unsigned int n;

	for (n = 0; n < BYTEMAP_SWEEP; n++) {
		value = pick(client);
		if (!value) {
			leave(client);
			return false;
		}
		drop(client->map, value);
		cond_resched();
	}
	return true;
}

/*
 * Of any closed client, with a reference; NULL if the first one has nothing any
 * more. False if there is none.
 */
static bool pick_any(struct bytemap *map, struct bytemap_value **value)
{
	struct bytemap_mortal *mortal = NULL;
	struct bytemap_client *client;

	spin_lock(&map->owned_lock);
	client = list_first_entry_or_null(&map->closed, struct bytemap_client,
					  node);
	if (client)
		mortal = list_first_entry_or_null(&client->owned,
						  struct bytemap_mortal, owned);
	if (mortal)
		refcount_inc(&mortal->value.refs);
	else if (client)
		list_del_init(&client->node);
	spin_unlock(&map->owned_lock);
	*value = mortal ? &mortal->value : NULL;
	return client;
}

/*
 * End up to @max values that have lost their owner.
 *
 * Return: 0 if there are none.
 */
unsigned int bytemap_owner_sweep(struct bytemap *map, unsigned int max)
{
	struct bytemap_value *value;
	unsigned int n;

	for (n = 0; n < max && pick_any(map, &value); n++) {
		if (value)
			drop(map, value);
		cond_resched();
	}
	return n;
}
