// SPDX-License-Identifier: GPL-2.0-only
/* Keys and values, and their time: from the command line, and to JSON */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"

int parse_key(struct cli *cli, const char *text, size_t len, struct bytes *key)
{
	const char *wrong;

	key->len = 0;
	wrong = format_parse(cli->format.key, text, len, key);
	if (!wrong)
		return EXIT_YES;
	return fail(cli, "map '%s': key '%.*s': %s", cli->name, (int)len, text,
		    wrong);
}

static int read_file(struct cli *cli, const char *path, struct bytes *value)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	int err;

	if (fd < 0)
		return fail(cli, "%s: %s", path, strerror(errno));
	err = bytes_read_fd(value, fd);
	close(fd);
	return err ? fail(cli, "%s: %s", path, strerror(-err)) : EXIT_YES;
}

static int read_stdin(struct cli *cli, struct bytes *value)
{
	int err = bytes_read_fd(value, STDIN_FILENO);

	return err ? fail(cli, "standard input: %s", strerror(-err)) : EXIT_YES;
}

int parse_value(struct cli *cli, const char *text, struct bytes *value)
{
	const char *wrong;

	value->len = 0;
	if (!strcmp(text, "-"))
		return read_stdin(cli, value);
	if (text[0] == '@')
		return read_file(cli, text + 1, value);
	wrong = format_parse(cli->format.value, text, strlen(text), value);
	return wrong ? fail(cli, "value '%s': %s", text, wrong) : EXIT_YES;
}

/* Zero would be the default of the map */
uint64_t deadline_from_now(uint64_t ttl)
{
	return ttl ? ttl : 1;
}

uint64_t store_deadline(const struct cli *cli)
{
	return cli->given & SYNCMAP_SET_TTL ? deadline_from_now(cli->ttl) : 0;
}

struct libsyncmap_options store_terms(const struct cli *cli)
{
	return (struct libsyncmap_options){
		.deadline = store_deadline(cli),
		.flags = SYNCMAP_FLAG_FROM_NOW,
	};
}

uint64_t remaining(uint64_t expires)
{
	uint64_t now = libsyncmap_deadline(0);

	if (!expires || expires == SYNCMAP_NEVER)
		return SYNCMAP_NEVER;
	return expires > now ? expires - now : 1;
}

static struct json_object *to_json(enum format format, const struct bytes *b)
{
	struct json_object *json;

	if (format_to_json(format, b->data, b->len, &json))
		format_to_json(FORMAT_TEXT, b->data, b->len, &json);
	return json;
}

struct json_object *entry_json(const struct cli *cli, const struct bytes *key,
			       const char *name, const struct bytes *value)
{
	struct json_object *object = json_object_new_object();

	add_json(object, "key", to_json(cli->format.key, key));
	if (value)
		add_json(object, name, to_json(cli->format.value, value));
	return object;
}
