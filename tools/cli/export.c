// SPDX-License-Identifier: GPL-2.0-only
/* range and export: all entries, to be looked at or to be imported again */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cli.h"
#include "progress.h"

struct walk {
	struct cli	*cli;
	FILE		*file;
	struct progress	progress;
	struct bytes	line;
	uint64_t	done;
};

/* Has complained already; more than any errno */
#define FAILED	100000

static struct bytes borrow(const void *data, size_t len)
{
	return (struct bytes){ .data = (char *)data, .len = len };
}

static int say_entry(const struct libsyncmap_record *entry, struct cli *cli)
{
	struct bytes key = borrow(entry->key, entry->key_len);
	struct bytes value = borrow(entry->value, entry->value_len);
	struct json_object *json;

	json = entry_json(cli, &key, "value", entry->value ? &value : NULL);
	add_u64(json, "revision", entry->revision);
	if (remaining(entry->expires) != SYNCMAP_NEVER)
		add_u64(json, "ttl_ns", remaining(entry->expires));
	if (entry->flags & SYNCMAP_RECORD_OWNED)
		add_bool(json, "owned", true);
	say_json(cli, json);
	return 0;
}

static const char *print_entry(const struct libsyncmap_record *entry,
			       struct walk *walk)
{
	const struct record_format *format = &walk->cli->format;
	const struct record_life life = {
		.ttl_ns = remaining(entry->expires),
		.owned = entry->flags & SYNCMAP_RECORD_OWNED,
	};
	const char *wrong;

	walk->line.len = 0;
	if (entry->value)
		return record_print(format, entry->key, entry->key_len,
				    entry->value, entry->value_len,
				    &life, &walk->line);
	wrong = format_print(format->key, entry->key, entry->key_len,
			     &walk->line);
	bytes_append_char(&walk->line, '\n');
	return wrong;
}

static int write_entry(const struct libsyncmap_record *entry, void *arg)
{
	struct walk *walk = arg;
	struct bytes key = borrow(entry->key, entry->key_len);
	const char *wrong = print_entry(entry, walk);

	if (wrong) {
		fail_key(walk->cli, &key, wrong);
		return FAILED;
	}
	if (fwrite(walk->line.data, 1, walk->line.len, walk->file) !=
	    walk->line.len)
		return -EIO;
	progress_step(&walk->progress, ++walk->done, walk->cli->info.count);
	return 0;
}

static int range_one(const struct libsyncmap_record *entry, void *arg)
{
	struct walk *walk = arg;

	if (walk->cli->json)
		return say_entry(entry, walk->cli);
	return write_entry(entry, arg);
}

static int check_format(struct cli *cli)
{
	if (cli->format.value != FORMAT_RAW && cli->format.key != FORMAT_RAW)
		return EXIT_YES;
	return fail_usage(cli, "raw is a format for one value");
}

int verb_range(struct cli *cli)
{
	struct walk walk = { .cli = cli, .file = stdout };
	int code = check_format(cli);
	int ret;

	if (code)
		return code;
	begin_array(cli);
	ret = libsyncmap_range(cli->map,
			       cli->keys_only ? SYNCMAP_RANGE_KEYS_ONLY : 0,
			       range_one, &walk);
	if (ret < 0 && ret != -EIO)
		fail_map(cli, cli->name, ret);
	end_array(cli);
	bytes_free(&walk.line);
	return ret ? EXIT_ERROR : EXIT_YES;
}

static int export_all(struct walk *walk)
{
	struct cli *cli = walk->cli;
	int ret;

	progress_begin(&walk->progress, cli->progress);
	ret = libsyncmap_range(cli->map, 0, write_entry, walk);
	progress_end(&walk->progress);
	if (ret < 0 && ret != -EIO)
		return fail_map(cli, cli->name, ret);
	return ret == FAILED ? EXIT_ERROR : EXIT_YES;
}

static int export_file(struct walk *walk, const char *path)
{
	struct cli *cli = walk->cli;
	struct json_object *json;
	bool bad;
	int code;

	walk->file = fopen(path, "we");
	if (!walk->file)
		return fail(cli, "%s: %s", path, strerror(errno));
	code = export_all(walk);
	bad = ferror(walk->file);
	if (fclose(walk->file) || bad)
		return fail(cli, "%s: cannot write all of it: %s", path,
			    strerror(errno));
	if (code)
		return code;
	if (!cli->json) {
		printf("%" PRIu64 " entries\n", walk->done);
		return EXIT_YES;
	}
	json = json_object_new_object();
	add_text(json, "map", cli->name);
	add_u64(json, "entries", walk->done);
	say_json(cli, json);
	return EXIT_YES;
}

int verb_export(struct cli *cli)
{
	struct walk walk = { .cli = cli, .file = stdout };
	int code = check_format(cli);

	if (code)
		return code;
	if (cli->nargs > 1) {
		code = export_file(&walk, cli->args[1]);
	} else {
		cli->format.json_lines |= cli->json;
		code = export_all(&walk);
	}
	bytes_free(&walk.line);
	return code;
}
