/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One entry as a line of a file
 *
 * Tab-separated:	KEY <tab> VALUE, each in its format; with the default
 *			formats no tab, newline or backslash stays unescaped,
 *			and no line begins with #
 * JSON:		an object as range, watch and others of the tool answer:
 *			"key" and "value", or "key_hex" and "value_hex", see
 *			member.h; "ttl_ns": NUMBER of nanoseconds, or "never";
 *			"owned": true if it goes with an open file; "kept":
 *			true if it is never evicted; "event", if it is not
 *			there, but something has happened
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
	bool		kept;		/* rather than evicted */
};

/* What a record wants done */
enum record_task {
	RECORD_NOTHING,
	RECORD_STORE,
	RECORD_DELETE,		/* of the key */
	RECORD_CLEAR,
};

struct record {
	enum record_task	task;
	bool			has_key;
	struct bytes		key;
	bool			has_value;
	struct bytes		value;
	bool			says_ttl;	/* that of @life */
	struct record_life	life;
};

/* Both return NULL, or what is wrong, until the next call. */
const char *record_parse(const struct record_format *format, const char *line,
			 size_t len, struct record *record);
const char *record_print(const struct record_format *format,
			 const void *key, size_t key_len,
			 const void *value, size_t value_len,
			 const struct record_life *life, struct bytes *line);
/* The same from an object, which may have neither key nor value */
const char *record_parse_object(const struct record_format *format,
				struct json_object *json,
				struct record *record);
void record_free(struct record *record);

/* Nothing, or a comment: a line that begins with # */
bool record_is_blank(const char *line, size_t len);
/* Bytes that no line takes which is an entry with a key and value of these */
size_t record_max(size_t key_size, size_t value_size);

/* "ttl_ns"; "owned", and "kept", if it is so */
void record_add_life(struct json_object *json, const struct record_life *life);
/* A time as JSON has it: nanoseconds, or "never" */
void record_add_time(struct json_object *json, const char *name, uint64_t ns);

#endif
