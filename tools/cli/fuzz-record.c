// SPDX-License-Identifier: GPL-2.0-only
/*
 * Fuzzing of what people and files give: the first byte of an input says in
 * which formats the rest is a line. What can be parsed can be printed, and what
 * is printed says the same again. Runs under libFuzzer; no module is needed.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <json-c/json.h>

#include "record.h"
#include "source.h"

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

	if (record_parse(format, line, len, &first) ||
	    first.task != RECORD_STORE)
		goto free;
	wrong = record_print(format, first.key.data, first.key.len,
			     first.value.data, first.value.len, &first.life,
			     &printed);
	expect(!wrong, "what was parsed is not printed");
	expect(printed.data[printed.len - 1] == '\n', "a line has no end");
	if (is_ambiguous(format))
		goto free;
	expect(!memchr(printed.data, '\n', printed.len - 1), "two lines");
	wrong = record_parse(format, printed.data, printed.len - 1, &again);
	expect(!wrong, "what was printed is not parsed");
	expect(is_same(&first.key, &again.key), "another key");
	expect(is_same(&first.value, &again.value), "another value");
	expect(!record_is_blank(printed.data, printed.len - 1),
	       "what is printed counts as nothing");
	if (!format->json_lines)
		goto free;
	expect(again.says_ttl, "no time to live");
	expect(first.life.ttl_ns == again.life.ttl_ns, "another time to live");
	expect(first.life.owned == again.life.owned, "another owner");
	expect(first.life.kept == again.life.kept, "kept or not");
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

/* The next @len bytes arrive; none: the end */
static void arrive(struct source *source, const char *text, size_t len)
{
	int fds[2];

	expect(!pipe(fds), "no pipe");
	expect(write(fds[1], text, len) == (ssize_t)len, "a pipe is full");
	close(fds[1]);
	source->lines.fd = fds[0];
	expect(!lines_read(&source->lines), "a pipe cannot be read");
	close(fds[0]);
}

static void read_source(const struct record_format *format, const char *text,
			size_t left, size_t step, struct bytes *out)
{
	enum source_got got = SOURCE_NONE;
	struct source source;
	const char *record;
	size_t len;

	source_begin(&source, -1, format->json_lines, 64);
	while (got != SOURCE_BROKEN && !source.lines.end) {
		step = step < left ? step : left;
		arrive(&source, text, step);
		text += step;
		left -= step;
		do {
			got = source_next(&source, &record, &len);
			if (got == SOURCE_NONE && source.lines.end)
				got = source_end(&source);
			if (got == SOURCE_NONE)
				break;
			bytes_append_char(out, '0' + got);
			bytes_append(out, &source.begin, sizeof(source.begin));
			if (got == SOURCE_RECORD)
				bytes_append(out, record, len);
		} while (got != SOURCE_BROKEN);
	}
	source_free(&source);
}

/* Whatever the pieces are in which a file arrives, its records are the same */
static void test_source(const struct record_format *format, const char *text,
			size_t len)
{
	struct bytes whole = { }, pieces = { };

	read_source(format, text, len, len, &whole);
	read_source(format, text, len, len / 3 + 1, &pieces);
	expect(is_same(&whole, &pieces), "records depend on pieces");
	bytes_free(&whole);
	bytes_free(&pieces);
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
	/* It takes much longer */
	if (size % 4 == 0)
		test_source(&format, line, size - 1);
	free(line);
	return 0;
}
