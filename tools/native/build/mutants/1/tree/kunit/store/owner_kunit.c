// SPDX-License-Identifier: GPL-2.0-only
/*
 * What clients own
 */
#include <linux/sizes.h>

#include "../../module/store/owner.c"
#include "common.h"

static int store_owned_key(struct bytemap *map, struct bytemap_client *client,
			   const char *key, const char *value)
{
	struct store_op so = {
		.op.op = SYNCMAP_OP_STORE, .op.flags = SYNCMAP_OP_OWNED,
		.client = client, .key = key, .value = value,
	};

	return store_op(map, &so);
}

static int store_owned(struct bytemap *map, struct bytemap_client *client,
		       const char *value)
{
	return store_owned_key(map, client, "k", value);
}

static void the_kernel_owns_nothing(struct kunit *test)
{
	struct bytemap *map = store_map(test, SYNCMAP_KEY_STRING, NULL);

	KUNIT_EXPECT_EQ(test, store_owned(map, NULL, "v"), 0);
	KUNIT_EXPECT_TRUE(test, store_has(map, "k", "v"));
	KUNIT_EXPECT_EQ(test, map->owned, 0ULL);
}

static void an_entry_goes_with_its_owner(struct kunit *test)
{
	struct bytemap *map = store_map(test, SYNCMAP_KEY_STRING, NULL);
	struct bytemap_client *client = store_client(test, map);

	KUNIT_EXPECT_EQ(test, store_owned(map, client, "v"), 0);
	KUNIT_EXPECT_EQ(test, store_store(map, "l", "stays"), 0);
	KUNIT_EXPECT_EQ(test, map->owned, 1ULL);
	store_client_end(client);
	KUNIT_EXPECT_FALSE(test, store_has(map, "k", "v"));
	KUNIT_EXPECT_TRUE(test, store_has(map, "l", "stays"));
	KUNIT_EXPECT_EQ(test, store_bytes(map), bytemap_charge(1, 5));
	KUNIT_EXPECT_EQ(test, map->owned, 0ULL);
}

/* The file is being closed, and has picked the value, when another one stores */
static void what_changes_hands_is_not_taken(struct kunit *test)
{
	struct bytemap *map = store_map(test, SYNCMAP_KEY_STRING, NULL);
	struct bytemap_client *one = store_client(test, map);
	struct bytemap_client *two = store_client(test, map);
	const char *text = store_text(test, 'l', 99);
	struct bytemap_value *value;

	/* In place */
	KUNIT_EXPECT_EQ(test, store_owned(map, one, "one"), 0);
	value = pick(one);
	KUNIT_ASSERT_NOT_NULL(test, value);
	KUNIT_EXPECT_EQ(test, store_owned(map, two, "two"), 0);
	drop(map, value, one);
	bytemap_value_put(value);
	KUNIT_EXPECT_TRUE(test, store_has(map, "k", "two"));
	KUNIT_EXPECT_PTR_EQ(test, pick(one), NULL);
	/* In a new object */
	value = pick(two);
	KUNIT_ASSERT_NOT_NULL(test, value);
	KUNIT_EXPECT_EQ(test, store_owned(map, one, text), 0);
	drop(map, value, two);
	bytemap_value_put(value);
	KUNIT_EXPECT_TRUE(test, store_has(map, "k", text));
	/* To nobody */
	value = pick(one);
	KUNIT_ASSERT_NOT_NULL(test, value);
	KUNIT_EXPECT_EQ(test, store_store(map, "k", "free"), 0);
	drop(map, value, one);
	bytemap_value_put(value);
	KUNIT_EXPECT_TRUE(test, store_has(map, "k", "free"));
	KUNIT_EXPECT_EQ(test, map->owned, 0ULL);
	store_client_end(one);
	store_client_end(two);
	KUNIT_EXPECT_TRUE(test, store_has(map, "k", "free"));
}

/* Between a Clear and its end: the core does not have the value any more */
static void what_was_cleared_is_let_go(struct kunit *test)
{
	struct bytemap *map = store_map(test, SYNCMAP_KEY_STRING, NULL);
	struct bytemap_client *client = store_client(test, map);
	struct bytemap_value *value;
	u64 revision;

	KUNIT_EXPECT_EQ(test, store_owned(map, client, "v"), 0);
	value = store_object(map, "k");
	revision = atomic64_read(&map->revision);
	KUNIT_EXPECT_TRUE(test, syncmap_compare_and_delete(&map->core, "k", 1,
							   value));
	KUNIT_EXPECT_EQ(test, store_store(map, "k", "new"), 0);
	store_client_end(client);
	KUNIT_EXPECT_EQ(test, map->owned, 0ULL);
	KUNIT_EXPECT_EQ(test, value->state, VALUE_LIVE);
	KUNIT_EXPECT_EQ(test, (u64)atomic64_read(&map->revision), revision + 1);
	KUNIT_EXPECT_TRUE(test, store_has(map, "k", "new"));
	bytemap_value_free(value, map);
	bytemap_value_put(value);
	KUNIT_EXPECT_EQ(test, store_count(map), 1ULL);
}

static u64 throttled(struct bytemap *map)
{
	struct syncmap_map_stats stats;

	bytemap_get_stats(map, &stats);
	return stats.throttled;
}

/* However much there is, little of it waits for a grace period at a time */
static void a_rich_owner_goes_by_and_by(struct kunit *test)
{
	const struct syncmap_limits limits = { .value_size = SZ_1M };
	struct bytemap *map = store_map(test, SYNCMAP_KEY_STRING, &limits);
	struct bytemap_client *client = store_client(test, map);
	const char *text = store_text(test, 'v', SZ_1M);
	u64 before;
	char key[8];
	int i;

	for (i = 0; i < 120; i++) {
		snprintf(key, sizeof(key), "%d", i);
		KUNIT_ASSERT_EQ(test, store_owned_key(map, client, key, text),
				0);
	}
	before = throttled(map);
	store_client_end(client);
	KUNIT_EXPECT_GE(test, throttled(map), before + 2);
	KUNIT_EXPECT_EQ(test, store_count(map), 0ULL);
}

static struct kunit_case owner_cases[] = {
	KUNIT_CASE(the_kernel_owns_nothing),
	KUNIT_CASE(an_entry_goes_with_its_owner),
	KUNIT_CASE(what_changes_hands_is_not_taken),
	KUNIT_CASE(what_was_cleared_is_let_go),
	KUNIT_CASE(a_rich_owner_goes_by_and_by),
	{}
};

static struct kunit_suite owner_suite = {
	.name = "bytemap_owner",
	.suite_init = store_suite_init,
	.suite_exit = store_suite_exit,
	.init = store_test_init,
	.exit = store_test_exit,
	.test_cases = owner_cases,
};

kunit_test_suite(owner_suite);
