// SPDX-License-Identifier: GPL-2.0-only
/* Maps by their names: of which scope, and which one it has to be */
#include <errno.h>
#include <pwd.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "cli.h"

/* Numbers of namespaces are higher than any of a process */
#define PID_MAX		0x400000

static int parse_pid(struct cli *cli, const char *text)
{
	char path[64];
	struct stat st;

	snprintf(path, sizeof(path), "/proc/%llu/ns/user",
		 (unsigned long long)cli->scope);
	if (stat(path, &st))
		return fail_usage(cli, "'%s': no process whose user namespace "
				  "could be seen", text);
	cli->scope = st.st_ino;
	return EXIT_YES;
}

int parse_scope(struct cli *cli, const char *text)
{
	int code = parse_number(cli, text, UINT32_MAX, &cli->scope);

	if (code)
		return code;
	return cli->scope <= PID_MAX ? parse_pid(cli, text) : EXIT_YES;
}

const char *user_name(uid_t uid, char *text, size_t size)
{
	const struct passwd *user = getpwuid(uid);

	if (user)
		snprintf(text, size, "%s", user->pw_name);
	else
		snprintf(text, size, "%u", uid);
	return text;
}

int parse_owner(struct cli *cli, const char *text)
{
	const struct passwd *user = getpwnam(text);
	uint64_t uid = user ? user->pw_uid : 0;
	int code;

	if (!user) {
		code = parse_number(cli, text, UINT32_MAX - 1, &uid);
		if (code)
			return code;
	}
	cli->owner = uid;
	cli->owner_given = true;
	return EXIT_YES;
}

int parse_replaced(struct cli *cli, const char *text)
{
	cli->replace = true;
	return strcmp(text, "any") ?
		parse_count(cli, text, UINT64_MAX, &cli->replaced) : EXIT_YES;
}

/* Returns 0 or a negative errno */
int open_name(struct cli *cli, unsigned int access)
{
	struct syncmap_open params = {
		.flags = cli->owner_given ? SYNCMAP_OPEN_OWNER : 0,
		.access = access, .id = cli->id, .scope = cli->scope,
		.uid = cli->owner,
	};

	if (strlen(cli->name) >= sizeof(params.name))
		return -ENAMETOOLONG;
	memcpy(params.name, cli->name, strlen(cli->name));
	return libsyncmap_open_with(&params, sizeof(params), &cli->map);
}

/* The most that is permitted first, as far as there is a use for it */
int open_any(struct cli *cli, enum verb_map want)
{
	static const unsigned int tries[] = {
		MAP_BOTH | MAP_ADMIN, MAP_BOTH, MAP_READ, MAP_WRITE, MAP_ADMIN,
	};
	int err = -EACCES;

	for (int i = want == MAP_ANY ? 2 : 0;
	     i < 5 && (err == -EACCES || err == -EPERM); i++)
		err = open_name(cli, tries[i]);
	/* Whatever it is that only its owner may do, the mode permits nothing */
	return err == -EPERM ? -EACCES : err;
}

int verb_remove(struct cli *cli)
{
	struct syncmap_remove params = {
		.flags = cli->owner_given ? SYNCMAP_REMOVE_OWNER : 0,
		.id = cli->id, .scope = cli->scope, .uid = cli->owner,
	};

	cli->name = cli->args[0];
	if (strlen(cli->name) >= sizeof(params.name))
		return fail_map(cli, cli->name, -ENAMETOOLONG);
	memcpy(params.name, cli->name, strlen(cli->name));
	return say_done(cli, "removed",
			libsyncmap_remove_with(&params, sizeof(params)));
}

static int fail_publish(struct cli *cli, const char *name, int err,
			const struct syncmap_error *error)
{
	switch (err) {
	case -EEXIST:
		return fail(cli, "map '%s' exists already", name);
	case -ESTALE:
		if (error->field == offsetof(struct syncmap_publish, fd))
			return fail(cli, "map '%s' has a name", cli->name);
		return fail(cli, "map '%s': it has another number", name);
	case -EROFS:
		return fail(cli, "map '%s' is retired", cli->name);
	case -EINVAL:
	case -ENAMETOOLONG:
		return fail(cli, "map '%s': a name has 1 to 63 characters of "
			    "A-Z a-z 0-9 . _ : -", name);
	}
	return fail_map(cli, name, err);
}

int verb_publish(struct cli *cli)
{
	struct syncmap_publish params = {
		.flags = cli->replace ? SYNCMAP_PUBLISH_REPLACE : 0,
		.fd = libsyncmap_fd(cli->map), .id = cli->replaced,
	};
	const char *name = cli->args[1];
	int err = -ENAMETOOLONG;

	if (strlen(name) < sizeof(params.name)) {
		memcpy(params.name, name, strlen(name));
		err = libsyncmap_publish_with(&params, sizeof(params));
	}
	if (err)
		return fail_publish(cli, name, err, &params.error);
	cli->name = name;
	return say_done(cli, "published", 0);
}
