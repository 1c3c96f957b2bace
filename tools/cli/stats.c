// SPDX-License-Identifier: GPL-2.0-only
/* stats: what a map is doing: all numbers once, or how fast some of them grow */
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "cli.h"
#include "pace.h"
#include "prometheus.h"
#include "row.h"
#include "sheet.h"

/* Several numbers of one name are an array */
static int add_stat(const struct syncmap_stat *stat, void *arg)
{
	struct json_object *json = arg, *first, *array;

	if (!stat->index) {
		add_named(json, stat->name,
			  json_object_new_uint64(stat->value));
		return 0;
	}
	json_object_object_get_ex(json, stat->name, &array);
	if (!json_object_is_type(array, json_type_array)) {
		first = json_object_get(array);
		array = json_object_new_array();
		json_object_array_add(array, first);
		add_named(json, stat->name, array);
	}
	json_object_array_add(array, json_object_new_uint64(stat->value));
	return 0;
}

static uint64_t number_of(struct json_object *json, const char *name)
{
	return json_object_get_uint64(json_object_object_get(json, name));
}

static int say_once(struct cli *cli)
{
	struct json_object *json = json_object_new_object();
	int err;

	add_text(json, "map", cli->name);
	err = libsyncmap_stats(cli->map, add_stat, json);
	if (!err) {
		row_add_ratio(json, number_of(json, "found"),
			      number_of(json, "absent"));
		return say_members(cli, json);
	}
	json_object_put(json);
	return fail_map(cli, cli->name, err);
}

/* Before the first row, and on a terminal when it has been filled */
static bool needs_heading(uint64_t rows)
{
	struct winsize size;

	if (!rows)
		return true;
	return !ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) && size.ws_row > 1 &&
	       !(rows % (size.ws_row - 1));
}

static void say_row(struct cli *cli, const struct row *row, uint64_t rows)
{
	struct json_object *json;
	char text[ROW_SHOWN];

	if (cli->json) {
		json = json_object_new_object();
		add_text(json, "map", cli->name);
		row_add_json(json, row);
		say_json(cli, json);
	} else {
		if (needs_heading(rows)) {
			row_heading(text);
			puts(text);
		}
		row_print(row, text);
		puts(text);
	}
	fflush(stdout);
}

/* Whoever has it open may go on with it; but nobody else comes */
static int check_name(struct cli *cli, const struct sample *before,
		      const struct sample *after)
{
	uint32_t news = after->info.state & ~before->info.state;

	if (news & SYNCMAP_MAP_RETIRED)
		return fail(cli, "map '%s' is retired: it is empty for good",
			    cli->name);
	if (news & SYNCMAP_MAP_REMOVED)
		return fail(cli, "map '%s' has been removed", cli->name);
	return EXIT_YES;
}

static int follow(struct cli *cli)
{
	struct sample before, after;
	struct pace pace;
	struct row row;
	int code = EXIT_YES, err;

	pace_begin(&pace, cli->interval);
	err = sample_take(cli->map, &before);
	for (uint64_t n = 0; !err && !code && (!cli->count || n < cli->count);
	     n++) {
		if (!pace_wait(&pace))
			return EXIT_YES;
		err = sample_take(cli->map, &after);
		if (err)
			break;
		row_make(&before, &after, &row);
		say_row(cli, &row, n);
		code = check_name(cli, &before, &after);
		before = after;
	}
	return err ? fail_map(cli, cli->name, err) : code;
}

static int check_options(struct cli *cli)
{
	if (cli->prometheus && (cli->interval || cli->json))
		return fail_usage(cli, "--prometheus is a form of its own: without "
				  "--interval and --json");
	if (cli->output && !cli->prometheus)
		return fail_usage(cli, "--output is for --prometheus");
	if (cli->count && !cli->interval)
		return fail_usage(cli, "--count is for --interval");
	if (!cli->prometheus && cli->nargs != 1)
		return fail_arguments(cli, !cli->nargs);
	return EXIT_YES;
}

int verb_stats(struct cli *cli)
{
	int code = check_options(cli);

	if (code)
		return code;
	if (cli->prometheus)
		return say_prometheus(cli);
	return cli->interval ? follow(cli) : say_once(cli);
}
