// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which addresses several actors use, one of them writing: a hash table that
 * remembers them over all runs of a scenario.
 */
#include "explore.h"

#define SLOTS	(1U << 16)

struct use {
	const volatile void	*address;
	unsigned long		run;
	u8			users;		/* in this run */
	bool			written;
	unsigned long		since;		/* run that shared it first */
};

/* What is left of an earlier scenario counts as free */
static struct use uses[SLOTS];
static unsigned long run, first;
static bool grown;

void shared_reset(void)
{
	first = run + 1;
	grown = false;
}

void shared_begin(void)
{
	run++;
}

bool shared_grown(void)
{
	bool was = grown;

	grown = false;
	return was;
}

static struct use *find(const volatile void *address)
{
	unsigned int i = ((unsigned long)address * 0x9e3779b97f4a7c15UL) >> 48;

	while (uses[i].run >= first && uses[i].address != address)
		i = (i + 1) % SLOTS;
	if (uses[i].run < first)
		uses[i] = (struct use){ address };
	return &uses[i];
}

bool shared_note(const volatile void *address, unsigned int actor, bool write)
{
	struct use *use = find(address);

	if (use->run != run) {
		use->run = run;
		use->users = 0;
		use->written = false;
	}
	use->users |= 1 << actor;
	use->written |= write;
	if (!use->since && use->written && (use->users & (use->users - 1))) {
		use->since = run;
		grown = true;
	}
	/* What is found in a run holds from the next one on */
	return use->since && use->since < run;
}
