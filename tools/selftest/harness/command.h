/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A table of all commands, each with an argument that succeeds; the tests
 * spoil exactly one thing in it
 */
#ifndef COMMAND_H
#define COMMAND_H

#include "map.h"

#define COMMAND_NAME	TEST_NAME "command"

union argument {
	struct syncmap_info		info;
	struct syncmap_create		create;
	struct syncmap_open		open;
	struct syncmap_remove		remove;
	struct syncmap_list		list;
	struct syncmap_map_info		map_info;
	struct syncmap_map_stats	stats;
	struct syncmap_op		op;
	struct syncmap_range		range;
	struct syncmap_clear		clear;
	struct syncmap_promote		promote;
	struct syncmap_watch		watch;
	struct syncmap_freeze		freeze;
	struct syncmap_batch		batch;
	struct syncmap_restrict		restrict_to;
	char				bytes[512];
};

struct command {
	const char	*name;
	unsigned long	number;
	size_t		size;
	bool		of_map;
	bool		replies;	/* has fields to write back */
	size_t		flags;		/* offset */
	__u32		known;		/* flags that mean something */
	size_t		reserved;	/* offset and bytes; 0 if there are none */
	size_t		reserved_size;
	size_t		out;		/* offset and bytes of fields to be ignored */
	size_t		out_size;
	void		(*fill)(union argument *arg);
};

extern const struct command commands[];
extern const size_t n_commands;

/* What the tests may not change: a map with a name, and with one entry */
struct fixture {
	int	map;
};

void command_set_up(struct fixture *fixture);
int command_call(const struct fixture *fixture, const struct command *command,
		 unsigned long number, void *arg);
/* Ends the effect of a call that succeeded */
void command_undo(struct fixture *fixture, const struct command *command,
		  void *arg);
/* EXPECTs the fixture, and the number of maps and descriptors, as at first */
void command_expect_unchanged(const struct fixture *fixture);

/* Each command in turn, with a good argument in @arg and a fresh fixture */
#define for_each_command(command, arg, fixture)				\
	for (command_set_up(&(fixture)), (command) = commands;		\
	     (command) < commands + n_commands &&			\
	     (test_context("%s", (command)->name), (command)->fill(&(arg)), 1); \
	     (command)++)

#endif /* COMMAND_H */
