// SPDX-License-Identifier: GPL-2.0-only
/*
 * Maps that are frozen
 */
#include <linux/user_namespace.h>

#include "../../module/store/freeze.c"
#include "../../module/store/clear.h"
#include "../../module/store/deadline.h"
#include "../../module/store/info.h"
#include "../../module/store/insert.h"
#include "common.h"
#include "deadline.h"

static void expect_refused(struct kunit *test, struct bytemap *map,
			   const char *key)
{
	struct store_op so = { .key = key, .value = "1", .old = "0" };
	u32 op;

	for (op = SYNCMAP_OP_STORE; op <= SYNCMAP_OP_COMPARE_AND_DELETE; op++) {
		struct store_op now = so;

		now.op.op = op;
		if (!bytemap_op_has(op, OP_TAKES_VALUE))
			now.value = NULL;
		if (!bytemap_op_has(op, OP_TAKES_OLD))
			now.old = NULL;
		KUNIT_EXPECT_EQ_MSG(test, store_op(map, &now), -EROFS,
				    "operation %u of %s", op, key);
	}
}

static void nothing_is_written(struct kunit *test)
{
	struct bytemap *map = store_map(test, SYNCMAP_KEY_STRING, NULL);
	struct syncmap_map_info before, after;

	KUNIT_ASSERT_EQ(test, store_store(map, "key", "0"), 0);
	KUNIT_ASSERT_EQ(test, store_store(map, "gone", "0"), 0);
	KUNIT_ASSERT_EQ(test, store_delete(map, "gone"), 0);
	bytemap_info(map, &init_user_ns, &before);
	KUNIT_EXPECT_EQ(test, before.state, (u32)SYNCMAP_MAP_PRIVATE);
	KUNIT_EXPECT_EQ(test, bytemap_freeze(map), 0);
	expect_refused(test, map, "key");
	expect_refused(test, map, "gone");
	expect_refused(test, map, "never");
	KUNIT_EXPECT_EQ(test, bytemap_clear(map), -EROFS);
	KUNIT_EXPECT_TRUE(test, store_has(map, "key", "0"));
	KUNIT_EXPECT_EQ(test, bytemap_freeze(map), 0);
	bytemap_info(map, &init_user_ns, &after);
	KUNIT_EXPECT_EQ(test, after.state,
			(u32)(SYNCMAP_MAP_PRIVATE | SYNCMAP_MAP_FROZEN));
	KUNIT_EXPECT_EQ(test, after.revision, before.revision);
	KUNIT_EXPECT_EQ(test, after.bytes, before.bytes);
}

/* Who has found the key absent before may not insert it after */
static void a_late_insertion_gives_back(struct kunit *test)
{
	struct bytemap *map = store_map(test, SYNCMAP_KEY_STRING, NULL);
	struct syncmap_op op = { .op = SYNCMAP_OP_STORE, .key_len = 1,
				 .value_len = 1 };
	struct bytemap_request req = { .op = &op, .key = "k", .value = "v" };
	struct bytemap_attempt *at = store_attempt(test, map, &req);

	KUNIT_ASSERT_EQ(test, bytemap_freeze(map), 0);
	KUNIT_EXPECT_EQ(test, bytemap_insert(at), -EROFS);
	bytemap_request_release(&req);
	KUNIT_EXPECT_EQ(test, atomic64_read(&map->entries.word), 0LL);
	KUNIT_EXPECT_EQ(test, atomic64_read(&map->bytes.word), 0LL);
}

/* Whoever is killed before all writers have gone leaves that to the next one */
static void who_dies_has_begun_it(struct kunit *test)
{
	struct bytemap *map = store_map(test, SYNCMAP_KEY_STRING, NULL);

	KUNIT_ASSERT_EQ(test, bytemap_gauge_reserve(&map->entries, 1), 0);
	store_kill();
	KUNIT_EXPECT_EQ(test, bytemap_freeze(map), -EINTR);
	store_revive();
	KUNIT_ASSERT_EQ(test, bytemap_gauge_reserve(&map->entries, 1), 0);
	bytemap_gauge_cancel(&map->entries, 1);
	bytemap_gauge_cancel(&map->entries, 1);
	KUNIT_EXPECT_EQ(test, store_store(map, "k", "v"), -EROFS);
	KUNIT_EXPECT_EQ(test, bytemap_freeze(map), 0);
}

/* What a step of the search does not find, the next one does */
static void a_lease_behind_deleted_keys_ends(struct kunit *test)
{
	struct bytemap *map = store_map(test, SYNCMAP_KEY_STRING, NULL);
	struct bytemap_client *client = store_client(test, map);

	KUNIT_ASSERT_EQ(test, store_tombstones(map, 3000), 0);
	KUNIT_EXPECT_NE(test, store_lease(client, "zz"), 0ULL);
	KUNIT_EXPECT_EQ(test, bytemap_freeze(map), 0);
	KUNIT_EXPECT_EQ(test, atomic64_read(&map->leases), 0LL);
	store_client_end(client);
}

static void leases_end(struct kunit *test)
{
	struct bytemap *map = store_map(test, SYNCMAP_KEY_STRING, NULL);
	struct bytemap_client *client = store_client(test, map);
	u64 token = store_lease(client, "zz");
	char key[] = "a";

	KUNIT_ASSERT_NE(test, token, 0ULL);
	for (; key[0] <= 'z'; key[0]++)
		KUNIT_EXPECT_NE(test, store_lease(client, key), 0ULL);
	KUNIT_EXPECT_EQ(test, bytemap_freeze(map), 0);
	KUNIT_EXPECT_EQ(test, atomic64_read(&map->leases), 0LL);
	KUNIT_EXPECT_EQ(test, atomic_read(&client->nr_leases), 0);
	KUNIT_EXPECT_EQ(test, store_bytes(map), 0ULL);
	KUNIT_EXPECT_EQ(test, store_lease(client, "a"), 0ULL);
	KUNIT_EXPECT_LT(test, store_leased(client, "zz", "v", token), 0);
	store_client_end(client);
}

static u64 revision_of(struct bytemap_client *client, const char *key)
{
	struct store_op so = {
		.op.op = SYNCMAP_OP_LOAD_OR_LEASE, .op.flags = SYNCMAP_FLAG_STALE,
		.key = key, .client = client,
	};

	return store_op(client->map, &so) ? 0 : so.answer.revision;
}

static void an_expired_value_outlives_its_lease(struct kunit *test)
{
	struct bytemap *map = ttl_map(test, 0, U64_MAX);
	struct bytemap_client *client = store_client(test, map);
	u64 bytes;

	KUNIT_EXPECT_EQ(test, store_until(map, "k", "v", PAST), 0);
	bytes = store_bytes(map);
	KUNIT_EXPECT_NE(test, store_lease(client, "k"), 0ULL);
	KUNIT_EXPECT_EQ(test, bytemap_freeze(map), 0);
	KUNIT_EXPECT_EQ(test, atomic64_read(&map->leases), 0LL);
	KUNIT_EXPECT_EQ(test, atomic_read(&client->nr_leases), 0);
	KUNIT_EXPECT_EQ(test, bytemap_deadline_stale(map), 1ULL);
	KUNIT_EXPECT_EQ(test, store_bytes(map), bytes);
	KUNIT_EXPECT_EQ(test, store_lease(client, "k"), 0ULL);
	KUNIT_EXPECT_EQ(test, revision_of(client, "k"), 1ULL);
	/* Nor does one end it that has lapsed while the map was being frozen */
	KUNIT_EXPECT_EQ(test, bytemap_freeze(map), 0);
	store_client_end(client);
	KUNIT_EXPECT_EQ(test, bytemap_deadline_stale(map), 1ULL);
}

static struct kunit_case freeze_cases[] = {
	KUNIT_CASE(nothing_is_written),
	KUNIT_CASE(a_late_insertion_gives_back),
	KUNIT_CASE(who_dies_has_begun_it),
	KUNIT_CASE(a_lease_behind_deleted_keys_ends),
	KUNIT_CASE(leases_end),
	KUNIT_CASE(an_expired_value_outlives_its_lease),
	{}
};

static struct kunit_suite freeze_suite = {
	.name = "bytemap_freeze",
	.suite_init = store_suite_init,
	.suite_exit = store_suite_exit,
	.init = store_test_init,
	.exit = store_test_exit,
	.test_cases = freeze_cases,
};

kunit_test_suite(freeze_suite);
