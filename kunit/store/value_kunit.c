// SPDX-License-Identifier: GPL-2.0-only
/*
 * Value objects
 */
#include "../../module/store/value.c"
#include "common.h"

static void small_values_have_room_to_grow(struct kunit *test)
{
	struct bytemap_value *value;
	size_t len;

	for (len = 0; len <= BYTEMAP_SMALL; len++) {
		value = bytemap_value_alloc(len);
		KUNIT_ASSERT_NOT_NULL(test, value);
		KUNIT_EXPECT_GE(test, value->capacity, (u32)len);
		KUNIT_EXPECT_LE(test, value->capacity, BYTEMAP_SMALL);
		KUNIT_EXPECT_TRUE(test, bytemap_value_is_small(value));
		memset(value->bytes, 0, value->capacity);
		bytemap_value_put(value);
	}
}

static void large_values_are_as_large_as_they_are(struct kunit *test)
{
	struct bytemap_value *value = bytemap_value_alloc(BYTEMAP_SMALL + 1);

	KUNIT_ASSERT_NOT_NULL(test, value);
	KUNIT_EXPECT_EQ(test, value->capacity, BYTEMAP_SMALL + 1);
	KUNIT_EXPECT_FALSE(test, bytemap_value_is_small(value));
	bytemap_value_put(value);
	value = bytemap_value_alloc(BYTEMAP_VALUE_MAX);
	KUNIT_ASSERT_NOT_NULL(test, value);
	KUNIT_EXPECT_EQ(test, value->len, BYTEMAP_VALUE_MAX);
	bytemap_value_put(value);
}

static struct kunit_case value_cases[] = {
	KUNIT_CASE(small_values_have_room_to_grow),
	KUNIT_CASE(large_values_are_as_large_as_they_are),
	{}
};

static struct kunit_suite value_suite = {
	.name = "bytemap_value",
	.suite_init = store_suite_init,
	.suite_exit = store_suite_exit,
	.init = store_test_init,
	.exit = store_test_exit,
	.test_cases = value_cases,
};

kunit_test_suite(value_suite);
