// SPDX-License-Identifier: GPL-2.0-only
/*
 * Views of values
 */
#include "../../module/store/view.c"
#include "../../module/store/attempt.h"
#include "../../module/store/entry.h"
#include "common.h"

static void view_copies_short_and_holds_long(struct kunit *test)
{
	static const u32 lengths[] = { 0, 1, BYTEMAP_SMALL, BYTEMAP_COPY,
				       BYTEMAP_COPY + 1, 5000 };
	struct bytemap *map = store_map(test, SYNCMAP_KEY_STRING, NULL);
	struct bytemap_value *value;
	struct bytemap_view view;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(lengths); i++) {
		value = store_value(test, map, lengths[i]);
		KUNIT_EXPECT_EQ(test, bytemap_entry_view(map, value, &view,
							 U32_MAX), 0);
		KUNIT_EXPECT_EQ(test, view.len, lengths[i]);
		KUNIT_EXPECT_EQ(test, view.revision, 5ULL);
		KUNIT_EXPECT_EQ(test, !!view.held, view.len > BYTEMAP_COPY);
		KUNIT_EXPECT_EQ(test, refcount_read(&value->refs),
				view.held ? 2U : 1U);
		KUNIT_EXPECT_NULL(test, memchr_inv(bytemap_view_bytes(&view),
						   'v', view.len));
		bytemap_view_release(&view);
		bytemap_value_put(value);
	}
}

static void view_without_room_tells_the_length(struct kunit *test)
{
	struct bytemap *map = store_map(test, SYNCMAP_KEY_STRING, NULL);
	struct bytemap_value *value = store_value(test, map, 1000);
	struct bytemap_view view;

	KUNIT_EXPECT_EQ(test, bytemap_entry_view(map, value, &view, 999), 0);
	KUNIT_EXPECT_EQ(test, view.len, 1000U);
	KUNIT_EXPECT_NULL(test, view.held);
	bytemap_value_put(value);
}

static void view_does_not_revive_a_long_value(struct kunit *test)
{
	struct bytemap *map = store_map(test, SYNCMAP_KEY_STRING, NULL);
	struct bytemap_value *value = store_value(test, map, 1000);
	struct bytemap_view view;

	rcu_read_lock();
	bytemap_value_put(value);
	KUNIT_EXPECT_EQ(test, bytemap_entry_view(map, value, &view, 1000),
			START_OVER);
	KUNIT_EXPECT_NULL(test, view.held);
	rcu_read_unlock();
}

static struct kunit_case view_cases[] = {
	KUNIT_CASE(view_copies_short_and_holds_long),
	KUNIT_CASE(view_without_room_tells_the_length),
	KUNIT_CASE(view_does_not_revive_a_long_value),
	{}
};

static struct kunit_suite view_suite = {
	.name = "bytemap_view",
	.suite_init = store_suite_init,
	.suite_exit = store_suite_exit,
	.init = store_test_init,
	.exit = store_test_exit,
	.test_cases = view_cases,
};

kunit_test_suite(view_suite);
