// SPDX-License-Identifier: GPL-2.0-only
/* Deadlines: what has expired is absent for every operation, and goes away */
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "map.h"

#define HOUR	(3600 * SECOND)
#define PAST	1ULL

/* Two clocks that are one may be rounded differently */
#define MARGIN	1000

static void sleep_until(__u64 time)
{
	while (map_now() < time)
		usleep((time - map_now()) / 1000 + 1);
}

/* The sweeper comes within a jiffy or two; a machine may be busy */
static void expect_bytes(int fd, __u64 want)
{
	for (int i = 0; i < 2000 && map_info(fd).bytes != want; i++)
		usleep(1000);
	EXPECT_EQ(want, map_info(fd).bytes);
}

TEST(deadline)
{
	int fd = map_private(SYNCMAP_KEY_STRING);
	__u64 at = map_now() + HOUR;
	char value[8];

	EXPECT_EQ(0, DO(fd, STORE, KEY("k"), VALUE("v"), .deadline = at));
	EXPECT_EQ(at, got.expires);
	EXPECT_EQ(0, DO(fd, STORE, KEY("l"), VALUE("v")));
	EXPECT_EQ(SYNCMAP_NEVER, got.expires);
	EXPECT_EQ(0, DO(fd, LOAD, KEY("k"), OUT(value)));
	EXPECT_EQ(at, got.expires);
	EXPECT_EQ(1, map_stats(fd).expiring);
	EXPECT_EQ(2, map_count(fd));
	at = map_now() + 20 * MS;
	EXPECT_EQ(0, DO(fd, TOUCH, KEY("k"), .deadline = at));
	sleep_until(at);
	EXPECT_EQ(-ENOENT, DO(fd, LOAD, KEY("k"), OUT(value)));
	EXPECT_EQ(0, got.expires);
	EXPECT_EQ(1, map_count(fd));
	EXPECT_EQ(0, map_stats(fd).expiring);
	EXPECT_EQ(1, map_stats(fd).expired);
	EXPECT_EQ(0, DO(fd, DELETE, KEY("l")));
	EXPECT_EQ(SYNCMAP_NEVER, got.expires);
	EXPECT_EQ(0, map_info(fd).bytes);
}

/* Each operation on a key that has just expired is one on an absent key */
TEST(absent_for_every_operation)
{
	static const struct {
		struct syncmap_op	op;
		int			ret;
		bool			stores;
	} cases[] = {
		{ { .op = SYNCMAP_OP_LOAD }, -ENOENT, false },
		{ { .op = SYNCMAP_OP_STORE, VALUE("new") }, 0, true },
		{ { .op = SYNCMAP_OP_LOAD_OR_STORE, VALUE("new") }, 0, true },
		{ { .op = SYNCMAP_OP_LOAD_AND_DELETE }, -ENOENT, false },
		{ { .op = SYNCMAP_OP_DELETE }, 0, false },
		{ { .op = SYNCMAP_OP_SWAP, VALUE("new") }, 0, true },
		{ { .op = SYNCMAP_OP_COMPARE_AND_SWAP, OLD("v"), VALUE("new") },
		  -ENOENT, false },
		{ { .op = SYNCMAP_OP_COMPARE_AND_DELETE, OLD("v") },
		  -ENOENT, false },
		{ { .op = SYNCMAP_OP_TOUCH, .deadline = SYNCMAP_NEVER },
		  -ENOENT, false },
	};
	int fd = map_private(SYNCMAP_KEY_STRING);

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct syncmap_op op = cases[i].op;
		__u64 at = map_now() + 2 * MS;

		test_context("operation %u", op.op);
		op.key = PTR("k");
		op.key_len = 1;
		EXPECT_EQ(0, DO(fd, STORE, KEY("k"), VALUE("v"),
				.deadline = at));
		sleep_until(at);
		EXPECT_EQ(cases[i].ret, map_op(fd, op));
		EXPECT_EQ(0, got.result);
		EXPECT_EQ(0, got.previous);
		EXPECT_EQ(cases[i].stores, map_count(fd));
		EXPECT_EQ(0, DO(fd, DELETE, KEY("k")));
		EXPECT_EQ(cases[i].stores, !!got.result);
		EXPECT_EQ(i + 1, map_stats(fd).expired);
	}
	EXPECT_EQ(0, map_info(fd).bytes);
}

static void want_key(const struct syncmap_record *record, void *arg)
{
	__u64 *want = arg;

	EXPECT_MEM("stays", 5, record->data, record->key_len);
	EXPECT_EQ(want[1], record->expires);
	++*want;
}

TEST(range)
{
	int fd = map_private(SYNCMAP_KEY_STRING);
	__u64 want[2] = { 0, map_now() + HOUR };

	EXPECT_EQ(0, DO(fd, STORE, KEY("goes"), .deadline = PAST));
	EXPECT_EQ(0, DO(fd, STORE, KEY("stays"), .deadline = want[1]));
	map_walk(fd, 0, 4096, want_key, want);
	EXPECT_EQ(1, want[0]);
	EXPECT_EQ(0, DO(fd, STORE, KEY("stays")));
	want[1] = SYNCMAP_NEVER;
	map_walk(fd, SYNCMAP_RANGE_KEYS_ONLY, 4096, want_key, want);
	EXPECT_EQ(2, want[0]);
}

TEST(default_of_the_map)
{
	int fd = map_expiring(SYNCMAP_KEY_STRING, HOUR, 0);
	__u64 before = map_now() + HOUR, after;

	EXPECT_EQ(HOUR, map_info(fd).ttl);
	EXPECT_EQ(0, map_info(fd).stale);
	EXPECT_EQ(0, DO(fd, STORE, KEY("k"), VALUE("v")));
	after = map_now() + HOUR;
	EXPECT(got.expires >= before && got.expires <= after);
	EXPECT_EQ(0, DO(fd, STORE, KEY("k"), VALUE("v"), .deadline = after + 1));
	EXPECT_EQ(after + 1, got.expires);
	EXPECT_EQ(0, DO(fd, SWAP, KEY("k"), VALUE("v")));
	EXPECT(got.expires >= before && got.expires <= map_now() + HOUR);
	EXPECT_EQ(0, DO(fd, COMPARE_AND_SWAP, KEY("k"), OLD("v"), VALUE("v"),
			.deadline = SYNCMAP_NEVER));
	EXPECT_EQ(SYNCMAP_NEVER, got.expires);
	EXPECT_EQ(0, DO(fd, TOUCH, KEY("k")));
	EXPECT(got.expires >= before && got.expires <= map_now() + HOUR);
	/* For ever, and almost */
	close(fd);
	fd = map_expiring(SYNCMAP_KEY_STRING, SYNCMAP_NEVER, SYNCMAP_NEVER);
	EXPECT_EQ(0, DO(fd, STORE, KEY("k"), VALUE("v")));
	EXPECT_EQ(SYNCMAP_NEVER, got.expires);
	EXPECT_EQ(0, DO(fd, STORE, KEY("k"), VALUE("v"),
			.deadline = SYNCMAP_NEVER - 1));
	EXPECT_EQ(SYNCMAP_NEVER - 1, got.expires);
	EXPECT_EQ(0, DO(fd, LOAD, KEY("k")));
	EXPECT_EQ(SYNCMAP_NEVER - 1, got.expires);
}

/* LOAD and LOAD_OR_STORE leave the deadline alone, TOUCH leaves all else alone */
TEST(touch)
{
	static char text[1000], value[1000];
	static const __u32 lengths[] = { 0, 20, 64, 65, 300, 1000 };
	int fd = map_private(SYNCMAP_KEY_STRING);
	__u64 at = map_now() + HOUR;

	EXPECT_EQ(-ENOENT, DO(fd, TOUCH, KEY("k"), .deadline = at));
	for (size_t i = 0; i < ARRAY_SIZE(lengths); i++) {
		__u32 len = lengths[i];
		__u64 revision;

		test_context("%u bytes", len);
		memset(text, 'a' + i, sizeof(text));
		EXPECT_EQ(0, DO(fd, STORE, KEY("k"), VALUE_N(text, len)));
		revision = got.revision;
		EXPECT_EQ(0, DO(fd, TOUCH, KEY("k"), .deadline = at));
		EXPECT_EQ(len, got.out_len);
		EXPECT_EQ(0, DO(fd, TOUCH, KEY("k"), OUT(value),
				.deadline = at + 1));
		EXPECT_MEM(text, len, value, got.out_len);
		EXPECT_EQ(revision, got.revision);
		EXPECT_EQ(0, got.previous);
		EXPECT_EQ(at + 1, got.expires);
		EXPECT_EQ(SYNCMAP_OP_LOADED, got.result);
		EXPECT_EQ(0, DO(fd, LOAD_OR_STORE, KEY("k"), VALUE("new"),
				.deadline = at + 2));
		EXPECT_EQ(at + 1, got.expires);
		if (len > 1) {
			EXPECT_EQ(-EMSGSIZE, DO(fd, TOUCH, KEY("k"),
						OUT_N(value, 1),
						.deadline = at + 2));
			EXPECT_EQ(at + 1, got.expires);
		}
		EXPECT_EQ(0, DO(fd, LOAD, KEY("k"), OUT(value)));
		EXPECT_MEM(text, len, value, got.out_len);
		EXPECT_EQ(at + 1, got.expires);
		EXPECT_EQ(revision, map_info(fd).revision);
		EXPECT_EQ(2 * (map_overhead() + 1) + len,
			  map_info(fd).bytes);
	}
	EXPECT_EQ(0, DO(fd, TOUCH, KEY("k"), .deadline = PAST));
	EXPECT_EQ(-ENOENT, DO(fd, LOAD, KEY("k")));
}

#define TRACING	"/sys/kernel/tracing/"

/* How often the sweeper has ended an entry of the map */
static unsigned int count_swept(__u64 id)
{
	unsigned int n = 0;
	char line[512], want[64];
	FILE *file = fopen(TRACING "trace", "r");

	ASSERT(file);
	snprintf(want, sizeof(want), "bytemap_expire: map=%llu ",
		 (unsigned long long)id);
	while (fgets(line, sizeof(line), file))
		n += strstr(line, want) && strstr(line, "kworker");
	fclose(file);
	return n;
}

/* Nobody asks for them, and yet they go */
TEST(swept)
{
	int fd = map_private(SYNCMAP_KEY_U64);
	__u64 id = map_info(fd).id;

	test_write(TRACING "trace", "");
	test_write(TRACING "events/syncmap/bytemap_expire/enable", "1");
	for (__u64 n = 0; n < 500; n++) {
		ASSERT_EQ(0, DO(fd, STORE, KEY_N(&n, 8), VALUE("value"),
				.deadline = map_now() + n % 40 * MS));
		ASSERT_EQ(0, DO(fd, SWAP, KEY_N(&n, 8), VALUE("a longer one"),
				.deadline = map_now() + (100 + n % 40) * MS));
	}
	for (int i = 0; i < 500 && count_swept(id) < 500; i++)
		usleep(10000);
	test_write(TRACING "events/syncmap/bytemap_expire/enable", "0");
	EXPECT(count_swept(id) >= 500);
	EXPECT_EQ(0, map_info(fd).bytes);
	EXPECT_EQ(0, map_stats(fd).expiring);
}

TEST(full_of_what_has_expired)
{
	int fd = map_limited(SYNCMAP_KEY_U64,
			     (struct syncmap_limits){ .entries = 100 });
	__u64 key, at = map_now() + HOUR;

	for (key = 0; key < 100; key++)
		EXPECT_EQ(0, DO(fd, STORE, KEY_N(&key, 8), .deadline = at));
	EXPECT_EQ(-ENOSPC, DO(fd, STORE, KEY_N(&key, 8)));
	for (key = 0; key < 100; key++)
		EXPECT_EQ(0, DO(fd, TOUCH, KEY_N(&key, 8), .deadline = PAST));
	map_fill(fd, 1000, 1100);
	EXPECT_EQ(-ENOSPC, DO(fd, STORE, KEY_N(&key, 8)));
	EXPECT_EQ(100, map_count(fd));
}

TEST(stale_values_are_kept)
{
	int fd = map_expiring(SYNCMAP_KEY_STRING, 5 * MS, 100 * MS);
	__u64 at;

	EXPECT_EQ(0, DO(fd, STORE, KEY("k"), VALUE("v")));
	at = got.expires;
	sleep_until(at);
	EXPECT_EQ(-ENOENT, DO(fd, LOAD, KEY("k")));
	EXPECT_EQ(0, map_count(fd));
	EXPECT(map_info(fd).bytes || map_now() > at + 100 * MS);
	expect_bytes(fd, 0);
	EXPECT_EQ(0, map_stats(fd).lapsed);
	EXPECT_EQ(1, map_stats(fd).expired);
	EXPECT(map_now() >= at + 100 * MS);
}

/*
 * Refreshed or not, again and again, right before and behind the deadlines. Who
 * has the keys for himself knows what he must find: before the deadline the
 * value, from it on nothing.
 */
struct owner {
	int	fd;
	__u64	span;
	__u64	stores;
	__u64	present;
	__u64	absent;
};

struct entry {
	__u64	deadline;	/* 0: deleted */
	__u32	len;
	char	fill;
};

static void check_outcome(struct owner *owner, const struct entry *entry,
			  __u64 before, __u64 after, bool found)
{
	if (after + MARGIN < entry->deadline) {
		EXPECT(found);
		owner->present++;
	} else if (before >= entry->deadline + MARGIN) {
		EXPECT(!found);
		owner->absent++;
	}
}

static void store_anew(struct owner *owner, __u64 key, struct entry *entry)
{
	char text[100];
	__u64 before;

	entry->len = test_random() % sizeof(text);
	entry->fill++;
	memset(text, entry->fill, entry->len);
	before = map_now();
	entry->deadline = before + test_random() % owner->span;
	owner->stores++;
	EXPECT_EQ(0, DO(owner->fd, STORE, KEY_N(&key, 8),
			VALUE_N(text, entry->len),
			.deadline = entry->deadline));
}

static void use_entry(struct owner *owner, __u64 key, struct entry *entry)
{
	bool touch = test_random() % 3 == 0;
	char want[100], value[100];
	__u64 before = map_now(), deadline = 0;
	int ret;

	if (touch)
		deadline = before + test_random() % owner->span;
	ret = map_op(owner->fd, (struct syncmap_op){
		.op = touch ? SYNCMAP_OP_TOUCH : SYNCMAP_OP_LOAD,
		KEY_N(&key, 8), OUT(value), .deadline = deadline,
	});
	check_outcome(owner, entry, before, map_now(), !ret);
	if (ret) {
		EXPECT_EQ(-ENOENT, ret);
		return;
	}
	memset(want, entry->fill, entry->len);
	EXPECT_MEM(want, entry->len, value, got.out_len);
	if (touch)
		entry->deadline = deadline;
	EXPECT_EQ(entry->deadline, got.expires);
}

/* What this machine needs for so many operations, while the others do theirs */
static __u64 time_of_operations(int fd, unsigned int n)
{
	__u64 key = ~0ULL, before = map_now();

	for (unsigned int i = 0; i < n; i++)
		DO(fd, LOAD, KEY_N(&key, 8));
	return map_now() - before;
}

static void refresh_and_look(int n, void *arg)
{
	struct owner owner = { .fd = *(int *)arg };
	struct entry entries[50] = { };

	owner.span = time_of_operations(owner.fd, 200);

	for (unsigned int i = 0; i < test_times(40000); i++) {
		__u32 index = test_random() % ARRAY_SIZE(entries);
		__u64 key = n * ARRAY_SIZE(entries) + index;

		if (test_random() % 2)
			use_entry(&owner, key, &entries[index]);
		else
			store_anew(&owner, key, &entries[index]);
		if (test_failed())
			return;
	}
	EXPECT(owner.present && owner.absent);
	test_note("process %d: %llu stores, %llu present, %llu absent", n,
		  (unsigned long long)owner.stores,
		  (unsigned long long)owner.present,
		  (unsigned long long)owner.absent);
}

TEST_LIMIT(refreshed_is_never_taken, 60)
{
	int fd = map_private(SYNCMAP_KEY_U64);

	test_parallel(3, refresh_and_look, &fd);
	expect_bytes(fd, 0);
	EXPECT_EQ(0, map_stats(fd).expiring);
	EXPECT_EQ(0, map_count(fd));
}

TEST_LIMIT(refreshed_with_stale_values, 60)
{
	int fd = map_expiring(SYNCMAP_KEY_U64, 0, 2 * MS);

	test_parallel(3, refresh_and_look, &fd);
	expect_bytes(fd, 0);
	EXPECT_EQ(0, map_stats(fd).lapsed);
	EXPECT_EQ(0, map_count(fd));
}

/* SIGKILL at any moment: what they leave behind goes on schedule */
static void churn(int n, void *arg)
{
	int fd = *(int *)arg;
	char text[300];

	memset(text, 'a' + n, sizeof(text));
	for (;;) {
		__u64 key = test_random() % 200;
		__u32 len = test_random() % sizeof(text);
		__u64 deadline = map_now() + test_random() % (5 * MS);

		switch (test_random() % 16) {
		case 0:
			if (test_random() % 64 == 0)
				map_clear(fd);
			break;
		case 1:
			DO(fd, DELETE, KEY_N(&key, 8));
			break;
		case 2 ... 4:
			DO(fd, TOUCH, KEY_N(&key, 8), .deadline = deadline);
			break;
		default:
			DO(fd, STORE, KEY_N(&key, 8), VALUE_N(text, len),
			   .deadline = deadline);
			break;
		}
	}
}

TEST_LIMIT(killed_at_any_moment, 60)
{
	for (unsigned int round = 0; round < test_times(40); round++) {
		int fd = map_expiring(SYNCMAP_KEY_U64, 0, round % 2 * MS);
		pid_t pids[3];

		test_context("round %u", round);
		for (int i = 0; i < 3; i++)
			pids[i] = test_fork(churn, i, &fd);
		usleep(test_random() % 20000);
		for (int i = 0; i < 3; i++)
			kill(pids[i], SIGKILL);
		for (int i = 0; i < 3; i++)
			waitpid(pids[i], NULL, 0);
		expect_bytes(fd, 0);
		EXPECT_EQ(0, map_count(fd));
		EXPECT_EQ(0, map_stats(fd).expiring);
		EXPECT_EQ(0, map_stats(fd).lapsed);
		close(fd);
	}
}

/* With the sweeper at work on it, or about to be */
TEST(closed_with_deadlines)
{
	for (unsigned int round = 0; round < test_times(100); round++) {
		int fd = map_expiring(SYNCMAP_KEY_U64, round % 4 * MS, 0);

		map_fill(fd, 0, 200);
		usleep(test_random() % 4000);
		EXPECT_EQ(0, close(fd));
	}
}
