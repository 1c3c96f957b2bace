// SPDX-License-Identifier: GPL-2.0-only
/* libsyncmap in a process that has no memory left: an error, and nothing done */
#include <libsyncmap.h>
#include <sys/resource.h>
#include <unistd.h>

#include "harness/map.h"
#include "harness/stats.h"

#define NAME	TEST_NAME "library"
#define OTHER	TEST_NAME "none"

/* To the last byte; returns what free_memory() gives back */
static void **use_up_memory(void)
{
	const struct rlimit none = { };
	void **last = NULL, **next;

	ASSERT_EQ(0, setrlimit(RLIMIT_DATA, &none));
	ASSERT_EQ(0, setrlimit(RLIMIT_AS, &none));
	while ((next = malloc(sizeof(*next)))) {
		*next = last;
		last = next;
	}
	return last;
}

static void free_memory(void **last)
{
	while (last) {
		void **next = *last;

		free(last);
		last = next;
	}
}

/* The lowest that is free */
static int next_fd(void)
{
	int fd = dup(STDIN_FILENO);

	ASSERT(fd >= 0);
	close(fd);
	return fd;
}

static int show_entry(const struct libsyncmap_record *entry, void *arg)
{
	(void)entry;
	(void)arg;
	return 1;
}

static int show_map(const struct syncmap_map_info *info, void *arg)
{
	(void)info;
	(void)arg;
	return 1;
}

TEST(nothing_is_done)
{
	struct libsyncmap *map, *maps[4];
	struct libsyncmap_watch *watch;
	int errs[7], fd, next;
	void **memory;
	__u32 n;

	ASSERT_EQ(0, libsyncmap_create(NAME, SYNCMAP_KEY_STRING, NULL, 0600,
				       &map));
	ASSERT_EQ(0, libsyncmap_store(map, "key", 3, "value", 5, NULL));
	n = map_system().maps;
	fd = dup(libsyncmap_fd(map));
	next = next_fd();
	memory = use_up_memory();
	errs[0] = libsyncmap_create(OTHER, SYNCMAP_KEY_U64, NULL, 0600,
				    &maps[0]);
	errs[1] = libsyncmap_open(NAME, SYNCMAP_ACCESS_READ, &maps[1]);
	errs[2] = libsyncmap_restrict(map, SYNCMAP_ACCESS_READ, &maps[2]);
	errs[3] = libsyncmap_from_fd(fd, &maps[3]);
	errs[4] = libsyncmap_watch_open(map, NULL, 0, &watch);
	errs[5] = libsyncmap_range(map, 0, show_entry, NULL);
	errs[6] = libsyncmap_list(0, 0, show_map, NULL);
	free_memory(memory);
	for (size_t i = 0; i < ARRAY_SIZE(errs); i++) {
		test_context("call %zu", i);
		EXPECT_EQ(-ENOMEM, errs[i]);
		EXPECT(i >= ARRAY_SIZE(maps) || !maps[i]);
	}
	EXPECT(!watch);
	EXPECT_EQ(-ENOENT, libsyncmap_remove(OTHER));
	EXPECT_EQ(n, map_system().maps);
	EXPECT_EQ(0, map_stat(fd, "watchers"));
	EXPECT_EQ(next, next_fd());
	EXPECT_EQ(1, map_count(fd));
	EXPECT_EQ(0, libsyncmap_load(map, "key", 3, NULL));
}
