// SPDX-License-Identifier: GPL-2.0-only
/*
 * What happens after a grace period
 */
#include <linux/cpumask.h>
#include <linux/delay.h>

#include "../module/core/retire.c"
#include "crew.h"
#include "inside.h"

/* Until nothing of the map is under way but the generation in use */
static void settle(struct test_map *tm)
{
	int used = !state_is_empty(tm_state(tm));

	wait_var_event(&tm->map.inflight,
		       atomic_read(&tm->map.inflight) == used);
}

/* Replaced, deleted and moved values are the caller's, or live on */
static void promotion_frees_no_value(struct kunit *test)
{
	struct test_map *tm = test->priv;

	KUNIT_ASSERT_EQ(test, tm_fill(tm, 0, 40), 0);
	KUNIT_ASSERT_EQ(test, syncmap_promote(&tm->map), 0);
	KUNIT_ASSERT_EQ(test, tm_fill(tm, 20, 60), 0);
	KUNIT_EXPECT_TRUE(test, tm_delete(tm, 5));
	KUNIT_EXPECT_TRUE(test, tm_delete(tm, 50));
	KUNIT_ASSERT_EQ(test, syncmap_promote(&tm->map), 0);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&tm->freed), 0);
	KUNIT_EXPECT_TRUE(test, tm_store(tm, 5, val(5)) == 0 &&
			  tm_store(tm, 50, val(50)) == 0 &&
			  tm_holds(tm, 0, 60));
}

/* Each phase in which a Clear may meet the map: what is in it is freed, once */
static void clear_frees_values_in_each_phase(struct kunit *test)
{
	struct test_map *tm = test->priv;
	int i;

	for (i = 0; i < 4; i++) {
		atomic_long_set(&tm->freed, 0);
		KUNIT_ASSERT_EQ(test, tm_fill(tm, 0, 40), 0);
		if (i & 1)
			KUNIT_ASSERT_EQ(test, syncmap_promote(&tm->map), 0);
		if (i & 2)
			KUNIT_ASSERT_EQ(test, tm_fill(tm, 40, 50), 0);
		/* Of which one is in a pair, where there are any */
		KUNIT_EXPECT_TRUE(test, tm_delete(tm, 0));
		KUNIT_EXPECT_TRUE(test, tm_delete(tm, 1));
		syncmap_clear(&tm->map);
		settle(tm);
		KUNIT_EXPECT_EQ(test, atomic_long_read(&tm->freed),
				(i & 2 ? 50 : 40) - 2);
	}
}

/* The works of a promotion and of a Clear may run in any order */
static void generation_outlives_its_states(struct kunit *test)
{
	struct test_map *tm = test->priv;
	int i;

	for (i = 0; i < 20; i++) {
		KUNIT_ASSERT_EQ(test, tm_fill(tm, 0, 10), 0);
		KUNIT_ASSERT_EQ(test, syncmap_promote(&tm->map), 0);
		KUNIT_EXPECT_TRUE(test, tm_delete(tm, 3));
		syncmap_clear(&tm->map);
	}
	settle(tm);
}

/* Insert and delete a key that never gets a pair so many times */
static void unlink_many(struct kunit *test, unsigned int times)
{
	struct test_map *tm = test->priv;

	while (times--) {
		KUNIT_EXPECT_EQ(test, tm_store(tm, 0, val(0)), 0);
		KUNIT_EXPECT_TRUE(test, tm_delete(tm, 0));
	}
}

static unsigned int nodes_ready(const struct syncmap_gen *gen)
{
	struct llist_node *node;
	unsigned int n = 0;
	int cpu;

	for_each_possible_cpu(cpu) {
		node = per_cpu_ptr(gen->counts, cpu)->ready.first;
		for (; node; node = node->next)
			n++;
	}
	return n;
}

/* Nothing under way, nothing in limbo, nothing kept */
static bool is_drained(struct syncmap_gen *gen)
{
	const struct syncmap_counts *counts;
	bool some = false;
	int cpu;

	if (test_and_set_bit_lock(0, &gen->draining))
		return false;
	for_each_possible_cpu(cpu) {
		counts = per_cpu_ptr(gen->counts, cpu);
		some |= !llist_empty(&counts->limbo) ||
			!llist_empty(&counts->ready) || counts->stale;
	}
	clear_bit_unlock(0, &gen->draining);
	return !some;
}

/* Go's TestIssue40999, D.2: unlinked nodes do not wait for a promotion */
static void limbo_is_drained_by_itself(struct kunit *test)
{
	struct test_map *tm = test->priv;
	struct syncmap_gen *gen;
	int i;

	KUNIT_ASSERT_EQ(test, tm_fill(tm, 1, 2), 0);
	gen = tm_state(tm)->gen;
	unlink_many(test, 2 * LIMBO_PORTION);
	for (i = 0; i < 3000 && !is_drained(gen); i++)
		msleep(20);
	KUNIT_EXPECT_TRUE(test, is_drained(gen));
	KUNIT_EXPECT_TRUE(test, tm_holds(tm, 1, 2));
}

/* But those with a key object, which are freed at once */
static void unlinked_nodes_are_used_again(struct kunit *test)
{
	struct test_map *tm = test->priv;
	unsigned int before, after;
	struct syncmap_gen *gen;

	KUNIT_ASSERT_EQ(test, tm_fill(tm, 1, 2), 0);
	tm_freeze(tm);
	gen = tm_state(tm)->gen;
	/* At least one CPU gets a portion, wherever this runs */
	unlink_many(test, LIMBO_PORTION * num_possible_cpus());
	/* On a CPU that has none, and from which a portion may come meanwhile */
	do {
		do
			flush_rcu_work(&gen->drain);
		while (test_bit(0, &gen->draining));
		before = nodes_ready(gen);
		KUNIT_EXPECT_EQ(test, !before, !tm->map.params.key_len);
		unlink_many(test, 1);
		after = nodes_ready(gen);
	} while (before && (after == before || test_bit(0, &gen->draining)));
	KUNIT_EXPECT_EQ(test, after, before ? before - 1 : 0);
	tm_thaw(tm);
}

/* More than there are pairs, so that others get nodes */
static bool take_all_pairs(struct test_map *tm)
{
	return !tm_fill(tm, 100, 100 + test_keys(tm, 64));
}

static void store_and_delete_any(struct worker *w)
{
	int i;

	for (i = 0; i < 150; i++) {
		if (i % 50 == 1)
			CREW_EXPECT(w, take_all_pairs(w->tm));
		CREW_EXPECT(w, !tm_store(w->tm, i % 8, val(1)));
		tm_delete(w->tm, test_below(&w->rnd, 8));
		if (i % 50 == 0)
			syncmap_clear(&w->tm->map);
	}
}

/* Nodes of several generations in limbo at a time */
static void limbo_survives_clear(struct kunit *test)
{
	struct crew *crew = crew_new(test);
	struct test_map *tm = test->priv;

	crew_add(crew, 3, store_and_delete_any, NULL);
	crew_run(crew);
	syncmap_clear(&tm->map);
	settle(tm);
}

KUNIT_ARRAY_PARAM(variant, test_variants, test_variant_desc);
KUNIT_ARRAY_PARAM(few, test_variants_few, test_variant_desc);

static struct kunit_case retire_cases[] = {
	KUNIT_CASE_PARAM(promotion_frees_no_value, variant_gen_params),
	KUNIT_CASE_PARAM(clear_frees_values_in_each_phase, variant_gen_params),
	KUNIT_CASE_PARAM(generation_outlives_its_states, few_gen_params),
	KUNIT_CASE_PARAM(limbo_is_drained_by_itself, few_gen_params),
	KUNIT_CASE_PARAM(unlinked_nodes_are_used_again, few_gen_params),
	KUNIT_CASE_PARAM(limbo_survives_clear, few_gen_params),
	{}
};

static struct kunit_suite retire_suite = {
	.name = "syncmap_retire",
	.suite_init = test_suite_init,
	.init = test_map_init,
	.exit = test_map_exit,
	.test_cases = retire_cases,
};

kunit_test_suite(retire_suite);
