// SPDX-License-Identifier: GPL-2.0-only
/*
 * Belady's optimum: the entry goes that is used last of all. What nobody can do, as
 * it takes the rest of the trace.
 */
#include <stdlib.h>
#include <linux/kernel.h>

#include "policy.h"

/* An entry, and when it is used next; out of date if that has changed */
struct use {
	u32	when;
	u32	number;
};

static struct use *heap;	/* the last use comes first */
static u32 *next;		/* by place in the trace: when it is used again */
static u32 *due;		/* by number, while it is here: the same */
static bool *here;
static u32 size, at, count, most;

/* What is never used again has a time of its own, too */
static void look_ahead(const struct trace *trace)
{
	u32 *last = malloc(trace->keys * sizeof(*last)), i;

	for (i = 0; i < trace->keys; i++)
		last[i] = trace->length + i;
	for (i = trace->length; i--;) {
		next[i] = last[trace->at[i]];
		last[trace->at[i]] = i;
	}
	free(last);
}

static void begin(const struct trace *trace, u32 entries)
{
	heap = malloc((trace->length + 1) * sizeof(*heap));
	next = malloc(trace->length * sizeof(*next));
	due = malloc(trace->keys * sizeof(*due));
	here = calloc(trace->keys, sizeof(*here));
	size = at = count = 0;
	most = entries;
	look_ahead(trace);
}

static void finish(void)
{
	free(heap);
	free(next);
	free(due);
	free(here);
}

static void push(struct use use)
{
	u32 i = size++;

	for (; i && heap[(i - 1) / 2].when < use.when; i = (i - 1) / 2)
		heap[i] = heap[(i - 1) / 2];
	heap[i] = use;
}

static struct use pop(void)
{
	struct use first = heap[0], use = heap[--size];
	u32 i = 0, child;

	while ((child = 2 * i + 1) < size) {
		if (child + 1 < size && heap[child + 1].when > heap[child].when)
			child++;
		if (heap[child].when <= use.when)
			break;
		heap[i] = heap[child];
		i = child;
	}
	heap[i] = use;
	return first;
}

static void evict(void)
{
	struct use last;

	do {
		last = pop();
	} while (!here[last.number] || due[last.number] != last.when);
	here[last.number] = false;
	count--;
}

static bool ask(u32 number)
{
	bool found = here[number];

	if (!found && count == most)
		evict();
	count += !found;
	here[number] = true;
	due[number] = next[at++];
	push((struct use){ due[number], number });
	return found;
}

const struct policy policy_belady = {
	.name = "Belady", .summary = "the optimum, which knows what comes",
	.begin = begin, .ask = ask, .end = finish,
};
