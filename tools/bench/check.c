// SPDX-License-Identifier: GPL-2.0-only
/*
 * Whether a contender is right. One thread's answers must be those of an array.
 * With more threads, each has keys of its own, which only it changes: its
 * answers must still be those of an array. What others load of them must not be
 * older than what its owner had finished before, nor than what they loaded
 * before. Besides all fight for a few keys: each must have been stored as often
 * as it was deleted, or once more if it is there in the end.
 */
#include <stdio.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>

#include "driver.h"

#define OWN		4096	/* keys of each thread */
#define SHARED		16	/* keys that all fight for, numbered first */
#define OPS		100000
#define SLOW_OWN	64
#define SLOW_OPS	4000
#define SAID_MAX	10

/* What the owner of a key tells the others, by number of its last change */
struct news {
	u64	begun;
	u64	done;		/* times two, and one if the key is there */
};

struct run {
	const struct contender	*contender;
	const struct operations	*ops;
	struct map		*map;
	u64			keys;		/* of each thread */
	u64			limit;
	int			threads;
	struct checker		*checkers;	/* by thread */
	struct object		*objects;	/* values, if they have the node */
	struct news		*news;		/* by key */
};

struct checker {
	struct run	*run;
	int		thread;
	u64		random;
	u64		version;
	void		**model;	/* by own key */
	u64		*seen;		/* by key: latest version */
	s64		balance[SHARED];
	u64		wrong;
};

static void complain(struct checker *checker, const char *what, u64 number)
{
	if (checker->wrong++ < SAID_MAX)
		fprintf(stderr, "check: %s: thread %d, key %llu: %s\n",
			checker->run->contender->name, checker->thread, number,
			what);
}

static void expect(struct checker *checker, bool right, const char *what,
		   u64 number)
{
	if (unlikely(!right))
		complain(checker, what, number);
}

/* A value says which key it is of, and ascends with each change */
static void *new_value(struct checker *checker, u64 number)
{
	checker->version++;
	if (checker->run->objects)
		return &checker->run->objects[number];
	return (void *)((checker->version << 20 | (number + 1)) << 3);
}

static void begin(struct checker *checker, u64 number)
{
	smp_store_release(&checker->run->news[number].begun, checker->version);
}

static void finish(struct checker *checker, u64 number, bool present)
{
	smp_store_release(&checker->run->news[number].done,
			  checker->version << 1 | present);
}

static u64 value_key(const void *value)
{
	return ((unsigned long)value >> 3 & 0xfffff) - 1;
}

static u64 value_version(const void *value)
{
	return (unsigned long)value >> 23;
}

static u64 own_key(const struct checker *checker, u64 i)
{
	return SHARED + i * checker->run->threads + checker->thread;
}

static void check_load(struct checker *checker, u64 number, void *expected)
{
	void *value;
	bool found = checker->run->ops->load(checker->run->map, number, &value);

	expect(checker, found == !!expected, "presence", number);
	expect(checker, !found || value == expected, "value", number);
}

static void check_store(struct checker *checker, u64 number, void **model)
{
	*model = new_value(checker, number);
	begin(checker, number);
	checker->run->ops->store(checker->run->map, number, *model);
	finish(checker, number, true);
}

static void check_delete(struct checker *checker, u64 number, void **model)
{
	bool deleted;

	checker->version++;
	begin(checker, number);
	deleted = checker->run->ops->delete(checker->run->map, number);
	finish(checker, number, false);
	expect(checker, deleted == !!*model, "what delete says", number);
	*model = NULL;
}

static void check_load_or_store(struct checker *checker, u64 number,
				void **model)
{
	void *value = new_value(checker, number), *actual;
	bool loaded;

	if (!*model)
		begin(checker, number);
	loaded = checker->run->ops->load_or_store(checker->run->map, number,
						  value, &actual);
	expect(checker, loaded == !!*model, "what load_or_store says", number);
	if (!*model) {
		*model = value;
		finish(checker, number, true);
	}
	expect(checker, actual == *model, "load_or_store's value", number);
}

/* An object may not come back before a grace period: nothing is deleted */
static bool may_delete(const struct checker *checker)
{
	return !checker->run->objects || checker->run->threads == 1;
}

/* The map grows in one half of the run, and shrinks in the other, twice */
static void check_own(struct checker *checker, u64 op)
{
	bool grows = op * 4 / checker->run->limit % 2 == 0;
	u64 i = draw_below(&checker->random, checker->run->keys);
	u64 number = own_key(checker, i);
	u64 choice = draw_below(&checker->random, 8);

	if (choice < 3)
		check_load(checker, number, checker->model[i]);
	else if (choice == 3 && !checker->run->objects)
		check_load_or_store(checker, number, &checker->model[i]);
	else if (choice == 4 || (grows && choice < 7) || !may_delete(checker))
		check_store(checker, number, &checker->model[i]);
	else
		check_delete(checker, number, &checker->model[i]);
}

/* A thread loads keys of all the others, too */
static void check_other(struct checker *checker)
{
	struct run *run = checker->run;
	u64 number = SHARED + draw_below(&checker->random,
					 run->keys * run->threads);
	u64 done = smp_load_acquire(&run->news[number].done);
	void *value;

	if (!run->ops->load(run->map, number, &value)) {
		expect(checker, !(done & 1) || done >> 1 !=
		       smp_load_acquire(&run->news[number].begun),
		       "absent, and nobody deletes it", number);
	} else if (run->objects) {
		expect(checker, value == &run->objects[number], "other's value",
		       number);
	} else {
		expect(checker, value_key(value) == number, "key of the value",
		       number);
		expect(checker, value_version(value) >= done >> 1,
		       "a value from before the last change", number);
		expect(checker, value_version(value) >= checker->seen[number],
		       "a value older than before", number);
		checker->seen[number] = value_version(value);
	}
}

static void check_shared(struct checker *checker)
{
	struct run *run = checker->run;
	u64 number = draw_below(&checker->random, SHARED);
	void *value = new_value(checker, number), *actual;

	if (draw_below(&checker->random, 2)) {
		checker->balance[number] -= run->ops->delete(run->map, number);
		return;
	}
	if (!run->ops->load_or_store(run->map, number, value, &actual)) {
		checker->balance[number]++;
		expect(checker, actual == value, "own value", number);
	}
	expect(checker, value_key(actual) == number, "shared key", number);
}

static bool is_shared(const struct run *run)
{
	return !(run->contender->flags & (CAN_NOT_SHARE | CAN_NOT_SEE));
}

static struct run *running;

static void check_worker(struct worker *worker)
{
	struct checker *checker = &running->checkers[worker->thread];
	struct run *run = running;
	u64 op, i;

	for (op = 0; op < run->limit; op++) {
		check_own(checker, op);
		if (is_shared(run))
			check_other(checker);
		if (is_shared(run) && !run->objects)
			check_shared(checker);
		if (op % 16 == 0)
			rcu_quiescent();
	}
	for (i = 0; i < run->keys; i++)
		check_load(checker, own_key(checker, i), checker->model[i]);
}

/* To the pool the checkers are a workload */
static void run_workers(struct run *run)
{
	struct contender contender = *run->contender;
	struct job job;
	int t;

	contender.run[RUN_LOAD] = check_worker;
	job_init(&job, &contender, run->map, 1, run->threads, RUN_LOAD);
	for (t = 0; t < run->threads; t++)
		job.workers[t].limit = run->limit;
	running = run;
	job_run(&job, 0);
}

/* What is left of the keys that were fought for; the sum of its numbers */
static u64 check_balance(struct run *run)
{
	u64 number, sum = 0;
	s64 balance;
	void *value;
	int t;

	for (number = 0; number < SHARED; number++) {
		for (balance = 0, t = 0; t < run->threads; t++)
			balance += run->checkers[t].balance[number];
		if (run->ops->load(run->map, number, &value)) {
			balance--;
			sum += value_number(value);
		}
		expect(run->checkers, !balance, "more or fewer stores than deletes",
		       number);
	}
	return sum;
}

static void check_end(struct run *run)
{
	u64 i, sum = 0;
	void *value;
	int t;

	rcu_enter();
	if (is_shared(run))
		sum = check_balance(run);
	for (t = 0; t < run->threads; t++) {
		for (i = 0; i < run->keys; i++) {
			value = run->checkers[t].model[i];
			if (value)
				sum += value_number(value);
		}
	}
	if (run->ops->range)
		expect(run->checkers, run->ops->range(run->map) == sum,
		       "sum of the range", 0);
	rcu_leave();
}

static void checkers_init(struct run *run, u64 seed)
{
	struct checker *checker;
	int t;

	for (t = 0; t < run->threads; t++) {
		checker = &run->checkers[t];
		*checker = (struct checker){ .run = run, .thread = t };
		checker->random = seed + t;
		checker->model = kvcalloc(run->keys, sizeof(void *),
					  GFP_KERNEL);
		checker->seen = kvcalloc(SHARED + run->keys * run->threads,
					 sizeof(u64), GFP_KERNEL);
	}
}

static u64 check_run(struct run *run, u64 seed)
{
	struct checker checkers[BENCH_THREADS];
	u64 keys = SHARED + run->keys * run->threads;
	u64 wrong = 0;
	int t;

	run->news = kvcalloc(keys, sizeof(*run->news), GFP_KERNEL);
	if (run->contender->flags & CAN_EMBED)
		run->objects = kvcalloc(keys, sizeof(*run->objects),
					GFP_KERNEL);
	run->checkers = checkers;
	run->map = run->contender->create();
	checkers_init(run, seed);
	run_workers(run);
	check_end(run);
	run->contender->destroy(run->map);
	for (t = 0; t < run->threads; t++) {
		wrong += checkers[t].wrong;
		kvfree(checkers[t].model);
		kvfree(checkers[t].seen);
	}
	kvfree(run->objects);
	kvfree(run->news);
	return wrong;
}

/* How many answers were wrong; says on stderr which */
u64 check_contender(const struct contender *contender, u64 seed, int threads)
{
	bool slow = contender->flags & (CAN_NOT_STORE | CAN_NOT_HURRY);
	struct run one = {
		.contender = contender,
		.ops = &contender->operations,
		.keys = slow ? SLOW_OWN : OWN,
		.limit = slow ? SLOW_OPS : OPS,
		.threads = 1,
	};
	struct run many = one;

	many.threads = threads;
	if (contender->flags & CAN_NOT_SHARE)
		return check_run(&one, seed);
	return check_run(&one, seed) + check_run(&many, seed);
}
