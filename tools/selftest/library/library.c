// SPDX-License-Identifier: GPL-2.0-only
/* libsyncmap against the module: each operation, and what it makes of an answer */
#include <fcntl.h>
#include <libsyncmap.h>

#include "harness/map.h"

#define NAME	TEST_NAME "library"

static struct libsyncmap *create(enum syncmap_key_type type,
				 const struct syncmap_limits *limits)
{
	struct libsyncmap *map = NULL;

	ASSERT_EQ(0, libsyncmap_create(NAME, type, limits, 0600, &map));
	ASSERT(map);
	return map;
}

#define K	"key", 3

/* As a program has them that was built with what comes after us */
struct longer {
	struct syncmap_open	open;
	uint64_t		more;
};

TEST(later_programs)
{
	struct longer longer = { .open.access = SYNCMAP_ACCESS_READ };
	struct libsyncmap *map, *again;

	strcpy(longer.open.name, TEST_NAME "later");
	EXPECT_EQ(0, libsyncmap_create(TEST_NAME "later", SYNCMAP_KEY_U64, NULL,
				       0600, &map));
	EXPECT_EQ(0, libsyncmap_open_with(&longer.open, sizeof(longer), &again));
	libsyncmap_close(again);
	longer.more = 1;
	EXPECT_EQ(-E2BIG, libsyncmap_open_with(&longer.open, sizeof(longer),
					       &again));
	EXPECT_EQ(-E2BIG, libsyncmap_open_with(&longer.open, 1 << 20, &again));
	libsyncmap_close(map);
	EXPECT_EQ(0, libsyncmap_remove(TEST_NAME "later"));
}

TEST(append)
{
	const struct libsyncmap_options owned = { .flags = SYNCMAP_FLAG_OWNED };
	struct libsyncmap *map = create(SYNCMAP_KEY_STRING, NULL), *other;
	char value[16];
	struct libsyncmap_result result = {
		.buffer = value, .size = sizeof(value),
	};
	uint64_t first;

	EXPECT_EQ(0, libsyncmap_open(NAME, SYNCMAP_ACCESS_WRITE, &other));
	EXPECT_EQ(0, libsyncmap_append(other, K, "one", 3, &owned, &result));
	EXPECT(!result.loaded && !result.previous);
	first = result.revision;
	EXPECT_EQ(0, libsyncmap_append(map, K, ", two", 5, NULL, &result));
	EXPECT(result.loaded);
	EXPECT_EQ(3, result.len);
	EXPECT_EQ(first, result.previous);
	EXPECT_EQ(0, libsyncmap_append(map, K, NULL, 0, NULL, NULL));
	EXPECT_EQ(0, libsyncmap_load(map, K, &result));
	EXPECT_MEM("one, two", 8, value, result.len);
	libsyncmap_close(other);
	EXPECT_EQ(-ENOENT, libsyncmap_load(map, K, NULL));
}

TEST(newer)
{
	struct libsyncmap *map = create(SYNCMAP_KEY_STRING, NULL);
	char value[16];
	struct libsyncmap_result result = {
		.buffer = value, .size = sizeof(value),
	};

	EXPECT_EQ(-ENOENT, libsyncmap_load_newer(map, K, 0, &result));
	EXPECT_EQ(0, libsyncmap_store(map, K, "value", 5, NULL));
	EXPECT_EQ(0, libsyncmap_load_newer(map, K, 0, &result));
	EXPECT(!result.unchanged);
	EXPECT_MEM("value", 5, value, result.len);
	EXPECT_EQ(0, libsyncmap_load_newer(map, K, result.revision, &result));
	EXPECT(result.unchanged && result.loaded);
}

TEST(batches)
{
	struct libsyncmap *map = create(SYNCMAP_KEY_U64, NULL);
	static struct syncmap_op ops[2500];
	static struct syncmap_answer answers[2500];
	static uint64_t keys[2500];
	size_t done;

	for (size_t i = 0; i < 2500; i++) {
		keys[i] = i;
		ops[i] = (struct syncmap_op){
			.op = SYNCMAP_OP_LOAD_OR_STORE, KEY_N(&keys[i], 8),
			.answer = PTR(&answers[i]),
			.answer_size = sizeof(answers[i]),
		};
	}
	EXPECT_EQ(0, libsyncmap_batch(map, ops, sizeof(ops[0]), 2500, 0, &done));
	EXPECT_EQ(2500, done);
	EXPECT_EQ(2500, answers[2499].revision);
	for (size_t i = 0; i < 2500; i++)
		ops[i].op = SYNCMAP_OP_LOAD_AND_DELETE;
	keys[2000] = 7777;
	EXPECT_EQ(-ENOENT, libsyncmap_batch(map, ops, sizeof(ops[0]), 2500,
					    SYNCMAP_BATCH_STOP, &done));
	EXPECT_EQ(2001, done);
	/* Nobody can say why */
	ops[0].answer_size = 0;
	EXPECT_EQ(-ECANCELED, libsyncmap_batch(map, ops, sizeof(ops[0]), 1,
					       SYNCMAP_BATCH_STOP, &done));
	EXPECT_EQ(1, done);
	EXPECT_EQ(-EINVAL, libsyncmap_batch(map, ops, 8, 2500, 0, &done));
	EXPECT_EQ(0, done);
	EXPECT_EQ(0, libsyncmap_batch(map, NULL, sizeof(ops[0]), 0, 0, &done));
	EXPECT_EQ(0, done);
}

/* All of it reaches the kernel, whatever the operation has a use for */
TEST(the_command_itself)
{
	static const __u32 codes[] = { SYNCMAP_OP_LOAD, SYNCMAP_OP_DELETE };
	struct libsyncmap *map = create(SYNCMAP_KEY_STRING, NULL);

	EXPECT_EQ(0, libsyncmap_store(map, K, "v", 1, NULL));
	for (size_t i = 0; i < ARRAY_SIZE(codes); i++) {
		struct syncmap_op op = {
			.op = codes[i], KEY("key"), .expected = 1,
		};

		EXPECT_EQ(i ? -EOPNOTSUPP : -EINVAL,
			  libsyncmap_op(map, &op, sizeof(op)));
		op.expected = 0;
		op.reserved = 1;
		EXPECT_EQ(-EOPNOTSUPP, libsyncmap_op(map, &op, sizeof(op)));
	}
	EXPECT_EQ(0, libsyncmap_load(map, K, NULL));
}

TEST(leases)
{
	struct libsyncmap *map = create(SYNCMAP_KEY_STRING, NULL), *other;
	struct libsyncmap_options terms = { };
	char value[16];
	struct libsyncmap_result result = {
		.buffer = value, .size = sizeof(value),
	};
	static char long_key[5000];
	struct syncmap_error error;
	uint64_t token, none, ends;
	int fd;

	EXPECT_EQ(0, libsyncmap_open(NAME, SYNCMAP_ACCESS_READ |
					   SYNCMAP_ACCESS_WRITE, &other));
	EXPECT_EQ(0, libsyncmap_load_or_lease(map, K, 0, 0, 0, &token, &result));
	EXPECT(token);
	EXPECT(!result.loaded);
	EXPECT_EQ(-EAGAIN, libsyncmap_load_or_lease(other, K, SYNCMAP_FLAG_NOWAIT,
						    0, 0, &none, NULL));
	EXPECT_EQ(0, none);
	EXPECT_EQ(-ETIMEDOUT, libsyncmap_load_or_lease(other, K, 0,
				libsyncmap_deadline(MS), 0, &none, NULL));
	EXPECT_EQ(-ETIMEDOUT, libsyncmap_load_or_lease(other, K,
				SYNCMAP_FLAG_FROM_NOW, MS, 0, &none, NULL));
	EXPECT_EQ(-ESTALE, libsyncmap_unlease(other, K, token));
	EXPECT_EQ(SYNCMAP_NEVER, result.lease_ends);
	EXPECT_EQ(0, libsyncmap_unlease(map, K, token));
	EXPECT_EQ(0, libsyncmap_load_or_lease(map, K, 0, 0, 1, &token, &result));
	EXPECT(result.lease_ends <= libsyncmap_deadline(0));
	EXPECT_EQ(-ESTALE, libsyncmap_unlease(map, K, token));
	EXPECT_EQ(0, libsyncmap_load_or_lease(other, K, 0, 0, 0, &terms.token,
					      &result));
	EXPECT_EQ(-ESTALE, libsyncmap_store_with(map, K, "value", 5, &terms,
						 NULL));
	EXPECT_EQ(0, libsyncmap_await(map, K, 0, 0, &fd, &error));
	EXPECT_EQ(0, fcntl(fd, F_SETFL, O_NONBLOCK));
	EXPECT_EQ(-EAGAIN, libsyncmap_awaited(fd, &token, &ends));
	EXPECT_EQ(0, libsyncmap_unlease(other, K, terms.token));
	EXPECT_EQ(0, libsyncmap_awaited(fd, &token, &ends));
	EXPECT(token);
	EXPECT_EQ(SYNCMAP_NEVER, ends);
	EXPECT_EQ(-ENODATA, libsyncmap_awaited(fd, &none, NULL));
	EXPECT_EQ(0, none);
	EXPECT_EQ(0, close(fd));
	EXPECT_EQ(0, libsyncmap_await(other, K, SYNCMAP_AWAIT_FROM_NOW,
				      1000 * SECOND, &fd, NULL));
	EXPECT_EQ(0, libsyncmap_unlease(map, K, token));
	EXPECT_EQ(0, libsyncmap_awaited(fd, &terms.token, &ends));
	EXPECT(ends <= 1000 * SECOND && ends > 900 * SECOND);
	EXPECT_EQ(0, close(fd));
	EXPECT_EQ(-EFBIG, libsyncmap_await(map, long_key, sizeof(long_key), 0, 0,
					   &fd, &error));
	EXPECT_EQ(-1, fd);
	EXPECT_EQ(SYNCMAP_LIMITED_KEY, error.limited);
	EXPECT_EQ(0, libsyncmap_store_with(other, K, "value", 5, &terms, NULL));
	EXPECT_EQ(0, libsyncmap_load_or_lease(map, K, 0, 0, 0, &token, &result));
	EXPECT_EQ(0, token);
	EXPECT(result.loaded && !result.expired);
	EXPECT_MEM("value", 5, value, result.len);
	libsyncmap_close(other);
}

TEST(owned)
{
	const struct libsyncmap_options owned = { .flags = SYNCMAP_FLAG_OWNED };
	struct libsyncmap *map = create(SYNCMAP_KEY_STRING, NULL), *other;
	struct libsyncmap_result result = { };

	EXPECT_EQ(0, libsyncmap_open(NAME, SYNCMAP_ACCESS_READ |
					   SYNCMAP_ACCESS_WRITE, &other));
	EXPECT_EQ(0, libsyncmap_store(map, K, "v", 1, NULL));
	EXPECT_EQ(0, libsyncmap_load(map, K, &result));
	EXPECT(!result.owned);
	EXPECT_EQ(0, libsyncmap_store_with(other, K, "v", 1, &owned, NULL));
	EXPECT_EQ(0, libsyncmap_load(map, K, &result));
	EXPECT(result.owned);
	libsyncmap_close(other);
	EXPECT_EQ(-ENOENT, libsyncmap_load(map, K, &result));
}

TEST(operations)
{
	struct libsyncmap *map = create(SYNCMAP_KEY_STRING, NULL);
	char value[8];
	struct libsyncmap_result result = {
		.buffer = value, .size = sizeof(value),
	};
	uint64_t revision;

	EXPECT_EQ(-ENOENT, libsyncmap_load(map, K, &result));
	EXPECT(!result.loaded);
	EXPECT_EQ(0, libsyncmap_store(map, K, "one", 3, &result));
	EXPECT(!result.loaded);
	revision = result.revision;
	EXPECT_EQ(0, libsyncmap_load(map, K, &result));
	EXPECT_MEM("one", 3, value, result.len);
	EXPECT(result.loaded);
	EXPECT_EQ(revision, result.revision);

	EXPECT_EQ(0, libsyncmap_load_or_store(map, K, "two", 3, &result));
	EXPECT(result.loaded);
	EXPECT_MEM("one", 3, value, result.len);
	EXPECT_EQ(0, libsyncmap_swap(map, K, "two", 3, &result));
	EXPECT_MEM("one", 3, value, result.len);
	EXPECT_EQ(revision, result.previous);

	EXPECT_EQ(-EBUSY, libsyncmap_compare_and_swap(map, K, "one", 3, "x", 1,
						      &result));
	EXPECT_MEM("two", 3, value, result.len);
	EXPECT_EQ(0, libsyncmap_compare_and_swap(map, K, "two", 3, "three", 5,
						 &result));
	revision = result.revision;
	EXPECT_EQ(-EBUSY, libsyncmap_compare_and_swap_revision(map, K,
			revision - 1, "x", 1, &result));
	EXPECT_MEM("three", 5, value, result.len);
	EXPECT_EQ(revision, result.revision);
	EXPECT_EQ(0, libsyncmap_compare_and_swap_revision(map, K, revision,
							  "four", 4, NULL));
	EXPECT_EQ(-EBUSY, libsyncmap_compare_and_delete_revision(map, K,
			revision, &result));
	EXPECT_EQ(0, libsyncmap_compare_and_delete_revision(map, K,
			result.revision, NULL));
	EXPECT_EQ(-ENOENT, libsyncmap_compare_and_delete(map, K, "", 0, NULL));

	EXPECT_EQ(0, libsyncmap_load_or_store(map, K, "five", 4, &result));
	EXPECT(!result.loaded);
	EXPECT_EQ(0, libsyncmap_compare_and_delete(map, K, "five", 4, NULL));
	EXPECT_EQ(0, libsyncmap_store(map, K, NULL, 0, NULL));
	EXPECT_EQ(0, libsyncmap_load_and_delete(map, K, &result));
	EXPECT(result.loaded);
	EXPECT_EQ(0, result.len);
	EXPECT_EQ(0, libsyncmap_delete(map, K, &result));
	EXPECT(!result.loaded);
}

TEST(terms)
{
	struct syncmap_create params = {
		.name = NAME, .key_type = SYNCMAP_KEY_STRING, .mode = 0600,
		.ttl = 3600 * SECOND, .stale = 5,
	};
	struct libsyncmap_options options = { .deadline = SYNCMAP_NEVER };
	uint64_t before = libsyncmap_deadline(3600 * SECOND), revision;
	struct libsyncmap_result result = { };
	struct syncmap_map_info info;
	struct libsyncmap *map;

	EXPECT_EQ(0, libsyncmap_create_with(&params, sizeof(params),
					    &map));
	EXPECT_EQ(-EEXIST, libsyncmap_create_with(&params, sizeof(params),
					    &map));
	EXPECT_EQ(0, libsyncmap_open(NAME, SYNCMAP_ACCESS_READ |
				     SYNCMAP_ACCESS_WRITE, &map));
	EXPECT_EQ(0, libsyncmap_info(map, &info, sizeof(info)));
	EXPECT_EQ(3600 * SECOND, info.ttl);
	EXPECT_EQ(5, info.stale);
	EXPECT_EQ(0, libsyncmap_store(map, K, "v", 1, &result));
	EXPECT(result.expires >= before);
	EXPECT(result.expires <= libsyncmap_deadline(3600 * SECOND));
	EXPECT_EQ(0, libsyncmap_store_with(map, K, "v", 1, &options, &result));
	EXPECT_EQ(SYNCMAP_NEVER, result.expires);
	options.deadline = libsyncmap_deadline(SECOND);
	EXPECT_EQ(0, libsyncmap_load_or_store_with(map, K, "v", 1, &options,
						   &result));
	EXPECT_EQ(SYNCMAP_NEVER, result.expires);
	EXPECT_EQ(0, libsyncmap_swap_with(map, K, "v", 1, &options, &result));
	EXPECT_EQ(options.deadline, result.expires);
	options.deadline++;
	EXPECT_EQ(0, libsyncmap_compare_and_swap_with(map, K, "v", 1, "v", 1,
						      &options, &result));
	EXPECT_EQ(options.deadline, result.expires);
	revision = result.revision;
	options.deadline++;
	EXPECT_EQ(0, libsyncmap_compare_and_swap_revision_with(map, K, revision,
			"v", 1, &options, &result));
	EXPECT_EQ(options.deadline, result.expires);
	EXPECT_EQ(0, libsyncmap_touch(map, K, before, &result));
	EXPECT_EQ(before, result.expires);
	EXPECT_EQ(1, result.len);
	EXPECT_EQ(0, libsyncmap_load(map, K, &result));
	EXPECT_EQ(before, result.expires);
	result.from_now = true;
	EXPECT_EQ(0, libsyncmap_load(map, K, &result));
	EXPECT(result.expires <= before - libsyncmap_deadline(0) + SECOND);
	EXPECT_EQ(0, libsyncmap_touch(map, K, 7200 * SECOND, &result));
	EXPECT(result.expires > 7000 * SECOND);
	EXPECT(result.expires <= 7200 * SECOND);
	result.from_now = false;
	options.deadline = 7200 * SECOND;
	options.flags = SYNCMAP_FLAG_FROM_NOW;
	EXPECT_EQ(0, libsyncmap_store_with(map, K, "v", 1, &options, &result));
	EXPECT(result.expires <= 7200 * SECOND);
	EXPECT_EQ(0, libsyncmap_load(map, K, &result));
	EXPECT(result.expires > before);
	EXPECT_EQ(0, libsyncmap_touch(map, K, libsyncmap_deadline(0), NULL));
	EXPECT_EQ(-ENOENT, libsyncmap_touch(map, K, SYNCMAP_NEVER, NULL));
	EXPECT_EQ(SYNCMAP_NEVER, libsyncmap_deadline(SYNCMAP_NEVER));
	EXPECT_EQ(SYNCMAP_NEVER, libsyncmap_deadline(SYNCMAP_NEVER - 1));
	libsyncmap_close(map);
}

TEST(calculate)
{
	struct libsyncmap *map = create(SYNCMAP_KEY_STRING, NULL);
	struct libsyncmap_number number = { .operand = 5 };
	struct libsyncmap_result result = { };
	uint64_t value = 0;

	EXPECT_EQ(-ENOENT, libsyncmap_calculate(map, SYNCMAP_OP_ADD, K, &number,
						&result));
	number.flags = SYNCMAP_FLAG_INITIAL;
	number.initial = 10;
	number.deadline = libsyncmap_deadline(3600 * SECOND);
	EXPECT_EQ(0, libsyncmap_calculate(map, SYNCMAP_OP_ADD, K, &number,
					  &result));
	EXPECT_EQ(10, number.before);
	EXPECT_EQ(15, number.after);
	EXPECT(!result.loaded);
	EXPECT_EQ(number.deadline, result.expires);
	number.flags = SYNCMAP_FLAG_BOUNDED;
	number.initial = 0;
	number.deadline = 0;
	number.bound = 11;
	EXPECT_EQ(-ERANGE, libsyncmap_calculate(map, SYNCMAP_OP_SUB, K, &number,
						&result));
	EXPECT_EQ(15, number.before);
	EXPECT_EQ(15, number.after);
	number.bound = 10;
	EXPECT_EQ(0, libsyncmap_calculate(map, SYNCMAP_OP_SUB, K, &number,
					  NULL));
	number.flags = SYNCMAP_FLAG_U32;
	number.bound = 0;
	EXPECT_EQ(-EILSEQ, libsyncmap_calculate(map, SYNCMAP_OP_MAX, K, &number,
						&result));
	EXPECT_EQ(8, result.len);
	result = (struct libsyncmap_result){ .buffer = &value, .size = 8 };
	EXPECT_EQ(0, libsyncmap_load(map, K, &result));
	EXPECT_EQ(10, value);
}

TEST(errors)
{
	struct syncmap_limits limits = {
		.entries = 1, .key_size = 4, .value_size = 8,
	};
	struct libsyncmap *map = create(SYNCMAP_KEY_STRING, &limits);
	struct libsyncmap_result result = { };
	char value[2], explained[128];
	int err;

	EXPECT_EQ(0, libsyncmap_store(map, K, "value", 5, NULL));
	err = libsyncmap_store(map, "k", 1, "value", 5, &result);
	EXPECT_EQ(-ENOSPC, err);
	EXPECT_EQ(SYNCMAP_LIMITED_ENTRIES, result.error.limited);
	EXPECT_EQ(1, result.error.used);
	EXPECT_EQ(1, result.error.limit);
	libsyncmap_explain(err, &result.error, explained, sizeof(explained));
	EXPECT(strstr(explained, "1 of 1"));
	EXPECT_EQ(-EFBIG, libsyncmap_load(map, "12345", 5, &result));
	EXPECT_EQ(SYNCMAP_LIMITED_KEY, result.error.limited);
	EXPECT_EQ(-EFBIG, libsyncmap_store(map, K, "123456789", 9, &result));
	EXPECT_EQ(SYNCMAP_LIMITED_VALUE, result.error.limited);
	EXPECT_EQ(-EFBIG, libsyncmap_store(map, K, "v", 1ULL << 32, &result));
	EXPECT_EQ(0, libsyncmap_load(map, K, &result));
	EXPECT(result.loaded && result.revision && result.len);
	EXPECT_EQ(-EFBIG, libsyncmap_compare_and_swap(map, K, "v", 1ULL << 32,
						      "v", 1, &result));
	EXPECT(!result.loaded && !result.revision && !result.len);
	EXPECT_EQ(0, libsyncmap_load(map, K, &result));
	EXPECT_EQ(-EFBIG, libsyncmap_compare_and_delete(map, K, "v", 1ULL << 32,
							&result));
	EXPECT(!result.loaded && !result.revision && !result.len);
	EXPECT_EQ(-EINVAL, libsyncmap_store(map, "\0", 1, "v", 1, &result));

	result = (struct libsyncmap_result){ .buffer = value, .size = 2 };
	EXPECT_EQ(-EMSGSIZE, libsyncmap_load(map, K, &result));
	EXPECT_EQ(5, result.len);
	EXPECT_EQ(-EMSGSIZE, libsyncmap_load_and_delete(map, K, &result));
	EXPECT_EQ(0, libsyncmap_load(map, K, NULL));
	for (err = 0; err < 200; err++)
		EXPECT(*libsyncmap_strerror(-err));
}
