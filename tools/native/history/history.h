/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What is done to a map, what came of it, and whether that is linearizable:
 * whether there is an order of the operations, in keeping with which ended
 * before which began, in which a sequential map gives the same results.
 */
#ifndef _HISTORY_H
#define _HISTORY_H

#include <linux/syncmap.h>

/* Keys of a history are numbers from 0; others may be in the map as well */
#define KEYS_MAX	8
#define OTHERS_MAX	100

/* The model's value of an absent key; values are numbers from 1 */
#define ABSENT		0

enum action {
	/* on one key */
	LOAD,
	STORE,
	SWAP,
	SWAP_RESERVED,
	LOAD_OR_STORE,
	LOAD_OR_COMPUTE,	/* the computation fails if new is ABSENT */
	LOAD_AND_DELETE,
	DELETE,
	COMPARE_AND_SWAP,
	COMPARE_AND_DELETE,
	/* on all: recorded as a load of each key */
	LOAD_MANY,
	RANGE,
	NEXT,
	/* on all at one time */
	CLEAR,
	/* on no key: not recorded */
	UNRESERVE,
	PROMOTE,		/* new: the allocation that is to fail */
	PURGE,			/* the same */
	GROW,			/* a promotion that leaves room; the same */
	ACTIONS,
	/* by nobody: of @old, if it is there; recorded by who has stored it */
	EXPIRE = ACTIONS,
	/* of @old, which is there; recorded by who wants its room */
	EVICT,
};

extern const char *const action_names[ACTIONS];

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
};

/* What one thread has done, or all of them in any order */
struct history {
	struct operation	*ops;
	unsigned int		n;
	unsigned int		max;
};

/* A map under test */
struct trial {
	struct syncmap	map;
	unsigned int	keys;		/* of the history, */
	unsigned int	first;		/* and the number of the first of them */
	unsigned int	others;		/* there from the beginning, unless... */
	bool		clears;		/* ... somebody clears */
	atomic_t	computing[KEYS_MAX];
};

/* operation.c: do it to the map, and record what came of it */
void operation_run(struct trial *trial, struct operation op,
		   struct history *history);
void others_store(struct trial *trial, unsigned int n);

u64 hash_spread(const void *key, size_t len);
u64 hash_equal(const void *key, size_t len);

/*
 * The program says what time it is, by a number that grows with each call by
 * anybody, and hears what is wrong but for the results
 */
unsigned long history_clock(void);
void history_fail(const char *why);

/* model.c: do it to the model; false when the map said otherwise */
bool model_apply(unsigned int *value, const struct operation *op);
void operation_print(const struct operation *op);

/*
 * linear.c: NULL if linearizable, or an operation which none of the ways that
 * explain all that ended before it also explains. @before has the model's value
 * of each key. Not for several threads at a time.
 */
const struct operation *history_refute(const struct history *history,
				       const unsigned int *before);
void history_print(const struct history *history, const struct operation *at);

#endif
