// SPDX-License-Identifier: GPL-2.0-only
/* Every command, and every rejection with exactly one thing wrong */
#include <fcntl.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "harness/command.h"

#define SIZE_MAX_IOC	((1U << _IOC_SIZEBITS) - 1)

static unsigned long sized(unsigned long number, size_t size)
{
	return _IOC(_IOC_DIR(number), _IOC_TYPE(number), _IOC_NR(number), size);
}

TEST(every_command_succeeds)
{
	const struct command *command;
	struct fixture fixture;
	union argument arg;

	for_each_command(command, arg, fixture) {
		EXPECT_EQ(0, command_call(&fixture, command, command->number,
					  &arg));
		command_undo(&fixture, command, &arg);
	}
}

static void expect_zero(const char *p, size_t n)
{
	while (n--)
		EXPECT_EQ(0, *p++);
}

/* And what is reserved in the answer is zero */
TEST(results_are_ignored_on_input)
{
	const struct command *command;
	struct fixture fixture;
	union argument arg;

	for_each_command(command, arg, fixture) {
		for_each_field(field, command->layout)
			if (field->kind & ANSWERED && !(field->kind & ASKED))
				memset(arg.bytes + field->offset, 0xff,
				       field->size);
		EXPECT_EQ(0, command_call(&fixture, command, command->number,
					  &arg));
		for_each_field(field, command->layout)
			if (field->kind == (ANSWERED | RESERVED))
				expect_zero(arg.bytes + field->offset,
					    field->size);
		command_undo(&fixture, command, &arg);
	}
}

TEST(what_was_asked_stays)
{
	const struct command *command;
	struct fixture fixture;
	union argument arg;

	for_each_command(command, arg, fixture) {
		EXPECT_EQ(0, command_call(&fixture, command, command->number,
					  &arg));
		for_each_field(field, command->layout) {
			if (field->kind & ANSWERED)
				continue;
			test_context("%s.%s", command->name, field->name);
			EXPECT_MEM(command->good->bytes + field->offset,
				   field->size, arg.bytes + field->offset,
				   field->size);
		}
		command_undo(&fixture, command, &arg);
	}
}

/* Of all structs but this one there have to be all fields */
static size_t least(const struct command *command)
{
	return command->number == SYNCMAP_OP ? SYNCMAP_OP_SHORT : command->size;
}

TEST(too_short)
{
	const struct command *command;
	struct fixture fixture;
	union argument arg;

	for_each_command(command, arg, fixture) {
		for (size_t size = 0; size < least(command); size++) {
			test_context("%s, %zu bytes", command->name, size);
			EXPECT_EQ(-EINVAL, command_call(&fixture, command,
				sized(command->number, size), &arg));
		}
		command_expect_unchanged(&fixture);
	}
}

TEST(longer_with_zeroes)
{
	static const size_t more[] = { 1, 8, 9, 64, 4096 };
	static char big[SIZE_MAX_IOC];
	const struct command *command;
	struct fixture fixture;
	union argument arg;

	for_each_command(command, arg, fixture) {
		for (size_t i = 0; i <= ARRAY_SIZE(more); i++) {
			size_t size = i < ARRAY_SIZE(more) ?
				      command->size + more[i] : SIZE_MAX_IOC;

			test_context("%s, %zu bytes", command->name, size);
			memset(big, 0, sizeof(big));
			memcpy(big, &arg, command->size);
			EXPECT_EQ(0, command_call(&fixture, command,
				sized(command->number, size), big));
			command_undo(&fixture, command, big);
		}
	}
}

TEST(longer_with_garbage)
{
	static char big[SIZE_MAX_IOC];
	const struct command *command;
	struct fixture fixture;
	union argument arg;

	for_each_command(command, arg, fixture) {
		static const size_t at[] = { 0, 1, 7, 8, 100, 4096 };

		for (size_t i = 0; i <= ARRAY_SIZE(at); i++) {
			size_t offset = i < ARRAY_SIZE(at) ?
					command->size + at[i] : SIZE_MAX_IOC - 1;

			test_context("%s, byte %zu", command->name, offset);
			memset(big, 0, sizeof(big));
			memcpy(big, &arg, command->size);
			big[offset] = 1;
			EXPECT_EQ(-E2BIG, command_call(&fixture, command,
				sized(command->number, offset + 1), big));
			EXPECT_EQ(-E2BIG, command_call(&fixture, command,
				sized(command->number, SIZE_MAX_IOC), big));
		}
		command_expect_unchanged(&fixture);
	}
}

static bool is_known(int of_map, unsigned int nr)
{
	for (size_t i = 0; i < N_COMMANDS; i++)
		if (commands[i].of_map == of_map &&
		    _IOC_NR(commands[i].number) == nr)
			return true;
	return false;
}

TEST(unknown_number)
{
	struct fixture fixture;
	char arg[512] = "";

	command_set_up(&fixture);
	for (unsigned int nr = 0; nr < 256; nr++) {
		unsigned long number = _IOC(_IOC_READ | _IOC_WRITE,
					    SYNCMAP_IOC_TYPE, nr, 64);

		test_context("number %#x", nr);
		if (!is_known(false, nr))
			EXPECT_EQ(-ENOTTY, map_call(map_control(), number, arg));
		if (!is_known(true, nr))
			EXPECT_EQ(-ENOTTY, map_call(fixture.map, number, arg));
	}
	command_expect_unchanged(&fixture);
}

TEST(wrong_type)
{
	const struct command *command;
	struct fixture fixture;
	union argument arg;

	for_each_command(command, arg, fixture) {
		EXPECT_EQ(-ENOTTY, command_call(&fixture, command,
			_IOC(_IOC_DIR(command->number), SYNCMAP_IOC_TYPE ^ 1,
			     _IOC_NR(command->number), command->size), &arg));
		command_expect_unchanged(&fixture);
	}
}

TEST(wrong_direction)
{
	const struct command *command;
	struct fixture fixture;
	union argument arg;

	for_each_command(command, arg, fixture) {
		for (unsigned int dir = 0; dir < 1U << _IOC_DIRBITS; dir++) {
			if (dir == _IOC_DIR(command->number))
				continue;
			EXPECT_EQ(-ENOTTY, command_call(&fixture, command,
				_IOC(dir, SYNCMAP_IOC_TYPE,
				     _IOC_NR(command->number), command->size),
				&arg));
		}
		command_expect_unchanged(&fixture);
	}
}

TEST(wrong_descriptor)
{
	const struct command *command;
	struct fixture fixture;
	union argument arg;

	for_each_command(command, arg, fixture) {
		EXPECT_EQ(-ENOTTY, map_call(command->of_map ? map_control() :
					    fixture.map, command->number, &arg));
		command_expect_unchanged(&fixture);
	}
}

/* The flags of @command, of which there is one field, are these */
static void set_flags(const struct command *command, union argument *arg,
		      __u32 flags)
{
	int n = 0;

	for_each_field(field, command->layout) {
		if (field->kind != FLAGS)
			continue;
		ASSERT_EQ(sizeof(flags), field->size);
		memcpy(arg->bytes + field->offset, &flags, sizeof(flags));
		n++;
	}
	ASSERT_EQ(1, n);
}

TEST(unknown_flags)
{
	const struct command *command;
	struct fixture fixture;
	union argument arg;

	for_each_command(command, arg, fixture) {
		for (int bit = 0; bit < 32; bit++) {
			if (command->known & 1U << bit)
				continue;
			test_context("%s, bit %d", command->name, bit);
			set_flags(command, &arg, 1U << bit);
			EXPECT_EQ(-EOPNOTSUPP, command_call(&fixture, command,
				command->number, &arg));
			command_expect_error(command, &arg, -EOPNOTSUPP, 0);
		}
		command_expect_unchanged(&fixture);
	}
}

static void try_reserved(const struct fixture *fixture,
			 const struct command *command,
			 const struct field *field)
{
	for (size_t i = 0; i < field->size; i++) {
		union argument arg = *command->good;

		test_context("%s.%s, byte %zu", command->name, field->name, i);
		arg.bytes[field->offset + i] = 1;
		EXPECT_EQ(-EOPNOTSUPP, command_call(fixture, command,
						    command->number, &arg));
		command_expect_error(command, &arg, -EOPNOTSUPP, field->offset);
	}
}

TEST(reserved_fields)
{
	struct fixture fixture;

	command_set_up(&fixture);
	for (size_t i = 0; i < N_COMMANDS; i++) {
		for_each_field(field, commands[i].layout)
			if (field->kind == RESERVED)
				try_reserved(&fixture, &commands[i], field);
		command_expect_unchanged(&fixture);
	}
}

TEST(operation_codes)
{
	struct fixture fixture;
	char out[16];

	command_set_up(&fixture);
	EXPECT_EQ(-EOPNOTSUPP, map_op(fixture.map,
				      (struct syncmap_op){ KEY("key") }));
	for (__u32 code = 1; code; code = code < 64 ? code + 1 : code << 1) {
		if (operation_find(code))
			continue;
		test_context("code %u", code);
		EXPECT_EQ(-EOPNOTSUPP, map_op(fixture.map, (struct syncmap_op){
			.op = code, KEY("key"), OUT(out) }));
		EXPECT_EQ(offsetof(struct syncmap_op, op), got.error.field);
	}
	command_expect_unchanged(&fixture);
}

static int call_with_byte(int fd, const struct operation *operation,
			  const struct field *field, size_t at)
{
	struct syncmap_op op = command_good_op(operation);

	test_context("%s of %s, byte %zu", field->name, operation->name, at);
	((char *)&op)[field->offset + at] = 1;
	return map_op(fd, op);
}

static int call_with_flag(int fd, const struct operation *operation,
			  const struct op_flag *flag)
{
	struct syncmap_op op = command_good_op(operation);

	test_context("%s of %s", flag->name, operation->name);
	op.flags = flag->bit;
	if (flag->bit == SYNCMAP_FLAG_BY_REVISION)
		op.old = op.old_len = 0;
	return map_op(fd, op);
}

/* For want of the flag that it belongs to, it is of no use in any case */
static bool is_of_use(const struct field *field,
		      const struct operation *operation)
{
	return !(field->kind & BY_FLAG) && field->kind & operation->takes;
}

/* Of some field, which is none of the operation, or contradicts its flags */
static int refusal(const struct field *field, const struct operation *operation)
{
	if (field->kind & operation->takes)
		return -EINVAL;
	/* It is for a number that begins with an initial value */
	if (field->offset == offsetof(struct syncmap_op, deadline) &&
	    operation->takes & TAKES_NUMBER)
		return -EINVAL;
	return -EOPNOTSUPP;
}

/* What an operation has no use for, one at a time */
static void try_no_use(int fd, const struct operation *operation)
{
	for_each_field(field, &layouts[LAYOUT_op]) {
		if (!(field->kind & TAKES_ANY) || is_of_use(field, operation))
			continue;
		for (size_t i = 0; i < field->size; i++) {
			EXPECT_EQ(refusal(field, operation),
				  call_with_byte(fd, operation, field, i));
			EXPECT_EQ(field->offset, got.error.field);
		}
	}
	for_each_op_flag(flag) {
		if (flag->takes & operation->takes)
			continue;
		EXPECT_EQ(-EOPNOTSUPP, call_with_flag(fd, operation, flag));
		EXPECT_EQ(offsetof(struct syncmap_op, flags), got.error.field);
	}
}

TEST(operands_of_no_use)
{
	struct fixture fixture;

	command_set_up(&fixture);
	for_each_operation(operation)
		try_no_use(fixture.map, operation);
	test_context("old content besides a revision");
	EXPECT_EQ(-EINVAL, DO(fixture.map, COMPARE_AND_DELETE, KEY("key"),
			      OLD("before"), REVISION(1)));
	command_expect_unchanged(&fixture);
}

static void expect_taken(int ret)
{
	EXPECT(ret != -EINVAL && ret != -EOPNOTSUPP);
}

/* What it takes is good for something, if not for this value of it */
TEST(operands_of_use)
{
	int fd = map_private(SYNCMAP_KEY_STRING);

	EXPECT_EQ(0, DO(fd, STORE, KEY("key"), VALUE("before")));
	for_each_operation(operation) {
		for_each_field(field, &layouts[LAYOUT_op])
			if (is_of_use(field, operation))
				expect_taken(call_with_byte(fd, operation,
							    field, 0));
		for_each_op_flag(flag)
			if (flag->takes & operation->takes)
				expect_taken(call_with_flag(fd, operation, flag));
	}
}

/*
 * An operation may end behind what it has a use for, at the end of all that the
 * kernel may read, and is not written to
 */
static void try_length(int fd, const struct syncmap_op *op, size_t size)
{
	char *pages = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char *at = pages + PAGE - size;

	ASSERT(pages != MAP_FAILED);
	memcpy(at, op, size < sizeof(*op) ? size : sizeof(*op));
	ASSERT_EQ(0, mprotect(pages, PAGE, PROT_READ));
	ASSERT_EQ(0, mprotect(pages + PAGE, PAGE, PROT_NONE));
	test_context("operation %u, %zu bytes", op->op, size);
	memset(&got, 0xff, sizeof(got));
	EXPECT_EQ(0, map_call(fd, SYNCMAP_OP_SIZED(size), at));
	EXPECT_EQ(0, got.error.status);
	munmap(pages, 2 * PAGE);
}

TEST(lengths_of_operations)
{
	int fd = map_private(SYNCMAP_KEY_STRING);
	char out[16];
	struct syncmap_op load = {
		.op = SYNCMAP_OP_LOAD, KEY("key"), OUT(out), ANSWER(&got),
	}, store = {
		.op = SYNCMAP_OP_STORE, KEY("key"), VALUE("value"), ANSWER(&got),
	};

	for (size_t size = offsetof(struct syncmap_op, deadline);
	     size < sizeof(store) + 100; size++)
		try_length(fd, &store, size);
	for (size_t size = SYNCMAP_OP_SHORT; size < sizeof(load) + 100; size++) {
		try_length(fd, &load, size);
		EXPECT_EQ(5, got.out_len);
	}
}

static void expect_field(int fd, struct syncmap_op op, int err, size_t field)
{
	test_context("operation %u, field at %zu", op.op, field);
	EXPECT_EQ(err, map_op(fd, op));
	EXPECT_EQ(field, got.error.field);
}

/* What is wrong with what an operation takes */
TEST(fields_at_fault)
{
	const __u64 wide = 1ULL << 32;
	int text = map_private(SYNCMAP_KEY_STRING);
	int numbers = map_private(SYNCMAP_KEY_U64);

#define WRONG(fd, err, member, code, ...)				\
	expect_field(fd, (struct syncmap_op){				\
		.op = SYNCMAP_OP_##code, __VA_ARGS__ }, err,		\
		offsetof(struct syncmap_op, member))
#define NUMBER		KEY("key"), .flags = SYNCMAP_FLAG_U32 |		\
				SYNCMAP_FLAG_INITIAL | SYNCMAP_FLAG_BOUNDED
	WRONG(text, -EINVAL, key, LOAD, KEY("a\0b"));
	WRONG(text, -EINVAL, key, STORE, KEY("a\0b"), VALUE("v"));
	WRONG(numbers, -EINVAL, key_len, LOAD, KEY("1234567"));
	WRONG(text, -EFBIG, key_len, LOAD, KEY_N("k", 1 << 20));
	WRONG(text, -EFBIG, value_len, STORE, KEY("k"), VALUE_N("v", 1 << 20));
	WRONG(text, -EFBIG, old_len, COMPARE_AND_DELETE, KEY("k"),
	      OLD_N("v", 1 << 20));
	WRONG(text, -EINVAL, token, UNLEASE, KEY("k"));
	WRONG(text, -EINVAL, wait_until, LOAD_OR_LEASE, KEY("k"),
	      .wait_until = 1, .flags = SYNCMAP_FLAG_NOWAIT);
	WRONG(text, -EINVAL, old, COMPARE_AND_DELETE, KEY("k"), REVISION(1),
	      .old = 1);
	WRONG(text, -EINVAL, deadline, ADD, KEY("k"), .deadline = 1);
	WRONG(text, -EINVAL, operand, ADD, NUMBER, .operand = wide);
	WRONG(text, -EINVAL, initial, ADD, NUMBER, .initial = wide);
	WRONG(text, -EINVAL, bound, ADD, NUMBER, .bound = wide);
	text = map_limited(SYNCMAP_KEY_STRING, (struct syncmap_limits){
		.value_size = 8,
	});
	EXPECT_EQ(0, DO(text, STORE, KEY("k"), VALUE("12345678")));
	WRONG(text, -EFBIG, value_len, APPEND, KEY("k"), VALUE("9"));
	EXPECT_EQ(9, got.error.used);
	EXPECT_EQ(8, got.error.limit);
}

/* Of the answer as much is written as is wanted, and not a byte more */
TEST(lengths_of_answers)
{
	static char answer[SYNCMAP_OP_SHORT + 4096 + 8];
	int fd = map_private(SYNCMAP_KEY_STRING);
	struct syncmap_answer all;
	struct syncmap_op op = {
		.op = SYNCMAP_OP_TOUCH, KEY("key"), .answer = PTR(answer),
		.deadline = SYNCMAP_NEVER,
	};

	EXPECT_EQ(0, DO(fd, STORE, KEY("key"), VALUE("value")));
	EXPECT_EQ(0, map_op(fd, op));
	all = got;
	for (op.answer_size = 0; op.answer_size <= 4096;
	     op.answer_size += op.answer_size < 200 ? 1 : 487) {
		size_t known = op.answer_size < sizeof(all) ? op.answer_size :
							      sizeof(all);

		test_context("%u bytes", op.answer_size);
		memset(answer, 0xff, sizeof(answer));
		EXPECT_EQ(0, map_call(fd, SYNCMAP_OP, &op));
		EXPECT_MEM(&all, known, answer, known);
		expect_zero(answer + known, op.answer_size - known);
		EXPECT_EQ((char)-1, answer[op.answer_size]);
	}
	op.answer_size = 4097;
	EXPECT_EQ(-EINVAL, map_call(fd, SYNCMAP_OP, &op));
}

/* Nobody has to want one */
TEST(no_answer)
{
	int fd = map_private(SYNCMAP_KEY_STRING);
	struct syncmap_op op = {
		.op = SYNCMAP_OP_STORE, KEY("key"), VALUE("value"), .answer = 8,
	};

	EXPECT_EQ(0, map_call(fd, SYNCMAP_OP, &op));
	EXPECT_EQ(1, map_count(fd));
}

TEST(info)
{
	struct syncmap_info info = map_system();

	EXPECT_EQ(SYNCMAP_ABI, info.abi);
	EXPECT_EQ(0, info.features);
	EXPECT(info.max.entries >= info.defaults.entries);
	EXPECT(info.max.bytes >= info.defaults.bytes);
	EXPECT(info.max.key_size >= info.defaults.key_size);
	EXPECT(info.max.value_size >= info.defaults.value_size);
	EXPECT(info.defaults.entries && info.defaults.bytes);
	EXPECT(info.defaults.key_size && info.defaults.value_size);
	EXPECT(info.entry_overhead);
	EXPECT(info.max_maps && info.max_user_maps);
}

TEST(map_info)
{
	struct syncmap_limits limits = {
		.entries = 10, .bytes = 20000, .key_size = 30, .value_size = 40,
	};
	struct syncmap_info system = map_system();
	struct syncmap_map_info info;
	int fd;

	umask(022);
	fd = map_create(TEST_NAME "info", SYNCMAP_KEY_BYTES, &limits, 0666);
	ASSERT(fd >= 0);
	info = map_info(fd);
	map_remove(TEST_NAME "info");
	EXPECT_EQ(0, info.state);
	EXPECT_EQ(SYNCMAP_KEY_BYTES, info.key_type);
	EXPECT_EQ(0644, info.mode);
	EXPECT_EQ(getuid(), info.uid);
	EXPECT_EQ(getgid(), info.gid);
	EXPECT_EQ(SYNCMAP_ACCESS_READ | SYNCMAP_ACCESS_WRITE |
		  SYNCMAP_ACCESS_ADMIN, info.access);
	EXPECT_EQ(0, info.count);
	EXPECT_EQ(0, info.bytes);
	EXPECT_MEM(&limits, sizeof(limits), &info.limits, sizeof(limits));
	EXPECT_EQ(SYNCMAP_MAP_REMOVED, map_info(fd).state);

	info = map_info(map_private(SYNCMAP_KEY_U64));
	EXPECT_EQ(SYNCMAP_MAP_PRIVATE, info.state);
	EXPECT_EQ(8, info.limits.key_size);
	EXPECT_EQ(system.defaults.entries, info.limits.entries);
	EXPECT_EQ(system.defaults.bytes, info.limits.bytes);
	EXPECT_EQ(system.defaults.value_size, info.limits.value_size);
	info = map_info(map_private(SYNCMAP_KEY_BYTES));
	EXPECT_EQ(system.defaults.key_size, info.limits.key_size);
	EXPECT(info.id > map_info(fd).id);
}

TEST(descriptors)
{
	int fd = map_private(SYNCMAP_KEY_U64);
	char c = 0;

	EXPECT_EQ(FD_CLOEXEC, fcntl(fd, F_GETFD));
	EXPECT_EQ(-1, read(fd, &c, 1));
	EXPECT_EQ(-1, write(fd, &c, 1));
	EXPECT(mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0) == MAP_FAILED);
	EXPECT_EQ(-1, read(map_control(), &c, 1));
	EXPECT_EQ(-1, write(map_control(), &c, 1));
}

TEST(fdinfo)
{
	int fd = map_create(TEST_NAME "fdinfo", SYNCMAP_KEY_U64, NULL, 0600);
	char path[64], text[1024] = "", want[128];
	int file;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	file = open(path, O_RDONLY);
	ASSERT(read(file, text, sizeof(text) - 1) > 0);
	snprintf(want, sizeof(want), "syncmap-id:\t%llu\n", map_info(fd).id);
	EXPECT(strstr(text, want));
	EXPECT(strstr(text, "syncmap-name:\t" TEST_NAME "fdinfo\n"));
}
