// SPDX-License-Identifier: GPL-2.0-only
/*
 * A lock with a lease, and its catches. A key that never gets a value is the lock:
 * of those who ask for it one has the lease, and the others stand in line. Who is
 * killed, or takes too long, loses it.
 *
 * The catches: who has lost the lease is not told, for he may be asleep, and goes
 * on as if he had the lock; so each write under it has to be one that is refused
 * then, as by the revision that was read under the lock. And whoever stores the
 * key, or deletes it, ends the lease: nobody should who does not mean that.
 *
 * Output:
 *	20 processes had the lock, each alone
 *	one was killed: the next had the lock
 *	one slept too long: the next had the lock
 *	what the sleeper wrote then was refused
 */
#include <signal.h>

#include "example.h"

static struct libsyncmap *locks;
static struct libsyncmap *counts;
static struct libsyncmap *documents;

static uint64_t lock(const char *name, uint64_t lease_for)
{
	uint64_t token;

	must(libsyncmap_load_or_lease(locks, text(name), 0, SYNCMAP_NEVER,
				      lease_for, &token, NULL));
	check(token);
	return token;
}

/* -ESTALE: it was not ours any more */
static int unlock(const char *name, uint64_t token)
{
	return libsyncmap_unlease(locks, text(name), token);
}

static void work_alone(int who)
{
	uint64_t token;

	(void)who;
	locks = own(locks);
	token = lock("alone", 0);
	check(count(counts, "inside", 1) == 1);
	usleep(1000);
	check(count(counts, "inside", -1) == 0);
	must(unlock("alone", token));
	count(counts, "had it", 1);
}

static void die_with_lock(void)
{
	fflush(NULL);
	if (!fork()) {
		locks = own(locks);
		lock("deadly", 0);
		kill(getpid(), SIGKILL);
	}
	check(wait(NULL) > 0);
	must(unlock("deadly", lock("deadly", 0)));
}

static void edit(const char *text_of_it, uint64_t revision, int expected)
{
	int err = libsyncmap_compare_and_swap_revision(documents, text("plan"),
						       revision,
						       text(text_of_it), NULL);

	check(err == expected);
}

static uint64_t read_plan(void)
{
	struct libsyncmap_result result = {};

	must(libsyncmap_load(documents, text("plan"), &result));
	return result.revision;
}

static void work_next(int who)
{
	uint64_t token;

	(void)who;
	locks = own(locks);
	token = lock("plan", 0);
	edit("the next one's", read_plan(), 0);
	must(unlock("plan", token));
}

static void sleep_too_long(void)
{
	uint64_t token, revision;

	must(libsyncmap_store(documents, text("plan"), text("old"), NULL));
	token = lock("plan", SECOND / 20);
	revision = read_plan();
	crowd(1, work_next);
	printf("one slept too long: the next had the lock\n");
	edit("the sleeper's", revision, -EBUSY);
	check(unlock("plan", token) == -ESTALE);
	printf("what the sleeper wrote then was refused\n");
}

int main(void)
{
	locks = new_map(SYNCMAP_KEY_STRING);
	counts = new_map(SYNCMAP_KEY_STRING);
	documents = new_map(SYNCMAP_KEY_STRING);

	count(counts, "inside", 0);
	crowd(20, work_alone);
	printf("%d processes had the lock, each alone\n",
	       count(counts, "had it", 0));
	die_with_lock();
	printf("one was killed: the next had the lock\n");
	sleep_too_long();
	return 0;
}
