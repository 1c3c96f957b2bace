// SPDX-License-Identifier: GPL-2.0-only
#include "batches.h"

struct syncmap_op many[MANY + 1];
static __u64 keys[MANY + 1];
__u64 many_values[MANY + 1];
struct syncmap_answer answers[MANY + 1];

void batch_answers(struct syncmap_op *ops, unsigned int n)
{
	for (unsigned int i = 0; i < n && i <= MANY; i++) {
		if (ops[i].answer_size)
			continue;
		ops[i].answer = PTR(&answers[i]);
		ops[i].answer_size = sizeof(answers[i]);
	}
}

int batch(int fd, struct syncmap_batch *arg, struct syncmap_op *ops,
	  unsigned int n, __u32 flags)
{
	batch_answers(ops, n);
	*arg = (struct syncmap_batch){
		.ops = PTR(ops), .op_size = sizeof(*ops), .count = n,
		.flags = flags, .done = ~0U, .failed = ~0U,
	};
	return map_call(fd, SYNCMAP_BATCH, arg);
}

void batch_expect(const struct syncmap_batch *arg, unsigned int done,
		  unsigned int failed)
{
	EXPECT_EQ(done, arg->done);
	EXPECT_EQ(failed, arg->failed);
}

void many_make(__u32 code, unsigned int n)
{
	memset(many, 0, sizeof(many));
	for (unsigned int i = 0; i < n; i++) {
		keys[i] = i;
		many[i] = (struct syncmap_op){
			.op = code, KEY_N(&keys[i], 8),
		};
		if (code == SYNCMAP_OP_LOAD) {
			many[i].out = PTR(&many_values[i]);
			many[i].out_size = 8;
		} else if (code == SYNCMAP_OP_STORE) {
			many[i].value = PTR(&keys[i]);
			many[i].value_len = 8;
		}
	}
}
