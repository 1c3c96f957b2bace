// SPDX-License-Identifier: GPL-2.0-only
/* Many operations in one call */
#include <errno.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "map.h"

#define PAGE	4096

static int batch(int fd, struct syncmap_batch *arg, struct syncmap_op *ops,
		 unsigned int n, __u32 flags)
{
	*arg = (struct syncmap_batch){
		.ops = PTR(ops), .op_size = sizeof(*ops), .count = n,
		.flags = flags, .done = ~0U, .failed = ~0U,
	};
	return map_call(fd, SYNCMAP_BATCH, arg);
}

static void expect_done(const struct syncmap_batch *arg, unsigned int done,
			unsigned int failed)
{
	EXPECT_EQ(done, arg->done);
	EXPECT_EQ(failed, arg->failed);
}

static void expect_counted(int fd, __u64 batches, __u64 operations)
{
	struct syncmap_map_stats stats = map_stats(fd);

	EXPECT_EQ(batches, stats.batches);
	EXPECT_EQ(operations, stats.batched);
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
		  .flags = SYNCMAP_OP_INITIAL },
		{ .op = SYNCMAP_OP_COMPARE_AND_SWAP, KEY("a"), OLD("one"),
		  VALUE("x"), OUT(third) },
		{ .op = SYNCMAP_OP_DELETE, KEY("a") },
		{ .op = SYNCMAP_OP_LOAD_AND_DELETE, KEY("a") },
	};
	static const int status[] = { -ENOENT, 0, 0, 0, 0, -EBUSY, 0, -ENOENT };
	static const __u64 revision[] = { 0, 1, 1, 2, 3, 2, 4, 0 };
	struct syncmap_batch arg;

	EXPECT_EQ(0, batch(fd, &arg, ops, ARRAY_SIZE(ops), 0));
	expect_done(&arg, ARRAY_SIZE(ops), 3);
	for (size_t i = 0; i < ARRAY_SIZE(ops); i++) {
		test_context("operation %zu", i);
		EXPECT_EQ(status[i], ops[i].status);
		EXPECT_EQ(revision[i], ops[i].revision);
	}
	EXPECT_MEM("one", 3, first, ops[2].out_len);
	EXPECT_MEM("one", 3, second, ops[3].out_len);
	EXPECT_MEM("two", 3, third, ops[5].out_len);
	EXPECT_EQ(5, ops[4].after);
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
	ops[3].status = ops[4].status = 77;
	EXPECT_EQ(0, batch(fd, &arg, ops, 5, SYNCMAP_BATCH_STOP));
	expect_done(&arg, 3, 1);
	EXPECT_EQ(-ENOENT, ops[2].status);
	EXPECT_EQ(77, ops[3].status);
	EXPECT_EQ(77, ops[4].status);
	EXPECT_EQ('?', value[0]);
	EXPECT_EQ(1, map_count(fd));
	expect_counted(fd, 1, 3);
	EXPECT_EQ(0, batch(fd, &arg, ops, 5, 0));
	expect_done(&arg, 5, 1);
	EXPECT_EQ(2, map_count(fd));
}

#define MANY	SYNCMAP_BATCH_MAX

static struct syncmap_op many[MANY + 1];
static __u64 keys[MANY + 1];
static __u64 values[MANY + 1];

static void make_many(__u32 code, unsigned int n)
{
	memset(many, 0, sizeof(many));
	for (unsigned int i = 0; i < n; i++) {
		keys[i] = i;
		many[i] = (struct syncmap_op){
			.op = code, KEY_N(&keys[i], 8),
		};
		if (code == SYNCMAP_OP_LOAD) {
			many[i].out = PTR(&values[i]);
			many[i].out_size = 8;
		} else if (code == SYNCMAP_OP_STORE) {
			many[i].value = PTR(&keys[i]);
			many[i].value_len = 8;
		}
	}
}

static void expect_loads(unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		test_context("load %u of %u", i, n);
		EXPECT_EQ(i % 3 ? 0 : -ENOENT, many[i].status);
		EXPECT_EQ(i % 3 ? i : ~0ULL, values[i]);
		EXPECT_EQ(i % 3 ? i + 1 : 0, many[i].revision);
	}
}

/* Loads go together: all lengths of such a row, and what is in any table */
TEST(loads_of_many_keys)
{
	static const unsigned int counts[] = { 0, 1, 2, 15, 16, 17, 33, MANY };
	int fd = map_private(SYNCMAP_KEY_U64);
	struct syncmap_batch arg;

	make_many(SYNCMAP_OP_STORE, MANY);
	EXPECT_EQ(0, batch(fd, &arg, many, MANY, 0));
	expect_done(&arg, MANY, 0);
	EXPECT_EQ(MANY, map_count(fd));
	for (__u64 i = 0; i < MANY; i += 3)
		ASSERT_EQ(0, DO(fd, DELETE, KEY_N(&i, 8)));
	for (size_t i = 0; i < ARRAY_SIZE(counts); i++) {
		make_many(SYNCMAP_OP_LOAD, counts[i]);
		memset(values, 0xff, sizeof(values));
		EXPECT_EQ(0, batch(fd, &arg, many, counts[i], 0));
		expect_done(&arg, counts[i], (counts[i] + 2) / 3);
		expect_loads(counts[i]);
		if (i % 3 == 2)
			map_promote(fd);
	}
}

/* Each with exactly one thing wrong */
TEST(bad_batches)
{
	static const struct {
		const char		*what;
		int			ret;
		struct syncmap_batch	add;	/* to what is right; any @ops: none */
	} cases[] = {
		{ "unknown flag", -EOPNOTSUPP, { .flags = 2 } },
		{ "highest flag", -EOPNOTSUPP, { .flags = 1U << 31 } },
		{ "reserved", -EINVAL, { .reserved = 1 } },
		{ "short element", -EINVAL, { .op_size = -8U } },
		{ "no size", -EINVAL, { .op_size = -192U } },
		{ "huge element", -EINVAL,
		  { .op_size = 4104 - sizeof(struct syncmap_op) } },
		{ "too many", -EINVAL, { .count = MANY } },
		{ "far too many", -EINVAL, { .count = ~0U - 1 } },
		{ "no array", -EFAULT, { .ops = 1 } },
		{ "longer elements", -E2BIG, { .op_size = 8 } },
	};
	int fd = map_private(SYNCMAP_KEY_U64);

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct syncmap_batch arg = cases[i].add;

		test_context("%s", cases[i].what);
		make_many(SYNCMAP_OP_STORE, 2);
		arg.ops = arg.ops ? 0 : PTR(many);
		arg.op_size += sizeof(struct syncmap_op);
		arg.count += 1;
		EXPECT_EQ(cases[i].ret, map_call(fd, SYNCMAP_BATCH, &arg));
		expect_done(&arg, 0, 0);
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
		{ "no code", -EINVAL, { KEY("k") } },
		{ "unknown code", -EOPNOTSUPP, { .op = 99, KEY("k") } },
		BAD("unknown flag", -EOPNOTSUPP, LOAD, KEY("k"), .flags = 1 << 30),
		BAD("wrong flag", -EINVAL, LOAD, KEY("k"),
		    .flags = SYNCMAP_OP_U32),
		BAD("value of LOAD", -EINVAL, LOAD, KEY("k"), VALUE("v")),
		BAD("key of LOAD nowhere", -EFAULT, LOAD, .key = 8, .key_len = 1),
		BAD("key nowhere", -EFAULT, STORE, .key = 8, .key_len = 1),
		BAD("value nowhere", -EFAULT, STORE, KEY("k"), .value = 8,
		    .value_len = 1),
		BAD("result of LOAD nowhere", -EFAULT, LOAD, KEY("key"),
		    .out = 8, .out_size = 8),
		BAD("result nowhere", -EFAULT, SWAP, KEY("key"), .out = 8,
		    .out_size = 8),
		BAD("result too small", -EMSGSIZE, LOAD, KEY("key"),
		    .out = PTR(values), .out_size = 1),
		BAD("long key", -EFBIG, LOAD, .key = PTR(values),
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
			expect_done(&arg, stop ? 2 : 3, 1);
			EXPECT_EQ(0, ops[0].status);
			EXPECT_EQ(cases[i].ret, ops[1].status);
			EXPECT_EQ(stop ? 1 : 2, map_count(fd));
			EXPECT_EQ(0, map_stats(fd).leases);
		}
	}
}

/* A descriptor's rights are those of each operation */
TEST(rights)
{
	struct syncmap_op ops[] = {
		A_LOAD("key", values), A_STORE("new", "value"),
		{ .op = SYNCMAP_OP_SWAP, KEY("key"), VALUE("v") },
	};
	struct syncmap_batch arg;
	int fd, made;

	made = map_create(TEST_NAME "batch", SYNCMAP_KEY_STRING, NULL, 0600);
	ASSERT_EQ(0, DO(made, STORE, KEY("key"), VALUE("value")));
	fd = map_open(TEST_NAME "batch", SYNCMAP_ACCESS_READ);
	EXPECT_EQ(0, batch(fd, &arg, ops, 3, 0));
	expect_done(&arg, 3, 2);
	EXPECT_EQ(0, ops[0].status);
	EXPECT_EQ(-EBADF, ops[1].status);
	EXPECT_EQ(-EBADF, ops[2].status);
	fd = map_open(TEST_NAME "batch", SYNCMAP_ACCESS_WRITE);
	EXPECT_EQ(0, batch(fd, &arg, ops, 3, 0));
	EXPECT_EQ(-EBADF, ops[0].status);
	EXPECT_EQ(0, ops[1].status);
	EXPECT_EQ(-EBADF, ops[2].status);
	EXPECT_EQ(2, map_count(made));
}

/* The array ends in a page that is not there, or cannot be written */
static void array_at_an_edge(int protection, __u32 code)
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
		make_many(code, 21);
		memcpy(ops, many, 21 * sizeof(*ops) < PAGE ?
		       21 * sizeof(*ops) : PAGE);
		ASSERT_EQ(0, mprotect(pages + PAGE, PAGE, protection));
		map_clear(fd);
		EXPECT_EQ(-EFAULT, batch(fd, &arg, ops, 21, 0));
		expect_done(&arg, there, code == SYNCMAP_OP_LOAD ? there : 0);
		EXPECT_EQ(code == SYNCMAP_OP_LOAD ? 0 : there, map_count(fd));
	}
	munmap(pages, 2 * PAGE);
}

TEST(array_is_partly_there)
{
	array_at_an_edge(PROT_NONE, SYNCMAP_OP_STORE);
	array_at_an_edge(PROT_NONE, SYNCMAP_OP_LOAD);
	array_at_an_edge(PROT_READ, SYNCMAP_OP_STORE);
	array_at_an_edge(PROT_READ, SYNCMAP_OP_LOAD);
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
	expect_done(&arg, 3, 0);
	EXPECT_EQ(3, ops[2].op.revision);
	ops[1].more = 1;
	EXPECT_EQ(-E2BIG, map_call(fd, SYNCMAP_BATCH, &arg));
	expect_done(&arg, 1, 0);
	EXPECT_EQ(4, map_info(fd).revision);
}

TEST(leases_in_a_batch)
{
	int fd = map_private(SYNCMAP_KEY_STRING);
	struct syncmap_op ops[] = {
		{ .op = SYNCMAP_OP_LOAD_OR_LEASE, KEY("key"),
		  .flags = SYNCMAP_OP_NOWAIT },
		{ .op = SYNCMAP_OP_LOAD, KEY("key") },
		{ .op = SYNCMAP_OP_LOAD_OR_LEASE, KEY("key"),
		  .flags = SYNCMAP_OP_NOWAIT },
	};
	struct syncmap_batch arg;

	EXPECT_EQ(0, batch(fd, &arg, ops, 3, 0));
	EXPECT_EQ(SYNCMAP_OP_LEASED, ops[0].result);
	EXPECT_EQ(-ENOENT, ops[1].status);
	EXPECT_EQ(-EAGAIN, ops[2].status);
	EXPECT_EQ(1, map_stats(fd).leases);
	EXPECT_EQ(0, DO(fd, STORE, KEY("key"), VALUE("v"),
			.token = ops[0].leased));
}

/* A value that nobody may see half of, loaded while it is replaced */
struct shared {
	int		fd;
	unsigned int	n;
	unsigned int	done;
};

#define KEYS	40

static void load_whole_values(struct shared *shared)
{
	static char out[KEYS][300];
	struct syncmap_batch arg;

	while (!__atomic_load_n(&shared->done, __ATOMIC_ACQUIRE)) {
		make_many(SYNCMAP_OP_LOAD, KEYS);
		for (int i = 0; i < KEYS; i++) {
			many[i].out = PTR(out[i]);
			many[i].out_size = sizeof(out[i]);
		}
		ASSERT_EQ(0, batch(shared->fd, &arg, many, KEYS, 0));
		expect_done(&arg, KEYS, 0);
		for (int i = 0; i < KEYS; i++) {
			unsigned int len = many[i].out_len;

			EXPECT(len == 8 || len == 300);
			EXPECT_EQ(0, memcmp(out[i], out[i] + 1, len - 1));
		}
	}
}

static void store_whole_values(struct shared *shared)
{
	char value[300];
	struct syncmap_batch arg;

	for (unsigned int n = 0; n < shared->n; n++) {
		memset(value, n, sizeof(value));
		make_many(SYNCMAP_OP_STORE, KEYS);
		for (int i = 0; i < KEYS; i++) {
			many[i].value = PTR(value);
			many[i].value_len = (n + i) % 2 ? 8 : 300;
		}
		ASSERT_EQ(0, batch(shared->fd, &arg, many, KEYS, 0));
		expect_done(&arg, KEYS, 0);
		__atomic_store_n(&shared->done, n == shared->n - 1,
				 __ATOMIC_RELEASE);
	}
}

static void load_or_store_values(int n, void *arg)
{
	if (n)
		load_whole_values(arg);
	else
		store_whole_values(arg);
}

TEST_LIMIT(loads_while_others_store, 60)
{
	struct shared *shared = test_shared(sizeof(*shared));
	struct syncmap_batch arg;

	shared->fd = map_private(SYNCMAP_KEY_U64);
	shared->n = test_times(500) + 1;
	make_many(SYNCMAP_OP_STORE, KEYS);
	for (int i = 0; i < KEYS; i++)
		many[i].value = PTR("\0\0\0\0\0\0\0");
	ASSERT_EQ(0, batch(shared->fd, &arg, many, KEYS, 0));
	test_parallel(3, load_or_store_values, shared);
}

static void store_for_ever(int n, void *arg)
{
	struct shared *shared = arg;
	struct syncmap_batch b;

	(void)n;
	make_many(SYNCMAP_OP_ADD, MANY);
	for (unsigned int i = 0; i < MANY; i++) {
		many[i].flags = SYNCMAP_OP_INITIAL;
		many[i].operand = 1;
	}
	for (;;) {
		batch(shared->fd, &b, many, MANY, 0);
		__sync_fetch_and_add(&shared->done, 1);
	}
}

/* What was done before it died is the beginning of the batch, and whole */
TEST_LIMIT(killed_in_the_middle, 60)
{
	struct shared *shared = test_shared(sizeof(*shared));
	unsigned int in_the_middle = 0;

	shared->fd = map_private(SYNCMAP_KEY_U64);
	for (unsigned int i = 0; i < test_times(100) + 5; i++) {
		struct syncmap_batch arg;
		unsigned int at = 1;
		pid_t pid;

		map_clear(shared->fd);
		shared->done = 0;
		pid = test_fork(store_for_ever, 0, shared);
		while (!*(volatile unsigned int *)&shared->done)
			usleep(100);
		usleep(test_random() % 3000);
		kill(pid, SIGKILL);
		ASSERT_EQ(pid, waitpid(pid, NULL, 0));
		make_many(SYNCMAP_OP_LOAD, MANY);
		ASSERT_EQ(0, batch(shared->fd, &arg, many, MANY, 0));
		expect_done(&arg, MANY, 0);
		while (at < MANY && values[at] == values[0])
			at++;
		in_the_middle += at < MANY;
		for (; at < MANY; at++)
			EXPECT_EQ(values[0] - 1, values[at]);
		EXPECT(values[0] - shared->done <= 1);
	}
	test_note("%u died in the middle", in_the_middle);
}
