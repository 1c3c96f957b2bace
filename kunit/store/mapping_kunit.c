// SPDX-License-Identifier: GPL-2.0-only
/*
 * Faults that are under way, and who has how many mappings
 */
#include "../../module/store/mapping.c"
#include "common.h"

static int mapping_init(struct kunit *test)
{
	struct bytemap_mapping *mapping = kunit_kzalloc(test, sizeof(*mapping),
							GFP_KERNEL);

	if (!mapping)
		return -ENOMEM;
	bytemap_mapping_init(mapping, NULL);
	test->priv = mapping;
	return 0;
}

static void what_nobody_has_seen_is_over(struct kunit *test)
{
	struct bytemap_mapping *mapping = test->priv;
	u64 epoch = bytemap_mapping_epoch(mapping);

	KUNIT_EXPECT_TRUE(test, bytemap_mapping_is_over(mapping, epoch));
	KUNIT_EXPECT_TRUE(test, bytemap_mapping_is_over(mapping, epoch));
}

/* Those that begin after it are not waited for, though there is always one */
static void a_fault_that_began_before_is_waited_for(struct kunit *test)
{
	struct bytemap_mapping *mapping = test->priv;
	unsigned int early, late, later, i;
	u64 epoch;

	early = bytemap_mapping_begin(mapping);
	epoch = bytemap_mapping_epoch(mapping);
	late = bytemap_mapping_begin(mapping);
	for (i = 0; i < 5; i++) {
		KUNIT_EXPECT_FALSE(test, bytemap_mapping_is_over(mapping, epoch));
		later = bytemap_mapping_begin(mapping);
		bytemap_mapping_end(mapping, late);
		late = later;
	}
	bytemap_mapping_end(mapping, early);
	KUNIT_EXPECT_TRUE(test, bytemap_mapping_is_over(mapping, epoch));
	bytemap_mapping_end(mapping, late);
}

/* Nor do they hide it, whichever epoch that is */
static void each_epoch_has_its_faults(struct kunit *test)
{
	struct bytemap_mapping *mapping = test->priv;
	unsigned int began, n;
	u64 epoch;

	for (n = 0; n < 7; n++) {
		began = bytemap_mapping_begin(mapping);
		epoch = bytemap_mapping_epoch(mapping);
		bytemap_mapping_end(mapping, bytemap_mapping_begin(mapping));
		KUNIT_EXPECT_FALSE(test, bytemap_mapping_is_over(mapping, epoch));
		KUNIT_EXPECT_FALSE(test, bytemap_mapping_is_over(mapping, epoch));
		bytemap_mapping_end(mapping, bytemap_mapping_begin(mapping));
		KUNIT_EXPECT_FALSE(test, bytemap_mapping_is_over(mapping, epoch));
		bytemap_mapping_end(mapping, began);
		if (n % 2)
			KUNIT_EXPECT_TRUE(test,
					  bytemap_mapping_is_over(mapping, epoch));
	}
	KUNIT_EXPECT_EQ(test, mapping->faults[0], 0U);
	KUNIT_EXPECT_EQ(test, mapping->faults[1], 0U);
}

/* Up to @max of a user. Return: how many; what was said to the next one is *@err */
static unsigned int map_up_to(struct bytemap_mapping *mapping, u64 user,
			      bool owner, unsigned int max, int *err)
{
	struct bytemap_mapper *mapper;
	unsigned int n = 0;

	for (*err = 0; n < max; n++) {
		*err = bytemap_mapping_add(mapping, user, owner, &mapper);
		if (*err)
			break;
	}
	return n;
}

static void unmap_all(struct bytemap_mapping *mapping)
{
	while (!list_empty(&mapping->mappers))
		bytemap_mapping_remove(mapping,
				       list_first_entry(&mapping->mappers,
							struct bytemap_mapper,
							node));
}

static void nobody_keeps_the_owner_from_mapping(struct kunit *test)
{
	struct bytemap_mapping *mapping = test->priv;
	unsigned int n;
	u64 user;
	int err;

	for (user = 1, n = 0; user < 100; user++)
		n += map_up_to(mapping, user, false, U32_MAX, &err);
	KUNIT_EXPECT_EQ(test, err, -ENOSPC);
	KUNIT_EXPECT_EQ(test, n, BYTEMAP_MAPPINGS - BYTEMAP_MAPPINGS_RESERVED);
	n = map_up_to(mapping, 100, true, U32_MAX, &err);
	KUNIT_EXPECT_EQ(test, err, -ENOSPC);
	KUNIT_EXPECT_EQ(test, n, BYTEMAP_MAPPINGS_RESERVED);
	KUNIT_EXPECT_EQ(test, mapping->count, BYTEMAP_MAPPINGS);
	unmap_all(mapping);
	KUNIT_EXPECT_EQ(test, mapping->count, 0U);
}

static void one_user_leaves_some_to_others(struct kunit *test)
{
	struct bytemap_mapping *mapping = test->priv;
	unsigned int n;
	int err;

	n = map_up_to(mapping, 1, false, U32_MAX, &err);
	KUNIT_EXPECT_EQ(test, err, -EDQUOT);
	KUNIT_EXPECT_EQ(test, n, BYTEMAP_MAPPINGS_USER);
	KUNIT_EXPECT_EQ(test, map_up_to(mapping, 2, false, 1, &err), 1U);
	/* Whoever is late has what others have given up */
	bytemap_mapping_remove(mapping, list_last_entry(&mapping->mappers,
							struct bytemap_mapper,
							node));
	KUNIT_EXPECT_EQ(test, map_up_to(mapping, 1, false, U32_MAX, &err), 1U);
	unmap_all(mapping);
}

static void what_is_moved_counts_twice_for_a_while(struct kunit *test)
{
	struct bytemap_mapping *mapping = test->priv;
	struct bytemap_mapper *mapper;
	int err;

	map_up_to(mapping, 1, false, U32_MAX, &err);
	mapper = list_first_entry(&mapping->mappers, struct bytemap_mapper, node);
	bytemap_mapping_add_again(mapping, mapper);
	KUNIT_EXPECT_EQ(test, mapping->count, BYTEMAP_MAPPINGS_USER + 1U);
	bytemap_mapping_remove(mapping, mapper);
	KUNIT_EXPECT_EQ(test, mapping->count, BYTEMAP_MAPPINGS_USER);
	unmap_all(mapping);
}

static struct kunit_case mapping_cases[] = {
	KUNIT_CASE(what_nobody_has_seen_is_over),
	KUNIT_CASE(a_fault_that_began_before_is_waited_for),
	KUNIT_CASE(each_epoch_has_its_faults),
	KUNIT_CASE(nobody_keeps_the_owner_from_mapping),
	KUNIT_CASE(one_user_leaves_some_to_others),
	KUNIT_CASE(what_is_moved_counts_twice_for_a_while),
	{}
};

static struct kunit_suite mapping_suite = {
	.name = "bytemap_mapping",
	.init = mapping_init,
	.test_cases = mapping_cases,
};

kunit_test_suite(mapping_suite);
