// SPDX-License-Identifier: GPL-2.0-only
/*
 * Every allocation for a mirror fails in turn: then a load asks, and nothing else
 * is different. All of it is given back.
 */
#include <unistd.h>

#include "harness/fault.h"
#include "harness/map.h"

static int create(void)
{
	struct syncmap_create create = {
		.flags = SYNCMAP_CREATE_MAPPED, .key_type = SYNCMAP_KEY_U64,
		.mode = 0600,
	};
	int ret = map_call(map_control(), SYNCMAP_CREATE, &create);

	return ret ?: create.fd;
}

static void expect_bytes(__u64 bytes)
{
	AWAIT(map_system().user_bytes == bytes);
	EXPECT_EQ(bytes, map_system().user_bytes);
}

TEST(maps)
{
	struct outcome outcome = { .failed = true };
	__u64 before = map_system().user_bytes;

	fault_need();
	for (unsigned int nth = 1; outcome.failed && nth < FAULTS_MAX; nth++) {
		test_context("fault %u", nth);
		with_fault(nth, &outcome, create());
		if (outcome.ret >= 0)
			close(outcome.ret);
		else
			EXPECT(outcome.ret == -ENOMEM || outcome.ret == -EFAULT);
		expect_bytes(before);
	}
	EXPECT(!outcome.failed);
	EXPECT(outcome.out_of_memory >= 3);
}

/* The first store into a map gets its stock, of which each part may be missing */
TEST(stock)
{
	struct outcome outcome = { .failed = true };
	__u64 before = map_system().user_bytes, key = 1;
	char value[100] = "so long that it needs a page";
	unsigned int nth;

	fault_need();
	for (nth = 1; outcome.failed && nth < FAULTS_MAX; nth++) {
		int fd = create();

		test_context("fault %u", nth);
		ASSERT(fd >= 0);
		with_fault(nth, &outcome, DO(fd, STORE, KEY_N(&key, 8),
					     VALUE_N(value, sizeof(value))));
		EXPECT(!outcome.ret || outcome.ret == -ENOMEM ||
		       outcome.ret == -EFAULT);
		EXPECT_EQ(0, DO(fd, STORE, KEY_N(&key, 8),
				VALUE_N(value, sizeof(value))));
		close(fd);
		expect_bytes(before);
	}
	EXPECT(!outcome.failed);
	EXPECT(nth > 4);
}

static int set(int fd, __u32 flags)
{
	struct syncmap_set arg = { .flags = flags };

	return map_call(fd, SYNCMAP_SET, &arg);
}

/* A mirror for a map in use, and what takes it away fails nobody */
TEST(sets)
{
	struct outcome outcome = { .failed = true };
	__u64 before = map_system().user_bytes, key = 1, value;

	fault_need();
	for (unsigned int nth = 1; outcome.failed && nth < FAULTS_MAX; nth++) {
		int fd = map_private(SYNCMAP_KEY_U64);

		test_context("fault %u", nth);
		map_fill(fd, 0, 100);
		with_fault(nth, &outcome, set(fd, SYNCMAP_SET_MAPPED));
		EXPECT(!outcome.ret || outcome.ret == -ENOMEM ||
		       outcome.ret == -EFAULT);
		/* With EFAULT, it may have come to pass and could not be told */
		if (!outcome.ret)
			EXPECT(map_info(fd).mapped);
		if (outcome.ret == -ENOMEM)
			EXPECT_EQ(0, map_info(fd).mapped);
		EXPECT_EQ(0, set(fd, SYNCMAP_SET_MAPPED));
		EXPECT_EQ(0, DO(fd, STORE, KEY_N(&key, 8), VALUE_N(&key, 8)));
		EXPECT_EQ(0, DO(fd, LOAD, KEY_N(&key, 8), OUT_N(&value, 8)));
		EXPECT_EQ(key, value);
		EXPECT_EQ(0, set(fd, SYNCMAP_SET_UNMAPPED));
		close(fd);
		expect_bytes(before);
	}
	EXPECT(!outcome.failed);
	EXPECT(outcome.out_of_memory >= 2);
}
