// SPDX-License-Identifier: GPL-2.0-only
/*
 * Disturbance: now and then a thread falls behind at an access to shared memory,
 * for what two CPUs do at full speed seldom meets in the midst of it.
 */
#include <linux/prandom.h>
#include <linux/sched.h>
#include <linux/slab.h>

/* From one disturbance to the next */
#define POINTS_MAX	64
#define SPINS_MAX	4096

bool shim_points = true;

static __thread struct rnd_state rnd;
static __thread unsigned int points;

static u32 below(u32 n)
{
	if (!rnd.state)
		prandom_seed_state(&rnd, (unsigned long)&rnd);
	return prandom_u32_state(&rnd) % n;
}

void shim_reach(const volatile void *address, bool write)
{
	u32 spins;

	if (points--)
		return;
	points = below(POINTS_MAX);
	if (below(2)) {
		sched_yield();
		return;
	}
	for (spins = below(SPINS_MAX); spins; spins--)
		barrier();
}

bool shim_at_hand(void)
{
	return below(2);
}
