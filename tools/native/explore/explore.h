/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Deterministic interleavings
 *
 * Actors are coroutines in one thread. Each access to shared memory in the core
 * is a point (shim_point()) at which another actor may go on; explore() runs a
 * scenario once for every way to do so with a bounded number of preemptions.
 * An actor that blocks or ends gives way for free.
 *
 * A point at an address which no two actors use, one of them writing, is no
 * choice. Which addresses these are is found out on the way: when a run finds
 * new ones, the scenario starts again.
 *
 * A grace period ends, and what waits for it runs, as soon as no actor is left
 * that was in a read section when it began. Freed memory is never used again
 * in a run.
 */
#ifndef _EXPLORE_H
#define _EXPLORE_H

#include <linux/kernel.h>

#define ACTORS_MAX	3

struct scenario {
	unsigned int	actors;
	unsigned int	preemptions;
	void		(*setup)(void *arg);
	void		(*act)(void *arg, unsigned int actor);
	/* Whether what has come out is right; ends what setup() began */
	bool		(*verify)(void *arg);
	void		*arg;
};

/* Number of runs; *@failed says whether the last one failed */
unsigned long explore(const struct scenario *scenario, bool *failed);

/* In act(): counts up with each step of any actor */
unsigned long explore_clock(void);

/* Say why this run fails; it is still run to its end if that is possible */
void explore_fail(const char *why);

/* Say something when the program is ended from without */
void explore_at_death(void (*fn)(void));

/* schedule.c: which actor goes on */
void schedule_reset(unsigned int preemptions);
void schedule_begin(void);
bool schedule_next(void);
unsigned int schedule_choose(unsigned int options);
bool schedule_preemptible(void);
void schedule_preempted(void);
void schedule_print(void);

/* arena.c: memory of one run */
void arena_reset(void);
void arena_region(unsigned int region);
unsigned long arena_live(void);

/* shared.c: addresses that are used by several actors */
void shared_reset(void);
void shared_begin(void);
bool shared_note(const volatile void *address, unsigned int actor, bool write);
bool shared_grown(void);

#endif
