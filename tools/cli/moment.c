// SPDX-License-Identifier: GPL-2.0-only
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "cli.h"
#include "moment.h"

#define BOOT_ID	"/proc/sys/kernel/random/boot_id"

/* Clocks are read one after the other, and are made to run slower or faster */
#define SLACK	UINT64_C(1000000000)

static uint64_t read_clock(clockid_t id)
{
	struct timespec now;

	clock_gettime(id, &now);
	return now.tv_sec * UINT64_C(1000000000) + now.tv_nsec;
}

struct moment moment_now(void)
{
	struct moment now = { };
	struct syncmap_info info;
	FILE *file = fopen(BOOT_ID, "re");

	if (file && fgets(now.boot, sizeof(now.boot), file))
		now.boot[strcspn(now.boot, "\n")] = '\0';
	if (file)
		fclose(file);
	now.realtime = read_clock(CLOCK_REALTIME);
	now.boottime = read_clock(CLOCK_BOOTTIME);
	if (!libsyncmap_system_info(&info, sizeof(info)))
		now.boottime -= info.boottime_offset;
	return now;
}

static struct passed in_same_boot(const struct moment *then,
				  const struct moment *now)
{
	struct passed passed = { .ns = now->boottime - then->boottime };

	passed.set = now->realtime - then->realtime - passed.ns;
	if (passed.set < (int64_t)SLACK && passed.set > -(int64_t)SLACK)
		passed.set = 0;
	return passed;
}

static struct passed in_later_boot(const struct moment *then,
				   const struct moment *now)
{
	uint64_t booted = now->realtime - now->boottime;
	struct passed passed = { };

	if (now->realtime < now->boottime)
		booted = 0;
	if (now->realtime > then->realtime)
		passed.ns = now->realtime - then->realtime;
	if (booted + SLACK >= then->realtime)
		return passed;
	passed.set = booted - then->realtime;
	passed.at_least = true;
	if (passed.ns < now->boottime)
		passed.ns = now->boottime;
	return passed;
}

struct passed moment_passed(const struct moment *then, const struct moment *now)
{
	bool same = then->boot[0] && !strcmp(then->boot, now->boot) &&
		    now->boottime >= then->boottime;

	return same ? in_same_boot(then, now) : in_later_boot(then, now);
}

struct json_object *moment_to_json(const struct moment *moment)
{
	struct json_object *json = json_object_new_object();

	add_u64(json, "realtime_ns", moment->realtime);
	add_u64(json, "boottime_ns", moment->boottime);
	add_text(json, "boot_id", moment->boot);
	return json;
}

static bool get_ns(struct json_object *json, const char *name, uint64_t *ns)
{
	struct json_object *member;

	if (!json_object_object_get_ex(json, name, &member) ||
	    !json_object_is_type(member, json_type_int) ||
	    json_object_get_int64(member) < 0)
		return false;
	*ns = json_object_get_uint64(member);
	return true;
}

const char *moment_from_json(struct json_object *json, struct moment *moment)
{
	static const char wrong[] = "\"saved\": not a time";
	struct json_object *boot;
	const char *text;

	if (!get_ns(json, "realtime_ns", &moment->realtime) ||
	    !get_ns(json, "boottime_ns", &moment->boottime) ||
	    !json_object_object_get_ex(json, "boot_id", &boot) ||
	    !json_object_is_type(boot, json_type_string))
		return wrong;
	text = json_object_get_string(boot);
	if (strlen(text) >= sizeof(moment->boot))
		return wrong;
	strcpy(moment->boot, text);
	return NULL;
}
