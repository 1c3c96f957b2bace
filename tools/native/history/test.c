// SPDX-License-Identifier: GPL-2.0-only
/*
 * The checker, checked: histories that are wrong in one way each, each beside
 * the nearest ones that are right; and random ones, over which it must agree
 * with a search of all orders.
 */
#include <string.h>
#include <linux/prandom.h>

#include "history.h"

#define OPS_MAX		12

/* Results: of who loads, ABSENT if the key was; else, whether it did it */
#define LOADS(k, from, to, v)						\
	{ LOAD, k, .begin = from, .end = to, .yes = (v) != ABSENT, .value = v }
#define SHOWS(k, from, to, v)						\
	{ RANGE, k, .begin = from, .end = to, .yes = (v) != ABSENT, .value = v }
#define STORES(k, from, to, v)						\
	{ STORE, k, .new = v, .begin = from, .end = to }
#define SWAPS(k, from, to, v, was)					\
	{ SWAP, k, .new = v, .begin = from, .end = to,			\
	  .yes = (was) != ABSENT, .value = was }
#define LOADS_OR_STORES(k, from, to, v, was)				\
	{ LOAD_OR_STORE, k, .new = v, .begin = from, .end = to,		\
	  .yes = (was) != ABSENT, .value = was }
#define LOADS_AND_DELETES(k, from, to, was)				\
	{ LOAD_AND_DELETE, k, .begin = from, .end = to,			\
	  .yes = (was) != ABSENT, .value = was }
#define DELETES(k, from, to, did)					\
	{ DELETE, k, .begin = from, .end = to, .yes = did }
#define COMPARES_AND_SWAPS(k, from, to, was, v, did)			\
	{ COMPARE_AND_SWAP, k, was, v, from, to, did }
#define COMPARES_AND_DELETES(k, from, to, was, did)			\
	{ COMPARE_AND_DELETE, k, was, .begin = from, .end = to, .yes = did }
#define EXPIRES(k, from, to, was)					\
	{ EXPIRE, k, was, .begin = from, .end = to }
#define IS_EVICTED(k, from, to, was)					\
	{ EVICT, k, was, .begin = from, .end = to }
#define CLEARS(from, to)						\
	{ CLEAR, .begin = from, .end = to }

/* Key 0 is 1 before, key 1 is 2, and the others are absent */
static const unsigned int before[KEYS_MAX] = { 1, 2 };

static const struct {
	const char		*name;
	bool			right;
	struct operation	ops[OPS_MAX];
} cases[] = {
	{ "nothing happens", true },
	{ "what was there is loaded", true, { LOADS(0, 1, 2, 1) } },
	{ "what was there is not loaded", false, { LOADS(0, 1, 2, ABSENT) } },
	{ "a key comes from nowhere", false, { LOADS(2, 1, 2, 7) } },

	{ "a stale read, while the store runs", true,
	  { STORES(0, 1, 5, 7), LOADS(0, 2, 6, 1) } },
	{ "a stale read, behind the store", false,
	  { STORES(0, 1, 5, 7), LOADS(0, 6, 8, 1) } },
	{ "a stale read that begins as the store ends", true,
	  { STORES(0, 1, 5, 7), LOADS(0, 5, 8, 1) } },
	{ "an early read, while the store runs", true,
	  { STORES(0, 3, 5, 7), LOADS(0, 1, 4, 7) } },
	{ "an early read, before the store", false,
	  { STORES(0, 3, 5, 7), LOADS(0, 1, 2, 7) } },
	{ "two reads during a store, old and new", true,
	  { STORES(0, 1, 9, 7), LOADS(0, 2, 3, 1), LOADS(0, 4, 5, 7) } },
	{ "two reads during a store, new and old", false,
	  { STORES(0, 1, 9, 7), LOADS(0, 2, 3, 7), LOADS(0, 4, 5, 1) } },
	{ "the same, but the reads overlap", true,
	  { STORES(0, 1, 9, 7), LOADS(0, 2, 4, 7), LOADS(0, 3, 5, 1) } },
	{ "two who read two stores in different orders", false,
	  { STORES(0, 1, 9, 7), STORES(0, 1, 9, 8),
	    LOADS(0, 2, 3, 7), LOADS(0, 4, 5, 8), LOADS(0, 6, 7, 7) } },
	{ "two stores, read in the other order", true,
	  { STORES(0, 1, 9, 7), STORES(0, 1, 9, 8),
	    LOADS(0, 2, 3, 8), LOADS(0, 4, 5, 7), LOADS(0, 6, 7, 7) } },

	{ "what expires, by its end", true,
	  { EXPIRES(0, 1, 5, 1), LOADS(0, 2, 3, 1), LOADS(0, 4, 6, ABSENT) } },
	{ "what expires, later", false,
	  { EXPIRES(0, 1, 5, 1), LOADS(0, 6, 8, 1) } },
	{ "what would expire if it was there still", true,
	  { STORES(0, 1, 2, 7), EXPIRES(0, 3, 5, 1), LOADS(0, 6, 8, 7) } },
	{ "what is evicted, by its end", true,
	  { IS_EVICTED(0, 1, 5, 1), LOADS(0, 2, 3, 1), LOADS(0, 4, 6, ABSENT) } },
	{ "what is evicted, later", false,
	  { IS_EVICTED(0, 1, 5, 1), LOADS(0, 6, 8, 1) } },
	{ "what is evicted, earlier", false,
	  { LOADS(0, 1, 2, ABSENT), IS_EVICTED(0, 3, 5, 1) } },
	{ "what is evicted is not there any more", false,
	  { STORES(0, 1, 2, 7), IS_EVICTED(0, 3, 5, 1) } },
	{ "what is evicted twice", false,
	  { IS_EVICTED(0, 1, 5, 1), IS_EVICTED(0, 2, 6, 1) } },

	{ "a lost update", false,
	  { SWAPS(0, 1, 4, 7, 1), SWAPS(0, 2, 5, 8, 1) } },
	{ "two updates, one behind the other", true,
	  { SWAPS(0, 1, 4, 7, 1), SWAPS(0, 2, 5, 8, 7) } },
	{ "two updates against their order in time", false,
	  { SWAPS(0, 1, 2, 7, 8), SWAPS(0, 3, 5, 8, 1) } },
	{ "two updates in either order", true,
	  { SWAPS(0, 1, 4, 7, 8), SWAPS(0, 3, 5, 8, 1) } },
	{ "an update that is not there at the end", false,
	  { SWAPS(0, 1, 2, 7, 1), LOADS(0, 9, 10, 1) } },
	{ "an update that is there at the end", true,
	  { SWAPS(0, 1, 2, 7, 1), LOADS(0, 9, 10, 7) } },

	{ "a key deleted and not back", true,
	  { LOADS_AND_DELETES(0, 1, 2, 1), LOADS(0, 3, 4, ABSENT) } },
	{ "a key deleted and resurrected", false,
	  { LOADS_AND_DELETES(0, 1, 2, 1), LOADS(0, 3, 4, ABSENT),
	    LOADS(0, 5, 6, 1) } },
	{ "a key deleted and stored again", true,
	  { LOADS_AND_DELETES(0, 1, 2, 1), LOADS(0, 3, 4, ABSENT),
	    STORES(0, 3, 6, 1), LOADS(0, 5, 6, 1) } },
	{ "one value taken twice", false,
	  { LOADS_AND_DELETES(0, 1, 4, 1), LOADS_AND_DELETES(0, 2, 3, 1) } },
	{ "one value taken once", true,
	  { LOADS_AND_DELETES(0, 1, 4, 1),
	    LOADS_AND_DELETES(0, 2, 3, ABSENT) } },
	{ "a delete of a key that is there does nothing", false,
	  { DELETES(0, 1, 2, false) } },
	{ "a delete of a key that is not there does nothing", true,
	  { DELETES(2, 1, 2, false) } },
	{ "two deletes, both of which did it", false,
	  { DELETES(0, 1, 3, true), DELETES(0, 2, 4, true) } },
	{ "two deletes with a store between them", true,
	  { DELETES(0, 1, 3, true), DELETES(0, 2, 4, true),
	    STORES(0, 1, 4, 7) } },

	{ "two store a key that was absent", false,
	  { LOADS_OR_STORES(2, 1, 4, 7, ABSENT),
	    LOADS_OR_STORES(2, 2, 3, 8, ABSENT) } },
	{ "one stores a key that was absent, one loads it", true,
	  { LOADS_OR_STORES(2, 1, 4, 7, ABSENT),
	    LOADS_OR_STORES(2, 2, 3, 8, 7) } },
	{ "a load or store loads its own value", false,
	  { LOADS_OR_STORES(2, 1, 4, 7, 7) } },
	{ "a load or store that stored is not there", false,
	  { LOADS_OR_STORES(2, 1, 4, 7, ABSENT), LOADS(2, 5, 6, ABSENT) } },

	{ "compare and swap succeeds twice from one value", false,
	  { COMPARES_AND_SWAPS(0, 1, 4, 1, 7, true),
	    COMPARES_AND_SWAPS(0, 2, 3, 1, 8, true) } },
	{ "compare and swap succeeds once from one value", true,
	  { COMPARES_AND_SWAPS(0, 1, 4, 1, 7, true),
	    COMPARES_AND_SWAPS(0, 2, 3, 1, 8, false) } },
	{ "compare and swap, one after the other", true,
	  { COMPARES_AND_SWAPS(0, 1, 4, 7, 8, true),
	    COMPARES_AND_SWAPS(0, 2, 3, 1, 7, true) } },
	{ "compare and swap fails without a reason", false,
	  { COMPARES_AND_SWAPS(0, 1, 4, 1, 7, false) } },
	{ "compare and swap of an absent key", false,
	  { COMPARES_AND_SWAPS(2, 1, 4, ABSENT, 7, true) } },
	{ "compare and delete succeeds twice from one value", false,
	  { COMPARES_AND_DELETES(0, 1, 4, 1, true),
	    COMPARES_AND_DELETES(0, 2, 3, 1, true) } },
	{ "compare and delete, and a store of the same", true,
	  { COMPARES_AND_DELETES(0, 1, 4, 1, true), STORES(0, 1, 4, 1),
	    COMPARES_AND_DELETES(0, 2, 3, 1, true) } },
	{ "compare and delete that does not delete", false,
	  { COMPARES_AND_DELETES(0, 1, 2, 1, true), LOADS(0, 3, 4, 1) } },

	{ "a range misses a stable key", false,
	  { SHOWS(0, 1, 4, ABSENT), SHOWS(1, 1, 4, 2) } },
	{ "a range misses a key that is away meanwhile", true,
	  { SHOWS(0, 1, 6, ABSENT), SHOWS(1, 1, 6, 2),
	    DELETES(0, 2, 3, true), STORES(0, 4, 5, 1) } },
	{ "a range misses a key that was away before", false,
	  { DELETES(0, 1, 2, true), STORES(0, 3, 4, 1),
	    SHOWS(0, 5, 6, ABSENT), SHOWS(1, 5, 6, 2) } },
	{ "a range shows values of different times", true,
	  { SHOWS(0, 1, 8, 7), SHOWS(1, 1, 8, 2),
	    STORES(0, 2, 3, 7), STORES(1, 4, 5, 8), STORES(0, 6, 7, 9) } },
	{ "a range shows a value that was over", false,
	  { STORES(0, 1, 2, 7), SHOWS(0, 3, 6, 1), SHOWS(1, 3, 6, 2) } },
	{ "a range shows a value of another key", false,
	  { SHOWS(0, 1, 6, 2), SHOWS(1, 1, 6, 2) } },
	{ "a range shows a key that came and went during it", true,
	  { SHOWS(2, 1, 6, 7), STORES(2, 2, 3, 7), DELETES(2, 4, 5, true) } },
	{ "a range shows a key that had gone", false,
	  { STORES(2, 1, 2, 7), DELETES(2, 3, 4, true), SHOWS(2, 5, 6, 7) } },

	{ "clear leaves nothing", true,
	  { CLEARS(1, 2), LOADS(0, 3, 4, ABSENT), LOADS(1, 3, 4, ABSENT) } },
	{ "clear leaves something", false,
	  { CLEARS(1, 2), LOADS(0, 3, 4, ABSENT), LOADS(1, 3, 4, 2) } },
	{ "a clear seen half done", false,
	  { CLEARS(1, 9), LOADS(0, 2, 3, ABSENT), LOADS(1, 4, 5, 2) } },
	{ "a clear seen before and after", true,
	  { CLEARS(1, 9), LOADS(0, 2, 3, 1), LOADS(1, 4, 5, ABSENT) } },
	{ "a clear seen half done by who overlap", true,
	  { CLEARS(1, 9), LOADS(0, 2, 4, ABSENT), LOADS(1, 3, 5, 2) } },
	{ "a clear takes what was stored before it began", true,
	  { STORES(2, 1, 2, 7), CLEARS(3, 6), LOADS(2, 7, 8, ABSENT) } },
	{ "a clear takes what was stored after it ended", false,
	  { CLEARS(1, 2), STORES(2, 3, 6, 7), LOADS(2, 7, 8, ABSENT) } },
	{ "a clear takes one of two that were stored one by one", false,
	  { CLEARS(1, 9), STORES(2, 2, 3, 7), STORES(3, 4, 5, 8),
	    LOADS(2, 10, 11, 7), LOADS(3, 10, 11, ABSENT) } },
	{ "a clear takes the first of two that were stored", true,
	  { CLEARS(1, 9), STORES(2, 2, 3, 7), STORES(3, 4, 5, 8),
	    LOADS(2, 10, 11, ABSENT), LOADS(3, 10, 11, 8) } },
	{ "one clear seen at two times", false,
	  { CLEARS(1, 20), LOADS(0, 2, 3, ABSENT), STORES(0, 4, 5, 7),
	    LOADS(0, 6, 7, ABSENT) } },
	{ "two clears seen at two times", true,
	  { CLEARS(1, 20), CLEARS(1, 20), LOADS(0, 2, 3, ABSENT),
	    STORES(0, 4, 5, 7), LOADS(0, 6, 7, ABSENT) } },
	{ "two clears, of which one has ended", false,
	  { CLEARS(1, 4), CLEARS(1, 4), LOADS(0, 2, 3, ABSENT),
	    STORES(0, 5, 6, 7), LOADS(0, 7, 8, ABSENT) } },
	{ "a clear between a delete and its key", false,
	  { DELETES(0, 1, 2, true), CLEARS(3, 4), DELETES(0, 5, 6, true) } },
};

static unsigned int passed, failed;

static void tell(const char *name, bool ok)
{
	if (!ok)
		printf("FAILED %s\n", name);
	passed += ok;
	failed += !ok;
}

static void play_case(unsigned int i)
{
	struct operation ops[OPS_MAX];
	struct history history = { ops };

	memcpy(ops, cases[i].ops, sizeof(ops));
	while (history.n < OPS_MAX && ops[history.n].end)
		history.n++;
	tell(cases[i].name, !history_refute(&history, before) == cases[i].right);
}

/* By the definition: try every order */

static bool may_be_next(const struct history *h, unsigned int done,
			const struct operation *op)
{
	unsigned int i;

	for (i = 0; i < h->n; i++)
		if (!(done & 1U << i) && h->ops[i].end < op->begin)
			return false;
	return !(done & 1U << (op - h->ops));
}

static bool some_order(const struct history *h, unsigned int done,
		       const unsigned int *values)
{
	unsigned int next[KEYS_MAX];
	const struct operation *op;

	if (done == (1U << h->n) - 1)
		return true;
	for (op = h->ops; op < h->ops + h->n; op++) {
		if (!may_be_next(h, done, op))
			continue;
		memcpy(next, values, sizeof(next));
		if (op->action == CLEAR)
			memset(next, 0, sizeof(next));
		else if (!model_apply(&next[op->key], op))
			continue;
		if (some_order(h, done | 1U << (op - h->ops), next))
			return true;
	}
	return false;
}

/* Random histories, of which about a half are right */

#define RANDOM_OPS	7
#define RANDOM_KEYS	2
#define RANDOM_VALUES	3
#define HISTORIES	100000

static struct rnd_state rnd;

static unsigned int below(unsigned int n)
{
	return prandom_u32_state(&rnd) % n;
}

static void invent(struct operation *op, unsigned int at)
{
	static const enum action actions[] = {
		LOAD, STORE, SWAP, LOAD_OR_STORE, LOAD_AND_DELETE, DELETE,
		COMPARE_AND_SWAP, COMPARE_AND_DELETE, CLEAR, CLEAR,
	};

	*op = (struct operation){
		.action = actions[below(ARRAY_SIZE(actions))],
		.key = below(RANDOM_KEYS),
		.old = 1 + below(RANDOM_VALUES),
		.new = 1 + below(RANDOM_VALUES),
		.begin = at > 6 ? at - 1 - below(6) : 0,
		.end = at + 1 + below(6),
	};
}

/* What a map would say that did them one by one */
static void answer(struct operation *op, unsigned int *values)
{
	unsigned int *value = &values[op->key];

	op->yes = *value != ABSENT;
	op->value = *value;
	if (op->action == COMPARE_AND_SWAP || op->action == COMPARE_AND_DELETE)
		op->yes = *value == op->old;
	if (op->action == CLEAR)
		memset(values, 0, KEYS_MAX * sizeof(*values));
	else
		model_apply(value, op);
}

static void corrupt(struct operation *op)
{
	op->value = below(1 + RANDOM_VALUES);
	op->yes = op->value != ABSENT;
}

static void play_random(void)
{
	unsigned int i, k, right = 0, wrong = 0, differ = 0;
	unsigned int values[KEYS_MAX];
	struct operation ops[RANDOM_OPS];
	struct history history = { ops, RANDOM_OPS };
	bool sought, checked;

	for (i = 0; i < HISTORIES; i++) {
		memcpy(values, before, sizeof(values));
		for (k = 0; k < RANDOM_OPS; k++) {
			invent(&ops[k], 3 * k);
			answer(&ops[k], values);
		}
		if (below(4))
			corrupt(&ops[below(RANDOM_OPS)]);
		sought = some_order(&history, 0, before);
		checked = !history_refute(&history, before);
		right += sought;
		wrong += !sought;
		differ += sought != checked;
	}
	printf("%u random histories are right, %u wrong\n", right, wrong);
	tell("random histories, judged as by the definition", !differ);
	tell("random histories of both kinds",
	     right > HISTORIES / 4 && wrong > HISTORIES / 4);
}

int main(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++)
		play_case(i);
	prandom_seed_state(&rnd, 1);
	play_random();
	printf("%u passed, %u failed\n", passed, failed);
	return failed || !passed;
}
