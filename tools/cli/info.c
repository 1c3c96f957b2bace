// SPDX-License-Identifier: GPL-2.0-only
/* Verbs that tell about maps: each fills a JSON object, and prints that */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
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
	add_text(json, "key_type", key_type_name(info->key_type));
	add_text(json, "mode", mode);
	add_u64(json, "uid", info->uid);
	add_u64(json, "gid", info->gid);
	add_u64(json, "count", info->count);
	add_u64(json, "bytes", info->bytes);
	add_u64(json, "revision", info->revision);
	add_limits(json, "limits", &info->limits);
	return json;
}

static struct json_object *system_info_json(const struct syncmap_info *info)
{
	struct json_object *json = json_object_new_object();

	add_u64(json, "abi", info->abi);
	add_u64(json, "features", info->features);
	add_u64(json, "maps", info->maps);
	add_u64(json, "max_maps", info->max_maps);
	add_u64(json, "max_user_maps", info->max_user_maps);
	add_u64(json, "entry_overhead", info->entry_overhead);
	add_limits(json, "max", &info->max);
	add_limits(json, "defaults", &info->defaults);
	return json;
}

static struct json_object *histogram_json(const __u64 *histogram)
{
	struct json_object *array = json_object_new_array();

	for (int i = 0; i < SYNCMAP_HISTOGRAM_SIZE; i++)
		json_object_array_add(array,
				      json_object_new_uint64(histogram[i]));
	return array;
}

static void add_read_table(struct json_object *json,
			   const struct syncmap_map_stats *stats)
{
	struct json_object *read = json_object_new_object();

	add_u64(read, "keys", stats->read_keys);
	add_u64(read, "tombstones", stats->tombstones);
	add_u64(read, "buckets", stats->read_buckets);
	add_json(read, "fill", histogram_json(stats->fill));
	add_json(read, "displaced", histogram_json(stats->displaced));
	add_json(json, "read", read);
}

static void add_dirty_table(struct json_object *json,
			    const struct syncmap_map_stats *stats)
{
	struct json_object *dirty = json_object_new_object();

	add_bool(dirty, "amended", stats->amended);
	add_u64(dirty, "keys", stats->dirty_keys);
	add_u64(dirty, "buckets", stats->dirty_buckets);
	add_u64(dirty, "longest", stats->dirty_longest);
	add_u64(dirty, "lock_waits", stats->lock_waits);
	add_json(json, "dirty", dirty);
}

static void add_promotions(struct json_object *json,
			   const struct syncmap_map_stats *stats)
{
	struct json_object *promotions = json_object_new_object();

	add_u64(promotions, "done", stats->promotions);
	add_u64(promotions, "failed", stats->promote_fails);
	add_u64(promotions, "expunged", stats->expunged);
	add_u64(promotions, "last_ns", stats->last_promote_ns);
	add_u64(promotions, "max_ns", stats->max_promote_ns);
	add_json(json, "promotions", promotions);
}

static struct json_object *stats_json(const char *name,
				      const struct syncmap_map_stats *stats)
{
	struct json_object *json = json_object_new_object();

	add_text(json, "map", name);
	add_u64(json, "count", stats->count);
	add_u64(json, "bytes", stats->bytes);
	add_u64(json, "table_bytes", stats->table_bytes);
	add_u64(json, "revision", stats->revision);
	add_u64(json, "hits", stats->hits);
	add_u64(json, "misses", stats->misses);
	add_u64(json, "in_place", stats->in_place);
	add_u64(json, "replaced", stats->replaced);
	add_u64(json, "mismatches", stats->mismatches);
	add_u64(json, "rejected", stats->rejected);
	add_u64(json, "throttled", stats->throttled);
	add_read_table(json, stats);
	add_dirty_table(json, stats);
	add_promotions(json, stats);
	return json;
}

/* One line per member, "a.b" for a member of a member */
static void print_members(struct json_object *json, const char *prefix)
{
	json_object_object_foreach(json, name, value) {
		char path[64];

		snprintf(path, sizeof(path), "%s%s%s", prefix,
			 prefix[0] ? "." : "", name);
		if (json_object_is_type(value, json_type_object)) {
			print_members(value, path);
			continue;
		}
		printf("%-20s", path);
		if (!json_object_is_type(value, json_type_array))
			printf(" %s", json_object_get_string(value));
		for (size_t i = 0; json_object_is_type(value, json_type_array) &&
				   i < json_object_array_length(value); i++)
			printf(" %s", json_object_get_string(
					json_object_array_get_idx(value, i)));
		putchar('\n');
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

int verb_info(struct cli *cli)
{
	struct syncmap_info info;
	int err;

	if (cli->map)
		return say_members(cli, map_info_json(&cli->info));
	err = libsyncmap_system_info(&info, sizeof(info));
	if (err)
		return fail_system(cli, err);
	return say_members(cli, system_info_json(&info));
}

int verb_stats(struct cli *cli)
{
	struct syncmap_map_stats stats;
	int err = libsyncmap_stats(cli->map, &stats, sizeof(stats));

	if (err)
		return fail_map(cli, cli->name, err);
	return say_members(cli, stats_json(cli->name, &stats));
}

static int list_one(const struct syncmap_map_info *info, void *arg)
{
	struct cli *cli = arg;

	if (cli->json)
		say_json(cli, map_info_json(info));
	else
		printf("%-24s %-6s %12" PRIu64 " %14" PRIu64 "  %04o %6u\n",
		       info->name, key_type_name(info->key_type),
		       (uint64_t)info->count, (uint64_t)info->bytes,
		       info->mode & 07777, info->uid);
	return 0;
}

int verb_list(struct cli *cli)
{
	int err;

	begin_array(cli);
	if (!cli->json && isatty(STDOUT_FILENO))
		printf("%-24s %-6s %12s %14s  %4s %6s\n", "MAP", "KEYS",
		       "COUNT", "BYTES", "MODE", "UID");
	err = libsyncmap_list(list_one, cli);
	if (err)
		fail_system(cli, err);
	end_array(cli);
	return err ? EXIT_ERROR : EXIT_YES;
}
