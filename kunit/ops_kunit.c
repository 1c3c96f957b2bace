// SPDX-License-Identifier: GPL-2.0-only
/*
 * The updating operations as callers see them: what Go's tests of its maps say
 * for one thread, in each variant, with the keys in either table
 */
#include "../module/core/ops.c"
#include "common.h"

#define KEYS	20

/* The matrix runs twice: with all keys dirty, and with all of them read */
#define TABLES	2

static void fill_table(struct kunit *test, int table)
{
	struct test_map *tm = test->priv;

	syncmap_clear(&tm->map);
	KUNIT_ASSERT_EQ(test, tm_fill(tm, 0, KEYS), 0);
	if (table)
		KUNIT_ASSERT_EQ(test, syncmap_promote(&tm->map), 0);
}

/* E.1 */
static void load_or_store_stores_once(struct kunit *test)
{
	struct test_map *tm = test->priv;
	void *actual;
	u64 key;

	for (key = 0; key < KEYS; key++) {
		EXPECT_ABSENT(test, tm, key);
		KUNIT_EXPECT_EQ(test, tm_load_or_store(tm, key, val(key),
						       &actual), 0);
		KUNIT_EXPECT_PTR_EQ(test, actual, val(key));
		KUNIT_EXPECT_EQ(test, tm_load_or_store(tm, key, val(key + 1),
						       &actual), 1);
		KUNIT_EXPECT_PTR_EQ(test, actual, val(key));
		EXPECT_LOADS(test, tm, key, val(key));
	}
	KUNIT_EXPECT_TRUE(test, tm_holds(tm, 0, KEYS));
}

static void store_replaces(struct kunit *test)
{
	struct test_map *tm = test->priv;
	u64 key;
	int i;

	for (i = 0; i < TABLES; i++) {
		fill_table(test, i);
		for (key = 0; key < KEYS; key++) {
			KUNIT_EXPECT_EQ(test, tm_store(tm, key, NULL), 0);
			EXPECT_LOADS(test, tm, key, NULL);
		}
		KUNIT_EXPECT_EQ(test, syncmap_count(&tm->map), KEYS);
	}
}

static void swap_returns_the_previous_value(struct kunit *test)
{
	struct test_map *tm = test->priv;
	void *was;
	u64 key;
	int i;

	for (i = 0; i < TABLES; i++) {
		fill_table(test, i);
		for (key = 0; key < KEYS; key++) {
			KUNIT_EXPECT_EQ(test, tm_swap(tm, key, NULL, &was), 1);
			KUNIT_EXPECT_PTR_EQ(test, was, val(key));
			KUNIT_EXPECT_EQ(test, tm_swap(tm, key, val(1), &was),
					1);
			KUNIT_EXPECT_NULL(test, was);
			KUNIT_EXPECT_TRUE(test, tm_compare_and_delete(tm, key,
								      val(1)));
			was = TEST_UNTOUCHED;
			KUNIT_EXPECT_EQ(test, tm_swap(tm, key, val(2), &was),
					0);
			KUNIT_EXPECT_NULL(test, was);
			EXPECT_LOADS(test, tm, key, val(2));
		}
	}
}

/* Go's TestCompareAndSwap_NonExistingKey, E.3 */
static void compare_and_swap_never_inserts(struct kunit *test)
{
	struct test_map *tm = test->priv;
	int i;

	KUNIT_EXPECT_FALSE(test, tm_compare_and_swap(tm, 0, NULL, val(1)));
	for (i = 0; i < TABLES; i++) {
		fill_table(test, i);
		KUNIT_EXPECT_FALSE(test, tm_compare_and_swap(tm, KEYS, NULL,
							     val(1)));
		EXPECT_ABSENT(test, tm, KEYS);
		KUNIT_EXPECT_TRUE(test, tm_delete(tm, 0));
		KUNIT_EXPECT_FALSE(test, tm_compare_and_swap(tm, 0, NULL,
							     val(1)));
		KUNIT_EXPECT_FALSE(test, tm_compare_and_swap(tm, 0, val(0),
							     val(1)));
		EXPECT_ABSENT(test, tm, 0);
	}
}

/* Three rounds over all keys */
static void compare_and_swap_matches_exactly(struct kunit *test)
{
	struct test_map *tm = test->priv;
	u64 key, n;
	int i;

	for (i = 0; i < TABLES; i++) {
		fill_table(test, i);
		for (n = 0; n < 3; n++) {
			for (key = 0; key < KEYS; key++) {
				KUNIT_EXPECT_FALSE(test, tm_compare_and_swap
						   (tm, key, val(key + n + 1),
						    val(0)));
				KUNIT_EXPECT_FALSE(test, tm_compare_and_swap
						   (tm, key, NULL, val(0)));
				KUNIT_EXPECT_TRUE(test, tm_compare_and_swap
						  (tm, key, val(key + n),
						   val(key + n + 1)));
				EXPECT_LOADS(test, tm, key, val(key + n + 1));
				KUNIT_EXPECT_FALSE(test, tm_compare_and_swap
						   (tm, key, val(key + n),
						    val(0)));
			}
		}
		KUNIT_EXPECT_EQ(test, syncmap_count(&tm->map), KEYS);
	}
}

/* All keys in three rounds, each deleted and inserted again */
static void compare_and_delete_matches_exactly(struct kunit *test)
{
	struct test_map *tm = test->priv;
	u64 key;
	int i, n;

	for (i = 0; i < TABLES; i++) {
		fill_table(test, i);
		for (n = 0; n < 3; n++) {
			for (key = 0; key < KEYS; key++) {
				KUNIT_EXPECT_FALSE(test, tm_compare_and_delete
						   (tm, key, val(key + 1)));
				KUNIT_EXPECT_FALSE(test, tm_compare_and_delete
						   (tm, key, NULL));
				EXPECT_LOADS(test, tm, key, val(key));
				KUNIT_EXPECT_TRUE(test, tm_compare_and_delete
						  (tm, key, val(key)));
				KUNIT_EXPECT_FALSE(test, tm_compare_and_delete
						   (tm, key, val(key)));
				EXPECT_ABSENT(test, tm, key);
				KUNIT_EXPECT_EQ(test, tm_store(tm, key,
							       val(key)), 0);
			}
		}
		KUNIT_EXPECT_TRUE(test, tm_holds(tm, 0, KEYS));
	}
}

/* One key of many: the others stay */
static void compare_and_delete_leaves_the_others(struct kunit *test)
{
	struct test_map *tm = test->priv;
	u64 key;
	int i;

	for (i = 0; i < TABLES; i++) {
		fill_table(test, i);
		for (key = 0; key < KEYS / 2; key++)
			KUNIT_EXPECT_TRUE(test, tm_compare_and_delete(tm, key,
								      val(key)));
		KUNIT_EXPECT_TRUE(test, tm_holds(tm, KEYS / 2, KEYS));
	}
}

/* E.2 */
static void load_and_delete_returns_the_value_once(struct kunit *test)
{
	struct test_map *tm = test->priv;
	void *value;
	u64 key;
	int i, n;

	for (i = 0; i < TABLES; i++) {
		fill_table(test, i);
		for (n = 0; n < 3; n++) {
			for (key = 0; key < KEYS; key++) {
				KUNIT_EXPECT_TRUE(test, tm_load_and_delete
						  (tm, key, &value));
				KUNIT_EXPECT_PTR_EQ(test, value, val(key));
				value = TEST_UNTOUCHED;
				KUNIT_EXPECT_FALSE(test, tm_load_and_delete
						   (tm, key, &value));
				KUNIT_EXPECT_PTR_EQ(test, value,
						    TEST_UNTOUCHED);
				EXPECT_ABSENT(test, tm, key);
			}
			KUNIT_EXPECT_TRUE(test, tm_holds(tm, 0, 0));
			KUNIT_ASSERT_EQ(test, tm_fill(tm, 0, KEYS), 0);
		}
	}
}

static void delete_of_null_deletes(struct kunit *test)
{
	struct test_map *tm = test->priv;
	int i;

	for (i = 0; i < TABLES; i++) {
		fill_table(test, i);
		KUNIT_EXPECT_FALSE(test, tm_delete(tm, KEYS));
		KUNIT_ASSERT_EQ(test, tm_store(tm, 0, NULL), 0);
		KUNIT_EXPECT_TRUE(test, tm_delete(tm, 0));
		KUNIT_EXPECT_FALSE(test, tm_delete(tm, 0));
		EXPECT_ABSENT(test, tm, 0);
		KUNIT_EXPECT_TRUE(test, tm_holds(tm, 1, KEYS));
	}
}

/* Delete and LoadAndDelete of nothing: no state is made for it */
static void updates_of_empty_do_nothing(struct kunit *test)
{
	struct test_map *tm = test->priv;
	struct syncmap_core_stats stats;
	void *value;

	KUNIT_EXPECT_FALSE(test, tm_delete(tm, 1));
	KUNIT_EXPECT_FALSE(test, tm_load_and_delete(tm, 1, &value));
	KUNIT_EXPECT_FALSE(test, tm_compare_and_swap(tm, 1, NULL, NULL));
	KUNIT_EXPECT_FALSE(test, tm_compare_and_delete(tm, 1, NULL));
	syncmap_get_stats(&tm->map, &stats);
	KUNIT_EXPECT_EQ(test, stats.bytes, 0);
	KUNIT_EXPECT_TRUE(test, tm_holds(tm, 0, 0));
}

/* A key with a wrong length, and what is no value: refused, nothing changes */
static void bad_arguments_change_nothing(struct kunit *test)
{
	static const unsigned long bad[] = { 1, 2, 3, 4, 5, 7 };
	struct test_map *tm = test->priv;
	struct syncmap *map = &tm->map;
	u8 *key = kunit_kzalloc(test, SYNCMAP_KEY_MAX + 1, GFP_KERNEL);
	size_t len = SYNCMAP_KEY_MAX + 1;
	unsigned int n;
	void *out;
	int i;

	KUNIT_ASSERT_NOT_NULL(test, key);
	for (i = 0; i < TABLES; i++) {
		fill_table(test, i);
		KUNIT_EXPECT_EQ(test, syncmap_store(map, key, len, NULL,
						    GFP_KERNEL), -EINVAL);
		KUNIT_EXPECT_EQ(test, syncmap_swap(map, key, len, NULL, &out,
						   GFP_KERNEL), -EINVAL);
		KUNIT_EXPECT_EQ(test, syncmap_load_or_store(map, key, len,
							    NULL, &out,
							    GFP_KERNEL),
				-EINVAL);
		KUNIT_EXPECT_FALSE(test, syncmap_delete(map, key, len));
		KUNIT_EXPECT_FALSE(test, syncmap_compare_and_swap(map, key, len,
								  NULL, NULL));
		KUNIT_EXPECT_FALSE(test, syncmap_compare_and_delete(map, key,
								    len, NULL));
		for (n = 0; n < ARRAY_SIZE(bad); n++) {
			out = (void *)bad[n];
			KUNIT_EXPECT_EQ(test, tm_store(tm, 0, out), -EINVAL);
			KUNIT_EXPECT_EQ(test, tm_store(tm, KEYS, out),
					-EINVAL);
			KUNIT_EXPECT_EQ(test, tm_load_or_store(tm, KEYS, out,
							       &out), -EINVAL);
			KUNIT_EXPECT_FALSE(test, tm_compare_and_swap
					   (tm, 0, val(0), (void *)bad[n]));
			KUNIT_EXPECT_FALSE(test, tm_compare_and_delete
					   (tm, 0, (void *)bad[n]));
		}
		KUNIT_EXPECT_TRUE(test, tm_holds(tm, 0, KEYS));
	}
}

/* Hashed keys: each operation as the one that hashes, with what others did before */

static void hashed_operations_are_the_same(struct kunit *test)
{
	struct test_map *tm = test->priv;
	struct syncmap_hashed_key hashed;
	struct syncmap *map = &tm->map;
	struct test_key key;
	void *out;
	int i;
	u64 n;

	for (i = 0; i < TABLES; i++) {
		fill_table(test, i);
		for (n = 0; n < 2 * KEYS; n++) {
			bool present = n < KEYS;

			test_key(tm, n, &key);
			syncmap_hashed_key_init(&hashed, key.bytes, key.len);
			KUNIT_EXPECT_EQ(test, syncmap_load_hashed(map, &hashed,
								  &out), present);
			KUNIT_EXPECT_FALSE(test, syncmap_compare_and_swap_hashed
					   (map, &hashed, val(n + 1), val(n)));
			KUNIT_EXPECT_EQ(test, syncmap_load_or_store_hashed
					(map, &hashed, val(n), &out,
					 GFP_KERNEL), present);
			KUNIT_EXPECT_PTR_EQ(test, out, val(n));
			KUNIT_EXPECT_TRUE(test, syncmap_compare_and_swap_hashed
					  (map, &hashed, val(n), val(n + 1)));
			EXPECT_LOADS(test, tm, n, val(n + 1));
			KUNIT_EXPECT_FALSE(test,
					   syncmap_compare_and_delete_hashed
					   (map, &hashed, val(n)));
			KUNIT_EXPECT_TRUE(test,
					  syncmap_compare_and_delete_hashed
					  (map, &hashed, val(n + 1)));
			EXPECT_ABSENT(test, tm, n);
			KUNIT_EXPECT_FALSE(test, syncmap_load_hashed
					   (map, &hashed, &out));
			syncmap_finish_hashed(map, &hashed, GFP_KERNEL);
		}
		KUNIT_EXPECT_TRUE(test, tm_holds(tm, 0, 0));
	}
}

/* A map that has had no key yet has no seed; then it keeps it, over Clears, too */
static void a_hash_outlives_a_clear(struct kunit *test)
{
	struct test_map *tm = test->priv;
	struct syncmap_hashed_key hashed;
	struct syncmap *map = &tm->map;
	struct test_key key;
	void *out;
	int i;

	test_key(tm, 0, &key);
	syncmap_hashed_key_init(&hashed, key.bytes, key.len);
	KUNIT_EXPECT_FALSE(test, syncmap_load_hashed(map, &hashed, &out));
	KUNIT_EXPECT_EQ(test, tm_store(tm, 0, val(0)), 0);
	KUNIT_EXPECT_TRUE(test, syncmap_load_hashed(map, &hashed, &out));
	syncmap_clear(map);
	for (i = 0; i < 3; i++) {
		KUNIT_EXPECT_EQ(test, syncmap_load_or_store_hashed
				(map, &hashed, val(i), &out, GFP_KERNEL), 0);
		EXPECT_LOADS(test, tm, 0, val(i));
		KUNIT_EXPECT_TRUE(test, syncmap_load_hashed(map, &hashed,
							    &out));
		KUNIT_EXPECT_PTR_EQ(test, out, val(i));
		KUNIT_EXPECT_TRUE(test, syncmap_compare_and_swap_hashed
				  (map, &hashed, val(i), val(i)));
		syncmap_clear(map);
		KUNIT_EXPECT_FALSE(test, syncmap_load_hashed(map, &hashed,
							     &out));
	}
	syncmap_finish_hashed(map, &hashed, GFP_KERNEL);
}

static atomic_t hashings;

static u64 count_hashings(const void *key, size_t len)
{
	atomic_inc(&hashings);
	return *(const u64 *)key;
}

static void a_hashed_key_is_hashed_once(struct kunit *test)
{
	static const struct test_variant counting = {
		.params = { .key_len = sizeof(u64),
			    .hash = SYNCMAP_HASH_CUSTOM,
			    .hash_fn = count_hashings },
	};
	struct test_map *tm = test->priv;
	struct syncmap_hashed_key hashed;
	struct syncmap *map = &tm->map;
	u64 key = 1;
	void *out;

	tm_become(tm, &counting);
	KUNIT_ASSERT_EQ(test, tm_fill(tm, 2, 3), 0);
	syncmap_hashed_key_init(&hashed, &key, sizeof(key));
	atomic_set(&hashings, 0);
	KUNIT_EXPECT_FALSE(test, syncmap_load_hashed(map, &hashed, &out));
	KUNIT_EXPECT_EQ(test, syncmap_load_or_store_hashed
			(map, &hashed, val(1), &out, GFP_KERNEL), 0);
	KUNIT_EXPECT_TRUE(test, syncmap_compare_and_swap_hashed
			  (map, &hashed, val(1), val(2)));
	KUNIT_EXPECT_TRUE(test, syncmap_compare_and_delete_hashed
			  (map, &hashed, val(2)));
	KUNIT_EXPECT_EQ(test, atomic_read(&hashings), 1);
	syncmap_finish_hashed(map, &hashed, GFP_KERNEL);
}

static void bad_hashed_arguments_change_nothing(struct kunit *test)
{
	struct test_map *tm = test->priv;
	u8 *bytes = kunit_kzalloc(test, SYNCMAP_KEY_MAX + 1, GFP_KERNEL);
	struct syncmap_hashed_key hashed;
	struct syncmap *map = &tm->map;
	struct test_key key;
	void *out;

	KUNIT_ASSERT_NOT_NULL(test, bytes);
	fill_table(test, 0);
	syncmap_hashed_key_init(&hashed, bytes, SYNCMAP_KEY_MAX + 1);
	KUNIT_EXPECT_FALSE(test, syncmap_load_hashed(map, &hashed, &out));
	KUNIT_EXPECT_EQ(test, syncmap_load_or_store_hashed
			(map, &hashed, NULL, &out, GFP_KERNEL), -EINVAL);
	KUNIT_EXPECT_EQ(test, syncmap_prepare_hashed(map, &hashed, GFP_KERNEL),
			-EINVAL);
	KUNIT_EXPECT_FALSE(test, syncmap_compare_and_swap_hashed
			   (map, &hashed, NULL, NULL));
	KUNIT_EXPECT_FALSE(test, syncmap_compare_and_delete_hashed
			   (map, &hashed, NULL));
	test_key(tm, 0, &key);
	syncmap_hashed_key_init(&hashed, key.bytes, key.len);
	KUNIT_EXPECT_EQ(test, syncmap_load_or_store_hashed
			(map, &hashed, (void *)1, &out, GFP_KERNEL), -EINVAL);
	KUNIT_EXPECT_FALSE(test, syncmap_compare_and_swap_hashed
			   (map, &hashed, val(0), (void *)1));
	KUNIT_EXPECT_FALSE(test, syncmap_compare_and_swap_hashed
			   (map, &hashed, (void *)1, val(0)));
	KUNIT_EXPECT_FALSE(test, syncmap_compare_and_delete_hashed
			   (map, &hashed, (void *)1));
	KUNIT_EXPECT_TRUE(test, tm_holds(tm, 0, KEYS));
}

/* Typed wrappers: keys by value, pointers without casts */

struct point {
	u16	x;
	u16	y;
};

DEFINE_SYNCMAP_TYPE(points, struct point, u32);

static void typed_wrappers_take_typed_keys(struct kunit *test)
{
	static u32 a, b;
	static const struct test_variant four = { .params.key_len = 4 };
	struct test_map *tm = test->priv;
	struct point p = { 1, 2 }, q = { 2, 1 };
	struct syncmap *map = &tm->map;
	u32 *out;

	tm_become(tm, &four);
	KUNIT_EXPECT_NULL(test, points_load(map, p));
	KUNIT_EXPECT_EQ(test, points_store(map, p, &a, GFP_KERNEL), 0);
	KUNIT_EXPECT_PTR_EQ(test, points_load(map, p), &a);
	KUNIT_EXPECT_NULL(test, points_load(map, q));
	KUNIT_EXPECT_EQ(test, points_swap(map, p, &b, &out, GFP_KERNEL), 1);
	KUNIT_EXPECT_PTR_EQ(test, out, &a);
	KUNIT_EXPECT_EQ(test, points_load_or_store(map, q, &a, &out,
						   GFP_KERNEL), 0);
	KUNIT_EXPECT_PTR_EQ(test, out, &a);
	KUNIT_EXPECT_FALSE(test, points_compare_and_swap(map, p, &a, &b));
	KUNIT_EXPECT_TRUE(test, points_compare_and_swap(map, p, &b, &a));
	KUNIT_EXPECT_FALSE(test, points_compare_and_delete(map, p, &b));
	KUNIT_EXPECT_TRUE(test, points_compare_and_delete(map, p, &a));
	KUNIT_EXPECT_PTR_EQ(test, points_load_and_delete(map, q), &a);
	KUNIT_EXPECT_NULL(test, points_load_and_delete(map, q));
	KUNIT_EXPECT_FALSE(test, points_delete(map, q));
}

KUNIT_ARRAY_PARAM(variant, test_variants, test_variant_desc);

static struct kunit_case ops_cases[] = {
	KUNIT_CASE_PARAM(load_or_store_stores_once, variant_gen_params),
	KUNIT_CASE_PARAM(store_replaces, variant_gen_params),
	KUNIT_CASE_PARAM(swap_returns_the_previous_value, variant_gen_params),
	KUNIT_CASE_PARAM(compare_and_swap_never_inserts, variant_gen_params),
	KUNIT_CASE_PARAM(compare_and_swap_matches_exactly, variant_gen_params),
	KUNIT_CASE_PARAM(compare_and_delete_matches_exactly,
			 variant_gen_params),
	KUNIT_CASE_PARAM(compare_and_delete_leaves_the_others,
			 variant_gen_params),
	KUNIT_CASE_PARAM(load_and_delete_returns_the_value_once,
			 variant_gen_params),
	KUNIT_CASE_PARAM(delete_of_null_deletes, variant_gen_params),
	KUNIT_CASE_PARAM(updates_of_empty_do_nothing, variant_gen_params),
	KUNIT_CASE_PARAM(bad_arguments_change_nothing, variant_gen_params),
	KUNIT_CASE_PARAM(hashed_operations_are_the_same, variant_gen_params),
	KUNIT_CASE_PARAM(a_hash_outlives_a_clear, variant_gen_params),
	KUNIT_CASE(a_hashed_key_is_hashed_once),
	KUNIT_CASE_PARAM(bad_hashed_arguments_change_nothing,
			 variant_gen_params),
	KUNIT_CASE(typed_wrappers_take_typed_keys),
	{}
};

static struct kunit_suite ops_suite = {
	.name = "syncmap_ops",
	.suite_init = test_suite_init,
	.init = test_map_init,
	.exit = test_map_exit,
	.test_cases = ops_cases,
};

kunit_test_suite(ops_suite);
