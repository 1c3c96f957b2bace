// SPDX-License-Identifier: GPL-2.0-only
#include <fcntl.h>
#include <unistd.h>

#include "fault.h"
#include "rage.h"
#include "stats.h"
#include "watcher.h"

#define NAME		TEST_NAME "storm"
#define BOTH		(SYNCMAP_ACCESS_READ | SYNCMAP_ACCESS_WRITE)
#define PROCESSES	6
#define ENTRIES		12

int rage_map(void)
{
	struct syncmap_create arg = {
		.name = NAME, .key_type = SYNCMAP_KEY_BYTES, .mode = 0600,
		.limits = { .entries = ENTRIES, .bytes = 6000 },
		.stale = 2 * MS,
	};

	ASSERT_EQ(0, map_call(map_control(), SYNCMAP_CREATE, &arg));
	return arg.fd;
}

static bool chance(unsigned int n)
{
	return test_random() % n == 0;
}

/* The last lease, which may be void by now, and what the last operation saw */
static __u64 token, revision;

static void add_value(struct syncmap_op *op)
{
	static const __u32 lengths[] = { 0, 4, 8, 8, 20, 64, 65, 300, 1000 };
	static char text[1000];

	op->value = PTR(text);
	op->value_len = lengths[test_random() % ARRAY_SIZE(lengths)];
	if (chance(3))
		op->flags |= SYNCMAP_FLAG_OWNED;
}

/* At most in so many nanoseconds */
static __u64 soon(const struct syncmap_op *op, __u64 max)
{
	__u64 now = op->flags & SYNCMAP_FLAG_FROM_NOW ? 1 : map_now();

	return now + test_random() % max;
}

static void add_deadline(struct syncmap_op *op)
{
	if (chance(2))
		op->deadline = soon(op, 3 * MS);
}

static void add_comparison(struct syncmap_op *op)
{
	static char zeroes[300];

	if (chance(2)) {
		op->old = PTR(zeroes);
		op->old_len = chance(2) ? 8 : sizeof(zeroes);
	} else {
		op->flags |= SYNCMAP_FLAG_BY_REVISION;
		op->expected = revision;
	}
}

static void add_number(struct syncmap_op *op)
{
	op->operand = test_random() % 5;
	if (chance(2))
		op->flags |= SYNCMAP_FLAG_U32;
	if (chance(2)) {
		op->flags |= SYNCMAP_FLAG_INITIAL;
		add_deadline(op);
	}
}

static void add_wait(struct syncmap_op *op)
{
	if (chance(2))
		op->flags |= SYNCMAP_FLAG_NOWAIT;
	else
		op->wait_until = soon(op, MS);
	if (chance(2))
		op->flags |= SYNCMAP_FLAG_STALE;
	if (chance(2))
		op->lease_for = 1 + test_random() % MS;
}

static void add_operands(struct syncmap_op *op)
{
	switch (op->op) {
	case SYNCMAP_OP_COMPARE_AND_SWAP:
	case SYNCMAP_OP_COMPARE_AND_DELETE:
		add_comparison(op);
		break;
	case SYNCMAP_OP_ADD ... SYNCMAP_OP_XOR:
		add_number(op);
		break;
	case SYNCMAP_OP_LOAD_OR_LEASE:
		add_wait(op);
		break;
	case SYNCMAP_OP_UNLEASE:
		op->token = token ?: 1;
		break;
	case SYNCMAP_OP_TOUCH:
		op->deadline = soon(op, 3 * MS);
		break;
	}
	switch (op->op) {
	case SYNCMAP_OP_STORE:
		op->token = chance(2) ? token : 0;
		/* fall through */
	case SYNCMAP_OP_LOAD_OR_STORE:
	case SYNCMAP_OP_SWAP:
	case SYNCMAP_OP_COMPARE_AND_SWAP:
	case SYNCMAP_OP_APPEND:
		add_value(op);
		add_deadline(op);
		break;
	}
}

static bool gives_value(__u32 code)
{
	return code != SYNCMAP_OP_STORE && code != SYNCMAP_OP_DELETE &&
	       code != SYNCMAP_OP_UNLEASE &&
	       (code < SYNCMAP_OP_ADD || code > SYNCMAP_OP_APPEND);
}

/* @answer: where it is told what came of it */
static struct syncmap_op random_op(struct syncmap_answer *answer)
{
	static const __u32 codes[] = {
		1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18,
		19, SYNCMAP_OP_LOAD_OR_LEASE, SYNCMAP_OP_STORE, SYNCMAP_OP_SWAP,
	};
	static char keys[4][200] = { "a", "b", "c", "d" }, out[1000];
	struct syncmap_op op = {
		.op = codes[test_random() % ARRAY_SIZE(codes)],
		.flags = chance(4) ? SYNCMAP_FLAG_FROM_NOW : 0,
		KEY_N(keys[test_random() % 4], chance(4) ? 200 : 1),
		.answer = PTR(answer), .answer_size = sizeof(*answer),
	};

	if (gives_value(op.op)) {
		op.out = PTR(out);
		op.out_size = chance(3) ? 10 : sizeof(out);
	}
	add_operands(&op);
	return op;
}

static bool faults;

static bool is_expected(int ret)
{
	switch (-ret) {
	case ENOMEM: case EFAULT:
		return faults;
	case 0: case ENOENT: case EBUSY: case EMSGSIZE: case ENOSPC:
	case ESTALE: case EAGAIN: case ETIMEDOUT: case ERANGE: case EILSEQ:
		return true;
	}
	return false;
}

static void note(const struct syncmap_op *op,
		 const struct syncmap_answer *answer)
{
	test_context("operation %u, flags %#x", op->op, op->flags);
	EXPECT(is_expected(answer->error.status));
	if (answer->leased)
		token = answer->leased;
}

/* A fault is for the module: one before the call might hit the clock, say */
static int call(int fd, unsigned long command, void *arg)
{
	int ret;

	if (faults)
		ASSERT(fault_arm(test_random() % 30));
	ret = map_call(fd, command, arg);
	if (faults)
		fault_disarm();
	return ret;
}

static void do_batch(int fd)
{
	struct syncmap_answer answers[20] = { };
	struct syncmap_op ops[20];
	struct syncmap_batch batch = {
		.ops = PTR(ops), .op_size = sizeof(ops[0]),
		.count = ARRAY_SIZE(ops),
	};
	int ret;

	for (size_t i = 0; i < ARRAY_SIZE(ops); i++) {
		ops[i] = random_op(&answers[i]);
		if (ops[i].wait_until) {
			ops[i].wait_until = 0;
			ops[i].flags |= SYNCMAP_FLAG_NOWAIT;
		}
	}
	ret = call(fd, SYNCMAP_BATCH, &batch);
	EXPECT(is_expected(ret));
	EXPECT(ret || batch.done == ARRAY_SIZE(ops));
	for (size_t i = 0; i < ARRAY_SIZE(ops); i++)
		note(&ops[i], &answers[i]);
}

static void follow(int fd, int *watcher)
{
	char buffer[4096];

	if (*watcher < 0) {
		*watcher = watch(fd, (struct syncmap_watch){
			.flags = SYNCMAP_WATCH_DUMP | SYNCMAP_WATCH_VALUES,
		});
		EXPECT(*watcher >= 0);
		EXPECT_EQ(0, fcntl(*watcher, F_SETFL, O_NONBLOCK));
	} else if (chance(8)) {
		EXPECT_EQ(0, close(*watcher));
		*watcher = -1;
	} else if (read(*watcher, buffer, sizeof(buffer)) < 0) {
		EXPECT_EQ(EAGAIN, errno);
	}
}

static void count(const struct syncmap_record *record, void *arg)
{
	(void)record;
	++*(unsigned int *)arg;
}

static void look_at_stats(int fd)
{
	static struct stats before;
	struct stats now = stats_get(fd);

	EXPECT(stats_of(&now, "bytes") <= 6000);
	if (before.count)
		stats_expect_grown(&before, &now);
	before = now;
}

/* What is not an operation on a key */
static void do_other(int *fd, int *watcher)
{
	struct syncmap_restrict less = { .access = BOTH };
	unsigned int n = 0;

	switch (test_random() % 8) {
	case 0:
		close(*fd);
		*fd = map_open(NAME, BOTH);
		token = 0;
		break;
	case 1:
		EXPECT_EQ(0, map_call(*fd, SYNCMAP_RESTRICT, &less));
		close(*fd);
		*fd = less.fd;
		break;
	case 2:
		map_walk(*fd, 0, 8192, count, &n);
		EXPECT(n <= ENTRIES);
		break;
	case 3:
		map_promote(*fd);
		break;
	case 4:
		if (chance(4))
			map_clear(*fd);
		break;
	case 5:
		look_at_stats(*fd);
		break;
	default:
		follow(*fd, watcher);
	}
}

static void do_operation(int fd)
{
	struct syncmap_answer answer = { };
	struct syncmap_op op = random_op(&answer);
	int ret = call(fd, SYNCMAP_OP, &op);

	note(&op, &answer);
	EXPECT(is_expected(ret));
	/* The answer may have met the fault */
	EXPECT(faults || ret == answer.error.status);
	revision = answer.revision;
}

static void rage(int n, void *arg)
{
	int fd = map_open(NAME, BOTH), watcher = -1;

	ASSERT(fd >= 0);
	if (faults)
		fault_need();
	for (;;) {
		if (chance(16)) {
			do_other(&fd, &watcher);
			continue;
		}
		if (chance(8))
			do_batch(fd);
		else
			do_operation(fd);
	}
	(void)n, (void)arg;
}

static void add_charge(const struct syncmap_record *record, void *arg)
{
	__u64 *sum = arg, entry = map_overhead() + record->key_len;

	*sum += entry + record->value_len;
	if (record->expires != SYNCMAP_NEVER)
		*sum += entry;
}

/* What there is of those that use a map, or wait in it */
static const char *const busy[] = {
	"leases", "owned", "watchers", "expiring", "lapsed",
};

static bool is_quiet(const struct stats *stats)
{
	for (size_t i = 0; i < ARRAY_SIZE(busy); i++)
		if (stats_of(stats, busy[i]))
			return false;
	return true;
}

/*
 * What is killed may close its files later, and what expires takes its time. The
 * numbers are not of one instant: for one look a value may be in between.
 */
static struct stats wait_quiet(int fd)
{
	struct stats stats;
	unsigned int quiet = 0;

	for (int i = 0; i < 60000 && quiet < 8; i++) {
		stats = stats_get(fd);
		quiet = is_quiet(&stats) ? quiet + 1 : 0;
		usleep(1000);
	}
	return stats;
}

static void expect_quiet(int fd)
{
	struct stats stats = wait_quiet(fd);
	unsigned int n = 0;
	__u64 sum = 0;

	for (size_t i = 0; i < ARRAY_SIZE(busy); i++) {
		test_context("%s", busy[i]);
		EXPECT_EQ(0, stats_of(&stats, busy[i]));
	}
	test_context("%s", "");
	map_walk(fd, 0, 8192, count, &n);
	EXPECT_EQ(n, map_count(fd));
	map_walk(fd, 0, 8192, add_charge, &sum);
	/* A Clear that was killed does not wait for the freeing */
	map_expect_bytes(fd, sum);
}

/* There is room for as many as there ever was */
static void expect_room(int fd)
{
	map_clear(fd);
	EXPECT_EQ(0, map_info(fd).bytes);
	for (__u64 key = 0; key < ENTRIES; key++)
		EXPECT_EQ(0, DO(fd, STORE, KEY_N(&key, 8)));
	EXPECT_EQ(-ENOSPC, DO(fd, STORE, KEY("one more")));
	map_clear(fd);
}

void rage_round(int fd, unsigned int round, bool with_faults)
{
	faults = with_faults;
	test_kill(PROCESSES, rage, NULL, 10000 + test_random() % 50000);
	test_context("round %u", round);
	expect_quiet(fd);
	expect_room(fd);
}
