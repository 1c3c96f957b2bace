// SPDX-License-Identifier: GPL-2.0-only
/* Buffers for results: what an operation does not tell, it does not write */
#include <pthread.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "harness/map.h"

#define SIZE	(4 * PAGE)
#define STEP	4096

static int make_map(void)
{
	return map_limited(SYNCMAP_KEY_STRING, (struct syncmap_limits){
		.value_size = SIZE,
	});
}

static char *make_buffer(void)
{
	char *buffer = mmap(NULL, SIZE, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	ASSERT(buffer != MAP_FAILED);
	return buffer;
}

/* Another thread that uses the rest of the buffer, and finds what it wrote */
struct other {
	char		*buffer;
	unsigned int	lost;
	bool		stop;
};

static void *write_behind(void *arg)
{
	struct other *other = arg;

	for (char n = 0; !__atomic_load_n(&other->stop, __ATOMIC_RELAXED); n++) {
		volatile char *p = other->buffer;

		for (int i = STEP; i < SIZE; i += STEP)
			p[i] = n;
		for (int i = STEP; i < SIZE; i += STEP)
			other->lost += p[i] != n;
	}
	return NULL;
}

TEST(others_may_write_behind_the_result)
{
	struct other other = { .buffer = make_buffer() };
	int fd = make_map();
	pthread_t thread;

	ASSERT_EQ(0, pthread_create(&thread, NULL, write_behind, &other));
	for (unsigned int i = 0; i < test_times(5000); i++) {
		EXPECT_EQ(-ENOENT, DO(fd, LOAD_AND_DELETE, KEY("k"),
				      OUT_N(other.buffer, SIZE)));
		EXPECT_EQ(0, DO(fd, SWAP, KEY("s"), VALUE("value"),
				OUT_N(other.buffer, SIZE)));
		EXPECT_EQ(i ? 5 : 0, got.out_len);
	}
	__atomic_store_n(&other.stop, true, __ATOMIC_RELAXED);
	ASSERT_EQ(0, pthread_join(thread, NULL));
	EXPECT_EQ(0, other.lost);
}

/* Pages that are written to for the first time, and those of a file */
TEST(fresh_pages)
{
	char path[] = "/tmp/selftest-XXXXXX";
	int fd = make_map(), file = mkstemp(path);
	char *buffer = make_buffer();

	ASSERT(file >= 0);
	ASSERT_EQ(0, unlink(path) ?: ftruncate(file, SIZE));
	EXPECT_EQ(0, DO(fd, STORE, KEY("k"), VALUE("v")));
	EXPECT_EQ(0, DO(fd, SWAP, KEY("k"), VALUE("w"), OUT_N(buffer, SIZE)));
	EXPECT_MEM("v", 1, buffer, got.out_len);
	buffer = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	ASSERT(buffer != MAP_FAILED);
	EXPECT_EQ(0, DO(fd, SWAP, KEY("k"), VALUE("x"), OUT_N(buffer, SIZE)));
	EXPECT_MEM("w", 1, buffer, got.out_len);
	/* There is no page behind the end of a file */
	ASSERT_EQ(0, ftruncate(file, PAGE));
	EXPECT_EQ(-EFAULT, DO(fd, SWAP, KEY("k"), VALUE("y"),
			      OUT_N(buffer, SIZE)));
	EXPECT_EQ(0, DO(fd, LOAD, KEY("k"), OUT_N(buffer, PAGE)));
	EXPECT_MEM("x", 1, buffer, got.out_len);
}

/* A buffer on a stack that has not been so deep yet */
static __attribute__((noinline)) void swap_on_stack(int fd)
{
	char out[SIZE];

	EXPECT_EQ(0, DO(fd, SWAP, KEY("k"), VALUE("w"), OUT(out)));
	EXPECT_MEM("v", 1, out, got.out_len);
}

TEST(a_stack_grows)
{
	int fd = make_map();

	EXPECT_EQ(0, DO(fd, STORE, KEY("k"), VALUE("v")));
	swap_on_stack(fd);
}
