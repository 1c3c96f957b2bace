/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A key or a value as a member of a JSON object: by its own name it is a string,
 * in the formats u64 a number, and in the format json itself; what does not suit
 * the format is bytes: two hex digits for each, by the name with _hex behind it
 */
#ifndef SYNCMAPCTL_MEMBER_H
#define SYNCMAPCTL_MEMBER_H

#include "format.h"

void member_add(struct json_object *object, const char *name,
		enum format format, const void *data, size_t len);

/*
 * False: @member is not a name of this. Else the bytes are appended to @out, or
 * @wrong says what is wrong.
 */
bool member_parse(const char *name, enum format format, const char *member,
		  struct json_object *json, struct bytes *out,
		  const char **wrong);

#endif
