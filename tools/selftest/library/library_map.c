// SPDX-License-Identifier: GPL-2.0-only
/* libsyncmap against the module: maps, their descriptors, and all their entries */
#include <fcntl.h>
#include <libsyncmap.h>
#include <stddef.h>
#include <unistd.h>

#include "harness/map.h"
#include "harness/stats.h"

#define NAME	TEST_NAME "library"
#define K	"key", 3

static struct libsyncmap *create(enum syncmap_key_type type,
				 const struct syncmap_limits *limits)
{
	struct libsyncmap *map = NULL;

	ASSERT_EQ(0, libsyncmap_create(NAME, type, limits, 0600, &map));
	ASSERT(map);
	return map;
}

TEST(maps)
{
	struct libsyncmap *map = create(SYNCMAP_KEY_STRING, NULL), *other;
	struct syncmap_map_info info;
	uint64_t count;

	EXPECT_EQ(-EEXIST, libsyncmap_create(NAME, SYNCMAP_KEY_U64, NULL, 0600,
					     &other));
	EXPECT_EQ(-EINVAL, libsyncmap_create("a/b", SYNCMAP_KEY_U64, NULL, 0600,
					     &other));
	EXPECT_EQ(-ENOENT, libsyncmap_open("nobody", SYNCMAP_ACCESS_READ,
					   &other));
	EXPECT_EQ(0, libsyncmap_info(map, &info, sizeof(info)));
	EXPECT_EQ(0, strcmp(NAME, info.name));
	EXPECT_EQ(0600, info.mode);
	EXPECT_EQ(0, libsyncmap_store(map, K, "value", 5, NULL));
	EXPECT_EQ(0, libsyncmap_count(map, &count));
	EXPECT_EQ(1, count);

	EXPECT_EQ(0, libsyncmap_open(NAME, SYNCMAP_ACCESS_READ, &other));
	EXPECT_EQ(0, libsyncmap_load(other, K, NULL));
	EXPECT_EQ(-EBADF, libsyncmap_store(other, K, "value", 5, NULL));
	libsyncmap_close(other);
	EXPECT_EQ(0, libsyncmap_remove(NAME));
	EXPECT_EQ(-ENOENT, libsyncmap_remove(NAME));
	EXPECT_EQ(0, libsyncmap_load(map, K, NULL));
	libsyncmap_close(map);
	libsyncmap_close(NULL);
}

TEST(long_names)
{
	char name[200];
	struct libsyncmap *map;

	memset(name, 'x', sizeof(name));
	name[199] = '\0';
	EXPECT_EQ(-ENAMETOOLONG, libsyncmap_create(name, SYNCMAP_KEY_U64, NULL,
						   0600, &map));
	EXPECT_EQ(-ENAMETOOLONG, libsyncmap_open(name, SYNCMAP_ACCESS_READ,
						 &map));
	EXPECT_EQ(-ENAMETOOLONG, libsyncmap_remove(name));
}

TEST(descriptors)
{
	struct libsyncmap *map = create(SYNCMAP_KEY_STRING, NULL), *other;
	int fd = libsyncmap_fd(map), null = open("/dev/null", O_RDWR);

	EXPECT_EQ(FD_CLOEXEC, fcntl(fd, F_GETFD));
	EXPECT_EQ(0, libsyncmap_from_fd(dup(fd), &other));
	EXPECT_EQ(0, libsyncmap_store(other, K, "value", 5, NULL));
	EXPECT_EQ(0, libsyncmap_load(map, K, NULL));
	libsyncmap_close(other);
	EXPECT_EQ(0, libsyncmap_load(map, K, NULL));
	EXPECT_EQ(-ENOTTY, libsyncmap_from_fd(null, &other));
	EXPECT_EQ(0, close(null));
	EXPECT_EQ(-EBADF, libsyncmap_from_fd(null, &other));
}

TEST(private_map)
{
	__u32 maps = map_system().maps;
	struct libsyncmap *map;

	EXPECT_EQ(0, libsyncmap_create(NULL, SYNCMAP_KEY_U64, NULL, 0600, &map));
	EXPECT_EQ(maps + 1, map_system().maps);
	libsyncmap_close(map);
	EXPECT_EQ(maps, map_system().maps);
}

/* All that the kernel tells; @named has the name, of @fd */
static void publish_with(const struct libsyncmap *map, int named)
{
	struct syncmap_publish params = { .fd = named, .name = NAME "-2" };
	__u64 id = map_info(named).id;

	EXPECT_EQ(-ESTALE, libsyncmap_publish_with(&params, sizeof(params)));
	EXPECT_EQ(-ESTALE, params.error.status);
	EXPECT_EQ(offsetof(struct syncmap_publish, fd), params.error.field);
	params = (struct syncmap_publish){
		.fd = libsyncmap_fd(map), .name = NAME,
		.flags = SYNCMAP_PUBLISH_REPLACE, .id = id + 1,
	};
	EXPECT_EQ(-ESTALE, libsyncmap_publish_with(&params, sizeof(params)));
	EXPECT_EQ(offsetof(struct syncmap_publish, id), params.error.field);
	params.id = id;
	EXPECT_EQ(0, libsyncmap_publish_with(&params, sizeof(params)));
	EXPECT_EQ(id, params.replaced);
}

TEST(published)
{
	struct libsyncmap *old, *new;
	struct syncmap_map_info info;

	EXPECT_EQ(0, libsyncmap_create(NULL, SYNCMAP_KEY_U64, NULL, 0600, &old));
	EXPECT_EQ(0, libsyncmap_create(NULL, SYNCMAP_KEY_U64, NULL, 0600, &new));
	EXPECT_EQ(0, libsyncmap_publish(old, NAME, 0, 0));
	EXPECT_EQ(-ESTALE, libsyncmap_publish(old, NAME "-2", 0, 0));
	EXPECT_EQ(-EEXIST, libsyncmap_publish(new, NAME, 0, 0));
	EXPECT_EQ(0, libsyncmap_info(old, &info, sizeof(info)));
	EXPECT_EQ(-EINVAL, libsyncmap_publish(new, NAME, 0, info.id));
	EXPECT_EQ(-ESTALE, libsyncmap_publish(new, NAME, SYNCMAP_PUBLISH_REPLACE,
					      info.id + 1));
	EXPECT_EQ(0, libsyncmap_publish(new, NAME, SYNCMAP_PUBLISH_REPLACE,
					info.id));
	EXPECT_EQ(0, libsyncmap_info(old, &info, sizeof(info)));
	EXPECT_EQ(SYNCMAP_MAP_REMOVED, info.state);
	EXPECT_EQ(-ENAMETOOLONG, libsyncmap_publish(old, "0123456789012345678901"
			"0123456789012345678901234567890123456789012", 0, 0));
	publish_with(old, libsyncmap_fd(new));
	EXPECT_EQ(0, libsyncmap_remove(NAME));
	libsyncmap_close(old);
	libsyncmap_close(new);
}

static int count_entry(const struct libsyncmap_record *entry, void *arg)
{
	unsigned int *n = arg;
	uint64_t key;

	EXPECT_EQ(8, entry->key_len);
	memcpy(&key, entry->key, 8);
	EXPECT_EQ(100 * key, entry->value_len);
	EXPECT_EQ(SYNCMAP_NEVER, entry->expires);
	EXPECT(entry->revision);
	return ++*n == 1000 ? 7 : 0;
}

static int want_no_value(const struct libsyncmap_record *entry, void *arg)
{
	EXPECT(!entry->value);
	++*(unsigned int *)arg;
	return 0;
}

/* Up to values that no first guess at a buffer has room for */
TEST(range)
{
	struct syncmap_limits limits = { .value_size = 1 << 20 };
	struct libsyncmap *map = create(SYNCMAP_KEY_U64, &limits);
	static char value[100 * 4000];
	unsigned int n = 0;
	uint64_t key;

	for (key = 0; key < 200; key++)
		EXPECT_EQ(0, libsyncmap_store(map, &key, 8, value, 100 * key,
					      NULL));
	key = 4000;
	EXPECT_EQ(0, libsyncmap_store(map, &key, 8, value, 100 * key, NULL));
	EXPECT_EQ(0, libsyncmap_range(map, 0, count_entry, &n));
	EXPECT_EQ(201, n);
	n = 990;
	EXPECT_EQ(7, libsyncmap_range(map, 0, count_entry, &n));
	EXPECT_EQ(1000, n);
	n = 0;
	EXPECT_EQ(0, libsyncmap_range(map, SYNCMAP_RANGE_KEYS_ONLY,
				      want_no_value, &n));
	EXPECT_EQ(201, n);
	EXPECT_EQ(0, libsyncmap_clear(map, 0));
	EXPECT_EQ(0, libsyncmap_range(map, 0, count_entry, &n));
	EXPECT_EQ(201, n);
}

static int note_flags(const struct libsyncmap_record *entry, void *arg)
{
	*(unsigned int *)arg = entry->flags;
	return 0;
}

TEST(range_tells_what_is_owned)
{
	const struct libsyncmap_options owned = { .flags = SYNCMAP_FLAG_OWNED };
	struct libsyncmap *map = create(SYNCMAP_KEY_STRING, NULL);
	unsigned int flags;

	EXPECT_EQ(0, libsyncmap_store_with(map, "k", 1, "v", 1, &owned, NULL));
	EXPECT_EQ(0, libsyncmap_range(map, 0, note_flags, &flags));
	EXPECT_EQ(SYNCMAP_RECORD_VALUE | SYNCMAP_RECORD_OWNED, flags);
	EXPECT_EQ(0, libsyncmap_store(map, "k", 1, "v", 1, NULL));
	EXPECT_EQ(0, libsyncmap_range(map, SYNCMAP_RANGE_KEYS_ONLY, note_flags,
				      &flags));
	EXPECT_EQ(0, flags);
}

static int find_map(const struct syncmap_map_info *info, void *arg)
{
	*(int *)arg += !strcmp(NAME, info->name);
	return 0;
}

static int stop(const struct syncmap_map_info *info, void *arg)
{
	(void)info, (void)arg;
	return 5;
}

static int count_stat(const struct syncmap_stat *stat, void *arg)
{
	(void)stat;
	++*(unsigned int *)arg;
	return 0;
}

static int find_stat(const struct syncmap_stat *stat, void *arg)
{
	return strcmp(stat->name, arg) ? 0 : 5;
}

TEST(list_and_info)
{
	struct libsyncmap *map = create(SYNCMAP_KEY_STRING, NULL);
	struct syncmap_info info, want = map_system();
	uint64_t value = 0;
	unsigned int n = 0;
	int found = 0;

	EXPECT_EQ(0, libsyncmap_list(0, 0, find_map, &found));
	EXPECT_EQ(1, found);
	EXPECT_EQ(5, libsyncmap_list(0, 0, stop, NULL));
	EXPECT_EQ(0, libsyncmap_system_info(&info, sizeof(info)));
	EXPECT_MEM(&want, sizeof(want), &info, sizeof(info));
	EXPECT_EQ(0, libsyncmap_store(map, K, "value", 5, NULL));
	EXPECT_EQ(0, libsyncmap_stats(map, count_stat, &n));
	EXPECT_EQ(stats_get(libsyncmap_fd(map)).count, n);
	EXPECT_EQ(5, libsyncmap_stats(map, find_stat, "events"));
	EXPECT_EQ(0, libsyncmap_stat(map, "count", &value));
	EXPECT_EQ(1, value);
	EXPECT_EQ(-ENOENT, libsyncmap_stat(map, "coun", &value));
	EXPECT_EQ(-ENOENT, libsyncmap_stat(map, "", &value));
}
