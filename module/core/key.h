/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Keys: a fixed length of up to eight bytes is the key word itself; byte
 * strings are a pointer to an immutable key object.
 */
#ifndef _SYNCMAP_KEY_H
#define _SYNCMAP_KEY_H

#include <linux/siphash.h>
#include <linux/string.h>
#include <linux/syncmap.h>
#include <linux/types.h>

#include "step.h"

/* A byte-string key as tables and nodes hold it */
struct syncmap_keyobj {
	u64	hash;
	u32	len;
	u8	bytes[];
};

/* A caller's key during one operation */
struct syncmap_key {
	u64		hash;		/* right, if ->hashed */
	u64		word;		/* fixed length: the key */
	const void	*bytes;
	u32		len;
	bool		hashed;
	u32		steps;		/* of its look-up; see step.h */
};

static __always_inline u64 read_u64(const u8 *p)
{
	u64 v;

	memcpy(&v, p, sizeof(v));
	return v;
}

u64 syncmap_hash(const struct syncmap_params *params,
		 const siphash_key_t *seed, const struct syncmap_key *key);
u64 syncmap_hash_fast(const void *bytes, size_t len, const siphash_key_t *seed);
struct syncmap_keyobj *syncmap_keyobj_alloc(const struct syncmap_key *key,
					    gfp_t gfp);

/* False when the length does not fit the map: the key cannot be in it */
static __always_inline bool syncmap_key_init(struct syncmap_key *key,
					     u8 key_len, const void *bytes,
					     size_t len)
{
	key->bytes = bytes;
	key->len = len;
	key->word = 0;
	key->hashed = false;
	step_begin(&key->steps);
	if (!key_len)
		return len <= SYNCMAP_KEY_MAX;
	if (len != key_len)
		return false;
	if (len == sizeof(u64))
		memcpy(&key->word, bytes, sizeof(u64));
	else if (len == sizeof(u32))
		memcpy(&key->word, bytes, sizeof(u32));
	else
		memcpy(&key->word, bytes, len);
	return true;
}

/* All keys are on a stack, and none of them is a constant */
static __always_inline void key_step(const struct syncmap_key *key)
{
	step_count((u32 *)&key->steps);
}

static inline struct syncmap_keyobj *keyobj_of(u64 word)
{
	return (struct syncmap_keyobj *)(unsigned long)word;
}

/* The last step overlaps the one before, where the length is not a multiple */
static __always_inline bool bytes_equal(const u8 *a, const u8 *b, size_t len)
{
	size_t i;

	if (len < sizeof(u64))
		return !memcmp(a, b, len);
	for (i = 0; i < len - sizeof(u64); i += sizeof(u64))
		if (read_u64(a + i) != read_u64(b + i))
			return false;
	return read_u64(a + len - sizeof(u64)) ==
	       read_u64(b + len - sizeof(u64));
}

/* Whether the key word of a slot or node stands for this key */
static __always_inline bool
syncmap_key_matches(const struct syncmap_key *key, u8 key_len, u64 word)
{
	const struct syncmap_keyobj *obj;

	if (key_len)
		return word == key->word;
	obj = keyobj_of(word);
	return obj->hash == key->hash && obj->len == key->len &&
	       bytes_equal(obj->bytes, key->bytes, key->len);
}

/* The hash of a key that is in a table already */
static inline u64 key_word_hash(const struct syncmap_params *params,
				const siphash_key_t *seed, u64 word)
{
	struct syncmap_key key;

	if (syncmap_params_are_plain(params, sizeof(u64)))
		return syncmap_hash_short(word, sizeof(u64), seed);
	if (!params->key_len)
		return keyobj_of(word)->hash;
	key.word = word;
	key.bytes = &key.word;
	key.len = params->key_len;
	return syncmap_hash(params, seed, &key);
}

#endif /* _SYNCMAP_KEY_H */
