// SPDX-License-Identifier: GPL-2.0-only
/* list: all maps, in columns; with --all also those without a name */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <libsmartcols.h>

#include "cli.h"
#include "holders.h"
#include "sample.h"
#include "size.h"

struct row {
	struct syncmap_map_info	info;
	bool			unseen;		/* but for the number */
};

struct rows {
	struct row	*list;
	size_t		n;
};

static void add_row(struct rows *rows, const struct row *row)
{
	struct row *list = reallocarray(rows->list, rows->n + 1, sizeof(*list));

	if (!list)
		abort();
	list[rows->n++] = *row;
	rows->list = list;
}

static int add_named_map(const struct syncmap_map_info *info, void *arg)
{
	add_row(arg, &(struct row){ .info = *info });
	return 0;
}

static int by_name(const void *a, const void *b)
{
	const struct syncmap_map_info *x = a, *y = b;
	int order = strcmp(x->name, y->name);

	if (!order && x->scope != y->scope)
		return x->scope < y->scope ? -1 : 1;
	return order;
}

static bool is_listed(const struct rows *rows, uint64_t id)
{
	for (size_t i = 0; i < rows->n; i++)
		if (rows->list[i].info.id == id)
			return true;
	return false;
}

/* Asked of a descriptor that is the holder's, and ours for this moment */
static bool ask(const struct holder *holder, struct syncmap_map_info *info)
{
	struct libsyncmap *map;
	int fd = holder_borrow(holder);
	int err;

	if (fd < 0)
		return false;
	if (libsyncmap_from_fd(fd, &map)) {
		close(fd);
		return false;
	}
	err = libsyncmap_info(map, info, sizeof(*info));
	libsyncmap_close(map);
	/* Meanwhile the number of the descriptor may be another map's */
	return !err && info->id == holder->id;
}

/* Maps that have no name, or none that is seen from here */
static void add_held(struct rows *rows, const struct holders *holders)
{
	for (size_t i = 0; i < holders->n; i++) {
		const struct holder *holder = &holders->list[i];
		struct row row = { };

		if (is_listed(rows, holder->id))
			continue;
		row.unseen = !holder->is_map || !ask(holder, &row.info);
		/* Unless another descriptor of the map will do */
		if (row.unseen && i + 1 < holders->n &&
		    holders->list[i + 1].id == holder->id)
			continue;
		if (row.unseen)
			row.info = (struct syncmap_map_info){ .id = holder->id };
		add_row(rows, &row);
	}
}

/* "sh (12), reader (13)": each process once */
static void print_holders(const struct holders *holders, uint64_t id,
			  struct bytes *text)
{
	pid_t last = 0;
	char one[40];

	for (size_t i = 0; i < holders->n; i++) {
		const struct holder *holder = &holders->list[i];

		if (holder->id != id || holder->pid == last)
			continue;
		snprintf(one, sizeof(one), "%s%s (%d)", last ? ", " : "",
			 holder->command, holder->pid);
		bytes_append(text, one, strlen(one));
		last = holder->pid;
	}
	bytes_append_char(text, '\0');
}

static void add_holders(struct json_object *json,
			const struct holders *holders, uint64_t id)
{
	struct json_object *array = json_object_new_array(), *one;

	for (size_t i = 0; i < holders->n; i++) {
		const struct holder *holder = &holders->list[i];

		if (holder->id != id)
			continue;
		one = json_object_new_object();
		add_u64(one, "pid", holder->pid);
		add_u64(one, "fd", holder->fd);
		add_any_text(one, "command", holder->command);
		json_object_array_add(array, one);
	}
	add_json(json, "holders", array);
}

struct column {
	const char	*name;
	double		width;
	int		flags;
};

enum { MAP, KEYS, ENTRIES, BYTES, FULL, MODE, OWNER, VALUES, NOTES, SCOPE,
       HOLDERS };

static const struct column columns[] = {
	[MAP]		= { "MAP", 0.3, SCOLS_FL_TRUNC },
	[KEYS]		= { "KEYS", 6, 0 },
	[ENTRIES]	= { "ENTRIES", 7, SCOLS_FL_RIGHT },
	[BYTES]		= { "BYTES", 5, SCOLS_FL_RIGHT },
	[FULL]		= { "FULL", 4, SCOLS_FL_RIGHT },
	[MODE]		= { "MODE", 4, 0 },
	[OWNER]		= { "OWNER", 0.1, SCOLS_FL_TRUNC },
	[VALUES]	= { "VALUES", 6, 0 },
	[NOTES]		= { "NOTES", 5, 0 },
	[SCOPE]		= { "SCOPE", 10, SCOLS_FL_RIGHT },
	[HOLDERS]	= { "HELD BY", 0.2, SCOLS_FL_TRUNC },
};

#define COLUMNS		(sizeof(columns) / sizeof(columns[0]))

struct listing {
	struct cli		*cli;
	struct rows		rows;
	struct holders		holders;
	bool			for_people;	/* short numbers, named columns */
	struct libscols_table	*table;
	struct libscols_column	*column[COLUMNS];
};

static bool is_shown(const struct listing *listing, size_t column)
{
	if (column == SCOPE)
		return listing->cli->below;
	return column != HOLDERS || listing->cli->all;
}

static void put(struct listing *listing, struct libscols_line *line,
		size_t column, const char *text)
{
	if (is_shown(listing, column) &&
	    scols_line_set_column_data(line, listing->column[column],
				       text[0] ? text : "-"))
		abort();
}

/* Short from @limit on, for people */
static void put_number(struct listing *listing, struct libscols_line *line,
		       size_t column, uint64_t number, uint64_t limit)
{
	char text[24];

	if (listing->for_people && number >= limit)
		size_print(number, text);
	else
		snprintf(text, sizeof(text), "%" PRIu64, number);
	put(listing, line, column, text);
}

static void put_notes(struct listing *listing, struct libscols_line *line,
		      const struct syncmap_map_info *info)
{
	const struct {
		bool		is;
		const char	*note;
	} notes[] = {
		{ info->state & SYNCMAP_MAP_PRIVATE, "nameless" },
		{ info->state & SYNCMAP_MAP_REMOVED &&
		  !(info->state & SYNCMAP_MAP_RETIRED), "removed" },
		{ info->state & SYNCMAP_MAP_ELSEWHERE, "elsewhere" },
		{ info->state & SYNCMAP_MAP_RETIRED, "retired" },
		{ info->state & SYNCMAP_MAP_FROZEN &&
		  !(info->state & SYNCMAP_MAP_RETIRED), "frozen" },
		{ info->mapped, "mapped" },
		{ info->state & SYNCMAP_MAP_EVICTS, "evicts" },
		{ info->ttl, "ttl" },
	};
	char text[80] = "";

	for (size_t i = 0; i < sizeof(notes) / sizeof(notes[0]); i++) {
		if (!notes[i].is)
			continue;
		if (text[0])
			strcat(text, ",");
		strcat(text, notes[i].note);
	}
	put(listing, line, NOTES, text);
}

static void put_about(struct listing *listing, struct libscols_line *line,
		      const struct syncmap_map_info *info)
{
	const char *kind = value_kind_name(info->value_kind);
	char text[64];

	put(listing, line, KEYS, key_type_name(info->key_type));
	put_number(listing, line, ENTRIES, info->count, 10000000);
	put_number(listing, line, BYTES, info->bytes, 0);
	snprintf(text, sizeof(text), "%u%%", how_full(info));
	put(listing, line, FULL, text);
	snprintf(text, sizeof(text), "%04o", info->mode & 07777);
	put(listing, line, MODE, text);
	put(listing, line, OWNER, user_name(info->uid, text, sizeof(text)));
	put(listing, line, VALUES, kind ? kind : "");
	put_notes(listing, line, info);
}

static void put_unseen(struct listing *listing, struct libscols_line *line)
{
	for (size_t i = KEYS; i < NOTES; i++)
		put(listing, line, i, "");
	put(listing, line, NOTES, "unseen");
}

static void put_row(struct listing *listing, const struct row *row)
{
	struct libscols_line *line = scols_table_new_line(listing->table, NULL);
	const struct syncmap_map_info *info = &row->info;
	struct bytes held = { };
	char text[24];

	if (!line)
		abort();
	snprintf(text, sizeof(text), "#%" PRIu64, (uint64_t)info->id);
	put(listing, line, MAP, info->name[0] ? info->name : text);
	if (row->unseen)
		put_unseen(listing, line);
	else
		put_about(listing, line, info);
	snprintf(text, sizeof(text), "%" PRIu64, (uint64_t)info->scope);
	put(listing, line, SCOPE, text);
	print_holders(&listing->holders, info->id, &held);
	put(listing, line, HOLDERS, held.data);
	bytes_free(&held);
}

static void make_table(struct listing *listing)
{
	listing->table = scols_new_table();
	if (!listing->table)
		abort();
	scols_table_enable_noheadings(listing->table, !listing->for_people);
	for (size_t i = 0; i < COLUMNS; i++) {
		const struct column *column = &columns[i];

		if (!is_shown(listing, i))
			continue;
		listing->column[i] = scols_table_new_column(listing->table,
							    column->name,
							    column->width,
							    column->flags);
		if (!listing->column[i])
			abort();
	}
}

static void say_rows(struct listing *listing)
{
	if (!listing->rows.n)
		return;
	make_table(listing);
	for (size_t i = 0; i < listing->rows.n; i++)
		put_row(listing, &listing->rows.list[i]);
	scols_print_table(listing->table);
	scols_unref_table(listing->table);
}

/* With --all, what of a map it is that a name would not find */
static struct json_object *row_json(const struct listing *listing,
				    const struct row *row)
{
	const struct syncmap_map_info *info = &row->info;
	struct json_object *json;

	if (!row->unseen) {
		json = map_info_json(info);
	} else {
		json = json_object_new_object();
		add_text(json, "map", info->name);
		add_u64(json, "id", info->id);
	}
	if (!listing->cli->all)
		return json;
	if (info->state & SYNCMAP_MAP_PRIVATE)
		add_bool(json, "nameless", true);
	if (info->state & SYNCMAP_MAP_REMOVED)
		add_bool(json, "removed", true);
	if (info->state & SYNCMAP_MAP_ELSEWHERE)
		add_bool(json, "elsewhere", true);
	add_holders(json, &listing->holders, info->id);
	return json;
}

static void say_rows_json(struct listing *listing)
{
	struct cli *cli = listing->cli;

	begin_array(cli);
	for (size_t i = 0; i < listing->rows.n; i++)
		say_json(cli, row_json(listing, &listing->rows.list[i]));
	end_array(cli);
}

/* Returns the exit code */
static int collect(struct listing *listing)
{
	struct cli *cli = listing->cli;
	struct rows *rows = &listing->rows;
	int err = libsyncmap_list(cli->scope,
				  cli->below ? SYNCMAP_LIST_BELOW : 0,
				  add_named_map, rows);

	if (err)
		return fail_system(cli, err);
	if (rows->n)
		qsort(rows->list, rows->n, sizeof(*rows->list), by_name);
	if (cli->all) {
		holders_find(&listing->holders);
		add_held(rows, &listing->holders);
	}
	return EXIT_YES;
}

/* How many there are that were not listed */
static unsigned int count_others(const struct listing *listing)
{
	struct syncmap_info info;

	if (listing->cli->scope ||
	    libsyncmap_system_info(&info, sizeof(info)) ||
	    info.maps < listing->rows.n)
		return 0;
	return info.maps - listing->rows.n;
}

static void say_others(const struct listing *listing)
{
	unsigned int n = count_others(listing);

	if (!n)
		return;
	if (!listing->cli->all)
		printf("%u more without a name, or of another namespace: "
		       "'syncmapctl list --all'\n", n);
	else
		printf("%u more: only mapped, on their way through a socket, "
		       "or just ending%s\n", n, listing->holders.denied ?
		       ", or of processes that you may not look into" : "");
}

static void end(struct listing *listing)
{
	holders_free(&listing->holders);
	free(listing->rows.list);
}

int verb_list(struct cli *cli)
{
	struct listing listing = {
		.cli = cli, .for_people = isatty(STDOUT_FILENO),
	};
	int code = collect(&listing);

	if (code || cli->json) {
		if (!code)
			say_rows_json(&listing);
	} else {
		say_rows(&listing);
		if (listing.for_people)
			say_others(&listing);
	}
	end(&listing);
	return code;
}

static const char first_steps[] =
	"There is no map yet. To begin:\n\n"
	"  syncmapctl create flags\n"
	"  syncmapctl store flags color blue\n"
	"  syncmapctl load flags color\n";

int welcome(struct cli *cli)
{
	struct listing listing = { .cli = cli, .for_people = true };
	int code;

	if (cli->json)
		return verb_list(cli);
	code = collect(&listing);
	if (!code && listing.rows.n)
		say_rows(&listing);
	else if (!code)
		fputs(first_steps, stdout);
	if (!code) {
		say_others(&listing);
		puts("\n'syncmapctl help' tells of all verbs, 'man syncmapctl' "
		     "of all there is.");
	}
	end(&listing);
	return code;
}
