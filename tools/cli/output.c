// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"

/* Of a key in a message, as much as fits on a line */
#define KEY_SHOWN	64

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
	if (cli->in_array)
		fputs(cli->array_has_items ? ",\n" : "[", stdout);
	cli->array_has_items = cli->in_array;
	fputs(json_object_to_json_string_ext(json, flags), stdout);
	if (!cli->in_array)
		putchar('\n');
	json_object_put(json);
}

void begin_array(struct cli *cli)
{
	cli->in_array = cli->json;
}

void end_array(struct cli *cli)
{
	if (cli->in_array)
		puts(cli->array_has_items ? "]" : "[]");
	cli->in_array = false;
	cli->array_has_items = false;
}

/* What was typed need not be UTF-8, which JSON is */
static void add_error(struct json_object *json, const char *text)
{
	struct bytes escaped = { };

	if (!is_utf8(text, strlen(text))) {
		format_print(FORMAT_TEXT, text, strlen(text), &escaped);
		bytes_append_char(&escaped, '\0');
		text = escaped.data;
	}
	add_text(json, "error", text);
	bytes_free(&escaped);
}

static void complain(struct cli *cli, const char *text)
{
	struct json_object *json;

	if (!cli->json) {
		fflush(stdout);
		fprintf(stderr, "syncmapctl: %s\n", text);
		return;
	}
	if (!cli->array_has_items)
		cli->in_array = false;
	json = json_object_new_object();
	add_error(json, text);
	say_json(cli, json);
}

static void vcomplain(struct cli *cli, const char *format, va_list args)
{
	char *text;

	if (vasprintf(&text, format, args) < 0)
		abort();
	complain(cli, text);
	free(text);
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
	if (!cli->json && cli->verb)
		fprintf(stderr, "Usage: syncmapctl %s %s\n"
			"Try 'syncmapctl help %s'.\n", cli->verb->name,
			cli->verb->args, cli->verb->name);
	else if (!cli->json)
		fputs("Try 'syncmapctl help'.\n", stderr);
	return EXIT_USAGE;
}

int fail_system(struct cli *cli, int err)
{
	if (err == -ENODEV || err == -EACCES)
		return fail(cli, "%s (see 'syncmapctl doctor')",
			    err == -ENODEV ? libsyncmap_strerror(err) :
			    SYNCMAP_DEVICE ": permission denied");
	return fail(cli, "%s: %s", SYNCMAP_DEVICE, libsyncmap_strerror(err));
}

int fail_map(struct cli *cli, const char *name, int err)
{
	if (err == -ENODEV ||
	    (err == -EACCES && access(SYNCMAP_DEVICE, R_OK | W_OK)))
		return fail_system(cli, err);
	if (err == -ENOENT)
		return fail(cli, "there is no map '%s'", name);
	if (err == -ESTALE)
		return fail(cli, "map '%s': it has another number, or owner",
			    name);
	if (err == -EACCES)
		return fail(cli, "map '%s': permission denied by its mode",
			    name);
	return fail(cli, "map '%s': %s", name, libsyncmap_strerror(err));
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

void note_key(struct cli *cli, const struct bytes *key, const char *what)
{
	struct bytes text = { };

	show_key(cli, key, &text);
	fflush(stdout);
	fprintf(stderr, "syncmapctl: map '%s': key '%s' %s\n", cli->name,
		text.data, what);
	bytes_free(&text);
}

const char *explain(int err, const struct syncmap_error *error,
		    char *text, size_t size)
{
	if (err == -EINVAL)
		return "a key that this map cannot have";
	return libsyncmap_explain(err, error, text, size);
}
