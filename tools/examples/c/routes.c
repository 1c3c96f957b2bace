// SPDX-License-Identifier: GPL-2.0-only
/*
 * A route cache: many look up which handler a path has, few announce one. The map
 * is mapped, so that a look-up makes no system call.
 *
 * Output:
 *	100 readers have found the handler of /, each ten times
 *	10 writers have announced a path each, and all readers saw the last
 *	look-ups make no system call
 */
#include "example.h"

#define READERS	100
#define WRITERS	10
#define LAST	"/p9"

struct handler {
	char		name[16];
	unsigned int	timeout_ms;
};

static struct libsyncmap *routes;

static int get(const char *path, struct handler *handler)
{
	return libsyncmap_load(routes, text(path), into(*handler));
}

static void set(const char *path, const char *name, unsigned int timeout_ms)
{
	struct handler handler = { .timeout_ms = timeout_ms };

	snprintf(handler.name, sizeof(handler.name), "%s", name);
	must(libsyncmap_store(routes, text(path), whole(handler), NULL));
}

static void write_path(int who)
{
	char path[16];

	snprintf(path, sizeof(path), "/p%d", who);
	set(path, path + 1, who);
}

static void read_paths(void)
{
	struct handler handler;
	int i, err;

	for (i = 0; i < 10; i++) {
		must(get("/", &handler));
		check(!strcmp(handler.name, "root"));
	}
	while ((err = get(LAST, &handler)) == -ENOENT)
		usleep(1000);
	must(err);
	check(!strcmp(handler.name, LAST + 1));
}

static void work(int who)
{
	if (who < WRITERS)
		write_path(who);
	else
		read_paths();
}

int main(void)
{
	struct syncmap_create params = {
		.flags = SYNCMAP_CREATE_MAPPED,
		.key_type = SYNCMAP_KEY_STRING,
		.mode = 0600,
	};

	must(libsyncmap_create_with(&params, sizeof(params), &routes));
	set("/", "root", 1000);
	crowd(WRITERS + READERS, work);
	printf("%d readers have found the handler of /, each ten times\n",
	       READERS);
	printf("%d writers have announced a path each, and all readers saw the last\n",
	       WRITERS);
	must(libsyncmap_mapped(routes));
	printf("look-ups make no system call\n");
	return 0;
}
