/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
#ifndef LIBSYNCMAP_INTERNAL_H
#define LIBSYNCMAP_INTERNAL_H

#include <errno.h>
#include <sys/ioctl.h>

#include "libsyncmap.h"

#define API	__attribute__((visibility("default")))

struct libsyncmap {
	int	fd;
};

static inline int control(int fd, unsigned long command, void *arg)
{
	return ioctl(fd, command, arg) < 0 ? -errno : 0;
}

/* The struct is the caller's, who was built with one of another size, perhaps */
int libsyncmap_control(int fd, unsigned long command, void *arg, size_t size);

#endif
