// SPDX-License-Identifier: GPL-2.0-only
#include <dirent.h>
#include <stddef.h>
#include <unistd.h>

#include "command.h"

static char buffer[1024] __attribute__((aligned(8)));

static void fill_zero(union argument *arg)
{
	memset(arg, 0, sizeof(*arg));
}

static void fill_create(union argument *arg)
{
	fill_zero(arg);
	arg->create.key_type = SYNCMAP_KEY_STRING;
	arg->create.mode = 0600;
	arg->create.fd = -1;
}

static void fill_open(union argument *arg)
{
	fill_zero(arg);
	strcpy(arg->open.name, COMMAND_NAME);
	arg->open.access = SYNCMAP_ACCESS_READ;
}

static void fill_remove(union argument *arg)
{
	fill_zero(arg);
	strcpy(arg->remove.name, COMMAND_NAME);
}

static void fill_list(union argument *arg)
{
	fill_zero(arg);
	arg->list.buffer = PTR(buffer);
	arg->list.entry_size = sizeof(struct syncmap_map_info);
	arg->list.capacity = 2;
}

static void fill_op(union argument *arg)
{
	fill_zero(arg);
	arg->op = (struct syncmap_op){
		.op = SYNCMAP_OP_SWAP, KEY("key"), VALUE("value"), OUT(buffer),
	};
}

static void fill_range(union argument *arg)
{
	fill_zero(arg);
	arg->range.buffer = PTR(buffer);
	arg->range.size = sizeof(buffer);
}

static void fill_watch(union argument *arg)
{
	fill_zero(arg);
	arg->watch.filter = PTR("key");
	arg->watch.filter_len = 3;
	arg->watch.flags = SYNCMAP_WATCH_KEY | SYNCMAP_WATCH_DUMP;
}

static void fill_batch(union argument *arg)
{
	static struct syncmap_op ops[2];

	fill_zero(arg);
	ops[0] = (struct syncmap_op){ .op = SYNCMAP_OP_LOAD, KEY("key") };
	ops[1] = (struct syncmap_op){
		.op = SYNCMAP_OP_SWAP, KEY("key"), VALUE("value"), OUT(buffer),
	};
	arg->batch.ops = PTR(ops);
	arg->batch.op_size = sizeof(ops[0]);
	arg->batch.count = 2;
}

static void fill_restrict(union argument *arg)
{
	fill_zero(arg);
	arg->restrict_to.access = SYNCMAP_ACCESS_READ;
}

#define COMMAND(id, type, ...) {					\
	.name = #id, .number = SYNCMAP_##id,				\
	.size = sizeof(struct type), .flags = offsetof(struct type, flags), \
	__VA_ARGS__							\
}
#define RESERVED(type)							\
	.reserved = offsetof(struct type, reserved),			\
	.reserved_size = sizeof(((struct type *)0)->reserved)
/* From a field to the end of another one, or of the struct */
#define RESULTS(type, from, to)						\
	.replies = true, .out = offsetof(struct type, from),		\
	.out_size = offsetof(struct type, to) +				\
		    sizeof(((struct type *)0)->to) - offsetof(struct type, from)

const struct command commands[] = {
	COMMAND(INFO, syncmap_info, .fill = fill_zero,
		RESULTS(syncmap_info, abi, reserved2)),
	COMMAND(CREATE, syncmap_create, .fill = fill_create,
		RESERVED(syncmap_create),
		RESULTS(syncmap_create, limited, limit)),
	COMMAND(OPEN, syncmap_open, .fill = fill_open,
		RESERVED(syncmap_open), RESULTS(syncmap_open, fd, fd)),
	COMMAND(REMOVE, syncmap_remove, .fill = fill_remove,
		RESERVED(syncmap_remove)),
	COMMAND(LIST, syncmap_list, .fill = fill_list,
		RESERVED(syncmap_list), RESULTS(syncmap_list, count, count)),
	COMMAND(MAP_INFO, syncmap_map_info, .fill = fill_zero, .of_map = true,
		RESULTS(syncmap_map_info, state, stale)),
	COMMAND(STATS, syncmap_map_stats, .fill = fill_zero, .of_map = true,
		RESULTS(syncmap_map_stats, amended, batched)),
	COMMAND(OP, syncmap_op, .fill = fill_op, .of_map = true,
		.known = SYNCMAP_OP_BY_REVISION | SYNCMAP_OP_IF_NEWER |
			 SYNCMAP_OP_U32 |
			 SYNCMAP_OP_INITIAL | SYNCMAP_OP_BOUNDED |
			 SYNCMAP_OP_NOWAIT | SYNCMAP_OP_STALE | SYNCMAP_OP_OWNED,
		.reserved = offsetof(struct syncmap_op, token),
		.reserved_size = offsetof(struct syncmap_op, expires) -
				 offsetof(struct syncmap_op, token),
		RESULTS(syncmap_op, revision, limit)),
	COMMAND(RANGE, syncmap_range, .fill = fill_range, .of_map = true,
		.known = SYNCMAP_RANGE_KEYS_ONLY,
		RESERVED(syncmap_range), RESULTS(syncmap_range, count, needed)),
	COMMAND(CLEAR, syncmap_clear, .fill = fill_zero, .of_map = true,
		RESERVED(syncmap_clear)),
	COMMAND(PROMOTE, syncmap_promote, .fill = fill_zero, .of_map = true,
		RESERVED(syncmap_promote)),
	COMMAND(WATCH, syncmap_watch, .fill = fill_watch, .of_map = true,
		.known = SYNCMAP_WATCH_KEY | SYNCMAP_WATCH_PREFIX |
			 SYNCMAP_WATCH_VALUES | SYNCMAP_WATCH_DUMP,
		RESULTS(syncmap_watch, record_size, limit)),
	COMMAND(FREEZE, syncmap_freeze, .fill = fill_zero, .of_map = true,
		RESERVED(syncmap_freeze)),
	COMMAND(BATCH, syncmap_batch, .fill = fill_batch, .of_map = true,
		.known = SYNCMAP_BATCH_STOP,
		RESERVED(syncmap_batch), RESULTS(syncmap_batch, done, failed)),
	COMMAND(RESTRICT, syncmap_restrict, .fill = fill_restrict,
		.of_map = true, RESERVED(syncmap_restrict),
		RESULTS(syncmap_restrict, fd, fd)),
};

const size_t n_commands = ARRAY_SIZE(commands);

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
	map_remove(COMMAND_NAME);
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
