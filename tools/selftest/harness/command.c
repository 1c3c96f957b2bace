// SPDX-License-Identifier: GPL-2.0-only
#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include "command.h"

static char buffer[1024] __attribute__((aligned(8)));

static struct syncmap_op batched[] = {
	{ .op = SYNCMAP_OP_LOAD, KEY("key"), ANSWER(&got) },
	{ .op = SYNCMAP_OP_SWAP, KEY("key"), VALUE("value"), OUT(buffer),
	  ANSWER(&got) },
};

/* Those that are not here succeed with zeroes */
static const union argument good[N_COMMANDS] = {
	[COMMAND_CREATE].create = {
		.key_type = SYNCMAP_KEY_STRING, .mode = 0600, .fd = -1,
	},
	[COMMAND_OPEN].open = {
		.name = COMMAND_NAME, .access = SYNCMAP_ACCESS_READ,
	},
	[COMMAND_REMOVE].remove = { .name = COMMAND_NAME },
	[COMMAND_PUBLISH].publish = {
		.fd = COMMAND_SPARE, .name = COMMAND_NEW,
	},
	[COMMAND_LIST].list = {
		.buffer = PTR(buffer), .capacity = 2,
		.entry_size = sizeof(struct syncmap_map_info),
	},
	[COMMAND_STATS].stats = {
		.buffer = PTR(buffer), .capacity = 2,
		.entry_size = sizeof(struct syncmap_stat),
	},
	[COMMAND_OP].op = {
		.op = SYNCMAP_OP_SWAP, KEY("key"), VALUE("value"), OUT(buffer),
		ANSWER(&got),
	},
	[COMMAND_RANGE].range = {
		.buffer = PTR(buffer), .size = sizeof(buffer),
	},
	[COMMAND_WATCH].watch = {
		.filter = PTR("key"), .filter_len = 3,
		.flags = SYNCMAP_WATCH_KEY | SYNCMAP_WATCH_DUMP,
	},
	[COMMAND_BATCH].batch = {
		.ops = PTR(batched), .op_size = sizeof(batched[0]),
		.count = ARRAY_SIZE(batched),
	},
	[COMMAND_RESTRICT].restrict_to = { .access = SYNCMAP_ACCESS_READ },
	[COMMAND_AWAIT].await = { KEY("key"), .lease_for = 1 },
};

enum {
	OP_FLAGS = 0
#define OP_FLAG(bit, ...)	| (bit)
#include "abi.h"
};

#define COMMAND(id, s, flags, map)					\
	[COMMAND_##id] = {						\
		.name = #id, .number = SYNCMAP_##id, .of_map = (map),	\
		.size = sizeof(struct syncmap_##s), .known = (flags),	\
		.layout = &layouts[LAYOUT_##s], .good = &good[COMMAND_##id], \
	},

const struct command commands[N_COMMANDS] = {
#define CONTROL_COMMAND(nr, id, s, flags)	COMMAND(id, s, flags, false)
#define MAP_COMMAND(nr, id, s, flags)		COMMAND(id, s, flags, true)
#include "abi.h"
};

struct syncmap_op command_good_op(const struct operation *operation)
{
	struct syncmap_op op = { .op = operation->code, KEY("key") };

	if (operation->takes & TAKES_VALUE) {
		op.value = PTR("after");
		op.value_len = 5;
	}
	if (operation->takes & TAKES_OLD) {
		op.old = PTR("before");
		op.old_len = 6;
	}
	if (operation->takes & TAKES_OUT) {
		op.out = PTR(buffer);
		op.out_size = sizeof(buffer);
	}
	if (operation->takes & TAKES_NUMBER)
		op.operand = 1;
	if (operation->code == SYNCMAP_OP_UNLEASE)
		op.token = 1;
	return op;
}

void *command_field(const struct command *command, void *arg,
		    const char *name)
{
	for_each_field(field, command->layout)
		if (!strcmp(field->name, name))
			return (char *)arg + field->offset;
	return NULL;
}

void command_expect_error(const struct command *command, void *arg, int status,
			  size_t field)
{
	const struct syncmap_error *error = command->number == SYNCMAP_OP ?
		&got.error : command_field(command, arg, "error");

	if (!error)
		return;
	EXPECT_EQ(status, error->status);
	EXPECT_EQ(field, error->field);
}

static struct syncmap_map_info info_before;
static __u32 maps_before;
static int fds_before;

static int count_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	int n = 0;

	ASSERT(dir);
	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
}

static void remember(const struct fixture *fixture)
{
	info_before = map_info(fixture->map);
	maps_before = map_system().maps;
	fds_before = count_fds();
}

/* The map that is worked on, anew */
static void restore(struct fixture *fixture)
{
	int spare;

	map_remove(COMMAND_NAME);
	map_remove(COMMAND_NEW);
	if (fcntl(COMMAND_SPARE, F_GETFD) < 0) {
		spare = map_private(SYNCMAP_KEY_STRING);
		ASSERT_EQ(COMMAND_SPARE, dup2(spare, COMMAND_SPARE));
		close(spare);
	}
	if (fixture->map >= 0)
		close(fixture->map);
	fixture->map = map_create(COMMAND_NAME, SYNCMAP_KEY_STRING, NULL, 0600);
	ASSERT(fixture->map >= 0);
	ASSERT_EQ(0, DO(fixture->map, STORE, KEY("key"), VALUE("before")));
	remember(fixture);
}

void command_set_up(struct fixture *fixture)
{
	fixture->map = -1;
	restore(fixture);
}

int command_call(const struct fixture *fixture, const struct command *command,
		 unsigned long number, void *arg)
{
	return map_call(command->of_map ? fixture->map : map_control(), number,
			arg);
}

void command_undo(struct fixture *fixture, const struct command *command,
		  void *arg)
{
	union argument *reply = arg;

	if (command->number == SYNCMAP_CREATE)
		EXPECT_EQ(0, close(reply->create.fd));
	if (command->number == SYNCMAP_OPEN)
		EXPECT_EQ(0, close(reply->open.fd));
	if (command->number == SYNCMAP_WATCH)
		EXPECT_EQ(0, close(reply->watch.fd));
	if (command->number == SYNCMAP_RESTRICT)
		EXPECT_EQ(0, close(reply->restrict_to.fd));
	if (command->number == SYNCMAP_AWAIT)
		EXPECT_EQ(0, close(reply->await.fd));
	restore(fixture);
}

static void expect_value(int fd, const char *want)
{
	char value[16];

	EXPECT_EQ(0, DO(fd, LOAD, KEY("key"), OUT(value)));
	EXPECT_MEM(want, strlen(want), value, got.out_len);
}

void command_expect_unchanged(const struct fixture *fixture)
{
	struct syncmap_map_info info = map_info(fixture->map);

	EXPECT_MEM(&info_before, sizeof(info), &info, sizeof(info));
	EXPECT_EQ(maps_before, map_system().maps);
	EXPECT_EQ(fds_before, count_fds());
	expect_value(fixture->map, "before");
}
