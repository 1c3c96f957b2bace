/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the examples share: they end, with a line that says where, at what should
 * not be; and have crowds of processes.
 */
#ifndef EXAMPLE_H
#define EXAMPLE_H

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <libsyncmap.h>

#define SECOND	1000000000ULL

#define check(what)							\
	do {								\
		if (!(what)) {						\
			fprintf(stderr, "%s:%d: it is not so: %s\n",	\
				__FILE__, __LINE__, #what);		\
			exit(1);					\
		}							\
	} while (0)

/* What has to work */
#define must(call)							\
	do {								\
		int err_ = (call);					\
									\
		if (err_) {						\
			fprintf(stderr, "%s:%d: %s: %s\n", __FILE__,	\
				__LINE__, #call,			\
				libsyncmap_strerror(err_));		\
			exit(1);					\
		}							\
	} while (0)

/* A key or value that is a string, and its length */
#define text(string)	(string), strlen(string)

/* A key or value that is a variable, and its length */
#define whole(variable)	&(variable), sizeof(variable)

/* A result that has room for what is found, in an array or a variable */
#define into(variable)							\
	&(struct libsyncmap_result){ .buffer = &(variable),		\
				     .size = sizeof(variable) }

/* A map without a name, for this process and its children */
static inline struct libsyncmap *new_map(enum syncmap_key_type type)
{
	struct libsyncmap *map;

	must(libsyncmap_create(NULL, type, NULL, 0600, &map));
	return map;
}

/*
 * The map by a descriptor of this process alone. Leases, and entries that are bound
 * to an open map, end with the last copy of the descriptor: what was inherited does
 * not end with us.
 */
static inline struct libsyncmap *own(const struct libsyncmap *map)
{
	struct libsyncmap *mine;

	must(libsyncmap_restrict(map, SYNCMAP_ACCESS_READ | SYNCMAP_ACCESS_WRITE,
				 &mine));
	return mine;
}

/* Add @n to the number of @key, which is 0 at first; what it is then */
static inline int count(const struct libsyncmap *map, const char *key, int n)
{
	struct libsyncmap_number number = {
		.operand = abs(n), .flags = SYNCMAP_FLAG_INITIAL,
	};

	must(libsyncmap_calculate(map, n < 0 ? SYNCMAP_OP_SUB : SYNCMAP_OP_ADD,
				  text(key), &number, NULL));
	return number.after;
}

/* @n processes that do @work at the same time; each has to end well */
static inline void crowd(int n, void (*work)(int who))
{
	int gate[2], status, i;
	char none;

	fflush(NULL);
	check(!pipe(gate));
	for (i = 0; i < n; i++) {
		pid_t child = fork();

		check(child >= 0);
		if (child)
			continue;
		close(gate[1]);
		/* The end of the file: all are here */
		check(!read(gate[0], &none, 1));
		work(i);
		exit(0);
	}
	close(gate[0]);
	close(gate[1]);
	while (n--) {
		check(wait(&status) > 0);
		check(WIFEXITED(status) && !WEXITSTATUS(status));
	}
}

#endif
