// SPDX-License-Identifier: GPL-2.0-only
/*
 * Schedules in depth-first order: the choices of the last run, of which the last
 * one that has another option left is changed for the next run.
 */
#include "explore.h"

#define CHOICES_MAX	4096

static struct choice {
	u8	options;
	u8	chosen;
} choices[CHOICES_MAX];

static unsigned int depth, at;
static unsigned int bound, preempted;

void schedule_reset(unsigned int preemptions)
{
	depth = 0;
	bound = preemptions;
}

void schedule_begin(void)
{
	at = 0;
	preempted = 0;
}

/* False when all schedules have been run */
bool schedule_next(void)
{
	while (depth && choices[depth - 1].chosen + 1 ==
			choices[depth - 1].options)
		depth--;
	if (!depth)
		return false;
	choices[depth - 1].chosen++;
	return true;
}

unsigned int schedule_choose(unsigned int options)
{
	if (at == CHOICES_MAX) {
		explore_fail("too many choices");
		return 0;
	}
	if (at == depth)
		choices[depth++] = (struct choice){ .options = options };
	if (choices[at].options != options) {
		fprintf(stderr, "explore: a run did not repeat itself\n");
		abort();
	}
	return choices[at++].chosen;
}

bool schedule_preemptible(void)
{
	return preempted < bound;
}

void schedule_preempted(void)
{
	preempted++;
}

void schedule_print(void)
{
	unsigned int i;

	for (i = 0; i < at; i++)
		if (choices[i].chosen)
			fprintf(stderr, " %u:%u", i, choices[i].chosen);
}
