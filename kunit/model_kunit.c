// SPDX-License-Identifier: GPL-2.0-only
/*
 * Random sequences of all operations against a plain reference, call by call
 *
 * Keys come from a pool as small as the values', so that every operation meets
 * present, deleted and never stored keys, and comparisons match and mismatch.
 */
#include "common.h"

#define MODEL_KEYS	24
#define MODEL_STEPS	300
#define MODEL_ROUNDS	4

struct model {
	struct kunit	*test;
	struct test_map	*tm;
	struct rnd_state rnd;
	bool		present[MODEL_KEYS];
	void		*value[MODEL_KEYS];
	/* of a walk through the map */
	unsigned int	seen[MODEL_KEYS];
	bool		wrong;
	/* too large for the stack */
	struct syncmap_lookup	batch[MODEL_KEYS];
	struct syncmap_entry	entries[MODEL_KEYS];
	struct test_key		keys[MODEL_KEYS];
};

/* Objects that values may point to; nobody looks into them */
static u32 objects[2];

static void *pick_value(struct model *m)
{
	switch (test_below(&m->rnd, 6)) {
	case 0:
		return NULL;
	case 1:
		return val(0);
	case 2:
		return val(1);
	case 3:
		return val(SYNCMAP_VALUE_MAX);
	case 4:
		return &objects[0];
	default:
		return &objects[1];
	}
}

static u64 pick_key(struct model *m)
{
	return test_below(&m->rnd, MODEL_KEYS);
}

static void put(struct model *m, u64 key, void *value)
{
	m->present[key] = true;
	m->value[key] = value;
}

/* What an operation that hands out a value should have made of @before */
static void *now(const struct model *m, u64 key, void *before)
{
	return m->present[key] ? m->value[key] : before;
}

static bool step_load(struct model *m)
{
	u64 key = pick_key(m);
	void *value = TEST_UNTOUCHED;

	return tm_load(m->tm, key, &value) == m->present[key] &&
	       value == now(m, key, TEST_UNTOUCHED);
}

static bool step_load_many(struct model *m)
{
	struct syncmap_lookup *batch = m->batch;
	unsigned int n = test_below(&m->rnd, MODEL_KEYS + 1);
	unsigned int i, found = 0;

	for (i = 0; i < n; i++) {
		test_key(m->tm, i, &m->keys[i]);
		batch[i].key = m->keys[i].bytes;
		batch[i].len = m->keys[i].len;
		found += m->present[i];
	}
	if (syncmap_load_many(&m->tm->map, batch, n) != found)
		return false;
	for (i = 0; i < n; i++)
		if (batch[i].found != m->present[i] ||
		    batch[i].value != now(m, i, NULL))
			return false;
	return true;
}

static bool step_store(struct model *m)
{
	void *value = pick_value(m);
	u64 key = pick_key(m);

	put(m, key, value);
	return tm_store(m->tm, key, value) == 0;
}

static bool step_swap(struct model *m)
{
	void *previous = TEST_UNTOUCHED;
	void *value = pick_value(m);
	u64 key = pick_key(m);
	bool right;

	right = tm_swap(m->tm, key, value, &previous) == m->present[key] &&
		previous == now(m, key, NULL);
	put(m, key, value);
	return right;
}

static bool step_swap_reserved(struct model *m)
{
	struct syncmap_reservation *res;
	void *previous = TEST_UNTOUCHED;
	void *value = pick_value(m);
	u64 key = pick_key(m);
	struct test_key k;
	bool right;

	test_key(m->tm, key, &k);
	res = syncmap_reserve(&m->tm->map, k.bytes, k.len, GFP_KERNEL);
	if (IS_ERR_OR_NULL(res))
		return false;
	if (!test_below(&m->rnd, 4)) {
		syncmap_unreserve(&m->tm->map, res);
		return true;
	}
	right = syncmap_swap_reserved(&m->tm->map, res, value, &previous) ==
		m->present[key] && previous == now(m, key, NULL);
	put(m, key, value);
	return right;
}

static bool step_load_or_store(struct model *m)
{
	void *actual = TEST_UNTOUCHED;
	void *value = pick_value(m);
	u64 key = pick_key(m);
	bool loaded = m->present[key];

	if (!loaded)
		put(m, key, value);
	return tm_load_or_store(m->tm, key, value, &actual) == loaded &&
	       actual == m->value[key];
}

static void *compute_value(const void *key, size_t len, void *arg)
{
	return arg;
}

static bool step_load_or_compute(struct model *m)
{
	void *actual = TEST_UNTOUCHED;
	void *value = pick_value(m);
	u64 key = pick_key(m);
	bool loaded = m->present[key];
	struct test_key k;

	if (!loaded)
		put(m, key, value);
	test_key(m->tm, key, &k);
	return syncmap_load_or_compute(&m->tm->map, k.bytes, k.len,
				       compute_value, value, &actual,
				       GFP_KERNEL) == loaded &&
	       actual == m->value[key];
}

static bool step_load_and_delete(struct model *m)
{
	void *value = TEST_UNTOUCHED;
	u64 key = pick_key(m);
	bool right;

	right = tm_load_and_delete(m->tm, key, &value) == m->present[key] &&
		value == now(m, key, TEST_UNTOUCHED);
	m->present[key] = false;
	return right;
}

static bool step_delete(struct model *m)
{
	u64 key = pick_key(m);
	bool deleted = tm_delete(m->tm, key);
	bool right = deleted == m->present[key];

	m->present[key] = false;
	return right;
}

static bool step_compare_and_swap(struct model *m)
{
	void *old = pick_value(m);
	void *new = pick_value(m);
	u64 key = pick_key(m);
	bool match = m->present[key] && m->value[key] == old;

	if (match)
		put(m, key, new);
	return tm_compare_and_swap(m->tm, key, old, new) == match;
}

static bool step_compare_and_delete(struct model *m)
{
	void *old = pick_value(m);
	u64 key = pick_key(m);
	bool match = m->present[key] && m->value[key] == old;

	if (match)
		m->present[key] = false;
	return tm_compare_and_delete(m->tm, key, old) == match;
}

static bool step_clear(struct model *m)
{
	memset(m->present, 0, sizeof(m->present));
	syncmap_clear(&m->tm->map);
	return true;
}

static int see(const struct syncmap_entry *entry, void *arg)
{
	struct model *m = arg;
	u64 key = test_key_number(m->tm, entry);

	if (key >= MODEL_KEYS || !m->present[key] ||
	    entry->value != m->value[key])
		m->wrong = true;
	else
		m->seen[key]++;
	return 0;
}

static void look(struct model *m)
{
	memset(m->seen, 0, sizeof(m->seen));
	m->wrong = false;
}

static bool saw_all(const struct model *m)
{
	unsigned int key;

	for (key = 0; key < MODEL_KEYS; key++)
		if (m->seen[key] != m->present[key])
			return false;
	return !m->wrong;
}

static bool step_range(struct model *m)
{
	look(m);
	return syncmap_range(&m->tm->map, see, m) == 0 && saw_all(m);
}

/* As few entries at a time as fit a run of equal hashes */
static bool step_next(struct model *m)
{
	unsigned int max = 1 + test_below(&m->rnd, 4);
	u64 cursor = 0;
	int i, n;

	look(m);
	do {
		rcu_read_lock();
		n = syncmap_next(&m->tm->map, &cursor, m->entries, max);
		for (i = 0; i < n; i++)
			see(&m->entries[i], m);
		rcu_read_unlock();
		if (n == -EMSGSIZE)
			max = MODEL_KEYS;
	} while ((n >= 0 || n == -EMSGSIZE) && cursor != SYNCMAP_CURSOR_END);
	return n >= 0 && saw_all(m);
}

static bool step_count(struct model *m)
{
	unsigned long n = 0;
	unsigned int key;

	for (key = 0; key < MODEL_KEYS; key++)
		n += m->present[key];
	return syncmap_count(&m->tm->map) == n;
}

static bool step_promote(struct model *m)
{
	int err = syncmap_promote(&m->tm->map);

	return !err || err == -EBUSY;
}

static const struct {
	const char	*what;
	bool		(*fn)(struct model *m);
	unsigned int	weight;
} steps[] = {
	{ "load",		step_load,		4 },
	{ "load_many",		step_load_many,		1 },
	{ "store",		step_store,		4 },
	{ "swap",		step_swap,		3 },
	{ "swap_reserved",	step_swap_reserved,	2 },
	{ "load_or_store",	step_load_or_store,	3 },
	{ "load_or_compute",	step_load_or_compute,	2 },
	{ "load_and_delete",	step_load_and_delete,	3 },
	{ "delete",		step_delete,		3 },
	{ "compare_and_swap",	step_compare_and_swap,	4 },
	{ "compare_and_delete",	step_compare_and_delete, 4 },
	{ "promote",		step_promote,		2 },
	{ "range",		step_range,		1 },
	{ "next",		step_next,		1 },
	{ "count",		step_count,		1 },
	{ "clear",		step_clear,		1 },
};

/* The index of a step, as likely as its weight */
static unsigned int pick_step(struct model *m)
{
	unsigned int i, sum = 0;
	u32 at;

	for (i = 0; i < ARRAY_SIZE(steps); i++)
		sum += steps[i].weight;
	at = test_below(&m->rnd, sum);
	for (i = 0; at >= steps[i].weight; i++)
		at -= steps[i].weight;
	return i;
}

static bool run_round(struct model *m, unsigned int round)
{
	unsigned int n, i;

	test_random(&m->rnd, round);
	step_clear(m);
	for (n = 0; n < MODEL_STEPS; n++) {
		i = pick_step(m);
		if (steps[i].fn(m))
			continue;
		KUNIT_FAIL(m->test, "seed %llu, round %u, step %u: %s",
			   test_seed(), round, n, steps[i].what);
		return false;
	}
	return step_range(m) && step_count(m);
}

/* Go's TestMapMatchesRWMutex, A.1: results and content are the reference's */
static void model_matches_reference(struct kunit *test)
{
	struct model *m = kunit_kzalloc(test, sizeof(*m), GFP_KERNEL);
	unsigned int round;

	KUNIT_ASSERT_NOT_NULL(test, m);
	m->test = test;
	m->tm = test->priv;
	for (round = 0; round < test_rounds(MODEL_ROUNDS); round++)
		KUNIT_ASSERT_TRUE_MSG(test, run_round(m, round),
				      "seed %llu, round %u", test_seed(),
				      round);
}

KUNIT_ARRAY_PARAM(variant, test_variants, test_variant_desc);

static struct kunit_case model_cases[] = {
	KUNIT_CASE_PARAM(model_matches_reference, variant_gen_params),
	{}
};

static struct kunit_suite model_suite = {
	.name = "syncmap_model",
	.suite_init = test_suite_init,
	.init = test_map_init,
	.exit = test_map_exit,
	.test_cases = model_cases,
};

kunit_test_suite(model_suite);
