// SPDX-License-Identifier: GPL-2.0-only
/*
 * Appending
 */
#include <linux/sizes.h>

#include "../../module/store/append.c"
#include "common.h"

static int store_append(struct bytemap *map, const char *value)
{
	struct store_op so = {
		.op.op = SYNCMAP_OP_APPEND, .key = "k", .value = value,
	};

	return store_op(map, &so);
}

/* @as times 'a', and @bs times 'b' */
static void expect_value(struct kunit *test, struct bytemap *map, size_t as,
			 size_t bs)
{
	char *text = store_text(test, 'b', as + bs);
	struct bytemap_value *value;

	memset(text, 'a', as);
	value = store_object(map, "k");
	KUNIT_ASSERT_NOT_NULL(test, value);
	KUNIT_EXPECT_EQ(test, value->len, as + bs);
	if (value->len == as + bs)
		KUNIT_EXPECT_EQ(test, memcmp(value->bytes, text, as + bs), 0);
	KUNIT_EXPECT_EQ(test, store_bytes(map), bytemap_charge(1, as + bs));
	bytemap_value_put(value);
}

/* Of all kinds of lengths: none, small, copied, held; in place or not */
static void a_value_is_what_was_appended(struct kunit *test)
{
	static const size_t lengths[] = { 0, 1, 40, 64, 65, 250, 257, 4096, 9999 };
	struct bytemap *map = store_map(test, SYNCMAP_KEY_STRING, NULL);
	unsigned int i, j;

	for (i = 0; i < ARRAY_SIZE(lengths); i++) {
		for (j = 0; j < ARRAY_SIZE(lengths); j++) {
			const char *as = store_text(test, 'a', lengths[i]);
			const char *bs = store_text(test, 'b', lengths[j]);

			KUNIT_EXPECT_EQ(test, store_append(map, as), 0);
			KUNIT_EXPECT_EQ(test, store_append(map, bs), 0);
			expect_value(test, map, lengths[i], lengths[j]);
			KUNIT_EXPECT_EQ(test, store_delete(map, "k"), 0);
		}
	}
}

/* A small value is one that is overwritten in place: it has no large object */
static void objects_suit_their_values(struct kunit *test)
{
	struct bytemap *map = store_map(test, SYNCMAP_KEY_STRING, NULL);
	struct syncmap_op op = { .op = SYNCMAP_OP_APPEND, .key_len = 1,
				 .value_len = 1 };
	struct bytemap_request req = { .op = &op, .key = "k", .value = "v" };
	struct bytemap_attempt *at = store_attempt(test, map, &req);
	size_t len;

	KUNIT_EXPECT_FALSE(test, suits(at, 1));
	for (len = 1; len < SZ_64K; len += 1 + len / 3) {
		at->room = room_for(at, len);
		KUNIT_ASSERT_EQ(test, bytemap_fresh_get(at), 0);
		KUNIT_EXPECT_TRUE(test, suits(at, len));
		KUNIT_EXPECT_TRUE(test, suits(at, req.fresh->capacity));
		KUNIT_EXPECT_FALSE(test, suits(at, req.fresh->capacity + 1));
		KUNIT_EXPECT_FALSE(test, suits(at, len / 4) &&
				   len > 4 * BYTEMAP_SMALL);
		KUNIT_EXPECT_FALSE(test, suits(at, BYTEMAP_SMALL) &&
				   len > BYTEMAP_SMALL);
		at->mortal = true;
		KUNIT_EXPECT_FALSE(test, suits(at, len));
		at->mortal = false;
		/* The key was deleted meanwhile */
		KUNIT_EXPECT_EQ(test, bytemap_append_create(at), 0);
		KUNIT_EXPECT_EQ(test, req.fresh->len, 1U);
		KUNIT_EXPECT_TRUE(test, bytemap_value_is_small(req.fresh));
		bytemap_request_release(&req);
	}
}

/* An attempt in two halves, between which the caller has others do theirs */
struct halves {
	struct syncmap_op	op;
	struct bytemap_request	req;
	struct bytemap_attempt	*at;
	struct bytemap_value	*value;
};

static struct halves *begin(struct kunit *test, struct bytemap *map,
			    const char *value)
{
	struct halves *halves = kunit_kzalloc(test, sizeof(*halves), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, halves);
	halves->op = (struct syncmap_op){
		.op = SYNCMAP_OP_APPEND, .key_len = 1,
		.value_len = strlen(value),
	};
	halves->req = (struct bytemap_request){
		.op = &halves->op, .key = "k", .value = value,
	};
	halves->value = store_object(map, "k");
	KUNIT_ASSERT_NOT_NULL(test, halves->value);
	halves->at = store_attempt(test, map, &halves->req);
	if (bytemap_append_prepare(halves->at, halves->value) == NEED_FRESH) {
		KUNIT_ASSERT_EQ(test, bytemap_fresh_get(halves->at), 0);
		KUNIT_ASSERT_EQ(test, bytemap_append_prepare(halves->at,
							     halves->value), 0);
	}
	return halves;
}

static int finish(struct halves *halves)
{
	struct bytemap_value *value = halves->value;
	int ret;

	write_seqlock(&value->lock);
	ret = bytemap_append_locked(halves->at, value);
	write_sequnlock(&value->lock);
	bytemap_request_release(&halves->req);
	bytemap_value_put(value);
	return ret;
}

/* An allocation of 16 KiB, of which @room is at most what is left */
#define GROWING	(SZ_8K - sizeof(struct bytemap_value) + 1)

/* Such a value that @room bytes fit behind it, and no more */
static void store_growing(struct kunit *test, struct bytemap *map, size_t room)
{
	struct bytemap_value *value;
	const char *text;
	size_t more;

	store_delete(map, "k");
	KUNIT_ASSERT_EQ(test, store_append(map, store_text(test, 'a', GROWING)),
			0);
	value = store_object(map, "k");
	KUNIT_ASSERT_NOT_NULL(test, value);
	while (value->len + room < value->capacity) {
		more = min_t(size_t, value->capacity - room - value->len,
			     BYTEMAP_STEP);
		text = store_text(test, 'a', more);
		KUNIT_ASSERT_EQ(test, store_append(map, text), 0);
	}
	KUNIT_ASSERT_EQ(test, value->len + room, value->capacity);
	bytemap_value_put(value);
}

struct meeting {
	size_t	between, after;
	int	ret;
};

static void meet(struct kunit *test, struct bytemap *map,
		 const struct meeting *meeting)
{
	const char *between = store_text(test, 'a', meeting->between);
	struct halves *halves;
	u64 before;
	u32 len;

	store_growing(test, map, meeting->between);
	halves = begin(test, map, store_text(test, 'b', meeting->after));
	before = store_stat(map, "replaced");
	KUNIT_EXPECT_EQ(test, store_append(map, between), 0);
	KUNIT_EXPECT_EQ(test, store_stat(map, "replaced"), before);
	len = halves->value->len;
	KUNIT_EXPECT_EQ(test, finish(halves), meeting->ret);
	KUNIT_EXPECT_EQ(test, store_stat(map, "replaced"), before + !meeting->ret);
	expect_value(test, map, len, meeting->ret ? 0 : meeting->after);
}

/* The copy lacks what is appended before the lock is taken */
static void what_came_between_is_made_up_for(struct kunit *test)
{
	static const struct meeting meetings[] = {
		{ 0, 1, 0 },
		{ 0, 20000, 0 },
		{ 1, BYTEMAP_STEP, 0 },
		{ BYTEMAP_STEP - 1, BYTEMAP_STEP, 0 },
		{ 1, BYTEMAP_STEP + 1, START_OVER },
		{ BYTEMAP_STEP, 20000, START_OVER },
	};
	struct bytemap *map = store_map(test, SYNCMAP_KEY_STRING, NULL);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(meetings); i++)
		meet(test, map, &meetings[i]);
}

/* A copy of another object is none of this one */
static void a_copy_belongs_to_its_object(struct kunit *test)
{
	struct bytemap *map = store_map(test, SYNCMAP_KEY_STRING, NULL);
	const char *other = store_text(test, 'a', 500);
	struct halves *halves;

	store_growing(test, map, 0);
	halves = begin(test, map, "b");
	bytemap_value_put(halves->value);
	KUNIT_EXPECT_EQ(test, store_store(map, "k", other), 0);
	halves->value = store_object(map, "k");
	KUNIT_EXPECT_EQ(test, finish(halves), START_OVER);
	expect_value(test, map, 500, 0);
}

static int carry_locked(struct bytemap_attempt *at,
			struct bytemap_value *value)
{
	int ret;

	write_seqlock(&value->lock);
	ret = bytemap_fresh_carry_locked(at, value);
	write_sequnlock(&value->lock);
	return ret;
}

static void carry(struct kunit *test, struct bytemap *map,
		  struct bytemap_request *req, size_t more)
{
	const char *text = store_text(test, 'a', more - 1);
	struct bytemap_attempt *at = store_attempt(test, map, req);
	struct bytemap_value *value;
	int ret;

	store_growing(test, map, more);
	value = store_object(map, "k");
	at->room = value->capacity;
	KUNIT_ASSERT_EQ(test, bytemap_fresh_get(at), 0);
	bytemap_fresh_carry(at, value, value->len);
	KUNIT_EXPECT_EQ(test, store_append(map, "a"), 0);
	KUNIT_EXPECT_EQ(test, store_append(map, text), 0);
	ret = carry_locked(at, value);
	KUNIT_EXPECT_EQ(test, ret, more > BYTEMAP_STEP ? START_OVER : 0);
	if (!ret)
		KUNIT_EXPECT_EQ(test, memcmp(req->fresh->bytes, value->bytes,
					     value->len), 0);
	bytemap_request_release(req);
	bytemap_value_put(value);
}

/* TOUCH copies a value, too, which may grow by more than a step meanwhile */
static void a_copy_is_made_up_for_by_a_step(struct kunit *test)
{
	struct bytemap *map = store_map(test, SYNCMAP_KEY_STRING, NULL);
	struct syncmap_op op = { .op = SYNCMAP_OP_TOUCH, .key_len = 1 };
	struct bytemap_request req = { .op = &op, .key = "k" };
	size_t more;

	for (more = BYTEMAP_STEP - 1; more <= BYTEMAP_STEP + 1; more++)
		carry(test, map, &req, more);
}

static int append_owned(struct bytemap *map, struct bytemap_client *client,
			const char *value)
{
	struct store_op so = {
		.op.op = SYNCMAP_OP_APPEND, .op.flags = SYNCMAP_FLAG_OWNED,
		.client = client, .key = "k", .value = value,
	};

	return store_op(map, &so);
}

/* Whoever appends, and wants to own it or not */
static void what_grows_stays_with_its_owner(struct kunit *test)
{
	struct bytemap *map = store_map(test, SYNCMAP_KEY_STRING, NULL);
	struct bytemap_client *one = store_client(test, map);
	struct bytemap_client *two = store_client(test, map);
	u64 before;

	KUNIT_EXPECT_EQ(test, append_owned(map, one, "v"), 0);
	before = store_stat(map, "replaced");
	KUNIT_EXPECT_EQ(test, append_owned(map, two, store_text(test, 'v', 99)),
			0);
	KUNIT_EXPECT_EQ(test, store_append(map, store_text(test, 'v', 900)), 0);
	KUNIT_EXPECT_EQ(test, store_stat(map, "replaced"), before + 2);
	KUNIT_EXPECT_EQ(test, map->owned, 1ULL);
	store_client_end(two);
	KUNIT_EXPECT_TRUE(test, store_has(map, "k", store_text(test, 'v', 1000)));
	store_client_end(one);
	KUNIT_EXPECT_EQ(test, store_count(map), 0ULL);
	KUNIT_EXPECT_EQ(test, map->owned, 0ULL);
	KUNIT_EXPECT_EQ(test, store_append(map, "nobody's"), 0);
	KUNIT_EXPECT_EQ(test, map->owned, 0ULL);
}

static void what_is_full_stays_as_it_is(struct kunit *test)
{
	const struct syncmap_limits limits = {
		.value_size = 300, .bytes = bytemap_charge(1, 200),
	};
	struct bytemap *map = store_map(test, SYNCMAP_KEY_STRING, &limits);
	struct store_op so = { .op.op = SYNCMAP_OP_APPEND, .key = "k" };
	unsigned int i;

	KUNIT_EXPECT_EQ(test, store_append(map, store_text(test, 'v', 190)), 0);
	for (i = 0; i < 2; i++) {
		so.value = store_text(test, 'v', 11);
		KUNIT_EXPECT_EQ(test, store_op(map, &so), -ENOSPC);
		KUNIT_EXPECT_EQ(test, so.answer.error.limited, SYNCMAP_LIMITED_BYTES);
		KUNIT_EXPECT_EQ(test, so.answer.error.used, bytemap_charge(1, 190));
		KUNIT_EXPECT_EQ(test, so.answer.error.limit, bytemap_charge(1, 200));
		so.value = store_text(test, 'v', 111);
		KUNIT_EXPECT_EQ(test, store_op(map, &so), -EFBIG);
		KUNIT_EXPECT_EQ(test, so.answer.error.limited, SYNCMAP_LIMITED_VALUE);
		KUNIT_EXPECT_EQ(test, so.answer.error.used, 301ULL);
		KUNIT_EXPECT_EQ(test, so.answer.error.limit, 300ULL);
	}
	KUNIT_EXPECT_EQ(test, store_append(map, store_text(test, 'v', 10)), 0);
	KUNIT_EXPECT_EQ(test, so.answer.revision, 1ULL);
	KUNIT_EXPECT_TRUE(test, store_has(map, "k", store_text(test, 'v', 200)));
}

static struct kunit_case append_cases[] = {
	KUNIT_CASE(a_value_is_what_was_appended),
	KUNIT_CASE(objects_suit_their_values),
	KUNIT_CASE(what_came_between_is_made_up_for),
	KUNIT_CASE(a_copy_belongs_to_its_object),
	KUNIT_CASE(a_copy_is_made_up_for_by_a_step),
	KUNIT_CASE(what_grows_stays_with_its_owner),
	KUNIT_CASE(what_is_full_stays_as_it_is),
	{}
};

static struct kunit_suite append_suite = {
	.name = "bytemap_append",
	.suite_init = store_suite_init,
	.suite_exit = store_suite_exit,
	.init = store_test_init,
	.exit = store_test_exit,
	.test_cases = append_cases,
};

kunit_test_suite(append_suite);
