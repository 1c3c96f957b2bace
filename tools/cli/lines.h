/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The lines of a file as they arrive: what is there can be dealt with before
 * more is waited for
 */
#ifndef SYNCMAPCTL_LINES_H
#define SYNCMAPCTL_LINES_H

#include <stdbool.h>

#include "bytes.h"

struct lines {
	int		fd;
	size_t		max;		/* bytes of a line that are kept */
	bool		pieces;		/* is how longer lines come */
	bool		end;		/* of the file */
	bool		cut;		/* the line was longer, or goes on */
	bool		skipping;	/* to the end of such a line */
	struct bytes	read;
	size_t		next;		/* where the next line begins */
	size_t		searched;	/* for the end of it */
};

/*
 * The next line that has been read, without its newline; valid until
 * lines_read(). One with @cut is not to be used, unless it is a piece. False: none
 * has been.
 */
bool lines_next(struct lines *lines, const char **line, size_t *len);

/* Read more, up to @end. Returns 0 or a negative errno. */
int lines_read(struct lines *lines);

void lines_free(struct lines *lines);

/* The first line of a file, without its end; false if it cannot be read */
bool read_first_line(const char *path, char *text, size_t size);

#endif
