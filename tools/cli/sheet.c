// SPDX-License-Identifier: GPL-2.0-only
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <libsmartcols.h>

#include "cli.h"
#include "duration.h"
#include "sample.h"
#include "sheet.h"
#include "size.h"

/* Where members go: lines, or a table with what they mean to people */
struct sheet {
	const struct cli	*cli;
	struct libscols_table	*table;
};

static void print_size(uint64_t number, char *text, size_t size)
{
	char shown[SIZE_SHOWN];

	size_print(number, shown);
	if (number >= 10000)
		snprintf(text, size, "%s", shown);
}

static void print_rights(const char *mode, char *text, size_t size)
{
	static const char *const rights[] = { "--", "-w", "r-", "rw" };
	unsigned long bits = strtoul(mode, NULL, 8);

	snprintf(text, size, "owner %s, group %s, others %s",
		 rights[bits >> 7 & 3], rights[bits >> 4 & 3],
		 rights[bits >> 1 & 3]);
}

static bool ends(const char *name, const char *end)
{
	size_t len = strlen(name), n = strlen(end);

	return len >= n && !strcmp(name + len - n, end);
}

static void print_meaning(const struct sheet *sheet, const char *name,
			  struct json_object *value, char *text, size_t size)
{
	const struct syncmap_map_info *info = &sheet->cli->info;
	uint64_t number = json_object_get_uint64(value);

	if (!strcmp(name, "uid"))
		user_name(number, text, size);
	else if (!strcmp(name, "gid"))
		group_name(number, text, size);
	else if (!strcmp(name, "mode"))
		print_rights(json_object_get_string(value), text, size);
	else if (!strcmp(name, "count") && info->limits.entries)
		snprintf(text, size, "%u%% full", how_full(info));
	else if (ends(name, "_ns") && number)
		duration_print(number, text);
	else if (ends(name, "bytes") || ends(name, "_size") ||
		 ends(name, "entries") || !strcmp(name, "mapped"))
		print_size(number, text, size);
}

static void put_member(const struct sheet *sheet, const char *name,
		       struct json_object *value)
{
	struct libscols_line *line = scols_table_new_line(sheet->table, NULL);
	char meaning[DURATION_SHOWN * 2] = "";

	print_meaning(sheet, name, value, meaning, sizeof(meaning));
	if (!line || scols_line_set_data(line, 0, name) ||
	    scols_line_set_data(line, 1, json_object_get_string(value)) ||
	    scols_line_set_data(line, 2, meaning))
		abort();
}

static void print_member(const struct sheet *sheet, const char *name,
			 struct json_object *value)
{
	struct json_object *item;
	size_t n;

	if (sheet->table) {
		put_member(sheet, name, value);
		return;
	}
	printf("%-20s", name);
	if (!json_object_is_type(value, json_type_array)) {
		printf(" %s\n", json_object_get_string(value));
		return;
	}
	n = json_object_array_length(value);
	for (size_t i = 0; i < n; i++) {
		item = json_object_array_get_idx(value, i);
		printf(" %s", json_object_get_string(item));
	}
	putchar('\n');
}

/* One line per member, "a.b" for a member of a member */
static void print_members(const struct sheet *sheet, struct json_object *json,
			  const char *prefix)
{
	json_object_object_foreach(json, name, value) {
		bool nested = json_object_is_type(value, json_type_object);
		char path[64];

		snprintf(path, sizeof(path), "%s%s%s", prefix, name,
			 nested ? "." : "");
		if (nested)
			print_members(sheet, value, path);
		else
			print_member(sheet, path, value);
	}
}

static struct libscols_table *new_sheet(void)
{
	struct libscols_table *table = scols_new_table();

	if (!table || scols_table_enable_noheadings(table, 1) ||
	    !scols_table_new_column(table, "NAME", 20, 0) ||
	    !scols_table_new_column(table, "VALUE", 12, SCOLS_FL_TRUNC) ||
	    !scols_table_new_column(table, "MEANING", 0.3, SCOLS_FL_TRUNC))
		abort();
	return table;
}

int say_members(struct cli *cli, struct json_object *json)
{
	const struct sheet sheet = { .cli = cli };

	if (cli->json) {
		say_json(cli, json);
	} else {
		print_members(&sheet, json, "");
		json_object_put(json);
	}
	return EXIT_YES;
}

int say_sheet(struct cli *cli, struct json_object *json)
{
	struct sheet sheet = { .cli = cli };

	if (cli->json || !isatty(STDOUT_FILENO))
		return say_members(cli, json);
	sheet.table = new_sheet();
	print_members(&sheet, json, "");
	json_object_put(json);
	scols_print_table(sheet.table);
	scols_unref_table(sheet.table);
	return EXIT_YES;
}
