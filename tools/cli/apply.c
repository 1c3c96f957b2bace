// SPDX-License-Identifier: GPL-2.0-only
/* apply: have the maps that files declare */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "declare.h"
#include "make.h"

/* A file in one of these hides those of its name in the directories behind it */
static const char *const directories[] = {
	"/etc/syncmap/maps.d", "/run/syncmap/maps.d",
	"/usr/local/lib/syncmap/maps.d", "/usr/lib/syncmap/maps.d",
};

static const struct {
	unsigned int	flag;
	const char	*name;
} settings[] = {
	{ SYNCMAP_SET_MODE, "mode" },
	{ SYNCMAP_SET_GROUP, "group" },
	{ SYNCMAP_SET_VALUE_KIND, "values-are" },
	{ SYNCMAP_SET_ENTRIES, "entries" },
	{ SYNCMAP_SET_BYTES, "bytes" },
	{ SYNCMAP_SET_TTL, "ttl" },
	{ SYNCMAP_SET_STALE, "stale" },
	{ SYNCMAP_SET_MAPPED, "mapped" },
	{ SYNCMAP_SET_UNMAPPED, "mapped" },
	{ SYNCMAP_SET_EVICT, "evict" },
	{ SYNCMAP_SET_NO_EVICT, "evict" },
};

#define SETTINGS	(sizeof(settings) / sizeof(settings[0]))

/* Zero says "never"; of being stale it says "not at all" */
static uint64_t map_ttl(uint64_t ns)
{
	return ns == SYNCMAP_NEVER ? 0 : ns;
}

static uid_t owner_of(const struct declaration *map)
{
	return map->options.owner_given ? map->options.owner : geteuid();
}

static struct json_object *map_json(const struct declaration *map)
{
	struct json_object *json = json_object_new_object();

	add_named(json, "map", json_object_new_string(map->name));
	return json;
}

static int say_made(struct cli *cli, const struct declaration *map)
{
	struct json_object *json;

	if (!cli->json) {
		printf("%s: made, %zu entries\n", map->name, map->count);
		return EXIT_YES;
	}
	json = map_json(map);
	add_bool(json, "made", true);
	add_u64(json, "entries", map->count);
	say_json(cli, json);
	return EXIT_YES;
}

static int say_changed(struct cli *cli, const struct declaration *map,
		       unsigned int flags)
{
	struct json_object *array = json_object_new_array(), *json;

	for (size_t i = 0; i < SETTINGS; i++)
		if (flags & settings[i].flag)
			json_object_array_add(array,
				json_object_new_string(settings[i].name));
	if (cli->json) {
		json = map_json(map);
		add_bool(json, "made", false);
		add_json(json, "changed", array);
		say_json(cli, json);
		return EXIT_YES;
	}
	printf("%s: %s", map->name, flags ? "changed:" : "as declared");
	for (size_t i = 0; i < json_object_array_length(array); i++)
		printf(" %s", json_object_get_string(
			json_object_array_get_idx(array, i)));
	putchar('\n');
	json_object_put(array);
	return EXIT_YES;
}

/* What of that which is declared the map has not */
static unsigned int find_differences(const struct declaration *map,
				     const struct syncmap_map_info *info)
{
	const struct cli *want = &map->options;
	unsigned int flags = want->given;

	if (info->mode == want->mode)
		flags &= ~SYNCMAP_SET_MODE;
	if (info->gid == want->group)
		flags &= ~SYNCMAP_SET_GROUP;
	if (info->value_kind == want->value_kind)
		flags &= ~SYNCMAP_SET_VALUE_KIND;
	if (info->limits.entries == want->limits.entries)
		flags &= ~SYNCMAP_SET_ENTRIES;
	if (info->limits.bytes == want->limits.bytes)
		flags &= ~SYNCMAP_SET_BYTES;
	if (info->ttl == map_ttl(want->ttl))
		flags &= ~SYNCMAP_SET_TTL;
	if (info->stale == want->stale)
		flags &= ~SYNCMAP_SET_STALE;
	flags &= ~(info->mapped ? SYNCMAP_SET_MAPPED : SYNCMAP_SET_UNMAPPED);
	return flags & ~(info->state & SYNCMAP_MAP_EVICTS ?
			 SYNCMAP_SET_EVICT : SYNCMAP_SET_NO_EVICT);
}

/* What cannot be changed of a map */
static int check_type(struct cli *cli, const struct declaration *map,
		      const struct syncmap_map_info *info)
{
	const struct syncmap_limits *want = &map->options.limits;

	if (info->uid != owner_of(map))
		return fail(cli, "map '%s' is there, and user %u's", map->name,
			    info->uid);
	if (info->key_type != map->options.key_type)
		return fail(cli, "map '%s' is there, with keys of type %s",
			    map->name, key_type_name(info->key_type));
	if (want->key_size && info->limits.key_size != want->key_size)
		return fail(cli, "map '%s' is there, with a key-size of %u",
			    map->name, info->limits.key_size);
	if (want->value_size && info->limits.value_size != want->value_size)
		return fail(cli, "map '%s' is there, with a value-size of %u",
			    map->name, info->limits.value_size);
	return EXIT_YES;
}

static int change(struct cli *cli, const struct declaration *map)
{
	const struct cli *want = &map->options;
	struct syncmap_map_info info;
	struct syncmap_set set = { };
	int err = libsyncmap_info(cli->map, &info, sizeof(info));
	int code = err ? EXIT_YES : check_type(cli, map, &info);

	if (code)
		return code;
	if (!err)
		set.flags = find_differences(map, &info);
	if (set.flags & SYNCMAP_SET_MODE)
		set.mode = want->mode;
	if (set.flags & SYNCMAP_SET_GROUP)
		set.gid = want->group;
	if (set.flags & SYNCMAP_SET_VALUE_KIND)
		set.value_kind = want->value_kind;
	if (set.flags & SYNCMAP_SET_ENTRIES)
		set.entries = want->limits.entries;
	if (set.flags & SYNCMAP_SET_BYTES)
		set.bytes = want->limits.bytes;
	if (set.flags & SYNCMAP_SET_TTL)
		set.ttl = map_ttl(want->ttl);
	if (set.flags & SYNCMAP_SET_STALE)
		set.stale = want->stale;
	if (!err && set.flags)
		err = libsyncmap_set(cli->map, &set, sizeof(set));
	return err ? fail_map(cli, map->name, err) :
		     say_changed(cli, map, set.flags);
}

static int fill(struct cli *cli, const struct declaration *map,
		struct libsyncmap *made)
{
	struct fill *fill = calloc(1, sizeof(*fill));
	int err = 0, code = EXIT_YES;

	if (!fill)
		return fail(cli, "out of memory");
	fill->map = made;
	for (size_t i = 0; i < map->count && !err; i++) {
		const struct record *record = &map->entries[i].record;

		err = fill_add(fill, record, record->says_ttl ?
			       libsyncmap_deadline(record->life.ttl_ns) : 0,
			       map->entries[i].line);
	}
	if (fill_finish(fill) || err)
		code = fail(cli, "%s:%" PRIu64 ": entry: %s", map->path,
			    fill->line, fill->wrong);
	free(fill);
	return code;
}

/* Nobody finds it before it is whole. EXIT_NO: there is one by now */
static int make(struct cli *cli, const struct declaration *map)
{
	const struct cli *want = &map->options;
	struct syncmap_map_info info = {
		.key_type = want->key_type, .value_kind = want->value_kind,
		.mode = want->mode, .limits = want->limits,
		.ttl = map_ttl(want->ttl), .stale = want->stale,
		.mapped = want->given & SYNCMAP_SET_MAPPED,
		.uid = owner_of(map),
		.gid = want->given & SYNCMAP_SET_GROUP ? want->group : getegid(),
	};
	struct libsyncmap *made;
	char wrong[128] = "";
	int code, err;

	err = make_map(&info, &made, wrong, sizeof(wrong));
	if (err && wrong[0])
		return fail(cli, "%s: map '%s': %s", map->where, map->name, wrong);
	if (err)
		return fail_map(cli, map->name, err);
	code = fill(cli, map, made);
	if (!code) {
		err = want->given & SYNCMAP_SET_EVICT ? let_evict(made) : 0;
		if (!err)
			err = libsyncmap_publish(made, map->name, 0, 0);
		if (err == -EEXIST)
			code = EXIT_NO;
		else
			code = err ? fail_map(cli, map->name, err) :
				     say_made(cli, map);
	}
	libsyncmap_close(made);
	return code;
}

static int apply_map(struct cli *cli, const struct declaration *map)
{
	int code = EXIT_NO, err;

	cli->name = map->name;
	while (code == EXIT_NO) {
		err = open_name(cli, SYNCMAP_ACCESS_ADMIN);
		if (err == -ENOENT)
			code = make(cli, map);
		else
			code = err ? fail_map(cli, map->name, err) :
				     change(cli, map);
		libsyncmap_close(cli->map);
		cli->map = NULL;
	}
	return code;
}

static int is_conf(const struct dirent *entry)
{
	size_t len = strlen(entry->d_name);

	return len > 5 && entry->d_name[0] != '.' &&
	       !strcmp(entry->d_name + len - 5, ".conf");
}

struct files {
	char	**paths;
	size_t	count;
};

static const char *name_of(const char *path)
{
	return strrchr(path, '/') + 1;
}

static void add_file(struct files *files, const char *directory, const char *name)
{
	for (size_t i = 0; i < files->count; i++)
		if (!strcmp(name_of(files->paths[i]), name))
			return;
	files->paths = realloc(files->paths,
			       (files->count + 1) * sizeof(*files->paths));
	if (!files->paths ||
	    asprintf(&files->paths[files->count++], "%s/%s", directory, name) < 0)
		abort();
}

static int compare(const void *a, const void *b)
{
	return strcmp(name_of(*(char *const *)a), name_of(*(char *const *)b));
}

static void find_files(struct files *files)
{
	struct dirent **entries;

	for (size_t i = 0; i < sizeof(directories) / sizeof(*directories); i++) {
		int n = scandir(directories[i], &entries, is_conf, NULL);

		for (int j = 0; j < n; j++) {
			add_file(files, directories[i], entries[j]->d_name);
			free(entries[j]);
		}
		if (n >= 0)
			free(entries);
	}
	if (files->count)
		qsort(files->paths, files->count, sizeof(*files->paths), compare);
}

/* A file with an error is left out as a whole */
static int read_files(struct cli *cli, char **paths, size_t count,
		      struct declarations *declarations)
{
	int worst = EXIT_YES, code;

	for (size_t i = 0; i < count; i++) {
		code = declare_file(cli, paths[i], declarations);
		worst = worst ? worst : code;
	}
	return worst;
}

int verb_apply(struct cli *cli)
{
	struct declarations declarations = { };
	struct files files = { };
	int worst, code;

	if (!cli->nargs)
		find_files(&files);
	begin_results(cli);
	worst = cli->nargs ? read_files(cli, cli->args, cli->nargs, &declarations) :
		read_files(cli, files.paths, files.count, &declarations);
	for (size_t i = 0; i < declarations.count && !cli->check; i++) {
		code = apply_map(cli, &declarations.maps[i]);
		worst = worst ? worst : code;
	}
	end_array(cli);
	declarations_free(&declarations);
	for (size_t i = 0; i < files.count; i++)
		free(files.paths[i]);
	free(files.paths);
	return worst;
}
