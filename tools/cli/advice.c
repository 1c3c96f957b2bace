// SPDX-License-Identifier: GPL-2.0-only
/* What is wrong with the module or a map as a whole, and what to do about it */
#include <errno.h>
#include <grp.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli.h"
#include "guess.h"

const char *group_name(gid_t gid, char *text, size_t size)
{
	const struct group *group = getgrgid(gid);

	if (group)
		snprintf(text, size, "%s", group->gr_name);
	else
		snprintf(text, size, "%u", gid);
	return text;
}

void explain_rights(char *text, size_t size)
{
	char group[64];
	struct stat st;

	if (stat(SYNCMAP_DEVICE, &st))
		snprintf(text, size, "%s", strerror(errno));
	else if (st.st_gid && (st.st_mode & 0060) == 0060)
		snprintf(text, size, "join the group '%1$s' ('adduser USER "
			 "%1$s', as root, then log in again)",
			 group_name(st.st_gid, group, sizeof(group)));
	else
		snprintf(text, size, "its mode is %04o; it is 0666 unless a "
			 "udev rule says otherwise", st.st_mode & 07777);
}

int fail_system(struct cli *cli, int err)
{
	char text[160];

	switch (err) {
	case -ENODEV:
		advise(cli, "Try 'modprobe syncmap', as root; 'syncmapctl "
		       "doctor' finds out more.");
		return fail(cli, "%s", libsyncmap_strerror(err));
	case -EACCES:
		explain_rights(text, sizeof(text));
		advise(cli, "To have it: %s.", text);
		return fail(cli, SYNCMAP_DEVICE ": permission denied");
	}
	return fail(cli, "%s: %s", SYNCMAP_DEVICE, libsyncmap_strerror(err));
}

struct wanted {
	const char		*name;
	struct syncmap_map_info	info;
	bool			found;
	struct guess		guess;
};

static int look_for(const struct syncmap_map_info *info, void *arg)
{
	struct wanted *wanted = arg;

	if (strcmp(info->name, wanted->name)) {
		guess_try(&wanted->guess, wanted->name, info->name);
		return 0;
	}
	wanted->info = *info;
	wanted->found = true;
	return 1;
}

/* Whom it belongs to, which is told to everybody */
static void describe(const struct syncmap_map_info *info, char *text,
		     size_t size)
{
	char user[64], group[64];

	snprintf(text, size, "owner %s, group %s, mode %04o",
		 user_name(info->uid, user, sizeof(user)),
		 group_name(info->gid, group, sizeof(group)),
		 info->mode & 07777);
}

static const char *wanted_right(const struct cli *cli)
{
	switch (wanted_access(cli)) {
	case MAP_READ:
		return "read";
	case MAP_WRITE:
		return "write";
	case MAP_BOTH:
		return "read and write";
	default:
		return "read or write";
	}
}

static void advise_map(struct cli *cli, const char *name, int err)
{
	struct wanted wanted = { .name = name };
	char text[256];

	libsyncmap_list(cli->scope, 0, look_for, &wanted);
	if (wanted.found)
		describe(&wanted.info, text, sizeof(text));
	switch (err) {
	case -ENOENT:
		guess_print(&wanted.guess, "", text, sizeof(text));
		if (wanted.guess.n)
			advise(cli, "%s", text);
		break;
	case -EACCES:
		if (wanted.found)
			advise(cli, "To %s it takes a right that its owner "
			       "can give by 'syncmapctl set --mode': %s.",
			       wanted_right(cli), text);
		break;
	case -EEXIST:
		if (wanted.found)
			advise(cli, "It is there with %s. With --if-absent it "
			       "will do, if it is what it would be made.", text);
		break;
	default:
		if (wanted.found)
			advise(cli, "It has %s, number %" PRIu64 ".", text,
			       (uint64_t)wanted.info.id);
	}
}

int fail_map(struct cli *cli, const char *name, int err)
{
	if (err == -ENODEV ||
	    (err == -EACCES && access(SYNCMAP_DEVICE, R_OK | W_OK)))
		return fail_system(cli, err);
	switch (err) {
	case -EEXIST:
		advise_map(cli, name, err);
		return fail(cli, "map '%s' exists already", name);
	case -ENOENT:
		advise_map(cli, name, err);
		return fail(cli, "there is no map '%s'", name);
	case -ESTALE:
		advise_map(cli, name, err);
		return fail(cli, "map '%s': it has another number, or owner",
			    name);
	case -EACCES:
		advise_map(cli, name, err);
		return fail(cli, "map '%s': permission denied by its mode",
			    name);
	case -EPERM:
		advise_map(cli, name, err);
		break;
	}
	return fail(cli, "map '%s': %s", name, libsyncmap_strerror(err));
}

/* Limits that a map can be given when it is there already */
static void advise_set(struct cli *cli, const char *option, uint64_t limit)
{
	char owner[64];

	if (limit > UINT64_MAX / 2)
		return;
	if (cli->info.uid == geteuid() || !geteuid())
		advise(cli, "To make room: syncmapctl set --%s %" PRIu64 " %s",
		       option, 2 * limit, cli->name);
	else
		advise(cli, "Its owner, %s, can make room: syncmapctl set --%s "
		       "%" PRIu64 " %s",
		       user_name(cli->info.uid, owner, sizeof(owner)), option,
		       2 * limit, cli->name);
}

static void advise_parameter(struct cli *cli, const char *name)
{
	advise(cli, "Root can raise the limit, which is "
	       "/sys/module/syncmap/parameters/%s; see syncmap(4).", name);
}

void advise_limit(struct cli *cli, const struct syncmap_error *error)
{
	static const char *const parameters[] = {
		[SYNCMAP_LIMITED_LEASES] = "max_client_leases",
		[SYNCMAP_LIMITED_USER_LEASES] = "max_user_leases",
		[SYNCMAP_LIMITED_USER_WATCHERS] = "max_user_watchers",
		[SYNCMAP_LIMITED_MAPS] = "max_maps",
		[SYNCMAP_LIMITED_USER_MAPS] = "max_user_maps",
		[SYNCMAP_LIMITED_USER_BYTES] = "max_user_bytes",
		[SYNCMAP_LIMITED_ALL_BYTES] = "max_all_bytes",
	};

	switch (error->limited) {
	case SYNCMAP_LIMITED_ENTRIES:
		advise_set(cli, "entries", error->limit);
		return;
	case SYNCMAP_LIMITED_BYTES:
		advise_set(cli, "bytes", error->limit);
		return;
	case SYNCMAP_LIMITED_KEY:
		advise(cli, "That is for good: another map, made with "
		       "--key-size %" PRIu64 ", would take it.",
		       (uint64_t)error->used);
		return;
	case SYNCMAP_LIMITED_VALUE:
		advise(cli, "That is for good: another map, made with "
		       "--value-size %" PRIu64 ", would take it.",
		       (uint64_t)error->used);
		return;
	}
	if (error->limited < sizeof(parameters) / sizeof(parameters[0]) &&
	    parameters[error->limited])
		advise_parameter(cli, parameters[error->limited]);
}
