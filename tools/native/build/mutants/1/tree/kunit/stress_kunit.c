// SPDX-License-Identifier: GPL-2.0-only
/*
 * Kernel threads against each other on the same keys, promotions all the while
 */

#include "crew.h"

/* Counters of a case, one per key or token; freed by KUnit */
static atomic_t *counters(struct kunit *test, unsigned int n)
{
	atomic_t *counter = kunit_kcalloc(test, n, sizeof(*counter),
					  GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, counter);
	return counter;
}

#define RACE_KEYS	12

static void race_to_store(struct worker *w)
{
	atomic_t *winners = w->arg;
	void *actual, *later;
	u64 key;
	int ret;

	for (key = 0; key < RACE_KEYS; key++) {
		ret = tm_load_or_store(w->tm, key, val(w->id), &actual);
		if (!CREW_EXPECT(w, ret == 0 || ret == 1))
			continue;
		if (!ret)
			atomic_inc(&winners[key]);
		CREW_EXPECT(w, ret || actual == val(w->id));
		CREW_EXPECT(w, tm_load(w->tm, key, &later) && later == actual);
	}
}

/* E.1 */
static void load_or_store_has_one_winner(struct kunit *test)
{
	atomic_t *winners = counters(test, RACE_KEYS);
	struct crew *crew = crew_new(test);
	u64 key;

	crew_add(crew, 100, race_to_store, winners);
	crew_add_helper(crew, crew_promote, NULL);
	crew_run(crew);
	for (key = 0; key < RACE_KEYS; key++)
		KUNIT_EXPECT_EQ(test, atomic_read(&winners[key]), 1);
}

#define JOBS	60

static void take_jobs(struct worker *w)
{
	atomic_t *taken = w->arg;
	unsigned int i;
	void *value;
	u64 key;

	for (i = 0; i < JOBS; i++) {
		key = (i + w->id * 7) % JOBS;
		if (!tm_load_and_delete(w->tm, key, &value))
			continue;
		CREW_EXPECT(w, value == val(key));
		atomic_inc(&taken[key]);
	}
}

/* E.2 */
static void load_and_delete_takes_once(struct kunit *test)
{
	atomic_t *taken = counters(test, JOBS);
	struct crew *crew = crew_new(test);
	struct test_map *tm = test->priv;
	u64 key;

	KUNIT_ASSERT_EQ(test, tm_fill(tm, 0, JOBS), 0);
	crew_add(crew, 30, take_jobs, taken);
	crew_add_helper(crew, crew_promote, NULL);
	crew_run(crew);
	for (key = 0; key < JOBS; key++)
		KUNIT_EXPECT_EQ(test, atomic_read(&taken[key]), 1);
	KUNIT_EXPECT_EQ(test, syncmap_count(&tm->map), 0);
}

#define COUNTERS	4
#define INCREMENTS	1000
#define COUNTING	4

static void count_up(struct worker *w)
{
	void *value;
	int i;

	for (i = 0; i < INCREMENTS; i++) {
		do {
			if (!CREW_EXPECT(w, tm_load(w->tm, i % COUNTERS,
						    &value)))
				return;
		} while (!tm_compare_and_swap(w->tm, i % COUNTERS, value,
					      val(syncmap_to_value(value) + 1)));
	}
}

/* A.1 */
static void compare_and_swap_loses_no_increment(struct kunit *test)
{
	struct crew *crew = crew_new(test);
	struct test_map *tm = test->priv;
	u64 key;

	for (key = 0; key < COUNTERS; key++)
		KUNIT_ASSERT_EQ(test, tm_store(tm, key, val(0)), 0);
	crew_add(crew, COUNTING, count_up, NULL);
	crew_add_helper(crew, crew_promote, NULL);
	crew_run(crew);
	for (key = 0; key < COUNTERS; key++)
		EXPECT_LOADS(test, tm, key,
			     val(COUNTING * INCREMENTS / COUNTERS));
}

/*
 * Every value that goes in is a token of its own. In the end each must have
 * come out exactly once, or still be there.
 */
#define TOKEN_KEYS	4
#define TOKEN_ROUNDS	1500
#define TOKEN_WORKERS	4

static void came_out(struct worker *w, const void *value)
{
	atomic_t *out = w->arg;

	atomic_inc(&out[syncmap_to_value(value)]);
}

static void pass_tokens(struct worker *w)
{
	unsigned int n;
	void *was;
	void *new;
	u64 key;
	int ret;

	for (n = 0; n < TOKEN_ROUNDS; n++) {
		key = test_below(&w->rnd, TOKEN_KEYS);
		new = val(w->id * TOKEN_ROUNDS + n);
		switch (test_below(&w->rnd, 5)) {
		case 0:
			ret = tm_swap(w->tm, key, new, &was);
			CREW_EXPECT(w, ret >= 0);
			if (ret == 1)
				came_out(w, was);
			break;
		case 1:
			ret = tm_load_or_store(w->tm, key, new, &was);
			CREW_EXPECT(w, ret >= 0);
			if (ret)
				came_out(w, new);
			break;
		case 2:
			if (tm_load_and_delete(w->tm, key, &was))
				came_out(w, was);
			came_out(w, new);
			break;
		case 3:
			if (tm_load(w->tm, key, &was) &&
			    tm_compare_and_swap(w->tm, key, was, new))
				came_out(w, was);
			else
				came_out(w, new);
			break;
		default:
			if (tm_load(w->tm, key, &was) &&
			    tm_compare_and_delete(w->tm, key, was))
				came_out(w, was);
			came_out(w, new);
		}
	}
}

/* A.1, E.2: CAS and CAD are atomic against all that replaces a value */
static void tokens_are_conserved(struct kunit *test)
{
	atomic_t *out = counters(test, TOKEN_WORKERS * TOKEN_ROUNDS);
	struct crew *crew = crew_new(test);
	struct test_map *tm = test->priv;
	unsigned int n, wrong = 0;
	void *value;
	u64 key;

	crew_add(crew, TOKEN_WORKERS, pass_tokens, out);
	crew_add_helper(crew, crew_promote, NULL);
	crew_run(crew);
	for (key = 0; key < TOKEN_KEYS; key++)
		if (tm_load_and_delete(tm, key, &value))
			atomic_inc(&out[syncmap_to_value(value)]);
	for (n = 0; n < TOKEN_WORKERS * TOKEN_ROUNDS; n++)
		wrong += atomic_read(&out[n]) != 1;
	KUNIT_EXPECT_EQ(test, wrong, 0);
}

/*
 * Each worker has keys of its own, so that what it sees is as sequential as in
 * one thread.
 */
#define OWN_KEYS	8
#define OWN_ROUNDS	25
#define OWN_WORKERS	3

static bool own_swap(struct test_map *tm, u64 key, bool remove)
{
	void *was = TEST_UNTOUCHED;

	return tm_swap(tm, key, val(1), &was) == 0 && !was &&
	       tm_swap(tm, key, val(2), &was) == 1 && was == val(1) &&
	       tm_swap(tm, key, NULL, &was) == 1 && was == val(2) &&
	       (!remove || (tm_delete(tm, key) && !tm_delete(tm, key))) &&
	       tm_swap(tm, key, val(3), &was) == !remove && !was;
}

static bool own_compare_and_swap(struct test_map *tm, u64 key, bool remove)
{
	return !tm_compare_and_swap(tm, key, NULL, val(1)) &&
	       !tm_store(tm, key, val(1)) &&
	       !tm_compare_and_swap(tm, key, val(2), val(3)) &&
	       tm_compare_and_swap(tm, key, val(1), val(2)) &&
	       !tm_compare_and_swap(tm, key, val(1), val(3)) &&
	       (!remove || tm_delete(tm, key)) &&
	       tm_compare_and_swap(tm, key, val(2), val(3)) == !remove;
}

static bool own_compare_and_delete(struct test_map *tm, u64 key)
{
	return !tm_compare_and_delete(tm, key, NULL) &&
	       !tm_store(tm, key, NULL) &&
	       !tm_compare_and_delete(tm, key, val(1)) &&
	       tm_compare_and_delete(tm, key, NULL) &&
	       !tm_compare_and_delete(tm, key, NULL);
}

static bool own_load_and_delete(struct test_map *tm, u64 key)
{
	void *value = TEST_UNTOUCHED;

	return !tm_load_and_delete(tm, key, &value) &&
	       !tm_store(tm, key, val(1)) &&
	       tm_load_and_delete(tm, key, &value) && value == val(1) &&
	       !tm_load(tm, key, &value) &&
	       !tm_load_and_delete(tm, key, &value);
}

static void use_own_keys(struct worker *w)
{
	unsigned int n;
	u64 key;

	for (n = 0; n < test_rounds(OWN_ROUNDS); n++) {
		key = w->id * OWN_KEYS + n % OWN_KEYS;
		CREW_EXPECT(w, own_swap(w->tm, key, n & 1));
		CREW_EXPECT(w, tm_delete(w->tm, key));
		CREW_EXPECT(w, own_compare_and_swap(w->tm, key, n & 1));
		CREW_EXPECT(w, tm_delete(w->tm, key) == !(n & 1));
		CREW_EXPECT(w, own_compare_and_delete(w->tm, key));
		CREW_EXPECT(w, own_load_and_delete(w->tm, key));
	}
}

/* A.1 */
static void unshared_keys_behave_sequentially(struct kunit *test)
{
	struct crew *crew = crew_new(test);
	struct test_map *tm = test->priv;

	crew_add(crew, OWN_WORKERS, use_own_keys, NULL);
	crew_add_helper(crew, crew_promote, NULL);
	crew_run(crew);
	KUNIT_EXPECT_EQ(test, syncmap_count(&tm->map), 0);
}

/* All workers do one thing to each key; after that, none sees it undone */
#define SHARED_KEYS	32

enum shared_op {
	SHARED_SWAP,
	SHARED_COMPARE_AND_SWAP,
	SHARED_LOAD_AND_DELETE,
	SHARED_COMPARE_AND_DELETE,
	SHARED_DELETE,
};

static void use_shared_keys(struct worker *w)
{
	const enum shared_op *op = w->arg;
	bool deletes = *op >= SHARED_LOAD_AND_DELETE;
	void *value;
	u64 key;

	for (key = 0; key < SHARED_KEYS; key++) {
		switch (*op) {
		case SHARED_SWAP:
			CREW_EXPECT(w, tm_swap(w->tm, key, val(key + 1),
					       &value) == 1);
			break;
		case SHARED_COMPARE_AND_SWAP:
			tm_compare_and_swap(w->tm, key, val(key), val(key + 1));
			break;
		case SHARED_LOAD_AND_DELETE:
			tm_load_and_delete(w->tm, key, &value);
			break;
		case SHARED_COMPARE_AND_DELETE:
			tm_compare_and_delete(w->tm, key, val(key));
			break;
		case SHARED_DELETE:
			tm_delete(w->tm, key);
			break;
		}
		if (deletes)
			CREW_EXPECT(w, !tm_load(w->tm, key, &value));
		else
			CREW_EXPECT(w, tm_load(w->tm, key, &value) &&
				    value == val(key + 1));
	}
}

/* A.1 */
static void shared_keys_show_the_post_state(struct kunit *test)
{
	struct test_map *tm = test->priv;
	struct crew *crew;
	enum shared_op op;

	for (op = SHARED_SWAP; op <= SHARED_DELETE; op++) {
		KUNIT_ASSERT_EQ(test, tm_fill(tm, 0, SHARED_KEYS), 0);
		crew = crew_new(test);
		crew_add(crew, 4, use_shared_keys, &op);
		crew_add_helper(crew, crew_promote, NULL);
		crew_run(crew);
	}
	KUNIT_EXPECT_EQ(test, syncmap_count(&tm->map), 0);
}

/*
 * One writer per key counts up; every eighth step deletes the key. What a
 * reader sees must be a step between the last one completed before its load
 * and the last one started when it was done, and never one it saw surpassed.
 */
#define STEP_KEYS	3
#define STEPS		1500
#define STEP_READERS	3

struct steps {
	unsigned long	started[STEP_KEYS];
	unsigned long	done[STEP_KEYS];
};

static bool deletes(unsigned long step)
{
	return step % 8 == 7;
}

static void take_steps(struct worker *w)
{
	struct steps *steps = w->arg;
	unsigned long step;
	u64 key = w->id;

	for (step = 1; step <= STEPS; step++) {
		WRITE_ONCE(steps->started[key], step);
		/* Readers look at started last, at done first */
		smp_mb();
		if (deletes(step))
			CREW_EXPECT(w, tm_delete(w->tm, key));
		else
			CREW_EXPECT(w, !tm_store(w->tm, key, val(step)));
		/* Pairs with the acquire in follow_steps() */
		smp_store_release(&steps->done[key], step);
	}
}

/* The step that an absent key stands for: the latest one possible */
static unsigned long absent_step(unsigned long high)
{
	return high < 7 ? 0 : high - (high + 1) % 8;
}

static void follow_steps(struct worker *w)
{
	unsigned long last[STEP_KEYS] = { 0 };
	struct steps *steps = w->arg;
	unsigned long low, high, step;
	bool present;
	void *value;
	u64 key;

	while (crew_busy(w)) {
		key = test_below(&w->rnd, STEP_KEYS);
		/* Pairs with the release in take_steps() */
		low = smp_load_acquire(&steps->done[key]);
		low = max(low, last[key]);
		present = tm_load(w->tm, key, &value);
		/* Pairs with the one in take_steps() */
		smp_mb();
		high = READ_ONCE(steps->started[key]);
		step = present ? syncmap_to_value(value) : absent_step(high);
		CREW_EXPECT(w, step >= low);
		CREW_EXPECT(w, step <= high);
		last[key] = present ? step : low;
	}
}

/* A.1 */
static void loads_are_never_stale(struct kunit *test)
{
	struct steps *steps = kunit_kzalloc(test, sizeof(*steps), GFP_KERNEL);
	struct crew *crew = crew_new(test);
	int i;

	KUNIT_ASSERT_NOT_NULL(test, steps);
	crew_add(crew, STEP_KEYS, take_steps, steps);
	for (i = 0; i < STEP_READERS; i++)
		crew_add_helper(crew, follow_steps, steps);
	crew_add_helper(crew, crew_promote, NULL);
	crew_run(crew);
}

KUNIT_ARRAY_PARAM(variant, test_variants_few, test_variant_desc);

static struct kunit_case stress_cases[] = {
	KUNIT_CASE_PARAM(load_or_store_has_one_winner, variant_gen_params),
	KUNIT_CASE_PARAM(load_and_delete_takes_once, variant_gen_params),
	KUNIT_CASE_PARAM(compare_and_swap_loses_no_increment,
			 variant_gen_params),
	KUNIT_CASE_PARAM(tokens_are_conserved, variant_gen_params),
	KUNIT_CASE_PARAM(unshared_keys_behave_sequentially,
			 variant_gen_params),
	KUNIT_CASE_PARAM(shared_keys_show_the_post_state, variant_gen_params),
	KUNIT_CASE_PARAM(loads_are_never_stale, variant_gen_params),
	{}
};

static struct kunit_suite stress_suite = {
	.name = "syncmap_stress",
	.suite_init = test_suite_init,
	.init = test_map_init,
	.exit = test_map_exit,
	.test_cases = stress_cases,
};

kunit_test_suite(stress_suite);
