// SPDX-License-Identifier: GPL-2.0-only
/*
 * SipHash-2-4, which the kernel's siphash() is.
 */
#include <linux/siphash.h>
#include <linux/string.h>

static u64 rotate(u64 x, int bits)
{
	return x << bits | x >> (64 - bits);
}

static void rounds(u64 v[4], int n)
{
	while (n--) {
		v[0] += v[1];
		v[2] += v[3];
		v[1] = rotate(v[1], 13) ^ v[0];
		v[3] = rotate(v[3], 16) ^ v[2];
		v[0] = rotate(v[0], 32);
		v[2] += v[1];
		v[0] += v[3];
		v[1] = rotate(v[1], 17) ^ v[2];
		v[3] = rotate(v[3], 21) ^ v[0];
		v[2] = rotate(v[2], 32);
	}
}

static void absorb(u64 v[4], u64 word)
{
	v[3] ^= word;
	rounds(v, 2);
	v[0] ^= word;
}

u64 siphash(const void *data, size_t len, const siphash_key_t *key)
{
	u64 v[4] = {
		key->key[0] ^ 0x736f6d6570736575ULL,
		key->key[1] ^ 0x646f72616e646f6dULL,
		key->key[0] ^ 0x6c7967656e657261ULL,
		key->key[1] ^ 0x7465646279746573ULL,
	};
	const u8 *p = data;
	u64 last = (u64)len << 56;
	u64 word;

	for (; len >= 8; len -= 8, p += 8) {
		memcpy(&word, p, 8);
		absorb(v, word);
	}
	word = 0;
	memcpy(&word, p, len);
	absorb(v, last | word);
	v[2] ^= 0xff;
	rounds(v, 4);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}
