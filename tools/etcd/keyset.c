// SPDX-License-Identifier: GPL-2.0-only
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "keyset.h"

#define FIRST_SIZE	1024

static uint64_t rotate(uint64_t x, int by)
{
	return x << by | x >> (64 - by);
}

static void mix(uint64_t v[4])
{
	v[0] += v[1]; v[1] = rotate(v[1], 13); v[1] ^= v[0]; v[0] = rotate(v[0], 32);
	v[2] += v[3]; v[3] = rotate(v[3], 16); v[3] ^= v[2];
	v[0] += v[3]; v[3] = rotate(v[3], 21); v[3] ^= v[0];
	v[2] += v[1]; v[1] = rotate(v[1], 17); v[1] ^= v[2]; v[2] = rotate(v[2], 32);
}

/* SipHash-1-3: whoever writes to etcd cannot choose keys that meet */
static uint64_t hash(const struct keyset *set, struct span key)
{
	uint64_t v[4] = {
		set->seed[0] ^ 0x736f6d6570736575, set->seed[1] ^ 0x646f72616e646f6d,
		set->seed[0] ^ 0x6c7967656e657261, set->seed[1] ^ 0x7465646279746573,
	};
	uint64_t word, length = (uint64_t)key.len << 56;

	for (; key.len >= 8; key.data += 8, key.len -= 8) {
		memcpy(&word, key.data, 8);
		v[3] ^= word;
		mix(v);
		v[0] ^= word;
	}
	word = 0;
	if (key.len)
		memcpy(&word, key.data, key.len);
	word |= length;
	v[3] ^= word;
	mix(v);
	v[0] ^= word;
	v[2] ^= 0xff;
	for (int i = 0; i < 3; i++)
		mix(v);
	word = v[0] ^ v[1] ^ v[2] ^ v[3];
	return word ? word : 1;
}

/* The slot of a hash, or the free one that it would get */
static uint64_t *find(uint64_t *slots, size_t size, uint64_t hash)
{
	size_t at = hash & (size - 1);

	while (slots[at] && slots[at] != hash)
		at = (at + 1) & (size - 1);
	return &slots[at];
}

static void resize(struct keyset *set, size_t size)
{
	uint64_t *slots = calloc(size, sizeof(*slots));

	if (!slots)
		out_of_memory();
	for (size_t i = 0; i < set->size; i++)
		if (set->slots[i])
			*find(slots, size, set->slots[i]) = set->slots[i];
	free(set->slots);
	set->slots = slots;
	set->size = size;
}

void keyset_begin(struct keyset *set)
{
	keyset_free(set);
	if (getrandom(set->seed, sizeof(set->seed), 0) != sizeof(set->seed))
		abort();
	resize(set, FIRST_SIZE);
}

void keyset_add(struct keyset *set, struct span key)
{
	uint64_t value = hash(set, key), *slot;

	slot = find(set->slots, set->size, value);
	if (*slot)
		return;
	*slot = value;
	if (++set->count > set->size / 2)
		resize(set, set->size * 2);
}

bool keyset_has(const struct keyset *set, struct span key)
{
	return set->size && *find(set->slots, set->size, hash(set, key));
}

void keyset_free(struct keyset *set)
{
	free(set->slots);
	*set = (struct keyset){ };
}
