// SPDX-License-Identifier: GPL-2.0-only
/* libsyncmap: batches, whose loads come from a mapping */
#include "library/mapped.h"

#define COUNT	1500
#define ROOM	24

static struct syncmap_op ops[COUNT];
static struct syncmap_answer answers[COUNT], wanted[COUNT];
static char room[COUNT][ROOM], wanted_room[COUNT][ROOM];
static uint64_t keys[COUNT];

static void make_load(size_t i)
{
	ops[i] = (struct syncmap_op){
		.op = SYNCMAP_OP_LOAD, KEY_N(&keys[i], 8), OUT(room[i]),
		ANSWER(&answers[i]),
	};
}

static void run_batch(const struct libsyncmap *map, size_t op_size, size_t count)
{
	size_t done;
	int err;

	memset(answers, 0xa5, sizeof(answers));
	memset(room, 0, sizeof(room));
	err = libsyncmap_batch(map, ops, op_size, count, 0, &done);
	EXPECT_EQ(0, err);
	EXPECT_EQ(count, done);
}

/* One and the other way, for what changes nothing */
static void expect_agreement(const struct libsyncmap *map, size_t count)
{
	struct libsyncmap *kernel = mapped_reader(map, LIBSYNCMAP_UNMAPPED);

	run_batch(kernel, sizeof(*ops), count);
	memcpy(wanted, answers, sizeof(answers));
	memcpy(wanted_room, room, sizeof(room));
	run_batch(map, sizeof(*ops), count);
	EXPECT_MEM(wanted, sizeof(wanted), answers, sizeof(answers));
	for (size_t i = 0; i < count && !test_failed(); i++) {
		test_context("load %zu of key %llu", i,
			     (unsigned long long)keys[i]);
		if (!wanted[i].error.status)
			EXPECT_MEM(wanted_room[i], wanted[i].out_len, room[i],
				   answers[i].out_len);
	}
	libsyncmap_close(kernel);
}

/* Values of zero to ROOM - 1 bytes, and of every tenth key one that is too long */
static struct libsyncmap *make_full(void)
{
	struct libsyncmap *map = mapped_create("", SYNCMAP_KEY_U64);
	static char value[8000];
	uint64_t key;

	for (key = 0; key < 600; key++) {
		struct libsyncmap_options terms = {
			.deadline = key % 7 ? 0 : map_now() + 5000 * SECOND,
		};
		size_t len = key % 10 ? key % ROOM : 8000 - key;

		test_text(value, len, key);
		EXPECT_EQ(0, libsyncmap_store_with(map, &key, 8, value, len,
						   &terms, NULL));
	}
	for (size_t i = 0; i < COUNT; i++) {
		keys[i] = test_random() % 700;
		make_load(i);
	}
	return map;
}

TEST(loads_agree)
{
	static const size_t counts[] = { 0, 1, 2, 15, 16, 17, 31, 32, 33, 64,
					 100, COUNT };
	struct libsyncmap *map = make_full();

	for (size_t i = 0; i < ARRAY_SIZE(counts); i++)
		expect_agreement(map, counts[i]);
}

/* What is only for the kernel, at any place */
TEST(odd_ones_agree)
{
	struct libsyncmap *map = make_full();

	for (int round = 0; round < 200 && !test_failed(); round++) {
		size_t i = test_random() % 100;
		struct syncmap_op *op = &ops[i];

		make_load(i);
		switch (test_random() % 9) {
		case 0:
			op->key_len = 3;
			break;
		case 1:
			op->flags = 1 << 30;
			break;
		case 2:
			op->value_len = 1;
			break;
		case 3:
			op->answer_size = test_random() % sizeof(*answers);
			break;
		case 4:
			op->answer = op->answer_size = 0;
			break;
		case 5:
			op->out = op->out_size = 0;
			break;
		case 6:
			op->out_size = 2;
			break;
		case 7:
			op->op = 1000;
			break;
		case 8:
			op->reserved = 1;
			break;
		}
		expect_agreement(map, 100);
	}
}

TEST(short_elements)
{
	struct libsyncmap *map = make_full(), *cut = mapped_cut_reader(map);
	char elements[100][SYNCMAP_OP_SHORT];
	size_t done = 0;

	for (size_t i = 0; i < 100; i++) {
		keys[i] = 1 + i % 9;
		make_load(i);
		memcpy(elements[i], &ops[i], SYNCMAP_OP_SHORT);
	}
	AWAIT(!libsyncmap_batch(cut, (void *)elements, SYNCMAP_OP_SHORT, 100, 0,
				&done));
	EXPECT_EQ(100, done);
	for (size_t i = 0; i < 100; i++)
		EXPECT_EQ(keys[i] % ROOM, answers[i].out_len);
	/* Too short for any operation: the kernel says so */
	EXPECT_EQ(-EINVAL, libsyncmap_batch(map, (void *)elements,
					    SYNCMAP_OP_SHORT - 8, 100, 0, &done));
	EXPECT_EQ(0, done);
}

/* No call for loads alone */
TEST(no_call_is_made)
{
	struct libsyncmap *map = make_full(), *cut = mapped_cut_reader(map);
	size_t done = 0;

	for (size_t i = 0; i < COUNT; i++) {
		keys[i] = 1 + test_random() % 9;
		make_load(i);
	}
	AWAIT(!libsyncmap_batch(cut, ops, sizeof(*ops), COUNT, 0, &done));
	EXPECT_EQ(COUNT, done);
	for (size_t i = 0; i < COUNT; i++)
		EXPECT_EQ(0, answers[i].error.status);
	/* One is left to the kernel, which does not answer: so many are done */
	keys[700] = 10;
	AWAIT(libsyncmap_batch(cut, ops, sizeof(*ops), COUNT, 0, &done) ==
	      -ENOTTY && done == 700);
	EXPECT_EQ(700, done);
}

/* A load behind a store is done behind it */
TEST(in_order)
{
	struct libsyncmap *map = mapped_create("", SYNCMAP_KEY_U64);
	static uint64_t values[COUNT];
	uint64_t last[50] = { 0 };

	for (int round = 0; round < 20; round++) {
		memset(ops, 0, sizeof(ops));
		for (size_t i = 0; i < COUNT; i++) {
			keys[i] = test_random() % 50;
			values[i] = test_random();
			make_load(i);
			/* A few stores; or few loads */
			if (test_random() % 100 < (round % 2 ? 3 : 90))
				ops[i] = (struct syncmap_op){
					.op = SYNCMAP_OP_STORE,
					KEY_N(&keys[i], 8),
					VALUE_N(&values[i], 8),
					ANSWER(&answers[i]),
				};
		}
		run_batch(map, sizeof(*ops), COUNT);
		for (size_t i = 0; i < COUNT && !test_failed(); i++) {
			if (ops[i].op == SYNCMAP_OP_STORE)
				last[keys[i]] = values[i];
			else if (!last[keys[i]])
				EXPECT_EQ(-ENOENT, answers[i].error.status);
			else
				EXPECT_MEM(&last[keys[i]], 8, room[i],
					   answers[i].out_len);
		}
	}
}

#define NUMBERS	50

static void load_numbers(const struct libsyncmap *map, uint64_t *numbers)
{
	for (size_t i = 0; i < NUMBERS; i++) {
		keys[i] = i;
		make_load(i);
	}
	run_batch(map, sizeof(*ops), NUMBERS);
	for (size_t i = 0; i < NUMBERS; i++) {
		EXPECT_EQ(0, answers[i].error.status);
		memcpy(&numbers[i], room[i], 8);
	}
}

static void count_up(int n, void *arg)
{
	struct libsyncmap *map = arg;
	struct libsyncmap_number number = { .operand = 1 };

	(void)n;
	for (;;) {
		uint64_t key = test_random() % NUMBERS;

		EXPECT_EQ(0, libsyncmap_calculate(map, SYNCMAP_OP_ADD, &key, 8,
						  &number, NULL));
	}
}

/* Numbers that only grow never shrink, whichever way they are loaded */
TEST_LIMIT(nobody_goes_back, 120)
{
	struct libsyncmap *map = mapped_create("", SYNCMAP_KEY_U64), *kernel;
	uint64_t first[NUMBERS], then[NUMBERS], last[NUMBERS] = { 0 };

	kernel = mapped_reader(map, LIBSYNCMAP_UNMAPPED);
	for (uint64_t key = 0; key < NUMBERS; key++)
		EXPECT_EQ(0, libsyncmap_store(map, &key, 8, &last[0], 8, NULL));
	test_fork(count_up, 0, map);
	test_fork(count_up, 1, map);
	AWAIT((load_numbers(map, first), first[0] > 0) || test_failed());
	for (unsigned int n = 0; n < test_times(2000) && !test_failed(); n++) {
		load_numbers(map, first);
		load_numbers(kernel, then);
		load_numbers(map, last);
		for (size_t i = 0; i < NUMBERS; i++)
			EXPECT(first[i] <= then[i] && then[i] <= last[i]);
	}
	test_note("to %llu", (unsigned long long)last[0]);
}

TEST(stops_where_one_fails)
{
	struct libsyncmap *map = make_full();
	size_t done;

	for (size_t i = 0; i < 100; i++) {
		keys[i] = i == 40 ? 10000 : 1 + i % 9;
		make_load(i);
	}
	EXPECT_EQ(-ENOENT, libsyncmap_batch(map, ops, sizeof(*ops), 100,
					    SYNCMAP_BATCH_STOP, &done));
	EXPECT_EQ(41, done);
	EXPECT_EQ(-EOPNOTSUPP, libsyncmap_batch(map, ops, sizeof(*ops), 100,
						0x100, &done));
	EXPECT_EQ(0, done);
}
