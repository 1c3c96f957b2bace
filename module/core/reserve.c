// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reservations: the memory of a store, taken before it is too late to fail.
 */
#include <linux/err.h>
#include <linux/export.h>
#include <linux/slab.h>

#include "internal.h"

struct syncmap_reservation {
	struct syncmap_update update;
};

/**
 * syncmap_reserve - make sure that a later store of a key cannot fail
 * @map: the map
 * @key: the key
 * @len: its length in bytes
 * @gfp: how to allocate
 *
 * Does not change the map: the memory lies in the reservation. It is used up by
 * syncmap_swap_reserved() or given back by syncmap_unreserve().
 *
 * Context: As @gfp allows.
 * Return: the reservation, or ERR_PTR() of -ENOMEM or, for a length that no key
 * of the map has, -EINVAL.
 */
struct syncmap_reservation *
syncmap_reserve(struct syncmap *map, const void *key, size_t len, gfp_t gfp)
{
	struct syncmap_reservation *res;
	struct syncmap_key k;

	syncmap_assert(map);
	syncmap_might_alloc(gfp);
	if (!syncmap_key_init(&k, map->params.key_len, key, len))
		return ERR_PTR(-EINVAL);
	k.hash = 0;
	res = kzalloc(sizeof(*res), gfp);
	if (!res)
		return ERR_PTR(-ENOMEM);
	res->update.action = SYNCMAP_SWAP;
	res->update.reserved = true;
	res->update.node = syncmap_node_alloc(map, &k, gfp);
	res->update.first = syncmap_state_first(map, gfp);
	if (!res->update.node || !res->update.first) {
		syncmap_unreserve(map, res);
		return ERR_PTR(-ENOMEM);
	}
	return res;
}
EXPORT_SYMBOL_GPL(syncmap_reserve);

/**
 * syncmap_swap_reserved - set a reserved key's value and get the one before
 * @map: the map
 * @res: a reservation of this map; freed
 * @value: the new value, which must be one (see syncmap_swap())
 * @previous: out: the value before, or NULL when the key was absent
 *
 * Context: Any but NMI; on PREEMPT_RT not from hard interrupts or with
 * preemption disabled. Never sleeps, never fails.
 * Return: whether the key was present.
 */
bool syncmap_swap_reserved(struct syncmap *map, struct syncmap_reservation *res,
			   void *value, void **previous)
{
	struct syncmap_update *update = &res->update;
	u64 word = update->node->key;
	struct syncmap_key key;
	const void *bytes;
	size_t len;
	bool loaded;

	*previous = NULL;
	update->new = syncmap_code_of(value);
	if (WARN_ON_ONCE(!update->new)) {
		syncmap_unreserve(map, res);
		return false;
	}
	/* Once the key is in the map, a delete may free it behind our back */
	rcu_read_lock();
	bytes = key_word_bytes(&word, map->params.key_len, &len);
	syncmap_key_init(&key, map->params.key_len, bytes, len);
	syncmap_update(map, &key, update);
	rcu_read_unlock();
	loaded = update->previous != CODE_ABSENT;
	if (loaded)
		*previous = syncmap_code_value(update->previous);
	syncmap_unreserve(map, res);
	return loaded;
}
EXPORT_SYMBOL_GPL(syncmap_swap_reserved);

/**
 * syncmap_unreserve - give a reservation back
 * @map: the map
 * @res: a reservation of this map
 *
 * Context: Any but NMI.
 */
void syncmap_unreserve(struct syncmap *map, struct syncmap_reservation *res)
{
	syncmap_update_discard(map, &res->update);
	kfree(res);
}
EXPORT_SYMBOL_GPL(syncmap_unreserve);
