// SPDX-License-Identifier: GPL-2.0-only
/*
 * What maps give back. The shrinker is not registered: nobody else calls it.
 */
#include "../../module/store/shrink.c"
#include "../../module/store/map.h"
#include "common.h"

#define STALE	10

/* With stale values, and one that is not */
static struct bytemap *stale_map(struct kunit *test)
{
	const struct syncmap_create create = {
		.key_type = SYNCMAP_KEY_STRING, .stale = U64_MAX,
	};
	struct bytemap *map = store_map_of(test, &create);
	char key[2] = { };
	struct store_op so = {
		.op.op = SYNCMAP_OP_STORE, .op.deadline = 1, .key = key,
		.value = "v",
	};

	for (key[0] = 'a'; key[0] < 'a' + STALE; key[0]++)
		KUNIT_EXPECT_EQ(test, store_op(map, &so), 0);
	KUNIT_EXPECT_EQ(test, store_store(map, "z", "v"), 0);
	KUNIT_EXPECT_EQ(test, store_count(map), 1ULL);
	KUNIT_EXPECT_EQ(test, bytemap_deadline_stale(map), (u64)STALE);
	return map;
}

static unsigned long counted(void)
{
	struct shrink_control sc = { };

	return count_objects(NULL, &sc);
}

static unsigned long scanned(unsigned long max)
{
	struct shrink_control sc = { .nr_to_scan = max };

	return scan_objects(NULL, &sc);
}

static void what_is_stale_goes(struct kunit *test)
{
	struct bytemap *map = stale_map(test);

	KUNIT_EXPECT_EQ(test, counted(), (unsigned long)STALE);
	KUNIT_EXPECT_EQ(test, scanned(100), (unsigned long)STALE);
	KUNIT_EXPECT_EQ(test, bytemap_deadline_stale(map), 0ULL);
	KUNIT_EXPECT_TRUE(test, store_has(map, "z", "v"));
}

static void a_scan_is_bounded(struct kunit *test)
{
	struct bytemap *map = stale_map(test);

	KUNIT_EXPECT_EQ(test, scanned(STALE - 1), (unsigned long)STALE - 1);
	KUNIT_EXPECT_EQ(test, bytemap_deadline_stale(map), 1ULL);
}

/* It begins where the last one has ended */
static void scans_go_round(struct kunit *test)
{
	struct bytemap *first = stale_map(test);
	struct bytemap *second = stale_map(test);

	KUNIT_EXPECT_EQ(test, scanned(STALE + 1), (unsigned long)STALE + 1);
	KUNIT_EXPECT_EQ(test, bytemap_deadline_stale(first), 0ULL);
	KUNIT_EXPECT_EQ(test, bytemap_deadline_stale(second), (u64)STALE - 1);
	KUNIT_EXPECT_PTR_EQ(test, list_first_entry(&maps, struct bytemap, node),
			    second);
}

/* What the others have is remembered */
static void a_call_looks_at_some_maps(struct kunit *test)
{
	struct syncmap_create create = { .key_type = SYNCMAP_KEY_STRING };
	struct bytemap *more[TURNS + 1];
	struct syncmap_error error = { };
	struct bytemap *map = stale_map(test);
	int i;

	KUNIT_EXPECT_EQ(test, counted(), (unsigned long)STALE);
	for (i = 0; i <= TURNS; i++) {
		more[i] = bytemap_create(&create, &error);
		KUNIT_ASSERT_NOT_ERR_OR_NULL(test, more[i]);
	}
	KUNIT_EXPECT_EQ(test, counted(), (unsigned long)STALE);
	/* The turn of the one that has something comes with the next call */
	list_move_tail(&map->node, &maps);
	KUNIT_EXPECT_EQ(test, bytemap_sweep_stale(map, 100),
			(unsigned long)STALE);
	KUNIT_EXPECT_EQ(test, counted(), (unsigned long)STALE);
	KUNIT_EXPECT_EQ(test, counted(), 0UL);
	for (i = 0; i <= TURNS; i++)
		bytemap_put(more[i]);
}

static void what_has_gone_is_not_counted(struct kunit *test)
{
	struct bytemap *map = stale_map(test);

	KUNIT_EXPECT_EQ(test, counted(), (unsigned long)STALE);
	bytemap_shrink_remove(map);
	KUNIT_EXPECT_EQ(test, counted(), 0UL);
	KUNIT_EXPECT_EQ(test, reclaimable, 0ULL);
	bytemap_shrink_add(map);
}

static void reclaim_waits_for_nobody(struct kunit *test)
{
	struct bytemap *map = stale_map(test);

	mutex_lock(&maps_lock);
	KUNIT_EXPECT_EQ(test, counted(), 0UL);
	KUNIT_EXPECT_EQ(test, scanned(100), SHRINK_STOP);
	mutex_unlock(&maps_lock);
	KUNIT_EXPECT_EQ(test, bytemap_deadline_stale(map), (u64)STALE);
}

/* They are not counted as scanned, for that is done elsewhere */
static void tombstones_are_left_to_a_worker(struct kunit *test)
{
	struct bytemap *map = store_map(test, SYNCMAP_KEY_STRING, NULL);

	KUNIT_EXPECT_EQ(test, store_store(map, "a", "v"), 0);
	KUNIT_EXPECT_EQ(test, store_store(map, "b", "v"), 0);
	KUNIT_EXPECT_EQ(test, bytemap_promote(map), 0);
	KUNIT_EXPECT_EQ(test, store_delete(map, "a"), 0);
	KUNIT_EXPECT_EQ(test, counted(), 1UL);
	KUNIT_EXPECT_EQ(test, scanned(100), SHRINK_STOP);
	irq_work_sync(&map->core.kick);
	flush_delayed_work(&map->core.work);
	KUNIT_EXPECT_EQ(test, store_stat(map, "tombstones"), 0ULL);
}

static void nothing_to_give(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, counted(), 0UL);
	KUNIT_EXPECT_EQ(test, scanned(100), SHRINK_STOP);
}

static struct kunit_case shrink_cases[] = {
	KUNIT_CASE(what_is_stale_goes),
	KUNIT_CASE(a_scan_is_bounded),
	KUNIT_CASE(scans_go_round),
	KUNIT_CASE(a_call_looks_at_some_maps),
	KUNIT_CASE(what_has_gone_is_not_counted),
	KUNIT_CASE(reclaim_waits_for_nobody),
	KUNIT_CASE(tombstones_are_left_to_a_worker),
	KUNIT_CASE(nothing_to_give),
	{}
};

static struct kunit_suite shrink_suite = {
	.name = "bytemap_shrink",
	.suite_init = store_suite_init,
	.suite_exit = store_suite_exit,
	.init = store_test_init,
	.exit = store_test_exit,
	.test_cases = shrink_cases,
};

kunit_test_suite(shrink_suite);
