// SPDX-License-Identifier: GPL-2.0-only
/*
 * doctor: the steps from a module on disk to an answer from /dev/syncmap, in
 * order; the first that fails is the reason, and comes with what to do.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "cli.h"
#include "installed.h"
#include "size.h"

struct step {
	const char	*name;
	/* Describes in @text what there is; false with what to do, if wrong. */
	bool		(*check)(char *text, size_t size);
	bool		minor;		/* if it is wrong all works yet */
};

static const struct machine *this_machine(void)
{
	static struct utsname name;
	static const struct machine machine = {
		.root = "", .release = name.release,
	};

	uname(&name);
	return &machine;
}

static bool check_module(char *text, size_t size)
{
	if (access("/sys/module/syncmap", F_OK)) {
		installed_explain(this_machine(), text, size);
		return false;
	}
	snprintf(text, size, "syncmap is loaded");
	return true;
}

static bool check_build(char *text, size_t size)
{
	return installed_compare(this_machine(), text, size);
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
	int len;

	if (!access(SYNCMAP_DEVICE, R_OK | W_OK)) {
		snprintf(text, size, "readable and writable");
		return true;
	}
	len = snprintf(text, size, "denied: ");
	explain_rights(text + len, size - len);
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

/* @name of the parameter that is the limit */
static bool is_used_up(char *text, size_t size, const char *what, uint64_t used,
		       uint64_t limit, const char *name)
{
	if (used < limit)
		return false;
	snprintf(text, size, "%s: %" PRIu64 " of at most %" PRIu64 ": remove "
		 "some, or have root raise /sys/module/syncmap/parameters/%s",
		 what, used, limit, name);
	return true;
}

static bool check_room(char *text, size_t size)
{
	char used[SIZE_SHOWN], limit[SIZE_SHOWN];
	struct syncmap_info info;

	if (libsyncmap_system_info(&info, sizeof(info)))
		return false;
	if (is_used_up(text, size, "maps", info.maps, info.max_maps,
		       "max_maps") ||
	    is_used_up(text, size, "bytes of all maps", info.all_bytes,
		       info.max_all_bytes, "max_all_bytes"))
		return false;
	if (geteuid() &&
	    (is_used_up(text, size, "your maps", info.user_maps,
			info.max_user_maps, "max_user_maps") ||
	     is_used_up(text, size, "bytes of your maps", info.user_bytes,
			info.max_user_bytes, "max_user_bytes")))
		return false;
	size_print(info.all_bytes, used);
	size_print(info.max_all_bytes, limit);
	snprintf(text, size, "%u of at most %u maps, %s of %s bytes", info.maps,
		 info.max_maps, used, limit);
	return true;
}

static int count_one(const struct syncmap_map_info *info, void *arg)
{
	unsigned int *n = arg;

	(void)info;
	++*n;
	return 0;
}

/* Those that nobody finds by name keep the module loaded as well */
static bool check_names(char *text, size_t size)
{
	struct syncmap_info info;
	unsigned int named = 0;

	if (libsyncmap_list(0, 0, count_one, &named) ||
	    libsyncmap_system_info(&info, sizeof(info)))
		return false;
	if (info.maps > named)
		snprintf(text, size, "%u with a name, %u without, or of another "
			 "namespace: 'syncmapctl list --all' finds who has them",
			 named, info.maps - named);
	else
		snprintf(text, size, "all %u maps have one", named);
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
	{ "module", check_module, false },
	{ "build", check_build, true },
	{ "driver", check_driver, false },
	{ "node", check_node, false },
	{ "rights", check_rights, false },
	{ "answer", check_answer, false },
	{ "room", check_room, false },
	{ "names", check_names, false },
	{ "mapping", check_mapping, false },
	{ }
};

static void say_step(struct cli *cli, const struct step *step, bool good,
		     const char *text)
{
	struct json_object *json;

	if (!cli->json) {
		printf("%-4s %-7s %s\n", good ? "ok" :
		       step->minor ? "note" : "FAIL", step->name, text);
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
	char text[INSTALLED_TEXT];
	int code = EXIT_YES;

	if (cli->map)
		return check_up(cli);
	begin_array(cli);
	for (const struct step *step = steps; step->name; step++) {
		bool good;

		text[0] = '\0';
		good = step->check(text, sizeof(text));
		say_step(cli, step, good, text);
		if (!good)
			code = step->minor ? EXIT_NO : EXIT_ERROR;
		if (code == EXIT_ERROR)
			break;
	}
	end_array(cli);
	return code;
}
