// SPDX-License-Identifier: GPL-2.0-only
/* Verbs on a map as a whole */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cli.h"

static int fail_create(struct cli *cli, const struct syncmap_create *params,
		       int err)
{
	char text[128];

	switch (err) {
	case -EEXIST:
		return fail(cli, "map '%s' exists already", cli->name);
	case -EINVAL:
	case -ENAMETOOLONG:
		return fail(cli, "map '%s': a name has 1 to 63 characters of "
			    "A-Z a-z 0-9 . _ : -, and limits are at most what "
			    "'syncmapctl info' tells", cli->name);
	case -ENOSPC:
	case -EDQUOT:
		return fail(cli, "map '%s': %s", cli->name,
			    libsyncmap_explain(err, &params->error, text,
					       sizeof(text)));
	}
	return fail_map(cli, cli->name, err);
}

/* Zero says "never" */
static uint64_t create_time(uint64_t ns)
{
	return ns == SYNCMAP_NEVER ? 0 : ns;
}

int verb_create(struct cli *cli)
{
	struct syncmap_create params = {
		.flags = cli->given & SYNCMAP_SET_MAPPED ?
			 SYNCMAP_CREATE_MAPPED : 0,
		.key_type = cli->key_type,
		.limits = cli->limits,
		.mode = cli->mode,
		.value_kind = cli->value_kind,
		.ttl = create_time(cli->ttl),
		.stale = create_time(cli->stale),
	};
	bool has_command = cli->nargs > 1;
	int err;

	cli->name = cli->args[0];
	if (!cli->name[0] && !has_command)
		return fail_create(cli, &params, -EINVAL);
	if (strlen(cli->name) >= sizeof(params.name))
		return fail_create(cli, &params, -ENAMETOOLONG);
	memcpy(params.name, cli->name, strlen(cli->name));
	err = libsyncmap_create_with(&params, sizeof(params), &cli->map);
	if (err)
		return fail_create(cli, &params, err);
	err = libsyncmap_info(cli->map, &cli->info, sizeof(cli->info));
	if (err)
		return fail_map(cli, cli->name, err);
	if (cli->json)
		say_json(cli, map_info_json(&cli->info));
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

static int fail_set(struct cli *cli, int err)
{
	switch (err) {
	case -EINVAL:
		return fail(cli, "map '%s': limits are at most what 'syncmapctl "
			    "info' tells", cli->name);
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
		.ttl = create_time(cli->ttl),
		.stale = create_time(cli->stale),
	};
	int err;

	if (!given)
		return fail_usage(cli, "set: nothing to set");
	if (given & SYNCMAP_SET_MAPPED && given & SYNCMAP_SET_UNMAPPED)
		return fail_usage(cli, "either mapped or not");
	err = libsyncmap_set(cli->map, &set, sizeof(set));
	return err ? fail_set(cli, err) : say_done(cli, "set", 0);
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
