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
	return _IOC(_IOC_READ | _IOC_WRITE, _IOC_TYPE(number), _IOC_NR(number),
		    size);
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

TEST(results_are_ignored_on_input)
{
	const struct command *command;
	struct fixture fixture;
	union argument arg;

	for_each_command(command, arg, fixture) {
		memset(arg.bytes + command->out, 0xff, command->out_size);
		EXPECT_EQ(0, command_call(&fixture, command, command->number,
					  &arg));
		command_undo(&fixture, command, &arg);
	}
}

TEST(too_short)
{
	const struct command *command;
	struct fixture fixture;
	union argument arg;

	for_each_command(command, arg, fixture) {
		for (size_t size = 0; size < command->size; size++) {
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
	for (size_t i = 0; i < n_commands; i++)
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
			_IOC(_IOC_READ | _IOC_WRITE, SYNCMAP_IOC_TYPE ^ 1,
			     _IOC_NR(command->number), command->size), &arg));
		command_expect_unchanged(&fixture);
	}
}

TEST(wrong_direction)
{
	static const unsigned int wrong[] = { _IOC_NONE, _IOC_READ, _IOC_WRITE };
	const struct command *command;
	struct fixture fixture;
	union argument arg;

	for_each_command(command, arg, fixture) {
		for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
			EXPECT_EQ(-ENOTTY, command_call(&fixture, command,
				_IOC(wrong[i], SYNCMAP_IOC_TYPE,
				     _IOC_NR(command->number), command->size),
				&arg));
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

TEST(unknown_flags)
{
	const struct command *command;
	struct fixture fixture;
	union argument arg;

	for_each_command(command, arg, fixture) {
		for (int bit = 0; bit < 32; bit++) {
			__u32 flag = 1U << bit;

			if (command->known & flag)
				continue;
			test_context("%s, bit %d", command->name, bit);
			memcpy(arg.bytes + command->flags, &flag, sizeof(flag));
			EXPECT_EQ(-EOPNOTSUPP, command_call(&fixture, command,
				command->number, &arg));
		}
		command_expect_unchanged(&fixture);
	}
}

TEST(reserved_fields)
{
	const struct command *command;
	struct fixture fixture;
	union argument arg;

	for_each_command(command, arg, fixture) {
		for (size_t i = 0; i < command->reserved_size; i++) {
			test_context("%s, byte %zu", command->name, i);
			command->fill(&arg);
			arg.bytes[command->reserved + i] = 1;
			EXPECT_EQ(-EINVAL, command_call(&fixture, command,
				command->number, &arg));
		}
		command_expect_unchanged(&fixture);
	}
}

TEST(operation_codes)
{
	struct fixture fixture;
	char out[16];

	command_set_up(&fixture);
	EXPECT_EQ(-EINVAL, map_op(fixture.map, (struct syncmap_op){ KEY("key") }));
	for (unsigned int code = SYNCMAP_OP_UNLEASE + 1; code;
	     code = code < 64 ? code + 1 : code << 1) {
		test_context("code %u", code);
		EXPECT_EQ(-EOPNOTSUPP, map_op(fixture.map, (struct syncmap_op){
			.op = code, KEY("key"), OUT(out) }));
	}
	command_expect_unchanged(&fixture);
}

/* What each operation has no use for, one at a time */
TEST(operands_of_no_use)
{
	static const struct {
		const char	*what;
		__u32		codes;	/* bits of operations that refuse it */
		struct syncmap_op with;
	} cases[] = {
		{ "value", 1 << 1 | 1 << 4 | 1 << 5 | 1 << 8 | 1 << 9,
		  { .value = 1 } },
		{ "value_len", 1 << 1 | 1 << 4 | 1 << 5 | 1 << 8 | 1 << 9,
		  { .value_len = 1 } },
		{ "old", 0x27e, { .old = 1 } },
		{ "old_len", 0x27e, { .old_len = 1 } },
		{ "out", 1 << 2 | 1 << 5, { .out = 1 } },
		{ "out_size", 1 << 2 | 1 << 5, { .out_size = 1 } },
		{ "expected", 0x3fe, { .expected = 1 } },
		{ "BY_REVISION", 0x27e, { .flags = SYNCMAP_OP_BY_REVISION } },
		{ "OWNED", 1 << 1 | 1 << 4 | 1 << 5 | 1 << 8 | 1 << 9,
		  { .flags = SYNCMAP_OP_OWNED } },
		{ "deadline", 1 << 1 | 1 << 4 | 1 << 5 | 1 << 8,
		  { .deadline = 1 } },
	};
	struct fixture fixture;

	command_set_up(&fixture);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		for (__u32 code = 1; code <= 9; code++) {
			struct syncmap_op op = cases[i].with;

			if (!(cases[i].codes & 1 << code))
				continue;
			test_context("%s for operation %u", cases[i].what, code);
			op.op = code;
			op.key = PTR("key");
			op.key_len = 3;
			EXPECT_EQ(-EINVAL, map_op(fixture.map, op));
		}
	}
	test_context("old content besides a revision");
	EXPECT_EQ(-EINVAL, DO(fixture.map, COMPARE_AND_DELETE, KEY("key"),
			      OLD("before"), REVISION(1)));
	command_expect_unchanged(&fixture);
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
	EXPECT_EQ(SYNCMAP_ACCESS_READ | SYNCMAP_ACCESS_WRITE, info.access);
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
