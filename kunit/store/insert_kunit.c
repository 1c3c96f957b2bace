// SPDX-License-Identifier: GPL-2.0-only
/*
 * Insertions that meet others
 */
#include <linux/jiffies.h>

#include "../../module/store/insert.c"
#include "../../module/core/internal.h"
#include "common.h"

/* The key came, and took the last place, after an inserter had missed it */
static void a_key_that_came_is_no_reason_to_be_full(struct kunit *test)
{
	const struct syncmap_limits limits = { .entries = 1 };
	struct bytemap *map = store_map(test, SYNCMAP_KEY_STRING, &limits);
	struct syncmap_op op = { .op = SYNCMAP_OP_STORE, .key_len = 1 };
	struct bytemap_request req = { .op = &op, .key = "k", .value = "" };
	struct bytemap_attempt *at = store_attempt(test, map, &req);

	KUNIT_EXPECT_EQ(test, store_store(map, "k", "there"), 0);
	KUNIT_EXPECT_EQ(test, bytemap_insert(at), START_OVER);
	syncmap_hashed_key_init(&at->key, "l", 1);
	KUNIT_EXPECT_EQ(test, bytemap_insert(at), FULL);
	KUNIT_EXPECT_EQ(test, at->full, -ENOSPC);
	bytemap_request_release(&req);
}

/* With the builder token nothing is promoted. Returns the key without a place */
static noinline_for_stack u64 crowd_core(struct kunit *test,
					 struct syncmap *core)
{
	const u64 most = BUCKET_KEYS << DIRTY_BITS_MIN;
	u64 key = 0;

	while (key < most && !syncmap_store(core, &key, sizeof(key),
					    syncmap_mk_value(1), GFP_NOWAIT))
		key++;
	KUNIT_EXPECT_LT(test, key, most);
	return key;
}

/* Who waits for a promotion does not keep others from freezing or clearing the map */
static void nothing_is_reserved_while_the_core_is_waited_for(struct kunit *test)
{
	struct bytemap *map = store_map(test, SYNCMAP_KEY_U64, NULL);
	struct syncmap_op op = { .op = SYNCMAP_OP_STORE, .key_len = sizeof(u64) };
	u64 key = 0;
	struct bytemap_request req = { .op = &op, .key = &key, .value = "" };
	struct bytemap_attempt *at = store_attempt(test, map, &req);
	unsigned long begun;

	syncmap_token_wait(&map->core);
	key = crowd_core(test, &map->core);
	begun = jiffies;
	KUNIT_EXPECT_EQ(test, bytemap_insert(at), NEED_NODE);
	/* The core itself would have waited for ten seconds */
	KUNIT_EXPECT_TRUE(test, time_before(jiffies, begun + 5 * HZ));
	KUNIT_EXPECT_EQ(test, atomic64_read(&map->entries.word), 0LL);
	KUNIT_EXPECT_EQ(test, atomic64_read(&map->bytes.word), 0LL);
	syncmap_finish_hashed(&map->core, &at->key, GFP_KERNEL);
	bytemap_request_release(&req);
	while (key--)
		KUNIT_EXPECT_TRUE(test, syncmap_delete(&map->core, &key,
						       sizeof(key)));
	syncmap_token_release(&map->core);
}

static struct kunit_case insert_cases[] = {
	KUNIT_CASE(a_key_that_came_is_no_reason_to_be_full),
	KUNIT_CASE(nothing_is_reserved_while_the_core_is_waited_for),
	{}
};

static struct kunit_suite insert_suite = {
	.name = "bytemap_insert",
	.suite_init = store_suite_init,
	.suite_exit = store_suite_exit,
	.init = store_test_init,
	.exit = store_test_exit,
	.test_cases = insert_cases,
};

kunit_test_suite(insert_suite);
