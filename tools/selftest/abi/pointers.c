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
	for (size_t i = 0; i < n_commands; i++) {
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
	for (size_t i = 0; i < n_commands; i++) {
		const struct command *command = &commands[i];

		command->fill(&arg);
		for (size_t n = 1; n < command->size; n++) {
			test_context("%s, %zu bytes", command->name, n);
			EXPECT_EQ(-EFAULT, command_call(&fixture, command,
				command->number,
				across(&edge, &arg, command->size, n)));
		}
		command_expect_unchanged(&fixture);
	}
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
	command->fill(&arg);
	p = across(edge, &arg, command->size, behind);
	ret = command_call(fixture, command, command->number, p);
	if (ret || command->replies) {
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
	for (size_t i = 0; i < n_commands; i++)
		try_read_only(&fixture, &commands[i], &edge, commands[i].size);
}

TEST(struct_partly_read_only)
{
	struct edge edge = make_edge(PROT_READ);
	struct fixture fixture;

	command_set_up(&fixture);
	for (size_t i = 0; i < n_commands; i++) {
		const struct command *command = &commands[i];

		if (!command->replies)
			continue;
		/* The first result is the last byte that can be written */
		for (size_t n = command->size - command->out;
		     n < command->size; n += 8)
			try_read_only(&fixture, command, &edge, n);
	}
}

/* The operands of SYNCMAP_OP, for each operation that has them */
struct operand {
	const char	*name;
	size_t		pointer;
	size_t		length;
	__u32		codes;
};

static const struct operand operands[] = {
	{ "key", offsetof(struct syncmap_op, key),
	  offsetof(struct syncmap_op, key_len), 0x1fe },
	{ "value", offsetof(struct syncmap_op, value),
	  offsetof(struct syncmap_op, value_len),
	  1 << SYNCMAP_OP_STORE | 1 << SYNCMAP_OP_LOAD_OR_STORE |
	  1 << SYNCMAP_OP_SWAP | 1 << SYNCMAP_OP_COMPARE_AND_SWAP },
	{ "old", offsetof(struct syncmap_op, old),
	  offsetof(struct syncmap_op, old_len),
	  1 << SYNCMAP_OP_COMPARE_AND_SWAP |
	  1 << SYNCMAP_OP_COMPARE_AND_DELETE },
};

static struct syncmap_op good_op(__u32 code)
{
	static char out[16];
	struct syncmap_op op = { .op = code, KEY("key") };

	if (operands[1].codes & 1 << code) {
		op.value = PTR("after");
		op.value_len = 5;
	}
	if (operands[2].codes & 1 << code) {
		op.old = PTR("before");
		op.old_len = 6;
	}
	if (code != SYNCMAP_OP_STORE && code != SYNCMAP_OP_DELETE) {
		op.out = PTR(out);
		op.out_size = sizeof(out);
	}
	return op;
}

static void set_operand(struct syncmap_op *op, const struct operand *operand,
			const void *p, __u32 len)
{
	__u64 pointer = PTR(p);

	memcpy((char *)op + operand->pointer, &pointer, sizeof(pointer));
	memcpy((char *)op + operand->length, &len, sizeof(len));
}

static void try_operand(const struct fixture *fixture, __u32 code,
			const struct operand *operand, const void *p, __u32 len)
{
	struct syncmap_op op = good_op(code);

	test_context("%s of operation %u, %u bytes at %p", operand->name, code,
		     len, p);
	set_operand(&op, operand, p, len);
	EXPECT_EQ(-EFAULT, map_op(fixture->map, op));
	command_expect_unchanged(fixture);
}

TEST(operands_nowhere)
{
	static const __u32 lengths[] = { 1, 64, 65, 300 };
	struct edge edge = make_edge(PROT_NONE);
	static char data[PAGE];
	struct fixture fixture;

	memset(data, 'x', sizeof(data));
	command_set_up(&fixture);
	for (__u32 i = 0; i < 3 * 8; i++) {
		const struct operand *operand = &operands[i / 8];
		__u32 code = i % 8 + 1;

		if (!(operand->codes & 1 << code))
			continue;
		for (size_t j = 0; j < ARRAY_SIZE(nowhere); j++)
			for (size_t k = 0; k < ARRAY_SIZE(lengths); k++)
				try_operand(&fixture, code, operand, nowhere[j],
					    lengths[k]);
		for (size_t k = 1; k < ARRAY_SIZE(lengths); k++)
			try_operand(&fixture, code, operand,
				    across(&edge, data, lengths[k], 1),
				    lengths[k]);
	}
}

static bool gives_value(__u32 code)
{
	return code == SYNCMAP_OP_LOAD || code == SYNCMAP_OP_LOAD_OR_STORE ||
	       code == SYNCMAP_OP_LOAD_AND_DELETE || code == SYNCMAP_OP_SWAP;
}

/* The value cannot be delivered, so it must not be lost */
TEST(result_buffer)
{
	struct edge none = make_edge(PROT_NONE), read = make_edge(PROT_READ);
	struct fixture fixture;
	char data[16] = "";

	command_set_up(&fixture);
	for (__u32 code = 1; code <= 8; code++) {
		struct syncmap_op op = good_op(code);
		const __u64 bad[] = {
			0, PTR(nowhere[4]), PTR(across(&none, data, 16, 16)),
			PTR(across(&none, data, 16, 13)),
			PTR(across(&read, data, 16, 16)),
			PTR(across(&read, data, 16, 13)),
		};

		if (!gives_value(code))
			continue;
		for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
			test_context("operation %u, buffer at %#llx", code,
				     bad[i]);
			op.out = bad[i];
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
	EXPECT_EQ(SYNCMAP_OP_LOADED, got.result);
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
	EXPECT_EQ(~0U, got.used);
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
	for (size_t i = 0; i < n_commands; i++) {
		const struct command *command = &commands[i];

		test_context("%s", command->name);
		command->fill(low);
		EXPECT_EQ(0, ioctl32(command->of_map ? fixture.map :
				     map_control(), command->number, low));
		command_undo(&fixture, command, low);
	}
	EXPECT_EQ(-ENOTTY, ioctl32(fixture.map, 0x1234, low));
}
#endif
