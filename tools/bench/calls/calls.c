// SPDX-License-Identifier: GPL-2.0-only
/*
 * Usage: calls [ROUNDS]
 *
 * Nanoseconds per call of /dev/syncmap, by the clock of a guest that QEMU runs
 * with -icount shift=0: there each instruction takes one, so that these are the
 * instructions of a call, from user space and back. Each line is the median of the
 * rounds, and how far they are apart.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/syncmap.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#define KEYS		256U
#define MAX_ROUNDS	99U

/* What most want to hear of a load: result, length, revision and deadline */
#define ANSWER_SHORT	offsetof(struct syncmap_answer, error)

static int map;
static unsigned char bytes[4096];
static unsigned char out[4096];
static struct syncmap_answer answers[16];

static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC_RAW, &t);
	return t.tv_sec * 1000000000ULL + t.tv_nsec;
}

static void die(const char *what)
{
	fprintf(stderr, "calls: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void open_map(void)
{
	struct syncmap_create create = {
		.key_type = SYNCMAP_KEY_U64, .mode = 0600,
	};
	int device = open("/dev/syncmap", O_RDWR | O_CLOEXEC);

	if (device < 0 || ioctl(device, SYNCMAP_CREATE, &create))
		die("create");
	map = create.fd;
}

static struct syncmap_op operation(uint32_t op, const uint64_t *key, uint32_t len)
{
	return (struct syncmap_op){
		.op = op, .key = (uintptr_t)key, .key_len = sizeof(*key),
		.value = len ? (uintptr_t)bytes : 0, .value_len = len,
	};
}

static struct syncmap_op load(const uint64_t *key)
{
	struct syncmap_op op = operation(SYNCMAP_OP_LOAD, key, 0);

	op.out = (uintptr_t)out;
	op.out_size = sizeof(out);
	op.answer = (uintptr_t)answers;
	op.answer_size = ANSWER_SHORT;
	return op;
}

static void run(struct syncmap_op *op, int err)
{
	unsigned long command = op->op == SYNCMAP_OP_LOAD ||
				op->op == SYNCMAP_OP_DELETE ?
		SYNCMAP_OP_SIZED(SYNCMAP_OP_SHORT) : SYNCMAP_OP;

	if (ioctl(map, command, op) ? errno != err : err)
		die("operation");
}

static void store_all(uint32_t len)
{
	struct syncmap_op op;
	uint64_t key;

	for (key = 0; key < KEYS; key++) {
		op = operation(SYNCMAP_OP_STORE, &key, len);
		run(&op, 0);
	}
}

static void delete_all(void)
{
	struct syncmap_op op;
	uint64_t key;

	for (key = 0; key < KEYS; key++) {
		op = operation(SYNCMAP_OP_DELETE, &key, 0);
		run(&op, 0);
	}
}

/* A read table, as a map has that is mostly read */
static void settle(void)
{
	struct syncmap_map_info info = {};
	char path[64];
	int fd;

	store_all(8);
	if (ioctl(map, SYNCMAP_MAP_INFO, &info))
		die("info");
	snprintf(path, sizeof(path), "/sys/kernel/debug/syncmap/#%llu/control",
		 info.id);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, "promote", 7) < 0)
		die("promote");
	close(fd);
}

static void load_all(void)
{
	struct syncmap_op op;
	uint64_t key;

	for (key = 0; key < KEYS; key++) {
		op = load(&key);
		run(&op, 0);
	}
}

static void miss_all(void)
{
	struct syncmap_op op;
	uint64_t key;

	for (key = KEYS; key < 2 * KEYS; key++) {
		op = load(&key);
		run(&op, ENOENT);
	}
}

static void overwrite_all(void)
{
	store_all(8);
}

static void find_all(void)
{
	struct syncmap_op op;
	uint64_t key;

	for (key = 0; key < KEYS; key++) {
		op = operation(SYNCMAP_OP_LOAD_OR_STORE, &key, 8);
		op.out = (uintptr_t)out;
		op.out_size = sizeof(out);
		op.answer = (uintptr_t)answers;
		op.answer_size = ANSWER_SHORT;
		run(&op, 0);
	}
}

static void count_all(void)
{
	struct syncmap_op op;
	uint64_t key;

	for (key = 0; key < KEYS; key++) {
		op = operation(SYNCMAP_OP_ADD, &key, 0);
		op.operand = 1;
		run(&op, 0);
	}
}

static void compare_all(void)
{
	struct syncmap_op op;
	uint64_t key;

	for (key = 0; key < KEYS; key++) {
		op = operation(SYNCMAP_OP_COMPARE_AND_SWAP, &key, 8);
		op.old = (uintptr_t)bytes;
		op.old_len = 8;
		run(&op, 0);
	}
}

static void replace_all(void)
{
	store_all(200);
}

/* As many keys as a batch of the device looks up together */
static void batch_all(uint32_t what, uint32_t len)
{
	static struct syncmap_op ops[16];
	static uint64_t keys[16];
	struct syncmap_batch batch = {
		.ops = (uintptr_t)ops, .op_size = sizeof(ops[0]), .count = 16,
	};
	uint64_t key;

	for (key = 0; key < KEYS; key++) {
		uint64_t i = key % 16;

		keys[i] = key;
		ops[i] = what == SYNCMAP_OP_LOAD ? load(&keys[i]) :
						   operation(what, &keys[i], len);
		ops[i].answer = (uintptr_t)&answers[i];
		ops[i].answer_size = ANSWER_SHORT;
		if (i == 15 && (ioctl(map, SYNCMAP_BATCH, &batch) ||
				batch.failed))
			die("batch");
	}
}

static void load_in_batches(void)
{
	batch_all(SYNCMAP_OP_LOAD, 0);
}

static void store_in_batches(void)
{
	batch_all(SYNCMAP_OP_STORE, 8);
}

static void refuse_all(void)
{
	struct syncmap_op op;
	unsigned int i;

	for (i = 0; i < KEYS; i++) {
		op = (struct syncmap_op){ .op = UINT32_MAX };
		run(&op, EOPNOTSUPP);
	}
}

static void insert_all(void)
{
	store_all(8);
}

/* What is there before each round, and what is measured */
static const struct {
	const char	*name;
	void		(*before)(void);
	void		(*calls)(void);
} rows[] = {
	{ "a call that is refused", settle, refuse_all },
	{ "load", settle, load_all },
	{ "load of an absent key", settle, miss_all },
	{ "load-or-store of a present key", settle, find_all },
	{ "store in place", settle, overwrite_all },
	{ "add", settle, count_all },
	{ "compare-and-swap in place", settle, compare_all },
	{ "store that replaces", settle, replace_all },
	{ "delete", settle, delete_all },
	{ "insert", delete_all, insert_all },
	{ "load in a batch of 16", settle, load_in_batches },
	{ "store in a batch of 16", settle, store_in_batches },
};

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static void measure(unsigned int row, unsigned int rounds)
{
	uint64_t ns[MAX_ROUNDS], begun;
	unsigned int i;

	for (i = 0; i < rounds; i++) {
		rows[row].before();
		begun = now();
		rows[row].calls();
		ns[i] = (now() - begun) / KEYS;
	}
	qsort(ns, rounds, sizeof(ns[0]), compare);
	printf("%-32s %6llu  (%llu to %llu)\n", rows[row].name,
	       (unsigned long long)ns[rounds / 2], (unsigned long long)ns[0],
	       (unsigned long long)ns[rounds - 1]);
	fflush(stdout);
}

int main(int argc, char **argv)
{
	unsigned int rounds = argc > 1 ? strtoul(argv[1], NULL, 10) : 15;
	unsigned int i;

	if (argc > 2 || !rounds || rounds > MAX_ROUNDS) {
		fprintf(stderr, "Usage: calls [ROUNDS]\n");
		return 2;
	}
	open_map();
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		measure(i, rounds);
	return 0;
}
