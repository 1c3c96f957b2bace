// SPDX-License-Identifier: GPL-2.0-only
/*
 * Hashes and key objects.
 */
#include <linux/slab.h>
#include <linux/string.h>

#include "key.h"

/* Up to eight bytes as a number; the length is hashed beside it */
static u64 read_tail(const u8 *p, size_t len)
{
	u64 v = 0;

	if (len == sizeof(u64))
		return read_u64(p);
	memcpy(&v, p, len);
	return v;
}

/**
 * syncmap_hash_fast - keyed multiply-and-fold hash
 * @bytes: what to hash
 * @len: its length in bytes
 * @seed: random key of the map
 *
 * Of the family of wyhash: each step takes sixteen bytes, multiplies them as
 * two words, the one masked with one half of the seed, the other with the hash
 * so far, which begins with the other half, and folds the 128-bit product. So
 * no word makes a factor zero, and with it what came before, unless it is made
 * for the seed. Not proof against somebody who learns that.
 *
 * Context: Any.
 * Return: the hash.
 */
u64 syncmap_hash_fast(const void *bytes, size_t len, const siphash_key_t *seed)
{
	u64 mask = seed->key[1] ^ SYNCMAP_HASH_MUL_1;
	u64 state = seed->key[0];
	const u8 *p = bytes;
	size_t left = len;

	for (; left > 16; left -= 16, p += 16)
		state = syncmap_hash_fold(read_u64(p) ^ mask,
					  read_u64(p + 8) ^ state);
	if (left > 8) {
		state = syncmap_hash_fold(read_u64(p) ^ mask,
					  state ^ SYNCMAP_HASH_MUL_2);
		left -= 8;
		p += 8;
	}
	return syncmap_hash_finish(state, read_tail(p, left), len, seed);
}

/**
 * syncmap_hash - hash of a key in one map
 * @params: the map's parameters
 * @seed: the map's, or the copy of it in a state
 * @key: the key; all but its hash is set
 *
 * Context: Any.
 * Return: the hash, below %SYNCMAP_CURSOR_END.
 */
u64 syncmap_hash(const struct syncmap_params *params, const siphash_key_t *seed,
		 const struct syncmap_key *key)
{
	u64 hash;

	switch (params->hash) {
	case SYNCMAP_HASH_FAST:
		hash = syncmap_hash_fast(key->bytes, key->len, seed);
		break;
	case SYNCMAP_HASH_SIPHASH:
		hash = siphash(key->bytes, key->len, seed);
		break;
	default:
		hash = params->hash_fn(key->bytes, key->len);
	}
	return syncmap_hash_clip(hash);
}

/* A copy of the key that lives as long as its place in the map */
struct syncmap_keyobj *syncmap_keyobj_alloc(const struct syncmap_key *key,
					    gfp_t gfp)
{
	struct syncmap_keyobj *obj;

	obj = kmalloc(sizeof(*obj) + key->len, gfp);
	if (!obj)
		return NULL;
	obj->hash = key->hash;
	obj->len = key->len;
	memcpy(obj->bytes, key->bytes, key->len);
	return obj;
}
