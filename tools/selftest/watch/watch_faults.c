// SPDX-License-Identifier: GPL-2.0-only
/*
 * Watching while memory is short: a watcher is there as a whole or not at all,
 * a change that succeeds has its event, one that fails has none, and a read
 * that fails half way loses nothing
 */
#include <fcntl.h>
#include <unistd.h>

#include "harness/fault.h"
#include "harness/record.h"
#include "harness/stats.h"
#include "harness/watcher.h"

#define VALUES		SYNCMAP_WATCH_VALUES
#define DUMP		SYNCMAP_WATCH_DUMP

static char text[1000], prefix[200];

static unsigned int sweep_watch(int fd, struct syncmap_watch params)
{
	struct outcome outcome = { .failed = true };

	for (unsigned int nth = 1; outcome.failed && nth < FAULTS_MAX; nth++) {
		test_context("flags %#x, fault %u", params.flags, nth);
		with_fault(nth, &outcome, watch(fd, params));
		if (outcome.ret >= 0)
			EXPECT_EQ(0, close(outcome.ret));
		else
			EXPECT(outcome.ret == -ENOMEM ||
			       outcome.ret == -EFAULT);
		EXPECT_EQ(0, map_stat(fd, "watchers"));
		EXPECT_EQ(0, DO(fd, STORE, KEY("a"), VALUE("1")));
		EXPECT_EQ(0, map_stat(fd, "events"));
	}
	EXPECT(!outcome.failed);
	return outcome.out_of_memory;
}

TEST(a_watcher)
{
	int fd = map_private(SYNCMAP_KEY_STRING);
	unsigned int live, dump;

	memset(prefix, 'p', sizeof(prefix));
	fault_need();
	live = sweep_watch(fd, (struct syncmap_watch){ .flags = VALUES });
	dump = sweep_watch(fd, (struct syncmap_watch){
		.flags = SYNCMAP_WATCH_PREFIX | DUMP,
		FILTER_N(prefix, sizeof(prefix)),
		.queue_size = 1 << 18,
	});
	test_note("ENOMEM at %u and %u places", live, dump);
	/* How many they are depends on what slabs have at hand */
	EXPECT(live);
	EXPECT(dump);
}

/* 0 if the key is absent */
static __u64 revision_of_key(int fd)
{
	return DO(fd, LOAD, KEY("key")) ? 0 : got.revision;
}

/* Nothing is there, a short value, or a long one */
static void prepare(int fd, unsigned int how)
{
	ASSERT_EQ(0, DO(fd, DELETE, KEY("key")));
	if (how)
		ASSERT_EQ(0, DO(fd, STORE, KEY("key"),
				VALUE_N(text, how == 1 ? 8 : sizeof(text))));
}

static void drain(struct watcher *watcher)
{
	char buffer[8192];

	while (read(watcher->fd, buffer, sizeof(buffer)) > 0)
		;
	EXPECT_EQ(EAGAIN, errno);
}

static void expect_change(struct watcher *w, __u32 reason, __u64 before,
			  __u64 after)
{
	if (after && after != before)
		watcher_expect(w, STORE, reason, "key", NULL, after);
	else if (before && !after)
		watcher_expect(w, DELETE, reason, "key");
	watcher_expect_nothing(w);
}

static unsigned int sweep_change(int fd, struct watcher *w,
				 struct syncmap_op op, unsigned int how)
{
	struct outcome outcome = { .failed = true };
	unsigned int faults = 0;
	__u64 before;

	op.answer = PTR(&got);
	op.answer_size = sizeof(got);
	for (unsigned int nth = 1; outcome.failed && nth < FAULTS_MAX; nth++) {
		prepare(fd, how);
		drain(w);
		before = revision_of_key(fd);
		with_fault(nth, &outcome, map_call(fd, SYNCMAP_OP, &op));
		test_context("operation %u, case %u, fault %u", op.op, how,
			     nth);
		EXPECT(!outcome.ret || outcome.ret == -ENOMEM ||
		       outcome.ret == -ENOENT || outcome.ret == -EFAULT);
		expect_change(w, op.op, before, revision_of_key(fd));
		faults += outcome.failed;
	}
	EXPECT(!outcome.failed);
	return faults;
}

TEST_LIMIT(changes, 60)
{
	static const struct syncmap_op ops[] = {
		{ .op = SYNCMAP_OP_STORE, KEY("key"), VALUE("short") },
		{ .op = SYNCMAP_OP_STORE, KEY("key"), VALUE_N(text, 900) },
		{ .op = SYNCMAP_OP_STORE, KEY("key"), VALUE("mortal"),
		  .deadline = SYNCMAP_NEVER - 1 },
		{ .op = SYNCMAP_OP_SWAP, KEY("key"), VALUE_N(text, 300) },
		{ .op = SYNCMAP_OP_LOAD_OR_STORE, KEY("key"), VALUE("short") },
		{ .op = SYNCMAP_OP_DELETE, KEY("key") },
		{ .op = SYNCMAP_OP_LOAD_AND_DELETE, KEY("key") },
	};
	int fd = map_private(SYNCMAP_KEY_STRING);
	struct watcher w = watcher_open(fd, .flags = 0);
	unsigned int sum = 0;

	fault_need();
	ASSERT_EQ(0, fcntl(w.fd, F_SETFL, O_NONBLOCK));
	for (size_t i = 0; i < ARRAY_SIZE(ops); i++)
		for (unsigned int how = 0; how < 3; how++)
			sum += sweep_change(fd, &w, ops[i], how);
	test_note("%u faults", sum);
	EXPECT(sum >= 10);
}

/* Of a dump of KEYS entries, and as many events behind it */
#define KEYS	16

struct seen {
	unsigned int	records;
	__u64		last;		/* revision of an event */
	__u32		entries;	/* bits */
};

static void check(struct seen *seen, const struct syncmap_record *event)
{
	seen->records++;
	switch (event->type) {
	case SYNCMAP_RECORD_ENTRY:
		EXPECT(event->revision && event->revision <= KEYS);
		EXPECT(!(seen->entries >> event->revision & 1));
		EXPECT_EQ(0, seen->last);
		seen->entries |= 1 << event->revision;
		break;
	case SYNCMAP_RECORD_DUMPED:
		seen->last = KEYS;
		break;
	default:
		EXPECT_EQ(++seen->last, event->revision);
	}
}

static void check_all(struct seen *seen, const char *buffer, ssize_t used)
{
	const struct syncmap_record *event;
	size_t at = 0;

	while (used > 0 && (event = record_next(buffer, used, &at)))
		check(seen, event);
}

static ssize_t get(const struct watcher *w, char *buffer, size_t size)
{
	ssize_t n = read(w->fd, buffer, size);

	return n < 0 ? -errno : n;
}

static bool read_with_fault(int fd, unsigned int nth)
{
	static char buffer[1 << 16] __attribute__((aligned(8)));
	struct watcher w = watcher_open(fd, .flags = DUMP | VALUES);
	struct outcome outcome = { };
	struct seen seen = { };

	for (__u64 n = KEYS; n < 2 * KEYS; n++)
		ASSERT_EQ(0, DO(fd, STORE, KEY_N(&n, 8), VALUE_N(text, n * 20)));
	test_context("fault %u", nth);
	with_fault(nth, &outcome, get(&w, buffer, sizeof(buffer)));
	EXPECT(outcome.ret > 0 || outcome.ret == -EFAULT ||
	       outcome.ret == -ENOMEM);
	check_all(&seen, buffer, outcome.ret);
	while (seen.records < 2 * KEYS + 1 && !test_failed())
		check_all(&seen, buffer, get(&w, buffer, sizeof(buffer)));
	EXPECT_EQ((2 << KEYS) - 2, seen.entries);
	EXPECT_EQ(2 * KEYS, seen.last);
	watcher_expect_nothing(&w);
	watcher_close(&w);
	return outcome.failed;
}

TEST_LIMIT(reads, 60)
{
	unsigned int nth = 1;
	bool failed = true;

	memset(text, 't', sizeof(text));
	fault_need();
	while (failed && nth < FAULTS_MAX) {
		int fd = map_private(SYNCMAP_KEY_U64);

		for (__u64 n = 0; n < KEYS; n++)
			ASSERT_EQ(0, DO(fd, STORE, KEY_N(&n, 8),
					VALUE_N(text, n * 20)));
		failed = read_with_fault(fd, nth++);
		close(fd);
	}
	test_note("%u faults", nth - 2);
	EXPECT(!failed);
	EXPECT(nth > 4 * KEYS);
}
