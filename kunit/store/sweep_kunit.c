// SPDX-License-Identifier: GPL-2.0-only
/* What becomes of values that are late */
#include <linux/user_namespace.h>

#include "../../module/store/sweep.c"
#include "../../module/store/clear.h"
#include "../../module/store/attempt.h"
#include "../../module/store/info.h"
#include "deadline.h"

/* As if the time had come, without the sweeper being told */
static struct bytemap_value *make_late(struct kunit *test, struct bytemap *map,
				       const char *key)
{
	struct bytemap_value *value = object(test, map, key);
	struct bytemap_mortal *mortal = bytemap_mortal(value);

	KUNIT_ASSERT_TRUE(test, value->mortal);
	write_seqlock(&value->lock);
	bytemap_deadline_unqueue_locked(map, value);
	spin_lock(&map->deadlines.lock);
	mortal->deadline = PAST;
	mortal->node.expires = PAST;
	map->deadlines.expiring++;
	timerqueue_add(&map->deadlines.due, &mortal->node);
	spin_unlock(&map->deadlines.lock);
	write_sequnlock(&value->lock);
	return value;
}

/* Without a sweep before */
static u64 live(struct bytemap *map)
{
	return atomic64_read(&map->live[map->epoch]);
}

/* No more than what is late, and no more of that than it may */
static void a_sweep_is_bounded(struct kunit *test)
{
	struct bytemap *map = ttl_map(test, 0, 0);
	char key[2] = { };

	for (key[0] = 'a'; key[0] <= 'j'; key[0]++)
		KUNIT_EXPECT_EQ(test, store_until(map, key, "v", in_an_hour()),
				0);
	KUNIT_EXPECT_EQ(test, store_store(map, "", "no deadline"), 0);
	KUNIT_EXPECT_EQ(test, bytemap_sweep_stale(map, 100), 0U);
	for (key[0] = 'a'; key[0] <= 'f'; key[0]++)
		make_late(test, map, key);
	KUNIT_EXPECT_EQ(test, bytemap_sweep_late(map, 4), 4U);
	KUNIT_EXPECT_EQ(test, live(map), 7ULL);
	KUNIT_EXPECT_EQ(test, bytemap_sweep_late(map, 4), 2U);
	KUNIT_EXPECT_EQ(test, live(map), 5ULL);
	KUNIT_EXPECT_EQ(test, stat_of(map, "expired"), 6ULL);
	KUNIT_EXPECT_EQ(test, stat_of(map, "expiring"), 4ULL);
}

/* For the shrinker, before anybody has noticed and after */
static void what_is_late_can_be_reclaimed(struct kunit *test)
{
	struct bytemap *map = ttl_map(test, 0, U64_MAX);

	KUNIT_EXPECT_EQ(test, store_until(map, "k", "v", in_an_hour()), 0);
	KUNIT_EXPECT_EQ(test, store_store(map, "l", "v"), 0);
	KUNIT_EXPECT_EQ(test, bytemap_deadline_reclaimable(map, BYTEMAP_SWEEP), 0ULL);
	make_late(test, map, "k");
	KUNIT_EXPECT_EQ(test, bytemap_deadline_reclaimable(map, BYTEMAP_SWEEP), 1ULL);
	KUNIT_EXPECT_EQ(test, bytemap_sweep_late(map, 1), 1U);
	KUNIT_EXPECT_EQ(test, bytemap_deadline_reclaimable(map, BYTEMAP_SWEEP), 1ULL);
	KUNIT_EXPECT_EQ(test, bytemap_sweep_stale(map, 1), 1U);
	KUNIT_EXPECT_EQ(test, bytemap_deadline_reclaimable(map, BYTEMAP_SWEEP), 0ULL);
}

/* One that counts does not leave that to the sweeper */
static void what_is_late_does_not_count(struct kunit *test)
{
	struct bytemap *map = ttl_map(test, 0, 0);

	KUNIT_EXPECT_EQ(test, store_until(map, "k", "v", in_an_hour()), 0);
	KUNIT_EXPECT_EQ(test, store_count(map), 1ULL);
	make_late(test, map, "k");
	KUNIT_EXPECT_EQ(test, store_count(map), 0ULL);
}

/* One that asks for all maps does */
static void whoever_lists_does_not_sweep(struct kunit *test)
{
	struct bytemap *map = ttl_map(test, 0, 0);
	struct syncmap_map_info info;

	KUNIT_EXPECT_EQ(test, store_until(map, "k", "v", in_an_hour()), 0);
	make_late(test, map, "k");
	bytemap_info(map, &init_user_ns, &info);
	KUNIT_EXPECT_EQ(test, info.count, 1ULL);
	KUNIT_EXPECT_EQ(test, live(map), 1ULL);
	KUNIT_EXPECT_EQ(test, store_count(map), 0ULL);
}

/* The sweeper has picked the value, then it is refreshed, then it is looked at */
static void a_refreshed_value_is_not_taken(struct kunit *test)
{
	struct bytemap *map = ttl_map(test, 0, 0);
	struct bytemap_value *value;
	u64 hour = in_an_hour();

	KUNIT_EXPECT_EQ(test, store_until(map, "k", "v", hour), 0);
	value = bytemap_deadline_pick(map, hour);
	KUNIT_ASSERT_NOT_NULL(test, value);
	refcount_inc(&value->refs);
	KUNIT_EXPECT_EQ(test, touch(map, "k", hour + 1), 0);
	sweep_value(map, value, hour, false);
	KUNIT_EXPECT_TRUE(test, store_has(map, "k", "v"));
	KUNIT_EXPECT_EQ(test, queued(test, map, "k"), hour + 1);
	sweep_value(map, value, hour + 1, false);
	KUNIT_EXPECT_FALSE(test, store_has(map, "k", "v"));
	KUNIT_EXPECT_EQ(test, live(map), 0ULL);
}

/* The same when the key gets a new object: the value is late, or too long */
static void a_replaced_value_is_not_taken(struct kunit *test)
{
	struct bytemap *map = ttl_map(test, 0, 0);
	const char *text = store_text(test, 'l', 99);
	struct bytemap_value *value;
	u64 hour = in_an_hour();

	KUNIT_EXPECT_EQ(test, store_until(map, "k", "v", hour), 0);
	value = bytemap_deadline_pick(map, hour);
	KUNIT_ASSERT_NOT_NULL(test, value);
	KUNIT_EXPECT_EQ(test, store_until(map, "k", text, hour), 0);
	KUNIT_EXPECT_EQ(test, value->state, VALUE_REPLACED);
	sweep_value(map, value, hour, false);
	make_late(test, map, "k");
	value = bytemap_deadline_pick(map, PAST);
	KUNIT_ASSERT_NOT_NULL(test, value);
	KUNIT_EXPECT_EQ(test, store_store(map, "k", "new"), 0);
	KUNIT_EXPECT_EQ(test, value->state, VALUE_DELETED);
	sweep_value(map, value, PAST, false);
	KUNIT_EXPECT_TRUE(test, store_has(map, "k", "new"));
	KUNIT_EXPECT_EQ(test, stat_of(map, "expired"), 1ULL);
}

/* Between a Clear and its end: the core does not have the value any more */
static void a_cleared_value_does_not_expire(struct kunit *test)
{
	struct bytemap *map = ttl_map(test, 0, 0);
	struct bytemap_value *value;
	u64 revision;

	KUNIT_EXPECT_EQ(test, store_until(map, "k", "v", in_an_hour()), 0);
	value = make_late(test, map, "k");
	revision = atomic64_read(&map->revision);
	KUNIT_EXPECT_TRUE(test, syncmap_compare_and_delete(&map->core, "k", 1,
							   value));
	KUNIT_EXPECT_EQ(test, bytemap_sweep_late(map, 4), 1U);
	KUNIT_EXPECT_EQ(test, bytemap_sweep_late(map, 4), 0U);
	KUNIT_EXPECT_EQ(test, (u64)atomic64_read(&map->revision), revision);
	KUNIT_EXPECT_EQ(test, stat_of(map, "expired"), 0ULL);
	KUNIT_EXPECT_EQ(test, live(map), 1ULL);
	bytemap_entry_cleared(map, value);
	bytemap_value_release(value);
	KUNIT_EXPECT_EQ(test, live(map), 0ULL);
}

static int view_stale(struct bytemap *map, struct bytemap_value *value)
{
	struct bytemap_view view;
	int err;

	rcu_read_lock();
	err = bytemap_entry_view_stale(map, value, &view, 64);
	rcu_read_unlock();
	return err;
}

static void a_stale_value_lapses_before_it_ends(struct kunit *test)
{
	struct bytemap *map = ttl_map(test, 0, U64_MAX);
	struct bytemap_value *value;
	u64 bytes;

	KUNIT_EXPECT_EQ(test, store_until(map, "k", "v", in_an_hour()), 0);
	bytes = store_bytes(map);
	value = store_object(map, "k");
	KUNIT_EXPECT_EQ(test, view_stale(map, value), ABSENT);
	make_late(test, map, "k");
	KUNIT_EXPECT_EQ(test, view_stale(map, value), 0);
	KUNIT_EXPECT_EQ(test, store_count(map), 0ULL);
	KUNIT_EXPECT_EQ(test, value->state, VALUE_LAPSED);
	KUNIT_EXPECT_EQ(test, stat_of(map, "lapsed"), 1ULL);
	KUNIT_EXPECT_EQ(test, stat_of(map, "expiring"), 0ULL);
	KUNIT_EXPECT_EQ(test, store_bytes(map), bytes);
	KUNIT_EXPECT_EQ(test, view_stale(map, value), 0);
	KUNIT_EXPECT_EQ(test, touch(map, "k", in_an_hour()), -ENOENT);
	KUNIT_EXPECT_EQ(test, bytemap_sweep_late(map, 4), 0U);
	KUNIT_EXPECT_EQ(test, bytemap_sweep_stale(map, 4), 1U);
	KUNIT_EXPECT_EQ(test, value->state, VALUE_DELETED);
	KUNIT_EXPECT_EQ(test, view_stale(map, value), ABSENT);
	KUNIT_EXPECT_EQ(test, stat_of(map, "lapsed"), 0ULL);
	KUNIT_EXPECT_EQ(test, stat_of(map, "expired"), 1ULL);
	KUNIT_EXPECT_EQ(test, store_bytes(map), 0ULL);
	bytemap_value_put(value);
}

/* A second in which it is stale is over */
static void a_value_is_not_stale_for_ever(struct kunit *test)
{
	struct bytemap *map = ttl_map(test, 0, NSEC_PER_SEC);
	u64 now = ktime_get_boottime_ns();
	struct bytemap_value *value;

	KUNIT_ASSERT_GT(test, now, 2 * NSEC_PER_SEC);
	KUNIT_EXPECT_EQ(test, store_until(map, "k", "v", in_an_hour()), 0);
	value = store_object(map, "k");
	make_late(test, map, "k");
	KUNIT_EXPECT_EQ(test, view_stale(map, value), ABSENT);
	KUNIT_EXPECT_EQ(test, bytemap_sweep_late(map, 1), 1U);
	KUNIT_EXPECT_EQ(test, value->state, VALUE_LAPSED);
	KUNIT_EXPECT_EQ(test, bytemap_sweep_late(map, 1), 1U);
	KUNIT_EXPECT_EQ(test, value->state, VALUE_DELETED);
	bytemap_value_put(value);
}

static void cleared_stale_values_are_accounted(struct kunit *test)
{
	struct bytemap *map = ttl_map(test, 0, U64_MAX);

	KUNIT_EXPECT_EQ(test, store_until(map, "k", "v", PAST), 0);
	KUNIT_EXPECT_EQ(test, store_store(map, "l", "v"), 0);
	KUNIT_EXPECT_EQ(test, store_count(map), 1ULL);
	KUNIT_EXPECT_EQ(test, store_clear(map), 0);
	KUNIT_EXPECT_EQ(test, stat_of(map, "lapsed"), 0ULL);
	KUNIT_EXPECT_EQ(test, store_bytes(map), 0ULL);
	KUNIT_EXPECT_EQ(test, store_store(map, "l", "v"), 0);
	KUNIT_EXPECT_EQ(test, store_count(map), 1ULL);
}

static void a_full_map_ends_what_is_late(struct kunit *test)
{
	const struct syncmap_create create = {
		.key_type = SYNCMAP_KEY_STRING, .stale = U64_MAX,
		.limits.entries = 2,
	};
	struct bytemap *map = store_map_of(test, &create);

	KUNIT_EXPECT_EQ(test, store_until(map, "a", "v", in_an_hour()), 0);
	KUNIT_EXPECT_EQ(test, store_until(map, "b", "v", in_an_hour()), 0);
	KUNIT_EXPECT_EQ(test, store_store(map, "c", "v"), -ENOSPC);
	make_late(test, map, "b");
	KUNIT_EXPECT_EQ(test, store_store(map, "c", "v"), 0);
	KUNIT_EXPECT_EQ(test, store_store(map, "b", "v"), -ENOSPC);
	make_late(test, map, "a");
	KUNIT_EXPECT_EQ(test, store_count(map), 1ULL);
	KUNIT_EXPECT_EQ(test, store_store(map, "b", "v"), 0);
	KUNIT_EXPECT_EQ(test, store_count(map), 2ULL);
}

/* The file is being closed, and has picked the value, when another one stores */
static void what_changes_hands_is_not_taken(struct kunit *test)
{
	struct bytemap *map = store_map(test, SYNCMAP_KEY_STRING, NULL);
	struct bytemap_client *one = store_client(test, map);
	struct bytemap_client *two = store_client(test, map);
	const char *text = store_text(test, 'l', 99);
	struct bytemap_value *value;

	/* In place */
	KUNIT_EXPECT_EQ(test, store_owned(map, one, "k", "one"), 0);
	value = bytemap_owner_pick(one);
	KUNIT_ASSERT_NOT_NULL(test, value);
	KUNIT_EXPECT_EQ(test, store_owned(map, two, "k", "two"), 0);
	drop_value(map, value);
	KUNIT_EXPECT_TRUE(test, store_has(map, "k", "two"));
	KUNIT_EXPECT_PTR_EQ(test, bytemap_owner_pick(one), NULL);
	/* In a new object */
	value = bytemap_owner_pick(two);
	KUNIT_ASSERT_NOT_NULL(test, value);
	KUNIT_EXPECT_EQ(test, store_owned(map, one, "k", text), 0);
	drop_value(map, value);
	KUNIT_EXPECT_TRUE(test, store_has(map, "k", text));
	/* To nobody */
	value = bytemap_owner_pick(one);
	KUNIT_ASSERT_NOT_NULL(test, value);
	KUNIT_EXPECT_EQ(test, store_store(map, "k", "free"), 0);
	drop_value(map, value);
	KUNIT_EXPECT_TRUE(test, store_has(map, "k", "free"));
	KUNIT_EXPECT_EQ(test, map->owned, 0ULL);
	store_client_end(one);
	store_client_end(two);
	KUNIT_EXPECT_TRUE(test, store_has(map, "k", "free"));
}

static struct kunit_case sweep_cases[] = {
	KUNIT_CASE(a_sweep_is_bounded),
	KUNIT_CASE(what_is_late_can_be_reclaimed),
	KUNIT_CASE(what_is_late_does_not_count),
	KUNIT_CASE(whoever_lists_does_not_sweep),
	KUNIT_CASE(a_refreshed_value_is_not_taken),
	KUNIT_CASE(a_replaced_value_is_not_taken),
	KUNIT_CASE(a_cleared_value_does_not_expire),
	KUNIT_CASE(a_stale_value_lapses_before_it_ends),
	KUNIT_CASE(a_value_is_not_stale_for_ever),
	KUNIT_CASE(cleared_stale_values_are_accounted),
	KUNIT_CASE(a_full_map_ends_what_is_late),
	KUNIT_CASE(what_changes_hands_is_not_taken),
	{}
};

static struct kunit_suite sweep_suite = {
	.name = "bytemap_sweep",
	.suite_init = store_suite_init,
	.suite_exit = store_suite_exit,
	.init = store_test_init,
	.exit = store_test_exit,
	.test_cases = sweep_cases,
};

kunit_test_suite(sweep_suite);
