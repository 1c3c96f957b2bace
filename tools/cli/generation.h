/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A directory of saved maps
 *
 *	DIR/7/NAME.json		what the map is
 *	DIR/7/NAME.jsonl	its entries, as export --json-lines writes them
 *	DIR/7/.saved		says that it is one of ours; .saving: not complete
 *	DIR/current		a symbolic link to 7
 *
 * Each save makes a directory of its own, and when all of it is on disk turns the
 * link to it, at one instant: whoever is killed before has changed nothing. What
 * such a save has left is removed by the next one that is complete; what is not
 * ours stays, whatever its name is.
 */
#ifndef SYNCMAPCTL_GENERATION_H
#define SYNCMAPCTL_GENERATION_H

#include <stdbool.h>
#include <stdio.h>

struct generation {
	int	dir;		/* locked */
	int	fd;		/* of what is saved there; -1: nothing is */
	char	name[24];	/* "7"; empty: nothing is */
};

/* All that return int return 0, a negative errno, or one of these. */
enum {
	GENERATION_NOT_CURRENT	= -5000, /* the link leads to none of them */
	GENERATION_NONE,	/* something is there, but nothing that was saved */
	GENERATION_NOT_OURS,	/* another user's directory */
	GENERATION_SHARED,	/* others can write to it */
};

const char *generation_explain(int err);

/*
 * What was saved last: to be read, while nobody saves. Nothing, if the directory
 * is empty, or has no more than a first save that was not completed.
 */
int generation_open(struct generation *generation, const char *path);
/* A new one: to be written; @last is the one before, and may be none */
int generation_begin(struct generation *generation, const char *path,
		     struct generation *last);
/* All that is in @last is in this one, too, until it is written anew */
int generation_keep(struct generation *generation,
		    const struct generation *last);
/* Of this map there is in it what is in @last, if anything */
int generation_keep_map(struct generation *generation,
			const struct generation *last, const char *map);
/* It is complete, and takes the place of @last, which goes */
int generation_finish(struct generation *generation, struct generation *last);
/* Leaves it as it is; one that was begun goes */
void generation_close(struct generation *generation);
void generation_drop(struct generation *generation);

/* A file of a map: NAME and suffix; NULL and errno */
FILE *generation_file(const struct generation *generation, const char *map,
		      const char *suffix, const char *mode);
/* The names of its maps, in order: how many, or a negative errno */
int generation_list(const struct generation *generation, char ***names);
bool generation_has(const struct generation *generation, const char *map);
/* All of it is on disk, or it fails; @file is closed in any case */
int generation_sync(FILE *file);

#define SUFFIX_HEAD	".json"
#define SUFFIX_ENTRIES	".jsonl"

#endif
