// SPDX-License-Identifier: GPL-2.0-only
/*
 * The operations that update one key, as callers see them.
 */
#include <linux/errno.h>
#include <linux/export.h>

#include "internal.h"

/*
 * What updates come down to most of the time: the key has a live value in the
 * read table, which gives way to @new, if it is @old or @old is zero. Return: what
 * was found; or %CODE_ABSENT, and nothing has been done, for it is not so simple.
 */
static __always_inline u64 replace(struct syncmap *map, struct syncmap_key *key,
				   u64 old, u64 new)
{
	u64 word = CODE_ABSENT, found = CODE_ABSENT;
	const struct syncmap_state *state;
	atomic64_t *home;

	rcu_read_lock();
	state = syncmap_state(map);
	syncmap_key_hash_once(map, state, key, false);
	home = syncmap_table_find(&state->view, key, map->params.key_len, true);
	if (likely(home))
		word = word_read(home);
	while (!found && word_is_live(word)) {
		if ((old && old != word_code(word)) ||
		    word_try_set(home, &word, word_open(new)))
			found = word_code(word);
	}
	if (likely(found))
		this_cpu_inc(state->counts->hits);
	syncmap_look_up_ends(map, key);
	rcu_read_unlock();
	return found;
}

/* Field by field: gcc makes a memset() of an initialiser, which is slower */
static __always_inline void
prepare_update(struct syncmap_update *update, enum syncmap_action action,
	       void *old, void *new, gfp_t gfp)
{
	update->action = action;
	update->gfp = gfp;
	update->old = syncmap_code_of(old);
	update->new = syncmap_code_of(new);
	update->previous = CODE_ABSENT;
	update->reserved = false;
	update->changed = false;
	update->node = NULL;
	update->first = NULL;
}

static int run_key(struct syncmap *map, struct syncmap_key *key,
		   struct syncmap_update *update)
{
	int err;

	if (syncmap_inserts(update) && !update->new)
		return -EINVAL;
	err = syncmap_update(map, key, update);
	syncmap_update_discard(map, update);
	return err;
}

static int run(struct syncmap *map, const void *bytes, size_t len,
	       struct syncmap_update *update)
{
	struct syncmap_key key;

	syncmap_assert(map);
	if (!syncmap_key_init(&key, map->params.key_len, bytes, len))
		return -EINVAL;
	return run_key(map, &key, update);
}

static int run_hashed(struct syncmap *map, struct syncmap_hashed_key *hashed,
		      struct syncmap_update *update)
{
	struct syncmap_key key;
	int err;

	syncmap_assert(map);
	if (!syncmap_key_take(map, hashed, &key))
		return -EINVAL;
	err = run_key(map, &key, update);
	syncmap_key_keep(hashed, &key);
	return err;
}

int __syncmap_swap(struct syncmap *map, const void *bytes, size_t len,
		   void *value, void **previous, gfp_t gfp)
{
	struct syncmap_update update;
	struct syncmap_key key;
	u64 found = CODE_ABSENT;
	int err;

	prepare_update(&update, SYNCMAP_SWAP, NULL, value, gfp);
	if (!update.new ||
	    !syncmap_key_init(&key, map->params.key_len, bytes, len))
		return -EINVAL;
	/* Else the caller has tried already */
	if (!syncmap_is_short(map, len))
		found = replace(map, &key, 0, update.new);
	if (!found) {
		err = run_key(map, &key, &update);
		if (err)
			return err;
		found = update.previous;
	}
	*previous = found ? syncmap_code_value(found) : NULL;
	return found != CODE_ABSENT;
}
EXPORT_SYMBOL_GPL(__syncmap_swap);

/**
 * syncmap_load_or_store - get a key's value, setting it if the key is absent
 * @map: the map
 * @key: the key
 * @len: its length in bytes
 * @value: the value for an absent key
 * @actual: out: the value that is there now
 * @gfp: how to allocate, should the key be new
 *
 * Of many racing callers exactly one stores. Lock-free, and never fails, for a
 * key that is present. To dereference a loaded value, hold rcu_read_lock()
 * over the call and the use (@gfp then must not sleep).
 *
 * Context: As syncmap_swap().
 * Return: 1 if the value was loaded, 0 if @value has been stored, -ENOMEM or
 * -EINVAL; on errors the map is unchanged.
 */
int syncmap_load_or_store(struct syncmap *map, const void *key, size_t len,
			  void *value, void **actual, gfp_t gfp)
{
	struct syncmap_update update;
	int err;

	syncmap_might_alloc(gfp);
	if (likely(syncmap_code_of(value) && syncmap_load(map, key, len, actual)))
		return 1;
	prepare_update(&update, SYNCMAP_LOAD_OR_STORE, NULL, value, gfp);
	err = run(map, key, len, &update);
	if (err)
		return err;
	*actual = update.previous ? syncmap_code_value(update.previous) : value;
	return update.previous != CODE_ABSENT;
}
EXPORT_SYMBOL_GPL(syncmap_load_or_store);

/**
 * syncmap_load_or_store_hashed - syncmap_load_or_store() of a hashed key
 * @map: the map
 * @key: the key
 * @value: the value for an absent key
 * @actual: out: the value that is there now
 * @gfp: how to allocate, should the key be new
 *
 * For who has just found the key absent: it does not begin with a load. Whatever
 * comes of it, syncmap_finish_hashed() is due before @key goes.
 *
 * Context: As syncmap_swap().
 * Return: As syncmap_load_or_store(). After -ENOMEM, for which a @gfp that must not
 * wait is reason enough, syncmap_prepare_hashed() may help.
 */
int syncmap_load_or_store_hashed(struct syncmap *map,
				 struct syncmap_hashed_key *key, void *value,
				 void **actual, gfp_t gfp)
{
	struct syncmap_update update;
	struct syncmap_key k;
	int err;

	syncmap_assert(map);
	syncmap_might_alloc(gfp);
	prepare_update(&update, SYNCMAP_LOAD_OR_STORE, NULL, value, gfp);
	if (!update.new || !syncmap_key_take(map, key, &k))
		return -EINVAL;
	update.node = key->node;
	update.first = key->first;
	err = syncmap_update(map, &k, &update);
	syncmap_key_keep(key, &k);
	key->node = update.node;
	key->first = update.first;
	key->full = update.full;
	if (err)
		return err;
	key->grown |= update.grown;
	*actual = update.previous ? syncmap_code_value(update.previous) : value;
	return update.previous != CODE_ABSENT;
}
EXPORT_SYMBOL_GPL(syncmap_load_or_store_hashed);

/**
 * syncmap_prepare_hashed - get what an insert of the key may need, or has lacked
 * @map: the map
 * @key: the key
 * @gfp: how to allocate
 *
 * Memory lies in @key until an insert takes it, or syncmap_finish_hashed() gives
 * it back. If the last syncmap_load_or_store_hashed() found no room for the key
 * before the next promotion, that is waited for as syncmap_swap() does.
 *
 * Context: As syncmap_swap().
 * Return: 0: the insert is worth another try; -ENOMEM; -EINVAL for a wrong key
 * length.
 */
int syncmap_prepare_hashed(struct syncmap *map, struct syncmap_hashed_key *key,
			   gfp_t gfp)
{
	struct syncmap_update update;
	struct syncmap_key k;
	int err;

	syncmap_assert(map);
	syncmap_might_alloc(gfp);
	if (!syncmap_key_take(map, key, &k))
		return -EINVAL;
	if (key->full && !syncmap_make_room(map, key->full, gfp))
		return -ENOMEM;
	key->full = NULL;
	update.gfp = gfp;
	update.node = key->node;
	update.first = key->first;
	err = syncmap_update_prepare(map, &k, &update);
	key->node = update.node;
	key->first = update.first;
	return err;
}
EXPORT_SYMBOL_GPL(syncmap_prepare_hashed);

/* There is something to be done */
void __syncmap_finish_hashed(struct syncmap *map,
			     struct syncmap_hashed_key *key, gfp_t gfp)
{
	if (key->node)
		syncmap_node_free(map, key->node, false);
	if (key->first)
		syncmap_state_abort(key->first);
	if (key->grown)
		syncmap_hold_back(map, gfp);
	key->node = NULL;
	key->first = NULL;
	key->grown = false;
}
EXPORT_SYMBOL_GPL(__syncmap_finish_hashed);

/**
 * syncmap_load_and_delete - delete a key and get the value it had
 * @map: the map
 * @key: the key
 * @len: its length in bytes
 * @value: out: the value, untouched when the key was absent
 *
 * Of many racing callers exactly one takes the value. It is the caller's;
 * readers may still use it until a grace period has passed.
 *
 * Context: Any but NMI; on PREEMPT_RT not from hard interrupts or with
 * preemption disabled. Never sleeps, never fails.
 * Return: whether the key was present.
 */
bool syncmap_load_and_delete(struct syncmap *map, const void *key, size_t len,
			     void **value)
{
	struct syncmap_update update;

	prepare_update(&update, SYNCMAP_DELETE, NULL, NULL, 0);
	if (run(map, key, len, &update) || !update.changed)
		return false;
	*value = syncmap_code_value(update.previous);
	return true;
}
EXPORT_SYMBOL_GPL(syncmap_load_and_delete);

/**
 * syncmap_delete - delete a key
 * @map: the map
 * @key: the key
 * @len: its length in bytes
 *
 * Context: As syncmap_load_and_delete().
 * Return: whether the key was present.
 */
bool syncmap_delete(struct syncmap *map, const void *key, size_t len)
{
	void *value;

	return syncmap_load_and_delete(map, key, len, &value);
}
EXPORT_SYMBOL_GPL(syncmap_delete);

bool __syncmap_compare_and_swap(struct syncmap *map, const void *bytes,
				size_t len, void *old, void *new)
{
	struct syncmap_update update;
	struct syncmap_key key;
	u64 found;

	prepare_update(&update, SYNCMAP_COMPARE_AND_SWAP, old, new, 0);
	if (!update.old || !update.new ||
	    !syncmap_key_init(&key, map->params.key_len, bytes, len))
		return false;
	if (!syncmap_is_short(map, len)) {
		found = replace(map, &key, update.old, update.new);
		if (likely(found))
			return found == update.old;
	}
	return !run_key(map, &key, &update) && update.changed;
}
EXPORT_SYMBOL_GPL(__syncmap_compare_and_swap);

/**
 * syncmap_compare_and_swap_hashed - syncmap_compare_and_swap() of a hashed key
 * @map: the map
 * @key: the key
 * @old: the value that must be there
 * @new: the value to put in its place
 *
 * Context: As syncmap_load_and_delete().
 * Return: whether the value has been replaced.
 */
bool syncmap_compare_and_swap_hashed(struct syncmap *map,
				     struct syncmap_hashed_key *key, void *old,
				     void *new)
{
	u64 expected = syncmap_code_of(old), found;
	struct syncmap_update update;
	struct syncmap_key k;

	prepare_update(&update, SYNCMAP_COMPARE_AND_SWAP, old, new, 0);
	if (!expected || !update.new || !syncmap_key_take(map, key, &k))
		return false;
	found = replace(map, &k, expected, update.new);
	if (likely(found))
		return found == expected;
	return !run_hashed(map, key, &update) && update.changed;
}
EXPORT_SYMBOL_GPL(syncmap_compare_and_swap_hashed);

/**
 * syncmap_compare_and_delete - delete a key if its value is the expected one
 * @map: the map
 * @key: the key
 * @len: its length in bytes
 * @old: the value that must be there
 *
 * Values are compared as by syncmap_compare_and_swap().
 *
 * Context: As syncmap_load_and_delete().
 * Return: whether the key has been deleted.
 */
bool syncmap_compare_and_delete(struct syncmap *map, const void *key,
				size_t len, void *old)
{
	struct syncmap_update update;

	prepare_update(&update, SYNCMAP_COMPARE_AND_DELETE, old, NULL, 0);
	return !run(map, key, len, &update) && update.changed;
}
EXPORT_SYMBOL_GPL(syncmap_compare_and_delete);

/**
 * syncmap_compare_and_delete_hashed - the same of a hashed key
 * @map: the map
 * @key: the key
 * @old: the value that must be there
 *
 * Context: As syncmap_load_and_delete().
 * Return: whether the key has been deleted.
 */
bool syncmap_compare_and_delete_hashed(struct syncmap *map,
				       struct syncmap_hashed_key *key,
				       void *old)
{
	struct syncmap_update update;

	prepare_update(&update, SYNCMAP_COMPARE_AND_DELETE, old, NULL, 0);
	return !run_hashed(map, key, &update) && update.changed;
}
EXPORT_SYMBOL_GPL(syncmap_compare_and_delete_hashed);
