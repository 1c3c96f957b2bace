// SPDX-License-Identifier: GPL-2.0-only
/*
 * What maps take of the memory of their owner, and give back
 */
#include "../../module/store/memory.c"
#include "../../module/store/clear.h"
#include "common.h"

static u64 counted(void)
{
	struct syncmap_info info = { };

	bytemap_account_info(&info);
	return info.user_bytes;
}

static u64 credit(struct bytemap *map)
{
	return atomic64_read(&map->credit);
}

static void it_comes_in_portions(struct kunit *test)
{
	struct bytemap *map = store_map(test, SYNCMAP_KEY_STRING, NULL);
	struct syncmap_error error;
	u64 before = counted();

	KUNIT_EXPECT_EQ(test, before, bytemap_memory_of_map());
	KUNIT_EXPECT_EQ(test, bytemap_memory_change(map, 0, 100, &error), 0);
	KUNIT_EXPECT_EQ(test, counted(), before + 100 + PORTION);
	KUNIT_EXPECT_EQ(test, bytemap_memory_change(map, 0, PORTION, &error), 0);
	KUNIT_EXPECT_EQ(test, counted(), before + 100 + PORTION);
	KUNIT_EXPECT_EQ(test, credit(map), 0ULL);
	bytemap_memory_sub(map, PORTION);
	bytemap_memory_sub(map, 100);
	KUNIT_EXPECT_EQ(test, counted(), before + 100 + PORTION);
	KUNIT_EXPECT_EQ(test, bytemap_memory_change(map, 0, SZ_1M, &error), 0);
	bytemap_memory_sub(map, SZ_1M);
	KUNIT_EXPECT_EQ(test, counted(), before + PORTION);
	KUNIT_EXPECT_EQ(test, credit(map), (u64)PORTION);
}

static void fill_up(struct kunit *test, struct bytemap *unused)
{
	struct bytemap *map = store_map(test, SYNCMAP_KEY_STRING, NULL);
	struct syncmap_error error = { };
	struct syncmap_info info = { };
	u64 room;

	bytemap_account_info(&info);
	room = info.max_user_bytes - info.user_bytes;
	KUNIT_EXPECT_EQ(test, bytemap_memory_change(map, 0, room + 1, &error),
			-EDQUOT);
	KUNIT_EXPECT_EQ(test, error.limited, SYNCMAP_LIMITED_USER_BYTES);
	KUNIT_EXPECT_EQ(test, error.used, info.user_bytes);
	KUNIT_EXPECT_EQ(test, error.limit, info.max_user_bytes);
	KUNIT_EXPECT_EQ(test, bytemap_memory_change(map, 0, room, &error), 0);
	KUNIT_EXPECT_EQ(test, store_store(map, "k", "v"), -EDQUOT);
	bytemap_memory_sub(map, room);
	KUNIT_EXPECT_EQ(test, store_store(map, "k", "v"), 0);
}

/* Though there is no whole portion */
static void the_last_byte_can_be_had(struct kunit *test)
{
	store_as_user(test, 7, 7, fill_up, NULL);
}

static void store_for(struct kunit *test, struct bytemap *map, const char *key,
		      const char *value, u64 deadline)
{
	struct store_op so = {
		.op.op = SYNCMAP_OP_STORE, .op.deadline = deadline,
		.key = key, .value = value,
	};

	KUNIT_EXPECT_EQ(test, store_op(map, &so), 0);
}

static void append(struct kunit *test, struct bytemap *map, const char *key,
		   const char *value)
{
	struct store_op so = {
		.op.op = SYNCMAP_OP_APPEND, .key = key, .value = value,
	};

	KUNIT_EXPECT_EQ(test, store_op(map, &so), 0);
}

/* Values of all kinds become others, or end */
static void change_all(struct kunit *test, struct bytemap *map)
{
	struct bytemap_client *client = store_client(test, map);
	const char *large = store_text(test, 'l', 5000);
	u64 token;

	store_for(test, map, "replaced", large, 0);
	store_for(test, map, "replaced", "small", 0);
	store_for(test, map, "replaced", large, SYNCMAP_NEVER - 1);
	append(test, map, "log", "a");
	append(test, map, "log", large);
	append(test, map, "log", large);
	store_for(test, map, "deleted", large, 0);
	KUNIT_EXPECT_EQ(test, store_delete(map, "deleted"), 0);
	store_for(test, map, "late", large, 1);
	store_for(test, map, "computed", large, 1);
	/* Sees to it that they have lapsed, be it by the map's worker */
	store_count(map);
	token = store_lease(client, "computed");
	KUNIT_EXPECT_NE(test, token, 0ULL);
	KUNIT_EXPECT_EQ(test, store_leased(client, "computed", "v", token), 0);
	store_for(test, map, "voided", large, 1);
	KUNIT_EXPECT_NE(test, store_lease(client, "voided"), 0ULL);
	KUNIT_EXPECT_EQ(test, store_delete(map, "voided"), 0);
	KUNIT_EXPECT_NE(test, store_lease(client, "late"), 0ULL);
	KUNIT_EXPECT_NE(test, store_lease(client, "new"), 0ULL);
	store_client_end(client);
}

static void what_is_taken_is_given_back(struct kunit *test)
{
	const struct syncmap_create create = {
		.key_type = SYNCMAP_KEY_STRING, .stale = U64_MAX,
	};
	struct bytemap *map = store_map_of(test, &create);
	int i;

	for (i = 0; i < 3; i++) {
		change_all(test, map);
		KUNIT_EXPECT_EQ(test, store_clear(map), 0);
		KUNIT_EXPECT_EQ(test, store_bytes(map), 0ULL);
		KUNIT_EXPECT_EQ(test, counted(),
				bytemap_memory_of_map() + credit(map));
	}
}

static struct kunit_case memory_cases[] = {
	KUNIT_CASE(it_comes_in_portions),
	KUNIT_CASE(the_last_byte_can_be_had),
	KUNIT_CASE(what_is_taken_is_given_back),
	{}
};

static struct kunit_suite memory_suite = {
	.name = "bytemap_memory",
	.suite_init = store_suite_init,
	.suite_exit = store_suite_exit,
	.init = store_test_init,
	.exit = store_test_exit,
	.test_cases = memory_cases,
};

kunit_test_suite(memory_suite);
