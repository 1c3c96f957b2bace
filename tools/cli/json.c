// SPDX-License-Identifier: GPL-2.0-only
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include <json-c/json.h>

#include "format.h"

#define JSON_FLAGS	(JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE)

static size_t span(const char *text, const char *end, const char *set)
{
	const char *at = text;

	while (at < end && *at && strchr(set, *at))
		at++;
	return at - text;
}

/* -?(0|[1-9][0-9]*)(.[0-9]+)?([eE][+-]?[0-9]+)?, integers within 64 bits */
static const char *check_number(const char *text, const char *end)
{
	static const char decimal[] = "0123456789";
	bool negative = text < end && *text == '-';
	uint64_t value = 0;
	size_t n;

	text += negative;
	n = span(text, end, decimal);
	if (!n || (n > 1 && *text == '0'))
		return "not JSON: a malformed number";
	for (size_t i = 0; i < n && n == (size_t)(end - text); i++)
		if (__builtin_mul_overflow(value, 10, &value) ||
		    __builtin_add_overflow(value, text[i] - '0', &value))
			return "a number beyond 64 bits";
	if (negative && value > (uint64_t)INT64_MAX + 1)
		return "a number beyond 64 bits";
	text += n;
	if (text < end && *text == '.') {
		n = span(++text, end, decimal);
		if (!n)
			return "not JSON: a malformed number";
		text += n;
	}
	if (text < end && (*text == 'e' || *text == 'E')) {
		text++;
		text += text < end && (*text == '+' || *text == '-');
		n = span(text, end, decimal);
		text += n;
		if (!n)
			return "not JSON: a malformed number";
	}
	return text == end ? NULL : "not JSON: a malformed number";
}

/* Returns the end of the string that begins at @text, or NULL. */
static const char *skip_string(const char *text, const char *end)
{
	for (text++; text < end && *text != '"'; text++) {
		if ((unsigned char)*text < 0x20)
			return NULL;
		if (*text == '\\')
			text++;
	}
	return text < end ? text + 1 : NULL;
}

/* Returns the end of the token that begins at @text, or NULL and @wrong. */
static const char *skip_token(const char *text, const char *end,
			      const char **wrong)
{
	size_t n;

	if (*text == '"') {
		*wrong = "not JSON: a malformed string";
		return skip_string(text, end);
	}
	n = span(text, end, "+-.0123456789eE");
	if (n) {
		/* an e may as well be one of "true" or "false" */
		*wrong = strchr("eE", *text) ? NULL :
					       check_number(text, text + n);
		return *wrong ? NULL : text + n;
	}
	*wrong = "not JSON";
	return span(text, end, "{}[]:, \t\r\ntrufalsn") ? text + 1 : NULL;
}

/*
 * Refuse what json-c lets through even when it is told to be strict: single
 * quotes, NaN, control characters in strings, and numbers that it would
 * silently replace by the nearest 64-bit one.
 */
static const char *check_tokens(const char *text, size_t len)
{
	const char *end = text + len;
	const char *wrong = NULL;

	while (text && text < end)
		text = skip_token(text, end, &wrong);
	return text ? NULL : wrong;
}

const char *json_parse(const char *text, size_t len, struct json_object **json)
{
	static struct json_tokener *tokener;
	const char *wrong = len ? check_tokens(text, len) : "not JSON";

	*json = NULL;
	if (wrong)
		return wrong;
	if (!tokener)
		tokener = json_tokener_new();
	if (!tokener)
		return "out of memory";
	if (len > INT_MAX)
		return "too long to be parsed";
	json_tokener_reset(tokener);
	json_tokener_set_flags(tokener, JSON_TOKENER_STRICT |
					JSON_TOKENER_VALIDATE_UTF8);
	*json = json_tokener_parse_ex(tokener, text, len);
	/* A number at the very end is complete only when a NUL follows. */
	if (json_tokener_get_error(tokener) == json_tokener_continue)
		*json = json_tokener_parse_ex(tokener, "", 1);
	if (json_tokener_get_error(tokener) == json_tokener_success)
		return NULL;
	json_object_put(*json);
	*json = NULL;
	return "not JSON";
}

void json_append(struct json_object *json, struct bytes *out)
{
	size_t len;
	const char *text;

	text = json_object_to_json_string_length(json, JSON_FLAGS, &len);
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

static const char *hex_from_json(struct json_object *json, struct bytes *out)
{
	struct json_object *hex;

	if (json_object_object_length(json) != 1 ||
	    !json_object_object_get_ex(json, "hex", &hex) ||
	    !json_object_is_type(hex, json_type_string))
		return "an object that is not {\"hex\": \"...\"}";
	return format_parse(FORMAT_HEX, json_object_get_string(hex),
			    json_object_get_string_len(hex), out);
}

static const char *u64_from_json(struct json_object *json, struct bytes *out)
{
	uint64_t value = json_object_get_uint64(json);

	if (json_object_get_int64(json) < 0)
		return "a negative number";
	bytes_append(out, &value, sizeof(value));
	return NULL;
}

const char *format_from_json(enum format format, struct json_object *json,
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
	case json_type_object:
		return hex_from_json(json, out);
	case json_type_int:
		if (format == FORMAT_U64 || format == FORMAT_X64)
			return u64_from_json(json, out);
		return "a number, but the format is not u64";
	default:
		return "neither a string, a number nor {\"hex\": \"...\"}";
	}
}

static struct json_object *new_string(const struct bytes *text)
{
	return json_object_new_string_len(text->len ? text->data : "",
					  text->len);
}

const char *format_to_json(enum format format, const void *data, size_t len,
			   struct json_object **json)
{
	bool wrap = false;
	uint64_t value;
	struct bytes text = { };
	const char *wrong;

	*json = NULL;
	if (format == FORMAT_JSON)
		return json_parse(data, len, json);
	if (len > INT_MAX / 2)
		return "too long for JSON";
	if (format == FORMAT_TEXT || format == FORMAT_RAW) {
		wrap = !is_utf8(data, len);
		format = wrap ? FORMAT_HEX : FORMAT_RAW;
	}
	wrong = format_print(format, data, len, &text);
	if (wrong)
		goto free_text;
	if (wrap) {
		*json = json_object_new_object();
		json_object_object_add(*json, "hex", new_string(&text));
	} else if (format == FORMAT_U64) {
		memcpy(&value, data, sizeof(value));
		*json = json_object_new_uint64(value);
	} else {
		*json = new_string(&text);
	}
free_text:
	bytes_free(&text);
	return wrong;
}
