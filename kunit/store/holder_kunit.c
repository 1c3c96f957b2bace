// SPDX-License-Identifier: GPL-2.0-only
/*
 * Clients that have leases
 */
#include "../../module/store/holder.c"
#include "common.h"

static void a_lease_goes_with_its_holder(struct kunit *test)
{
	struct bytemap *map = store_map(test, SYNCMAP_KEY_STRING, NULL);
	struct bytemap_client *client = store_client(test, map);
	u64 first = store_lease(client, "k"), second = store_lease(client, "l");
	struct bytemap_value *value;

	KUNIT_EXPECT_EQ(test, atomic_read(&client->nr_leases), 2);
	KUNIT_EXPECT_NULL(test, bytemap_holder_find(client, second + 1));
	value = bytemap_holder_find(client, second);
	KUNIT_ASSERT_NOT_NULL(test, value);
	KUNIT_EXPECT_EQ(test, bytemap_lease(value)->token, second);
	KUNIT_EXPECT_EQ(test, store_unlease(client, "l", second), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&client->nr_leases), 1);
	KUNIT_EXPECT_NULL(test, bytemap_holder_find(client, second));
	bytemap_value_put(value);
	value = bytemap_holder_find(client, 0);
	KUNIT_ASSERT_NOT_NULL(test, value);
	KUNIT_EXPECT_EQ(test, bytemap_lease(value)->token, first);
	bytemap_value_put(value);
	store_client_end(client);
	KUNIT_EXPECT_EQ(test, store_bytes(map), 0ULL);
}

static struct kunit_case holder_cases[] = {
	KUNIT_CASE(a_lease_goes_with_its_holder),
	{}
};

static struct kunit_suite holder_suite = {
	.name = "bytemap_holder",
	.suite_init = store_suite_init,
	.suite_exit = store_suite_exit,
	.init = store_test_init,
	.exit = store_test_exit,
	.test_cases = holder_cases,
};

kunit_test_suite(holder_suite);
