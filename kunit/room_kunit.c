// SPDX-License-Identifier: GPL-2.0-only
/*
 * Room: read tables that get new keys while a map grows
 */
#include "inside.h"

/* Keys that a table with room is made for, and that come behind it */
#define SETTLED		2048U
#define NEW		2048U

/* Frozen, in a map that has just grown; whether its table has room then */
static bool grow(struct kunit *test)
{
	struct test_map *tm = test->priv;

	tm_freeze(tm);
	/* There is nobody to wait for */
	tm->gfp = GFP_ATOMIC;
	KUNIT_ASSERT_EQ(test, tm_fill(tm, 1, 1 + test_keys(tm, SETTLED)), 0);
	KUNIT_ASSERT_EQ(test, syncmap_build(&tm->map, BUILD_ROOM, GFP_KERNEL), 0);
	return tm_state(tm)->table->roomy;
}

static bool has_room(struct test_map *tm, u64 i)
{
	struct test_key buffer;
	struct syncmap_key key = tm_key(tm, i, &buffer);

	return table_has_room(tm_state(tm)->table, &key);
}

/* The next key for which there is room, or none */
static u64 find_key(struct test_map *tm, u64 from, bool room)
{
	while (has_room(tm, from) != room)
		from++;
	return from;
}

static u64 home_of(struct test_map *tm, u64 i)
{
	struct test_key buffer;

	return syncmap_table_home(tm_key(tm, i, &buffer).hash,
				  tm_state(tm)->view.homes);
}

static unsigned int keys_of(struct test_map *tm, u64 bucket)
{
	return table_keys(tm_state(tm)->table, bucket);
}

/* Whatever is in the table or out of it, the map is right; and at rest it is as small */
static void room_is_used_up_and_given_back(struct kunit *test)
{
	struct test_map *tm = test->priv;
	unsigned int settled = test_keys(tm, SETTLED);
	unsigned int all = settled + test_keys(tm, NEW);
	struct syncmap_core_stats stats;
	bool room = grow(test);

	KUNIT_EXPECT_EQ(test, room, tm->map.params.hash != SYNCMAP_HASH_CUSTOM);
	KUNIT_EXPECT_EQ(test, tm_state(tm)->view.homes,
			syncmap_table_homes((1 + room) * settled, sizeof(u64)));
	KUNIT_EXPECT_TRUE(test, tm_holds(tm, 1, 1 + settled));
	KUNIT_ASSERT_EQ(test, tm_fill(tm, 1 + settled, 1 + all), 0);
	KUNIT_EXPECT_TRUE(test, tm_holds(tm, 1, 1 + all));
	syncmap_get_stats(&tm->map, &stats);
	KUNIT_EXPECT_EQ(test, stats.read_keys + stats.dirty_keys, all);
	if (room)
		KUNIT_EXPECT_LT(test, stats.dirty_keys, NEW / 4);
	tm_thaw(tm);
	KUNIT_EXPECT_EQ(test, syncmap_check(&tm->map), 0);
	KUNIT_EXPECT_EQ(test, syncmap_promote(&tm->map), 0);
	KUNIT_EXPECT_FALSE(test, tm_state(tm)->table->roomy);
	KUNIT_EXPECT_EQ(test, tm_state(tm)->table->keys, all);
	KUNIT_EXPECT_TRUE(test, tm_holds(tm, 1, 1 + all));
}

/* It is there for those who load, and stays there when it is deleted */
static void a_new_key_gets_a_slot(struct kunit *test)
{
	struct test_map *tm = test->priv;
	atomic64_t *slot;
	void *value;
	u64 i;

	KUNIT_ASSERT_TRUE(test, grow(test));
	i = find_key(tm, 1 + SETTLED, true);
	KUNIT_EXPECT_NULL(test, tm_slot(tm, i));
	KUNIT_ASSERT_EQ(test, tm_store(tm, i, val(i)), 0);
	slot = tm_slot(tm, i);
	KUNIT_ASSERT_NOT_NULL(test, slot);
	KUNIT_EXPECT_EQ(test, word_read(slot), word_open(4 * i + 6));
	KUNIT_EXPECT_TRUE(test, tm_counts(tm, SETTLED + 1, 0, 0, 0));
	KUNIT_EXPECT_FALSE(test, tm_state(tm)->dirty->used);
	KUNIT_EXPECT_TRUE(test, tm_load(tm, i, &value) && value == val(i));
	KUNIT_EXPECT_TRUE(test, tm_delete(tm, i));
	KUNIT_EXPECT_TRUE(test, tm_counts(tm, SETTLED, 1, 0, 0));
	KUNIT_EXPECT_FALSE(test, tm_load(tm, i, &value));
	KUNIT_ASSERT_EQ(test, tm_store(tm, i, val(1)), 0);
	KUNIT_EXPECT_PTR_EQ(test, tm_slot(tm, i), slot);
	KUNIT_EXPECT_TRUE(test, tm_counts(tm, SETTLED + 1, 0, 0, 0));
	KUNIT_EXPECT_FALSE(test, syncmap_is_tidy(tm_state(tm)));
}

/* A key whose bucket is full goes to the dirty table, and one there stays there */
static void what_has_no_room_is_dirty(struct kunit *test)
{
	struct test_map *tm = test->priv;
	struct syncmap_dirty *dirty;
	u64 i;

	KUNIT_ASSERT_TRUE(test, grow(test));
	dirty = tm_state(tm)->dirty;
	i = 1 + SETTLED;
	do
		i = find_key(tm, ++i, false);
	while (table_is_barred(tm_state(tm)->table, home_of(tm, i)));
	KUNIT_EXPECT_EQ(test, keys_of(tm, home_of(tm, i)), SYNCMAP_PAIR_SLOTS);
	KUNIT_ASSERT_EQ(test, tm_store(tm, i, val(i)), 0);
	KUNIT_EXPECT_NULL(test, tm_slot(tm, i));
	KUNIT_EXPECT_NOT_NULL(test, tm_word(tm, dirty, i));
	KUNIT_EXPECT_TRUE(test, tm_counts(tm, SETTLED + 1, 0, 1, 0));
	KUNIT_EXPECT_TRUE(test, tm_delete(tm, i));
	KUNIT_ASSERT_EQ(test, tm_store(tm, i, val(i)), 0);
	KUNIT_EXPECT_TRUE(test, tm_counts(tm, SETTLED + 1, 0, 1, 0));
}

/* Beside key 0 in a table for @keys keys, and large; the next from @i on */
static u64 find_beside_0(struct test_map *tm, u64 i, u64 keys)
{
	u64 homes = syncmap_table_homes(keys, sizeof(u64));
	struct test_key buffer;
	u64 home = syncmap_table_home(tm_key(tm, 0, &buffer).hash, homes);

	while (syncmap_table_home(tm_key(tm, i, &buffer).hash, homes) != home)
		i++;
	return i;
}

/* Key 0 is looked for behind its bucket, too, if that is full */
static void key_0_bars_all_that_it_looks_into(struct kunit *test)
{
	struct test_map *tm = test->priv;
	struct syncmap_table *table;
	u64 i = 1ULL << 32;
	int n;

	KUNIT_ASSERT_EQ(test, tm_fill(tm, 1, 2), 0);
	for (n = 0; n <= SYNCMAP_PAIR_SLOTS; n++, i++) {
		i = find_beside_0(tm, i, 2 * SETTLED);
		KUNIT_ASSERT_EQ(test, tm_store(tm, i, val(i)), 0);
	}
	tm_freeze(tm);
	tm->gfp = GFP_ATOMIC;
	KUNIT_ASSERT_EQ(test, tm_fill(tm, 1, SETTLED - SYNCMAP_PAIR_SLOTS), 0);
	KUNIT_ASSERT_EQ(test, syncmap_build(&tm->map, BUILD_ROOM, GFP_KERNEL), 0);
	table = tm_state(tm)->table;
	KUNIT_ASSERT_TRUE(test, table->roomy);
	KUNIT_EXPECT_EQ(test, table->keys, SETTLED);
	KUNIT_EXPECT_EQ(test, keys_of(tm, table->barred), SYNCMAP_PAIR_SLOTS);
	KUNIT_EXPECT_GT(test, table->nbarred, 1);
	KUNIT_EXPECT_LT(test, keys_of(tm, table->barred + table->nbarred - 1),
			SYNCMAP_PAIR_SLOTS);
}

/* It is found in any slot that is not filled: nobody else gets one where it looks */
static void key_0_gets_none(struct kunit *test)
{
	struct test_map *tm = test->priv;
	struct syncmap_table *table;
	unsigned int before, after;
	u64 last, home;
	void *value;

	KUNIT_ASSERT_TRUE(test, grow(test));
	table = tm_state(tm)->table;
	home = table->barred;
	last = home + table->nbarred - 1;
	KUNIT_EXPECT_FALSE(test, has_room(tm, 0));
	before = keys_of(tm, last);
	KUNIT_EXPECT_LT(test, before, SYNCMAP_PAIR_SLOTS);
	for (; home < last; home++)
		KUNIT_EXPECT_EQ(test, keys_of(tm, home), SYNCMAP_PAIR_SLOTS);
	KUNIT_ASSERT_EQ(test, tm_fill(tm, 1 + SETTLED, 1 + 4 * SETTLED), 0);
	after = keys_of(tm, last);
	KUNIT_EXPECT_EQ(test, before, after);
	KUNIT_EXPECT_FALSE(test, tm_load(tm, 0, &value));
	KUNIT_ASSERT_EQ(test, tm_store(tm, 0, val(0)), 0);
	KUNIT_EXPECT_NOT_NULL(test, tm_node(tm, tm_state(tm)->dirty, 0));
	KUNIT_EXPECT_TRUE(test, tm_holds(tm, 0, 1 + 4 * SETTLED));
}

/* What has died while it was moved has a slot already, which is nobody's home */
static void a_key_gets_no_second_slot(struct kunit *test)
{
	struct test_map *tm = test->priv;
	u64 i = 1;

	KUNIT_ASSERT_TRUE(test, grow(test));
	while (!has_room(tm, i))
		i++;
	KUNIT_ASSERT_TRUE(test, tm_delete(tm, i));
	atomic64_set(tm_slot(tm, i), WORD_EXPUNGED);
	this_cpu_sub(tm_state(tm)->counts->dead, 1);
	/* Neither has it a pair there */
	KUNIT_ASSERT_EQ(test, tm_take_pairs(tm, i), 0);
	KUNIT_ASSERT_EQ(test, tm_store(tm, i, val(i)), 0);
	KUNIT_EXPECT_EQ(test, word_read(tm_slot(tm, i)), WORD_EXPUNGED);
	KUNIT_EXPECT_NOT_NULL(test, tm_node(tm, tm_state(tm)->dirty, i));
	KUNIT_EXPECT_TRUE(test, tm_holds(tm, 1, 1 + SETTLED));
}

/* While a promotion goes on, the slots are counted already */
static void none_gets_a_slot_during_a_promotion(struct kunit *test)
{
	struct test_map *tm = test->priv;
	struct syncmap_dirty *dirty;
	u64 i;

	KUNIT_ASSERT_TRUE(test, grow(test));
	i = find_key(tm, 1 + SETTLED, true);
	tm_thaw(tm);
	KUNIT_EXPECT_TRUE(test, test_promote_pause(tm, TEST_STEP_BEGUN));
	dirty = tm_state(tm)->dirty;
	KUNIT_EXPECT_EQ(test, tm_store(tm, i, val(i)), 0);
	KUNIT_EXPECT_NULL(test, tm_slot(tm, i));
	KUNIT_EXPECT_NOT_NULL(test, tm_word(tm, dirty, i));
	KUNIT_EXPECT_EQ(test, test_promote_resume(), 0);
}

struct visits {
	struct kunit	*test;
	u64		last;
	unsigned int	n;
};

static int visit(const struct syncmap_entry *entry, void *arg)
{
	struct visits *visits = arg;

	if (visits->n)
		KUNIT_EXPECT_GT(visits->test, entry->hash, visits->last);
	visits->last = entry->hash;
	visits->n++;
	return 0;
}

/* By hash, once each, though they stand in a bucket as they came; dirty ones between */
static void range_sorts_what_came_later(struct kunit *test)
{
	struct test_map *tm = test->priv;
	struct visits visits = { .test = test };
	struct syncmap_entry entry;
	u64 cursor = 0;
	int n;

	KUNIT_ASSERT_TRUE(test, grow(test));
	KUNIT_ASSERT_EQ(test, tm_fill(tm, 1 + SETTLED, 1 + 2 * SETTLED), 0);
	KUNIT_EXPECT_TRUE(test, tm_state(tm)->dirty->used);
	KUNIT_EXPECT_EQ(test, syncmap_range(&tm->map, visit, &visits), 0);
	KUNIT_EXPECT_EQ(test, visits.n, 2 * SETTLED);
	visits.n = 0;
	do {
		rcu_read_lock();
		n = syncmap_next(&tm->map, &cursor, &entry, 1);
		if (n == 1)
			visit(&entry, &visits);
		rcu_read_unlock();
		KUNIT_ASSERT_GE(test, n, 0);
	} while (cursor != SYNCMAP_CURSOR_END);
	KUNIT_EXPECT_EQ(test, visits.n, 2 * SETTLED);
}

struct come_back {
	struct visits	visits;
	unsigned int	slots;	/* that keys have come back to */
};

/* It goes, and comes back: the next that the range comes to must not be the same */
static int go_and_come_back(const struct syncmap_entry *entry, void *arg)
{
	struct come_back *back = arg;
	struct test_map *tm = back->visits.test->priv;
	u64 i = test_key_number(tm, entry);
	bool in_slot = tm_slot(tm, i);

	visit(entry, &back->visits);
	if (!tm_delete(tm, i) || tm_store(tm, i, val(i)))
		return -EIO;
	back->slots += !in_slot && tm_slot(tm, i);
	return 0;
}

/* C.1: from a node of the dirty table to a slot of the read table, under way */
static void range_meets_none_twice(struct kunit *test)
{
	struct test_map *tm = test->priv;
	struct come_back back = { .visits.test = test };

	KUNIT_ASSERT_TRUE(test, grow(test));
	/* As if these had come before the promotion was over: most of them get nodes */
	tm_state(tm)->table->roomy = false;
	KUNIT_ASSERT_EQ(test, tm_fill(tm, 1 + SETTLED, 1 + 8 * SETTLED), 0);
	tm_state(tm)->table->roomy = true;
	KUNIT_EXPECT_EQ(test, syncmap_range(&tm->map, go_and_come_back, &back), 0);
	KUNIT_EXPECT_EQ(test, back.visits.n, 8 * SETTLED);
	KUNIT_EXPECT_GT(test, back.slots, 100);
	KUNIT_EXPECT_TRUE(test, tm_holds(tm, 1, 1 + 8 * SETTLED));
}

/* Who lets a map grow gets room without asking */
static void the_worker_makes_room(struct kunit *test)
{
	struct test_map *tm = test->priv;
	bool roomy = false;
	u64 i;

	for (i = 1; !roomy && i < 1000 * 1000; i++) {
		KUNIT_ASSERT_EQ(test, tm_store(tm, i, val(i)), 0);
		rcu_read_lock();
		roomy = rcu_dereference(tm->map.state)->table->roomy;
		rcu_read_unlock();
		cond_resched();
	}
	KUNIT_EXPECT_TRUE(test, roomy);
	KUNIT_EXPECT_TRUE(test, tm_holds(tm, 1, i));
}

/* What comes and goes is not what room is for: else it would be made for ever */
static void no_room_for_what_is_gone(struct kunit *test)
{
	struct test_map *tm = test->priv;
	u64 i;

	KUNIT_ASSERT_TRUE(test, grow(test));
	for (i = 1 + SETTLED; i < 1 + 2 * SETTLED; i++) {
		KUNIT_ASSERT_EQ(test, tm_store(tm, i, val(i)), 0);
		KUNIT_ASSERT_TRUE(test, tm_delete(tm, i));
	}
	KUNIT_EXPECT_EQ(test, syncmap_build(&tm->map, BUILD_ROOM, GFP_KERNEL), 0);
	KUNIT_EXPECT_FALSE(test, tm_state(tm)->table->roomy);
	KUNIT_EXPECT_TRUE(test, tm_holds(tm, 1, 1 + SETTLED));
}

/* Few new keys get no room, nor does a map that is to rest */
static void room_is_for_growth(struct kunit *test)
{
	struct test_map *tm = test->priv;

	KUNIT_ASSERT_TRUE(test, grow(test));
	KUNIT_ASSERT_EQ(test, tm_fill(tm, 1 + SETTLED, 11 + SETTLED), 0);
	KUNIT_EXPECT_EQ(test, syncmap_build(&tm->map, BUILD_ROOM, GFP_KERNEL), 0);
	KUNIT_EXPECT_FALSE(test, tm_state(tm)->table->roomy);
	KUNIT_ASSERT_EQ(test, tm_fill(tm, 11 + SETTLED, 1 + 2 * SETTLED), 0);
	KUNIT_EXPECT_EQ(test, syncmap_build(&tm->map, BUILD_REST, GFP_KERNEL), 0);
	KUNIT_EXPECT_FALSE(test, tm_state(tm)->table->roomy);
	KUNIT_EXPECT_TRUE(test, tm_holds(tm, 1, 1 + 2 * SETTLED));
}

static u64 spread_hash(const void *key, size_t len)
{
	return *(const u64 *)key * 0x9e3779b97f4a7c15ULL;
}

static const struct test_variant custom = {
	"u64 spread", {
		.key_len = 8, .hash = SYNCMAP_HASH_CUSTOM, .hash_fn = spread_hash,
	}, UINT_MAX,
};

/* However good it is: it may as well make all keys equal */
static void room_is_not_for_a_custom_hash(struct kunit *test)
{
	tm_become(test->priv, &custom);
	KUNIT_EXPECT_FALSE(test, grow(test));
}

/* Values of keys that came later go, too, and once */
static void clear_frees_what_is_in_slots(struct kunit *test)
{
	struct test_map *tm = test->priv;

	KUNIT_ASSERT_TRUE(test, grow(test));
	KUNIT_ASSERT_EQ(test, tm_fill(tm, 1 + SETTLED, 1 + 2 * SETTLED), 0);
	tm_thaw(tm);
	syncmap_clear(&tm->map);
	syncmap_destroy(&tm->map);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&tm->freed), 2 * SETTLED);
	KUNIT_EXPECT_EQ(test, syncmap_init(&tm->map, &tm->variant->params), 0);
}

KUNIT_ARRAY_PARAM(words, test_variants_words, test_variant_desc);

static struct kunit_case room_cases[] = {
	KUNIT_CASE_PARAM(room_is_used_up_and_given_back, words_gen_params),
	KUNIT_CASE(a_new_key_gets_a_slot),
	KUNIT_CASE(what_has_no_room_is_dirty),
	KUNIT_CASE(key_0_gets_none),
	KUNIT_CASE(key_0_bars_all_that_it_looks_into),
	KUNIT_CASE(a_key_gets_no_second_slot),
	KUNIT_CASE(none_gets_a_slot_during_a_promotion),
	KUNIT_CASE(range_sorts_what_came_later),
	KUNIT_CASE(range_meets_none_twice),
	KUNIT_CASE(the_worker_makes_room),
	KUNIT_CASE(no_room_for_what_is_gone),
	KUNIT_CASE(room_is_for_growth),
	KUNIT_CASE(room_is_not_for_a_custom_hash),
	KUNIT_CASE(clear_frees_what_is_in_slots),
	{}
};

static struct kunit_suite room_suite = {
	.name = "syncmap_room",
	.suite_init = test_suite_init,
	.init = test_map_init,
	.exit = test_map_exit,
	.test_cases = room_cases,
};

kunit_test_suite(room_suite);
