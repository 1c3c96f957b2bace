/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
#ifndef LIBSYNCMAP_INTERNAL_H
#define LIBSYNCMAP_INTERNAL_H

#include <errno.h>
#include <sys/ioctl.h>

#include "libsyncmap.h"

#define API	__attribute__((visibility("default")))

struct mapping;
struct mapping_view;

struct libsyncmap {
	int			fd;
	bool			unmapped;	/* LIBSYNCMAP_UNMAPPED */
	/* mapping.c's: how this process sees the map, see there */
	struct mapping_view	*view;
	struct mapping		*mapping;
	unsigned int		waits;		/* loads before it tries again */
	char			name[SYNCMAP_NAME_SIZE];	/* empty: any */
	uint64_t		named;		/* when it was asked last; or 0 */
};

static inline int control(int fd, unsigned long command, void *arg)
{
	return ioctl(fd, command, arg) < 0 ? -errno : 0;
}

/* The struct is the caller's, who was built with one of another size, perhaps */
int libsyncmap_control(int fd, unsigned long command, void *arg, size_t size);

/* Return: as libsyncmap_load_newer(), or SYNCMAP_MAPPED_ASK */
int libsyncmap_mapping_load(const struct libsyncmap *map, const void *key,
			    size_t key_len, uint64_t newer,
			    struct libsyncmap_result *result);

/* Loads that are done at a time, in a batch */
#define LIBSYNCMAP_LOADS	32

/*
 * Does what it can of @count operations, all of which have to be loads. Sets @first
 * and @last to those that are left, and others between them.
 *
 * Return: how many are left.
 */
size_t libsyncmap_mapping_batch(const struct libsyncmap *map, const void *ops,
				size_t op_size, size_t count, size_t *first,
				size_t *last);
bool libsyncmap_mapping_is_load(const struct libsyncmap *map, const void *op,
				size_t op_size);
/* Return: whether loads of the next batch are to be tried there */
bool libsyncmap_mapping_takes_batch(const struct libsyncmap *map);
void libsyncmap_mapping_close(struct libsyncmap *map);

#endif
