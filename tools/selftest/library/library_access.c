// SPDX-License-Identifier: GPL-2.0-only
/* libsyncmap: who may do less than others, and when nobody may write any more */
#include <libsyncmap.h>
#include <sys/socket.h>
#include <unistd.h>

#include "harness/map.h"
#include "harness/passing.h"

#define READ	SYNCMAP_ACCESS_READ
#define WRITE	SYNCMAP_ACCESS_WRITE
#define ADMIN	SYNCMAP_ACCESS_ADMIN
#define K	"key", 3
#define V	"value", 5

static struct libsyncmap *create_private(void)
{
	struct libsyncmap *map = NULL;

	ASSERT_EQ(0, libsyncmap_create("", SYNCMAP_KEY_STRING, NULL, 0600,
				       &map));
	return map;
}

static struct libsyncmap *restricted(struct libsyncmap *map, unsigned int to)
{
	struct libsyncmap *less = NULL;
	struct syncmap_map_info info;

	ASSERT_EQ(0, libsyncmap_restrict(map, to, &less));
	ASSERT_EQ(0, libsyncmap_info(less, &info, sizeof(info)));
	EXPECT_EQ(to, info.access);
	EXPECT(libsyncmap_fd(less) != libsyncmap_fd(map));
	return less;
}

TEST(restrict_to_less)
{
	struct libsyncmap *map = create_private(), *other;
	struct libsyncmap *reader = restricted(map, READ);
	struct libsyncmap *writer = restricted(map, WRITE);

	EXPECT_EQ(0, libsyncmap_store(writer, K, V, NULL));
	EXPECT_EQ(-EBADF, libsyncmap_load(writer, K, NULL));
	EXPECT_EQ(0, libsyncmap_load(reader, K, NULL));
	EXPECT_EQ(-EBADF, libsyncmap_store(reader, K, V, NULL));
	EXPECT_EQ(-EBADF, libsyncmap_delete(reader, K, NULL));
	EXPECT_EQ(-EBADF, libsyncmap_clear(reader, 0));
	other = map;
	EXPECT_EQ(-EBADF, libsyncmap_restrict(reader, WRITE, &other));
	EXPECT(!other);
	EXPECT_EQ(-EBADF, libsyncmap_restrict(reader, READ | WRITE, &other));
	EXPECT_EQ(-EBADF, libsyncmap_restrict(reader, ADMIN, &other));
	EXPECT_EQ(-EINVAL, libsyncmap_restrict(reader, 0, &other));
	EXPECT_EQ(-EOPNOTSUPP, libsyncmap_restrict(map, 8, &other));
	libsyncmap_close(restricted(reader, READ));
	/* As if the map had been opened again: each stays when others go */
	libsyncmap_close(writer);
	libsyncmap_close(map);
	EXPECT_EQ(0, libsyncmap_load(reader, K, NULL));
	libsyncmap_close(reader);
}

TEST(what_is_owned_goes_with_its_own)
{
	const struct libsyncmap_options owned = { .flags = SYNCMAP_FLAG_OWNED };
	struct libsyncmap *map = create_private();
	struct libsyncmap *writer = restricted(map, WRITE);

	EXPECT_EQ(0, libsyncmap_store_with(writer, K, V, &owned, NULL));
	EXPECT_EQ(0, libsyncmap_load(map, K, NULL));
	libsyncmap_close(writer);
	EXPECT_EQ(-ENOENT, libsyncmap_load(map, K, NULL));
	libsyncmap_close(map);
}

static void read_only(int n, void *arg)
{
	int fd = receive_fd(*(int *)arg);
	struct libsyncmap *map;
	char value[8];
	struct libsyncmap_result result = {
		.buffer = value, .size = sizeof(value),
	};

	(void)n;
	ASSERT_EQ(0, libsyncmap_from_fd(fd, &map));
	EXPECT_EQ(0, libsyncmap_load(map, K, &result));
	EXPECT_MEM("value", 5, value, result.len);
	EXPECT_EQ(-EBADF, libsyncmap_store(map, K, V, NULL));
	libsyncmap_close(map);
}

TEST(restrict_and_pass_on)
{
	struct libsyncmap *map = create_private();
	struct libsyncmap *reader = restricted(map, READ);
	int sockets[2];
	pid_t pid;

	ASSERT_EQ(0, libsyncmap_store(map, K, V, NULL));
	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, sockets));
	pid = test_fork(read_only, 0, &sockets[1]);
	pass_fd(sockets[0], libsyncmap_fd(reader));
	test_wait(pid);
	libsyncmap_close(reader);
	libsyncmap_close(map);
}

TEST(freeze)
{
	struct libsyncmap *map = create_private();
	struct libsyncmap *reader = restricted(map, READ);
	struct libsyncmap *user = restricted(map, READ | WRITE);
	struct libsyncmap *admin = restricted(map, ADMIN);
	struct libsyncmap_result result = { };
	struct syncmap_map_info info;
	uint64_t token;

	EXPECT_EQ(0, libsyncmap_store(map, K, V, NULL));
	EXPECT_EQ(-EBADF, libsyncmap_freeze(reader));
	EXPECT_EQ(-EBADF, libsyncmap_freeze(user));
	EXPECT_EQ(-EBADF, libsyncmap_load(admin, K, NULL));
	EXPECT_EQ(0, libsyncmap_store(map, K, V, NULL));
	EXPECT_EQ(0, libsyncmap_load_or_lease(map, "no", 2, 0, 0, 0, &token,
					      &result));
	EXPECT(token);
	EXPECT_EQ(0, libsyncmap_freeze(admin));
	EXPECT_EQ(0, libsyncmap_freeze(map));
	libsyncmap_close(admin);
	libsyncmap_close(user);
	EXPECT_EQ(0, libsyncmap_info(reader, &info, sizeof(info)));
	EXPECT(info.state & SYNCMAP_MAP_FROZEN);
	EXPECT_EQ(0, libsyncmap_load(reader, K, NULL));
	EXPECT_EQ(-EROFS, libsyncmap_store(map, K, V, NULL));
	EXPECT_EQ(-EROFS, libsyncmap_clear(map, 0));
	EXPECT_EQ(-EROFS, libsyncmap_load_or_lease(map, "no", 2, 0, 0, 0, &token,
						   &result));
	EXPECT(!token);
	EXPECT_EQ(0, libsyncmap_load_or_lease(map, K, 0, 0, 0, &token, &result));
	EXPECT(result.loaded);
	libsyncmap_close(reader);
	libsyncmap_close(map);
}
