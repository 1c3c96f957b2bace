// SPDX-License-Identifier: GPL-2.0-only
/*
 * Load
 */
#include "../module/core/load.c"
#include "inside.h"

static void load_of_absent_is_false(struct kunit *test)
{
	struct test_map *tm = test->priv;
	u64 i;

	EXPECT_ABSENT(test, tm, 0);
	KUNIT_ASSERT_EQ(test, tm_fill(tm, 0, 20), 0);
	for (i = 20; i < 60; i++)
		EXPECT_ABSENT(test, tm, i);
	KUNIT_ASSERT_EQ(test, syncmap_promote(&tm->map), 0);
	for (i = 20; i < 60; i++)
		EXPECT_ABSENT(test, tm, i);
}

static void load_finds_keys_in_each_table(struct kunit *test)
{
	struct test_map *tm = test->priv;
	unsigned int n = test_keys(tm, 80);
	u64 i;

	KUNIT_ASSERT_EQ(test, tm_fill(tm, 0, n / 2), 0);
	KUNIT_ASSERT_EQ(test, syncmap_promote(&tm->map), 0);
	KUNIT_ASSERT_EQ(test, tm_fill(tm, n / 2, n), 0);
	for (i = 0; i < n; i++)
		EXPECT_LOADS(test, tm, i, val(i));
}

/* A stored NULL is present */
static void load_of_null_is_true(struct kunit *test)
{
	struct test_map *tm = test->priv;

	KUNIT_ASSERT_EQ(test, tm_store(tm, 0, NULL), 0);
	EXPECT_LOADS(test, tm, 0, NULL);
	KUNIT_ASSERT_EQ(test, syncmap_promote(&tm->map), 0);
	EXPECT_LOADS(test, tm, 0, NULL);
}

static void load_of_wrong_length_is_false(struct kunit *test)
{
	struct test_map *tm = test->priv;
	size_t right = tm->variant->params.key_len;
	u8 *bytes = kunit_kzalloc(test, SYNCMAP_KEY_MAX + 1, GFP_KERNEL);
	void *value = TEST_UNTOUCHED;
	size_t len;

	KUNIT_ASSERT_NOT_NULL(test, bytes);
	KUNIT_ASSERT_EQ(test, tm_store(tm, 0, val(1)), 0);
	for (len = 0; right && len < 20; len++)
		KUNIT_EXPECT_EQ(test, syncmap_load(&tm->map, bytes, len,
						   &value), len == right);
	value = TEST_UNTOUCHED;
	KUNIT_EXPECT_FALSE(test, syncmap_load(&tm->map, bytes,
					      SYNCMAP_KEY_MAX + 1, &value));
	KUNIT_EXPECT_PTR_EQ(test, value, TEST_UNTOUCHED);
}

/* The longest key, and its neighbours in length */
static void load_tells_long_keys_apart(struct kunit *test)
{
	struct test_map *tm = test->priv;
	struct syncmap *map = &tm->map;
	u8 *bytes = kunit_kzalloc(test, SYNCMAP_KEY_MAX, GFP_KERNEL);
	void *value;

	KUNIT_ASSERT_NOT_NULL(test, bytes);
	tm_become(tm, test_variant_bytes);
	KUNIT_ASSERT_EQ(test, syncmap_store(map, bytes, SYNCMAP_KEY_MAX,
					    val(1), GFP_KERNEL), 0);
	KUNIT_EXPECT_FALSE(test, syncmap_load(map, bytes, SYNCMAP_KEY_MAX - 1,
					      &value));
	bytes[SYNCMAP_KEY_MAX - 1] = 1;
	KUNIT_EXPECT_FALSE(test, syncmap_load(map, bytes, SYNCMAP_KEY_MAX,
					      &value));
	bytes[SYNCMAP_KEY_MAX - 1] = 0;
	KUNIT_EXPECT_TRUE(test, syncmap_load(map, bytes, SYNCMAP_KEY_MAX,
					     &value));
	KUNIT_EXPECT_PTR_EQ(test, value, val(1));
}

/* What is done with keys of each length that is inline, and of one that is not */
enum inline_op {
	INLINE_LOAD,
	INLINE_SWAP,
	INLINE_COMPARE,
};

static __always_inline int inline_run(struct syncmap *map, enum inline_op op,
				      const void *key, size_t len, void *old,
				      void *new, void **value)
{
	switch (op) {
	case INLINE_LOAD:
		return syncmap_load(map, key, len, value);
	case INLINE_SWAP:
		return syncmap_swap(map, key, len, new, value, GFP_KERNEL);
	default:
		return syncmap_compare_and_swap(map, key, len, old, new);
	}
}

/* The length is a constant here */
static int inline_op(struct syncmap *map, enum inline_op op, const void *key,
		     size_t len, void *old, void *new, void **value)
{
	switch (len) {
	case 1: return inline_run(map, op, key, 1, old, new, value);
	case 2: return inline_run(map, op, key, 2, old, new, value);
	case 3: return inline_run(map, op, key, 3, old, new, value);
	case 4: return inline_run(map, op, key, 4, old, new, value);
	case 5: return inline_run(map, op, key, 5, old, new, value);
	case 6: return inline_run(map, op, key, 6, old, new, value);
	case 7: return inline_run(map, op, key, 7, old, new, value);
	case 8: return inline_run(map, op, key, 8, old, new, value);
	case 9: return inline_run(map, op, key, 9, old, new, value);
	case 15: return inline_run(map, op, key, 15, old, new, value);
	case 16: return inline_run(map, op, key, 16, old, new, value);
	case 17: return inline_run(map, op, key, 17, old, new, value);
	case 24: return inline_run(map, op, key, 24, old, new, value);
	case 31: return inline_run(map, op, key, 31, old, new, value);
	case 32: return inline_run(map, op, key, 32, old, new, value);
	default: return inline_run(map, op, key, 33, old, new, value);
	}
}

static const u8 inline_lens[] = {
	1, 2, 3, 4, 5, 6, 7, 8, 9, 15, 16, 17, 24, 31, 32, 33,
};

/* Keys differ in their last byte only */
static void inline_key(u8 *bytes, size_t len, u8 number)
{
	memset(bytes, 'k', len);
	bytes[len - 1] = number;
}

/* Keys below @end that are no multiple of three are present */
static void expect_inline(struct kunit *test, struct syncmap *map, size_t len,
			  u8 end)
{
	u8 key[SYNCMAP_SHORT_KEY + 1];
	void *value, *was;
	bool there;
	u8 i;

	for (i = 0; i < 100; i++) {
		inline_key(key, len, i);
		value = TEST_UNTOUCHED;
		there = i < end && i % 3;
		KUNIT_EXPECT_EQ(test, inline_op(map, INLINE_LOAD, key, len, NULL,
						NULL, &value), there);
		KUNIT_EXPECT_PTR_EQ(test, value,
				    there ? val(i) : TEST_UNTOUCHED);
		KUNIT_EXPECT_EQ(test, inline_op(map, INLINE_COMPARE, key, len,
						val(i), val(200), NULL), there);
		KUNIT_EXPECT_FALSE(test, inline_op(map, INLINE_COMPARE, key, len,
						   val(i), val(i), NULL));
		if (!there)
			continue;
		KUNIT_EXPECT_EQ(test, inline_op(map, INLINE_SWAP, key, len, NULL,
						val(i), &was), 1);
		KUNIT_EXPECT_PTR_EQ(test, was, val(200));
	}
}

/* A value that cannot be one, and a length that no key has */
static void expect_inline_refuses(struct kunit *test, struct syncmap *map,
				  size_t len, u8 key_len)
{
	u8 key[SYNCMAP_SHORT_KEY + 1] = {};
	size_t other = len % 8 + 1;
	void *value;

	inline_key(key, len, 1);
	KUNIT_EXPECT_EQ(test, inline_op(map, INLINE_SWAP, key, len, NULL,
					(void *)7, &value), -EINVAL);
	KUNIT_EXPECT_FALSE(test, inline_op(map, INLINE_COMPARE, key, len, val(1),
					   (void *)7, NULL));
	KUNIT_EXPECT_FALSE(test, inline_op(map, INLINE_COMPARE, key, len,
					   (void *)7, val(1), NULL));
	KUNIT_EXPECT_FALSE(test, inline_op(map, INLINE_LOAD, key, other, NULL,
					   NULL, &value));
	if (key_len)
		KUNIT_EXPECT_EQ(test, inline_op(map, INLINE_SWAP, key, other,
						NULL, val(1), &value), -EINVAL);
}

/* Those below 50, and then those that expect_inline() wants */
static void store_inline(struct kunit *test, struct syncmap *map, size_t len,
			 u8 from, u8 to)
{
	u8 key[SYNCMAP_SHORT_KEY + 1];
	void *value;

	for (; from < to; from++) {
		if (from >= 50 && !(from % 3))
			continue;
		inline_key(key, len, from);
		KUNIT_EXPECT_EQ(test, inline_op(map, INLINE_SWAP, key, len, NULL,
						val(from), &value), 0);
	}
}

/* Some keys are deleted in the read table, others have never been in it */
static void expect_inline_is_as_outside(struct kunit *test, struct syncmap *map,
					size_t len, u8 key_len)
{
	const struct syncmap_params params = { .key_len = key_len };
	u8 key[SYNCMAP_SHORT_KEY + 1];
	u8 k;

	KUNIT_ASSERT_EQ(test, syncmap_init(map, &params), 0);
	expect_inline(test, map, len, 0);
	store_inline(test, map, len, 0, 50);
	KUNIT_EXPECT_EQ(test, syncmap_promote(map), 0);
	for (k = 0; k < 50; k += 3) {
		inline_key(key, len, k);
		syncmap_delete(map, key, len);
	}
	expect_inline(test, map, len, 50);
	store_inline(test, map, len, 50, 80);
	expect_inline(test, map, len, 80);
	expect_inline_refuses(test, map, len, key_len);
	KUNIT_EXPECT_EQ(test, syncmap_promote(map), 0);
	expect_inline(test, map, len, 80);
	syncmap_destroy(map);
}

static void inline_is_as_outside(struct kunit *test)
{
	struct syncmap *map;
	unsigned int i;
	size_t len;

	map = kunit_kzalloc(test, sizeof(*map), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, map);
	for (i = 0; i < ARRAY_SIZE(inline_lens); i++) {
		len = inline_lens[i];
		expect_inline_is_as_outside(test, map, len, 0);
		if (len <= SYNCMAP_KEY_LEN_MAX)
			expect_inline_is_as_outside(test, map, len, len);
	}
}

/* Batches that are empty, full, and more than full; half of it absent */
static void load_many_equals_load(struct kunit *test)
{
	static const unsigned int sizes[] = { 0, 1, BATCH, BATCH + 1, 40 };
	struct syncmap_lookup *batch;
	struct test_map *tm = test->priv;
	struct test_key *keys;
	unsigned int i, s, n;

	batch = kunit_kcalloc(test, 40, sizeof(*batch), GFP_KERNEL);
	keys = kunit_kcalloc(test, 40, sizeof(*keys), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, batch);
	KUNIT_ASSERT_NOT_NULL(test, keys);
	for (i = 0; i < 40; i += 2)
		KUNIT_ASSERT_EQ(test, tm_store(tm, i, val(i)), 0);
	for (s = 0; s < ARRAY_SIZE(sizes); s++) {
		n = sizes[s];
		for (i = 0; i < n; i++) {
			test_key(tm, i, &keys[i]);
			batch[i] = (struct syncmap_lookup){
				.key = keys[i].bytes,
				.len = keys[i].len,
				.value = TEST_UNTOUCHED,
			};
		}
		KUNIT_EXPECT_EQ(test, syncmap_load_many(&tm->map, batch, n),
				(n + 1) / 2);
		for (i = 0; i < n; i++) {
			KUNIT_EXPECT_EQ(test, batch[i].found, !(i & 1));
			KUNIT_EXPECT_PTR_EQ(test, batch[i].value,
					    i & 1 ? NULL : val(i));
		}
	}
}

static void load_many_skips_wrong_lengths(struct kunit *test)
{
	struct test_map *tm = test->priv;
	struct syncmap_lookup batch[2] = {};
	struct test_key key;

	KUNIT_ASSERT_EQ(test, tm_store(tm, 1, val(1)), 0);
	test_key(tm, 1, &key);
	batch[0].key = key.bytes;
	batch[0].len = SYNCMAP_KEY_MAX + 1;
	batch[0].found = true;
	batch[1].key = key.bytes;
	batch[1].len = key.len;
	KUNIT_EXPECT_EQ(test, syncmap_load_many(&tm->map, batch, 2), 1);
	KUNIT_EXPECT_FALSE(test, batch[0].found);
	KUNIT_EXPECT_TRUE(test, batch[1].found);
}

/* A.2: only what had to look into dirty is a miss */
static void load_counts_hits_and_misses(struct kunit *test)
{
	struct test_map *tm = test->priv;
	struct syncmap_core_stats before, after;

	KUNIT_ASSERT_EQ(test, tm_fill(tm, 0, 1), 0);
	KUNIT_ASSERT_EQ(test, syncmap_promote(&tm->map), 0);
	syncmap_get_stats(&tm->map, &before);
	EXPECT_LOADS(test, tm, 0, val(0));
	EXPECT_ABSENT(test, tm, 1);
	syncmap_get_stats(&tm->map, &after);
	KUNIT_EXPECT_EQ(test, after.hits - before.hits, 2);
	KUNIT_EXPECT_EQ(test, after.misses - before.misses, 0);
	KUNIT_ASSERT_EQ(test, tm_store(tm, 2, val(2)), 0);
	syncmap_get_stats(&tm->map, &before);
	EXPECT_LOADS(test, tm, 0, val(0));
	EXPECT_LOADS(test, tm, 2, val(2));
	EXPECT_ABSENT(test, tm, 1);
	syncmap_get_stats(&tm->map, &after);
	KUNIT_EXPECT_EQ(test, after.hits - before.hits, 1);
	KUNIT_EXPECT_EQ(test, after.misses - before.misses, 2);
}

/* What a word of the read table leads to, given the two words behind it */
struct chain {
	const char	*title;
	u64		here;
	u64		next;
	u64		after;
	bool		found;
	u64		value;
};

static const struct chain chains[] = {
	{ "open live", CODE(1) | 1, 0, 0, true, 1 },
	{ "open dead", WORD_DEAD, 0, 0, false },
	{ "expunged", WORD_EXPUNGED, 0, 0, false },
	{ "closed, then as it was", CODE(1), CODE(1) | 1, 0, true, 1 },
	{ "closed, then open live", CODE(1), CODE(2) | 1, 0, true, 2 },
	{ "closed, then open dead", CODE(1), WORD_DEAD, 0, false },
	{ "closed, then expunged", CODE(1), WORD_EXPUNGED, 0, false },
	{ "closed twice, then as it was", CODE(1), CODE(2), CODE(2) | 1, true,
	  2 },
	{ "closed twice, then live", CODE(1), CODE(2), CODE(3) | 1, true, 3 },
	{ "closed twice, then dead", CODE(1), CODE(2), WORD_DEAD, false },
	{ "closed twice, then expunged", CODE(1), CODE(2), WORD_EXPUNGED,
	  false },
};

static void chain_desc(const struct chain *chain, char *desc)
{
	strscpy(desc, chain->title, KUNIT_PARAM_DESC_SIZE);
}

/* A table that holds one key with this word */
static struct syncmap_table *table_of(struct kunit *test, struct test_map *tm,
				      u64 number, u64 word)
{
	struct syncmap_table *table = syncmap_table_alloc(1, 2, sizeof(u64), GFP_KERNEL);
	struct table_pos end = {};
	struct test_key buffer;
	struct syncmap_key key = tm_key(tm, number, &buffer);

	KUNIT_ASSERT_NOT_NULL(test, table);
	atomic64_set(syncmap_table_append(table, &end, key.hash, key.word),
		     word);
	return table;
}

/* A.1, I3: every state of a word, in every position that a reader can meet */
static void load_resolves_each_word_state(struct kunit *test)
{
	const struct chain *chain = test->param_value;
	struct test_map *tm = test->priv;
	struct syncmap_table *table;
	void *value = TEST_UNTOUCHED;
	bool found;

	KUNIT_ASSERT_EQ(test, tm_store(tm, 7, val(0)), 0);
	KUNIT_ASSERT_EQ(test, syncmap_promote(&tm->map), 0);
	tm_freeze(tm);
	table = tm_state(tm)->table;
	table->next = table_of(test, tm, 7, chain->next);
	table->next->next = table_of(test, tm, 7, chain->after);
	atomic64_set(tm_slot(tm, 7), chain->here);
	found = tm_load(tm, 7, &value);
	atomic64_set(tm_slot(tm, 7), word_open(CODE(0)));
	syncmap_table_free(table->next->next);
	syncmap_table_free(table->next);
	table->next = NULL;
	tm_thaw(tm);
	KUNIT_EXPECT_EQ(test, found, chain->found);
	KUNIT_EXPECT_PTR_EQ(test, value, found ? val(chain->value) :
			    TEST_UNTOUCHED);
}

/*
 * A reader loads its state, a promotion runs up to a step, and the reader goes
 * on. Returns whether there is such a step.
 */
static bool stale_load(struct kunit *test, unsigned int at,
		       enum test_place place)
{
	struct test_map *tm = test->priv;
	const struct syncmap_state *state;
	struct test_cell cell;
	struct test_key buffer;
	struct syncmap_key key;
	bool more;
	u64 code;

	KUNIT_ASSERT_EQ(test, test_act_setup(tm, place, &cell), 0);
	rcu_read_lock();
	state = syncmap_state(&tm->map);
	key = tm_key(tm, TEST_SUBJECT, &buffer);
	more = test_promote_pause(tm, at);
	code = load_state(&tm->map, state, &key);
	rcu_read_unlock();
	KUNIT_EXPECT_EQ(test, test_promote_resume(), 0);
	KUNIT_EXPECT_EQ_MSG(test, code, cell.present ? CODE(1) : CODE_ABSENT,
			    "key was %s, step %u", test_place_titles[place],
			    at);
	return more;
}

/* A.1, A.2, I1 */
static void load_with_stale_state_finds_the_key(struct kunit *test)
{
	unsigned int stride = test_stride(test->priv);
	enum test_place place;
	unsigned int at;

	for (place = 0; place < test_places(test->priv); place++) {
		at = place % stride;
		while (stale_load(test, at, place))
			at += stride;
		KUNIT_EXPECT_GE(test, at, 4);
	}
}

KUNIT_ARRAY_PARAM(variant, test_variants, test_variant_desc);
KUNIT_ARRAY_PARAM(few, test_variants_few, test_variant_desc);
KUNIT_ARRAY_PARAM(chain, chains, chain_desc);

static struct kunit_case load_cases[] = {
	KUNIT_CASE_PARAM(load_of_absent_is_false, variant_gen_params),
	KUNIT_CASE_PARAM(load_finds_keys_in_each_table, variant_gen_params),
	KUNIT_CASE_PARAM(load_of_null_is_true, variant_gen_params),
	KUNIT_CASE_PARAM(load_of_wrong_length_is_false, variant_gen_params),
	KUNIT_CASE(load_tells_long_keys_apart),
	KUNIT_CASE(inline_is_as_outside),
	KUNIT_CASE_PARAM(load_many_equals_load, variant_gen_params),
	KUNIT_CASE(load_many_skips_wrong_lengths),
	KUNIT_CASE(load_counts_hits_and_misses),
	KUNIT_CASE_PARAM(load_resolves_each_word_state, chain_gen_params),
	KUNIT_CASE_PARAM(load_with_stale_state_finds_the_key, few_gen_params),
	{}
};

static struct kunit_suite load_suite = {
	.name = "syncmap_load",
	.suite_init = test_suite_init,
	.init = test_map_init,
	.exit = test_map_exit,
	.test_cases = load_cases,
};

kunit_test_suite(load_suite);
