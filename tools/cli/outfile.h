/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A file that appears whole or not at all: it is written beside the one whose
 * place it takes, and when that is complete, and on the disk, gets the name, with
 * the owner, the mode and the ACL that the old one has then. What is no regular
 * file, as a pipe or /dev/stdout, is written as it is.
 *
 * Where it belongs is decided once, at the beginning: whoever turns directories and
 * symbolic links afterwards does not lead it elsewhere.
 */
#ifndef SYNCMAPCTL_OUTFILE_H
#define SYNCMAPCTL_OUTFILE_H

#include <stdbool.h>
#include <stdio.h>

struct outfile {
	FILE	*file;			/* to write to */
	bool	is_stdout;
	bool	direct;			/* not to be given a name */
	int	dir;			/* where its name is to be */
	char	*name;			/* behind symbolic links */
	char	temporary[32];		/* empty: there is no name yet */
};

/* "-" is standard output. Returns 0 or a negative errno. */
int outfile_open(struct outfile *out, const char *path);

/*
 * Give it its name; or without @keep, forget it. After an error, too, all is as it
 * was. Returns 0 or a negative errno.
 */
int outfile_close(struct outfile *out, bool keep);

#endif
