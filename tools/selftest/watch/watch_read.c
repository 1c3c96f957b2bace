// SPDX-License-Identifier: GPL-2.0-only
/* How a watcher reads: waiting, buffers, and the end */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <unistd.h>

#include "harness/watcher.h"

#define VALUES		SYNCMAP_WATCH_VALUES
#define DUMP		SYNCMAP_WATCH_DUMP

static void set_flags(int fd, int flags)
{
	ASSERT_EQ(0, fcntl(fd, F_SETFL, flags));
}

TEST(poll_and_nonblocking_read)
{
	int fd = map_private(SYNCMAP_KEY_STRING);
	struct watcher w = watcher_open(fd, .flags = DUMP);
	struct pollfd pollfd = { .fd = w.fd, .events = POLLIN | POLLOUT };

	EXPECT_EQ(1, poll(&pollfd, 1, -1));
	EXPECT_EQ(POLLIN, pollfd.revents);
	watcher_expect(&w, DUMPED);
	EXPECT_EQ(0, poll(&pollfd, 1, 10));
	set_flags(w.fd, O_NONBLOCK);
	EXPECT_EQ(-1, read(w.fd, w.buffer, w.size));
	EXPECT_EQ(EAGAIN, errno);
	EXPECT_EQ(0, DO(fd, STORE, KEY("a"), VALUE("1")));
	EXPECT_EQ(1, poll(&pollfd, 1, -1));
	EXPECT_EQ(POLLIN, pollfd.revents);
	watcher_expect(&w, STORE, SYNCMAP_OP_STORE, "a");
	EXPECT_EQ(-1, read(w.fd, w.buffer, w.size));
	EXPECT_EQ(EAGAIN, errno);
}

static void store_later(int n, void *arg)
{
	(void)n;
	usleep(100000);
	EXPECT_EQ(0, DO(*(int *)arg, STORE, KEY("a"), VALUE("1")));
}

/* However many poll, each is told of each event, if after a pause */
TEST(many_poll)
{
	int fd = map_private(SYNCMAP_KEY_STRING);
	struct watcher w = watcher_open(fd, .flags = 0);
	struct epoll_event event = { .events = EPOLLIN | EPOLLET };
	int epolls[8 * SYNCMAP_WATCH_POLLS];

	for (size_t i = 0; i < ARRAY_SIZE(epolls); i++) {
		epolls[i] = epoll_create1(0);
		ASSERT(epolls[i] >= 0);
		ASSERT_EQ(0, epoll_ctl(epolls[i], EPOLL_CTL_ADD, w.fd, &event));
	}
	for (int n = 0; n < 20; n++) {
		EXPECT_EQ(0, DO(fd, STORE, KEY("a"), VALUE("1")));
		for (size_t i = 0; i < ARRAY_SIZE(epolls); i++)
			ASSERT_EQ(1, epoll_wait(epolls[i], &event, 1, 60000));
		watcher_expect(&w, STORE, SYNCMAP_OP_STORE, "a");
	}
	for (size_t i = 0; i < ARRAY_SIZE(epolls); i++)
		close(epolls[i]);
}

TEST(read_waits)
{
	int fd = map_private(SYNCMAP_KEY_STRING);
	struct watcher w = watcher_open(fd, .flags = VALUES);
	struct pollfd pollfd = { .fd = w.fd, .events = POLLIN };
	pid_t pid = test_fork(store_later, 0, &fd);

	watcher_expect(&w, STORE, SYNCMAP_OP_STORE, "a", "1");
	test_wait(pid);
	pid = test_fork(store_later, 0, &fd);
	EXPECT_EQ(1, poll(&pollfd, 1, -1));
	watcher_expect(&w, STORE, SYNCMAP_OP_STORE, "a", "1");
	test_wait(pid);
}

static void on_alarm(int signal)
{
	(void)signal;
}

TEST(read_is_interrupted)
{
	const struct itimerval often = { { 0, 100000 }, { 0, 100000 } };
	struct sigaction action = { .sa_handler = on_alarm };
	int fd = map_private(SYNCMAP_KEY_STRING);
	struct watcher w = watcher_open(fd, .flags = 0);

	ASSERT_EQ(0, sigaction(SIGALRM, &action, NULL));
	/* Again and again: the first might come before the read */
	ASSERT_EQ(0, setitimer(ITIMER_REAL, &often, NULL));
	EXPECT_EQ(-1, read(w.fd, w.buffer, w.size));
	EXPECT_EQ(EINTR, errno);
}

/* Whole records only, as many as fit */
TEST(buffers)
{
	int fd = map_private(SYNCMAP_KEY_STRING);
	struct watcher w = watcher_open(fd, .flags = VALUES);
	size_t one = sizeof(struct syncmap_record) + 8;
	char *hole = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS,
			  -1, 0);
	char buffer[256];

	for (int i = 0; i < 4; i++)
		EXPECT_EQ(0, DO(fd, STORE, KEY("a"), VALUE("1")));
	for (size_t size = 0; size < one; size++) {
		EXPECT_EQ(-1, read(w.fd, buffer, size));
		EXPECT_EQ(EMSGSIZE, errno);
	}
	EXPECT_EQ(one, read(w.fd, buffer, one));
	EXPECT_EQ(one, read(w.fd, buffer, 2 * one - 1));
	EXPECT_EQ(-1, read(w.fd, hole, sizeof(buffer)));
	EXPECT_EQ(EFAULT, errno);
	EXPECT_EQ(2 * one, read(w.fd, buffer, sizeof(buffer)));
	watcher_expect_nothing(&w);
}

/* The end of the buffer is not there: what could not be given comes again */
TEST(buffers_that_end_too_soon)
{
	int fd = map_private(SYNCMAP_KEY_STRING);
	struct watcher w = watcher_open(fd, .flags = VALUES);
	ssize_t one = sizeof(struct syncmap_record) + 8;
	char *pages = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char buffer[1024];

	ASSERT_EQ(0, mprotect(pages + PAGE, PAGE, PROT_NONE));
	for (ssize_t room = 0; room < 5 * one; room++) {
		ssize_t whole = room / one * one;

		test_context("%zd bytes", room);
		for (int i = 0; i < 4; i++)
			EXPECT_EQ(0, DO(fd, STORE, KEY("a"), VALUE("1")));
		if (whole > 4 * one)
			whole = 4 * one;
		EXPECT_EQ(whole ?: -1, read(w.fd, pages + PAGE - room, 4096));
		if (whole < 4 * one)
			EXPECT_EQ(4 * one - whole,
				  read(w.fd, buffer, sizeof(buffer)));
		watcher_expect_nothing(&w);
	}
}

/* The descriptor of the map is not needed any longer */
TEST(outlives_the_descriptor)
{
	int fd = map_create(TEST_NAME "watch", SYNCMAP_KEY_STRING, NULL, 0600);
	struct watcher w = watcher_open(fd, .flags = VALUES);

	EXPECT_EQ(0, close(fd));
	fd = map_open(TEST_NAME "watch", SYNCMAP_ACCESS_WRITE);
	EXPECT_EQ(0, DO(fd, STORE, KEY("a"), VALUE("1")));
	watcher_expect(&w, STORE, SYNCMAP_OP_STORE, "a", "1", 1);
	EXPECT_EQ(0, map_remove(TEST_NAME "watch"));
	watcher_expect(&w, REMOVED, .revision = 1);
	EXPECT_EQ(0, DO(fd, STORE, KEY("a"), VALUE("2")));
	watcher_expect(&w, STORE, SYNCMAP_OP_STORE, "a", "2", 2);
}

/* Who has lost events, or comes later, hears of what stays so */
TEST(the_name_is_gone)
{
	int fd = map_create(TEST_NAME "watch", SYNCMAP_KEY_STRING, NULL, 0600);
	struct watcher w = watcher_open(fd, .flags = 0,
					.queue_size = SYNCMAP_QUEUE_MIN);
	const struct syncmap_record *record;
	struct watcher late;

	for (int i = 0; i < 1000; i++)
		EXPECT_EQ(0, DO(fd, STORE, KEY("a"), VALUE("1")));
	EXPECT_EQ(0, map_remove(TEST_NAME "watch"));
	do
		record = watcher_next(&w);
	while (record && record->type == SYNCMAP_RECORD_STORE);
	ASSERT(record && record->type == SYNCMAP_RECORD_OVERFLOW);
	watcher_expect(&w, REMOVED);
	watcher_expect_nothing(&w);
	late = watcher_open(fd, .flags = DUMP);
	watcher_expect(&late, ENTRY, 0, "a");
	watcher_expect(&late, DUMPED);
	watcher_expect(&late, REMOVED);
	watcher_expect_nothing(&late);
}

static void expect_end(struct watcher *w)
{
	struct pollfd pollfd = { .fd = w->fd, .events = POLLIN };

	EXPECT_EQ(1, poll(&pollfd, 1, -1));
	EXPECT_EQ(POLLIN | POLLHUP, pollfd.revents);
	EXPECT(!watcher_next(w));
	EXPECT(!watcher_next(w));
}

/* When nobody can change the map any more, and all has been read */
TEST(ends)
{
	int fd = map_create(TEST_NAME "end", SYNCMAP_KEY_STRING, NULL, 0600);
	struct watcher w = watcher_open(fd, .flags = DUMP);
	int other = map_open(TEST_NAME "end", SYNCMAP_ACCESS_READ);

	EXPECT_EQ(0, DO(fd, STORE, KEY("a"), VALUE("1")));
	close(fd);
	watcher_expect(&w, DUMPED);
	watcher_expect(&w, STORE, SYNCMAP_OP_STORE, "a");
	EXPECT_EQ(0, map_remove(TEST_NAME "end"));
	watcher_expect(&w, REMOVED);
	watcher_expect_nothing(&w);
	close(other);
	expect_end(&w);

	fd = map_private(SYNCMAP_KEY_STRING);
	w = watcher_open(fd, .flags = 0);
	EXPECT_EQ(0, DO(fd, STORE, KEY("a"), VALUE("1")));
	close(fd);
	watcher_expect(&w, STORE, SYNCMAP_OP_STORE, "a");
	expect_end(&w);
}

static void close_later(int n, void *arg)
{
	(void)n;
	(void)arg;
	usleep(100000);
}

TEST(read_waits_for_the_end)
{
	int fd = map_private(SYNCMAP_KEY_STRING);
	struct watcher w = watcher_open(fd, .flags = 0);
	pid_t pid = test_fork(close_later, 0, NULL);

	close(fd);
	EXPECT(!watcher_next(&w));
	test_wait(pid);
}
