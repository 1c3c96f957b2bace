// SPDX-License-Identifier: GPL-2.0-only
/*
 * Feature flags. Key by key, each change is seen at once, but of two that belong
 * together one is seen first. Copy on write: a map is filled before it has a name,
 * and takes the name of the old one at one instant; who reads asks, without a
 * system call, whether the name has moved on.
 *
 * Output:
 *	key by key: in between, search is on and its index is off
 *	copy on write: 4 readers of 50 versions have never seen that
 */
#include "example.h"

#define NAME		"example-flags"
#define READERS		4
#define VERSIONS	50

static bool get(const struct libsyncmap *map, const char *flag, int *version)
{
	int err = libsyncmap_load(map, text(flag), into(*version));

	if (err == -ENOENT)
		return false;
	must(err);
	return true;
}

static void set(const struct libsyncmap *map, const char *flag, int version)
{
	must(libsyncmap_store(map, text(flag), whole(version), NULL));
}

static void key_by_key(void)
{
	struct libsyncmap *flags = new_map(SYNCMAP_KEY_STRING);
	int version;

	set(flags, "search", 1);
	check(get(flags, "search", &version) && !get(flags, "index", &version));
	printf("key by key: in between, search is on and its index is off\n");
	set(flags, "index", 1);
	libsyncmap_close(flags);
}

static void publish(int version)
{
	struct syncmap_create params = {
		.flags = SYNCMAP_CREATE_MAPPED,
		.key_type = SYNCMAP_KEY_STRING,
		.mode = 0600,
	};
	struct libsyncmap *copy;

	must(libsyncmap_create_with(&params, sizeof(params), &copy));
	set(copy, "search", version);
	set(copy, "index", version);
	must(libsyncmap_freeze(copy));
	must(libsyncmap_publish(copy, NAME, SYNCMAP_PUBLISH_REPLACE, 0));
	libsyncmap_close(copy);
}

static void write_all(void)
{
	int version;

	for (version = 2; version <= VERSIONS; version++)
		publish(version);
}

static void read_until_last(void)
{
	struct libsyncmap *flags;
	int search = 0, index;

	while (search < VERSIONS) {
		must(libsyncmap_open(NAME, SYNCMAP_ACCESS_READ, &flags));
		do {
			check(get(flags, "search", &search));
			check(get(flags, "index", &index));
			check(search == index);
		} while (!libsyncmap_current(flags) && search < VERSIONS);
		libsyncmap_close(flags);
	}
}

static void work(int who)
{
	if (who)
		read_until_last();
	else
		write_all();
}

int main(void)
{
	key_by_key();
	publish(1);
	crowd(1 + READERS, work);
	printf("copy on write: %d readers of %d versions have never seen that\n",
	       READERS, VERSIONS);
	must(libsyncmap_remove(NAME));
	return 0;
}
