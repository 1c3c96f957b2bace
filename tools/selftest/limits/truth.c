// SPDX-License-Identifier: GPL-2.0-only
/* Entries take no more memory than they count as, whatever they look like */
#include <unistd.h>

#include "harness/map.h"
#include "harness/memory.h"

#define MIB	1024	/* in KiB */

struct shape {
	const char	*name;
	unsigned int	key;
	unsigned int	value;
	unsigned int	count;
	__u64		deadline;
	unsigned int	pieces;		/* that the value is appended in */
};

/* Of size classes of the allocator the least that does not fit below */
static const struct shape shapes[] = {
	{ "numbers", 8, 8, 100000, 0, 1 },
	{ "numbers that end", 8, 8, 50000, SYNCMAP_NEVER - 1, 1 },
	{ "17 bytes", 8, 17, 50000, 0, 1 },
	{ "81 bytes", 8, 81, 50000, 0, 1 },
	{ "465 bytes", 8, 465, 30000, 0, 1 },
	{ "4049 bytes", 8, 4049, 5000, 0, 1 },
	{ "8145 bytes", 8, 8145, 2500, 0, 1 },
	{ "65 KiB", 8, 66000, 300, 0, 1 },
	{ "keys of 21 bytes", 21, 1, 100000, 0, 1 },
	{ "keys of 501 bytes", 501, 1, 20000, 0, 1 },
	{ "keys of 4096 bytes", 4096, 1, 3000, 0, 1 },
	/* Which just fits */
	{ "keys of 500 bytes", 500, 1, 20000, 0, 1 },
	{ "logs", 8, 33000, 500, 0, 3 },
};

static void store(int fd, const struct shape *shape, unsigned int n)
{
	static char key[4096], value[1 << 17];
	unsigned int piece = shape->value / shape->pieces;

	memcpy(key, &n, sizeof(n));
	if (shape->pieces == 1)
		ASSERT_EQ(0, DO(fd, STORE, KEY_N(key, shape->key),
				VALUE_N(value, piece),
				.deadline = shape->deadline));
	for (unsigned int i = 0; shape->pieces > 1 && i < shape->pieces; i++)
		ASSERT_EQ(0, DO(fd, APPEND, KEY_N(key, shape->key),
				VALUE_N(value, piece),
				.deadline = shape->deadline));
}

static int make(const struct shape *shape)
{
	return map_limited(shape->key == 8 ? SYNCMAP_KEY_U64 : SYNCMAP_KEY_BYTES,
			   (struct syncmap_limits){
		.key_size = shape->key, .value_size = 1 << 17,
	});
}

/*
 * Old tables are freed in the background: the smallest of some looks counts, and of
 * many while it is more than @most
 */
static long taken(long before, long most)
{
	long least = before - memory_available();

	for (int i = 0; i < 20 || (least > most && i < 1200); i++) {
		long now = before - memory_available();

		if (now < least)
			least = now;
		usleep(50000);
	}
	return least;
}

/* KiB that what counts as so many bytes may take */
static long at_most(__u64 bytes)
{
	long counted = bytes >> 10;

	return counted + counted / 10 + MIB;
}

static void expect_truth(const struct shape *shape)
{
	int fd = make(shape);
	long before = memory_settled(), counted, real;
	__u64 count = map_system().user_bytes;

	for (unsigned int n = 0; n < test_times(shape->count); n++)
		store(fd, shape, n);
	count = map_system().user_bytes - count;
	real = taken(before, at_most(count));
	counted = count >> 10;
	test_context("%s", shape->name);
	test_note("%s: %ld of %ld KiB, %ld %%", shape->name, real, counted,
		  100 * real / counted);
	EXPECT(real <= at_most(count));
	/* Nor do they count as much more than they may take, while tables grow */
	EXPECT(2 * real + MIB >= counted);
	map_clear(fd);
	close(fd);
}

TEST_LIMIT(entries, 300)
{
	for (size_t i = 0; i < ARRAY_SIZE(shapes); i++)
		expect_truth(&shapes[i]);
}

TEST(maps)
{
	long before = memory_settled(), counted, real;
	__u64 count = map_system().user_bytes;
	char name[64];

	for (int i = 0; i < 1000; i++) {
		int fd;

		snprintf(name, sizeof(name), TEST_NAME "%d", i);
		fd = map_create(name, SYNCMAP_KEY_U64, NULL, 0600);
		ASSERT(fd >= 0);
		close(fd);
	}
	count = map_system().user_bytes - count;
	real = taken(before, at_most(count));
	counted = count >> 10;
	test_note("%ld of %ld KiB, %ld %%", real, counted, 100 * real / counted);
	EXPECT(real <= at_most(count));
}
