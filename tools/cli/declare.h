/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Files that declare maps
 *
 *	# a comment
 *	[routes]
 *	mode = 644
 *	entries = 1000
 *	entry = {"key":"lo","value":"up"}
 *
 * A section is a map, and what may be in it has the names of the options of
 * create; besides owner and group, and an entry in each line that begins so.
 */
#ifndef SYNCMAPCTL_DECLARE_H
#define SYNCMAPCTL_DECLARE_H

#include "cli.h"

struct declared_entry {
	unsigned int	line;
	struct record	record;
};

struct declaration {
	char			name[SYNCMAP_NAME_SIZE];
	char			*where;	/* FILE:LINE of the section */
	const char		*path;
	struct cli		options;
	char			given[40];	/* letters of them */
	struct declared_entry	*entries;
	size_t			count;
};

struct declarations {
	struct declaration	*maps;
	size_t			count;
};

/*
 * Adds what a file declares. Returns the exit code; if it is not EXIT_YES, what is
 * wrong has been told, and nothing was added.
 */
int declare_file(struct cli *cli, const char *path,
		 struct declarations *declarations);
void declarations_free(struct declarations *declarations);

#endif
