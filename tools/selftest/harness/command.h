/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * All commands of the table, each with an argument that succeeds; the tests
 * spoil exactly one thing in it
 */
#ifndef COMMAND_H
#define COMMAND_H

#include "map.h"
#include "table.h"

#define COMMAND_NAME	TEST_NAME "command"
/* A descriptor of a map without a name, and the name that it is given */
#define COMMAND_SPARE	200
#define COMMAND_NEW	TEST_NAME "published"

union argument {
	struct syncmap_info		info;
	struct syncmap_create		create;
	struct syncmap_open		open;
	struct syncmap_remove		remove;
	struct syncmap_publish		publish;
	struct syncmap_list		list;
	struct syncmap_map_info		map_info;
	struct syncmap_stats		stats;
	struct syncmap_op		op;
	struct syncmap_batch		batch;
	struct syncmap_await		await;
	struct syncmap_range		range;
	struct syncmap_watch		watch;
	struct syncmap_clear		clear;
	struct syncmap_set		set;
	struct syncmap_restrict		restrict_to;
	struct syncmap_freeze		freeze;
	struct syncmap_retire		retire;
	char				bytes[512];
};

struct command {
	const char		*name;
	unsigned long		number;
	size_t			size;
	bool			of_map;
	__u32			known;	/* flags that mean something */
	const struct layout	*layout;
	const union argument	*good;
};

/* Where it is in commands[] */
enum {
#define CONTROL_COMMAND(nr, id, ...)	COMMAND_##id,
#define MAP_COMMAND(nr, id, ...)	COMMAND_##id,
#include "abi.h"
	N_COMMANDS
};

extern const struct command commands[N_COMMANDS];

/* On the key that is there, with all the operands that the operation takes */
struct syncmap_op command_good_op(const struct operation *operation);

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
/* Where @arg has the field, or NULL */
void *command_field(const struct command *command, void *arg,
		    const char *name);
/* EXPECTs that the answer, if there is one, tells the error */
void command_expect_error(const struct command *command, void *arg, int status,
			  size_t field);
/* EXPECTs the fixture, and the number of maps and descriptors, as at first */
void command_expect_unchanged(const struct fixture *fixture);

/* Each command in turn, with a good argument in @arg and a fresh fixture */
#define for_each_command(command, arg, fixture)				\
	for (command_set_up(&(fixture)), (command) = commands;		\
	     (command) < commands + N_COMMANDS &&			\
	     (test_context("%s", (command)->name), (arg) = *(command)->good, 1); \
	     (command)++)

#endif /* COMMAND_H */
