// SPDX-License-Identifier: GPL-2.0-only
/* import: one operation per line; a bad line is told, and does no harm */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

#include "cli.h"
#include "progress.h"

/* Bad lines beyond this many are only counted. */
#define BAD_TOLD	20

struct import {
	struct cli		*cli;
	const char		*path;
	FILE			*file;
	struct progress		progress;
	struct record		record;
	struct json_object	*errors;
	uint64_t		lines;
	uint64_t		stored;
	uint64_t		present;
	uint64_t		bad;
};

static void tell(struct import *import, const char *wrong)
{
	struct json_object *json;

	if (!import->cli->json) {
		progress_end(&import->progress);
		fprintf(stderr, "syncmapctl: %s:%" PRIu64 ": %s\n",
			import->path, import->lines, wrong);
		return;
	}
	json = json_object_new_object();
	add_u64(json, "line", import->lines);
	add_text(json, "error", wrong);
	json_object_array_add(import->errors, json);
}

static void tell_bad(struct import *import, const char *wrong)
{
	if (import->bad++ < BAD_TOLD)
		tell(import, wrong);
}

static int store(struct import *import, struct libsyncmap_result *result)
{
	const struct record *record = &import->record;
	const struct cli *cli = import->cli;
	struct libsyncmap_options terms = store_terms(cli);

	if (record->ttl_ns != DURATION_NEVER)
		terms.deadline = libsyncmap_deadline(record->ttl_ns);
	if (cli->if_absent)
		return libsyncmap_load_or_store_with(cli->map, record->key.data,
						     record->key.len,
						     record->value.data,
						     record->value.len,
						     &terms, result);
	return libsyncmap_store_with(cli->map, record->key.data,
				     record->key.len, record->value.data,
				     record->value.len, &terms, result);
}

/* Returns 0, or an error that every further line would meet, too. */
static int import_line(struct import *import, const char *line, size_t len)
{
	struct libsyncmap_result result = { };
	const char *wrong;
	char text[128];
	int err;

	wrong = record_parse(&import->cli->format, line, len, &import->record);
	if (wrong) {
		tell_bad(import, wrong);
		return 0;
	}
	err = store(import, &result);
	if (!err && import->cli->if_absent && result.loaded) {
		import->present++;
	} else if (!err) {
		import->stored++;
	} else {
		wrong = explain(err, &result, text, sizeof(text));
		if (err != -EFBIG && err != -EINVAL) {
			tell(import, wrong);
			return err;
		}
		tell_bad(import, wrong);
	}
	return 0;
}

static int import_lines(struct import *import)
{
	char *line = NULL;
	size_t size = 0;
	ssize_t len;
	int err = 0;

	progress_begin(&import->progress, import->cli->progress);
	while (!err && (len = getline(&line, &size, import->file)) > 0) {
		import->lines++;
		len -= line[len - 1] == '\n';
		err = import_line(import, line, len);
		progress_step(&import->progress, import->lines, 0);
	}
	progress_end(&import->progress);
	free(line);
	if (!err && ferror(import->file)) {
		err = -EIO;
		tell(import, "cannot be read further");
	}
	return err;
}

static void say_counts(struct import *import)
{
	struct cli *cli = import->cli;
	struct json_object *json;

	if (!cli->json) {
		printf("%" PRIu64 " lines: %" PRIu64 " stored", import->lines,
		       import->stored);
		if (cli->if_absent)
			printf(", %" PRIu64 " present", import->present);
		printf(", %" PRIu64 " bad\n", import->bad);
		return;
	}
	json = json_object_new_object();
	add_text(json, "map", cli->name);
	add_u64(json, "lines", import->lines);
	add_u64(json, "stored", import->stored);
	add_u64(json, "present", import->present);
	add_u64(json, "bad", import->bad);
	if (json_object_array_length(import->errors))
		add_json(json, "errors", json_object_get(import->errors));
	say_json(cli, json);
}

static int import_file(struct import *import)
{
	int err;

	import->errors = json_object_new_array();
	err = import_lines(import);
	say_counts(import);
	json_object_put(import->errors);
	record_free(&import->record);
	return err || import->bad ? EXIT_ERROR : EXIT_YES;
}

int verb_import(struct cli *cli)
{
	struct import import = { .cli = cli, .file = stdin, .path = "stdin" };
	int code;

	if (cli->format.value == FORMAT_RAW || cli->format.key == FORMAT_RAW)
		return fail_usage(cli, "raw is a format for one value");
	if (cli->nargs < 2 || !strcmp(cli->args[1], "-"))
		return import_file(&import);
	import.path = cli->args[1];
	import.file = fopen(import.path, "re");
	if (!import.file)
		return fail(cli, "%s: %s", import.path, strerror(errno));
	code = import_file(&import);
	fclose(import.file);
	return code;
}
