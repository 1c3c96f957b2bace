// SPDX-License-Identifier: GPL-2.0-only
/*
 * A cache of what is computed once, and its catch: LoadOrStore has one of many
 * values stored, but whoever has found none has computed one by then. Here all
 * look before the first has an answer. singleflight.c is the cure.
 *
 * Output:
 *	100 processes found nothing, and computed: 100 times
 *	one value was stored, 99 were thrown away
 *	all have got the same
 */
#include "example.h"

#define CROWD	100

static struct libsyncmap *cache;
static struct libsyncmap *counts;

/* What takes long: until everybody has begun */
static pid_t compute(void)
{
	count(counts, "computed", 1);
	while (count(counts, "computed", 0) < CROWD)
		usleep(1000);
	return getpid();
}

static pid_t get_or_compute(const char *key)
{
	struct libsyncmap_result result = {};
	pid_t mine, value;
	int err;

	err = libsyncmap_load(cache, text(key), into(value));
	if (err != -ENOENT) {
		must(err);
		return value;
	}
	mine = compute();
	result.buffer = &value;
	result.size = sizeof(value);
	must(libsyncmap_load_or_store(cache, text(key), whole(mine), &result));
	count(counts, result.loaded ? "thrown away" : "stored", 1);
	return result.loaded ? value : mine;
}

static void work(int who)
{
	pid_t got = get_or_compute("hello"), there;

	(void)who;
	must(libsyncmap_load(cache, text("hello"), into(there)));
	check(got == there);
}

int main(void)
{
	cache = new_map(SYNCMAP_KEY_STRING);
	counts = new_map(SYNCMAP_KEY_STRING);
	crowd(CROWD, work);
	printf("%d processes found nothing, and computed: %d times\n", CROWD,
	       count(counts, "computed", 0));
	check(count(counts, "computed", 0) == CROWD);
	check(count(counts, "stored", 0) == 1);
	printf("one value was stored, %d were thrown away\n",
	       count(counts, "thrown away", 0));
	printf("all have got the same\n");
	return 0;
}
