// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#include "internal.h"

#define BUFFER_SIZE	(64 * 1024)

struct libsyncmap_watch {
	int	fd;
	size_t	size;
	size_t	used;
	size_t	at;
	char	buffer[] __attribute__((aligned(8)));
};

static struct libsyncmap_watch *new_watch(const struct syncmap_watch *params)
{
	size_t size = params->record_size;
	struct libsyncmap_watch *watch;

	if (size < BUFFER_SIZE)
		size = BUFFER_SIZE;
	watch = malloc(sizeof(*watch) + size);
	if (!watch)
		return NULL;
	*watch = (struct libsyncmap_watch){ .fd = params->fd, .size = size };
	return watch;
}

API int libsyncmap_watch_open(const struct libsyncmap *map,
			      struct syncmap_watch *params, size_t size,
			      struct libsyncmap_watch **watch)
{
	struct syncmap_watch all = { };
	int err;

	*watch = NULL;
	if (!params) {
		params = &all;
		size = sizeof(all);
	}
	err = libsyncmap_control(map->fd, SYNCMAP_WATCH, params, size);
	if (err)
		return err;
	*watch = new_watch(params);
	if (*watch)
		return 0;
	close(params->fd);
	return -ENOMEM;
}

static int fill(struct libsyncmap_watch *watch, int timeout)
{
	struct pollfd pollfd = { .fd = watch->fd, .events = POLLIN };
	ssize_t n = poll(&pollfd, 1, timeout);

	if (n < 0)
		return -errno;
	if (!n)
		return -EAGAIN;
	n = read(watch->fd, watch->buffer, watch->size);
	if (n < 0)
		return -errno;
	watch->used = n;
	watch->at = 0;
	return n ? 0 : -ENODATA;
}

API int libsyncmap_watch_next(struct libsyncmap_watch *watch, int timeout,
			      struct libsyncmap_record *event)
{
	int err;

	while (!libsyncmap_record_next(watch->buffer, watch->used, &watch->at,
				       event)) {
		err = fill(watch, timeout);
		if (err)
			return err;
	}
	return 0;
}

API int libsyncmap_watch_fd(const struct libsyncmap_watch *watch)
{
	return watch->fd;
}

API void libsyncmap_watch_close(struct libsyncmap_watch *watch)
{
	if (!watch)
		return;
	close(watch->fd);
	free(watch);
}
