// SPDX-License-Identifier: GPL-2.0-only
/* Descriptors that may do less, and are given away */
#include <grp.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "harness/map.h"
#include "harness/passing.h"
#include "harness/stats.h"
#include "harness/watcher.h"

#define READ	SYNCMAP_ACCESS_READ
#define WRITE	SYNCMAP_ACCESS_WRITE
#define ADMIN	SYNCMAP_ACCESS_ADMIN
#define BOTH	(READ | WRITE)
#define ALL	(BOTH | ADMIN)
#define OTHER	1002
#define SECRET	"secret!!"

static int restrict_to(int fd, __u32 access)
{
	struct syncmap_restrict arg = { .access = access };
	int err = map_call(fd, SYNCMAP_RESTRICT, &arg);

	EXPECT_EQ(err, arg.error.status);
	if (err == -EINVAL || err == -EOPNOTSUPP)
		EXPECT_EQ(offsetof(struct syncmap_restrict, access),
			  arg.error.field);
	return err ? err : arg.fd;
}

TEST(never_more)
{
	int all = map_private(SYNCMAP_KEY_STRING);

	EXPECT_EQ(ALL, map_info(all).access);
	for (__u32 have = READ; have <= ALL; have++) {
		int fd = restrict_to(all, have);

		EXPECT_EQ(have, map_info(fd).access);
		for (__u32 want = READ; want <= ALL; want++) {
			int less = restrict_to(fd, want);

			test_context("%u from %u", want, have);
			EXPECT_EQ(want & ~have ? -EBADF : 0,
				  less < 0 ? less : 0);
			if (less >= 0)
				EXPECT_EQ(want, map_info(less).access);
			close(less);
		}
		close(fd);
	}
	EXPECT_EQ(-EINVAL, restrict_to(all, 0));
	EXPECT_EQ(-EOPNOTSUPP, restrict_to(all, 8));
}

static int freeze(int fd)
{
	struct syncmap_freeze arg = { };

	return map_call(fd, SYNCMAP_FREEZE, &arg);
}

static void become_other(void)
{
	ASSERT_EQ(0, setgroups(0, NULL));
	ASSERT_EQ(0, setresgid(OTHER, OTHER, OTHER));
	ASSERT_EQ(0, setresuid(OTHER, OTHER, OTHER));
}

static void count_records(const struct syncmap_record *record, void *arg)
{
	EXPECT_EQ(8, record->value_len);
	++*(int *)arg;
}

static void use_for_reading(int n, void *arg)
{
	int fd = receive_fd(*(int *)arg), seen = 0;
	struct syncmap_clear clear = { };
	struct watcher w;
	char value[8];

	(void)n;
	become_other();
	EXPECT_EQ(0, DO(fd, LOAD, KEY("key"), OUT(value)));
	EXPECT_MEM(SECRET, 8, value, got.out_len);
	map_walk(fd, 0, 4096, count_records, &seen);
	EXPECT_EQ(1, seen);
	w = watcher_open(fd, .flags = SYNCMAP_WATCH_VALUES |
				      SYNCMAP_WATCH_DUMP);
	watcher_expect(&w, ENTRY, .key = "key", .value = SECRET);
	watcher_close(&w);
	EXPECT_EQ(-EBADF, DO(fd, STORE, KEY("key"), VALUE("x")));
	EXPECT_EQ(-EBADF, DO(fd, APPEND, KEY("key"), VALUE("x")));
	EXPECT_EQ(-EBADF, DO(fd, DELETE, KEY("key")));
	EXPECT_EQ(-EBADF, DO(fd, SWAP, KEY("key"), VALUE("x")));
	EXPECT_EQ(-EBADF, DO(fd, LOAD_OR_STORE, KEY("key"), VALUE("x")));
	EXPECT_EQ(-EBADF, DO(fd, LOAD_OR_LEASE, KEY("no"), .wait_until = 1));
	EXPECT_EQ(-EBADF, DO(fd, TOUCH, KEY("key"), .deadline = 1));
	EXPECT_EQ(-EBADF, map_call(fd, SYNCMAP_CLEAR, &clear));
	EXPECT_EQ(-EBADF, freeze(fd));
	EXPECT_EQ(-EBADF, restrict_to(fd, WRITE));
	EXPECT_EQ(-EBADF, restrict_to(fd, BOTH));
}

/* All operations that could tell something of the value, and do not */
static const struct syncmap_op prying[] = {
	{ .op = SYNCMAP_OP_LOAD },
	{ .op = SYNCMAP_OP_SWAP, VALUE("x") },
	{ .op = SYNCMAP_OP_LOAD_OR_STORE, VALUE("x") },
	{ .op = SYNCMAP_OP_LOAD_AND_DELETE },
	{ .op = SYNCMAP_OP_COMPARE_AND_SWAP, OLD(SECRET), VALUE("x") },
	{ .op = SYNCMAP_OP_COMPARE_AND_SWAP, OLD("guess"), VALUE("x") },
	{ .op = SYNCMAP_OP_COMPARE_AND_DELETE, OLD("guess") },
	{ .op = SYNCMAP_OP_TOUCH },
	{ .op = SYNCMAP_OP_ADD },
	{ .op = SYNCMAP_OP_OR },
	{ .op = SYNCMAP_OP_LOAD_OR_LEASE },
};

static void expect_no_secret(const char *buffer, size_t size)
{
	EXPECT(!memmem(&got, sizeof(got), SECRET, 8));
	EXPECT(!memmem(buffer, size, SECRET, 8));
}

static void pry(int fd)
{
	char out[64] __attribute__((aligned(8))) = "";
	struct syncmap_range range = {
		.buffer = PTR(out), .size = sizeof(out),
	};
	struct syncmap_op op;

	for (size_t i = 0; i < ARRAY_SIZE(prying); i++) {
		test_context("operation %u", prying[i].op);
		op = prying[i];
		op.key = PTR("key");
		op.key_len = 3;
		if (op.op != SYNCMAP_OP_ADD && op.op != SYNCMAP_OP_OR) {
			op.out = PTR(out);
			op.out_size = sizeof(out);
		}
		EXPECT_EQ(-EBADF, map_op(fd, op));
		EXPECT_EQ(0, got.result | got.out_len | got.revision);
		expect_no_secret(out, sizeof(out));
	}
	EXPECT_EQ(-EOPNOTSUPP, DO(fd, STORE, KEY("key"), VALUE("x"), OUT(out)));
	EXPECT_EQ(-EOPNOTSUPP, DO(fd, APPEND, KEY("key"), VALUE("x"), OUT(out)));
	EXPECT_EQ(-EOPNOTSUPP, DO(fd, DELETE, KEY("key"), OUT(out)));
	EXPECT_EQ(-EBADF, map_call(fd, SYNCMAP_RANGE, &range));
	EXPECT_EQ(-EBADF, watch(fd, (struct syncmap_watch){
		.flags = SYNCMAP_WATCH_DUMP | SYNCMAP_WATCH_VALUES }));
	expect_no_secret(out, sizeof(out));
}

static void use_for_writing(int n, void *arg)
{
	int fd = receive_fd(*(int *)arg);

	(void)n;
	become_other();
	pry(fd);
	EXPECT_EQ(-EBADF, restrict_to(fd, READ));
	/* What it may do tells no more than that there was something */
	EXPECT_EQ(0, DO(fd, STORE, KEY("key"), VALUE("x")));
	EXPECT_EQ(8, got.out_len);
	expect_no_secret("", 0);
	EXPECT_EQ(0, DO(fd, STORE, KEY("key"), VALUE(SECRET)));
	EXPECT_EQ(0, DO(fd, APPEND, KEY("key"), VALUE("x")));
	EXPECT_EQ(8, got.out_len);
	expect_no_secret("", 0);
	EXPECT_EQ(0, DO(fd, DELETE, KEY("key")));
	expect_no_secret("", 0);
	EXPECT_EQ(0, DO(fd, STORE, KEY("mine"), VALUE("x")));
}

static void give_away(int map, __u32 access, void (*fn)(int n, void *arg), int n)
{
	int sockets[2], fd = restrict_to(map, access);
	pid_t pid;

	ASSERT(fd >= 0);
	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, sockets));
	pid = test_fork(fn, n, &sockets[1]);
	pass_fd(sockets[0], fd);
	EXPECT_EQ(0, close(fd));
	test_wait(pid);
	close(sockets[0]);
	close(sockets[1]);
}

TEST(for_reading)
{
	int fd = map_private(SYNCMAP_KEY_STRING);

	EXPECT_EQ(0, DO(fd, STORE, KEY("key"), VALUE(SECRET)));
	give_away(fd, READ, use_for_reading, 0);
	EXPECT_EQ(1, map_count(fd));
	EXPECT_EQ(0, map_stat(fd, "leases"));
}

TEST(for_writing)
{
	int fd = map_private(SYNCMAP_KEY_STRING);

	EXPECT_EQ(0, DO(fd, STORE, KEY("key"), VALUE(SECRET)));
	give_away(fd, WRITE, use_for_writing, 0);
	EXPECT_EQ(-ENOENT, DO(fd, LOAD, KEY("key")));
	EXPECT_EQ(0, DO(fd, LOAD, KEY("mine")));
}

static void use_for_administration(int n, void *arg)
{
	int fd = receive_fd(*(int *)arg);

	if (n)
		become_other();
	pry(fd);
	EXPECT_EQ(-EBADF, DO(fd, STORE, KEY("key"), VALUE("x")));
	EXPECT_EQ(-EBADF, restrict_to(fd, READ));
	EXPECT_EQ(0, freeze(fd));
}

/* Who gets it may do it, whoever that is */
TEST(for_administration)
{
	for (int other = 0; other < 2; other++) {
		int fd = map_private(SYNCMAP_KEY_STRING);

		test_context("%s user", other ? "another" : "the same");
		EXPECT_EQ(0, DO(fd, STORE, KEY("key"), VALUE(SECRET)));
		give_away(fd, ADMIN, use_for_administration, other);
		EXPECT_EQ(-EROFS, DO(fd, DELETE, KEY("key")));
		EXPECT_EQ(1, map_count(fd));
	}
}

static void use_as_the_same_user(int n, void *arg)
{
	int fd = receive_fd(*(int *)arg);

	EXPECT_EQ(n, map_info(fd).access);
	EXPECT_EQ(-EBADF, freeze(fd));
	EXPECT_EQ(-EBADF, restrict_to(fd, ADMIN));
}

/* The owner, too, may do no more than his descriptor */
TEST(for_the_owner)
{
	int fd = map_private(SYNCMAP_KEY_STRING);

	for (__u32 access = READ; access <= BOTH; access++)
		give_away(fd, access, use_as_the_same_user, access);
	EXPECT_EQ(0, DO(fd, STORE, KEY("key"), VALUE(SECRET)));
}

static bool is_in_debugfs(__u64 id)
{
	struct stat st;
	char path[64];

	snprintf(path, sizeof(path), "/sys/kernel/debug/syncmap/#%llu", id);
	return !stat(path, &st);
}

/* A private map goes with the last descriptor, whichever that is */
TEST(the_last_one)
{
	int fd = map_private(SYNCMAP_KEY_STRING), less = restrict_to(fd, READ);
	__u32 maps = map_system().maps;
	__u64 id = map_info(fd).id;

	EXPECT_EQ(0, DO(fd, STORE, KEY("key"), VALUE("value")));
	close(fd);
	EXPECT_EQ(0, DO(less, LOAD, KEY("key")));
	EXPECT(is_in_debugfs(id));
	EXPECT_EQ(maps, map_system().maps);
	close(less);
	AWAIT(!is_in_debugfs(id));
	EXPECT(!is_in_debugfs(id));
	EXPECT_EQ(maps - 1, map_system().maps);
}

static void use_until_killed(int n, void *arg)
{
	int fd = *(int *)arg, less;

	for (;;) {
		less = restrict_to(fd, n ? READ : BOTH);
		DO(less, STORE, KEY("key"), VALUE("value"));
		close(less);
	}
}

TEST(killed)
{
	int fd = map_private(SYNCMAP_KEY_STRING);
	__u32 maps = map_system().maps;

	for (unsigned int i = 0; i < test_times(50); i++) {
		test_kill(2, use_until_killed, &fd, test_random() % 5000);
		EXPECT_EQ(0, DO(fd, STORE, KEY("key")));
		EXPECT_EQ(maps, map_system().maps);
	}
	close(fd);
	EXPECT_EQ(maps - 1, map_system().maps);
}
