// SPDX-License-Identifier: GPL-2.0-only
/* What a hostile reader or writer can do with a mapping: not much */
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness/map.h"
#include "harness/parameters.h"
#include "harness/stats.h"
#include "syncmap_mapped.h"

#define KEYS	1000
#define OTHER	1003
#define CGROUP	"/sys/fs/cgroup/"

/* So long after it has gone nothing of it is left in a mapping */
#define WIPED_US	2000000

static struct syncmap_mapped mapped;
static struct syncmap_mapped_result result;
static __u64 size, asked;

static int mapped_create(const char *name, __u32 type, __u64 stale,
			 struct syncmap_limits limits)
{
	struct syncmap_create create = {
		.flags = SYNCMAP_CREATE_MAPPED, .key_type = type, .mode = 0666,
		.stale = stale, .limits = limits,
	};

	if (name)
		memcpy(create.name, name, strlen(name));
	ASSERT_EQ(0, map_call(map_control(), SYNCMAP_CREATE, &create));
	return create.fd;
}

static void *try_map(int fd, __u64 bytes, int prot, int flags, off_t offset)
{
	void *base = mmap(NULL, bytes, prot, flags, fd, offset);

	return base == MAP_FAILED ? (void *)(long)-errno : base;
}

static void *try_map_all(int fd)
{
	return try_map(fd, map_info(fd).mapped, PROT_READ, MAP_SHARED, 0);
}

static void attach(int fd)
{
	void *base = try_map_all(fd);

	ASSERT((long)base > 0);
	size = map_info(fd).mapped;
	ASSERT_EQ(0, syncmap_mapped_attach(&mapped, base, size));
	asked = 0;
}

/* A mapping of a small map, so that all of it can be looked at */
static int small(__u32 type, __u64 stale)
{
	int fd = mapped_create(NULL, type, stale, (struct syncmap_limits){
		.entries = 4096, .bytes = 4 << 20,
	});

	attach(fd);
	return fd;
}

static int small_and_full(void)
{
	int fd = small(SYNCMAP_KEY_U64, 0);

	map_fill(fd, 0, KEYS);
	return fd;
}

/* As map_fill() has left it, by the mapping, and if need be from the kernel */
static void expect_filled(int fd, __u64 from, __u64 to)
{
	__u64 key, value;
	int ret;

	for (key = from; key < to; key++) {
		ret = syncmap_mapped_load_u64(&mapped, key, &value, 8, &result);
		if (ret == SYNCMAP_MAPPED_ASK) {
			asked++;
			ret = DO(fd, LOAD, KEY_N(&key, 8), OUT_N(&value, 8));
		}
		test_context("key %llu", key);
		EXPECT_EQ(0, ret);
		EXPECT_EQ(key, value);
		if (test_failed())
			return;
	}
}

static bool few_ask(int fd, __u64 most)
{
	asked = 0;
	expect_filled(fd, 0, KEYS);
	return asked <= most;
}

/*
 * The rest of a growth takes a moment, and a few keys are in buckets that are full
 * by chance
 */
static void expect_few_ask(int fd)
{
	AWAIT(few_ask(fd, KEYS / 50) || test_failed());
	EXPECT(asked <= KEYS / 50);
}

/* mmap */

static const struct wrong {
	const char	*name;
	int		prot, flags;
	long		more;		/* bytes */
	off_t		offset;
	int		err;
} wrongs[] = {
	{ "write", PROT_READ | PROT_WRITE, MAP_SHARED, 0, 0, -EACCES },
	{ "only write", PROT_WRITE, MAP_SHARED, 0, 0, -EACCES },
	{ "exec", PROT_READ | PROT_EXEC, MAP_SHARED, 0, 0, -EACCES },
	{ "private", PROT_READ, MAP_PRIVATE, 0, 0, -EINVAL },
	{ "private write", PROT_READ | PROT_WRITE, MAP_PRIVATE, 0, 0, -EACCES },
	{ "less", PROT_READ, MAP_SHARED, -PAGE, 0, -EINVAL },
	{ "more", PROT_READ, MAP_SHARED, PAGE, 0, -EINVAL },
	{ "the rest", PROT_READ, MAP_SHARED, -PAGE, PAGE, -EINVAL },
	{ "behind", PROT_READ, MAP_SHARED, 0, 1LL << 40, -EINVAL },
	{ "sync", PROT_READ, MAP_SHARED_VALIDATE | MAP_SYNC, 0, 0, -EOPNOTSUPP },
	{ "huge", PROT_READ, MAP_SHARED | MAP_HUGETLB, 0, 0, -EINVAL },
};

TEST(wrong_mappings)
{
	int fd = small_and_full();
	size_t i;

	for (i = 0; i < ARRAY_SIZE(wrongs); i++) {
		const struct wrong *wrong = &wrongs[i];
		long ret = (long)try_map(fd, size + wrong->more, wrong->prot,
					 wrong->flags, wrong->offset);

		test_context("%s", wrong->name);
		/* Newer kernels do not ask us: no anonymous file can be executed */
		if (wrong->prot & PROT_EXEC && ret == -EPERM)
			continue;
		EXPECT_EQ(wrong->err, ret);
	}
	expect_few_ask(fd);
}

static int less(int fd, __u32 access)
{
	struct syncmap_restrict arg = { .access = access };

	ASSERT_EQ(0, map_call(fd, SYNCMAP_RESTRICT, &arg));
	return arg.fd;
}

TEST(rights)
{
	int fd = small_and_full();

	EXPECT_EQ(-EACCES, (long)try_map_all(less(fd, SYNCMAP_ACCESS_WRITE)));
	EXPECT_EQ(-EACCES, (long)try_map_all(less(fd, SYNCMAP_ACCESS_ADMIN)));
	EXPECT_EQ(-EACCES, (long)try_map_all(less(fd, SYNCMAP_ACCESS_WRITE |
						      SYNCMAP_ACCESS_ADMIN)));
	attach(less(fd, SYNCMAP_ACCESS_READ));
	expect_few_ask(fd);
}

TEST(more_than_was_mapped)
{
	int fd = small_and_full();
	char *base = (char *)mapped.base, *to;

	EXPECT_EQ(-1, mprotect(base, size, PROT_READ | PROT_WRITE));
	EXPECT_EQ(EACCES, errno);
	EXPECT_EQ(-1, mprotect(base, size, PROT_READ | PROT_EXEC));
	EXPECT(mremap(base, size, 2 * size, MREMAP_MAYMOVE) == MAP_FAILED);
	EXPECT(mremap(base, 0, size, MREMAP_MAYMOVE) == MAP_FAILED);
	EXPECT(mremap(base, size, size, MREMAP_MAYMOVE | MREMAP_DONTUNMAP,
		      NULL) == MAP_FAILED);
	expect_few_ask(fd);
	/* Another address does no harm, nor does no access for a while */
	to = mmap(NULL, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT(mremap(base, size, size, MREMAP_MAYMOVE | MREMAP_FIXED, to) == to);
	ASSERT_EQ(0, syncmap_mapped_attach(&mapped, to, size));
	EXPECT_EQ(0, mprotect(to, size, PROT_NONE));
	EXPECT_EQ(0, mprotect(to, size, PROT_READ));
	expect_few_ask(fd);
	/* Parts of it would be more than is counted */
	EXPECT_EQ(-1, mprotect(to, PAGE, PROT_NONE));
	EXPECT_EQ(-1, munmap(to + PAGE, PAGE));
	/* Pages that are mapped in another order would be believed */
	EXPECT(syscall(SYS_remap_file_pages, to, PAGE, 0, 2, 0) < 0);
}

#ifndef MADV_PAGEOUT
#define MADV_COLD		20
#define MADV_PAGEOUT		21
#endif
#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ	22
#define MADV_POPULATE_WRITE	23
#endif
#ifndef MADV_SOFT_OFFLINE
#define MADV_SOFT_OFFLINE	101
#endif
#define MADV_LAST		103	/* of those that are known */

/* Those that would show it in a dump, or fill it with pages, are refused */
TEST_LIMIT(advice, 120)
{
	static const int refused[] = {
		MADV_REMOVE, MADV_DOFORK, MADV_DODUMP, MADV_WIPEONFORK,
		MADV_POPULATE_READ, MADV_POPULATE_WRITE, MADV_PAGEOUT, MADV_FREE,
	};
	int fd = small_and_full(), advice;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(refused); i++) {
		test_context("%d", refused[i]);
		EXPECT_EQ(-1, madvise((void *)mapped.base, size, refused[i]));
	}
	for (advice = 0; advice <= MADV_LAST; advice++) {
		/* These break the machine's memory, if they may */
		if (advice == MADV_HWPOISON || advice == MADV_SOFT_OFFLINE)
			continue;
		madvise((void *)mapped.base, size, advice);
		expect_filled(fd, 0, 100);
	}
	expect_few_ask(fd);
}

static long resident_kb(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return usage.ru_maxrss;
}

/* Locked, or with all of its pages at once, it has no more of them */
TEST(populated)
{
	int fd = mapped_create(NULL, SYNCMAP_KEY_U64, 0,
			       (struct syncmap_limits){ });
	long before = resident_kb();
	void *base;

	map_fill(fd, 0, KEYS);
	attach(fd);
	EXPECT(mlock(mapped.base, PAGE) <= 0);
	ASSERT_EQ(0, mlockall(MCL_CURRENT | MCL_FUTURE));
	base = try_map(fd, size, PROT_READ, MAP_SHARED | MAP_POPULATE, 0);
	ASSERT((long)base > 0);
	ASSERT_EQ(0, syncmap_mapped_attach(&mapped, base, size));
	expect_few_ask(fd);
	EXPECT(resident_kb() < before + 32 * 1024);
}

/* Its pages by other ways */

static void expect_not_written(const char *what, long ret)
{
	test_context("%s", what);
	EXPECT(ret <= 0);
	test_context("%s", "");
}

static void write_own_memory(void *at, const void *bytes, size_t len)
{
	int mem = open("/proc/self/mem", O_RDWR | O_CLOEXEC);

	ASSERT(mem >= 0);
	expect_not_written("/proc/self/mem",
			   pwrite(mem, bytes, len, (off_t)(uintptr_t)at));
	close(mem);
}

static void be_traced(int n, void *arg)
{
	(void)n;
	(void)arg;
	ptrace(PTRACE_TRACEME, 0, NULL, NULL);
	raise(SIGSTOP);
}

static void write_as_tracer(void *at)
{
	pid_t pid = test_fork(be_traced, 0, NULL);

	ASSERT_EQ(pid, waitpid(pid, NULL, WUNTRACED));
	EXPECT_EQ(-1, ptrace(PTRACE_POKEDATA, pid, at, (void *)-1L));
	ptrace(PTRACE_DETACH, pid, NULL, NULL);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static void pin_pages(void *at)
{
	struct iovec iov = { at, PAGE };
	int pipes[2];

	ASSERT_EQ(0, pipe(pipes));
	expect_not_written("vmsplice", vmsplice(pipes[1], &iov, 1, 0));
}

static void register_faults(void *at)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register range = {
		.range = { PTR(at), PAGE }, .mode = UFFDIO_REGISTER_MODE_MISSING,
	};
	int uffd = syscall(SYS_userfaultfd, O_CLOEXEC);

	if (uffd < 0 || ioctl(uffd, UFFDIO_API, &api))
		return;
	EXPECT_EQ(-1, ioctl(uffd, UFFDIO_REGISTER, &range));
	close(uffd);
}

TEST(pages_by_other_ways)
{
	int fd = small_and_full();
	void *at = (void *)mapped.base;
	static __u64 ones[8] = { -1, -1, -1, -1, -1, -1, -1, -1 };
	struct iovec local = { ones, sizeof(ones) }, remote = { at, sizeof(ones) };

	expect_filled(fd, 0, KEYS);
	expect_not_written("process_vm_writev",
			   process_vm_writev(getpid(), &local, 1, &remote, 1, 0));
	write_own_memory(at, ones, sizeof(ones));
	write_as_tracer(at);
	pin_pages(at);
	register_faults(at);
	EXPECT(read(open("/dev/zero", O_RDONLY), at, 8) < 0);
	expect_few_ask(fd);
}

/* What one does with files */
TEST(calls_on_the_descriptor)
{
	int fd = small_and_full(), advice, pipes[2];
	unsigned char there[16];
	char byte;

	ASSERT_EQ(0, pipe(pipes));
	for (advice = 0; advice < 8; advice++)
		posix_fadvise(fd, 0, size, advice);
	readahead(fd, 0, size);
	sync_file_range(fd, 0, size, SYNC_FILE_RANGE_WRITE |
				     SYNC_FILE_RANGE_WAIT_AFTER);
	EXPECT_EQ(-1, fsync(fd));
	EXPECT_EQ(-1, ftruncate(fd, 0));
	EXPECT_EQ(-1, fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0,
				size));
	EXPECT_EQ(-1, pread(fd, &byte, 1, 0));
	EXPECT_EQ(-1, pwrite(fd, &byte, 1, 0));
	EXPECT_EQ(-1, sendfile(pipes[1], fd, NULL, PAGE));
	EXPECT_EQ(-1, splice(fd, NULL, pipes[1], NULL, PAGE, 0));
	msync((void *)mapped.base, size, MS_SYNC | MS_INVALIDATE);
	mincore((void *)mapped.base, sizeof(there) * 4096, there);
	expect_few_ask(fd);
}

/* Lives of mappings */

static void read_in_child(int n, void *arg)
{
	(void)n;
	/* What is inherited would be one more that nobody has counted */
	EXPECT_EQ(-1, msync((void *)mapped.base, 4096, MS_ASYNC));
	EXPECT_EQ(ENOMEM, errno);
	attach(*(int *)arg);
	expect_filled(*(int *)arg, 0, KEYS);
}

TEST(fork_and_unmap)
{
	int fd = small_and_full(), i;

	EXPECT_EQ(-1, madvise((void *)mapped.base, size, MADV_DOFORK));
	for (i = 0; i < 20; i++)
		test_wait(test_fork(read_in_child, 0, &fd));
	for (i = 0; i < (int)test_times(5000); i++) {
		void *base = try_map_all(fd);

		ASSERT((long)base > 0);
		munmap(base, size);
	}
	map_fill(fd, KEYS, 2 * KEYS);
	expect_few_ask(fd);
}

/* What is done behind its back ends before it does */
TEST_LIMIT(closed_while_it_grows, 60)
{
	struct syncmap_limits limits = { };
	static char text[300];
	__u64 key;

	for (unsigned int i = 0; i < test_times(200); i++) {
		int fd = mapped_create(NULL, SYNCMAP_KEY_U64, 0, limits);

		for (key = 0; key < 400; key++)
			EXPECT_EQ(0, DO(fd, STORE, KEY_N(&key, 8), VALUE(text)));
		usleep(test_random() % 30000);
		close(fd);
	}
}

static void become(uid_t uid)
{
	ASSERT_EQ(0, setresgid(uid, uid, uid));
	ASSERT_EQ(0, setresuid(uid, uid, uid));
}

/* As many as there may be. Return: how many; the one after these failed so: *@err */
static int map_many(int fd, int max, void **last, long *err)
{
	void *base;
	int n = 0;

	for (; n < max; n++) {
		base = try_map_all(fd);
		*err = (long)base;
		if ((long)base < 0)
			break;
		*last = base;
	}
	return n;
}

/* Who is late asks */
TEST_LIMIT(too_many_mappings, 120)
{
	int fd = small_and_full(), n;
	void *last = NULL;
	long err = 0;

	n = map_many(fd, 5000, &last, &err);
	EXPECT_EQ(-ENOSPC, err);
	EXPECT_EQ(4095, n);
	/* Whoever works on it has to look at all of them */
	map_fill(fd, KEYS, 3 * KEYS);
	expect_few_ask(fd);
	ASSERT(last);
	munmap(last, size);
	EXPECT((long)try_map_all(fd) > 0);
}

struct mappers {
	int	fd;
	int	count[4];
	long	err[4];
	int	ready;
	bool	over;
};

/* Users, each with as many as he gets */
static void hold_mappings(int n, void *arg)
{
	struct mappers *mappers = arg;
	void *last;

	become(OTHER + n);
	mappers->count[n] = map_many(mappers->fd, 5000, &last, &mappers->err[n]);
	__sync_fetch_and_add(&mappers->ready, 1);
	while (!__atomic_load_n(&mappers->over, __ATOMIC_ACQUIRE))
		usleep(10000);
}

/* One user keeps no other from mapping, and all together not the owner */
TEST_LIMIT(mappings_of_a_user, 120)
{
	struct mappers *mappers = test_shared(sizeof(*mappers));
	pid_t pid[4];
	void *last;
	long err;
	int n;

	mappers->fd = small_and_full();
	for (n = 0; n < 4; n++) {
		pid[n] = test_fork(hold_mappings, n, mappers);
		AWAIT(__atomic_load_n(&mappers->ready, __ATOMIC_ACQUIRE) > n);
	}
	for (n = 0; n < 2; n++) {
		EXPECT_EQ(1024, mappers->count[n]);
		EXPECT_EQ(-EDQUOT, mappers->err[n]);
	}
	EXPECT_EQ(1023, mappers->count[2]);
	EXPECT_EQ(0, mappers->count[3]);
	EXPECT_EQ(-ENOSPC, mappers->err[3]);
	EXPECT_EQ(10, map_many(mappers->fd, 10, &last, &err));
	__atomic_store_n(&mappers->over, true, __ATOMIC_RELEASE);
	for (n = 0; n < 4; n++)
		test_wait(pid[n]);
	expect_few_ask(mappers->fd);
}

/* Who has looked where nothing was sees it when it comes */
TEST(holes_that_were_read)
{
	int fd = small(SYNCMAP_KEY_U64, 0);

	map_expect_pages(mapped.base, size, 4096);
	map_fill(fd, 0, KEYS);
	expect_few_ask(fd);
	test_note("index of 2^%llu", ((const struct syncmap_mapped_head *)
				      mapped.base)->word >> SYNCMAP_MAPPED_SHIFT & 63);
}

/* All of it, again and again: whatever comes, comes to where zeroes are mapped */
static void look_at_holes(int n, void *arg)
{
	int fd = *(int *)arg;
	__u64 at;

	(void)n;
	for (;;) {
		attach(fd);
		for (at = 0; at < size; at += 4096)
			(void)*(volatile const char *)(mapped.base + at);
		munmap((void *)mapped.base, size);
	}
}

/* Values that are no numbers, and need pages. Return: how many the mapping has */
static unsigned int count_texts(__u64 from, __u64 to)
{
	unsigned int n = 0;
	char byte;

	for (__u64 key = from; key < to; key++)
		n += syncmap_mapped_load_u64(&mapped, key, &byte, 1, &result) ==
		     -EMSGSIZE;
	return n;
}

/*
 * They hold up no writer; and what he has written is soon in the mapping, also of who
 * has looked there before
 */
TEST_LIMIT(holes_that_are_looked_at, 120)
{
	int fd = small(SYNCMAP_KEY_U64, 0), i;
	static char text[1000];
	pid_t pid[4];
	__u64 key;

	map_expect_pages(mapped.base, size, 4096);
	for (i = 0; i < 4; i++)
		pid[i] = test_fork(look_at_holes, i, &fd);
	for (key = KEYS; key < 2 * KEYS; key++)
		EXPECT_EQ(0, DO(fd, STORE, KEY_N(&key, 8),
				VALUE_N(text, sizeof(text))));
	map_fill(fd, 0, KEYS);
	expect_few_ask(fd);
	/* What was stored while pages were to come is tried again by and by */
	AWAIT(count_texts(KEYS, 2 * KEYS) >= KEYS / 10);
	EXPECT(count_texts(KEYS, 2 * KEYS) >= KEYS / 10);
	for (i = 0; i < 4; i++) {
		kill(pid[i], SIGKILL);
		waitpid(pid[i], NULL, 0);
	}
	expect_few_ask(fd);
}

static void read_and_exec(int n, void *arg)
{
	(void)n;
	attach(*(int *)arg);
	expect_filled(*(int *)arg, 0, KEYS);
	execl("/bin/sh", "sh", "-c", "exit 0", NULL);
	EXPECT_EQ(0, errno);
}

/* What it has mapped is gone with the program */
TEST(exec_of_another_program)
{
	int fd = small_and_full(), i;

	for (i = 0; i < 10; i++)
		test_wait(test_fork(read_and_exec, i, &fd));
	EXPECT_EQ(1, map_stat(fd, "mappings"));
	map_fill(fd, KEYS, 2 * KEYS);
	expect_few_ask(fd);
}

static int unload(void)
{
	return syscall(SYS_delete_module, "syncmap", O_NONBLOCK) ? -errno : 0;
}

/* Nothing is open but the mapping */
TEST(module_with_a_mapping)
{
	int fd = small_and_full();

	expect_filled(fd, 0, KEYS);
	close(fd);
	close(map_control());
	EXPECT_EQ(-EWOULDBLOCK, unload());
	for (__u64 key = 0, value; key < KEYS; key++)
		if (!syncmap_mapped_load_u64(&mapped, key, &value, 8, &result))
			EXPECT_EQ(key, value);
}

/* What has gone */

static const char marker[16] = "hostile-marker!";

static unsigned int find_marker(void)
{
	const char *end = (const char *)mapped.base + size, *at;
	unsigned int n = 0;

	for (at = (const char *)mapped.base; at < end; at += 8)
		n += !memcmp(at, marker, sizeof(marker));
	return n;
}

/* @ttl: zero: for good */
static void store_marker(int fd, __u64 from, __u64 to, __u64 ttl)
{
	for (__u64 key = from; key < to; key++)
		EXPECT_EQ(0, DO(fd, STORE, KEY_N(&key, 8),
				VALUE_N(marker, sizeof(marker)),
				.flags = ttl ? SYNCMAP_FLAG_FROM_NOW : 0,
				.deadline = ttl));
}

#define TRIALS	5

/*
 * What @go has made go. A machine that is so busy that its workers do not get on may
 * spoil a trial, but hardly each of them
 */
static void expect_wiped(const char *what, void (*go)(int fd), int fd)
{
	unsigned int left = 1;

	for (int i = 0; i < TRIALS && left; i++) {
		go(fd);
		usleep(WIPED_US);
		left = find_marker();
	}
	test_context("%s", what);
	EXPECT_EQ(0, left);
}

static void store_and_clear(int fd)
{
	store_marker(fd, 0, KEYS, 0);
	map_clear(fd);
}

static void store_for_a_moment(int fd)
{
	store_marker(fd, 0, KEYS, SECOND / 10);
}

TEST_LIMIT(what_has_gone_is_wiped, 60)
{
	int fd = small(SYNCMAP_KEY_U64, 0);
	__u64 key;

	store_marker(fd, 0, KEYS, 0);
	AWAIT(find_marker() > KEYS / 2);
	EXPECT(find_marker() > KEYS / 2);
	for (key = 0; key < KEYS; key += 2)
		EXPECT_EQ(0, DO(fd, DELETE, KEY_N(&key, 8)));
	for (key = 1; key < KEYS; key += 2)
		EXPECT_EQ(0, DO(fd, STORE, KEY_N(&key, 8), VALUE("short")));
	EXPECT_EQ(0, find_marker());
	expect_wiped("cleared", store_and_clear, fd);
	expect_wiped("expired", store_for_a_moment, fd);
	map_fill(fd, 0, KEYS);
	expect_few_ask(fd);
}

/* Of one key, again and again: it is met late before the sweeper comes */
static void meet_late(int fd, struct syncmap_op op, int want)
{
	__u64 key = 7;
	int ret;

	op.key = PTR(&key);
	op.key_len = 8;
	for (int i = 0; i < 20; i++) {
		store_marker(fd, key, key + 1, 2 * MS);
		do
			ret = map_op(fd, op);
		while (!ret && !got.leased);
		EXPECT_EQ(want, ret);
		if (got.leased && !ret)
			EXPECT_EQ(0, DO(fd, UNLEASE, KEY_N(&key, 8),
					.token = got.leased));
	}
}

static void lease_late(int fd)
{
	meet_late(fd, (struct syncmap_op){ .op = SYNCMAP_OP_LOAD_OR_LEASE }, 0);
}

/* Nothing takes its place in a map that is frozen; each time it is another one */
static void freeze_and_meet_late(int unused)
{
	struct syncmap_freeze freeze = { };
	int fd = small(SYNCMAP_KEY_U64, 0), i;
	__u64 key;

	(void)unused;
	store_marker(fd, 0, KEYS, 500 * MS);
	EXPECT_EQ(0, map_call(fd, SYNCMAP_FREEZE, &freeze));
	for (i = 0; i < 100000 && map_info(fd).count; i++)
		for (key = 0; key < KEYS; key += 97)
			DO(fd, LOAD_OR_LEASE, KEY_N(&key, 8));
}

/* Who finds it late takes it out of the map; and it goes out of the mapping */
TEST_LIMIT(what_is_met_late_is_wiped, 60)
{
	expect_wiped("lapsed", lease_late,
		     small(SYNCMAP_KEY_U64, 3600 * SECOND));
	expect_wiped("frozen", freeze_and_meet_late, -1);
}

static void retire(int fd)
{
	struct syncmap_retire arg = { };

	EXPECT_EQ(0, map_call(fd, SYNCMAP_RETIRE, &arg));
}

static void store_and_retire(int unused)
{
	int fd = small(SYNCMAP_KEY_U64, 0);

	(void)unused;
	store_marker(fd, 0, KEYS, 0);
	retire(fd);
}

TEST(map_that_is_retired)
{
	static const char name[] = TEST_NAME "hostile";
	int fd = mapped_create(name, SYNCMAP_KEY_U64, 0, (struct syncmap_limits){
		.entries = 4096, .bytes = 4 << 20,
	});
	__u64 key, value;

	attach(fd);
	map_fill(fd, 0, KEYS);
	/* Who has a map that has lost its name goes on with it */
	EXPECT_EQ(0, map_remove(name));
	expect_few_ask(fd);
	map_fill(fd, KEYS, 2 * KEYS);
	retire(fd);
	for (key = 0; key < 2 * KEYS; key++) {
		int ret = syncmap_mapped_load_u64(&mapped, key, &value, 8, &result);

		EXPECT(ret == -ENOENT || ret == SYNCMAP_MAPPED_ASK);
	}
	expect_wiped("retired", store_and_retire, -1);
}

static __u64 moved(void)
{
	return __atomic_load_n(&((const struct syncmap_mapped_head *)
				 mapped.base)->moved, __ATOMIC_ACQUIRE);
}

static int publish(int fd, const char *name)
{
	struct syncmap_publish arg = {
		.fd = fd, .flags = SYNCMAP_PUBLISH_REPLACE,
	};

	strcpy(arg.name, name);
	return map_call(map_control(), SYNCMAP_PUBLISH, &arg);
}

/* Who has come by it finds that out; who has come by a descriptor reads on */
TEST(name_that_leads_elsewhere)
{
	static const char name[] = TEST_NAME "moved";
	int fd = small_and_full(), other = map_private(SYNCMAP_KEY_U64);

	EXPECT_EQ(0, publish(fd, name));
	EXPECT_EQ(0, moved());
	EXPECT_EQ(0, publish(other, name));
	EXPECT_EQ(1, moved());
	expect_few_ask(fd);
	map_fill(fd, KEYS, 2 * KEYS);
	expect_filled(fd, KEYS, 2 * KEYS);
	EXPECT_EQ(0, map_remove(name));
	EXPECT_EQ(1, moved());
	EXPECT_EQ(0, publish(fd, name));
	EXPECT_EQ(1, moved());
	EXPECT_EQ(0, map_remove(name));
	EXPECT_EQ(2, moved());
	expect_few_ask(fd);
}

/* Others */

/* Keys whose hashes begin alike: of one bucket, however many there are */
static __u64 find_flood(__u64 *from)
{
	while (syncmap_mapped_hash_u64(mapped.seed, ++*from) >> 52)
		;
	return *from;
}

/*
 * Whoever knows the seed fills a bucket. Its keys are asked for, and others are not,
 * but while another index is made: that of the keys before is too small still, though
 * few of them are asked for
 */
TEST_LIMIT(flooded_bucket, 120)
{
	int fd = small(SYNCMAP_KEY_U64, 0);
	unsigned int n = 100, i;
	__u64 key = 1 << 20, flood[100], value;

	for (i = 0; i < n; i++)
		flood[i] = find_flood(&key);
	map_fill(fd, 0, KEYS);
	expect_few_ask(fd);
	for (i = 0; i < n; i++)
		EXPECT_EQ(0, DO(fd, STORE, KEY_N(&flood[i], 8),
				VALUE_N(&flood[i], 8)));
	for (i = 0; i < n; i++) {
		int ret = syncmap_mapped_load_u64(&mapped, flood[i], &value, 8,
						  &result);

		if (ret != SYNCMAP_MAPPED_ASK)
			EXPECT(!ret && value == flood[i]);
		if (i % 3)
			EXPECT_EQ(0, DO(fd, DELETE, KEY_N(&flood[i], 8)));
	}
	/* What was spilled with them is tried again by and by */
	AWAIT(few_ask(fd, KEYS / 20) || test_failed());
	test_note("%llu of %d asked beside the flood", asked, KEYS);
	EXPECT(asked <= KEYS / 20);
	for (i = 0; i < n; i += 3)
		EXPECT_EQ(0, DO(fd, DELETE, KEY_N(&flood[i], 8)));
	expect_few_ask(fd);
}

static void store_for_ever(int n, void *arg)
{
	int fd = *(int *)arg;
	__u64 key;

	for (;;) {
		key = KEYS + test_random() % 500;
		DO(fd, STORE, KEY_N(&key, 8), VALUE_N(&key, 8));
		key = KEYS + test_random() % 500;
		DO(fd, DELETE, KEY_N(&key, 8));
	}
	(void)n;
}

/* By both ways the same, at rest */
static void expect_same(int fd, __u64 from, __u64 to)
{
	__u64 key, value = 0, has = 0;

	for (key = from; key < to; key++) {
		int ret = syncmap_mapped_load_u64(&mapped, key, &value, 8, &result);

		test_context("key %llu", key);
		if (ret == SYNCMAP_MAPPED_ASK)
			asked++;
		else
			EXPECT_EQ(DO(fd, LOAD, KEY_N(&key, 8), OUT_N(&has, 8)), ret);
		if (!ret)
			EXPECT_EQ(has, value);
	}
}

TEST_LIMIT(writers_that_are_stopped, 60)
{
	int fd = small_and_full(), i;
	pid_t pid;

	for (i = 0; i < 50; i++) {
		pid = test_fork(store_for_ever, i, &fd);
		usleep(test_random() % 5000);
		kill(pid, SIGSTOP);
		waitpid(pid, NULL, WUNTRACED);
		expect_few_ask(fd);
		expect_same(fd, KEYS, KEYS + 500);
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
	}
}

static void read_for_ever(int n, void *arg)
{
	int fd = *(int *)arg;

	(void)n;
	for (;;) {
		attach(fd);
		expect_filled(fd, 0, KEYS);
		munmap((void *)mapped.base, size);
	}
}

static void do_either(int n, void *arg)
{
	if (n % 2)
		store_for_ever(n, arg);
	read_for_ever(n, arg);
}

TEST_LIMIT(killed_in_the_middle, 90)
{
	int fd = small_and_full();

	for (unsigned int i = 0; i < test_times(40); i++) {
		test_kill(4, do_either, &fd, test_random() % 20000);
		asked = 0;
		expect_same(fd, KEYS, KEYS + 500);
		expect_few_ask(fd);
	}
}

/* Somebody computes a value; the map is frozen: others read on */
TEST(lease_and_freeze)
{
	struct syncmap_freeze freeze = { };
	int fd = small_and_full();
	__u64 key = KEYS + 1, value;

	EXPECT_EQ(0, DO(fd, LOAD_OR_LEASE, KEY_N(&key, 8)));
	EXPECT(got.leased);
	EXPECT(syncmap_mapped_load_u64(&mapped, key, &value, 8, &result));
	expect_few_ask(fd);
	EXPECT_EQ(0, map_call(fd, SYNCMAP_FREEZE, &freeze));
	expect_few_ask(fd);
	EXPECT_EQ(-EROFS, DO(fd, STORE, KEY_N(&key, 8), VALUE("x")));
	expect_few_ask(fd);
}

/* What belongs to a file is not in the mapping: it goes without a change */
TEST(owned_entries_are_asked_for)
{
	int fd = small_and_full(), owner = less(fd, SYNCMAP_ACCESS_WRITE);
	__u64 key = KEYS + 1, value;

	EXPECT_EQ(0, DO(owner, STORE, KEY_N(&key, 8), VALUE("x"),
			.flags = SYNCMAP_FLAG_OWNED));
	EXPECT_EQ(SYNCMAP_MAPPED_ASK,
		  syncmap_mapped_load_u64(&mapped, key, &value, 8, &result));
	close(owner);
	EXPECT_EQ(-ENOENT, DO(fd, LOAD, KEY_N(&key, 8)));
	expect_few_ask(fd);
}

/* Limits */

static __u64 fill_until(int fd, int want)
{
	static char text[1000];
	__u64 key = 0;
	int ret;

	while (!(ret = DO(fd, STORE, KEY_N(&key, 8), VALUE_N(text, sizeof(text)))))
		key++;
	EXPECT_EQ(want, ret);
	return key;
}

static void use_up_quota(int n, void *arg)
{
	__u64 key, value, keys;
	int fd;

	(void)n;
	(void)arg;
	map_control();
	become(OTHER);
	fd = small(SYNCMAP_KEY_U64, 0);
	keys = fill_until(fd, -EDQUOT);
	/* What is there can be changed, and found */
	for (key = 0; key < keys; key++) {
		EXPECT_EQ(0, DO(fd, STORE, KEY_N(&key, 8), VALUE_N(&key, 8)));
		if (syncmap_mapped_load_u64(&mapped, key, &value, 8, &result))
			EXPECT_EQ(0, DO(fd, LOAD, KEY_N(&key, 8),
					OUT_N(&value, 8)));
		EXPECT_EQ(key, value);
	}
	test_note("%llu keys", keys);
	EXPECT(map_system().user_bytes <= 1 << 20);
	close(fd);
	munmap((void *)mapped.base, size);
	AWAIT(!map_system().user_bytes);
	EXPECT_EQ(0, map_system().user_bytes);
}

TEST_LIMIT(bytes_of_a_user, 60)
{
	struct parameter before = parameter_set("max_user_bytes", 1 << 20);

	test_wait(test_fork(use_up_quota, 0, NULL));
	parameter_restore(&before);
}

/* Whose cgroup has no memory: stores fail or not; what is there is right */
static void store_without_memory(int n, void *arg)
{
	static char text[3000];
	int fd = *(int *)arg, failed = 0;
	__u64 key;

	(void)n;
	ASSERT(test_try_write(CGROUP "selftest/cgroup.procs", "0"));
	ASSERT_EQ(0, mlockall(MCL_CURRENT | MCL_FUTURE));
	for (key = KEYS; failed < 100; key++) {
		int ret = DO(fd, STORE, KEY_N(&key, 8), VALUE_N(text, sizeof(text)));

		EXPECT(!ret || ret == -ENOMEM);
		failed += !!ret;
	}
	test_note("%llu stored until then", key - KEYS - failed);
}

TEST_LIMIT(memory_of_a_cgroup, 120)
{
	__u64 before = map_system().user_bytes;
	int fd = mapped_create(NULL, SYNCMAP_KEY_U64, 0,
			       (struct syncmap_limits){ });

	attach(fd);
	map_fill(fd, 0, KEYS);
	test_try_write(CGROUP "cgroup.subtree_control", "+memory");
	mkdir(CGROUP "selftest", 0755);
	if (!test_try_write(CGROUP "selftest/memory.max", "16M"))
		test_skip("no memory controller at " CGROUP);
	test_wait(test_fork(store_without_memory, 0, &fd));
	asked = 0;
	expect_filled(fd, 0, KEYS);
	test_note("%llu of %d asked", asked, KEYS);
	map_clear(fd);
	/* Who has memory goes on */
	map_fill(fd, 0, KEYS);
	expect_few_ask(fd);
	munmap((void *)mapped.base, size);
	close(fd);
	AWAIT(map_system().user_bytes == before);
	EXPECT_EQ(before, map_system().user_bytes);
	EXPECT_EQ(0, rmdir(CGROUP "selftest"));
}
