// SPDX-License-Identifier: GPL-2.0-only
/* range and export: all entries, to be looked at or to be imported again */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cli.h"
#include "outfile.h"
#include "progress.h"
#include "select.h"

struct walk {
	struct cli	*cli;
	FILE		*file;
	struct progress	progress;
	struct bytes	line;
	uint64_t	done;
	uint64_t	untold;		/* whose time the file cannot say */
	bool		leave_out;	/* what does not suit its format */
	int		error;		/* of the file */
};

/* More than any errno */
#define FAILED	100000

static struct bytes borrow(const void *data, size_t len)
{
	return (struct bytes){ .data = (char *)data, .len = len };
}

static struct record_life life_of(const struct libsyncmap_record *entry)
{
	return (struct record_life){
		.ttl_ns = remaining(entry->expires),
		.owned = entry->flags & SYNCMAP_RECORD_OWNED,
		.kept = entry->flags & SYNCMAP_RECORD_KEPT,
	};
}

static int say_entry(const struct libsyncmap_record *entry, struct cli *cli)
{
	const struct record_life life = life_of(entry);
	struct bytes key = borrow(entry->key, entry->key_len);
	struct bytes value = borrow(entry->value, entry->value_len);
	struct json_object *json;

	json = entry_json(cli, &key, "value", entry->value ? &value : NULL);
	add_u64(json, "revision", entry->revision);
	record_add_life(json, &life);
	say_json(cli, json);
	return 0;
}

/* As people see it, if it does not suit its format */
static void print_text(const struct libsyncmap_record *entry, struct walk *walk)
{
	const struct record_format *format = &walk->cli->format;

	walk->line.len = 0;
	print_field(format->key, entry->key, entry->key_len, &walk->line);
	if (entry->value) {
		bytes_append_char(&walk->line, '\t');
		print_field(format->value, entry->value, entry->value_len,
			    &walk->line);
	}
	bytes_append_char(&walk->line, '\n');
}

static const char *print_entry(const struct libsyncmap_record *entry,
			       struct walk *walk)
{
	const struct record_format *format = &walk->cli->format;
	const struct record_life life = life_of(entry);
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

/* Whether the map that it is imported to might not have it as long, or longer */
static bool has_own_time(const struct walk *walk,
			 const struct libsyncmap_record *entry)
{
	return entry->flags & (SYNCMAP_RECORD_OWNED | SYNCMAP_RECORD_KEPT) ||
	       remaining(entry->expires) != SYNCMAP_NEVER ||
	       walk->cli->info.ttl;
}

static int write_entry(const struct libsyncmap_record *entry, void *arg)
{
	struct walk *walk = arg;
	struct bytes key = borrow(entry->key, entry->key_len);
	const char *wrong = print_entry(entry, walk);

	if (wrong && walk->leave_out) {
		note_misfit(walk->cli, &key, wrong);
		return 0;
	}
	if (wrong)
		print_text(entry, walk);
	walk->untold += has_own_time(walk, entry);
	if (fwrite(walk->line.data, 1, walk->line.len, walk->file) !=
	    walk->line.len) {
		walk->error = errno;
		return FAILED;
	}
	if (wrong)
		note_misfit(walk->cli, &key, wrong);
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

	if (!code)
		code = select_check(cli);
	if (code)
		return code;
	begin_array(cli);
	ret = select_entries(cli, cli->keys_only ? SYNCMAP_RANGE_KEYS_ONLY : 0,
			     range_one, &walk);
	if (ret < 0)
		fail_map(cli, cli->name, ret);
	end_array(cli);
	bytes_free(&walk.line);
	return ret ? EXIT_ERROR : end_misfits(cli, EXIT_YES);
}

static int export_all(struct walk *walk)
{
	struct cli *cli = walk->cli;
	int ret;

	progress_begin(&walk->progress, cli->progress);
	ret = libsyncmap_range(cli->map, 0, write_entry, walk);
	progress_end(&walk->progress);
	if (ret < 0)
		return fail_map(cli, cli->name, ret);
	if (!ret && walk->untold && !cli->format.json_lines)
		note("map '%s': %" PRIu64 " entries have times or owners, or "
		     "are kept, which only --json-lines tells", cli->name,
		     walk->untold);
	return ret ? EXIT_ERROR : end_misfits(cli, EXIT_YES);
}

static void say_exported(const struct walk *walk)
{
	struct cli *cli = walk->cli;
	struct json_object *json;

	if (!cli->json) {
		printf("%" PRIu64 " entries\n", walk->done);
		return;
	}
	json = json_object_new_object();
	add_text(json, "map", cli->name);
	add_u64(json, "entries", walk->done);
	say_json(cli, json);
}

/* Of a file that is standard output main() tells if it cannot be written. */
static int export_file(struct walk *walk, const char *path)
{
	struct cli *cli = walk->cli;
	struct outfile out;
	int err = outfile_open(&out, path);
	int code;

	if (err)
		return fail(cli, "%s: %s", path, strerror(-err));
	walk->file = out.file;
	if (out.is_stdout)
		cli->format.json_lines |= cli->json;
	code = export_all(walk);
	err = outfile_close(&out, !code);
	if (walk->error)
		err = -walk->error;
	if (err && !out.is_stdout)
		return fail(cli, "%s: %s", path, strerror(-err));
	if (cli->misfits && !out.direct)
		return fail(cli, "%s: not written; --json-lines can say all "
			    "entries", path);
	if (!code && !out.is_stdout)
		say_exported(walk);
	return err ? EXIT_ERROR : code;
}

int verb_export(struct cli *cli)
{
	struct walk walk = { .cli = cli, .leave_out = true };
	int code = check_format(cli);

	if (code)
		return code;
	code = export_file(&walk, cli->nargs > 1 ? cli->args[1] : "-");
	bytes_free(&walk.line);
	return code;
}
