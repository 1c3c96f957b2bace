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
 * in time then: a job ends the values in portions (sweep.c), or who meets one,
 * counts, or finds the map full. Watchers are told, and the bytes given back, as
 * they end.
 *
 * An owner is there as long as it has anything on its list, and for a grace
 * period after that: a value that has lost its key does not point to it any
 * more.
 *
 * An inserter cannot link the value before it is in the core. Whoever stores
 * over it before that sets another owner, and the inserter finds that one.
 */
#include <linux/list.h>

#include "bytemap.h"
#include "owner.h"
#include "value.h"

static void unlink_owned(struct bytemap *map, struct bytemap_mortal *mortal)
{
	if (list_empty(&mortal->owned))
		return;
	spin_lock(&map->owned_lock);
	list_del_init(&mortal->owned);
	WRITE_ONCE(map->owned, map->owned - 1);
	spin_unlock(&map->owned_lock);
}

/*
 * With the lock of the mortal @value, which has the key: it is on the list of its
 * owner, if there is one.
 */
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

/*
 * With the lock of the mortal @value: @client stores over it; NULL: it shall have
 * no owner.
 */
void bytemap_owner_set_locked(struct bytemap *map, struct bytemap_value *value,
			      struct bytemap_client *client)
{
	struct bytemap_mortal *mortal = bytemap_mortal(value);

	lockdep_assert_held(&value->lock.lock);
	if (mortal->owner == client)
		return;
	unlink_owned(map, mortal);
	WRITE_ONCE(mortal->owner, client);
	bytemap_owner_link_locked(map, value);
}

/*
 * In an RCU read section in which the mortal @value was found, or with its lock.
 *
 * Return: whether it has an owner, be that there or gone.
 */
bool bytemap_owner_is_set(const struct bytemap_value *value)
{
	return READ_ONCE(bytemap_mortal(value)->owner);
}

/*
 * Likewise.
 *
 * Return: true if it has lost its owner, whose file has been closed.
 */
bool bytemap_owner_is_gone(const struct bytemap_value *value)
{
	const struct bytemap_client *owner =
		READ_ONCE(bytemap_mortal(value)->owner);

	return owner && READ_ONCE(owner->closed);
}

/*
 * With the lock of the mortal @value, which does not have the key any more. If it has
 * lost its owner, it is late for ever, for who has found it before.
 */
void bytemap_owner_unlink_locked(struct bytemap *map,
				 struct bytemap_value *value)
{
	struct bytemap_mortal *mortal = bytemap_mortal(value);

	lockdep_assert_held(&value->lock.lock);
	if (bytemap_owner_is_gone(value))
		mortal->deadline = 0;
	unlink_owned(map, mortal);
	WRITE_ONCE(mortal->owner, NULL);
}

/* Return: a value that the client owns, with a reference; or NULL */
struct bytemap_value *bytemap_owner_pick(struct bytemap_client *client)
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

/* A closed client has nothing any more */
void bytemap_owner_leave(struct bytemap_client *client)
{
	spin_lock(&client->map->owned_lock);
	list_del_init(&client->node);
	spin_unlock(&client->map->owned_lock);
}

/*
 * Sets *@value to one that a closed client owned, with a reference; or to NULL, if
 * the first of those clients has nothing any more, and is one no longer.
 *
 * Return: false if there is no such client.
 */
bool bytemap_owner_pick_any(struct bytemap *map, struct bytemap_value **value)
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
