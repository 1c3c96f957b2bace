// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <string.h>

#include "request.h"

void request_begin(struct request *request, struct cli *cli)
{
	*request = (struct request){ .cli = cli };
	bytes_reserve(&request->found, 4096);
	request->result.buffer = request->found.data;
	request->result.size = request->found.size;
	request->result.from_now = true;
}

int request_begin_key(struct request *request, struct cli *cli)
{
	request_begin(request, cli);
	return parse_key(cli, cli->args[1], strlen(cli->args[1]),
			 &request->key);
}

/* The value was larger than the buffer, and nothing has changed. */
static bool again(struct request *request, int err)
{
	struct libsyncmap_result *result = &request->result;

	if (result->len > result->size && (err == -EMSGSIZE || err == -EBUSY)) {
		request->found.len = 0;
		bytes_reserve(&request->found, result->len);
		result->buffer = request->found.data;
		result->size = request->found.size;
		return true;
	}
	request->found.len = result->len;
	return false;
}

int request_run(struct request *request, int (*op)(struct request *request))
{
	int err;

	do {
		err = op(request);
	} while (again(request, err));
	return err;
}

int request_end(struct request *request, int code)
{
	bytes_free(&request->key);
	bytes_free(&request->value);
	bytes_free(&request->old);
	bytes_free(&request->found);
	return code;
}

int fail_request(struct request *request, int err)
{
	char text[128];

	advise_limit(request->cli, &request->result.error);
	return fail_key(request->cli, &request->key,
			explain(err, &request->result.error, text, sizeof(text)));
}

/*
 * The value may have just been taken out of the map: show it in any case, and
 * tell if the format that was asked for does not suit it. That is an error of those
 * who only look; of others the status says what they did.
 */
int say_found(struct request *request)
{
	enum format format = request->cli->format.value;
	const struct bytes *found = &request->found;
	struct bytes line = { };
	const char *wrong;

	wrong = print_field(format, found->data, found->len, &line);
	if (format != FORMAT_RAW)
		bytes_append_char(&line, '\n');
	say_bytes(&line);
	bytes_free(&line);
	if (wrong)
		note_misfit(request->cli, &request->key, wrong);
	return wrong ? EXIT_ERROR : EXIT_YES;
}

void add_terms(struct json_object *json, const struct request *request)
{
	const struct libsyncmap_result *result = &request->result;

	if (result->expired)
		add_bool(json, "expired", true);
	if (result->revision)
		add_u64(json, "revision", result->revision);
	if (result->previous)
		add_u64(json, "previous_revision", result->previous);
	if (result->expires)
		record_add_time(json, "ttl_ns", result->expires);
	if (result->owned)
		add_bool(json, "owned", true);
}

void say_request(struct request *request, const char *what, bool happened,
		 const char *value_name)
{
	struct json_object *json;

	json = entry_json(request->cli, &request->key, value_name,
			  value_name ? &request->found : NULL);
	if (what)
		add_bool(json, what, happened);
	add_terms(json, request);
	say_json(request->cli, json);
}

int say_absent(struct request *request, const char *what)
{
	if (request->cli->json)
		say_request(request, what, false, NULL);
	else
		note_key(request->cli, &request->key, "is absent");
	return EXIT_NO;
}

int say_loaded(struct request *request, int err)
{
	if (err == -ENOENT)
		return say_absent(request, "loaded");
	if (err)
		return fail_request(request, err);
	if (!request->cli->json)
		return say_found(request);
	say_request(request, "loaded", true, "value");
	return EXIT_YES;
}

int say_changed(struct request *request, int err)
{
	int code = say_loaded(request, err);

	return err ? code : EXIT_YES;
}
