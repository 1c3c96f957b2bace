// SPDX-License-Identifier: GPL-2.0-only
/*
 * The operations on one key
 */
#include "../../module/store/op.c"
#include "common.h"

struct bytemap_attempt *store_attempt(struct kunit *test, struct bytemap *map,
				      struct bytemap_request *req)
{
	struct bytemap_attempt *at = kunit_kzalloc(test, sizeof(*at),
						   GFP_KERNEL);

	if (!req->answer)
		req->answer = kunit_kzalloc(test, sizeof(*req->answer),
					    GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, at);
	KUNIT_ASSERT_NOT_NULL(test, req->answer);
	begin_attempts(at, map, req);
	return at;
}

/* Values that stay in place, need a larger object, and are referenced */
static const size_t lengths[] = { 0, 1, 16, 17, BYTEMAP_SMALL,
				  BYTEMAP_SMALL + 1, BYTEMAP_COPY,
				  BYTEMAP_COPY + 1, 1000 };

static struct bytemap *string_map(struct kunit *test)
{
	return store_map(test, SYNCMAP_KEY_STRING, NULL);
}

static void absent_keys_are_absent(struct kunit *test)
{
	static const u32 codes[] = { SYNCMAP_OP_LOAD,
				     SYNCMAP_OP_LOAD_AND_DELETE,
				     SYNCMAP_OP_COMPARE_AND_SWAP,
				     SYNCMAP_OP_COMPARE_AND_DELETE };
	struct bytemap *map = string_map(test);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(codes); i++) {
		struct store_op so = { .op.op = codes[i], .key = "k" };

		KUNIT_EXPECT_EQ(test, store_op(map, &so), -ENOENT);
		KUNIT_EXPECT_EQ(test, so.answer.error.status, -ENOENT);
		KUNIT_EXPECT_EQ(test, so.answer.result, 0U);
	}
	KUNIT_EXPECT_EQ(test, store_delete(map, "k"), 0);
	KUNIT_EXPECT_EQ(test, store_count(map), 0ULL);
}

static void values_of_all_lengths_follow_each_other(struct kunit *test)
{
	struct bytemap *map = string_map(test);
	const char *from, *to;
	unsigned int i, j;

	for (i = 0; i < ARRAY_SIZE(lengths); i++) {
		for (j = 0; j < ARRAY_SIZE(lengths); j++) {
			struct store_op so = { .op.op = SYNCMAP_OP_SWAP,
					       .key = "k" };

			from = store_text(test, 'f', lengths[i]);
			to = store_text(test, 't', lengths[j]);
			KUNIT_EXPECT_EQ(test, store_store(map, "k", from), 0);
			so.value = to;
			KUNIT_EXPECT_EQ(test, store_op(map, &so), 0);
			KUNIT_EXPECT_STREQ(test, so.out, from);
			KUNIT_EXPECT_EQ(test, so.answer.out_len, (u32)lengths[i]);
			KUNIT_EXPECT_GT(test, so.answer.revision, so.answer.previous);
			KUNIT_EXPECT_TRUE(test, store_has(map, "k", to));
			KUNIT_EXPECT_EQ(test, store_bytes(map),
					bytemap_charge(1, lengths[j]));
		}
	}
	KUNIT_EXPECT_EQ(test, store_count(map), 1ULL);
}

static void small_values_are_overwritten_in_place(struct kunit *test)
{
	struct bytemap *map = string_map(test);
	struct bytemap_value *before, *after;

	KUNIT_EXPECT_EQ(test, store_store(map, "k", "before"), 0);
	before = store_object(map, "k");
	KUNIT_EXPECT_EQ(test, store_store(map, "k", "after"), 0);
	after = store_object(map, "k");
	KUNIT_EXPECT_PTR_EQ(test, before, after);
	KUNIT_EXPECT_EQ(test, after->revision, 2ULL);
	KUNIT_EXPECT_EQ(test, after->born, 1ULL);
	bytemap_value_put(before);
	bytemap_value_put(after);
}

static void load_or_store_stores_once(struct kunit *test)
{
	struct bytemap *map = string_map(test);
	struct store_op so = { .op.op = SYNCMAP_OP_LOAD_OR_STORE, .key = "k",
			       .value = "first" };

	KUNIT_EXPECT_EQ(test, store_op(map, &so), 0);
	KUNIT_EXPECT_EQ(test, so.answer.result, 0U);
	so.value = "second";
	KUNIT_EXPECT_EQ(test, store_op(map, &so), 0);
	KUNIT_EXPECT_EQ(test, so.answer.result, SYNCMAP_RESULT_LOADED);
	KUNIT_EXPECT_STREQ(test, so.out, "first");
	KUNIT_EXPECT_EQ(test, so.answer.revision, 1ULL);
}

static void compare_is_by_content_or_revision(struct kunit *test)
{
	struct bytemap *map = string_map(test);
	const char *value;
	unsigned int i;

	for (i = 1; i < ARRAY_SIZE(lengths); i++) {
		struct store_op so = { .op.op = SYNCMAP_OP_COMPARE_AND_SWAP,
				       .key = "k", .value = "new",
				       .old = "other" };

		value = store_text(test, 'v', lengths[i]);
		KUNIT_EXPECT_EQ(test, store_store(map, "k", value), 0);
		KUNIT_EXPECT_EQ(test, store_op(map, &so), -EBUSY);
		KUNIT_EXPECT_STREQ(test, so.out, value);
		so.old = NULL;
		so.op.flags = SYNCMAP_FLAG_BY_REVISION;
		so.op.expected = so.answer.revision + 1;
		KUNIT_EXPECT_EQ(test, store_op(map, &so), -EBUSY);
		KUNIT_EXPECT_TRUE(test, store_has(map, "k", value));
		so.op.expected = so.answer.revision;
		KUNIT_EXPECT_EQ(test, store_op(map, &so), 0);
		KUNIT_EXPECT_EQ(test, so.answer.previous, so.op.expected);
		so.op.op = SYNCMAP_OP_COMPARE_AND_DELETE;
		so.op.flags = 0;
		so.op.expected = 0;
		so.value = NULL;
		so.old = value;
		KUNIT_EXPECT_EQ(test, store_op(map, &so), -EBUSY);
		so.old = "new";
		KUNIT_EXPECT_EQ(test, store_op(map, &so), 0);
		KUNIT_EXPECT_EQ(test, store_count(map), 0ULL);
	}
}

static void too_small_a_buffer_changes_nothing(struct kunit *test)
{
	static const u32 codes[] = { SYNCMAP_OP_LOAD,
				     SYNCMAP_OP_LOAD_AND_DELETE,
				     SYNCMAP_OP_SWAP,
				     SYNCMAP_OP_LOAD_OR_STORE };
	struct bytemap *map = string_map(test);
	const char *value;
	unsigned int i;

	for (i = 0; i < 2 * ARRAY_SIZE(codes); i++) {
		struct store_op so = { .op.op = codes[i / 2], .key = "k",
				       .op.out_size = 9 };

		if (bytemap_op_has(so.op.op, OP_TAKES_VALUE))
			so.value = "new";
		value = store_text(test, 'v', i % 2 ? 10 : 700);
		KUNIT_EXPECT_EQ(test, store_store(map, "k", value), 0);
		KUNIT_EXPECT_EQ(test, store_op(map, &so), -EMSGSIZE);
		KUNIT_EXPECT_EQ(test, so.answer.out_len, (u32)strlen(value));
		KUNIT_EXPECT_TRUE(test, store_has(map, "k", value));
	}
}

static void revisions_grow_across_deletion(struct kunit *test)
{
	struct bytemap *map = string_map(test);
	u64 last = 0;
	int i;

	for (i = 0; i < 10; i++) {
		struct store_op so = { .op.op = i % 2 ? SYNCMAP_OP_DELETE :
							SYNCMAP_OP_STORE,
				       .key = "k" };

		KUNIT_EXPECT_EQ(test, store_op(map, &so), 0);
		KUNIT_EXPECT_GT(test, so.answer.revision, last);
		KUNIT_EXPECT_EQ(test, so.answer.previous, i % 2 ? last : 0);
		last = so.answer.revision;
	}
}

/* A deleter that has marked the object, and goes on to remove it later */
static struct bytemap_value *half_deleted(struct kunit *test,
					  struct bytemap *map)
{
	struct bytemap_value *value;

	KUNIT_EXPECT_EQ(test, store_store(map, "k", "old"), 0);
	value = store_object(map, "k");
	KUNIT_ASSERT_NOT_NULL(test, value);
	write_seqlock(&value->lock);
	bytemap_entry_end_locked(map, value);
	write_sequnlock(&value->lock);
	return value;
}

static void a_marked_key_is_absent(struct kunit *test)
{
	struct bytemap *map = string_map(test);
	struct bytemap_value *value = half_deleted(test, map);
	struct store_op so = { .op.op = SYNCMAP_OP_LOAD, .key = "k" };

	KUNIT_EXPECT_EQ(test, store_count(map), 0ULL);
	KUNIT_EXPECT_EQ(test, store_op(map, &so), -ENOENT);
	so.op.op = SYNCMAP_OP_LOAD_AND_DELETE;
	KUNIT_EXPECT_EQ(test, store_op(map, &so), -ENOENT);
	KUNIT_EXPECT_EQ(test, store_bytes(map), 0ULL);
	bytemap_value_put(value);
}

static void an_inserter_removes_what_is_marked(struct kunit *test)
{
	static const u32 codes[] = { SYNCMAP_OP_STORE, SYNCMAP_OP_SWAP,
				     SYNCMAP_OP_LOAD_OR_STORE };
	struct bytemap_value *value;
	struct bytemap *map;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(codes); i++) {
		struct store_op so = { .op.op = codes[i], .key = "k",
				       .value = "new" };

		map = string_map(test);
		value = half_deleted(test, map);
		KUNIT_EXPECT_EQ(test, store_op(map, &so), 0);
		KUNIT_EXPECT_EQ(test, so.answer.result, 0U);
		KUNIT_EXPECT_TRUE(test, store_has(map, "k", "new"));
		KUNIT_EXPECT_EQ(test, store_count(map), 1ULL);
		KUNIT_EXPECT_EQ(test, refcount_read(&value->refs), 1U);
		bytemap_value_put(value);
	}
}

static void a_full_map_says_so(struct kunit *test)
{
	const struct syncmap_limits limits = { .entries = 2,
					       .bytes = 2 * 64 + 2 + 20 };
	struct bytemap *map = store_map(test, SYNCMAP_KEY_STRING, &limits);
	struct store_op so = { .op.op = SYNCMAP_OP_STORE, .key = "c",
			       .value = "" };

	KUNIT_EXPECT_EQ(test, store_store(map, "a", "0123456789"), 0);
	KUNIT_EXPECT_EQ(test, store_store(map, "b", "01234567890"), -ENOSPC);
	KUNIT_EXPECT_EQ(test, store_store(map, "b", "0123456789"), 0);
	KUNIT_EXPECT_EQ(test, store_op(map, &so), -ENOSPC);
	KUNIT_EXPECT_EQ(test, so.answer.error.limited, SYNCMAP_LIMITED_ENTRIES);
	KUNIT_EXPECT_EQ(test, so.answer.error.used, 2ULL);
	KUNIT_EXPECT_EQ(test, so.answer.error.limit, 2ULL);
	so.key = "a";
	so.value = store_text(test, 'x', 100);
	KUNIT_EXPECT_EQ(test, store_op(map, &so), -ENOSPC);
	KUNIT_EXPECT_EQ(test, so.answer.error.limited, SYNCMAP_LIMITED_BYTES);
	KUNIT_EXPECT_EQ(test, so.answer.error.used, limits.bytes);
	KUNIT_EXPECT_TRUE(test, store_has(map, "a", "0123456789"));
	KUNIT_EXPECT_EQ(test, store_store(map, "a", "9876543210"), 0);
	KUNIT_EXPECT_EQ(test, store_delete(map, "b"), 0);
	KUNIT_EXPECT_EQ(test, store_store(map, "c", "0123456789"), 0);
}

static void freed_places_are_a_reason_to_try_again(struct kunit *test)
{
	struct bytemap *map = string_map(test);
	struct bytemap_attempt at = {
		.map = map, .full = -ENOSPC, .blocked = &map->entries,
	};
	u64 freed = atomic64_read(&map->freed);

	KUNIT_EXPECT_EQ(test, check_full(&at, freed), -ENOSPC);
	KUNIT_EXPECT_EQ(test, store_store(map, "k", ""), 0);
	KUNIT_EXPECT_EQ(test, store_delete(map, "k"), 0);
	KUNIT_EXPECT_EQ(test, check_full(&at, freed), 0);
}

/* A Clear has emptied the core, and what was in there does not count as cleared yet */
static void a_clear_that_has_begun_is_waited_for(struct kunit *test)
{
	struct bytemap *map = string_map(test);
	struct bytemap_attempt at = {
		.map = map, .full = -ENOSPC, .blocked = &map->entries,
	};
	u64 freed = atomic64_read(&map->freed);

	KUNIT_EXPECT_EQ(test, bytemap_gauge_close(&map->entries), 0);
	store_kill();
	KUNIT_EXPECT_EQ(test, check_full(&at, freed), -EINTR);
	store_revive();
	bytemap_gauge_open(&map->entries);
	KUNIT_EXPECT_EQ(test, check_full(&at, freed), -ENOSPC);
}

/* Is it that of the user, too: nothing is evicted for what is too much anyway */
static void what_is_too_much_will_never_have_room(struct kunit *test)
{
	struct bytemap *map = string_map(test);
	struct bytemap_attempt at = { .map = map, .blocked = &map->bytes };

	at.needed = map->bytes.max;
	KUNIT_EXPECT_TRUE(test, could_have_room(&at));
	at.needed++;
	KUNIT_EXPECT_FALSE(test, could_have_room(&at));
	at.shortage.limited = SYNCMAP_LIMITED_USER_BYTES;
	at.shortage.limit = at.needed;
	KUNIT_EXPECT_TRUE(test, could_have_room(&at));
	at.needed++;
	KUNIT_EXPECT_FALSE(test, could_have_room(&at));
}

/* Who was given a lease while he waited, and then fails, does not keep it */
static void a_lease_that_is_not_told_is_given_up(struct kunit *test)
{
	struct bytemap *map = string_map(test);
	struct bytemap_client *client = store_client(test, map);
	struct bytemap_client *other = store_client(test, map);
	struct syncmap_op op = {
		.op = SYNCMAP_OP_LOAD_OR_LEASE, .key_len = 1, .out_size = 1,
	};
	struct bytemap_request req = {
		.op = &op, .client = client, .key = "l",
	};
	struct bytemap_attempt *at = store_attempt(test, map, &req);

	KUNIT_EXPECT_EQ(test, store_store(map, "l", "long"), 0);
	at->granted = store_lease(client, "k");
	KUNIT_EXPECT_EQ(test, run_to_end(at), -EMSGSIZE);
	KUNIT_EXPECT_NE(test, store_lease(other, "k"), 0ULL);
	bytemap_request_release(&req);
	store_client_end(client);
	store_client_end(other);
}

static struct kunit_case op_cases[] = {
	KUNIT_CASE(absent_keys_are_absent),
	KUNIT_CASE(values_of_all_lengths_follow_each_other),
	KUNIT_CASE(small_values_are_overwritten_in_place),
	KUNIT_CASE(load_or_store_stores_once),
	KUNIT_CASE(compare_is_by_content_or_revision),
	KUNIT_CASE(too_small_a_buffer_changes_nothing),
	KUNIT_CASE(revisions_grow_across_deletion),
	KUNIT_CASE(a_marked_key_is_absent),
	KUNIT_CASE(an_inserter_removes_what_is_marked),
	KUNIT_CASE(a_full_map_says_so),
	KUNIT_CASE(freed_places_are_a_reason_to_try_again),
	KUNIT_CASE(a_clear_that_has_begun_is_waited_for),
	KUNIT_CASE(what_is_too_much_will_never_have_room),
	KUNIT_CASE(a_lease_that_is_not_told_is_given_up),
	{}
};

static struct kunit_suite op_suite = {
	.name = "bytemap_op",
	.suite_init = store_suite_init,
	.suite_exit = store_suite_exit,
	.init = store_test_init,
	.exit = store_test_exit,
	.test_cases = op_cases,
};

kunit_test_suite(op_suite);
