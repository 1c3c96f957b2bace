// SPDX-License-Identifier: GPL-2.0-only
/*
 * Load.
 */
#include <linux/export.h>
#include <linux/minmax.h>

#include "internal.h"

/*
 * The value of a key behind a closed live word. Each step means that a whole
 * promotion has completed since the caller loaded its state.
 */
u64 syncmap_follow(const struct syncmap *map, const struct syncmap_key *key,
		   u64 closed, struct syncmap_table *next)
{
	const atomic64_t *home;
	u64 word;

	for (;; next = READ_ONCE(next->next)) {
		home = table_find(&next->view, key, map->params.key_len);
		if (WARN_ON_ONCE(!home))
			return CODE_ABSENT;
		word = word_read(home);
		if (word == WORD_NOTYET)
			return closed;
		if (word_is_open(word) || word == WORD_EXPUNGED)
			return word_code(word);
		closed = word;
	}
}

static u64 load_dirty(struct syncmap *map, const struct syncmap_state *state,
		      const struct syncmap_key *key)
{
	u8 key_len = map->params.key_len;
	struct syncmap_node *node;
	u64 code = CODE_ABSENT;

	syncmap_miss(map, state, key->hash);
	if (state->old) {
		node = dirty_find(state->old, key, key_len);
		if (node && syncmap_resolve(map, key, &node->word,
					    &state->old->into, &code))
			return code;
	}
	node = dirty_find(state->dirty, key, key_len);
	if (node)
		syncmap_resolve(map, key, &node->word, &state->dirty->into, &code);
	return code;
}

static u64 load_state(struct syncmap *map, const struct syncmap_state *state,
		      const struct syncmap_key *key)
{
	const atomic64_t *home;
	u64 code;

	home = table_find(&state->view, key, map->params.key_len);
	if (home && syncmap_resolve(map, key, home, &state->table->next, &code)) {
		this_cpu_inc(state->counts->hits);
		return code;
	}
	if (likely(!READ_ONCE(state->dirty->used) && !state->old)) {
		this_cpu_inc(state->counts->hits);
		return CODE_ABSENT;
	}
	return load_dirty(map, state, key);
}

static __always_inline bool give(u64 code, void **value)
{
	if (code == CODE_ABSENT)
		return false;
	*value = code_value(code);
	return true;
}

/*
 * The rest of a load whose key is not simply there in the read table, with all
 * that takes registers: called last, it costs the others nothing.
 */
static noinline bool load_rest(struct syncmap *map,
			       const struct syncmap_state *state,
			       const void *bytes, size_t len, u64 hash,
			       void **value)
	__releases(RCU)
{
	struct syncmap_key key;
	u64 code;

	syncmap_key_init(&key, map->params.key_len, bytes, len);
	key.hash = hash;
	code = load_state(map, state, &key);
	rcu_read_unlock();
	return give(code, value);
}

/* Whether a key that is not in the home bucket can be nowhere else */
static __always_inline bool is_absent(const struct syncmap_state *state,
				      u64 header, u64 hash)
{
	return !(header & header_filter(hash)) &&
	       !READ_ONCE(state->dirty->used) && !state->old;
}

static __always_inline bool load(struct syncmap *map, bool plain,
				 const void *bytes, size_t len, void **value)
{
	u8 key_len = plain ? sizeof(u64) : map->params.key_len;
	const struct syncmap_state *state;
	u64 header, word = CODE_ABSENT;
	const atomic64_t *home;
	struct syncmap_key key;

	if (!syncmap_key_init(&key, key_len, bytes, len))
		return false;
	rcu_read_lock();
	state = syncmap_state(map);
	home = syncmap_find_home(map, state, plain, &key, &header);
	if (likely(home))
		word = word_read(home);
	if (likely(word_is_open(word)) ||
	    (!home && is_absent(state, header, key.hash))) {
		this_cpu_inc(state->counts->hits);
		rcu_read_unlock();
		return give(word_code(word), value);
	}
	return load_rest(map, state, bytes, len, key.hash, value);
}

static noinline bool load_any(struct syncmap *map, const void *key, size_t len,
			      void **value)
{
	return load(map, false, key, len, value);
}

/**
 * syncmap_load - look up a key
 * @map: the map
 * @key: the key
 * @len: its length in bytes
 * @value: out: the value if the key is present, untouched otherwise
 *
 * Takes no lock, never waits, allocates nothing and writes no cache line that
 * other CPUs read. To dereference the value, hold rcu_read_lock() over the
 * load and the use.
 *
 * A load that finds the value of a store happens after that store.
 *
 * Context: Any, NMI included.
 * Return: whether the key is present; never for a length that no key of the
 * map has.
 */
bool syncmap_load(struct syncmap *map, const void *key, size_t len,
		  void **value)
{
	syncmap_assert(map);
	if (likely(syncmap_is_plain(map)))
		return load(map, true, key, len, value);
	return load_any(map, key, len, value);
}
EXPORT_SYMBOL_GPL(syncmap_load);

/* Enough look-ups to overlap their cache misses, few enough for the stack */
#define BATCH	8

static unsigned int load_batch(struct syncmap *map,
			       const struct syncmap_state *state,
			       struct syncmap_lookup *batch, unsigned int n)
{
	const struct syncmap_bucket *bucket;
	struct syncmap_key keys[BATCH];
	unsigned int i, found = 0;
	bool valid[BATCH];
	u64 code;

	for (i = 0; i < n; i++) {
		valid[i] = syncmap_key_init(&keys[i], map->params.key_len,
					    batch[i].key, batch[i].len);
		if (!valid[i])
			continue;
		syncmap_key_hash(map, state, &keys[i], false);
		bucket = &state->view.buckets[table_home(keys[i].hash,
							 state->view.homes)];
		table_prefetch(bucket);
		table_prefetch(bucket->word);
	}
	for (i = 0; i < n; i++) {
		code = valid[i] ? load_state(map, state, &keys[i]) :
				  CODE_ABSENT;
		batch[i].found = code != CODE_ABSENT;
		batch[i].value = batch[i].found ? code_value(code) : NULL;
		found += batch[i].found;
	}
	return found;
}

/**
 * syncmap_load_many - look up many keys at once
 * @map: the map
 * @batch: keys; their values are filled in
 * @n: how many
 *
 * Each key by itself is looked up as by syncmap_load(), but the cache misses of
 * several overlap. The batch as a whole is not a snapshot.
 *
 * Context: Any, NMI included. Hold rcu_read_lock() to dereference the values.
 * Return: how many keys are present.
 */
unsigned int syncmap_load_many(struct syncmap *map,
			       struct syncmap_lookup *batch, unsigned int n)
{
	unsigned int found = 0;
	unsigned int part;

	syncmap_assert(map);
	for (; n; n -= part, batch += part) {
		part = min(n, BATCH + 0U);
		rcu_read_lock();
		found += load_batch(map, syncmap_state(map), batch, part);
		rcu_read_unlock();
	}
	return found;
}
EXPORT_SYMBOL_GPL(syncmap_load_many);
