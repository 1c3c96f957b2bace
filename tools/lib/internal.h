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

/* One record of a buffer, which it points into */
struct record {
	const struct syncmap_record	*head;
	const void			*key;
	const void			*value;	/* NULL: it was left out */
};

/*
 * The record at *@at of the @used bytes of @buffer, which whole records fill. *@at
 * is left behind it; those of unknown types are passed over. False: there is none.
 * Not exported, but in the archive, among the names of programs.
 */
bool libsyncmap_record_next(const void *buffer, size_t used, size_t *at,
			    struct record *record);

static inline int control(int fd, unsigned long command, void *arg)
{
	return ioctl(fd, command, arg) < 0 ? -errno : 0;
}

#endif
