// SPDX-License-Identifier: GPL-2.0-only
/* Keys and values, and their time: from the command line, and to JSON */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli.h"
#include "member.h"

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

static int read_all(struct cli *cli, int fd, const char *path,
		    struct bytes *value)
{
	size_t max = cli->info.limits.value_size;
	int err = bytes_read_fd(value, fd, max);

	if (err == -EFBIG)
		return fail(cli, "map '%s': %s: the value is too long: more than "
			    "%zu bytes", cli->name, path, max);
	return err ? fail(cli, "%s: %s", path, strerror(-err)) : EXIT_YES;
}

/* A pipe, say, gives what it has to the first who reads it */
static int take_stdin(struct cli *cli)
{
	if (cli->stdin_taken)
		return fail_usage(cli, "standard input can be read only once");
	cli->stdin_taken = true;
	return EXIT_YES;
}

static int read_stdin(struct cli *cli, struct bytes *value)
{
	int code = take_stdin(cli);

	return code ? code : read_all(cli, STDIN_FILENO, "standard input", value);
}

static bool is_stdin(int fd)
{
	struct stat in, st;

	return !fstat(STDIN_FILENO, &in) && !fstat(fd, &st) &&
	       !S_ISREG(st.st_mode) && in.st_dev == st.st_dev &&
	       in.st_ino == st.st_ino;
}

static int read_file(struct cli *cli, const char *path, struct bytes *value)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	int code = EXIT_YES;

	if (fd < 0)
		return fail(cli, "%s: %s", path, strerror(errno));
	if (is_stdin(fd))
		code = take_stdin(cli);
	if (!code)
		code = read_all(cli, fd, path, value);
	close(fd);
	return code;
}

static int fail_value(struct cli *cli, const char *text, const char *wrong)
{
	const char *kind = value_kind_name(cli->info.value_kind);

	if (cli->value_format_given || !kind)
		return fail(cli, "value '%s': %s", text, wrong);
	return fail(cli, "value '%s': %s; the values of map '%s' are %s, or say "
		    "--format", text, wrong, cli->name, kind);
}

int parse_value(struct cli *cli, const char *text, struct bytes *value)
{
	const char *wrong;

	value->len = 0;
	if (!strcmp(text, "-") || !strcmp(text, "@-"))
		return read_stdin(cli, value);
	if (text[0] == '@')
		return read_file(cli, text + 1, value);
	wrong = format_parse(cli->format.value, text, strlen(text), value);
	return wrong ? fail_value(cli, text, wrong) : EXIT_YES;
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

uint32_t keep_flag(const struct cli *cli, const struct record *record)
{
	return cli->keep || (record && record->life.kept) ?
	       SYNCMAP_FLAG_KEEP : 0;
}

struct libsyncmap_options store_terms(const struct cli *cli)
{
	return (struct libsyncmap_options){
		.deadline = store_deadline(cli),
		.flags = SYNCMAP_FLAG_FROM_NOW | keep_flag(cli, NULL),
	};
}

uint64_t remaining(uint64_t expires)
{
	uint64_t now = libsyncmap_deadline(0);

	if (!expires || expires == SYNCMAP_NEVER)
		return SYNCMAP_NEVER;
	return expires > now ? expires - now : 1;
}

struct json_object *entry_json(const struct cli *cli, const struct bytes *key,
			       const char *name, const struct bytes *value)
{
	struct json_object *object = json_object_new_object();

	member_add(object, "key", cli->format.key, key->data, key->len);
	if (value)
		member_add(object, name, cli->format.value, value->data,
			   value->len);
	return object;
}
