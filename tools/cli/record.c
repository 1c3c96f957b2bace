// SPDX-License-Identifier: GPL-2.0-only
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <json-c/json.h>

#include "record.h"

static const char *parse_tab_separated(const struct record_format *format,
				       const char *line, size_t len,
				       struct record *record)
{
	const char *tab = len ? memchr(line, '\t', len) : NULL;
	const char *wrong;
	const char *value;
	size_t value_len;

	if (!tab)
		return "no tab between key and value";
	value = tab + 1;
	value_len = line + len - value;
	if (format->value != FORMAT_JSON && memchr(value, '\t', value_len))
		return "more than one tab; write \\t inside a value";
	wrong = format_parse(format->key, line, tab - line, &record->key);
	if (wrong)
		return wrong;
	return format_parse(format->value, value, value_len, &record->value);
}

static const char *parse_ttl(struct json_object *json, struct record *record)
{
	if (!json_object_is_type(json, json_type_int) ||
	    json_object_get_int64(json) < 0)
		return "\"ttl_ns\": not a number of nanoseconds";
	record->life.ttl_ns = json_object_get_uint64(json);
	return NULL;
}

static const char *parse_owned(struct json_object *json, struct record *record)
{
	if (!json_object_is_type(json, json_type_boolean))
		return "\"owned\": neither true nor false";
	record->life.owned = json_object_get_boolean(json);
	return NULL;
}

/* How many there are of those that may be missing, if they are right */
static const char *parse_life(struct json_object *json, struct record *record,
			      int *known)
{
	const char *wrong = NULL;
	struct json_object *member;

	if (json_object_object_get_ex(json, "ttl_ns", &member)) {
		wrong = parse_ttl(member, record);
		++*known;
	}
	if (!wrong && json_object_object_get_ex(json, "owned", &member)) {
		wrong = parse_owned(member, record);
		++*known;
	}
	return wrong;
}

static const char *parse_members(const struct record_format *format,
				 struct json_object *json,
				 struct record *record)
{
	struct json_object *value;
	struct json_object *key;
	const char *wrong;
	int known = 2;

	if (!json_object_is_type(json, json_type_object))
		return "not a JSON object";
	if (!json_object_object_get_ex(json, "key", &key))
		return "no \"key\"";
	if (!json_object_object_get_ex(json, "value", &value))
		return "no \"value\"";
	wrong = parse_life(json, record, &known);
	if (wrong)
		return wrong;
	if (json_object_object_length(json) != known)
		return "a member other than \"key\", \"value\", \"ttl_ns\" and \"owned\"";
	wrong = format_from_json(format->key, key, &record->key);
	if (wrong)
		return wrong;
	return format_from_json(format->value, value, &record->value);
}

static const char *parse_json_line(const struct record_format *format,
				   const char *line, size_t len,
				   struct record *record)
{
	struct json_object *json;
	const char *wrong = json_parse(line, len, &json);

	if (wrong)
		return wrong;
	wrong = parse_members(format, json, record);
	json_object_put(json);
	return wrong;
}

const char *record_parse(const struct record_format *format, const char *line,
			 size_t len, struct record *record)
{
	record->life = (struct record_life){ .ttl_ns = DURATION_NEVER };
	record->key.len = 0;
	record->value.len = 0;
	if (format->json_lines)
		return parse_json_line(format, line, len, record);
	return parse_tab_separated(format, line, len, record);
}

static void append_life(struct bytes *line, const struct record_life *life)
{
	char text[40];
	int len;

	if (life->ttl_ns != DURATION_NEVER) {
		len = snprintf(text, sizeof(text), ",\"ttl_ns\":%" PRIu64,
			       life->ttl_ns);
		bytes_append(line, text, len);
	}
	if (life->owned)
		bytes_append(line, ",\"owned\":true", 13);
}

static const char *print_json_line(const struct record_format *format,
				   const void *key, size_t key_len,
				   const void *value, size_t value_len,
				   const struct record_life *life,
				   struct bytes *line)
{
	struct json_object *key_json;
	struct json_object *value_json;
	const char *wrong;

	wrong = format_to_json(format->key, key, key_len, &key_json);
	if (wrong)
		return wrong;
	wrong = format_to_json(format->value, value, value_len, &value_json);
	if (wrong)
		goto put_key;
	bytes_append(line, "{\"key\":", 7);
	json_append(key_json, line);
	bytes_append(line, ",\"value\":", 9);
	json_append(value_json, line);
	append_life(line, life);
	bytes_append(line, "}\n", 2);
	json_object_put(value_json);
put_key:
	json_object_put(key_json);
	return wrong;
}

const char *record_print(const struct record_format *format,
			 const void *key, size_t key_len,
			 const void *value, size_t value_len,
			 const struct record_life *life, struct bytes *line)
{
	const char *wrong;

	if (format->json_lines)
		return print_json_line(format, key, key_len, value, value_len,
				       life, line);
	wrong = format_print(format->key, key, key_len, line);
	if (wrong)
		return wrong;
	bytes_append_char(line, '\t');
	wrong = format_print(format->value, value, value_len, line);
	if (wrong)
		return wrong;
	bytes_append_char(line, '\n');
	return NULL;
}

void record_free(struct record *record)
{
	bytes_free(&record->key);
	bytes_free(&record->value);
}
