// SPDX-License-Identifier: GPL-2.0-only
/*
 * Hashes and key objects
 */
#include "../module/core/key.c"
#include "common.h"

static const siphash_key_t seed_a = { { 0x0123456789abcdefULL, 42 } };
static const siphash_key_t seed_b = { { 0x0123456789abcdeeULL, 42 } };
static const siphash_key_t seed_c = { { 0x0123456789abcdefULL, 43 } };

static u64 hash_of(const char *bytes, size_t len)
{
	return syncmap_hash_fast(bytes, len, &seed_a);
}

/* Every bit of every byte, the length and both halves of the seed matter */
static void hash_fast_depends_on_all_input(struct kunit *test)
{
	u8 bytes[40] = "what stands here does not matter at all";
	unsigned int len, bit;
	u64 hash;

	for (len = 0; len < sizeof(bytes); len++) {
		hash = hash_of(bytes, len);
		KUNIT_EXPECT_EQ(test, hash_of(bytes, len), hash);
		KUNIT_EXPECT_NE(test, hash_of(bytes, len + 1), hash);
		KUNIT_EXPECT_NE(test, syncmap_hash_fast(bytes, len, &seed_b),
				hash);
		KUNIT_EXPECT_NE(test, syncmap_hash_fast(bytes, len, &seed_c),
				hash);
		for (bit = 0; bit < 8 * len; bit++) {
			bytes[bit / 8] ^= BIT(bit % 8);
			KUNIT_EXPECT_NE_MSG(test, hash_of(bytes, len), hash,
					    "length %u, bit %u", len, bit);
			bytes[bit / 8] ^= BIT(bit % 8);
		}
	}
}

/* What a word of a key may be that the hash multiplies or masks with */
static const u64 special[] = {
	0, U64_MAX, SYNCMAP_HASH_MUL_1, SYNCMAP_HASH_MUL_2,
	SYNCMAP_HASH_MUL_1 ^ SYNCMAP_HASH_MUL_2,
};

/* The other words and the seed still matter */
static void expect_rest_matters(struct kunit *test, u64 *words, unsigned int n,
				unsigned int at)
{
	size_t len = n * sizeof(*words);
	u64 hash = syncmap_hash_fast(words, len, &seed_a);
	unsigned int other;

	KUNIT_EXPECT_NE(test, syncmap_hash_fast(words, len, &seed_b), hash);
	KUNIT_EXPECT_NE(test, syncmap_hash_fast(words, len, &seed_c), hash);
	for (other = 0; other < n; other++) {
		if (other == at)
			continue;
		words[other] ^= 1;
		KUNIT_EXPECT_NE_MSG(test, syncmap_hash_fast(words, len, &seed_a),
				    hash, "%u words, %#llx at %u, %u", n,
				    words[at], at, other);
		words[other] ^= 1;
	}
}

/* No word of a key makes the hash forget what came before */
static void hash_fast_forgets_nothing(struct kunit *test)
{
	unsigned int n, at, i;
	u64 words[5];

	for (n = 1; n <= ARRAY_SIZE(words); n++) {
		for (at = 0; at < n; at++) {
			memset(words, 0x5a, sizeof(words));
			for (i = 0; i < ARRAY_SIZE(special); i++) {
				words[at] = special[i];
				expect_rest_matters(test, words, n, at);
			}
		}
	}
}

/* A trailing zero byte is not the same as none */
static void hash_fast_tells_lengths_apart(struct kunit *test)
{
	static const u8 zeros[40];
	unsigned int a, b;

	for (a = 0; a < sizeof(zeros); a++)
		for (b = 0; b < a; b++)
			KUNIT_EXPECT_NE_MSG(test, hash_of(zeros, a),
					    hash_of(zeros, b), "%u, %u", a, b);
}

/* Dense integers fill the 256 parts of the hash space about evenly */
static void hash_fast_spreads_integers(struct kunit *test)
{
	static u32 high[256], low[256];
	u32 most = 0, least = U32_MAX;
	unsigned int i;
	u64 n, hash;

	memset(high, 0, sizeof(high));
	memset(low, 0, sizeof(low));
	for (n = 0; n < 256 * 64; n++) {
		hash = syncmap_hash_fast(&n, sizeof(n), &seed_a);
		high[hash >> 56]++;
		low[hash & 255]++;
	}
	for (i = 0; i < 256; i++) {
		most = max3(most, high[i], low[i]);
		least = min3(least, high[i], low[i]);
	}
	KUNIT_EXPECT_LT(test, most, 128);
	KUNIT_EXPECT_GT(test, least, 20);
}

static bool init(struct syncmap_key *key, const struct test_map *tm,
		 const struct test_key *k)
{
	return syncmap_key_init(key, tm->map.params.key_len, k->bytes, k->len);
}

/* The cursor that means "the end" is no hash */
static void hash_stays_below_cursor_end(struct kunit *test)
{
	const struct test_map *tm = test->priv;
	struct syncmap_key key;
	struct test_key k;
	u64 i, hash;

	for (i = 0; i < 1000; i++) {
		test_key(tm, i, &k);
		KUNIT_ASSERT_TRUE(test, init(&key, tm, &k));
		hash = syncmap_hash(&tm->map.params, &seed_a, k.bytes, k.len);
		KUNIT_ASSERT_LT(test, hash, SYNCMAP_CURSOR_END);
	}
}

/* What is in a table hashes as the caller's key did */
static void key_word_hash_equals_hash(struct kunit *test)
{
	const struct test_map *tm = test->priv;
	const struct syncmap_params *params = &tm->map.params;
	struct syncmap_keyobj *obj = NULL;
	struct syncmap_key key;
	struct test_key k;
	u64 word, words[2];

	test_key(tm, 12345, &k);
	KUNIT_ASSERT_TRUE(test, init(&key, tm, &k));
	key.hash = syncmap_hash(params, &seed_a, k.bytes, k.len);
	words[0] = key.word;
	words[1] = key.word2;
	word = syncmap_key_is_wide(params->key_len) ? (unsigned long)words :
						      key.word;
	if (!params->key_len) {
		obj = syncmap_keyobj_alloc(&key, GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, obj);
		word = (unsigned long)obj;
	}
	KUNIT_EXPECT_EQ(test, key_word_hash(params, &seed_a, word), key.hash);
	KUNIT_EXPECT_TRUE(test, syncmap_key_matches(&key, params->key_len, word));
	kfree(obj);
}

static u64 mask(unsigned int bytes)
{
	return GENMASK_ULL(8 * min(bytes, 8U) - 1, 0);
}

static void key_init_checks_the_length(struct kunit *test)
{
	static const u8 bytes[SYNCMAP_KEY_LEN_MAX + 1] = {
		1, 2, 3, 4, 5, 6, 7, 8, 1, 2, 3, 4, 5, 6, 7, 8, 9,
	};
	const u64 words = 0x0807060504030201ULL;
	static size_t huge = (size_t)U32_MAX + 1;
	struct syncmap_key key;
	unsigned int fixed, len;
	bool fits;

	for (fixed = 1; fixed <= SYNCMAP_KEY_LEN_MAX; fixed++) {
		for (len = 0; len <= sizeof(bytes); len++) {
			fits = syncmap_key_init(&key, fixed, bytes, len);
			KUNIT_EXPECT_EQ(test, fits, len == fixed);
		}
		syncmap_key_init(&key, fixed, bytes, fixed);
		KUNIT_EXPECT_EQ(test, key.word, words & mask(fixed));
		if (fixed > 8)
			KUNIT_EXPECT_EQ(test, key.word2, words & mask(fixed - 8));
	}
	KUNIT_EXPECT_TRUE(test, syncmap_key_init(&key, 0, bytes, 0));
	len = SYNCMAP_KEY_MAX;
	KUNIT_EXPECT_TRUE(test, syncmap_key_init(&key, 0, bytes, len));
	KUNIT_EXPECT_FALSE(test, syncmap_key_init(&key, 0, bytes, len + 1));
	KUNIT_EXPECT_FALSE(test, syncmap_key_init(&key, 0, bytes, huge));
}

/* Neither hash, length nor bytes alone make two byte strings equal */
static void key_matches_compares_all(struct kunit *test)
{
	struct syncmap_key key = { .hash = 7, .bytes = "abc", .len = 3 };
	struct syncmap_keyobj *obj = syncmap_keyobj_alloc(&key, GFP_KERNEL);
	unsigned long word = (unsigned long)obj;

	KUNIT_ASSERT_NOT_NULL(test, obj);
	KUNIT_EXPECT_TRUE(test, syncmap_key_matches(&key, 0, word));
	key.hash = 8;
	KUNIT_EXPECT_FALSE(test, syncmap_key_matches(&key, 0, word));
	key.hash = 7;
	key.len = 2;
	KUNIT_EXPECT_FALSE(test, syncmap_key_matches(&key, 0, word));
	key.len = 3;
	key.bytes = "abd";
	KUNIT_EXPECT_FALSE(test, syncmap_key_matches(&key, 0, word));
	kfree(obj);
}

/* Of a key of two words, each counts */
static void key_matches_compares_both_words(struct kunit *test)
{
	struct syncmap_key key = { .word = 1, .word2 = 2 };
	u64 words[2] = { 1, 2 };
	unsigned long word = (unsigned long)words;

	KUNIT_EXPECT_TRUE(test, syncmap_key_matches(&key, 16, word));
	words[0] = 2;
	KUNIT_EXPECT_FALSE(test, syncmap_key_matches(&key, 16, word));
	words[0] = 1;
	words[1] = 1;
	KUNIT_EXPECT_FALSE(test, syncmap_key_matches(&key, 16, word));
}

KUNIT_ARRAY_PARAM(variant, test_variants, test_variant_desc);

static struct kunit_case key_cases[] = {
	KUNIT_CASE(hash_fast_depends_on_all_input),
	KUNIT_CASE(hash_fast_forgets_nothing),
	KUNIT_CASE(hash_fast_tells_lengths_apart),
	KUNIT_CASE(hash_fast_spreads_integers),
	KUNIT_CASE_PARAM(hash_stays_below_cursor_end, variant_gen_params),
	KUNIT_CASE_PARAM(key_word_hash_equals_hash, variant_gen_params),
	KUNIT_CASE(key_init_checks_the_length),
	KUNIT_CASE(key_matches_compares_all),
	KUNIT_CASE(key_matches_compares_both_words),
	{}
};

static struct kunit_suite key_suite = {
	.name = "syncmap_key",
	.suite_init = test_suite_init,
	.init = test_map_init,
	.exit = test_map_exit,
	.test_cases = key_cases,
};

kunit_test_suite(key_suite);
