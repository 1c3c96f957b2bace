/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Games: scenarios in which actors work on one map, most of them on one key.
 */
#ifndef _EXPLORE_GAME_H
#define _EXPLORE_GAME_H

#include "../history/history.h"
#include "explore.h"

/* Where the subject is */
enum place {
	NOWHERE,		/* the map is empty, and has no tables */
	UNKNOWN,		/* in no table */
	READ,
	READ_DEAD,		/* deleted, in the read table */
	DIRTY,
	DIRTY_DEAD,		/* deleted, in the dirty table */
	/* the same, in a map whose promotion ran out of memory */
	HALF_UNKNOWN,
	HALF_READ,
	HALF_READ_DEAD,
	HALF_OLD,		/* in the old dirty table */
	HALF_OLD_DEAD,
	HALF_DIRTY,		/* in the new one */
	/* beside a read table that has room for more keys */
	ROOM_UNKNOWN,
	ROOM_READ,		/* in it, since later */
	ROOM_READ_DEAD,
	ROOM_DIRTY,
	PLACES
};

/*
 * The first two keys share a chain and a bucket, and their hash where all are
 * equal; STABLE_READ and STABLE_DIRTY are there from beginning to end, but for the
 * latter in games with a purge, which leaves a dirty key alone.
 */
enum { SUBJECT, TWIN, STABLE_READ, STABLE_DIRTY, KEYS };

/* What kind of map it is */
struct kind {
	const char		*name;
	struct syncmap_params	params;
	unsigned int		first;	/* number of the subject; even */
	bool			basic;	/* not one that -a adds */
};

/* Each actor does one operation after the other */
#define OPS_MAX	2

struct act {
	unsigned int		n;
	struct operation	ops[OPS_MAX];
	struct operation	done[OPS_MAX * KEYS];
	struct history		history;
};

struct game {
	struct trial		trial;
	const struct kind	*kind;
	unsigned int		seed;
	enum place		place;
	bool			twin;	/* in the newest dirty table */
	bool			purge;	/* an actor does one */
	unsigned int		before[KEYS_MAX];
	struct act		acts[ACTORS_MAX];
	struct scenario		scenario;
	char			name[160];
};

bool game_has_place(const struct kind *kind, enum place place);
void game_init(struct game *g, const struct kind *kind, enum place place,
	       unsigned int preemptions);
void game_add(struct game *g, unsigned int actor, enum action action,
	      unsigned int key, bool fails);

/* A game's name is that of its kind, its place, and what each actor does */
void game_name(struct game *g);
void game_parse(struct game *g, const struct kind *kind, const char *name,
		unsigned int preemptions);

#endif
