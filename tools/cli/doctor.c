// SPDX-License-Identifier: GPL-2.0-only
/*
 * doctor: the steps from a module on disk to an answer from /dev/syncmap, in
 * order; the first that fails is the reason, and comes with what to do.
 */
#include <errno.h>
#include <grp.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "cli.h"

struct step {
	const char	*name;
	/* Describes in @text what there is; false with what to do, if wrong. */
	bool		(*check)(char *text, size_t size);
};

static bool read_line(const char *path, char *text, size_t size)
{
	FILE *file = fopen(path, "re");
	bool done;

	if (!file)
		return false;
	done = fgets(text, size, file);
	fclose(file);
	if (done)
		text[strcspn(text, "\n")] = '\0';
	return done;
}

/* Whether an unsigned module may not be loaded */
static bool needs_signature(void)
{
	char text[128];

	if (read_line("/sys/module/module/parameters/sig_enforce", text,
		      sizeof(text)) && text[0] == 'Y')
		return true;
	return read_line("/sys/kernel/security/lockdown", text, sizeof(text)) &&
	       !strstr(text, "[none]");
}

static bool check_module(char *text, size_t size)
{
	struct utsname name;

	if (!access("/sys/module/syncmap", F_OK)) {
		snprintf(text, size, "syncmap is loaded");
		return true;
	}
	uname(&name);
	if (needs_signature())
		snprintf(text, size, "not loaded, and the kernel takes only "
			 "signed modules: sign syncmap.ko with a key that is "
			 "enrolled (mokutil), then 'modprobe syncmap'");
	else
		snprintf(text, size, "not loaded: 'modprobe syncmap'; if it is "
			 "not found, build and install it for kernel %s",
			 name.release);
	return false;
}

/* Returns the minor number that the driver registered, or -1. */
static int registered_minor(void)
{
	FILE *file = fopen("/proc/misc", "re");
	char name[64];
	int found = -1;
	int minor;

	if (!file)
		return -1;
	while (found < 0 && fscanf(file, "%d %63s", &minor, name) == 2)
		if (!strcmp(name, "syncmap"))
			found = minor;
	fclose(file);
	return found;
}

static bool check_driver(char *text, size_t size)
{
	int minor = registered_minor();

	if (minor < 0)
		snprintf(text, size, "the module has not registered its "
			 "device: see dmesg");
	else
		snprintf(text, size, "misc device 10:%d", minor);
	return minor >= 0;
}

static bool check_node(char *text, size_t size)
{
	int want = registered_minor();
	struct stat st;

	if (stat(SYNCMAP_DEVICE, &st)) {
		snprintf(text, size, "%s: %s: is udev or devtmpfs running? "
			 "'mknod %s c 10 %d'", SYNCMAP_DEVICE, strerror(errno),
			 SYNCMAP_DEVICE, want);
		return false;
	}
	if (!S_ISCHR(st.st_mode) || major(st.st_rdev) != 10 ||
	    (int)minor(st.st_rdev) != want) {
		snprintf(text, size, "%s is something else: remove it, then "
			 "'mknod %s c 10 %d'", SYNCMAP_DEVICE, SYNCMAP_DEVICE,
			 want);
		return false;
	}
	snprintf(text, size, SYNCMAP_DEVICE);
	return true;
}

static bool check_rights(char *text, size_t size)
{
	struct group *group;
	struct stat st;

	if (!access(SYNCMAP_DEVICE, R_OK | W_OK)) {
		snprintf(text, size, "readable and writable");
		return true;
	}
	if (stat(SYNCMAP_DEVICE, &st))
		return false;
	group = getgrgid(st.st_gid);
	if (st.st_gid && group && (st.st_mode & 0060) == 0060)
		snprintf(text, size, "denied: join the group '%s' "
			 "('adduser USER %s', then log in again)",
			 group->gr_name, group->gr_name);
	else
		snprintf(text, size, "denied: mode %04o; it is 0666 unless a "
			 "udev rule says otherwise", st.st_mode & 07777);
	return false;
}

static bool check_answer(char *text, size_t size)
{
	struct syncmap_info info;
	int err = libsyncmap_system_info(&info, sizeof(info));

	if (err) {
		snprintf(text, size, "the device does not answer: %s",
			 libsyncmap_strerror(err));
		return false;
	}
	if (info.abi < SYNCMAP_ABI) {
		snprintf(text, size, "the module has ABI level %u, this tool "
			 "needs %d: install modules and tool of one version",
			 info.abi, SYNCMAP_ABI);
		return false;
	}
	snprintf(text, size, "ABI level %u, %u maps", info.abi, info.maps);
	return true;
}

/* It works in any case, but for how fast it is */
static bool check_mapping(char *text, size_t size)
{
	struct syncmap_create params = {
		.flags = SYNCMAP_CREATE_MAPPED, .key_type = SYNCMAP_KEY_U64,
		.mode = 0600, .limits.entries = 1,
	};
	struct libsyncmap *map;
	int err = libsyncmap_create_with(&params, sizeof(params), &map);

	if (err) {
		snprintf(text, size, "loads cannot be mapped: %s",
			 libsyncmap_strerror(err));
		return true;
	}
	snprintf(text, size, "loads of a map that is made for it are %s",
		 how_loads_go(map));
	libsyncmap_close(map);
	return true;
}

static const struct step steps[] = {
	{ "module", check_module },
	{ "driver", check_driver },
	{ "node", check_node },
	{ "rights", check_rights },
	{ "answer", check_answer },
	{ "mapping", check_mapping },
	{ }
};

static void say_step(struct cli *cli, const struct step *step, bool good,
		     const char *text)
{
	struct json_object *json;

	if (!cli->json) {
		printf("%-4s %-7s %s\n", good ? "ok" : "FAIL", step->name, text);
		return;
	}
	json = json_object_new_object();
	add_text(json, "step", step->name);
	add_bool(json, "ok", good);
	add_text(json, "detail", text);
	say_json(cli, json);
}

int verb_doctor(struct cli *cli)
{
	const struct step *step = steps;
	bool good = true;
	char text[256];

	begin_array(cli);
	for (; good && step->name; step++) {
		text[0] = '\0';
		good = step->check(text, sizeof(text));
		say_step(cli, step, good, text);
	}
	end_array(cli);
	return good ? EXIT_YES : EXIT_ERROR;
}
