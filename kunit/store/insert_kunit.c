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
	struct bytemap_request req = { .op = &op, .key = "k", .value = "" };
	struct bytemap_attempt *at = store_attempt(test, map, &req);

	KUNIT_EXPECT_EQ(test, store_store(map, "k", "there"), 0);
	KUNIT_EXPECT_EQ(test, bytemap_insert(at), START_OVER);
	req.key = "l";
	KUNIT_EXPECT_EQ(test, bytemap_insert(at), FULL);
	KUNIT_EXPECT_EQ(test, at->full, -ENOSPC);
	bytemap_request_release(&req);
}

static struct kunit_case insert_cases[] = {
	KUNIT_CASE(a_key_that_came_is_no_reason_to_be_full),
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
