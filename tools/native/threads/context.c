// SPDX-License-Identifier: GPL-2.0-only
/*
 * In which context the core does what: a suite of what a kernel would say in its
 * log, and nobody in there could expect. The warnings are those of the shim.
 */
#include <linux/err.h>
#include <linux/ktime.h>
#include <linux/sched/mm.h>

#include "kunit/inside.h"
#include "module/large.h"

/* How many warnings there were since the last call; @on: there may be more */
static unsigned int warnings(bool on)
{
	unsigned int n = current->warnings;

	current->warnings = 0;
	current->may_warn = on;
	return n;
}

static void context_exit(struct kunit *test)
{
	warnings(false);
	current->flags = 0;
	current->percpu_dry = false;
	test_map_exit(test);
}

static void *compute(const void *key, size_t len, void *arg)
{
	return arg;
}

/* C-12: also when nothing has to be allocated */
static void call_in_read_section(struct kunit *test, unsigned int call, gfp_t gfp)
{
	struct test_map *tm = test->priv;
	struct syncmap_reservation *res;
	struct test_key key;
	void *value;

	test_key(tm, 0, &key);
	rcu_read_lock();
	switch (call) {
	case 0:
		syncmap_swap(&tm->map, key.bytes, key.len, val(1), &value, gfp);
		break;
	case 1:
		syncmap_load_or_store(&tm->map, key.bytes, key.len, val(1),
				      &value, gfp);
		break;
	case 2:
		syncmap_load_or_compute(&tm->map, key.bytes, key.len, compute,
					val(1), &value, gfp);
		break;
	case 3:
		res = syncmap_reserve(&tm->map, key.bytes, key.len, gfp);
		if (!IS_ERR(res))
			syncmap_unreserve(&tm->map, res);
		break;
	}
	rcu_read_unlock();
}

static void context_says_that_it_may_sleep(struct kunit *test)
{
	struct test_map *tm = test->priv;
	unsigned int call;

	KUNIT_ASSERT_EQ(test, tm_store(tm, 0, val(0)), 0);
	KUNIT_ASSERT_EQ(test, syncmap_promote(&tm->map), 0);
	warnings(true);
	for (call = 0; call < 4; call++) {
		call_in_read_section(test, call, GFP_ATOMIC);
		KUNIT_EXPECT_EQ_MSG(test, warnings(true), 0U, "call %u", call);
		call_in_read_section(test, call, GFP_KERNEL);
		KUNIT_EXPECT_NE_MSG(test, warnings(true), 0U, "call %u", call);
	}
}

/* C-6: the worker reclaims memory, so nobody waits for it who does that himself */
static void context_waits_for_nobody_in_reclaim(struct kunit *test)
{
	struct test_map *tm = test->priv;
	struct syncmap other;

	syncmap_init(&other, &tm->map.params);
	warnings(true);
	current->flags = PF_MEMALLOC;
	tm->gfp = GFP_ATOMIC;
	KUNIT_EXPECT_EQ(test, tm_store(tm, 0, val(0)), 0);
	KUNIT_EXPECT_TRUE(test, tm_delete(tm, 0));
	syncmap_reclaim(&tm->map);
	syncmap_clear(&tm->map);
	KUNIT_EXPECT_EQ(test, warnings(true), 0U);
	syncmap_promote(&tm->map);
	KUNIT_EXPECT_EQ(test, warnings(true), 1U);
	syncmap_destroy(&other);
	KUNIT_EXPECT_EQ(test, warnings(true), 1U);
}

/* C-15: it has nobody to sleep for it, and may come in any number */
static void context_stores_after_clear(struct kunit *test)
{
	struct test_map *tm = test->priv;
	unsigned int i;

	KUNIT_ASSERT_EQ(test, tm_store(tm, 0, val(0)), 0);
	current->percpu_dry = true;
	tm->gfp = GFP_ATOMIC;
	for (i = 0; i < 4; i++) {
		syncmap_clear(&tm->map);
		KUNIT_EXPECT_EQ_MSG(test, tm_store(tm, 0, val(0)), 0, "%u", i);
	}
	for (i = 0; i < 20; i++) {
		syncmap_clear(&tm->map);
		while (!syncmap_is_freed(&tm->map))
			msleep(1);
		KUNIT_EXPECT_EQ_MSG(test, tm_store(tm, 0, val(0)), 0, "%u", i);
		KUNIT_EXPECT_EQ(test, syncmap_count(&tm->map), 1UL);
	}
}

/* C-4: a piece is had at once or not at all, and pages for nobody's life */
static void context_takes_scattered_pages(struct kunit *test)
{
	static const gfp_t gfps[] = { GFP_KERNEL, GFP_KERNEL | __GFP_RETRY_MAYFAIL };
	unsigned int i;
	void *p;

	for (i = 0; i < ARRAY_SIZE(gfps); i++) {
		p = syncmap_large_alloc(2 * PAGE_SIZE, gfps[i]);
		KUNIT_EXPECT_TRUE_MSG(test, p, "gfp %u", i);
		kvfree(p);
	}
	KUNIT_EXPECT_NULL(test, syncmap_large_alloc(2 * PAGE_SIZE, GFP_ATOMIC));
}

/* C-17 */
static void context_rests_among_locks(struct kunit *test)
{
	const struct syncmap_params params = {};
	const siphash_key_t seed = {};
	unsigned long rests = current->rests;
	struct syncmap_dirty *dirty;

	dirty = syncmap_dirty_alloc(&params, &seed, 16, GFP_KERNEL);
	KUNIT_ASSERT_TRUE(test, dirty);
	KUNIT_EXPECT_GE(test, current->rests - rests, 64UL);
	syncmap_dirty_free(dirty);
}

static struct kunit_case context_cases[] = {
	KUNIT_CASE(context_says_that_it_may_sleep),
	KUNIT_CASE(context_waits_for_nobody_in_reclaim),
	KUNIT_CASE(context_stores_after_clear),
	KUNIT_CASE(context_takes_scattered_pages),
	KUNIT_CASE(context_rests_among_locks),
	{}
};

static struct kunit_suite context_suite = {
	.name = "syncmap_context",
	.suite_init = test_suite_init,
	.init = test_map_init,
	.exit = context_exit,
	.test_cases = context_cases,
};
kunit_test_suite(context_suite);
