// SPDX-License-Identifier: GPL-2.0-only
/*
 * Changes of present keys that come too late
 */
#include "../../module/store/update.c"
#include "common.h"

/* An updater that found the object before it was replaced, or cleared */
static int late_update(struct bytemap *map, struct bytemap_value *value,
		       const char *text)
{
	struct syncmap_op op = { .op = SYNCMAP_OP_STORE, .key_len = 1,
				 .value_len = strlen(text) };
	struct bytemap_request req = { .op = &op, .key = "k", .value = text };
	int err;

	err = bytemap_request_fresh(map, &req);
	if (!err)
		err = bytemap_update(map, &req, value);
	bytemap_request_release(&req);
	return err;
}

static void an_updater_starts_over_after_replacement(struct kunit *test)
{
	struct bytemap *map = store_map(test, SYNCMAP_KEY_STRING, NULL);
	struct bytemap_value *value;

	KUNIT_EXPECT_EQ(test, store_store(map, "k", "old"), 0);
	value = store_object(map, "k");
	KUNIT_EXPECT_EQ(test, store_store(map, "k", store_text(test, 'l', 99)),
			0);
	KUNIT_EXPECT_EQ(test, value->state, VALUE_REPLACED);
	KUNIT_EXPECT_EQ(test, late_update(map, value, "new"), -EAGAIN);
	KUNIT_EXPECT_EQ(test, store_bytes(map), bytemap_charge(1, 99));
	bytemap_value_put(value);
}

static void a_replacer_starts_over_after_clear(struct kunit *test)
{
	struct bytemap *map = store_map(test, SYNCMAP_KEY_STRING, NULL);
	struct bytemap_value *value;

	KUNIT_EXPECT_EQ(test, store_store(map, "k", "old"), 0);
	value = store_object(map, "k");
	KUNIT_EXPECT_EQ(test, bytemap_clear(map), 0);
	KUNIT_EXPECT_EQ(test, value->state, VALUE_LIVE);
	KUNIT_EXPECT_EQ(test, late_update(map, value,
					  store_text(test, 'l', 99)), -EAGAIN);
	KUNIT_EXPECT_EQ(test, store_bytes(map), 0ULL);
	KUNIT_EXPECT_EQ(test, store_count(map), 0ULL);
	bytemap_value_put(value);
}

static struct kunit_case update_cases[] = {
	KUNIT_CASE(an_updater_starts_over_after_replacement),
	KUNIT_CASE(a_replacer_starts_over_after_clear),
	{}
};

static struct kunit_suite update_suite = {
	.name = "bytemap_update",
	.suite_init = store_suite_init,
	.suite_exit = store_suite_exit,
	.init = store_test_init,
	.exit = store_test_exit,
	.test_cases = update_cases,
};

kunit_test_suite(update_suite);
