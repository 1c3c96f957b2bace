// SPDX-License-Identifier: GPL-2.0-only
/*
 * Arithmetic
 */
#include "../../module/store/number.c"
#include "common.h"

struct sum {
	u64	before;
	u32	code;
	u64	operand;
	u32	flags;
	u64	bound;
	u64	after;	/* or, for ERANGE, the same as before */
};

#define U32	SYNCMAP_FLAG_U32
#define BOUND	SYNCMAP_FLAG_BOUNDED

static const struct sum sums[] = {
	{ U64_MAX - 1, SYNCMAP_OP_ADD, 1, 0, 0, U64_MAX },
	{ U64_MAX, SYNCMAP_OP_ADD, 1, 0, 0, U64_MAX },
	{ 1, SYNCMAP_OP_ADD, U64_MAX, 0, 0, 1 },
	{ U32_MAX - 1, SYNCMAP_OP_ADD, 1, U32, 0, U32_MAX },
	{ U32_MAX, SYNCMAP_OP_ADD, 1, U32, 0, U32_MAX },
	{ 5, SYNCMAP_OP_ADD, 7, BOUND, 12, 12 },
	{ 5, SYNCMAP_OP_ADD, 7, BOUND, 11, 5 },
	{ 5, SYNCMAP_OP_ADD, 1, BOUND, 0, 5 },
	{ 0, SYNCMAP_OP_SUB, 1, 0, 0, 0 },
	{ 1, SYNCMAP_OP_SUB, 1, 0, 0, 0 },
	{ 12, SYNCMAP_OP_SUB, 7, BOUND, 5, 5 },
	{ 12, SYNCMAP_OP_SUB, 7, BOUND, 6, 12 },
	{ 12, SYNCMAP_OP_MIN, 7, 0, 0, 7 },
	{ 7, SYNCMAP_OP_MAX, U32_MAX, U32, 0, U32_MAX },
	{ U64_MAX, SYNCMAP_OP_AND, 1ULL << 63, 0, 0, 1ULL << 63 },
	{ 1, SYNCMAP_OP_OR, 1ULL << 31, U32, 0, (1ULL << 31) + 1 },
	{ U64_MAX, SYNCMAP_OP_XOR, U64_MAX, 0, 0, 0 },
};

static bool fails(const struct sum *sum)
{
	return sum->after == sum->before;
}

static struct store_op sum_op(const struct sum *sum)
{
	return (struct store_op){
		.op.op = sum->code, .op.operand = sum->operand,
		.op.flags = sum->flags | SYNCMAP_FLAG_INITIAL,
		.op.bound = sum->bound, .op.initial = sum->before, .key = "n",
	};
}

static u64 stored(struct bytemap *map, u32 len)
{
	struct bytemap_value *value = store_object(map, "n");
	u64 number = 0;

	if (!value || value->len != len)
		return U64_MAX / 2;
	if (len == sizeof(u32))
		number = *(u32 *)value->bytes;
	else
		number = *(u64 *)value->bytes;
	bytemap_value_put(value);
	return number;
}

/* A second time, it finds what the first one made */
static void numbers_begin_and_change(struct kunit *test)
{
	struct bytemap *map = store_map(test, SYNCMAP_KEY_STRING, NULL);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(sums); i++) {
		const struct sum *sum = &sums[i];
		u32 len = sum->flags & U32 ? sizeof(u32) : sizeof(u64);
		struct store_op so = sum_op(sum);

		KUNIT_EXPECT_EQ_MSG(test, store_op(map, &so),
				    fails(sum) ? -ERANGE : 0, "sum %u", i);
		KUNIT_EXPECT_EQ(test, so.answer.before, sum->before);
		KUNIT_EXPECT_EQ(test, so.answer.after, sum->after);
		KUNIT_EXPECT_EQ(test, store_count(map), fails(sum) ? 0ULL : 1);
		if (fails(sum))
			continue;
		KUNIT_EXPECT_EQ_MSG(test, stored(map, len), sum->after,
				    "sum %u", i);
		so = (struct store_op){ .op.op = SYNCMAP_OP_XOR, .key = "n",
					.op.operand = 1,
					.op.flags = sum->flags & U32 };
		KUNIT_EXPECT_EQ(test, store_op(map, &so), 0);
		KUNIT_EXPECT_EQ(test, so.answer.before, sum->after);
		KUNIT_EXPECT_EQ(test, stored(map, len), sum->after ^ 1);
		KUNIT_EXPECT_EQ(test, store_bytes(map), bytemap_charge(1, len));
		KUNIT_EXPECT_EQ(test, store_delete(map, "n"), 0);
	}
}

static void numbers_change_in_their_object(struct kunit *test)
{
	struct bytemap *map = store_map(test, SYNCMAP_KEY_STRING, NULL);
	struct store_op so = sum_op(&sums[0]);
	struct bytemap_value *before, *after;

	KUNIT_EXPECT_EQ(test, store_op(map, &so), 0);
	before = store_object(map, "n");
	so.op.op = SYNCMAP_OP_SUB;
	KUNIT_EXPECT_EQ(test, store_op(map, &so), 0);
	after = store_object(map, "n");
	KUNIT_EXPECT_PTR_EQ(test, before, after);
	KUNIT_EXPECT_EQ(test, so.answer.previous, 1ULL);
	KUNIT_EXPECT_EQ(test, so.answer.revision, 2ULL);
	bytemap_value_put(before);
	bytemap_value_put(after);
}

static void text_is_no_number(struct kunit *test)
{
	struct bytemap *map = store_map(test, SYNCMAP_KEY_STRING, NULL);
	size_t len;

	for (len = 0; len < 100; len += 1 + len / 10) {
		struct store_op so = sum_op(&sums[len % 2]);
		const char *text = store_text(test, 't', len);

		so.op.flags = len == 8 ? U32 : 0;
		so.op.initial = 0;
		so.op.operand = 0;
		KUNIT_EXPECT_EQ(test, store_store(map, "n", text), 0);
		KUNIT_EXPECT_EQ(test, store_op(map, &so), -EILSEQ);
		KUNIT_EXPECT_EQ(test, so.answer.out_len, (u32)len);
		KUNIT_EXPECT_TRUE(test, store_has(map, "n", text));
	}
}

static struct kunit_case number_cases[] = {
	KUNIT_CASE(numbers_begin_and_change),
	KUNIT_CASE(numbers_change_in_their_object),
	KUNIT_CASE(text_is_no_number),
	{}
};

static struct kunit_suite number_suite = {
	.name = "bytemap_number",
	.suite_init = store_suite_init,
	.suite_exit = store_suite_exit,
	.init = store_test_init,
	.exit = store_test_exit,
	.test_cases = number_cases,
};

kunit_test_suite(number_suite);
