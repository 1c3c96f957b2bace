// SPDX-License-Identifier: GPL-2.0-only
/* SYNCMAP_LIST: each map once, in as many calls as it takes */
#include <sys/mman.h>
#include <unistd.h>

#include "harness/command.h"

TEST(bad_list)
{
	const struct command *list = &commands[COMMAND_LIST];
	struct fixture fixture;
	union argument arg;

	command_set_up(&fixture);
	arg = *list->good;
	arg.list.capacity = 0;
	EXPECT_EQ(-EINVAL, command_call(&fixture, list, list->number, &arg));
	arg = *list->good;
	arg.list.entry_size = 0;
	EXPECT_EQ(-EINVAL, command_call(&fixture, list, list->number, &arg));
	arg = *list->good;
	arg.list.entry_size = sizeof(struct syncmap_map_info) - 1;
	EXPECT_EQ(-EINVAL, command_call(&fixture, list, list->number, &arg));
	arg = *list->good;
	arg.list.entry_size = 4097;
	EXPECT_EQ(-EINVAL, command_call(&fixture, list, list->number, &arg));
	command_expect_unchanged(&fixture);
}

TEST(list_longer_elements)
{
	static const unsigned int more = 24;
	size_t size = sizeof(struct syncmap_map_info) + more;
	struct syncmap_list list = {
		.entry_size = size, .capacity = 8,
	};
	char buffer[8 * size];
	struct fixture fixture;

	command_set_up(&fixture);
	memset(buffer, 0xee, sizeof(buffer));
	list.buffer = PTR(buffer);
	ASSERT_EQ(0, map_call(map_control(), SYNCMAP_LIST, &list));
	ASSERT(list.count >= 1 && list.count <= 8);
	for (__u32 i = 0; i < list.count; i++) {
		const struct syncmap_map_info *info = (void *)(buffer + i * size);
		const char *tail = (const char *)(info + 1);

		EXPECT(info->name[0]);
		EXPECT_EQ(0, info->access);
		for (unsigned int j = 0; j < more; j++)
			EXPECT_EQ(0, tail[j]);
	}
}

static int list_names(const char *prefix, __u32 capacity)
{
	struct syncmap_map_info infos[capacity];
	struct syncmap_list list = {
		.buffer = PTR(infos), .entry_size = sizeof(infos[0]),
		.capacity = capacity,
	};
	int n = 0;

	while (list.cursor != SYNCMAP_END) {
		ASSERT_EQ(0, map_call(map_control(), SYNCMAP_LIST, &list));
		ASSERT(list.count <= capacity);
		for (__u32 i = 0; i < list.count; i++)
			n += !strncmp(infos[i].name, prefix, strlen(prefix));
	}
	return n;
}

TEST(list_shows_each_once)
{
	const int n = 100;
	char name[32];

	for (int i = 0; i < n; i++) {
		int fd;

		snprintf(name, sizeof(name), TEST_NAME "list-%d", i);
		fd = map_create(name, SYNCMAP_KEY_U64, NULL, 0600);
		ASSERT(fd >= 0);
		close(fd);
	}
	for (__u32 capacity = 1; capacity <= 256; capacity *= 4) {
		test_context("%u at a time", capacity);
		EXPECT_EQ(n, list_names(TEST_NAME "list-", capacity));
	}
	for (int i = 0; i < n; i++) {
		snprintf(name, sizeof(name), TEST_NAME "list-%d", i);
		EXPECT_EQ(0, map_remove(name));
	}
	EXPECT_EQ(0, list_names(TEST_NAME "list-", 16));
}

/* The array ends behind the first element */
TEST(fault_on_the_way)
{
	const size_t size = sizeof(struct syncmap_map_info);
	char *pages = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct syncmap_list list = {
		.buffer = PTR(pages) + PAGE - size, .entry_size = size,
		.capacity = 1,
	};
	char name[32];
	__u64 cursor;

	ASSERT(pages != MAP_FAILED);
	ASSERT_EQ(0, munmap(pages + PAGE, PAGE));
	for (int i = 0; i < 32; i++) {
		snprintf(name, sizeof(name), TEST_NAME "fault-%d", i);
		ASSERT(map_create(name, SYNCMAP_KEY_U64, NULL, 0600) >= 0);
	}
	ASSERT_EQ(0, map_call(map_control(), SYNCMAP_LIST, &list));
	EXPECT_EQ(1, list.count);
	cursor = list.cursor;
	list.capacity = 100;
	EXPECT_EQ(-EFAULT, map_call(map_control(), SYNCMAP_LIST, &list));
	EXPECT_EQ(-EFAULT, list.error.status);
	EXPECT_EQ(0, list.count);
	EXPECT_EQ(cursor, list.cursor);
}

/* It goes through the maps by their hashes, which nobody is to know */
TEST(cursor_tells_no_order)
{
	const int n = 32;
	struct syncmap_map_info info;
	struct syncmap_list list = {
		.buffer = PTR(&info), .entry_size = sizeof(info), .capacity = 1,
	};
	int higher = 0, lower = 0;
	char name[32];
	__u64 last;

	for (int i = 0; i < n; i++) {
		snprintf(name, sizeof(name), TEST_NAME "order-%d", i);
		ASSERT(map_create(name, SYNCMAP_KEY_U64, NULL, 0600) >= 0);
	}
	do {
		last = list.cursor;
		ASSERT_EQ(0, map_call(map_control(), SYNCMAP_LIST, &list));
		higher += list.cursor > last;
		lower += list.cursor < last;
	} while (list.cursor != SYNCMAP_END);
	EXPECT(higher >= n / 8);
	EXPECT(lower >= n / 8);
}
