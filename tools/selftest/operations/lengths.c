// SPDX-License-Identifier: GPL-2.0-only
/* Keys and values of all lengths, and what the limits are compared with */
#include <unistd.h>

#include "harness/map.h"

/* Lengths around those where values are stored in another way, and the limit */
static const __u32 lengths[] = {
	0, 1, 7, 8, 31, 32, 33, 63, 64, 65, 128, 255, 256, 257, 1000, 4096,
	65535, 65536,
};

/* What was stored comes back, whatever was there before */
static void expect_exact(int fd, __u32 len, unsigned int seed)
{
	static char want[65536], value[65537];

	memset(value, 0xee, sizeof(value));
	test_text(want, len, seed);
	EXPECT_EQ(0, DO(fd, LOAD, KEY("k"), OUT(value)));
	EXPECT_MEM(want, len, value, got.out_len);
	EXPECT_EQ((char)0xee, value[len]);
	EXPECT_EQ(1, map_count(fd));
	EXPECT_EQ(map_overhead() + 1 + len, map_info(fd).bytes);
}

TEST_LIMIT(lengths_from_one_to_another, 60)
{
	static char text[65536], old[65536];
	int fd = map_limited(SYNCMAP_KEY_STRING, (struct syncmap_limits){
		.value_size = 65536,
	});

	for (size_t i = 0; i < ARRAY_SIZE(lengths); i++) {
		for (size_t j = 0; j < ARRAY_SIZE(lengths); j++) {
			__u32 from = lengths[i], to = lengths[j];

			test_context("%u to %u bytes", from, to);
			test_text(old, from, i);
			test_text(text, to, j + 1);
			EXPECT_EQ(0, DO(fd, STORE, KEY("k"), VALUE_N(old, from)));
			expect_exact(fd, from, i);
			EXPECT_EQ(0, DO(fd, SWAP, KEY("k"), VALUE_N(text, to)));
			expect_exact(fd, to, j + 1);
			EXPECT_EQ(0, DO(fd, COMPARE_AND_SWAP, KEY("k"),
					OLD_N(text, to), VALUE_N(old, from)));
			expect_exact(fd, from, i);
			EXPECT_EQ(0, DO(fd, STORE, KEY("k"), VALUE_N(text, to)));
			EXPECT_EQ(0, DO(fd, COMPARE_AND_DELETE, KEY("k"),
					OLD_N(text, to)));
			EXPECT_EQ(0, map_info(fd).bytes);
		}
	}
}

/* Only the last byte differs */
TEST(compare_all_of_it)
{
	static char text[65536];
	int fd = map_private(SYNCMAP_KEY_STRING);

	for (size_t i = 1; i < ARRAY_SIZE(lengths); i++) {
		__u32 len = lengths[i];

		test_context("%u bytes", len);
		test_text(text, len, 0);
		EXPECT_EQ(0, DO(fd, STORE, KEY("k"), VALUE_N(text, len)));
		text[len - 1] ^= 1;
		EXPECT_EQ(-EBUSY, DO(fd, COMPARE_AND_SWAP, KEY("k"),
				     OLD_N(text, len), VALUE("no")));
		EXPECT_EQ(-EBUSY, DO(fd, COMPARE_AND_DELETE, KEY("k"),
				     OLD_N(text, len)));
		text[len - 1] ^= 1;
		EXPECT_EQ(-EBUSY, DO(fd, COMPARE_AND_DELETE, KEY("k"),
				     OLD_N(text, len - 1)));
		EXPECT_EQ(0, DO(fd, COMPARE_AND_DELETE, KEY("k"),
				OLD_N(text, len)));
	}
}

static void try_key(int fd, const void *key, __u32 len, __u32 limit)
{
	char value[4];

	test_context("key of %u bytes", len);
	if (len > limit) {
		EXPECT_EQ(-EFBIG, DO(fd, STORE, KEY_N(key, len)));
		EXPECT_EQ(SYNCMAP_LIMITED_KEY, got.error.limited);
		EXPECT_EQ(len, got.error.used);
		EXPECT_EQ(limit, got.error.limit);
		EXPECT_EQ(-EFBIG, DO(fd, LOAD, KEY_N(key, len)));
		EXPECT_EQ(-EFBIG, DO(fd, DELETE, KEY_N(key, len)));
		return;
	}
	EXPECT_EQ(0, DO(fd, STORE, KEY_N(key, len), VALUE("v")));
	EXPECT_EQ(0, DO(fd, LOAD, KEY_N(key, len), OUT(value)));
	EXPECT_MEM("v", 1, value, got.out_len);
	if (len)
		EXPECT_EQ(-ENOENT, DO(fd, LOAD, KEY_N(key, len - 1)));
	EXPECT_EQ(map_overhead() + len + 1, map_info(fd).bytes);
	EXPECT_EQ(0, DO(fd, DELETE, KEY_N(key, len)));
}

TEST(key_lengths)
{
	static const __u32 limits[] = { 1, 8, 16, 128, 129, 4096 };
	char key[4097];

	test_text(key, sizeof(key), 0);
	for (size_t i = 0; i < 2 * ARRAY_SIZE(limits); i++) {
		__u32 limit = limits[i / 2];
		int fd = map_limited(i % 2 ? SYNCMAP_KEY_STRING :
					     SYNCMAP_KEY_BYTES,
				     (struct syncmap_limits){
					.key_size = limit,
				     });

		for (__u32 len = 0; len <= limit + 1 && len < 300; len++)
			try_key(fd, key, len, limit);
		try_key(fd, key, limit, limit);
		try_key(fd, key, limit + 1, limit);
		close(fd);
	}
}

TEST(key_types)
{
	int number = map_private(SYNCMAP_KEY_U64);
	int string = map_private(SYNCMAP_KEY_STRING);
	int bytes = map_private(SYNCMAP_KEY_BYTES);
	char key[16] = "";

	for (__u32 len = 0; len <= 16; len++) {
		test_context("u64 of %u bytes", len);
		EXPECT_EQ(len == 8 ? 0 : -EINVAL,
			  DO(number, STORE, KEY_N(key, len)));
	}
	for (__u32 at = 0; at < 4; at++) {
		memset(key, 'x', 4);
		key[at] = '\0';
		test_context("NUL at %u", at);
		EXPECT_EQ(-EINVAL, DO(string, STORE, KEY_N(key, 4)));
		EXPECT_EQ(-EINVAL, DO(string, LOAD, KEY_N(key, 4)));
		EXPECT_EQ(0, DO(bytes, STORE, KEY_N(key, 4)));
		EXPECT_EQ(-ENOENT, DO(bytes, LOAD, KEY_N(key, at)));
		EXPECT_EQ(0, DO(bytes, LOAD, KEY_N(key, 4)));
	}
	EXPECT_EQ(4, map_count(bytes));
	EXPECT_EQ(0, map_count(string));
}
