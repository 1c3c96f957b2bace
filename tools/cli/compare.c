// SPDX-License-Identifier: GPL-2.0-only
/* The verbs that compare before they write: with content, or a revision */
#include <errno.h>
#include <string.h>

#include "request.h"

/* The end of both compare verbs: @what did or did not happen. */
static int end_compare(struct request *request, const char *what, int err)
{
	int code = EXIT_YES;

	if (err == -ENOENT)
		code = say_absent(request, what);
	else if (err && err != -EBUSY)
		code = fail_request(request, err);
	else if (request->cli->json)
		say_request(request, what, !err, err ? "value" : NULL);
	else if (err)
		say_found(request);
	return request_end(request, err == -EBUSY ? EXIT_NO : code);
}

static int compare_and_swap(struct request *request)
{
	const struct bytes *key = &request->key;
	const struct bytes *value = &request->value;
	const struct cli *cli = request->cli;
	struct libsyncmap_options terms = store_terms(cli);

	if (cli->by_revision)
		return libsyncmap_compare_and_swap_revision_with(cli->map,
				key->data, key->len, cli->revision,
				value->data, value->len, &terms,
				&request->result);
	return libsyncmap_compare_and_swap_with(cli->map, key->data, key->len,
						request->old.data,
						request->old.len,
						value->data, value->len,
						&terms, &request->result);
}

int verb_compare_and_swap(struct cli *cli)
{
	struct request request;
	int code;

	if (cli->nargs != 4 - cli->by_revision)
		return fail_usage(cli, "compare-and-swap takes OLD or -r REVISION");
	code = request_begin_key(&request, cli);
	if (!code && !cli->by_revision)
		code = parse_value(cli, cli->args[2], &request.old);
	if (!code)
		code = parse_value(cli, cli->args[cli->nargs - 1],
				   &request.value);
	if (code)
		return request_end(&request, code);
	return end_compare(&request, "swapped",
			   request_run(&request, compare_and_swap));
}

static int compare_and_delete(struct request *request)
{
	const struct bytes *key = &request->key;
	const struct cli *cli = request->cli;

	if (cli->by_revision)
		return libsyncmap_compare_and_delete_revision(cli->map,
				key->data, key->len, cli->revision,
				&request->result);
	return libsyncmap_compare_and_delete(cli->map, key->data, key->len,
					     request->old.data,
					     request->old.len,
					     &request->result);
}

int verb_compare_and_delete(struct cli *cli)
{
	struct request request;
	int code;

	if (cli->nargs != 3 - cli->by_revision)
		return fail_usage(cli, "compare-and-delete takes OLD or -r REVISION");
	code = request_begin_key(&request, cli);
	if (!code && !cli->by_revision)
		code = parse_value(cli, cli->args[2], &request.old);
	if (code)
		return request_end(&request, code);
	return end_compare(&request, "deleted",
			   request_run(&request, compare_and_delete));
}
