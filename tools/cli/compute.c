// SPDX-License-Identifier: GPL-2.0-only
/* load-or-compute: of all who want a value, one runs the command that makes it */
#include <errno.h>
#include <fcntl.h>
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

static int run_command(struct request *request, struct bytes *output)
{
	int from, err, status;
	pid_t pid = start_command(request->cli, &from);

	if (pid < 0)
		return fail_command(request, strerror(errno));
	err = bytes_read_fd(output, from);
	close(from);
	if (waitpid(pid, &status, 0) < 0 || err)
		return fail_command(request, strerror(err ? -err : errno));
	if (WIFSIGNALED(status))
		return fail_command(request, strsignal(WTERMSIG(status)));
	if (WEXITSTATUS(status) == CANNOT_RUN)
		return fail_command(request, "cannot be run");
	if (WEXITSTATUS(status))
		return fail(request->cli, "%s: exit status %d",
			    request->cli->args[2], WEXITSTATUS(status));
	return EXIT_YES;
}

/* As the shell's $(...) has it */
static void strip_newline(struct bytes *output)
{
	if (output->len && output->data[output->len - 1] == '\n')
		output->len--;
}

static int say_computed(struct request *request, int err)
{
	struct cli *cli = request->cli;

	/* Deleted meanwhile: ours may have been made of what was true before */
	if (err && err != -ESTALE)
		return fail_request(request, err);
	bytes_set(&request->found, request->value.data, request->value.len);
	if (!cli->json)
		return say_found(request);
	say_request(request, err ? "stored" : "loaded", false, "value");
	return EXIT_YES;
}

static int compute(struct request *request)
{
	struct libsyncmap_options terms = store_terms(request->cli);
	struct cli *cli = request->cli;
	int code, err;

	code = run_command(request, &request->value);
	if (code) {
		libsyncmap_unlease(cli->map, request->key.data,
				   request->key.len, request->token);
		return code;
	}
	if (cli->format.value != FORMAT_RAW)
		strip_newline(&request->value);
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
