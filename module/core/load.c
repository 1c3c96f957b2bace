// SPDX-License-Identifier: GPL-2.0-only
/*
 * Load.
 */
#include <linux/export.h>
#include <linux/minmax.h>

#include "internal.h"

/*
 * The value of a key behind a closed live word. Each step after the first means
 * that a whole promotion has completed since the caller loaded its state.
 */
u64 syncmap_follow(const struct syncmap *map, const struct syncmap_key *key,
		   struct syncmap_table *next)
{
	const atomic64_t *home;
	u64 word;

	for (;; next = READ_ONCE(next->next)) {
		home = syncmap_table_find(&next->view, key, map->params.key_len,
					  false);
		if (WARN_ON_ONCE(!home))
			return CODE_ABSENT;
		word = word_read(home);
		if (word_is_open(word) || word == WORD_EXPUNGED)
			return word_code(word);
	}
}

static u64 load_dirty(struct syncmap *map, const struct syncmap_state *state,
		      const struct syncmap_key *key)
{
	const atomic64_t *home;
	u64 code = CODE_ABSENT;

	syncmap_miss(map, state, key->hash);
	if (state->old) {
		home = dirty_find(state->old, key);
		if (home && syncmap_resolve(map, key, home, &state->old->into,
					    &code))
			return code;
	}
	home = dirty_find(state->dirty, key);
	if (home)
		syncmap_resolve(map, key, home, &state->dirty->into, &code);
	return code;
}

static u64 load_state(struct syncmap *map, const struct syncmap_state *state,
		      const struct syncmap_key *key)
{
	const atomic64_t *home;
	u64 code;

	home = syncmap_table_find(&state->view, key, map->params.key_len, false);
	if (home && syncmap_resolve(map, key, home, &state->table->next, &code)) {
		this_cpu_inc(state->counts->hits);
		return code;
	}
	if (likely(!syncmap_is_amended(state))) {
		this_cpu_inc(state->counts->hits);
		return CODE_ABSENT;
	}
	return load_dirty(map, state, key);
}

static __always_inline bool give(u64 code, void **value)
{
	if (code == CODE_ABSENT)
		return false;
	*value = syncmap_code_value(code);
	return true;
}

/*
 * The rest of a load whose key is not simply there in the read table, with all
 * that takes registers. In a read section.
 */
static noinline u64 load_rest(struct syncmap *map,
			      const struct syncmap_state *state,
			      const void *bytes, size_t len, u64 hash)
{
	struct syncmap_key key;
	u64 code;

	syncmap_key_init(&key, map->params.key_len, bytes, len);
	key.hash = hash;
	code = load_state(map, state, &key);
	syncmap_look_up_ends(map, &key);
	return code;
}

bool __syncmap_load_moved(struct syncmap *map, const struct syncmap_state *state,
			  const void *bytes, size_t len, u64 hash, void **value)
{
	return give(load_rest(map, state, bytes, len, hash), value);
}
EXPORT_SYMBOL_GPL(__syncmap_load_moved);

/* The same, when the read table has no word of the key that leads on */
bool __syncmap_load_dirty(struct syncmap *map, const struct syncmap_state *state,
			  const void *bytes, size_t len, u64 hash, void **value)
{
	struct syncmap_key key;
	u64 code;

	syncmap_key_init(&key, map->params.key_len, bytes, len);
	key.hash = hash;
	code = load_dirty(map, state, &key);
	syncmap_look_up_ends(map, &key);
	return give(code, value);
}
EXPORT_SYMBOL_GPL(__syncmap_load_dirty);

static __always_inline bool load_key(struct syncmap *map,
				     struct syncmap_key *key, void **value)
{
	const struct syncmap_state *state;
	u64 word = CODE_ABSENT;
	const atomic64_t *home;
	bool found;

	rcu_read_lock();
	state = syncmap_state(map);
	syncmap_key_hash_once(map, state, key, false);
	home = syncmap_table_find(&state->view, key, map->params.key_len, false);
	syncmap_look_up_ends(map, key);
	if (likely(home))
		word = word_read(home);
	if (likely(word_is_open(word)) ||
	    (!word && !syncmap_is_amended(state))) {
		this_cpu_inc(state->counts->hits);
		rcu_read_unlock();
		return give(word_code(word), value);
	}
	found = word ? __syncmap_load_moved(map, state, key->bytes, key->len,
					    key->hash, value) :
		       __syncmap_load_dirty(map, state, key->bytes, key->len,
					    key->hash, value);
	rcu_read_unlock();
	return found;
}

static noinline bool load_any(struct syncmap *map, const void *bytes,
			      size_t len, void **value)
{
	struct syncmap_key key;

	return syncmap_key_init(&key, map->params.key_len, bytes, len) &&
	       load_key(map, &key, value);
}

/**
 * syncmap_load_hashed - syncmap_load() of a hashed key
 * @map: the map
 * @key: the key
 * @value: out: the value if the key is present, untouched otherwise
 *
 * Context: As syncmap_load().
 * Return: whether the key is present.
 */
bool syncmap_load_hashed(struct syncmap *map, struct syncmap_hashed_key *key,
			 void **value)
{
	struct syncmap_key k;
	bool found;

	syncmap_assert(map);
	if (!syncmap_key_take(map, key, &k))
		return false;
	found = load_key(map, &k, value);
	syncmap_key_keep(key, &k);
	return found;
}
EXPORT_SYMBOL_GPL(syncmap_load_hashed);

bool __syncmap_load(struct syncmap *map, const void *key, size_t len,
		    void **value)
{
	if (len == sizeof(u64) && likely(syncmap_is_plain(map)))
		return __syncmap_load_short(map, key, sizeof(u64), value);
	return load_any(map, key, len, value);
}
EXPORT_SYMBOL_GPL(__syncmap_load);

/* Enough look-ups to overlap their cache misses, few enough for the stack */
#define BATCH		16

/* Above all hashes: of a key whose length does not fit */
#define BATCH_NO_KEY	SYNCMAP_CURSOR_END

/* The key object that will be compared, while others are still on their way */
static void prefetch_keyobj(const struct syncmap_state *state, u64 hash)
{
	const struct syncmap_bucket *bucket;
	u64 match;

	bucket = &state->view.buckets[syncmap_table_home(hash, state->view.homes)];
	match = syncmap_header_match(syncmap_bucket_header(bucket),
				     syncmap_fingerprint(hash));
	if (likely(match))
		syncmap_prefetch(syncmap_keyobj_of(bucket->key[__ffs64(match) / 8]));
}

/* Begin a look-up. Return: the hash, which is all that is kept of it */
static __always_inline u64 batch_begin(struct syncmap *map,
				       const struct syncmap_state *state,
				       bool plain,
				       const struct syncmap_lookup *lookup)
{
	u8 key_len = plain ? sizeof(u64) : map->params.key_len;
	struct syncmap_key key;

	if (!syncmap_key_init(&key, key_len, lookup->key, lookup->len))
		return BATCH_NO_KEY;
	syncmap_key_hash(map, state, &key, plain);
	syncmap_prefetch_bucket(&state->view, key.hash, key_len);
	return key.hash;
}

static __always_inline u64 batch_end(struct syncmap *map,
				     const struct syncmap_state *state,
				     bool plain,
				     const struct syncmap_lookup *lookup,
				     u64 hash, unsigned int *hits)
{
	u8 key_len = plain ? sizeof(u64) : map->params.key_len;
	const atomic64_t *home;
	struct syncmap_key key;
	u64 word;

	if (unlikely(hash == BATCH_NO_KEY))
		return CODE_ABSENT;
	syncmap_key_init(&key, key_len, lookup->key, lookup->len);
	key.hash = hash;
	home = syncmap_table_find(&state->view, &key, key_len, false);
	word = home ? word_read(home) : CODE_ABSENT;
	if (unlikely(!word_is_open(word) && (home || syncmap_is_amended(state))))
		return load_rest(map, state, lookup->key, lookup->len, hash);
	syncmap_look_up_ends(map, &key);
	++*hits;
	return word_code(word);
}

static __always_inline unsigned int
load_batch(struct syncmap *map, const struct syncmap_state *state, bool plain,
	   struct syncmap_lookup *batch, unsigned int n)
{
	unsigned int i, found = 0, hits = 0;
	u64 hashes[BATCH];
	u64 code;

	for (i = 0; i < n; i++)
		hashes[i] = batch_begin(map, state, plain, &batch[i]);
	for (i = 0; i < n && !map->params.key_len; i++)
		if (hashes[i] != BATCH_NO_KEY)
			prefetch_keyobj(state, hashes[i]);
	for (i = 0; i < n; i++) {
		code = batch_end(map, state, plain, &batch[i], hashes[i], &hits);
		batch[i].found = code != CODE_ABSENT;
		batch[i].value = syncmap_code_value(code);
		found += batch[i].found;
	}
	this_cpu_add(state->counts->hits, hits);
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
	const struct syncmap_state *state;
	unsigned int part, found = 0;

	syncmap_assert(map);
	for (; n; n -= part, batch += part) {
		part = min(n, BATCH + 0U);
		rcu_read_lock();
		state = syncmap_state(map);
		if (likely(syncmap_is_plain(map)))
			found += load_batch(map, state, true, batch, part);
		else
			found += load_batch(map, state, false, batch, part);
		rcu_read_unlock();
	}
	return found;
}
EXPORT_SYMBOL_GPL(syncmap_load_many);
