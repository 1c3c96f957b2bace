// SPDX-License-Identifier: GPL-2.0-only
/*
 * Many append to one key, while others take what is there, copy it, kill them,
 * or close the file that owns it: each record is found once, and whole
 */
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness/map.h"
#include "harness/stats.h"

#define NAME	TEST_NAME "append"
#define BOTH	(SYNCMAP_ACCESS_READ | SYNCMAP_ACCESS_WRITE)
#define WHO	8
#define RECORDS	2000
#define LONGEST	10000

struct record {
	__u32	len;
	__u32	who;
	__u32	number;
	char	fill[];
};

/* In memory that all share */
struct log {
	volatile bool	ended;
	unsigned int	count;			/* that each appends */
	unsigned int	taken;
	unsigned int	appended[WHO];
	unsigned char	found[WHO][RECORDS];
};

static char value[1 << 20];

/* Around what is appended under the lock, and what is copied before */
static __u32 any_length(void)
{
	static const __u32 lens[] = {
		sizeof(struct record), 30, 60, 64, 65, 100, 257, 1000,
	};
	static const __u32 long_lens[] = { 4096, 4097, LONGEST };

	if (test_random() % 64 == 0)
		return long_lens[test_random() % ARRAY_SIZE(long_lens)];
	return lens[test_random() % ARRAY_SIZE(lens)];
}

static int append(int fd, __u32 who, __u32 number)
{
	static char text[LONGEST] __attribute__((aligned(4)));
	struct record *record = (void *)text;

	record->len = any_length();
	record->who = who;
	record->number = number;
	memset(record->fill, 'a' + (who + number) % 26,
	       record->len - sizeof(*record));
	return DO(fd, APPEND, KEY("k"), VALUE_N(text, record->len));
}

static bool is_whole(const struct record *record, size_t len)
{
	if (len < sizeof(*record) || record->len < sizeof(*record) ||
	    record->len > len || record->who >= WHO ||
	    record->number >= RECORDS)
		return false;
	for (size_t i = 0; i < record->len - sizeof(*record); i++)
		if (record->fill[i] !=
		    (char)('a' + (record->who + record->number) % 26))
			return false;
	return true;
}

/* All in @value is whole, and of each process in its order */
static void check(struct log *log, size_t len)
{
	int last[WHO];
	size_t at = 0;

	memset(last, -1, sizeof(last));
	while (at < len) {
		struct record record;

		ASSERT(is_whole((void *)(value + at), len - at));
		memcpy(&record, value + at, sizeof(record));
		EXPECT((int)record.number > last[record.who]);
		last[record.who] = record.number;
		if (log)
			__sync_fetch_and_add(&log->found[record.who]
							[record.number], 1);
		at += record.len;
	}
}

static int make(void)
{
	const struct syncmap_limits limits = { .value_size = sizeof(value) };
	int fd = map_create(NAME, SYNCMAP_KEY_STRING, &limits, 0600);

	ASSERT(fd >= 0);
	return fd;
}

static int join(void)
{
	int fd = map_open(NAME, BOTH);

	ASSERT(fd >= 0);
	return fd;
}

/* One that finds the value full tries again, until somebody has taken it */
static void append_all(int who, void *arg)
{
	struct log *log = arg;
	int fd = join();

	while (log->appended[who] < log->count) {
		int ret = append(fd, who, log->appended[who]);

		EXPECT(!ret || ret == -EFBIG);
		log->appended[who] += !ret;
		if (ret || test_random() % 16 == 0)
			usleep(test_random() % 300);
	}
}

static void expect_all(const struct log *log)
{
	for (int who = 0; who < WHO; who++)
		for (unsigned int i = 0; i < log->count; i++) {
			test_context("process %d, record %u", who, i);
			EXPECT_EQ(1, log->found[who][i]);
		}
}

static void take(struct log *log, int err, size_t len)
{
	if (err || !len)
		return;
	check(log, len);
	__sync_fetch_and_add(&log->taken, 1);
}

static void take_same(struct log *log, int fd, int how)
{
	__u64 revision;
	__u32 len;

	if (DO(fd, LOAD, KEY("k"), OUT(value)))
		return;
	revision = got.revision;
	len = got.out_len;
	switch (how) {
	case 0:
		return take(log, DO(fd, COMPARE_AND_SWAP, KEY("k"),
				    OLD_N(value, len)), len);
	case 1:
		return take(log, DO(fd, COMPARE_AND_SWAP, KEY("k"),
				    REVISION(revision)), len);
	case 2:
		return take(log, DO(fd, COMPARE_AND_DELETE, KEY("k"),
				    OLD_N(value, len)), len);
	default:
		take(log, DO(fd, COMPARE_AND_DELETE, KEY("k"),
			     REVISION(revision)), len);
	}
}

static void take_any(struct log *log, int fd, int how)
{
	int err;

	switch (how) {
	case 4:
		err = DO(fd, LOAD_AND_DELETE, KEY("k"), OUT(value));
		return take(log, err, got.out_len);
	case 5:
		err = DO(fd, SWAP, KEY("k"), OUT(value));
		return take(log, err, got.out_len);
	case 6:
		DO(fd, TOUCH, KEY("k"), .deadline = SYNCMAP_NEVER - 1);
		return;
	default:
		if (!DO(fd, LOAD, KEY("k"), OUT(value)))
			check(NULL, got.out_len);
	}
}

/* Each in another way, or only look, or touch, which copies the value */
static void take_all(int how, void *arg)
{
	struct log *log = arg;
	int fd = join();

	while (!log->ended) {
		if (how < 4)
			take_same(log, fd, how);
		else
			take_any(log, fd, how);
		usleep(test_random() % 1000);
	}
}

static struct log *new_log(unsigned int count)
{
	struct log *log = test_shared(sizeof(*log));

	log->count = test_times(count);
	ASSERT(log->count <= RECORDS);
	return log;
}

static void take_rest(struct log *log, int fd)
{
	if (!DO(fd, LOAD, KEY("k"), OUT(value)))
		check(log, got.out_len);
}

TEST_LIMIT(only_appended, 120)
{
	struct log *log = new_log(300);
	int fd = make();

	test_parallel(WHO, append_all, log);
	take_rest(log, fd);
	expect_all(log);
}

TEST_LIMIT(taken_meanwhile, 180)
{
	struct log *log = new_log(RECORDS);
	int fd = make();
	pid_t pids[8];

	for (int i = 0; i < 8; i++)
		pids[i] = test_fork(take_all, i, log);
	test_parallel(WHO, append_all, log);
	log->ended = true;
	for (int i = 0; i < 8; i++)
		test_wait(pids[i]);
	take_rest(log, fd);
	expect_all(log);
	EXPECT(log->taken);
	test_note("taken %u times", log->taken);
}

static void expect_reported(const struct log *log)
{
	for (int who = 0; who < WHO; who++) {
		unsigned int appended = log->appended[who];

		for (unsigned int i = 0; i < RECORDS; i++) {
			test_context("process %d, record %u", who, i);
			if (i == appended)
				EXPECT(log->found[who][i] <= 1);
			else
				EXPECT_EQ(i < appended, log->found[who][i]);
		}
	}
}

/* What was said to be appended is there, and at most one more of each */
TEST_LIMIT(killed, 180)
{
	struct log *log = new_log(0);
	__u64 revision = 0;
	int fd = make();

	for (unsigned int i = 0; i < test_times(100); i++) {
		memset(log, 0, sizeof(*log));
		log->count = RECORDS;
		test_kill(WHO, append_all, log, test_random() % 20000);
		take_rest(log, fd);
		expect_reported(log);
		EXPECT(got.revision > revision || !got.out_len);
		revision = map_info(fd).revision;
		map_clear(fd);
	}
	EXPECT_EQ(0, map_info(fd).bytes);
}

/* The last one of those who may append is the owner */
#define OWNER	(WHO - 1)

static void own(int round, void *arg)
{
	struct record record = { sizeof(record), OWNER, round };
	int fd = join();

	(void)arg;
	do {
		ASSERT_EQ(0, DO(fd, DELETE, KEY("k")));
		ASSERT_EQ(0, DO(fd, APPEND, KEY("k"),
				VALUE_N(&record, sizeof(record)),
				.flags = SYNCMAP_FLAG_OWNED));
	} while (got.result);
	usleep(test_random() % 2000);
	if (round % 2)
		close(fd);
	else
		kill(getpid(), SIGKILL);
}

static void append_on(int who, void *arg)
{
	struct log *log = arg;
	int fd = join();

	while (!log->ended) {
		int ret = append(fd, who, 0);

		EXPECT(!ret || ret == -EFBIG);
		if (ret || test_random() % 16 == 0)
			usleep(test_random() % 300);
	}
}

/* All that is in the value now has been appended since then */
static void expect_not_owned(int fd)
{
	size_t at = 0, len;

	ASSERT(!DO(fd, LOAD, KEY("k"), OUT(value)) || got.error.status == -ENOENT);
	for (len = got.out_len; at < len; at += ((struct record *)(value + at))->len) {
		const struct record *record = (void *)(value + at);

		ASSERT(is_whole(record, len - at));
		EXPECT(record->who != OWNER);
	}
}

/* However long the value has become meanwhile, and whoever made it so */
TEST_LIMIT(owner_goes, 180)
{
	struct log *log = new_log(0);
	int fd = make();
	pid_t pids[3];

	for (int i = 0; i < 3; i++)
		pids[i] = test_fork(append_on, i, log);
	for (unsigned int i = 0; i < test_times(200); i++) {
		pid_t pid = test_fork(own, i, NULL);

		test_context("round %u", i);
		ASSERT_EQ(pid, waitpid(pid, NULL, 0));
		while (map_stat(fd, "owned"))
			usleep(100);
		expect_not_owned(fd);
	}
	EXPECT_EQ(test_times(200), map_stat(fd, "orphaned"));
	log->ended = true;
	for (int i = 0; i < 3; i++)
		test_wait(pids[i]);
}

/* What the value is compared with while it grows is one that it will be */
#define FIRST	100
#define LAST	900
#define STEP	10

static void grow_again(const struct log *log, int fd)
{
	while (!log->ended) {
		__u32 len = FIRST;

		DO(fd, DELETE, KEY("k"));
		for (DO(fd, APPEND, KEY("k"), VALUE_N(value, len));
		     len < LAST; len += STEP)
			EXPECT_EQ(0, DO(fd, APPEND, KEY("k"),
					VALUE_N(value + len, STEP)));
	}
}

/* Who is told that it differs is shown what does */
static void compare_meanwhile(int n, void *arg)
{
	static char found[LAST + LAST];
	struct log *log = arg;
	int fd = join(), ret;

	test_text(value, LAST, 1);
	if (!n)
		return grow_again(log, fd);
	for (unsigned int i = 0; i < log->count; i++) {
		__u32 len = FIRST + test_random() % (LAST / STEP) * STEP;

		ret = DO(fd, COMPARE_AND_SWAP, KEY("k"), OLD_N(value, len),
			 VALUE_N(value, len), OUT(found));
		EXPECT(!ret || ret == -EBUSY || ret == -ENOENT);
		if (ret == -EBUSY)
			EXPECT(got.out_len != len ||
			       memcmp(found, value, len));
	}
	log->ended = true;
}

TEST_LIMIT(compared_meanwhile, 60)
{
	struct log *log = new_log(0);

	make();
	log->count = test_times(100000);
	test_parallel(3, compare_meanwhile, log);
}
