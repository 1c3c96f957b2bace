/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Servers that are started for a measurement, each on a socket of its own in a
 * directory of its own, and ended by their number
 */
#ifndef BENCH_MAPPED_DAEMON_H
#define BENCH_MAPPED_DAEMON_H

#include <sys/types.h>

#define DAEMON_DIRECTORY	"/tmp/bench-server-XXXXXX"

struct daemon {
	char	directory[sizeof(DAEMON_DIRECTORY)];
	char	path[sizeof(DAEMON_DIRECTORY) + 8];	/* of the socket */
	pid_t	pid;
};

/* Both return NULL, or why not; what @argv begins listens on the path */
const char *daemon_prepare(struct daemon *daemon);
const char *daemon_start(struct daemon *daemon, const char *const *argv);

/* Return: a connected socket; -1 */
int daemon_connect(const struct daemon *daemon);
void daemon_end(struct daemon *daemon);

#endif
