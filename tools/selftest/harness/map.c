// SPDX-License-Identifier: GPL-2.0-only
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "map.h"
#include "record.h"

struct syncmap_answer got;

static int control = -1;

int map_call(int fd, unsigned long command, void *arg)
{
	return ioctl(fd, command, arg) ? -errno : 0;
}

int map_op(int fd, struct syncmap_op op)
{
	int ret;

	memset(&got, 0xff, sizeof(got));
	op.answer = PTR(&got);
	op.answer_size = sizeof(got);
	ret = map_call(fd, SYNCMAP_OP, &op);
	if (ret != -EFAULT)
		EXPECT_EQ(ret, got.error.status);
	return ret;
}

int map_control(void)
{
	if (control < 0)
		control = open(SYNCMAP_DEVICE, O_RDWR | O_CLOEXEC);
	ASSERT(control >= 0);
	return control;
}

int map_create(const char *name, __u32 type, const struct syncmap_limits *limits,
	       __u32 mode)
{
	struct syncmap_create arg = { .key_type = type, .mode = mode };
	int ret;

	if (name)
		memcpy(arg.name, name, strnlen(name, sizeof(arg.name)));
	if (limits)
		arg.limits = *limits;
	ret = map_call(map_control(), SYNCMAP_CREATE, &arg);
	return ret ?: arg.fd;
}

int map_private(__u32 type)
{
	return map_limited(type, (struct syncmap_limits){ });
}

int map_expiring(__u32 type, __u64 ttl, __u64 stale)
{
	struct syncmap_create arg = {
		.key_type = type, .mode = 0600, .ttl = ttl, .stale = stale,
	};

	ASSERT_EQ(0, map_call(map_control(), SYNCMAP_CREATE, &arg));
	return arg.fd;
}

void map_expect_create(struct syncmap_create arg, int err, __u32 limited,
		       __u64 used, __u64 limit)
{
	EXPECT_EQ(err, map_call(map_control(), SYNCMAP_CREATE, &arg));
	EXPECT_EQ(limited, arg.error.limited);
	EXPECT_EQ(used, arg.error.used);
	EXPECT_EQ(limit, arg.error.limit);
}

__u64 map_now(void)
{
	struct timespec ts;

	ASSERT_EQ(0, clock_gettime(CLOCK_BOOTTIME, &ts));
	return ts.tv_sec * SECOND + ts.tv_nsec;
}

int map_limited(__u32 type, struct syncmap_limits limits)
{
	int fd = map_create(NULL, type, &limits, 0600);

	ASSERT(fd >= 0);
	return fd;
}

int map_open(const char *name, __u32 access)
{
	struct syncmap_open arg = { .access = access };
	int ret;

	memcpy(arg.name, name, strnlen(name, sizeof(arg.name)));
	ret = map_call(map_control(), SYNCMAP_OPEN, &arg);
	return ret ?: arg.fd;
}

int map_remove(const char *name)
{
	struct syncmap_remove arg = { };

	memcpy(arg.name, name, strnlen(name, sizeof(arg.name)));
	return map_call(map_control(), SYNCMAP_REMOVE, &arg);
}

int map_by_hand(int fd)
{
	struct syncmap_map_info info = map_info(fd);
	char path[128];
	int file;

	snprintf(path, sizeof(path), MAP_DEBUGFS "#%llu/control", info.id);
	if (access(MAP_DEBUGFS, F_OK))
		test_skip("no debugfs at " MAP_DEBUGFS);
	file = open(path, O_WRONLY | O_CLOEXEC);
	ASSERT(file >= 0);
	return file;
}

void map_promote(int fd)
{
	int file = map_by_hand(fd);

	ASSERT_EQ(7, write(file, "promote", 7));
	close(file);
}

void map_clear(int fd)
{
	struct syncmap_clear arg = { .flags = SYNCMAP_CLEAR_WAIT };

	ASSERT_EQ(0, map_call(fd, SYNCMAP_CLEAR, &arg));
}

struct syncmap_info map_system(void)
{
	struct syncmap_info info = { };

	ASSERT_EQ(0, map_call(map_control(), SYNCMAP_INFO, &info));
	return info;
}

struct syncmap_map_info map_info(int fd)
{
	struct syncmap_map_info info = { };

	ASSERT_EQ(0, map_call(fd, SYNCMAP_MAP_INFO, &info));
	return info;
}

__u64 map_count(int fd)
{
	return map_info(fd).count;
}

void map_expect_bytes(int fd, __u64 want)
{
	AWAIT(map_info(fd).bytes == want);
	EXPECT_EQ(want, map_info(fd).bytes);
}

__u64 map_overhead(void)
{
	return map_system().entry_overhead;
}

void map_fill(int fd, __u64 from, __u64 to)
{
	for (__u64 n = from; n < to; n++)
		ASSERT_EQ(0, DO(fd, STORE, KEY_N(&n, 8), VALUE_N(&n, 8)));
}

void map_walk(int fd, __u32 flags, __u32 size,
	      void (*fn)(const struct syncmap_record *record, void *arg),
	      void *arg)
{
	struct syncmap_range range = { .size = size, .flags = flags };
	char *buffer = aligned_alloc(8, (size + 7) & ~7U);

	range.buffer = PTR(buffer);
	while (range.cursor != SYNCMAP_END) {
		const struct syncmap_record *record;
		size_t at = 0;
		__u32 n = 0;

		ASSERT_EQ(0, map_call(fd, SYNCMAP_RANGE, &range));
		ASSERT(range.used <= size);
		while ((record = record_next(buffer, range.used, &at))) {
			EXPECT_EQ(SYNCMAP_RECORD_ENTRY, record->type);
			EXPECT_EQ(!(flags & SYNCMAP_RANGE_KEYS_ONLY),
				  !!record_value(record));
			fn(record, arg);
			n++;
		}
		ASSERT_EQ(range.count, n);
	}
	free(buffer);
}

/* Returns how many there are that are not of tests */
static __u32 remove_all(void)
{
	struct syncmap_map_info infos[16];
	struct syncmap_list list = {
		.buffer = PTR(infos), .entry_size = sizeof(infos[0]),
		.capacity = ARRAY_SIZE(infos),
	};
	__u32 others = 0;

	while (list.cursor != SYNCMAP_END) {
		if (map_call(map_control(), SYNCMAP_LIST, &list))
			break;
		for (__u32 i = 0; i < list.count; i++) {
			if (strncmp(infos[i].name, TEST_NAME, strlen(TEST_NAME)))
				others++;
			else
				map_remove(infos[i].name);
		}
	}
	return others;
}

/*
 * The next test has no descriptor that it did not open itself, and its user no
 * maps that are still being freed, which would count when it begins
 */
void test_tidy(void)
{
	__u32 others;

	if (access(SYNCMAP_DEVICE, F_OK))
		return;
	others = remove_all();
	AWAIT(map_system().user_maps <= others);
	close(control);
	control = -1;
}

void map_expect_pages(const unsigned char *base, __u64 size, __u64 step)
{
	unsigned char byte;

	for (__u64 at = 0; at < size; at += step) {
		byte = *(const volatile unsigned char *)(base + at);
		EXPECT(!byte || at < size / 4 * 3);
	}
}

void map_set_clock(long long seconds)
{
	static const char offsets[] = "/proc/self/timens_offsets";
	char text[64];

	if (access(offsets, F_OK))
		test_skip("a kernel without CONFIG_TIME_NS");
	ASSERT_EQ(0, unshare(CLONE_NEWTIME));
	snprintf(text, sizeof(text), "boottime %lld 0\n", seconds);
	ASSERT(test_try_write(offsets, text));
}
