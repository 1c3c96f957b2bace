/* SPDX-License-Identifier: GPL-2.0-only */
/* Who has which map open, as far as /proc tells the caller */
#ifndef SYNCMAPCTL_HOLDERS_H
#define SYNCMAPCTL_HOLDERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* A descriptor of a map in a process; @is_map: not one that watches or waits */
struct holder {
	uint64_t	id;
	pid_t		pid;
	int		fd;
	bool		is_map;
	char		command[16];
};

struct holders {
	struct holder	*list;		/* by number of map, then by process */
	size_t		n;
	bool		denied;		/* some processes were not seen */
};

/* The caller is one of them, if it has inherited a descriptor */
void holders_find(struct holders *holders);
void holders_free(struct holders *holders);

/* A descriptor of our own for the same open file, or a negative errno */
int holder_borrow(const struct holder *holder);

#endif
