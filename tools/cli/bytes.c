// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bytes.h"

#define READ_CHUNK	65536

void bytes_reserve(struct bytes *b, size_t more)
{
	size_t size = b->size ? b->size : 64;
	char *data = NULL;

	if (b->size - b->len >= more)
		return;
	while (size - b->len < more && size <= SIZE_MAX / 2)
		size *= 2;
	if (size - b->len >= more)
		data = realloc(b->data, size);
	if (!data) {
		fputs("syncmapctl: out of memory\n", stderr);
		exit(1);
	}
	b->data = data;
	b->size = size;
}

void bytes_append(struct bytes *b, const void *data, size_t len)
{
	bytes_reserve(b, len);
	if (len)
		memcpy(b->data + b->len, data, len);
	b->len += len;
}

void bytes_append_char(struct bytes *b, char c)
{
	bytes_reserve(b, 1);
	b->data[b->len++] = c;
}

void bytes_set(struct bytes *b, const void *data, size_t len)
{
	b->len = 0;
	bytes_append(b, data, len);
}

void bytes_free(struct bytes *b)
{
	free(b->data);
	*b = (struct bytes){ };
}

int bytes_read_fd(struct bytes *b, int fd)
{
	ssize_t got;

	do {
		bytes_reserve(b, READ_CHUNK);
		got = read(fd, b->data + b->len, READ_CHUNK);
		if (got > 0)
			b->len += got;
	} while (got > 0 || (got < 0 && errno == EINTR));
	return got < 0 ? -errno : 0;
}
