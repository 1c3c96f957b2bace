// SPDX-License-Identifier: GPL-2.0-only
/*
 * Fuzzing of what people and files give: the first byte of an input says in
 * which formats the rest is a line. What can be parsed can be printed, and what
 * is printed says the same again. Runs under libFuzzer; no module is needed.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <json-c/json.h>

#include "record.h"

#define FORMATS		6

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect(int holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "WRONG: %s\n", what);
	abort();
}

static int is_same(const struct bytes *a, const struct bytes *b)
{
	return a->len == b->len && (!a->len || !memcmp(a->data, b->data, a->len));
}

/* Raw bytes may be what separates keys and values in a file */
static int is_ambiguous(const struct record_format *format)
{
	return !format->json_lines &&
	       (format->key == FORMAT_RAW || format->value == FORMAT_RAW);
}

static void test_line(const struct record_format *format, const char *line,
		      size_t len)
{
	struct record first = { }, again = { };
	struct bytes printed = { };
	const char *wrong;

	if (record_parse(format, line, len, &first))
		goto free;
	wrong = record_print(format, first.key.data, first.key.len,
			     first.value.data, first.value.len, &first.life,
			     &printed);
	/* {"hex": ...} may say bytes that are no number */
	expect(!wrong || format->json_lines, "what was parsed is not printed");
	if (wrong)
		goto free;
	expect(printed.data[printed.len - 1] == '\n', "a line has no end");
	if (is_ambiguous(format))
		goto free;
	expect(!memchr(printed.data, '\n', printed.len - 1), "two lines");
	wrong = record_parse(format, printed.data, printed.len - 1, &again);
	expect(!wrong, "what was printed is not parsed");
	expect(is_same(&first.key, &again.key), "another key");
	expect(is_same(&first.value, &again.value), "another value");
	if (!format->json_lines)
		goto free;
	expect(first.life.ttl_ns == again.life.ttl_ns, "another time to live");
	expect(first.life.owned == again.life.owned, "another owner");
free:
	record_free(&first);
	record_free(&again);
	bytes_free(&printed);
}

static void test_duration(const char *line, size_t len)
{
	char *text = strndup(line, len);
	uint64_t ns = 0;

	if (!duration_parse(text, &ns) && strpbrk(text, "0123456789"))
		expect(ns != DURATION_NEVER, "a number is for ever");
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct record_format format;
	char *line;

	if (!size)
		return 0;
	format.json_lines = data[0] & 1;
	format.key = (data[0] >> 1) % FORMATS;
	format.value = (data[0] >> 1) / FORMATS % FORMATS;
	/* Of its length, so that whoever reads on is noticed */
	line = malloc(size);
	memcpy(line, data + 1, size - 1);
	test_line(&format, line, size - 1);
	test_duration(line, size - 1);
	free(line);
	return 0;
}
