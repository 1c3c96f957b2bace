// SPDX-License-Identifier: GPL-2.0-only
/*
 * Usage: recorder [-n ROUNDS] [-s SEED] [-p] [-x]
 *
 * Threads do random operations on the few keys of a map and write down what
 * comes of them; the history of each round is judged. Everything but the
 * schedule follows from the seed of the round, which is SEED for the first one
 * and counts up. -p: rounds of pairs instead, see pairs.c. -x: stop at the first
 * failure.
 */
#include <getopt.h>
#include <linux/err.h>
#include <linux/prandom.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "../../../module/core/core.h"
#include "../history/history.h"
#include "record.h"

#define THREADS_MAX	4
#define OPS		1000		/* of a thread */
#define WEIGHT_MAX	8

/* And the one that begins and ends a round */
#define CREW		(THREADS_MAX + 1)

static const struct kind {
	const char		*name;
	struct syncmap_params	params;
} kinds[] = {
	{ "u64, fast", { .key_len = 8 } },
	{ "u64, siphash", { .key_len = 8, .hash = SYNCMAP_HASH_SIPHASH } },
	{ "u64, spread", { .key_len = 8, .hash = SYNCMAP_HASH_CUSTOM,
			   .hash_fn = hash_spread } },
	{ "u64, equal", { .key_len = 8, .hash = SYNCMAP_HASH_CUSTOM,
			  .hash_fn = hash_equal } },
	{ "two words, fast", { .key_len = 16 } },
	{ "two words, equal", { .key_len = 16, .hash = SYNCMAP_HASH_CUSTOM,
				.hash_fn = hash_equal } },
	{ "bytes, fast", {} },
	{ "bytes, siphash", { .hash = SYNCMAP_HASH_SIPHASH } },
	{ "bytes, spread", { .hash = SYNCMAP_HASH_CUSTOM,
			     .hash_fn = hash_spread } },
	{ "bytes, equal", { .hash = SYNCMAP_HASH_CUSTOM,
			    .hash_fn = hash_equal } },
};

/* Where a value has been; each is stored by one operation at most */
struct fate {
	unsigned int	stored;
	unsigned int	taken;		/* given back by an update */
	atomic_t	freed;		/* by the map */
	bool		computed;	/* and freed if it came too late */
};

struct thread {
	unsigned int		id;
	struct rnd_state	rnd;
	unsigned int		values;
	unsigned int		seen[KEYS_MAX];
	struct history		history;
	struct operation	ops[OPS * KEYS_MAX];
	struct task_struct	*task;
};

/* One round */
static struct trial trial;
static const struct kind *kind;
static enum action actions[ACTIONS * WEIGHT_MAX];
static unsigned int nactions, nthreads;
static struct thread threads[CREW];
static struct operation all[CREW * OPS * KEYS_MAX];
static struct fate fates[CREW * (OPS + 1)];
static atomic_t gate;
static const char *wrong;

/*
 * An operation lies between the two times it takes, since this is a full
 * barrier; so that one which ends before another one begins has done so in
 * truth. On x86 it is one even if relaxed, which shows ThreadSanitizer no order
 * between threads but the map's own.
 */
unsigned long history_clock(void)
{
	static unsigned long clock;

	barrier();
	return __atomic_fetch_add(&clock, 1, SHIM_TSAN ? __ATOMIC_RELAXED :
							 __ATOMIC_SEQ_CST);
}

void history_fail(const char *why)
{
	__atomic_store_n(&wrong, why, __ATOMIC_RELAXED);
}

static unsigned int below(struct thread *thread, unsigned int n)
{
	return prandom_u32_state(&thread->rnd) % n;
}

static bool stores(const struct operation *op)
{
	switch (op->action) {
	case STORE:
	case SWAP:
	case SWAP_RESERVED:
		return true;
	case LOAD_OR_STORE:
	case LOAD_OR_COMPUTE:
		return !op->yes && op->new != ABSENT;
	case COMPARE_AND_SWAP:
		return op->yes;
	default:
		return false;
	}
}

/* The value that @op has taken out of the map and handed to its caller */
static unsigned int takes(const struct operation *op)
{
	switch (op->action) {
	case SWAP:
	case SWAP_RESERVED:
	case LOAD_AND_DELETE:
		return op->value;
	case COMPARE_AND_SWAP:
	case COMPARE_AND_DELETE:
		return op->yes ? op->old : ABSENT;
	default:
		return ABSENT;
	}
}

static void do_one(struct thread *thread, enum action action, unsigned int key)
{
	struct operation op = { action, key, .old = thread->seen[key] };
	struct history *history = &thread->history;
	unsigned int n = history->n;

	if (action >= PROMOTE)
		op.new = below(thread, 2) ? 0 : below(thread, 8);
	else if (action != LOAD_OR_COMPUTE || below(thread, 4))
		op.new = 1 + thread->id + CREW * thread->values++;
	if (action == LOAD_OR_COMPUTE && op.new != ABSENT)
		fates[op.new].computed = true;
	operation_run(&trial, op, history);
	for (; n < history->n; n++) {
		op = history->ops[n];
		if (stores(&op))
			thread->seen[op.key] = op.new;
		else if (op.value != ABSENT)
			thread->seen[op.key] = op.value;
	}
}

static int work(void *arg)
{
	struct thread *thread = arg;
	unsigned int i;

	atomic_inc(&gate);
	while (atomic_read(&gate) < nthreads)
		cpu_relax();
	for (i = 0; i < OPS; i++)
		do_one(thread, actions[below(thread, nactions)],
		       below(thread, trial.keys));
	return 0;
}

static void free_value(void *value, void *arg)
{
	atomic_inc(&fates[syncmap_to_value(value)].freed);
}

/* Some actions, some often: what is left out gives the rest time to meet */
static void draw_actions(struct thread *host)
{
	unsigned int weight;
	enum action action;

	nactions = 0;
	trial.clears = below(host, 2);
	for (action = 0; action < ACTIONS; action++) {
		weight = below(host, 2) << below(host, 4);
		if (action == CLEAR)
			weight = trial.clears;
		if (action == LOAD || action == SWAP || action == PROMOTE)
			weight = weight ?: 1;
		while (weight--)
			actions[nactions++] = action;
	}
}

static void draw(u64 seed)
{
	struct thread *host = &threads[THREADS_MAX];
	struct thread *thread;

	for (thread = threads; thread < threads + CREW; thread++) {
		memset(thread, 0, offsetof(struct thread, ops));
		thread->id = thread - threads;
		prandom_seed_state(&thread->rnd, seed * CREW + thread->id);
		thread->history.ops = thread->ops;
		thread->history.max = ARRAY_SIZE(thread->ops);
	}
	memset(fates, 0, sizeof(fates));
	atomic_set(&gate, 0);
	wrong = NULL;
	trial = (struct trial){ .keys = 1 + below(host, KEYS_MAX) };
	kind = &kinds[below(host, ARRAY_SIZE(kinds))];
	nthreads = 2 + below(host, THREADS_MAX - 1);
	draw_actions(host);
}

static void begin(struct thread *host)
{
	struct syncmap_params params = kind->params;
	unsigned int key;

	params.free_value = free_value;
	if (syncmap_init(&trial.map, &params))
		abort();
	others_store(&trial, below(host, 2) * below(host, OTHERS_MAX));
	for (key = 0; key < trial.keys; key++)
		if (below(host, 2))
			do_one(host, below(host, 4) ? SWAP : PROMOTE, key);
}

static void run(void)
{
	unsigned int i;

	for (i = 0; i < nthreads; i++)
		threads[i].task = kthread_run(work, &threads[i], "recorder");
	for (i = 0; i < nthreads; i++) {
		if (IS_ERR(threads[i].task))
			abort();
		kthread_stop(threads[i].task);
	}
}

static int count(const struct syncmap_entry *entry, void *arg)
{
	++*(unsigned long *)arg;
	return 0;
}

/* What is there now is the end of the history */
static void end(struct thread *host)
{
	unsigned long n = 0;
	unsigned int key;

	for (key = 0; key < trial.keys; key++)
		do_one(host, LOAD, key);
	do_one(host, RANGE, 0);
	do_one(host, NEXT, 0);
	if (syncmap_check(&trial.map))
		history_fail("an invariant does not hold");
	syncmap_range(&trial.map, count, &n);
	if (syncmap_count(&trial.map) != n)
		history_fail("the count is wrong");
	syncmap_destroy(&trial.map);
}

static void judge(void)
{
	static const unsigned int before[KEYS_MAX];
	struct history history = { all };
	const struct operation *refuted;
	unsigned int i;

	for (i = 0; i < CREW; i++) {
		memcpy(&all[history.n], threads[i].ops,
		       threads[i].history.n * sizeof(*all));
		history.n += threads[i].history.n;
	}
	refuted = history_refute(&history, before);
	if (!refuted)
		return;
	history_print(&history, refuted);
	history_fail("not linearizable");
}

/*
 * Each value that was stored has been given back once, or freed once; or neither
 * when a store or a delete, which give nothing back, has come over it.
 */
static void judge_fates(void)
{
	bool lost = false;
	struct fate *fate;
	unsigned int i, k, ends;

	for (i = 0; i < CREW; i++) {
		for (k = 0; k < threads[i].history.n; k++) {
			struct operation *op = &threads[i].ops[k];

			lost |= op->action == STORE || op->action == DELETE;
			fates[takes(op)].taken++;
			if (stores(op))
				fates[op->new].stored++;
		}
	}
	for (fate = fates + 1; fate < fates + ARRAY_SIZE(fates); fate++) {
		ends = fate->taken + atomic_read(&fate->freed);
		if (fate->computed && !fate->stored)
			ends = fate->taken + (ends > 1);
		if (ends > fate->stored || (!lost && ends < fate->stored))
			history_fail("a value was lost, or came out twice");
	}
}

static unsigned int passed, failed;

static void count_round(bool ok)
{
	passed += ok;
	failed += !ok;
}

static void play_pairs(u64 seed)
{
	count_round(!pairs_play(seed));
}

static void play(u64 seed)
{
	struct thread *host = &threads[THREADS_MAX];

	draw(seed);
	begin(host);
	run();
	end(host);
	judge();
	judge_fates();
	count_round(!wrong);
	if (wrong)
		printf("FAILED seed %llu: %s (%s, %u keys and %u more, %u threads)\n",
		       (unsigned long long)seed, wrong, kind->name, trial.keys,
		       trial.others, nthreads);
}

int main(int argc, char **argv)
{
	unsigned int rounds = 100, i;
	u64 seed = 1;
	void (*round)(u64 seed) = play;
	bool stop_early = false;
	int option;

	while ((option = getopt(argc, argv, "n:ps:x")) != -1) {
		if (option == 'n')
			rounds = strtoul(optarg, NULL, 0);
		else if (option == 's')
			seed = strtoull(optarg, NULL, 0);
		else if (option == 'p')
			round = play_pairs;
		else if (option == 'x')
			stop_early = true;
		else
			return 2;
	}
	printf("%u rounds from seed %llu on\n", rounds,
	       (unsigned long long)seed);
	fflush(stdout);
	if (syncmap_core_init())
		abort();
	for (i = 0; i < rounds && !(failed && stop_early); i++)
		round(seed + i);
	syncmap_core_exit();
	printf("%u passed, %u failed\n", passed, failed);
	return failed || !passed;
}
