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
	u16			field;		/* that is at fault */
	u16			limited;
};

#define AT(member)	offsetof(struct syncmap_op, member)
#define KEY		.key = 1, .key_len = 3
#define VALUE		.value = 1, .value_len = 3
#define OLD		.old = 1, .old_len = 3
#define ANSWER		.answer_size = sizeof(struct syncmap_answer)
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
	{ "no operation", { .op = 0, KEY }, -EOPNOTSUPP, AT(op) },
	{ "unknown operation", { .op = 99, KEY }, -EOPNOTSUPP, AT(op) },
	{ "huge operation", { .op = U32_MAX, KEY }, -EOPNOTSUPP, AT(op) },
	{ "lease without an answer", OP(LOAD_OR_LEASE), -EINVAL,
	  AT(answer_size) },
	{ "lease without the token", OP(LOAD_OR_LEASE, .answer_size =
		offsetofend(struct syncmap_answer, leased) - 1), -EINVAL,
	  AT(answer_size) },
	{ "huge answer", OP(LOAD, .answer_size = BYTEMAP_ANSWER_MAX + 1),
	  -EINVAL, AT(answer_size) },
	{ "reserved", OP(LOAD, .reserved = 1), -EOPNOTSUPP, AT(reserved) },
	{ "load_or_lease", OP(LOAD_OR_LEASE, ANSWER, OUT, .wait_until = 1) },
	{ "load_or_lease for a time", OP(LOAD_OR_LEASE, ANSWER, .lease_for = 1) },
	{ "store for a time", OP(STORE, VALUE, .lease_for = 1), -EOPNOTSUPP, AT(lease_for) },
	{ "load_or_lease, at once", OP(LOAD_OR_LEASE, ANSWER,
				       .flags = SYNCMAP_FLAG_NOWAIT) },
	{ "stale", OP(LOAD_OR_LEASE, ANSWER, .flags = SYNCMAP_FLAG_STALE) },
	{ "store with a token", OP(STORE, VALUE, .token = 1) },
	{ "unlease", OP(UNLEASE, .token = 1) },
	{ "unlease without a token", OP(UNLEASE), -EINVAL, AT(token) },
	{ "waits, but not at all", OP(LOAD_OR_LEASE, ANSWER, .wait_until = 1,
				      .flags = SYNCMAP_FLAG_NOWAIT), -EINVAL, AT(wait_until) },
	{ "at once, but stores", OP(STORE, VALUE,
				    .flags = SYNCMAP_FLAG_NOWAIT), -EOPNOTSUPP, AT(flags) },
	{ "stale, but loads", OP(LOAD, .flags = SYNCMAP_FLAG_STALE), -EOPNOTSUPP, AT(flags) },
	{ "lease of a value", OP(LOAD_OR_LEASE, ANSWER, VALUE), -EOPNOTSUPP, AT(value) },
	{ "owned", OP(SWAP, VALUE, .flags = SYNCMAP_FLAG_OWNED) },
	{ "owned, but touches", OP(TOUCH, .flags = SYNCMAP_FLAG_OWNED), -EOPNOTSUPP, AT(flags) },
	{ "deadline, but deletes", OP(DELETE, .deadline = 1), -EOPNOTSUPP, AT(deadline) },
	{ "touch with a value", OP(TOUCH, VALUE), -EOPNOTSUPP, AT(value) },
	{ "append", OP(APPEND, VALUE, .deadline = 1,
		       .flags = SYNCMAP_FLAG_OWNED) },
	{ "append, value wanted", OP(APPEND, VALUE, OUT), -EOPNOTSUPP, AT(out) },
	{ "append, if it is the same", OP(APPEND, VALUE, OLD), -EOPNOTSUPP, AT(old) },
	{ "append to a revision", OP(APPEND, VALUE, .expected = 1,
				     .flags = SYNCMAP_FLAG_BY_REVISION), -EOPNOTSUPP, AT(flags) },
	{ "append with a token", OP(APPEND, VALUE, .token = 1), -EOPNOTSUPP, AT(token) },
	{ "add", OP(ADD, .operand = U64_MAX) },
	{ "add from the beginning", OP(ADD, .operand = 1, .initial = 1,
				       .flags = SYNCMAP_FLAG_INITIAL) },
	{ "bounded sub", OP(SUB, .operand = 1, .bound = U32_MAX,
			    .flags = SYNCMAP_FLAG_BOUNDED | SYNCMAP_FLAG_U32) },
	{ "loads from now", OP(LOAD, .flags = SYNCMAP_FLAG_FROM_NOW) },
	{ "deletes from now", OP(DELETE, .flags = SYNCMAP_FLAG_FROM_NOW) },
	{ "unknown flag", OP(LOAD, .flags = BIT(31)), -EOPNOTSUPP, AT(flags) },
	{ "width, but loads", OP(LOAD, .flags = SYNCMAP_FLAG_U32), -EOPNOTSUPP, AT(flags) },
	{ "initial flag, but stores", OP(STORE, .flags = SYNCMAP_FLAG_INITIAL),
	  -EOPNOTSUPP, AT(flags) },
	{ "bound of max", OP(MAX, .flags = SYNCMAP_FLAG_BOUNDED), -EOPNOTSUPP, AT(flags) },
	{ "initial without flag", OP(ADD, .initial = 1), -EINVAL, AT(initial) },
	{ "wide operand", OP(OR, .operand = BIT_ULL(32),
			     .flags = SYNCMAP_FLAG_U32), -EINVAL, AT(operand) },
	{ "add of a value", OP(ADD, VALUE), -EOPNOTSUPP, AT(value) },
	{ "add with a result", OP(ADD, OUT), -EOPNOTSUPP, AT(out) },
	{ "deadline, but loads", OP(LOAD, .deadline = 1), -EOPNOTSUPP, AT(deadline) },
	{ "token, but loads", OP(LOAD, .token = 1), -EOPNOTSUPP, AT(token) },
	{ "waits, but loads", OP(LOAD, .wait_until = 1), -EOPNOTSUPP, AT(wait_until) },
	{ "operand, but loads", OP(LOAD, .operand = 1), -EOPNOTSUPP, AT(operand) },
	{ "initial, but loads", OP(LOAD, .initial = 1), -EOPNOTSUPP, AT(initial) },
	{ "bound, but loads", OP(LOAD, .bound = 1), -EOPNOTSUPP, AT(bound) },
	{ "load of a value", OP(LOAD, VALUE), -EOPNOTSUPP, AT(value) },
	{ "delete of a value", OP(DELETE, VALUE), -EOPNOTSUPP, AT(value) },
	{ "pointer without length", OP(LOAD, .value = 1), -EOPNOTSUPP, AT(value) },
	{ "length without pointer", OP(LOAD, .value_len = 1), -EOPNOTSUPP, AT(value_len) },
	{ "store of an old value", OP(STORE, VALUE, OLD), -EOPNOTSUPP, AT(old) },
	{ "store with a result", OP(STORE, VALUE, OUT), -EOPNOTSUPP, AT(out) },
	{ "delete with a result", OP(DELETE, OUT), -EOPNOTSUPP, AT(out) },
	{ "swap if newer", OP(SWAP, VALUE, .flags = SYNCMAP_FLAG_IF_NEWER),
	  -EOPNOTSUPP, AT(flags) },
	{ "load by revision", OP(LOAD, .flags = SYNCMAP_FLAG_BY_REVISION),
	  -EOPNOTSUPP, AT(flags) },
	{ "revision without flag",
	  OP(COMPARE_AND_DELETE, OLD, .expected = 1), -EINVAL, AT(expected) },
	{ "revision, but deletes", OP(DELETE, .expected = 1), -EOPNOTSUPP, AT(expected) },
	{ "bound without flag", OP(ADD, .bound = 1), -EINVAL, AT(bound) },
	{ "bound of max, without flag", OP(MAX, .bound = 1), -EOPNOTSUPP, AT(bound) },
	{ "revision and old value",
	  OP(COMPARE_AND_DELETE, OLD, .flags = SYNCMAP_FLAG_BY_REVISION),
	  -EINVAL, AT(old) },
	{ "long key", { .op = SYNCMAP_OP_LOAD, .key = 1, .key_len = 11 },
	  -EFBIG, AT(key_len), SYNCMAP_LIMITED_KEY },
	{ "long value", OP(STORE, .value = 1, .value_len = 21), -EFBIG, AT(value_len),
	  SYNCMAP_LIMITED_VALUE },
	{ "long old value", OP(COMPARE_AND_DELETE, .old = 1, .old_len = 21),
	  -EFBIG, AT(old_len), SYNCMAP_LIMITED_VALUE },
};

static void operations_are_checked(struct kunit *test)
{
	const struct syncmap_limits limits = { .key_size = 10,
					       .value_size = 20 };
	struct bytemap *map = store_map(test, SYNCMAP_KEY_BYTES, &limits);
	const struct op_check *check;
	struct syncmap_answer answer;
	struct syncmap_op op;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(op_checks); i++) {
		check = &op_checks[i];
		op = check->op;
		KUNIT_EXPECT_EQ_MSG(test, bytemap_request_check(map, &op, &answer),
				    check->err, "%s", check->title);
		KUNIT_EXPECT_EQ(test, answer.error.status, check->err);
		KUNIT_EXPECT_EQ_MSG(test, answer.error.field, check->field,
				    "%s", check->title);
		KUNIT_EXPECT_EQ_MSG(test, answer.error.limited, check->limited,
				    "%s", check->title);
	}
}

static void results_are_zeroed(struct kunit *test)
{
	struct bytemap *map = store_map(test, SYNCMAP_KEY_BYTES, NULL);
	struct syncmap_op op = OP(DELETE);
	struct syncmap_answer answer;

	memset(&answer, 1, sizeof(answer));
	KUNIT_EXPECT_EQ(test, bytemap_request_check(map, &op, &answer), 0);
	KUNIT_EXPECT_NULL(test, memchr_inv(&answer, 0, sizeof(answer)));
}

static void numbers_have_eight_bytes(struct kunit *test)
{
	struct bytemap *map = store_map(test, SYNCMAP_KEY_U64, NULL);
	struct syncmap_op op = { .op = SYNCMAP_OP_DELETE, .key = 1 };
	struct syncmap_answer answer;

	for (op.key_len = 0; op.key_len < 12; op.key_len++)
		KUNIT_EXPECT_EQ(test, bytemap_request_check(map, &op, &answer),
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
