// SPDX-License-Identifier: GPL-2.0-only
/* batch: one operation per record of standard input, many in one call */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "member.h"
#include "request.h"
#include "source.h"

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
	{ "touch", SYNCMAP_OP_TOUCH, "", true, true },
	{ "add", SYNCMAP_OP_ADD, "n", false, false },
	{ "sub", SYNCMAP_OP_SUB, "n", false, false },
	{ "min", SYNCMAP_OP_MIN, "n", false, false },
	{ "max", SYNCMAP_OP_MAX, "n", false, false },
	{ "and", SYNCMAP_OP_AND, "n", false, false },
	{ "or", SYNCMAP_OP_OR, "n", false, false },
	{ "xor", SYNCMAP_OP_XOR, "n", false, false },
};

/* A word of a line */
struct text {
	const char	*at;
	size_t		len;
};

struct row {
	const struct word	*word;
	struct bytes		key;
	bool			has_old;	/* in JSON */
	struct bytes		old;
	struct bytes		value;
	struct bytes		number;
	uint64_t		deadline;
	uint32_t		flags;
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
	struct source		source;
	struct record		record;
	int			worst;
};

static const char not_numbers[] =
	"nobody has said that values are numbers: --format u64";

static bool is_word(const struct text *text, const char *word)
{
	return strlen(word) == text->len && !memcmp(word, text->at, text->len);
}

static const struct word *find_word(const struct text *text)
{
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (is_word(text, words[i].verb))
			return &words[i];
	return NULL;
}

static const char *parse_operand(const struct batch *batch, struct row *row,
				 char what, const struct text *text)
{
	enum format format = batch->cli->format.value;

	switch (what) {
	case 'o':
		return format_parse(format, text->at, text->len, &row->old);
	case 'v':
		return format_parse(format, text->at, text->len, &row->value);
	}
	if (!are_numbers(batch->cli))
		return not_numbers;
	return format_parse(FORMAT_U64, text->at, text->len, &row->number);
}

static const char *parse_words(struct batch *batch, struct row *row,
			       const struct text *texts, size_t n)
{
	const char *wrong;

	row->word = find_word(&texts[0]);
	if (!row->word)
		return "no operation of this name";
	if (n != 2 + strlen(row->word->takes))
		return "too few or too many words; a tab separates them";
	wrong = format_parse(batch->cli->format.key, texts[1].at, texts[1].len,
			     &row->key);
	for (size_t i = 2; !wrong && i < n; i++)
		wrong = parse_operand(batch, row, row->word->takes[i - 2],
				      &texts[i]);
	return wrong;
}

static const char *parse_tabs(struct batch *batch, struct row *row,
			      const char *line, size_t len)
{
	struct text texts[WORDS_MAX + 1];
	const char *end = line + len, *tab = line;
	size_t n = 0;

	if (memchr(line, '\0', len))
		return "a NUL; write \\x00 instead";
	while (tab && n <= WORDS_MAX) {
		tab = memchr(line, '\t', end - line);
		texts[n++] = (struct text){ line, (tab ? tab : end) - line };
		line = tab ? tab + 1 : NULL;
	}
	return parse_words(batch, row, texts, n);
}

static const char *take_operand(const struct batch *batch, struct row *row,
				struct json_object *json)
{
	const char *wrong = NULL;

	if (!are_numbers(batch->cli))
		return not_numbers;
	member_parse("operand", FORMAT_U64, "operand", json, &row->number,
		     &wrong);
	return wrong;
}

/* A member that no entry has; @known: it is one that an operation has */
static const char *parse_member(const struct batch *batch, struct row *row,
				const char *name, struct json_object *json,
				bool *known)
{
	const char *wrong = NULL;

	*known = true;
	if (!strcmp(name, "operand"))
		return take_operand(batch, row, json);
	if (!strcmp(name, "operation")) {
		row->word = find_word(&(struct text){
			json_object_get_string(json),
			json_object_get_string_len(json) });
		return row->word ? NULL : "no operation of this name";
	}
	*known = member_parse("old", batch->cli->format.value, name, json,
			      &row->old, &wrong);
	if (!*known)
		return NULL;
	if (!wrong && row->has_old)
		return "both as it is and in hex";
	row->has_old = true;
	return wrong;
}

/* Leaves those of an entry */
static const char *take_members(const struct batch *batch, struct row *row,
				struct json_object *json)
{
	const char *wrong;
	bool known;

	json_object_object_foreach(json, name, member) {
		wrong = parse_member(batch, row, name, member, &known);
		if (wrong)
			return wrong;
		if (known)
			json_object_object_del(json, name);
	}
	return NULL;
}

/* That there is what the operation takes, and no more */
static const char *check_row(const struct row *row, const struct record *record)
{
	const char *takes = row->word->takes;

	if (!record->has_key)
		return "no \"key\"";
	if (record->has_value != !!strchr(takes, 'v'))
		return record->has_value ? "a \"value\" is of no use" :
					   "no \"value\"";
	if (row->has_old != !!strchr(takes, 'o'))
		return row->has_old ? "\"old\" is of no use" : "no \"old\"";
	if (!row->number.len != !strchr(takes, 'n'))
		return row->number.len ? "an \"operand\" is of no use" :
					 "no \"operand\"";
	return NULL;
}

static const char *parse_entry(struct batch *batch, struct row *row,
			       struct json_object *json)
{
	struct record *record = &batch->record;
	const char *wrong;

	wrong = record_parse_object(&batch->cli->format, json, record);
	if (wrong)
		return wrong;
	/* Without a word: what import would do */
	if (!row->word && record->task == RECORD_STORE)
		row->word = find_word(&(struct text){ "store", 5 });
	if (!row->word && record->task == RECORD_DELETE)
		row->word = find_word(&(struct text){ "delete", 6 });
	if (!row->word)
		return "no operation on a key";
	if (record->says_ttl)
		row->deadline = deadline_from_now(record->life.ttl_ns);
	row->flags = keep_flag(batch->cli, record);
	bytes_append(&row->key, record->key.data, record->key.len);
	bytes_append(&row->value, record->value.data, record->value.len);
	return check_row(row, record);
}

static const char *parse_json(struct batch *batch, struct row *row,
			      const char *text, size_t len)
{
	struct json_object *json;
	const char *wrong = json_parse(text, len, &json);

	if (wrong)
		return wrong;
	if (json_object_is_type(json, json_type_object))
		wrong = take_members(batch, row, json);
	if (!wrong)
		wrong = parse_entry(batch, row, json);
	json_object_put(json);
	return wrong;
}

static const char *parse_row(struct batch *batch, struct row *row,
			     const char *text, size_t len)
{
	row->word = NULL;
	row->deadline = store_deadline(batch->cli);
	row->flags = keep_flag(batch->cli, NULL);
	row->has_old = false;
	row->key.len = row->old.len = row->value.len = row->number.len = 0;
	return batch->cli->format.json_lines ?
		parse_json(batch, row, text, len) :
		parse_tabs(batch, row, text, len);
}

static void set_terms(const struct cli *cli, const struct row *row,
		      struct syncmap_op *op)
{
	if (strchr(row->word->takes, 'v'))
		op->flags |= row->flags;
	if (row->number.len) {
		memcpy(&op->operand, row->number.data, sizeof(op->operand));
		op->flags |= cli->number.flags;
		op->initial = cli->number.initial;
	}
	/* Of what is stored: by arithmetic only if a key may be absent */
	if (row->word->takes_deadline || op->flags & SYNCMAP_FLAG_INITIAL)
		op->deadline = row->deadline;
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
	if (answer->expires)
		record_add_time(json, "ttl_ns", answer->expires);
	say_json(batch->cli, json);
}

static void say_line_op(struct batch *batch, const struct row *row,
			const struct syncmap_answer *answer, const char *what,
			const struct bytes *found)
{
	const char *wrong = NULL;
	struct bytes line = { };

	fputs(what, stdout);
	if (found) {
		bytes_append_char(&line, '\t');
		wrong = print_field(batch->cli->format.value, found->data,
				    found->len, &line);
	}
	if (row->number.len && !answer->error.status)
		printf("\t%" PRIu64, (uint64_t)answer->after);
	bytes_append_char(&line, '\n');
	say_bytes(&line);
	bytes_free(&line);
	if (wrong)
		note_misfit(batch->cli, &row->key, wrong);
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

	if (!batch->count)
		return true;
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

/* Returns whether to go on. */
static bool add_line(struct batch *batch, enum source_got got,
		     const char *line, size_t len)
{
	struct row *row = &batch->rows[batch->count];
	const char *wrong = batch->source.wrong;

	if (got == SOURCE_RECORD)
		wrong = parse_row(batch, row, line, len);
	if (wrong) {
		if (flush(batch))
			batch->worst = fail(batch->cli, "stdin:%" PRIu64 ": %s",
					    batch->source.begin, wrong);
		return false;
	}
	return ++batch->count < batch->max || flush(batch);
}

static enum source_got next(struct batch *batch, const char **line, size_t *len)
{
	enum source_got got = source_next(&batch->source, line, len);

	return got || !batch->source.lines.end ? got :
						 source_end(&batch->source);
}

/* What has arrived is done before more is waited for. */
static void run_lines(struct batch *batch)
{
	struct lines *lines = &batch->source.lines;
	enum source_got got;
	const char *line;
	bool more = true;
	int err = 0;
	size_t len;

	while (more && !lines->end && !err) {
		err = lines_read(lines);
		while (more && !err && (got = next(batch, &line, &len)))
			more = add_line(batch, got, line, len);
		more = more && flush(batch);
		fflush(stdout);
	}
	if (more && err)
		batch->worst = fail(batch->cli, "standard input: %s",
				    strerror(-err));
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
	source_free(&batch->source);
	record_free(&batch->record);
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
	if (!batch.max)
		batch.max = 1;
	/* A word, a key and two values */
	source_begin(&batch.source, STDIN_FILENO, cli->format.json_lines,
		     record_max(cli->info.limits.key_size,
				2 * (size_t)cli->info.limits.value_size));
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
	return end_misfits(cli, batch.worst);
}
