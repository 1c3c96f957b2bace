// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
#include <errno.h>
#include <stdlib.h>

#include "internal.h"

#define RANGE_CHUNK	(64 * 1024)

API int libsyncmap_range_next(const struct libsyncmap *map,
			      struct syncmap_range *range, size_t size)
{
	return libsyncmap_control(map->fd, SYNCMAP_RANGE, range, size);
}

static int grow(struct syncmap_range *range)
{
	void *buffer = realloc((void *)(uintptr_t)range->buffer, range->needed);

	if (!buffer)
		return -ENOMEM;
	range->buffer = (uintptr_t)buffer;
	range->size = range->needed;
	return 0;
}

static int show(const struct syncmap_range *range,
		int (*fn)(const struct libsyncmap_record *entry, void *arg),
		void *arg)
{
	const void *buffer = (const void *)(uintptr_t)range->buffer;
	struct libsyncmap_record entry;
	size_t at = 0;
	int ret = 0;

	while (!ret && libsyncmap_record_next(buffer, range->used, &at, &entry))
		ret = fn(&entry, arg);
	return ret;
}

API int libsyncmap_range(const struct libsyncmap *map, unsigned int flags,
			 int (*fn)(const struct libsyncmap_record *entry,
				   void *arg),
			 void *arg)
{
	struct syncmap_range range = { .flags = flags, .needed = RANGE_CHUNK };
	int ret = grow(&range);

	while (!ret && range.cursor != SYNCMAP_END) {
		ret = libsyncmap_range_next(map, &range, sizeof(range));
		if (ret == -EMSGSIZE && range.needed > range.size)
			ret = grow(&range);
		else if (!ret)
			ret = show(&range, fn, arg);
	}
	free((void *)(uintptr_t)range.buffer);
	return ret;
}
