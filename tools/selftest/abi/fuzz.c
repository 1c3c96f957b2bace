// SPDX-License-Identifier: GPL-2.0-only
/*
 * Random bytes in the struct of every command, with pointers to where something
 * is and to where nothing is. Nothing is expected but that the kernel survives,
 * that errors are the documented ones, that maps are empty after a Clear, and
 * that the memory comes back.
 */
#include <fcntl.h>
#include <unistd.h>

#include "harness/command.h"
#include "harness/leases.h"
#include "harness/memory.h"
#include "harness/noise.h"
#include "harness/stats.h"

static void fill_random(void *p, size_t size)
{
	for (size_t i = 0; i < size; i++)
		((char *)p)[i] = test_random();
}

static void make_range(struct syncmap_range *range)
{
	range->buffer = noise_pointer();
	range->size = noise_length();
	range->flags = test_random() % 3;
	if (test_random() % 2)
		range->cursor = 0;
}

static struct syncmap_op ops[20];

static void make_batch(struct syncmap_batch *batch)
{
	for (size_t i = 0; i < ARRAY_SIZE(ops); i++)
		noise_op(&ops[i]);
	batch->ops = test_random() % 8 ? PTR(ops) : noise_pointer();
	batch->op_size = test_random() % 8 ? sizeof(ops[0]) : noise_length();
	batch->count = test_random() % ARRAY_SIZE(ops);
	batch->flags = test_random() % 2;
}

static void make_create(struct syncmap_create *create)
{
	memset(create, 0, sizeof(*create));
	if (test_random() % 4 == 0)
		strcpy(create->name, TEST_NAME "fuzz");
	create->key_type = test_random() % 5;
	create->mode = test_random() % 01000;
	if (test_random() % 2)
		create->limits.entries = test_random() >> (test_random() % 64);
	if (test_random() % 2)
		create->limits.bytes = test_random() >> (test_random() % 64);
	if (test_random() % 2)
		create->limits.key_size = noise_length();
	if (test_random() % 2)
		create->limits.value_size = noise_length();
}

static void make_watch(struct syncmap_watch *watch)
{
	watch->flags = test_random() % 20;
	watch->filter = watch->filter_len = 0;
	if (watch->flags & (SYNCMAP_WATCH_KEY | SYNCMAP_WATCH_PREFIX)) {
		watch->filter = noise_key();
		watch->filter_len = test_random() % 4 ? 8 : noise_length();
	}
	watch->since = test_random() % 4 ? 0 : noise_learnt.revision;
	watch->queue_size = test_random() % 2 ? 0 : noise_length();
}

static void make_list(struct syncmap_list *list)
{
	list->buffer = noise_pointer();
	list->entry_size = test_random() % 256;
	list->capacity = noise_length();
	list->flags = 0;
}

static void make_stats(struct syncmap_stats *stats)
{
	stats->buffer = noise_pointer();
	stats->entry_size = test_random() % 256;
	stats->capacity = noise_length();
	stats->flags = 0;
}

static void make_argument(union argument *arg, unsigned long number)
{
	fill_random(arg, sizeof(*arg));
	if (test_random() % 8 == 0)
		return;
	switch (number) {
	case SYNCMAP_CREATE:
		make_create(&arg->create);
		break;
	case SYNCMAP_OPEN:
		arg->open = (struct syncmap_open){
			.name = TEST_NAME "fuzz", .access = test_random() % 9,
		};
		break;
	case SYNCMAP_REMOVE:
		arg->remove = (struct syncmap_remove){
			.name = TEST_NAME "fuzz",
		};
		break;
	case SYNCMAP_LIST:
		make_list(&arg->list);
		break;
	case SYNCMAP_STATS:
		make_stats(&arg->stats);
		break;
	case SYNCMAP_OP:
		noise_op(&arg->op);
		break;
	case SYNCMAP_RANGE:
		make_range(&arg->range);
		break;
	case SYNCMAP_BATCH:
		make_batch(&arg->batch);
		break;
	case SYNCMAP_WATCH:
		make_watch(&arg->watch);
		break;
	case SYNCMAP_RESTRICT:
		memset(arg, 0, sizeof(*arg));
		arg->restrict_to.access = test_random() % 9;
		break;
	case SYNCMAP_AWAIT:
		arg->await = (struct syncmap_await){
			.key = noise_key(), .lease_for = test_random() % MS,
			.key_len = test_random() % 8 ? 8 : noise_length(),
			.flags = test_random() % 2,
		};
		break;
	default:
		if (test_random() % 2)
			memset(arg, 0, sizeof(*arg));
		break;
	}
}

static bool is_documented(int err)
{
	switch (-err) {
	case 0: case ENOTTY: case E2BIG: case EOPNOTSUPP: case EINVAL:
	case EFAULT: case ENAMETOOLONG: case ENOENT: case EEXIST: case EBUSY:
	case EFBIG: case EMSGSIZE: case ENOSPC: case EBADF: case EMFILE:
	case ERANGE: case EILSEQ: case EROFS: case ESTALE: case ETIMEDOUT:
	case EAGAIN: case EDQUOT:
		return true;
	}
	return false;
}

static unsigned long random_number(const struct command *command)
{
	__u64 chance = test_random() % 64;

	if (chance == 0)
		return test_random();
	if (chance == 1)
		return _IOC(test_random() % 4, SYNCMAP_IOC_TYPE,
			    test_random() % 256, test_random() % 512);
	if (chance < 8)
		return _IOC(_IOC_DIR(command->number), SYNCMAP_IOC_TYPE,
			    _IOC_NR(command->number), test_random() % 512);
	return command->number;
}

/*
 * Maps, of which one has entries that expire, and only the last is frozen, or
 * retired
 */
#define MAPS	4
#define EXPIRING (MAPS - 2)
#define FROZEN	(MAPS - 1)

static int maps[MAPS];

static void make_maps(void)
{
	static const __u32 types[MAPS] = {
		SYNCMAP_KEY_U64, SYNCMAP_KEY_STRING, SYNCMAP_KEY_BYTES,
		SYNCMAP_KEY_BYTES,
	};
	struct syncmap_create arg = {
		.limits = { .entries = 1000, .bytes = 1 << 20 },
	};

	for (int i = 0; i < MAPS; i++) {
		arg.key_type = types[i];
		arg.ttl = arg.stale = i == EXPIRING ? MS : 0;
		ASSERT_EQ(0, map_call(map_control(), SYNCMAP_CREATE, &arg));
		maps[i] = arg.fd;
	}
}

/* What a call has left behind, if it is there */
static int random_left_behind(void)
{
	return maps[MAPS - 1] + 1 + test_random() % 16;
}

static int pick(const struct command *command, unsigned long number)
{
	if (!command->of_map)
		return map_control();
	if (_IOC_NR(number) == _IOC_NR(SYNCMAP_FREEZE) ||
	    _IOC_NR(number) == _IOC_NR(SYNCMAP_RETIRE))
		return maps[FROZEN];
	return test_random() % 4 ? maps[test_random() % MAPS] :
				   random_left_behind();
}

static void read_events(void)
{
	int fd = random_left_behind();
	ssize_t n;

	if (fcntl(fd, F_SETFL, O_NONBLOCK))
		return;
	n = read(fd, (void *)noise_pointer(), noise_length());
	EXPECT(n >= 0 || is_documented(-errno));
}

/* Half of them operations on one key */
static const struct command *random_command(void)
{
	if (test_random() % 2)
		return &commands[test_random() % N_COMMANDS];
	return &commands[COMMAND_OP];
}

static bool call_at_random(unsigned int i)
{
	const struct command *command = random_command();
	unsigned long number = random_number(command);
	static char big[1 << 14];
	union argument *argument = (void *)big;
	void *where = test_random() % 32 ? big : (void *)noise_pointer();
	int ret;

	make_argument(argument, command->number);
	ret = map_call(pick(command, number), number, where);
	test_context("call %u: %s, number %#lx", i, command->name, number);
	EXPECT(is_documented(ret));
	if (!ret && where == big)
		noise_learn();
	return !ret;
}

static void fuzz(int n, void *arg)
{
	unsigned int *outcomes = arg;

	for (unsigned int i = 0; i < test_times(100000); i++) {
		__sync_fetch_and_add(&outcomes[call_at_random(i) ? 0 : 1], 1);
		read_events();
		if (i % 4096 == 0)
			map_clear(maps[i / 4096 % FROZEN]);
		if (i % 256 == 0)
			close_range(maps[MAPS - 1] + 1, ~0U, 0);
	}
	(void)n;
}

static void expect_empty(int fd)
{
	struct stats stats;

	map_clear(fd);
	leases_expect_clean(fd);
	map_expect_stat(fd, "expiring", 0);
	map_expect_stat(fd, "owned", 0);
	stats = stats_get(fd);
	EXPECT_EQ(0, stats_of(&stats, "lapsed"));
	test_note("%llu leases, %llu waits, %llu expired, %llu events",
		  stats_of(&stats, "leases_granted"),
		  stats_of(&stats, "lease_waits"),
		  stats_of(&stats, "expired"), stats_of(&stats, "events"));
	EXPECT(stats_of(&stats, "leases_granted"));
	EXPECT(stats_of(&stats, "lease_waits"));
	EXPECT(stats_of(&stats, "expired"));
	EXPECT(stats_of(&stats, "events"));
}

TEST_LIMIT(random_calls, 120)
{
	unsigned int *outcomes = test_shared(4096);
	long before;

	noise_begin();
	before = memory_available();
	make_maps();
	test_parallel(2, fuzz, outcomes);
	map_remove(TEST_NAME "fuzz");
	map_remove(COMMAND_NEW);
	for (int i = 0; i < FROZEN; i++)
		expect_empty(maps[i]);
	for (int i = 0; i < MAPS; i++)
		close(maps[i]);
	memory_expect(before, 4000);
	test_note("%u calls succeeded, %u failed", outcomes[0], outcomes[1]);
	EXPECT(outcomes[0] > (outcomes[0] + outcomes[1]) / 20);
}
