// SPDX-License-Identifier: GPL-2.0-only
/* What operations make of deadlines, whether the sweeper has come or not */
#include "../../module/store/deadline.c"
#include "../../module/store/clear.h"
#include "../../module/store/entry.h"
#include "../../module/store/fresh.h"
#include "../../module/store/update.h"
#include "deadline.h"

struct late_case {
	u32	op;
	int	err;
	bool	stored;
};

static const struct late_case late_cases[] = {
	{ SYNCMAP_OP_LOAD, -ENOENT },
	{ SYNCMAP_OP_STORE, 0, true },
	{ SYNCMAP_OP_LOAD_OR_STORE, 0, true },
	{ SYNCMAP_OP_LOAD_AND_DELETE, -ENOENT },
	{ SYNCMAP_OP_DELETE, 0 },
	{ SYNCMAP_OP_SWAP, 0, true },
	{ SYNCMAP_OP_COMPARE_AND_SWAP, -ENOENT },
	{ SYNCMAP_OP_COMPARE_AND_DELETE, -ENOENT },
	{ SYNCMAP_OP_TOUCH, -ENOENT },
};

static void expect_late(struct kunit *test, struct bytemap *map,
			const struct late_case *late)
{
	struct store_op so = { .op.op = late->op, .key = "k" };
	u64 expired = stat_of(map, "expired");

	KUNIT_EXPECT_EQ(test, store_until(map, "k", "old", PAST), 0);
	if (bytemap_op_has(late->op, OP_TAKES_VALUE))
		so.value = "new";
	if (bytemap_op_has(late->op, OP_TAKES_OLD))
		so.old = "old";
	KUNIT_EXPECT_EQ(test, store_op(map, &so), late->err);
	KUNIT_EXPECT_EQ(test, so.answer.result, 0U);
	KUNIT_EXPECT_EQ(test, so.answer.previous, 0ULL);
	KUNIT_EXPECT_EQ(test, store_has(map, "k", "new"), late->stored);
	KUNIT_EXPECT_EQ(test, store_count(map), late->stored ? 1ULL : 0ULL);
	KUNIT_EXPECT_EQ(test, stat_of(map, "expired"), expired + 1);
	KUNIT_EXPECT_EQ(test, store_clear(map), 0);
}

/* Whether the sweeper has come or not */
static void what_is_late_is_absent(struct kunit *test)
{
	struct bytemap *map = ttl_map(test, 0, 0);
	struct bytemap *stale = ttl_map(test, 0, 3600 * NSEC_PER_SEC);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(late_cases); i++) {
		expect_late(test, map, &late_cases[i]);
		expect_late(test, stale, &late_cases[i]);
	}
	KUNIT_EXPECT_EQ(test, store_bytes(map), 0ULL);
	KUNIT_EXPECT_EQ(test, store_bytes(stale), 0ULL);
}

/* Default, own and no deadline, one after another */
static void a_store_sets_the_deadline_anew(struct kunit *test)
{
	struct bytemap *map = ttl_map(test, 3600 * NSEC_PER_SEC, 0);
	u64 before = in_an_hour(), later = 2 * before;

	KUNIT_EXPECT_EQ(test, store_store(map, "k", "v"), 0);
	KUNIT_EXPECT_GE(test, expires(map, "k"), before);
	KUNIT_EXPECT_LE(test, expires(map, "k"), in_an_hour());
	KUNIT_EXPECT_EQ(test, store_until(map, "k", "v", later), 0);
	KUNIT_EXPECT_EQ(test, expires(map, "k"), later);
	KUNIT_EXPECT_EQ(test, store_until(map, "k", "v", SYNCMAP_NEVER), 0);
	KUNIT_EXPECT_EQ(test, expires(map, "k"), SYNCMAP_NEVER);
	KUNIT_EXPECT_EQ(test, stat_of(map, "expiring"), 0ULL);
	KUNIT_EXPECT_EQ(test, store_store(map, "k", "v"), 0);
	KUNIT_EXPECT_LE(test, expires(map, "k"), in_an_hour());
	KUNIT_EXPECT_EQ(test, stat_of(map, "expiring"), 1ULL);
	KUNIT_EXPECT_EQ(test, store_delete(map, "k"), 0);
	KUNIT_EXPECT_EQ(test, stat_of(map, "expiring"), 0ULL);
}

/* Values without room for a deadline, in place, copied, and referenced */
static void touch_changes_nothing_but_the_deadline(struct kunit *test)
{
	static const size_t lengths[] = { 0, 16, BYTEMAP_SMALL,
					  BYTEMAP_SMALL + 1, 1000 };
	struct bytemap *map = ttl_map(test, 0, 0);
	u64 hour = in_an_hour();
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(lengths); i++) {
		struct store_op so = { .op.op = SYNCMAP_OP_TOUCH, .key = "k",
				       .op.deadline = hour };
		const char *text = store_text(test, 'v', lengths[i]);
		u64 revision = stat_of(map, "revision") + 1;

		KUNIT_EXPECT_EQ(test, store_store(map, "k", text), 0);
		KUNIT_EXPECT_EQ(test, touch(map, "k", SYNCMAP_NEVER), 0);
		KUNIT_EXPECT_FALSE(test, object(test, map, "k")->mortal);
		KUNIT_EXPECT_EQ(test, store_op(map, &so), 0);
		KUNIT_EXPECT_EQ(test, so.answer.expires, hour);
		KUNIT_EXPECT_EQ(test, so.answer.revision, revision);
		KUNIT_EXPECT_EQ(test, so.answer.previous, 0ULL);
		KUNIT_EXPECT_STREQ(test, so.out, text);
		KUNIT_EXPECT_TRUE(test, store_has(map, "k", text));
		KUNIT_EXPECT_EQ(test, expires(map, "k"), hour);
		KUNIT_EXPECT_EQ(test, stat_of(map, "revision"), revision);
		KUNIT_EXPECT_EQ(test, store_bytes(map),
				bytemap_charge(1, lengths[i]) +
				bytemap_charge(1, 0));
		KUNIT_EXPECT_EQ(test, touch(map, "k", SYNCMAP_NEVER), 0);
		KUNIT_EXPECT_EQ(test, expires(map, "k"), SYNCMAP_NEVER);
		KUNIT_EXPECT_EQ(test, stat_of(map, "expiring"), 0ULL);
	}
	KUNIT_EXPECT_EQ(test, touch(map, "l", hour), -ENOENT);
}

/* A value that was replaced between two attempts is not the one to be copied */
static void touch_copies_what_is_there(struct kunit *test)
{
	struct bytemap *map = ttl_map(test, 0, 0);
	struct syncmap_op op = { .op = SYNCMAP_OP_TOUCH, .key_len = 1,
				 .deadline = in_an_hour() };
	struct bytemap_request *req = kunit_kzalloc(test, sizeof(*req),
						    GFP_KERNEL);
	const char *longer = store_text(test, 'l', 500);
	struct bytemap_attempt *at;

	KUNIT_ASSERT_NOT_NULL(test, req);
	req->op = &op;
	req->key = "k";
	at = store_attempt(test, map, req);
	KUNIT_EXPECT_EQ(test, store_store(map, "k", "short"), 0);
	KUNIT_EXPECT_EQ(test, bytemap_update(at, object(test, map, "k")),
			NEED_FRESH);
	KUNIT_EXPECT_EQ(test, bytemap_fresh_get(at), 0);
	KUNIT_EXPECT_EQ(test, store_store(map, "k", longer), 0);
	KUNIT_EXPECT_EQ(test, bytemap_update(at, object(test, map, "k")),
			NEED_FRESH);
	KUNIT_EXPECT_EQ(test, bytemap_fresh_get(at) ?:
			bytemap_update(at, object(test, map, "k")), 0);
	KUNIT_EXPECT_TRUE(test, store_has(map, "k", longer));
	bytemap_request_release(req);
}

static void only_an_earlier_deadline_moves_a_value(struct kunit *test)
{
	struct bytemap *map = ttl_map(test, 0, 0);
	u64 hour = in_an_hour();

	KUNIT_EXPECT_EQ(test, store_until(map, "k", "v", hour), 0);
	KUNIT_EXPECT_EQ(test, queued(test, map, "k"), hour);
	KUNIT_EXPECT_EQ(test, store_until(map, "k", "w", hour + 5), 0);
	KUNIT_EXPECT_EQ(test, touch(map, "k", hour + 9), 0);
	KUNIT_EXPECT_EQ(test, queued(test, map, "k"), hour);
	KUNIT_EXPECT_EQ(test, touch(map, "k", hour - 1), 0);
	KUNIT_EXPECT_EQ(test, queued(test, map, "k"), hour - 1);
	KUNIT_EXPECT_EQ(test, touch(map, "k", SYNCMAP_NEVER - 1), 0);
	KUNIT_EXPECT_EQ(test, touch(map, "k", SYNCMAP_NEVER), 0);
	KUNIT_EXPECT_EQ(test, queued(test, map, "k"), 0ULL);
	KUNIT_EXPECT_EQ(test, touch(map, "k", SYNCMAP_NEVER - 1), 0);
	KUNIT_EXPECT_EQ(test, queued(test, map, "k"), (u64)KTIME_MAX);
}

/* It is what it was when it was replaced, unless it would be late now */
static void a_reader_of_a_late_replaced_value_starts_over(struct kunit *test)
{
	struct bytemap *map = ttl_map(test, 0, 0);
	struct bytemap_value *value;
	struct bytemap_view view;

	KUNIT_EXPECT_EQ(test, store_until(map, "k", "v", in_an_hour()), 0);
	value = store_object(map, "k");
	KUNIT_EXPECT_EQ(test, store_until(map, "k", store_text(test, 'l', 99),
					  in_an_hour()), 0);
	KUNIT_EXPECT_EQ(test, value->state, VALUE_REPLACED);
	KUNIT_EXPECT_EQ(test, bytemap_entry_view(map, value, &view, 64), 0);
	bytemap_mortal(value)->deadline = PAST;
	KUNIT_EXPECT_EQ(test, bytemap_entry_view(map, value, &view, 64),
			START_OVER);
	bytemap_value_put(value);
}

static struct kunit_case deadline_cases[] = {
	KUNIT_CASE(what_is_late_is_absent),
	KUNIT_CASE(a_store_sets_the_deadline_anew),
	KUNIT_CASE(touch_changes_nothing_but_the_deadline),
	KUNIT_CASE(touch_copies_what_is_there),
	KUNIT_CASE(only_an_earlier_deadline_moves_a_value),
	KUNIT_CASE(a_reader_of_a_late_replaced_value_starts_over),
	{}
};

static struct kunit_suite deadline_suite = {
	.name = "bytemap_deadline",
	.suite_init = store_suite_init,
	.suite_exit = store_suite_exit,
	.init = store_test_init,
	.exit = store_test_exit,
	.test_cases = deadline_cases,
};

kunit_test_suite(deadline_suite);
