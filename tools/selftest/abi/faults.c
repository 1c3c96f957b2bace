// SPDX-License-Identifier: GPL-2.0-only
/*
 * Every allocation, and every access to user memory, of every command fails in
 * turn, through /proc/self/fail-nth. ENOMEM has changed nothing; EFAULT has
 * done nothing or all of it; nothing leaks.
 */
#include <stddef.h>
#include <unistd.h>

#include "harness/command.h"
#include "harness/fault.h"
#include "harness/leases.h"
#include "harness/stats.h"

static void try_command(const struct command *command)
{
	struct outcome outcome = { .failed = true };
	struct fixture fixture;
	union argument arg;

	command_set_up(&fixture);
	for (unsigned int nth = 1; outcome.failed && nth < FAULTS_MAX; nth++) {
		test_context("%s, fault %u", command->name, nth);
		arg = *command->good;
		with_fault(nth, &outcome, command_call(&fixture, command,
						       command->number, &arg));
		if (!outcome.ret) {
			command_undo(&fixture, command, &arg);
		} else if (outcome.ret == -ENOMEM) {
			command_expect_unchanged(&fixture);
		} else {
			EXPECT_EQ(-EFAULT, outcome.ret);
			command_set_up(&fixture);
		}
	}
	EXPECT(!outcome.failed);
	test_note("%s: ENOMEM at %u places", command->name,
		  outcome.out_of_memory);
}

TEST_LIMIT(commands, 120)
{
	fault_need();
	for (size_t i = 0; i < N_COMMANDS; i++)
		try_command(&commands[i]);
}

TEST(named_map)
{
	struct outcome outcome = { .failed = true };
	__u32 maps = map_system().maps;

	fault_need();
	for (unsigned int nth = 1; outcome.failed && nth < FAULTS_MAX; nth++) {
		test_context("fault %u", nth);
		with_fault(nth, &outcome, map_create(TEST_NAME "faults",
						     SYNCMAP_KEY_BYTES, NULL,
						     0600));
		if (outcome.ret >= 0) {
			EXPECT_EQ(0, close(outcome.ret));
			EXPECT_EQ(0, map_remove(TEST_NAME "faults"));
			continue;
		}
		EXPECT(outcome.ret == -ENOMEM || outcome.ret == -EFAULT);
		EXPECT_EQ(-ENOENT, map_remove(TEST_NAME "faults"));
		EXPECT_EQ(maps, map_system().maps);
	}
	EXPECT(!outcome.failed);
	EXPECT(outcome.out_of_memory >= 2);
	test_note("ENOMEM at %u places", outcome.out_of_memory);
}

/* The operations, where what they need has to be allocated */

#define LONG	1000

static char text[LONG], other[LONG], out[LONG], key[200];

struct state {
	__u64	count;
	__u64	bytes;
	bool	there;
	__u32	len;
	__u64	expires;
	char	value[LONG];
};

static struct state look(int fd, __u32 key_len)
{
	struct syncmap_map_info info = map_info(fd);
	struct state state = { .count = info.count, .bytes = info.bytes };

	state.there = !DO(fd, LOAD, KEY_N(key, key_len), OUT(state.value));
	state.len = got.out_len;
	state.expires = got.expires;
	return state;
}

/* With a deadline an entry counts its key and the overhead twice */
static __u64 charge(const struct state *state, __u32 key_len)
{
	__u64 entry = map_overhead() + key_len;

	if (!state->there)
		return 0;
	return (state->expires == SYNCMAP_NEVER ? entry : 2 * entry) +
	       state->len;
}

/* What is there, in the dirty or in the read table, and what is to come */
enum {
	OLD_LONG	= 1,
	NEW_LONG	= 2,
	THERE		= 4,
	PROMOTED	= 8,
	OLD_EXPIRES	= 16,
	NEW_EXPIRES	= 32,
	CASES		= 64,
};

static void prepare(int fd, __u32 key_len, __u32 old_len, unsigned int how)
{
	bool there = how & THERE, promoted = how & PROMOTED;

	map_clear(fd);
	if (there || promoted)
		ASSERT_EQ(0, DO(fd, STORE, KEY_N(key, key_len),
				VALUE_N(other, old_len),
				.deadline = how & OLD_EXPIRES ?
					    SYNCMAP_NEVER - 1 : 0));
	if (promoted)
		map_promote(fd);
	if (!there)
		ASSERT_EQ(0, DO(fd, DELETE, KEY_N(key, key_len)));
}

static struct syncmap_op make_op(__u32 code, __u32 key_len, __u32 old_len,
				 __u32 len)
{
	struct syncmap_op op = { .op = code, KEY_N(key, key_len) };

	if (code == SYNCMAP_OP_STORE || code == SYNCMAP_OP_LOAD_OR_STORE ||
	    code == SYNCMAP_OP_SWAP || code == SYNCMAP_OP_COMPARE_AND_SWAP) {
		op.value = PTR(text);
		op.value_len = len;
	}
	if (code == SYNCMAP_OP_COMPARE_AND_SWAP ||
	    code == SYNCMAP_OP_COMPARE_AND_DELETE) {
		op.old = PTR(other);
		op.old_len = old_len;
	}
	if (code != SYNCMAP_OP_STORE && code != SYNCMAP_OP_DELETE) {
		op.out = PTR(out);
		op.out_size = sizeof(out);
	}
	return op;
}

static unsigned int sweep_op(int fd, struct syncmap_op op, __u32 old_len,
			     unsigned int how)
{
	struct syncmap_answer answer;
	__u32 key_len = op.key_len;
	struct outcome outcome = { .failed = true };
	struct state before = { }, after = { .count = 1 };

	op.answer = PTR(&answer);
	op.answer_size = sizeof(answer);
	for (unsigned int nth = 1; outcome.failed && nth < FAULTS_MAX; nth++) {
		if (memcmp(&before, &after, sizeof(before)))
			prepare(fd, key_len, old_len, how);
		before = look(fd, key_len);
		test_context("operation %u, key of %u, case %u, fault %u",
			     op.op, key_len, how, nth);
		answer.error.status = 1;
		with_fault(nth, &outcome, map_call(fd, SYNCMAP_OP, &op));
		if (outcome.ret != -EFAULT)
			EXPECT_EQ(outcome.ret, answer.error.status);
		after = look(fd, key_len);
		if (outcome.ret == -ENOMEM || outcome.ret == -ENOENT)
			EXPECT_MEM(&before, sizeof(before), &after,
				   sizeof(after));
		else
			EXPECT(!outcome.ret || outcome.ret == -EFAULT);
		EXPECT_EQ(after.there, after.count);
		EXPECT_EQ(charge(&after, key_len), after.bytes);
	}
	EXPECT(!outcome.failed);
	return outcome.out_of_memory;
}

static unsigned int sweep(int fd, __u32 code, __u32 key_len, unsigned int how)
{
	__u32 old_len = how & OLD_LONG ? LONG : 10;
	__u32 len = how & NEW_LONG ? LONG : 20;
	struct syncmap_op op = make_op(code, key_len, old_len, len);

	if (code == SYNCMAP_OP_TOUCH || (op.value && how & NEW_EXPIRES))
		op.deadline = SYNCMAP_NEVER - 2;
	if (op.value && how & NEW_EXPIRES)
		op.flags = SYNCMAP_FLAG_OWNED;
	return sweep_op(fd, op, old_len, how);
}

TEST_LIMIT(operations, 300)
{
	static const __u32 keys[] = { 5, 200 };
	int fd = map_private(SYNCMAP_KEY_STRING);

	memset(text, 't', sizeof(text));
	memset(other, 'o', sizeof(other));
	memset(key, 'k', sizeof(key));
	fault_need();
	for (__u32 code = SYNCMAP_OP_LOAD;
	     code <= SYNCMAP_OP_TOUCH; code++) {
		unsigned int sum = 0;

		for (unsigned int how = 0; how < CASES; how++)
			for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
				sum += sweep(fd, code, keys[i], how);
		test_note("operation %u: ENOMEM at %u places", code, sum);
	}
}

/* What cannot be appended whole is not appended at all */
TEST_LIMIT(appends, 120)
{
	static const __u32 olds[] = { 10, 500 }, lens[] = { 3, 400 };
	int fd = map_private(SYNCMAP_KEY_STRING);
	unsigned int sum = 0;

	memset(text, 't', sizeof(text));
	memset(other, 'o', sizeof(other));
	memset(key, 'k', sizeof(key));
	fault_need();
	for (unsigned int how = 0; how < CASES; how++) {
		const struct syncmap_op op = {
			.op = SYNCMAP_OP_APPEND, KEY_N(key, 200),
			VALUE_N(text, lens[!!(how & NEW_LONG)]),
			.deadline = how & NEW_EXPIRES ? SYNCMAP_NEVER - 2 : 0,
		};

		sum += sweep_op(fd, op, olds[!!(how & OLD_LONG)], how);
	}
	test_note("ENOMEM at %u places", sum);
	EXPECT(sum >= CASES);
}

/*
 * A number that is there changes without any memory. For one that is not, memory
 * is waited for if some is about to be freed.
 */
TEST(numbers)
{
	int fd = map_private(SYNCMAP_KEY_STRING);
	unsigned int sum = 0;

	memset(other, 0, sizeof(other));
	memset(key, 'k', sizeof(key));
	fault_need();
	for (unsigned int how = 0; how <= (THERE | PROMOTED); how += THERE) {
		const struct syncmap_op op = {
			.op = SYNCMAP_OP_ADD, KEY_N(key, 5), .operand = 1,
			.flags = SYNCMAP_FLAG_INITIAL,
		};
		unsigned int n = sweep_op(fd, op, 8, how);

		if (how & THERE)
			EXPECT_EQ(0, n);
		sum += n;
	}
	EXPECT(sum);
}

static void make_batch(struct syncmap_op *ops, struct syncmap_answer *answers,
		       __u64 *keys, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		keys[i] = i / 2;
		answers[i].error.status = 1;
		ops[i] = (struct syncmap_op){
			.op = SYNCMAP_OP_LOAD, KEY_N(&keys[i], 8),
			.answer = PTR(&answers[i]),
			.answer_size = sizeof(answers[i]),
		};
		if (i % 2 == 0) {
			ops[i].op = SYNCMAP_OP_STORE;
			ops[i].value = PTR(text);
			ops[i].value_len = LONG;
		}
	}
}

/* What was done without a word */
static unsigned int count_untold(int fd, const struct syncmap_op *ops,
				 const struct syncmap_answer *answers,
				 unsigned int n)
{
	unsigned int untold = 0;

	for (unsigned int i = 0; i < n; i += 2) {
		struct syncmap_op load = {
			.op = SYNCMAP_OP_LOAD, .key = ops[i].key, .key_len = 8,
		};
		int there = map_op(fd, load), told = answers[i].error.status;

		if (told == 1)
			untold += !there;
		else
			EXPECT_EQ(told ? -ENOENT : 0, there);
	}
	return untold;
}

/* However it ends: what a batch says of each operation is what was done */
TEST(batches)
{
	struct outcome outcome = { .failed = true };
	int fd = map_private(SYNCMAP_KEY_U64);
	struct syncmap_answer answers[6];
	struct syncmap_op ops[6];
	struct syncmap_batch arg;
	__u64 keys[6];

	memset(text, 't', sizeof(text));
	fault_need();
	for (unsigned int nth = 1; outcome.failed && nth < FAULTS_MAX; nth++) {
		test_context("fault %u", nth);
		map_clear(fd);
		make_batch(ops, answers, keys, 6);
		arg = (struct syncmap_batch){
			.ops = PTR(ops), .op_size = sizeof(ops[0]), .count = 6,
		};
		with_fault(nth, &outcome, map_call(fd, SYNCMAP_BATCH, &arg));
		EXPECT(!outcome.ret || outcome.ret == -ENOMEM ||
		       outcome.ret == -EFAULT);
		EXPECT(outcome.ret || arg.done == 6);
		EXPECT(count_untold(fd, ops, answers, 6) <= (outcome.ret == -EFAULT));
	}
	EXPECT(!outcome.failed);
}

/*
 * A lease that could not be had, or of which the caller could not be told, is
 * nobody's; a value that could not be stored leaves the lease where it is.
 */
static unsigned int sweep_leases(int fd, __u32 key_len)
{
	struct outcome outcome = { .failed = true };

	for (unsigned int nth = 1; outcome.failed && nth < FAULTS_MAX; nth++) {
		test_context("lease, key of %u, fault %u", key_len, nth);
		map_clear(fd);
		with_fault(nth, &outcome, DO(fd, LOAD_OR_LEASE,
					     KEY_N(key, key_len)));
		EXPECT(!outcome.ret || outcome.ret == -ENOMEM ||
		       outcome.ret == -EFAULT);
		EXPECT_EQ(!outcome.ret, map_stat(fd, "leases"));
		EXPECT_EQ(0, map_count(fd));
		if (outcome.ret)
			EXPECT_EQ(0, map_info(fd).bytes);
	}
	EXPECT(!outcome.failed);
	return outcome.out_of_memory;
}

static unsigned int sweep_leased_stores(int fd, __u32 key_len)
{
	struct outcome outcome = { .failed = true };
	__u64 token = 0;

	for (unsigned int nth = 1; outcome.failed && nth < FAULTS_MAX; nth++) {
		test_context("store, key of %u, fault %u", key_len, nth);
		if (!token || !map_stat(fd, "leases")) {
			map_clear(fd);
			ASSERT_EQ(0, DO(fd, LOAD_OR_LEASE,
					KEY_N(key, key_len)));
			token = got.leased;
		}
		with_fault(nth, &outcome, DO(fd, STORE, KEY_N(key, key_len),
					     VALUE_N(text, LONG),
					     .token = token));
		EXPECT(!outcome.ret || outcome.ret == -ENOMEM ||
		       outcome.ret == -EFAULT);
		EXPECT_EQ(1, map_count(fd) + map_stat(fd, "leases"));
		if (outcome.ret == -ENOMEM)
			EXPECT_EQ(1, map_stat(fd, "leases"));
	}
	EXPECT(!outcome.failed);
	return outcome.out_of_memory;
}

TEST_LIMIT(leases, 60)
{
	int fd = map_private(SYNCMAP_KEY_STRING);
	unsigned int leases, stores;

	memset(text, 't', sizeof(text));
	memset(key, 'k', sizeof(key));
	fault_need();
	leases = sweep_leases(fd, 5) + sweep_leases(fd, 200);
	stores = sweep_leased_stores(fd, 5) + sweep_leased_stores(fd, 200);
	test_note("ENOMEM at %u and %u places", leases, stores);
	/* The object of each; what the core lacks is got, and the insert tried again */
	EXPECT(leases >= 2);
	/* One that finds something freed meanwhile tries again */
	EXPECT(stores);
}

static int promote(int file)
{
	return write(file, "promote", 7) < 0 ? -errno : 0;
}

/* The worker allocates what a promotion needs, not who asks for it in a line */
TEST(promotion)
{
	struct outcome outcome = { .failed = true };
	int fd = map_private(SYNCMAP_KEY_U64), file = map_by_hand(fd);
	__u64 from = 0, value;

	fault_need();
	for (unsigned int nth = 1; outcome.failed && nth < FAULTS_MAX; nth++) {
		map_fill(fd, from, from + 200);
		from += 200;
		test_context("fault %u", nth);
		with_fault(nth, &outcome, promote(file));
		EXPECT(!outcome.ret || outcome.ret == -EFAULT ||
		       outcome.ret == -ENOMEM);
		EXPECT_EQ(from, map_count(fd));
		for (__u64 n = 0; n < from; n += 7) {
			EXPECT_EQ(0, DO(fd, LOAD, KEY_N(&n, 8),
					OUT_N(&value, 8)));
			EXPECT_EQ(n, value);
		}
	}
	EXPECT(!outcome.failed);
	EXPECT_EQ(1, outcome.out_of_memory);
}

/* A lease that could not be told is still the place's */
static int read_place(int place, struct syncmap_answer *answer)
{
	return read(place, answer, sizeof(*answer)) < 0 ? -errno : 0;
}

TEST(places)
{
	struct outcome outcome = { .failed = true };
	int fd = leases_map(), client = leases_client();
	struct syncmap_answer answer;

	fault_need();
	for (unsigned int nth = 1; outcome.failed && nth < FAULTS_MAX; nth++) {
		__u64 token = leases_take(fd);
		int place = leases_await_fd(client, 0);

		test_context("fault %u", nth);
		ASSERT(place >= 0);
		EXPECT_EQ(0, DO(fd, UNLEASE, KEY("k"), .token = token));
		with_fault(nth, &outcome, read_place(place, &answer));
		if (outcome.ret) {
			EXPECT_EQ(-EFAULT, outcome.ret);
			EXPECT_EQ(0, read_place(place, &answer));
		}
		EXPECT_EQ(SYNCMAP_RESULT_LEASED, answer.result);
		EXPECT_EQ(0, DO(client, UNLEASE, KEY("k"),
				.token = answer.leased));
		EXPECT_EQ(0, close(place));
		leases_expect_clean(fd);
	}
	EXPECT(!outcome.failed);
}
