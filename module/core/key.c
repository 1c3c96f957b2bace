// SPDX-License-Identifier: GPL-2.0-only
/*
 * Hashes and key objects.
 */
#include <linux/slab.h>
#include <linux/string.h>

#include "key.h"

/**
 * syncmap_hash - hash of a key in one map
 * @params: the map's parameters
 * @seed: the map's, or the copy of it in a state
 * @bytes: the key
 * @len: its length in bytes
 *
 * Context: Any.
 * Return: the hash, below %SYNCMAP_CURSOR_END.
 */
u64 syncmap_hash(const struct syncmap_params *params, const siphash_key_t *seed,
		 const void *bytes, size_t len)
{
	u64 hash;

	switch (params->hash) {
	case SYNCMAP_HASH_FAST:
		hash = syncmap_hash_fast(bytes, len, seed);
		break;
	case SYNCMAP_HASH_SIPHASH:
		hash = siphash(bytes, len, seed);
		break;
	default:
		hash = params->hash_fn(bytes, len);
	}
	return syncmap_hash_clip(hash);
}

/* A copy of the key that lives as long as its place in the map */
struct syncmap_keyobj *syncmap_keyobj_alloc(const struct syncmap_key *key,
					    gfp_t gfp)
{
	struct syncmap_keyobj *obj;

	obj = kmalloc(offsetof(typeof(*obj), bytes[key->len]), gfp);
	if (!obj)
		return NULL;
	obj->hash = key->hash;
	obj->len = key->len;
	memcpy(obj->bytes, key->bytes, key->len);
	return obj;
}
