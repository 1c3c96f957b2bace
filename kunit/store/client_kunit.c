// SPDX-License-Identifier: GPL-2.0-only
/*
 * Descriptors that are opened and closed
 */
#include "../../module/store/client.c"
#include "common.h"

static void leases_end_with_their_client(struct kunit *test)
{
	struct bytemap *map = store_map(test, SYNCMAP_KEY_STRING, NULL);
	struct bytemap_client *client = store_client(test, map);
	char key[] = "a";

	for (; key[0] <= 'z'; key[0]++)
		KUNIT_EXPECT_NE(test, store_lease(client, key), 0ULL);
	KUNIT_EXPECT_EQ(test, atomic64_read(&map->leases), 26LL);
	KUNIT_EXPECT_EQ(test, atomic_read(&client->nr_leases), 26);
	store_client_end(client);
	KUNIT_EXPECT_EQ(test, atomic64_read(&map->leases), 0LL);
	KUNIT_EXPECT_EQ(test, store_bytes(map), 0ULL);
}

/* What the suite's reference on the map stands for is one that could change it */
static void there_is_a_last_one(struct kunit *test)
{
	struct bytemap *map = store_map(test, SYNCMAP_KEY_STRING, NULL);
	struct bytemap_client *one = store_client(test, map);
	struct bytemap_client *two = store_client(test, map);

	store_client_end(one);
	bytemap_leave(map);
	KUNIT_EXPECT_EQ(test, atomic_read(&map->users), 1);
	store_client_end(two);
	KUNIT_EXPECT_EQ(test, atomic_read(&map->users), 0);
	KUNIT_EXPECT_EQ(test, PTR_ERR(bytemap_client_create(map, 0)),
			(long)-ENOENT);
}

static struct kunit_case client_cases[] = {
	KUNIT_CASE(leases_end_with_their_client),
	KUNIT_CASE(there_is_a_last_one),
	{}
};

static struct kunit_suite client_suite = {
	.name = "bytemap_client",
	.suite_init = store_suite_init,
	.suite_exit = store_suite_exit,
	.init = store_test_init,
	.exit = store_test_exit,
	.test_cases = client_cases,
};

kunit_test_suite(client_suite);
