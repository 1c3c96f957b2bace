// SPDX-License-Identifier: GPL-2.0-only
/*
 * Promotions: what operations see and do at every step of one
 *
 * What the builder does to words, slots and chains goes through functions of
 * other files. Here each of them is wrapped, so that a case can run an
 * operation, or stop the builder, just before it does something that others
 * can see of TEST_SUBJECT.
 */
#include <linux/delay.h>
#include <linux/workqueue.h>

#include "crew.h"
#include "inside.h"

static struct {
	struct task_struct	*task;		/* whose steps count */
	u64			hash;		/* of TEST_SUBJECT */
	bool			moving;		/* TEST_SUBJECT is being moved */
	unsigned int		at;
	unsigned int		count;
	void			(*fn)(void *arg);
	void			*arg;
} hook;

static bool hooked(void)
{
	return READ_ONCE(hook.task) == current;
}

static void step(void)
{
	if (hooked() && hook.count++ == hook.at)
		hook.fn(hook.arg);
}

static void step_if_moving(void)
{
	if (hooked() && hook.moving)
		step();
}

#define JOINERS	20

static bool gathering;

/* Nothing else is dead than, perhaps, TEST_SUBJECT and what took its pairs */
static bool step_word_try_close(atomic64_t *word, u64 *old)
{
	if (*old == WORD_DEAD)
		step();
	else
		step_if_moving();
	return word_try_close(word, old);
}

static void step_atomic64_set(atomic64_t *word, s64 new)
{
	step_if_moving();
	atomic64_set(word, new);
}

static atomic64_t *step_table_append(struct syncmap_table *table,
				     struct table_pos *pos, u64 hash, u64 key)
{
	if (hooked())
		hook.moving = hash == hook.hash;
	step_if_moving();
	return syncmap_table_append(table, pos, hash, key);
}

static void step_dirty_seal(struct syncmap_dirty *dirty, u64 hash)
{
	if (hooked() &&
	    dirty_bucket_index(dirty, hash) ==
	    dirty_bucket_index(dirty, hook.hash))
		step();
	syncmap_dirty_seal(dirty, hash);
}

/* The next thing is the publication */
static void step_state_set(struct syncmap_state *state,
			   struct syncmap_table *table,
			   struct syncmap_dirty *dirty,
			   struct syncmap_dirty *old)
{
	syncmap_state_set(state, table, dirty, old);
	step();
}

/* And this comes after it */
static void step_retire(struct syncmap_state *state)
{
	step();
	syncmap_retire(state);
}

#define word_try_close		step_word_try_close
#define syncmap_table_append	step_table_append
#define syncmap_dirty_seal	step_dirty_seal
#define syncmap_state_set	step_state_set
#define syncmap_retire		step_retire
#undef atomic64_set
#define atomic64_set		step_atomic64_set

#include "../module/core/promote.c"

#undef word_try_close

static void hook_set(struct test_map *tm, unsigned int at,
		     void (*fn)(void *arg), void *arg)
{
	struct test_key buffer;

	hook.hash = tm_key(tm, TEST_SUBJECT, &buffer).hash;
	hook.at = at;
	hook.count = 0;
	hook.moving = false;
	hook.fn = fn;
	hook.arg = arg;
	WRITE_ONCE(hook.task, current);
}

/* Whether the step came */
static bool hook_clear(void)
{
	WRITE_ONCE(hook.task, NULL);
	return hook.count > hook.at;
}

/* In this thread, so that its steps count */
static int promote_here(struct test_map *tm)
{
	int err;

	if (!tm->frozen)
		tm_freeze(tm);
	err = syncmap_build_all(&tm->map);
	tm_thaw(tm);
	return err;
}

struct intruder {
	struct test_map		*tm;
	struct test_act		act;
	struct test_result	result;
};

static void intrude(void *arg)
{
	struct intruder *intruder = arg;

	intruder->result = test_act_run(intruder->tm, &intruder->act);
}

/* False when the promotion has no step @at */
static bool intrude_at(struct kunit *test, unsigned int at,
		       enum test_place place, enum test_action action)
{
	struct test_map *tm = test->priv;
	struct intruder intruder = {
		.tm = tm,
		.act = { .action = action, .old = val(1), .new = val(2) },
	};
	struct test_result wanted;
	struct test_cell cell;
	bool came;

	KUNIT_ASSERT_EQ(test, test_act_setup(tm, place, &cell), 0);
	hook_set(tm, at, intrude, &intruder);
	KUNIT_EXPECT_EQ(test, promote_here(tm), 0);
	came = hook_clear();
	if (!came)
		return false;
	wanted = test_act_model(&cell, &intruder.act);
	KUNIT_EXPECT_TRUE_MSG(test, test_results_equal(&intruder.result,
						       &wanted) &&
			      test_cell_shows(tm, &cell),
			      "%s of a key that was %s, at step %u",
			      test_action_titles[action],
			      test_place_titles[place], at);
	return true;
}

/* A.1, B.2, I1 to I3: one operation between any two steps */
static void operations_hold_at_each_step(struct kunit *test)
{
	unsigned int stride = test_stride(test->priv);
	unsigned int at, n = 0;
	enum test_action action;
	enum test_place place;

	for (place = 0; place < test_places(test->priv); place++) {
		for (action = 0; action < TEST_ACTIONS; action++, n++) {
			at = n % stride;
			while (intrude_at(test, at, place, action))
				at += stride;
			KUNIT_EXPECT_GE(test, at, 4);
		}
	}
}

/* A walk shows each key once, and a new key not at all or once */
static void walk_in_between(void *arg)
{
	struct intruder *intruder = arg;

	intruder->result.yes = tm_holds(intruder->tm, TEST_SUBJECT,
					TEST_SUBJECT + 1 + TEST_NEIGHBOURS);
}

/* C.1 */
static void range_holds_at_each_step(struct kunit *test)
{
	struct test_map *tm = test->priv;
	struct intruder intruder = { .tm = tm };
	struct test_cell cell;
	unsigned int at = 0;
	bool came;

	do {
		KUNIT_ASSERT_EQ(test, test_act_setup(tm, TEST_READ, &cell), 0);
		KUNIT_ASSERT_EQ(test, tm_store(tm, TEST_SUBJECT, val(TEST_SUBJECT)),
				0);
		hook_set(tm, at, walk_in_between, &intruder);
		KUNIT_EXPECT_EQ(test, promote_here(tm), 0);
		came = hook_clear();
		KUNIT_EXPECT_TRUE_MSG(test, !came || intruder.result.yes,
				      "step %u", at);
	} while (came && ++at);
}

static void clear_in_between(void *arg)
{
	struct intruder *intruder = arg;

	syncmap_clear(&intruder->tm->map);
	intruder->result.yes = tm_holds(intruder->tm, 0, 0);
}

/* False when the promotion has no step @at */
static bool clear_at(struct kunit *test, unsigned int at, enum test_place place)
{
	struct test_map *tm = test->priv;
	struct intruder intruder = { .tm = tm };
	struct test_cell cell;
	long freed;
	bool came;

	KUNIT_ASSERT_EQ(test, test_act_setup(tm, place, &cell), 0);
	freed = atomic_long_read(&tm->freed);
	hook_set(tm, at, clear_in_between, &intruder);
	KUNIT_EXPECT_EQ(test, promote_here(tm), 0);
	came = hook_clear();
	KUNIT_EXPECT_TRUE_MSG(test, !came || intruder.result.yes, "step %u", at);
	KUNIT_EXPECT_EQ(test, tm_fill(tm, 0, 2 * came), 0);
	KUNIT_EXPECT_TRUE(test, !came || tm_holds(tm, 0, 2));
	KUNIT_EXPECT_EQ(test, syncmap_check(&tm->map), 0);
	tm_become(tm, tm->variant);
	KUNIT_EXPECT_EQ_MSG(test, atomic_long_read(&tm->freed) - freed,
			    TEST_NEIGHBOURS + cell.present + 2 * came,
			    "step %u", at);
	return came;
}

/* F.1, D.2: a Clear waits for no builder, and each value is freed once */
static void clear_holds_at_each_step(struct kunit *test)
{
	enum test_place place;
	unsigned int at;

	for (place = 0; place < test_places(test->priv); place++) {
		for (at = 0; clear_at(test, at, place); at++)
			;
		KUNIT_EXPECT_GE(test, at, 4);
	}
}

/*
 * A promotion in another thread, for test_promote_pause(), which spins: within a
 * read section that takes a preemptible kernel or a second CPU.
 */

static struct {
	struct test_map		*tm;
	unsigned int		at;
	struct completion	go;
	bool			paused;
	bool			ended;
	int			err;
} pause;

static void pause_here(void *arg)
{
	/* Pairs with the acquire in test_promote_pause() */
	smp_store_release(&pause.paused, true);
	wait_for_completion(&pause.go);
}

static void pause_work(struct work_struct *work)
{
	hook_set(pause.tm, pause.at, pause_here, NULL);
	pause.err = promote_here(pause.tm);
	hook_clear();
	/* Pairs with the acquire in test_promote_pause() */
	smp_store_release(&pause.ended, true);
}

static DECLARE_WORK(pausing, pause_work);

bool test_promote_pause(struct test_map *tm, unsigned int at)
{
	pause.tm = tm;
	pause.at = at;
	pause.paused = false;
	pause.ended = false;
	init_completion(&pause.go);
	queue_work(system_unbound_wq, &pausing);
	do {
		cpu_relax();
		/* Pairs with the releases in pause_here() and pause_work() */
	} while (!smp_load_acquire(&pause.paused) &&
		 /* The same */
		 !smp_load_acquire(&pause.ended));
	return pause.paused;
}

int test_promote_resume(void)
{
	complete(&pause.go);
	flush_work(&pausing);
	return pause.err;
}

/* Holds the token until all others wait */
static void gather(struct worker *worker)
{
	struct syncmap *map = &worker->tm->map;

	syncmap_token_wait(map);
	/* Pairs with the acquire in join_in() */
	smp_store_release(&gathering, true);
	while (atomic_long_read(&map->asked) < JOINERS)
		msleep(20);
	syncmap_token_release(map);
}

static void join_in(struct worker *worker)
{
	/* Pairs with the release in gather() */
	while (!smp_load_acquire(&gathering))
		msleep(20);
	CREW_EXPECT(worker, !syncmap_promote(&worker->tm->map));
}

/* Many who want a promotion at the same time are content with the same one */
static void promote_is_shared(struct kunit *test)
{
	struct test_map *tm = test->priv;
	struct crew *crew = crew_new(test);

	KUNIT_ASSERT_EQ(test, tm_fill(tm, 0, 20), 0);
	gathering = false;
	crew_add(crew, 1, gather, NULL);
	crew_add(crew, JOINERS, join_in, NULL);
	crew_run(crew);
	KUNIT_EXPECT_EQ(test, tm->map.promotions, 1);
	KUNIT_EXPECT_TRUE(test, tm_holds(tm, 0, 20));
}

static void promote_of_empty_does_nothing(struct kunit *test)
{
	struct test_map *tm = test->priv;

	KUNIT_EXPECT_EQ(test, syncmap_promote(&tm->map), 0);
	KUNIT_EXPECT_EQ(test, tm->map.promotions, 0);
	KUNIT_EXPECT_TRUE(test, state_is_empty(tm_state(tm)));
}

static void promote_moves_all_keys(struct kunit *test)
{
	unsigned int n = test_keys(test->priv, 160);
	struct test_map *tm = test->priv;
	struct syncmap_core_stats stats;
	unsigned int i;

	for (i = 0; i < n; i += n / 4) {
		KUNIT_ASSERT_EQ(test, tm_fill(tm, i, i + n / 4), 0);
		KUNIT_EXPECT_EQ(test, syncmap_promote(&tm->map), 0);
		syncmap_get_stats(&tm->map, &stats);
		KUNIT_EXPECT_EQ(test, stats.read_keys, i + n / 4);
		KUNIT_EXPECT_EQ(test, stats.dirty_keys, 0);
		KUNIT_EXPECT_FALSE(test, stats.amended);
		KUNIT_EXPECT_TRUE(test, tm_holds(tm, 0, i + n / 4));
		KUNIT_EXPECT_EQ(test, syncmap_check(&tm->map), 0);
	}
}

/* D.2 */
static void promote_drops_tombstones(struct kunit *test)
{
	struct test_map *tm = test->priv;
	struct syncmap_core_stats stats;
	unsigned int i;

	KUNIT_ASSERT_EQ(test, tm_fill(tm, 0, 60), 0);
	KUNIT_ASSERT_EQ(test, syncmap_promote(&tm->map), 0);
	for (i = 0; i < 50; i++)
		KUNIT_EXPECT_TRUE(test, tm_delete(tm, i));
	syncmap_get_stats(&tm->map, &stats);
	KUNIT_EXPECT_EQ(test, stats.tombstones, 50);
	KUNIT_EXPECT_EQ(test, stats.read_keys, 60);
	KUNIT_EXPECT_EQ(test, syncmap_promote(&tm->map), 0);
	syncmap_get_stats(&tm->map, &stats);
	KUNIT_EXPECT_EQ(test, stats.tombstones, 0);
	KUNIT_EXPECT_EQ(test, stats.read_keys, 10);
	KUNIT_EXPECT_EQ(test, stats.expunged, 50);
	KUNIT_EXPECT_TRUE(test, tm_holds(tm, 50, 60));
}

static void delete_in_between(void *arg)
{
	struct intruder *intruder = arg;

	tm_delete(intruder->tm, TEST_SUBJECT);
}

/* D.2: what dies while it is moved has a place in the next table, for a while */
static void promote_drops_what_died_on_its_way(struct kunit *test)
{
	struct test_map *tm = test->priv;
	struct intruder intruder = { .tm = tm };
	struct test_cell cell;
	unsigned int at = 0;
	bool came;

	do {
		KUNIT_ASSERT_EQ(test, test_act_setup(tm, TEST_READ, &cell), 0);
		hook_set(tm, at, delete_in_between, &intruder);
		KUNIT_EXPECT_EQ(test, promote_here(tm), 0);
		came = hook_clear();
		KUNIT_EXPECT_EQ(test, syncmap_promote(&tm->map), 0);
		KUNIT_EXPECT_EQ_MSG(test, tm_state(tm)->table->keys,
				    syncmap_count(&tm->map), "step %u", at);
		KUNIT_EXPECT_TRUE(test, syncmap_is_tidy(tm_state(tm)));
	} while (came && ++at);
	KUNIT_EXPECT_GE(test, at, 4);
}

/* Keys of a case, of which 0 and those that are left over get nodes */
#define MIXED	6U

struct seen {
	struct test_map	*tm;
	unsigned int	times[MIXED];
};

static int see(const struct syncmap_entry *entry, void *arg)
{
	struct seen *seen = arg;
	u64 i = test_key_number(seen->tm, entry);

	if (i >= MIXED || entry->value != val(i))
		return -EINVAL;
	seen->times[i]++;
	return 0;
}

static unsigned int number_of(unsigned long keys)
{
	unsigned int n = 0;

	for (; keys; keys &= keys - 1)
		n++;
	return n;
}

/* Whether the map has the keys whose bit is set, and shows each of them once */
static bool has_keys(struct test_map *tm, unsigned long keys)
{
	struct seen seen = { .tm = tm };
	unsigned int i;
	void *value;

	if (syncmap_range(&tm->map, see, &seen) ||
	    syncmap_count(&tm->map) != number_of(keys))
		return false;
	for (i = 0; i < MIXED; i++)
		if (seen.times[i] != !!(keys & BIT(i)) ||
		    tm_load(tm, i, &value) != !!(keys & BIT(i)))
			return false;
	return true;
}

/* Deletes the keys of @gone, then stores those of @back again; returns tombstones */
static unsigned int mix_dirty(struct kunit *test, unsigned long gone,
			      unsigned long back)
{
	struct test_map *tm = test->priv;
	unsigned int i, dead = 0;

	syncmap_clear(&tm->map);
	KUNIT_ASSERT_EQ(test, tm_fill(tm, 0, MIXED), 0);
	for (i = 0; i < MIXED; i++)
		if (gone & BIT(i))
			KUNIT_EXPECT_TRUE(test, tm_delete(tm, i));
	for (i = 0; i < MIXED; i++) {
		if (back & BIT(i))
			KUNIT_EXPECT_EQ(test, tm_store(tm, i, val(i)), 0);
		else if (gone & BIT(i))
			dead += !!tm_pair(tm, tm_state(tm)->dirty, i);
	}
	return dead;
}

/*
 * D.2, C.1: whichever of a bucket's pairs are tombstones, and whichever nodes have
 * gone. In some variants, all keys are in one bucket.
 */
static void promote_merges_pairs_and_nodes(struct kunit *test)
{
	struct test_map *tm = test->priv;
	unsigned long gone, back, keys;
	unsigned int n;
	u64 expunged;

	for (gone = 0; gone < BIT(MIXED); gone++) {
		back = gone & 0x2a;
		keys = (BIT(MIXED) - 1) & ~(gone & ~back);
		n = number_of(keys);
		expunged = tm->map.expunged + mix_dirty(test, gone, back);
		KUNIT_EXPECT_TRUE_MSG(test, has_keys(tm, keys), "%lx", gone);
		KUNIT_EXPECT_EQ(test, syncmap_check(&tm->map), 0);
		KUNIT_EXPECT_EQ(test, syncmap_promote(&tm->map), 0);
		KUNIT_EXPECT_TRUE_MSG(test, has_keys(tm, keys), "%lx", gone);
		KUNIT_EXPECT_TRUE(test, tm_counts(tm, n, 0, 0, 0));
		KUNIT_EXPECT_EQ(test, tm_state(tm)->table->keys, n);
		KUNIT_EXPECT_EQ_MSG(test, tm->map.expunged, expunged, "%lx",
				    gone);
		KUNIT_EXPECT_EQ(test, syncmap_check(&tm->map), 0);
	}
}

/* What an attempt leaves that ran out of memory after its first step */
static void begin_leaves_a_stable_state(struct kunit *test)
{
	struct test_map *tm = test->priv;
	struct builder *b = kunit_kzalloc(test, sizeof(*b), GFP_KERNEL);
	void *value;

	KUNIT_ASSERT_NOT_NULL(test, b);
	b->map = &tm->map;
	b->gfp = GFP_KERNEL;
	KUNIT_ASSERT_EQ(test, tm_fill(tm, 0, 20), 0);
	KUNIT_ASSERT_EQ(test, syncmap_promote(&tm->map), 0);
	KUNIT_ASSERT_EQ(test, tm_fill(tm, 20, 40), 0);
	tm_freeze(tm);
	b->state = syncmap_state_pin(&tm->map);
	KUNIT_ASSERT_EQ(test, begin(b), 0);
	syncmap_state_unpin(b->state);
	KUNIT_EXPECT_NOT_NULL(test, tm_state(tm)->old);
	KUNIT_EXPECT_TRUE(test, tm_holds(tm, 0, 40));
	KUNIT_EXPECT_EQ(test, tm_fill(tm, 30, 50), 0);
	KUNIT_EXPECT_TRUE(test, tm_load_and_delete(tm, 25, &value));
	KUNIT_EXPECT_PTR_EQ(test, value, val(25));
	KUNIT_EXPECT_EQ(test, tm_store(tm, 25, val(25)), 0);
	KUNIT_EXPECT_EQ(test, tm_swap(tm, 19, val(19), &value), 1);
	KUNIT_EXPECT_TRUE(test, tm_holds(tm, 0, 50));
	tm_thaw(tm);
	KUNIT_EXPECT_EQ(test, syncmap_check(&tm->map), 0);
	KUNIT_EXPECT_EQ(test, syncmap_promote(&tm->map), 0);
	KUNIT_EXPECT_NULL(test, tm_state(tm)->old);
	KUNIT_EXPECT_TRUE(test, tm_holds(tm, 0, 50));
}

KUNIT_ARRAY_PARAM(variant, test_variants, test_variant_desc);
KUNIT_ARRAY_PARAM(few, test_variants_few, test_variant_desc);
KUNIT_ARRAY_PARAM(words, test_variants_words, test_variant_desc);

static struct kunit_case promote_cases[] = {
	KUNIT_CASE_PARAM(operations_hold_at_each_step, few_gen_params),
	KUNIT_CASE_PARAM(range_holds_at_each_step, few_gen_params),
	KUNIT_CASE_PARAM(clear_holds_at_each_step, few_gen_params),
	KUNIT_CASE(promote_is_shared),
	KUNIT_CASE(promote_of_empty_does_nothing),
	KUNIT_CASE_PARAM(promote_moves_all_keys, variant_gen_params),
	KUNIT_CASE_PARAM(promote_drops_tombstones, variant_gen_params),
	KUNIT_CASE_PARAM(promote_drops_what_died_on_its_way, few_gen_params),
	KUNIT_CASE_PARAM(promote_merges_pairs_and_nodes, words_gen_params),
	KUNIT_CASE_PARAM(begin_leaves_a_stable_state, variant_gen_params),
	{}
};

static struct kunit_suite promote_suite = {
	.name = "syncmap_promote",
	.suite_init = test_suite_init,
	.init = test_map_init,
	.exit = test_map_exit,
	.test_cases = promote_cases,
};

kunit_test_suite(promote_suite);
