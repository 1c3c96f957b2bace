/* SPDX-License-Identifier: GPL-2.0-only */
/* A buffer that grows and is used again, so that a line costs no malloc() */
#ifndef SYNCMAPCTL_BYTES_H
#define SYNCMAPCTL_BYTES_H

#include <stddef.h>

struct bytes {
	char	*data;
	size_t	len;
	size_t	size;
};

/* Ends the program, with status 1 */
_Noreturn void out_of_memory(void);

/* Make room for @more bytes behind the content; no memory ends the program. */
void bytes_reserve(struct bytes *b, size_t more);
void bytes_append(struct bytes *b, const void *data, size_t len);
void bytes_append_char(struct bytes *b, char c);
void bytes_set(struct bytes *b, const void *data, size_t len);
void bytes_free(struct bytes *b);

/*
 * Append all that is left to read in @fd. Returns 0 or a negative errno; -EFBIG if
 * it is more than @max bytes, of which no more is read than it takes to know.
 */
int bytes_read_fd(struct bytes *b, int fd, size_t max);

#endif
