/* SPDX-License-Identifier: GPL-2.0-only */
/* What long work shows on standard error: nothing in its first second */
#ifndef SYNCMAPCTL_PROGRESS_H
#define SYNCMAPCTL_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct progress {
	bool		on;
	bool		shown;
	uint64_t	next;	/* when to look at the clock again */
	int64_t		due_ns;
};

/* With @always, even if standard error is not a terminal */
void progress_begin(struct progress *progress, bool always);
/* @done of @total; a @total of 0 is unknown */
void progress_step(struct progress *progress, uint64_t done, uint64_t total);
void progress_end(struct progress *progress);

#endif
