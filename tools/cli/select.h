/* SPDX-License-Identifier: GPL-2.0-only */
/* Those entries of a map that the options ask for, in the order that they say */
#ifndef SYNCMAPCTL_SELECT_H
#define SYNCMAPCTL_SELECT_H

#include "cli.h"

/*
 * As libsyncmap_range(), of entries with the prefix, at most as many as the limit
 * says. With an order all of these are in memory before the first is told; with a
 * limit, too, so many. Entries are told in no order, else, as the map is read.
 *
 * Returns 0; what @fn returned, if not 0; a negative errno. Begin with
 * select_check(), which returns the exit code.
 */
int select_check(struct cli *cli);
int select_entries(struct cli *cli, unsigned int flags,
		   int (*fn)(const struct libsyncmap_record *entry, void *arg),
		   void *arg);

#endif
