// SPDX-License-Identifier: GPL-2.0-only
/* Verbs that tell about maps: each fills a JSON object, and prints that */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"

static const char *key_type_name(uint32_t key_type)
{
	switch (key_type) {
	case SYNCMAP_KEY_U64:
		return "u64";
	case SYNCMAP_KEY_STRING:
		return "string";
	case SYNCMAP_KEY_BYTES:
		return "bytes";
	}
	return "unknown";
}

static const char *value_kind_name(uint32_t kind)
{
	switch (kind) {
	case SYNCMAP_VALUE_BYTES:
		return "bytes";
	case SYNCMAP_VALUE_TEXT:
		return "text";
	case SYNCMAP_VALUE_U64:
		return "u64";
	case SYNCMAP_VALUE_JSON:
		return "json";
	}
	return NULL;
}

static void add_limits(struct json_object *json, const char *name,
		       const struct syncmap_limits *limits)
{
	struct json_object *object = json_object_new_object();

	add_u64(object, "entries", limits->entries);
	add_u64(object, "bytes", limits->bytes);
	add_u64(object, "key_size", limits->key_size);
	add_u64(object, "value_size", limits->value_size);
	add_json(json, name, object);
}

struct json_object *map_info_json(const struct syncmap_map_info *info)
{
	struct json_object *json = json_object_new_object();
	char mode[8];

	snprintf(mode, sizeof(mode), "%04o", info->mode & 07777);
	add_text(json, "map", info->name);
	add_u64(json, "id", info->id);
	if (info->scope)
		add_u64(json, "scope", info->scope);
	add_text(json, "key_type", key_type_name(info->key_type));
	if (value_kind_name(info->value_kind))
		add_text(json, "values_are", value_kind_name(info->value_kind));
	add_text(json, "mode", mode);
	if (info->access)
		add_text(json, "access", access_name(info->access));
	add_u64(json, "uid", info->uid);
	add_u64(json, "gid", info->gid);
	add_u64(json, "count", info->count);
	add_u64(json, "bytes", info->bytes);
	add_u64(json, "revision", info->revision);
	add_limits(json, "limits", &info->limits);
	add_u64(json, "ttl_ns", info->ttl);
	add_u64(json, "stale_ns", info->stale);
	add_bool(json, "frozen", info->state & SYNCMAP_MAP_FROZEN);
	if (info->mapped)
		add_u64(json, "mapped", info->mapped);
	return json;
}

static struct json_object *system_info_json(const struct syncmap_info *info)
{
	struct json_object *json = json_object_new_object();

	add_u64(json, "abi", info->abi);
	add_u64(json, "features", info->features);
	add_u64(json, "scope", info->scope);
	add_u64(json, "maps", info->maps);
	add_u64(json, "max_maps", info->max_maps);
	add_u64(json, "max_user_maps", info->max_user_maps);
	add_u64(json, "user_maps", info->user_maps);
	add_u64(json, "user_bytes", info->user_bytes);
	add_u64(json, "max_user_bytes", info->max_user_bytes);
	add_u64(json, "all_bytes", info->all_bytes);
	add_u64(json, "max_all_bytes", info->max_all_bytes);
	add_u64(json, "user_leases", info->user_leases);
	add_u64(json, "max_user_leases", info->max_user_leases);
	add_u64(json, "max_client_leases", info->max_client_leases);
	add_u64(json, "user_watchers", info->user_watchers);
	add_u64(json, "max_user_watchers", info->max_user_watchers);
	add_u64(json, "max_map_watchers", info->max_map_watchers);
	add_u64(json, "owner_map_watchers", info->owner_map_watchers);
	add_u64(json, "max_user_map_watchers", info->max_user_map_watchers);
	add_u64(json, "entry_overhead", info->entry_overhead);
	add_limits(json, "max", &info->max);
	add_limits(json, "defaults", &info->defaults);
	return json;
}

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

static void print_member(const char *name, struct json_object *value)
{
	struct json_object *item;
	size_t n;

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
static void print_members(struct json_object *json, const char *prefix)
{
	json_object_object_foreach(json, name, value) {
		bool nested = json_object_is_type(value, json_type_object);
		char path[64];

		snprintf(path, sizeof(path), "%s%s%s", prefix, name,
			 nested ? "." : "");
		if (nested)
			print_members(value, path);
		else
			print_member(path, value);
	}
}

static int say_members(struct cli *cli, struct json_object *json)
{
	if (cli->json) {
		say_json(cli, json);
	} else {
		print_members(json, "");
		json_object_put(json);
	}
	return EXIT_YES;
}

/* How loads of this process go: a word for scripts, or what is in the way */
const char *how_loads_go(const struct libsyncmap *map)
{
	int err = libsyncmap_mapped(map);

	switch (err) {
	case 0:
		return "mapped";
	case -ENODEV:
		return "not mapped: the map has no mirror";
	case -EBADF:
		return "not mapped: it is not open for reading";
	case -EOPNOTSUPP:
		return "not mapped: SYNCMAP_MAPPED is 0";
	case -EPROTO:
		return "not mapped: the layout is that of another version";
	case -ENOSPC:
	case -EDQUOT:
		return "not mapped: there are too many mappings";
	}
	return libsyncmap_strerror(err);
}

/* Loads from a mapping make no call, so nobody can count them */
static int add_mirror_stat(const struct syncmap_stat *stat, void *arg)
{
	static const char prefix[] = "mirror_";
	const size_t len = sizeof(prefix) - 1;

	const char *name = stat->name;

	if (!strncmp(name, prefix, len))
		name += len;
	else if (strcmp(name, "mappings"))
		return 0;
	add_named(arg, name, json_object_new_uint64(stat->value));
	return 0;
}

static int say_map(struct cli *cli)
{
	struct json_object *json = map_info_json(&cli->info), *mirror;
	int err;

	if (!cli->info.mapped)
		return say_members(cli, json);
	mirror = json_object_new_object();
	err = libsyncmap_stats(cli->map, add_mirror_stat, mirror);
	add_text(mirror, "loads", how_loads_go(cli->map));
	add_bool(mirror, "loads_are_counted", false);
	add_json(json, "mirror", mirror);
	if (!err)
		return say_members(cli, json);
	json_object_put(json);
	return fail_map(cli, cli->name, err);
}

int verb_info(struct cli *cli)
{
	struct syncmap_info info;
	int err;

	if (cli->map)
		return say_map(cli);
	err = libsyncmap_system_info(&info, sizeof(info));
	if (err)
		return fail_system(cli, err);
	return say_members(cli, system_info_json(&info));
}

int verb_stats(struct cli *cli)
{
	struct json_object *json = json_object_new_object();
	int err;

	add_text(json, "map", cli->name);
	err = libsyncmap_stats(cli->map, add_stat, json);
	if (!err)
		return say_members(cli, json);
	json_object_put(json);
	return fail_map(cli, cli->name, err);
}

static int list_one(const struct syncmap_map_info *info, void *arg)
{
	struct cli *cli = arg;

	if (cli->json) {
		say_json(cli, map_info_json(info));
		return 0;
	}
	printf("%-24s %-6s %12" PRIu64 " %14" PRIu64 "  %04o %6u",
	       info->name, key_type_name(info->key_type),
	       (uint64_t)info->count, (uint64_t)info->bytes,
	       info->mode & 07777, info->uid);
	if (cli->below)
		printf(" %10" PRIu64, (uint64_t)info->scope);
	putchar('\n');
	return 0;
}

int verb_list(struct cli *cli)
{
	int err;

	begin_array(cli);
	if (!cli->json && isatty(STDOUT_FILENO))
		printf("%-24s %-6s %12s %14s  %4s %6s%s\n", "MAP", "KEYS",
		       "COUNT", "BYTES", "MODE", "UID",
		       cli->below ? "      SCOPE" : "");
	err = libsyncmap_list(cli->scope, cli->below ? SYNCMAP_LIST_BELOW : 0,
			      list_one, cli);
	if (err)
		fail_system(cli, err);
	end_array(cli);
	return err ? EXIT_ERROR : EXIT_YES;
}
