// SPDX-License-Identifier: GPL-2.0-only
/*
 * Job hand-off: 200 takers want 100 jobs. LoadAndDelete gives a value to exactly
 * one, so that a job is done once, whoever else wants it.
 *
 * Output:
 *	100 jobs, 200 takers: 100 were taken
 *	each by one taker, with its work order
 */
#include "example.h"

#define JOBS	100
#define TAKERS	200

static struct libsyncmap *jobs;
static struct libsyncmap *done;

static void submit(int id)
{
	uint64_t key = id;
	char order[32];

	snprintf(order, sizeof(order), "work order %d", id);
	must(libsyncmap_store(jobs, whole(key), text(order), NULL));
}

static bool take(int id, char *order, size_t size)
{
	struct libsyncmap_result result = { .buffer = order, .size = size - 1 };
	uint64_t key = id;
	int err;

	err = libsyncmap_load_and_delete(jobs, whole(key), &result);
	if (err == -ENOENT)
		return false;
	must(err);
	order[result.len] = '\0';
	return true;
}

/* Each begins somewhere else, and so meets those who were there before */
static void work(int who)
{
	int i, id;
	char order[32];

	for (i = 0; i < JOBS; i++) {
		id = (who * 37 + i) % JOBS;
		if (take(id, order, sizeof(order)))
			count(done, order, 1);
	}
}

static int sum_up(const struct libsyncmap_record *entry, void *taken)
{
	uint64_t times;

	memcpy(&times, entry->value, sizeof(times));
	check(times == 1);
	*(uint64_t *)taken += times;
	return 0;
}

int main(void)
{
	uint64_t left, taken = 0;
	int id;

	jobs = new_map(SYNCMAP_KEY_U64);
	done = new_map(SYNCMAP_KEY_STRING);
	for (id = 0; id < JOBS; id++)
		submit(id);
	crowd(TAKERS, work);
	must(libsyncmap_range(done, 0, sum_up, &taken));
	printf("%d jobs, %d takers: %d were taken\n", JOBS, TAKERS, (int)taken);
	must(libsyncmap_count(jobs, &left));
	check(!left && taken == JOBS);
	printf("each by one taker, with its work order\n");
	return 0;
}
