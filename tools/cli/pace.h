/* SPDX-License-Identifier: GPL-2.0-only */
/* Something that is done once in each interval, until somebody interrupts it */
#ifndef SYNCMAPCTL_PACE_H
#define SYNCMAPCTL_PACE_H

#include <stdbool.h>
#include <stdint.h>

/* By CLOCK_MONOTONIC */
uint64_t clock_ns(void);

struct pace {
	uint64_t	interval;	/* nanoseconds */
	uint64_t	next;		/* when, by CLOCK_MONOTONIC */
};

/* SIGINT does not end the process from now on, but the next wait */
void pace_begin(struct pace *pace, uint64_t interval);

/*
 * Wait for the end of the interval. One that is over already is left out, and
 * those behind it: then it is the end of the next. Returns false after SIGINT.
 */
bool pace_wait(struct pace *pace);

/* How much of the interval is left, in nanoseconds; at 0 the next one begins */
uint64_t pace_left(struct pace *pace);

#endif
