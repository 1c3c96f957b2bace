// SPDX-License-Identifier: GPL-2.0-only
/*
 * Kinds of maps, their keys and their values by number.
 */
#include <linux/string.h>

#include "fuzz.h"

#define EQUAL_KEYS	48

static u64 mix(const void *key, size_t len)
{
	const u8 *p = key;
	u64 hash = len;

	while (len--)
		hash = (hash ^ *p++) * 0x9e3779b97f4a7c15ULL;
	return hash ^ (hash >> 32);
}

static u64 hash_equal(const void *key, size_t len)
{
	return 0x5555aaaa5555aaaaULL;
}

static u64 hash_last(const void *key, size_t len)
{
	return U64_MAX;
}

/* One bucket and one chain; fingerprints and filter bits differ */
static u64 hash_low(const void *key, size_t len)
{
	return (u16)mix(key, len);
}

/* One fingerprint, if they have any, and one filter bit */
static u64 hash_high(const void *key, size_t len)
{
	return mix(key, len) << 48;
}

/* A few runs of equal hashes */
static u64 hash_runs(const void *key, size_t len)
{
	return (mix(key, len) % 16) << 59;
}

#define KIND(_name, _keys, _key_len, ...)				\
	{ .name = _name, .keys = _keys,					\
	  .params = { .key_len = _key_len, __VA_ARGS__ } }
#define SIPHASH		.hash = SYNCMAP_HASH_SIPHASH
#define CUSTOM(_fn)	.hash = SYNCMAP_HASH_CUSTOM, .hash_fn = _fn

/* The length of byte-string keys: 0 is any */
static const struct kind kinds[] = {
	KIND("u64 fast", KEYS_MAX, 8),
	KIND("16 bytes fast", KEYS_MAX, 0),
	KIND("strings fast", KEYS_MAX, 0),
	KIND("u64 siphash", KEYS_MAX, 8, SIPHASH),
	KIND("strings siphash", KEYS_MAX, 0, SIPHASH),
	KIND("u32 fast", KEYS_MAX, 4),
	KIND("3 bytes fast", KEYS_MAX, 3),
	KIND("u64 equal", EQUAL_KEYS, 8, CUSTOM(hash_equal)),
	KIND("strings equal", EQUAL_KEYS, 0, CUSTOM(hash_equal)),
	KIND("u64 last", EQUAL_KEYS, 8, CUSTOM(hash_last)),
	KIND("u64 low", EQUAL_KEYS, 8, CUSTOM(hash_low)),
	KIND("strings high", KEYS_MAX, 0, CUSTOM(hash_high)),
	KIND("u64 runs", 4 * EQUAL_KEYS, 8, CUSTOM(hash_runs)),
	KIND("two words fast", KEYS_MAX, 16),
	KIND("two words low", EQUAL_KEYS, 9, CUSTOM(hash_low)),
};

/* Each in memory of its own, of its length */
static struct key keys[ARRAY_SIZE(kinds)][KEYS_MAX];

/* Their ends differ, and their lengths; one is as long as a key may be */
#define STRING_MAX	40
#define LONGEST		200

static size_t key_len(const struct kind *kind, unsigned int n)
{
	if (kind->params.key_len)
		return kind->params.key_len;
	if (kind == &kinds[1])
		return 16;
	if (n == LONGEST && kind == &kinds[2])
		return SYNCMAP_KEY_MAX;
	return n ? sizeof(u16) + n % STRING_MAX : 0;
}

static void make_key(const struct kind *kind, unsigned int n, struct key *key)
{
	u16 number = n;
	u8 *bytes;

	key->len = key_len(kind, n);
	bytes = malloc(key->len ?: 1);
	memset(bytes, '.', key->len);
	if (key->len)
		memcpy(bytes + key->len - sizeof(number), &number,
		       sizeof(number));
	key->bytes = bytes;
}

const struct kind *kind_pick(unsigned int n)
{
	return &kinds[n % ARRAY_SIZE(kinds)];
}

const struct key *kind_key(const struct kind *kind, unsigned int n)
{
	struct key *key = &keys[kind - kinds][n];

	if (!key->bytes)
		make_key(kind, n, key);
	return key;
}

unsigned int kind_number(const struct kind *kind, const void *bytes,
			 size_t len)
{
	const struct key *key;
	u16 number = 0;

	if (len)
		memcpy(&number, bytes + len - sizeof(number), sizeof(number));
	if (number >= kind->keys)
		wrong("a key that was never stored");
	key = kind_key(kind, number);
	if (key->len != len || memcmp(key->bytes, bytes, len))
		wrong("a key is not what was stored");
	return number;
}

static u32 objects[VALUES];

void *value_of(unsigned int n)
{
	switch (n) {
	case 0:
		return NULL;
	case 1:
		return syncmap_mk_value(0);
	case 2:
		return syncmap_mk_value(1);
	case 3:
		return syncmap_mk_value(SYNCMAP_VALUE_MAX);
	default:
		return &objects[n];
	}
}

unsigned int value_number(const void *value)
{
	unsigned int n;

	for (n = 0; n < VALUES; n++)
		if (value_of(n) == value)
			return n;
	wrong("a value that was never stored: %p", value);
}
