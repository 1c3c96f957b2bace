// SPDX-License-Identifier: GPL-2.0-only
/*
 * How many maps there may be
 */
#include "../../module/store/account.c"
#include "common.h"

static void maps_are_counted(struct kunit *test)
{
	struct bytemap_account *first = bytemap_account_get(KUIDT_INIT(7));
	struct bytemap_account *second = bytemap_account_get(KUIDT_INIT(7));
	struct bytemap_account *other = bytemap_account_get(KUIDT_INIT(8));
	struct syncmap_info info = {};

	KUNIT_EXPECT_PTR_EQ(test, first, second);
	KUNIT_EXPECT_PTR_NE(test, first, other);
	bytemap_account_info(&info);
	KUNIT_EXPECT_EQ(test, info.maps, 3U);
	KUNIT_EXPECT_EQ(test, first->maps, 2U);
	bytemap_account_put(first);
	bytemap_account_put(second);
	bytemap_account_put(other);
	KUNIT_EXPECT_EQ(test, maps, 0U);
	KUNIT_EXPECT_TRUE(test, hash_empty(accounts));
}

static void no_more_maps_than_max_maps(struct kunit *test)
{
	struct bytemap_account *account;
	unsigned int before = max_maps;

	max_maps = 1;
	account = bytemap_account_get(KUIDT_INIT(7));
	KUNIT_EXPECT_NOT_ERR_OR_NULL(test, account);
	KUNIT_EXPECT_EQ(test, PTR_ERR(bytemap_account_get(KUIDT_INIT(8))),
			(long)-ENOSPC);
	bytemap_account_put(account);
	max_maps = before;
}

static void get_two(struct kunit *test, struct bytemap *map)
{
	struct bytemap_account *account = bytemap_account_get(KUIDT_INIT(7));

	KUNIT_EXPECT_NOT_ERR_OR_NULL(test, account);
	KUNIT_EXPECT_EQ(test, PTR_ERR(bytemap_account_get(KUIDT_INIT(7))),
			(long)-EDQUOT);
	bytemap_account_put(account);
}

static void no_more_maps_of_a_user_than_max_user_maps(struct kunit *test)
{
	unsigned int before = max_user_maps;
	struct bytemap_account *first, *second;

	max_user_maps = 1;
	store_as_user(test, 7, 7, get_two, NULL);
	/* with CAP_SYS_RESOURCE there may be */
	first = bytemap_account_get(KUIDT_INIT(7));
	second = bytemap_account_get(KUIDT_INIT(7));
	KUNIT_EXPECT_PTR_EQ(test, first, second);
	bytemap_account_put(first);
	bytemap_account_put(second);
	max_user_maps = before;
}

static void get_none(struct kunit *test, struct bytemap *map)
{
	KUNIT_EXPECT_EQ(test, PTR_ERR(bytemap_account_get(KUIDT_INIT(7))),
			(long)-EDQUOT);
}

static void a_refused_user_leaves_nothing(struct kunit *test)
{
	unsigned int before = max_user_maps;

	max_user_maps = 0;
	store_as_user(test, 7, 7, get_none, NULL);
	KUNIT_EXPECT_TRUE(test, hash_empty(accounts));
	max_user_maps = before;
}

static struct kunit_case account_cases[] = {
	KUNIT_CASE(maps_are_counted),
	KUNIT_CASE(no_more_maps_than_max_maps),
	KUNIT_CASE(no_more_maps_of_a_user_than_max_user_maps),
	KUNIT_CASE(a_refused_user_leaves_nothing),
	{}
};

static struct kunit_suite account_suite = {
	.name = "bytemap_account",
	.suite_init = store_suite_init,
	.suite_exit = store_suite_exit,
	.init = store_test_init,
	.exit = store_test_exit,
	.test_cases = account_cases,
};

kunit_test_suite(account_suite);
