// SPDX-License-Identifier: GPL-2.0-only
/* delete: a key, several, or all with a prefix */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "request.h"
#include "select.h"

static int delete_next(struct request *request, const char *text)
{
	struct cli *cli = request->cli;
	int code = parse_key(cli, text, strlen(text), &request->key);
	int err;

	if (code)
		return code;
	err = libsyncmap_delete(cli->map, request->key.data, request->key.len,
				&request->result);
	if (err)
		return fail_request(request, err);
	if (!request->result.previous)
		return say_absent(request, "deleted");
	if (cli->json)
		say_request(request, "deleted", true, NULL);
	return EXIT_YES;
}

/* All are tried, but after an error */
static int delete_keys(struct cli *cli)
{
	struct request request;
	int worst = EXIT_YES;
	int code = EXIT_YES;

	request_begin(&request, cli);
	if (cli->nargs > 2)
		begin_array(cli);
	for (int i = 1; code != EXIT_ERROR && i < cli->nargs; i++) {
		code = delete_next(&request, cli->args[i]);
		worst = code ? code : worst;
	}
	end_array(cli);
	return request_end(&request, worst);
}

/* Keys that have been found and are to go, in one call */
struct sweep {
	struct cli		*cli;
	struct bytes		bytes;
	size_t			count;
	struct syncmap_op	ops[SYNCMAP_BATCH_MAX];
	struct syncmap_answer	answers[SYNCMAP_BATCH_MAX];
	uint64_t		deleted;
	struct syncmap_error	error;
};

/* So many at most, and so many bytes of keys, between two looks for more */
#define SWEEP_BYTES	(1 << 20)

static int delete_found(struct sweep *sweep)
{
	uintptr_t base = (uintptr_t)sweep->bytes.data;
	size_t done = 0;
	int err;

	for (size_t i = 0; i < sweep->count; i++)
		sweep->ops[i].key += base;
	err = libsyncmap_batch(sweep->cli->map, sweep->ops,
			       sizeof(sweep->ops[0]), sweep->count,
			       SYNCMAP_BATCH_STOP, &done);
	for (size_t i = 0; i < done; i++) {
		sweep->deleted += sweep->answers[i].previous != 0;
		if (sweep->answers[i].error.status)
			sweep->error = sweep->answers[i].error;
	}
	sweep->count = 0;
	sweep->bytes.len = 0;
	return err ? err : sweep->error.status;
}

static int collect(const struct libsyncmap_record *entry, void *arg)
{
	struct sweep *sweep = arg;

	sweep->ops[sweep->count] = (struct syncmap_op){
		.op = SYNCMAP_OP_DELETE,
		.key = sweep->bytes.len, .key_len = entry->key_len,
		.answer = (uintptr_t)&sweep->answers[sweep->count],
		.answer_size = sizeof(sweep->answers[0]),
	};
	bytes_append(&sweep->bytes, entry->key, entry->key_len);
	sweep->count++;
	if (sweep->count < SYNCMAP_BATCH_MAX && sweep->bytes.len < SWEEP_BYTES)
		return 0;
	return delete_found(sweep);
}

static int count_one(const struct libsyncmap_record *entry, void *arg)
{
	struct sweep *sweep = arg;

	(void)entry;
	sweep->deleted++;
	return 0;
}

static void say_swept(const struct sweep *sweep)
{
	struct cli *cli = sweep->cli;
	struct json_object *json;

	if (!cli->json) {
		printf("%" PRIu64 " %s%s\n", sweep->deleted,
		       sweep->deleted == 1 ? "entry" : "entries",
		       cli->dry_run ? " would be deleted" : " deleted");
		return;
	}
	json = json_object_new_object();
	add_text(json, "map", cli->name);
	add_text(json, "prefix", cli->prefix);
	add_u64(json, cli->dry_run ? "would_delete" : "deleted",
		sweep->deleted);
	say_json(cli, json);
}

static int delete_prefix(struct cli *cli)
{
	static struct sweep sweep;
	int code = select_check(cli);
	int err;

	if (code)
		return code;
	sweep.cli = cli;
	err = select_entries(cli, SYNCMAP_RANGE_KEYS_ONLY,
			     cli->dry_run ? count_one : collect, &sweep);
	if (!err && sweep.count)
		err = delete_found(&sweep);
	bytes_free(&sweep.bytes);
	if (!err || sweep.deleted)
		say_swept(&sweep);
	if (err)
		return fail_map(cli, cli->name, err);
	return sweep.deleted ? EXIT_YES : EXIT_NO;
}

int verb_delete(struct cli *cli)
{
	if (cli->prefix && cli->nargs > 1)
		return fail_usage(cli, "either keys or a prefix");
	if (cli->prefix)
		return delete_prefix(cli);
	if (cli->dry_run)
		return fail_usage(cli, "--dry-run is for a prefix");
	return cli->nargs > 1 ? delete_keys(cli) : fail_arguments(cli, true);
}
