// SPDX-License-Identifier: GPL-2.0-only
/* Verbs on a map as a whole */
#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli.h"

/* @max is that of the limits that this kernel takes */
static int fail_limit(struct cli *cli, const char *option, uint64_t max)
{
	return fail(cli, "map '%s': --%s: at most %" PRIu64, cli->name, option,
		    max);
}

#define LIMIT(member)	offsetof(struct syncmap_create, limits.member)

static int fail_invalid(struct cli *cli, const struct syncmap_create *params)
{
	struct syncmap_info info = { };

	libsyncmap_system_info(&info, sizeof(info));
	switch (params->error.field) {
	case LIMIT(entries):
		return fail_limit(cli, "entries", info.max.entries);
	case LIMIT(bytes):
		return fail_limit(cli, "bytes", info.max.bytes);
	case LIMIT(key_size):
		if (params->key_type == SYNCMAP_KEY_U64)
			return fail(cli, "map '%s': a number has 8 bytes",
				    cli->name);
		return fail_limit(cli, "key-size", info.max.key_size);
	case LIMIT(value_size):
		return fail_limit(cli, "value-size", info.max.value_size);
	}
	return fail(cli, "map '%s': a name has 1 to 63 characters of "
		    "A-Z a-z 0-9 . _ : -", cli->name);
}

static int fail_create(struct cli *cli, const struct syncmap_create *params,
		       int err)
{
	char text[128];

	switch (err) {
	case -EINVAL:
	case -ENAMETOOLONG:
		return fail_invalid(cli, params);
	case -ENOSPC:
	case -EDQUOT:
		advise_limit(cli, &params->error);
		return fail(cli, "map '%s': %s", cli->name,
			    libsyncmap_explain(err, &params->error, text,
					       sizeof(text)));
	}
	return fail_map(cli, cli->name, err);
}

/* Here zero says "never" */
static uint64_t default_ttl(const struct cli *cli)
{
	return cli->ttl == SYNCMAP_NEVER ? 0 : cli->ttl;
}

static int check_ttl(struct cli *cli)
{
	if (cli->given & SYNCMAP_SET_TTL && !cli->ttl)
		return fail_usage(cli, "entries that live for no time; 'never' "
				  "is without an end");
	return EXIT_YES;
}

static struct syncmap_create create_params(const struct cli *cli)
{
	return (struct syncmap_create){
		.flags = (cli->given & SYNCMAP_SET_MAPPED ?
			  SYNCMAP_CREATE_MAPPED : 0) |
			 (cli->given & SYNCMAP_SET_EVICT ?
			  SYNCMAP_CREATE_EVICT : 0),
		.key_type = cli->key_type,
		.limits = cli->limits,
		.mode = cli->mode,
		.value_kind = cli->value_kind,
		.ttl = default_ttl(cli),
		.stale = cli->stale,
	};
}

/* What is decided when a map is made, without what it is called */
static struct json_object *create_json(const struct syncmap_map_info *info)
{
	struct json_object *json = map_info_json(info), *limits;

	limits = json_object_object_get(json, "limits");
	json_object_object_foreach(limits, name, value)
		add_named(json, name, json_object_get(value));
	add_bool(json, "mapped", info->mapped);
	return json;
}

/* What the map would be if it were made now */
static void imagine(const struct syncmap_create *params,
		    struct syncmap_map_info *info)
{
	struct syncmap_info system = { };
	mode_t mask = umask(0);

	umask(mask);
	libsyncmap_system_info(&system, sizeof(system));
	*info = (struct syncmap_map_info){
		.key_type = params->key_type,
		.value_kind = params->value_kind,
		.mode = params->mode & ~mask,
		.uid = geteuid(),
		.ttl = params->ttl,
		.stale = params->stale,
		.limits.entries = params->limits.entries ?:
				  system.defaults.entries,
		.limits.bytes = params->limits.bytes ?: system.defaults.bytes,
		.limits.key_size = params->limits.key_size ?:
				   system.defaults.key_size,
		.limits.value_size = params->limits.value_size ?:
				     system.defaults.value_size,
		.mapped = params->flags & SYNCMAP_CREATE_MAPPED,
		.state = params->flags & SYNCMAP_CREATE_EVICT ?
			 SYNCMAP_MAP_EVICTS : 0,
	};
	if (params->key_type == SYNCMAP_KEY_U64)
		info->limits.key_size = sizeof(uint64_t);
}

static void add_difference(struct bytes *text, const char *name,
			   struct json_object *is, struct json_object *wanted)
{
	char one[160];

	snprintf(one, sizeof(one), "%s%s is %s, not %s", text->len ? "; " : "",
		 name, is ? json_object_get_string(is) : "not said",
		 wanted ? json_object_get_string(wanted) : "unsaid");
	bytes_append(text, one, strlen(one));
}

static void compare(struct json_object *is, struct json_object *wanted,
		    struct bytes *text)
{
	static const char *const names[] = {
		"key_type", "values_are", "mode", "uid", "entries", "bytes",
		"key_size", "value_size", "ttl_ns", "stale_ns", "frozen",
		"mapped", "evicts",
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct json_object *a = json_object_object_get(is, names[i]);
		struct json_object *b = json_object_object_get(wanted, names[i]);

		if (!json_object_equal(a, b))
			add_difference(text, names[i], a, b);
	}
}

/* What there is, in @cli->info, has to be what would have been made */
static int check_same(struct cli *cli, const struct syncmap_create *params)
{
	struct json_object *is, *wanted;
	struct syncmap_map_info info;
	struct bytes text = { };
	int code = EXIT_YES;

	imagine(params, &info);
	is = create_json(&cli->info);
	wanted = create_json(&info);
	compare(is, wanted, &text);
	bytes_append_char(&text, '\0');
	if (text.data[0])
		code = fail(cli, "map '%s' exists already: %s", cli->name,
			    text.data);
	bytes_free(&text);
	json_object_put(wanted);
	json_object_put(is);
	return code;
}

/*
 * Whoever makes the map, it is there in the end; unless somebody else removes
 * it, and then it is made anew.
 */
static int create_or_open(struct cli *cli, struct syncmap_create *params,
			  bool *created)
{
	int err;

	do {
		err = libsyncmap_create_with(params, sizeof(*params),
					     &cli->map);
		*created = !err;
		if (err == -EEXIST && cli->if_absent)
			err = open_any(cli, MAP_MOST);
	} while (err == -ENOENT);
	return err;
}

static void say_created(struct cli *cli, bool created)
{
	struct json_object *json = map_info_json(&cli->info);

	if (cli->if_absent)
		add_bool(json, "created", created);
	say_json(cli, json);
}

int verb_create(struct cli *cli)
{
	struct syncmap_create params = create_params(cli);
	bool has_command = cli->nargs > 1;
	int code = EXIT_YES;
	bool created;
	int err;

	cli->name = cli->args[0];
	if (check_ttl(cli))
		return EXIT_USAGE;
	if (!cli->name[0] && !has_command)
		return fail_create(cli, &params, -EINVAL);
	if (strlen(cli->name) >= sizeof(params.name))
		return fail_create(cli, &params, -ENAMETOOLONG);
	memcpy(params.name, cli->name, strlen(cli->name));
	err = create_or_open(cli, &params, &created);
	if (err)
		return fail_create(cli, &params, err);
	err = libsyncmap_info(cli->map, &cli->info, sizeof(cli->info));
	if (err)
		return fail_map(cli, cli->name, err);
	if (!created)
		code = check_same(cli, &params);
	if (code)
		return code;
	if (cli->json)
		say_created(cli, created);
	return has_command ? become(cli, cli->args + 1) : EXIT_YES;
}

/* {"map": NAME, @what: true} */
int say_done(struct cli *cli, const char *what, int err)
{
	struct json_object *json;

	if (err)
		return fail_map(cli, cli->name, err);
	if (!cli->json)
		return EXIT_YES;
	json = json_object_new_object();
	add_text(json, "map", cli->name);
	add_bool(json, what, true);
	say_json(cli, json);
	return EXIT_YES;
}

static int fail_set(struct cli *cli, const struct syncmap_set *set, int err)
{
	struct syncmap_info info = { };

	switch (err) {
	case -EINVAL:
		libsyncmap_system_info(&info, sizeof(info));
		if (set->error.field == offsetof(struct syncmap_set, entries))
			return fail_limit(cli, "entries", info.max.entries);
		if (set->error.field == offsetof(struct syncmap_set, bytes))
			return fail_limit(cli, "bytes", info.max.bytes);
		break;
	case -EPERM:
		return fail(cli, "map '%s': the group is not one of yours",
			    cli->name);
	}
	return fail_map(cli, cli->name, err);
}

int verb_set(struct cli *cli)
{
	const unsigned int given = cli->given;
	struct syncmap_set set = {
		.flags = given,
		.mode = given & SYNCMAP_SET_MODE ? cli->mode : 0,
		.gid = cli->group,
		.value_kind = cli->value_kind,
		.entries = cli->limits.entries,
		.bytes = cli->limits.bytes,
		.ttl = default_ttl(cli),
		.stale = cli->stale,
	};
	int err;

	if (!given)
		return fail_usage(cli, "set: nothing to set");
	if (check_ttl(cli))
		return EXIT_USAGE;
	if (given & SYNCMAP_SET_MAPPED && given & SYNCMAP_SET_UNMAPPED)
		return fail_usage(cli, "either mapped or not");
	if (given & SYNCMAP_SET_EVICT && given & SYNCMAP_SET_NO_EVICT)
		return fail_usage(cli, "either it evicts or not");
	err = libsyncmap_set(cli->map, &set, sizeof(set));
	return err ? fail_set(cli, &set, err) : say_done(cli, "set", 0);
}

int verb_clear(struct cli *cli)
{
	return say_done(cli, "cleared", libsyncmap_clear(cli->map, SYNCMAP_CLEAR_WAIT));
}

int verb_freeze(struct cli *cli)
{
	return say_done(cli, "frozen", libsyncmap_freeze(cli->map));
}

int verb_retire(struct cli *cli)
{
	return say_done(cli, "retired", libsyncmap_retire(cli->map));
}

int verb_count(struct cli *cli)
{
	struct json_object *json;

	if (!cli->json) {
		printf("%" PRIu64 "\n", (uint64_t)cli->info.count);
		return EXIT_YES;
	}
	json = json_object_new_object();
	add_text(json, "map", cli->name);
	add_u64(json, "count", cli->info.count);
	say_json(cli, json);
	return EXIT_YES;
}
