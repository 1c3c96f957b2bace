// SPDX-License-Identifier: GPL-2.0-only
/* Descriptors of maps: given to a command, and taken in place of a name */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"

static const char directory[] = "/dev/fd/";

bool is_descriptor(const char *name)
{
	return !strncmp(name, directory, strlen(directory));
}

/* -1 for what is no number of a descriptor */
static int parse_descriptor(const char *name)
{
	const char *digits = name + strlen(directory);
	unsigned long fd;
	char *end;

	fd = strtoul(digits, &end, 10);
	if (digits[0] < '0' || digits[0] > '9' || *end || fd > INT_MAX)
		return -1;
	return fd;
}

const char *access_name(uint32_t access)
{
	static const char *const names[] = {
		"none", "read-only", "write-only", "read-write", "admin-only",
		"read-admin", "write-admin", "read-write-admin",
	};

	return names[access & 7];
}

static int fail_descriptor(struct cli *cli, int err)
{
	switch (err) {
	case -EBADF:
		return fail(cli, "'%s': there is no such descriptor", cli->name);
	case -ENOTTY:
		return fail(cli, "'%s': not a descriptor of a map", cli->name);
	}
	return fail_map(cli, cli->name, err);
}

/*
 * An open file of our own, so that leases and what is held end with us, though
 * others go on using the descriptor
 */
int open_descriptor(struct cli *cli, enum verb_map want)
{
	struct syncmap_map_info info;
	int err;

	err = libsyncmap_from_fd(parse_descriptor(cli->name), &cli->inherited);
	if (!err)
		err = libsyncmap_info(cli->inherited, &info, sizeof(info));
	if (err)
		return fail_descriptor(cli, err);
	if (want >= MAP_ANY)
		want = info.access;
	err = libsyncmap_restrict(cli->inherited, want, &cli->map);
	if (err == -EBADF)
		return fail(cli, "map '%s': the descriptor is %s", cli->name,
			    access_name(info.access));
	return err ? fail_map(cli, cli->name, err) : EXIT_YES;
}

/* A copy that exec() leaves open; in place of what we inherited and may do more */
static int hand_over(const struct cli *cli)
{
	int fd = libsyncmap_fd(cli->map);

	if (cli->inherited)
		return dup2(fd, libsyncmap_fd(cli->inherited));
	return fcntl(fd, F_DUPFD, STDERR_FILENO + 1);
}

int become(struct cli *cli, char **command)
{
	int fd = hand_over(cli);
	char number[16];

	snprintf(number, sizeof(number), "%d", fd);
	fflush(stdout);
	if (fd >= 0 && !setenv("SYNCMAP_FD", number, 1))
		execvp(command[0], command);
	return fail(cli, "%s: %s", command[0], strerror(errno));
}

int verb_exec(struct cli *cli)
{
	return become(cli, cli->args + 1);
}
