/* SPDX-License-Identifier: GPL-2.0-only */
/* The kernel's workers: how many of them are at work at a time */
#ifndef WORKERS_H
#define WORKERS_H

/*
 * The most that are at work at a time, in so many seconds, on what was queued on
 * workqueues of this name or of the other one
 */
unsigned int workers_most(const char *workqueue, const char *other,
			  unsigned int seconds);

#endif /* WORKERS_H */
