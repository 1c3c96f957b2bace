// SPDX-License-Identifier: GPL-2.0-only
/*
 * Queues of events
 */
#include "../../module/store/queue.c"
#include "common.h"

#define KEY_SIZE	100

static struct bytemap_queue queue;

static int queue_init(struct kunit *test)
{
	return bytemap_queue_init(&queue, SYNCMAP_QUEUE_MIN, KEY_SIZE);
}

static void queue_exit(struct kunit *test)
{
	bytemap_queue_exit(&queue);
}

static struct bytemap_value *new_value(struct kunit *test, size_t len)
{
	struct bytemap_value *value = bytemap_value_alloc(len);

	KUNIT_ASSERT_NOT_NULL(test, value);
	memset(value->bytes, 'v', len);
	return value;
}

static bool put(u64 revision, u32 key_len, struct bytemap_value *value)
{
	struct syncmap_record event = {
		.type = SYNCMAP_RECORD_STORE,
		.revision = revision,
		.key_len = key_len,
		.value_len = value ? value->len : 0,
	};
	u8 key[KEY_SIZE];

	memset(key, revision, sizeof(key));
	return bytemap_queue_put(&queue, &event, key, value);
}

static void take(struct kunit *test, u64 revision, u32 key_len, u32 value_len)
{
	struct bytemap_record record;

	KUNIT_ASSERT_TRUE(test, bytemap_queue_peek(&queue, &record));
	KUNIT_EXPECT_EQ(test, record.head.revision, revision);
	KUNIT_EXPECT_EQ(test, record.head.key_len, key_len);
	KUNIT_EXPECT_NULL(test, memchr_inv(record.key, revision, key_len));
	if (record.head.flags & SYNCMAP_RECORD_VALUE) {
		KUNIT_EXPECT_EQ(test, record.head.value_len, value_len);
		KUNIT_EXPECT_NULL(test,
				  memchr_inv(record.value, 'v', value_len));
	}
	bytemap_queue_consume(&queue);
}

static void a_queue_is_empty_at_first_and_at_last(struct kunit *test)
{
	struct bytemap_record record;

	KUNIT_EXPECT_TRUE(test, bytemap_queue_is_empty(&queue));
	KUNIT_EXPECT_FALSE(test, bytemap_queue_peek(&queue, &record));
	KUNIT_EXPECT_TRUE(test, put(1, 10, NULL));
	KUNIT_EXPECT_FALSE(test, bytemap_queue_is_empty(&queue));
	take(test, 1, 10, 0);
	KUNIT_EXPECT_TRUE(test, bytemap_queue_is_empty(&queue));
	KUNIT_EXPECT_EQ(test, bytemap_queue_used(&queue), 0U);
}

/* Records of all lengths pass the end of the ring at all places */
static void events_come_out_in_order(struct kunit *test)
{
	struct bytemap_value *value = new_value(test, BYTEMAP_COPY);
	unsigned int in = 0, out = 0;

	while (out < 2000) {
		while (put(in, in % KEY_SIZE, in % 3 ? NULL : value))
			in++;
		KUNIT_EXPECT_GT(test, in, out);
		for (; out < in - in % 5; out++)
			take(test, out, out % KEY_SIZE, BYTEMAP_COPY);
	}
	for (; out < in; out++)
		take(test, out, out % KEY_SIZE, BYTEMAP_COPY);
	KUNIT_EXPECT_EQ(test, bytemap_queue_used(&queue), 0U);
	bytemap_value_put(value);
}

static void a_full_queue_takes_what_fits(struct kunit *test)
{
	size_t size = slot_size(8);
	u64 n = 0;

	while (put(n, 8, NULL))
		n++;
	KUNIT_EXPECT_EQ(test, n, (u64)SYNCMAP_QUEUE_MIN / size);
	take(test, 0, 8, 0);
	KUNIT_EXPECT_FALSE(test, put(n, 9 + SYNCMAP_QUEUE_MIN % size, NULL));
	KUNIT_EXPECT_TRUE(test, put(n, 8, NULL));
	KUNIT_EXPECT_FALSE(test, put(n, 8, NULL));
}

static void a_long_value_is_held_and_counts(struct kunit *test)
{
	u32 most = SYNCMAP_QUEUE_MIN - slot_size(1);
	struct bytemap_value *value = new_value(test, most + 1);

	KUNIT_EXPECT_FALSE(test, put(1, 1, value));
	KUNIT_EXPECT_EQ(test, refcount_read(&value->refs), 1U);
	value->len = most - 1;
	KUNIT_EXPECT_FALSE(test, put(1, 1, value));
	value->capacity = most;
	KUNIT_EXPECT_TRUE(test, put(1, 1, value));
	KUNIT_EXPECT_EQ(test, refcount_read(&value->refs), 2U);
	KUNIT_EXPECT_EQ(test, bytemap_queue_used(&queue),
			(u32)SYNCMAP_QUEUE_MIN);
	KUNIT_EXPECT_FALSE(test, put(2, 0, NULL));
	take(test, 1, 1, most - 1);
	KUNIT_EXPECT_EQ(test, refcount_read(&value->refs), 1U);
	KUNIT_EXPECT_EQ(test, bytemap_queue_used(&queue), 0U);
	bytemap_value_put(value);
}

static void what_is_left_is_let_go(struct kunit *test)
{
	struct bytemap_value *value = new_value(test, 1000);

	while (put(1, 1, value))
		;
	KUNIT_EXPECT_EQ(test, refcount_read(&value->refs),
			1 + SYNCMAP_QUEUE_MIN / (1000U + (u32)slot_size(1)));
	bytemap_queue_exit(&queue);
	KUNIT_EXPECT_EQ(test, refcount_read(&value->refs), 1U);
	bytemap_value_put(value);
	KUNIT_ASSERT_EQ(test, queue_init(test), 0);
}

static struct kunit_case queue_cases[] = {
	KUNIT_CASE(a_queue_is_empty_at_first_and_at_last),
	KUNIT_CASE(events_come_out_in_order),
	KUNIT_CASE(a_full_queue_takes_what_fits),
	KUNIT_CASE(a_long_value_is_held_and_counts),
	KUNIT_CASE(what_is_left_is_let_go),
	{}
};

static struct kunit_suite queue_suite = {
	.name = "bytemap_queue",
	.suite_init = store_suite_init,
	.suite_exit = store_suite_exit,
	.init = queue_init,
	.exit = queue_exit,
	.test_cases = queue_cases,
};

kunit_test_suite(queue_suite);
