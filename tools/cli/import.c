// SPDX-License-Identifier: GPL-2.0-only
/*
 * import: one operation per line, many in one call; a bad line is told, and does
 * no harm
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"
#include "lines.h"
#include "progress.h"

/* Bad lines beyond this many are only counted. */
#define BAD_TOLD	20

/* A call is made when there are so many bytes of keys and values. */
#define ROOM		(1 << 20)

struct import {
	struct cli		*cli;
	const char		*path;
	struct lines		lines;
	struct progress		progress;
	struct record		record;
	struct json_object	*errors;
	uint64_t		line;
	uint64_t		stored;
	uint64_t		present;
	uint64_t		bad;
	/* what is not stored yet: of each operation the number of its line;
	 * pointers are offsets in @bytes
	 */
	size_t			count;
	struct bytes		bytes;
	uint64_t		numbers[SYNCMAP_BATCH_MAX];
	struct syncmap_op	ops[SYNCMAP_BATCH_MAX];
	struct syncmap_answer	answers[SYNCMAP_BATCH_MAX];
};

static void tell(struct import *import, uint64_t line, const char *wrong)
{
	struct json_object *json;

	if (!import->cli->json) {
		progress_end(&import->progress);
		fprintf(stderr, "syncmapctl: %s:%" PRIu64 ": %s\n",
			import->path, line, wrong);
		return;
	}
	json = json_object_new_object();
	add_u64(json, "line", line);
	add_text(json, "error", wrong);
	json_object_array_add(import->errors, json);
}

static void tell_bad(struct import *import, uint64_t line, const char *wrong)
{
	if (import->bad++ < BAD_TOLD)
		tell(import, line, wrong);
}

/* No line behind this one counts. */
static int give_up(struct import *import, uint64_t line, int err,
		   const char *wrong)
{
	tell(import, line, wrong);
	import->line = line;
	return err;
}

/* Returns 0, or an error that every further line would meet, too. */
static int judge(struct import *import, size_t i)
{
	const struct syncmap_answer *answer = &import->answers[i];
	const struct syncmap_error *error = &answer->error;
	const char *wrong;
	char text[128];

	if (!error->status && import->ops[i].op == SYNCMAP_OP_LOAD_OR_STORE &&
	    answer->result & SYNCMAP_RESULT_LOADED) {
		import->present++;
		return 0;
	}
	if (!error->status) {
		import->stored++;
		return 0;
	}
	wrong = explain(error->status, error, text, sizeof(text));
	if (error->status != -EFBIG && error->status != -EINVAL)
		return give_up(import, import->numbers[i], error->status,
			       wrong);
	tell_bad(import, import->numbers[i], wrong);
	return 0;
}

/* One call: all of them from the first on, or up to one that fails */
static int store_some(struct import *import, size_t first, size_t *done)
{
	const struct syncmap_op *ops = &import->ops[first];
	const struct syncmap_answer *answers = &import->answers[first];
	int err;

	err = libsyncmap_batch(import->cli->map, ops, sizeof(*ops),
			       import->count - first, SYNCMAP_BATCH_STOP, done);
	if (err && (!*done || answers[*done - 1].error.status != err))
		err = give_up(import, import->numbers[first + *done], err,
			      libsyncmap_strerror(err));
	else
		err = 0;
	for (size_t i = first; i < first + *done; i++)
		err = err ? err : judge(import, i);
	return err;
}

/* Returns as judge(). */
static int store_all(struct import *import)
{
	uintptr_t base = (uintptr_t)import->bytes.data;
	size_t done, next = 0;
	int err = 0;

	for (size_t i = 0; i < import->count; i++) {
		import->ops[i].key += base;
		import->ops[i].value += base;
	}
	for (; !err && next < import->count; next += done)
		err = store_some(import, next, &done);
	import->count = 0;
	import->bytes.len = 0;
	return err;
}

static void add_record(struct import *import)
{
	const struct record *record = &import->record;
	const struct cli *cli = import->cli;
	bool expires = record->life.ttl_ns != DURATION_NEVER;

	import->numbers[import->count] = import->line;
	import->ops[import->count] = (struct syncmap_op){
		.op = cli->if_absent ? SYNCMAP_OP_LOAD_OR_STORE :
				       SYNCMAP_OP_STORE,
		.flags = SYNCMAP_FLAG_FROM_NOW,
		.key = import->bytes.len,
		.key_len = record->key.len,
		.value = import->bytes.len + record->key.len,
		.value_len = record->value.len,
		.deadline = expires ? deadline_from_now(record->life.ttl_ns) :
				      store_deadline(cli),
		.answer = (uintptr_t)&import->answers[import->count],
		.answer_size = sizeof(import->answers[0]),
	};
	import->count++;
	bytes_append(&import->bytes, record->key.data, record->key.len);
	bytes_append(&import->bytes, record->value.data, record->value.len);
}

static const char *parse(struct import *import, const char *line, size_t len)
{
	if (len > UINT32_MAX)
		return libsyncmap_strerror(-EFBIG);
	return record_parse(&import->cli->format, line, len, &import->record);
}

/* Returns as judge(). */
static int import_line(struct import *import, const char *line, size_t len)
{
	const char *wrong;
	int err = 0;

	import->line++;
	wrong = parse(import, line, len);
	if (!wrong)
		add_record(import);
	if (wrong || import->count == SYNCMAP_BATCH_MAX ||
	    import->bytes.len >= ROOM)
		err = store_all(import);
	if (wrong && !err)
		tell_bad(import, import->line, wrong);
	progress_step(&import->progress, import->line, 0);
	return err;
}

/* What has arrived is stored before more is waited for. */
static int import_lines(struct import *import)
{
	struct lines *lines = &import->lines;
	const char *line;
	int err = 0;
	size_t len;

	progress_begin(&import->progress, import->cli->progress);
	while (!err && !lines->end) {
		err = lines_read(lines);
		if (err)
			tell(import, import->line, "cannot be read further");
		while (!err && lines_next(lines, &line, &len))
			err = import_line(import, line, len);
		if (!err)
			err = store_all(import);
	}
	progress_end(&import->progress);
	return err;
}

static void say_counts(struct import *import)
{
	struct cli *cli = import->cli;
	struct json_object *json;

	if (!cli->json) {
		printf("%" PRIu64 " lines: %" PRIu64 " stored", import->line,
		       import->stored);
		if (cli->if_absent)
			printf(", %" PRIu64 " present", import->present);
		printf(", %" PRIu64 " bad\n", import->bad);
		return;
	}
	json = json_object_new_object();
	add_text(json, "map", cli->name);
	add_u64(json, "lines", import->line);
	add_u64(json, "stored", import->stored);
	add_u64(json, "present", import->present);
	add_u64(json, "bad", import->bad);
	if (json_object_array_length(import->errors))
		add_json(json, "errors", json_object_get(import->errors));
	say_json(cli, json);
}

static int import_file(struct cli *cli, const char *path, int fd)
{
	struct import *import = calloc(1, sizeof(*import));
	int code;

	if (!import)
		return fail(cli, "out of memory");
	import->cli = cli;
	import->path = path;
	import->lines.fd = fd;
	import->errors = json_object_new_array();
	code = import_lines(import) || import->bad ? EXIT_ERROR : EXIT_YES;
	say_counts(import);
	json_object_put(import->errors);
	lines_free(&import->lines);
	record_free(&import->record);
	bytes_free(&import->bytes);
	free(import);
	return code;
}

int verb_import(struct cli *cli)
{
	const char *path = "stdin";
	int code, fd = STDIN_FILENO;

	if (cli->format.value == FORMAT_RAW || cli->format.key == FORMAT_RAW)
		return fail_usage(cli, "raw is a format for one value");
	if (cli->nargs < 2 || !strcmp(cli->args[1], "-"))
		return import_file(cli, path, fd);
	path = cli->args[1];
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return fail(cli, "%s: %s", path, strerror(errno));
	code = import_file(cli, path, fd);
	close(fd);
	return code;
}
