// SPDX-License-Identifier: GPL-2.0-only
/*
 * What clients own
 */
#include <linux/delay.h>

#include "../../module/store/owner.c"
#include "../../module/store/client.h"
#include "../../module/store/entry.h"
#include "../../module/store/map.h"
#include "../../module/store/reader.h"
#include "../../module/store/sweep.h"
#include "../../module/store/watch.h"
#include "common.h"

static void the_kernel_owns_nothing(struct kunit *test)
{
	struct bytemap *map = store_map(test, SYNCMAP_KEY_STRING, NULL);

	KUNIT_EXPECT_EQ(test, store_owned(map, NULL, "k", "v"), 0);
	KUNIT_EXPECT_TRUE(test, store_has(map, "k", "v"));
	KUNIT_EXPECT_EQ(test, map->owned, 0ULL);
}

static void an_entry_goes_with_its_owner(struct kunit *test)
{
	struct bytemap *map = store_map(test, SYNCMAP_KEY_STRING, NULL);
	struct bytemap_client *client = store_client(test, map);

	KUNIT_EXPECT_EQ(test, store_owned(map, client, "k", "v"), 0);
	KUNIT_EXPECT_EQ(test, store_store(map, "l", "stays"), 0);
	KUNIT_EXPECT_EQ(test, map->owned, 1ULL);
	store_client_end(client);
	KUNIT_EXPECT_FALSE(test, store_has(map, "k", "v"));
	KUNIT_EXPECT_TRUE(test, store_has(map, "l", "stays"));
	KUNIT_EXPECT_EQ(test, store_count(map), 1ULL);
	KUNIT_EXPECT_EQ(test, store_bytes(map), bytemap_charge(1, 5));
	KUNIT_EXPECT_EQ(test, map->owned, 0ULL);
}

/* Whether the dump, or the event, that comes next says so */
static bool next_is_owned(struct kunit *test, struct bytemap_watch *watch,
			  u32 type)
{
	return store_event(test, watch, type)->flags & SYNCMAP_RECORD_OWNED;
}

static bool load_says_owned(struct kunit *test, struct bytemap *map)
{
	struct store_op so = { .op.op = SYNCMAP_OP_LOAD, .key = "k" };

	KUNIT_EXPECT_EQ(test, store_op(map, &so), 0);
	return so.answer.result & SYNCMAP_RESULT_OWNED;
}

static void what_has_an_owner_says_so(struct kunit *test)
{
	struct bytemap *map = store_map(test, SYNCMAP_KEY_STRING, NULL);
	struct bytemap_client *client = store_client(test, map);
	struct bytemap_watch *watch;

	KUNIT_EXPECT_EQ(test, store_owned(map, client, "k", "v"), 0);
	watch = store_watch(test, map, SYNCMAP_WATCH_DUMP, "");
	KUNIT_EXPECT_TRUE(test, load_says_owned(test, map));
	KUNIT_EXPECT_TRUE(test, next_is_owned(test, watch,
					      SYNCMAP_RECORD_ENTRY));
	KUNIT_EXPECT_FALSE(test, next_is_owned(test, watch,
					       SYNCMAP_RECORD_DUMPED));
	KUNIT_EXPECT_EQ(test, store_store(map, "k", "w"), 0);
	KUNIT_EXPECT_FALSE(test, load_says_owned(test, map));
	KUNIT_EXPECT_FALSE(test, next_is_owned(test, watch,
					       SYNCMAP_RECORD_STORE));
	KUNIT_EXPECT_EQ(test, store_owned(map, client, "k", "v"), 0);
	KUNIT_EXPECT_TRUE(test, next_is_owned(test, watch,
					      SYNCMAP_RECORD_STORE));
	store_client_end(client);
	KUNIT_EXPECT_FALSE(test, store_has(map, "k", "v"));
	/* A job deletes it */
	KUNIT_EXPECT_EQ(test, bytemap_reader_wait(watch), 0);
	KUNIT_EXPECT_FALSE(test, next_is_owned(test, watch,
					       SYNCMAP_RECORD_DELETE));
	bytemap_watch_destroy(watch);
}

/* Between a Clear and its end: the core does not have the value any more */
static void what_was_cleared_is_let_go(struct kunit *test)
{
	struct bytemap *map = store_map(test, SYNCMAP_KEY_STRING, NULL);
	struct bytemap_client *client = store_client(test, map);
	struct bytemap_view *view = kunit_kzalloc(test, sizeof(*view),
						  GFP_KERNEL);
	struct bytemap_value *value;
	u64 revision;

	KUNIT_ASSERT_NOT_NULL(test, view);
	KUNIT_EXPECT_EQ(test, store_owned(map, client, "k", "v"), 0);
	value = store_object(map, "k");
	revision = atomic64_read(&map->revision);
	KUNIT_EXPECT_TRUE(test, syncmap_compare_and_delete(&map->core, "k", 1,
							   value));
	KUNIT_EXPECT_EQ(test, store_store(map, "k", "new"), 0);
	store_client_end(client);
	while (READ_ONCE(map->owned))
		usleep_range(1000, 2000);
	KUNIT_EXPECT_EQ(test, value->state, VALUE_LIVE);
	/* For who has found it before, too */
	KUNIT_EXPECT_EQ(test, bytemap_entry_view(map, value, view, BYTEMAP_COPY),
			ABSENT);
	KUNIT_EXPECT_EQ(test, (u64)atomic64_read(&map->revision), revision + 1);
	KUNIT_EXPECT_TRUE(test, store_has(map, "k", "new"));
	bytemap_entry_cleared(map, value);
	bytemap_value_release(value);
	bytemap_value_put(value);
	KUNIT_EXPECT_EQ(test, store_count(map), 1ULL);
}

#define MANY	(3 * BYTEMAP_SWEEP)

static unsigned int count_present(struct bytemap *map)
{
	unsigned int i, n = 0;
	char key[8];

	for (i = 0; i < MANY; i++) {
		snprintf(key, sizeof(key), "%u", i);
		n += store_has(map, key, "v");
	}
	return n;
}

/*
 * Nobody frees anything as long as so much is doomed, and the file is closed
 * nonetheless, at once, with all that it owns
 */
static void an_owner_goes_at_one_instant(struct kunit *test)
{
	struct bytemap *map = store_map(test, SYNCMAP_KEY_STRING, NULL);
	struct bytemap_client *client = store_client(test, map);
	s64 much = map->doom.max + 1;
	unsigned int i;
	char key[8];

	for (i = 0; i < MANY; i++) {
		snprintf(key, sizeof(key), "%u", i);
		KUNIT_ASSERT_EQ(test, store_owned(map, client, key, "v"),
				0);
	}
	KUNIT_EXPECT_EQ(test, count_present(map), (unsigned int)MANY);
	atomic64_add(much, &map->doom.bytes);
	store_client_end(client);
	KUNIT_EXPECT_EQ(test, count_present(map), 0U);
	KUNIT_EXPECT_EQ(test, READ_ONCE(map->owned), (u64)MANY);
	KUNIT_EXPECT_EQ(test, store_stat(map, "throttled"), 0ULL);
	atomic64_sub(much, &map->doom.bytes);
	while (READ_ONCE(map->owned))
		usleep_range(1000, 2000);
	KUNIT_EXPECT_EQ(test, store_count(map), 0ULL);
	KUNIT_EXPECT_EQ(test, store_bytes(map), 0ULL);
}

/* They are absent, so there is room, also for their own keys */
static void orphans_make_room(struct kunit *test)
{
	const struct syncmap_limits limits = { .entries = 2 };
	struct bytemap *map = store_map(test, SYNCMAP_KEY_STRING, &limits);
	struct bytemap_client *client = store_client(test, map);

	KUNIT_EXPECT_EQ(test, store_owned(map, client, "a", "v"), 0);
	KUNIT_EXPECT_EQ(test, store_owned(map, client, "b", "v"), 0);
	KUNIT_EXPECT_EQ(test, store_store(map, "c", "v"), -ENOSPC);
	KUNIT_EXPECT_TRUE(test, bytemap_owner_close(client));
	KUNIT_EXPECT_EQ(test, store_store(map, "a", "new"), 0);
	KUNIT_EXPECT_EQ(test, store_store(map, "c", "v"), 0);
	KUNIT_EXPECT_EQ(test, store_count(map), 2ULL);
	KUNIT_EXPECT_EQ(test, map->owned, 0ULL);
	KUNIT_EXPECT_TRUE(test, store_has(map, "a", "new"));
	KUNIT_EXPECT_FALSE(test, bytemap_sweep_closed(client));
	KUNIT_EXPECT_TRUE(test, list_empty(&map->closed));
	bytemap_client_free(client);
	bytemap_put(map);
}

/* Nor is an orphan a stale value, that somebody could be given */
static void orphans_are_not_stale(struct kunit *test)
{
	const struct syncmap_create create = {
		.key_type = SYNCMAP_KEY_STRING, .stale = SYNCMAP_NEVER,
	};
	struct bytemap *map = store_map_of(test, &create);
	struct bytemap_client *client = store_client(test, map);
	struct bytemap_client *other = store_client(test, map);
	struct store_op so = {
		.op.op = SYNCMAP_OP_LOAD_OR_LEASE,
		.op.flags = SYNCMAP_FLAG_NOWAIT | SYNCMAP_FLAG_STALE,
		.key = "k", .client = other,
	};

	KUNIT_EXPECT_EQ(test, store_owned(map, client, "k", "v"), 0);
	KUNIT_EXPECT_TRUE(test, bytemap_owner_close(client));
	KUNIT_EXPECT_EQ(test, store_op(map, &so), 0);
	KUNIT_EXPECT_EQ(test, so.answer.result, (u32)SYNCMAP_RESULT_LEASED);
	KUNIT_EXPECT_FALSE(test, bytemap_sweep_closed(client));
	bytemap_client_free(client);
	bytemap_put(map);
	store_client_end(other);
}

static struct kunit_case owner_cases[] = {
	KUNIT_CASE(the_kernel_owns_nothing),
	KUNIT_CASE(an_entry_goes_with_its_owner),
	KUNIT_CASE(what_has_an_owner_says_so),
	KUNIT_CASE(what_was_cleared_is_let_go),
	KUNIT_CASE(an_owner_goes_at_one_instant),
	KUNIT_CASE(orphans_make_room),
	KUNIT_CASE(orphans_are_not_stale),
	{}
};

static struct kunit_suite owner_suite = {
	.name = "bytemap_owner",
	.suite_init = store_suite_init,
	.suite_exit = store_suite_exit,
	.init = store_test_init,
	.exit = store_test_exit,
	.test_cases = owner_cases,
};

kunit_test_suite(owner_suite);
