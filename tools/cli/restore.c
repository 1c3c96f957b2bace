// SPDX-License-Identifier: GPL-2.0-only
/* restore: the maps of a directory that save has filled */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "generation.h"
#include "head.h"
#include "lines.h"
#include "make.h"

/*
 * Revisions of a map that is restored begin at a multiple of this, and at least so
 * much higher than those that were saved: the map may have gone on after that, and
 * died with the machine. What is above the multiple counts its changes: metrics.c.
 */
#define REVISIONS_BETWEEN	(UINT64_C(1) << 32)
/* Bytes of what tells of a map: it has a few members */
#define HEAD_MAX		(1 << 20)
#define REVISION_MAX		((UINT64_C(1) << 62) - 1)

struct restore {
	struct cli		*cli;
	struct generation	from;
	struct moment		now;
	uint64_t		boottime;	/* as we see it */
	bool			clock_told;
	/* the map that it is at */
	char			name[SYNCMAP_NAME_SIZE];
	struct head		head;
	struct passed		passed;
	struct libsyncmap	*map;
	uint64_t		expired;
	uint64_t		line;
	struct fill		*fill;
};

static int fail_directory(const struct restore *restore, int err)
{
	return fail(restore->cli, "%s: %s", restore->cli->args[0],
		    generation_explain(err));
}

static int fail_file(const struct restore *restore, const char *suffix,
		     uint64_t line, const char *wrong)
{
	if (!line)
		return fail(restore->cli, "%s/current/%s%s: %s",
			    restore->cli->args[0], restore->name, suffix, wrong);
	return fail(restore->cli, "%s/current/%s%s:%" PRIu64 ": %s",
		    restore->cli->args[0], restore->name, suffix, line, wrong);
}

static int read_head(struct restore *restore)
{
	FILE *file = generation_file(&restore->from, restore->name, SUFFIX_HEAD,
				     "r");
	struct json_object *json = NULL;
	struct bytes text = { };
	const char *wrong;
	int err;

	if (!file)
		return fail_file(restore, SUFFIX_HEAD, 0, strerror(errno));
	err = bytes_read_fd(&text, fileno(file), HEAD_MAX);
	fclose(file);
	wrong = err ? strerror(-err) : json_parse(text.data, text.len, &json);
	if (!wrong)
		wrong = head_from_json(json, &restore->head);
	if (!wrong && strcmp(restore->head.map.name, restore->name))
		wrong = "\"map\": not the name of the file";
	json_object_put(json);
	bytes_free(&text);
	return wrong ? fail_file(restore, SUFFIX_HEAD, 0, wrong) : EXIT_YES;
}

/* When it expires now; 0: it has */
static uint64_t deadline_of(const struct restore *restore, uint64_t ttl)
{
	uint64_t deadline;

	if (ttl == DURATION_NEVER)
		return SYNCMAP_NEVER;
	if (ttl <= restore->passed.ns)
		return 0;
	if (__builtin_add_overflow(restore->boottime, ttl - restore->passed.ns,
				   &deadline))
		return SYNCMAP_NEVER;
	return deadline;
}

/* Without @line it is too long to be one */
static int restore_line(struct restore *restore, const char *line, size_t len,
			struct record *record)
{
	const struct record_format format = {
		.json_lines = true, .value = FORMAT_TEXT,
		.key = natural_format(restore->head.map.key_type),
	};
	struct fill *fill = restore->fill;
	uint64_t deadline;
	const char *wrong;

	restore->line++;
	wrong = line ? record_parse(&format, line, len, record) :
		       "no entry of this map is so long";
	if (!wrong && (record->task != RECORD_STORE || record->life.owned))
		wrong = "no entry that can be restored";
	if (wrong)
		return fail_file(restore, SUFFIX_ENTRIES, restore->line, wrong);
	deadline = deadline_of(restore, record->life.ttl_ns);
	if (!deadline)
		restore->expired++;
	else if (fill_add(fill, record, deadline, restore->line))
		return fail_file(restore, SUFFIX_ENTRIES, fill->line,
				 fill->wrong);
	return EXIT_YES;
}

static int restore_lines(struct restore *restore, FILE *file)
{
	const struct syncmap_limits *limits = &restore->head.map.limits;
	struct lines lines = {
		.fd = fileno(file),
		.max = record_max(limits->key_size, limits->value_size),
	};
	struct record record = { };
	const char *line;
	int code = EXIT_YES, err;
	size_t len;

	while (!code && !lines.end) {
		err = lines_read(&lines);
		if (err)
			code = fail_file(restore, SUFFIX_ENTRIES, restore->line,
					 strerror(-err));
		while (!code && lines_next(&lines, &line, &len))
			code = restore_line(restore, lines.cut ? NULL : line,
					    len, &record);
	}
	record_free(&record);
	lines_free(&lines);
	return code;
}

static int fill_map(struct restore *restore)
{
	struct fill *fill = restore->fill;
	FILE *file = generation_file(&restore->from, restore->name,
				     SUFFIX_ENTRIES, "r");
	int code;

	if (!file)
		return fail_file(restore, SUFFIX_ENTRIES, 0, strerror(errno));
	restore->line = 0;
	restore->expired = 0;
	*fill = (struct fill){ .map = restore->map };
	code = restore_lines(restore, file);
	fclose(file);
	if (fill_finish(fill) && !code)
		code = fail_file(restore, SUFFIX_ENTRIES, fill->line,
				 fill->wrong);
	if (!code && restore->line != restore->head.map.count)
		code = fail_file(restore, SUFFIX_ENTRIES, 0,
				 "it has not as many lines as were saved");
	return code;
}

/* Exists already, or an error; else it has the name */
static int publish(struct restore *restore)
{
	struct cli *cli = restore->cli;
	int err = 0;

	if (restore->head.map.state & SYNCMAP_MAP_EVICTS)
		err = let_evict(restore->map);
	if (!err && restore->head.map.state & SYNCMAP_MAP_FROZEN)
		err = libsyncmap_freeze(restore->map);
	if (!err)
		err = libsyncmap_publish(restore->map, restore->name,
					 cli->replace ? SYNCMAP_PUBLISH_REPLACE : 0,
					 cli->replaced);
	return err;
}

static struct json_object *map_json(const struct restore *restore)
{
	struct json_object *json = json_object_new_object();

	add_named(json, "map", json_object_new_string(restore->name));
	return json;
}

static int say_present(struct restore *restore)
{
	struct json_object *json;

	if (!restore->cli->json) {
		printf("%s: is there already\n", restore->name);
		return EXIT_YES;
	}
	json = map_json(restore);
	add_bool(json, "restored", false);
	say_json(restore->cli, json);
	return EXIT_YES;
}

static int find_name(const struct syncmap_map_info *info, void *arg)
{
	struct syncmap_map_info *found = arg;

	if (strcmp(info->name, found->name))
		return 0;
	*found = *info;
	return 1;
}

/*
 * It may be the one that was saved, or restored before. If somebody else was
 * faster, what was saved is still to come.
 */
static int judge_present(struct restore *restore)
{
	const struct syncmap_map_info *saved = &restore->head.map;
	struct syncmap_map_info found = { };
	int there;

	strcpy(found.name, restore->name);
	there = libsyncmap_list(0, 0, find_name, &found);
	if (there < 0)
		return fail_system(restore->cli, there);
	if (there && found.uid == saved->uid &&
	    found.key_type == saved->key_type &&
	    found.revision >= saved->revision)
		return say_present(restore);
	return fail(restore->cli, "map '%s' is there already, and not the one "
		    "that was saved", restore->name);
}

static int say_restored(struct restore *restore)
{
	struct cli *cli = restore->cli;
	struct json_object *json;

	if (!cli->json) {
		printf("%s: %" PRIu64 " entries", restore->name,
		       restore->fill->stored);
		if (restore->expired)
			printf(", without %" PRIu64 " that have expired",
			       restore->expired);
		putchar('\n');
		return EXIT_YES;
	}
	json = map_json(restore);
	add_bool(json, "restored", true);
	add_u64(json, "entries", restore->fill->stored);
	add_u64(json, "expired", restore->expired);
	add_u64(json, "passed_ns", restore->passed.ns);
	if (restore->passed.set)
		add_json(json, "clock_set_ns",
			 json_object_new_int64(restore->passed.set));
	say_json(cli, json);
	return EXIT_YES;
}

/* Once is enough: maps are saved together */
static void tell_clock(struct restore *restore)
{
	const struct passed *passed = &restore->passed;
	int64_t seconds = passed->set / 1000000000;

	if (!passed->set || restore->clock_told || restore->cli->json)
		return;
	restore->clock_told = true;
	fflush(stdout);
	fprintf(stderr, "syncmapctl: the clock was set %s by %s%" PRId64 " s "
		"since '%s' was saved: %" PRIu64 " s count as passed%s\n",
		seconds < 0 ? "back" : "forward",
		passed->at_least ? "at least " : "",
		seconds < 0 ? -seconds : seconds, restore->name,
		passed->ns / 1000000000,
		passed->at_least ? ", which may be too few" : "");
}

static uint64_t next_revision(uint64_t saved)
{
	uint64_t passed = saved / REVISIONS_BETWEEN;

	if (passed >= REVISION_MAX / REVISIONS_BETWEEN - 1)
		return REVISION_MAX;
	return (passed + 2) * REVISIONS_BETWEEN;
}

static int make(struct restore *restore)
{
	struct syncmap_map_info info = restore->head.map;
	char wrong[128] = "";
	int err;

	info.revision = next_revision(info.revision);
	err = make_map(&info, &restore->map, wrong, sizeof(wrong));
	if (!err)
		return EXIT_YES;
	return wrong[0] ? fail(restore->cli, "map '%s': %s", restore->name,
			       wrong) :
			  fail_map(restore->cli, restore->name, err);
}

static int set_limits(const struct restore *restore,
		      const struct syncmap_limits *limits)
{
	struct syncmap_set set = {
		.flags = SYNCMAP_SET_ENTRIES | SYNCMAP_SET_BYTES,
		.entries = limits->entries, .bytes = limits->bytes,
	};

	return libsyncmap_set(restore->map, &set, sizeof(set));
}

/* A map keeps what it has when its limits become lower */
static int fill_beyond_limits(struct restore *restore)
{
	struct syncmap_info info;
	int code, err = libsyncmap_system_info(&info, sizeof(info));

	if (!err)
		err = set_limits(restore, &info.max);
	code = err ? EXIT_YES : fill_map(restore);
	if (!err && !code)
		err = set_limits(restore, &restore->head.map.limits);
	return err ? fail_map(restore->cli, restore->name, err) : code;
}

/* Nobody finds it before it is whole. */
static int restore_map(struct restore *restore)
{
	int err, code;

	restore->passed = moment_passed(&restore->head.saved, &restore->now);
	tell_clock(restore);
	code = make(restore);
	if (code)
		return code;
	code = fill_beyond_limits(restore);
	if (!code) {
		err = publish(restore);
		if (err == -EEXIST)
			code = judge_present(restore);
		else if (err)
			code = fail_map(restore->cli, restore->name, err);
		else
			code = say_restored(restore);
	}
	libsyncmap_close(restore->map);
	return code;
}

static int is_named(const struct syncmap_map_info *info, void *name)
{
	return !strcmp(info->name, name);
}

static int restore_one(struct restore *restore, const char *name)
{
	int code, there = 0;

	strcpy(restore->name, name);
	code = read_head(restore);
	if (code)
		return code;
	if (!restore->cli->replace)
		there = libsyncmap_list(0, 0, is_named, restore->name);
	if (there < 0)
		return fail_system(restore->cli, there);
	return there ? judge_present(restore) : restore_map(restore);
}

static int restore_named(struct restore *restore, const char *name)
{
	struct cli *cli = restore->cli;

	if (strlen(name) >= SYNCMAP_NAME_SIZE || strchr(name, '/') ||
	    !generation_has(&restore->from, name))
		return fail(cli, "%s: no map '%s' was saved there", cli->args[0],
			    name);
	return restore_one(restore, name);
}

/* One that cannot be restored does not keep the others from it */
static int restore_names(struct restore *restore)
{
	struct cli *cli = restore->cli;
	char **names = cli->args + 1;
	int worst = EXIT_YES, code, n = cli->nargs - 1;
	bool all = cli->nargs == 1;

	if (all)
		n = generation_list(&restore->from, &names);
	if (n < 0)
		return fail_directory(restore, n);
	for (int i = 0; i < n; i++) {
		code = restore_named(restore, names[i]);
		worst = worst ? worst : code;
	}
	for (int i = 0; i < n && all; i++)
		free(names[i]);
	if (all)
		free(names);
	return worst;
}

int verb_restore(struct cli *cli)
{
	struct restore restore = {
		.cli = cli, .now = moment_now(),
		.boottime = libsyncmap_deadline(0),
	};
	int code, err = generation_open(&restore.from, cli->args[0]);

	if (err)
		return fail_directory(&restore, err);
	restore.fill = calloc(1, sizeof(*restore.fill));
	if (!restore.fill)
		abort();
	begin_results(cli);
	code = restore_names(&restore);
	end_array(cli);
	free(restore.fill);
	generation_close(&restore.from);
	return code;
}
