// SPDX-License-Identifier: GPL-2.0-only
/* Parsing and printing of keys, values and lines; no module is needed */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <json-c/json.h>

#include "guess.h"
#include "member.h"
#include "record.h"
#include "size.h"
#include "source.h"

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
	struct json_object *json = json_object_new_object();
	struct bytes out = { };

	member_add(json, "v", format, data, len);
	json_append(json, &out);
	json_object_put(json);
	bytes_append_char(&out, '\0');
	assert_string_equal(out.data, want);
	bytes_free(&out);
}

static const char *from_json(enum format format, const char *name,
			     const char *text, struct bytes *out)
{
	struct json_object *json;
	const char *wrong;

	out->len = 0;
	assert_null(json_parse(text, strlen(text), &json));
	assert_true(member_parse("v", format, name, json, out, &wrong));
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
	expect_parse(FORMAT_JSON, "\"\\u00e9\\/\\u0000\\ud83d\\ude00\"",
		     "\"\xc3\xa9/\\u0000\xf0\x9f\x98\x80\"", 15);
	expect_parse(FORMAT_JSON, "\"\\u007f\\u07ff\\u0800\\uffff\"",
		     "\"\x7f\xdf\xbf\xe0\xa0\x80\xef\xbf\xbf\"", 11);
}

/* What json-c takes, and changes or takes for something else, among others */
static void json_wrong(void **state)
{
	static const struct {
		const char	*text;
		const char	*wrong;
	} cases[] = {
		{ "", "not JSON at byte 1: the end is missing" },
		{ " ", "not JSON at byte 2: the end is missing" },
		{ "{", "not JSON at byte 2: the end is missing" },
		{ "[1, ", "not JSON at byte 5: the end is missing" },
		{ "{\"a\":1", "not JSON at byte 7: the end is missing" },
		{ "1 2", "not JSON at byte 3: more behind the value" },
		{ "[1],", "not JSON at byte 4: more behind the value" },
		{ "{}\\", "not JSON at byte 3: more behind the value" },
		{ "{'a':1}", "not JSON at byte 2: a name is missing" },
		{ "{\"a\":1,}", "not JSON at byte 8: a name is missing" },
		{ "{a:1}", "not JSON at byte 2: a name is missing" },
		{ "{\"a\" 1}", "not JSON at byte 6: a colon is missing" },
		{ "{\"a\":}", "not JSON at byte 6: a value is missing" },
		{ "[1,]", "not JSON at byte 4: a value is missing" },
		{ "[1 2]", "not JSON at byte 4: a comma is missing" },
		{ "[1}", "not JSON at byte 3: a comma is missing" },
		{ "NaN", "not JSON at byte 1: a value is missing" },
		{ "-Infinity", "not JSON at byte 1: a malformed number" },
		{ "True", "not JSON at byte 1: a value is missing" },
		{ "nulll", "not JSON at byte 1: a value is missing" },
		{ "/**/1", "not JSON at byte 1: a value is missing" },
		{ "1//", "not JSON at byte 2: more behind the value" },
		{ "\xef\xbb\xbf" "1", "not JSON at byte 1: a value is missing" },
		{ "\"\xff\"", "not JSON at byte 2: not UTF-8" },
		{ "\"\xed\xa0\x80\"", "not JSON at byte 2: not UTF-8" },
		{ "\"a\tb\"",
		  "not JSON at byte 3: a control character in a string" },
		{ "\"a\\\"", "not JSON at byte 5: the string has no end" },
		{ "[\"a", "not JSON at byte 4: the string has no end" },
		{ "\"\\x41\"", "not JSON at byte 2: no such escape" },
		{ "\"\\u00g0\"", "not JSON at byte 2: \\u wants four hex digits" },
		{ "\"\\ud800\"", "at byte 2: half of a surrogate pair" },
		{ "\"\\ud800\\u0041\"", "at byte 2: half of a surrogate pair" },
		{ "\"\\udc00\\ud800\"", "at byte 2: half of a surrogate pair" },
		{ "{\"a\\u0000b\":1,\"a\\u0000c\":2}",
		  "at byte 2: a NUL in a name" },
		{ "{\"a\":1,\"b\":{\"a\":1},\"\\u0061\":2}",
		  "at byte 20: a name that is there already" },
		{ "[-0]", "at byte 2: -0 is no integer; write 0 or -0.0" },
	};
	char deep[1200];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		expect_wrong(FORMAT_JSON, cases[i].text, cases[i].wrong);
	memset(deep, '[', sizeof(deep));
	deep[sizeof(deep) - 1] = '\0';
	expect_wrong(FORMAT_JSON, deep, "at byte 513: nested too deeply");
}

static void json_number(void **state)
{
	static const char *const good[] = {
		"0", "10", "0.5", "-1.25e-7", "1E5", "1e+5", "-0.0", "1e400",
		"3.14159265358979323846264338327950288",
		"18446744073709551615", "-9223372036854775808",
		"18446744073709551616.0",
	};
	static const char *const malformed[] = {
		"01", "1.", ".5", "+1", "-", "1e", "1e+", "1.5.2", "1-2", "0x1",
	};
	static const char *const beyond[] = {
		"18446744073709551616", "-9223372036854775809",
		"99999999999999999999999",
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
		expect_wrong(FORMAT_JSON, beyond[i],
			     "at byte 1: a number beyond 64 bits");
}

static void to_json(void **state)
{
	uint64_t value = UINT64_MAX;

	(void)state;
	expect_json(FORMAT_TEXT, NULL, 0, "{\"v\":\"\"}");
	expect_json(FORMAT_TEXT, "a\n\0b", 4, "{\"v\":\"a\\n\\u0000b\"}");
	expect_json(FORMAT_TEXT, "\xff", 1, "{\"v_hex\":\"ff\"}");
	expect_json(FORMAT_RAW, "h\xc3\xa9", 3, "{\"v\":\"h\xc3\xa9\"}");
	expect_json(FORMAT_HEX, NULL, 0, "{\"v\":\"\"}");
	expect_json(FORMAT_HEX, "ab", 2, "{\"v\":\"6162\"}");
	expect_json(FORMAT_U64, &value, 8, "{\"v\":18446744073709551615}");
	expect_json(FORMAT_U64, "12", 2, "{\"v_hex\":\"3132\"}");
	expect_json(FORMAT_X64, &value, 8, "{\"v\":\"0xffffffffffffffff\"}");
	expect_json(FORMAT_JSON, "[1]", 3, "{\"v\":[1]}");
	expect_json(FORMAT_JSON, "null", 4, "{\"v\":null}");
	expect_json(FORMAT_JSON, "abc", 3, "{\"v_hex\":\"616263\"}");
	expect_json(FORMAT_JSON, "{\"a\":1,\"a\":2}", 13,
		    "{\"v_hex\":\"7b2261223a312c2261223a327d\"}");
}

static void expect_from_json(enum format format, const char *name,
			     const char *text, const char *want)
{
	struct bytes out = { };

	assert_null(from_json(format, name, text, &out));
	assert_int_equal(out.len, strlen(want));
	assert_memory_equal(out.data, want, out.len);
	bytes_free(&out);
}

static void from_json_right(void **state)
{
	(void)state;
	expect_from_json(FORMAT_TEXT, "v", "\"a\\\\t\"", "a\\t");
	expect_from_json(FORMAT_TEXT, "v_hex", "\"6162\"", "ab");
	expect_from_json(FORMAT_HEX, "v", "\"6162\"", "ab");
	expect_from_json(FORMAT_U64, "v", "4702111234474983745", "AAAAAAAA");
	expect_from_json(FORMAT_X64, "v", "\"0x4141414141414141\"", "AAAAAAAA");
	expect_from_json(FORMAT_JSON, "v", "{\"hex\": \"00\"}", "{\"hex\":\"00\"}");
	expect_from_json(FORMAT_JSON, "v_hex", "\"7b\"", "{");
}

static void from_json_wrong(void **state)
{
	struct bytes out = { };

	(void)state;
	assert_string_equal(from_json(FORMAT_TEXT, "v", "1", &out),
			    "a number, but the format is not u64");
	assert_string_equal(from_json(FORMAT_U64, "v", "-1", &out),
			    "a negative number");
	assert_string_equal(from_json(FORMAT_U64, "v", "1.0", &out),
			    "neither a string nor a number");
	assert_string_equal(from_json(FORMAT_TEXT, "v", "[1]", &out),
			    "neither a string nor a number");
	assert_string_equal(from_json(FORMAT_TEXT, "v", "null", &out),
			    "neither a string nor a number");
	assert_string_equal(from_json(FORMAT_TEXT, "v_hex", "\"f\"", &out),
			    "an odd number of hex digits");
	assert_string_equal(from_json(FORMAT_TEXT, "v_hex", "11", &out),
			    "hex digits that are not a string");
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
	expect_line_wrong(&json, "", "not JSON at byte 1: the end is missing");
	expect_line_wrong(&json, "[]", "not a JSON object");
	expect_line_wrong(&json, "null", "not a JSON object");
	expect_line_wrong(&json, "{\"value\":\"\"}", "no \"key\"");
	expect_line_wrong(&json, "{\"key\":\"\"}", "no \"value\"");
	expect_line_wrong(&json, "{\"key\":\"\",\"loaded\":false}",
			  "no \"value\"");
	expect_line_wrong(&json, "{\"key\":\"\",\"key_hex\":\"\"}",
			  "both as it is and in hex");
	expect_line_wrong(&json, "{\"key\":\"\",\"value\":\"\",\"ttl\":1}",
			  "\"ttl\": no member of an entry");
	expect_line_wrong(&json, "{\"key\":\"\",\"value\":\"\",\"owned\":1}",
			  "\"owned\": not a boolean");
	expect_line_wrong(&json, "{\"key\":\"\",\"value\":\"\",\"kept\":1}",
			  "\"kept\": not a boolean");
	expect_line_wrong(&json, "{\"key\":\"\",\"revision\":\"1\"}",
			  "\"revision\": not a int");
	expect_line_wrong(&json, "{\"key\":\"\",\"value\":\"\",\"ttl_ns\":-1}",
			  "\"ttl_ns\": neither a number of nanoseconds nor \"never\"");
	expect_line_wrong(&json, "{\"key\":\"\",\"value\":\"\",\"ttl_ns\":\"1\"}",
			  "\"ttl_ns\": neither a number of nanoseconds nor \"never\"");
	expect_line_wrong(&json, "{\"key\":\"\",\"value\":\"\",\"ttl_ns\":null}",
			  "\"ttl_ns\": neither a number of nanoseconds nor \"never\"");
	expect_line_wrong(&json, "{\"event\":\"overflow\"}",
			  "changes were lost here");
	expect_line_wrong(&json, "{\"event\":\"stored\"}",
			  "\"event\": none that is known");
	expect_line_wrong(&json, "{\"event\":\"delete\"}", "no \"key\"");
	expect_line_wrong(&json, "{\"key\":\"\",\"event\":\"store\"}",
			  "no \"value\"");
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
	expect_line(&json, "{\"value\":\"v\",\"key_hex\":\"ff00\"}",
		    "\xff\0", 2, "v", 1);
	expect_line(&json, "{\"key\":\"k\",\"value\":\"v\",\"loaded\":true,"
		    "\"revision\":1,\"previous_revision\":0,\"owned\":false}",
		    "k", 1, "v", 1);
	tab.value = FORMAT_JSON;
	expect_line(&tab, "k\t[1,\t2]", "k", 1, "[1,2]", 5);
}

static void expect_task(const char *line, enum record_task task)
{
	const struct record_format json = { .json_lines = true };
	struct record record = { };

	assert_null(record_parse(&json, line, strlen(line), &record));
	assert_int_equal(record.task, task);
	record_free(&record);
}

static void tasks(void **state)
{
	(void)state;
	expect_task("{\"key\":\"\",\"value\":\"\"}", RECORD_STORE);
	expect_task("{\"key\":\"\",\"value\":\"\",\"event\":\"entry\"}",
		    RECORD_STORE);
	expect_task("{\"event\":\"store\",\"key\":\"\",\"value\":\"\"}",
		    RECORD_STORE);
	expect_task("{\"event\":\"delete\",\"key\":\"\",\"reason\":\"expired\"}",
		    RECORD_DELETE);
	expect_task("{\"event\":\"clear\",\"revision\":3}", RECORD_CLEAR);
	expect_task("{\"event\":\"dumped\",\"revision\":3}", RECORD_NOTHING);
	expect_task("{\"event\":\"removed\",\"revision\":3}", RECORD_NOTHING);
}

static void expect_ttl(const char *member, bool says, uint64_t want)
{
	const struct record_format json = { .json_lines = true };
	struct record record = { };
	char line[80];

	snprintf(line, sizeof(line), "{\"key\":\"\",\"value\":\"\"%s}", member);
	assert_null(record_parse(&json, line, strlen(line), &record));
	assert_int_equal(record.says_ttl, says);
	assert_true(record.life.ttl_ns == want);
	record_free(&record);
}

/* A file can say never, which is not the same as to say nothing */
static void times_to_live(void **state)
{
	(void)state;
	expect_ttl("", false, DURATION_NEVER);
	expect_ttl(",\"ttl_ns\":\"never\"", true, DURATION_NEVER);
	expect_ttl(",\"ttl_ns\":0", true, 0);
	expect_ttl(",\"ttl_ns\":1800000000000", true,
		   UINT64_C(1800000000000));
}

static void blank_lines(void **state)
{
	(void)state;
	assert_true(record_is_blank("", 0));
	assert_true(record_is_blank("  ", 2));
	assert_true(record_is_blank("#k\tv", 4));
	assert_false(record_is_blank("\t", 1));
	assert_false(record_is_blank(" #", 2));
}

/* What a source gives of @text, which arrives @step bytes at a time */
static void read_source(const char *text, size_t step, bool json, size_t max,
			struct bytes *out)
{
	enum source_got got = SOURCE_NONE;
	struct source source;
	const char *record;
	char note[120];
	size_t left = strlen(text), len;
	int fds[2];

	source_begin(&source, -1, json, max);
	out->len = 0;
	while (got != SOURCE_BROKEN && !source.lines.end) {
		assert_int_equal(pipe(fds), 0);
		step = step < left ? step : left;
		assert_int_equal(write(fds[1], text, step), step);
		text += step;
		left -= step;
		close(fds[1]);
		source.lines.fd = fds[0];
		assert_int_equal(lines_read(&source.lines), 0);
		close(fds[0]);
		do {
			got = source_next(&source, &record, &len);
			if (got == SOURCE_NONE && source.lines.end)
				got = source_end(&source);
			if (got == SOURCE_RECORD)
				snprintf(note, sizeof(note), "%d<%.*s>",
					 (int)source.begin, (int)len, record);
			else
				snprintf(note, sizeof(note), "%d:%s",
					 (int)source.begin, source.wrong);
			if (got != SOURCE_NONE)
				bytes_append(out, note, strlen(note));
		} while (got == SOURCE_RECORD || got == SOURCE_BAD);
	}
	source_free(&source);
	bytes_append_char(out, '\0');
}

static void expect_source(const char *text, bool json, const char *want)
{
	struct bytes out = { };

	for (size_t step = 1; step < 40; step++) {
		read_source(text, step, json, 20, &out);
		assert_string_equal(out.data, want);
	}
	bytes_free(&out);
}

static void sources(void **state)
{
	(void)state;
	expect_source("", true, "");
	expect_source("a\tb\n\n# c\nd", false, "1<a\tb>4<d>");
	expect_source("[a\tb\n \n\t\n", false, "1<[a\tb>3<\t>");
	expect_source("12345678901234567890\n123456789012345678901\na", false,
		      "1<12345678901234567890>"
		      "2:more than 20 bytes, which no entry of the map takes"
		      "3<a>");
	expect_source("{}\n \t\n#\n {\"a\":[\n{}", true,
		      "1<{}>4< {\"a\":[>5<{}>");
	expect_source("{}1234567890123456789\n{}", true,
		      "1:more than 20 bytes, which no entry of the map takes"
		      "2<{}>");
	expect_source("[]\n", true, "");
	expect_source("#\n\n [{},\n{\"a\":\n\"]}\\\"\"}\n,{\"b\" :[{}]} ] \n",
		      true,
		      "3<{}>4<{\"a\":\n\"]}\\\"\"}>6<{\"b\" :[{}]}>");
	expect_source("[{\"a\":1},{\"a\":2},{\"a\":3},{\"a\":4}]", true,
		      "1<{\"a\":1}>1<{\"a\":2}>1<{\"a\":3}>1<{\"a\":4}>");
	expect_source("[{\"a\":1\n2}]", true, "1<{\"a\":1\n2}>");
	expect_source("[{},\n", true, "1<{}>1:the end of the array is missing");
	expect_source("[{},\n{\"a\":1", true,
		      "1<{}>2:the end of the array is missing");
	expect_source("[{}\n{}]", true,
		      "1<{}>2:not JSON: a comma is missing");
	expect_source("[1]", true, "1:not JSON: an object is missing");
	expect_source("[{},]", true, "1<{}>1:not JSON: an object is missing");
	expect_source("[{}]\n{}", true, "1<{}>2:more behind the array");
	expect_source("[{\"a\":\"01234567890123456789\"}]", true,
		      "1:more than 20 bytes, which no entry of the map takes");
}

/* Any bytes must come back exactly, through either kind of line. */
static void round_trip_one(const struct record_format *format)
{
	char key[16], value[40];
	size_t key_len = random() % sizeof(key);
	size_t value_len = random() % sizeof(value);
	const struct record_life life = {
		.ttl_ns = random() % 2 ? DURATION_NEVER : (uint64_t)random(),
		.owned = random() % 2, .kept = random() % 2,
	}, for_ever = { .ttl_ns = DURATION_NEVER }, *want;
	struct record record = { };
	struct bytes line = { };

	for (size_t i = 0; i < key_len; i++)
		key[i] = random() % 4 ? "\t\n\\x#\xc3\xa9"[random() % 7] : random();
	for (size_t i = 0; i < value_len; i++)
		value[i] = random();
	assert_null(record_print(format, key, key_len, value, value_len, &life,
				 &line));
	assert_int_equal(line.data[line.len - 1], '\n');
	assert_null(memchr(line.data, '\n', line.len - 1));
	assert_false(record_is_blank(line.data, line.len - 1));
	assert_true(line.len - 1 <= record_max(key_len, value_len));
	assert_null(record_parse(format, line.data, line.len - 1, &record));
	assert_int_equal(record.key.len, key_len);
	assert_int_equal(record.value.len, value_len);
	assert_true(!key_len || !memcmp(record.key.data, key, key_len));
	assert_true(!value_len || !memcmp(record.value.data, value, value_len));
	want = format->json_lines ? &life : &for_ever;
	assert_int_equal(record.says_ttl, format->json_lines);
	assert_true(record.life.ttl_ns == want->ttl_ns);
	assert_true(record.life.owned == want->owned);
	assert_true(record.life.kept == want->kept);
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

static void expect_span(uint64_t ns, const char *want)
{
	char text[DURATION_SHOWN];
	uint64_t again;

	duration_print(ns, text);
	assert_string_equal(text, want);
	assert_null(duration_parse(text, &again));
	assert_int_equal(again, ns);
}

static void spans(void **state)
{
	(void)state;
	expect_span(0, "0s");
	expect_span(1, "1ns");
	expect_span(UINT64_C(1000000000), "1s");
	expect_span(UINT64_C(5400000000000), "1h30m");
	expect_span(UINT64_C(86400000000000), "1d");
	expect_span(UINT64_C(1234567890), "1s234ms567us890ns");
	expect_span(DURATION_NEVER - 1, "213503d23h34m33s709ms551us614ns");
	expect_span(DURATION_NEVER, "never");
}

static void expect_size(const char *text, uint64_t want)
{
	uint64_t size;

	assert_null(size_parse(text, &size));
	assert_int_equal(size, want);
}

static void expect_no_size(const char *text, const char *want)
{
	uint64_t size;
	const char *wrong = size_parse(text, &size);

	assert_non_null(wrong);
	assert_string_equal(wrong, want);
}

static void expect_shown(uint64_t size, const char *want)
{
	char text[SIZE_SHOWN];

	size_print(size, text);
	assert_string_equal(text, want);
}

static void sizes(void **state)
{
	static const char unit[] =
		"a number may end in K, M, G or T, of 1024, or in KB, MB, GB or TB, of 1000";

	(void)state;
	expect_size("0", 0);
	expect_size("18446744073709551615", UINT64_MAX);
	expect_size("0x10", 16);
	expect_size("1K", 1024);
	expect_size("1k", 1024);
	expect_size("1KiB", 1024);
	expect_size("1KB", 1000);
	expect_size("64M", 64 << 20);
	expect_size("3GB", 3000000000);
	expect_size("15E", UINT64_C(15) << 60);
	expect_no_size("16E", "too large");
	expect_no_size("18446744073709551616", "too large");
	expect_no_size("", "not a number");
	expect_no_size("M", "not a number");
	expect_no_size("-1", "not a number");
	expect_no_size(" 1", "not a number");
	expect_no_size("0x", "not a number");
	expect_no_size("1.5M", unit);
	expect_no_size("1Ki", unit);
	expect_no_size("1MM", unit);
	expect_no_size("1b", unit);
	expect_no_size("1 M", unit);
	expect_shown(0, "0");
	expect_shown(9999, "9999");
	expect_shown(10000, "9.7K");
	expect_shown(10239, "9.9K");
	expect_shown(10240, "10K");
	expect_shown((1 << 20) - 1, "1023K");
	expect_shown(1 << 20, "1.0M");
	expect_shown(UINT64_MAX, "15E");
}

static void expect_guess(const char *word, const char *names,
			 const char *want)
{
	struct guess guess = { };
	char text[256], *all = strdup(names), *place;

	for (char *name = strtok_r(all, " ", &place); name;
	     name = strtok_r(NULL, " ", &place))
		guess_try(&guess, word, name);
	guess_print(&guess, "", text, sizeof(text));
	assert_string_equal(text, want);
	free(all);
}

static void guesses(void **state)
{
	(void)state;
	assert_int_equal(guess_distance("", ""), 0);
	assert_int_equal(guess_distance("", "abc"), 3);
	assert_int_equal(guess_distance("abc", ""), 3);
	assert_int_equal(guess_distance("store", "store"), 0);
	assert_int_equal(guess_distance("stroe", "store"), 1);
	assert_int_equal(guess_distance("sore", "store"), 1);
	assert_int_equal(guess_distance("storre", "store"), 1);
	assert_int_equal(guess_distance("stone", "store"), 1);
	assert_int_equal(guess_distance("kitten", "sitting"), 3);
	expect_guess("stroe", "load store stats", "Did you mean 'store'?");
	expect_guess("st", "load store stats",
		     "Did you mean 'store' or 'stats'?");
	expect_guess("ma", "max man mad mat",
		     "Did you mean 'max', 'man' or 'mad'?");
	expect_guess("xyzzy", "load store stats", "");
	expect_guess("x", "add", "");
	expect_guess("", "add", "");
	assert_string_equal(guess_foreign("get", 2), "load");
	assert_string_equal(guess_foreign("ls", 0), "list");
	assert_string_equal(guess_foreign("ls", 1), "range");
	assert_string_equal(guess_foreign("rm", 1), "remove");
	assert_string_equal(guess_foreign("rm", 2), "delete");
	assert_null(guess_foreign("store", 0));
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
		cmocka_unit_test(json_wrong),
		cmocka_unit_test(json_number),
		cmocka_unit_test(to_json),
		cmocka_unit_test(from_json_right),
		cmocka_unit_test(from_json_wrong),
		cmocka_unit_test(lines_wrong),
		cmocka_unit_test(lines),
		cmocka_unit_test(tasks),
		cmocka_unit_test(times_to_live),
		cmocka_unit_test(blank_lines),
		cmocka_unit_test(sources),
		cmocka_unit_test(round_trip),
		cmocka_unit_test(durations),
		cmocka_unit_test(spans),
		cmocka_unit_test(sizes),
		cmocka_unit_test(guesses),
		cmocka_unit_test(noise),
	};

	return cmocka_run_group_tests_name("syncmapctl_format", tests, NULL,
					   NULL);
}
