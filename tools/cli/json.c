// SPDX-License-Identifier: GPL-2.0-only
/*
 * JSON from text. The parser of json-c, even when it is told to be strict, takes
 * what is no JSON (single quotes, NaN), and silently changes what it cannot keep:
 * names with a NUL or that are there twice, halves of surrogate pairs, numbers
 * beyond 64 bits, -0. Here all that is refused, and numbers keep their digits.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <json-c/json.h>

#include "format.h"

#define JSON_FLAGS	(JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE)

/* json-c prints and frees by recursion, too */
#define DEPTH_MAX	512

static const char decimal[] = "0123456789";

struct parser {
	const char	*text;
	const char	*at;
	const char	*end;
	unsigned int	depth;
	struct bytes	string;		/* the last one, without its escapes */
	char		wrong[96];
};

static bool parse_value(struct parser *p, struct json_object **json);

static bool refuse_at(struct parser *p, const char *at, const char *why)
{
	snprintf(p->wrong, sizeof(p->wrong), "at byte %zu: %s",
		 at - p->text + 1, why);
	return false;
}

static bool not_json(struct parser *p, const char *why)
{
	snprintf(p->wrong, sizeof(p->wrong), "not JSON at byte %zu: %s",
		 p->at - p->text + 1, why);
	return false;
}

static struct json_object *needed(struct json_object *json)
{
	if (!json)
		out_of_memory();
	return json;
}

static bool is_next(const struct parser *p, char c)
{
	return p->at < p->end && *p->at == c;
}

static size_t span(const struct parser *p, const char *set)
{
	const char *at = p->at;

	while (at < p->end && *at && strchr(set, *at))
		at++;
	return at - p->at;
}

static void skip_space(struct parser *p)
{
	p->at += span(p, " \t\r\n");
}

/* \uXXXX; negative if it is none */
static long utf16_unit(const struct parser *p, const char *at)
{
	char digits[5] = { };

	if (p->end - at < 6 || at[0] != '\\' || at[1] != 'u')
		return -1;
	memcpy(digits, at + 2, 4);
	if (strspn(digits, "0123456789abcdefABCDEF") != 4)
		return -1;
	return strtol(digits, NULL, 16);
}

static void append_utf8(struct bytes *out, unsigned long point)
{
	if (point < 0x80) {
		bytes_append_char(out, point);
		return;
	}
	if (point < 0x800) {
		bytes_append_char(out, 0xc0 | point >> 6);
	} else {
		if (point < 0x10000) {
			bytes_append_char(out, 0xe0 | point >> 12);
		} else {
			bytes_append_char(out, 0xf0 | point >> 18);
			bytes_append_char(out, 0x80 | (point >> 12 & 0x3f));
		}
		bytes_append_char(out, 0x80 | (point >> 6 & 0x3f));
	}
	bytes_append_char(out, 0x80 | (point & 0x3f));
}

static bool parse_utf16(struct parser *p)
{
	long point = utf16_unit(p, p->at);
	const char *at = p->at + 6;
	long low;

	if (point < 0)
		return not_json(p, "\\u wants four hex digits");
	if (point >= 0xd800 && point < 0xdc00) {
		low = utf16_unit(p, at);
		if (low >= 0xdc00 && low < 0xe000) {
			point = 0x10000 + ((point - 0xd800) << 10) +
				(low - 0xdc00);
			at += 6;
		}
	}
	if (point >= 0xd800 && point < 0xe000)
		return refuse_at(p, p->at, "half of a surrogate pair");
	append_utf8(&p->string, point);
	p->at = at;
	return true;
}

static bool parse_escape(struct parser *p)
{
	static const char names[] = "\"\\/bfnrt", meant[] = "\"\\/\b\f\n\r\t";
	char c = p->end - p->at > 1 ? p->at[1] : '\0';
	const char *name = c ? strchr(names, c) : NULL;

	if (c == 'u')
		return parse_utf16(p);
	if (!name)
		return not_json(p, "no such escape");
	bytes_append_char(&p->string, meant[name - names]);
	p->at += 2;
	return true;
}

static bool parse_character(struct parser *p)
{
	size_t n;

	if (*p->at == '\\')
		return parse_escape(p);
	if ((unsigned char)*p->at < 0x20)
		return not_json(p, "a control character in a string");
	n = utf8_length(p->at, p->end - p->at);
	if (!n)
		return not_json(p, "not UTF-8");
	bytes_append(&p->string, p->at, n);
	p->at += n;
	return true;
}

static bool parse_string(struct parser *p)
{
	p->string.len = 0;
	p->at++;
	while (p->at < p->end && *p->at != '"')
		if (!parse_character(p))
			return false;
	if (p->at == p->end)
		return not_json(p, "the string has no end");
	p->at++;
	return true;
}

/* -?(0|[1-9][0-9]*)(.[0-9]+)?([eE][+-]?[0-9]+)? */
static bool skip_number(struct parser *p, bool *is_integer)
{
	const char *digits = p->at += is_next(p, '-');
	size_t n = span(p, decimal);

	p->at += n;
	*is_integer = true;
	if (!n || (n > 1 && *digits == '0'))
		return false;
	if (is_next(p, '.')) {
		*is_integer = false;
		p->at++;
		n = span(p, decimal);
		p->at += n;
	}
	if (n && (is_next(p, 'e') || is_next(p, 'E'))) {
		*is_integer = false;
		p->at++;
		p->at += is_next(p, '+') || is_next(p, '-');
		n = span(p, decimal);
		p->at += n;
	}
	return n && !span(p, "+-.0123456789eE");
}

static bool make_integer(struct parser *p, const char *text,
			 struct json_object **json)
{
	bool negative = *text == '-';
	uint64_t value = 0;

	for (const char *at = text + negative; at < p->at; at++)
		if (__builtin_mul_overflow(value, 10, &value) ||
		    __builtin_add_overflow(value, *at - '0', &value))
			return refuse_at(p, text, "a number beyond 64 bits");
	if (negative && value > (uint64_t)INT64_MAX + 1)
		return refuse_at(p, text, "a number beyond 64 bits");
	if (negative && !value)
		return refuse_at(p, text, "-0 is no integer; write 0 or -0.0");
	*json = needed(negative ? json_object_new_int64(-value) :
				  json_object_new_uint64(value));
	return true;
}

static bool parse_number(struct parser *p, struct json_object **json)
{
	const char *text = p->at;
	bool is_integer;

	if (!skip_number(p, &is_integer)) {
		p->at = text;
		return not_json(p, "a malformed number");
	}
	if (is_integer)
		return make_integer(p, text, json);
	bytes_set(&p->string, text, p->at - text);
	bytes_append_char(&p->string, '\0');
	/* It keeps its digits, whatever a double makes of them */
	*json = needed(json_object_new_double_s(strtod(p->string.data, NULL),
						p->string.data));
	return true;
}

static bool parse_word(struct parser *p, struct json_object **json)
{
	static const char *const words[] = { "null", "false", "true" };
	size_t n = span(p, "abcdefghijklmnopqrstuvwxyz");

	for (int i = 0; i < 3; i++) {
		if (strlen(words[i]) != n || memcmp(words[i], p->at, n))
			continue;
		p->at += n;
		*json = i ? needed(json_object_new_boolean(i == 2)) : NULL;
		return true;
	}
	return not_json(p, p->at == p->end ? "the end is missing" :
					     "a value is missing");
}

static bool parse_name(struct parser *p, const struct json_object *object,
		       char **name)
{
	const char *begin = p->at;

	*name = NULL;
	if (!is_next(p, '"'))
		return not_json(p, p->at == p->end ? "the end is missing" :
						     "a name is missing");
	if (!parse_string(p))
		return false;
	if (p->string.len && memchr(p->string.data, '\0', p->string.len))
		return refuse_at(p, begin, "a NUL in a name");
	bytes_append_char(&p->string, '\0');
	if (json_object_object_get_ex(object, p->string.data, NULL))
		return refuse_at(p, begin, "a name that is there already");
	skip_space(p);
	if (!is_next(p, ':'))
		return not_json(p, "a colon is missing");
	p->at++;
	*name = strdup(p->string.data);
	if (!*name)
		out_of_memory();
	return true;
}

static bool parse_member(struct parser *p, struct json_object *object)
{
	struct json_object *value = NULL;
	char *name;
	bool good;

	good = parse_name(p, object, &name) && parse_value(p, &value);
	if (good && json_object_object_add(object, name, value))
		out_of_memory();
	free(name);
	return good;
}

static bool parse_element(struct parser *p, struct json_object *array)
{
	struct json_object *value = NULL;

	if (!parse_value(p, &value))
		return false;
	if (json_object_array_add(array, value))
		out_of_memory();
	return true;
}

/* What is between brackets, and behind the first of these */
static bool parse_all(struct parser *p, struct json_object *json, char close,
		      bool (*parse_one)(struct parser *p,
					struct json_object *json))
{
	if (++p->depth > DEPTH_MAX)
		return refuse_at(p, p->at, "nested too deeply");
	p->at++;
	skip_space(p);
	if (is_next(p, close))
		goto out;
	for (;;) {
		skip_space(p);
		if (!parse_one(p, json))
			return false;
		skip_space(p);
		if (!is_next(p, ','))
			break;
		p->at++;
	}
	if (!is_next(p, close))
		return not_json(p, p->at == p->end ? "the end is missing" :
						     "a comma is missing");
out:
	p->at++;
	p->depth--;
	return true;
}

static bool parse_value(struct parser *p, struct json_object **json)
{
	bool good;

	*json = NULL;
	skip_space(p);
	if (is_next(p, '{')) {
		*json = needed(json_object_new_object());
		good = parse_all(p, *json, '}', parse_member);
	} else if (is_next(p, '[')) {
		*json = needed(json_object_new_array());
		good = parse_all(p, *json, ']', parse_element);
	} else if (is_next(p, '"')) {
		good = parse_string(p);
		if (good)
			*json = json_string(&p->string);
	} else if (span(p, "+-.0123456789")) {
		good = parse_number(p, json);
	} else {
		good = parse_word(p, json);
	}
	if (good)
		return true;
	json_object_put(*json);
	*json = NULL;
	return false;
}

const char *json_parse(const char *text, size_t len, struct json_object **json)
{
	static struct parser p;
	bool good;

	p.text = text;
	p.at = text;
	p.end = text + len;
	p.depth = 0;
	good = parse_value(&p, json);
	if (good)
		skip_space(&p);
	if (good && p.at < p.end) {
		good = not_json(&p, "more behind the value");
		json_object_put(*json);
		*json = NULL;
	}
	bytes_free(&p.string);
	return good ? NULL : p.wrong;
}

struct json_object *json_string(const struct bytes *text)
{
	return needed(json_object_new_string_len(text->len ? text->data : "",
						 text->len));
}

void json_append(struct json_object *json, struct bytes *out)
{
	size_t len;
	const char *text;

	text = json_object_to_json_string_length(json, JSON_FLAGS, &len);
	if (!text)
		out_of_memory();
	bytes_append(out, text, len);
}

const char *json_compact(const char *text, size_t len, struct bytes *out)
{
	struct json_object *json;
	const char *wrong = json_parse(text, len, &json);

	if (wrong)
		return wrong;
	json_append(json, out);
	json_object_put(json);
	return NULL;
}
