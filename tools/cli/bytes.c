// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bytes.h"

#define READ_CHUNK	65536

void out_of_memory(void)
{
	fprintf(stderr, "%s: out of memory\n", program_invocation_short_name);
	exit(1);
}

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
	if (!data)
		out_of_memory();
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

int bytes_read_fd(struct bytes *b, int fd, size_t max)
{
	size_t end = b->len + max, want;
	ssize_t got;

	do {
		want = end - b->len + 1;
		want = want < READ_CHUNK ? want : READ_CHUNK;
		bytes_reserve(b, want);
		got = read(fd, b->data + b->len, want);
		if (got > 0)
			b->len += got;
	} while (b->len <= end && (got > 0 || (got < 0 && errno == EINTR)));
	if (b->len > end)
		return -EFBIG;
	return got < 0 ? -errno : 0;
}
