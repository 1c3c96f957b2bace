/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The records of a file as they arrive: its lines, but for blank ones and
 * comments; or, if it is JSON and begins with a bracket, the elements of that
 * array, however they are spread over lines
 */
#ifndef SYNCMAPCTL_SOURCE_H
#define SYNCMAPCTL_SOURCE_H

#include <stdint.h>

#include "lines.h"

enum source_layout {
	SOURCE_UNKNOWN,
	SOURCE_LINES,
	SOURCE_ARRAY,
};

/* Where in an array the next character is */
enum source_place {
	PLACE_BEGIN,		/* behind the bracket */
	PLACE_ELEMENT,		/* in an object */
	PLACE_COMMA,		/* behind an element */
	PLACE_NEXT,		/* behind a comma */
	PLACE_END,		/* behind the array */
};

struct source {
	struct lines		lines;
	bool			json;
	enum source_layout	layout;
	enum source_place	place;
	unsigned int		depth;		/* of brackets in the element */
	bool			in_string;
	bool			escaped;
	struct bytes		element;
	const char		*rest;		/* of the line */
	size_t			left;
	bool			goes_on;	/* the line, in another piece */
	uint64_t		line;		/* of the file, read so far */
	uint64_t		begin;		/* line in which the record begins */
	char			wrong[80];
};

enum source_got {
	SOURCE_NONE,		/* has arrived */
	SOURCE_RECORD,
	SOURCE_BAD,		/* one that is @wrong, and can be left out */
	SOURCE_BROKEN,		/* what follows cannot be told apart; @wrong */
};

/* @max: bytes of a record */
void source_begin(struct source *source, int fd, bool json, size_t max);
/* The text is valid until the next call. */
enum source_got source_next(struct source *source, const char **text,
			    size_t *len);
/* When all has been read: SOURCE_NONE, or SOURCE_BROKEN if something is missing */
enum source_got source_end(struct source *source);
void source_free(struct source *source);

#endif
