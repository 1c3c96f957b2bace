// SPDX-License-Identifier: GPL-2.0-only
/* load: one key, several, or one per line of standard input */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

#include "request.h"

static int load(struct request *request)
{
	return libsyncmap_load_newer(request->cli->map, request->key.data,
				     request->key.len, request->cli->newer,
				     &request->result);
}

static int say_unchanged(struct request *request)
{
	struct cli *cli = request->cli;

	if (cli->json)
		say_request(request, "newer", false, NULL);
	else if (cli->nargs == 2)
		note_key(cli, &request->key, "is not newer");
	return EXIT_NO;
}

static int load_one(struct cli *cli)
{
	struct request request;
	int code = request_begin_key(&request, cli);
	int err;

	if (code)
		return request_end(&request, code);
	err = request_run(&request, load);
	if (request.result.unchanged)
		code = say_unchanged(&request);
	else
		code = say_loaded(&request, err);
	return request_end(&request, code);
}

/* A key and its value as a line; nothing if it is absent */
static int say_line(struct request *request, struct bytes *line)
{
	const struct record_life life = { .ttl_ns = DURATION_NEVER };
	struct cli *cli = request->cli;
	const char *wrong;

	line->len = 0;
	wrong = record_print(&cli->format,
			     request->key.data, request->key.len,
			     request->found.data, request->found.len,
			     &life, line);
	if (wrong)
		return fail_key(cli, &request->key, wrong);
	say_bytes(line);
	return EXIT_YES;
}

static int load_next(struct request *request, const char *text, size_t len,
		     struct bytes *line)
{
	struct cli *cli = request->cli;
	int code = parse_key(cli, text, len, &request->key);
	int err;

	if (code)
		return code;
	err = request_run(request, load);
	if (err && err != -ENOENT)
		return fail_request(request, err);
	if (request->result.unchanged)
		return say_unchanged(request);
	if (cli->json)
		say_request(request, "loaded", !err, err ? NULL : "value");
	else if (!err)
		code = say_line(request, line);
	return err && !code ? EXIT_NO : code;
}

static int load_lines(struct request *request, struct bytes *line)
{
	char *text = NULL;
	size_t size = 0;
	int worst = EXIT_YES;
	int code = EXIT_YES;
	ssize_t len;

	while (code != EXIT_ERROR && (len = getline(&text, &size, stdin)) > 0) {
		len -= text[len - 1] == '\n';
		code = load_next(request, text, len, line);
		worst = code ? code : worst;
	}
	if (ferror(stdin))
		worst = fail(request->cli, "standard input: %s",
			     strerror(errno));
	free(text);
	return worst;
}

static int load_args(struct request *request, struct bytes *line)
{
	struct cli *cli = request->cli;
	int worst = EXIT_YES;
	int code = EXIT_YES;

	for (int i = 1; code != EXIT_ERROR && i < cli->nargs; i++) {
		code = load_next(request, cli->args[i], strlen(cli->args[i]),
				 line);
		worst = code ? code : worst;
	}
	return worst;
}

int verb_load(struct cli *cli)
{
	bool lines = cli->nargs == 2 && !strcmp(cli->args[1], "-");
	struct bytes line = { };
	struct request request;
	int code;

	if (cli->nargs == 2 && !lines)
		return load_one(cli);
	if (cli->format.value == FORMAT_RAW && !cli->json)
		return fail_usage(cli, "raw is a format for one value");
	request_begin(&request, cli);
	begin_array(cli);
	code = lines ? load_lines(&request, &line) : load_args(&request, &line);
	end_array(cli);
	bytes_free(&line);
	return request_end(&request, code);
}
