// SPDX-License-Identifier: GPL-2.0-only
/*
 * Random bytes in the struct of every command, with pointers to where something
 * is and to where nothing is. Nothing is expected but that the kernel survives,
 * that errors are the documented ones, and that the memory comes back.
 */
#include <sys/mman.h>
#include <unistd.h>

#include "command.h"
#include "memory.h"

#define PAGE	4096

static char *page;	/* the next one is not there */

static __u64 random_pointer(void)
{
	switch (test_random() % 8) {
	case 0:
		return test_random();
	case 1:
		return 0;
	case 2:
		return PTR(page) + PAGE - test_random() % 64;
	case 3:
		return 0xffff888000000000 + test_random() % (1 << 20);
	default:
		return PTR(page) + test_random() % PAGE;
	}
}

static __u32 random_length(void)
{
	static const __u32 edges[] = {
		0, 1, 8, 64, 65, 256, 257, 1024, 4096, 65536, 65537, ~0U,
	};

	return test_random() % 4 ? test_random() % 100 :
	       edges[test_random() % ARRAY_SIZE(edges)];
}

static void fill_random(void *p, size_t size)
{
	for (size_t i = 0; i < size; i++)
		((char *)p)[i] = test_random();
}

/* So that some of them get far */
static void make_op(struct syncmap_op *op)
{
	op->op = test_random() % 22;
	op->flags = test_random() % 4 ? 0 : 1U << test_random() % 10;
	op->key = random_pointer();
	op->key_len = test_random() % 4 ? 8 : random_length();
	op->expected = test_random() % 4 ? 0 : test_random() % 100;
	op->value = op->old = op->out = 0;
	op->value_len = op->old_len = op->out_size = 0;
	if (test_random() % 2) {
		op->value = random_pointer();
		op->value_len = random_length();
	}
	if (test_random() % 4 == 0) {
		op->old = random_pointer();
		op->old_len = random_length();
	}
	if (test_random() % 2) {
		op->out = random_pointer();
		op->out_size = random_length();
	}
	op->deadline = op->token = op->wait_until = 0;
	op->operand = test_random() % 2 ? 0 : test_random();
	op->initial = test_random() % 8 ? 0 : test_random() % 100;
	op->bound = test_random() % 8 ? 0 : test_random() % 100;
}

static void make_range(struct syncmap_range *range)
{
	range->buffer = random_pointer();
	range->size = random_length();
	range->flags = test_random() % 3;
	range->reserved = 0;
	if (test_random() % 2)
		range->cursor = 0;
}

static void make_batch(struct syncmap_batch *batch)
{
	static struct syncmap_op ops[20];

	for (size_t i = 0; i < ARRAY_SIZE(ops); i++)
		make_op(&ops[i]);
	batch->ops = test_random() % 8 ? PTR(ops) : random_pointer();
	batch->op_size = test_random() % 8 ? sizeof(ops[0]) : random_length();
	batch->count = test_random() % ARRAY_SIZE(ops);
	batch->flags = test_random() % 2;
	batch->reserved = 0;
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
		create->limits.key_size = random_length();
	if (test_random() % 2)
		create->limits.value_size = random_length();
}

static void make_list(struct syncmap_list *list)
{
	list->buffer = random_pointer();
	list->entry_size = test_random() % 256;
	list->capacity = random_length();
	list->flags = 0;
	list->reserved = 0;
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
	case SYNCMAP_REMOVE:
		memset(arg, 0, sizeof(*arg));
		strcpy(arg->open.name, TEST_NAME "fuzz");
		if (number == SYNCMAP_OPEN)
			arg->open.access = test_random() % 4;
		break;
	case SYNCMAP_LIST:
		make_list(&arg->list);
		break;
	case SYNCMAP_OP:
		make_op(&arg->op);
		break;
	case SYNCMAP_RANGE:
		make_range(&arg->range);
		break;
	case SYNCMAP_BATCH:
		make_batch(&arg->batch);
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
	case ERANGE: case EILSEQ: case EROFS:
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
		return _IOC(_IOC_READ | _IOC_WRITE, SYNCMAP_IOC_TYPE,
			    _IOC_NR(command->number), test_random() % 512);
	return command->number;
}

/* Descriptors above these are what the calls left behind */
static void close_above(int highest)
{
	close_range(highest + 1, ~0U, 0);
}

static int clear_sometimes(int fd, unsigned int n)
{
	struct syncmap_clear arg = { };
	int ret = n % 4096 ? 0 : map_call(fd, SYNCMAP_CLEAR, &arg);

	/* A random number may have frozen it */
	return ret == -EROFS ? 0 : ret;
}

/* Maps, and the one that is soon frozen */
#define MAPS	4
#define FROZEN	(MAPS - 1)

static int pick(const int *fds, const struct command *command)
{
	if (!command->of_map)
		return map_control();
	if (command->number == SYNCMAP_FREEZE)
		return fds[FROZEN];
	return fds[test_random() % MAPS];
}

static void fuzz(int n, void *arg)
{
	int types[MAPS] = { SYNCMAP_KEY_U64, SYNCMAP_KEY_STRING,
			    SYNCMAP_KEY_BYTES, SYNCMAP_KEY_BYTES };
	unsigned int *outcomes = arg;
	int fds[MAPS], highest;

	map_control();
	for (int i = 0; i < MAPS; i++)
		fds[i] = map_limited(types[i], (struct syncmap_limits){
			.entries = 1000, .bytes = 1 << 20,
		});
	highest = fds[MAPS - 1];
	for (unsigned int i = 0; i < test_times(100000); i++) {
		const struct command *command = &commands[test_random() %
							  n_commands];
		int fd = pick(fds, command);
		unsigned long number = random_number(command);
		static char big[1 << 14];
		union argument *argument = (void *)big;
		void *where = test_random() % 32 ? big :
			      (void *)random_pointer();
		int ret;

		make_argument(argument, command->number);
		ret = map_call(fd, number, where);
		test_context("call %u: %s, number %#lx", i, command->name,
			     number);
		EXPECT(is_documented(ret));
		__sync_fetch_and_add(&outcomes[ret ? 1 : 0], 1);
		EXPECT_EQ(0, clear_sometimes(fds[i / 4096 % FROZEN], i));
		if (i % 64 == 0)
			close_above(highest);
	}
	(void)n;
}

TEST_LIMIT(random_calls, 120)
{
	unsigned int *outcomes = test_shared(4096);
	long before;

	page = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT(page != MAP_FAILED);
	ASSERT_EQ(0, munmap(page + PAGE, PAGE));
	before = memory_available();
	test_parallel(2, fuzz, outcomes);
	map_remove(TEST_NAME "fuzz");
	memory_expect(before, 4000);
	test_note("%u calls succeeded, %u failed", outcomes[0], outcomes[1]);
	EXPECT(outcomes[0] > (outcomes[0] + outcomes[1]) / 20);
}
