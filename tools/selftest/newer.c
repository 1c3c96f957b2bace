// SPDX-License-Identifier: GPL-2.0-only
/* Loads of what is newer than a revision */
#include "map.h"

static int load_newer(int fd, __u64 revision, char *value, __u32 size)
{
	memset(value, '?', size);
	return DO(fd, LOAD, KEY("key"), OUT_N(value, size),
		  .flags = SYNCMAP_OP_IF_NEWER, .expected = revision);
}

/* A value is given once, whatever its length, and however it is stored */
TEST(given_once)
{
	static const __u32 lengths[] = { 0, 1, 64, 65, 256, 257, 1000 };
	int fd = map_private(SYNCMAP_KEY_STRING);
	char value[1000], text[1000];
	__u64 revision = 0;

	memset(text, 'x', sizeof(text));
	EXPECT_EQ(-ENOENT, load_newer(fd, 0, value, sizeof(value)));
	for (size_t i = 0; i < ARRAY_SIZE(lengths); i++) {
		__u32 len = lengths[i];

		test_context("%u bytes", len);
		EXPECT_EQ(0, DO(fd, STORE, KEY("key"), VALUE_N(text, len)));
		EXPECT_EQ(0, load_newer(fd, revision, value, sizeof(value)));
		EXPECT_EQ(SYNCMAP_OP_LOADED, got.result);
		EXPECT_EQ(revision + 1, got.revision);
		EXPECT_MEM(text, len, value, got.out_len);
		revision = got.revision;
		for (__u32 size = 0; size < 3; size++) {
			EXPECT_EQ(0, load_newer(fd, revision + size, value,
						size));
			EXPECT_EQ(SYNCMAP_OP_LOADED | SYNCMAP_OP_UNCHANGED,
				  got.result);
			EXPECT_EQ(revision, got.revision);
			EXPECT_EQ(len, got.out_len);
			EXPECT_EQ(0, memcmp(value, "???", size));
		}
	}
	EXPECT_EQ(-EMSGSIZE, load_newer(fd, revision - 1, value, 8));
	EXPECT_EQ(SYNCMAP_OP_LOADED, got.result);
	EXPECT_EQ(0, DO(fd, DELETE, KEY("key")));
	EXPECT_EQ(-ENOENT, load_newer(fd, revision, value, sizeof(value)));
	EXPECT_EQ(0, DO(fd, STORE, KEY("key")));
	EXPECT_EQ(0, load_newer(fd, revision, value, sizeof(value)));
	EXPECT_EQ(SYNCMAP_OP_LOADED, got.result);
}

struct follower {
	int	fd;
	__u64	last;
};

static void count_up(int n, void *arg)
{
	struct follower *shared = arg;
	char value[300] = "";

	if (n) {
		__u64 seen = 0, revision = 0;

		while (seen < shared->last) {
			if (load_newer(shared->fd, revision, value,
				       sizeof(value)) ||
			    got.result & SYNCMAP_OP_UNCHANGED)
				continue;
			EXPECT(got.revision > revision);
			revision = got.revision;
			EXPECT(*(__u64 *)value > seen);
			seen = *(__u64 *)value;
		}
		return;
	}
	for (__u64 i = 1; i <= shared->last; i++) {
		*(__u64 *)value = i;
		ASSERT_EQ(0, DO(shared->fd, STORE, KEY("key"),
				VALUE_N(value, i % 2 ? 8 : sizeof(value))));
	}
}

/* Whoever asks for what is newer sees no value twice, and the last one */
TEST_LIMIT(given_once_while_others_store, 60)
{
	struct follower *shared = test_shared(sizeof(*shared));

	shared->fd = map_private(SYNCMAP_KEY_STRING);
	shared->last = test_times(20000);
	test_parallel(3, count_up, shared);
}
