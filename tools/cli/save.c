// SPDX-License-Identifier: GPL-2.0-only
/* save: maps into a directory, so that they outlive the boot */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "generation.h"
#include "head.h"
#include "snapshot.h"

struct saved {
	char			name[SYNCMAP_NAME_SIZE];
	uint64_t		entries;
	uint64_t		owned;
	uint64_t		revision;
};

struct save {
	struct cli		*cli;
	struct generation	last;
	struct generation	next;
	char			(*names)[SYNCMAP_NAME_SIZE];
	size_t			count;
	struct saved		*saved;
	size_t			saved_count;
	bool			broken;		/* the directory: no map can be */
};

static int fail_directory(struct save *save, int err)
{
	save->broken = true;
	return fail(save->cli, "%s: %s", save->cli->args[0],
		    generation_explain(err));
}

static int fail_snapshot(struct cli *cli, const struct snapshot *snapshot,
			 int err)
{
	char text[128];

	if (snapshot->wrong)
		return fail(cli, "map '%s': %s", cli->name, snapshot->wrong);
	return fail(cli, "map '%s': %s", cli->name,
		    libsyncmap_explain(err, &snapshot->error, text,
				       sizeof(text)));
}

static int save_head(struct save *save, const struct head *head)
{
	struct json_object *json = head_to_json(head);
	FILE *file = generation_file(&save->next, head->map.name, SUFFIX_HEAD,
				     "w");
	int err;

	if (file) {
		fputs(json_object_to_json_string_ext(json,
			JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_NOSLASHESCAPE),
		      file);
		putc('\n', file);
	}
	err = file ? generation_sync(file) : -errno;
	json_object_put(json);
	return err ? fail_directory(save, err) : EXIT_YES;
}

static void note_saved(struct save *save, const struct head *head,
		       const struct snapshot *snapshot)
{
	struct saved *saved;

	save->saved = realloc(save->saved,
			      (save->saved_count + 1) * sizeof(*saved));
	if (!save->saved)
		abort();
	saved = &save->saved[save->saved_count++];
	*saved = (struct saved){
		.entries = snapshot->entries, .owned = snapshot->owned,
		.revision = snapshot->revision,
	};
	memcpy(saved->name, head->map.name, sizeof(saved->name));
}

static void say_saved(struct cli *cli, const struct saved *saved)
{
	struct json_object *json;

	if (!cli->json) {
		printf("%s: %" PRIu64 " entries, revision %" PRIu64, saved->name,
		       saved->entries, saved->revision);
		if (saved->owned)
			printf(", without %" PRIu64 " that go with open files",
			       saved->owned);
		putchar('\n');
		return;
	}
	json = json_object_new_object();
	add_named(json, "map", json_object_new_string(saved->name));
	add_u64(json, "entries", saved->entries);
	add_u64(json, "owned", saved->owned);
	add_u64(json, "revision", saved->revision);
	say_json(cli, json);
}

static int save_entries(struct save *save, struct snapshot *snapshot)
{
	struct cli *cli = save->cli;
	int err;

	snapshot->file = generation_file(&save->next, cli->name, SUFFIX_ENTRIES,
					 "w+");
	if (!snapshot->file)
		return fail_directory(save, -errno);
	err = snapshot_take(snapshot);
	if (err) {
		bool of_file = ferror(snapshot->file);

		fclose(snapshot->file);
		return of_file ? fail_directory(save, err) :
				 fail_snapshot(cli, snapshot, err);
	}
	err = generation_sync(snapshot->file);
	return err ? fail_directory(save, err) : EXIT_YES;
}

static int save_map(struct save *save)
{
	struct cli *cli = save->cli;
	struct snapshot snapshot = {
		.map = cli->map, .key = natural_format(cli->info.key_type),
		.since = libsyncmap_deadline(0),
	};
	struct head head = { .saved = moment_now() };
	int code = save_entries(save, &snapshot);
	int err;

	if (code)
		return code;
	/* Also what was set, or frozen, meanwhile */
	err = libsyncmap_info(cli->map, &head.map, sizeof(head.map));
	if (err)
		return fail_map(cli, cli->name, err);
	/* It may have another one by now */
	memset(head.map.name, 0, sizeof(head.map.name));
	memcpy(head.map.name, cli->name, strlen(cli->name));
	head.map.revision = snapshot.revision;
	head.map.count = snapshot.entries;
	code = save_head(save, &head);
	if (!code)
		note_saved(save, &head, &snapshot);
	return code;
}

/* A map that is not there any more is none to be saved, unless it was named */
static int save_named(struct save *save, const char *name, bool must_be)
{
	struct cli *cli = save->cli;
	int code, err;

	cli->name = name;
	err = open_name(cli, SYNCMAP_ACCESS_READ | LIBSYNCMAP_UNMAPPED);
	if (err == -ENOENT && !must_be)
		return EXIT_YES;
	if (!err)
		err = libsyncmap_info(cli->map, &cli->info, sizeof(cli->info));
	code = err ? fail_map(cli, name, err) : save_map(save);
	libsyncmap_close(cli->map);
	cli->map = NULL;
	if (!code || save->broken || strchr(name, '/') ||
	    strlen(name) >= SYNCMAP_NAME_SIZE)
		return code;
	/* What was saved of it last is better than nothing */
	err = generation_keep_map(&save->next, &save->last, name);
	return err ? fail_directory(save, err) : code;
}

static int note_name(const struct syncmap_map_info *info, void *arg)
{
	struct save *save = arg;

	save->names = realloc(save->names,
			      (save->count + 1) * sizeof(save->names[0]));
	if (!save->names)
		abort();
	memcpy(save->names[save->count++], info->name, SYNCMAP_NAME_SIZE);
	return 0;
}

static int compare(const void *a, const void *b)
{
	return strcmp(a, b);
}

static int save_all(struct save *save)
{
	int err = libsyncmap_list(0, 0, note_name, save);
	int worst = err ? fail_system(save->cli, err) : EXIT_YES, code;

	if (save->count)
		qsort(save->names, save->count, sizeof(save->names[0]), compare);
	for (size_t i = 0; i < save->count && !err && !save->broken; i++) {
		code = save_named(save, save->names[i], false);
		worst = worst ? worst : code;
	}
	free(save->names);
	return worst;
}

/* What others were saved last stays */
static int save_some(struct save *save)
{
	struct cli *cli = save->cli;
	int worst = EXIT_YES, code, err;

	err = generation_keep(&save->next, &save->last);
	if (err)
		return fail_directory(save, err);
	for (int i = 1; i < cli->nargs && !save->broken; i++) {
		code = save_named(save, cli->args[i], true);
		worst = worst ? worst : code;
	}
	return worst;
}

/* One map that cannot be saved does not keep the others from it. */
static int finish(struct save *save, int code)
{
	int err;

	if (save->broken || (code && !save->saved_count)) {
		generation_drop(&save->next);
		generation_close(&save->last);
		return code;
	}
	err = generation_finish(&save->next, &save->last);
	if (err)
		return fail_directory(save, err);
	for (size_t i = 0; i < save->saved_count; i++)
		say_saved(save->cli, &save->saved[i]);
	return code;
}

int verb_save(struct cli *cli)
{
	struct save save = { .cli = cli };
	int code, err;

	err = generation_begin(&save.next, cli->args[0], &save.last);
	if (err)
		return fail_directory(&save, err);
	begin_results(cli);
	code = finish(&save, cli->nargs > 1 ? save_some(&save) : save_all(&save));
	end_array(cli);
	free(save.saved);
	return code;
}
