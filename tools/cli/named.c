// SPDX-License-Identifier: GPL-2.0-only
/* Maps by their names: of which scope, and which one it has to be */
#include <errno.h>
#include <pwd.h>
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
	return libsyncmap_open_with(&params, &cli->map);
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
	return say_done(cli, "removed", libsyncmap_remove_with(&params));
}
