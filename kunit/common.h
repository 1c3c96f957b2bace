/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the suites share: a fresh map for each case, in every variant of key
 * and hash; keys and values by number.
 *
 * Every case leaves its map to test_map_exit(), which checks the invariants
 * before it destroys the map. The comment above a case names what it shows: A.1
 * to F.1 are the guarantees, I1 to I3 the invariants of module/core/internal.h;
 * some cases do what a test of Go's own does, and name that.
 */
#ifndef _SYNCMAP_KUNIT_COMMON_H
#define _SYNCMAP_KUNIT_COMMON_H

#include <kunit/test.h>
#include <linux/atomic.h>
#include <linux/limits.h>
#include <linux/prandom.h>
#include <linux/syncmap.h>

/**
 * struct test_variant - one kind of map
 * @title: name of the parameter in the report
 * @params: how the map is made
 * @keys: how many keys a case should use at most: look-ups in maps whose
 *	hashes collide are linear in the number of keys
 */
struct test_variant {
	const char		*title;
	struct syncmap_params	params;
	unsigned int		keys;
};

/* A few of them have to do for cases that take long */
#define TEST_VARIANTS		11
#define TEST_VARIANTS_FEW	4
/* Those whose dirty keys get pairs */
#define TEST_VARIANTS_WORDS	5

extern const struct test_variant test_variants[TEST_VARIANTS];
extern const struct test_variant test_variants_few[TEST_VARIANTS_FEW];
extern const struct test_variant test_variants_words[TEST_VARIANTS_WORDS];

/* One of test_variants: byte strings, fast hash */
extern const struct test_variant *const test_variant_bytes;
/* 16 bytes, fast hash */
extern const struct test_variant *const test_variant_wide;
/* u64 keys in one bucket and one chain */
extern const struct test_variant *const test_variant_bucket;
/* u64 keys of one hash */
extern const struct test_variant *const test_variant_equal;
/* The same with keys of more than a word */
extern const struct test_variant *const test_variant_equal_wide;

void test_variant_desc(const struct test_variant *variant, char *desc);

/**
 * struct test_map - what a case works on
 * @map: the map
 * @variant: its kind
 * @gfp: what tm_store() and the like allocate with, GFP_KERNEL at first
 * @freed: how many values its free_value has got
 * @frozen: the case holds the builder token, see tm_freeze()
 */
struct test_map {
	struct syncmap			map;
	const struct test_variant	*variant;
	gfp_t				gfp;
	atomic_long_t			freed;
	bool				frozen;
};

int test_suite_init(struct kunit_suite *suite);
int test_map_init(struct kunit *test);
void test_map_exit(struct kunit *test);

/* Make the map, which is empty, one of another kind */
void tm_become(struct test_map *tm, const struct test_variant *variant);

/*
 * Module parameters: the seed of everything random, and what the rounds of
 * random and of racing cases are multiplied by
 */
u64 test_seed(void);
unsigned int test_rounds(unsigned int rounds);
void test_random(struct rnd_state *rnd, u64 salt);
u32 test_below(struct rnd_state *rnd, u32 limit);

/* At most @keys, fewer where the variant is slow */
unsigned int test_keys(const struct test_map *tm, unsigned int keys);

/* Longest byte-string key that test_key() makes */
#define TEST_KEY_BYTES	48

struct test_key {
	size_t	len;
	u8	bytes[TEST_KEY_BYTES];
};

void test_key(const struct test_map *tm, u64 i, struct test_key *key);
u64 test_key_number(const struct test_map *tm,
		    const struct syncmap_entry *entry);

/* The operations, with keys by number */

static inline void *val(unsigned long n)
{
	return syncmap_mk_value(n);
}

bool tm_load(struct test_map *tm, u64 i, void **value);
int tm_store(struct test_map *tm, u64 i, void *value);
int tm_swap(struct test_map *tm, u64 i, void *value, void **previous);
int tm_load_or_store(struct test_map *tm, u64 i, void *value, void **actual);
bool tm_load_and_delete(struct test_map *tm, u64 i, void **value);
bool tm_delete(struct test_map *tm, u64 i);
bool tm_compare_and_swap(struct test_map *tm, u64 i, void *old, void *new);
bool tm_compare_and_delete(struct test_map *tm, u64 i, void *old);

/* Store val(@i) for each key number in [@from, @to) */
int tm_fill(struct test_map *tm, u64 from, u64 to);

/* Whether the map holds [@from, @to) with val(number) each, and nothing else */
bool tm_holds(struct test_map *tm, u64 from, u64 to);

/* Nothing is ever stored that equals it */
#define TEST_UNTOUCHED	((void *)0xdead0UL)

#define EXPECT_LOADS(test, tm, key, wanted)				\
do {									\
	struct kunit *_test = (test);					\
	void *_value = TEST_UNTOUCHED;					\
	u64 _key = (key);						\
									\
	KUNIT_EXPECT_TRUE_MSG(_test, tm_load(tm, _key, &_value),	\
			      "key %llu is absent", _key);		\
	KUNIT_EXPECT_PTR_EQ_MSG(_test, _value, (void *)(wanted),	\
				"value of key %llu", _key);		\
} while (0)

#define EXPECT_ABSENT(test, tm, key)					\
do {									\
	struct kunit *_test = (test);					\
	void *_value = TEST_UNTOUCHED;					\
	u64 _key = (key);						\
									\
	KUNIT_EXPECT_FALSE_MSG(_test, tm_load(tm, _key, &_value),	\
			       "key %llu is present", _key);		\
	KUNIT_EXPECT_PTR_EQ(_test, _value, TEST_UNTOUCHED);		\
} while (0)

#endif /* _SYNCMAP_KUNIT_COMMON_H */
