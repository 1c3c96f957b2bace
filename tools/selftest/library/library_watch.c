// SPDX-License-Identifier: GPL-2.0-only
/* libsyncmap's watches against the module */
#include <fcntl.h>
#include <libsyncmap.h>
#include <poll.h>
#include <signal.h>
#include <sys/time.h>
#include <unistd.h>

#include "harness/map.h"
#include "harness/stats.h"

#define NAME	TEST_NAME "library"
#define K	"key", 3

static struct libsyncmap *create(void)
{
	struct libsyncmap *map;

	ASSERT_EQ(0, libsyncmap_create(NAME, SYNCMAP_KEY_STRING, NULL, 0600,
				       &map));
	return map;
}

static struct libsyncmap_watch *begin(const struct libsyncmap *map,
				      struct syncmap_watch params)
{
	struct libsyncmap_watch *watch;

	ASSERT_EQ(0, libsyncmap_watch_open(map, &params, sizeof(params),
					   &watch));
	return watch;
}

static struct libsyncmap_record next(struct libsyncmap_watch *watch)
{
	struct libsyncmap_record event;

	ASSERT_EQ(0, libsyncmap_watch_next(watch, 10000, &event));
	return event;
}

static void expect_nothing(struct libsyncmap_watch *watch)
{
	struct pollfd pollfd = {
		.fd = libsyncmap_watch_fd(watch), .events = POLLIN,
	};
	struct libsyncmap_record event;

	EXPECT_EQ(-EAGAIN, libsyncmap_watch_next(watch, 0, &event));
	EXPECT_EQ(-EAGAIN, libsyncmap_watch_next(watch, 10, &event));
	EXPECT_EQ(0, poll(&pollfd, 1, 0));
}

TEST(events)
{
	const struct libsyncmap_options terms = {
		.deadline = SYNCMAP_NEVER - 1,
	};
	struct libsyncmap *map = create();
	struct libsyncmap_watch *watch;
	struct libsyncmap_record event;

	EXPECT_EQ(0, libsyncmap_watch_open(map, NULL, 0, &watch));
	EXPECT_EQ(FD_CLOEXEC, fcntl(libsyncmap_watch_fd(watch), F_GETFD));
	expect_nothing(watch);
	EXPECT_EQ(0, libsyncmap_store(map, K, "value", 5, NULL));
	EXPECT_EQ(0, libsyncmap_swap_with(map, K, "other", 5, &terms, NULL));
	EXPECT_EQ(0, libsyncmap_delete(map, K, NULL));
	event = next(watch);
	EXPECT_EQ(SYNCMAP_RECORD_STORE, event.type);
	EXPECT_EQ(SYNCMAP_OP_STORE, event.reason);
	EXPECT_MEM("key", 3, event.key, event.key_len);
	EXPECT(!event.value);
	EXPECT_EQ(5, event.value_len);
	EXPECT_EQ(1, event.revision);
	EXPECT_EQ(SYNCMAP_NEVER, event.expires);
	event = next(watch);
	EXPECT_EQ(SYNCMAP_OP_SWAP, event.reason);
	EXPECT_EQ(SYNCMAP_NEVER - 1, event.expires);
	event = next(watch);
	EXPECT_EQ(SYNCMAP_RECORD_DELETE, event.type);
	EXPECT_EQ(3, event.revision);
	EXPECT_EQ(0, event.expires);
	expect_nothing(watch);
	libsyncmap_watch_close(watch);
	libsyncmap_watch_close(NULL);
	EXPECT_EQ(0, map_stat(libsyncmap_fd(map), "watchers"));
}

TEST(dump_with_a_filter)
{
	struct libsyncmap *map = create();
	struct libsyncmap_watch *watch;
	struct libsyncmap_record event;

	EXPECT_EQ(0, libsyncmap_store(map, K, "value", 5, NULL));
	EXPECT_EQ(0, libsyncmap_store(map, "other", 5, "", 0, NULL));
	watch = begin(map, (struct syncmap_watch){
		.flags = SYNCMAP_WATCH_DUMP | SYNCMAP_WATCH_VALUES |
			 SYNCMAP_WATCH_PREFIX,
		.filter = PTR("ke"), .filter_len = 2,
	});
	event = next(watch);
	EXPECT_EQ(SYNCMAP_RECORD_ENTRY, event.type);
	EXPECT_MEM("key", 3, event.key, event.key_len);
	EXPECT_MEM("value", 5, event.value, event.value_len);
	event = next(watch);
	EXPECT_EQ(SYNCMAP_RECORD_DUMPED, event.type);
	EXPECT_EQ(2, event.revision);
	EXPECT_EQ(0, libsyncmap_store(map, "other", 5, "", 0, NULL));
	EXPECT_EQ(0, libsyncmap_store(map, "kept", 4, "", 0, NULL));
	event = next(watch);
	EXPECT_MEM("kept", 4, event.key, event.key_len);
	EXPECT(event.value && !event.value_len);
	expect_nothing(watch);
}

TEST(what_is_owned)
{
	const struct libsyncmap_options owned = { .flags = SYNCMAP_FLAG_OWNED };
	struct libsyncmap *map = create();
	struct libsyncmap_watch *watch;

	EXPECT_EQ(0, libsyncmap_store_with(map, K, "value", 5, &owned, NULL));
	watch = begin(map, (struct syncmap_watch){
		.flags = SYNCMAP_WATCH_DUMP,
	});
	EXPECT_EQ(0, libsyncmap_store(map, "free", 4, "", 0, NULL));
	EXPECT_EQ(0, libsyncmap_store_with(map, "bound", 5, "", 0, &owned,
					   NULL));
	EXPECT_EQ(SYNCMAP_RECORD_OWNED, next(watch).flags);
	EXPECT_EQ(0, next(watch).flags);
	EXPECT_EQ(0, next(watch).flags);
	EXPECT_EQ(SYNCMAP_RECORD_OWNED, next(watch).flags);
}

/* What is lost is told; the dump behind it has everything */
TEST(overflow)
{
	struct libsyncmap *map = create();
	struct libsyncmap_watch *watch = begin(map, (struct syncmap_watch){
		.flags = SYNCMAP_WATCH_DUMP, .queue_size = SYNCMAP_QUEUE_MIN,
	});
	struct libsyncmap_record event;
	uint64_t n = 0;

	EXPECT_EQ(SYNCMAP_RECORD_DUMPED, next(watch).type);
	for (int i = 0; i < 1000; i++)
		EXPECT_EQ(0, libsyncmap_store(map, K, "value", 5, NULL));
	while ((event = next(watch)).type == SYNCMAP_RECORD_STORE)
		EXPECT_EQ(++n, event.revision);
	EXPECT_EQ(SYNCMAP_RECORD_OVERFLOW, event.type);
	EXPECT_EQ(n, event.revision);
	event = next(watch);
	EXPECT_EQ(SYNCMAP_RECORD_ENTRY, event.type);
	EXPECT_EQ(1000, event.revision);
	EXPECT_EQ(SYNCMAP_RECORD_DUMPED, next(watch).type);
	expect_nothing(watch);
}

static void on_alarm(int signal)
{
	(void)signal;
}

TEST(the_end)
{
	const struct itimerval often = { { 0, 100000 }, { 0, 100000 } }, never = { };
	struct sigaction action = { .sa_handler = on_alarm };
	struct libsyncmap *map = create();
	struct libsyncmap_watch *watch = begin(map, (struct syncmap_watch){ });
	struct libsyncmap_record event;

	ASSERT_EQ(0, sigaction(SIGALRM, &action, NULL));
	/* Again and again: the first might come before the call waits */
	ASSERT_EQ(0, setitimer(ITIMER_REAL, &often, NULL));
	EXPECT_EQ(-EINTR, libsyncmap_watch_next(watch, -1, &event));
	ASSERT_EQ(0, setitimer(ITIMER_REAL, &never, NULL));
	EXPECT_EQ(0, libsyncmap_store(map, K, "value", 5, NULL));
	EXPECT_EQ(0, libsyncmap_remove(NAME));
	libsyncmap_close(map);
	EXPECT_EQ(SYNCMAP_RECORD_STORE, next(watch).type);
	EXPECT_EQ(SYNCMAP_RECORD_REMOVED, next(watch).type);
	EXPECT_EQ(-ENODATA, libsyncmap_watch_next(watch, -1, &event));
	EXPECT_EQ(-ENODATA, libsyncmap_watch_next(watch, -1, &event));
	libsyncmap_watch_close(watch);
}

TEST(errors)
{
	struct syncmap_watch both = {
		.flags = SYNCMAP_WATCH_KEY | SYNCMAP_WATCH_PREFIX,
	};
	struct syncmap_watch too_long = {
		.flags = SYNCMAP_WATCH_KEY, .filter = PTR(NAME),
		.filter_len = 1 << 20,
	};
	struct libsyncmap *map = create(), *other;
	struct libsyncmap_watch *watch = (void *)map;
	struct syncmap_watch all = { };

	EXPECT_EQ(-EINVAL, libsyncmap_watch_open(map, &both, sizeof(both),
					   &watch));
	EXPECT(!watch);
	EXPECT_EQ(-EFBIG, libsyncmap_watch_open(map, &too_long, sizeof(too_long),
					   &watch));
	EXPECT_EQ(SYNCMAP_LIMITED_KEY, too_long.error.limited);
	EXPECT_EQ(1 << 20, too_long.error.used);
	EXPECT_EQ(1024, too_long.error.limit);
	EXPECT_EQ(0, libsyncmap_open(NAME, SYNCMAP_ACCESS_WRITE, &other));
	EXPECT_EQ(-EBADF, libsyncmap_watch_open(other, NULL, 0, &watch));
	for (int i = 0; i < 64; i++)
		EXPECT_EQ(0, libsyncmap_watch_open(map, NULL, 0, &watch));
	EXPECT_EQ(-ENOSPC, libsyncmap_watch_open(map, NULL, 0, &watch));
	EXPECT(!watch);
	EXPECT_EQ(-ENOSPC, libsyncmap_watch_open(map, &all, sizeof(all),
					   &watch));
	EXPECT_EQ(SYNCMAP_LIMITED_WATCHERS, all.error.limited);
	EXPECT_EQ(64, all.error.used);
	EXPECT_EQ(64, all.error.limit);
}
