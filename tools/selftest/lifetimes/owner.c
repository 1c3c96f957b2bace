// SPDX-License-Identifier: GPL-2.0-only
/* Entries that go with the file that stored them */
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness/record.h"
#include "harness/stats.h"
#include "harness/watcher.h"

#define NAME	TEST_NAME "owner"
#define BOTH	(SYNCMAP_ACCESS_READ | SYNCMAP_ACCESS_WRITE)
#define OWNED	.flags = SYNCMAP_FLAG_OWNED

static int make(__u32 type)
{
	int fd = map_create(NAME, type, NULL, 0600);

	ASSERT(fd >= 0);
	return fd;
}

static int again(void)
{
	int fd = map_open(NAME, BOTH);

	ASSERT(fd >= 0);
	return fd;
}

static void expect_value(int fd, const char *want)
{
	char value[16];

	EXPECT_EQ(0, DO(fd, LOAD, KEY("k"), OUT(value)));
	EXPECT_MEM(want, strlen(want), value, got.out_len);
}

static void expect_absent(int fd)
{
	EXPECT_EQ(-ENOENT, DO(fd, LOAD, KEY("k")));
	EXPECT_EQ(0, map_count(fd));
	EXPECT_EQ(0, map_info(fd).bytes);
	EXPECT_EQ(0, map_stat(fd, "owned"));
}

TEST(goes_with_its_file)
{
	static char text[1000];
	static const __u32 lengths[] = { 0, 8, 64, 65, 1000 };
	int fd = make(SYNCMAP_KEY_STRING);

	for (size_t i = 0; i < 4 * ARRAY_SIZE(lengths); i++) {
		static const __u32 codes[] = {
			SYNCMAP_OP_STORE, SYNCMAP_OP_SWAP,
			SYNCMAP_OP_LOAD_OR_STORE, SYNCMAP_OP_COMPARE_AND_SWAP,
		};
		struct syncmap_op op = { .op = codes[i % 4], KEY("k"), OWNED };
		int other = again();

		test_context("operation %u, %u bytes", op.op, lengths[i / 4]);
		op.value = PTR(text);
		op.value_len = lengths[i / 4];
		if (op.op == SYNCMAP_OP_COMPARE_AND_SWAP)
			EXPECT_EQ(0, DO(fd, STORE, KEY("k")));
		EXPECT_EQ(0, map_op(other, op));
		EXPECT_EQ(1, map_stat(fd, "owned"));
		EXPECT_EQ(2 * (map_system().entry_overhead + 1) + op.value_len,
			  map_info(fd).bytes);
		EXPECT_EQ(0, close(other));
		expect_absent(fd);
		EXPECT_EQ(i + 1, map_stat(fd, "orphaned"));
	}
}

TEST(goes_with_the_last_descriptor)
{
	int fd = make(SYNCMAP_KEY_STRING), other = again(), copy = dup(other);

	EXPECT_EQ(0, DO(other, STORE, KEY("k"), VALUE("v"), OWNED));
	EXPECT_EQ(0, close(other));
	expect_value(fd, "v");
	EXPECT_EQ(0, close(copy));
	expect_absent(fd);
}

/* What somebody else has stored since then is not the owner's */
TEST(only_what_is_its_own)
{
	int fd = make(SYNCMAP_KEY_STRING), one = again(), two = again();

	EXPECT_EQ(0, DO(one, STORE, KEY("k"), VALUE("one"), OWNED));
	EXPECT_EQ(0, DO(fd, STORE, KEY("k"), VALUE("free")));
	EXPECT_EQ(0, close(one));
	expect_value(fd, "free");
	EXPECT_EQ(0, map_stat(fd, "owned"));

	one = again();
	EXPECT_EQ(0, DO(one, STORE, KEY("k"), VALUE("one"), OWNED));
	EXPECT_EQ(0, DO(two, STORE, KEY("k"), VALUE("two"), OWNED));
	EXPECT_EQ(0, close(one));
	expect_value(fd, "two");
	EXPECT_EQ(1, map_stat(fd, "owned"));
	EXPECT_EQ(0, DO(two, STORE, KEY("k"), VALUE("free")));
	EXPECT_EQ(0, close(two));
	expect_value(fd, "free");

	/* With a deadline there is room for an owner, and none */
	one = again();
	EXPECT_EQ(0, DO(one, STORE, KEY("k"), VALUE("one"), OWNED));
	EXPECT_EQ(0, DO(fd, STORE, KEY("k"), VALUE("free"),
			.deadline = SYNCMAP_NEVER - 1));
	EXPECT_EQ(0, close(one));
	expect_value(fd, "free");

	/* Found, not stored */
	one = again();
	EXPECT_EQ(0, DO(one, LOAD_OR_STORE, KEY("k"), VALUE("one"), OWNED));
	EXPECT_EQ(0, close(one));
	expect_value(fd, "free");

	/* Deleted, and stored by another one */
	one = again();
	EXPECT_EQ(0, DO(one, STORE, KEY("k"), VALUE("one"), OWNED));
	EXPECT_EQ(0, DO(fd, DELETE, KEY("k")));
	EXPECT_EQ(0, DO(fd, STORE, KEY("k"), VALUE("free")));
	EXPECT_EQ(0, close(one));
	expect_value(fd, "free");

	/* Cleared */
	one = again();
	EXPECT_EQ(0, DO(one, STORE, KEY("k"), VALUE("one"), OWNED));
	map_clear(fd);
	map_expect_stat(fd, "owned", 0);
	EXPECT_EQ(0, DO(fd, STORE, KEY("k"), VALUE("free")));
	EXPECT_EQ(0, close(one));
	expect_value(fd, "free");
}

/* Whichever comes first; a TOUCH takes nothing away */
TEST(owned_and_expiring)
{
	int fd = make(SYNCMAP_KEY_STRING), other = again();

	EXPECT_EQ(0, DO(other, STORE, KEY("k"), VALUE("v"), OWNED,
			.deadline = SYNCMAP_NEVER - 1));
	EXPECT_EQ(0, DO(fd, TOUCH, KEY("k"), .deadline = SYNCMAP_NEVER));
	expect_value(fd, "v");
	EXPECT_EQ(0, close(other));
	expect_absent(fd);
	other = again();
	EXPECT_EQ(0, DO(other, STORE, KEY("k"), VALUE("v"), OWNED,
			.deadline = 1));
	EXPECT_EQ(0, close(other));
	expect_absent(fd);
	EXPECT_EQ(1, map_stat(fd, "expired"));
	EXPECT_EQ(1, map_stat(fd, "orphaned"));
}

/* Of what was removed, and why; of what was not, nothing */
TEST(watchers_are_told)
{
	int fd = make(SYNCMAP_KEY_STRING), other = again();
	struct watcher w = watcher_open(fd, .flags = 0);
	__u64 revision;

	EXPECT_EQ(0, DO(other, STORE, KEY("k"), VALUE("v"), OWNED));
	EXPECT_EQ(0, DO(other, STORE, KEY("l"), VALUE("v"), OWNED));
	EXPECT_EQ(0, DO(fd, STORE, KEY("l"), VALUE("w")));
	revision = got.revision;
	watcher_expect(&w, STORE, SYNCMAP_OP_STORE, "k", .owned = true);
	watcher_expect(&w, STORE, SYNCMAP_OP_STORE, "l", .owned = true);
	watcher_expect(&w, STORE, SYNCMAP_OP_STORE, "l");
	EXPECT_EQ(0, close(other));
	watcher_expect(&w, DELETE, SYNCMAP_REASON_ORPHANED, "k", NULL,
		       revision + 1);
	watcher_expect_nothing(&w);
}

/* Before they hear that the map has ended */
TEST(watchers_are_told_in_the_end)
{
	int fd = map_private(SYNCMAP_KEY_STRING);
	struct watcher w = watcher_open(fd, .flags = 0);

	EXPECT_EQ(0, DO(fd, STORE, KEY("k"), VALUE("v"), OWNED));
	EXPECT_EQ(0, close(fd));
	watcher_expect(&w, STORE, SYNCMAP_OP_STORE, "k", .owned = true);
	watcher_expect(&w, DELETE, SYNCMAP_REASON_ORPHANED, "k");
	EXPECT(!watcher_next(&w));
}

/* The one entry of a map */
struct shown {
	unsigned int	count;
	__u32		flags;
};

static void note_flags(const struct syncmap_record *record, void *arg)
{
	struct shown *shown = arg;

	shown->count++;
	shown->flags = record->flags;
}

static bool is_shown_as_owned(int fd, __u32 flags)
{
	struct shown shown = { };

	map_walk(fd, flags, 4096, note_flags, &shown);
	EXPECT_EQ(1, shown.count);
	return shown.flags & SYNCMAP_RECORD_OWNED;
}

/* By an operation, by ranges, by a dump; the length and a deadline do not matter */
static void expect_owned(int fd, const char *value, bool owned)
{
	struct watcher w = watcher_open(fd, .flags = SYNCMAP_WATCH_DUMP |
						     SYNCMAP_WATCH_VALUES);

	watcher_expect(&w, ENTRY, 0, "k", value, .owned = owned);
	watcher_expect(&w, DUMPED);
	watcher_close(&w);
	EXPECT_EQ(owned, is_shown_as_owned(fd, 0));
	EXPECT_EQ(owned, is_shown_as_owned(fd, SYNCMAP_RANGE_KEYS_ONLY));
	EXPECT_EQ(0, DO(fd, LOAD, KEY("k")));
	EXPECT_EQ(SYNCMAP_RESULT_LOADED | (owned ? SYNCMAP_RESULT_OWNED : 0),
		  got.result);
}

TEST(records_tell)
{
	int fd = make(SYNCMAP_KEY_STRING), other = again();
	struct watcher w = watcher_open(fd, .flags = 0);
	char text[1001] = "";

	memset(text, 't', 1000);
	for (size_t i = 0; i < 4; i++) {
		__u64 deadline = i & 1 ? SYNCMAP_NEVER - 1 : 0;
		__u32 len = i & 2 ? 1000 : 4;

		test_context("%u bytes, deadline %llx", len, deadline);
		EXPECT_EQ(0, DO(other, STORE, KEY("k"),
				VALUE_N(text + 1000 - len, len), OWNED,
				.deadline = deadline));
		watcher_expect(&w, STORE, SYNCMAP_OP_STORE, "k", .owned = true);
		expect_owned(fd, text + 1000 - len, true);
		EXPECT_EQ(0, DO(fd, STORE, KEY("k"),
				VALUE_N(text + 1000 - len, len),
				.deadline = deadline));
		watcher_expect(&w, STORE, SYNCMAP_OP_STORE, "k");
		expect_owned(fd, text + 1000 - len, false);
	}
}

/* Who has not stored the value, but changed it, has not taken it either */
TEST(records_tell_of_what_stays_owned)
{
	int fd = make(SYNCMAP_KEY_STRING), other = again();
	struct watcher w = watcher_open(fd, .flags = 0);

	EXPECT_EQ(0, DO(other, STORE, KEY("k"), VALUE("v"), OWNED));
	EXPECT_EQ(0, DO(fd, TOUCH, KEY("k"), .deadline = SYNCMAP_NEVER - 1));
	EXPECT_EQ(SYNCMAP_RESULT_LOADED | SYNCMAP_RESULT_OWNED, got.result);
	EXPECT_EQ(0, DO(fd, APPEND, KEY("k"), VALUE("w")));
	EXPECT_EQ(0, DO(fd, APPEND, KEY("k"), VALUE("xy")));
	expect_owned(fd, "vwxy", true);
	EXPECT_EQ(0, DO(fd, ADD, KEY("k"), .operand = 1,
			.flags = SYNCMAP_FLAG_U32));
	watcher_expect(&w, STORE, SYNCMAP_OP_STORE, "k", .owned = true);
	watcher_expect(&w, STORE, SYNCMAP_OP_APPEND, "k", .owned = true);
	watcher_expect(&w, STORE, SYNCMAP_OP_APPEND, "k", .owned = true);
	watcher_expect(&w, STORE, SYNCMAP_OP_ADD, "k", .owned = true);
	EXPECT_EQ(0, DO(fd, SWAP, KEY("k"), VALUE("free")));
	EXPECT_EQ(SYNCMAP_RESULT_LOADED | SYNCMAP_RESULT_OWNED, got.result);
	watcher_expect(&w, STORE, SYNCMAP_OP_SWAP, "k");
	expect_owned(fd, "free", false);
}

TEST(computed_and_owned)
{
	int fd = make(SYNCMAP_KEY_STRING), other = again();

	EXPECT_EQ(0, DO(other, LOAD_OR_LEASE, KEY("k")));
	EXPECT_EQ(0, DO(other, STORE, KEY("k"), VALUE("v"), OWNED,
			.token = got.leased));
	expect_value(fd, "v");
	EXPECT_EQ(1, map_stat(fd, "owned"));
	EXPECT_EQ(0, close(other));
	expect_absent(fd);
	EXPECT_EQ(1, map_stat(fd, "orphaned"));
}

/*
 * Services that register, and are killed. A name belongs to the last one that
 * registered it, for as long as that one lives.
 */
#define SERVICES	1000
#define NAMES		300

struct registry {
	int	pipes[2];
	pid_t	services[SERVICES];
	int	last[NAMES];	/* service, or -1 */
};

static void serve(int n, void *arg)
{
	struct registry *registry = arg;
	__u64 key = n % NAMES;
	pid_t pid = getpid();
	char c = 0;

	ASSERT_EQ(0, DO(again(), STORE, KEY_N(&key, 8), VALUE_N(&pid, 4),
			OWNED));
	ASSERT_EQ(1, write(registry->pipes[1], &c, 1));
	pause();
}

static void start(struct registry *registry, int n)
{
	char c;

	registry->services[n] = test_fork(serve, n, registry);
	ASSERT_EQ(1, read(registry->pipes[0], &c, 1));
	registry->last[n % NAMES] = n;
}

static void stop_some(struct registry *registry, int services)
{
	pid_t killed[40];

	for (size_t i = 0; i < ARRAY_SIZE(killed); i++) {
		int n = test_random() % services;

		killed[i] = registry->services[n];
		if (!killed[i])
			continue;
		registry->services[n] = 0;
		if (registry->last[n % NAMES] == n)
			registry->last[n % NAMES] = -1;
		ASSERT_EQ(0, kill(killed[i], SIGKILL));
	}
	for (size_t i = 0; i < ARRAY_SIZE(killed); i++)
		if (killed[i])
			ASSERT_EQ(killed[i], waitpid(killed[i], NULL, 0));
}

/* At once: when a process has been waited for, its files are closed */
static void expect_registered(const struct registry *registry, int fd)
{
	for (__u64 name = 0; name < NAMES; name++) {
		int last = registry->last[name];
		pid_t pid = 0;

		test_context("name %llu", (unsigned long long)name);
		EXPECT_EQ(last < 0 ? -ENOENT : 0,
			  DO(fd, LOAD, KEY_N(&name, 8), OUT_N(&pid, 4)));
		if (last >= 0)
			EXPECT_EQ(registry->services[last], pid);
	}
}

TEST_LIMIT(service_registry, 120)
{
	int fd = make(SYNCMAP_KEY_U64), services = test_times(SERVICES);
	static struct registry registry;

	ASSERT_EQ(0, pipe(registry.pipes));
	memset(registry.last, -1, sizeof(registry.last));
	for (int n = 0; n < services; n++)
		start(&registry, n);
	expect_registered(&registry, fd);
	for (int round = 0; round < 20; round++) {
		stop_some(&registry, services);
		expect_registered(&registry, fd);
		for (int i = 0; i < 20; i++) {
			int n = test_random() % services;

			if (!registry.services[n])
				start(&registry, n);
		}
	}
	for (int n = 0; n < services; n++)
		if (registry.services[n])
			kill(registry.services[n], SIGKILL);
	while (wait(NULL) > 0)
		;
	/* They are more than who counts ends at a time */
	map_expect_stat(fd, "count", 0);
	map_expect_bytes(fd, 0);
	map_expect_stat(fd, "owned", 0);
}

/* Killed in the middle of it, over keys that others want, too */
static void churn(int n, void *arg)
{
	int fd = again();
	char text[200];

	(void)arg;
	memset(text, 'a' + n, sizeof(text));
	for (;;) {
		__u64 key = test_random() % 30;
		__u32 len = test_random() % sizeof(text);

		switch (test_random() % 8) {
		case 0:
			DO(fd, DELETE, KEY_N(&key, 8));
			break;
		case 1:
			DO(fd, TOUCH, KEY_N(&key, 8),
			   .deadline = map_now() + test_random() % MS);
			break;
		case 2:
			if (test_random() % 64 == 0)
				map_clear(fd);
			break;
		default:
			DO(fd, STORE, KEY_N(&key, 8), VALUE_N(text, len), OWNED);
			break;
		}
	}
}

static void want_none(const struct syncmap_record *record, void *arg)
{
	unsigned long long key;

	(void)arg;
	memcpy(&key, record_key(record), sizeof(key));
	test_note("key %llu is still there", key);
	EXPECT(false);
}

TEST_LIMIT(killed_at_any_moment, 60)
{
	int fd = make(SYNCMAP_KEY_U64);

	for (unsigned int round = 0; round < test_times(60); round++) {
		test_context("round %u", round);
		test_kill(3, churn, NULL, test_random() % 20000);
		map_walk(fd, 0, 4096, want_none, NULL);
		/* What a Clear removed goes on being freed, and counts */
		map_expect_stat(fd, "owned", 0);
		map_expect_bytes(fd, 0);
		EXPECT_EQ(0, map_count(fd));
	}
}

/* As many as one likes, and with the map itself */
TEST(many_at_once)
{
	int fd = make(SYNCMAP_KEY_U64), other = again();

	for (__u64 n = 0; n < test_times(20000); n++)
		ASSERT_EQ(0, DO(other, STORE, KEY_N(&n, 8), OWNED));
	map_fill(fd, 1 << 20, (1 << 20) + 10);
	EXPECT_EQ(0, close(other));
	AWAIT(map_count(fd) == 10);
	EXPECT_EQ(10, map_count(fd));
	close(fd);
	fd = map_private(SYNCMAP_KEY_U64);
	for (__u64 n = 0; n < 100; n++)
		ASSERT_EQ(0, DO(fd, STORE, KEY_N(&n, 8), OWNED));
	EXPECT_EQ(0, close(fd));
}
