// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#include "lines.h"

#define CHUNK	(256 << 10)

static bool take_piece(struct lines *lines, const char **line, size_t *len)
{
	*line = lines->read.data + lines->next;
	*len = lines->read.len - lines->next;
	lines->next = lines->read.len;
	lines->cut = true;
	return true;
}

bool lines_next(struct lines *lines, const char **line, size_t *len)
{
	size_t left = lines->read.len - lines->searched;
	const char *end = NULL;

	if (left)
		end = memchr(lines->read.data + lines->searched, '\n', left);
	lines->searched = lines->read.len;
	if (!end && lines->read.len - lines->next > lines->max) {
		if (lines->pieces)
			return take_piece(lines, line, len);
		lines->skipping = true;
		lines->next = lines->read.len;
	}
	if (!end && (!lines->end || (lines->next == lines->read.len &&
				     !lines->skipping)))
		return false;
	*line = lines->read.data + lines->next;
	*len = end ? (size_t)(end - *line) : lines->read.len - lines->next;
	lines->next += *len + !!end;
	lines->searched = lines->next;
	lines->cut = !lines->pieces &&
		     (lines->skipping || *len > lines->max);
	lines->skipping = false;
	return true;
}

/* What has been dealt with makes room */
static void move(struct lines *lines)
{
	struct bytes *read = &lines->read;

	read->len -= lines->next;
	if (read->len)
		memmove(read->data, read->data + lines->next, read->len);
	lines->searched -= lines->next;
	lines->next = 0;
}

int lines_read(struct lines *lines)
{
	ssize_t got;

	move(lines);
	bytes_reserve(&lines->read, CHUNK);
	do
		got = read(lines->fd, lines->read.data + lines->read.len,
			   CHUNK);
	while (got < 0 && errno == EINTR);
	if (got < 0)
		return -errno;
	lines->read.len += got;
	lines->end = !got;
	return 0;
}

void lines_free(struct lines *lines)
{
	bytes_free(&lines->read);
}

bool read_first_line(const char *path, char *text, size_t size)
{
	FILE *file = fopen(path, "re");
	bool done;

	if (!file)
		return false;
	done = fgets(text, size, file);
	fclose(file);
	if (done)
		text[strcspn(text, "\n")] = '\0';
	return done;
}
