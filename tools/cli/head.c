// SPDX-License-Identifier: GPL-2.0-only
#include <stdio.h>
#include <string.h>

#include "head.h"

/* Of the files; a later one need not be understood by an earlier tool */
#define FORMAT	1

struct json_object *head_to_json(const struct head *head)
{
	const struct syncmap_map_info *map = &head->map;
	struct json_object *json = json_object_new_object();
	char mode[8];

	snprintf(mode, sizeof(mode), "%04o", map->mode & 0777);
	add_u64(json, "format", FORMAT);
	add_text(json, "map", map->name);
	add_text(json, "key_type", key_type_name(map->key_type));
	if (value_kind_name(map->value_kind))
		add_text(json, "values_are", value_kind_name(map->value_kind));
	add_text(json, "mode", mode);
	add_u64(json, "uid", map->uid);
	add_u64(json, "gid", map->gid);
	add_limits(json, "limits", &map->limits);
	record_add_time(json, "ttl_ns", map->ttl ? map->ttl : DURATION_NEVER);
	add_u64(json, "stale_ns", map->stale);
	add_bool(json, "mapped", map->mapped);
	add_bool(json, "frozen", map->state & SYNCMAP_MAP_FROZEN);
	if (map->state & SYNCMAP_MAP_EVICTS)
		add_bool(json, "evicts", true);
	add_u64(json, "revision", map->revision);
	add_u64(json, "count", map->count);
	add_json(json, "saved", moment_to_json(&head->saved));
	return json;
}

/*
 * Takes members out of an object; what is left in the end is known to nobody.
 * The first thing that is wrong stays in @wrong.
 */
struct members {
	struct json_object	*json;
	int			taken;
	const char		*wrong;
};

static struct json_object *take(struct members *members, const char *name,
				enum json_type type)
{
	struct json_object *value;

	if (members->wrong)
		return NULL;
	if (!json_object_object_get_ex(members->json, name, &value) ||
	    !json_object_is_type(value, type)) {
		members->wrong = name;
		return NULL;
	}
	members->taken++;
	return value;
}

static uint64_t take_u64(struct members *members, const char *name, uint64_t max)
{
	struct json_object *value = take(members, name, json_type_int);

	if (!value)
		return 0;
	if (json_object_get_int64(value) < 0 ||
	    json_object_get_uint64(value) > max)
		members->wrong = name;
	return json_object_get_uint64(value);
}

/* As record_add_time() has made it; zero is "never" in the ABI */
static uint64_t take_time(struct members *members, const char *name)
{
	struct json_object *value;

	if (json_object_object_get_ex(members->json, name, &value) &&
	    json_object_is_type(value, json_type_string) &&
	    !strcmp(json_object_get_string(value), "never")) {
		members->taken++;
		return 0;
	}
	return take_u64(members, name, UINT64_MAX);
}

static bool take_bool(struct members *members, const char *name)
{
	return json_object_get_boolean(take(members, name, json_type_boolean));
}

static const char *take_text(struct members *members, const char *name)
{
	struct json_object *value = take(members, name, json_type_string);

	if (value && strlen(json_object_get_string(value)) !=
	    (size_t)json_object_get_string_len(value))
		members->wrong = name;
	return value ? json_object_get_string(value) : "";
}

static void take_name(struct members *members, char *name)
{
	const char *text = take_text(members, "map");

	if (strlen(text) >= SYNCMAP_NAME_SIZE)
		members->wrong = "map";
	else
		strcpy(name, text);
}

static uint32_t take_mode(struct members *members)
{
	const char *text = take_text(members, "mode");
	unsigned int mode = 0;

	for (; *text >= '0' && *text <= '7' && mode <= 0777; text++)
		mode = mode * 8 + *text - '0';
	if (*text || mode & ~0666)
		members->wrong = members->wrong ? members->wrong : "mode";
	return mode;
}

/* The number whose name this is; one that nothing has a name for is the end */
static uint32_t take_named(struct members *members, const char *name,
			   const char *(*name_of)(uint32_t number), uint32_t end)
{
	const char *text = take_text(members, name);

	for (uint32_t number = 1; number <= end; number++)
		if (!strcmp(name_of(number), text))
			return number;
	members->wrong = members->wrong ? members->wrong : name;
	return 0;
}

static void take_limits(struct members *members, struct syncmap_limits *limits)
{
	struct members inner = { .wrong = members->wrong };

	inner.json = take(members, "limits", json_type_object);
	limits->entries = take_u64(&inner, "entries", UINT64_MAX);
	limits->bytes = take_u64(&inner, "bytes", UINT64_MAX);
	limits->key_size = take_u64(&inner, "key_size", UINT32_MAX);
	limits->value_size = take_u64(&inner, "value_size", UINT32_MAX);
	if (inner.wrong || json_object_object_length(inner.json) != inner.taken)
		members->wrong = members->wrong ? members->wrong : "limits";
}

static void take_saved(struct members *members, struct moment *saved)
{
	struct json_object *json = take(members, "saved", json_type_object);

	if (json && (moment_from_json(json, saved) ||
		     json_object_object_length(json) != 3))
		members->wrong = "saved";
}

static void take_all(struct members *members, struct head *head)
{
	struct syncmap_map_info *map = &head->map;

	take_name(members, map->name);
	map->key_type = take_named(members, "key_type", key_type_name,
				   SYNCMAP_KEY_BYTES);
	if (json_object_object_get_ex(members->json, "values_are", NULL))
		map->value_kind = take_named(members, "values_are",
					     value_kind_name,
					     SYNCMAP_VALUE_JSON);
	map->mode = take_mode(members);
	map->uid = take_u64(members, "uid", UINT32_MAX - 1);
	map->gid = take_u64(members, "gid", UINT32_MAX - 1);
	take_limits(members, &map->limits);
	map->ttl = take_time(members, "ttl_ns");
	map->stale = take_u64(members, "stale_ns", UINT64_MAX);
	map->mapped = take_bool(members, "mapped");
	map->state = take_bool(members, "frozen") ? SYNCMAP_MAP_FROZEN : 0;
	if (json_object_object_get_ex(members->json, "evicts", NULL) &&
	    take_bool(members, "evicts"))
		map->state |= SYNCMAP_MAP_EVICTS;
	map->revision = take_u64(members, "revision", UINT64_MAX);
	map->count = take_u64(members, "count", UINT64_MAX);
	take_saved(members, &head->saved);
}

const char *head_from_json(struct json_object *json, struct head *head)
{
	struct members members = { .json = json };
	static char text[64];

	*head = (struct head){ };
	if (!json_object_is_type(json, json_type_object))
		return "not a JSON object";
	if (take_u64(&members, "format", UINT64_MAX) != FORMAT)
		return "\"format\": not one that this version knows";
	take_all(&members, head);
	if (members.wrong) {
		snprintf(text, sizeof(text), "\"%s\": missing, or not right",
			 members.wrong);
		return text;
	}
	if (json_object_object_length(json) != members.taken)
		return "a member that this version does not know";
	return NULL;
}
