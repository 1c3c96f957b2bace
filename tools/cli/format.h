/* SPDX-License-Identifier: GPL-2.0-only */
/* How people write keys and values, and how they are shown to them */
#ifndef SYNCMAPCTL_FORMAT_H
#define SYNCMAPCTL_FORMAT_H

#include <stdbool.h>
#include <stddef.h>

#include "bytes.h"

struct json_object;

/*
 * TEXT	characters, with \t \n \\ and \xHH for what cannot be printed
 * RAW	the bytes themselves
 * HEX	two digits per byte
 * U64	eight bytes in the machine's order, as a decimal or 0x number
 * X64	the same, printed as a 0x number
 * JSON	one JSON value; stored without white space
 */
enum format {
	FORMAT_TEXT,
	FORMAT_RAW,
	FORMAT_HEX,
	FORMAT_U64,
	FORMAT_X64,
	FORMAT_JSON,
};

bool format_by_name(const char *name, enum format *format);

/*
 * Both return NULL, or in a few words what is wrong, until the next call. They
 * append to @out; after an error its content is undefined.
 */
const char *format_parse(enum format format, const char *text, size_t len,
			 struct bytes *out);
const char *format_print(enum format format, const void *data, size_t len,
			 struct bytes *out);

/*
 * Parse one JSON value that fills all of @text; NULL json is JSON's null. What
 * would not be kept as it is, is refused. Returns as above.
 */
const char *json_parse(const char *text, size_t len, struct json_object **json);
const char *json_compact(const char *text, size_t len, struct bytes *out);
void json_append(struct json_object *json, struct bytes *out);
struct json_object *json_string(const struct bytes *text);

/*
 * The length of the UTF-8 sequence at @text, or 0 if there is none: a stray byte,
 * an over-long form, a surrogate, or beyond U+10FFFF
 */
size_t utf8_length(const void *text, size_t len);
bool is_utf8(const void *data, size_t len);

#endif
