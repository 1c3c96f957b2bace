// SPDX-License-Identifier: GPL-2.0-only
/*
 * The invariant check itself: each invariant is broken by hand, found broken,
 * and mended
 */
#include "../module/core/check.c"
#include "inside.h"

/* Keys [1, 6) read, of which 2 is deleted; [6, 9) dirty, and 0, which has a node */
static int check_fill(struct test_map *tm)
{
	int err = tm_fill(tm, 1, 6);

	if (!err)
		err = syncmap_promote(&tm->map);
	if (!err)
		err = tm_fill(tm, 6, 9);
	if (!err)
		err = tm_fill(tm, 0, 1);
	tm_delete(tm, 2);
	return err;
}

static int check_init(struct kunit *test)
{
	return test_map_init(test) ?: check_fill(test->priv);
}

/* What syncmap_check() says, without a line in the log for each broken map */
static const char *verdict(struct test_map *tm)
{
	struct check c = { .map = &tm->map, .state = tm_state(tm) };

	check_state(&c);
	return c.broken;
}

static void check_passes_in_each_state(struct kunit *test)
{
	struct test_map *tm = test->priv;

	KUNIT_EXPECT_EQ(test, syncmap_check(&tm->map), 0);
	KUNIT_EXPECT_EQ(test, syncmap_promote(&tm->map), 0);
	KUNIT_EXPECT_EQ(test, syncmap_check(&tm->map), 0);
	syncmap_clear(&tm->map);
	KUNIT_EXPECT_EQ(test, syncmap_check(&tm->map), 0);
}

static void check_reports_what_is_broken(struct kunit *test)
{
	struct test_map *tm = test->priv;

	tm_freeze(tm);
	atomic64_set(tm_slot(tm, 1), WORD_DEAD);
	tm_thaw(tm);
	KUNIT_EXPECT_EQ(test, syncmap_check(&tm->map), -EUCLEAN);
	atomic64_set(tm_slot(tm, 1), word_open(CODE(1)));
}

/* Swap @place with @wrong: the check must object until it is swapped back */
#define EXPECT_BROKEN(test, place, wrong, saying)			\
do {									\
	struct kunit *_test = (test);					\
	typeof(place) *_broken = &(place);				\
	typeof(place) _right = *_broken;				\
	const char *_said;						\
									\
	WRITE_ONCE(*_broken, wrong);					\
	_said = verdict(_test->priv);					\
	WRITE_ONCE(*_broken, _right);					\
	KUNIT_EXPECT_STREQ(_test, _said ?: "nothing", saying);		\
} while (0)

static void check_finds_wrong_words(struct kunit *test)
{
	struct test_map *tm = test->priv;
	atomic64_t *slot;
	struct syncmap_node *node;
	struct syncmap_pair *pair;

	tm_freeze(tm);
	slot = tm_slot(tm, 1);
	node = tm_node(tm, tm_state(tm)->dirty, 0);
	pair = tm_pair(tm, tm_state(tm)->dirty, 6);
	EXPECT_BROKEN(test, slot->counter, word_code(slot->counter),
		      "a word is closed and leads nowhere");
	EXPECT_BROKEN(test, slot->counter, WORD_DEAD,
		      "the count of keys is wrong");
	EXPECT_BROKEN(test, slot->counter, WORD_EXPUNGED,
		      "the count of keys is wrong");
	EXPECT_BROKEN(test, node->word.counter, WORD_DEAD,
		      "a tombstone in an open chain");
	EXPECT_BROKEN(test, node->word.counter, word_code(node->word.counter),
		      "a word is closed and leads nowhere");
	EXPECT_BROKEN(test, pair->word.counter, WORD_DEAD,
		      "the count of keys is wrong");
	EXPECT_BROKEN(test, pair->word.counter, WORD_EXPUNGED,
		      "a pair has no word");
	EXPECT_BROKEN(test, pair->word.counter, word_code(pair->word.counter),
		      "a word is closed and leads nowhere");
	tm_thaw(tm);
}

/* Where a read key is */
static struct table_pos find_pos(struct test_map *tm, u64 i)
{
	struct syncmap_table *table = tm_state(tm)->table;
	struct table_pos pos = {};

	while (table_next(table, &pos) &&
	       syncmap_slot_word(&table->view, pos.bucket, pos.slot,
				 table->key_len) != tm_slot(tm, i))
		pos.slot++;
	return pos;
}

/* What has come to a table with room, in the map's own way, stands at home */
static void check_finds_what_has_come_wrong(struct kunit *test)
{
	struct test_map *tm = test->priv;
	u64 i = 1 << 20, other = 1 << 21;
	struct syncmap_table *table;
	struct syncmap_pair *pair;
	struct table_pos pos;
	struct test_key buffer;

	tm_freeze(tm);
	tm->gfp = GFP_ATOMIC;
	KUNIT_ASSERT_EQ(test, tm_fill(tm, 100, 100 + 2048), 0);
	KUNIT_ASSERT_EQ(test, syncmap_build(&tm->map, BUILD_ROOM, GFP_KERNEL), 0);
	table = tm_state(tm)->table;
	KUNIT_ASSERT_TRUE(test, table->roomy);
	do {
		i++;
		KUNIT_ASSERT_EQ(test, tm_store(tm, i, val(i)), 0);
	} while (!tm_slot(tm, i));
	pos = find_pos(tm, i);
	pair = &table->view.pairs[pos.bucket].pair[pos.slot];
	while (syncmap_table_home(tm_key(tm, other, &buffer).hash,
				  table->view.homes) == pos.bucket)
		other++;
	EXPECT_BROKEN(test, table->roomy, false,
		      "a slot that is not filled has something");
	EXPECT_BROKEN(test, table->nbarred, U64_MAX,
		      "a key has come where key 0 is looked for");
	EXPECT_BROKEN(test, pair->key, other,
		      "a key has come to a bucket that is not its home");
	KUNIT_EXPECT_STREQ(test, verdict(tm) ?: "nothing", "nothing");
	tm_thaw(tm);
}

static void check_finds_a_wrong_read_table(struct kunit *test)
{
	struct test_map *tm = test->priv;
	struct syncmap_table *table;
	struct syncmap_pair *pair;
	struct table_pos pos;
	u8 *tag;

	tm_freeze(tm);
	table = tm_state(tm)->table;
	pos = find_pos(tm, 1);
	KUNIT_ASSERT_TRUE(test, table_has(table, &pos));
	EXPECT_BROKEN(test, table->keys, 4,
		      "the read table miscounts its keys");
	tag = syncmap_pairs_tag(&table->view, pos.bucket);
	EXPECT_BROKEN(test, *tag, *tag - 1, "the read table miscounts its keys");
	/* The last bucket never has a key */
	pair = table->view.pairs[table->buckets - 1].pair;
	EXPECT_BROKEN(test, pair->key, 1,
		      "a slot that is not filled has something");
	EXPECT_BROKEN(test, pair->word.counter, WORD_DEAD,
		      "a slot that is not filled has something");
	EXPECT_BROKEN(test, table->next, table,
		      "a read table has a successor");
	EXPECT_BROKEN(test, tm_state(tm)->view.buckets, NULL,
		      "a state does not show its read table");
	tm_thaw(tm);
}

static void check_finds_a_wrong_fingerprint(struct kunit *test)
{
	struct test_map *tm = test->priv;
	struct syncmap_bucket *bucket;
	struct table_pos pos;

	tm_become(tm, &test_variants_few[3]);
	KUNIT_ASSERT_EQ(test, tm_fill(tm, 0, 5), 0);
	KUNIT_ASSERT_EQ(test, syncmap_promote(&tm->map), 0);
	tm_freeze(tm);
	pos = find_pos(tm, 1);
	bucket = &tm_state(tm)->table->view.buckets[pos.bucket];
	EXPECT_BROKEN(test, bucket->header, bucket->header ^
		      (bucket->header & 0xff ? 1ULL : 2ULL) << (8 * pos.slot),
		      "a fingerprint is wrong");
	tm_thaw(tm);
}

static void check_finds_a_wrong_dirty_table(struct kunit *test)
{
	struct test_map *tm = test->priv;
	struct syncmap_dirty *dirty;
	struct syncmap_node *node;

	tm_freeze(tm);
	dirty = tm_state(tm)->dirty;
	node = tm_node(tm, dirty, 0);
	EXPECT_BROKEN(test, node->hash, node->hash ^ 1,
		      "a node's hash is wrong");
	EXPECT_BROKEN(test, node->key, 0x123456, "a node's hash is wrong");
	EXPECT_BROKEN(test, dirty->into, tm_state(tm)->table,
		      "a dirty table has a successor");
	EXPECT_BROKEN(test, raw_cpu_ptr(tm_state(tm)->counts)->dirty, 1000,
		      "the count of dirty keys is wrong");
	EXPECT_BROKEN(test, raw_cpu_ptr(tm_state(tm)->counts)->nodes, 1000,
		      "the count of nodes is wrong");
	tm_thaw(tm);
}

/* A number whose key belongs into another bucket */
static u64 find_number(struct test_map *tm, struct syncmap_dirty *dirty,
		       const struct dirty_bucket *bucket)
{
	struct test_key buffer;
	u64 i = 1000;

	while (dirty_bucket(dirty, tm_key(tm, i, &buffer).hash) == bucket)
		i++;
	return i;
}

static void check_finds_wrong_pairs(struct kunit *test)
{
	struct test_map *tm = test->priv;
	struct dirty_bucket *bucket;
	struct syncmap_dirty *dirty;
	struct syncmap_pair *pair;
	struct test_key buffer;

	tm_freeze(tm);
	dirty = tm_state(tm)->dirty;
	bucket = dirty_bucket(dirty, tm_key(tm, 6, &buffer).hash);
	pair = bucket->pairs;
	KUNIT_ASSERT_EQ(test, tm_take_pairs(tm, 6), 0);
	KUNIT_EXPECT_NULL(test, verdict(tm));
	EXPECT_BROKEN(test, pair[2].key, 0,
		      "a pair without a key has something");
	EXPECT_BROKEN(test, pair[0].key, 0,
		      "a pair without a key has something");
	EXPECT_BROKEN(test, pair[1].key, pair[2].key,
		      "a dirty key is there twice");
	EXPECT_BROKEN(test, pair[0].key, find_number(tm, dirty, bucket),
		      "a dirty key is in the wrong bucket");
	EXPECT_BROKEN(test, pair[2].word.counter, word_open(CODE(1)),
		      "the count of keys is wrong");
	/* Of another bucket, whose third pair has no key yet */
	pair = &dirty->buckets[dirty->buckets == bucket].pairs[2];
	EXPECT_BROKEN(test, pair->word.counter, WORD_DEAD,
		      "a pair without a key has something");
	EXPECT_BROKEN(test, pair->word.counter, word_open(CODE(1)),
		      "a pair without a key has something");
	tm_thaw(tm);
}

/* A node of another bucket's key, and one of a key that has a pair */
static void check_finds_wrong_nodes(struct kunit *test)
{
	struct test_map *tm = test->priv;
	struct dirty_bucket *bucket;
	struct syncmap_dirty *dirty;
	struct syncmap_node *node;
	struct test_key buffer;

	tm_freeze(tm);
	KUNIT_ASSERT_EQ(test, tm_take_pairs(tm, 0), 0);
	dirty = tm_state(tm)->dirty;
	node = tm_node(tm, dirty, 0);
	bucket = dirty_bucket(dirty, node->hash);
	node->key = find_number(tm, dirty, bucket);
	EXPECT_BROKEN(test, node->hash, tm_key(tm, node->key, &buffer).hash,
		      "a dirty key is in the wrong bucket");
	node->key = bucket->pairs[1].key;
	EXPECT_BROKEN(test, node->hash, tm_key(tm, node->key, &buffer).hash,
		      "a dirty key is there twice");
	node->key = 0;
	tm_thaw(tm);
}

/*
 * I1: key 1 comes back to life in its slot while its word in the dirty table is
 * live
 */
static void make_two_homes(struct kunit *test)
{
	struct test_map *tm = test->priv;
	atomic64_t *slot;

	tm_freeze(tm);
	slot = tm_slot(tm, 1);
	atomic64_set(slot, WORD_EXPUNGED);
	KUNIT_EXPECT_EQ(test, tm_store(tm, 1, val(1)), 0);
	KUNIT_EXPECT_NOT_NULL(test, tm_word(tm, tm_state(tm)->dirty, 1));
	EXPECT_BROKEN(test, slot->counter, WORD_DEAD, "a key has two homes");
	EXPECT_BROKEN(test, slot->counter, word_open(SYNCMAP_CODE_NULL),
		      "a key has two homes");
	KUNIT_EXPECT_TRUE(test, tm_delete(tm, 1));
	/* A tombstone is a home, too */
	if (tm_word(tm, tm_state(tm)->dirty, 1))
		EXPECT_BROKEN(test, slot->counter, WORD_DEAD,
			      "a key has two homes");
	/* The slot's key is lost to the counts, which do not know why */
	this_cpu_sub(tm_state(tm)->counts->live, 1);
	tm_thaw(tm);
}

static void check_finds_two_homes(struct kunit *test)
{
	make_two_homes(test);
	tm_become(test->priv, test_variant_wide);
	KUNIT_ASSERT_EQ(test, check_fill(test->priv), 0);
	make_two_homes(test);
}

/* C.1 rests on it */
static void check_finds_disorder(struct kunit *test)
{
	struct test_map *tm = test->priv;
	struct syncmap_pair *pair;
	struct syncmap_node *head;
	struct table_pos pos;
	unsigned int other;

	tm_become(tm, test_variant_bucket);
	KUNIT_ASSERT_EQ(test, tm_fill(tm, 0, 6), 0);
	KUNIT_ASSERT_EQ(test, syncmap_promote(&tm->map), 0);
	/* All pairs, and two nodes */
	KUNIT_ASSERT_EQ(test, tm_fill(tm, 6, 8 + BUCKET_PAIRS), 0);
	tm_freeze(tm);
	/* One bucket and one chain: two neighbours change places */
	pos = find_pos(tm, 0);
	pair = tm_state(tm)->view.pairs[pos.bucket].pair;
	other = pos.slot ? pos.slot - 1 : 1;
	swap(pair[pos.slot].key, pair[other].key);
	KUNIT_EXPECT_STREQ(test, verdict(tm) ?: "nothing",
			   "the read table has no order");
	swap(pair[pos.slot].key, pair[other].key);
	head = dirty_head(tm_state(tm)->dirty, 0);
	tm_state(tm)->dirty->buckets[0].heads[0] = head->next;
	head->next->next = head;
	head->next = NULL;
	KUNIT_EXPECT_STREQ(test, verdict(tm) ?: "nothing",
			   "a chain has no order");
	head->next = dirty_head(tm_state(tm)->dirty, 0);
	head->next->next = NULL;
	tm_state(tm)->dirty->buckets[0].heads[0] = head;
	tm_thaw(tm);
}

/* Without its filter bit, a displaced key would not be found */
static void check_finds_a_missing_filter_bit(struct kunit *test)
{
	struct test_map *tm = test->priv;
	const struct syncmap_view *view;
	u8 *tag;

	tm_become(tm, test_variant_equal);
	KUNIT_ASSERT_EQ(test, tm_fill(tm, 0, 20), 0);
	KUNIT_ASSERT_EQ(test, syncmap_promote(&tm->map), 0);
	tm_freeze(tm);
	view = &tm_state(tm)->view;
	tag = syncmap_pairs_tag(view, syncmap_table_home(U64_MAX, view->homes));
	EXPECT_BROKEN(test, *tag, *tag & SYNCMAP_TAG_KEYS,
		      "a key is there twice");
	tm_thaw(tm);
}

static struct kunit_case check_cases[] = {
	KUNIT_CASE(check_passes_in_each_state),
	KUNIT_CASE(check_reports_what_is_broken),
	KUNIT_CASE(check_finds_wrong_words),
	KUNIT_CASE(check_finds_what_has_come_wrong),
	KUNIT_CASE(check_finds_a_wrong_read_table),
	KUNIT_CASE(check_finds_a_wrong_fingerprint),
	KUNIT_CASE(check_finds_a_wrong_dirty_table),
	KUNIT_CASE(check_finds_wrong_pairs),
	KUNIT_CASE(check_finds_wrong_nodes),
	KUNIT_CASE(check_finds_two_homes),
	KUNIT_CASE(check_finds_disorder),
	KUNIT_CASE(check_finds_a_missing_filter_bit),
	{}
};

static struct kunit_suite check_suite = {
	.name = "syncmap_check",
	.suite_init = test_suite_init,
	.init = check_init,
	.exit = test_map_exit,
	.test_cases = check_cases,
};

kunit_test_suite(check_suite);
