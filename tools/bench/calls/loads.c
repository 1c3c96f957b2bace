// SPDX-License-Identifier: GPL-2.0-only
/*
 * Usage: loads-c
 *
 * What one load takes by libsyncmap, of keys and values as the benchmark of the
 * package for Go and load.py of the one for Python have them, in the lines that Go's
 * benchmarks print. Each is the least of rounds that take turns, as all else that the
 * machine does only adds to it.
 */
#include <errno.h>
#include <libsyncmap.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define KEYS	1024U
#define ROUNDS	21U
#define HOUR	3600000000000ULL

struct kind {
	const char		*name;
	bool			text;
	bool			mapped;
	uint64_t		ttl;
	struct libsyncmap	*map;
	uint64_t		ns;
};

static struct kind kinds[] = {
	{ .name = "number/mapped", .mapped = true },
	{ .name = "number/mapped,_with_a_TTL", .mapped = true, .ttl = HOUR },
	{ .name = "number/ioctl" },
	{ .name = "text/mapped", .text = true, .mapped = true },
	{ .name = "text/mapped,_with_a_TTL", .text = true, .mapped = true,
	  .ttl = HOUR },
	{ .name = "text/ioctl", .text = true },
};

/* Made once: a load is all that is measured */
static uint64_t numbers[KEYS];
static char texts[KEYS][17];
static const char value[] = "a value of thirty-two bytes, yes";

static void die(const char *what, int err)
{
	fprintf(stderr, "loads-c: %s: %s\n", what, libsyncmap_strerror(err));
	exit(1);
}

static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ULL + t.tv_nsec;
}

static const void *key_of(const struct kind *kind, unsigned int i, size_t *len)
{
	*len = kind->text ? 16 : sizeof(numbers[i]);
	return kind->text ? (const void *)texts[i] : &numbers[i];
}

static void fill(struct kind *kind)
{
	struct syncmap_create params = {
		.flags = kind->mapped ? SYNCMAP_CREATE_MAPPED : 0,
		.ttl = kind->ttl, .mode = 0600,
		.key_type = kind->text ? SYNCMAP_KEY_STRING : SYNCMAP_KEY_U64,
	};
	int err = libsyncmap_create_with(&params, sizeof(params), &kind->map);
	size_t len;

	if (err)
		die(kind->name, err);
	while (kind->mapped && libsyncmap_mapped(kind->map))
		;
	for (unsigned int i = 0; i < KEYS; i++) {
		const void *key = key_of(kind, i, &len);

		err = kind->text ?
			libsyncmap_store(kind->map, key, len, value, 32, NULL) :
			libsyncmap_store(kind->map, key, len, &numbers[i],
					 sizeof(numbers[i]), NULL);
		if (err)
			die(kind->name, err);
	}
}

static void measure(struct kind *kind)
{
	uint64_t begun = now(), ns;
	char buffer[64];

	for (unsigned int i = 0; i < KEYS; i++) {
		struct libsyncmap_result result = {
			.buffer = buffer, .size = sizeof(buffer),
		};
		size_t len;
		const void *key = key_of(kind, i, &len);
		int err = libsyncmap_load(kind->map, key, len, &result);

		if (err)
			die(kind->name, err);
	}
	ns = (now() - begun) / KEYS;
	if (!kind->ns || ns < kind->ns)
		kind->ns = ns;
}

int main(void)
{
	const unsigned int count = sizeof(kinds) / sizeof(kinds[0]);

	for (unsigned int i = 0; i < KEYS; i++) {
		numbers[i] = i;
		snprintf(texts[i], sizeof(texts[i]), "key %012u", i);
	}
	for (unsigned int i = 0; i < count; i++)
		fill(&kinds[i]);
	for (unsigned int round = 0; round < ROUNDS; round++)
		for (unsigned int i = 0; i < count; i++)
			measure(&kinds[i]);
	for (unsigned int i = 0; i < count; i++)
		printf("BenchmarkLoad/%s\t%u\t%llu ns/op\n", kinds[i].name,
		       ROUNDS * KEYS, (unsigned long long)kinds[i].ns);
	return 0;
}
