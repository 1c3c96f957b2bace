// SPDX-License-Identifier: GPL-2.0-only
/*
 * Policies that have all entries in one list: exact LRU, CLOCK, FIFO, SIEVE
 */
#include <stdlib.h>

#include "policy.h"

/* By number; the one behind the last, @end, is between the newest and the oldest */
static struct node {
	u32	newer;
	u32	older;
	bool	here;
	bool	used;
} *nodes;

static u32 end, hand, count, most;

static void begin(const struct trace *trace, u32 entries)
{
	end = trace->keys;
	nodes = calloc(end + 1, sizeof(*nodes));
	nodes[end].newer = nodes[end].older = end;
	hand = end;
	count = 0;
	most = entries;
}

static void finish(void)
{
	free(nodes);
}

static void link_newest(u32 number)
{
	u32 newest = nodes[end].older;

	nodes[number].older = newest;
	nodes[number].newer = end;
	nodes[newest].newer = nodes[end].older = number;
}

static void unlink_node(u32 number)
{
	nodes[nodes[number].newer].older = nodes[number].older;
	nodes[nodes[number].older].newer = nodes[number].newer;
}

static void come(u32 number)
{
	nodes[number].here = true;
	nodes[number].used = false;
	link_newest(number);
	count++;
}

static void go(u32 number)
{
	nodes[number].here = false;
	unlink_node(number);
	count--;
}

static u32 oldest(void)
{
	return nodes[end].newer;
}

static bool ask_lru(u32 number)
{
	if (nodes[number].here) {
		unlink_node(number);
		link_newest(number);
		return true;
	}
	if (count == most)
		go(oldest());
	come(number);
	return false;
}

static bool ask_fifo(u32 number)
{
	if (nodes[number].here)
		return true;
	if (count == most)
		go(oldest());
	come(number);
	return false;
}

/* What is used is passed by once, and is as if it were new */
static bool ask_clock(u32 number)
{
	u32 at;

	if (nodes[number].here)
		return nodes[number].used = true;
	while (count == most) {
		at = oldest();
		if (!nodes[at].used) {
			go(at);
			break;
		}
		nodes[at].used = false;
		unlink_node(at);
		link_newest(at);
	}
	come(number);
	return false;
}

/* It stays where it is */
static void move_hand(void)
{
	if (hand == end)
		hand = oldest();
	while (nodes[hand].used) {
		nodes[hand].used = false;
		hand = nodes[hand].newer;
		if (hand == end)
			hand = oldest();
	}
}

static bool ask_sieve(u32 number)
{
	u32 at;

	if (nodes[number].here)
		return nodes[number].used = true;
	if (count == most) {
		move_hand();
		at = hand;
		hand = nodes[at].newer;
		go(at);
	}
	come(number);
	return false;
}

const struct policy policy_lru = {
	.name = "LRU", .summary = "exact, all entries in one list",
	.begin = begin, .ask = ask_lru, .end = finish,
};

const struct policy policy_clock = {
	.name = "CLOCK", .summary = "one bit, the order in which they came",
	.begin = begin, .ask = ask_clock, .end = finish,
};

const struct policy policy_fifo = {
	.name = "FIFO", .summary = "no matter what is used",
	.begin = begin, .ask = ask_fifo, .end = finish,
};

const struct policy policy_sieve = {
	.name = "SIEVE", .summary = "one bit, what stays keeps its place",
	.begin = begin, .ask = ask_sieve, .end = finish,
};
