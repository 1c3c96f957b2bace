// SPDX-License-Identifier: GPL-2.0-only
/*
 * Updates: from each state of a word, and from states that are out of date
 */
#include "../module/core/update.c"
#include "inside.h"

/* Two tables behind the read table, each with the one key */
struct tables {
	struct syncmap_table	*first;
	atomic64_t		*words[3];
};

static struct syncmap_table *append_one(struct kunit *test,
					struct syncmap_table *before,
					const struct syncmap_key *key,
					atomic64_t **word)
{
	struct syncmap_table *table = syncmap_table_alloc(1, 2, sizeof(u64), GFP_KERNEL);
	struct table_pos end = {};

	KUNIT_ASSERT_NOT_NULL(test, table);
	*word = syncmap_table_append(table, &end, key->hash, key->word);
	before->next = table;
	return table;
}

static enum syncmap_action core_action(enum test_action action)
{
	static const enum syncmap_action actions[] = {
		[TEST_SWAP] = SYNCMAP_SWAP,
		[TEST_LOAD_OR_STORE] = SYNCMAP_LOAD_OR_STORE,
		[TEST_LOAD_AND_DELETE] = SYNCMAP_DELETE,
		[TEST_COMPARE_AND_SWAP] = SYNCMAP_COMPARE_AND_SWAP,
		[TEST_COMPARE_AND_DELETE] = SYNCMAP_COMPARE_AND_DELETE,
	};

	return actions[action];
}

/*
 * Each state of a word, in the read table and in the two behind it: where an
 * update should take effect, what it should find, or how it should end.
 */
static const struct {
	u64		words[3];
	enum outcome	outcome;
	unsigned int	home;
	u64		code;
} rows[] = {
	{ { CODE(1) | 1 }, DONE, 0, CODE(1) },
	{ { CODE(2) | 1 }, DONE, 0, CODE(2) },
	{ { SYNCMAP_CODE_NULL | 1 }, DONE, 0, SYNCMAP_CODE_NULL },
	{ { WORD_DEAD }, DONE, 0, CODE_ABSENT },
	{ { WORD_EXPUNGED }, GONE },
	{ { CODE(1), CODE(1) | 1 }, DONE, 1, CODE(1) },
	{ { CODE(1), CODE(2) | 1 }, DONE, 1, CODE(2) },
	{ { CODE(1), WORD_DEAD }, DONE, 1, CODE_ABSENT },
	{ { CODE(1), WORD_EXPUNGED }, STALE },
	{ { CODE(1), CODE(2), CODE(2) | 1 }, DONE, 2, CODE(2) },
	{ { CODE(2), CODE(1), CODE(1) | 1 }, DONE, 2, CODE(1) },
	{ { CODE(1), CODE(2), CODE(3) | 1 }, DONE, 2, CODE(3) },
	{ { CODE(1), CODE(2), WORD_DEAD }, DONE, 2, CODE_ABSENT },
	{ { CODE(1), CODE(2), WORD_EXPUNGED }, STALE },
};

/* The word after @update of a key whose code was @code */
static u64 word_after(const struct syncmap_update *update, u64 word,
		      u64 code)
{
	switch (update->action) {
	case SYNCMAP_SWAP:
		return word_open(update->new);
	case SYNCMAP_LOAD_OR_STORE:
		return code ? word : word_open(update->new);
	case SYNCMAP_DELETE:
		return code ? WORD_DEAD : word;
	case SYNCMAP_COMPARE_AND_SWAP:
		return code == update->old ? word_open(update->new) : word;
	default:
		return code == update->old ? WORD_DEAD : word;
	}
}

static void apply_row(struct kunit *test, struct tables *t,
		      const struct syncmap_key *key, unsigned int row,
		      enum test_action action)
{
	struct test_map *tm = test->priv;
	struct syncmap_update update = {
		.action = core_action(action),
		.old = CODE(1),
		.new = CODE(9),
	};
	u64 wanted[3];
	unsigned int i;

	for (i = 0; i < 3; i++) {
		wanted[i] = rows[row].words[i];
		atomic64_set(t->words[i], wanted[i]);
	}
	if (rows[row].outcome == DONE) {
		i = rows[row].home;
		wanted[i] = word_after(&update, wanted[i], rows[row].code);
	}
	KUNIT_EXPECT_EQ_MSG(test, apply(&tm->map, tm_state(tm), key, &update,
					t->words[0], &t->first->next, false),
			    rows[row].outcome, "%s, row %u",
			    test_action_titles[action], row);
	for (i = 0; i < 3; i++)
		KUNIT_EXPECT_EQ_MSG(test, word_read(t->words[i]), wanted[i],
				    "%s, row %u, word %u",
				    test_action_titles[action], row, i);
	if (rows[row].outcome == DONE)
		KUNIT_EXPECT_EQ(test, update.previous, rows[row].code);
}

/* A.1, A.3, I1: closed words and those that died stay as they are */
static void apply_handles_each_word_state(struct kunit *test)
{
	struct test_map *tm = test->priv;
	struct syncmap_counts sum;
	struct test_key buffer;
	enum test_action action;
	struct syncmap_key key;
	struct tables t;
	unsigned int row;

	KUNIT_ASSERT_EQ(test, tm_store(tm, 7, val(1)), 0);
	KUNIT_ASSERT_EQ(test, syncmap_promote(&tm->map), 0);
	tm_freeze(tm);
	key = tm_key(tm, 7, &buffer);
	t.first = tm_state(tm)->table;
	t.words[0] = tm_slot(tm, 7);
	append_one(test, append_one(test, t.first, &key, &t.words[1]), &key,
		   &t.words[2]);
	for (row = 0; row < ARRAY_SIZE(rows); row++)
		for (action = TEST_SWAP; action < TEST_ACTIONS; action++)
			apply_row(test, &t, &key, row, action);
	atomic64_set(t.words[0], word_open(CODE(1)));
	syncmap_table_free(t.first->next->next);
	syncmap_table_free(t.first->next);
	t.first->next = NULL;
	/* What apply() has counted is for other words than the last one */
	syncmap_state_sum(tm_state(tm), &sum);
	this_cpu_add(tm_state(tm)->counts->live, 1 - sum.live);
	this_cpu_sub(tm_state(tm)->counts->dead, sum.dead);
	tm_thaw(tm);
}

/* An update that is stopped after it has loaded its state */
struct stale {
	struct test_act		act;
	struct syncmap_update	update;
	struct test_key		buffer;
	struct syncmap_key	key;
	const struct syncmap_state *state;
	struct test_result	result;
};

static int stale_begin(struct test_map *tm, struct stale *s)
{
	s->state = syncmap_state(&tm->map);
	s->key = tm_key(tm, TEST_SUBJECT, &s->buffer);
	s->update = (struct syncmap_update){
		.action = core_action(s->act.action),
		.gfp = GFP_ATOMIC,
		.old = syncmap_code_of(s->act.old),
		.new = syncmap_code_of(s->act.new),
	};
	s->update.node = syncmap_node_alloc(&tm->map, &s->key, GFP_ATOMIC);
	return s->update.node ? 0 : -ENOMEM;
}

/* Goes on with the old state, and starts over as syncmap_update() does */
static void stale_end(struct test_map *tm, struct stale *s)
{
	struct syncmap_update *u = &s->update;

	absent(u);
	if (update_state(&tm->map, s->state, &s->key, u) == STALE)
		syncmap_update(&tm->map, &s->key, u);
	s->result.yes = u->changed;
	s->result.value = NULL;
	if (s->act.action < TEST_COMPARE_AND_SWAP) {
		s->result.yes = u->previous != CODE_ABSENT;
		s->result.value = s->result.yes ? syncmap_code_value(u->previous) :
			s->act.action == TEST_LOAD_OR_STORE ? s->act.new :
			NULL;
	}
	syncmap_update_discard(&tm->map, u);
}

/* Whether results and content are those of doing one after the other */
static bool explained(struct test_map *tm, struct test_cell cell,
		      const struct test_act *first,
		      const struct test_result *first_result,
		      const struct test_act *second,
		      const struct test_result *second_result)
{
	struct test_result a = test_act_model(&cell, first);
	struct test_result b = test_act_model(&cell, second);

	return test_results_equal(&a, first_result) &&
	       test_results_equal(&b, second_result) &&
	       test_cell_shows(tm, &cell);
}

/*
 * An update loads its state; a promotion runs up to a step; another update, with
 * the state that is current then, runs as a whole; the first one goes on. Either
 * order is right, as long as results and content agree on it.
 */
static bool stale_pair(struct kunit *test, unsigned int at,
		       enum test_place place, enum test_action stale,
		       enum test_action fresh)
{
	struct test_map *tm = test->priv;
	struct stale s = { .act = { stale, val(1), val(2) } };
	struct test_act act = { fresh, val(1), val(3) };
	struct test_result result;
	struct test_cell cell;
	bool more, right;
	int err;

	KUNIT_ASSERT_EQ(test, test_act_setup(tm, place, &cell), 0);
	rcu_read_lock();
	err = stale_begin(tm, &s);
	more = test_promote_pause(tm, at);
	result = test_act_run(tm, &act);
	if (!err)
		stale_end(tm, &s);
	rcu_read_unlock();
	KUNIT_EXPECT_EQ(test, test_promote_resume(), 0);
	KUNIT_ASSERT_EQ(test, err, 0);
	right = explained(tm, cell, &s.act, &s.result, &act, &result) ||
		explained(tm, cell, &act, &result, &s.act, &s.result);
	KUNIT_EXPECT_TRUE_MSG(test, right,
			      "stale %s, fresh %s, key was %s, step %u",
			      test_action_titles[stale],
			      test_action_titles[fresh],
			      test_place_titles[place], at);
	return more;
}

/*
 * A.1, A.3, I1. Among them is the one that random tests do not find: an insert
 * that holds the state before s1, and one that holds s1 and has to seal the old
 * dirty table, so that the first one does not make a second home.
 */
static void updates_with_stale_state_linearize(struct kunit *test)
{
	static const enum test_action freshes[] = {
		TEST_LOAD, TEST_SWAP, TEST_LOAD_AND_DELETE,
	};
	unsigned int stride = test_stride(test->priv);
	unsigned int at, i, n = 0;
	enum test_action stale;
	enum test_place place;

	for (place = 0; place < test_places(test->priv); place++) {
		for (stale = TEST_SWAP; stale < TEST_ACTIONS; stale++) {
			for (i = 0; i < ARRAY_SIZE(freshes); i++, n++) {
				at = n % stride;
				while (stale_pair(test, at, place, stale,
						  freshes[i]))
					at += stride;
				KUNIT_EXPECT_GE(test, at, 4);
			}
		}
	}
}

/* The same by hand, in the words of internal.h */
static void insert_seals_the_old_dirty(struct kunit *test)
{
	struct test_map *tm = test->priv;
	struct stale s = { .act = { TEST_SWAP, NULL, val(2) } };
	struct test_act act = { TEST_SWAP, NULL, val(3) };
	struct test_cell cell;
	enum outcome outcome;

	KUNIT_ASSERT_EQ(test, test_act_setup(tm, TEST_ABSENT, &cell), 0);
	rcu_read_lock();
	KUNIT_EXPECT_EQ(test, stale_begin(tm, &s), 0);
	KUNIT_EXPECT_FALSE(test, dirty_sealed(s.state->dirty, s.key.hash));
	/* Right behind the publication of s1 */
	KUNIT_EXPECT_TRUE(test, test_promote_pause(tm, TEST_STEP_BEGUN));
	KUNIT_EXPECT_PTR_EQ(test, tm_state(tm)->old, s.state->dirty);
	KUNIT_EXPECT_FALSE(test, dirty_sealed(s.state->dirty, s.key.hash));
	test_act_run(tm, &act);
	KUNIT_EXPECT_TRUE(test, dirty_sealed(s.state->dirty, s.key.hash));
	absent(&s.update);
	outcome = update_state(&tm->map, s.state, &s.key, &s.update);
	syncmap_update_discard(&tm->map, &s.update);
	rcu_read_unlock();
	KUNIT_EXPECT_EQ(test, outcome, STALE);
	KUNIT_EXPECT_EQ(test, test_promote_resume(), 0);
	EXPECT_LOADS(test, tm, TEST_SUBJECT, val(3));
}

/* Who holds another state does not know of all the slots that keys may have got since */
static void insert_takes_the_maps_state_alone(struct kunit *test)
{
	struct syncmap_update update = {
		.action = SYNCMAP_SWAP, .new = CODE(1), .gfp = GFP_ATOMIC,
	};
	struct test_map *tm = test->priv;
	struct syncmap_state *other;
	struct test_key buffer;
	struct syncmap_key key;

	KUNIT_ASSERT_EQ(test, tm_fill(tm, 0, 1), 0);
	tm_freeze(tm);
	other = kunit_kzalloc(test, sizeof(*other), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, other);
	*other = *tm_state(tm);
	key = tm_key(tm, 1, &buffer);
	rcu_read_lock();
	KUNIT_EXPECT_EQ(test, update_state(&tm->map, other, &key, &update), STALE);
	KUNIT_EXPECT_EQ(test, update_state(&tm->map, tm_state(tm), &key, &update),
			DONE);
	rcu_read_unlock();
	syncmap_update_discard(&tm->map, &update);
	KUNIT_EXPECT_TRUE(test, tm_holds(tm, 0, 2));
	tm_thaw(tm);
}

static void delete_sealed_key(struct kunit *test, u64 i)
{
	struct test_map *tm = test->priv;
	struct syncmap_dirty *dirty = tm_state(tm)->dirty;
	struct test_key buffer;
	atomic64_t *word;
	void *value;

	syncmap_dirty_seal(dirty, tm_key(tm, i, &buffer).hash);
	word = tm_word(tm, dirty, i);
	KUNIT_EXPECT_TRUE(test, tm_load_and_delete(tm, i, &value));
	KUNIT_EXPECT_PTR_EQ(test, value, val(i));
	KUNIT_EXPECT_PTR_EQ(test, tm_word(tm, dirty, i), word);
	KUNIT_EXPECT_EQ(test, word_read(word), WORD_DEAD);
	EXPECT_ABSENT(test, tm, i);
	KUNIT_EXPECT_FALSE(test, tm_delete(tm, i));
}

/* Its chain is gone for good, and so is the node: nothing to unlink there */
static void delete_of_sealed_leaves_a_tombstone(struct kunit *test)
{
	struct test_map *tm = test->priv;

	KUNIT_ASSERT_EQ(test, tm_fill(tm, 0, 2), 0);
	tm_freeze(tm);
	KUNIT_EXPECT_NOT_NULL(test, tm_node(tm, tm_state(tm)->dirty, 0));
	KUNIT_EXPECT_EQ(test, !tm_pair(tm, tm_state(tm)->dirty, 1),
			!tm_has_pairs(tm));
	delete_sealed_key(test, 0);
	delete_sealed_key(test, 1);
	KUNIT_EXPECT_TRUE(test, tm_counts(tm, 0, 2, 0, 2 - tm_has_pairs(tm)));
	tm_thaw(tm);
}

/* A.2, A.3: with the lock of their chain held, which lockdep would report */
static void present_keys_need_no_lock(struct kunit *test)
{
	struct test_map *tm = test->priv;
	struct syncmap_dirty *dirty;
	struct test_key buffer;
	unsigned long flags;
	bool right;
	void *was;
	u64 hash;

	KUNIT_ASSERT_EQ(test, tm_fill(tm, 0, 1), 0);
	KUNIT_ASSERT_EQ(test, syncmap_promote(&tm->map), 0);
	KUNIT_ASSERT_EQ(test, tm_fill(tm, 1, 2), 0);
	tm_freeze(tm);
	tm->gfp = GFP_ATOMIC;
	dirty = tm_state(tm)->dirty;
	hash = tm_key(tm, 0, &buffer).hash;
	syncmap_dirty_lock(dirty, hash, &flags);
	right = tm_load(tm, 0, &was) && tm_load(tm, 1, &was) &&
		!tm_load(tm, 2, &was) &&
		tm_swap(tm, 0, val(5), &was) == 1 &&
		tm_swap(tm, 1, val(5), &was) == 1 &&
		tm_load_or_store(tm, 0, val(6), &was) == 1 &&
		tm_compare_and_swap(tm, 0, val(5), val(6)) &&
		tm_compare_and_delete(tm, 0, val(6)) &&
		tm_swap(tm, 0, val(7), &was) == 0 &&
		tm_load_and_delete(tm, 0, &was);
	syncmap_dirty_unlock(dirty, hash, flags);
	tm_thaw(tm);
	KUNIT_EXPECT_TRUE(test, right);
}

/* D.2: what was deleted from an open chain takes no place there */
static void delete_of_dirty_unlinks(struct kunit *test)
{
	struct test_map *tm = test->priv;

	KUNIT_ASSERT_EQ(test, tm_fill(tm, 0, 2), 0);
	KUNIT_EXPECT_TRUE(test, tm_delete(tm, 0));
	KUNIT_EXPECT_NULL(test, tm_node(tm, tm_state(tm)->dirty, 0));
	KUNIT_EXPECT_EQ(test, syncmap_state_dirty(tm_state(tm)), 1);
}

/* D.2 */
static void delete_of_the_fourth_of_a_bucket_unlinks(struct kunit *test)
{
	struct test_map *tm = test->priv;
	struct syncmap_dirty *dirty;

	KUNIT_ASSERT_EQ(test, tm_fill(tm, 0, 1), 0);
	tm_freeze(tm);
	dirty = tm_state(tm)->dirty;
	KUNIT_ASSERT_EQ(test, tm_take_pairs(tm, 1), 0);
	KUNIT_EXPECT_TRUE(test, tm_counts(tm, 1, BUCKET_PAIRS, 1, 1));
	KUNIT_ASSERT_EQ(test, tm_store(tm, 1, val(1)), 0);
	KUNIT_EXPECT_NOT_NULL(test, tm_node(tm, dirty, 1));
	KUNIT_EXPECT_TRUE(test, tm_holds(tm, 0, 2));
	KUNIT_EXPECT_TRUE(test, tm_counts(tm, 2, BUCKET_PAIRS, 2, 2));
	KUNIT_EXPECT_TRUE(test, tm_delete(tm, 1));
	KUNIT_EXPECT_NULL(test, tm_word(tm, dirty, 1));
	KUNIT_EXPECT_TRUE(test, tm_counts(tm, 1, BUCKET_PAIRS, 1, 1));
	tm_thaw(tm);
	KUNIT_EXPECT_EQ(test, syncmap_check(&tm->map), 0);
}

/* Neither the first key of a map, nor key 0 */
static void some_keys_get_no_pair(struct kunit *test)
{
	struct test_map *tm = test->priv;
	u64 i;

	KUNIT_ASSERT_EQ(test, tm_store(tm, 1, val(1)), 0);
	tm_freeze(tm);
	KUNIT_ASSERT_EQ(test, tm_store(tm, 0, val(0)), 0);
	KUNIT_ASSERT_EQ(test, tm_store(tm, 2, val(2)), 0);
	for (i = 0; i < 3; i++)
		KUNIT_EXPECT_EQ(test, !tm_pair(tm, tm_state(tm)->dirty, i),
				i < 2);
	KUNIT_EXPECT_TRUE(test, tm_counts(tm, 3, 0, 3, 2));
	KUNIT_EXPECT_TRUE(test, tm_holds(tm, 0, 3));
	tm_thaw(tm);
}

/* Key 0 has a node, 1 and 2 have pairs; D.2: until the next promotion */
static void delete_of_a_pair_leaves_a_tombstone(struct kunit *test)
{
	struct test_map *tm = test->priv;
	struct syncmap_pair *pair;
	u64 i;

	KUNIT_ASSERT_EQ(test, tm_fill(tm, 0, 3), 0);
	tm_freeze(tm);
	pair = tm_pair(tm, tm_state(tm)->dirty, 1);
	KUNIT_ASSERT_NOT_NULL(test, pair);
	KUNIT_EXPECT_TRUE(test, tm_counts(tm, 3, 0, 3, 1));
	for (i = 0; i < 2; i++) {
		KUNIT_EXPECT_TRUE(test, tm_delete(tm, 1));
		KUNIT_EXPECT_EQ(test, word_read(&pair->word), WORD_DEAD);
		KUNIT_EXPECT_TRUE(test, tm_counts(tm, 2, 1, 2, 1));
		EXPECT_ABSENT(test, tm, 1);
		KUNIT_EXPECT_FALSE(test, tm_delete(tm, 1));
		KUNIT_EXPECT_FALSE(test, tm_compare_and_swap(tm, 1, val(1),
							     val(2)));
		KUNIT_EXPECT_FALSE(test, tm_compare_and_delete(tm, 1, val(1)));
		tm_thaw(tm);
		KUNIT_EXPECT_EQ(test, syncmap_check(&tm->map), 0);
		tm_freeze(tm);
		/* And comes back in its place */
		KUNIT_EXPECT_EQ(test, tm_store(tm, 1, val(1)), 0);
		KUNIT_EXPECT_PTR_EQ(test, tm_pair(tm, tm_state(tm)->dirty, 1),
				    pair);
		KUNIT_EXPECT_EQ(test, word_read(&pair->word),
				word_open(CODE(1)));
		KUNIT_EXPECT_TRUE(test, tm_counts(tm, 3, 0, 3, 1));
		KUNIT_EXPECT_TRUE(test, tm_holds(tm, 0, 3));
	}
	KUNIT_EXPECT_TRUE(test, tm_delete(tm, 1));
	tm_thaw(tm);
	KUNIT_EXPECT_EQ(test, syncmap_promote(&tm->map), 0);
	KUNIT_EXPECT_NULL(test, tm_slot(tm, 1));
	KUNIT_EXPECT_TRUE(test, tm_counts(tm, 2, 0, 0, 0));
}

/* A.3: with the lock of their bucket held, which would be waited for in vain */
static void deletes_of_pairs_need_no_lock(struct kunit *test)
{
	struct test_map *tm = test->priv;
	struct syncmap_dirty *dirty;
	struct syncmap_pair *pair;
	struct test_key buffer;
	unsigned long flags;
	bool right;
	void *was;
	u64 hash;

	KUNIT_ASSERT_EQ(test, tm_fill(tm, 0, 2), 0);
	tm_freeze(tm);
	tm->gfp = GFP_ATOMIC;
	dirty = tm_state(tm)->dirty;
	pair = tm_pair(tm, dirty, 1);
	hash = tm_key(tm, 1, &buffer).hash;
	syncmap_dirty_lock(dirty, hash, &flags);
	right = tm_load_and_delete(tm, 1, &was) && was == val(1) &&
		word_read(&pair->word) == WORD_DEAD &&
		!tm_load(tm, 1, &was) && !tm_delete(tm, 1) &&
		!tm_compare_and_swap(tm, 1, val(1), val(2)) &&
		tm_swap(tm, 1, val(3), &was) == 0 &&
		tm_compare_and_delete(tm, 1, val(3)) &&
		tm_load_or_store(tm, 1, val(4), &was) == 0 &&
		tm_load_or_store(tm, 1, val(5), &was) == 1 && was == val(4) &&
		tm_compare_and_swap(tm, 1, val(4), val(5)) &&
		tm_delete(tm, 1) &&
		tm_store(tm, 1, val(6)) == 0;
	syncmap_dirty_unlock(dirty, hash, flags);
	tm_thaw(tm);
	KUNIT_EXPECT_TRUE(test, right);
	KUNIT_EXPECT_EQ(test, word_read(&pair->word), word_open(CODE(6)));
	EXPECT_LOADS(test, tm, 1, val(6));
}

/* Another inserter has given the pair its key, and not its word yet */
static void a_key_without_a_word_is_absent(struct kunit *test)
{
	struct test_map *tm = test->priv;
	struct syncmap_pair *pair;

	KUNIT_ASSERT_EQ(test, tm_fill(tm, 0, 2), 0);
	tm_freeze(tm);
	pair = tm_pair(tm, tm_state(tm)->dirty, 1);
	atomic64_set(&pair->word, WORD_EXPUNGED);
	EXPECT_ABSENT(test, tm, 1);
	KUNIT_EXPECT_FALSE(test, tm_delete(tm, 1));
	KUNIT_EXPECT_FALSE(test, tm_compare_and_swap(tm, 1, val(1), val(2)));
	KUNIT_EXPECT_FALSE(test, tm_compare_and_delete(tm, 1, val(1)));
	this_cpu_sub(tm_state(tm)->counts->live, 1);
	KUNIT_EXPECT_TRUE(test, tm_holds(tm, 0, 1));
	this_cpu_add(tm_state(tm)->counts->live, 1);
	atomic64_set(&pair->word, word_open(CODE(1)));
	KUNIT_EXPECT_TRUE(test, tm_holds(tm, 0, 2));
	tm_thaw(tm);
}

/* Under the lock of the key's bucket, which does not have it */
static enum outcome add_locked(struct test_map *tm, u64 i,
			       struct syncmap_update *update)
{
	struct syncmap_state *state = tm_state(tm);
	struct dirty_place place;
	struct test_key buffer;
	struct syncmap_key key = tm_key(tm, i, &buffer);
	enum outcome outcome;
	unsigned long flags;

	syncmap_dirty_lock(state->dirty, key.hash, &flags);
	syncmap_dirty_locate(state->dirty, &key, &place);
	outcome = add_dirty(&tm->map, state, &key, update, &place);
	unlock_dirty(state, key.hash, flags);
	return outcome;
}

/* An insert that counts on a pair has no node, and gets one when it starts over */
static void insert_starts_over_when_its_pair_is_gone(struct kunit *test)
{
	struct syncmap_update update = {
		.action = SYNCMAP_SWAP, .new = CODE(1),
	};
	struct test_map *tm = test->priv;
	struct test_key buffer;
	struct syncmap_key key;

	KUNIT_ASSERT_EQ(test, tm_fill(tm, 0, 1), 0);
	tm_freeze(tm);
	key = tm_key(tm, 1, &buffer);
	KUNIT_EXPECT_TRUE(test, is_ready(tm_state(tm), &key, &update));
	KUNIT_ASSERT_EQ(test, tm_take_pairs(tm, 1), 0);
	KUNIT_EXPECT_FALSE(test, is_ready(tm_state(tm), &key, &update));
	KUNIT_EXPECT_EQ(test, add_locked(tm, 1, &update), NEED_NODE);
	KUNIT_EXPECT_TRUE(test, tm_holds(tm, 0, 1));
	update.node = syncmap_node_alloc(&tm->map, &key, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, update.node);
	KUNIT_EXPECT_EQ(test, add_locked(tm, 1, &update), DONE);
	KUNIT_EXPECT_NULL(test, update.node);
	KUNIT_EXPECT_TRUE(test, tm_holds(tm, 0, 2));
	tm_thaw(tm);
}

/* What was allocated ahead stays with the insert that finds a pair */
static void insert_takes_a_pair_rather_than_its_node(struct kunit *test)
{
	struct syncmap_update update = {
		.action = SYNCMAP_SWAP, .new = CODE(1),
	};
	struct test_map *tm = test->priv;
	struct test_key buffer;
	struct syncmap_key key;

	KUNIT_ASSERT_EQ(test, tm_fill(tm, 0, 1), 0);
	tm_freeze(tm);
	key = tm_key(tm, 1, &buffer);
	update.node = syncmap_node_alloc(&tm->map, &key, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, update.node);
	KUNIT_EXPECT_EQ(test, add_locked(tm, 1, &update), DONE);
	KUNIT_EXPECT_NOT_NULL(test, update.node);
	KUNIT_EXPECT_NOT_NULL(test, tm_pair(tm, tm_state(tm)->dirty, 1));
	syncmap_update_discard(&tm->map, &update);
	KUNIT_EXPECT_TRUE(test, tm_holds(tm, 0, 2));
	tm_thaw(tm);
}

/* A.3: no node is made for a key that has a place */
static void store_of_deleted_reuses_its_place(struct kunit *test)
{
	struct test_map *tm = test->priv;

	KUNIT_ASSERT_EQ(test, tm_fill(tm, 0, 2), 0);
	KUNIT_ASSERT_EQ(test, syncmap_promote(&tm->map), 0);
	KUNIT_EXPECT_TRUE(test, tm_delete(tm, 0));
	KUNIT_EXPECT_EQ(test, tm_store(tm, 0, val(0)), 0);
	KUNIT_EXPECT_EQ(test, word_read(tm_slot(tm, 0)), word_open(CODE(0)));
	KUNIT_EXPECT_FALSE(test, tm_state(tm)->dirty->used);
}

/* It may have been that of another key, unless that is a byte string */
static void node_gets_the_key(struct kunit *test)
{
	struct test_map *tm = test->priv;
	u8 key_len = tm->map.params.key_len;
	struct test_key buffers[2];
	struct syncmap_key keys[2];
	struct syncmap_node *node;
	int i;

	for (i = 0; i < 2; i++)
		keys[i] = tm_key(tm, i, &buffers[i]);
	node = syncmap_node_alloc(&tm->map, &keys[!key_len], GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, node);
	prepare_node(&tm->map, node, &keys[1], CODE(1));
	KUNIT_EXPECT_TRUE(test, syncmap_key_matches(&keys[1], key_len,
						    node->key));
	KUNIT_EXPECT_EQ(test, node->hash, keys[1].hash);
	KUNIT_EXPECT_EQ(test, word_read(&node->word), word_open(CODE(1)));
	syncmap_node_free(&tm->map, node, false);
}

KUNIT_ARRAY_PARAM(few, test_variants_few, test_variant_desc);
KUNIT_ARRAY_PARAM(words, test_variants_words, test_variant_desc);

static struct kunit_case update_cases[] = {
	KUNIT_CASE(apply_handles_each_word_state),
	KUNIT_CASE_PARAM(updates_with_stale_state_linearize, few_gen_params),
	KUNIT_CASE_PARAM(insert_takes_the_maps_state_alone, few_gen_params),
	KUNIT_CASE_PARAM(insert_seals_the_old_dirty, few_gen_params),
	KUNIT_CASE_PARAM(present_keys_need_no_lock, few_gen_params),
	KUNIT_CASE_PARAM(delete_of_sealed_leaves_a_tombstone, few_gen_params),
	KUNIT_CASE_PARAM(delete_of_dirty_unlinks, few_gen_params),
	KUNIT_CASE_PARAM(delete_of_the_fourth_of_a_bucket_unlinks,
			 words_gen_params),
	KUNIT_CASE_PARAM(some_keys_get_no_pair, words_gen_params),
	KUNIT_CASE_PARAM(delete_of_a_pair_leaves_a_tombstone, words_gen_params),
	KUNIT_CASE_PARAM(deletes_of_pairs_need_no_lock, words_gen_params),
	KUNIT_CASE_PARAM(a_key_without_a_word_is_absent, words_gen_params),
	KUNIT_CASE_PARAM(insert_starts_over_when_its_pair_is_gone,
			 words_gen_params),
	KUNIT_CASE_PARAM(insert_takes_a_pair_rather_than_its_node,
			 words_gen_params),
	KUNIT_CASE_PARAM(store_of_deleted_reuses_its_place, few_gen_params),
	KUNIT_CASE_PARAM(node_gets_the_key, few_gen_params),
	{}
};

static struct kunit_suite update_suite = {
	.name = "syncmap_update",
	.suite_init = test_suite_init,
	.init = test_map_init,
	.exit = test_map_exit,
	.test_cases = update_cases,
};

kunit_test_suite(update_suite);
