/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Keys
 *
 * What stands for a key in a slot or a node is its key word:
 *
 *	up to 8 bytes	the key itself
 *	9 to 16 bytes	a pointer to its two words, in the slot or node
 *	byte strings	a pointer to an immutable key object, which whoever is
 *			last to have it frees
 */
#ifndef _SYNCMAP_KEY_H
#define _SYNCMAP_KEY_H

#include <linux/siphash.h>
#include <linux/string.h>
#include <linux/syncmap.h>
#include <linux/types.h>

u64 syncmap_hash(const struct syncmap_params *params,
		 const siphash_key_t *seed, const void *bytes, size_t len);
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
	key->word2 = 0;
	key->hashed = false;
	syncmap_step_begin(&key->steps);
	if (!key_len)
		return len <= SYNCMAP_KEY_MAX;
	if (len != key_len)
		return false;
	syncmap_key_words(key, key_len, bytes);
	return true;
}

/* The bytes that a key word stands for, of a word that stays there as long */
static __always_inline const void *key_word_bytes(const u64 *word, u8 key_len,
						  size_t *len)
{
	const struct syncmap_keyobj *obj;

	*len = key_len;
	if (syncmap_key_is_wide(key_len))
		return (const void *)(unsigned long)*word;
	if (key_len)
		return word;
	obj = syncmap_keyobj_of(*word);
	*len = obj->len;
	return obj->bytes;
}

/* The hash of a key that is in a table already */
static inline u64 key_word_hash(const struct syncmap_params *params,
				const siphash_key_t *seed, u64 word)
{
	const void *bytes;
	size_t len;

	if (syncmap_params_are_plain(params, sizeof(u64)))
		return syncmap_hash_short(word, sizeof(u64), seed);
	if (!params->key_len)
		return syncmap_keyobj_of(word)->hash;
	bytes = key_word_bytes(&word, params->key_len, &len);
	return syncmap_hash(params, seed, bytes, len);
}

#endif /* _SYNCMAP_KEY_H */
