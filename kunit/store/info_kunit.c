// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a map says about itself
 */
#include "../../module/store/info.c"
#include "../../module/store/map.h"
#include "common.h"

static void info_and_stats_tell_what_happened(struct kunit *test)
{
	static struct syncmap_map_stats stats;
	static struct syncmap_map_info info;
	struct bytemap *map = store_map(test, SYNCMAP_KEY_STRING, NULL);
	struct store_op so = { .op.op = SYNCMAP_OP_COMPARE_AND_DELETE,
			       .key = "a", .old = "other" };

	KUNIT_EXPECT_EQ(test, store_store(map, "a", "1"), 0);
	KUNIT_EXPECT_EQ(test, store_store(map, "a", "2"), 0);
	KUNIT_EXPECT_EQ(test, store_store(map, "a", store_text(test, 'x', 99)),
			0);
	KUNIT_EXPECT_EQ(test, store_op(map, &so), -EBUSY);
	bytemap_info(map, &info);
	KUNIT_EXPECT_EQ(test, info.state, (u32)SYNCMAP_MAP_PRIVATE);
	KUNIT_EXPECT_EQ(test, info.bytes, 64ULL + 1 + 99);
	KUNIT_EXPECT_EQ(test, info.revision, 3ULL);
	bytemap_info_stats(map, &stats);
	KUNIT_EXPECT_EQ(test, stats.count, 1ULL);
	KUNIT_EXPECT_EQ(test, stats.in_place, 1ULL);
	KUNIT_EXPECT_EQ(test, stats.replaced, 1ULL);
	KUNIT_EXPECT_EQ(test, stats.mismatches, 1ULL);
	KUNIT_EXPECT_EQ(test, bytemap_promote(map), 0);
	bytemap_info_stats(map, &stats);
	KUNIT_EXPECT_EQ(test, stats.read_keys, 1ULL);
}

static struct kunit_case info_cases[] = {
	KUNIT_CASE(info_and_stats_tell_what_happened),
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
