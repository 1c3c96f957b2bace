/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Keys, values and hashes of the benchmark: numbers 0, 1, 2 ... stand for keys
 *
 * KEY_LEN is 8 for integers, 16 for keys of two words, or 32 for byte strings.
 */
#ifndef BENCH_KEY_H
#define BENCH_KEY_H

#include <linux/kernel.h>
#include <linux/siphash.h>
#include <linux/string.h>
#include <linux/syncmap.h>

#ifndef KEY_LEN
#define KEY_LEN		8
#endif
#define KEY_WORDS	(KEY_LEN / 8)

struct key {
	u64 word[KEY_WORDS];
};

/* Keys of 32 bytes begin alike */
static __always_inline struct key key_of(u64 number)
{
	u64 word = (number + 1) * 0x9e3779b97f4a7c15ULL;

#if KEY_LEN == 8
	return (struct key){ { word } };
#elif KEY_LEN == 16
	return (struct key){ { word, (number + 1) * 0xd1b54a32d192ed03ULL } };
#else
	return (struct key){ { 0x2f70616d636e7973ULL, 0x2f736569726f7473ULL,
			       word, (number + 1) * 0xd1b54a32d192ed03ULL } };
#endif
}

static __always_inline bool key_equal(const struct key *a, const struct key *b)
{
	u64 differ = 0;
	int i;

	for (i = KEY_WORDS - 1; i >= 0; i--)
		differ |= a->word[i] ^ b->word[i];
	return !differ;
}

/*
 * The value of a key leads to another key: all numbers below n, a power of two,
 * are one cycle, in an order without locality.
 */
static __always_inline u64 key_next(u64 number, u64 n)
{
	return (number * 0x5851f42d4c957f2dULL + 0x14057b7ef767814fULL) &
	       (n - 1);
}

static __always_inline void *value_of(u64 number, u64 n)
{
	return (void *)((key_next(number, n) + 1) << 3);
}

static __always_inline u64 value_number(const void *value)
{
	return ((u64)value >> 3) - 1;
}

/*
 * What a value points to in the workloads that look into it: a cache line of
 * its own, in random order. A design that keeps its node in the object has the
 * room for it in @own.
 */
struct object {
	u64	next;		/* key_next() */
	u64	own[7];
} ____cacheline_aligned;

/* Hashes: the core's own, with a constant length, inline; or its siphash() */

extern const siphash_key_t bench_seed;

static __always_inline u64 hash_fold(u64 a, u64 b)
{
	unsigned __int128 product = (unsigned __int128)a * b;

	return (u64)product ^ (u64)(product >> 64);
}

static __always_inline u64 key_hash(const struct key *key)
{
#ifdef HASH_SIP
	return siphash(key, KEY_LEN, &bench_seed);
#else
	const u64 mul_1 = 0x9e3779b97f4a7c15ULL;
	const u64 mul_2 = 0x243f6a8885a308d3ULL;
	u64 state = bench_seed.key[0];
	int i = 0;

	for (; KEY_WORDS - i > 2; i += 2)
		state = hash_fold(key->word[i] ^ mul_1,
				  key->word[i + 1] ^ state);
	if (KEY_WORDS - i > 1)
		state = hash_fold(key->word[i++] ^ mul_1, state ^ mul_2);
	state = hash_fold(key->word[i] ^ state, bench_seed.key[1] ^ mul_1);
	return hash_fold(state ^ KEY_LEN, mul_2);
#endif
}

/*
 * Random numbers: the upper half of a linear congruence.
 *
 * Zipf (exponent 0.99) by its inverse distribution: the ranks from each of its
 * 512 quantiles to the next are drawn evenly. The ranks are scattered over the
 * numbers, so that keys that are often used do not lie together.
 */
#define ZIPF_QUANTILES	512

struct zipf {
	u32	first[ZIPF_QUANTILES];	/* rank */
	u32	ranks[ZIPF_QUANTILES];
};

static __always_inline u64 draw(u64 *state)
{
	*state = *state * 0x5851f42d4c957f2dULL + 0x14057b7ef767814fULL;
	return *state >> 32;
}

static __always_inline u64 draw_below(u64 *state, u64 n)
{
	return (draw(state) * n) >> 32;
}

static __always_inline u64 draw_zipf(u64 *state, u64 n, const struct zipf *zipf)
{
	u64 r = draw(state);
	u64 quantile = r >> 23;
	u64 rank = zipf->first[quantile] +
		   (((r & ((1U << 23) - 1)) * zipf->ranks[quantile]) >> 23);

	return (rank * 0x9e3779b1U) & (n - 1);
}

#endif
