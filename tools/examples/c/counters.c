// SPDX-License-Identifier: GPL-2.0-only
/*
 * Counters by CompareAndSwap: load, and store one more if it is still what was
 * loaded; else somebody was faster, and it is tried again. For what is no more
 * than an addition there is one call, which cannot fail.
 *
 * Output:
 *	by compare and swap: 1000, tried again ... times
 *	by add: 1000
 */
#include "example.h"

#define CROWD	20
#define EACH	50

static struct libsyncmap *counters;

static void increment(const char *key)
{
	uint64_t old, now = 0, next = 1;
	struct libsyncmap_result found = {
		.buffer = &now, .size = sizeof(now),
	};
	int err;

	must(libsyncmap_load_or_store(counters, text(key), whole(next),
				      &found));
	if (!found.loaded)
		return;
	do {
		old = now;
		next = now + 1;
		/* A mismatch tells what is there instead */
		err = libsyncmap_compare_and_swap(counters, text(key),
						  whole(old), whole(next),
						  &found);
		if (err == -EBUSY)
			count(counters, "tried again", 1);
	} while (err == -EBUSY);
	must(err);
}

static void work(int who)
{
	int i;

	(void)who;
	for (i = 0; i < EACH; i++) {
		increment("hits");
		count(counters, "added", 1);
	}
}

int main(void)
{
	uint64_t hits;

	counters = new_map(SYNCMAP_KEY_STRING);
	crowd(CROWD, work);
	must(libsyncmap_load(counters, text("hits"), into(hits)));
	printf("by compare and swap: %d, tried again %d times\n", (int)hits,
	       count(counters, "tried again", 0));
	check(hits == CROWD * EACH);
	printf("by add: %d\n", count(counters, "added", 0));
	check(count(counters, "added", 0) == CROWD * EACH);
	return 0;
}
