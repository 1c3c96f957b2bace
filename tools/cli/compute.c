// SPDX-License-Identifier: GPL-2.0-only
/* load-or-compute: of all who want a value, one runs the command that makes it */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "request.h"

/* As shells say it, too */
#define CANNOT_RUN	127

static int fail_command(struct request *request, const char *why)
{
	return fail(request->cli, "%s: %s", request->cli->args[2], why);
}

static void exec_command(struct cli *cli, int out)
{
	if (dup2(out, STDOUT_FILENO) >= 0)
		execvp(cli->args[2], cli->args + 2);
	_exit(CANNOT_RUN);
}

/* The lease goes with the descriptor, which the command does not inherit */
static pid_t start_command(struct cli *cli, int *from)
{
	int fds[2];
	pid_t pid;

	if (pipe2(fds, O_CLOEXEC))
		return -1;
	pid = fork();
	if (!pid)
		exec_command(cli, fds[1]);
	close(fds[1]);
	if (pid < 0)
		close(fds[0]);
	*from = fds[0];
	return pid;
}

/* Bytes that a value of the map is written with, at most; and a newline */
static size_t output_max(const struct cli *cli)
{
	size_t size = cli->info.limits.value_size;

	if (cli->format.value == FORMAT_TEXT || cli->format.value == FORMAT_RAW)
		return size + 1;
	return record_max(0, size);
}

/* It need not go on when it has printed more than the map takes. */
static int read_output(struct request *request, int from, pid_t pid,
		       struct bytes *output)
{
	int err = bytes_read_fd(output, from, output_max(request->cli));

	if (err == -EFBIG)
		kill(pid, SIGTERM);
	close(from);
	return err;
}

static int fail_status(struct request *request, int status)
{
	if (WIFSIGNALED(status))
		return fail_command(request, strsignal(WTERMSIG(status)));
	if (WEXITSTATUS(status) == CANNOT_RUN)
		return fail_command(request, "cannot be run");
	return fail(request->cli, "%s: exit status %d", request->cli->args[2],
		    WEXITSTATUS(status));
}

static int fail_length(struct request *request)
{
	const struct cli *cli = request->cli;

	return fail(request->cli, "%s: prints more than %u bytes, all that a "
		    "value of map '%s' has", cli->args[2],
		    cli->info.limits.value_size, cli->name);
}

static int run_command(struct request *request, struct bytes *output)
{
	int from, err, status;
	pid_t pid = start_command(request->cli, &from);

	if (pid < 0)
		return fail_command(request, strerror(errno));
	err = read_output(request, from, pid, output);
	if (waitpid(pid, &status, 0) < 0)
		return fail_command(request, strerror(errno));
	if (err == -EFBIG)
		return fail_length(request);
	if (err)
		return fail_command(request, strerror(-err));
	return status ? fail_status(request, status) : EXIT_YES;
}

/*
 * As the shell's $(...) has it, less one newline; read as one types it, but for
 * text and raw bytes
 */
static int take_value(struct request *request, struct bytes *output)
{
	enum format format = request->cli->format.value;
	const char *wrong = NULL;

	if (format != FORMAT_RAW && output->len &&
	    output->data[output->len - 1] == '\n')
		output->len--;
	if (format == FORMAT_RAW || format == FORMAT_TEXT)
		bytes_append(&request->value, output->data, output->len);
	else
		wrong = format_parse(format, output->data, output->len,
				     &request->value);
	if (wrong)
		return fail_command(request, wrong);
	if (request->value.len > request->cli->info.limits.value_size)
		return fail_length(request);
	return EXIT_YES;
}

static void say_unstored(struct request *request, int err)
{
	struct json_object *json;
	char text[128];

	json = entry_json(request->cli, &request->key, "value",
			  &request->value);
	add_bool(json, "stored", false);
	add_text(json, "error", explain(err, &request->result.error, text,
					sizeof(text)));
	say_json(request->cli, json);
}

/* What could not be stored has been computed all the same */
static int say_computed(struct request *request, int err)
{
	struct cli *cli = request->cli;
	/* Deleted meanwhile: ours may have been made of what was true before */
	bool deleted = err == -ESTALE;
	int code = EXIT_YES;

	bytes_set(&request->found, request->value.data, request->value.len);
	if (err && !deleted && cli->json) {
		say_unstored(request, err);
		return EXIT_ERROR;
	}
	if (err && !deleted)
		code = fail_request(request, err);
	if (!cli->json)
		return say_found(request) ? EXIT_ERROR : code;
	say_request(request, err ? "stored" : "loaded", false, "value");
	return code;
}

static int give_up(struct request *request, int code)
{
	libsyncmap_unlease(request->cli->map, request->key.data,
			   request->key.len, request->token);
	return code;
}

static int compute(struct request *request)
{
	struct libsyncmap_options terms = store_terms(request->cli);
	struct cli *cli = request->cli;
	struct bytes output = { };
	int code, err;

	code = run_command(request, &output);
	if (!code)
		code = take_value(request, &output);
	bytes_free(&output);
	if (code)
		return give_up(request, code);
	terms.token = request->token;
	err = libsyncmap_store_with(cli->map, request->key.data,
				    request->key.len, request->value.data,
				    request->value.len, &terms,
				    &request->result);
	return say_computed(request, err);
}

static int load_or_lease(struct request *request)
{
	const struct cli *cli = request->cli;
	unsigned int flags = cli->expired ? SYNCMAP_FLAG_STALE : 0;

	return libsyncmap_load_or_lease(cli->map, request->key.data,
					request->key.len, flags, cli->wait,
					cli->lease_for, &request->token, &request->result);
}

int verb_load_or_compute(struct cli *cli)
{
	struct request request;
	int code = request_begin_key(&request, cli);
	int err;

	if (code)
		return request_end(&request, code);
	err = request_run(&request, load_or_lease);
	code = request.token ? compute(&request) : say_loaded(&request, err);
	return request_end(&request, code);
}
