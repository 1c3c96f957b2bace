// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <time.h>

#include "pace.h"

#define SECOND	UINT64_C(1000000000)

uint64_t clock_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * SECOND + now.tv_nsec;
}

static void interrupts(sigset_t *set)
{
	sigemptyset(set);
	sigaddset(set, SIGINT);
}

void pace_begin(struct pace *pace, uint64_t interval)
{
	sigset_t set;

	interrupts(&set);
	sigprocmask(SIG_BLOCK, &set, NULL);
	pace->interval = interval;
	pace->next = clock_ns() + interval;
}

uint64_t pace_left(struct pace *pace)
{
	uint64_t now = clock_ns();

	if (now < pace->next)
		return pace->next - now;
	pace->next += ((now - pace->next) / pace->interval + 1) * pace->interval;
	return 0;
}

bool pace_wait(struct pace *pace)
{
	struct timespec left;
	sigset_t set;
	uint64_t ns;

	interrupts(&set);
	while ((ns = pace_left(pace))) {
		left.tv_sec = ns / SECOND;
		left.tv_nsec = ns % SECOND;
		if (sigtimedwait(&set, NULL, &left) == SIGINT)
			return false;
	}
	return true;
}
