// SPDX-License-Identifier: GPL-2.0-only
/* Every pointer to where nothing is, and nothing may be written: EFAULT, and
 * nothing has changed
 */
#include <stddef.h>
#include <sys/mman.h>
#include <unistd.h>

#include "harness/command.h"

/* A page that is there, and one behind it that is not, or is read-only */
struct edge {
	char	*page;
	int	protection;
};

static struct edge make_edge(int protection)
{
	struct edge edge = { .protection = protection };

	edge.page = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT(edge.page != MAP_FAILED);
	memset(edge.page, 0, 2 * PAGE);
	return edge;
}

/* @data so that @behind of its bytes are on the second page */
static void *across(struct edge *edge, const void *data, size_t size,
		    size_t behind)
{
	char *p = edge->page + PAGE - size + behind;

	mprotect(edge->page + PAGE, PAGE, PROT_READ | PROT_WRITE);
	memcpy(p, data, size);
	mprotect(edge->page + PAGE, PAGE, edge->protection);
	return p;
}

static void *const nowhere[] = {
	NULL, (void *)8, (void *)(1UL << 46), (void *)0x0000800000000000,
	(void *)0xffff888000000000, (void *)0xffffffff81000000, (void *)-8L,
};

TEST(struct_nowhere)
{
	struct fixture fixture;

	command_set_up(&fixture);
	for (size_t i = 0; i < N_COMMANDS; i++) {
		for (size_t j = 0; j < ARRAY_SIZE(nowhere); j++) {
			test_context("%s at %p", commands[i].name, nowhere[j]);
			EXPECT_EQ(-EFAULT, command_call(&fixture, &commands[i],
				commands[i].number, nowhere[j]));
		}
		command_expect_unchanged(&fixture);
	}
}

TEST(struct_partly_unmapped)
{
	struct edge edge = make_edge(PROT_NONE);
	struct fixture fixture;
	union argument arg;

	command_set_up(&fixture);
	for (size_t i = 0; i < N_COMMANDS; i++) {
		const struct command *command = &commands[i];

		arg = *command->good;
		for (size_t n = 1; n < command->size; n++) {
			test_context("%s, %zu bytes", command->name, n);
			EXPECT_EQ(-EFAULT, command_call(&fixture, command,
				command->number,
				across(&edge, &arg, command->size, n)));
		}
		command_expect_unchanged(&fixture);
	}
}

static size_t end_of_results(const struct command *command)
{
	size_t end = 0;

	for_each_field(field, command->layout)
		if (field->kind & ANSWERED)
			end = field->offset + field->size;
	return end;
}

static size_t begin_of_results(const struct command *command)
{
	for_each_field(field, command->layout)
		if (field->kind & ANSWERED)
			return field->offset;
	return command->size;
}

/* Commands without results may or may not notice */
static void try_read_only(struct fixture *fixture,
			  const struct command *command, struct edge *edge,
			  size_t behind)
{
	union argument arg;
	void *p;
	int ret;

	test_context("%s, %zu bytes", command->name, behind);
	arg = *command->good;
	p = across(edge, &arg, command->size, behind);
	ret = command_call(fixture, command, command->number, p);
	if (ret || end_of_results(command)) {
		EXPECT_EQ(-EFAULT, ret);
		command_expect_unchanged(fixture);
	} else {
		command_undo(fixture, command, &arg);
	}
}

TEST(struct_read_only)
{
	struct edge edge = make_edge(PROT_READ);
	struct fixture fixture;

	command_set_up(&fixture);
	for (size_t i = 0; i < N_COMMANDS; i++)
		try_read_only(&fixture, &commands[i], &edge, commands[i].size);
}

TEST(struct_partly_read_only)
{
	struct edge edge = make_edge(PROT_READ);
	struct fixture fixture;

	command_set_up(&fixture);
	for (size_t i = 0; i < N_COMMANDS; i++) {
		const struct command *command = &commands[i];
		size_t end = end_of_results(command);

		/* At least the last byte of the results cannot be written */
		for (size_t n = command->size - end + 1;
		     end && n < command->size; n += 8)
			try_read_only(&fixture, command, &edge, n);
	}
}

/* What is asked may be constant, if the rest begins on another page */
TEST(only_answers_are_written)
{
	struct edge edge = make_edge(PROT_READ | PROT_WRITE);
	struct fixture fixture;

	command_set_up(&fixture);
	for (size_t i = 0; i < N_COMMANDS; i++) {
		const struct command *command = &commands[i];
		size_t begin = begin_of_results(command);
		void *p;

		test_context("%s", command->name);
		mprotect(edge.page, PAGE, PROT_READ | PROT_WRITE);
		p = across(&edge, command->good, command->size,
			   command->size - begin);
		mprotect(edge.page, PAGE, PROT_READ);
		EXPECT_EQ(0, command_call(&fixture, command, command->number,
					  p));
		command_undo(&fixture, command, p);
	}
}

static void try_answer(const struct fixture *fixture, struct syncmap_op *op,
		       const void *p)
{
	test_context("answer of operation %u at %p", op->op, p);
	op->answer = PTR(p);
	op->answer_size = sizeof(struct syncmap_answer);
	EXPECT_EQ(-EFAULT, map_call(fixture->map, SYNCMAP_OP, op));
	command_expect_unchanged(fixture);
}

/* An answer that cannot be told has not come to pass */
TEST(answers_nowhere)
{
	struct edge none = make_edge(PROT_NONE), read = make_edge(PROT_READ);
	const struct syncmap_answer empty = { };
	struct fixture fixture;

	command_set_up(&fixture);
	for_each_operation(operation) {
		struct syncmap_op op = command_good_op(operation);

		for (size_t i = 0; i < ARRAY_SIZE(nowhere); i++)
			try_answer(&fixture, &op, nowhere[i]);
		for (size_t n = 8; n <= sizeof(empty); n += 24) {
			try_answer(&fixture, &op,
				   across(&none, &empty, sizeof(empty), n));
			try_answer(&fixture, &op,
				   across(&read, &empty, sizeof(empty), n));
		}
	}
}

/* The operands of SYNCMAP_OP, and the operations that have them */
struct operand {
	const char	*name;
	size_t		pointer;
	size_t		length;
	__u32		of;	/* what the operation takes; 0: all have it */
};

static const struct operand operands[] = {
	{ "key", offsetof(struct syncmap_op, key),
	  offsetof(struct syncmap_op, key_len), 0 },
	{ "value", offsetof(struct syncmap_op, value),
	  offsetof(struct syncmap_op, value_len), TAKES_VALUE },
	{ "old", offsetof(struct syncmap_op, old),
	  offsetof(struct syncmap_op, old_len), TAKES_OLD },
};

static void set_operand(struct syncmap_op *op, const struct operand *operand,
			const void *p, __u32 len)
{
	__u64 pointer = PTR(p);

	memcpy((char *)op + operand->pointer, &pointer, sizeof(pointer));
	memcpy((char *)op + operand->length, &len, sizeof(len));
}

static void try_operand(const struct fixture *fixture,
			const struct operation *operation,
			const struct operand *operand, const void *p, __u32 len)
{
	struct syncmap_op op = command_good_op(operation);

	test_context("%s of %s, %u bytes at %p", operand->name,
		     operation->name, len, p);
	set_operand(&op, operand, p, len);
	EXPECT_EQ(-EFAULT, map_op(fixture->map, op));
	command_expect_unchanged(fixture);
}

static void try_addresses(const struct fixture *fixture,
			  const struct operation *operation,
			  const struct operand *operand, struct edge *edge)
{
	static const __u32 lengths[] = { 1, 64, 65, 300 };
	char data[300];

	memset(data, 'x', sizeof(data));
	for (size_t i = 0; i < ARRAY_SIZE(nowhere); i++)
		for (size_t j = 0; j < ARRAY_SIZE(lengths); j++)
			try_operand(fixture, operation, operand, nowhere[i],
				    lengths[j]);
	for (size_t j = 1; j < ARRAY_SIZE(lengths); j++)
		try_operand(fixture, operation, operand,
			    across(edge, data, lengths[j], 1), lengths[j]);
}

TEST(operands_nowhere)
{
	struct edge edge = make_edge(PROT_NONE);
	struct fixture fixture;

	command_set_up(&fixture);
	for_each_operation(operation)
		for (size_t i = 0; i < ARRAY_SIZE(operands); i++)
			if (!operands[i].of || operands[i].of & operation->takes)
				try_addresses(&fixture, operation, &operands[i],
					      &edge);
}

/* The value cannot be delivered, so it must not be lost */
TEST(result_buffer)
{
	struct edge none = make_edge(PROT_NONE), read = make_edge(PROT_READ);
	struct fixture fixture;
	char data[16] = "";

	command_set_up(&fixture);
	for_each_operation(operation) {
		struct syncmap_op op = command_good_op(operation);
		const __u64 bad[] = {
			0, PTR(nowhere[4]), PTR(across(&none, data, 16, 16)),
			PTR(across(&none, data, 16, 13)),
			PTR(across(&read, data, 16, 16)),
			PTR(across(&read, data, 16, 13)),
		};

		if ((operation->takes & (TAKES_OUT | TAKES_OLD)) != TAKES_OUT)
			continue;
		for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
			test_context("%s, buffer at %#llx", operation->name,
				     bad[i]);
			op.out = bad[i];
			op.out_size = 16;
			EXPECT_EQ(-EFAULT, map_op(fixture.map, op));
			command_expect_unchanged(&fixture);
		}
	}
}

TEST(result_buffer_of_mismatch)
{
	struct edge read = make_edge(PROT_READ);
	struct fixture fixture;
	char data[16] = "";

	command_set_up(&fixture);
	EXPECT_EQ(-EFAULT, DO(fixture.map, COMPARE_AND_DELETE, KEY("key"),
			      OLD("other"),
			      OUT_N(across(&read, data, 16, 16), 16)));
	EXPECT_EQ(-EFAULT, DO(fixture.map, COMPARE_AND_SWAP, KEY("key"),
			      OLD("other"), VALUE("after"),
			      OUT_N(across(&read, data, 16, 16), 16)));
	command_expect_unchanged(&fixture);
}

/* A buffer that is not needed is not touched, wherever it is */
TEST(empty_operands_anywhere)
{
	int fd = map_private(SYNCMAP_KEY_BYTES);

	EXPECT_EQ(0, DO(fd, STORE, .key = 8, .value = 8));
	EXPECT_EQ(0, DO(fd, LOAD, .key = 0));
	EXPECT_EQ(SYNCMAP_RESULT_LOADED, got.result);
	EXPECT_EQ(0, got.out_len);
	EXPECT_EQ(-EMSGSIZE, DO(fd, STORE, KEY("k"), VALUE("12345")) ?:
			     DO(fd, LOAD, KEY("k"), OUT_N(8, 4)));
	EXPECT_EQ(-ENOENT, DO(fd, LOAD, KEY("none"), OUT_N(8, 4)));
}

TEST(range_buffer)
{
	struct edge none = make_edge(PROT_NONE), read = make_edge(PROT_READ);
	struct fixture fixture;
	char data[64] = "";

	command_set_up(&fixture);
	for (size_t i = 0; i < 4; i++) {
		struct syncmap_range range = { .size = 64 };

		test_context("buffer %zu", i);
		range.buffer = PTR(across(i & 1 ? &none : &read, data, 64,
					  i & 2 ? 64 : 63));
		EXPECT_EQ(-EFAULT, map_call(fixture.map, SYNCMAP_RANGE, &range));
	}
	command_expect_unchanged(&fixture);
}

TEST(list_buffer)
{
	struct edge none = make_edge(PROT_NONE);
	char data[sizeof(struct syncmap_map_info)] = "";
	struct fixture fixture;

	command_set_up(&fixture);
	for (size_t i = 1; i <= sizeof(data); i++) {
		struct syncmap_list list = {
			.entry_size = sizeof(data), .capacity = 1,
		};

		test_context("%zu bytes", i);
		list.buffer = PTR(across(&none, data, sizeof(data), i));
		EXPECT_EQ(-EFAULT, map_call(map_control(), SYNCMAP_LIST, &list));
	}
	command_expect_unchanged(&fixture);
}

/* Lengths that wrap around, or that nobody can allocate */
TEST(huge_lengths)
{
	struct fixture fixture;

	command_set_up(&fixture);
	EXPECT_EQ(-EFBIG, DO(fixture.map, LOAD, KEY_N("key", ~0U)));
	EXPECT_EQ(~0U, got.error.used);
	EXPECT_EQ(-EFBIG, DO(fixture.map, STORE, KEY("key"), VALUE_N("x", ~0U)));
	EXPECT_EQ(-EFBIG, DO(fixture.map, COMPARE_AND_DELETE, KEY("key"),
			     OLD_N("x", ~0U)));
	command_expect_unchanged(&fixture);
}

/* A program of 32 bits: the same structs, through the other entry */
#ifdef __x86_64__
static long ioctl32(int fd, unsigned int number, void *arg)
{
	long ret;

	asm volatile("int $0x80" : "=a"(ret)
		     : "a"(54), "b"(fd), "c"(number), "d"(arg)
		     : "r8", "r9", "r10", "r11", "memory");
	return (int)ret;
}

TEST(compat)
{
	struct fixture fixture;
	union argument *low;

	low = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	ASSERT(low != MAP_FAILED);
	command_set_up(&fixture);
	for (size_t i = 0; i < N_COMMANDS; i++) {
		const struct command *command = &commands[i];

		test_context("%s", command->name);
		*low = *command->good;
		EXPECT_EQ(0, ioctl32(command->of_map ? fixture.map :
				     map_control(), command->number, low));
		command_undo(&fixture, command, low);
	}
	EXPECT_EQ(-ENOTTY, ioctl32(fixture.map, 0x1234, low));
}
#endif
