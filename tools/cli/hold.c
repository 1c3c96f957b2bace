// SPDX-License-Identifier: GPL-2.0-only
/* hold: an entry that is there for as long as a process */
#include <signal.h>

#include "request.h"

static int store_owned(struct request *request)
{
	struct libsyncmap_options terms = store_terms(request->cli);
	const struct bytes *key = &request->key, *value = &request->value;
	const struct cli *cli = request->cli;

	terms.flags |= SYNCMAP_FLAG_OWNED;
	if (cli->if_absent)
		return libsyncmap_load_or_store_with(cli->map, key->data,
						     key->len, value->data,
						     value->len, &terms,
						     &request->result);
	return libsyncmap_store_with(cli->map, key->data, key->len, value->data,
				     value->len, &terms, &request->result);
}

static int await_signal(void)
{
	sigset_t signals;
	int signal;

	sigemptyset(&signals);
	sigaddset(&signals, SIGHUP);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGTERM);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	sigwait(&signals, &signal);
	return EXIT_YES;
}

int verb_hold(struct cli *cli)
{
	struct request request;
	int code = request_begin_key(&request, cli);
	int err;

	if (!code)
		code = parse_value(cli, cli->args[2], &request.value);
	if (code)
		return request_end(&request, code);
	err = request_run(&request, store_owned);
	if (err)
		return request_end(&request, fail_request(&request, err));
	if (cli->if_absent && request.result.loaded) {
		say_loaded(&request, 0);
		return request_end(&request, EXIT_NO);
	}
	request_end(&request, code);
	/* The command inherits the descriptor, and with it the entry */
	return cli->nargs > 3 ? become(cli, cli->args + 3) : await_signal();
}
