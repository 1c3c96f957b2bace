// SPDX-License-Identifier: GPL-2.0-only
/*
 * Loads of many keys, and loads of what is newer
 */
#include "../../module/store/many.c"
#include "common.h"

struct many {
	struct syncmap_op	ops[BYTEMAP_LOADS];
	struct syncmap_answer	answers[BYTEMAP_LOADS];
	struct bytemap_request	requests[BYTEMAP_LOADS];
	char			keys[BYTEMAP_LOADS][3];
};

/* Keys "ka", "kb" and so on; values are wanted if they are not longer */
static struct many *load_many(struct kunit *test, struct bytemap *map,
			      unsigned int n, u32 out_size)
{
	struct many *many = kunit_kzalloc(test, sizeof(*many), GFP_KERNEL);
	struct bytemap_request *reqs[BYTEMAP_LOADS];
	unsigned int i;

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, many);
	for (i = 0; i < n; i++) {
		many->keys[i][0] = 'k';
		many->keys[i][1] = 'a' + i;
		many->ops[i].op = SYNCMAP_OP_LOAD;
		many->ops[i].key_len = 2;
		many->ops[i].out_size = out_size;
		many->requests[i].op = &many->ops[i];
		many->requests[i].answer = &many->answers[i];
		many->requests[i].key = many->keys[i];
		reqs[i] = &many->requests[i];
	}
	bytemap_many_load(map, reqs, n);
	return many;
}

/* Their turns come */
static void end_many(struct bytemap *map, struct many *many, unsigned int n)
{
	unsigned int i;

	for (i = 0; i < n; i++)
		many->answers[i].error.status =
			bytemap_many_end(map, &many->requests[i]);
}

static void release(struct many *many, unsigned int n)
{
	while (n)
		bytemap_request_release(&many->requests[--n]);
}

static void each_is_found_or_absent(struct kunit *test)
{
	struct bytemap *map = store_map(test, SYNCMAP_KEY_STRING, NULL);
	char key[] = "k?";
	struct many *many;
	unsigned int i, n;

	for (i = 0; i < BYTEMAP_LOADS; i += 2) {
		key[1] = 'a' + i;
		KUNIT_EXPECT_EQ(test, store_store(map, key, key), 0);
	}
	KUNIT_EXPECT_EQ(test, store_delete(map, "kc"), 0);
	for (n = 0; n <= BYTEMAP_LOADS; n++) {
		many = load_many(test, map, n, 10);
		end_many(map, many, n);
		for (i = 0; i < n; i++) {
			bool there = i % 2 == 0 && i != 2;

			KUNIT_EXPECT_EQ(test, many->answers[i].error.status,
					there ? 0 : -ENOENT);
			KUNIT_EXPECT_EQ(test, many->answers[i].revision,
					there ? i / 2 + 1ULL : 0);
			if (there)
				KUNIT_EXPECT_EQ(test, many->keys[i][1],
						many->requests[i].found.bytes[1]);
		}
		release(many, n);
	}
}

static void long_values_are_held_when_it_is_their_turn(struct kunit *test)
{
	struct bytemap *map = store_map(test, SYNCMAP_KEY_STRING, NULL);
	const char *text = store_text(test, 'x', 1000);
	const void *bytes;
	struct many *many;

	KUNIT_EXPECT_EQ(test, store_store(map, "ka", text), 0);
	many = load_many(test, map, 2, 1000);
	KUNIT_EXPECT_FALSE(test, !!many->requests[0].found.held);
	end_many(map, many, 2);
	KUNIT_EXPECT_EQ(test, many->answers[0].error.status, 0);
	KUNIT_EXPECT_TRUE(test, !!many->requests[0].found.held);
	/* Each once, though one was looked up twice */
	KUNIT_EXPECT_EQ(test, store_stat(map, "found"), 1ULL);
	KUNIT_EXPECT_EQ(test, store_stat(map, "absent"), 1ULL);
	KUNIT_EXPECT_EQ(test, store_delete(map, "ka"), 0);
	bytes = bytemap_view_bytes(&many->requests[0].found);
	KUNIT_EXPECT_EQ(test, memcmp(text, bytes, 1000), 0);
	release(many, 2);
	KUNIT_EXPECT_EQ(test, store_store(map, "ka", text), 0);
	many = load_many(test, map, 1, 0);
	KUNIT_EXPECT_EQ(test, many->answers[0].error.status, 0);
	KUNIT_EXPECT_EQ(test, many->answers[0].out_len, 1000U);
	release(many, 1);
	many = load_many(test, map, 1, 999);
	KUNIT_EXPECT_EQ(test, many->answers[0].error.status, -EMSGSIZE);
	KUNIT_EXPECT_EQ(test, many->answers[0].out_len, 1000U);
	release(many, 1);
}

/* What is not newer is neither copied nor held */
static void nothing_is_taken_of_what_is_known(struct kunit *test)
{
	struct bytemap *map = store_map(test, SYNCMAP_KEY_STRING, NULL);
	struct syncmap_op op = {
		.op = SYNCMAP_OP_LOAD, .flags = SYNCMAP_FLAG_IF_NEWER,
		.key_len = 1, .out_size = 1000,
	};
	struct syncmap_answer answer;
	struct bytemap_request req = {
		.op = &op, .answer = &answer, .key = "k",
	};

	KUNIT_EXPECT_EQ(test, store_store(map, "k",
					  store_text(test, 'x', 1000)), 0);
	KUNIT_EXPECT_EQ(test, bytemap_op(map, &req), 0);
	KUNIT_EXPECT_EQ(test, answer.result, SYNCMAP_RESULT_LOADED + 0U);
	KUNIT_EXPECT_TRUE(test, !!req.found.held);
	bytemap_request_release(&req);
	op.expected = answer.revision;
	KUNIT_EXPECT_EQ(test, bytemap_op(map, &req), 0);
	KUNIT_EXPECT_EQ(test, answer.result,
			SYNCMAP_RESULT_LOADED | SYNCMAP_RESULT_UNCHANGED);
	KUNIT_EXPECT_FALSE(test, !!req.found.held);
	KUNIT_EXPECT_EQ(test, answer.out_len, 1000U);
	bytemap_request_release(&req);
}

static struct kunit_case many_cases[] = {
	KUNIT_CASE(each_is_found_or_absent),
	KUNIT_CASE(long_values_are_held_when_it_is_their_turn),
	KUNIT_CASE(nothing_is_taken_of_what_is_known),
	{}
};

static struct kunit_suite many_suite = {
	.name = "bytemap_many",
	.suite_init = store_suite_init,
	.suite_exit = store_suite_exit,
	.init = store_test_init,
	.exit = store_test_exit,
	.test_cases = many_cases,
};

kunit_test_suite(many_suite);
