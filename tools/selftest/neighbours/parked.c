// SPDX-License-Identifier: GPL-2.0-only
/* Nobody waits for a page of somebody else's memory, nor finds a name in use */
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <poll.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "harness/map.h"
#include "harness/memory.h"

/* The struct of a command, with its answer across two pages that we give */
static struct faulting {
	int	uffd;
	char	*pages;
	char	*content;
	void	(*act)(void);
	int	acts;
} faulting;

static void resolve(unsigned int page, unsigned long mode)
{
	struct uffdio_copy copy = {
		.dst = PTR(faulting.pages) + page * PAGE,
		.src = PTR(faulting.content) + page * PAGE,
		.len = PAGE, .mode = mode,
	};

	ASSERT_EQ(0, ioctl(faulting.uffd, UFFDIO_COPY, &copy));
}

/*
 * The kernel reads both pages, and looks whether it could write them. It finds
 * the second one protected; when it goes on, the first is gone, and comes only
 * when the reply is written, after @act.
 */
static void handle(const struct uffd_msg *msg)
{
	__u64 at = msg->arg.pagefault.address - PTR(faulting.pages);
	struct uffdio_writeprotect open = {
		.range = { PTR(faulting.pages) + PAGE, PAGE },
	};

	if (msg->arg.pagefault.flags & UFFD_PAGEFAULT_FLAG_WP) {
		ASSERT_EQ(0, madvise(faulting.pages, PAGE, MADV_DONTNEED));
		ASSERT_EQ(0, ioctl(faulting.uffd, UFFDIO_WRITEPROTECT, &open));
		faulting.acts++;
	} else if (at >= PAGE) {
		resolve(1, UFFDIO_COPY_MODE_WP);
	} else {
		if (faulting.acts)
			faulting.act();
		resolve(0, 0);
	}
}

static void *serve(void *unused)
{
	struct pollfd poll_fd = { .fd = faulting.uffd, .events = POLLIN };
	struct uffd_msg msg;

	while (poll(&poll_fd, 1, -1) == 1) {
		ASSERT_EQ(sizeof(msg), read(faulting.uffd, &msg, sizeof(msg)));
		handle(&msg);
	}
	return unused;
}

static void set_up(void)
{
	struct uffdio_api api = {
		.api = UFFD_API, .features = UFFD_FEATURE_PAGEFAULT_FLAG_WP,
	};
	struct uffdio_register range = {
		.mode = UFFDIO_REGISTER_MODE_MISSING | UFFDIO_REGISTER_MODE_WP,
	};
	pthread_t thread;

	faulting.uffd = syscall(SYS_userfaultfd, O_CLOEXEC);
	if (faulting.uffd < 0 || ioctl(faulting.uffd, UFFDIO_API, &api))
		test_skip("no userfaultfd that protects pages");
	faulting.pages = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE,
			      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT(faulting.pages != MAP_FAILED);
	faulting.content = calloc(2, PAGE);
	range.range.start = PTR(faulting.pages);
	range.range.len = 2 * PAGE;
	ASSERT_EQ(0, ioctl(faulting.uffd, UFFDIO_REGISTER, &range));
	ASSERT_EQ(0, pthread_create(&thread, NULL, serve, NULL));
}

/* @arg, which ends with the error, is in the pages, @act is done while the reply waits for one of them */
static int call(unsigned long command, const void *arg, size_t size,
		void (*act)(void))
{
	size_t at = PAGE - size + sizeof(struct syncmap_error);

	memcpy(faulting.content + at, arg, size);
	faulting.act = act;
	faulting.acts = 0;
	return map_call(map_control(), command, faulting.pages + at);
}

static const char name[] = TEST_NAME "parked";

static void take_name(void)
{
	int fd;

	EXPECT_EQ(-ENOENT, map_open(name, SYNCMAP_ACCESS_READ));
	fd = map_create(name, SYNCMAP_KEY_STRING, NULL, 0600);
	EXPECT(fd >= 0);
	EXPECT_EQ(0, DO(fd, STORE, KEY("mine"), VALUE("1")));
	close(fd);
	faulting.acts = -1;
}

TEST(name)
{
	struct syncmap_create arg = { .key_type = SYNCMAP_KEY_U64 };
	int fd;

	map_control();
	memcpy(arg.name, name, sizeof(name));
	set_up();
	EXPECT_EQ(-EEXIST, call(SYNCMAP_CREATE, &arg, sizeof(arg), take_name));
	/* Did it come to that? */
	EXPECT_EQ(-1, faulting.acts);
	fd = map_open(name, SYNCMAP_ACCESS_READ | SYNCMAP_ACCESS_WRITE);
	EXPECT(fd >= 0);
	EXPECT_EQ(0, DO(fd, LOAD, KEY("mine")));
	/* No descriptor is left of the other one */
	EXPECT_EQ(fd + 1, dup(fd));
}

static void do_nothing(void)
{
	EXPECT_EQ(-ENOENT, map_open(name, SYNCMAP_ACCESS_READ));
	faulting.acts = -1;
}

TEST(reply)
{
	struct syncmap_create arg = { .key_type = SYNCMAP_KEY_U64 };

	map_control();
	memcpy(arg.name, name, sizeof(name));
	set_up();
	EXPECT_EQ(0, call(SYNCMAP_CREATE, &arg, sizeof(arg), do_nothing));
	EXPECT_EQ(-1, faulting.acts);
	EXPECT(map_open(name, SYNCMAP_ACCESS_READ) >= 0);
}

#define VALUES	16
#define LARGE	(1 << 20)

static int large;

/* Somebody reads them, and as long as he does nothing is freed of one */
static void *delete_all(void *buffer)
{
	struct uffdio_zeropage zero = { .range = { PTR(buffer), PAGE } };
	long before = memory_available();
	struct uffd_msg msg;

	ASSERT_EQ(sizeof(msg), read(faulting.uffd, &msg, sizeof(msg)));
	for (__u64 key = 0; key < VALUES; key++)
		EXPECT_EQ(0, DO(large, DELETE, KEY_N(&key, 8)));
	memory_expect(before + VALUES * (LARGE >> 10), 4 * (LARGE >> 10));
	ASSERT_EQ(0, ioctl(faulting.uffd, UFFDIO_ZEROPAGE, &zero));
	return NULL;
}

static char *large_buffer;

/* Of VALUES large ones that are stored; whoever writes its first page waits */
static void set_up_large(size_t size)
{
	struct syncmap_limits limits = { .value_size = LARGE };
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register first = { .mode = UFFDIO_REGISTER_MODE_MISSING };
	char *value = calloc(1, LARGE);

	large = map_limited(SYNCMAP_KEY_U64, limits);
	for (__u64 key = 0; key < VALUES; key++)
		ASSERT_EQ(0, DO(large, STORE, KEY_N(&key, 8), VALUE_N(value, LARGE)));
	map_promote(large);
	large_buffer = mmap(NULL, size, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT(large_buffer != MAP_FAILED);
	faulting.uffd = syscall(SYS_userfaultfd, O_CLOEXEC);
	if (faulting.uffd < 0 || ioctl(faulting.uffd, UFFDIO_API, &api))
		test_skip("no userfaultfd");
	first.range.start = PTR(large_buffer);
	first.range.len = PAGE;
	ASSERT_EQ(0, ioctl(faulting.uffd, UFFDIO_REGISTER, &first));
	/* Not earlier: a huge page could reach into the first one */
	memset(large_buffer + PAGE, 1, size - PAGE);
}

TEST_LIMIT(values_of_a_range, 90)
{
	struct syncmap_range range = { .size = VALUES * (LARGE + PAGE) };
	pthread_t thread;

	set_up_large(range.size);
	ASSERT_EQ(0, pthread_create(&thread, NULL, delete_all, large_buffer));
	range.buffer = PTR(large_buffer);
	ASSERT_EQ(0, map_call(large, SYNCMAP_RANGE, &range));
	pthread_join(thread, NULL);
	/* The one that was being read; of the others nothing is left to read */
	EXPECT_EQ(1, range.count);
}

/* Loads that are looked up together, and all of them found */
TEST_LIMIT(values_of_a_batch, 90)
{
	__u64 keys[VALUES];
	struct syncmap_answer answers[VALUES];
	struct syncmap_op ops[VALUES];
	struct syncmap_batch batch = {
		.ops = PTR(ops), .op_size = sizeof(ops[0]), .count = VALUES,
	};
	pthread_t thread;

	set_up_large(LARGE);
	for (int i = 0; i < VALUES; i++) {
		keys[i] = i;
		ops[i] = (struct syncmap_op){
			.op = SYNCMAP_OP_LOAD, KEY_N(&keys[i], 8),
			OUT_N(large_buffer, LARGE), ANSWER(&answers[i]),
		};
	}
	ASSERT_EQ(0, pthread_create(&thread, NULL, delete_all, large_buffer));
	EXPECT_EQ(0, map_call(large, SYNCMAP_BATCH, &batch));
	pthread_join(thread, NULL);
	EXPECT_EQ(VALUES, batch.done);
	EXPECT_EQ(VALUES - 1, batch.failed);
	EXPECT_EQ(LARGE, answers[0].out_len);
	EXPECT_EQ(-ENOENT, answers[VALUES - 1].error.status);
	EXPECT_EQ(0, answers[VALUES - 1].result);
	EXPECT_EQ(0, answers[VALUES - 1].out_len);
}
