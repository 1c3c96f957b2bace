// SPDX-License-Identifier: GPL-2.0-only
/*
 * Singleflight, between processes: of all that find a value absent, one gets a
 * lease, and computes it; the others wait for the value. If the one is killed
 * meanwhile, the next in line computes; for that each has to have opened the map for
 * itself.
 *
 * Output:
 *	100 processes wanted the value: computed 1 time
 *	the one who computed was killed: the next did, and 9 waited for it
 */
#include <signal.h>

#include "example.h"

static struct libsyncmap *cache;
static struct libsyncmap *counts;
static bool killed;

/* What takes long, and is cut short the first time, if that is what is shown */
static pid_t compute(void)
{
	if (count(counts, "computed", 1) == 1 && killed)
		kill(getpid(), SIGKILL);
	usleep(100000);
	return getpid();
}

static pid_t get_or_compute(const char *key)
{
	struct libsyncmap_options options = {};
	pid_t value;

	must(libsyncmap_load_or_lease(cache, text(key), 0, SYNCMAP_NEVER, 0,
				      &options.token, into(value)));
	if (!options.token)
		return value;
	value = compute();
	must(libsyncmap_store_with(cache, text(key), whole(value), &options,
				   NULL));
	return value;
}

static void work(int who)
{
	pid_t got, there;

	(void)who;
	cache = own(cache);
	got = get_or_compute("hello");
	must(libsyncmap_load(cache, text("hello"), into(there)));
	check(got == there);
	count(counts, "got it", 1);
}

/* One who is looked after, for he may be killed */
static void work_of_ten(int who)
{
	int status;

	(void)who;
	fflush(NULL);
	if (!fork()) {
		work(who);
		exit(0);
	}
	check(wait(&status) > 0);
	if (WIFSIGNALED(status))
		count(counts, "killed", 1);
	else
		check(!WEXITSTATUS(status));
}

int main(void)
{
	cache = new_map(SYNCMAP_KEY_STRING);
	counts = new_map(SYNCMAP_KEY_STRING);
	crowd(100, work);
	check(count(counts, "got it", 0) == 100);
	printf("100 processes wanted the value: computed %d time\n",
	       count(counts, "computed", 0));
	check(count(counts, "computed", 0) == 1);

	must(libsyncmap_clear(cache, 0));
	must(libsyncmap_clear(counts, 0));
	killed = true;
	crowd(10, work_of_ten);
	check(count(counts, "killed", 0) == 1);
	check(count(counts, "computed", 0) == 2);
	check(count(counts, "got it", 0) == 9);
	printf("the one who computed was killed: the next did, and %d waited for it\n",
	       count(counts, "got it", 0));
	return 0;
}
