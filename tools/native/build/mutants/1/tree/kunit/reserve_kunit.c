// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reservations. That they need no memory is shown by the suite on memory.
 */
#include "../module/core/reserve.c"
#include "inside.h"

static struct syncmap_reservation *reserve(struct kunit *test, u64 i)
{
	struct test_map *tm = test->priv;
	struct syncmap_reservation *res;
	struct test_key key;

	test_key(tm, i, &key);
	res = syncmap_reserve(&tm->map, key.bytes, key.len, GFP_KERNEL);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, res);
	return res;
}

static void reserve_does_not_change_the_map(struct kunit *test)
{
	struct test_map *tm = test->priv;
	struct syncmap_reservation *res;

	res = reserve(test, 1);
	KUNIT_EXPECT_TRUE(test, tm_holds(tm, 0, 0));
	KUNIT_EXPECT_TRUE(test, state_is_empty(tm_state(tm)));
	syncmap_unreserve(&tm->map, res);
	KUNIT_ASSERT_EQ(test, tm_fill(tm, 0, 10), 0);
	res = reserve(test, 11);
	KUNIT_EXPECT_TRUE(test, tm_holds(tm, 0, 10));
	syncmap_unreserve(&tm->map, res);
	KUNIT_EXPECT_TRUE(test, tm_holds(tm, 0, 10));
}

/* In an empty map, among dirty keys and among read ones */
static void swap_reserved_inserts(struct kunit *test)
{
	struct test_map *tm = test->priv;
	struct syncmap_reservation *res;
	void *was;
	u64 i;

	for (i = 0; i < 3; i++) {
		was = TEST_UNTOUCHED;
		res = reserve(test, i);
		KUNIT_EXPECT_FALSE(test, syncmap_swap_reserved(&tm->map, res,
							       val(i), &was));
		KUNIT_EXPECT_NULL(test, was);
		KUNIT_EXPECT_TRUE(test, tm_holds(tm, 0, i + 1));
		if (i == 1)
			KUNIT_EXPECT_EQ(test, syncmap_promote(&tm->map), 0);
	}
}

static void swap_reserved_replaces(struct kunit *test)
{
	struct test_map *tm = test->priv;
	struct syncmap_reservation *res;
	void *was;
	int i;

	KUNIT_ASSERT_EQ(test, tm_store(tm, 0, NULL), 0);
	KUNIT_ASSERT_EQ(test, tm_store(tm, 1, val(5)), 0);
	for (i = 0; i < 2; i++) {
		res = reserve(test, 1);
		KUNIT_EXPECT_TRUE(test, syncmap_swap_reserved(&tm->map, res,
							      val(6), &was));
		KUNIT_EXPECT_PTR_EQ(test, was, val(5));
		res = reserve(test, 0);
		KUNIT_EXPECT_TRUE(test, syncmap_swap_reserved(&tm->map, res,
							      NULL, &was));
		KUNIT_EXPECT_NULL(test, was);
		KUNIT_EXPECT_EQ(test, tm_store(tm, 1, val(5)), 0);
		KUNIT_ASSERT_EQ(test, syncmap_promote(&tm->map), 0);
	}
	KUNIT_EXPECT_EQ(test, syncmap_count(&tm->map), 2);
}

/* Two reservations of one key, and a store of it in between */
static void reservations_of_one_key_are_independent(struct kunit *test)
{
	struct test_map *tm = test->priv;
	struct syncmap_reservation *first, *second;
	void *was;

	first = reserve(test, 3);
	second = reserve(test, 3);
	KUNIT_EXPECT_EQ(test, tm_store(tm, 3, val(1)), 0);
	KUNIT_EXPECT_TRUE(test, syncmap_swap_reserved(&tm->map, first, val(2),
						      &was));
	KUNIT_EXPECT_PTR_EQ(test, was, val(1));
	KUNIT_EXPECT_TRUE(test, tm_delete(tm, 3));
	KUNIT_EXPECT_FALSE(test, syncmap_swap_reserved(&tm->map, second,
						       val(3), &was));
	EXPECT_LOADS(test, tm, 3, val(3));
}

/* F.1: what is in the map may come and go between reserving and storing */
static void swap_reserved_survives_clear(struct kunit *test)
{
	struct test_map *tm = test->priv;
	struct syncmap_reservation *res;
	void *was;

	KUNIT_ASSERT_EQ(test, tm_fill(tm, 0, 20), 0);
	res = reserve(test, 5);
	syncmap_clear(&tm->map);
	KUNIT_EXPECT_FALSE(test, syncmap_swap_reserved(&tm->map, res, val(1),
						       &was));
	EXPECT_LOADS(test, tm, 5, val(1));
	KUNIT_EXPECT_EQ(test, syncmap_count(&tm->map), 1);
}

static void reserve_of_wrong_length_is_refused(struct kunit *test)
{
	struct test_map *tm = test->priv;
	struct syncmap_reservation *res;

	res = syncmap_reserve(&tm->map, "", SYNCMAP_KEY_MAX + 1, GFP_KERNEL);
	KUNIT_EXPECT_EQ(test, PTR_ERR(res), -EINVAL);
}

KUNIT_ARRAY_PARAM(variant, test_variants, test_variant_desc);

static struct kunit_case reserve_cases[] = {
	KUNIT_CASE_PARAM(reserve_does_not_change_the_map, variant_gen_params),
	KUNIT_CASE_PARAM(swap_reserved_inserts, variant_gen_params),
	KUNIT_CASE_PARAM(swap_reserved_replaces, variant_gen_params),
	KUNIT_CASE_PARAM(reservations_of_one_key_are_independent,
			 variant_gen_params),
	KUNIT_CASE_PARAM(swap_reserved_survives_clear, variant_gen_params),
	KUNIT_CASE_PARAM(reserve_of_wrong_length_is_refused,
			 variant_gen_params),
	{}
};

static struct kunit_suite reserve_suite = {
	.name = "syncmap_reserve",
	.suite_init = test_suite_init,
	.init = test_map_init,
	.exit = test_map_exit,
	.test_cases = reserve_cases,
};

kunit_test_suite(reserve_suite);
