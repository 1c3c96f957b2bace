/* SPDX-License-Identifier: GPL-2.0-only */
/* Maps of libsyncmap with a mirror, and what can be done without a call */
#ifndef LIBRARY_MAPPED_H
#define LIBRARY_MAPPED_H

#include <fcntl.h>
#include <libsyncmap.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "harness/map.h"

#define NAME	TEST_NAME "mapped"
#define K	"key", 3
#define BOTH	(SYNCMAP_ACCESS_READ | SYNCMAP_ACCESS_WRITE)

static inline struct libsyncmap *mapped_create(const char *name, __u32 type)
{
	struct syncmap_create params = {
		.flags = SYNCMAP_CREATE_MAPPED, .key_type = type, .mode = 0600,
	};
	struct libsyncmap *map = NULL;

	strcpy(params.name, name);
	ASSERT_EQ(0, libsyncmap_create_with(&params, sizeof(params), &map));
	return map;
}

/* The same map again, for reading */
static inline struct libsyncmap *mapped_reader(const struct libsyncmap *map,
					       unsigned int flags)
{
	struct libsyncmap *reader = NULL;

	ASSERT_EQ(0, libsyncmap_restrict(map, SYNCMAP_ACCESS_READ | flags,
					 &reader));
	return reader;
}

/*
 * From now on the map answers no call: what it says comes from its mapping, and
 * what asks the kernel is -ENOTTY
 */
static inline void mapped_cut(const struct libsyncmap *map)
{
	int other = eventfd(0, EFD_CLOEXEC);

	ASSERT(other >= 0);
	ASSERT_EQ(libsyncmap_fd(map), dup3(other, libsyncmap_fd(map), O_CLOEXEC));
	close(other);
}

static inline struct libsyncmap *mapped_cut_reader(const struct libsyncmap *map)
{
	struct libsyncmap *reader = mapped_reader(map, 0);

	ASSERT_EQ(0, libsyncmap_mapped(reader));
	mapped_cut(reader);
	return reader;
}

/* Of a map that was cut off: its bucket is busy for a moment at most */
static inline int mapped_load(const struct libsyncmap *map, const void *key,
			      size_t len, struct libsyncmap_result *result)
{
	int ret = 0;

	AWAIT((ret = libsyncmap_load(map, key, len, result)) != -ENOTTY);
	return ret;
}

#endif /* LIBRARY_MAPPED_H */
