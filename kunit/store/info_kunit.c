// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a map says about itself
 */
#include "../../module/store/info.c"
#include "../../module/store/map.h"
#include "common.h"

static void info_and_stats_tell_what_happened(struct kunit *test)
{
	static struct syncmap_map_info info;
	struct bytemap *map = store_map(test, SYNCMAP_KEY_STRING, NULL);
	struct store_op so = { .op.op = SYNCMAP_OP_COMPARE_AND_DELETE,
			       .key = "a", .old = "other" };

	KUNIT_EXPECT_EQ(test, store_store(map, "a", "1"), 0);
	KUNIT_EXPECT_EQ(test, store_store(map, "a", "2"), 0);
	KUNIT_EXPECT_EQ(test, store_store(map, "a", store_text(test, 'x', 99)),
			0);
	KUNIT_EXPECT_EQ(test, store_op(map, &so), -EBUSY);
	bytemap_info(map, &init_user_ns, &info);
	KUNIT_EXPECT_EQ(test, info.state, (u32)SYNCMAP_MAP_PRIVATE);
	KUNIT_EXPECT_EQ(test, info.bytes, 64ULL + 1 + 99);
	KUNIT_EXPECT_EQ(test, info.revision, 3ULL);
	KUNIT_EXPECT_EQ(test, store_stat(map, "count"), 1ULL);
	KUNIT_EXPECT_EQ(test, store_stat(map, "in_place"), 1ULL);
	KUNIT_EXPECT_EQ(test, store_stat(map, "replaced"), 1ULL);
	KUNIT_EXPECT_EQ(test, store_stat(map, "mismatches"), 1ULL);
	KUNIT_EXPECT_EQ(test, bytemap_promote(map), 0);
	KUNIT_EXPECT_EQ(test, store_stat(map, "read_keys"), 1ULL);
}

/* They are told under their names, one behind the other, and then no more */
static void numbers_have_names(struct kunit *test)
{
	struct bytemap *map = store_map(test, SYNCMAP_KEY_STRING, NULL);
	struct syncmap_stat stat = { };
	struct bytemap_stats stats;
	unsigned int i, n, nr = 0;

	bytemap_info_stats(map, &stats);
	stats.core.fill[3] = 42;
	for (i = 0; i < ARRAY_SIZE(numbers); i++) {
		KUNIT_EXPECT_LT(test, strlen(numbers[i].name),
				sizeof(stat.name));
		for (n = 0; n < numbers[i].count; n++, nr++) {
			KUNIT_ASSERT_TRUE(test, bytemap_info_stat(&stats, nr,
								  &stat));
			KUNIT_EXPECT_STREQ(test, stat.name, numbers[i].name);
			KUNIT_EXPECT_EQ(test, stat.index, n);
			KUNIT_EXPECT_EQ(test, stat.value == 42,
					!strcmp(stat.name, "fill") && n == 3);
		}
	}
	KUNIT_EXPECT_FALSE(test, bytemap_info_stat(&stats, nr, &stat));
	KUNIT_EXPECT_FALSE(test, bytemap_info_stat(&stats, U32_MAX, &stat));
}

/* However little the core finds */
static void counters_do_not_fall(struct kunit *test)
{
	struct bytemap *map = store_map(test, SYNCMAP_KEY_STRING, NULL);
	u64 hits;

	atomic64_set(&map->core.past_hits, 100);
	hits = store_stat(map, "hits");
	KUNIT_EXPECT_GE(test, hits, 100ULL);
	atomic64_set(&map->core.past_hits, 0);
	KUNIT_EXPECT_EQ(test, store_stat(map, "hits"), hits);
	atomic64_set(&map->core.past_hits, 200);
	KUNIT_EXPECT_GE(test, store_stat(map, "hits"), 200ULL);
}

static struct kunit_case info_cases[] = {
	KUNIT_CASE(info_and_stats_tell_what_happened),
	KUNIT_CASE(numbers_have_names),
	KUNIT_CASE(counters_do_not_fall),
	{}
};

static struct kunit_suite info_suite = {
	.name = "bytemap_info",
	.suite_init = store_suite_init,
	.suite_exit = store_suite_exit,
	.init = store_test_init,
	.exit = store_test_exit,
	.test_cases = info_cases,
};

kunit_test_suite(info_suite);
