// SPDX-License-Identifier: GPL-2.0-only
/* Names, and what maps may be made, opened and removed with */
#include <sys/fsuid.h>
#include <unistd.h>

#include "harness/command.h"

/* Bytes of a map's name that may not be there */
TEST(bad_names)
{
	const char good[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
			    "0123456789._:-";
	const struct command *command;
	struct fixture fixture;
	union argument arg;

	for_each_command(command, arg, fixture) {
		char *name = command_field(command, &arg, "name");

		if (command->of_map || !name)
			continue;
		for (int c = 1; c < 256; c++) {
			if (strchr(good, c))
				continue;
			test_context("%s, byte %#x", command->name, c);
			name[2] = c;
			name[0] = name[1] = 'x';
			EXPECT_EQ(-EINVAL, command_call(&fixture, command,
				command->number, &arg));
		}
		test_context("%s, no NUL", command->name);
		memset(name, 'x', SYNCMAP_NAME_SIZE);
		EXPECT_EQ(-ENAMETOOLONG, command_call(&fixture, command,
			command->number, &arg));
		for (int i = 2; i < SYNCMAP_NAME_SIZE; i++) {
			test_context("%s, byte %d behind the NUL", command->name, i);
			memset(name, 0, SYNCMAP_NAME_SIZE);
			name[0] = 'x';
			name[i] = 'x';
			EXPECT_EQ(-EINVAL, command_call(&fixture, command,
				command->number, &arg));
		}
		for (const char **dots = (const char *[]){ ".", "..", NULL };
		     *dots; dots++) {
			test_context("%s, %s", command->name, *dots);
			arg = *command->good;
			memset(name, 0, SYNCMAP_NAME_SIZE);
			strcpy(name, *dots);
			EXPECT_EQ(-EINVAL, command_call(&fixture, command,
				command->number, &arg));
		}
		command_expect_unchanged(&fixture);
	}
	for (int i = COMMAND_OPEN; i <= COMMAND_PUBLISH; i++) {
		test_context("no name for %s", commands[i].name);
		arg = *commands[i].good;
		memset(command_field(&commands[i], &arg, "name"), 0,
		       SYNCMAP_NAME_SIZE);
		EXPECT_EQ(-EINVAL, map_call(map_control(), commands[i].number,
					    &arg));
		command_expect_error(&commands[i], &arg, -EINVAL,
				     command_field(&commands[i], &arg, "name") -
				     (void *)&arg);
	}
	command_expect_unchanged(&fixture);
}

TEST(good_names)
{
	static const char *const names[] = {
		"x", "...", ".hidden", "-", "a:b-c_d.e", "0",
		TEST_NAME "012345678901234567890123456789012345678901234567890123",
	};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		const char *name = names[i];
		int fd;

		test_context("%s", name);
		fd = map_create(name, SYNCMAP_KEY_U64, NULL, 0600);
		ASSERT(fd >= 0);
		EXPECT_EQ(0, strcmp(name, map_info(fd).name));
		close(fd);
		fd = map_open(name, SYNCMAP_ACCESS_READ);
		EXPECT(fd >= 0);
		close(fd);
		EXPECT_EQ(0, map_remove(name));
	}
}

/* What a newer kernel may know */
static bool is_unknown(const struct syncmap_create *arg)
{
	return arg->key_type > SYNCMAP_KEY_BYTES ||
	       arg->value_kind > SYNCMAP_VALUE_JSON;
}

TEST(bad_create)
{
	struct syncmap_limits max = map_system().max;
	const struct {
		const char		*what;
		size_t			field;
		struct syncmap_create	arg;
	} cases[] = {
#define AT(member)	offsetof(struct syncmap_create, member)
		{ "type 0", AT(key_type),
		  { .key_type = 0 } },
		{ "type 4", AT(key_type),
		  { .key_type = 4 } },
		{ "type ~0", AT(key_type),
		  { .key_type = ~0U } },
		{ "mode 0100", AT(mode),
		  { .key_type = 3, .mode = 0100 } },
		{ "mode 0010", AT(mode),
		  { .key_type = 3, .mode = 0010 } },
		{ "mode 0001", AT(mode),
		  { .key_type = 3, .mode = 0001 } },
		{ "mode 01000", AT(mode),
		  { .key_type = 3, .mode = 01000 } },
		{ "mode 1 << 31", AT(mode),
		  { .key_type = 3, .mode = 1U << 31 } },
		{ "entries", AT(limits.entries),
		  { .key_type = 3,
			       .limits.entries = max.entries + 1 } },
		{ "entries ~0", AT(limits.entries),
		  { .key_type = 3, .limits.entries = ~0ULL } },
		{ "bytes", AT(limits.bytes),
		  { .key_type = 3, .limits.bytes = max.bytes + 1 } },
		{ "bytes ~0", AT(limits.bytes),
		  { .key_type = 3, .limits.bytes = ~0ULL } },
		{ "key", AT(limits.key_size),
		  { .key_type = 3,
			   .limits.key_size = max.key_size + 1 } },
		{ "key ~0", AT(limits.key_size),
		  { .key_type = 3, .limits.key_size = ~0U } },
		{ "value", AT(limits.value_size),
		  { .key_type = 3,
			     .limits.value_size = max.value_size + 1 } },
		{ "value ~0", AT(limits.value_size),
		  { .key_type = 3, .limits.value_size = ~0U } },
		{ "u64 key 7", AT(limits.key_size),
		  { .key_type = 1, .limits.key_size = 7 } },
		{ "u64 key 9", AT(limits.key_size),
		  { .key_type = 1, .limits.key_size = 9 } },
		{ "kind 5", AT(value_kind), { .key_type = 3, .value_kind = 5 } },
		{ "kind ~0", AT(value_kind),
		  { .key_type = 3, .value_kind = ~0U } },
		{ "revision", AT(revision),
		  { .key_type = 3, .revision = 1ULL << 62 } },
		{ "revision ~0", AT(revision),
		  { .key_type = 3, .revision = ~0ULL } },
	};
	struct fixture fixture;

	command_set_up(&fixture);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct syncmap_create arg = cases[i].arg;

		test_context("%s", cases[i].what);
		EXPECT_EQ(is_unknown(&arg) ? -EOPNOTSUPP : -EINVAL,
			  map_call(map_control(), SYNCMAP_CREATE, &arg));
		EXPECT_EQ(cases[i].field, arg.error.field);
		EXPECT_EQ(-1, arg.fd);
		EXPECT_EQ(0, arg.id);
		command_expect_unchanged(&fixture);
	}
}

static void make_for_another(int n, void *arg)
{
	__u32 before;
	int fd;

	map_control();
	setfsgid(2001);
	setfsuid(1001);
	before = map_system().user_maps;
	fd = map_create(NULL, SYNCMAP_KEY_U64, NULL, 0600);
	ASSERT(fd >= 0);
	EXPECT_EQ(before + 1, map_system().user_maps);
	EXPECT_EQ(1001, map_info(fd).uid);
	EXPECT_EQ(2001, map_info(fd).gid);
	setfsuid(0);
	EXPECT_EQ(0, map_system().user_maps);
	(void)n;
	(void)arg;
}

/* Whoever makes maps for others, as who restores them, does so as they would */
TEST(made_for_others)
{
	test_wait(test_fork(make_for_another, 0, NULL));
}

/* What is said of a map when it is made */
TEST(what_is_kept)
{
	struct syncmap_create arg = {
		.key_type = SYNCMAP_KEY_U64, .mode = 0600,
		.value_kind = SYNCMAP_VALUE_JSON, .revision = (1ULL << 62) - 1,
	};
	__u64 key = 1;

	EXPECT_EQ(0, map_call(map_control(), SYNCMAP_CREATE, &arg));
	EXPECT_EQ(map_info(arg.fd).id, arg.id);
	EXPECT_EQ(SYNCMAP_VALUE_JSON, map_info(arg.fd).value_kind);
	EXPECT_EQ(arg.revision, map_info(arg.fd).revision);
	EXPECT_EQ(0, DO(arg.fd, STORE, KEY_N(&key, 8), VALUE("v")));
	EXPECT_EQ(arg.revision + 1, got.revision);
	EXPECT_EQ(SYNCMAP_VALUE_UNSAID,
		  map_info(map_private(SYNCMAP_KEY_U64)).value_kind);
}

TEST(bad_open_and_remove)
{
	struct fixture fixture;

	command_set_up(&fixture);
	EXPECT_EQ(-EINVAL, map_open(COMMAND_NAME, 0));
	for (int bit = 3; bit < 32; bit++) {
		test_context("access bit %d", bit);
		EXPECT_EQ(-EOPNOTSUPP, map_open(COMMAND_NAME, 1U << bit));
		EXPECT_EQ(-EOPNOTSUPP, map_open(COMMAND_NAME, 1U << bit | 1));
	}
	test_context("absent");
	EXPECT_EQ(-ENOENT, map_open("nobody", SYNCMAP_ACCESS_READ));
	EXPECT_EQ(-ENOENT, map_remove("nobody"));
	EXPECT_EQ(-EEXIST, map_create(COMMAND_NAME, SYNCMAP_KEY_U64, NULL, 0600));
	command_expect_unchanged(&fixture);
}
