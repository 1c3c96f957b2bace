// SPDX-License-Identifier: GPL-2.0-only
/*
 * Changes of present keys that come too late
 */
#include <linux/delay.h>
#include <linux/workqueue.h>

#include "../../module/store/update.c"
#include "../../module/store/clear.h"
#include "common.h"

/* An updater that found the object before it was replaced, or cleared */
static int late_update(struct kunit *test, struct bytemap *map,
		       struct bytemap_value *value, const char *text)
{
	struct syncmap_op op = { .op = SYNCMAP_OP_STORE, .key_len = 1,
				 .value_len = strlen(text) };
	struct bytemap_request req = { .op = &op, .key = "k", .value = text };
	struct bytemap_attempt *at = store_attempt(test, map, &req);
	int err;

	err = bytemap_fresh_for(map, &req) ?: bytemap_update(at, value);
	bytemap_request_release(&req);
	return err;
}

static void an_updater_starts_over_after_replacement(struct kunit *test)
{
	struct bytemap *map = store_map(test, SYNCMAP_KEY_STRING, NULL);
	struct bytemap_value *value;

	KUNIT_EXPECT_EQ(test, store_store(map, "k", "old"), 0);
	value = store_object(map, "k");
	KUNIT_EXPECT_EQ(test, store_store(map, "k", store_text(test, 'l', 99)),
			0);
	KUNIT_EXPECT_EQ(test, value->state, VALUE_REPLACED);
	KUNIT_EXPECT_EQ(test, late_update(test, map, value, "new"), START_OVER);
	KUNIT_EXPECT_EQ(test, store_bytes(map), bytemap_charge(1, 99));
	bytemap_value_put(value);
}

static void a_replacer_starts_over_after_clear(struct kunit *test)
{
	struct bytemap *map = store_map(test, SYNCMAP_KEY_STRING, NULL);
	struct bytemap_value *value;

	KUNIT_EXPECT_EQ(test, store_store(map, "k", "old"), 0);
	value = store_object(map, "k");
	KUNIT_EXPECT_EQ(test, store_clear(map), 0);
	KUNIT_EXPECT_EQ(test, value->state, VALUE_LIVE);
	KUNIT_EXPECT_EQ(test, late_update(test, map, value,
					  store_text(test, 'l', 99)),
			START_OVER);
	KUNIT_EXPECT_EQ(test, store_bytes(map), 0ULL);
	KUNIT_EXPECT_EQ(test, store_count(map), 0ULL);
	bytemap_value_put(value);
}

struct clearing {
	struct work_struct	work;
	struct bytemap		*map;
	int			err;
};

static void clear_map(struct work_struct *work)
{
	struct clearing *c = container_of(work, struct clearing, work);

	c->err = bytemap_clear(c->map);
}

/* Until it is done, or cannot go on: the worker may have to wait for a processor */
static void wait_for_clear(struct bytemap *map, u64 revision)
{
	int ms;

	for (ms = 0; ms < 10000 && atomic64_read(&map->revision) == revision; ms++)
		mdelay(1);
}

/* Change a value in place, or delete it, after a Clear has removed it */
static void change_cleared(struct kunit *test, struct bytemap *map, u32 what)
{
	struct syncmap_op *op = kunit_kzalloc(test, sizeof(*op), GFP_KERNEL);
	struct bytemap_request *req = kunit_kzalloc(test, sizeof(*req),
						    GFP_KERNEL);
	struct clearing c = { .map = map };
	struct bytemap_attempt *at;
	struct bytemap_value *value;
	void *found = NULL;
	int err;

	KUNIT_ASSERT_NOT_NULL(test, op);
	KUNIT_ASSERT_NOT_NULL(test, req);
	op->op = what;
	op->key_len = 1;
	req->op = op;
	req->key = "k";
	req->value = "new";
	if (bytemap_op_has(what, OP_TAKES_VALUE))
		op->value_len = strlen(req->value);
	at = store_attempt(test, map, req);
	INIT_WORK_ONSTACK(&c.work, clear_map);
	rcu_read_lock();
	syncmap_load(&map->core, "k", 1, &found);
	queue_work(system_unbound_wq, &c.work);
	wait_for_clear(map, atomic64_read(&map->revision));
	KUNIT_EXPECT_EQ(test, syncmap_count(&map->core), 0UL);
	err = bytemap_update(at, found);
	value = found;
	KUNIT_EXPECT_EQ(test, value->state, VALUE_DELETED);
	rcu_read_unlock();
	flush_work(&c.work);
	destroy_work_on_stack(&c.work);
	KUNIT_EXPECT_EQ(test, err, START_OVER);
	KUNIT_EXPECT_EQ(test, c.err, 0);
	bytemap_request_release(req);
}

/* Or what is stored after it could seem to be older than what was before */
static void what_a_clear_removes_is_not_changed(struct kunit *test)
{
	struct bytemap *map = store_map(test, SYNCMAP_KEY_STRING, NULL);
	const u32 ops[] = { SYNCMAP_OP_STORE, SYNCMAP_OP_DELETE,
			    SYNCMAP_OP_APPEND };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(ops); i++) {
		KUNIT_ASSERT_EQ(test, store_store(map, "k", "old"), 0);
		change_cleared(test, map, ops[i]);
		KUNIT_EXPECT_EQ(test, store_count(map), 0ULL);
		KUNIT_EXPECT_EQ(test, store_bytes(map), 0ULL);
	}
}

/* Or it would be forgotten when the next thing is looked at, and never freed */
static void what_is_late_is_not_held(struct kunit *test)
{
	struct bytemap *map = store_map(test, SYNCMAP_KEY_STRING, NULL);
	struct store_op so = {
		.op.op = SYNCMAP_OP_STORE, .op.deadline = SYNCMAP_NEVER - 1,
		.key = "k", .value = store_text(test, 'l', 500),
	};
	struct bytemap_request *req = kunit_kzalloc(test, sizeof(*req),
						    GFP_KERNEL);
	struct bytemap_value *value;

	KUNIT_ASSERT_NOT_NULL(test, req);
	KUNIT_ASSERT_EQ(test, store_op(map, &so), 0);
	value = store_object(map, "k");
	bytemap_mortal(value)->deadline = 1;
	so.op = (struct syncmap_op){ .op = SYNCMAP_OP_SWAP, .key_len = 1,
				     .out_size = 500 };
	*req = (struct bytemap_request){ .op = &so.op, .key = "k" };
	KUNIT_ASSERT_EQ(test, bytemap_fresh_for(map, req), 0);
	KUNIT_EXPECT_EQ(test, bytemap_update(store_attempt(test, map, req),
					     value), ABSENT);
	KUNIT_EXPECT_NULL(test, req->found.held);
	bytemap_request_release(req);
	bytemap_value_put(value);
}

/* What was seen of a large value without its lock is true of its length then */
static void what_has_grown_since_is_compared_anew(struct kunit *test)
{
	struct bytemap *map = store_map(test, SYNCMAP_KEY_STRING, NULL);
	struct syncmap_op *op = kunit_kzalloc(test, sizeof(*op), GFP_KERNEL);
	struct bytemap_request *req = kunit_kzalloc(test, sizeof(*req),
						    GFP_KERNEL);
	struct store_op more = {
		.op.op = SYNCMAP_OP_APPEND, .key = "k",
		.value = store_text(test, 'l', 99),
	};
	struct bytemap_value *value;

	KUNIT_ASSERT_NOT_NULL(test, op);
	KUNIT_ASSERT_NOT_NULL(test, req);
	*op = (struct syncmap_op){ .op = SYNCMAP_OP_COMPARE_AND_DELETE,
				   .old_len = 100 };
	req->op = op;
	req->old = store_text(test, 'l', 100);
	KUNIT_ASSERT_EQ(test, store_op(map, &more), 0);
	value = store_object(map, "k");
	KUNIT_EXPECT_EQ(test, compare_large(req, value), START_OVER);
	KUNIT_EXPECT_EQ(test, compare_locked(req, value, START_OVER), -EBUSY);
	more.value = "l";
	KUNIT_ASSERT_EQ(test, store_op(map, &more), 0);
	KUNIT_EXPECT_EQ(test, value->len, 100U);
	KUNIT_EXPECT_EQ(test, compare_locked(req, value, START_OVER),
			START_OVER);
	KUNIT_EXPECT_EQ(test, compare_large(req, value), 0);
	KUNIT_EXPECT_EQ(test, compare_locked(req, value, 0), 0);
	KUNIT_ASSERT_EQ(test, store_op(map, &more), 0);
	KUNIT_EXPECT_EQ(test, value->len, 101U);
	KUNIT_EXPECT_EQ(test, compare_locked(req, value, 0), -EBUSY);
	bytemap_value_put(value);
}

static struct kunit_case update_cases[] = {
	KUNIT_CASE(an_updater_starts_over_after_replacement),
	KUNIT_CASE(a_replacer_starts_over_after_clear),
	KUNIT_CASE(what_a_clear_removes_is_not_changed),
	KUNIT_CASE(what_is_late_is_not_held),
	KUNIT_CASE(what_has_grown_since_is_compared_anew),
	{}
};

static struct kunit_suite update_suite = {
	.name = "bytemap_update",
	.suite_init = store_suite_init,
	.suite_exit = store_suite_exit,
	.init = store_test_init,
	.exit = store_test_exit,
	.test_cases = update_cases,
};

kunit_test_suite(update_suite);
