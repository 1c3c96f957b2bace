// SPDX-License-Identifier: GPL-2.0-only
/*
 * Range and its cursor
 */
#include "../module/core/range.c"
#include "inside.h"

#define KEYS	80U

/* What a walk has seen, and what it is to do on its way */
struct seen {
	struct kunit	*test;
	struct test_map	*tm;
	unsigned int	times[2 * KEYS];
	unsigned int	all;
	int		stop_at;
	void		(*act)(struct seen *seen, u64 key, void *value);
	u64		next;		/* for @act */
};

static struct seen *seen_new(struct kunit *test)
{
	struct seen *seen = kunit_kzalloc(test, sizeof(*seen), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, seen);
	seen->test = test;
	seen->tm = test->priv;
	seen->tm->gfp = GFP_ATOMIC;
	return seen;
}

static int see(const struct syncmap_entry *entry, void *arg)
{
	struct seen *seen = arg;
	u64 key = test_key_number(seen->tm, entry);

	if (key < ARRAY_SIZE(seen->times))
		seen->times[key]++;
	seen->all++;
	if (seen->act)
		seen->act(seen, key, entry->value);
	return seen->all == seen->stop_at ? -EINTR : 0;
}

static void expect_each_once(struct seen *seen, unsigned int from,
			     unsigned int to)
{
	unsigned int key;

	for (key = from; key < to; key++)
		KUNIT_EXPECT_EQ_MSG(seen->test, seen->times[key], 1, "key %u",
				    key);
}

/* Keys [0, n) in both tables; returns n */
static unsigned int fill_both(struct kunit *test)
{
	struct test_map *tm = test->priv;
	unsigned int n = test_keys(tm, KEYS);

	KUNIT_ASSERT_EQ(test, tm_fill(tm, 0, n / 2), 0);
	KUNIT_ASSERT_EQ(test, syncmap_promote(&tm->map), 0);
	KUNIT_ASSERT_EQ(test, tm_fill(tm, n / 2, n), 0);
	return n;
}

static void range_of_empty_visits_nothing(struct kunit *test)
{
	struct seen *seen = seen_new(test);
	struct test_map *tm = test->priv;

	KUNIT_EXPECT_EQ(test, syncmap_range(&tm->map, see, seen), 0);
	KUNIT_EXPECT_EQ(test, seen->all, 0);
}

/* C.1: exactly what is there, with its value, once */
static void range_visits_each_key_once(struct kunit *test)
{
	struct seen *seen = seen_new(test);
	struct test_map *tm = test->priv;
	unsigned int n = fill_both(test);

	KUNIT_EXPECT_EQ(test, syncmap_range(&tm->map, see, seen), 0);
	expect_each_once(seen, 0, n);
	KUNIT_EXPECT_EQ(test, seen->all, n);
	KUNIT_EXPECT_TRUE(test, tm_holds(tm, 0, n));
}

static void range_skips_deleted_keys(struct kunit *test)
{
	struct seen *seen = seen_new(test);
	struct test_map *tm = test->priv;
	unsigned int n = fill_both(test);
	unsigned int key;

	for (key = 0; key < n; key += 2)
		KUNIT_EXPECT_TRUE(test, tm_delete(tm, key));
	KUNIT_EXPECT_EQ(test, syncmap_range(&tm->map, see, seen), 0);
	for (key = 0; key < n; key++)
		KUNIT_EXPECT_EQ(test, seen->times[key], key & 1);
}

static void range_stops_when_told(struct kunit *test)
{
	struct seen *seen = seen_new(test);
	struct test_map *tm = test->priv;

	fill_both(test);
	seen->stop_at = 5;
	KUNIT_EXPECT_EQ(test, syncmap_range(&tm->map, see, seen), -EINTR);
	KUNIT_EXPECT_EQ(test, seen->all, 5);
}

static int see_inner(const struct syncmap_entry *entry, void *arg)
{
	struct seen *seen = arg;
	u64 key = test_key_number(seen->tm, entry);
	u64 fresh = KEYS + key;
	void *value;

	EXPECT_LOADS(seen->test, seen->tm, key, entry->value);
	KUNIT_EXPECT_EQ(seen->test, tm_load_or_store(seen->tm, fresh, val(1),
						     &value), 0);
	KUNIT_EXPECT_EQ(seen->test, tm_store(seen->tm, fresh, val(2)), 0);
	KUNIT_EXPECT_TRUE(seen->test, tm_load_and_delete(seen->tm, fresh,
							 &value));
	KUNIT_EXPECT_PTR_EQ(seen->test, value, val(2));
	return key >= KEYS;
}

static void nest(struct seen *seen, u64 key, void *value)
{
	syncmap_range(&seen->tm->map, see_inner, seen);
	KUNIT_EXPECT_TRUE(seen->test, tm_delete(seen->tm, key));
}

/* Go's TestMapRangeNestedCall, C.3 */
static void range_may_be_nested(struct kunit *test)
{
	struct seen *seen = seen_new(test);
	struct test_map *tm = test->priv;

	KUNIT_ASSERT_EQ(test, tm_fill(tm, 0, 3), 0);
	seen->act = nest;
	KUNIT_EXPECT_EQ(test, syncmap_range(&tm->map, see, seen), 0);
	expect_each_once(seen, 0, 3);
	KUNIT_EXPECT_TRUE(test, tm_holds(tm, 0, 0));
}

static void compare_and_delete_it(struct seen *seen, u64 key, void *value)
{
	KUNIT_EXPECT_TRUE(seen->test, tm_compare_and_delete(seen->tm, key,
							    value));
}

static void load_and_delete_it(struct seen *seen, u64 key, void *value)
{
	void *was;

	KUNIT_EXPECT_TRUE(seen->test, tm_load_and_delete(seen->tm, key, &was));
	KUNIT_EXPECT_PTR_EQ(seen->test, was, value);
}

/* C.3 */
static void range_may_delete_what_it_visits(struct kunit *test)
{
	struct test_map *tm = test->priv;
	struct seen *seen;
	unsigned int n;
	int i;

	for (i = 0; i < 2; i++) {
		seen = seen_new(test);
		seen->act = i ? load_and_delete_it : compare_and_delete_it;
		n = fill_both(test);
		KUNIT_EXPECT_EQ(test, syncmap_range(&tm->map, see, seen), 0);
		expect_each_once(seen, 0, n);
		KUNIT_EXPECT_TRUE(test, tm_holds(tm, 0, 0));
	}
}

static void delete_and_restore(struct seen *seen, u64 key, void *value)
{
	KUNIT_EXPECT_TRUE(seen->test, tm_delete(seen->tm, key));
	KUNIT_EXPECT_EQ(seen->test, tm_store(seen->tm, key, value), 0);
}

/* A key that goes and comes back while the walk stands on it */
static void range_shows_a_restored_key_once(struct kunit *test)
{
	struct seen *seen = seen_new(test);
	struct test_map *tm = test->priv;
	unsigned int n = fill_both(test);

	seen->act = delete_and_restore;
	KUNIT_EXPECT_EQ(test, syncmap_range(&tm->map, see, seen), 0);
	expect_each_once(seen, 0, n);
	KUNIT_EXPECT_TRUE(test, tm_holds(tm, 0, n));
}

static void store_another(struct seen *seen, u64 key, void *value)
{
	if (seen->next < 2 * test_keys(seen->tm, KEYS))
		KUNIT_EXPECT_EQ(seen->test, tm_store(seen->tm, seen->next++,
						     val(0)), 0);
}

/* C.1, C.3: the dirty table comes into use while the walk is under way */
static void range_survives_the_first_dirty_key(struct kunit *test)
{
	struct seen *seen = seen_new(test);
	struct test_map *tm = test->priv;
	unsigned int n = test_keys(tm, KEYS);
	unsigned int key;

	KUNIT_ASSERT_EQ(test, tm_fill(tm, 0, n), 0);
	KUNIT_ASSERT_EQ(test, syncmap_promote(&tm->map), 0);
	seen->next = n;
	seen->act = store_another;
	KUNIT_EXPECT_EQ(test, syncmap_range(&tm->map, see, seen), 0);
	expect_each_once(seen, 0, n);
	for (key = n; key < 2 * n; key++)
		KUNIT_EXPECT_LE(test, seen->times[key], 1);
}

static void promote_without_it(struct seen *seen, u64 key, void *value)
{
	if (key % 16)
		return;
	KUNIT_EXPECT_TRUE(seen->test, tm_delete(seen->tm, key));
	KUNIT_EXPECT_FALSE(seen->test, test_promote_pause(seen->tm, UINT_MAX));
	KUNIT_EXPECT_EQ(seen->test, tm_store(seen->tm, key, value), 0);
}

/*
 * C.1: promotions begin and end while the walk holds its state, and drop a key
 * that comes back
 */
static void range_survives_promotions(struct kunit *test)
{
	struct seen *seen = seen_new(test);
	struct test_map *tm = test->priv;
	unsigned int n = fill_both(test);

	seen->act = promote_without_it;
	KUNIT_EXPECT_EQ(test, syncmap_range(&tm->map, see, seen), 0);
	KUNIT_EXPECT_EQ(test, test_promote_resume(), 0);
	expect_each_once(seen, 0, n);
	KUNIT_EXPECT_TRUE(test, tm_holds(tm, 0, n));
}

/* A walk by cursor; changes the map between two calls if it is told to */
static void next_all(struct seen *seen, unsigned int max,
		     void (*between)(struct seen *seen))
{
	struct syncmap_entry entries[8];
	u64 cursor = 0, before;
	int i, n;

	do {
		before = cursor;
		rcu_read_lock();
		n = syncmap_next(&seen->tm->map, &cursor, entries, max);
		for (i = 0; i < n; i++)
			see(&entries[i], seen);
		rcu_read_unlock();
		KUNIT_ASSERT_GE(seen->test, n, 0);
		KUNIT_EXPECT_LE(seen->test, n, (int)max);
		KUNIT_ASSERT_GT(seen->test, cursor, before);
		if (n > 0) {
			KUNIT_EXPECT_GT(seen->test, cursor,
					entries[n - 1].hash);
			if (between)
				between(seen);
		}
	} while (cursor != SYNCMAP_CURSOR_END);
}

/* C.2, with every size of the buffer */
static void next_visits_each_key_once(struct kunit *test)
{
	unsigned int max, n = fill_both(test);
	struct seen *seen;

	for (max = 1; max <= 8; max++) {
		seen = seen_new(test);
		next_all(seen, max, NULL);
		expect_each_once(seen, 0, n);
		KUNIT_EXPECT_EQ(test, seen->all, n);
	}
}

static void promote_between(struct seen *seen)
{
	u64 key = KEYS + seen->next++ % KEYS;

	KUNIT_EXPECT_EQ(seen->test, tm_store(seen->tm, key, val(key)), 0);
	KUNIT_EXPECT_EQ(seen->test, syncmap_promote(&seen->tm->map), 0);
	KUNIT_EXPECT_TRUE(seen->test, tm_delete(seen->tm, key));
}

/* C.2: the cursor survives promotions, and pins nothing */
static void next_survives_promotions(struct kunit *test)
{
	struct seen *seen = seen_new(test);
	unsigned int n = fill_both(test);

	next_all(seen, 3, promote_between);
	expect_each_once(seen, 0, n);
}

static void clear_between(struct seen *seen)
{
	syncmap_clear(&seen->tm->map);
}

static void next_ends_after_clear(struct kunit *test)
{
	struct seen *seen = seen_new(test);

	fill_both(test);
	next_all(seen, 3, clear_between);
	KUNIT_EXPECT_LE(test, seen->all, 3);
}

/* Not inline, for the stack */
static noinline int walk_a_step(struct seen *seen, u64 *cursor)
{
	return walk_on(&seen->tm->map, cursor, 1, see, seen);
}

/*
 * C.1, C.2: a read section may end after each step, wherever that leads; the
 * cursor always gets on
 */
static void portions_may_be_of_one_step(struct kunit *test)
{
	struct seen *seen = seen_new(test);
	unsigned int n = fill_both(test);
	u64 before, cursor = 0;

	while (cursor != SYNCMAP_CURSOR_END) {
		before = cursor;
		rcu_read_lock();
		KUNIT_EXPECT_EQ(test, walk_a_step(seen, &cursor), 0);
		rcu_read_unlock();
		KUNIT_ASSERT_GT(test, cursor, before);
	}
	expect_each_once(seen, 0, n);
}

/* Calls that a range takes, of which each returns; what they show goes to @seen */
static unsigned int count_calls(struct seen *seen, unsigned int *empty)
{
	struct syncmap_entry entries[8];
	unsigned int calls = 0;
	u64 cursor = 0;
	int i, n;

	for (*empty = 0; cursor != SYNCMAP_CURSOR_END; calls++) {
		rcu_read_lock();
		n = syncmap_next(&seen->tm->map, &cursor, entries,
				 ARRAY_SIZE(entries));
		for (i = 0; i < n; i++)
			see(&entries[i], seen);
		rcu_read_unlock();
		KUNIT_ASSERT_GE(seen->test, n, 0);
		*empty += !n;
	}
	return calls;
}

/* B.1: deleted keys do not keep a read section going */
static void next_returns_among_deleted_keys(struct kunit *test)
{
	struct seen *seen = seen_new(test);
	struct test_map *tm = test->priv;
	unsigned int key, calls, empty, n = 5 * NEXT_BUDGET;

	tm_become(tm, test_variants_few);
	/* So many at once may have to wait for room */
	tm->gfp = GFP_KERNEL;
	KUNIT_ASSERT_EQ(test, tm_fill(tm, 0, n), 0);
	KUNIT_ASSERT_EQ(test, syncmap_promote(&tm->map), 0);
	tm_freeze(tm);
	for (key = 1; key < n; key++)
		KUNIT_ASSERT_TRUE(test, tm_delete(tm, key));
	calls = count_calls(seen, &empty);
	KUNIT_EXPECT_GE(test, calls, n / NEXT_BUDGET);
	KUNIT_EXPECT_GE(test, empty, n / NEXT_BUDGET - 1);
	KUNIT_EXPECT_LE(test, calls, n / NEXT_BUDGET + 2);
	KUNIT_EXPECT_EQ(test, seen->all, 1);
}

/* As a promotion begins that expects many keys; it goes on when @tm is thawed */
static void begin_with(struct kunit *test, unsigned int bits)
{
	struct test_map *tm = test->priv;
	struct syncmap_state *state = tm_state(tm);
	struct syncmap_state *next = syncmap_state_alloc(state->gen, GFP_KERNEL);
	struct syncmap_dirty *dirty;

	dirty = syncmap_dirty_alloc(&tm->map.params, &tm->map.seed, bits,
				    GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, dirty);
	KUNIT_ASSERT_NOT_NULL(test, next);
	syncmap_state_set(next, state->table, dirty, state->dirty);
	next->prev = state;
	rcu_assign_pointer(tm->map.state, next);
}

/* B.1: nor does a dirty table with more buckets than keys */
static void next_returns_among_unused_buckets(struct kunit *test)
{
	struct seen *seen = seen_new(test);
	struct test_map *tm = test->priv;
	unsigned int calls, empty, bits = 18;
	u64 words = (1 << bits) / BITS_PER_LONG;

	tm_become(tm, test_variants_few);
	KUNIT_ASSERT_EQ(test, tm_fill(tm, 0, 100), 0);
	KUNIT_ASSERT_EQ(test, syncmap_promote(&tm->map), 0);
	tm_freeze(tm);
	begin_with(test, bits);
	KUNIT_ASSERT_EQ(test, tm_fill(tm, 100, 101), 0);
	calls = count_calls(seen, &empty);
	KUNIT_EXPECT_LE(test, calls, 101 / 8 + words / NEXT_BUDGET + 2);
	KUNIT_EXPECT_GE(test, calls, words / NEXT_BUDGET);
	expect_each_once(seen, 0, 101);
}

/* The first hash of a bucket of the smallest dirty table */
static u64 bucket_hash(const void *key, size_t len)
{
	u64 number = 0;

	memcpy(&number, key, len);
	return number << (64 - DIRTY_BITS_MIN);
}

static const struct test_variant buckets = {
	.title = "first hash of a bucket",
	.params = { .key_len = 8, .hash = SYNCMAP_HASH_CUSTOM,
		    .hash_fn = bucket_hash },
	.keys = 1 << DIRTY_BITS_MIN,
};

/* What a promotion does to a key that is deleted, while it counts */
static void expunge_and_restore(struct seen *seen, u64 key, void *value)
{
	atomic64_t *word = tm_slot(seen->tm, key);

	if (key != 1)
		return;
	KUNIT_EXPECT_TRUE(seen->test, tm_delete(seen->tm, key));
	if (word) {
		this_cpu_sub(tm_state(seen->tm)->counts->dead, 1);
	} else {
		word = tm_word(seen->tm, tm_state(seen->tm)->old, key);
		this_cpu_sub(tm_state(seen->tm)->counts->dirty_dead, 1);
	}
	atomic64_set(word, WORD_EXPUNGED);
	KUNIT_EXPECT_EQ(seen->test, tm_store(seen->tm, key, value), 0);
}

/*
 * C.1: the dirty table has been looked at up to a key before that is shown, if it
 * is in the read table, or if @old in the old dirty table; keys from @from on
 */
static void look_before_showing(struct kunit *test, bool old, u64 from)
{
	struct seen *seen = seen_new(test);
	struct test_map *tm = test->priv;

	tm_become(tm, &buckets);
	if (old)
		tm_freeze(tm);
	KUNIT_ASSERT_EQ(test, tm_fill(tm, from, 2), 0);
	if (!old) {
		KUNIT_ASSERT_EQ(test, syncmap_promote(&tm->map), 0);
		tm_freeze(tm);
	}
	begin_with(test, DIRTY_BITS_MIN);
	KUNIT_ASSERT_EQ(test, tm_fill(tm, 7, 8), 0);
	seen->act = expunge_and_restore;
	KUNIT_EXPECT_EQ(test, syncmap_range(&tm->map, see, seen), 0);
	expect_each_once(seen, from, 2);
	KUNIT_EXPECT_EQ(test, seen->times[7], 1);
	/* The first key has a node, the one after it a pair */
	KUNIT_EXPECT_EQ(test, old && !from,
			!!tm_pair(tm, tm_state(tm)->old, 1));
}

static void range_looks_before_it_shows(struct kunit *test)
{
	look_before_showing(test, false, 1);
}

static void range_looks_before_it_shows_old(struct kunit *test)
{
	look_before_showing(test, true, 1);
	tm_thaw(test->priv);
	look_before_showing(test, true, 0);
}

/* Hashes that are the number of the key, but every fourth the one before it */
static u64 number_hash(const void *key, size_t len)
{
	u64 number = 0;

	memcpy(&number, key, len);
	return number % 4 == 3 ? number - 1 : number;
}

static const struct test_variant numbers = {
	.title = "the number",
	.params = { .key_len = 8, .hash = SYNCMAP_HASH_CUSTOM,
		    .hash_fn = number_hash },
	.keys = 32,
};

static void store_it(struct seen *seen, u64 key, void *value)
{
	KUNIT_EXPECT_EQ(seen->test, tm_store(seen->tm, seen->next, val(0)), 0);
}

/* A walk among keys [0, n), at each of which @fresh is stored */
static void walk_and_store(struct kunit *test, unsigned int n,
			   unsigned int fresh)
{
	struct seen *seen = seen_new(test);
	struct test_map *tm = test->priv;

	seen->next = fresh;
	seen->act = store_it;
	syncmap_clear(&tm->map);
	KUNIT_ASSERT_EQ(test, tm_fill(tm, 0, min(n, fresh)), 0);
	KUNIT_ASSERT_EQ(test, tm_fill(tm, fresh + 1, n), 0);
	KUNIT_EXPECT_EQ(test, syncmap_range(&tm->map, see, seen), 0);
	KUNIT_EXPECT_LE(test, seen->times[fresh], 1);
	seen->times[fresh] = 1;
	expect_each_once(seen, 0, n);
}

/*
 * C.1: in the bucket that the walk is in, in a pair or a node, with a hash before,
 * after or the same, a new key is shown once or not at all
 */
static void range_shows_a_new_neighbour_once(struct kunit *test)
{
	unsigned int n, fresh;

	tm_become(test->priv, &numbers);
	for (n = 1; n < 12; n++)
		for (fresh = 0; fresh < 12; fresh++)
			walk_and_store(test, n, fresh);
}

/* A run of equal hashes comes in one piece or not at all */
static void next_refuses_to_divide_a_run(struct kunit *test)
{
	struct syncmap_entry entries[8];
	struct test_map *tm = test->priv;
	u64 cursor = 0;

	tm_become(tm, test_variant_equal);
	KUNIT_ASSERT_EQ(test, tm_fill(tm, 0, 4), 0);
	KUNIT_ASSERT_EQ(test, syncmap_promote(&tm->map), 0);
	KUNIT_ASSERT_EQ(test, tm_fill(tm, 4, 8), 0);
	rcu_read_lock();
	KUNIT_EXPECT_EQ(test, syncmap_next(&tm->map, &cursor, entries, 7),
			-EMSGSIZE);
	KUNIT_EXPECT_EQ(test, cursor, 0);
	KUNIT_EXPECT_EQ(test, syncmap_next(&tm->map, &cursor, entries, 8), 8);
	KUNIT_EXPECT_EQ(test, cursor, SYNCMAP_CURSOR_END);
	KUNIT_EXPECT_EQ(test, syncmap_next(&tm->map, &cursor, entries, 8), 0);
	rcu_read_unlock();
}

/* Any number is a cursor */
static void next_takes_any_cursor(struct kunit *test)
{
	struct syncmap_entry entry;
	struct test_map *tm = test->priv;
	struct rnd_state rnd;
	u64 cursor, from;
	int i, n;

	fill_both(test);
	test_random(&rnd, 0);
	for (i = 0; i < 500; i++) {
		cursor = (u64)prandom_u32_state(&rnd) << 32;
		from = cursor;
		rcu_read_lock();
		n = syncmap_next(&tm->map, &cursor, &entry, 1);
		rcu_read_unlock();
		if (n == 1)
			KUNIT_EXPECT_GE(test, entry.hash, from);
	}
}

KUNIT_ARRAY_PARAM(variant, test_variants, test_variant_desc);

static struct kunit_case range_cases[] = {
	KUNIT_CASE_PARAM(range_of_empty_visits_nothing, variant_gen_params),
	KUNIT_CASE_PARAM(range_visits_each_key_once, variant_gen_params),
	KUNIT_CASE_PARAM(range_skips_deleted_keys, variant_gen_params),
	KUNIT_CASE_PARAM(range_stops_when_told, variant_gen_params),
	KUNIT_CASE_PARAM(range_may_be_nested, variant_gen_params),
	KUNIT_CASE_PARAM(range_may_delete_what_it_visits, variant_gen_params),
	KUNIT_CASE_PARAM(range_shows_a_restored_key_once, variant_gen_params),
	KUNIT_CASE_PARAM(range_survives_the_first_dirty_key,
			 variant_gen_params),
	KUNIT_CASE_PARAM(range_survives_promotions, variant_gen_params),
	KUNIT_CASE_PARAM(portions_may_be_of_one_step, variant_gen_params),
	KUNIT_CASE(range_looks_before_it_shows),
	KUNIT_CASE(range_looks_before_it_shows_old),
	KUNIT_CASE(range_shows_a_new_neighbour_once),
	KUNIT_CASE(next_visits_each_key_once),
	KUNIT_CASE(next_returns_among_deleted_keys),
	KUNIT_CASE(next_returns_among_unused_buckets),
	KUNIT_CASE(next_survives_promotions),
	KUNIT_CASE(next_ends_after_clear),
	KUNIT_CASE(next_refuses_to_divide_a_run),
	KUNIT_CASE(next_takes_any_cursor),
	{}
};

static struct kunit_suite range_suite = {
	.name = "syncmap_range",
	.suite_init = test_suite_init,
	.init = test_map_init,
	.exit = test_map_exit,
	.test_cases = range_cases,
};

kunit_test_suite(range_suite);
