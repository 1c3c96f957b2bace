// SPDX-License-Identifier: GPL-2.0-only
/*
 * What waits for a grace period, and who waits for that
 */
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/kthread.h>
#include <linux/mm.h>

#include "../../module/store/doom.c"
#include "common.h"

/* As if so much more of it waited */
static void pretend(struct bytemap *map, s64 bytes)
{
	atomic64_add(bytes, &map->doom.bytes);
	wake_up(&map->doom.wait);
}

static void write_and_delete(struct kunit *test, struct bytemap *map)
{
	KUNIT_EXPECT_EQ(test, store_store(map, "k", "inserted"), 0);
	KUNIT_EXPECT_EQ(test, store_store(map, "k", store_text(test, 'l', 99)),
			0);
	KUNIT_EXPECT_EQ(test, store_delete(map, "k"), 0);
}

/* As if a grace period had begun, which are too short to be counted on */
static void hold_doomed(struct bytemap *map)
{
	set_bit(0, &map->doom.busy);
}

static void let_doomed_go(struct bytemap *map)
{
	clear_bit(0, &map->doom.busy);
	begin_grace_period(&map->doom);
}

static void another_map_makes_nobody_wait(struct kunit *test)
{
	struct bytemap *map = store_map(test, SYNCMAP_KEY_STRING, NULL);
	struct bytemap *other = store_map(test, SYNCMAP_KEY_STRING, NULL);

	pretend(other, MOST + 1);
	KUNIT_EXPECT_TRUE(test, bytemap_doom_is_full(&other->doom));
	write_and_delete(test, map);
	KUNIT_EXPECT_EQ(test, store_stat(map, "throttled"), 0ULL);
	pretend(other, -MOST - 1);
}

/* A value that is late has no deadline before the clock began */
static void store_late(struct kunit *test, struct bytemap *map)
{
	struct store_op so = {
		.op.op = SYNCMAP_OP_STORE, .op.deadline = SYNCMAP_NEVER - 1,
		.key = "late", .value = "v",
	};
	struct bytemap_value *value;

	KUNIT_ASSERT_EQ(test, store_op(map, &so), 0);
	value = store_object(map, "late");
	bytemap_mortal(value)->deadline = 1;
	bytemap_mortal(value)->node.expires = 1;
	bytemap_value_put(value);
}

/* Nor is anything doomed for those who only ask */
static void who_only_reads_does_not_wait(struct kunit *test)
{
	struct bytemap *map = store_map(test, SYNCMAP_KEY_STRING, NULL);

	KUNIT_EXPECT_EQ(test, store_store(map, "k", "v"), 0);
	store_late(test, map);
	pretend(map, MOST + 1);
	KUNIT_EXPECT_TRUE(test, store_has(map, "k", "v"));
	KUNIT_EXPECT_FALSE(test, store_has(map, "late", "v"));
	KUNIT_EXPECT_EQ(test, store_count(map), 2ULL);
	KUNIT_EXPECT_EQ(test, store_stat(map, "throttled"), 0ULL);
	pretend(map, -MOST - 1);
	KUNIT_EXPECT_EQ(test, store_count(map), 1ULL);
}

/* What was done is done; there is nobody to wait any more */
static void who_writes_waits_and_can_be_killed(struct kunit *test)
{
	struct bytemap *map = store_map(test, SYNCMAP_KEY_STRING, NULL);

	pretend(map, MOST + 1);
	hold_doomed(map);
	store_kill();
	KUNIT_EXPECT_EQ(test, store_store(map, "k", "inserted"), 0);
	KUNIT_EXPECT_EQ(test, store_store(map, "k", "in place"), 0);
	KUNIT_EXPECT_EQ(test, store_stat(map, "throttled"), 1ULL);
	KUNIT_EXPECT_EQ(test, store_delete(map, "k"), 0);
	KUNIT_EXPECT_EQ(test, bytemap_doom_wait(&map->doom), -EINTR);
	store_revive();
	let_doomed_go(map);
	KUNIT_EXPECT_EQ(test, store_stat(map, "throttled"), 2ULL);
	pretend(map, -MOST - 1);
	KUNIT_EXPECT_EQ(test, store_count(map), 0ULL);
}

struct relief {
	struct bytemap		*map;
	struct completion	end;
};

/* As soon as somebody waits for it; but not for ever */
static int relieve(void *arg)
{
	struct relief *relief = arg;
	int ms;

	for (ms = 0; ms < 10000 && !store_stat(relief->map, "throttled"); ms++)
		usleep_range(1000, 2000);
	pretend(relief->map, -MOST - 1);
	complete(&relief->end);
	return 0;
}

static void a_writer_goes_on_when_less_is_doomed(struct kunit *test)
{
	struct bytemap *map = store_map(test, SYNCMAP_KEY_STRING, NULL);
	struct relief relief = { .map = map };
	struct task_struct *task;

	init_completion(&relief.end);
	pretend(map, MOST + 1);
	task = kthread_run(relieve, &relief, "doom_kunit");
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, task);
	KUNIT_EXPECT_EQ(test, store_store(map, "k", "v"), 0);
	wait_for_completion(&relief.end);
	KUNIT_EXPECT_EQ(test, store_stat(map, "throttled"), 1ULL);
	KUNIT_EXPECT_FALSE(test, bytemap_doom_is_full(&map->doom));
}

static void doom_some(struct kunit *test, struct bytemap *map, unsigned int n)
{
	while (n--) {
		KUNIT_ASSERT_EQ(test, store_store(map, "k", "v"), 0);
		KUNIT_ASSERT_EQ(test, store_delete(map, "k"), 0);
	}
}

/* In portions, those that come meanwhile included */
static void all_that_is_doomed_is_freed(struct kunit *test)
{
	struct bytemap *map = store_map(test, SYNCMAP_KEY_STRING, NULL);

	hold_doomed(map);
	doom_some(test, map, PORTION + 1);
	KUNIT_EXPECT_GT(test, atomic64_read(&map->doom.bytes), 0LL);
	let_doomed_go(map);
	doom_some(test, map, PORTION);
	KUNIT_EXPECT_EQ(test, bytemap_doom_wait(&map->doom), 0);
	KUNIT_EXPECT_EQ(test, atomic64_read(&map->doom.bytes), 0LL);
	KUNIT_EXPECT_TRUE(test, bytemap_doom_is_empty(&map->doom));
}

static void a_share_of_what_the_map_may_hold(struct kunit *test)
{
	static const struct syncmap_limits small = { .bytes = 1 };
	static const struct syncmap_limits middle = { .bytes = SHARE * SZ_1M };
	static const struct syncmap_limits large = { .bytes = SHARE * MOST + 1 };

	KUNIT_EXPECT_EQ(test, store_map(test, SYNCMAP_KEY_U64, &small)->doom.max,
			(s64)LEAST);
	KUNIT_EXPECT_EQ(test, store_map(test, SYNCMAP_KEY_U64, &middle)->doom.max,
			(s64)SZ_1M);
	/* A guest may have less memory than that takes: see max_bytes */
	if (totalram_pages() >> (20 - PAGE_SHIFT) > 4 * 257)
		KUNIT_EXPECT_EQ(test,
				store_map(test, SYNCMAP_KEY_U64, &large)->doom.max,
				(s64)MOST);
}

static struct kunit_case doom_cases[] = {
	KUNIT_CASE(another_map_makes_nobody_wait),
	KUNIT_CASE(who_only_reads_does_not_wait),
	KUNIT_CASE(who_writes_waits_and_can_be_killed),
	KUNIT_CASE(a_writer_goes_on_when_less_is_doomed),
	KUNIT_CASE(all_that_is_doomed_is_freed),
	KUNIT_CASE(a_share_of_what_the_map_may_hold),
	{}
};

static struct kunit_suite doom_suite = {
	.name = "bytemap_doom",
	.suite_init = store_suite_init,
	.suite_exit = store_suite_exit,
	.init = store_test_init,
	.exit = store_test_exit,
	.test_cases = doom_cases,
};

kunit_test_suite(doom_suite);
