/* SPDX-License-Identifier: GPL-2.0-only */
/* Processes that do all kinds of operations on a replica's keys, and are killed */
#ifndef WRITERS_H
#define WRITERS_H

#include "replica.h"

#define WRITERS_MAP	TEST_NAME "writers"
#define WRITERS_MAX	8
/* Revisions of which the writers say what they were */
#define WRITERS_LOG	(1 << 22)

/* In memory that they share with followers */
struct writers {
	bool		clear;		/* the map, at times */
	volatile bool	ended;		/* nothing changes any more */
	unsigned int	n;
	pid_t		pids[WRITERS_MAX];
	unsigned char	log[WRITERS_LOG];	/* 1 + number of the key */
};

struct writers *writers_new(unsigned int n, bool clear);
/* Makes the map, too; a descriptor of it */
int writers_start(struct writers *writers);
/* Kill one at random, and start another one */
void writers_replace(struct writers *writers);
/* Kill them all, and wait until nothing changes any more */
void writers_stop(struct writers *writers, int map);

#endif /* WRITERS_H */
