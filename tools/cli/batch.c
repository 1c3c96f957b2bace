// SPDX-License-Identifier: GPL-2.0-only
/* batch: one operation per line of standard input, many in one call */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

#include "request.h"

/* Bytes for the values that one call finds; what is not used is not there */
#define ROOM		(16 << 20)
#define WORDS_MAX	4

/* What follows the key: o, what to compare with; v, a value; n, a number */
static const struct word {
	const char	*verb;
	__u32		op;
	const char	*takes;
	bool		gives_value;
	bool		takes_deadline;
} words[] = {
	{ "load", SYNCMAP_OP_LOAD, "", true, false },
	{ "store", SYNCMAP_OP_STORE, "v", false, true },
	{ "load-or-store", SYNCMAP_OP_LOAD_OR_STORE, "v", true, true },
	{ "load-and-delete", SYNCMAP_OP_LOAD_AND_DELETE, "", true, false },
	{ "delete", SYNCMAP_OP_DELETE, "", false, false },
	{ "swap", SYNCMAP_OP_SWAP, "v", true, true },
	{ "compare-and-swap", SYNCMAP_OP_COMPARE_AND_SWAP, "ov", true, true },
	{ "compare-and-delete", SYNCMAP_OP_COMPARE_AND_DELETE, "o", true, false },
	{ "append", SYNCMAP_OP_APPEND, "v", false, true },
	{ "add", SYNCMAP_OP_ADD, "n", false, false },
	{ "sub", SYNCMAP_OP_SUB, "n", false, false },
	{ "min", SYNCMAP_OP_MIN, "n", false, false },
	{ "max", SYNCMAP_OP_MAX, "n", false, false },
	{ "and", SYNCMAP_OP_AND, "n", false, false },
	{ "or", SYNCMAP_OP_OR, "n", false, false },
	{ "xor", SYNCMAP_OP_XOR, "n", false, false },
};

struct row {
	const struct word	*word;
	struct bytes		key;
	struct bytes		old;
	struct bytes		value;
	struct bytes		number;
};

struct batch {
	struct cli		*cli;
	struct syncmap_op	*ops;
	struct syncmap_answer	*answers;
	struct row		*rows;
	char			*room;
	size_t			value_size;
	size_t			max;
	size_t			count;
	uint64_t		line;
	int			worst;
};

static const struct word *find_word(const char *text, size_t len)
{
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strlen(words[i].verb) == len &&
		    !memcmp(words[i].verb, text, len))
			return &words[i];
	return NULL;
}

static const char *parse_operand(const struct batch *batch, struct row *row,
				 char what, const char *text, size_t len)
{
	enum format format = batch->cli->format.value;

	switch (what) {
	case 'o':
		return format_parse(format, text, len, &row->old);
	case 'v':
		return format_parse(format, text, len, &row->value);
	default:
		return format_parse(FORMAT_U64, text, len, &row->number);
	}
}

static const char *parse_words(struct batch *batch, struct row *row,
			       char *texts[], size_t n)
{
	const char *wrong;

	row->word = find_word(texts[0], strlen(texts[0]));
	if (!row->word)
		return "no operation of this name";
	if (n != 2 + strlen(row->word->takes))
		return "too few or too many words; a tab separates them";
	wrong = format_parse(batch->cli->format.key, texts[1],
			     strlen(texts[1]), &row->key);
	for (size_t i = 2; !wrong && i < n; i++)
		wrong = parse_operand(batch, row, row->word->takes[i - 2],
				      texts[i], strlen(texts[i]));
	return wrong;
}

static const char *parse_line(struct batch *batch, struct row *row, char *line,
			      size_t len)
{
	char *texts[WORDS_MAX + 1];
	size_t n = 0;

	if (strlen(line) != len)
		return "a NUL; write \\x00 instead";
	row->key.len = row->old.len = row->value.len = row->number.len = 0;
	while (line && n <= WORDS_MAX)
		texts[n++] = strsep(&line, "\t");
	return parse_words(batch, row, texts, n);
}

static void set_terms(const struct cli *cli, const struct row *row,
		      struct syncmap_op *op)
{
	if (row->word->takes_deadline)
		op->deadline = store_deadline(cli);
	if (!row->number.len)
		return;
	memcpy(&op->operand, row->number.data, sizeof(op->operand));
	op->flags |= cli->number.flags;
	op->initial = cli->number.initial;
}

static void make_op(struct batch *batch, size_t i)
{
	const struct row *row = &batch->rows[i];
	struct syncmap_op *op = &batch->ops[i];

	*op = (struct syncmap_op){
		.op = row->word->op, .flags = SYNCMAP_FLAG_FROM_NOW,
		.key = (uintptr_t)row->key.data, .key_len = row->key.len,
		.old_len = row->old.len, .value_len = row->value.len,
		.answer = (uintptr_t)&batch->answers[i],
		.answer_size = sizeof(batch->answers[i]),
	};
	if (row->old.len)
		op->old = (uintptr_t)row->old.data;
	if (row->value.len)
		op->value = (uintptr_t)row->value.data;
	if (row->word->gives_value) {
		op->out = (uintptr_t)(batch->room + i * batch->value_size);
		op->out_size = batch->value_size;
	}
	set_terms(batch->cli, row, op);
}

/* What is done and yet not what was hoped for, as for the verbs */
static bool is_no(const struct syncmap_op *op,
		  const struct syncmap_answer *answer)
{
	bool loaded = answer->result & SYNCMAP_RESULT_LOADED;

	return loaded ? op->op == SYNCMAP_OP_LOAD_OR_STORE :
			op->op == SYNCMAP_OP_DELETE;
}

static const char *outcome(const struct syncmap_op *op,
			   const struct syncmap_answer *answer, char *text,
			   size_t size)
{
	const struct syncmap_error *error = &answer->error;

	switch (error->status) {
	case 0:
		if (!is_no(op, answer))
			return "done";
		return op->op == SYNCMAP_OP_DELETE ? "absent" : "present";
	case -ENOENT:
		return "absent";
	case -EBUSY:
		return "differs";
	case -ERANGE:
		return "out of bounds";
	default:
		return explain(error->status, error, text, size);
	}
}

static int code_of(const struct syncmap_op *op,
		   const struct syncmap_answer *answer)
{
	switch (answer->error.status) {
	case 0:
		return is_no(op, answer) ? EXIT_NO : EXIT_YES;
	case -ENOENT:
	case -EBUSY:
	case -ERANGE:
		return EXIT_NO;
	default:
		return EXIT_ERROR;
	}
}

static void say_json_op(struct batch *batch, const struct row *row,
			const struct syncmap_answer *answer, const char *what,
			const struct bytes *found)
{
	struct json_object *json;

	json = entry_json(batch->cli, &row->key, "value", found);
	add_text(json, "operation", row->word->verb);
	add_text(json, "outcome", what);
	if (row->number.len)
		add_u64(json, "after", answer->after);
	if (answer->revision)
		add_u64(json, "revision", answer->revision);
	say_json(batch->cli, json);
}

static void say_line_op(struct batch *batch, const struct row *row,
			const struct syncmap_answer *answer, const char *what,
			const struct bytes *found)
{
	struct bytes line = { };

	fputs(what, stdout);
	if (found) {
		bytes_append_char(&line, '\t');
		if (format_print(batch->cli->format.value, found->data,
				 found->len, &line))
			format_print(FORMAT_TEXT, found->data, found->len,
				     &line);
	}
	if (row->number.len && !answer->error.status)
		printf("\t%" PRIu64, (uint64_t)answer->after);
	bytes_append_char(&line, '\n');
	say_bytes(&line);
	bytes_free(&line);
}

static void say_op(struct batch *batch, size_t i)
{
	const struct syncmap_op *op = &batch->ops[i];
	const struct syncmap_answer *answer = &batch->answers[i];
	int status = answer->error.status;
	const struct row *row = &batch->rows[i];
	struct bytes found = {
		.data = batch->room + i * batch->value_size,
		.len = answer->out_len,
	};
	bool has = row->word->gives_value &&
		   answer->result & SYNCMAP_RESULT_LOADED &&
		   (!status || status == -EBUSY);
	char text[128];
	const char *what = outcome(op, answer, text, sizeof(text));

	if (batch->cli->json)
		say_json_op(batch, row, answer, what, has ? &found : NULL);
	else
		say_line_op(batch, row, answer, what, has ? &found : NULL);
	if (code_of(op, answer) == EXIT_ERROR || !batch->worst)
		batch->worst = code_of(op, answer);
}

/* Returns whether to go on. */
static bool flush(struct batch *batch)
{
	struct cli *cli = batch->cli;
	size_t done;
	int err;

	for (size_t i = 0; i < batch->count; i++)
		make_op(batch, i);
	err = libsyncmap_batch(cli->map, batch->ops, sizeof(*batch->ops),
			       batch->count, cli->stop ? SYNCMAP_BATCH_STOP : 0,
			       &done);
	for (size_t i = 0; i < done; i++)
		say_op(batch, i);
	if (err && (!done || batch->answers[done - 1].error.status != err))
		batch->worst = fail_map(cli, cli->name, err);
	batch->count = 0;
	return !err;
}

static bool add_line(struct batch *batch, char *line, size_t len)
{
	struct row *row = &batch->rows[batch->count];
	const char *wrong = parse_line(batch, row, line, len);

	if (wrong) {
		if (flush(batch))
			batch->worst = fail(batch->cli, "stdin:%" PRIu64 ": %s",
					    batch->line, wrong);
		return false;
	}
	return ++batch->count < batch->max || flush(batch);
}

static void run_lines(struct batch *batch)
{
	bool more = true;
	char *line = NULL;
	size_t size = 0;
	ssize_t len;

	while (more && (len = getline(&line, &size, stdin)) > 0) {
		batch->line++;
		if (line[len - 1] == '\n')
			line[--len] = '\0';
		more = add_line(batch, line, len);
	}
	if (more && flush(batch) && ferror(stdin))
		batch->worst = fail(batch->cli, "standard input: %s",
				    strerror(errno));
	free(line);
}

static void free_all(struct batch *batch)
{
	for (size_t i = 0; batch->rows && i < batch->max; i++) {
		bytes_free(&batch->rows[i].key);
		bytes_free(&batch->rows[i].old);
		bytes_free(&batch->rows[i].value);
		bytes_free(&batch->rows[i].number);
	}
	free(batch->rows);
	free(batch->ops);
	free(batch->answers);
	free(batch->room);
}

int verb_batch(struct cli *cli)
{
	struct batch batch = {
		.cli = cli, .value_size = cli->info.limits.value_size,
	};

	if (cli->format.value == FORMAT_RAW || cli->format.key == FORMAT_RAW)
		return fail_usage(cli, "raw is a format for one value");
	batch.max = ROOM / batch.value_size;
	if (batch.max > SYNCMAP_BATCH_MAX)
		batch.max = SYNCMAP_BATCH_MAX;
	batch.ops = calloc(batch.max, sizeof(*batch.ops));
	batch.answers = calloc(batch.max, sizeof(*batch.answers));
	batch.rows = calloc(batch.max, sizeof(*batch.rows));
	batch.room = malloc(batch.max * batch.value_size);
	if (!batch.ops || !batch.answers || !batch.rows || !batch.room) {
		free_all(&batch);
		return fail(cli, "out of memory");
	}
	begin_array(cli);
	run_lines(&batch);
	end_array(cli);
	free_all(&batch);
	return batch.worst;
}
