// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which attempts have a window, and what is left when they end
 */
#include "../../module/store/change.c"
#include "mapped.h"

#define KEY	"key no 1"

static struct bytemap_attempt *attempt(struct kunit *test, struct bytemap *map)
{
	struct bytemap_request *req = kunit_kzalloc(test, sizeof(*req),
						    GFP_KERNEL);
	struct syncmap_op *op = kunit_kzalloc(test, sizeof(*op), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, req);
	KUNIT_ASSERT_NOT_NULL(test, op);
	op->op = SYNCMAP_OP_DELETE;
	op->key_len = strlen(KEY);
	req->op = op;
	req->key = KEY;
	return store_attempt(test, map, req);
}

static u64 word_of(struct bytemap *map)
{
	return store_bucket(map, KEY)->word;
}

static void who_has_no_mirror_has_no_window(struct kunit *test)
{
	struct bytemap *map = store_map(test, SYNCMAP_KEY_BYTES, NULL);
	struct bytemap_attempt *at = attempt(test, map);
	struct bytemap_window window;

	rcu_read_lock();
	KUNIT_EXPECT_EQ(test, bytemap_change_begin(at, &window), 0);
	KUNIT_EXPECT_NULL(test, window.mirror);
	bytemap_change_end(at, &window, true);
	rcu_read_unlock();
	KUNIT_EXPECT_FALSE(test, at->stocked);
}

/* If there is none to be had, it does without */
static void stock_is_wanted_once(struct kunit *test)
{
	struct bytemap *map = store_mapped_at_rest(test, SYNCMAP_KEY_BYTES);
	struct bytemap_attempt *at = attempt(test, map);
	u64 before = word_of(map);
	struct bytemap_window window;

	rcu_read_lock();
	KUNIT_EXPECT_EQ(test, bytemap_change_begin(at, &window), NEED_STOCK);
	KUNIT_EXPECT_EQ(test, word_of(map), before);
	KUNIT_EXPECT_EQ(test, bytemap_change_begin(at, &window), 0);
	bytemap_change_end(at, &window, false);
	rcu_read_unlock();
	KUNIT_EXPECT_EQ(test, word_of(map), before);
	bytemap_mirror_stock(map->mirror);
	at->stocked = false;
	rcu_read_lock();
	KUNIT_EXPECT_EQ(test, bytemap_change_begin(at, &window), 0);
	KUNIT_EXPECT_EQ(test, word_of(map), before + 1);
	bytemap_change_end(at, &window, true);
	rcu_read_unlock();
	KUNIT_EXPECT_EQ(test, word_of(map), before + SYNCMAP_MAPPED_VERSION);
}

/* An operation goes on when others have ended theirs */
static void an_attempt_without_a_window_is_none(struct kunit *test)
{
	struct bytemap *map = store_mapped_at_rest(test, SYNCMAP_KEY_BYTES);
	struct bytemap_attempt *at = attempt(test, map);
	u64 before = word_of(map);
	struct bytemap_window window;

	bytemap_mirror_stock(map->mirror);
	store_bucket(map, KEY)->word = before | SYNCMAP_MAPPED_WINDOWS;
	rcu_read_lock();
	KUNIT_EXPECT_EQ(test, bytemap_change_begin(at, &window), START_OVER);
	KUNIT_EXPECT_EQ(test, word_of(map), before | SYNCMAP_MAPPED_WINDOWS);
	store_bucket(map, KEY)->word = before;
	KUNIT_EXPECT_EQ(test, bytemap_change_begin(at, &window), 0);
	bytemap_change_end(at, &window, false);
	rcu_read_unlock();
	KUNIT_EXPECT_EQ(test, word_of(map), before);
}

/* Those for which readers have to begin anew, and those for which not */
static const struct attempted {
	const char	*title;
	struct store_op	so;
	int		err;
	bool		changes;
} attempts[] = {
	{ "load", { .op.op = SYNCMAP_OP_LOAD }, 0, false },
	{ "load_or_store", {
		.op.op = SYNCMAP_OP_LOAD_OR_STORE, .value = "new",
	}, 0, false },
	{ "store", { .op.op = SYNCMAP_OP_STORE, .value = "new" }, 0, true },
	{ "compare_and_swap", {
		.op.op = SYNCMAP_OP_COMPARE_AND_SWAP, .old = "old",
		.value = "new",
	}, 0, true },
	{ "compare_and_swap, other", {
		.op.op = SYNCMAP_OP_COMPARE_AND_SWAP, .old = "other",
		.value = "new",
	}, -EBUSY, false },
	{ "compare_and_delete, other", {
		.op.op = SYNCMAP_OP_COMPARE_AND_DELETE, .old = "other",
	}, -EBUSY, false },
	{ "delete", { .op.op = SYNCMAP_OP_DELETE }, 0, true },
};

static void describe_attempt(const struct attempted *attempted, char *desc)
{
	strscpy(desc, attempted->title, KUNIT_PARAM_DESC_SIZE);
}

static void what_changes_nothing_disturbs_nobody(struct kunit *test)
{
	const struct attempted *attempted = test->param_value;
	struct bytemap *map = store_mapped_at_rest(test, SYNCMAP_KEY_BYTES);
	struct store_op *so = kunit_kzalloc(test, sizeof(*so), GFP_KERNEL);
	u64 before;

	KUNIT_ASSERT_NOT_NULL(test, so);
	*so = attempted->so;
	so->key = KEY;
	KUNIT_ASSERT_EQ(test, store_store(map, KEY, "old"), 0);
	before = word_of(map);
	KUNIT_EXPECT_EQ(test, store_op(map, so), attempted->err);
	if (attempted->changes)
		KUNIT_EXPECT_GT(test, word_of(map), before);
	else
		KUNIT_EXPECT_EQ(test, word_of(map), before);
	KUNIT_EXPECT_NE(test, store_sees(test, map, KEY), MAPPED_ASK);
}

KUNIT_ARRAY_PARAM(attempt, attempts, describe_attempt);

static struct kunit_case change_cases[] = {
	KUNIT_CASE(who_has_no_mirror_has_no_window),
	KUNIT_CASE(stock_is_wanted_once),
	KUNIT_CASE(an_attempt_without_a_window_is_none),
	KUNIT_CASE_PARAM(what_changes_nothing_disturbs_nobody,
			 attempt_gen_params),
	{}
};

static struct kunit_suite change_suite = {
	.name = "bytemap_change",
	.suite_init = store_suite_init,
	.suite_exit = store_suite_exit,
	.init = store_test_init,
	.exit = store_test_exit,
	.test_cases = change_cases,
};

kunit_test_suite(change_suite);
