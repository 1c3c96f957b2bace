// SPDX-License-Identifier: GPL-2.0-only
/* Parsing and printing of keys, values and lines; no module is needed */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <json-c/json.h>

#include "record.h"

static const enum format formats[] = {
	FORMAT_TEXT, FORMAT_RAW, FORMAT_HEX, FORMAT_U64, FORMAT_X64, FORMAT_JSON,
};

static void expect_parse(enum format format, const char *text,
			 const void *want, size_t want_len)
{
	struct bytes out = { };

	assert_null(format_parse(format, text, strlen(text), &out));
	assert_int_equal(out.len, want_len);
	if (want_len)
		assert_memory_equal(out.data, want, want_len);
	bytes_free(&out);
}

static void expect_wrong(enum format format, const char *text, const char *want)
{
	struct bytes out = { };
	const char *wrong = format_parse(format, text, strlen(text), &out);

	assert_non_null(wrong);
	assert_string_equal(wrong, want);
	bytes_free(&out);
}

static void expect_print(enum format format, const void *data, size_t len,
			 const char *want)
{
	struct bytes out = { };

	assert_null(format_print(format, data, len, &out));
	bytes_append_char(&out, '\0');
	assert_string_equal(out.data, want);
	bytes_free(&out);
}

static void expect_json(enum format format, const void *data, size_t len,
			const char *want)
{
	struct json_object *json;
	struct bytes out = { };

	assert_null(format_to_json(format, data, len, &json));
	json_append(json, &out);
	json_object_put(json);
	bytes_append_char(&out, '\0');
	assert_string_equal(out.data, want);
	bytes_free(&out);
}

static const char *from_json(enum format format, const char *text,
			     struct bytes *out)
{
	struct json_object *json;
	const char *wrong;

	assert_null(json_parse(text, strlen(text), &json));
	wrong = format_from_json(format, json, out);
	json_object_put(json);
	return wrong;
}

static void names(void **state)
{
	enum format format;

	(void)state;
	assert_true(format_by_name("text", &format));
	assert_int_equal(format, FORMAT_TEXT);
	assert_true(format_by_name("x64", &format));
	assert_int_equal(format, FORMAT_X64);
	assert_false(format_by_name("te", &format));
	assert_false(format_by_name("", &format));
	assert_false(format_by_name("TEXT", &format));
}

static void text_parse(void **state)
{
	const char *bad = "a backslash must begin \\t, \\n, \\\\ or \\xHH";

	(void)state;
	expect_parse(FORMAT_TEXT, "", "", 0);
	expect_parse(FORMAT_TEXT, "plain", "plain", 5);
	expect_parse(FORMAT_TEXT, "a\\tb\\nc\\\\d", "a\tb\nc\\d", 7);
	expect_parse(FORMAT_TEXT, "\\x00\\xfF", "\0\xff", 2);
	expect_parse(FORMAT_TEXT, "\xc3\xa9", "\xc3\xa9", 2);
	expect_wrong(FORMAT_TEXT, "end\\", bad);
	expect_wrong(FORMAT_TEXT, "\\q", bad);
	expect_wrong(FORMAT_TEXT, "\\x4", bad);
	expect_wrong(FORMAT_TEXT, "\\x4g", bad);
}

static void text_print(void **state)
{
	(void)state;
	expect_print(FORMAT_TEXT, "", 0, "");
	expect_print(FORMAT_TEXT, "a\tb\nc\\d", 7, "a\\tb\\nc\\\\d");
	expect_print(FORMAT_TEXT, "\0\x1b\x7f", 3, "\\x00\\x1b\\x7f");
	expect_print(FORMAT_TEXT, "h\xc3\xa9!", 4, "h\xc3\xa9!");
	expect_print(FORMAT_TEXT, "\xc2\x9b", 2, "\\xc2\\x9b");
	expect_print(FORMAT_TEXT, "\xc3", 1, "\\xc3");
	expect_print(FORMAT_TEXT, "\xc0\xaf", 2, "\\xc0\\xaf");
	expect_print(FORMAT_TEXT, "\xe0\x80\x80", 3, "\\xe0\\x80\\x80");
	expect_print(FORMAT_TEXT, "\xed\xa0\x80", 3, "\\xed\\xa0\\x80");
	expect_print(FORMAT_TEXT, "\xf4\x90\x80\x80", 4, "\\xf4\\x90\\x80\\x80");
	expect_print(FORMAT_TEXT, "\xf0\x9f\x90\xa7", 4, "\xf0\x9f\x90\xa7");
}

static void hex(void **state)
{
	(void)state;
	expect_parse(FORMAT_HEX, "", "", 0);
	expect_parse(FORMAT_HEX, "00fFa5", "\0\xff\xa5", 3);
	expect_print(FORMAT_HEX, "\0\xff\xa5", 3, "00ffa5");
	expect_wrong(FORMAT_HEX, "abc", "an odd number of hex digits");
	expect_wrong(FORMAT_HEX, "zz", "not a hex number");
	expect_wrong(FORMAT_HEX, "0x12", "not a hex number");
}

static void u64(void **state)
{
	uint64_t value = 0;

	(void)state;
	expect_parse(FORMAT_U64, "0", &value, 8);
	expect_print(FORMAT_U64, &value, 8, "0");
	expect_print(FORMAT_X64, &value, 8, "0x0");
	value = UINT64_MAX;
	expect_parse(FORMAT_U64, "18446744073709551615", &value, 8);
	expect_parse(FORMAT_U64, "0xffffFFFFffffffff", &value, 8);
	expect_parse(FORMAT_X64, "18446744073709551615", &value, 8);
	expect_print(FORMAT_U64, &value, 8, "18446744073709551615");
	expect_print(FORMAT_X64, &value, 8, "0xffffffffffffffff");
}

static void u64_wrong(void **state)
{
	struct bytes out = { };

	(void)state;
	expect_wrong(FORMAT_U64, "", "not a number");
	expect_wrong(FORMAT_U64, "-1", "not a number");
	expect_wrong(FORMAT_U64, "+1", "not a number");
	expect_wrong(FORMAT_U64, " 1", "not a number");
	expect_wrong(FORMAT_U64, "1 ", "not a number");
	expect_wrong(FORMAT_U64, "a", "not a number");
	expect_wrong(FORMAT_U64, "0x", "not a number");
	expect_wrong(FORMAT_U64, "18446744073709551616", "larger than a u64");
	expect_wrong(FORMAT_U64, "0x10000000000000000", "larger than a u64");
	assert_string_equal(format_print(FORMAT_U64, "1234567", 7, &out),
			    "not the eight bytes of a u64");
	bytes_free(&out);
}

static void json_text(void **state)
{
	(void)state;
	expect_parse(FORMAT_JSON, "{ \"a\" : [1, null, \"x/y\"] }",
		     "{\"a\":[1,null,\"x/y\"]}", 20);
	expect_parse(FORMAT_JSON, "7", "7", 1);
	expect_parse(FORMAT_JSON, "null", "null", 4);
	expect_parse(FORMAT_JSON, "\"\"", "\"\"", 2);
	expect_print(FORMAT_JSON, "12.50", 5, "12.50");
	expect_wrong(FORMAT_JSON, "", "not JSON");
	expect_wrong(FORMAT_JSON, "{", "not JSON");
	expect_wrong(FORMAT_JSON, "1 2", "not JSON");
	expect_wrong(FORMAT_JSON, "[1],", "not JSON");
	expect_wrong(FORMAT_JSON, "{'a':1}", "not JSON");
	expect_wrong(FORMAT_JSON, "NaN", "not JSON");
	expect_wrong(FORMAT_JSON, "True", "not JSON");
	expect_wrong(FORMAT_JSON, "/**/1", "not JSON");
	expect_wrong(FORMAT_JSON, "\"\xff\"", "not JSON");
	expect_wrong(FORMAT_JSON, "\"a\tb\"", "not JSON: a malformed string");
	expect_wrong(FORMAT_JSON, "\"a\\\"", "not JSON: a malformed string");
	expect_wrong(FORMAT_JSON, "[\"a", "not JSON: a malformed string");
}

static void json_number(void **state)
{
	static const char *const good[] = {
		"0", "10", "0.5", "-1.25e-7", "1E5", "1e+5",
		"18446744073709551615", "-9223372036854775808",
		"18446744073709551616.0",
	};
	static const char *const malformed[] = {
		"01", "1.", ".5", "+1", "-", "1e", "1e+", "1.5.2", "1-2", "0x1",
	};
	static const char *const beyond[] = {
		"18446744073709551616", "-9223372036854775809",
		"[1,99999999999999999999999]",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++)
		expect_parse(FORMAT_JSON, good[i], good[i], strlen(good[i]));
	for (size_t i = 0; i < sizeof(malformed) / sizeof(*malformed); i++) {
		struct bytes out = { };

		assert_non_null(format_parse(FORMAT_JSON, malformed[i],
					     strlen(malformed[i]), &out));
		bytes_free(&out);
	}
	for (size_t i = 0; i < sizeof(beyond) / sizeof(*beyond); i++)
		expect_wrong(FORMAT_JSON, beyond[i], "a number beyond 64 bits");
}

static void to_json(void **state)
{
	uint64_t value = UINT64_MAX;

	(void)state;
	expect_json(FORMAT_TEXT, NULL, 0, "\"\"");
	expect_json(FORMAT_TEXT, "a\n\0b", 4, "\"a\\n\\u0000b\"");
	expect_json(FORMAT_TEXT, "\xff", 1, "{\"hex\":\"ff\"}");
	expect_json(FORMAT_RAW, "h\xc3\xa9", 3, "\"h\xc3\xa9\"");
	expect_json(FORMAT_HEX, NULL, 0, "\"\"");
	expect_json(FORMAT_HEX, "ab", 2, "\"6162\"");
	expect_json(FORMAT_U64, &value, 8, "18446744073709551615");
	expect_json(FORMAT_X64, &value, 8, "\"0xffffffffffffffff\"");
	expect_json(FORMAT_JSON, "[1]", 3, "[1]");
}

static void from_json_wrong(void **state)
{
	struct bytes out = { };

	(void)state;
	assert_string_equal(from_json(FORMAT_TEXT, "1", &out),
			    "a number, but the format is not u64");
	assert_string_equal(from_json(FORMAT_U64, "-1", &out),
			    "a negative number");
	assert_string_equal(from_json(FORMAT_TEXT, "[1]", &out),
			    "neither a string, a number nor {\"hex\": \"...\"}");
	assert_string_equal(from_json(FORMAT_TEXT, "null", &out),
			    "neither a string, a number nor {\"hex\": \"...\"}");
	assert_string_equal(from_json(FORMAT_TEXT, "{\"hex\":\"f\"}", &out),
			    "an odd number of hex digits");
	assert_string_equal(from_json(FORMAT_TEXT, "{\"hex\":\"\",\"a\":1}",
				      &out),
			    "an object that is not {\"hex\": \"...\"}");
	bytes_free(&out);
}

static void expect_line_wrong(const struct record_format *format,
			      const char *line, const char *want)
{
	struct record record = { };
	const char *wrong = record_parse(format, line, strlen(line), &record);

	assert_non_null(wrong);
	assert_string_equal(wrong, want);
	record_free(&record);
}

static void lines_wrong(void **state)
{
	struct record_format tab = { };
	struct record_format json = { .json_lines = true };

	(void)state;
	expect_line_wrong(&tab, "", "no tab between key and value");
	expect_line_wrong(&tab, "key", "no tab between key and value");
	expect_line_wrong(&tab, "a\tb\tc",
			  "more than one tab; write \\t inside a value");
	expect_line_wrong(&json, "", "not JSON");
	expect_line_wrong(&json, "[]", "not a JSON object");
	expect_line_wrong(&json, "null", "not a JSON object");
	expect_line_wrong(&json, "{\"value\":\"\"}", "no \"key\"");
	expect_line_wrong(&json, "{\"key\":\"\"}", "no \"value\"");
	expect_line_wrong(&json, "{\"key\":\"\",\"value\":\"\",\"ttl\":1}",
			  "a member other than \"key\", \"value\", \"ttl_ns\" and \"owned\"");
	expect_line_wrong(&json, "{\"key\":\"\",\"value\":\"\",\"owned\":1}",
			  "\"owned\": neither true nor false");
	expect_line_wrong(&json, "{\"key\":\"\",\"value\":\"\",\"ttl_ns\":-1}",
			  "\"ttl_ns\": not a number of nanoseconds");
	expect_line_wrong(&json, "{\"key\":\"\",\"value\":\"\",\"ttl_ns\":\"1\"}",
			  "\"ttl_ns\": not a number of nanoseconds");
}

static void expect_line(const struct record_format *format, const char *line,
			const char *key, size_t key_len, const char *value,
			size_t value_len)
{
	struct record record = { };

	assert_null(record_parse(format, line, strlen(line), &record));
	assert_int_equal(record.key.len, key_len);
	assert_int_equal(record.value.len, value_len);
	if (key_len)
		assert_memory_equal(record.key.data, key, key_len);
	if (value_len)
		assert_memory_equal(record.value.data, value, value_len);
	record_free(&record);
}

static void lines(void **state)
{
	struct record_format tab = { };
	struct record_format json = { .json_lines = true };

	(void)state;
	expect_line(&tab, "\t", "", 0, "", 0);
	expect_line(&tab, "a\\tb\tc\\nd", "a\tb", 3, "c\nd", 3);
	expect_line(&tab, "k\tv\r", "k", 1, "v\r", 2);
	expect_line(&json, "{\"value\":\"v\",\"key\":{\"hex\":\"ff00\"}}",
		    "\xff\0", 2, "v", 1);
	tab.value = FORMAT_JSON;
	expect_line(&tab, "k\t[1,\t2]", "k", 1, "[1,2]", 5);
}

/* Any bytes must come back exactly, through either kind of line. */
static void round_trip_one(const struct record_format *format)
{
	char key[16], value[40];
	size_t key_len = random() % sizeof(key);
	size_t value_len = random() % sizeof(value);
	const struct record_life life = {
		.ttl_ns = random() % 2 ? DURATION_NEVER : (uint64_t)random(),
		.owned = random() % 2,
	}, for_ever = { .ttl_ns = DURATION_NEVER }, *want;
	struct record record = { };
	struct bytes line = { };

	for (size_t i = 0; i < key_len; i++)
		key[i] = random() % 4 ? "\t\n\\x\xc3\xa9"[random() % 6] : random();
	for (size_t i = 0; i < value_len; i++)
		value[i] = random();
	assert_null(record_print(format, key, key_len, value, value_len, &life,
				 &line));
	assert_int_equal(line.data[line.len - 1], '\n');
	assert_null(memchr(line.data, '\n', line.len - 1));
	assert_null(record_parse(format, line.data, line.len - 1, &record));
	assert_int_equal(record.key.len, key_len);
	assert_int_equal(record.value.len, value_len);
	assert_true(!key_len || !memcmp(record.key.data, key, key_len));
	assert_true(!value_len || !memcmp(record.value.data, value, value_len));
	want = format->json_lines ? &life : &for_ever;
	assert_true(record.life.ttl_ns == want->ttl_ns);
	assert_true(record.life.owned == want->owned);
	record_free(&record);
	bytes_free(&line);
}

static void expect_duration(const char *text, uint64_t want)
{
	uint64_t ns;

	assert_null(duration_parse(text, &ns));
	assert_true(ns == want);
}

static void durations(void **state)
{
	static const char *const wrong[] = {
		"", "s", "-1", "1.5s", "1 s", "1x", "1S", "1h30", "30 m", "1sm",
		"Never", "0x10", "1hours",
	};
	uint64_t ns;

	(void)state;
	expect_duration("0", 0);
	expect_duration("90", UINT64_C(90000000000));
	expect_duration("1ns", 1);
	expect_duration("2us", 2000);
	expect_duration("3ms", 3000000);
	expect_duration("4s", UINT64_C(4000000000));
	expect_duration("1h30m", UINT64_C(5400000000000));
	expect_duration("1d1ns", UINT64_C(86400000000001));
	expect_duration("18446744073709551614ns", UINT64_MAX - 1);
	expect_duration("never", DURATION_NEVER);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
		assert_string_equal(duration_parse(wrong[i], &ns),
				    "a time is like 90s, 1h30m, 500ms or never");
	assert_string_equal(duration_parse("18446744073709551615ns", &ns),
			    "too long");
	assert_string_equal(duration_parse("18446744073s1s", &ns), "too long");
	assert_string_equal(duration_parse("99999999999999999999s", &ns),
			    "too long");
}

static void round_trip(void **state)
{
	struct record_format format = { };

	(void)state;
	srandom(1);
	for (int i = 0; i < 40000; i++) {
		format.json_lines = i & 1;
		format.key = i & 2 ? FORMAT_HEX : FORMAT_TEXT;
		format.value = i & 4 ? FORMAT_HEX : FORMAT_TEXT;
		round_trip_one(&format);
	}
}

/* No input may read beyond its end; a sanitizer watches. */
static void noise(void **state)
{
	struct bytes out = { };

	(void)state;
	srandom(2);
	for (int i = 0; i < 20000; i++) {
		size_t len = random() % 12;
		char *text = malloc(len + !len);

		assert_non_null(text);
		for (size_t j = 0; j < len; j++)
			text[j] = "\\x0{\"}[],:9\t\n\xe2\xf0"[random() % 15];
		for (size_t f = 0; f < sizeof(formats) / sizeof(*formats); f++) {
			out.len = 0;
			format_parse(formats[f], text, len, &out);
			out.len = 0;
			format_print(formats[f], text, len, &out);
		}
		free(text);
	}
	bytes_free(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names),
		cmocka_unit_test(text_parse),
		cmocka_unit_test(text_print),
		cmocka_unit_test(hex),
		cmocka_unit_test(u64),
		cmocka_unit_test(u64_wrong),
		cmocka_unit_test(json_text),
		cmocka_unit_test(json_number),
		cmocka_unit_test(to_json),
		cmocka_unit_test(from_json_wrong),
		cmocka_unit_test(lines_wrong),
		cmocka_unit_test(lines),
		cmocka_unit_test(round_trip),
		cmocka_unit_test(durations),
		cmocka_unit_test(noise),
	};

	return cmocka_run_group_tests_name("syncmapctl_format", tests, NULL,
					   NULL);
}
