// SPDX-License-Identifier: GPL-2.0-only
/* Deadlines that come while entries are refreshed, and processes are killed */
#include <unistd.h>

#include "harness/map.h"
#include "harness/stats.h"

/* Two clocks that are one may be rounded differently */
#define MARGIN	1000

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
	map_expect_bytes(fd, 0);
	map_expect_stat(fd, "expiring", 0);
	EXPECT_EQ(0, map_count(fd));
}

TEST_LIMIT(refreshed_with_stale_values, 60)
{
	int fd = map_expiring(SYNCMAP_KEY_U64, 0, 2 * MS);

	test_parallel(3, refresh_and_look, &fd);
	map_expect_bytes(fd, 0);
	EXPECT_EQ(0, map_stat(fd, "lapsed"));
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

		test_context("round %u", round);
		test_kill(3, churn, &fd, test_random() % 20000);
		map_expect_bytes(fd, 0);
		EXPECT_EQ(0, map_count(fd));
		map_expect_stat(fd, "expiring", 0);
		EXPECT_EQ(0, map_stat(fd, "lapsed"));
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
