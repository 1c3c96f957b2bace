// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "declare.h"
#include "lines.h"

/* Options of create that may be in a section, and those of its owner and group */
static const char letters[] = "tmyKVEBTSM%oG";

static const char space[] = " \t";

/* More than any entry of any map takes */
#define BYTES_MAX	(16 << 20)

struct reader {
	struct cli		*cli;
	const char		*path;
	unsigned int		line;
	char			*where;		/* FILE:LINE of the line */
	struct declarations	*declarations;
	size_t			before;		/* of this file */
};

static int fail_line(const struct reader *reader, const char *format,
		     const char *what)
{
	int code;

	reader->cli->where = reader->where;
	code = fail(reader->cli, format, what);
	reader->cli->where = NULL;
	return code;
}

static struct declaration *last_of(const struct reader *reader)
{
	const struct declarations *all = reader->declarations;

	return all->count > reader->before ? &all->maps[all->count - 1] : NULL;
}

static void *grow(void *array, size_t count, size_t size)
{
	void *grown = realloc(array, (count + 1) * size);

	if (!grown)
		abort();
	memset((char *)grown + count * size, 0, size);
	return grown;
}

static bool is_name(const char *name)
{
	size_t len = strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
			    "abcdefghijklmnopqrstuvwxyz0123456789._:-");

	return len && len < SYNCMAP_NAME_SIZE && !name[len];
}

static int begin_section(struct reader *reader, char *line)
{
	struct declarations *all = reader->declarations;
	struct declaration *map;
	size_t len = strlen(line);

	if (line[len - 1] != ']')
		return fail_line(reader, "no ] at the end of '%s'", line);
	line[len - 1] = '\0';
	if (!is_name(++line))
		return fail_line(reader, "'%s': a name has 1 to 63 characters of "
				 "A-Z a-z 0-9 . _ : -", line);
	for (size_t i = 0; i < all->count; i++)
		if (!strcmp(all->maps[i].name, line))
			return fail_line(reader, "this map is declared at %s, too",
					 all->maps[i].where);
	all->maps = grow(all->maps, all->count, sizeof(*all->maps));
	map = &all->maps[all->count++];
	strcpy(map->name, line);
	map->where = strdup(reader->where);
	map->path = reader->path;
	map->options = *reader->cli;
	return map->where ? EXIT_YES : fail(reader->cli, "out of memory");
}

static const struct option_help *find_letter(const char *name)
{
	const struct option_help *option;

	for (const char *letter = letters; *letter; letter++) {
		option = find_option(*letter);
		if (!strcmp(option->name, name))
			return option;
	}
	return NULL;
}

/* What fail() writes goes where the other one is */
static void share_array(struct cli *to, const struct cli *from)
{
	to->before = from->before;
}

/* An option without an argument is on or off */
static int set_switch(const struct reader *reader, struct declaration *map,
		      int letter, const char *value)
{
	if (!strcmp(value, "yes"))
		return set_option(&map->options, letter, NULL);
	if (strcmp(value, "no"))
		return fail_line(reader, "'%s': neither yes nor no", value);
	return set_option(&map->options, letter == 'M' ? 'U' : '/', NULL);
}

static int set_value(struct reader *reader, struct declaration *map,
		     const char *name, const char *value)
{
	const struct option_help *option = find_letter(name);
	int code;

	if (!option)
		return fail_line(reader, "'%s' is nothing that a map has", name);
	if (strchr(map->given, option->letter))
		return fail_line(reader, "'%s' is there twice", name);
	map->given[strlen(map->given)] = option->letter;
	if (!option->arg)
		return set_switch(reader, map, option->letter, value);
	map->options.where = reader->where;
	share_array(&map->options, reader->cli);
	code = set_option(&map->options, option->letter, value);
	share_array(reader->cli, &map->options);
	map->options.where = NULL;
	if (!code && map->options.given & SYNCMAP_SET_TTL && !map->options.ttl)
		return fail_line(reader, "%s", "entries that live for no time; "
				 "'never' is without an end");
	return code;
}

/* What kind the key is of may be told later: see parse_entries() */
static int add_entry(struct reader *reader, struct declaration *map,
		     const char *value)
{
	struct declared_entry *entry;

	map->entries = grow(map->entries, map->count, sizeof(*map->entries));
	entry = &map->entries[map->count++];
	entry->line = reader->line;
	bytes_set(&entry->record.value, value, strlen(value));
	return EXIT_YES;
}

static int assign(struct reader *reader, char *line)
{
	struct declaration *map = last_of(reader);
	char *value = strchr(line, '=');
	char *end;

	if (!value)
		return fail_line(reader, "'%s': neither [MAP] nor NAME = VALUE",
				 line);
	if (!map)
		return fail_line(reader, "'%s': there is no [MAP] before it",
				 line);
	for (end = value; end > line && strchr(space, end[-1]); end--)
		;
	*end = '\0';
	value++;
	value += strspn(value, space);
	return strcmp(line, "entry") ? set_value(reader, map, line, value) :
				       add_entry(reader, map, value);
}

static int read_line(struct reader *reader, char *line)
{
	size_t len;

	line += strspn(line, space);
	len = strlen(line);
	while (len && strchr(space, line[len - 1]))
		line[--len] = '\0';
	if (!len || line[0] == '#' || line[0] == ';')
		return EXIT_YES;
	return line[0] == '[' ? begin_section(reader, line) :
				assign(reader, line);
}

static void set_where(struct reader *reader, unsigned int line)
{
	free(reader->where);
	if (asprintf(&reader->where, "%s:%u", reader->path, line) < 0)
		abort();
}

static int take_line(struct reader *reader, const struct lines *lines,
		     const char *line, size_t len)
{
	char *copy;
	int code;

	set_where(reader, ++reader->line);
	if (lines->cut || lines->skipping)
		return fail_line(reader, "%s", "longer than any entry of a map");
	copy = strndup(line, len);
	code = !copy || strlen(copy) != len ?
	       fail_line(reader, "%s", "a NUL, or no memory") :
	       read_line(reader, copy);
	free(copy);
	return code;
}

static int read_lines(struct reader *reader, int fd)
{
	struct lines lines = { .fd = fd, .max = BYTES_MAX };
	int code = EXIT_YES, err;
	const char *line;
	size_t len;

	while (!code && !lines.end) {
		err = lines_read(&lines);
		if (err)
			code = fail(reader->cli, "%s: %s", reader->path,
				    strerror(-err));
		while (!code && lines_next(&lines, &line, &len))
			code = take_line(reader, &lines, line, len);
		/* It need not have an end */
		if (!code && lines.skipping)
			code = take_line(reader, &lines, NULL, 0);
	}
	lines_free(&lines);
	return code;
}

static int parse_entry(struct reader *reader, const struct declaration *map,
		       struct declared_entry *entry)
{
	const struct record_format format = {
		.json_lines = true, .value = FORMAT_TEXT,
		.key = natural_format(map->options.key_type),
	};
	struct bytes text = entry->record.value;
	const char *wrong;

	entry->record.value = (struct bytes){ };
	wrong = record_parse(&format, text.data, text.len, &entry->record);
	bytes_free(&text);
	if (!wrong && (entry->record.task != RECORD_STORE ||
		       entry->record.life.owned))
		wrong = "not one that a map can begin with";
	set_where(reader, entry->line);
	return wrong ? fail_line(reader, "entry: %s", wrong) : EXIT_YES;
}

static int parse_entries(struct reader *reader)
{
	struct declarations *all = reader->declarations;
	int code = EXIT_YES;

	for (size_t i = reader->before; i < all->count && !code; i++)
		for (size_t j = 0; j < all->maps[i].count && !code; j++)
			code = parse_entry(reader, &all->maps[i],
					   &all->maps[i].entries[j]);
	return code;
}

static void free_last(struct declarations *declarations)
{
	struct declaration *map = &declarations->maps[--declarations->count];

	for (size_t i = 0; i < map->count; i++)
		record_free(&map->entries[i].record);
	free(map->entries);
	free(map->where);
}

int declare_file(struct cli *cli, const char *path,
		 struct declarations *declarations)
{
	struct reader reader = {
		.cli = cli, .path = path, .declarations = declarations,
		.before = declarations->count,
	};
	bool is_stdin = !strcmp(path, "-");
	int fd = is_stdin ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
	int code;

	if (fd < 0)
		return fail(cli, "%s: %s", path, strerror(errno));
	if (is_stdin)
		reader.path = "stdin";
	code = read_lines(&reader, fd);
	if (!is_stdin)
		close(fd);
	if (!code)
		code = parse_entries(&reader);
	while (code && declarations->count > reader.before)
		free_last(declarations);
	free(reader.where);
	return code;
}

void declarations_free(struct declarations *declarations)
{
	while (declarations->count)
		free_last(declarations);
	free(declarations->maps);
}
