/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One entry as a line of a file
 *
 * Tab-separated:	KEY <tab> VALUE, each in its format; with the default
 *			formats no tab, newline or backslash stays unescaped
 * JSON lines:		{"key": KEY, "value": VALUE}; what is not UTF-8 is
 *			written as {"hex": "..."}; "ttl_ns": NUMBER if it
 *			expires; "owned": true if it goes with an open file
 */
#ifndef SYNCMAPCTL_RECORD_H
#define SYNCMAPCTL_RECORD_H

#include <stdbool.h>

#include "duration.h"
#include "format.h"

struct record_format {
	bool		json_lines;
	enum format	key;
	enum format	value;
};

/* How an entry may end by itself */
struct record_life {
	uint64_t	ttl_ns;		/* or DURATION_NEVER */
	bool		owned;
};

struct record {
	struct bytes		key;
	struct bytes		value;
	struct record_life	life;
};

/* Both return NULL, or what is wrong with the line or the entry. */
const char *record_parse(const struct record_format *format, const char *line,
			 size_t len, struct record *record);
const char *record_print(const struct record_format *format,
			 const void *key, size_t key_len,
			 const void *value, size_t value_len,
			 const struct record_life *life, struct bytes *line);
void record_free(struct record *record);

#endif
