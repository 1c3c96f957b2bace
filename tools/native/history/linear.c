// SPDX-License-Identifier: GPL-2.0-only
/*
 * The checker of histories, in time linear in their length.
 *
 * A history is read in the order of time. What is remembered of the past is each
 * value that a key may have now, together with the operations under way that
 * have taken effect to give it that value; which they do no earlier than when
 * one of them ends (J. Wing and C. Gong, "Testing and verifying concurrent
 * objects", 1993; "just in time" as in G. Lowe, "Testing for linearizability",
 * 2017). Keys are looked at one by one (A. Horn and D. Kroening, "Faster
 * linearizability checking via P-compositionality", 2015), but for Clear: it
 * takes effect on all keys at one instant, and each instant at which it may
 * have done so is a world of its own. Nothing is lost by looking only at the
 * instants right before another operation ends: what begins before such an
 * instant may take effect after it.
 */
#include <string.h>
#include <linux/bitops.h>

#include "history.h"

/* Operations under way: one of each thread, on all keys perhaps */
#define SLOTS		64
#define CONFIGS_MAX	512
#define WORLDS_MAX	128

struct config {
	u64		done;		/* slots */
	unsigned int	value;
};

struct configs {
	unsigned int	n;
	struct config	at[CONFIGS_MAX];
};

struct world {
	u64		cleared;	/* by these slots */
	struct configs	keys[KEYS_MAX];
};

struct event {
	unsigned long		time;
	bool			end;
	const struct operation	*op;
};

static struct world worlds[WORLDS_MAX];
static unsigned int nworlds;
static const struct operation *slots[SLOTS];
static u64 taken;			/* slots */
static u64 pending[KEYS_MAX];		/* of them, on a key */
static u64 clears;			/* of them, on all */

static void too_many(const char *what)
{
	fprintf(stderr, "history: more %s than the checker has room for\n", what);
	abort();
}

static void add(struct configs *configs, struct config config)
{
	unsigned int i;

	for (i = 0; i < configs->n; i++)
		if (configs->at[i].done == config.done &&
		    configs->at[i].value == config.value)
			return;
	if (configs->n == CONFIGS_MAX)
		too_many("values of a key");
	configs->at[configs->n++] = config;
}

/*
 * All that can have come of @configs by now. What has @end in it ended there,
 * and the rest takes effect later.
 */
static void extend(struct configs *configs, u64 pending, u64 end)
{
	unsigned int i, slot;
	struct config next;
	u64 left;

	for (i = 0; i < configs->n; i++) {
		left = pending & ~configs->at[i].done;
		if (configs->at[i].done & end)
			continue;
		for (; left; left &= left - 1) {
			slot = __ffs64(left);
			next = configs->at[i];
			next.done |= 1ULL << slot;
			if (model_apply(&next.value, slots[slot]))
				add(configs, next);
		}
	}
}

static bool configs_within(const struct configs *a, const struct configs *b)
{
	unsigned int i, k;

	for (i = 0; i < a->n; i++) {
		for (k = 0; k < b->n; k++)
			if (a->at[i].done == b->at[k].done &&
			    a->at[i].value == b->at[k].value)
				break;
		if (k == b->n)
			return false;
	}
	return true;
}

static bool world_within(const struct world *a, const struct world *b)
{
	unsigned int key;

	for (key = 0; key < KEYS_MAX; key++)
		if (!configs_within(&a->keys[key], &b->keys[key]))
			return false;
	return a->cleared == b->cleared;
}

static void configs_copy(struct configs *to, const struct configs *from)
{
	to->n = from->n;
	memcpy(to->at, from->at, from->n * sizeof(*from->at));
}

/* Make @world the last of the first *@n, unless one of them says it all */
static void keep(const struct world *world, unsigned int *n)
{
	struct world *to = &worlds[*n];
	unsigned int i;

	for (i = 0; i < *n; i++)
		if (world_within(world, &worlds[i]))
			return;
	(*n)++;
	if (to == world)
		return;
	to->cleared = world->cleared;
	for (i = 0; i < KEYS_MAX; i++)
		configs_copy(&to->keys[i], &world->keys[i]);
}

static void clear(struct world *world, u64 slot)
{
	struct configs *configs, all;
	unsigned int key, i;

	world->cleared |= slot;
	for (key = 0; key < KEYS_MAX; key++) {
		configs = &world->keys[key];
		extend(configs, pending[key], 0);
		configs_copy(&all, configs);
		configs->n = 0;
		for (i = 0; i < all.n; i++)
			add(configs, (struct config){ all.at[i].done, ABSENT });
	}
}

/* A Clear may take effect now, in any world in which it has not */
static void clear_or_not(void)
{
	static struct world world;
	unsigned int i, key;
	u64 left;

	for (i = 0; i < nworlds; i++) {
		left = clears & ~worlds[i].cleared;
		for (; left; left &= left - 1) {
			world.cleared = worlds[i].cleared;
			for (key = 0; key < KEYS_MAX; key++)
				configs_copy(&world.keys[key],
					     &worlds[i].keys[key]);
			clear(&world, left & -left);
			if (nworlds == WORLDS_MAX)
				too_many("instants of a Clear");
			keep(&world, &nworlds);
		}
	}
}

/* Whether there is such a world: @slot of @op has taken effect */
static bool end_in(struct world *world, const struct operation *op, u64 slot)
{
	struct configs *configs = &world->keys[op->key];
	unsigned int i, n = 0;
	bool ended;

	if (op->action == CLEAR) {
		ended = world->cleared & slot;
		world->cleared &= ~slot;
		return ended;
	}
	extend(configs, pending[op->key], slot);
	for (i = 0; i < configs->n; i++) {
		if (configs->at[i].done & slot) {
			configs->at[n] = configs->at[i];
			configs->at[n++].done &= ~slot;
		}
	}
	configs->n = n;
	return n;
}

static bool end(const struct operation *op)
{
	unsigned int i, n = 0, slot = 0;

	while (slots[slot] != op)
		slot++;
	clear_or_not();
	for (i = 0; i < nworlds; i++)
		if (end_in(&worlds[i], op, 1ULL << slot))
			keep(&worlds[i], &n);
	nworlds = n;
	taken &= ~(1ULL << slot);
	slots[slot] = NULL;
	if (op->action == CLEAR)
		clears &= taken;
	else
		pending[op->key] &= taken;
	return nworlds;
}

static void begin(const struct operation *op)
{
	unsigned int slot;

	if (!~taken)
		too_many("operations at a time");
	slot = __ffs64(~taken);
	taken |= 1ULL << slot;
	slots[slot] = op;
	if (op->action == CLEAR)
		clears |= 1ULL << slot;
	else
		pending[op->key] |= 1ULL << slot;
}

/* Operations that touch each other in time overlap */
static int earlier(const void *a, const void *b)
{
	const struct event *one = a, *other = b;

	if (one->time != other->time)
		return one->time < other->time ? -1 : 1;
	return one->end - other->end;
}

static void reset(const unsigned int *before)
{
	unsigned int key;

	nworlds = 1;
	worlds[0].cleared = 0;
	for (key = 0; key < KEYS_MAX; key++) {
		worlds[0].keys[key].n = 1;
		worlds[0].keys[key].at[0] = (struct config){ 0, before[key] };
	}
	memset(slots, 0, sizeof(slots));
	memset(pending, 0, sizeof(pending));
	taken = 0;
	clears = 0;
}

static struct event *events_of(const struct history *history)
{
	static struct event *events;
	static unsigned int room;
	const struct operation *op;
	unsigned int i;

	if (room <= 2 * history->n) {
		room = 2 * history->n + 1;
		free(events);
		events = malloc(room * sizeof(*events));
		if (!events)
			abort();
	}
	for (i = 0; i < history->n; i++) {
		op = &history->ops[i];
		events[2 * i] = (struct event){ op->begin, false, op };
		events[2 * i + 1] = (struct event){ op->end, true, op };
	}
	qsort(events, 2 * history->n, sizeof(*events), earlier);
	return events;
}

const struct operation *history_refute(const struct history *history,
				       const unsigned int *before)
{
	const struct event *event, *events = events_of(history);

	reset(before);
	for (event = events; event < events + 2 * history->n; event++) {
		if (!event->end)
			begin(event->op);
		else if (!end(event->op))
			return event->op;
	}
	return NULL;
}

/* What has to do with @at, and ended not long before it or not at all */
#define PRINT_CLOCK	60
#define PRINT_ALL	40

void history_print(const struct history *history, const struct operation *at)
{
	const struct operation *op;

	for (op = history->ops; op < history->ops + history->n; op++) {
		if (history->n > PRINT_ALL &&
		    (op->end + PRINT_CLOCK < at->begin || op->begin > at->end))
			continue;
		if (op->key == at->key || op->action == CLEAR ||
		    at->action == CLEAR)
			operation_print(op);
	}
	fputs("# and no order explains", stderr);
	operation_print(at);
}
