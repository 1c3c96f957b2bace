// SPDX-License-Identifier: GPL-2.0-only
#include <sys/mman.h>

#include "noise.h"
#include "table.h"

#define SIZE	4096

static char *data;	/* behind its SIZE bytes nothing can be used */

struct noise_learnt noise_learnt;

void noise_begin(void)
{
	char *pages = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	ASSERT(pages != MAP_FAILED);
	ASSERT_EQ(0, mprotect(pages + PAGE, PAGE, PROT_NONE));
	data = pages + PAGE - SIZE;
	for (int i = 0; i < SIZE; i++)
		data[i] = 'a' + i % 16;
}

__u64 noise_pointer(void)
{
	switch (test_random() % 8) {
	case 0:
		return test_random();
	case 1:
		return 0;
	case 2:
		return PTR(data) + SIZE - test_random() % 64;
	case 3:
		return 0xffff888000000000 + test_random() % (1 << 20);
	default:
		return PTR(data) + test_random() % SIZE;
	}
}

/* Few of them, so that callers meet */
__u64 noise_key(void)
{
	static const char letters[] = "abcdefghijkl";

	return test_random() % 8 ? PTR(letters) + test_random() % 4 :
				   noise_pointer();
}

__u32 noise_length(void)
{
	static const __u32 edges[] = {
		0, 1, 8, 64, 65, 256, 257, 1024, 4096, 65536, 65537, ~0U,
	};

	return test_random() % 4 ? test_random() % 100 :
	       edges[test_random() % ARRAY_SIZE(edges)];
}

/* Where operations are answered: more than are made before they are done */
static struct syncmap_answer answers[32];
static unsigned int next_answer;

static void learn_from(const struct syncmap_answer *answer)
{
	if (answer->error.status)
		return;
	if (answer->result & SYNCMAP_RESULT_LEASED)
		noise_learnt.token = answer->leased;
	if (answer->revision)
		noise_learnt.revision = answer->revision;
}

void noise_learn(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(answers); i++)
		learn_from(&answers[i]);
}

static void make_answer(struct syncmap_op *op)
{
	struct syncmap_answer *answer = &answers[next_answer++ %
						 ARRAY_SIZE(answers)];

	memset(answer, 0, sizeof(*answer));
	op->answer = test_random() % 16 ? PTR(answer) : noise_pointer();
	op->answer_size = test_random() % 8 ? sizeof(*answer) :
			  test_random() % 8 ? test_random() % sizeof(*answer) :
					      noise_length();
}

static __u32 random_flags(void)
{
	__u32 flags = 0;

	while (test_random() % 4 == 0)
		flags |= 1U << test_random() % 10;
	return flags;
}

/* Up to half a millisecond ago, or ahead */
static __u64 random_time(__u32 flags)
{
	__u64 time = test_random() % MS;

	return flags & SYNCMAP_FLAG_FROM_NOW ? time : map_now() + time - MS / 2;
}

static __u64 random_deadline(__u32 flags)
{
	switch (test_random() % 8) {
	case 0:
		return test_random();
	case 1:
		return SYNCMAP_NEVER;
	case 2 ... 4:
		return random_time(flags);
	default:
		return 0;
	}
}

/* Any, but most of all those of leases */
static __u32 random_code(void)
{
	static const __u32 codes[] = {
		SYNCMAP_OP_LOAD_OR_LEASE, SYNCMAP_OP_LOAD_OR_LEASE,
		SYNCMAP_OP_UNLEASE, SYNCMAP_OP_STORE, SYNCMAP_OP_DELETE,
	};

	return test_random() % 2 ? test_random() % (n_operations + 3) :
				   codes[test_random() % ARRAY_SIZE(codes)];
}

static void make_buffers(struct syncmap_op *op, __u32 has)
{
	op->value = op->old = op->out = 0;
	op->value_len = op->old_len = op->out_size = 0;
	if (has & TAKES_VALUE) {
		op->value = noise_pointer();
		op->value_len = test_random() % 2 ? 8 : noise_length();
	}
	if (has & TAKES_OLD && test_random() % 2) {
		op->old = noise_pointer();
		op->old_len = test_random() % 2 ? 8 : noise_length();
	}
	if (has & TAKES_OUT && test_random() % 2) {
		op->out = noise_pointer();
		op->out_size = noise_length();
	}
}

void noise_op(struct syncmap_op *op)
{
	const struct operation *operation;
	__u32 has = test_random();

	op->op = random_code();
	operation = operation_find(op->op);
	if (test_random() % 8)
		has = operation ? operation->takes : 0;
	op->flags = random_flags();
	if (has & TAKES_VALUE && test_random() % 4 == 0)
		op->flags |= SYNCMAP_FLAG_OWNED;
	op->key = noise_key();
	op->key_len = test_random() % 8 ? 8 : noise_length();
	make_buffers(op, has);
	make_answer(op);
	op->reserved = 0;
	op->expected = test_random() % 8 ? 0 : noise_learnt.revision;
	if (op->flags & (SYNCMAP_FLAG_BY_REVISION | SYNCMAP_FLAG_IF_NEWER))
		op->expected = noise_learnt.revision - test_random() % 4;
	op->deadline = has & TAKES_DEADLINE || op->flags & SYNCMAP_FLAG_INITIAL ?
		       random_deadline(op->flags) : 0;
	op->token = has & TAKES_TOKEN && test_random() % 2 ? noise_learnt.token : 0;
	op->wait_until = has & TAKES_WAIT && !(op->flags & SYNCMAP_FLAG_NOWAIT) ?
			 random_time(op->flags) : 0;
	op->lease_for = has & TAKES_WAIT && test_random() % 2 ?
			test_random() % MS : 0;
	op->operand = has & TAKES_NUMBER ? test_random() >> test_random() % 64 : 0;
	op->initial = op->flags & SYNCMAP_FLAG_INITIAL ? test_random() % 100 : 0;
	op->bound = op->flags & SYNCMAP_FLAG_BOUNDED ? test_random() % 100 : 0;
}
