/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Steps: what is done in one go is bounded (B.1)
 *
 * In one go is what is done in a read section, with what is under a lock in it;
 * or, in work that takes as long as there are keys, from one rest to the next. It
 * is made of steps that take constant time: a slot, a node or a bucket is looked
 * at. Debug builds, those with CONFIG_PROVE_RCU, count them, and warn of more than
 * STEPS_MAX; in others none of this is there.
 */
#ifndef _SYNCMAP_STEP_H
#define _SYNCMAP_STEP_H

#include <linux/bug.h>
#include <linux/compiler.h>
#include <linux/types.h>

#define STEPS_MAX	2048

static __always_inline void step_begin(u32 *steps)
{
	if (IS_ENABLED(CONFIG_PROVE_RCU))
		*steps = 0;
}

static __always_inline void step_count(u32 *steps)
{
	if (IS_ENABLED(CONFIG_PROVE_RCU))
		++*steps;
}

/* What is done in one go ends here, and something else begins */
static __always_inline void step_rest(u32 *steps)
{
	if (IS_ENABLED(CONFIG_PROVE_RCU))
		WARN_ON_ONCE(*steps > STEPS_MAX);
	step_begin(steps);
}

#endif /* _SYNCMAP_STEP_H */
