// SPDX-License-Identifier: GPL-2.0-only
/*
 * Deadlines. PAST is late, and an hour is not over before a case is.
 */
#include "../../module/store/expiry.c"
#include "common.h"

#define PAST	1ULL

static u64 in_an_hour(void)
{
	return ktime_get_boottime_ns() + 3600 * NSEC_PER_SEC;
}

static struct bytemap *ttl_map(struct kunit *test, u64 ttl, u64 stale)
{
	const struct syncmap_create create = {
		.key_type = SYNCMAP_KEY_STRING, .mode = 0600,
		.ttl = ttl, .stale = stale,
	};

	return store_map_of(test, &create);
}

static int store_until(struct bytemap *map, const char *key, const char *value,
		       u64 deadline)
{
	struct store_op so = {
		.op.op = SYNCMAP_OP_STORE, .op.deadline = deadline,
		.key = key, .value = value,
	};

	return store_op(map, &so);
}

static int touch(struct bytemap *map, const char *key, u64 deadline)
{
	struct store_op so = {
		.op.op = SYNCMAP_OP_TOUCH, .op.deadline = deadline, .key = key,
	};

	return store_op(map, &so);
}

static u64 expires(struct bytemap *map, const char *key)
{
	struct store_op so = { .op.op = SYNCMAP_OP_LOAD, .key = key };

	store_op(map, &so);
	return so.op.expires;
}

/* Valid until the next call: the cases run one after another */
static const struct syncmap_map_stats *stats_of(struct bytemap *map)
{
	static struct syncmap_map_stats stats;

	bytemap_get_stats(map, &stats);
	return &stats;
}

/* The object of @key, whose place in the queue the case looks at */
static struct bytemap_value *object(struct kunit *test, struct bytemap *map,
				    const char *key)
{
	struct bytemap_value *value = store_object(map, key);

	KUNIT_ASSERT_NOT_NULL(test, value);
	bytemap_value_put(value);
	return value;
}

static u64 queued(struct kunit *test, struct bytemap *map, const char *key)
{
	struct bytemap_value *value = object(test, map, key);

	return value->mortal ? bytemap_mortal(value)->node.expires : 0;
}

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
	u64 expired = stats_of(map)->expired;

	KUNIT_EXPECT_EQ(test, store_until(map, "k", "old", PAST), 0);
	if (bytemap_op_has(late->op, OP_TAKES_VALUE))
		so.value = "new";
	if (bytemap_op_has(late->op, OP_TAKES_OLD))
		so.old = "old";
	KUNIT_EXPECT_EQ(test, store_op(map, &so), late->err);
	KUNIT_EXPECT_EQ(test, so.op.result, 0U);
	KUNIT_EXPECT_EQ(test, so.op.previous, 0ULL);
	KUNIT_EXPECT_EQ(test, store_has(map, "k", "new"), late->stored);
	KUNIT_EXPECT_EQ(test, store_count(map), late->stored ? 1ULL : 0ULL);
	KUNIT_EXPECT_EQ(test, stats_of(map)->expired, expired + 1);
	KUNIT_EXPECT_EQ(test, bytemap_clear(map), 0);
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
	KUNIT_EXPECT_EQ(test, stats_of(map)->expiring, 0ULL);
	KUNIT_EXPECT_EQ(test, store_store(map, "k", "v"), 0);
	KUNIT_EXPECT_LE(test, expires(map, "k"), in_an_hour());
	KUNIT_EXPECT_EQ(test, stats_of(map)->expiring, 1ULL);
	KUNIT_EXPECT_EQ(test, store_delete(map, "k"), 0);
	KUNIT_EXPECT_EQ(test, stats_of(map)->expiring, 0ULL);
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
		u64 revision = stats_of(map)->revision + 1;

		KUNIT_EXPECT_EQ(test, store_store(map, "k", text), 0);
		KUNIT_EXPECT_EQ(test, touch(map, "k", SYNCMAP_NEVER), 0);
		KUNIT_EXPECT_FALSE(test, object(test, map, "k")->mortal);
		KUNIT_EXPECT_EQ(test, store_op(map, &so), 0);
		KUNIT_EXPECT_EQ(test, so.op.expires, hour);
		KUNIT_EXPECT_EQ(test, so.op.revision, revision);
		KUNIT_EXPECT_EQ(test, so.op.previous, 0ULL);
		KUNIT_EXPECT_STREQ(test, so.out, text);
		KUNIT_EXPECT_TRUE(test, store_has(map, "k", text));
		KUNIT_EXPECT_EQ(test, expires(map, "k"), hour);
		KUNIT_EXPECT_EQ(test, stats_of(map)->revision, revision);
		KUNIT_EXPECT_EQ(test, store_bytes(map),
				bytemap_charge(1, lengths[i]) +
				bytemap_charge(1, 0));
		KUNIT_EXPECT_EQ(test, touch(map, "k", SYNCMAP_NEVER), 0);
		KUNIT_EXPECT_EQ(test, expires(map, "k"), SYNCMAP_NEVER);
		KUNIT_EXPECT_EQ(test, stats_of(map)->expiring, 0ULL);
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

	KUNIT_ASSERT_NOT_NULL(test, req);
	req->op = &op;
	req->key = "k";
	req->deadline = op.deadline;
	KUNIT_EXPECT_EQ(test, store_store(map, "k", "short"), 0);
	KUNIT_EXPECT_EQ(test, bytemap_update(map, req, object(test, map, "k")),
			-EAGAIN);
	KUNIT_EXPECT_EQ(test, bytemap_request_fresh(map, req), 0);
	KUNIT_EXPECT_EQ(test, store_store(map, "k", longer), 0);
	KUNIT_EXPECT_EQ(test, bytemap_update(map, req, object(test, map, "k")),
			-EAGAIN);
	KUNIT_EXPECT_EQ(test, bytemap_request_fresh(map, req) ?:
			bytemap_update(map, req, object(test, map, "k")), 0);
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

/* As if the time had come, without the sweeper being told */
static struct bytemap_value *make_late(struct kunit *test, struct bytemap *map,
				       const char *key)
{
	struct bytemap_value *value = object(test, map, key);
	struct bytemap_mortal *mortal = bytemap_mortal(value);

	KUNIT_ASSERT_TRUE(test, value->mortal);
	write_seqlock(&value->lock);
	spin_lock(&map->expiry.lock);
	dequeue(&map->expiry, value);
	mortal->deadline = PAST;
	mortal->node.expires = PAST;
	map->expiry.expiring++;
	timerqueue_add(&map->expiry.due, &mortal->node);
	spin_unlock(&map->expiry.lock);
	write_sequnlock(&value->lock);
	return value;
}

/* Without a sweep before */
static u64 live(struct bytemap *map)
{
	return atomic64_read(&map->live[map->epoch]);
}

/* No more than what is late, and no more of that than it may */
static void a_sweep_is_bounded(struct kunit *test)
{
	struct bytemap *map = ttl_map(test, 0, 0);
	char key[2] = { };

	for (key[0] = 'a'; key[0] <= 'j'; key[0]++)
		KUNIT_EXPECT_EQ(test, store_until(map, key, "v", in_an_hour()),
				0);
	KUNIT_EXPECT_EQ(test, store_store(map, "", "no deadline"), 0);
	KUNIT_EXPECT_EQ(test, bytemap_expiry_sweep(map, 100, true), 0U);
	for (key[0] = 'a'; key[0] <= 'f'; key[0]++)
		make_late(test, map, key);
	KUNIT_EXPECT_EQ(test, bytemap_expiry_sweep(map, 4, false), 4U);
	KUNIT_EXPECT_EQ(test, live(map), 7ULL);
	KUNIT_EXPECT_EQ(test, bytemap_expiry_sweep(map, 4, false), 2U);
	KUNIT_EXPECT_EQ(test, live(map), 5ULL);
	KUNIT_EXPECT_EQ(test, stats_of(map)->expired, 6ULL);
	KUNIT_EXPECT_EQ(test, stats_of(map)->expiring, 4ULL);
}

/* One that counts does not leave that to the sweeper */
static void what_is_late_does_not_count(struct kunit *test)
{
	struct bytemap *map = ttl_map(test, 0, 0);

	KUNIT_EXPECT_EQ(test, store_until(map, "k", "v", in_an_hour()), 0);
	KUNIT_EXPECT_EQ(test, store_count(map), 1ULL);
	make_late(test, map, "k");
	KUNIT_EXPECT_EQ(test, store_count(map), 0ULL);
}

/* The sweeper has picked the value, then it is refreshed, then it is looked at */
static void a_refreshed_value_is_not_taken(struct kunit *test)
{
	struct bytemap *map = ttl_map(test, 0, 0);
	struct bytemap_value *value;
	u64 hour = in_an_hour();

	KUNIT_EXPECT_EQ(test, store_until(map, "k", "v", hour), 0);
	value = pick(&map->expiry, hour, false);
	KUNIT_ASSERT_NOT_NULL(test, value);
	KUNIT_EXPECT_EQ(test, touch(map, "k", hour + 1), 0);
	look(map, value, hour, false);
	KUNIT_EXPECT_TRUE(test, store_has(map, "k", "v"));
	KUNIT_EXPECT_EQ(test, queued(test, map, "k"), hour + 1);
	look(map, value, hour + 1, false);
	KUNIT_EXPECT_FALSE(test, store_has(map, "k", "v"));
	KUNIT_EXPECT_EQ(test, live(map), 0ULL);
	bytemap_value_put(value);
}

/* The same when the key gets a new object: the value is late, or too long */
static void a_replaced_value_is_not_taken(struct kunit *test)
{
	struct bytemap *map = ttl_map(test, 0, 0);
	const char *text = store_text(test, 'l', 99);
	struct bytemap_value *value;
	u64 hour = in_an_hour();

	KUNIT_EXPECT_EQ(test, store_until(map, "k", "v", hour), 0);
	value = pick(&map->expiry, hour, false);
	KUNIT_ASSERT_NOT_NULL(test, value);
	KUNIT_EXPECT_EQ(test, store_until(map, "k", text, hour), 0);
	KUNIT_EXPECT_EQ(test, value->state, VALUE_REPLACED);
	look(map, value, hour, false);
	bytemap_value_put(value);
	make_late(test, map, "k");
	value = pick(&map->expiry, PAST, false);
	KUNIT_ASSERT_NOT_NULL(test, value);
	KUNIT_EXPECT_EQ(test, store_store(map, "k", "new"), 0);
	KUNIT_EXPECT_EQ(test, value->state, VALUE_DELETED);
	look(map, value, PAST, false);
	bytemap_value_put(value);
	KUNIT_EXPECT_TRUE(test, store_has(map, "k", "new"));
	KUNIT_EXPECT_EQ(test, stats_of(map)->expired, 1ULL);
}

/* Between a Clear and its end: the core does not have the value any more */
static void a_cleared_value_does_not_expire(struct kunit *test)
{
	struct bytemap *map = ttl_map(test, 0, 0);
	struct bytemap_value *value;
	u64 revision;

	KUNIT_EXPECT_EQ(test, store_until(map, "k", "v", in_an_hour()), 0);
	value = make_late(test, map, "k");
	revision = atomic64_read(&map->revision);
	KUNIT_EXPECT_TRUE(test, syncmap_compare_and_delete(&map->core, "k", 1,
							   value));
	KUNIT_EXPECT_EQ(test, bytemap_expiry_sweep(map, 4, false), 1U);
	KUNIT_EXPECT_EQ(test, bytemap_expiry_sweep(map, 4, false), 0U);
	KUNIT_EXPECT_EQ(test, (u64)atomic64_read(&map->revision), revision);
	KUNIT_EXPECT_EQ(test, stats_of(map)->expired, 0ULL);
	KUNIT_EXPECT_EQ(test, live(map), 1ULL);
	bytemap_value_free(value, map);
	KUNIT_EXPECT_EQ(test, live(map), 0ULL);
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
	KUNIT_EXPECT_EQ(test, bytemap_value_view(map, value, &view, 64), 0);
	bytemap_mortal(value)->deadline = PAST;
	KUNIT_EXPECT_EQ(test, bytemap_value_view(map, value, &view, 64),
			-EAGAIN);
	bytemap_value_put(value);
}

static int view_stale(struct bytemap *map, struct bytemap_value *value)
{
	struct bytemap_view view;
	int err;

	rcu_read_lock();
	err = bytemap_value_view_stale(map, value, &view, 64);
	rcu_read_unlock();
	return err;
}

static void a_stale_value_lapses_before_it_ends(struct kunit *test)
{
	struct bytemap *map = ttl_map(test, 0, U64_MAX);
	struct bytemap_value *value;
	u64 bytes;

	KUNIT_EXPECT_EQ(test, store_until(map, "k", "v", in_an_hour()), 0);
	bytes = store_bytes(map);
	value = store_object(map, "k");
	KUNIT_EXPECT_EQ(test, view_stale(map, value), -ENOENT);
	make_late(test, map, "k");
	KUNIT_EXPECT_EQ(test, view_stale(map, value), 0);
	KUNIT_EXPECT_EQ(test, store_count(map), 0ULL);
	KUNIT_EXPECT_EQ(test, value->state, VALUE_LAPSED);
	KUNIT_EXPECT_EQ(test, stats_of(map)->lapsed, 1ULL);
	KUNIT_EXPECT_EQ(test, stats_of(map)->expiring, 0ULL);
	KUNIT_EXPECT_EQ(test, store_bytes(map), bytes);
	KUNIT_EXPECT_EQ(test, view_stale(map, value), 0);
	KUNIT_EXPECT_EQ(test, touch(map, "k", in_an_hour()), -ENOENT);
	KUNIT_EXPECT_EQ(test, bytemap_expiry_sweep(map, 4, false), 0U);
	KUNIT_EXPECT_EQ(test, bytemap_expiry_sweep(map, 4, true), 1U);
	KUNIT_EXPECT_EQ(test, value->state, VALUE_DELETED);
	KUNIT_EXPECT_EQ(test, view_stale(map, value), -ENOENT);
	KUNIT_EXPECT_EQ(test, stats_of(map)->lapsed, 0ULL);
	KUNIT_EXPECT_EQ(test, stats_of(map)->expired, 1ULL);
	KUNIT_EXPECT_EQ(test, store_bytes(map), 0ULL);
	bytemap_value_put(value);
}

/* A second in which it is stale is over */
static void a_value_is_not_stale_for_ever(struct kunit *test)
{
	struct bytemap *map = ttl_map(test, 0, NSEC_PER_SEC);
	u64 now = ktime_get_boottime_ns();
	struct bytemap_value *value;

	KUNIT_ASSERT_GT(test, now, 2 * NSEC_PER_SEC);
	KUNIT_EXPECT_EQ(test, store_until(map, "k", "v", in_an_hour()), 0);
	value = store_object(map, "k");
	make_late(test, map, "k");
	KUNIT_EXPECT_EQ(test, view_stale(map, value), -ENOENT);
	KUNIT_EXPECT_EQ(test, bytemap_expiry_sweep(map, 1, false), 1U);
	KUNIT_EXPECT_EQ(test, value->state, VALUE_LAPSED);
	KUNIT_EXPECT_EQ(test, bytemap_expiry_sweep(map, 1, false), 1U);
	KUNIT_EXPECT_EQ(test, value->state, VALUE_DELETED);
	bytemap_value_put(value);
}

static void cleared_stale_values_are_accounted(struct kunit *test)
{
	struct bytemap *map = ttl_map(test, 0, U64_MAX);

	KUNIT_EXPECT_EQ(test, store_until(map, "k", "v", PAST), 0);
	KUNIT_EXPECT_EQ(test, store_store(map, "l", "v"), 0);
	KUNIT_EXPECT_EQ(test, store_count(map), 1ULL);
	KUNIT_EXPECT_EQ(test, bytemap_clear(map), 0);
	KUNIT_EXPECT_EQ(test, stats_of(map)->lapsed, 0ULL);
	KUNIT_EXPECT_EQ(test, store_bytes(map), 0ULL);
	KUNIT_EXPECT_EQ(test, store_store(map, "l", "v"), 0);
	KUNIT_EXPECT_EQ(test, store_count(map), 1ULL);
}

static void a_full_map_ends_what_is_late(struct kunit *test)
{
	const struct syncmap_create create = {
		.key_type = SYNCMAP_KEY_STRING, .stale = U64_MAX,
		.limits.entries = 2,
	};
	struct bytemap *map = store_map_of(test, &create);

	KUNIT_EXPECT_EQ(test, store_until(map, "a", "v", in_an_hour()), 0);
	KUNIT_EXPECT_EQ(test, store_until(map, "b", "v", in_an_hour()), 0);
	KUNIT_EXPECT_EQ(test, store_store(map, "c", "v"), -ENOSPC);
	make_late(test, map, "b");
	KUNIT_EXPECT_EQ(test, store_store(map, "c", "v"), 0);
	KUNIT_EXPECT_EQ(test, store_store(map, "b", "v"), -ENOSPC);
	make_late(test, map, "a");
	KUNIT_EXPECT_EQ(test, store_count(map), 1ULL);
	KUNIT_EXPECT_EQ(test, store_store(map, "b", "v"), 0);
	KUNIT_EXPECT_EQ(test, store_count(map), 2ULL);
}

static struct kunit_case expiry_cases[] = {
	KUNIT_CASE(what_is_late_is_absent),
	KUNIT_CASE(a_store_sets_the_deadline_anew),
	KUNIT_CASE(touch_changes_nothing_but_the_deadline),
	KUNIT_CASE(touch_copies_what_is_there),
	KUNIT_CASE(only_an_earlier_deadline_moves_a_value),
	KUNIT_CASE(a_sweep_is_bounded),
	KUNIT_CASE(what_is_late_does_not_count),
	KUNIT_CASE(a_refreshed_value_is_not_taken),
	KUNIT_CASE(a_replaced_value_is_not_taken),
	KUNIT_CASE(a_cleared_value_does_not_expire),
	KUNIT_CASE(a_reader_of_a_late_replaced_value_starts_over),
	KUNIT_CASE(a_stale_value_lapses_before_it_ends),
	KUNIT_CASE(a_value_is_not_stale_for_ever),
	KUNIT_CASE(cleared_stale_values_are_accounted),
	KUNIT_CASE(a_full_map_ends_what_is_late),
	{}
};

static struct kunit_suite expiry_suite = {
	.name = "bytemap_expiry",
	.suite_init = store_suite_init,
	.suite_exit = store_suite_exit,
	.init = store_test_init,
	.exit = store_test_exit,
	.test_cases = expiry_cases,
};

kunit_test_suite(expiry_suite);
