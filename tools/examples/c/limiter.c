// SPDX-License-Identifier: GPL-2.0-only
/*
 * A rate limiter: so many requests of a client in each window. The first one
 * stores a number that expires with the window, the others add to it as long as it
 * is below the bound. One call each, whatever else is asked at the same time.
 *
 * Output:
 *	200 requests of ann at once, 50 allowed: 50 passed
 *	bob is another client: passed
 *	when the window is over, ann passes again
 */
#include "example.h"

#define CLIENTS		20
#define REQUESTS	10

static struct libsyncmap *windows;
static struct libsyncmap *counts;

/* @ends: out: when the window ends */
static bool allow(const char *client, uint64_t most, uint64_t window,
		  uint64_t *ends)
{
	struct libsyncmap_number number = {
		.operand = 1,
		.flags = SYNCMAP_FLAG_INITIAL | SYNCMAP_FLAG_BOUNDED,
		.bound = most,
		.deadline = libsyncmap_deadline(window),
	};
	struct libsyncmap_result result = {};
	int err;

	err = libsyncmap_calculate(windows, SYNCMAP_OP_ADD, text(client),
				   &number, &result);
	if (err == -ERANGE)
		return false;
	must(err);
	*ends = result.expires;
	return true;
}

static void work(int who)
{
	uint64_t ends;
	int i;

	(void)who;
	for (i = 0; i < REQUESTS; i++)
		if (allow("ann", 50, 3600 * SECOND, &ends))
			count(counts, "passed", 1);
}

int main(void)
{
	uint64_t ends, next;

	windows = new_map(SYNCMAP_KEY_STRING);
	counts = new_map(SYNCMAP_KEY_STRING);
	crowd(CLIENTS, work);
	printf("%d requests of ann at once, 50 allowed: %d passed\n",
	       CLIENTS * REQUESTS, count(counts, "passed", 0));
	check(count(counts, "passed", 0) == 50);
	check(allow("bob", 50, 3600 * SECOND, &ends));
	printf("bob is another client: passed\n");

	must(libsyncmap_clear(windows, 0));
	check(allow("ann", 1, SECOND / 10, &ends));
	while (!allow("ann", 1, SECOND / 10, &next))
		usleep(10000);
	check(libsyncmap_deadline(0) >= ends);
	printf("when the window is over, ann passes again\n");
	return 0;
}
