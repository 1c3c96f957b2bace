// SPDX-License-Identifier: GPL-2.0-only
/*
 * Insertions that meet others
 */
#include "../../module/store/insert.c"
#include "common.h"

/* The key came, and took the last place, after an inserter had missed it */
static void a_key_that_came_is_no_reason_to_be_full(struct kunit *test)
{
	const struct syncmap_limits limits = { .entries = 1 };
	struct bytemap *map = store_map(test, SYNCMAP_KEY_STRING, &limits);
	struct syncmap_op op = { .op = SYNCMAP_OP_STORE, .key_len = 1 };
	struct bytemap_request req = { .op = &op, .key = "k" };

	KUNIT_EXPECT_EQ(test, store_store(map, "k", "there"), 0);
	KUNIT_EXPECT_EQ(test, bytemap_insert(map, &req), -EAGAIN);
	req.key = "l";
	KUNIT_EXPECT_EQ(test, bytemap_insert(map, &req), -ENOSPC);
	bytemap_request_release(&req);
}

/* What there was to wait for is over before anybody could wait for it */
static void memory_that_came_back_is_tried_again(struct kunit *test)
{
	struct bytemap *map = store_map(test, SYNCMAP_KEY_STRING, NULL);
	struct bytemap_client *client = store_client(test, map);
	struct bytemap_request req = { .client = client };

	KUNIT_EXPECT_FALSE(test, reclaim(&req));
	KUNIT_EXPECT_EQ(test, store_store(map, "k", "v"), 0);
	KUNIT_EXPECT_EQ(test, store_delete(map, "k"), 0);
	KUNIT_ASSERT_EQ(test, bytemap_doom_wait(&map->doom), 0);
	KUNIT_ASSERT_TRUE(test, bytemap_doom_is_empty(&map->doom));
	KUNIT_EXPECT_TRUE(test, reclaim(&req));
	KUNIT_EXPECT_FALSE(test, reclaim(&req));
	store_client_end(client);
}

static struct kunit_case insert_cases[] = {
	KUNIT_CASE(a_key_that_came_is_no_reason_to_be_full),
	KUNIT_CASE(memory_that_came_back_is_tried_again),
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
