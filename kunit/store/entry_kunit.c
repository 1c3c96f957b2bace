// SPDX-License-Identifier: GPL-2.0-only
/*
 * Entries, and those who look at them at the wrong moment
 */
#include <linux/bug.h>
#include <linux/delay.h>
#include <linux/workqueue.h>

#include "mapped.h"

static unsigned int warnings;

static bool note_warning(bool condition)
{
	if (condition)
		warnings++;
	return condition;
}

#undef WARN_ON_ONCE
#define WARN_ON_ONCE(condition)	note_warning(condition)

#include "../../module/store/entry.c"
#include "../../module/store/watch.h"

static void view_knows_deleted_and_replaced(struct kunit *test)
{
	struct bytemap *map = store_map(test, SYNCMAP_KEY_STRING, NULL);
	struct bytemap_value *value = store_value(test, map, 10);
	struct bytemap_view view;

	value->state = VALUE_REPLACED;
	KUNIT_EXPECT_EQ(test, bytemap_entry_view(map, value, &view, 10), 0);
	value->state = VALUE_DELETED;
	KUNIT_EXPECT_EQ(test, bytemap_entry_view(map, value, &view, 10),
			ABSENT);
	bytemap_value_put(value);
}

/* Who meets a new value first gives it its revision, once */
static void view_settles_a_new_value(struct kunit *test)
{
	struct bytemap *map = store_map(test, SYNCMAP_KEY_STRING, NULL);
	struct bytemap_value *value = store_value(test, map, 10);
	static struct syncmap_op op = { .op = SYNCMAP_OP_STORE };
	static const struct bytemap_request req = { .op = &op };
	struct bytemap_view view;

	value->revision = 0;
	value->inserter = &req;
	KUNIT_EXPECT_EQ(test, bytemap_entry_view(map, value, &view, 10),
			START_OVER);
	KUNIT_EXPECT_EQ(test, value->revision, 1ULL);
	KUNIT_EXPECT_EQ(test, value->born, 1ULL);
	KUNIT_EXPECT_EQ(test, bytemap_entry_view(map, value, &view, 10), 0);
	KUNIT_EXPECT_EQ(test, view.revision, 1ULL);
	KUNIT_EXPECT_EQ(test, bytemap_next_revision(map), 2ULL);
	bytemap_value_put(value);
}

static void freeing_uncharges_what_was_not_deleted(struct kunit *test)
{
	struct bytemap *map = store_map(test, SYNCMAP_KEY_STRING, NULL);
	struct bytemap_value *live = store_value(test, map, 10);
	struct bytemap_value *deleted = store_value(test, map, 10);
	struct syncmap_error error;
	u64 memory;

	live->key_len = 3;
	memory = bytemap_memory_of_entry(map, live);
	KUNIT_EXPECT_EQ(test, bytemap_memory_change(map, 0, memory, &error), 0);
	bytemap_gauge_change(&map->bytes, 0, bytemap_charge(3, 10));
	bytemap_gauge_change(&map->entries, 0, 1);
	atomic64_inc(&map->live[live->epoch]);
	deleted->state = VALUE_DELETED;
	bytemap_entry_cleared(map, deleted);
	bytemap_value_release(deleted);
	KUNIT_EXPECT_EQ(test, store_bytes(map), 64ULL + 13);
	KUNIT_EXPECT_EQ(test, store_count(map), 1ULL);
	bytemap_entry_cleared(map, live);
	bytemap_value_release(live);
	KUNIT_EXPECT_EQ(test, store_bytes(map), 0ULL);
	KUNIT_EXPECT_EQ(test, store_count(map), 0ULL);
}

struct ending {
	struct work_struct	work;
	struct bytemap		*map;
	struct bytemap_value	*value;
};

static void end_value(struct work_struct *work)
{
	struct ending *e = container_of(work, struct ending, work);

	write_seqlock(&e->value->lock);
	bytemap_entry_end_locked(e->map, e->value);
	write_sequnlock(&e->value->lock);
}

/* Or who sweeps before he counts would count what another sweeper is ending */
static void what_leaves_its_list_is_not_counted(struct kunit *test)
{
	struct bytemap *map = store_map(test, SYNCMAP_KEY_STRING, NULL);
	struct bytemap_client *client = store_client(test, map);
	struct ending e = { .map = map };
	void *found = NULL;
	int ms;

	KUNIT_ASSERT_EQ(test, store_owned(map, client, "k", "v"), 0);
	rcu_read_lock();
	KUNIT_EXPECT_TRUE(test, syncmap_load(&map->core, "k", 1, &found));
	rcu_read_unlock();
	e.value = found;
	INIT_WORK_ONSTACK(&e.work, end_value);
	spin_lock(&map->owned_lock);
	queue_work(system_unbound_wq, &e.work);
	for (ms = 0; ms < 10000 && atomic64_read(&map->live[map->epoch]); ms++)
		mdelay(1);
	KUNIT_EXPECT_EQ(test, map->owned, 1ULL);
	KUNIT_EXPECT_EQ(test, atomic64_read(&map->live[map->epoch]), 0LL);
	KUNIT_EXPECT_EQ(test, bytemap_gauge_read(&map->bytes), 0ULL);
	spin_unlock(&map->owned_lock);
	flush_work(&e.work);
	destroy_work_on_stack(&e.work);
	KUNIT_EXPECT_EQ(test, map->owned, 0ULL);
	bytemap_entry_remove_mortal(map, e.value);
	store_client_end(client);
}

/* A reader settles the insertion; the event is the inserter's, and one */
static void an_insertion_has_one_event(struct kunit *test)
{
	static struct syncmap_op op = { .op = SYNCMAP_OP_SWAP, .key_len = 1 };
	static struct bytemap_request req = { .op = &op, .key = "k" };
	struct bytemap *map = store_map(test, SYNCMAP_KEY_STRING, NULL);
	struct bytemap_watch *watch = store_watch(test, map, 0, "");
	const struct syncmap_record *event;
	struct bytemap_value *value;
	void *actual;

	req.fresh = bytemap_value_alloc(5);
	value = req.fresh;
	KUNIT_ASSERT_NOT_NULL(test, value);
	value->key_len = 1;
	publish_fresh(store_attempt(test, map, &req), map->epoch);
	KUNIT_ASSERT_EQ(test, syncmap_load_or_store(&map->core, "k", 1,
						    value, &actual,
						    GFP_KERNEL), 0);
	store_no_event(test, watch);
	KUNIT_EXPECT_FALSE(test, store_has(map, "k", "x"));
	event = store_event(test, watch, SYNCMAP_RECORD_STORE);
	KUNIT_EXPECT_EQ(test, event->revision, 1ULL);
	KUNIT_EXPECT_EQ(test, event->reason, (u32)SYNCMAP_OP_SWAP);
	KUNIT_EXPECT_EQ(test, event->key_len, 1U);
	KUNIT_EXPECT_FALSE(test, store_has(map, "k", "x"));
	store_no_event(test, watch);
	syncmap_delete(&map->core, "k", 1);
	bytemap_request_release(&req);
	bytemap_value_put(value);
	bytemap_watch_destroy(watch);
}

/* Windows. In builds for debugging only */

#define KEY	"key no 1"
#define NOTICED	((unsigned int)IS_ENABLED(CONFIG_PROVE_RCU))

static void overwrite(struct bytemap_attempt *at, struct bytemap_value *value)
{
	at->bytes = "w";
	at->len = 1;
	at->deadline = SYNCMAP_NEVER - 1;
	bytemap_entry_overwrite_locked(at, value);
}

static void edit(struct bytemap_attempt *at, struct bytemap_value *value)
{
	bytemap_entry_edit_locked(at, value, 0, "w", 1);
}

static void put_off(struct bytemap_attempt *at, struct bytemap_value *value)
{
	at->deadline = SYNCMAP_NEVER - 2;
	bytemap_entry_touch_locked(at, value);
}

static void delete(struct bytemap_attempt *at, struct bytemap_value *value)
{
	bytemap_entry_delete_locked(at, value);
}

static const struct change {
	const char	*title;
	void		(*fn)(struct bytemap_attempt *at,
			      struct bytemap_value *value);
} changes[] = {
	{ "overwrite", overwrite },
	{ "edit", edit },
	{ "touch", put_off },
	{ "delete", delete },
};

static void describe_change(const struct change *change, char *desc)
{
	strscpy(desc, change->title, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(change, changes, describe_change);

/* Return: how often it was noticed */
static unsigned int change_value(struct kunit *test, struct bytemap *map,
				 const struct change *change, bool in_window)
{
	static struct syncmap_op op = { .op = SYNCMAP_OP_STORE, .key_len = 8 };
	struct store_op so = {
		.op.op = SYNCMAP_OP_STORE, .key = KEY, .value = "v",
		.op.deadline = SYNCMAP_NEVER - 1,
	};
	struct bytemap_request *req;
	struct bytemap_attempt *at;
	struct bytemap_value *value;

	req = kunit_kzalloc(test, sizeof(*req), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, req);
	req->op = &op;
	req->key = KEY;
	at = store_attempt(test, map, req);
	KUNIT_ASSERT_EQ(test, store_op(map, &so), 0);
	value = store_object(map, KEY);
	KUNIT_ASSERT_NOT_NULL(test, value);
	warnings = 0;
	at->in_window = in_window;
	rcu_read_lock();
	write_seqlock(&value->lock);
	change->fn(at, value);
	write_sequnlock(&value->lock);
	if (value->state == VALUE_DELETED)
		bytemap_entry_remove_mortal(map, value);
	rcu_read_unlock();
	bytemap_value_put(value);
	return warnings;
}

static void a_change_without_a_window_is_noticed(struct kunit *test)
{
	const struct change *change = test->param_value;
	struct bytemap *plain = store_map(test, SYNCMAP_KEY_BYTES, NULL);
	struct bytemap *map = store_mapped_at_rest(test, SYNCMAP_KEY_BYTES);

	KUNIT_EXPECT_EQ(test, change_value(test, plain, change, false), 0U);
	KUNIT_EXPECT_EQ(test, change_value(test, map, change, true), 0U);
	KUNIT_EXPECT_EQ(test, !!change_value(test, map, change, false), NOTICED);
	/* As long as some had begun before there was a mirror */
	map->modes = BYTEMAP_MIRRORED;
	KUNIT_EXPECT_EQ(test, change_value(test, map, change, false), 0U);
	map->modes = BYTEMAP_MIRRORED | BYTEMAP_WINDOWED;
}

static void expire(struct bytemap_attempt *at, struct bytemap_value *value)
{
	bytemap_entry_expire_locked(at->map, value);
}

static void lapse(struct bytemap_attempt *at, struct bytemap_value *value)
{
	bytemap_entry_lapse_locked(at->map, value);
}

static void expire_late(struct bytemap_attempt *at, struct bytemap_value *value)
{
	bytemap_mortal(value)->deadline = 1;
	expire(at, value);
}

/* What is late needs none */
static void what_ends_early_is_noticed(struct kunit *test)
{
	const struct change ends = { .fn = expire }, lapses = { .fn = lapse };
	const struct change late = { .fn = expire_late };
	struct bytemap *map = store_mapped_at_rest(test, SYNCMAP_KEY_BYTES);

	KUNIT_EXPECT_EQ(test, change_value(test, map, &late, false), 0U);
	KUNIT_EXPECT_EQ(test, change_value(test, map, &ends, false), NOTICED);
	KUNIT_EXPECT_EQ(test, change_value(test, map, &lapses, false), NOTICED);
}

static struct kunit_case entry_cases[] = {
	KUNIT_CASE(view_knows_deleted_and_replaced),
	KUNIT_CASE(view_settles_a_new_value),
	KUNIT_CASE(freeing_uncharges_what_was_not_deleted),
	KUNIT_CASE(what_leaves_its_list_is_not_counted),
	KUNIT_CASE(an_insertion_has_one_event),
	KUNIT_CASE_PARAM(a_change_without_a_window_is_noticed,
			 change_gen_params),
	KUNIT_CASE(what_ends_early_is_noticed),
	{}
};

static struct kunit_suite entry_suite = {
	.name = "bytemap_entry",
	.suite_init = store_suite_init,
	.suite_exit = store_suite_exit,
	.init = store_test_init,
	.exit = store_test_exit,
	.test_cases = entry_cases,
};

kunit_test_suite(entry_suite);
