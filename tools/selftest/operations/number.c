// SPDX-License-Identifier: GPL-2.0-only
/* Arithmetic on values that are numbers */
#include "harness/map.h"
#include "harness/stats.h"

#define U32		.flags = SYNCMAP_FLAG_U32
#define INITIAL(n)	.flags = SYNCMAP_FLAG_INITIAL, .initial = (n)
#define BOUND(n)	.flags = SYNCMAP_FLAG_BOUNDED, .bound = (n)
#define U32_BOUND(n)	.flags = SYNCMAP_FLAG_U32 | SYNCMAP_FLAG_BOUNDED, .bound = (n)
#define M32		0xffffffffULL
#define M64		0xffffffffffffffffULL

static const struct {
	__u64			before;
	struct syncmap_op	op;
	int			ret;
	__u64			after;
} sums[] = {
#define SUM(value, code, n, ret, result, ...) { value,			\
	{ .op = SYNCMAP_OP_##code, .operand = (n), __VA_ARGS__ }, ret, result }
	SUM(0, ADD, 0, 0, 0),
	SUM(5, ADD, 7, 0, 12),
	SUM(M64 - 1, ADD, 1, 0, M64),
	SUM(M64, ADD, 0, 0, M64),
	SUM(M64, ADD, 1, -ERANGE, 0),
	SUM(1, ADD, M64, -ERANGE, 0),
	SUM(M64, ADD, M64, -ERANGE, 0),
	SUM(5, ADD, 7, 0, 12, BOUND(12)),
	SUM(5, ADD, 7, -ERANGE, 0, BOUND(11)),
	SUM(5, ADD, 7, -ERANGE, 0, BOUND(6)),
	SUM(5, ADD, 7, -ERANGE, 0, BOUND(0)),
	SUM(5, ADD, 0, -ERANGE, 0, BOUND(4)),
	SUM(0, ADD, 0, 0, 0, BOUND(0)),
	SUM(M64, ADD, 1, -ERANGE, 0, BOUND(M64)),
	SUM(M32, ADD, 1, 0, M32 + 1),
	SUM(M32 - 1, ADD, 1, 0, M32, U32),
	SUM(M32, ADD, 1, -ERANGE, 0, U32),
	SUM(M32, ADD, M32, -ERANGE, 0, U32),
	SUM(1, ADD, 1, -ERANGE, 0, U32_BOUND(1)),
	SUM(1, ADD, 1, 0, 2, U32_BOUND(M32)),
	SUM(12, SUB, 7, 0, 5),
	SUM(M64, SUB, M64, 0, 0),
	SUM(0, SUB, 0, 0, 0),
	SUM(0, SUB, 1, -ERANGE, 0),
	SUM(6, SUB, 7, -ERANGE, 0),
	SUM(12, SUB, 7, 0, 5, BOUND(5)),
	SUM(12, SUB, 7, -ERANGE, 0, BOUND(6)),
	SUM(12, SUB, 13, -ERANGE, 0, BOUND(0)),
	SUM(12, SUB, 0, -ERANGE, 0, BOUND(13)),
	SUM(M32, SUB, M32, 0, 0, U32),
	SUM(0, SUB, 1, -ERANGE, 0, U32),
	SUM(9, SUB, 1, 0, 8, U32_BOUND(8)),
	SUM(9, MIN, 8, 0, 8),
	SUM(8, MIN, 9, 0, 8),
	SUM(M64, MIN, 0, 0, 0),
	SUM(M32, MIN, 1, 0, 1, U32),
	SUM(9, MAX, 8, 0, 9),
	SUM(8, MAX, 9, 0, 9),
	SUM(0, MAX, M64, 0, M64),
	SUM(0, MAX, M32, 0, M32, U32),
	SUM(0xf0f0, AND, 0xff00, 0, 0xf000),
	SUM(M64, AND, 1ULL << 63, 0, 1ULL << 63),
	SUM(M32, AND, 0x80000000, 0, 0x80000000, U32),
	SUM(0xf0f0, OR, 0xff00, 0, 0xfff0),
	SUM(1ULL << 63, OR, M64 >> 1, 0, M64),
	SUM(1, OR, 0x80000000, 0, 0x80000001, U32),
	SUM(0xf0f0, XOR, 0xff00, 0, 0x0ff0),
	SUM(M64, XOR, M64, 0, 0),
	SUM(1, XOR, 0x80000001, 0, 0x80000000, U32),
};

static __u32 width(const struct syncmap_op *op)
{
	return op->flags & SYNCMAP_FLAG_U32 ? 4 : 8;
}

static __u64 load(int fd, const char *key, __u32 size)
{
	__u32 narrow = 0;
	__u64 wide = 0;

	EXPECT_EQ(0, DO(fd, LOAD, KEY_N(key, strlen(key)),
			OUT_N(size == 4 ? (void *)&narrow : &wide, size)));
	EXPECT_EQ(size, got.out_len);
	return size == 4 ? narrow : wide;
}

static void store(int fd, const char *key, __u64 number, __u32 size)
{
	__u32 narrow = number;

	ASSERT_EQ(0, DO(fd, STORE, KEY_N(key, strlen(key)),
			VALUE_N(size == 4 ? (void *)&narrow : &number, size)));
}

static void check_sum(int fd, const struct syncmap_op *op, __u64 before,
		      int ret, __u64 after)
{
	__u32 size = width(op);
	struct syncmap_op sum = *op;
	__u64 revision;

	store(fd, "n", before, size);
	revision = got.revision;
	sum.key = PTR("n");
	sum.key_len = 1;
	EXPECT_EQ(ret, map_op(fd, sum));
	EXPECT_EQ(SYNCMAP_RESULT_LOADED, got.result);
	EXPECT_EQ(before, got.before);
	EXPECT_EQ(ret ? before : after, got.after);
	EXPECT_EQ(size, got.out_len);
	EXPECT_EQ(ret ? 0 : revision, got.previous);
	EXPECT_EQ(ret ? revision : map_info(fd).revision, got.revision);
	EXPECT(ret || got.revision > revision);
	EXPECT_EQ(ret ? before : after, load(fd, "n", size));
	EXPECT_EQ(1, map_count(fd));
}

TEST(numbers_that_are_there)
{
	int fd = map_private(SYNCMAP_KEY_STRING);
	__u64 done = 0;

	for (size_t i = 0; i < ARRAY_SIZE(sums); i++) {
		for (int promoted = 0; promoted < 2; promoted++) {
			test_context("sum %zu, %s", i,
				     promoted ? "read" : "dirty");
			check_sum(fd, &sums[i].op, sums[i].before, sums[i].ret,
				  sums[i].after);
			done += !sums[i].ret;
			map_promote(fd);
		}
		map_clear(fd);
	}
	EXPECT_EQ(done, map_stat(fd, "calculated"));
}

static void check_begin(int fd, const struct syncmap_op *op, __u64 initial,
			int ret, __u64 after)
{
	__u64 bytes = map_overhead() + 1 + width(op);
	struct syncmap_op sum = *op;

	sum.key = PTR("n");
	sum.key_len = 1;
	EXPECT_EQ(-ENOENT, map_op(fd, sum));
	EXPECT_EQ(0, got.result | got.before | got.after);
	sum.flags |= SYNCMAP_FLAG_INITIAL;
	sum.initial = initial;
	EXPECT_EQ(ret, map_op(fd, sum));
	EXPECT_EQ(0, got.result);
	EXPECT_EQ(initial, got.before);
	EXPECT_EQ(ret ? initial : after, got.after);
	EXPECT_EQ(0, got.previous);
	EXPECT_EQ(ret ? 0 : map_info(fd).revision, got.revision);
	EXPECT_EQ(!ret, map_count(fd));
	EXPECT_EQ(ret ? 0 : bytes, map_info(fd).bytes);
	if (ret)
		return;
	EXPECT_EQ(after, load(fd, "n", width(op)));
	EXPECT_EQ(0, DO(fd, DELETE, KEY("n")));
}

/* An absent key is one of the initial value, if there is one */
TEST(numbers_that_begin)
{
	int fd = map_private(SYNCMAP_KEY_STRING);

	for (size_t i = 0; i < ARRAY_SIZE(sums); i++) {
		for (int promoted = 0; promoted < 2; promoted++) {
			test_context("sum %zu, %s", i,
				     promoted ? "tombstone" : "nowhere");
			check_begin(fd, &sums[i].op, sums[i].before,
				    sums[i].ret, sums[i].after);
			store(fd, "n", 0, 8);
			map_promote(fd);
			ASSERT_EQ(0, DO(fd, DELETE, KEY("n")));
		}
		map_clear(fd);
	}
}

/* The deadline of a number is that of its beginning */
TEST(deadline_of_a_number)
{
	int fd = map_private(SYNCMAP_KEY_STRING);
	const __u64 first = SYNCMAP_NEVER - 5, next = SYNCMAP_NEVER - 3;

	EXPECT_EQ(0, DO(fd, ADD, KEY("n"), INITIAL(1), .deadline = first));
	EXPECT_EQ(first, got.expires);
	EXPECT_EQ(0, DO(fd, ADD, KEY("n"), INITIAL(1), .deadline = next));
	EXPECT_EQ(first, got.expires);
	EXPECT_EQ(0, DO(fd, ADD, KEY("n")));
	EXPECT_EQ(first, got.expires);
	EXPECT_EQ(0, DO(fd, TOUCH, KEY("n"), .deadline = 1));
	EXPECT_EQ(-ENOENT, DO(fd, ADD, KEY("n")));
	EXPECT_EQ(0, DO(fd, ADD, KEY("n"), INITIAL(7)));
	EXPECT_EQ(7, got.before);
	EXPECT_EQ(SYNCMAP_NEVER, got.expires);
	EXPECT_EQ(1, map_count(fd));
}

/* The initial value is for absent keys only */
TEST(initial_of_a_key_that_is_there)
{
	int fd = map_private(SYNCMAP_KEY_STRING);

	store(fd, "n", 5, 8);
	EXPECT_EQ(0, DO(fd, ADD, KEY("n"), .operand = 1, INITIAL(100)));
	EXPECT_EQ(5, got.before);
	EXPECT_EQ(6, got.after);
	EXPECT_EQ(SYNCMAP_RESULT_LOADED, got.result);
}

TEST(values_that_are_no_numbers)
{
	static const __u32 lengths[] = {
		0, 1, 3, 4, 5, 7, 8, 9, 16, 64, 65, 256, 257, 1000,
	};
	int fd = map_private(SYNCMAP_KEY_STRING);
	char text[1000], value[1000];
	__u64 revision;

	memset(text, 'x', sizeof(text));
	for (size_t i = 0; i < ARRAY_SIZE(lengths); i++) {
		__u32 len = lengths[i];

		for (__u32 size = 4; size <= 8; size += 4) {
			if (len == size)
				continue;
			test_context("%u bytes, number of %u", len, size);
			EXPECT_EQ(0, DO(fd, STORE, KEY("n"), VALUE_N(text, len)));
			revision = got.revision;
			EXPECT_EQ(-EILSEQ, DO(fd, ADD, KEY("n"), .operand = 1,
				.flags = SYNCMAP_FLAG_INITIAL |
					 (size == 4 ? SYNCMAP_FLAG_U32 : 0)));
			EXPECT_EQ(len, got.out_len);
			EXPECT_EQ(revision, got.revision);
			EXPECT_EQ(0, got.previous | got.before | got.after);
			EXPECT_EQ(SYNCMAP_RESULT_LOADED, got.result);
			EXPECT_EQ(0, DO(fd, LOAD, KEY("n"), OUT(value)));
			EXPECT_EQ(revision, got.revision);
			EXPECT_MEM(text, len, value, got.out_len);
		}
	}
}

/* Each with exactly one thing wrong */
TEST(bad_operands)
{
	static const struct {
		const char		*what;
		int			ret;
		struct syncmap_op	op;
	} cases[] = {
#define WRONG(text, ret, code, ...) \
	{ text, ret, { .op = SYNCMAP_OP_##code, KEY("n"), __VA_ARGS__ } }
#define BAD(text, ...)		WRONG(text, -EINVAL, __VA_ARGS__)
#define UNFIT(text, ...)	WRONG(text, -EOPNOTSUPP, __VA_ARGS__)
		BAD("operand", ADD, U32, .operand = M32 + 1),
		BAD("bound", SUB, U32_BOUND(M32 + 1)),
		BAD("initial", OR, .initial = M32 + 1,
		    .flags = SYNCMAP_FLAG_U32 | SYNCMAP_FLAG_INITIAL),
		BAD("initial without flag", ADD, .initial = 1),
		BAD("deadline without initial", ADD, .deadline = SYNCMAP_NEVER),
		BAD("bound without flag", ADD, .bound = 1),
		UNFIT("bound of MIN", MIN, BOUND(1)),
		UNFIT("bound of MAX", MAX, BOUND(1)),
		UNFIT("bound of AND", AND, BOUND(1)),
		UNFIT("bound of OR", OR, BOUND(1)),
		UNFIT("bound of XOR", XOR, BOUND(1)),
		UNFIT("bound of STORE", STORE, BOUND(1)),
		UNFIT("initial of STORE", STORE, INITIAL(1)),
		UNFIT("width of LOAD", LOAD, U32),
		UNFIT("operand of LOAD", LOAD, .operand = 1),
		UNFIT("revision", ADD, REVISION(1)),
		UNFIT("value", ADD, .value = 1),
		UNFIT("value_len", ADD, .value_len = 1),
		UNFIT("old_len", ADD, .old_len = 1),
		UNFIT("out_size", ADD, .out_size = 1),
		UNFIT("expected", ADD, .expected = 1),
	};
	int fd = map_private(SYNCMAP_KEY_STRING);
	struct syncmap_map_info before, after;

	store(fd, "n", 5, 4);
	before = map_info(fd);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		test_context("%s", cases[i].what);
		EXPECT_EQ(cases[i].ret, map_op(fd, cases[i].op));
	}
	after = map_info(fd);
	EXPECT_MEM(&before, sizeof(before), &after, sizeof(after));
}

TEST(number_in_a_full_map)
{
	int fd = map_limited(SYNCMAP_KEY_STRING,
			     (struct syncmap_limits){ .entries = 1 });

	EXPECT_EQ(0, DO(fd, ADD, KEY("a"), .operand = 1, INITIAL(0)));
	EXPECT_EQ(-ENOSPC, DO(fd, ADD, KEY("b"), .operand = 1, INITIAL(0)));
	EXPECT_EQ(SYNCMAP_LIMITED_ENTRIES, got.error.limited);
	EXPECT_EQ(0, DO(fd, ADD, KEY("a"), .operand = 1));
	EXPECT_EQ(2, got.after);
}
