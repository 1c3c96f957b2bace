/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What actors do to a map, what came of it, and whether that is linearizable:
 * whether there is an order of the operations, in keeping with which ended
 * before which began, in which a sequential map gives the same results and ends
 * as the map did.
 */
#ifndef _EXPLORE_HISTORY_H
#define _EXPLORE_HISTORY_H

#include <linux/syncmap.h>

/*
 * Keys 0 and 1 share a chain and a bucket, and their hash where all are equal;
 * STABLE_READ and STABLE_DIRTY are there from beginning to end.
 */
enum { SUBJECT, TWIN, STABLE_READ, STABLE_DIRTY, KEYS };

enum action {
	LOAD,
	SWAP,
	LOAD_OR_STORE,
	LOAD_AND_DELETE,
	COMPARE_AND_SWAP,
	COMPARE_AND_DELETE,
	RANGE,
	CLEAR,
	PROMOTE,
	ACTIONS
};

extern const char *const action_names[ACTIONS];

/* The model's value of an absent key; values are numbers from 1 */
#define ABSENT	0

struct operation {
	enum action	action;
	unsigned int	key;
	unsigned int	old;
	unsigned int	new;
	/* out */
	unsigned long	begin;
	unsigned long	end;
	bool		yes;
	unsigned int	value;
	unsigned int	seen[KEYS];	/* by RANGE */
};

void operation_run(struct syncmap *map, struct operation *op);
void operation_print(const struct operation *op);

/* @before and @after are the model's values of all keys */
bool linearizable(const struct operation *ops, unsigned int n,
		  const unsigned int *before, const unsigned int *after);

size_t key_bytes(const struct syncmap *map, unsigned int key, u8 *bytes);
unsigned int key_number(const struct syncmap_entry *entry);
bool value_of(struct syncmap *map, unsigned int key, unsigned int *value);

#endif
