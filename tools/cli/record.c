// SPDX-License-Identifier: GPL-2.0-only
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <json-c/json.h>

#include "member.h"
#include "record.h"

/* Members that are neither key nor value nor time */
static const struct {
	const char	*name;
	enum json_type	type;
} members[] = {
	{ "event", json_type_string },
	{ "owned", json_type_boolean },
	{ "kept", json_type_boolean },
	/* Nothing that could be stored */
	{ "revision", json_type_int },
	{ "previous_revision", json_type_int },
	{ "loaded", json_type_boolean },
	{ "reason", json_type_string },
};

static const struct {
	const char		*name;
	enum record_task	task;
} events[] = {
	{ "entry", RECORD_STORE },
	{ "store", RECORD_STORE },
	{ "delete", RECORD_DELETE },
	{ "clear", RECORD_CLEAR },
	{ "dumped", RECORD_NOTHING },
	{ "removed", RECORD_NOTHING },
};

#define COUNT(array)	(sizeof(array) / sizeof(*(array)))

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
	record->says_ttl = true;
	record->life.ttl_ns = DURATION_NEVER;
	if (json_object_is_type(json, json_type_string) &&
	    !strcmp(json_object_get_string(json), "never"))
		return NULL;
	if (!json_object_is_type(json, json_type_int) ||
	    json_object_get_int64(json) < 0)
		return "\"ttl_ns\": neither a number of nanoseconds nor \"never\"";
	record->life.ttl_ns = json_object_get_uint64(json);
	return NULL;
}

static const char *parse_event(struct json_object *json, struct record *record)
{
	const char *name = json_object_get_string(json);

	for (size_t i = 0; i < COUNT(events); i++) {
		if (strcmp(events[i].name, name))
			continue;
		record->task = events[i].task;
		return NULL;
	}
	if (!strcmp(name, "overflow"))
		return "changes were lost here";
	return "\"event\": none that is known";
}

static const char *parse_other(const char *name, struct json_object *json,
			       struct record *record)
{
	static char wrong[80];

	for (size_t i = 0; i < COUNT(members); i++) {
		if (strcmp(members[i].name, name))
			continue;
		if (!json_object_is_type(json, members[i].type)) {
			snprintf(wrong, sizeof(wrong), "\"%s\": not a %s", name,
				 json_type_to_name(members[i].type));
			return wrong;
		}
		if (!strcmp(name, "event"))
			return parse_event(json, record);
		if (!strcmp(name, "owned"))
			record->life.owned = json_object_get_boolean(json);
		if (!strcmp(name, "kept"))
			record->life.kept = json_object_get_boolean(json);
		return NULL;
	}
	snprintf(wrong, sizeof(wrong), "\"%.40s\": no member of an entry", name);
	return wrong;
}

static const char *parse_member(const struct record_format *format,
				const char *name, struct json_object *json,
				struct record *record)
{
	const char *wrong = NULL;
	bool *has;

	if (member_parse("key", format->key, name, json, &record->key, &wrong))
		has = &record->has_key;
	else if (member_parse("value", format->value, name, json,
			      &record->value, &wrong))
		has = &record->has_value;
	else if (!strcmp(name, "ttl_ns"))
		return parse_ttl(json, record);
	else
		return parse_other(name, json, record);
	if (!wrong && *has)
		return "both as it is and in hex";
	*has = true;
	return wrong;
}

static void begin(struct record *record)
{
	record->task = RECORD_STORE;
	record->has_key = false;
	record->has_value = false;
	record->says_ttl = false;
	record->life = (struct record_life){ .ttl_ns = DURATION_NEVER };
	record->key.len = 0;
	record->value.len = 0;
}

const char *record_parse_object(const struct record_format *format,
				struct json_object *json,
				struct record *record)
{
	const char *wrong;

	begin(record);
	if (!json_object_is_type(json, json_type_object))
		return "not a JSON object";
	json_object_object_foreach(json, name, value) {
		wrong = parse_member(format, name, value, record);
		if (wrong)
			return wrong;
	}
	return NULL;
}

static const char *check(const struct record *record)
{
	if (!record->has_key && (record->task == RECORD_STORE ||
				 record->task == RECORD_DELETE))
		return "no \"key\"";
	if (!record->has_value && record->task == RECORD_STORE)
		return "no \"value\"";
	return NULL;
}

static const char *parse_json(const struct record_format *format,
			      const char *line, size_t len,
			      struct record *record)
{
	struct json_object *json;
	const char *wrong = json_parse(line, len, &json);

	if (wrong)
		return wrong;
	wrong = record_parse_object(format, json, record);
	json_object_put(json);
	return wrong ? wrong : check(record);
}

const char *record_parse(const struct record_format *format, const char *line,
			 size_t len, struct record *record)
{
	begin(record);
	if (format->json_lines)
		return parse_json(format, line, len, record);
	return parse_tab_separated(format, line, len, record);
}

bool record_is_blank(const char *line, size_t len)
{
	if (len && *line == '#')
		return true;
	while (len && line[len - 1] == ' ')
		len--;
	return !len;
}

/*
 * A byte is written with six characters at most, \u00XX. Zeroes before a number,
 * and spaces in JSON, may take some.
 */
size_t record_max(size_t key_size, size_t value_size)
{
	return 4096 + 8 * (key_size + value_size);
}

void record_add_time(struct json_object *json, const char *name, uint64_t ns)
{
	json_object_object_add(json, name, ns == DURATION_NEVER ?
			       json_object_new_string("never") :
			       json_object_new_uint64(ns));
}

static void add_if(struct json_object *json, const char *name, bool is)
{
	if (is)
		json_object_object_add(json, name, json_object_new_boolean(true));
}

void record_add_life(struct json_object *json, const struct record_life *life)
{
	record_add_time(json, "ttl_ns", life->ttl_ns);
	add_if(json, "owned", life->owned);
	add_if(json, "kept", life->kept);
}

static void print_json(const struct record_format *format,
		       const void *key, size_t key_len,
		       const void *value, size_t value_len,
		       const struct record_life *life, struct bytes *line)
{
	struct json_object *json = json_object_new_object();

	member_add(json, "key", format->key, key, key_len);
	member_add(json, "value", format->value, value, value_len);
	record_add_life(json, life);
	json_append(json, line);
	json_object_put(json);
}

static const char *print_tab_separated(const struct record_format *format,
				       const void *key, size_t key_len,
				       const void *value, size_t value_len,
				       struct bytes *line)
{
	const char *wrong;

	/* Not a comment */
	if (format->key == FORMAT_TEXT && key_len && *(const char *)key == '#') {
		bytes_append(line, "\\x23", 4);
		key = (const char *)key + 1;
		key_len--;
	}
	wrong = format_print(format->key, key, key_len, line);
	if (wrong)
		return wrong;
	bytes_append_char(line, '\t');
	return format_print(format->value, value, value_len, line);
}

const char *record_print(const struct record_format *format,
			 const void *key, size_t key_len,
			 const void *value, size_t value_len,
			 const struct record_life *life, struct bytes *line)
{
	const char *wrong = NULL;

	if (format->json_lines)
		print_json(format, key, key_len, value, value_len, life, line);
	else
		wrong = print_tab_separated(format, key, key_len, value,
					    value_len, line);
	bytes_append_char(line, '\n');
	return wrong;
}

void record_free(struct record *record)
{
	bytes_free(&record->key);
	bytes_free(&record->value);
}
