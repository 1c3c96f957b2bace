// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pairs: two threads update a key each, and then look at each other's. One at
 * least must see what the other has done, or there is no order of the four: an
 * update may not stay in a store buffer while a later look goes ahead. The clock
 * of a history would empty that buffer, so here nothing lies between an update
 * and the look but the map.
 */
#include <linux/err.h>
#include <linux/prandom.h>
#include <linux/sched.h>
#include <linux/string.h>

#include "record.h"

#define PAIRS		1000
#define SPINS_MAX	64

enum change {
	INSERT,
	INSERT_IF_ABSENT,
	INSERT_RESERVED,
	/* what is there already */
	OVERWRITE,
	COMPARE,
	REMOVE,
	COMPARE_AND_REMOVE,
	EMPTY,
	CHANGES
};

static const char *const names[CHANGES] = {
	"store", "load-or-store", "swap-reserved", "swap", "compare-and-swap",
	"delete", "compare-and-delete", "clear",
};

struct half {
	struct half		*other;
	struct syncmap		*map;		/* that it updates */
	enum change		change;
	u64			first;		/* key */
	struct rnd_state	rnd;
	struct task_struct	*task;
	unsigned int		at;		/* which pair */
	bool			blind[PAIRS];
	struct syncmap_reservation *res;
};

static struct half halves[2];
static struct syncmap maps[2];
static bool many;				/* look by load_many() */
static bool wide;				/* keys of two words */

static u32 below(struct half *half, u32 n)
{
	return prandom_u32_state(&half->rnd) % n;
}

static void *value(unsigned int n)
{
	return syncmap_mk_value(n);
}

/* The value of a key before it is updated is 1, if it is there */
static bool inserts(const struct half *half)
{
	return half->change <= INSERT_RESERVED;
}

static void prepare(struct half *half, const u64 *key, size_t len)
{
	if (half->change == INSERT_RESERVED)
		half->res = syncmap_reserve(half->map, key, len, GFP_KERNEL);
	if (IS_ERR(half->res) ||
	    (!inserts(half) &&
	     syncmap_store(half->map, key, len, value(1), GFP_KERNEL)))
		abort();
}

static __always_inline void update(struct half *half, const u64 *key,
				   size_t len)
{
	struct syncmap *map = half->map;
	void *v;

	switch (half->change) {
	case INSERT:
	case OVERWRITE:
		syncmap_store(map, key, len, value(2), GFP_KERNEL);
		break;
	case INSERT_IF_ABSENT:
		syncmap_load_or_store(map, key, len, value(2), &v, GFP_KERNEL);
		break;
	case INSERT_RESERVED:
		syncmap_swap_reserved(map, half->res, value(2), &v);
		break;
	case COMPARE:
		syncmap_compare_and_swap(map, key, len, value(1), value(2));
		break;
	case REMOVE:
		syncmap_delete(map, key, len);
		break;
	case COMPARE_AND_REMOVE:
		syncmap_compare_and_delete(map, key, len, value(1));
		break;
	default:
		syncmap_clear(map);
	}
}

/* Whether the other's key is as it was before it was updated */
static __always_inline bool is_blind(const struct half *other, const u64 *key,
				     size_t len)
{
	struct syncmap_lookup lookup = { .key = key, .len = len };

	if (many)
		syncmap_load_many(other->map, &lookup, 1);
	else
		lookup.found = syncmap_load(other->map, key, len, &lookup.value);
	if (inserts(other))
		return !lookup.found;
	return lookup.found && lookup.value == value(1);
}

/* To a CPU of its own: on one CPU the two would not run at the same time */
static void pin(unsigned int id)
{
	cpu_set_t all, one;
	int cpu = -1;

	if (sched_getaffinity(0, sizeof(all), &all) || CPU_COUNT(&all) < 2) {
		fputs("pairs need two CPUs\n", stderr);
		exit(1);
	}
	do
		while (!CPU_ISSET(++cpu, &all))
			;
	while (id--);
	CPU_ZERO(&one);
	CPU_SET(cpu, &one);
	sched_setaffinity(0, sizeof(one), &one);
}

/* Begin together, or nearly so */
static void meet(struct half *half, unsigned int i)
{
	volatile u32 spins = below(half, SPINS_MAX);
	unsigned int tries = 0;

	smp_store_release(&half->at, i + 1);
	while (smp_load_acquire(&half->other->at) <= i)
		if (++tries % 65536 == 0)
			cpu_relax();
	while (spins)
		spins--;
}

static __always_inline void work_on(struct half *half, size_t len)
{
	struct half *other = half->other;
	unsigned int i;

	for (i = 0; i < PAIRS; i++) {
		const u64 ours[2] = { half->first + i };
		const u64 theirs[2] = { other->first + i };

		prepare(half, ours, len);
		meet(half, i);
		update(half, ours, len);
		half->blind[i] = is_blind(other, theirs, len);
	}
}

static int work(void *arg)
{
	struct half *half = arg;

	pin(half - halves);
	if (wide)
		work_on(half, 2 * sizeof(u64));
	else
		work_on(half, sizeof(u64));
	return 0;
}

/* Inserts are what may go wrong on x86: all else is one locked instruction */
static void draw(struct half *half, u64 seed, unsigned int id)
{
	memset(half, 0, sizeof(*half));
	prandom_seed_state(&half->rnd, 2 * seed + id);
	half->other = &halves[!id];
	half->first = id * PAIRS;
	half->change = below(half, 4) ? INSERT : below(half, CHANGES);
	half->map = &maps[0];
}

static void run(void)
{
	unsigned int i;

	for (i = 0; i < 2; i++) {
		halves[i].task = kthread_run(work, &halves[i], "pair");
		if (IS_ERR(halves[i].task))
			abort();
	}
	for (i = 0; i < 2; i++)
		kthread_stop(halves[i].task);
}

/* How many pairs, of PAIRS, were in no order */
unsigned int pairs_play(u64 seed)
{
	struct syncmap_params params = { .key_len = sizeof(u64) };
	unsigned int i, wrong = 0;

	for (i = 0; i < 2; i++)
		draw(&halves[i], seed, i);
	/* In dirty tables keys of a word fill pairs, others have nodes */
	wide = below(&halves[0], 2);
	if (wide)
		params.key_len = 2 * sizeof(u64);
	for (i = 0; i < 2; i++)
		if (syncmap_init(&maps[i], &params))
			abort();
	many = below(&halves[0], 2);
	if (halves[0].change == EMPTY || halves[1].change == EMPTY ||
	    below(&halves[0], 2))
		halves[1].map = &maps[1];
	run();
	for (i = 0; i < PAIRS; i++)
		wrong += halves[0].blind[i] && halves[1].blind[i];
	for (i = 0; i < 2; i++)
		syncmap_destroy(&maps[i]);
	if (wrong)
		printf("FAILED seed %llu: %u of %u pairs of a %s and a load beside a %s and a load are in no order\n",
		       (unsigned long long)seed, wrong, PAIRS,
		       names[halves[0].change], names[halves[1].change]);
	return wrong;
}
