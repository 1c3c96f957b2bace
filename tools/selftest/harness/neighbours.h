/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An attacker, a victim on a map of its own, and an owner whose map the attacker
 * uses, too
 *
 * All attackers are on one processor, victim and owner are timed on another one.
 * The baseline is that as many threads spin in user space. Medians of some rounds
 * are compared: the slowest percent of the victim's transactions may take three
 * times as long as in the baseline, of the owner's ten times. A trial that fails
 * is repeated, as the machine may have been busy; an attack that works does so
 * each time. On a kernel with lockdep times mean nothing; what does not depend on
 * them is demanded there as well: nobody waits for the attackers, nothing is lost,
 * none of them is hard to kill, and nobody is killed for want of memory.
 */
#ifndef NEIGHBOURS_H
#define NEIGHBOURS_H

#include "map.h"

/* The owner's map, which everybody may use; below OWNED its keys are the owner's */
#define SHARED		TEST_NAME "shared"
#define OWNED		1000

#define VICTIM		2001
#define OWNER		2002
#define ATTACKER	2003
/* The first of the attacker's subordinate users */
#define SUBORDINATE	3000

struct attack;

/* A thread of an attacker; @fd and @data are those of its process */
struct attacker {
	const struct attack	*attack;
	int			process;
	int			thread;
	int			shared;		/* a descriptor of the map SHARED */
	int			fd;
	void			*data;
};

/**
 * struct attack - a row of the table
 * @name: of the test
 * @what: what one step does, for the rate
 * @begin: in each process, before it attacks; may be NULL
 * @step: in each thread, again and again; returns how often it has done that
 * @check: demands besides those that all rows have, while the attack goes on;
 *	may be NULL
 * @processes: how many
 * @threads: of each of them
 * @subordinate: each process is another of the attacker's subordinate users
 * @memory: what memory.max says of all of them together; NULL: no limit
 * @floor: steps per second: a lower rate has shown nothing
 */
struct attack {
	const char	*name;
	const char	*what;
	void		(*begin)(struct attacker *me);
	unsigned int	(*step)(struct attacker *me);
	void		(*check)(int shared);
	unsigned int	processes;
	unsigned int	threads;
	bool		subordinate;
	const char	*memory;
	unsigned int	floor;
};

void neighbours_run(const struct attack *attack);

/* Whether times are to be demanded here */
bool neighbours_timed(void);

/* @fn as another user; the result is the descriptor that it returns */
int neighbours_as(uid_t uid, int (*fn)(void));

/* What an attacker is refused is no failure: of itself, or of memory */
bool neighbours_refused(int ret);

/* All operations of @n keys from @from on in one call; how many succeeded */
unsigned int neighbours_batch(int fd, struct syncmap_op op, __u64 from,
			      unsigned int n);

#endif /* NEIGHBOURS_H */
