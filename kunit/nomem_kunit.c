// SPDX-License-Identifier: GPL-2.0-only
/*
 * Running out of memory at each allocation of each operation
 *
 * The kernel can be told to fail the n-th allocation of a task. Unless debugfs
 * says otherwise that spares those which may sleep, so here none may.
 */
#include <linux/err.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "inside.h"

#define NOMEM_GFP	(GFP_ATOMIC | __GFP_NOWARN)

#ifdef CONFIG_FAULT_INJECTION
static void inject(unsigned int nth)
{
	current->fail_nth = nth;
}

/* Whether there has been an n-th allocation */
static bool injected(void)
{
	bool fired = !current->fail_nth;

	current->fail_nth = 0;
	return fired;
}
#else
static void inject(unsigned int nth)
{
}

static bool injected(void)
{
	return false;
}
#endif

static int nomem_init(struct kunit *test)
{
	struct test_map *tm;
	void *p;
	int err;

	inject(1);
	p = kmalloc(8, NOMEM_GFP);
	if (!injected() || p) {
		kfree(p);
		kunit_skip(test, "a kernel without fault injection");
	}
	err = test_map_init(test);
	if (!err) {
		tm = test->priv;
		tm->gfp = NOMEM_GFP;
	}
	return err;
}

/*
 * Keys [0, KEYS) read, up to 2 * KEYS dirty; from there on absent, and for ABSENT
 * no pair is left
 */
#define KEYS	8
#define ABSENT	(2 * KEYS)

static int fill(struct test_map *tm)
{
	int err;

	syncmap_clear(&tm->map);
	err = tm_fill(tm, 0, KEYS);
	if (!err)
		err = syncmap_promote(&tm->map);
	if (!err)
		err = tm_fill(tm, KEYS, 2 * KEYS);
	return err ?: tm_take_pairs(tm, ABSENT);
}

static int nomem_store(struct test_map *tm)
{
	return tm_store(tm, ABSENT, val(ABSENT));
}

static int nomem_swap(struct test_map *tm)
{
	void *was;

	return tm_swap(tm, ABSENT, val(ABSENT), &was);
}

static int nomem_load_or_store(struct test_map *tm)
{
	void *actual;

	return tm_load_or_store(tm, ABSENT, val(ABSENT), &actual);
}

static int nomem_hashed(struct test_map *tm)
{
	struct syncmap_hashed_key hashed;
	struct test_key key;
	void *actual;
	int ret;

	test_key(tm, ABSENT, &key);
	syncmap_hashed_key_init(&hashed, key.bytes, key.len);
	ret = syncmap_prepare_hashed(&tm->map, &hashed, NOMEM_GFP);
	if (!ret)
		ret = syncmap_load_or_store_hashed(&tm->map, &hashed,
						   val(ABSENT), &actual,
						   NOMEM_GFP);
	syncmap_finish_hashed(&tm->map, &hashed, NOMEM_GFP);
	return ret;
}

static void *compute(const void *key, size_t len, void *arg)
{
	return arg;
}

static int nomem_load_or_compute(struct test_map *tm)
{
	struct test_key key;
	void *actual;

	test_key(tm, ABSENT, &key);
	return syncmap_load_or_compute(&tm->map, key.bytes, key.len, compute,
				       val(ABSENT), &actual, NOMEM_GFP);
}

static int nomem_reserve(struct test_map *tm)
{
	struct syncmap_reservation *res;
	struct test_key key;
	void *was;

	test_key(tm, ABSENT, &key);
	res = syncmap_reserve(&tm->map, key.bytes, key.len, NOMEM_GFP);
	if (IS_ERR(res))
		return PTR_ERR(res);
	return syncmap_swap_reserved(&tm->map, res, val(ABSENT), &was);
}

static int nomem_build(struct test_map *tm, unsigned int flags)
{
	int err;

	syncmap_token_wait(&tm->map);
	err = syncmap_build(&tm->map, flags, NOMEM_GFP);
	syncmap_token_release(&tm->map);
	return err;
}

static int nomem_promote(struct test_map *tm)
{
	return nomem_build(tm, 0);
}

static int nomem_purge(struct test_map *tm)
{
	return nomem_build(tm, BUILD_PURGE);
}

static const struct nomem {
	const char	*title;
	int		(*fn)(struct test_map *tm);
	unsigned int	least;	/* allocations, in a map with keys */
	bool		inserts;
} nomems[] = {
	/* These want a node, if any */
	{ "store", nomem_store, 1, true },
	{ "swap", nomem_swap, 1, true },
	{ "load_or_store", nomem_load_or_store, 1, true },
#define NOMEM_NODE	3
	{ "load_or_compute", nomem_load_or_compute, 2, true },
	{ "load_or_store_hashed", nomem_hashed, 1, true },
	{ "reserve", nomem_reserve, 2, true },
	{ "promote", nomem_promote, 5, false },
};

static void nomem_desc(const struct nomem *nomem, char *desc)
{
	strscpy(desc, nomem->title, KUNIT_PARAM_DESC_SIZE);
}

/* Whether there was an @nth allocation; *@failed: and it was one that counts */
static bool fail_one(struct kunit *test, unsigned int nth, u64 from, u64 to,
		     bool *failed)
{
	const struct nomem *nomem = test->param_value;
	struct test_map *tm = test->priv;
	bool fired;
	int ret;

	inject(nth);
	ret = nomem->fn(tm);
	fired = injected();
	to += nomem->inserts && ret >= 0;
	*failed |= ret == -ENOMEM;
	KUNIT_EXPECT_TRUE_MSG(test, ret >= 0 || (fired && ret == -ENOMEM),
			      "allocation %u: %d", nth, ret);
	KUNIT_EXPECT_TRUE_MSG(test, tm_holds(tm, from, to), "allocation %u",
			      nth);
	KUNIT_EXPECT_EQ_MSG(test, syncmap_check(&tm->map), 0, "allocation %u",
			    nth);
	return fired;
}

/*
 * Fails the first, the second, ... allocation, until none is left to fail. What
 * watches the kernel's memory allocates in between, not each time the same: so
 * each is tried until it is the operation that fails.
 */
static unsigned int sweep(struct kunit *test, u64 from, u64 to,
			  int (*prepare)(struct test_map *tm))
{
	unsigned int nth, try, failures = 0;
	bool fired = true, failed;

	for (nth = 1; fired && nth < 100; nth++) {
		fired = false;
		failed = false;
		for (try = 0; !failed && try < 10; try++) {
			KUNIT_ASSERT_EQ(test, prepare(test->priv), 0);
			fired |= fail_one(test, nth, from, to, &failed);
		}
		failures += failed;
	}
	KUNIT_EXPECT_FALSE(test, fired);
	return failures;
}

static int empty(struct test_map *tm)
{
	syncmap_clear(&tm->map);
	return 0;
}

/* B.2 */
static void nomem_leaves_the_map_as_it_was(struct kunit *test)
{
	const struct nomem *nomem = test->param_value;
	struct test_map *tm = test->priv;

	KUNIT_EXPECT_GE(test, sweep(test, 0, 2 * KEYS, fill), nomem->least);
	tm_become(tm, test_variant_bytes);
	KUNIT_EXPECT_GE(test, sweep(test, 0, 2 * KEYS, fill), nomem->least);
}

static int nomem_first(struct test_map *tm)
{
	return tm_store(tm, 0, val(0));
}

/* B.2: of an empty map, which has to make its state first */
static void nomem_leaves_an_empty_map_empty(struct kunit *test)
{
	static const struct nomem first = { .fn = nomem_first, .inserts = true };

	test->param_value = &first;
	KUNIT_EXPECT_GE(test, sweep(test, 0, 0, empty), 4);
	tm_become(test->priv, test_variant_bytes);
	KUNIT_EXPECT_GE(test, sweep(test, 0, 0, empty), 5);
	test->param_value = NULL;
}

/* The first allocation is one like any other */
static void nomem_is_counted_each_time(struct kunit *test)
{
	struct test_map *tm = test->priv;
	unsigned int nth, failures = 0;
	bool fired = true;

	for (nth = 1; fired && nth < 100; nth++) {
		KUNIT_ASSERT_EQ(test, fill(tm), 0);
		inject(nth);
		failures += nomem_promote(tm) == -ENOMEM;
		fired = injected();
	}
	KUNIT_EXPECT_GE(test, failures, 5);
	KUNIT_EXPECT_EQ(test, tm->map.promote_fails, failures);
}

/* A promotion that failed is made up for by the next one */
static void promote_after_nomem_completes(struct kunit *test)
{
	struct test_map *tm = test->priv;
	unsigned int nth;
	bool fired = true;

	for (nth = 1; fired && nth < 100; nth++) {
		KUNIT_ASSERT_EQ(test, fill(tm), 0);
		KUNIT_EXPECT_TRUE(test, tm_delete(tm, 0));
		inject(nth);
		nomem_promote(tm);
		fired = injected();
		KUNIT_EXPECT_EQ(test, tm_store(tm, 2 * KEYS, val(2 * KEYS)),
				0);
		KUNIT_EXPECT_TRUE(test, tm_holds(tm, 1, 2 * KEYS + 1));
		KUNIT_EXPECT_EQ(test, syncmap_promote(&tm->map), 0);
		KUNIT_EXPECT_NULL(test, tm_state(tm)->old);
		KUNIT_EXPECT_TRUE(test, tm_holds(tm, 1, 2 * KEYS + 1));
	}
}

#define MANY	2048

/*
 * There is memory for the keys that there are, if not for more to come. With flags that
 * a kernel spares, as such a table is no single page: so nothing fails but in a process.
 */
static void nomem_does_without_room(struct kunit *test)
{
	struct test_map *tm = test->priv;
	unsigned int nth, failed = 0, without = 0;
	bool fired = true;
	int err;

	for (nth = 1; fired && nth < 100; nth++) {
		syncmap_clear(&tm->map);
		tm_freeze(tm);
		KUNIT_ASSERT_EQ(test, tm_fill(tm, 1, 1 + MANY), 0);
		inject(nth);
		err = syncmap_build(&tm->map, BUILD_ROOM, GFP_KERNEL);
		fired = injected();
		KUNIT_EXPECT_EQ(test, err, fired && err ? -ENOMEM : 0);
		failed += !!err;
		without += !err && !tm_state(tm)->table->roomy;
		KUNIT_EXPECT_TRUE(test, tm_holds(tm, 1, 1 + MANY));
		tm_thaw(tm);
	}
	KUNIT_EXPECT_EQ(test, without, failed ? 2 : 0);
}

/* D.2: a table that has lost its tombstones is replaced all the same */
static void nomem_marks_a_thinned_table(struct kunit *test)
{
	struct test_map *tm = test->priv;
	unsigned int nth, thinned = 0;
	struct syncmap_state *state;
	bool fired = true;

	for (nth = 1; fired && nth < 100; nth++) {
		KUNIT_ASSERT_EQ(test, fill(tm), 0);
		tm_freeze(tm);
		KUNIT_EXPECT_TRUE(test, tm_delete(tm, 0));
		inject(nth);
		syncmap_build(&tm->map, 0, NOMEM_GFP);
		fired = injected();
		state = tm_state(tm);
		KUNIT_EXPECT_EQ(test, state->table->thinned,
				state->old && !syncmap_tombstones(&tm->map));
		thinned += state->table->thinned;
		tm_thaw(tm);
		KUNIT_EXPECT_EQ(test, syncmap_promote(&tm->map), 0);
		KUNIT_EXPECT_FALSE(test, tm_state(tm)->table->thinned);
	}
	KUNIT_EXPECT_GE(test, thinned, 1);
}

/* The same, but that the dirty keys are deleted */
static int fill_read(struct test_map *tm)
{
	int err = fill(tm);
	u64 i;

	for (i = KEYS; i < 2 * KEYS; i++)
		tm_delete(tm, i);
	return err;
}

/* B.2 */
static void purge_without_memory_leaves_the_map(struct kunit *test)
{
	static const struct nomem purge = { .fn = nomem_purge };

	test->param_value = &purge;
	KUNIT_EXPECT_GE(test, sweep(test, 0, KEYS, fill_read), 4);
	tm_become(test->priv, test_variant_bytes);
	KUNIT_EXPECT_GE(test, sweep(test, 0, KEYS, fill_read), 4);
	test->param_value = NULL;
}

/* What allocated in the last run of a case, or NULL */
static const char *allocated;

/* What must not fail allocates nothing, so that the first one stays to come */
static void allocates_nothing(struct kunit *test, bool nothing,
			      const char *what)
{
	if (injected())
		allocated = what;
	KUNIT_EXPECT_TRUE_MSG(test, nothing, "%s failed", what);
}

/*
 * KASAN and the object debugger allocate now and then in the name of whoever
 * frees something; the map would do so each time.
 */
static void run_without_memory(struct kunit *test,
			       void (*run)(struct kunit *test))
{
	int tries = 3;

	do {
		allocated = NULL;
		run(test);
	} while (allocated && --tries);
	KUNIT_EXPECT_TRUE_MSG(test, !allocated, "%s allocates", allocated);
}

static int count_entry(const struct syncmap_entry *entry, void *arg)
{
	(*(unsigned int *)arg)++;
	return 0;
}

/* A.2, A.3: with present keys, in either table; Range and Clear, too */
static void present_keys(struct kunit *test)
{
	struct test_map *tm = test->priv;
	unsigned int n = 0;
	void *value;
	u64 key;

	KUNIT_ASSERT_EQ(test, fill(tm), 0);
	for (key = 0; key < 2 * KEYS; key += KEYS / 2) {
		inject(1);
		allocates_nothing(test, tm_load(tm, key, &value), "load");
		inject(1);
		allocates_nothing(test, tm_swap(tm, key, val(1), &value) == 1,
				  "swap");
		inject(1);
		allocates_nothing(test, tm_load_or_store(tm, key, val(2),
							 &value) == 1,
				  "load_or_store");
		inject(1);
		allocates_nothing(test, tm_compare_and_swap(tm, key, val(1),
							    val(key)),
				  "compare_and_swap");
		inject(1);
		allocates_nothing(test, !tm_compare_and_delete(tm, key,
							       NULL),
				  "compare_and_delete");
		inject(1);
		allocates_nothing(test, tm_delete(tm, key + 1), "delete");
	}
	inject(1);
	allocates_nothing(test, !syncmap_range(&tm->map, count_entry, &n) &&
			  n == 2 * KEYS - 4, "range");
	inject(1);
	syncmap_clear(&tm->map);
	allocates_nothing(test, true, "clear");
	inject(1);
	syncmap_clear(&tm->map);
	allocates_nothing(test, !syncmap_range(&tm->map, count_entry, &n),
			  "clear and range of an empty map");
}

static void present_keys_need_no_memory(struct kunit *test)
{
	run_without_memory(test, present_keys);
}

/* The first key that comes to a dirty table */
static void free_pairs(struct kunit *test)
{
	struct test_map *tm = test->priv;
	const struct nomem *nomem;

	for (nomem = nomems; nomem < nomems + NOMEM_NODE; nomem++) {
		KUNIT_ASSERT_EQ(test, empty(tm) ?: tm_fill(tm, 0, KEYS), 0);
		KUNIT_ASSERT_EQ(test, syncmap_promote(&tm->map), 0);
		inject(1);
		allocates_nothing(test, !nomem->fn(tm), nomem->title);
		KUNIT_EXPECT_NOT_NULL(test, tm_pair(tm, tm_state(tm)->dirty,
						    ABSENT));
		EXPECT_LOADS(test, tm, ABSENT, val(ABSENT));
	}
}

/* Nor one that comes back while all pairs are taken */
static void dead_pairs(struct kunit *test)
{
	struct test_map *tm = test->priv;
	const struct nomem *nomem;

	for (nomem = nomems; nomem < nomems + NOMEM_NODE; nomem++) {
		KUNIT_ASSERT_EQ(test, empty(tm) ?: tm_fill(tm, 0, KEYS), 0);
		KUNIT_ASSERT_EQ(test, syncmap_promote(&tm->map), 0);
		KUNIT_ASSERT_EQ(test, nomem->fn(tm), 0);
		KUNIT_ASSERT_EQ(test, tm_take_pairs(tm, ABSENT), 0);
		KUNIT_EXPECT_TRUE(test, tm_delete(tm, ABSENT));
		inject(1);
		allocates_nothing(test, !nomem->fn(tm), nomem->title);
		EXPECT_LOADS(test, tm, ABSENT, val(ABSENT));
	}
}

static void pairs_need_no_memory(struct kunit *test)
{
	run_without_memory(test, free_pairs);
	run_without_memory(test, dead_pairs);
}

/* A reserved store needs no memory, whatever happened to the map meanwhile */
static void reserved_store(struct kunit *test)
{
	struct test_map *tm = test->priv;
	struct syncmap_reservation *res;
	struct test_key key;
	void *was;
	int i;

	for (i = 0; i < 3; i++) {
		KUNIT_ASSERT_EQ(test, i ? fill(tm) : empty(tm), 0);
		test_key(tm, ABSENT, &key);
		res = syncmap_reserve(&tm->map, key.bytes, key.len,
				      GFP_KERNEL);
		KUNIT_ASSERT_NOT_ERR_OR_NULL(test, res);
		if (i == 2)
			syncmap_clear(&tm->map);
		inject(1);
		allocates_nothing(test, !syncmap_swap_reserved(&tm->map, res,
							       val(1), &was),
				  "swap_reserved");
		EXPECT_LOADS(test, tm, ABSENT, val(1));
	}
}

static void reserved_store_needs_no_memory(struct kunit *test)
{
	run_without_memory(test, reserved_store);
}

/* The same of one that was prepared; and what has been prepared is given back */
static void prepared_store(struct kunit *test)
{
	struct test_map *tm = test->priv;
	struct syncmap_hashed_key hashed;
	struct test_key key;
	void *was;
	int i;

	for (i = 0; i < 2; i++) {
		KUNIT_ASSERT_EQ(test, i ? fill(tm) : empty(tm), 0);
		test_key(tm, ABSENT, &key);
		syncmap_hashed_key_init(&hashed, key.bytes, key.len);
		KUNIT_ASSERT_EQ(test, syncmap_prepare_hashed(&tm->map, &hashed,
							     GFP_KERNEL), 0);
		inject(1);
		allocates_nothing(test, !syncmap_load_or_store_hashed
				  (&tm->map, &hashed, val(1), &was, GFP_NOWAIT),
				  "load_or_store_hashed");
		EXPECT_LOADS(test, tm, ABSENT, val(1));
		KUNIT_EXPECT_EQ(test, syncmap_prepare_hashed(&tm->map, &hashed,
							     GFP_KERNEL), 0);
		syncmap_finish_hashed(&tm->map, &hashed, GFP_KERNEL);
	}
}

static void prepared_store_needs_no_memory(struct kunit *test)
{
	run_without_memory(test, prepared_store);
}

KUNIT_ARRAY_PARAM(nomem, nomems, nomem_desc);
KUNIT_ARRAY_PARAM(few, test_variants_few, test_variant_desc);
KUNIT_ARRAY_PARAM(words, test_variants_words, test_variant_desc);

static struct kunit_case nomem_cases[] = {
	KUNIT_CASE_PARAM(nomem_leaves_the_map_as_it_was, nomem_gen_params),
	KUNIT_CASE(nomem_is_counted_each_time),
	KUNIT_CASE(nomem_leaves_an_empty_map_empty),
	KUNIT_CASE_PARAM(promote_after_nomem_completes, few_gen_params),
	KUNIT_CASE(nomem_does_without_room),
	KUNIT_CASE_PARAM(nomem_marks_a_thinned_table, few_gen_params),
	KUNIT_CASE(purge_without_memory_leaves_the_map),
	KUNIT_CASE_PARAM(present_keys_need_no_memory, few_gen_params),
	KUNIT_CASE_PARAM(pairs_need_no_memory, words_gen_params),
	KUNIT_CASE_PARAM(reserved_store_needs_no_memory, few_gen_params),
	KUNIT_CASE_PARAM(prepared_store_needs_no_memory, few_gen_params),
	{}
};

static struct kunit_suite nomem_suite = {
	.name = "syncmap_nomem",
	.suite_init = test_suite_init,
	.init = nomem_init,
	.exit = test_map_exit,
	.test_cases = nomem_cases,
};

kunit_test_suite(nomem_suite);
