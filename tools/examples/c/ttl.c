// SPDX-License-Identifier: GPL-2.0-only
/*
 * A cache whose entries end, while they are refreshed and swept: the map knows
 * the time of each, and sweeps by itself. Who keeps the time in the value has to
 * sweep, too, and by revision, or he deletes what was refreshed meanwhile.
 *
 * Output:
 *	100 refreshes beside 4 readers: it was there until its time, and not after
 *	what nobody refreshes goes by itself, and so does its room
 *	a sweep of one's own spared what was refreshed meanwhile
 */
#include <stdatomic.h>
#include <sys/mman.h>

#include "example.h"

#define READERS		4
#define REFRESHES	100
#define TTL		(SECOND / 50)

/* What the refresher tells the readers */
static struct news {
	_Atomic uint64_t	deadline;
	atomic_bool		over;
} *news;

static struct libsyncmap *cache;

static uint64_t now(void)
{
	return libsyncmap_deadline(0);
}

static void set(const char *key, const char *value, uint64_t deadline)
{
	struct libsyncmap_options options = { .deadline = deadline };

	must(libsyncmap_store_with(cache, text(key), text(value), &options,
				   NULL));
}

/* Now in time, and now too late */
static void refresh(void)
{
	uint64_t deadline;
	int i;

	for (i = 0; i < REFRESHES; i++) {
		deadline = libsyncmap_deadline(TTL);
		set("session", "ann", deadline);
		news->deadline = deadline;
		usleep(i % 10 ? 5000 : 30000);
	}
	news->over = true;
}

static void look(void)
{
	struct libsyncmap_result result;
	uint64_t deadline, before;
	int err;

	while (!news->over) {
		result = (struct libsyncmap_result){};
		deadline = news->deadline;
		before = now();
		err = libsyncmap_load(cache, text("session"), &result);
		if (err == -ENOENT) {
			check(deadline <= now());
			continue;
		}
		must(err);
		check(result.expires > before);
	}
}

static void work(int who)
{
	if (who)
		look();
	else
		refresh();
}

static uint64_t bytes(void)
{
	struct syncmap_map_info info = {};

	must(libsyncmap_info(cache, &info, sizeof(info)));
	return info.bytes;
}

int main(void)
{
	struct libsyncmap_result seen = {};

	cache = new_map(SYNCMAP_KEY_STRING);
	news = mmap(NULL, sizeof(*news), PROT_READ | PROT_WRITE,
		    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	check(news != MAP_FAILED);
	crowd(1 + READERS, work);
	printf("%d refreshes beside %d readers: it was there until its time, and not after\n",
	       REFRESHES, READERS);

	set("other", "bob", libsyncmap_deadline(TTL));
	while (bytes())
		usleep(10000);
	printf("what nobody refreshes goes by itself, and so does its room\n");

	/* The sweep has seen a value whose time is over, by what is in it */
	set("mine", "until 10 o'clock", SYNCMAP_NEVER);
	must(libsyncmap_load(cache, text("mine"), &seen));
	set("mine", "until 11 o'clock", SYNCMAP_NEVER);
	check(libsyncmap_compare_and_delete_revision(cache, text("mine"),
						     seen.revision, NULL) ==
	      -EBUSY);
	must(libsyncmap_load(cache, text("mine"), NULL));
	printf("a sweep of one's own spared what was refreshed meanwhile\n");
	return 0;
}
