// SPDX-License-Identifier: GPL-2.0-only
/* Verbs that write one key */
#include "request.h"

/* The key, and the value that stands behind it */
static int begin_value(struct request *request, struct cli *cli)
{
	int code = request_begin_key(request, cli);

	return code ? code : parse_value(cli, cli->args[2], &request->value);
}

typedef int store_fn(const struct libsyncmap *map, const void *key,
		     size_t key_len, const void *value, size_t value_len,
		     const struct libsyncmap_options *options,
		     struct libsyncmap_result *result);

static int run_store(struct cli *cli, store_fn *store)
{
	struct libsyncmap_options terms = store_terms(cli);
	struct request request;
	int code = begin_value(&request, cli);
	int err;

	if (code)
		return request_end(&request, code);
	err = store(cli->map, request.key.data, request.key.len,
		    request.value.data, request.value.len, &terms,
		    &request.result);
	if (err)
		code = fail_request(&request, err);
	else if (cli->json)
		say_request(&request, NULL, false, NULL);
	return request_end(&request, code);
}

int verb_store(struct cli *cli)
{
	return run_store(cli, libsyncmap_store_with);
}

int verb_append(struct cli *cli)
{
	return run_store(cli, libsyncmap_append);
}

static int load_or_store(struct request *request)
{
	struct libsyncmap_options terms = store_terms(request->cli);

	return libsyncmap_load_or_store_with(request->cli->map,
					     request->key.data,
					     request->key.len,
					     request->value.data,
					     request->value.len,
					     &terms, &request->result);
}

int verb_load_or_store(struct cli *cli)
{
	struct request request;
	int code = begin_value(&request, cli);
	bool loaded;
	int err;

	if (code)
		return request_end(&request, code);
	err = request_run(&request, load_or_store);
	if (err)
		return request_end(&request, fail_request(&request, err));
	loaded = request.result.loaded;
	if (!loaded)
		bytes_set(&request.found, request.value.data,
			  request.value.len);
	if (cli->json)
		say_request(&request, "loaded", loaded, "value");
	else
		say_found(&request);
	return request_end(&request, loaded ? EXIT_NO : EXIT_YES);
}

static int touch(struct request *request)
{
	return libsyncmap_touch(request->cli->map, request->key.data,
				request->key.len, store_deadline(request->cli),
				&request->result);
}

int verb_touch(struct cli *cli)
{
	struct request request;
	int code = request_begin_key(&request, cli);

	if (!code)
		code = say_changed(&request, request_run(&request, touch));
	return request_end(&request, code);
}

static int load_and_delete(struct request *request)
{
	return libsyncmap_load_and_delete(request->cli->map, request->key.data,
					  request->key.len, &request->result);
}

int verb_load_and_delete(struct cli *cli)
{
	struct request request;
	int code = request_begin_key(&request, cli);

	if (!code)
		code = say_changed(&request,
				   request_run(&request, load_and_delete));
	return request_end(&request, code);
}

static int swap(struct request *request)
{
	struct libsyncmap_options terms = store_terms(request->cli);

	return libsyncmap_swap_with(request->cli->map, request->key.data,
				    request->key.len, request->value.data,
				    request->value.len, &terms,
				    &request->result);
}

int verb_swap(struct cli *cli)
{
	struct request request;
	int code = begin_value(&request, cli);
	bool loaded;
	int err;

	if (code)
		return request_end(&request, code);
	err = request_run(&request, swap);
	loaded = request.result.loaded;
	if (err)
		code = fail_request(&request, err);
	else if (cli->json)
		say_request(&request, "loaded", loaded,
			    loaded ? "previous" : NULL);
	else if (loaded)
		say_found(&request);
	return request_end(&request, code);
}
