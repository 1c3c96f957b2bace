// SPDX-License-Identifier: GPL-2.0-only
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <json-c/json.h>

#include "member.h"

#define NAME_MAX_LEN	32

static const char *hex_name(const char *name, char text[NAME_MAX_LEN])
{
	snprintf(text, NAME_MAX_LEN, "%s_hex", name);
	return text;
}

static struct json_object *print(enum format format, const void *data,
				 size_t len)
{
	struct json_object *json;
	struct bytes text = { };

	format_print(format, data, len, &text);
	json = json_string(&text);
	bytes_free(&text);
	return json;
}

static void add_hex(struct json_object *object, const char *name,
		    const void *data, size_t len)
{
	char text[NAME_MAX_LEN];

	json_object_object_add(object, hex_name(name, text),
			       print(FORMAT_HEX, data, len));
}

static bool suits(enum format format, const void *data, size_t len)
{
	switch (format) {
	case FORMAT_TEXT:
	case FORMAT_RAW:
		return is_utf8(data, len);
	case FORMAT_U64:
	case FORMAT_X64:
		return len == sizeof(uint64_t);
	default:
		return true;
	}
}

void member_add(struct json_object *object, const char *name,
		enum format format, const void *data, size_t len)
{
	struct json_object *json;
	uint64_t number;
	bool good = suits(format, data, len);

	if (good && format == FORMAT_JSON) {
		good = !json_parse(data, len, &json);
	} else if (good && format == FORMAT_U64) {
		memcpy(&number, data, sizeof(number));
		json = json_object_new_uint64(number);
	} else if (good) {
		json = print(format == FORMAT_TEXT ? FORMAT_RAW : format, data,
			     len);
	}
	if (good)
		json_object_object_add(object, name, json);
	else
		add_hex(object, name, data, len);
}

static const char *parse_hex(struct json_object *json, struct bytes *out)
{
	if (!json_object_is_type(json, json_type_string))
		return "hex digits that are not a string";
	return format_parse(FORMAT_HEX, json_object_get_string(json),
			    json_object_get_string_len(json), out);
}

static const char *parse_number(struct json_object *json, struct bytes *out)
{
	uint64_t number = json_object_get_uint64(json);

	if (json_object_get_int64(json) < 0)
		return "a negative number";
	bytes_append(out, &number, sizeof(number));
	return NULL;
}

static const char *parse(enum format format, struct json_object *json,
			 struct bytes *out)
{
	if (format == FORMAT_JSON) {
		json_append(json, out);
		return NULL;
	}
	switch (json_object_get_type(json)) {
	case json_type_string:
		if (format == FORMAT_TEXT)
			format = FORMAT_RAW;
		return format_parse(format, json_object_get_string(json),
				    json_object_get_string_len(json), out);
	case json_type_int:
		if (format == FORMAT_U64 || format == FORMAT_X64)
			return parse_number(json, out);
		return "a number, but the format is not u64";
	default:
		return "neither a string nor a number";
	}
}

bool member_parse(const char *name, enum format format, const char *member,
		  struct json_object *json, struct bytes *out,
		  const char **wrong)
{
	char text[NAME_MAX_LEN];

	if (!strcmp(member, name))
		*wrong = parse(format, json, out);
	else if (!strcmp(member, hex_name(name, text)))
		*wrong = parse_hex(json, out);
	else
		return false;
	return true;
}
