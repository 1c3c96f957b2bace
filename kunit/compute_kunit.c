// SPDX-License-Identifier: GPL-2.0-only
/*
 * Load or compute
 */
#include <linux/delay.h>

#include <linux/completion.h>

#include "crew.h"

/* A task that waits is killed */
static bool killed;

static int wait_or_die(struct completion *c)
{
	return killed ? -ERESTARTSYS : wait_for_completion_killable(c);
}

#define wait_for_completion_killable	wait_or_die

#include "../module/core/compute.c"

#undef wait_for_completion_killable

/* What a computation is to do, and how often it was done */
struct recipe {
	struct test_map	*tm;
	void		*value;
	void		(*before)(struct recipe *recipe);
	atomic_t	done;
	int		ret;
};

static void *compute(const void *key, size_t len, void *arg)
{
	struct recipe *recipe = arg;

	atomic_inc(&recipe->done);
	if (recipe->before)
		recipe->before(recipe);
	return recipe->value;
}

static int load_or_compute(struct test_map *tm, u64 i, struct recipe *recipe,
			   void **actual)
{
	struct test_key key;

	test_key(tm, i, &key);
	return syncmap_load_or_compute(&tm->map, key.bytes, key.len, compute,
				       recipe, actual, GFP_KERNEL);
}

static void compute_of_absent_stores(struct kunit *test)
{
	struct test_map *tm = test->priv;
	struct recipe recipe = { .value = val(1) };
	void *actual;

	KUNIT_EXPECT_EQ(test, load_or_compute(tm, 7, &recipe, &actual), 0);
	KUNIT_EXPECT_PTR_EQ(test, actual, val(1));
	EXPECT_LOADS(test, tm, 7, val(1));
	recipe.value = val(2);
	KUNIT_EXPECT_EQ(test, load_or_compute(tm, 7, &recipe, &actual), 1);
	KUNIT_EXPECT_PTR_EQ(test, actual, val(1));
	KUNIT_EXPECT_EQ(test, atomic_read(&recipe.done), 1);
}

static void compute_of_null_is_stored(struct kunit *test)
{
	struct test_map *tm = test->priv;
	struct recipe recipe = {};
	void *actual = TEST_UNTOUCHED;

	KUNIT_EXPECT_EQ(test, load_or_compute(tm, 7, &recipe, &actual), 0);
	KUNIT_EXPECT_NULL(test, actual);
	KUNIT_EXPECT_EQ(test, load_or_compute(tm, 7, &recipe, &actual), 1);
}

/* The error comes back, nothing is stored, and the next one computes again */
static void compute_that_fails_stores_nothing(struct kunit *test)
{
	struct test_map *tm = test->priv;
	struct recipe recipe = { .value = ERR_PTR(-EIO) };
	void *actual;

	KUNIT_EXPECT_EQ(test, load_or_compute(tm, 7, &recipe, &actual), -EIO);
	EXPECT_ABSENT(test, tm, 7);
	recipe.value = val(1);
	KUNIT_EXPECT_EQ(test, load_or_compute(tm, 7, &recipe, &actual), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&recipe.done), 2);
}

static void compute_of_bad_arguments_is_refused(struct kunit *test)
{
	struct test_map *tm = test->priv;
	struct recipe recipe = { .value = (void *)2UL };
	void *actual;

	KUNIT_EXPECT_EQ(test, load_or_compute(tm, 7, &recipe, &actual),
			-EINVAL);
	EXPECT_ABSENT(test, tm, 7);
	KUNIT_EXPECT_EQ(test, syncmap_load_or_compute(&tm->map, "",
						      SYNCMAP_KEY_MAX + 1,
						      compute, &recipe,
						      &actual, GFP_KERNEL),
			-EINVAL);
	KUNIT_EXPECT_EQ(test, atomic_read(&recipe.done), 1);
}

static void compute_again(struct recipe *recipe)
{
	struct recipe inner = { .value = val(9) };
	void *actual;

	recipe->ret = load_or_compute(recipe->tm, 7, &inner, &actual);
}

/* It would wait for itself */
static void compute_of_its_own_key_is_refused(struct kunit *test)
{
	struct test_map *tm = test->priv;
	struct recipe recipe = {
		.tm = tm, .value = val(1), .before = compute_again,
	};
	void *actual;

	KUNIT_EXPECT_EQ(test, load_or_compute(tm, 7, &recipe, &actual), 0);
	KUNIT_EXPECT_EQ(test, recipe.ret, -EDEADLK);
	EXPECT_LOADS(test, tm, 7, val(1));
}

static void compute_another(struct recipe *recipe)
{
	struct recipe inner = { .value = val(9) };
	void *actual;

	recipe->ret = load_or_compute(recipe->tm, 8, &inner, &actual);
}

static void compute_may_compute_another_key(struct kunit *test)
{
	struct test_map *tm = test->priv;
	struct recipe recipe = {
		.tm = tm, .value = val(1), .before = compute_another,
	};
	void *actual;

	KUNIT_EXPECT_EQ(test, load_or_compute(tm, 7, &recipe, &actual), 0);
	KUNIT_EXPECT_EQ(test, recipe.ret, 0);
	EXPECT_LOADS(test, tm, 7, val(1));
	EXPECT_LOADS(test, tm, 8, val(9));
}

static void store_first(struct recipe *recipe)
{
	recipe->ret = tm_store(recipe->tm, 7, val(5));
}

/* A store does not wait for a computation; what comes second is freed */
static void compute_yields_to_a_store(struct kunit *test)
{
	struct test_map *tm = test->priv;
	struct recipe recipe = {
		.tm = tm, .value = val(1), .before = store_first,
	};
	void *actual;

	KUNIT_EXPECT_EQ(test, load_or_compute(tm, 7, &recipe, &actual), 1);
	KUNIT_EXPECT_EQ(test, recipe.ret, 0);
	KUNIT_EXPECT_PTR_EQ(test, actual, val(5));
	KUNIT_EXPECT_EQ(test, atomic_long_read(&tm->freed), 1);
	EXPECT_LOADS(test, tm, 7, val(5));
}

static void take_time(struct recipe *recipe)
{
	msleep(50);
}

static void race_to_compute(struct worker *w)
{
	void *actual;
	int ret;

	ret = load_or_compute(w->tm, 7, w->arg, &actual);
	CREW_EXPECT(w, ret == 0 || ret == 1);
	CREW_EXPECT(w, actual == val(1));
}

/* E.1 */
static void compute_runs_once_for_all(struct kunit *test)
{
	struct recipe recipe = { .value = val(1), .before = take_time };
	struct crew *crew = crew_new(test);

	crew_add(crew, 20, race_to_compute, &recipe);
	crew_run(crew);
	KUNIT_EXPECT_EQ(test, atomic_read(&recipe.done), 1);
}

static void fail_at_first(struct recipe *recipe)
{
	msleep(20);
	recipe->value = atomic_read(&recipe->done) < 4 ? ERR_PTR(-EIO) :
							 val(1);
}

static void race_to_fail(struct worker *w)
{
	void *actual;
	int ret;

	ret = load_or_compute(w->tm, 7, w->arg, &actual);
	CREW_EXPECT(w, ret == -EIO || (ret >= 0 && actual == val(1)));
}

/* The fourth computation works: three callers fail, nobody is left waiting */
static void compute_is_taken_over_after_a_failure(struct kunit *test)
{
	struct recipe recipe = { .before = fail_at_first };
	struct crew *crew = crew_new(test);
	struct test_map *tm = test->priv;

	crew_add(crew, 8, race_to_fail, &recipe);
	crew_run(crew);
	KUNIT_EXPECT_EQ(test, atomic_read(&recipe.done), 4);
	EXPECT_LOADS(test, tm, 7, val(1));
}

#define RING	3

static atomic_t ringing, refused;

static void *ring(const void *key, size_t len, void *arg)
{
	struct worker *w = arg;
	struct recipe inner = { .value = val(9) };
	void *actual;
	int ret;

	atomic_inc(&ringing);
	while (atomic_read(&ringing) < RING)
		msleep(20);
	ret = load_or_compute(w->tm, (w->id + 1) % RING, &inner, &actual);
	CREW_EXPECT(w, ret == 1 || ret == -EDEADLK);
	if (ret == -EDEADLK)
		atomic_inc(&refused);
	return val(w->id);
}

static void compute_the_next(struct worker *w)
{
	struct test_key key;
	void *actual;

	test_key(w->tm, w->id, &key);
	CREW_EXPECT(w, !syncmap_load_or_compute(&w->tm->map, key.bytes, key.len,
						ring, w, &actual, GFP_KERNEL));
}

/* One of those who wait for each other is told so, and then all go on */
static void compute_in_a_ring_is_refused_to_one(struct kunit *test)
{
	struct crew *crew = crew_new(test);

	atomic_set(&ringing, 0);
	atomic_set(&refused, 0);
	crew_add(crew, RING, compute_the_next, NULL);
	crew_run(crew);
	KUNIT_EXPECT_EQ(test, atomic_read(&refused), 1);
	KUNIT_EXPECT_TRUE(test, tm_holds(test->priv, 0, RING));
}

/* What has landed is not waited for any more, though who did is not awake yet */
static void compute_after_landing_is_no_ring(struct kunit *test)
{
	struct flight mine = { .owner = current }, other = {};
	struct task_struct *task = kunit_kzalloc(test, sizeof(*task), GFP_KERNEL);
	struct waiter sleeper = { .task = task, .flight = &mine };
	struct waiter me = { .task = current, .flight = &other };

	other.owner = task;
	init_completion(&mine.landed);
	init_completion(&other.landed);
	KUNIT_ASSERT_EQ(test, waiter_add(&sleeper), 0);
	KUNIT_EXPECT_EQ(test, waiter_add(&me), -EDEADLK);
	complete_all(&mine.landed);
	KUNIT_EXPECT_EQ(test, waiter_add(&me), 0);
	waiter_del(&me);
	waiter_del(&sleeper);
}

static struct completion started, go_on;

static void wait_for_the_other(struct recipe *recipe)
{
	complete(&started);
	wait_for_completion(&go_on);
}

static void compute_slowly(struct worker *w)
{
	struct recipe recipe = { .value = val(1), .before = wait_for_the_other };
	void *actual;

	CREW_EXPECT(w, !load_or_compute(w->tm, 7, &recipe, &actual));
}

static void wait_and_die(struct worker *w)
{
	struct recipe recipe = {};
	void *actual;

	wait_for_completion(&started);
	WRITE_ONCE(killed, true);
	CREW_EXPECT(w, load_or_compute(w->tm, 7, &recipe, &actual) == -EINTR);
	WRITE_ONCE(killed, false);
	complete(&go_on);
}

static void waiting_ends_when_killed(struct kunit *test)
{
	struct crew *crew = crew_new(test);

	init_completion(&started);
	init_completion(&go_on);
	crew_add(crew, 1, compute_slowly, NULL);
	crew_add(crew, 1, wait_and_die, NULL);
	crew_run(crew);
	EXPECT_LOADS(test, (struct test_map *)test->priv, 7, val(1));
}

KUNIT_ARRAY_PARAM(few, test_variants_few, test_variant_desc);

static struct kunit_case compute_cases[] = {
	KUNIT_CASE_PARAM(compute_of_absent_stores, few_gen_params),
	KUNIT_CASE(compute_of_null_is_stored),
	KUNIT_CASE(compute_that_fails_stores_nothing),
	KUNIT_CASE(compute_of_bad_arguments_is_refused),
	KUNIT_CASE_PARAM(compute_of_its_own_key_is_refused, few_gen_params),
	KUNIT_CASE(compute_may_compute_another_key),
	KUNIT_CASE(compute_yields_to_a_store),
	KUNIT_CASE_PARAM(compute_runs_once_for_all, few_gen_params),
	KUNIT_CASE(compute_is_taken_over_after_a_failure),
	KUNIT_CASE(compute_in_a_ring_is_refused_to_one),
	KUNIT_CASE(compute_after_landing_is_no_ring),
	KUNIT_CASE(waiting_ends_when_killed),
	{}
};

static struct kunit_suite compute_suite = {
	.name = "syncmap_compute",
	.suite_init = test_suite_init,
	.init = test_map_init,
	.exit = test_map_exit,
	.test_cases = compute_cases,
};

kunit_test_suite(compute_suite);
