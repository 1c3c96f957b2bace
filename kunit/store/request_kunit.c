// SPDX-License-Identifier: GPL-2.0-only
/*
 * Checks of requests: each rejection with exactly one thing wrong
 */
#include "../../module/store/request.c"
#include "common.h"

struct op_check {
	const char		*title;
	struct syncmap_op	op;
	int			err;
	u32			limited;
};

#define KEY		.key = 1, .key_len = 3
#define VALUE		.value = 1, .value_len = 3
#define OLD		.old = 1, .old_len = 3
#define OUT		.out = 1, .out_size = 3
#define OP(_op, ...)	{ .op = SYNCMAP_OP_##_op, KEY, __VA_ARGS__ }

static const struct op_check op_checks[] = {
	{ "load", OP(LOAD, OUT) },
	{ "load, value not wanted", OP(LOAD) },
	{ "store", OP(STORE, VALUE) },
	{ "load_or_store", OP(LOAD_OR_STORE, VALUE, OUT) },
	{ "load_and_delete", OP(LOAD_AND_DELETE, OUT) },
	{ "delete", OP(DELETE) },
	{ "swap", OP(SWAP, VALUE, OUT) },
	{ "compare_and_swap", OP(COMPARE_AND_SWAP, VALUE, OLD, OUT) },
	{ "compare_and_delete", OP(COMPARE_AND_DELETE, OLD, OUT) },
	{ "touch", OP(TOUCH, OUT, .deadline = 1) },
	{ "store with a deadline", OP(STORE, VALUE, .deadline = 1) },
	{ "by revision", OP(COMPARE_AND_SWAP, VALUE, OUT, .expected = 1,
			    .flags = SYNCMAP_FLAG_BY_REVISION) },
	{ "empty", { .op = SYNCMAP_OP_STORE } },
	{ "no operation", { .op = 0, KEY }, -EINVAL },
	{ "unknown operation", { .op = 99, KEY }, -EOPNOTSUPP },
	{ "huge operation", { .op = U32_MAX, KEY }, -EOPNOTSUPP },
	{ "load_or_lease", OP(LOAD_OR_LEASE, OUT, .wait_until = 1) },
	{ "load_or_lease, at once", OP(LOAD_OR_LEASE,
				       .flags = SYNCMAP_FLAG_NOWAIT) },
	{ "stale", OP(LOAD_OR_LEASE, .flags = SYNCMAP_FLAG_STALE) },
	{ "store with a token", OP(STORE, VALUE, .token = 1) },
	{ "unlease", OP(UNLEASE, .token = 1) },
	{ "unlease without a token", OP(UNLEASE), -EINVAL },
	{ "waits, but not at all", OP(LOAD_OR_LEASE, .wait_until = 1,
				      .flags = SYNCMAP_FLAG_NOWAIT), -EINVAL },
	{ "at once, but stores", OP(STORE, VALUE,
				    .flags = SYNCMAP_FLAG_NOWAIT), -EINVAL },
	{ "stale, but loads", OP(LOAD, .flags = SYNCMAP_FLAG_STALE), -EINVAL },
	{ "lease of a value", OP(LOAD_OR_LEASE, VALUE), -EINVAL },
	{ "owned", OP(SWAP, VALUE, .flags = SYNCMAP_FLAG_OWNED) },
	{ "owned, but touches", OP(TOUCH, .flags = SYNCMAP_FLAG_OWNED), -EINVAL },
	{ "deadline, but deletes", OP(DELETE, .deadline = 1), -EINVAL },
	{ "touch with a value", OP(TOUCH, VALUE), -EINVAL },
	{ "append", OP(APPEND, VALUE, .deadline = 1,
		       .flags = SYNCMAP_FLAG_OWNED) },
	{ "append, value wanted", OP(APPEND, VALUE, OUT), -EINVAL },
	{ "append, if it is the same", OP(APPEND, VALUE, OLD), -EINVAL },
	{ "append to a revision", OP(APPEND, VALUE, .expected = 1,
				     .flags = SYNCMAP_FLAG_BY_REVISION), -EINVAL },
	{ "append with a token", OP(APPEND, VALUE, .token = 1), -EINVAL },
	{ "add", OP(ADD, .operand = U64_MAX) },
	{ "add from the beginning", OP(ADD, .operand = 1, .initial = 1,
				       .flags = SYNCMAP_FLAG_INITIAL) },
	{ "bounded sub", OP(SUB, .operand = 1, .bound = U32_MAX,
			    .flags = SYNCMAP_FLAG_BOUNDED | SYNCMAP_FLAG_U32) },
	{ "unknown flag", OP(LOAD, .flags = BIT(31)), -EOPNOTSUPP },
	{ "width, but loads", OP(LOAD, .flags = SYNCMAP_FLAG_U32), -EINVAL },
	{ "initial flag, but stores", OP(STORE, .flags = SYNCMAP_FLAG_INITIAL),
	  -EINVAL },
	{ "bound of max", OP(MAX, .flags = SYNCMAP_FLAG_BOUNDED), -EINVAL },
	{ "initial without flag", OP(ADD, .initial = 1), -EINVAL },
	{ "wide operand", OP(OR, .operand = BIT_ULL(32),
			     .flags = SYNCMAP_FLAG_U32), -EINVAL },
	{ "add of a value", OP(ADD, VALUE), -EINVAL },
	{ "add with a result", OP(ADD, OUT), -EINVAL },
	{ "deadline, but loads", OP(LOAD, .deadline = 1), -EINVAL },
	{ "token, but loads", OP(LOAD, .token = 1), -EINVAL },
	{ "waits, but loads", OP(LOAD, .wait_until = 1), -EINVAL },
	{ "operand, but loads", OP(LOAD, .operand = 1), -EINVAL },
	{ "initial, but loads", OP(LOAD, .initial = 1), -EINVAL },
	{ "bound, but loads", OP(LOAD, .bound = 1), -EINVAL },
	{ "load of a value", OP(LOAD, VALUE), -EINVAL },
	{ "delete of a value", OP(DELETE, VALUE), -EINVAL },
	{ "pointer without length", OP(LOAD, .value = 1), -EINVAL },
	{ "length without pointer", OP(LOAD, .value_len = 1), -EINVAL },
	{ "store of an old value", OP(STORE, VALUE, OLD), -EINVAL },
	{ "store with a result", OP(STORE, VALUE, OUT), -EINVAL },
	{ "delete with a result", OP(DELETE, OUT), -EINVAL },
	{ "swap if newer", OP(SWAP, VALUE, .flags = SYNCMAP_FLAG_IF_NEWER),
	  -EINVAL },
	{ "load by revision", OP(LOAD, .flags = SYNCMAP_FLAG_BY_REVISION),
	  -EINVAL },
	{ "revision without flag",
	  OP(COMPARE_AND_DELETE, OLD, .expected = 1), -EINVAL },
	{ "revision and old value",
	  OP(COMPARE_AND_DELETE, OLD, .flags = SYNCMAP_FLAG_BY_REVISION),
	  -EINVAL },
	{ "long key", { .op = SYNCMAP_OP_LOAD, .key = 1, .key_len = 11 },
	  -EFBIG, SYNCMAP_LIMITED_KEY },
	{ "long value", OP(STORE, .value = 1, .value_len = 21), -EFBIG,
	  SYNCMAP_LIMITED_VALUE },
	{ "long old value", OP(COMPARE_AND_DELETE, .old = 1, .old_len = 21),
	  -EFBIG, SYNCMAP_LIMITED_VALUE },
};

static void operations_are_checked(struct kunit *test)
{
	const struct syncmap_limits limits = { .key_size = 10,
					       .value_size = 20 };
	struct bytemap *map = store_map(test, SYNCMAP_KEY_BYTES, &limits);
	const struct op_check *check;
	struct syncmap_op op;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(op_checks); i++) {
		check = &op_checks[i];
		op = check->op;
		KUNIT_EXPECT_EQ_MSG(test, bytemap_request_check(map, &op),
				    check->err, "%s", check->title);
		KUNIT_EXPECT_EQ_MSG(test, op.limited, check->limited, "%s",
				    check->title);
	}
}

static void results_are_zeroed(struct kunit *test)
{
	struct bytemap *map = store_map(test, SYNCMAP_KEY_BYTES, NULL);
	struct syncmap_op op = OP(DELETE, .revision = 1, .previous = 1,
				  .out_len = 1, .result = 1, .status = 1,
				  .limited = 1, .used = 1, .limit = 1);
	const struct syncmap_op want = OP(DELETE);

	KUNIT_EXPECT_EQ(test, bytemap_request_check(map, &op), 0);
	KUNIT_EXPECT_EQ(test, memcmp(&op, &want, sizeof(op)), 0);
}

static void numbers_have_eight_bytes(struct kunit *test)
{
	struct bytemap *map = store_map(test, SYNCMAP_KEY_U64, NULL);
	struct syncmap_op op = { .op = SYNCMAP_OP_DELETE, .key = 1 };

	for (op.key_len = 0; op.key_len < 12; op.key_len++)
		KUNIT_EXPECT_EQ(test, bytemap_request_check(map, &op),
				op.key_len == 8 ? 0 : -EINVAL);
}

static void text_has_no_nul(struct kunit *test)
{
	struct bytemap *string = store_map(test, SYNCMAP_KEY_STRING, NULL);
	struct bytemap *bytes = store_map(test, SYNCMAP_KEY_BYTES, NULL);

	KUNIT_EXPECT_EQ(test, bytemap_request_check_key(string, "a\0b", 3), -EINVAL);
	KUNIT_EXPECT_EQ(test, bytemap_request_check_key(string, "ab", 3), -EINVAL);
	KUNIT_EXPECT_EQ(test, bytemap_request_check_key(string, "ab", 2), 0);
	KUNIT_EXPECT_EQ(test, bytemap_request_check_key(string, "", 0), 0);
	KUNIT_EXPECT_EQ(test, bytemap_request_check_key(bytes, "a\0b", 3), 0);
}

static struct kunit_case request_cases[] = {
	KUNIT_CASE(operations_are_checked),
	KUNIT_CASE(results_are_zeroed),
	KUNIT_CASE(numbers_have_eight_bytes),
	KUNIT_CASE(text_has_no_nul),
	{}
};

static struct kunit_suite request_suite = {
	.name = "bytemap_request",
	.suite_init = store_suite_init,
	.suite_exit = store_suite_exit,
	.init = store_test_init,
	.exit = store_test_exit,
	.test_cases = request_cases,
};

kunit_test_suite(request_suite);
