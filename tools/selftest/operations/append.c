// SPDX-License-Identifier: GPL-2.0-only
/* Values that grow at their end; append_race.c has those who do so at once */
#include <string.h>
#include <unistd.h>

#include "harness/map.h"
#include "harness/stats.h"

#define LONG	200000

static char text[LONG], found[LONG];

static void fill(void)
{
	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = 'a' + i * 7 % 23;
}

/* What has grown in steps of each length is what was appended */
TEST(lengths)
{
	static const __u32 steps[] = { 1, 7, 63, 64, 65, 257, 4096, 4097, 20000 };
	int fd = map_private(SYNCMAP_KEY_STRING);

	fill();
	for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
		__u32 step = steps[i], end = step < 100 ? 3000 : 60000;
		__u64 overhead = map_overhead() + 1;
		__u64 revision = 0;
		__u32 len;

		for (len = 0; len + step <= end; len += step) {
			test_context("step %u, at %u", step, len);
			EXPECT_EQ(0, DO(fd, APPEND, KEY("k"),
					VALUE_N(text + len, step)));
			EXPECT_EQ(len, got.out_len);
			EXPECT_EQ(len ? SYNCMAP_RESULT_LOADED : 0, got.result);
			EXPECT_EQ(revision, got.previous);
			EXPECT(got.revision > revision);
			revision = got.revision;
			EXPECT_EQ(overhead + len + step, map_info(fd).bytes);
		}
		EXPECT_EQ(0, DO(fd, LOAD, KEY("k"), OUT_N(found, LONG)));
		EXPECT_EQ(len, got.out_len);
		EXPECT(!memcmp(found, text, len));
		EXPECT_EQ(0, DO(fd, DELETE, KEY("k")));
	}
	EXPECT_EQ(0, map_info(fd).bytes);
}

/* Growing allocates seldom: most of it happens in place */
TEST(growth)
{
	int fd = map_private(SYNCMAP_KEY_STRING);
	__u64 replaced;

	fill();
	for (unsigned int i = 0; i < 10000; i++)
		EXPECT_EQ(0, DO(fd, APPEND, KEY("k"), VALUE_N(text + i, 1)));
	replaced = map_stat(fd, "replaced");
	EXPECT(replaced >= 3);
	EXPECT(replaced <= 20);
	EXPECT_EQ(9999, map_stat(fd, "appended"));
}

/* Nothing is done that cannot be done whole, and it is said why */
TEST(limit)
{
	__u32 most;
	int fd = map_private(SYNCMAP_KEY_STRING);
	__u64 revision;

	fill();
	most = map_info(fd).limits.value_size;
	ASSERT_EQ(0, DO(fd, STORE, KEY("k"), VALUE_N(text, 100)));
	revision = got.revision;
	for (__u32 len = most - 99; len <= most; len += 99) {
		char *value = calloc(1, len);

		EXPECT_EQ(-EFBIG, DO(fd, APPEND, KEY("k"),
				     VALUE_N(value, len)));
		EXPECT_EQ(SYNCMAP_LIMITED_VALUE, got.error.limited);
		EXPECT_EQ(100 + len, got.error.used);
		EXPECT_EQ(most, got.error.limit);
		EXPECT_EQ(100, got.out_len);
		EXPECT_EQ(revision, got.revision);
		EXPECT_EQ(revision, map_info(fd).revision);
		free(value);
	}
	EXPECT_EQ(0, DO(fd, LOAD, KEY("k"), OUT_N(found, LONG)));
	EXPECT_EQ(100, got.out_len);
}

/* Whoever appends, in place or not, leaves the deadline alone */
TEST(deadline)
{
	const __u64 first = SYNCMAP_NEVER - 5, next = SYNCMAP_NEVER - 3;
	int fd = map_private(SYNCMAP_KEY_STRING);

	fill();
	EXPECT_EQ(0, DO(fd, APPEND, KEY("k"), VALUE("x"), .deadline = first));
	EXPECT_EQ(first, got.expires);
	for (unsigned int i = 0; i < 100; i++) {
		EXPECT_EQ(0, DO(fd, APPEND, KEY("k"), VALUE_N(text, 50),
				.deadline = i % 2 ? next : 0));
		EXPECT_EQ(first, got.expires);
	}
	EXPECT_EQ(0, DO(fd, TOUCH, KEY("k"), .deadline = 1));
	EXPECT_EQ(0, DO(fd, APPEND, KEY("k"), VALUE("new")));
	EXPECT_EQ(0, got.result);
	EXPECT_EQ(SYNCMAP_NEVER, got.expires);
	EXPECT_EQ(1, map_count(fd));
}

/* Whose entry it is does not depend on who appends, in place or not */
TEST(owner)
{
	struct syncmap_restrict other = {
		.access = SYNCMAP_ACCESS_READ | SYNCMAP_ACCESS_WRITE,
	};
	int fd = map_private(SYNCMAP_KEY_STRING);

	fill();
	ASSERT_EQ(0, map_call(fd, SYNCMAP_RESTRICT, &other));
	EXPECT_EQ(0, DO(other.fd, APPEND, KEY("k"), VALUE("x"),
			.flags = SYNCMAP_FLAG_OWNED));
	EXPECT_EQ(0, DO(fd, STORE, KEY("nobody's"), VALUE("x")));
	for (unsigned int i = 0; i < 100; i++) {
		EXPECT_EQ(0, DO(fd, APPEND, KEY("k"), VALUE_N(text, 50)));
		EXPECT_EQ(0, DO(other.fd, APPEND, KEY("nobody's"),
				VALUE_N(text, 50), .flags = SYNCMAP_FLAG_OWNED));
	}
	EXPECT_EQ(2, map_count(fd));
	close(other.fd);
	EXPECT_EQ(-ENOENT, DO(fd, LOAD, KEY("k")));
	EXPECT_EQ(0, DO(fd, LOAD, KEY("nobody's")));
	EXPECT_EQ(1, map_count(fd));
}

/* A map that is full says so; what is there does not change */
TEST(full)
{
	__u64 room = map_overhead() + 1 + 100;
	int fd = map_limited(SYNCMAP_KEY_STRING, (struct syncmap_limits){
		.bytes = room, .entries = 1,
	});

	fill();
	EXPECT_EQ(-ENOSPC, DO(fd, APPEND, KEY("k"), VALUE_N(text, 101)));
	EXPECT_EQ(SYNCMAP_LIMITED_BYTES, got.error.limited);
	EXPECT_EQ(0, got.error.used);
	EXPECT_EQ(room, got.error.limit);
	EXPECT_EQ(0, map_count(fd));
	EXPECT_EQ(0, DO(fd, APPEND, KEY("k"), VALUE_N(text, 99)));
	/* In place, through another object, and with no key of that name */
	for (__u32 len = 2; len <= 10000; len *= 10) {
		test_context("%u more", len);
		EXPECT_EQ(-ENOSPC, DO(fd, APPEND, KEY("k"),
				      VALUE_N(text + 99, len)));
		EXPECT_EQ(SYNCMAP_LIMITED_BYTES, got.error.limited);
		EXPECT_EQ(room - 1, got.error.used);
		EXPECT_EQ(room, got.error.limit);
	}
	EXPECT_EQ(-ENOSPC, DO(fd, APPEND, KEY("l"), VALUE("")));
	EXPECT_EQ(SYNCMAP_LIMITED_ENTRIES, got.error.limited);
	EXPECT_EQ(1, got.error.used);
	EXPECT_EQ(1, got.error.limit);
	EXPECT_EQ(0, map_stat(fd, "appended"));
	EXPECT_EQ(0, DO(fd, APPEND, KEY("k"), VALUE_N(text + 99, 1)));
	EXPECT_EQ(room, map_info(fd).bytes);
	EXPECT_EQ(0, DO(fd, LOAD, KEY("k"), OUT(found)));
	EXPECT_MEM(text, 100, found, got.out_len);
}

/* A number that has become text is none, and is compared as what it is */
TEST(other_operations)
{
	static const __u32 steps[] = { 8, 8, 60, 300, 5000 };
	int fd = map_private(SYNCMAP_KEY_STRING);
	__u32 len = 0;

	fill();
	for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
		test_context("step %zu", i);
		EXPECT_EQ(0, DO(fd, APPEND, KEY("k"),
				VALUE_N(text + len, steps[i])));
		EXPECT_EQ(i ? -EILSEQ : 0, DO(fd, OR, KEY("k")));
		EXPECT_EQ(-EBUSY, DO(fd, COMPARE_AND_SWAP, KEY("k"),
				     OLD_N(text, len), VALUE("lost")));
		EXPECT_EQ(len + steps[i], got.out_len);
		len += steps[i];
		EXPECT_EQ(-EBUSY, DO(fd, COMPARE_AND_DELETE, KEY("k"),
				     OLD_N(text, len + 1)));
		EXPECT_EQ(0, DO(fd, COMPARE_AND_SWAP, KEY("k"),
				REVISION(got.revision), VALUE_N(text, len)));
		EXPECT_EQ(0, DO(fd, TOUCH, KEY("k"),
				.deadline = SYNCMAP_NEVER - 1));
		EXPECT_EQ(0, DO(fd, LOAD, KEY("k"), OUT(found)));
		EXPECT_MEM(text, len, found, got.out_len);
	}
	EXPECT_EQ(0, DO(fd, COMPARE_AND_DELETE, KEY("k"), OLD_N(text, len)));
	EXPECT_EQ(0, map_info(fd).bytes);
}

/* Short ones mostly, that fit in place or just do not */
static __u32 any_length(void)
{
	switch (test_random() % 8) {
	case 0:
		return test_random() % 6000;
	case 1:
		return test_random() % 300;
	default:
		return test_random() % 40;
	}
}

/* One operation on @text, of which the first @len bytes are there */
static __u32 step(int fd, __u32 len)
{
	__u32 next = any_length();

	switch (test_random() % 16) {
	case 0:
		EXPECT_EQ(0, DO(fd, DELETE, KEY("k")));
		return 0;
	case 1:
		EXPECT_EQ(0, DO(fd, STORE, KEY("k"), VALUE_N(text, next)));
		return next;
	case 2:
		EXPECT_EQ(0, DO(fd, SWAP, KEY("k"), VALUE_N(text, next),
				.deadline = SYNCMAP_NEVER - 1));
		return next;
	case 3:
		DO(fd, TOUCH, KEY("k"), .deadline = SYNCMAP_NEVER - 1);
		return len;
	case 4:
		return DO(fd, COMPARE_AND_SWAP, KEY("k"), OLD_N(text, len),
			  VALUE_N(text, next)) ? len : next;
	}
	if (len + next > 60000)
		next = 0;
	EXPECT_EQ(0, DO(fd, APPEND, KEY("k"), VALUE_N(text + len, next)));
	EXPECT_EQ(len, got.out_len);
	return len + next;
}

TEST_LIMIT(any_order, 60)
{
	int fd = map_private(SYNCMAP_KEY_STRING);
	__u32 len = 0;

	fill();
	for (unsigned int i = 0; i < test_times(20000); i++) {
		test_context("step %u", i);
		len = step(fd, len);
		ASSERT(!DO(fd, LOAD, KEY("k"), OUT(found)) || !len);
		ASSERT_EQ(len, got.out_len);
		ASSERT(!memcmp(text, found, len));
	}
	test_note("%llu appended, %llu replaced", map_stat(fd, "appended"),
		  map_stat(fd, "replaced"));
	EXPECT_EQ(0, DO(fd, DELETE, KEY("k")));
	EXPECT_EQ(0, map_info(fd).bytes);
}
