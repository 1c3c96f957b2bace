// SPDX-License-Identifier: GPL-2.0-only
/*
 * Life of a map
 */
#include "../module/core/map.c"
#include "crew.h"
#include "inside.h"

static u64 some_hash(const void *key, size_t len)
{
	return len;
}

static void init_refuses_contradictions(struct kunit *test)
{
	static const struct syncmap_params bad[] = {
		{ .key_len = SYNCMAP_KEY_LEN_MAX + 1 },
		{ .key_len = U8_MAX },
		{ .hash = SYNCMAP_HASH_CUSTOM },
		{ .hash = SYNCMAP_HASH_CUSTOM + 1, .hash_fn = some_hash },
		{ .hash = SYNCMAP_HASH_FAST, .hash_fn = some_hash },
		{ .hash = SYNCMAP_HASH_SIPHASH, .hash_fn = some_hash },
	};
	struct syncmap *map = kunit_kzalloc(test, sizeof(*map), GFP_KERNEL);
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, map);
	for (i = 0; i < ARRAY_SIZE(bad); i++)
		KUNIT_EXPECT_EQ_MSG(test, syncmap_init(map, &bad[i]), -EINVAL,
				    "parameters %u", i);
}

static void init_allocates_nothing(struct kunit *test)
{
	struct test_map *tm = test->priv;
	struct syncmap_core_stats stats;

	KUNIT_EXPECT_TRUE(test, state_is_empty(tm_state(tm)));
	syncmap_get_stats(&tm->map, &stats);
	KUNIT_EXPECT_EQ(test, stats.bytes, 0);
	KUNIT_EXPECT_EQ(test, syncmap_count(&tm->map), 0);
}

/* What somebody may look at still is not free; then it is, by itself */
static void who_ends_a_map_need_not_wait(struct kunit *test)
{
	struct test_map *tm = test->priv;

	KUNIT_EXPECT_TRUE(test, syncmap_is_freed(&tm->map));
	KUNIT_ASSERT_EQ(test, tm_fill(tm, 0, 10), 0);
	rcu_read_lock();
	syncmap_clear(&tm->map);
	KUNIT_EXPECT_EQ(test, syncmap_count(&tm->map), 0);
	KUNIT_EXPECT_FALSE(test, syncmap_is_freed(&tm->map));
	rcu_read_unlock();
	while (!syncmap_is_freed(&tm->map))
		cond_resched();
}

static DEFINE_SYNCMAP(defined_u32, .key_len = sizeof(u32));
static DEFINE_SYNCMAP(defined_bytes, .hash = SYNCMAP_HASH_SIPHASH);

static void use_defined(struct kunit *test, struct syncmap *map, u32 key)
{
	void *value;
	u32 i;

	for (i = 0; i < 300; i++)
		KUNIT_EXPECT_EQ(test, syncmap_store(map, &i, sizeof(i), val(i),
						    GFP_KERNEL), 0);
	KUNIT_EXPECT_EQ(test, syncmap_promote(map), 0);
	KUNIT_EXPECT_TRUE(test, syncmap_load(map, &key, sizeof(key), &value));
	KUNIT_EXPECT_PTR_EQ(test, value, val(key));
	KUNIT_EXPECT_EQ(test, syncmap_check(map), 0);
	syncmap_destroy(map);
}

static void define_needs_no_init(struct kunit *test)
{
	use_defined(test, &defined_u32, 17);
	use_defined(test, &defined_bytes, 299);
}

/* D.1 */
static void count_is_exact_at_rest(struct kunit *test)
{
	struct test_map *tm = test->priv;
	unsigned int n = test_keys(tm, 90);
	unsigned long wanted = 0;
	void *value;
	u64 i;

	for (i = 0; i < n; i++) {
		KUNIT_EXPECT_EQ(test, tm_store(tm, i, val(i)), 0);
		KUNIT_EXPECT_EQ(test, syncmap_count(&tm->map), ++wanted);
		KUNIT_EXPECT_EQ(test, tm_store(tm, i, NULL), 0);
		KUNIT_EXPECT_EQ(test, syncmap_count(&tm->map), wanted);
		if (i % 3 == 0) {
			KUNIT_EXPECT_TRUE(test, tm_delete(tm, i / 2));
			KUNIT_EXPECT_EQ(test, syncmap_count(&tm->map),
					--wanted);
			KUNIT_EXPECT_EQ(test, tm_load_or_store(tm, i / 2,
							       NULL, &value),
					0);
			wanted++;
		}
		if (i % 30 == 0)
			KUNIT_EXPECT_EQ(test, syncmap_promote(&tm->map), 0);
	}
	KUNIT_EXPECT_EQ(test, syncmap_count(&tm->map), wanted);
}

/* F.1: nothing is left, and the map works on; in each phase of its life */
static void clear_empties_the_map(struct kunit *test)
{
	struct test_map *tm = test->priv;
	int i;

	syncmap_clear(&tm->map);
	for (i = 0; i < 4; i++) {
		KUNIT_ASSERT_EQ(test, tm_fill(tm, 0, 30), 0);
		if (i & 1)
			KUNIT_ASSERT_EQ(test, syncmap_promote(&tm->map), 0);
		if (i & 2)
			KUNIT_ASSERT_EQ(test, tm_fill(tm, 30, 50), 0);
		syncmap_clear(&tm->map);
		KUNIT_EXPECT_TRUE(test, tm_holds(tm, 0, 0));
		EXPECT_ABSENT(test, tm, 10);
		EXPECT_ABSENT(test, tm, 40);
		KUNIT_EXPECT_EQ(test, syncmap_check(&tm->map), 0);
	}
}

static void clear_keeps_no_capacity(struct kunit *test)
{
	struct test_map *tm = test->priv;
	struct syncmap_core_stats stats;

	KUNIT_ASSERT_EQ(test, tm_fill(tm, 0, 60), 0);
	KUNIT_ASSERT_EQ(test, syncmap_promote(&tm->map), 0);
	syncmap_clear(&tm->map);
	syncmap_get_stats(&tm->map, &stats);
	KUNIT_EXPECT_EQ(test, stats.bytes, 0);
	KUNIT_EXPECT_EQ(test, stats.read_keys, 0);
	KUNIT_EXPECT_EQ(test, stats.dirty_keys, 0);
	KUNIT_EXPECT_EQ(test, stats.promotions, 1);
}

/* Statistics of before a Clear are not lost by it */
static void clear_keeps_the_statistics(struct kunit *test)
{
	struct test_map *tm = test->priv;
	struct syncmap_core_stats before, after;

	KUNIT_ASSERT_EQ(test, tm_fill(tm, 0, 10), 0);
	EXPECT_LOADS(test, tm, 5, val(5));
	syncmap_get_stats(&tm->map, &before);
	syncmap_clear(&tm->map);
	syncmap_get_stats(&tm->map, &after);
	KUNIT_EXPECT_GT(test, before.misses, 0);
	KUNIT_EXPECT_EQ(test, after.misses, before.misses);
	KUNIT_EXPECT_EQ(test, after.hits, before.hits);
}

/* Every value that is in the map goes to free_value, before destroy returns */
static void destroy_frees_each_value_once(struct kunit *test)
{
	struct test_map *tm = test->priv;
	void *was;
	u64 i;

	KUNIT_ASSERT_EQ(test, tm_fill(tm, 0, 40), 0);
	KUNIT_ASSERT_EQ(test, syncmap_promote(&tm->map), 0);
	KUNIT_ASSERT_EQ(test, tm_fill(tm, 30, 60), 0);
	KUNIT_EXPECT_EQ(test, tm_store(tm, 5, NULL), 0);
	KUNIT_EXPECT_EQ(test, tm_swap(tm, 45, val(1), &was), 1);
	for (i = 10; i < 50; i += 10)
		KUNIT_EXPECT_TRUE(test, tm_delete(tm, i));
	tm_become(tm, tm->variant);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&tm->freed), 60 - 4);
}

static void destroy_of_empty_frees_nothing(struct kunit *test)
{
	struct test_map *tm = test->priv;

	tm_become(tm, tm->variant);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&tm->freed), 0);
}

static void token_has_one_holder(struct kunit *test)
{
	struct test_map *tm = test->priv;

	tm_freeze(tm);
	KUNIT_EXPECT_FALSE(test, syncmap_token_try(&tm->map));
	tm_thaw(tm);
	KUNIT_EXPECT_TRUE(test, syncmap_token_try(&tm->map));
	syncmap_token_release(&tm->map);
}

static void count_with_token(struct worker *worker)
{
	unsigned int *count = worker->arg;

	crew_take_turn(worker);
	syncmap_token_wait(&worker->tm->map);
	++*count;
	syncmap_token_release(&worker->tm->map);
	crew_end_turn(worker);
}

/* Who takes it sees what the last holder did: for KCSAN and TSan */
static void token_is_handed_over(struct kunit *test)
{
	struct crew *crew = crew_new(test);
	unsigned int count = 0;

	crew_add(crew, 2, count_with_token, &count);
	crew_run(crew);
	KUNIT_EXPECT_EQ(test, count, 2U);
}

KUNIT_ARRAY_PARAM(variant, test_variants, test_variant_desc);

static struct kunit_case map_cases[] = {
	KUNIT_CASE(init_refuses_contradictions),
	KUNIT_CASE(init_allocates_nothing),
	KUNIT_CASE(who_ends_a_map_need_not_wait),
	KUNIT_CASE(define_needs_no_init),
	KUNIT_CASE_PARAM(count_is_exact_at_rest, variant_gen_params),
	KUNIT_CASE_PARAM(clear_empties_the_map, variant_gen_params),
	KUNIT_CASE(clear_keeps_no_capacity),
	KUNIT_CASE(clear_keeps_the_statistics),
	KUNIT_CASE_PARAM(destroy_frees_each_value_once, variant_gen_params),
	KUNIT_CASE(destroy_of_empty_frees_nothing),
	KUNIT_CASE(token_has_one_holder),
	KUNIT_CASE(token_is_handed_over),
	{}
};

static struct kunit_suite map_suite = {
	.name = "syncmap_map",
	.suite_init = test_suite_init,
	.init = test_map_init,
	.exit = test_map_exit,
	.test_cases = map_cases,
};

kunit_test_suite(map_suite);
