// SPDX-License-Identifier: GPL-2.0-only
/*
 * 100 writers and a count: nobody locks anything, and nothing is lost.
 *
 * Output:
 *	100 processes have written
 *	entries: 100
 *	each has the value of its writer
 */
#include "example.h"

#define WRITERS	100

static struct libsyncmap *map;

static void write_own(int who)
{
	uint64_t key = who;

	must(libsyncmap_store(map, whole(key), whole(who), NULL));
}

static int look(const struct libsyncmap_record *entry, void *seen)
{
	uint64_t key;
	int who;

	check(entry->key_len == sizeof(key) && entry->value_len == sizeof(who));
	memcpy(&key, entry->key, sizeof(key));
	memcpy(&who, entry->value, sizeof(who));
	check(key == (uint64_t)who);
	++*(int *)seen;
	return 0;
}

int main(void)
{
	uint64_t entries;
	int seen = 0;

	map = new_map(SYNCMAP_KEY_U64);
	crowd(WRITERS, write_own);
	printf("%d processes have written\n", WRITERS);

	/* sync.Map has no Len(): here the map knows, and exactly */
	must(libsyncmap_count(map, &entries));
	printf("entries: %llu\n", (unsigned long long)entries);
	check(entries == WRITERS);

	must(libsyncmap_range(map, 0, look, &seen));
	check(seen == WRITERS);
	printf("each has the value of its writer\n");
	return 0;
}
