// SPDX-License-Identifier: GPL-2.0-only
/* A place in line for a lease is a descriptor; lease_line stands in it, too */
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness/leases.h"
#include "harness/stats.h"
#include "harness/parameters.h"
#include "harness/passing.h"

#define SHORT	(offsetof(struct syncmap_answer, leased) + 8)

/* In line; its read(2) does not wait */
static int stand_for(int fd, __u64 lease_for)
{
	int place = leases_await_fd(fd, lease_for);

	ASSERT(place >= 0);
	ASSERT_EQ(0, fcntl(place, F_SETFL, O_NONBLOCK));
	return place;
}

static int stand(int fd)
{
	return stand_for(fd, 0);
}

static int read_errno(int place, size_t size)
{
	struct syncmap_answer answer[2];

	ASSERT(size <= sizeof(answer));
	return read(place, answer, size) < 0 ? -errno : 0;
}

static int poll_place(int place, int timeout)
{
	struct pollfd pollfd = { .fd = place, .events = POLLIN };

	return poll(&pollfd, 1, timeout) == 1 ? pollfd.revents : 0;
}

static bool is_readable(int place, int timeout)
{
	return poll_place(place, timeout) & POLLIN;
}

static void expect_waits(int place)
{
	EXPECT_EQ(-EAGAIN, read_errno(place, sizeof(struct syncmap_answer)));
	EXPECT(!is_readable(place, 0));
}

/* Its answer; and from then on that there is none */
static struct syncmap_answer take(int place)
{
	struct syncmap_answer answer = { };
	char more[sizeof(answer)];

	EXPECT_EQ(POLLIN, poll_place(place, 20000));
	EXPECT_EQ(sizeof(answer), read(place, &answer, sizeof(answer)));
	EXPECT_EQ(POLLIN | POLLHUP, poll_place(place, 0));
	EXPECT_EQ(0, read(place, more, sizeof(more)));
	EXPECT_EQ(POLLIN | POLLHUP, poll_place(place, 0));
	return answer;
}

static __u64 take_lease(int place)
{
	struct syncmap_answer answer = take(place);

	EXPECT_EQ(SYNCMAP_RESULT_LEASED, answer.result);
	EXPECT(answer.leased);
	return answer.leased;
}

static void expect_nothing(int place)
{
	struct syncmap_answer answer = take(place);

	EXPECT_EQ(0, answer.result);
	EXPECT_EQ(0, answer.leased);
	EXPECT_EQ(0, answer.expires);
	EXPECT_EQ(0, answer.lease_ends);
	EXPECT_EQ(0, answer.error.status);
}

static int unlease(int fd, __u64 token)
{
	return DO(fd, UNLEASE, KEY("k"), .token = token);
}

TEST(its_turn_comes)
{
	int fd = leases_map(), other = leases_client();
	__u64 token = leases_take(fd);
	int place = stand(other);

	expect_waits(place);
	EXPECT_EQ(1, map_stat(fd, "lease_waits"));
	EXPECT_EQ(0, unlease(fd, token));
	token = take_lease(place);
	/* It is a lease like others, and not the place's any more */
	EXPECT_EQ(0, close(place));
	EXPECT_EQ(-ESTALE, DO(fd, STORE, KEY("k"), VALUE("v"),
			      .token = token));
	EXPECT_EQ(0, DO(other, STORE, KEY("k"), VALUE("v"), .token = token));
	leases_expect_value(fd, "v");
	EXPECT_EQ(0, DO(fd, DELETE, KEY("k")));
	leases_expect_clean(fd);
}

TEST(nothing_to_wait_for)
{
	int fd = leases_map(), place = stand(fd);

	expect_nothing(place);
	EXPECT_EQ(0, close(place));
	EXPECT_EQ(0, DO(fd, STORE, KEY("k"), VALUE("v")));
	place = stand(fd);
	expect_nothing(place);
	EXPECT_EQ(0, close(place));
	EXPECT_EQ(0, map_stat(fd, "lease_waits"));
	EXPECT_EQ(0, map_system().user_leases);
}

TEST(others_end_the_lease)
{
	int fd = leases_map(), other = leases_client();

	for (const struct meddling *m = leases_meddling; m->name; m++) {
		__u64 token = leases_take(fd);
		int place = stand(other);

		leases_meddle(fd, m);
		if (m->keeps) {
			expect_waits(place);
			EXPECT_EQ(0, unlease(fd, token));
		}
		if (m->stores || !m->op.op)
			expect_nothing(place);
		else
			EXPECT_EQ(0, unlease(other, take_lease(place)));
		EXPECT_EQ(0, close(place));
		EXPECT_EQ(0, DO(fd, DELETE, KEY("k")));
		leases_expect_clean(fd);
	}
}

/* At each point: in line, with the lease, with nothing, after the read */
TEST(closed)
{
	int fd = leases_map(), other = leases_client();
	__u64 token = leases_take(fd);
	int first = stand(other), second = stand(other), third = stand(other);

	EXPECT_EQ(4, map_system().user_leases);
	EXPECT_EQ(0, close(first));
	EXPECT_EQ(3, map_system().user_leases);
	EXPECT_EQ(0, unlease(fd, token));
	EXPECT(is_readable(second, 20000));
	expect_waits(third);
	EXPECT_EQ(0, close(second));
	token = take_lease(third);
	EXPECT_EQ(0, close(third));
	EXPECT_EQ(1, map_stat(fd, "leases"));
	first = stand(other);
	EXPECT_EQ(0, DO(other, STORE, KEY("k"), VALUE("v"), .token = token));
	EXPECT(is_readable(first, 20000));
	EXPECT_EQ(0, close(first));
	EXPECT_EQ(0, map_system().user_leases);
	EXPECT_EQ(0, DO(fd, DELETE, KEY("k")));
	leases_expect_clean(fd);
}

/* The lease is that of the map's descriptor, and waits go with it, too */
TEST(the_map_is_closed)
{
	int fd = leases_map(), other = leases_client();
	__u64 token = leases_take(fd);
	int waits = stand(other), unread, mine;

	EXPECT_EQ(0, close(other));
	expect_nothing(waits);
	EXPECT_EQ(0, close(waits));
	other = leases_client();
	unread = stand(other);
	mine = stand(fd);
	EXPECT_EQ(0, unlease(fd, token));
	EXPECT(is_readable(unread, 20000));
	EXPECT_EQ(0, close(other));
	expect_nothing(unread);
	token = take_lease(mine);
	EXPECT_EQ(0, close(unread));
	EXPECT_EQ(0, close(mine));
	EXPECT_EQ(0, unlease(fd, token));
	leases_expect_clean(fd);
	EXPECT_EQ(0, map_system().user_leases);
}

/* A private map has gone by then, and what is left of the place with it */
TEST(the_map_is_gone)
{
	int fd = map_private(SYNCMAP_KEY_STRING), place;
	__u32 maps = map_system().maps;

	leases_take(fd);
	place = stand(fd);
	EXPECT_EQ(0, close(fd));
	AWAIT(map_system().maps == maps - 1);
	EXPECT_EQ(maps - 1, map_system().maps);
	expect_nothing(place);
	EXPECT_EQ(0, close(place));
}

TEST(clear)
{
	int fd = leases_map(), other = leases_client();
	int first, second;

	leases_take(fd);
	first = stand(other);
	second = stand(other);
	map_clear(fd);
	expect_nothing(first);
	leases_take(fd);
	expect_nothing(second);
	EXPECT_EQ(0, close(first));
	first = stand(other);
	expect_waits(first);
	/* Who has not read it by the next Clear is told of the first */
	map_clear(fd);
	expect_nothing(first);
	EXPECT_EQ(0, close(first));
	EXPECT_EQ(0, close(second));
	leases_expect_clean(fd);
}

/* A lease that a Clear has taken away is not given to who has not looked yet */
TEST(clear_behind_the_grant)
{
	int fd = leases_map(), other = leases_client();
	__u64 token = leases_take(fd);
	int place = stand(other);

	EXPECT_EQ(0, unlease(fd, token));
	EXPECT(is_readable(place, 20000));
	map_clear(fd);
	expect_nothing(place);
	EXPECT_EQ(0, close(place));
	leases_expect_clean(fd);
}

TEST(freeze)
{
	struct syncmap_freeze freeze = { };
	int fd = leases_map(), other = leases_client();
	__u64 token = leases_take(fd);
	int first = stand(other), second = stand(other), late;

	EXPECT_EQ(0, unlease(fd, token));
	EXPECT(is_readable(first, 20000));
	EXPECT_EQ(0, map_call(fd, SYNCMAP_FREEZE, &freeze));
	expect_nothing(first);
	expect_nothing(second);
	late = stand(other);
	expect_nothing(late);
	EXPECT_EQ(-EROFS, DO(other, LOAD_OR_LEASE, KEY("k"), NOWAIT));
	EXPECT_EQ(0, close(first));
	EXPECT_EQ(0, close(second));
	EXPECT_EQ(0, close(late));
	leases_expect_clean(fd);
}

static void hold(int n, void *arg)
{
	leases_take(leases_client());
	*(volatile bool *)arg = true;
	for (;;)
		pause();
	(void)n;
}

TEST(the_holder_dies)
{
	volatile bool *held = test_shared(sizeof(*held));
	int fd = leases_map(), place;
	pid_t pid = test_fork(hold, 0, (void *)held);

	AWAIT(*held);
	place = stand(fd);
	ASSERT_EQ(0, kill(pid, SIGKILL));
	waitpid(pid, NULL, 0);
	EXPECT_EQ(0, unlease(fd, take_lease(place)));
	EXPECT_EQ(0, close(place));
	leases_expect_clean(fd);
}

/* Each for his time; and who does not read loses his turn */
TEST(lease_for)
{
	int fd = leases_map(), other = leases_client();
	__u64 token = leases_take(fd), before = map_now();
	int first = stand_for(other, 20 * MS), second = stand_for(other, MS);
	int third = stand_for(fd, 1000 * SECOND);
	struct syncmap_answer answer;

	EXPECT_EQ(0, unlease(fd, token));
	answer = take(third);
	EXPECT(map_now() >= before + 21 * MS);
	EXPECT_EQ(SYNCMAP_RESULT_LEASED, answer.result);
	EXPECT_EQ(0, answer.expires);
	EXPECT(answer.lease_ends > before + 1000 * SECOND);
	EXPECT(answer.lease_ends <= map_now() + 1000 * SECOND);
	expect_nothing(first);
	expect_nothing(second);
	EXPECT_EQ(4, map_stat(fd, "leases_granted"));
	EXPECT_EQ(0, close(first));
	EXPECT_EQ(0, close(second));
	EXPECT_EQ(0, close(third));
	EXPECT_EQ(0, unlease(fd, answer.leased));
	leases_expect_clean(fd);
}

/* Who asks for it is told how long he has it from when he reads */
TEST(from_now)
{
	int fd = leases_map(), other = leases_client();
	__u64 token = leases_take(fd);
	struct syncmap_await arg = {
		KEY("k"), .flags = SYNCMAP_AWAIT_FROM_NOW,
		.lease_for = 1000 * SECOND,
	};
	struct syncmap_answer answer;

	EXPECT_EQ(0, map_call(other, SYNCMAP_AWAIT, &arg));
	EXPECT_EQ(0, unlease(fd, token));
	usleep(20000);
	answer = take(arg.fd);
	EXPECT_EQ(SYNCMAP_RESULT_LEASED, answer.result);
	EXPECT(answer.lease_ends <= 1000 * SECOND - 20 * MS);
	EXPECT(answer.lease_ends > 900 * SECOND);
	EXPECT_EQ(0, close(arg.fd));
	EXPECT_EQ(0, unlease(other, answer.leased));
	arg.lease_for = 0;
	leases_take(fd);
	EXPECT_EQ(0, map_call(other, SYNCMAP_AWAIT, &arg));
	EXPECT_EQ(0, DO(fd, DELETE, KEY("k")));
	answer = take(arg.fd);
	EXPECT_EQ(SYNCMAP_NEVER, answer.lease_ends);
	EXPECT_EQ(0, close(arg.fd));
	EXPECT_EQ(0, unlease(other, answer.leased));
	EXPECT_EQ(0, map_call(other, SYNCMAP_AWAIT, &arg));
	expect_nothing(arg.fd);
	EXPECT_EQ(0, close(arg.fd));
	leases_expect_clean(fd);
}

/* The file is the place, whoever has a descriptor of it */
static void take_in_child(int n, void *arg)
{
	int place = *(int *)arg;

	(void)n;
	EXPECT_EQ(SYNCMAP_RESULT_LEASED, take(place).result);
}

TEST(dup_and_fork)
{
	int fd = leases_map(), other = leases_client();
	__u64 token = leases_take(fd);
	int place = stand(other), copy = dup(place);

	EXPECT_EQ(0, close(place));
	expect_waits(copy);
	EXPECT_EQ(0, unlease(fd, token));
	test_wait(test_fork(take_in_child, 0, &copy));
	EXPECT_EQ(0, read_errno(copy, SHORT));
	EXPECT_EQ(1, map_stat(fd, "leases"));
	EXPECT_EQ(0, close(copy));
	EXPECT_EQ(1, map_stat(fd, "leases"));
	EXPECT_EQ(0, close(other));
	leases_expect_clean(fd);
}

TEST(passed_on)
{
	int fd = leases_map(), other = leases_client();
	__u64 token = leases_take(fd);
	int place = stand(other), pair[2], got_it;

	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
	pass_fd(pair[0], place);
	EXPECT_EQ(0, close(place));
	EXPECT_EQ(0, unlease(fd, token));
	got_it = receive_fd(pair[1]);
	EXPECT_EQ(0, unlease(other, take_lease(got_it)));
	EXPECT_EQ(0, close(got_it));
	leases_expect_clean(fd);
}

/* Where nothing is; the compiler need not know */
static void *volatile nowhere = (void *)8;

TEST(reads)
{
	int fd = leases_map(), other = leases_client();
	__u64 token = leases_take(fd);
	struct syncmap_answer answer[2];
	int place = stand(other);

	EXPECT_EQ(-EMSGSIZE, read_errno(place, 0));
	EXPECT_EQ(-EMSGSIZE, read_errno(place, SHORT - 1));
	EXPECT_EQ(0, unlease(fd, token));
	EXPECT(is_readable(place, 20000));
	EXPECT_EQ(-EMSGSIZE, read_errno(place, SHORT - 1));
	EXPECT_EQ(-1, read(place, nowhere, sizeof(answer[0])));
	EXPECT_EQ(EFAULT, errno);
	EXPECT_EQ(POLLIN, poll_place(place, 0));
	memset(answer, 0xff, sizeof(answer));
	EXPECT_EQ(SHORT, read(place, answer, SHORT));
	EXPECT_EQ(SYNCMAP_RESULT_LEASED, answer[0].result);
	EXPECT_EQ(-1, answer[0].lease_ends);
	EXPECT_EQ(0, unlease(other, answer[0].leased));
	EXPECT_EQ(0, close(place));
	place = stand(other);
	EXPECT_EQ(sizeof(answer[0]), read(place, answer, sizeof(answer)));
	EXPECT_EQ(-1, write(place, answer, 1));
	EXPECT_EQ(0, close(place));
	leases_expect_clean(fd);
}

TEST(rejections)
{
	int reader, writer, fd = map_create(LEASES, SYNCMAP_KEY_U64, NULL, 0600);
	struct syncmap_await arg = { KEY("12345678") }, wrong = { KEY("1") };
	struct syncmap_map_info info = map_info(fd);

	reader = map_open(LEASES, SYNCMAP_ACCESS_READ);
	writer = map_open(LEASES, SYNCMAP_ACCESS_WRITE);
	EXPECT_EQ(-EBADF, map_call(reader, SYNCMAP_AWAIT, &arg));
	EXPECT_EQ(-EBADF, map_call(writer, SYNCMAP_AWAIT, &arg));
	EXPECT_EQ(-1, arg.fd);
	EXPECT_EQ(-EINVAL, map_call(fd, SYNCMAP_AWAIT, &wrong));
	EXPECT_EQ(offsetof(struct syncmap_await, key_len), wrong.error.field);
	arg.key = 8;
	EXPECT_EQ(-EFAULT, map_call(fd, SYNCMAP_AWAIT, &arg));
	fd = map_private(SYNCMAP_KEY_STRING);
	wrong = (struct syncmap_await){ KEY_N("a\0b", 3) };
	EXPECT_EQ(-EINVAL, map_call(fd, SYNCMAP_AWAIT, &wrong));
	EXPECT_EQ(offsetof(struct syncmap_await, key), wrong.error.field);
	wrong.key_len = map_info(fd).limits.key_size + 1;
	EXPECT_EQ(-EFBIG, map_call(fd, SYNCMAP_AWAIT, &wrong));
	EXPECT_EQ(SYNCMAP_LIMITED_KEY, wrong.error.limited);
	EXPECT_EQ(wrong.key_len, wrong.error.used);
	EXPECT_EQ(map_info(fd).limits.key_size, wrong.error.limit);
	EXPECT_EQ(0, info.count);
}

/* It counts as a lease, from when it is made until it is closed */
TEST(quota)
{
	int fd = leases_map(), other = leases_client();
	struct parameter max = parameter_set("max_client_leases", 100);
	struct syncmap_await arg = { KEY("k") };
	__u64 token = leases_take(fd);
	unsigned int n;
	int places[100];

	for (n = 0; n < 100; n++)
		places[n] = stand(other);
	EXPECT_EQ(-EDQUOT, map_call(other, SYNCMAP_AWAIT, &arg));
	EXPECT_EQ(SYNCMAP_LIMITED_LEASES, arg.error.limited);
	EXPECT_EQ(100, arg.error.used);
	EXPECT_EQ(100, arg.error.limit);
	EXPECT_EQ(101, map_system().user_leases);
	EXPECT_EQ(0, DO(fd, STORE, KEY("k"), VALUE("v"), .token = token));
	EXPECT_EQ(-EDQUOT, map_call(other, SYNCMAP_AWAIT, &arg));
	for (n = 0; n < 100; n++)
		EXPECT_EQ(0, close(places[n]));
	EXPECT_EQ(0, map_system().user_leases);
	EXPECT_EQ(0, close(stand(other)));
	EXPECT_EQ(0, DO(fd, DELETE, KEY("k")));
	parameter_restore(&max);
	leases_expect_clean(fd);
}

static int epoll_with(int place, __u32 events)
{
	struct epoll_event event = { .events = events };
	int epoll = epoll_create1(EPOLL_CLOEXEC);

	ASSERT(epoll >= 0);
	ASSERT_EQ(0, epoll_ctl(epoll, EPOLL_CTL_ADD, place, &event));
	return epoll;
}

static int count_events(int epoll, int timeout)
{
	struct epoll_event event;

	return epoll_wait(epoll, &event, 1, timeout);
}

TEST(epoll_edge_and_level)
{
	int fd = leases_map(), other = leases_client();
	__u64 token = leases_take(fd);
	int place = stand(other);
	int level = epoll_with(place, EPOLLIN);
	int edge = epoll_with(place, EPOLLIN | EPOLLET);

	EXPECT_EQ(0, count_events(level, 0));
	EXPECT_EQ(0, count_events(edge, 0));
	EXPECT_EQ(0, unlease(fd, token));
	EXPECT_EQ(1, count_events(edge, 20000));
	EXPECT_EQ(0, count_events(edge, 20));
	EXPECT_EQ(1, count_events(level, 20000));
	EXPECT_EQ(1, count_events(level, 0));
	EXPECT_EQ(0, unlease(other, take_lease(place)));
	EXPECT_EQ(0, close(place));
	EXPECT_EQ(0, count_events(level, 0));
	leases_expect_clean(fd);
}

/* However many poll, each hears of it */
TEST(many_polls)
{
	int fd = leases_map(), other = leases_client(), polls[200];
	__u64 token = leases_take(fd);
	int place = stand(other);

	for (size_t i = 0; i < ARRAY_SIZE(polls); i++)
		polls[i] = epoll_with(place, EPOLLIN | EPOLLET);
	EXPECT_EQ(0, unlease(fd, token));
	for (size_t i = 0; i < ARRAY_SIZE(polls); i++)
		EXPECT_EQ(1, count_events(polls[i], 20000));
	EXPECT_EQ(0, unlease(other, take_lease(place)));
	leases_expect_clean(fd);
}

/* Of many who read, one has it, and the others hear that it is over */
struct readers {
	int	place;
	int	leased;
	int	ended;
};

static void *read_one(void *arg)
{
	struct readers *readers = arg;
	struct syncmap_answer answer;
	ssize_t n = read(readers->place, &answer, sizeof(answer));

	if (n == sizeof(answer) && answer.result == SYNCMAP_RESULT_LEASED)
		__sync_fetch_and_add(&readers->leased, 1);
	else if (!n)
		__sync_fetch_and_add(&readers->ended, 1);
	return NULL;
}

TEST(many_readers)
{
	int fd = leases_map(), other = leases_client();
	pthread_t threads[8];

	for (unsigned int round = 0; round < test_times(50); round++) {
		__u64 token = leases_take(fd);
		struct readers readers = {
			.place = leases_await_fd(other, 0),
		};

		for (size_t i = 0; i < ARRAY_SIZE(threads); i++)
			ASSERT_EQ(0, pthread_create(&threads[i], NULL, read_one,
						    &readers));
		usleep(test_random() % 2000);
		EXPECT_EQ(0, unlease(fd, token));
		for (size_t i = 0; i < ARRAY_SIZE(threads); i++)
			ASSERT_EQ(0, pthread_join(threads[i], NULL));
		EXPECT_EQ(1, readers.leased);
		EXPECT_EQ(7, readers.ended);
		EXPECT_EQ(0, close(readers.place));
		EXPECT_EQ(0, DO(fd, DELETE, KEY("k")));
	}
	leases_expect_clean(fd);
}

/* Map and place are closed, the lease passed on and cleared, all at a time */
static void come_and_go(int n, void *arg)
{
	struct syncmap_answer answer;
	int fd = leases_client();

	(void)arg;
	for (unsigned int i = 0; i < test_times(400); i++) {
		int place = leases_await_fd(fd, test_random() % 3 * MS / 10);
		bool first = test_random() % 2;

		ASSERT(place >= 0);
		if (test_random() % 2)
			DO(fd, LOAD_OR_LEASE, KEY("k"), NOWAIT);
		ASSERT_EQ(0, fcntl(place, F_SETFL, O_NONBLOCK));
		if (test_random() % 2)
			poll(&(struct pollfd){ .fd = place, .events = POLLIN },
			     1, 1);
		if (test_random() % 2 && read(place, &answer, sizeof(answer)) ==
					 sizeof(answer) && answer.leased)
			EXPECT(unlease(fd, answer.leased) % ESTALE == 0);
		if (n == 0 && test_random() % 8 == 0)
			map_clear(fd);
		if (test_random() % 2)
			EXPECT_EQ(0, DO(fd, DELETE, KEY("k")));
		if (test_random() % 4 == 0) {
			EXPECT_EQ(0, close(first ? place : fd));
			EXPECT_EQ(0, close(first ? fd : place));
			fd = leases_client();
		} else {
			EXPECT_EQ(0, close(place));
		}
	}
}

TEST_LIMIT(at_a_time, 120)
{
	int fd = leases_map();

	test_parallel(5, come_and_go, NULL);
	leases_expect_clean(fd);
	EXPECT_EQ(0, map_system().user_leases);
}

TEST(fdinfo)
{
	int fd = leases_map(), place, file;
	char path[64], text[256] = "";

	leases_take(fd);
	place = stand(fd);
	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", place);
	file = open(path, O_RDONLY);
	ASSERT(read(file, text, sizeof(text) - 1) > 0);
	snprintf(path, sizeof(path), "syncmap-id:\t%llu\n", map_info(fd).id);
	EXPECT(strstr(text, path));
	EXPECT(strstr(text, "syncmap-await:\tin line\n"));
	EXPECT_EQ(FD_CLOEXEC, fcntl(place, F_GETFD));
}
