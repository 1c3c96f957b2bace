// SPDX-License-Identifier: GPL-2.0-only
/*
 * Kernel threads that change which keys there are, while others walk the map
 */
#include <linux/irq_work.h>

#include "crew.h"

#define STABLE	128U

static unsigned int stable_keys(const struct test_map *tm)
{
	return test_keys(tm, STABLE);
}

struct walk {
	struct worker	*w;
	unsigned int	stable;
	DECLARE_BITMAP(seen, STABLE);
};

/* Values are multiples of their key plus one, torn or foreign ones are not */
static bool right_value(u64 key, const void *value)
{
	return syncmap_is_value(value) &&
	       syncmap_to_value(value) % (key + 1) == 0;
}

static int walk_entry(const struct syncmap_entry *entry, void *arg)
{
	struct walk *walk = arg;
	u64 key = test_key_number(walk->w->tm, entry);

	CREW_EXPECT(walk->w, right_value(key, entry->value));
	if (key < walk->stable)
		CREW_EXPECT(walk->w, !test_and_set_bit(key, walk->seen));
	return 0;
}

static void range_once(struct worker *w)
{
	struct walk walk = { .w = w, .stable = stable_keys(w->tm) };

	CREW_EXPECT(w, !syncmap_range(&w->tm->map, walk_entry, &walk));
	CREW_EXPECT(w, bitmap_weight(walk.seen, STABLE) == walk.stable);
}

/* By cursor: one read section for each batch, and strictly upwards */
static void next_once(struct worker *w)
{
	struct walk walk = { .w = w, .stable = stable_keys(w->tm) };
	struct syncmap_entry entries[8];
	u64 cursor = 0, before;
	int i, n;

	do {
		before = cursor;
		rcu_read_lock();
		n = syncmap_next(&w->tm->map, &cursor, entries,
				 ARRAY_SIZE(entries));
		for (i = 0; i < n; i++)
			walk_entry(&entries[i], &walk);
		rcu_read_unlock();
		CREW_EXPECT(w, n >= 0 && cursor > before);
	} while (n >= 0 && cursor != SYNCMAP_CURSOR_END);
	CREW_EXPECT(w, bitmap_weight(walk.seen, STABLE) == walk.stable);
}

static void range_while_busy(struct worker *w)
{
	do {
		range_once(w);
	} while (crew_busy(w));
}

static void next_while_busy(struct worker *w)
{
	do {
		next_once(w);
	} while (crew_busy(w));
}

static int fill_stable(struct test_map *tm)
{
	unsigned int key;
	int err = 0;

	for (key = 0; key < stable_keys(tm) && !err; key++)
		err = tm_store(tm, key, val(key + 1));
	return err;
}

static void load_and_store_multiples(struct worker *w)
{
	unsigned int i;
	void *value;
	u64 key;

	for (i = 0; i < test_rounds(2000); i++) {
		key = i % stable_keys(w->tm);
		CREW_EXPECT(w, tm_load(w->tm, key, &value) &&
			    right_value(key, value));
		if (!test_below(&w->rnd, 16))
			CREW_EXPECT(w, !tm_store(w->tm, key,
						 val((key + 1) * i)));
	}
}

/* Go's TestConcurrentRange, C.1 */
static void range_sees_each_stable_key_once(struct kunit *test)
{
	struct crew *crew = crew_new(test);

	KUNIT_ASSERT_EQ(test, fill_stable(test->priv), 0);
	crew_add(crew, 2, load_and_store_multiples, NULL);
	crew_add_helper(crew, range_while_busy, NULL);
	crew_add_helper(crew, crew_promote, NULL);
	crew_run(crew);
}

/* Keys that come and go: all workers on the same few */
#define CHURN_KEYS	16
#define CHURN_ROUNDS	500

static void churn_shared(struct worker *w)
{
	unsigned int i;
	u64 key;

	for (i = 0; i < test_rounds(CHURN_ROUNDS); i++) {
		key = STABLE + test_below(&w->rnd, CHURN_KEYS);
		if (i & 1)
			tm_delete(w->tm, key);
		else
			CREW_EXPECT(w, !tm_store(w->tm, key,
						 val((key + 1) * i)));
	}
}

/* C.1, C.2 */
static void walks_survive_churn(struct kunit *test)
{
	struct crew *crew = crew_new(test);
	struct test_map *tm = test->priv;

	KUNIT_ASSERT_EQ(test, fill_stable(tm), 0);
	crew_add(crew, 3, churn_shared, NULL);
	crew_add_helper(crew, range_while_busy, NULL);
	if (tm->variant->params.hash != SYNCMAP_HASH_CUSTOM)
		crew_add_helper(crew, next_while_busy, NULL);
	crew_add_helper(crew, crew_promote, NULL);
	crew_run(crew);
}

#define GROWTH	300

static void grow(struct worker *w)
{
	unsigned int n = test_keys(w->tm, GROWTH);
	u64 key = w->id * n;
	u64 end = key + n;
	void *value;

	for (; key < end; key++) {
		CREW_EXPECT(w, !tm_store(w->tm, key, val(key)));
		CREW_EXPECT(w, tm_load(w->tm, key, &value) &&
			    value == val(key));
	}
}

/* I1: from empty, through every size, nothing is lost on the way */
static void growing_loses_nothing(struct kunit *test)
{
	struct crew *crew = crew_new(test);
	struct test_map *tm = test->priv;

	crew_add(crew, 3, grow, NULL);
	crew_add_helper(crew, crew_promote, NULL);
	crew_run(crew);
	KUNIT_EXPECT_TRUE(test, tm_holds(tm, 0, 3 * test_keys(tm, GROWTH)));
}

static void clear_often(struct worker *w)
{
	int i;

	for (i = 0; i < 20; i++) {
		syncmap_clear(&w->tm->map);
		cond_resched();
	}
}

static void store_any(struct worker *w)
{
	unsigned int i;

	for (i = 0; i < test_rounds(300); i++)
		CREW_EXPECT(w, !tm_store(w->tm, i % 40, val(i % 40)));
}

static void load_any(struct worker *w)
{
	void *value;
	u64 key;

	while (crew_busy(w)) {
		key = test_below(&w->rnd, 40);
		CREW_EXPECT(w, !tm_load(w->tm, key, &value) ||
			    value == val(key));
	}
}

/* Go's TestConcurrentClear, F.1 */
static void clear_races_with_everything(struct kunit *test)
{
	struct crew *crew = crew_new(test);
	struct test_map *tm = test->priv;
	int i;

	crew_add(crew, 4, store_any, NULL);
	crew_add(crew, 3, clear_often, NULL);
	for (i = 0; i < 3; i++)
		crew_add_helper(crew, load_any, NULL);
	crew_add_helper(crew, crew_promote, NULL);
	crew_run(crew);
	syncmap_clear(&tm->map);
	KUNIT_EXPECT_TRUE(test, tm_holds(tm, 0, 0));
	KUNIT_EXPECT_EQ(test, tm_fill(tm, 0, 40), 0);
	KUNIT_EXPECT_TRUE(test, tm_holds(tm, 0, 40));
}

static u64 bytes_of(struct test_map *tm)
{
	struct syncmap_core_stats stats;

	syncmap_get_stats(&tm->map, &stats);
	return stats.bytes;
}

#define COMINGS	500

static void come_and_go(struct worker *w)
{
	u64 *most = w->arg;
	unsigned int i;
	u64 key;

	for (i = 0; i < COMINGS; i++) {
		key = 1 + (u64)w->id * COMINGS + i;
		CREW_EXPECT(w, !tm_store(w->tm, key, val(key)));
		CREW_EXPECT(w, tm_delete(w->tm, key));
		if (i % 100 == 0 && !w->id)
			*most = max(*most, bytes_of(w->tm));
	}
}

/* Go's TestIssue40999, D.2: one resident key, and thousands that come and go */
static void churn_does_not_grow_the_map(struct kunit *test)
{
	struct crew *crew = crew_new(test);
	struct test_map *tm = test->priv;
	u64 most = 0;

	KUNIT_ASSERT_EQ(test, tm_fill(tm, 0, 1), 0);
	crew_add(crew, 2, come_and_go, &most);
	crew_run(crew);
	KUNIT_EXPECT_TRUE(test, tm_holds(tm, 0, 1));
	KUNIT_EXPECT_LT(test, most, 512 * 1024);
}

/* Every operation that any context may use, from a hard interrupt */
struct interrupt {
	struct irq_work	work;
	struct worker	*w;
	unsigned int	n;
};

static void use_in_interrupt(struct irq_work *work)
{
	struct interrupt *irq = container_of(work, struct interrupt, work);
	struct test_map *tm = irq->w->tm;
	u64 key = STABLE + irq->n++ % CHURN_KEYS;
	struct test_key k;
	void *value;
	int ret;

	test_key(tm, key, &k);
	tm_load(tm, key, &value);
	ret = syncmap_store(&tm->map, k.bytes, k.len, val(key + 1),
			    GFP_ATOMIC);
	CREW_EXPECT(irq->w, !ret || ret == -ENOMEM);
	tm_compare_and_swap(tm, key, val(key + 1), val(2 * (key + 1)));
	syncmap_load_or_store(&tm->map, k.bytes, k.len, val(0), &value,
			      GFP_ATOMIC);
	if (irq->n & 1)
		tm_compare_and_delete(tm, key, val(2 * (key + 1)));
	else
		tm_load_and_delete(tm, key, &value);
}

static void interrupt_often(struct worker *w)
{
	struct interrupt irq = { .w = w };

	irq.work = IRQ_WORK_INIT_HARD(use_in_interrupt);
	while (crew_busy(w)) {
		irq_work_queue(&irq.work);
		churn_shared(w);
		irq_work_sync(&irq.work);
	}
}

/* A.2 and the contexts that the header promises; lockdep is the judge */
static void operations_work_in_hard_interrupts(struct kunit *test)
{
	struct crew *crew = crew_new(test);

	crew_add(crew, 2, churn_shared, NULL);
	crew_add_helper(crew, interrupt_often, NULL);
	crew_add_helper(crew, crew_promote, NULL);
	crew_run(crew);
}

KUNIT_ARRAY_PARAM(variant, test_variants_few, test_variant_desc);

static struct kunit_case churn_cases[] = {
	KUNIT_CASE_PARAM(range_sees_each_stable_key_once, variant_gen_params),
	KUNIT_CASE_PARAM(walks_survive_churn, variant_gen_params),
	KUNIT_CASE_PARAM(growing_loses_nothing, variant_gen_params),
	KUNIT_CASE_PARAM(clear_races_with_everything, variant_gen_params),
	KUNIT_CASE_PARAM(churn_does_not_grow_the_map, variant_gen_params),
	KUNIT_CASE_PARAM(operations_work_in_hard_interrupts,
			 variant_gen_params),
	{}
};

static struct kunit_suite churn_suite = {
	.name = "syncmap_churn",
	.suite_init = test_suite_init,
	.init = test_map_init,
	.exit = test_map_exit,
	.test_cases = churn_cases,
};

kunit_test_suite(churn_suite);
