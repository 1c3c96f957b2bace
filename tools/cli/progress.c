// SPDX-License-Identifier: GPL-2.0-only
#include <inttypes.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "progress.h"

#define STEPS_PER_LOOK	1024
#define PERIOD_NS	1000000000

static int64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

void progress_begin(struct progress *progress, bool always)
{
	*progress = (struct progress){
		.on = always || isatty(STDERR_FILENO),
		.next = STEPS_PER_LOOK,
		.due_ns = now_ns() + PERIOD_NS,
	};
}

static void show(uint64_t done, uint64_t total)
{
	if (total)
		fprintf(stderr, "\r%" PRIu64 " of %" PRIu64 " (%" PRIu64 " %%)",
			done, total, done < total ? done * 100 / total : 100);
	else
		fprintf(stderr, "\r%" PRIu64, done);
}

void progress_step(struct progress *progress, uint64_t done, uint64_t total)
{
	if (!progress->on || done < progress->next)
		return;
	progress->next = done + STEPS_PER_LOOK;
	if (now_ns() < progress->due_ns)
		return;
	progress->due_ns = now_ns() + PERIOD_NS;
	progress->shown = true;
	show(done, total);
}

void progress_end(struct progress *progress)
{
	if (progress->shown)
		fputc('\n', stderr);
	progress->shown = false;
}
