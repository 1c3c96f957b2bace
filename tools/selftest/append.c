// SPDX-License-Identifier: GPL-2.0-only
/* Values that grow at their end */
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "map.h"

#define LONG	200000
#define RECORD	24

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
		__u64 overhead = map_system().entry_overhead + 1;
		__u64 revision = 0;
		__u32 len;

		for (len = 0; len + step <= end; len += step) {
			test_context("step %u, at %u", step, len);
			EXPECT_EQ(0, DO(fd, APPEND, KEY("k"),
					VALUE_N(text + len, step)));
			EXPECT_EQ(len, got.out_len);
			EXPECT_EQ(len ? SYNCMAP_OP_LOADED : 0, got.result);
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
	replaced = map_stats(fd).replaced;
	EXPECT(replaced >= 3);
	EXPECT(replaced <= 20);
	EXPECT_EQ(9999, map_stats(fd).appended);
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
		EXPECT_EQ(SYNCMAP_LIMITED_VALUE, got.limited);
		EXPECT_EQ(100 + len, got.used);
		EXPECT_EQ(most, got.limit);
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
			.flags = SYNCMAP_OP_OWNED));
	EXPECT_EQ(0, DO(fd, STORE, KEY("nobody's"), VALUE("x")));
	for (unsigned int i = 0; i < 100; i++) {
		EXPECT_EQ(0, DO(fd, APPEND, KEY("k"), VALUE_N(text, 50)));
		EXPECT_EQ(0, DO(other.fd, APPEND, KEY("nobody's"),
				VALUE_N(text, 50), .flags = SYNCMAP_OP_OWNED));
	}
	EXPECT_EQ(2, map_count(fd));
	close(other.fd);
	EXPECT_EQ(-ENOENT, DO(fd, LOAD, KEY("k")));
	EXPECT_EQ(0, DO(fd, LOAD, KEY("nobody's")));
	EXPECT_EQ(1, map_count(fd));
}

static void append_records(int fd, char who, unsigned int n)
{
	char record[RECORD];

	memset(record, who, sizeof(record));
	while (n--)
		EXPECT_EQ(0, DO(fd, APPEND, KEY("k"), VALUE_N(record, RECORD)));
}

static void count_records(int fd, unsigned int *count)
{
	ASSERT_EQ(0, DO(fd, LOAD, KEY("k"), OUT_N(found, LONG)));
	EXPECT_EQ(0, got.out_len % RECORD);
	for (char *p = found; p < found + got.out_len; p += RECORD) {
		EXPECT(p[0] >= 'a' && p[0] < 'i');
		for (int i = 1; i < RECORD; i++)
			EXPECT_EQ(p[0], p[i]);
		count[p[0] - 'a']++;
	}
}

/* Of many at once nothing is lost, and all is whole */
TEST_LIMIT(processes, 120)
{
	int fd = map_private(SYNCMAP_KEY_STRING);
	unsigned int count[8] = { };

	for (int i = 0; i < 8; i++) {
		if (!fork()) {
			append_records(fd, 'a' + i, 300);
			_exit(0);
		}
	}
	while (wait(NULL) > 0)
		;
	count_records(fd, count);
	for (int i = 0; i < 8; i++)
		EXPECT_EQ(300, count[i]);
}

/* Who is killed leaves what he has appended, and nothing half done */
TEST_LIMIT(killed, 120)
{
	unsigned int count[8] = { };
	int fd = map_private(SYNCMAP_KEY_STRING);

	for (int i = 0; i < 100; i++) {
		pid_t child = fork();

		if (!child) {
			append_records(fd, 'a' + i % 8, 1000);
			_exit(0);
		}
		usleep(test_random() % 3000);
		kill(child, SIGKILL);
		waitpid(child, NULL, 0);
		if (!DO(fd, LOAD, KEY("k")))
			count_records(fd, count);
		map_clear(fd);
	}
	EXPECT_EQ(0, map_info(fd).bytes);
}
