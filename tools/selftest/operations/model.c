// SPDX-License-Identifier: GPL-2.0-only
/*
 * As Go's TestMapMatchesRWMutex: random operations against a plain reference,
 * call by call. The pools of keys and values are small, so that matches and
 * mismatches both occur
 */
#include "harness/map.h"
#include "harness/record.h"

struct entry {
	bool		there;
	unsigned int	value;
	__u64		revision;
};

#define MODEL_KEYS	40
#define MODEL_VALUES	9

static struct entry model[MODEL_KEYS];
static char values[MODEL_VALUES][300];
static const __u32 sizes[MODEL_VALUES] = { 0, 1, 1, 8, 33, 64, 65, 256, 300 };

static struct syncmap_op random_op(const char *key, const struct entry *entry,
				   unsigned int value, unsigned int old,
				   char *out)
{
	struct syncmap_op op = {
		.op = test_random() % 8 + 1, KEY_N(key, strlen(key)),
	};

	if (op.op == SYNCMAP_OP_STORE || op.op == SYNCMAP_OP_LOAD_OR_STORE ||
	    op.op == SYNCMAP_OP_SWAP || op.op == SYNCMAP_OP_COMPARE_AND_SWAP) {
		op.value = PTR(values[value]);
		op.value_len = sizes[value];
	}
	if (op.op != SYNCMAP_OP_STORE && op.op != SYNCMAP_OP_DELETE) {
		op.out = PTR(out);
		op.out_size = test_random() % 8 ? 300 : test_random() % 100;
	}
	if (op.op < SYNCMAP_OP_COMPARE_AND_SWAP)
		return op;
	if (test_random() % 3 == 0) {
		op.flags = SYNCMAP_FLAG_BY_REVISION;
		op.expected = entry->revision + test_random() % 2;
	} else {
		op.old = PTR(values[old]);
		op.old_len = sizes[old];
	}
	return op;
}

/* What the call has to return, and what becomes of the entry */
static int predict(struct entry *entry, const struct syncmap_op *op,
		   unsigned int value, unsigned int old)
{
	bool compares = op->op >= SYNCMAP_OP_COMPARE_AND_SWAP;
	bool inserts = op->op == SYNCMAP_OP_STORE ||
		       op->op == SYNCMAP_OP_LOAD_OR_STORE ||
		       op->op == SYNCMAP_OP_SWAP;

	if (!entry->there) {
		entry->there = inserts;
		entry->value = value;
		return inserts || op->op == SYNCMAP_OP_DELETE ? 0 : -ENOENT;
	}
	if (compares && op->flags && op->expected != entry->revision)
		return -EBUSY;
	if (compares && !op->flags && old != entry->value)
		return -EBUSY;
	if (op->out_size && op->out_size < sizes[entry->value])
		return -EMSGSIZE;
	if (op->op == SYNCMAP_OP_LOAD || op->op == SYNCMAP_OP_LOAD_OR_STORE)
		return 0;
	entry->there = op->op != SYNCMAP_OP_LOAD_AND_DELETE &&
		       op->op != SYNCMAP_OP_DELETE &&
		       op->op != SYNCMAP_OP_COMPARE_AND_DELETE;
	entry->value = value;
	return 0;
}

static void check_answer(const struct entry *before, struct entry *entry,
			 const struct syncmap_op *op, int ret, const char *out)
{
	bool same = before->there == entry->there &&
		    (ret || op->op == SYNCMAP_OP_LOAD ||
		     op->op == SYNCMAP_OP_LOAD_OR_STORE || !before->there);
	__u32 len = before->there ? sizes[before->value] : 0;

	EXPECT_EQ(before->there ? SYNCMAP_RESULT_LOADED : 0, got.result);
	EXPECT_EQ(len, got.out_len);
	if (before->there && op->out && op->out_size >= len)
		EXPECT_MEM(values[before->value], len, out, len);
	if (same) {
		EXPECT_EQ(before->there ? before->revision : 0, got.revision);
		return;
	}
	EXPECT_EQ(before->there ? before->revision : 0, got.previous);
	EXPECT(got.revision > before->revision);
	entry->revision = got.revision;
}

static void model_step(int fd, unsigned int n)
{
	unsigned int value = test_random() % MODEL_VALUES;
	unsigned int old = test_random() % MODEL_VALUES;
	unsigned int index = test_random() % MODEL_KEYS;
	struct entry *entry = &model[index], before = *entry;
	struct syncmap_op op;
	char key[4] = "", out[300];
	int want;

	for (unsigned int i = 0, rest = index; rest; rest /= 3)
		key[i++] = 'a' + --rest % 3;
	op = random_op(key, entry, value, old, out);
	test_context("step %u: operation %u on \"%s\"", n, op.op, key);
	want = predict(entry, &op, value, old);
	EXPECT_EQ(want, map_op(fd, op));
	check_answer(&before, entry, &op, want, out);
}

static void check_record(const struct syncmap_record *record, void *arg)
{
	unsigned int *n = arg, index = 0;
	const char *key = record_key(record);

	for (__u32 i = record->key_len; i > 0; i--)
		index = index * 3 + key[i - 1] - 'a' + 1;
	ASSERT(index < MODEL_KEYS && model[index].there);
	EXPECT_EQ(model[index].revision, record->revision);
	EXPECT_MEM(values[model[index].value], sizes[model[index].value],
		   record_value(record), record->value_len);
	++*n;
}

static void check_model(int fd)
{
	unsigned int there = 0, bytes = 0, seen = 0;

	for (unsigned int i = 0; i < MODEL_KEYS; i++) {
		if (!model[i].there)
			continue;
		there++;
		bytes += map_overhead() + sizes[model[i].value];
		for (unsigned int rest = i; rest; rest = (rest - 1) / 3)
			bytes++;
	}
	map_walk(fd, 0, 1000, check_record, &seen);
	EXPECT_EQ(there, seen);
	EXPECT_EQ(there, map_count(fd));
	EXPECT_EQ(bytes, map_info(fd).bytes);
}

TEST_LIMIT(random_against_model, 60)
{
	int fd = map_private(SYNCMAP_KEY_STRING);

	for (unsigned int i = 0; i < MODEL_VALUES; i++)
		test_text(values[i], sizes[i], i);
	for (unsigned int n = 0; n < test_times(60000); n++) {
		unsigned int chance = test_random() % 1000;

		model_step(fd, n);
		if (chance == 0) {
			map_clear(fd);
			for (unsigned int i = 0; i < MODEL_KEYS; i++)
				model[i].there = false;
		} else if (chance < 4) {
			map_promote(fd);
		} else if (chance < 8) {
			check_model(fd);
		}
	}
	check_model(fd);
}
