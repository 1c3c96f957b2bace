/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An instant that outlives the boot: how much time has passed since then
 */
#ifndef SYNCMAPCTL_MOMENT_H
#define SYNCMAPCTL_MOMENT_H

#include <stdbool.h>
#include <stdint.h>

struct json_object;

/* Nanoseconds; @boottime as the initial time namespace shows it */
struct moment {
	uint64_t	realtime;
	uint64_t	boottime;
	char		boot[40];	/* its id; may be empty */
};

/*
 * @ns is what has passed. @set is by how much the clock was set meanwhile; with
 * @at_least it is known only that it was set back by as much or more, and that
 * not less than @ns has passed.
 */
struct passed {
	uint64_t	ns;
	int64_t		set;
	bool		at_least;
};

struct moment moment_now(void);

/*
 * In the same boot by the clock that nobody can set, else by the clock on the
 * wall: of that it is known that the machine cannot have booted before @then.
 */
struct passed moment_passed(const struct moment *then,
			    const struct moment *now);

/* To JSON, and back: NULL, or what is wrong */
struct json_object *moment_to_json(const struct moment *moment);
const char *moment_from_json(struct json_object *json, struct moment *moment);

#endif
