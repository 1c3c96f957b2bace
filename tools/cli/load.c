// SPDX-License-Identifier: GPL-2.0-only
/* load: one key, several, or one per line of standard input */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lines.h"
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

/* A key and its value as a line */
static void say_line(struct request *request, struct bytes *line)
{
	const struct record_life life = { .ttl_ns = DURATION_NEVER };
	const struct bytes *key = &request->key, *found = &request->found;
	struct cli *cli = request->cli;
	const char *wrong;

	line->len = 0;
	wrong = record_print(&cli->format, key->data, key->len, found->data,
			     found->len, &life, line);
	if (wrong) {
		line->len = 0;
		print_field(cli->format.key, key->data, key->len, line);
		bytes_append_char(line, '\t');
		print_field(FORMAT_TEXT, found->data, found->len, line);
		bytes_append_char(line, '\n');
	}
	say_bytes(line);
	if (wrong)
		note_misfit(cli, key, wrong);
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
		say_line(request, line);
	return err ? EXIT_NO : EXIT_YES;
}

/* All that have arrived */
static int load_some(struct request *request, struct lines *lines,
		     struct bytes *line, int *worst)
{
	int code = EXIT_YES;
	const char *text;
	size_t len;

	while (code != EXIT_ERROR && lines_next(lines, &text, &len)) {
		if (lines->cut)
			code = fail(request->cli, "standard input: a key of more "
				    "than %zu bytes", lines->max);
		else
			code = load_next(request, text, len, line);
		*worst = code ? code : *worst;
	}
	return code;
}

static int load_lines(struct request *request, struct bytes *line)
{
	struct cli *cli = request->cli;
	struct lines lines = {
		.fd = STDIN_FILENO,
		.max = record_max(cli->info.limits.key_size, 0),
	};
	int code = EXIT_YES, worst = EXIT_YES;
	int err = 0;

	while (code != EXIT_ERROR && !lines.end && !err) {
		err = lines_read(&lines);
		if (!err)
			code = load_some(request, &lines, line, &worst);
		fflush(stdout);
	}
	lines_free(&lines);
	return err ? fail(cli, "standard input: %s", strerror(-err)) : worst;
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

	for (int i = 1; i < cli->nargs && !lines; i++)
		if (!strcmp(cli->args[i], "-"))
			return fail_usage(cli, "- is standard input, and goes "
					  "alone; a key is written \\x2d");
	if (cli->nargs == 2 && !lines)
		return load_one(cli);
	if (cli->format.value == FORMAT_RAW && !cli->json)
		return fail_usage(cli, "raw is a format for one value");
	request_begin(&request, cli);
	begin_array(cli);
	code = lines ? load_lines(&request, &line) : load_args(&request, &line);
	end_array(cli);
	bytes_free(&line);
	return request_end(&request, end_misfits(cli, code));
}
