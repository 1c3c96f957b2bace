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

static int ask(struct bytemap *map, u32 code, const char *key)
{
	struct store_op so = { .op.op = code, .key = key };

	if (code == SYNCMAP_OP_LOAD_OR_STORE)
		so.value = "1";
	return store_op(map, &so);
}

static void expect_asked(struct kunit *test, struct bytemap *map, u64 found,
			 u64 absent)
{
	KUNIT_EXPECT_EQ(test, store_stat(map, "found"), found);
	KUNIT_EXPECT_EQ(test, store_stat(map, "absent"), absent);
}

/* Wherever in the core the key was, and however often it was looked for there */
static void who_asks_for_a_key_is_counted_once(struct kunit *test)
{
	struct bytemap *map = store_map(test, SYNCMAP_KEY_STRING, NULL);
	struct bytemap_client *client = store_client(test, map);
	u64 token;

	KUNIT_EXPECT_EQ(test, store_store(map, "a", "1"), 0);
	KUNIT_EXPECT_EQ(test, ask(map, SYNCMAP_OP_LOAD, "a"), 0);
	expect_asked(test, map, 1, 0);
	KUNIT_EXPECT_EQ(test, bytemap_promote(map), 0);
	KUNIT_EXPECT_EQ(test, ask(map, SYNCMAP_OP_LOAD, "a"), 0);
	KUNIT_EXPECT_EQ(test, ask(map, SYNCMAP_OP_LOAD, "b"), -ENOENT);
	expect_asked(test, map, 2, 1);
	KUNIT_EXPECT_EQ(test, ask(map, SYNCMAP_OP_TOUCH, "a"), 0);
	KUNIT_EXPECT_EQ(test, ask(map, SYNCMAP_OP_TOUCH, "b"), -ENOENT);
	expect_asked(test, map, 3, 2);
	KUNIT_EXPECT_EQ(test, ask(map, SYNCMAP_OP_LOAD_OR_STORE, "b"), 0);
	KUNIT_EXPECT_EQ(test, ask(map, SYNCMAP_OP_LOAD_OR_STORE, "b"), 0);
	expect_asked(test, map, 4, 3);
	token = store_lease(client, "c");
	KUNIT_EXPECT_NE(test, token, 0ULL);
	expect_asked(test, map, 4, 4);
	/* Somebody else computes: nothing was found, nor was it absent for good */
	KUNIT_EXPECT_EQ(test, store_lease(client, "c"), 0ULL);
	expect_asked(test, map, 4, 4);
	KUNIT_EXPECT_EQ(test, store_leased(client, "c", "1", token), 0);
	KUNIT_EXPECT_EQ(test, store_lease(client, "c"), 0ULL);
	expect_asked(test, map, 5, 4);
	/* Nor do those count that write whatever there is, or what they compare with */
	KUNIT_EXPECT_EQ(test, store_store(map, "c", "2"), 0);
	KUNIT_EXPECT_EQ(test, ask(map, SYNCMAP_OP_LOAD_AND_DELETE, "c"), 0);
	KUNIT_EXPECT_EQ(test, store_delete(map, "d"), 0);
	expect_asked(test, map, 5, 4);
	store_client_end(client);
}

/* They are told under their names, one behind the other, and then no more */
static void numbers_have_names(struct kunit *test)
{
	struct bytemap *map = store_map(test, SYNCMAP_KEY_STRING, NULL);
	struct bytemap_stats *stats = kunit_kzalloc(test, sizeof(*stats),
						    GFP_KERNEL);
	struct syncmap_stat stat = { };
	unsigned int i, n, nr = 0;

	KUNIT_ASSERT_NOT_NULL(test, stats);
	bytemap_info_stats(map, stats);
	stats->core.fill[3] = 42;
	for (i = 0; i < ARRAY_SIZE(numbers); i++) {
		KUNIT_EXPECT_LT(test, strlen(numbers[i].name),
				sizeof(stat.name));
		for (n = 0; n < numbers[i].count; n++, nr++) {
			KUNIT_ASSERT_TRUE(test, bytemap_info_stat(stats, nr,
								  &stat));
			KUNIT_EXPECT_STREQ(test, stat.name, numbers[i].name);
			KUNIT_EXPECT_EQ(test, stat.index, n);
			KUNIT_EXPECT_EQ(test, stat.value == 42,
					!strcmp(stat.name, "fill") && n == 3);
		}
	}
	KUNIT_EXPECT_FALSE(test, bytemap_info_stat(stats, nr, &stat));
	KUNIT_EXPECT_FALSE(test, bytemap_info_stat(stats, U32_MAX, &stat));
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
	KUNIT_CASE(who_asks_for_a_key_is_counted_once),
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
