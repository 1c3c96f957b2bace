// SPDX-License-Identifier: GPL-2.0-only
/* Many operations in one call */
#include <errno.h>
#include <stddef.h>
#include <sys/mman.h>

#include "harness/batches.h"
#include "harness/stats.h"

static void expect_counted(int fd, __u64 batches, __u64 operations)
{
	struct stats stats = stats_get(fd);

	EXPECT_EQ(batches, stats_of(&stats, "batches"));
	EXPECT_EQ(operations, stats_of(&stats, "batched"));
}

#define A_LOAD(s, buffer)	{ .op = SYNCMAP_OP_LOAD, KEY(s), OUT(buffer) }
#define A_STORE(s, v)		{ .op = SYNCMAP_OP_STORE, KEY(s), VALUE(v) }

/* Each operation sees what those before it have done, and tells what it did */
TEST(one_after_the_other)
{
	int fd = map_private(SYNCMAP_KEY_STRING);
	char first[8], second[8], third[8];
	struct syncmap_op ops[] = {
		A_LOAD("a", first),
		A_STORE("a", "one"),
		A_LOAD("a", first),
		{ .op = SYNCMAP_OP_SWAP, KEY("a"), VALUE("two"), OUT(second) },
		{ .op = SYNCMAP_OP_ADD, KEY("n"), .operand = 5,
		  .flags = SYNCMAP_FLAG_INITIAL },
		{ .op = SYNCMAP_OP_COMPARE_AND_SWAP, KEY("a"), OLD("one"),
		  VALUE("x"), OUT(third) },
		{ .op = SYNCMAP_OP_DELETE, KEY("a") },
		{ .op = SYNCMAP_OP_LOAD_AND_DELETE, KEY("a") },
	};
	static const int status[] = { -ENOENT, 0, 0, 0, 0, -EBUSY, 0, -ENOENT };
	static const __u64 revision[] = { 0, 1, 1, 2, 3, 2, 4, 0 };
	struct syncmap_batch arg;

	EXPECT_EQ(0, batch(fd, &arg, ops, ARRAY_SIZE(ops), 0));
	batch_expect(&arg, ARRAY_SIZE(ops), 3);
	for (size_t i = 0; i < ARRAY_SIZE(ops); i++) {
		test_context("operation %zu", i);
		EXPECT_EQ(status[i], answers[i].error.status);
		EXPECT_EQ(revision[i], answers[i].revision);
	}
	EXPECT_MEM("one", 3, first, answers[2].out_len);
	EXPECT_MEM("one", 3, second, answers[3].out_len);
	EXPECT_MEM("two", 3, third, answers[5].out_len);
	EXPECT_EQ(5, answers[4].after);
	EXPECT_EQ(1, map_count(fd));
	expect_counted(fd, 1, ARRAY_SIZE(ops));
}

/* With the flag nothing behind the first failure is done, or touched */
TEST(stop_at_the_first_error)
{
	int fd = map_private(SYNCMAP_KEY_STRING);
	char value[8] = "?";
	struct syncmap_op ops[] = {
		A_STORE("a", "one"),
		A_LOAD("a", value),
		A_LOAD("none", value),
		A_LOAD("a", value),
		A_STORE("b", "two"),
	};
	struct syncmap_batch arg;

	ops[1].out = ops[1].out_size = 0;
	answers[3].error.status = answers[4].error.status = 77;
	EXPECT_EQ(0, batch(fd, &arg, ops, 5, SYNCMAP_BATCH_STOP));
	batch_expect(&arg, 3, 1);
	EXPECT_EQ(-ENOENT, answers[2].error.status);
	EXPECT_EQ(77, answers[3].error.status);
	EXPECT_EQ(77, answers[4].error.status);
	EXPECT_EQ('?', value[0]);
	EXPECT_EQ(1, map_count(fd));
	expect_counted(fd, 1, 3);
	EXPECT_EQ(0, batch(fd, &arg, ops, 5, 0));
	batch_expect(&arg, 5, 1);
	EXPECT_EQ(2, map_count(fd));
}

static void expect_loads(unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		test_context("load %u of %u", i, n);
		EXPECT_EQ(i % 3 ? 0 : -ENOENT, answers[i].error.status);
		EXPECT_EQ(i % 3 ? i : ~0ULL, many_values[i]);
		EXPECT_EQ(i % 3 ? i + 1 : 0, answers[i].revision);
	}
}

/* Loads go together: all lengths of such a row, and what is in any table */
TEST(loads_of_many_keys)
{
	static const unsigned int counts[] = { 0, 1, 2, 15, 16, 17, 33, MANY };
	int fd = map_private(SYNCMAP_KEY_U64);
	struct syncmap_batch arg;

	many_make(SYNCMAP_OP_STORE, MANY);
	EXPECT_EQ(0, batch(fd, &arg, many, MANY, 0));
	batch_expect(&arg, MANY, 0);
	EXPECT_EQ(MANY, map_count(fd));
	for (__u64 i = 0; i < MANY; i += 3)
		ASSERT_EQ(0, DO(fd, DELETE, KEY_N(&i, 8)));
	for (size_t i = 0; i < ARRAY_SIZE(counts); i++) {
		many_make(SYNCMAP_OP_LOAD, counts[i]);
		memset(many_values, 0xff, sizeof(many_values));
		EXPECT_EQ(0, batch(fd, &arg, many, counts[i], 0));
		batch_expect(&arg, counts[i], (counts[i] + 2) / 3);
		expect_loads(counts[i]);
		if (i % 3 == 2)
			map_promote(fd);
	}
}

#define LONG	5000
#define ROW	4

/* To get it, for want of a buffer, with too small a one, if it is newer */
static void make_row(struct syncmap_op *ops, const __u64 *key, char *out,
		     __u32 len)
{
	for (int i = 0; i < ROW; i++)
		ops[i] = (struct syncmap_op){
			.op = SYNCMAP_OP_LOAD, KEY_N(key, 8),
			OUT_N(out, LONG),
		};
	ops[1].out = ops[1].out_size = 0;
	ops[2].out_size = len - 1;
	ops[3].flags = SYNCMAP_FLAG_IF_NEWER;
	ops[3].expected = got.revision;
}

static void expect_row(const struct syncmap_answer *row, __u32 len)
{
	for (int i = 0; i < ROW; i++) {
		test_context("load %d of %u bytes", i, len);
		EXPECT_EQ(len, row[i].out_len);
		EXPECT_EQ(i == 2 ? -EMSGSIZE : 0, row[i].error.status);
		EXPECT_EQ(i == 3, !!(row[i].result & SYNCMAP_RESULT_UNCHANGED));
	}
}

/* Short values are copied at once, long ones when it is their turn */
TEST(loads_of_all_lengths)
{
	static const __u32 lens[] = { 2, 64, 255, 256, 257, 1000, LONG };
	static char outs[ARRAY_SIZE(lens)][LONG], value[LONG];
	struct syncmap_op ops[ARRAY_SIZE(lens) * ROW];
	int fd = map_private(SYNCMAP_KEY_U64);
	__u64 keys[ARRAY_SIZE(lens)];
	struct syncmap_batch arg;

	for (size_t i = 0; i < ARRAY_SIZE(lens); i++) {
		keys[i] = i;
		memset(value, 'a' + i, sizeof(value));
		ASSERT_EQ(0, DO(fd, STORE, KEY_N(&keys[i], 8),
				VALUE_N(value, lens[i])));
		make_row(ops + i * ROW, &keys[i], outs[i], lens[i]);
	}
	EXPECT_EQ(0, batch(fd, &arg, ops, ARRAY_SIZE(ops), 0));
	batch_expect(&arg, ARRAY_SIZE(ops), ARRAY_SIZE(lens));
	for (size_t i = 0; i < ARRAY_SIZE(lens); i++) {
		expect_row(answers + i * ROW, lens[i]);
		memset(value, 0, sizeof(value));
		memset(value, 'a' + i, lens[i]);
		EXPECT_MEM(value, sizeof(value), outs[i], LONG);
	}
}

/* Each with exactly one thing wrong */
TEST(bad_batches)
{
	static const struct {
		const char		*what;
		int			ret;
		size_t			field;
		struct syncmap_batch	add;	/* to what is right; any @ops: none */
	} cases[] = {
#define AT(member)	offsetof(struct syncmap_batch, member)
		{ "unknown flag", -EOPNOTSUPP, AT(flags), { .flags = 2 } },
		{ "highest flag", -EOPNOTSUPP, AT(flags), { .flags = 1U << 31 } },
		{ "short element", -EINVAL, AT(op_size),
		  { .op_size = SYNCMAP_OP_SHORT - 1U -
			       (__u32)sizeof(struct syncmap_op) } },
		{ "no size", -EINVAL, AT(op_size),
		  { .op_size = -(__u32)sizeof(struct syncmap_op) } },
		{ "huge element", -EINVAL, AT(op_size),
		  { .op_size = 4104 - sizeof(struct syncmap_op) } },
		{ "too many", -EINVAL, AT(count), { .count = MANY } },
		{ "far too many", -EINVAL, AT(count), { .count = ~0U - 1 } },
		{ "no array", -EFAULT, 0, { .ops = 1 } },
		{ "longer elements", -E2BIG, 0, { .op_size = 8 } },
	};
	int fd = map_private(SYNCMAP_KEY_U64);

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct syncmap_batch arg = cases[i].add;

		test_context("%s", cases[i].what);
		many_make(SYNCMAP_OP_STORE, 2);
		arg.ops = arg.ops ? 0 : PTR(many);
		arg.op_size += sizeof(struct syncmap_op);
		arg.count += 1;
		EXPECT_EQ(cases[i].ret, map_call(fd, SYNCMAP_BATCH, &arg));
		EXPECT_EQ(cases[i].ret, arg.error.status);
		EXPECT_EQ(cases[i].field, arg.error.field);
		batch_expect(&arg, 0, 0);
		EXPECT_EQ(0, map_count(fd));
	}
}

/* What is wrong with one operation is told there, and harms no other */
TEST(bad_operations_in_the_middle)
{
	static const struct {
		const char		*what;
		int			ret;
		struct syncmap_op	op;
	} cases[] = {
#define BAD(text, ret, code, ...) \
	{ text, ret, { .op = SYNCMAP_OP_##code, __VA_ARGS__ } }
		{ "no code", -EOPNOTSUPP, { KEY("k") } },
		{ "unknown code", -EOPNOTSUPP, { .op = 99, KEY("k") } },
		BAD("unknown flag", -EOPNOTSUPP, LOAD, KEY("k"), .flags = 1 << 30),
		BAD("wrong flag", -EOPNOTSUPP, LOAD, KEY("k"),
		    .flags = SYNCMAP_FLAG_U32),
		BAD("value of LOAD", -EOPNOTSUPP, LOAD, KEY("k"), VALUE("v")),
		BAD("key of LOAD nowhere", -EFAULT, LOAD, .key = 8, .key_len = 1),
		BAD("key nowhere", -EFAULT, STORE, .key = 8, .key_len = 1),
		BAD("value nowhere", -EFAULT, STORE, KEY("k"), .value = 8,
		    .value_len = 1),
		BAD("result of LOAD nowhere", -EFAULT, LOAD, KEY("key"),
		    .out = 8, .out_size = 8),
		BAD("result nowhere", -EFAULT, SWAP, KEY("key"), .out = 8,
		    .out_size = 8),
		BAD("result too small", -EMSGSIZE, LOAD, KEY("key"),
		    .out = PTR(many_values), .out_size = 1),
		BAD("long key", -EFBIG, LOAD, .key = PTR(many_values),
		    .key_len = 5000),
		BAD("NUL in a key", -EINVAL, LOAD, KEY("a\0b")),
		BAD("waits", -EINVAL, LOAD_OR_LEASE, KEY("k")),
		BAD("waits, with a deadline", -EINVAL, LOAD_OR_LEASE, KEY("k"),
		    .wait_until = SYNCMAP_NEVER),
	};
	int fd = map_private(SYNCMAP_KEY_STRING);

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		for (__u32 stop = 0; stop <= SYNCMAP_BATCH_STOP; stop++) {
			struct syncmap_op ops[] = {
				A_STORE("key", "value"), cases[i].op,
				A_STORE("last", "value"),
			};
			struct syncmap_batch arg;

			test_context("%s, flags %u", cases[i].what, stop);
			map_clear(fd);
			EXPECT_EQ(0, batch(fd, &arg, ops, 3, stop));
			batch_expect(&arg, stop ? 2 : 3, 1);
			EXPECT_EQ(0, answers[0].error.status);
			EXPECT_EQ(cases[i].ret, answers[1].error.status);
			EXPECT_EQ(stop ? 1 : 2, map_count(fd));
			EXPECT_EQ(0, map_stat(fd, "leases"));
		}
	}
}

/* A descriptor's rights are those of each operation */
TEST(rights)
{
	struct syncmap_op ops[] = {
		A_LOAD("key", many_values), A_STORE("new", "value"),
		{ .op = SYNCMAP_OP_SWAP, KEY("key"), VALUE("v") },
	};
	struct syncmap_batch arg;
	int fd, made;

	made = map_create(TEST_NAME "batch", SYNCMAP_KEY_STRING, NULL, 0600);
	ASSERT_EQ(0, DO(made, STORE, KEY("key"), VALUE("value")));
	fd = map_open(TEST_NAME "batch", SYNCMAP_ACCESS_READ);
	EXPECT_EQ(0, batch(fd, &arg, ops, 3, 0));
	batch_expect(&arg, 3, 2);
	EXPECT_EQ(0, answers[0].error.status);
	EXPECT_EQ(-EBADF, answers[1].error.status);
	EXPECT_EQ(-EBADF, answers[2].error.status);
	fd = map_open(TEST_NAME "batch", SYNCMAP_ACCESS_WRITE);
	EXPECT_EQ(0, batch(fd, &arg, ops, 3, 0));
	EXPECT_EQ(-EBADF, answers[0].error.status);
	EXPECT_EQ(0, answers[1].error.status);
	EXPECT_EQ(-EBADF, answers[2].error.status);
	EXPECT_EQ(2, map_count(made));
}

/* The array ends in a page that is not there */
static void array_at_an_edge(__u32 code)
{
	char *pages = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int fd = map_private(SYNCMAP_KEY_U64);
	struct syncmap_batch arg;
	struct syncmap_op *ops;

	ASSERT(pages != MAP_FAILED);
	for (unsigned int there = 0; there < 20; there++) {
		test_context("%u elements, code %u", there, code);
		ops = (void *)(pages + PAGE - there * sizeof(*ops));
		ASSERT_EQ(0, mprotect(pages, 2 * PAGE, PROT_READ | PROT_WRITE));
		many_make(code, 21);
		batch_answers(many, 21);
		memcpy(ops, many, 21 * sizeof(*ops));
		ASSERT_EQ(0, mprotect(pages + PAGE, PAGE, PROT_NONE));
		map_clear(fd);
		arg = (struct syncmap_batch){
			.ops = PTR(ops), .op_size = sizeof(*ops), .count = 21,
		};
		EXPECT_EQ(-EFAULT, map_call(fd, SYNCMAP_BATCH, &arg));
		batch_expect(&arg, there, code == SYNCMAP_OP_LOAD ? there : 0);
		EXPECT_EQ(code == SYNCMAP_OP_LOAD ? 0 : there, map_count(fd));
	}
	munmap(pages, 2 * PAGE);
}

TEST(array_is_partly_there)
{
	array_at_an_edge(SYNCMAP_OP_STORE);
	array_at_an_edge(SYNCMAP_OP_LOAD);
}

/* What is asked is not written to, so that the array need not be writable */
TEST(array_is_constant)
{
	int fd = map_private(SYNCMAP_KEY_U64);
	struct syncmap_batch arg;
	struct syncmap_op *ops = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
				      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	ASSERT(ops != MAP_FAILED);
	many_make(SYNCMAP_OP_STORE, 8);
	batch_answers(many, 8);
	memcpy(ops, many, 8 * sizeof(*ops));
	ASSERT_EQ(0, mprotect(ops, PAGE, PROT_READ));
	arg = (struct syncmap_batch){
		.ops = PTR(ops), .op_size = sizeof(*ops), .count = 8,
	};
	EXPECT_EQ(0, map_call(fd, SYNCMAP_BATCH, &arg));
	batch_expect(&arg, 8, 0);
	EXPECT_EQ(8, answers[7].revision);
	munmap(ops, PAGE);
}

/* Nothing is done whose answer could not be told; those before have been told */
static void answers_at_an_edge(int protection, __u32 code)
{
	char *pages = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int fd = map_private(SYNCMAP_KEY_U64);
	struct syncmap_answer *answer;
	struct syncmap_batch arg;

	ASSERT(pages != MAP_FAILED);
	ASSERT_EQ(0, mprotect(pages + PAGE, PAGE, protection));
	for (unsigned int there = 0; there < 20; there++) {
		test_context("%u answers, code %u", there, code);
		/* The one that is not there may begin on the page before */
		answer = (void *)(pages + PAGE - there * sizeof(*answer) -
				  there % 2 * 8);
		many_make(code, 21);
		for (unsigned int i = 0; i < 21; i++) {
			many[i].answer = PTR(&answer[i]);
			many[i].answer_size = sizeof(*answer);
		}
		map_clear(fd);
		EXPECT_EQ(-EFAULT, batch(fd, &arg, many, 21, 0));
		batch_expect(&arg, there, code == SYNCMAP_OP_LOAD ? there : 0);
		EXPECT_EQ(code == SYNCMAP_OP_LOAD ? 0 : there, map_count(fd));
	}
	munmap(pages, 2 * PAGE);
}

TEST(answers_are_partly_there)
{
	answers_at_an_edge(PROT_NONE, SYNCMAP_OP_STORE);
	answers_at_an_edge(PROT_NONE, SYNCMAP_OP_LOAD);
	answers_at_an_edge(PROT_READ, SYNCMAP_OP_STORE);
	answers_at_an_edge(PROT_READ, SYNCMAP_OP_LOAD);
}

/* Elements of a newer program: the rest of each is zero */
TEST(longer_elements)
{
	struct longer { struct syncmap_op op; __u64 more; } ops[3] = { };
	int fd = map_private(SYNCMAP_KEY_STRING);
	struct syncmap_batch arg = {
		.ops = PTR(ops), .op_size = sizeof(ops[0]), .count = 3,
	};

	for (int i = 0; i < 3; i++)
		ops[i].op = (struct syncmap_op)A_STORE("key", "value");
	EXPECT_EQ(0, map_call(fd, SYNCMAP_BATCH, &arg));
	batch_expect(&arg, 3, 0);
	EXPECT_EQ(3, map_info(fd).revision);
	ops[1].more = 1;
	EXPECT_EQ(-E2BIG, map_call(fd, SYNCMAP_BATCH, &arg));
	batch_expect(&arg, 1, 0);
	EXPECT_EQ(4, map_info(fd).revision);
}

TEST(leases_in_a_batch)
{
	int fd = map_private(SYNCMAP_KEY_STRING);
	struct syncmap_op ops[] = {
		{ .op = SYNCMAP_OP_LOAD_OR_LEASE, KEY("key"),
		  .flags = SYNCMAP_FLAG_NOWAIT },
		{ .op = SYNCMAP_OP_LOAD, KEY("key") },
		{ .op = SYNCMAP_OP_LOAD_OR_LEASE, KEY("key"),
		  .flags = SYNCMAP_FLAG_NOWAIT },
	};
	struct syncmap_batch arg;

	EXPECT_EQ(0, batch(fd, &arg, ops, 3, 0));
	EXPECT_EQ(SYNCMAP_RESULT_LEASED, answers[0].result);
	EXPECT_EQ(-ENOENT, answers[1].error.status);
	EXPECT_EQ(-EAGAIN, answers[2].error.status);
	EXPECT_EQ(1, map_stat(fd, "leases"));
	EXPECT_EQ(0, DO(fd, STORE, KEY("key"), VALUE("v"),
			.token = answers[0].leased));
}

/* Elements may end behind what they have a use for */
TEST(short_elements)
{
	struct { char bytes[SYNCMAP_OP_SHORT]; } ops[20];
	int fd = map_private(SYNCMAP_KEY_U64);
	struct syncmap_batch arg = {
		.ops = PTR(ops), .op_size = sizeof(ops[0]), .count = 20,
	};

	map_fill(fd, 0, 20);
	for (__u32 code = SYNCMAP_OP_LOAD; code <= SYNCMAP_OP_DELETE;
	     code += SYNCMAP_OP_DELETE - SYNCMAP_OP_LOAD) {
		many_make(code, 20);
		batch_answers(many, 20);
		for (int i = 0; i < 20; i++)
			memcpy(&ops[i], &many[i], sizeof(ops[i]));
		EXPECT_EQ(0, map_call(fd, SYNCMAP_BATCH, &arg));
		batch_expect(&arg, 20, 0);
		EXPECT_EQ(code == SYNCMAP_OP_LOAD ? 20 : 0, map_count(fd));
	}
}

/* Failures are counted for those, too, who want to know no more of them */
TEST(without_answers)
{
	struct syncmap_op ops[] = {
		A_STORE("a", "v"), { .op = SYNCMAP_OP_LOAD, KEY("none") },
		A_STORE("b", "v"), { .op = SYNCMAP_OP_LOAD_AND_DELETE, KEY("c") },
		{ .op = SYNCMAP_OP_DELETE, KEY("a") },
	};
	int fd = map_private(SYNCMAP_KEY_STRING);
	struct syncmap_batch arg = {
		.ops = PTR(ops), .op_size = sizeof(ops[0]),
		.count = ARRAY_SIZE(ops),
	};

	EXPECT_EQ(0, map_call(fd, SYNCMAP_BATCH, &arg));
	batch_expect(&arg, 5, 2);
	EXPECT_EQ(1, map_count(fd));
}
