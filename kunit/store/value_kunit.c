// SPDX-License-Identifier: GPL-2.0-only
/*
 * Value objects
 */
#include "../../module/store/value.c"
#include "common.h"

/* A live, settled value of @len bytes 'v' */
static struct bytemap_value *value_new(struct kunit *test, struct bytemap *map,
				       size_t len)
{
	struct bytemap_value *value = bytemap_value_alloc(len);

	KUNIT_ASSERT_NOT_NULL(test, value);
	memset(value->bytes, 'v', len);
	value->doom = &map->doom;
	value->epoch = 0;
	value->state = VALUE_LIVE;
	value->revision = 5;
	return value;
}

static void small_values_have_room_to_grow(struct kunit *test)
{
	struct bytemap_value *value;
	size_t len;

	for (len = 0; len <= BYTEMAP_SMALL; len++) {
		value = bytemap_value_alloc(len);
		KUNIT_ASSERT_NOT_NULL(test, value);
		KUNIT_EXPECT_GE(test, value->capacity, (u32)len);
		KUNIT_EXPECT_LE(test, value->capacity, BYTEMAP_SMALL);
		KUNIT_EXPECT_TRUE(test, bytemap_value_is_small(value));
		memset(value->bytes, 0, value->capacity);
		bytemap_value_put(value);
	}
}

static void large_values_are_as_large_as_they_are(struct kunit *test)
{
	struct bytemap_value *value = bytemap_value_alloc(BYTEMAP_SMALL + 1);

	KUNIT_ASSERT_NOT_NULL(test, value);
	KUNIT_EXPECT_EQ(test, value->capacity, BYTEMAP_SMALL + 1);
	KUNIT_EXPECT_FALSE(test, bytemap_value_is_small(value));
	bytemap_value_put(value);
	value = bytemap_value_alloc(BYTEMAP_VALUE_MAX);
	KUNIT_ASSERT_NOT_NULL(test, value);
	KUNIT_EXPECT_EQ(test, value->len, BYTEMAP_VALUE_MAX);
	bytemap_value_put(value);
}

static void view_copies_short_and_holds_long(struct kunit *test)
{
	static const u32 lengths[] = { 0, 1, BYTEMAP_SMALL, BYTEMAP_COPY,
				       BYTEMAP_COPY + 1, 5000 };
	struct bytemap *map = store_map(test, SYNCMAP_KEY_STRING, NULL);
	struct bytemap_value *value;
	struct bytemap_view view;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(lengths); i++) {
		value = value_new(test, map, lengths[i]);
		KUNIT_EXPECT_EQ(test, bytemap_value_view(map, value, &view,
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
	struct bytemap_value *value = value_new(test, map, 1000);
	struct bytemap_view view;

	KUNIT_EXPECT_EQ(test, bytemap_value_view(map, value, &view, 999), 0);
	KUNIT_EXPECT_EQ(test, view.len, 1000U);
	KUNIT_EXPECT_NULL(test, view.held);
	bytemap_value_put(value);
}

static void view_knows_deleted_and_replaced(struct kunit *test)
{
	struct bytemap *map = store_map(test, SYNCMAP_KEY_STRING, NULL);
	struct bytemap_value *value = value_new(test, map, 10);
	struct bytemap_view view;

	value->state = VALUE_REPLACED;
	KUNIT_EXPECT_EQ(test, bytemap_value_view(map, value, &view, 10), 0);
	value->state = VALUE_DELETED;
	KUNIT_EXPECT_EQ(test, bytemap_value_view(map, value, &view, 10),
			-ENOENT);
	bytemap_value_put(value);
}

static void view_does_not_revive_a_long_value(struct kunit *test)
{
	struct bytemap *map = store_map(test, SYNCMAP_KEY_STRING, NULL);
	struct bytemap_value *value = value_new(test, map, 1000);
	struct bytemap_view view;

	rcu_read_lock();
	bytemap_value_put(value);
	KUNIT_EXPECT_EQ(test, bytemap_value_view(map, value, &view, 1000),
			-EAGAIN);
	KUNIT_EXPECT_NULL(test, view.held);
	rcu_read_unlock();
}

/* Who meets a new value first gives it its revision, once */
static void view_settles_a_new_value(struct kunit *test)
{
	struct bytemap *map = store_map(test, SYNCMAP_KEY_STRING, NULL);
	struct bytemap_value *value = value_new(test, map, 10);
	static struct syncmap_op op = { .op = SYNCMAP_OP_STORE };
	static const struct bytemap_request req = { .op = &op };
	struct bytemap_view view;

	value->revision = 0;
	value->inserter = &req;
	KUNIT_EXPECT_EQ(test, bytemap_value_view(map, value, &view, 10),
			-EAGAIN);
	KUNIT_EXPECT_EQ(test, value->revision, 1ULL);
	KUNIT_EXPECT_EQ(test, value->born, 1ULL);
	KUNIT_EXPECT_EQ(test, bytemap_value_view(map, value, &view, 10), 0);
	KUNIT_EXPECT_EQ(test, view.revision, 1ULL);
	KUNIT_EXPECT_EQ(test, bytemap_next_revision(map), 2ULL);
	bytemap_value_put(value);
}

static void freeing_uncharges_what_was_not_deleted(struct kunit *test)
{
	struct bytemap *map = store_map(test, SYNCMAP_KEY_STRING, NULL);
	struct bytemap_value *live = value_new(test, map, 10);
	struct bytemap_value *deleted = value_new(test, map, 10);
	struct bytemap_shortage shortage;
	u64 memory;

	live->key_len = 3;
	memory = bytemap_memory_of_entry(map, live);
	KUNIT_EXPECT_EQ(test, bytemap_memory_add(map, memory, &shortage), 0);
	bytemap_gauge_change(&map->bytes, 0, bytemap_charge(3, 10));
	bytemap_gauge_change(&map->entries, 0, 1);
	bytemap_value_charged(map, live);
	deleted->state = VALUE_DELETED;
	bytemap_value_free(deleted, map);
	KUNIT_EXPECT_EQ(test, store_bytes(map), 64ULL + 13);
	KUNIT_EXPECT_EQ(test, store_count(map), 1ULL);
	bytemap_value_free(live, map);
	KUNIT_EXPECT_EQ(test, store_bytes(map), 0ULL);
	KUNIT_EXPECT_EQ(test, store_count(map), 0ULL);
}

static struct kunit_case value_cases[] = {
	KUNIT_CASE(small_values_have_room_to_grow),
	KUNIT_CASE(large_values_are_as_large_as_they_are),
	KUNIT_CASE(view_copies_short_and_holds_long),
	KUNIT_CASE(view_without_room_tells_the_length),
	KUNIT_CASE(view_knows_deleted_and_replaced),
	KUNIT_CASE(view_does_not_revive_a_long_value),
	KUNIT_CASE(view_settles_a_new_value),
	KUNIT_CASE(freeing_uncharges_what_was_not_deleted),
	{}
};

static struct kunit_suite value_suite = {
	.name = "bytemap_value",
	.suite_init = store_suite_init,
	.suite_exit = store_suite_exit,
	.init = store_test_init,
	.exit = store_test_exit,
	.test_cases = value_cases,
};

kunit_test_suite(value_suite);
