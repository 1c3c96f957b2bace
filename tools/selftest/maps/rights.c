// SPDX-License-Identifier: GPL-2.0-only
/* Who may do what, as an unprivileged user, and what a descriptor carries */
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "harness/map.h"
#include "harness/passing.h"

#define NAME	TEST_NAME "rights"
#define OWNER	1001
#define GROUP	2001
#define OTHER	1002
#define STRANGE	2002

#define READ	SYNCMAP_ACCESS_READ
#define WRITE	SYNCMAP_ACCESS_WRITE
#define ADMIN	SYNCMAP_ACCESS_ADMIN
#define ALL	(READ | WRITE | ADMIN)

/* For good, so always in a child */
static void become(uid_t uid, gid_t gid)
{
	ASSERT_EQ(0, setgroups(0, NULL));
	ASSERT_EQ(0, setresgid(gid, gid, gid));
	ASSERT_EQ(0, setresuid(uid, uid, uid));
}

static void make_as_owner(int n, void *arg)
{
	__u32 mode = n;

	(void)arg;
	become(OWNER, GROUP);
	umask(0);
	ASSERT(map_create(NAME, SYNCMAP_KEY_STRING, NULL, mode) >= 0);
}

static void make(__u32 mode)
{
	map_control();
	test_wait(test_fork(make_as_owner, mode, NULL));
}

struct attempt {
	uid_t	uid;
	gid_t	gid;
	gid_t	supplementary;
	__u32	access;
	int	want;
};

static void try_open(int n, void *arg)
{
	const struct attempt *attempt = arg;
	int ret;

	(void)n;
	ASSERT_EQ(0, setgroups(!!attempt->supplementary,
			       &attempt->supplementary));
	ASSERT_EQ(0, setresgid(attempt->gid, attempt->gid, attempt->gid));
	ASSERT_EQ(0, setresuid(attempt->uid, attempt->uid, attempt->uid));
	ret = map_open(NAME, attempt->access);
	EXPECT_EQ(attempt->want, ret < 0 ? ret : 0);
	if (ret >= 0)
		EXPECT_EQ(attempt->access, map_info(ret).access);
}

/* All 512 modes, for owner, group and others: as for a file */
static __u32 bits_for(__u32 mode, const struct attempt *who)
{
	if (who->uid == OWNER)
		return mode >> 6;
	if (who->gid == GROUP || who->supplementary == GROUP)
		return mode >> 3;
	return mode;
}

TEST_LIMIT(mode_bits, 60)
{
	static const struct attempt users[] = {
		{ .uid = OWNER, .gid = GROUP }, { .uid = OTHER, .gid = GROUP },
		{ .uid = OTHER, .gid = STRANGE, .supplementary = GROUP },
		{ .uid = OTHER, .gid = STRANGE },
	};
	static const __u32 modes[] = {
		0, 0400, 0200, 0600, 0040, 0020, 0060, 0004, 0002, 0006, 0066,
		0604, 0640, 0444, 0222, 0666,
	};

	for (size_t m = 0; m < ARRAY_SIZE(modes); m++) {
		make(modes[m]);
		for (size_t i = 0; i < ALL * ARRAY_SIZE(users); i++) {
			struct attempt attempt = users[i / ALL];
			__u32 granted = bits_for(modes[m], &attempt);

			attempt.access = i % ALL + 1;
			if (attempt.access & ADMIN && attempt.uid != OWNER)
				attempt.want = -EPERM;
			else if ((attempt.access & READ && !(granted & 4)) ||
			    (attempt.access & WRITE && !(granted & 2)))
				attempt.want = -EACCES;
			test_context("mode %03o, uid %u, gid %u, access %u",
				     modes[m], attempt.uid, attempt.gid,
				     attempt.access);
			test_wait(test_fork(try_open, 0, &attempt));
		}
		EXPECT_EQ(0, map_remove(NAME));
	}
}

static void drop_capabilities(__u32 kept)
{
	struct __user_cap_header_struct header = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};
	struct __user_cap_data_struct data[2] = { };

	data[0].effective = data[0].permitted = kept;
	ASSERT_EQ(0, syscall(SYS_capset, &header, data));
}

static void try_capability(int n, void *arg)
{
	(void)arg;
	ASSERT_EQ(0, prctl(PR_SET_KEEPCAPS, 1));
	become(OTHER, STRANGE);
	drop_capabilities(n);
	test_context("capabilities %#x", n);
	if (n & 1 << CAP_DAC_OVERRIDE)
		EXPECT(map_open(NAME, READ | WRITE) >= 0);
	else
		EXPECT_EQ(-EACCES, map_open(NAME, READ));
	if (n & 1 << CAP_FOWNER)
		EXPECT(map_open(NAME, ADMIN) >= 0);
	else
		EXPECT_EQ(-EPERM, map_open(NAME, ADMIN));
	EXPECT_EQ(n & 1 << CAP_FOWNER ? 0 : -EPERM, map_remove(NAME));
}

TEST(capabilities)
{
	static const __u32 kept[] = { 0, 1 << CAP_DAC_OVERRIDE, 1 << CAP_FOWNER };

	make(0);
	for (size_t i = 0; i < ARRAY_SIZE(kept); i++)
		test_wait(test_fork(try_capability, kept[i], NULL));
	EXPECT_EQ(-ENOENT, map_open(NAME, READ));
}

static void remove_as(int n, void *arg)
{
	become(n, GROUP);
	EXPECT_EQ(*(int *)arg, map_remove(NAME));
}

TEST(remove)
{
	make(0666);
	test_wait(test_fork(remove_as, OTHER, &(int){ -EPERM }));
	EXPECT(map_open(NAME, READ) >= 0);
	test_wait(test_fork(remove_as, OWNER, &(int){ 0 }));
	EXPECT_EQ(-ENOENT, map_open(NAME, READ));
}

TEST(umask)
{
	umask(027);
	EXPECT_EQ(0640, map_info(map_create(NAME, SYNCMAP_KEY_U64, NULL,
					    0666)).mode);
}

static void all_may_open(int n, void *arg)
{
	(void)arg;
	become(OTHER + n, STRANGE);
	EXPECT(open(SYNCMAP_DEVICE, O_RDWR) >= 0);
	EXPECT(open(SYNCMAP_DEVICE, O_RDONLY) >= 0);
}

TEST(device_is_open_to_all)
{
	test_wait(test_fork(all_may_open, 0, NULL));
}

/* Commands, and the access that they need */
struct need {
	const char		*name;
	__u32			access;
	struct syncmap_op	op;
};

/* A value that is also a number */
#define EIGHT	"12345678"

static const struct need needs[] = {
	{ "LOAD", READ, { .op = SYNCMAP_OP_LOAD } },
	{ "STORE", WRITE, { .op = SYNCMAP_OP_STORE } },
	{ "APPEND", WRITE, { .op = SYNCMAP_OP_APPEND } },
	{ "DELETE", WRITE, { .op = SYNCMAP_OP_DELETE } },
	{ "LOAD_OR_STORE", READ | WRITE, { .op = SYNCMAP_OP_LOAD_OR_STORE } },
	{ "SWAP", READ | WRITE, { .op = SYNCMAP_OP_SWAP } },
	{ "COMPARE_AND_SWAP", READ | WRITE,
	  { .op = SYNCMAP_OP_COMPARE_AND_SWAP, OLD(EIGHT) } },
	{ "COMPARE_AND_DELETE", READ | WRITE,
	  { .op = SYNCMAP_OP_COMPARE_AND_DELETE, OLD(EIGHT) } },
	{ "LOAD_AND_DELETE", READ | WRITE,
	  { .op = SYNCMAP_OP_LOAD_AND_DELETE } },
	{ "TOUCH", READ | WRITE, { .op = SYNCMAP_OP_TOUCH } },
	{ "ADD", READ | WRITE, { .op = SYNCMAP_OP_ADD } },
	{ "XOR", READ | WRITE, { .op = SYNCMAP_OP_XOR } },
};

static int try_command(int fd, unsigned long number)
{
	char buffer[256] __attribute__((aligned(8)));
	union {
		struct syncmap_range	range;
		struct syncmap_stats	stats;
		char			bytes[512];
	} arg = { };

	if (number == SYNCMAP_STATS)
		arg.stats.entry_size = sizeof(struct syncmap_stat);
	if (number == SYNCMAP_RANGE) {
		arg.range.buffer = PTR(buffer);
		arg.range.size = sizeof(buffer);
	}
	return map_call(fd, number, &arg);
}

static void expect_command(int fd, unsigned long number, bool may)
{
	EXPECT_EQ(may ? 0 : -EBADF, try_command(fd, number));
}

static void try_need(int all, int fd, const struct need *need, __u32 access)
{
	struct syncmap_op op = need->op;
	bool may = !(need->access & ~access);

	test_context("%s with access %u", need->name, access);
	EXPECT_EQ(0, DO(all, STORE, KEY("key"), VALUE(EIGHT)));
	op.key = PTR("key");
	op.key_len = 3;
	EXPECT_EQ(may ? 0 : -EBADF, map_op(fd, op));
	if (!may)
		EXPECT_EQ(1, map_count(all));
}

TEST(descriptor_access)
{
	for (__u32 access = READ; access <= ALL; access++) {
		int all = map_create(NAME, SYNCMAP_KEY_STRING, NULL, 0600);
		int fd = map_open(NAME, access);

		EXPECT_EQ(access, map_info(fd).access);
		for (size_t i = 0; i < ARRAY_SIZE(needs); i++)
			try_need(all, fd, &needs[i], access);
		EXPECT_EQ(0, DO(all, STORE, KEY("key")));
		expect_command(fd, SYNCMAP_MAP_INFO, true);
		expect_command(fd, SYNCMAP_STATS, true);
		expect_command(fd, SYNCMAP_RANGE, access & READ);
		expect_command(fd, SYNCMAP_WATCH, access & READ);
		expect_command(fd, SYNCMAP_CLEAR, access & WRITE);
		EXPECT_EQ(access & WRITE ? 0 : 1, map_count(all));
		expect_command(fd, SYNCMAP_FREEZE, access & ADMIN);
		EXPECT_EQ(access & ADMIN ? -EROFS : 0,
			  DO(all, STORE, KEY("key")));
		expect_command(fd, SYNCMAP_SET, access & ADMIN);
		expect_command(fd, SYNCMAP_RETIRE, access & ADMIN);
		EXPECT_EQ(access & ADMIN ? -ENOENT : 0, map_remove(NAME));
	}
}

/* Its mode does not bind who may change that */
TEST(owner_of_a_closed_map)
{
	make(0);
	test_wait(test_fork(try_open, 0, &(struct attempt){
		.uid = OWNER, .gid = GROUP, .access = ADMIN }));
	test_wait(test_fork(try_open, 0, &(struct attempt){
		.uid = OWNER, .gid = GROUP, .access = ADMIN | READ,
		.want = -EACCES }));
}

/* Nobody opens a map anew, with more rights, through /proc */
TEST(no_reopening)
{
	int fd = map_private(SYNCMAP_KEY_U64);
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	EXPECT_EQ(-1, open(path, O_RDWR));
	EXPECT_EQ(-1, open(path, O_RDONLY));
}

TEST(close_on_exec)
{
	EXPECT_EQ(FD_CLOEXEC, fcntl(map_create(NAME, SYNCMAP_KEY_U64, NULL,
					       0600), F_GETFD));
	EXPECT_EQ(FD_CLOEXEC, fcntl(map_open(NAME, READ), F_GETFD));
	EXPECT_EQ(FD_CLOEXEC, fcntl(map_private(SYNCMAP_KEY_U64), F_GETFD));
}

/* A user who may not open the map may use what was given to him, no more */
static void use_passed(int n, void *arg)
{
	int socket = *(int *)arg, fd;
	char value[8];

	(void)n;
	become(OTHER, STRANGE);
	EXPECT_EQ(-EACCES, map_open(NAME, READ));
	fd = receive_fd(socket);
	EXPECT_EQ(0, DO(fd, LOAD, KEY("key"), OUT(value)));
	EXPECT_MEM("value", 5, value, got.out_len);
	EXPECT_EQ(-EBADF, DO(fd, STORE, KEY("key")));
	EXPECT_EQ(READ, map_info(fd).access);
}

TEST(passed_over_a_socket)
{
	int sockets[2], fd, read_only;
	pid_t pid;

	fd = map_create(NAME, SYNCMAP_KEY_STRING, NULL, 0600);
	EXPECT_EQ(0, DO(fd, STORE, KEY("key"), VALUE("value")));
	read_only = map_open(NAME, READ);
	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, sockets));
	pid = test_fork(use_passed, 0, &sockets[1]);
	pass_fd(sockets[0], read_only);
	EXPECT_EQ(0, close(read_only));
	test_wait(pid);
}

static void receive_after_all(int n, void *arg)
{
	int socket = *(int *)arg, fd;

	(void)n;
	fd = receive_fd(socket);
	EXPECT_EQ(0, DO(fd, LOAD, KEY("key")));
}

/* A private map lives in the socket only */
TEST(private_in_flight)
{
	int sockets[2], fd = map_private(SYNCMAP_KEY_STRING);
	__u32 maps = map_system().maps;
	pid_t pid;

	EXPECT_EQ(0, DO(fd, STORE, KEY("key"), VALUE("value")));
	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, sockets));
	pass_fd(sockets[0], fd);
	EXPECT_EQ(0, close(fd));
	EXPECT_EQ(maps, map_system().maps);
	pid = test_fork(receive_after_all, 0, &sockets[1]);
	test_wait(pid);
	EXPECT_EQ(maps - 1, map_system().maps);
}
