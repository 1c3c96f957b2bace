// SPDX-License-Identifier: GPL-2.0-only
/* The verbs of arithmetic: they print the number that is there now */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "request.h"

static enum syncmap_op_code operation(const char *verb)
{
	static const struct {
		const char		*verb;
		enum syncmap_op_code	op;
	} operations[] = {
		{ "add", SYNCMAP_OP_ADD },
		{ "sub", SYNCMAP_OP_SUB },
		{ "min", SYNCMAP_OP_MIN },
		{ "max", SYNCMAP_OP_MAX },
		{ "and", SYNCMAP_OP_AND },
		{ "or", SYNCMAP_OP_OR },
		{ "xor", SYNCMAP_OP_XOR },
	};
	size_t i = 0;

	while (strcmp(operations[i].verb, verb))
		i++;
	return operations[i].op;
}

static void say_number(struct request *request, bool changed)
{
	const struct libsyncmap_number *number = &request->cli->number;
	struct json_object *json;

	if (!request->cli->json) {
		printf(request->cli->format.value == FORMAT_X64 ?
		       "0x%" PRIx64 "\n" : "%" PRIu64 "\n", number->after);
		return;
	}
	json = entry_json(request->cli, &request->key, NULL, NULL);
	add_bool(json, "changed", changed);
	add_u64(json, "before", number->before);
	add_u64(json, "after", number->after);
	add_terms(json, request);
	say_json(request->cli, json);
}

/*
 * Any eight bytes could be a number, text too: somebody has to have said that these
 * are.
 */
bool are_numbers(const struct cli *cli)
{
	if (cli->number.flags & SYNCMAP_FLAG_U32)
		return true;
	return cli->format.value == FORMAT_U64 ||
	       cli->format.value == FORMAT_X64;
}

static int fail_numbers(struct cli *cli)
{
	const char *kind = value_kind_name(cli->info.value_kind);

	if (cli->value_format_given)
		return fail_usage(cli, "the format of numbers is u64 or x64");
	if (!kind)
		return fail(cli, "map '%s': nobody has said that its values are "
			    "numbers; for all of the map 'syncmapctl set "
			    "--values-are u64 %s' does, for once --format u64",
			    cli->name, cli->name);
	return fail(cli, "map '%s': its values are %s; for numbers say --format "
		    "u64", cli->name, kind);
}

static int fail_width(struct request *request)
{
	char text[80];

	snprintf(text, sizeof(text),
		 "the value has %zu bytes, a number has %d",
		 request->result.len,
		 request->cli->number.flags & SYNCMAP_FLAG_U32 ? 4 : 8);
	return fail_key(request->cli, &request->key, text);
}

static int end_calculate(struct request *request, int err)
{
	switch (err) {
	case 0:
	case -ERANGE:
		say_number(request, !err);
		return err ? EXIT_NO : EXIT_YES;
	case -ENOENT:
		return say_absent(request, "changed");
	case -EILSEQ:
		return fail_width(request);
	default:
		return fail_request(request, err);
	}
}

static bool fits(const struct libsyncmap_number *number)
{
	if (!(number->flags & SYNCMAP_FLAG_U32))
		return true;
	return number->operand <= UINT32_MAX && number->initial <= UINT32_MAX &&
	       number->bound <= UINT32_MAX;
}

int verb_calculate(struct cli *cli)
{
	struct libsyncmap_number *number = &cli->number;
	struct request request;
	int code;
	int err;

	if (!are_numbers(cli))
		return fail_numbers(cli);
	if (cli->given & SYNCMAP_SET_TTL &&
	    !(number->flags & SYNCMAP_FLAG_INITIAL))
		return fail_usage(cli, "--ttl is for a key that is absent; "
				  "--initial says what that counts as");
	number->operand = 1;
	number->deadline = store_deadline(cli);
	code = request_begin_key(&request, cli);
	if (!code && cli->nargs > 2)
		code = parse_number(cli, cli->args[2], UINT64_MAX,
				    &number->operand);
	if (!code && !fits(number))
		code = fail_usage(cli, "a number of 32 bits is at most %u",
				  UINT32_MAX);
	if (code)
		return request_end(&request, code);
	err = libsyncmap_calculate(cli->map, operation(cli->verb->name),
				   request.key.data, request.key.len, number,
				   &request.result);
	return request_end(&request, end_calculate(&request, err));
}
