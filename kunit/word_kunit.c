// SPDX-License-Identifier: GPL-2.0-only
/*
 * Value words and values: word.h and the value part of <linux/syncmap.h>
 */
#include "../module/core/word.h"
#include "common.h"

/* Each encoding is told from every other one */
static void word_codes_are_distinct(struct kunit *test)
{
	KUNIT_EXPECT_FALSE(test, word_is_open(WORD_EXPUNGED));
	KUNIT_EXPECT_TRUE(test, word_is_open(WORD_DEAD));
	KUNIT_EXPECT_EQ(test, word_open(CODE_ABSENT), WORD_DEAD);
	KUNIT_EXPECT_EQ(test, word_code(WORD_DEAD), CODE_ABSENT);
	KUNIT_EXPECT_EQ(test, word_code(WORD_EXPUNGED), CODE_ABSENT);
	KUNIT_EXPECT_TRUE(test, word_is_open(word_open(SYNCMAP_CODE_NULL)));
	KUNIT_EXPECT_EQ(test, word_code(word_open(SYNCMAP_CODE_NULL)),
			SYNCMAP_CODE_NULL);
	KUNIT_EXPECT_EQ(test, word_code(SYNCMAP_CODE_NULL), SYNCMAP_CODE_NULL);
}

static void code_of_value_is_reversible(struct kunit *test)
{
	static u32 object;
	void *values[] = {
		NULL, &object, test, val(0), val(1), val(SYNCMAP_VALUE_MAX),
		(void *)8UL, (void *)(ULONG_MAX - 3),
	};
	unsigned int i;
	u64 code;

	for (i = 0; i < ARRAY_SIZE(values); i++) {
		code = syncmap_code_of(values[i]);
		KUNIT_EXPECT_TRUE(test, syncmap_code_is_valid(code));
		KUNIT_EXPECT_PTR_EQ(test, syncmap_code_value(code), values[i]);
		KUNIT_EXPECT_EQ(test, word_code(word_open(code)), code);
	}
}

/* What would clash with another encoding cannot be stored */
static void code_of_reserved_is_invalid(struct kunit *test)
{
	unsigned long reserved[] = { 1, 2, 3, 4, 5, 7, 9, ULONG_MAX };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(reserved); i++)
		KUNIT_EXPECT_FALSE_MSG(test, syncmap_code_is_valid(syncmap_code_of((void *)
								   reserved[i])),
				       "%lu", reserved[i]);
}

static void value_keeps_the_integer(struct kunit *test)
{
	unsigned long n[] = { 0, 1, 2, 1UL << 31, SYNCMAP_VALUE_MAX };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(n); i++) {
		KUNIT_EXPECT_TRUE(test, syncmap_is_value(val(n[i])));
		KUNIT_EXPECT_EQ(test, syncmap_to_value(val(n[i])), n[i]);
	}
	KUNIT_EXPECT_FALSE(test, syncmap_is_value(NULL));
	KUNIT_EXPECT_FALSE(test, syncmap_is_value(test));
}

static void word_try_close_keeps_the_code(struct kunit *test)
{
	u64 old = word_open(SYNCMAP_CODE_NULL);
	atomic64_t word = ATOMIC64_INIT(old);

	KUNIT_EXPECT_TRUE(test, word_try_close(&word, &old));
	KUNIT_EXPECT_EQ(test, word_read(&word), SYNCMAP_CODE_NULL);
	old = WORD_DEAD;
	atomic64_set(&word, old);
	KUNIT_EXPECT_TRUE(test, word_try_close(&word, &old));
	KUNIT_EXPECT_EQ(test, word_read(&word), WORD_EXPUNGED);
}

/* Else what came meanwhile would be lost, or leave a place that is out of date */
static void word_try_close_spares_what_has_changed(struct kunit *test)
{
	atomic64_t word = ATOMIC64_INIT(word_open(8));
	u64 old = word_open(12);

	KUNIT_EXPECT_FALSE(test, word_try_close(&word, &old));
	KUNIT_EXPECT_EQ(test, old, word_open(8));
	KUNIT_EXPECT_EQ(test, word_read(&word), word_open(8));
}

static void word_try_set_tells_what_is_there(struct kunit *test)
{
	atomic64_t word = ATOMIC64_INIT(word_open(8));
	u64 old = WORD_DEAD;

	KUNIT_EXPECT_FALSE(test, word_try_set(&word, &old, word_open(12)));
	KUNIT_EXPECT_EQ(test, old, word_open(8));
	KUNIT_EXPECT_TRUE(test, word_try_set(&word, &old, word_open(12)));
	KUNIT_EXPECT_EQ(test, word_read(&word), word_open(12));
}

static struct kunit_case word_cases[] = {
	KUNIT_CASE(word_codes_are_distinct),
	KUNIT_CASE(code_of_value_is_reversible),
	KUNIT_CASE(code_of_reserved_is_invalid),
	KUNIT_CASE(value_keeps_the_integer),
	KUNIT_CASE(word_try_close_keeps_the_code),
	KUNIT_CASE(word_try_close_spares_what_has_changed),
	KUNIT_CASE(word_try_set_tells_what_is_there),
	{}
};

static struct kunit_suite word_suite = {
	.name = "syncmap_word",
	.test_cases = word_cases,
};

kunit_test_suite(word_suite);
