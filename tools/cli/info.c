// SPDX-License-Identifier: GPL-2.0-only
/* Verbs that tell about maps: each fills a JSON object, and prints that */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"
#include "sheet.h"

const char *key_type_name(uint32_t key_type)
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

const char *value_kind_name(uint32_t kind)
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

void add_limits(struct json_object *json, const char *name,
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
	record_add_time(json, "ttl_ns", info->ttl ? info->ttl : SYNCMAP_NEVER);
	record_add_time(json, "stale_ns", info->stale);
	add_bool(json, "frozen", info->state & SYNCMAP_MAP_FROZEN);
	add_bool(json, "evicts", info->state & SYNCMAP_MAP_EVICTS);
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

/* Of a map, and of its mirror if it is to have one */
struct told {
	struct json_object	*map;
	struct json_object	*mirror;
};

static int add_stat(const struct syncmap_stat *stat, void *arg)
{
	static const char prefix[] = "mirror_";
	const size_t len = sizeof(prefix) - 1;
	const struct told *told = arg;
	struct json_object *to = told->mirror;
	const char *name = stat->name;

	if (!strcmp(name, "found") || !strcmp(name, "absent"))
		to = told->map;
	else if (!strncmp(name, prefix, len))
		name += len;
	else if (strcmp(name, "mappings"))
		return 0;
	if (to)
		add_named(to, name, json_object_new_uint64(stat->value));
	return 0;
}

static int say_map(struct cli *cli)
{
	struct told told = { .map = map_info_json(&cli->info) };
	int err;

	if (cli->info.mapped)
		told.mirror = json_object_new_object();
	err = libsyncmap_stats(cli->map, add_stat, &told);
	if (told.mirror) {
		/* They make no call, so nobody can count them */
		add_text(told.mirror, "loads", how_loads_go(cli->map));
		add_bool(told.mirror, "loads_are_counted", false);
		add_json(told.map, "mirror", told.mirror);
	}
	if (!err)
		return say_sheet(cli, told.map);
	json_object_put(told.map);
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
	return say_sheet(cli, system_info_json(&info));
}
