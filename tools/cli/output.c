// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"

/* Of a key in a message, as much as fits on a line */
#define KEY_SHOWN	64

/* Values that do not suit their format, beyond this many, are only counted */
#define MISFITS_TOLD	20

void add_json(struct json_object *object, const char *name,
	      struct json_object *value)
{
	json_object_object_add_ex(object, name, value,
				  JSON_C_OBJECT_ADD_CONSTANT_KEY);
}

/* Whose name does not stay where it is */
void add_named(struct json_object *object, const char *name,
	       struct json_object *value)
{
	json_object_object_add(object, name, value);
}

void add_text(struct json_object *object, const char *name, const char *text)
{
	add_json(object, name, json_object_new_string(text));
}

void add_u64(struct json_object *object, const char *name, uint64_t value)
{
	add_json(object, name, json_object_new_uint64(value));
}

void add_bool(struct json_object *object, const char *name, bool value)
{
	add_json(object, name, json_object_new_boolean(value));
}

void say_bytes(const struct bytes *b)
{
	fwrite(b->data, 1, b->len, stdout);
}

void say_json(struct cli *cli, struct json_object *json)
{
	int flags = JSON_C_TO_STRING_NOSLASHESCAPE;

	flags |= cli->pretty ? JSON_C_TO_STRING_PRETTY : JSON_C_TO_STRING_PLAIN;
	if (cli->before) {
		fputs(cli->before, stdout);
		cli->before = ",\n";
	}
	fputs(json_object_to_json_string_ext(json, flags), stdout);
	if (!cli->before)
		putchar('\n');
	json_object_put(json);
}

void begin_array(struct cli *cli)
{
	cli->before = cli->json ? "[" : NULL;
}

void begin_results(struct cli *cli)
{
	if (!cli->json)
		return;
	putchar('[');
	cli->before = "";
}

void end_array(struct cli *cli)
{
	if (cli->before)
		puts(cli->before[0] == '[' ? "[]" : "]");
	cli->before = NULL;
}

void add_any_text(struct json_object *json, const char *name, const char *text)
{
	struct bytes escaped = { };

	if (!is_utf8(text, strlen(text))) {
		format_print(FORMAT_TEXT, text, strlen(text), &escaped);
		bytes_append_char(&escaped, '\0');
		text = escaped.data;
	}
	add_text(json, name, text);
	bytes_free(&escaped);
}

static void complain(struct cli *cli, const char *text)
{
	struct json_object *json;

	if (!cli->json) {
		fflush(stdout);
		fprintf(stderr, "syncmapctl: %s\n", text);
		if (cli->advice)
			fprintf(stderr, "%s\n", cli->advice);
		return;
	}
	if (cli->before && cli->before[0] == '[')
		cli->before = NULL;
	json = json_object_new_object();
	add_any_text(json, "error", text);
	if (cli->advice)
		add_any_text(json, "advice", cli->advice);
	say_json(cli, json);
}

static void vcomplain(struct cli *cli, const char *format, va_list args)
{
	char *text, *there = NULL;

	if (vasprintf(&text, format, args) < 0 ||
	    (cli->where && asprintf(&there, "%s: %s", cli->where, text) < 0))
		abort();
	complain(cli, there ? there : text);
	free(there);
	free(text);
	free(cli->advice);
	cli->advice = NULL;
}

void advise(struct cli *cli, const char *format, ...)
{
	va_list args;

	free(cli->advice);
	va_start(args, format);
	if (vasprintf(&cli->advice, format, args) < 0)
		abort();
	va_end(args);
}

int fail(struct cli *cli, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vcomplain(cli, format, args);
	va_end(args);
	return EXIT_ERROR;
}

int fail_usage(struct cli *cli, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vcomplain(cli, format, args);
	va_end(args);
	if (cli->where)
		return EXIT_ERROR;
	if (!cli->json && cli->verb)
		fprintf(stderr, "Usage: syncmapctl %s %s\n"
			"Try 'syncmapctl help %s'.\n", cli->verb->name,
			cli->verb->args, cli->verb->name);
	else if (!cli->json)
		fputs("Try 'syncmapctl help'.\n", stderr);
	return EXIT_USAGE;
}

/* The key as people write it, shortened; as hex when it has no such form */
static void show_key(const struct cli *cli, const struct bytes *key,
		     struct bytes *out)
{
	size_t len = key->len < KEY_SHOWN ? key->len : KEY_SHOWN;

	if (format_print(cli->format.key, key->data, len, out)) {
		out->len = 0;
		format_print(FORMAT_HEX, key->data, len, out);
	}
	if (len < key->len)
		bytes_append(out, "...", 3);
	bytes_append_char(out, '\0');
}

int fail_key(struct cli *cli, const struct bytes *key, const char *wrong)
{
	struct bytes text = { };

	show_key(cli, key, &text);
	fail(cli, "map '%s': key '%s': %s", cli->name, text.data, wrong);
	bytes_free(&text);
	return EXIT_ERROR;
}

void note(const char *format, ...)
{
	va_list args;

	fflush(stdout);
	fputs("syncmapctl: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
}

void note_key(struct cli *cli, const struct bytes *key, const char *what)
{
	struct bytes text = { };

	show_key(cli, key, &text);
	note("map '%s': key '%s' %s", cli->name, text.data, what);
	bytes_free(&text);
}

const char *print_field(enum format format, const void *data, size_t len,
			struct bytes *line)
{
	size_t before = line->len;
	const char *wrong = format_print(format, data, len, line);

	if (!wrong)
		return NULL;
	line->len = before;
	format_print(FORMAT_TEXT, data, len, line);
	return wrong;
}

void note_misfit(struct cli *cli, const struct bytes *key, const char *wrong)
{
	struct bytes text = { };

	if (cli->misfits++ >= MISFITS_TOLD)
		return;
	show_key(cli, key, &text);
	note("map '%s': key '%s': %s", cli->name, text.data, wrong);
	bytes_free(&text);
}

int end_misfits(struct cli *cli, int code)
{
	if (cli->misfits > MISFITS_TOLD)
		note("map '%s': %" PRIu64 " more do not suit their format",
		     cli->name, cli->misfits - MISFITS_TOLD);
	return cli->misfits ? EXIT_ERROR : code;
}

const char *explain(int err, const struct syncmap_error *error,
		    char *text, size_t size)
{
	if (err == -EINVAL)
		return "a key that this map cannot have";
	return libsyncmap_explain(err, error, text, size);
}
