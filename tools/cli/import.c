// SPDX-License-Identifier: GPL-2.0-only
/*
 * import: one operation per record, many in one call; a bad one is told, and does
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
#include "progress.h"
#include "source.h"

/* Bad lines beyond this many are only counted. */
#define BAD_TOLD	20

/* A call is made when there are so many bytes of keys and values. */
#define ROOM		(1 << 20)

struct import {
	struct cli		*cli;
	const char		*path;
	struct source		source;
	struct progress		progress;
	struct record		record;
	struct json_object	*errors;
	uint64_t		line;		/* that counts, at last */
	uint64_t		stored;
	uint64_t		present;
	uint64_t		deleted;
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

/* What is wrong with a line, or if it is 0, with the file */
static void tell(struct import *import, uint64_t line, const char *wrong)
{
	struct json_object *json;

	if (!import->cli->json) {
		progress_end(&import->progress);
		if (line)
			note("%s:%" PRIu64 ": %s", import->path, line, wrong);
		else
			note("%s: %s", import->path, wrong);
		return;
	}
	json = json_object_new_object();
	if (line)
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
		if (import->ops[i].op == SYNCMAP_OP_DELETE)
			import->deleted += answer->previous != 0;
		else
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
		if (import->ops[i].op != SYNCMAP_OP_DELETE)
			import->ops[i].value += base;
	}
	for (; !err && next < import->count; next += done)
		err = store_some(import, next, &done);
	import->count = 0;
	import->bytes.len = 0;
	return err;
}

static struct syncmap_op make_store(const struct import *import)
{
	const struct record *record = &import->record;
	const struct cli *cli = import->cli;

	return (struct syncmap_op){
		.op = cli->if_absent ? SYNCMAP_OP_LOAD_OR_STORE :
				       SYNCMAP_OP_STORE,
		.flags = keep_flag(cli, record),
		.value = import->bytes.len + record->key.len,
		.value_len = record->value.len,
		.deadline = record->says_ttl ?
			    deadline_from_now(record->life.ttl_ns) :
			    store_deadline(cli),
	};
}

static void add_record(struct import *import)
{
	const struct record *record = &import->record;
	struct syncmap_op op = { .op = SYNCMAP_OP_DELETE };

	if (record->task == RECORD_STORE)
		op = make_store(import);
	op.flags |= SYNCMAP_FLAG_FROM_NOW;
	op.key = import->bytes.len;
	op.key_len = record->key.len;
	op.answer = (uintptr_t)&import->answers[import->count];
	op.answer_size = sizeof(import->answers[0]);
	import->ops[import->count] = op;
	import->numbers[import->count++] = import->line;
	bytes_append(&import->bytes, record->key.data, record->key.len);
	bytes_append(&import->bytes, record->value.data, record->value.len);
}

/* Returns as judge(). */
static int clear(struct import *import)
{
	int err = store_all(import);

	if (!err)
		err = libsyncmap_clear(import->cli->map, SYNCMAP_CLEAR_WAIT);
	if (err)
		tell(import, import->line, libsyncmap_strerror(err));
	return err;
}

/* Returns as judge(). */
static int do_record(struct import *import)
{
	switch (import->record.task) {
	case RECORD_NOTHING:
		return 0;
	case RECORD_CLEAR:
		return clear(import);
	default:
		add_record(import);
	}
	return import->count == SYNCMAP_BATCH_MAX ||
	       import->bytes.len >= ROOM ? store_all(import) : 0;
}

/* Returns as judge(). */
static int import_one(struct import *import, enum source_got got,
		      const char *text, size_t len)
{
	const char *wrong = import->source.wrong;
	int err;

	import->line = import->source.begin;
	if (got == SOURCE_RECORD)
		wrong = record_parse(&import->cli->format, text, len,
				     &import->record);
	if (!wrong)
		return do_record(import);
	/* What was before it comes first */
	err = store_all(import);
	if (err)
		return err;
	if (got == SOURCE_BROKEN)
		return give_up(import, import->line, -EINVAL, wrong);
	tell_bad(import, import->line, wrong);
	return 0;
}

/* All that has arrived; returns as judge(). */
static int import_some(struct import *import)
{
	struct source *source = &import->source;
	enum source_got got = SOURCE_NONE;
	const char *text;
	size_t len;
	int err;

	do {
		got = source_next(source, &text, &len);
		if (got == SOURCE_NONE && source->lines.end)
			got = source_end(source);
		err = got ? import_one(import, got, text, len) : 0;
		progress_step(&import->progress, source->line, 0);
	} while (!err && got);
	return err;
}

/* What has arrived is stored before more is waited for. */
static int import_all(struct import *import)
{
	struct lines *lines = &import->source.lines;
	int err = 0;

	progress_begin(&import->progress, import->cli->progress);
	while (!err && !lines->end) {
		err = lines_read(lines);
		if (err)
			tell(import, 0, strerror(-err));
		else
			err = import_some(import);
		if (!err)
			err = store_all(import);
	}
	if (!err)
		import->line = import->source.line;
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
		if (import->deleted)
			printf(", %" PRIu64 " deleted", import->deleted);
		printf(", %" PRIu64 " bad\n", import->bad);
		return;
	}
	json = json_object_new_object();
	add_text(json, "map", cli->name);
	add_u64(json, "lines", import->line);
	add_u64(json, "stored", import->stored);
	add_u64(json, "present", import->present);
	add_u64(json, "deleted", import->deleted);
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
	source_begin(&import->source, fd, cli->format.json_lines,
		     record_max(cli->info.limits.key_size,
				cli->info.limits.value_size));
	import->errors = json_object_new_array();
	code = import_all(import) || import->bad ? EXIT_ERROR : EXIT_YES;
	say_counts(import);
	json_object_put(import->errors);
	source_free(&import->source);
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
