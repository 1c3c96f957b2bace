// SPDX-License-Identifier: GPL-2.0-only
/*
 * Actors, and what the kernel is to them: locks, waiting, RCU, the background.
 */
#include <ucontext.h>
#include <linux/percpu.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/spinlock.h>
#include <linux/wait_bit.h>
#include <linux/workqueue.h>

#include "explore.h"

#if __has_feature(address_sanitizer)
#include <sanitizer/common_interface_defs.h>
#else
#define __sanitizer_set_death_callback(fn)	((void)(fn))
#define __sanitizer_start_switch_fiber(save, stack, size) ((void)(save))
#define __sanitizer_finish_switch_fiber(save, stack, size) ((void)(save))
#endif

#define STACK_BYTES	(256UL << 10)
#define STEPS_MAX	200000

enum condition { READY, BLOCKED, ENDED };

/* The last one is who sets up and verifies */
static struct actor {
	ucontext_t		context;
	char			*stack;
	size_t			size;
	void			*fake;		/* AddressSanitizer's */
	struct task_struct	task;
	enum condition		condition;
	unsigned int		depth;		/* of RCU read sections */
} actors[ACTORS_MAX + 1];

#define HOST	ACTORS_MAX

static char stacks[ACTORS_MAX][STACK_BYTES] __aligned(4096);
static const struct scenario *now;
static unsigned int running = HOST;
static unsigned int before;		/* who ran before */
static unsigned long clock_;
static const char *failure;
static struct rcu_work *waiting;
static struct work_struct *pending;	/* of the map's worker */
static bool working;

bool shim_points;
__thread struct task_struct *shim_task;
int nr_cpu_ids = 1;
struct workqueue_struct *system_unbound_wq;

unsigned long explore_clock(void)
{
	return clock_++;
}

void explore_fail(const char *why)
{
	if (!failure)
		failure = why;
}

void shim_warn(const char *file, int line, const char *what)
{
	fprintf(stderr, "# WARNING: %s:%d: %s\n", file, line, what);
	explore_fail("a warning");
}

static void switch_to(unsigned int next)
{
	struct actor *from = &actors[running];
	struct actor *to = &actors[next];
	bool ends = from->condition == ENDED;

	before = running;
	running = next;
	shim_points = next != HOST;
	shim_task = &to->task;
	arena_region(next);
	__sanitizer_start_switch_fiber(ends ? NULL : &from->fake, to->stack,
				       to->size);
	swapcontext(&from->context, &to->context);
	__sanitizer_finish_switch_fiber(from->fake, NULL, NULL);
}

/* The @n-th actor that is ready, without @except */
static unsigned int ready(unsigned int n, unsigned int except)
{
	unsigned int i;

	for (i = 0; i < now->actors; i++)
		if (i != except && actors[i].condition == READY && !n--)
			return i;
	return HOST;
}

static unsigned int count_ready(unsigned int except)
{
	unsigned int n = 0;

	while (ready(n, except) != HOST)
		n++;
	return n;
}

/* The running actor cannot go on */
static void give_way(void)
{
	unsigned int n = count_ready(running);

	switch_to(ready(n > 1 ? schedule_choose(n) : 0, running));
}

void shim_reach(const volatile void *address, bool write)
{
	unsigned int n, chosen;

	if (++clock_ > STEPS_MAX) {
		explore_fail("runs on for ever");
		actors[running].condition = BLOCKED;
		switch_to(HOST);
	}
	if (!shared_note(address, running, write))
		return;
	n = count_ready(running);
	if (!n || !schedule_preemptible())
		return;
	chosen = schedule_choose(n + 1);
	if (!chosen)
		return;
	schedule_preempted();
	switch_to(ready(chosen - 1, running));
}

static void block(void)
{
	if (running == HOST) {
		fprintf(stderr, "# %s\n", failure ?: "waits in vain");
		abort();
	}
	actors[running].condition = BLOCKED;
	give_way();
}

void shim_wake(void)
{
	unsigned int i;

	for (i = 0; i < ACTORS_MAX; i++)
		if (actors[i].condition == BLOCKED)
			actors[i].condition = READY;
}

void shim_wait_begin(void)
{
}

/* Who waits is the worker, if there is work and nobody is at it */
void shim_wait(void)
{
	struct work_struct *work = pending;

	if (!work || working) {
		block();
		return;
	}
	pending = NULL;
	working = true;
	work->func(work);
	working = false;
	shim_wake();
}

bool shim_wait_until(u64 ns)
{
	explore_fail("waits for room");
	return false;
}

void shim_wait_end(void)
{
}

void shim_lock(spinlock_t *lock)
{
	shim_point(lock, true);
	while (lock->locked)
		block();
	lock->locked = 1;
}

void shim_unlock(spinlock_t *lock)
{
	lock->locked = 0;
	shim_wake();
}

int shim_cpu(void)
{
	return 0;
}

struct task_struct *shim_task_make(void)
{
	return shim_task = &actors[running].task;
}

/* After a grace period, all at once: nobody can tell when it ran */
static void after_grace_period(struct rcu_work *work)
{
	bool were = shim_points;

	shim_points = false;
	work->work.func(&work->work);
	shim_points = were;
}

void rcu_read_lock(void)
{
	actors[running].depth++;
}

bool rcu_read_lock_held(void)
{
	return actors[running].depth;
}

void rcu_read_unlock(void)
{
	struct rcu_work **link = &waiting;
	struct rcu_work *work;

	if (--actors[running].depth)
		return;
	for (work = waiting; work; work = work->after)
		work->readers &= ~BIT(running);
	while ((work = *link)) {
		if (work->readers) {
			link = &work->after;
			continue;
		}
		*link = work->after;
		after_grace_period(work);
		link = &waiting;
	}
}

bool queue_rcu_work(struct workqueue_struct *wq, struct rcu_work *work)
{
	unsigned int i;

	work->readers = 0;
	for (i = 0; i <= HOST; i++)
		if (actors[i].depth)
			work->readers |= BIT(i);
	if (!work->readers) {
		after_grace_period(work);
		return true;
	}
	work->after = waiting;
	waiting = work;
	return true;
}

/* Housekeeping never comes by itself: promotions are done for those who ask */
bool shim_queue(struct workqueue_struct *wq, struct work_struct *work,
		unsigned long delay, bool again)
{
	if (again || delay == 1)
		pending = work;
	return true;
}

bool shim_cancel(struct work_struct *work)
{
	pending = NULL;
	return true;
}

struct workqueue_struct *alloc_workqueue(const char *name, int flags, int max, ...)
{
	return (struct workqueue_struct *)&waiting;
}

void destroy_workqueue(struct workqueue_struct *wq)
{
}

static void live(void)
{
	__sanitizer_finish_switch_fiber(NULL,
					(const void **)&actors[before].stack,
					&actors[before].size);
	now->act(now->arg, running);
	if (actors[running].depth)
		explore_fail("ends in a read section");
	actors[running].condition = ENDED;
	give_way();
}

static void start(unsigned int i)
{
	struct actor *actor = &actors[i];

	actor->stack = stacks[i];
	actor->size = STACK_BYTES;
	actor->condition = READY;
	actor->depth = 0;
	actor->task = (struct task_struct){};
	getcontext(&actor->context);
	actor->context.uc_stack.ss_sp = actor->stack;
	actor->context.uc_stack.ss_size = actor->size;
	makecontext(&actor->context, live, 0);
}

static bool run_once(void)
{
	unsigned int i;

	failure = NULL;
	clock_ = 0;
	waiting = NULL;
	pending = NULL;
	working = false;
	arena_reset();
	schedule_begin();
	shared_begin();
	now->setup(now->arg);
	for (i = 0; i < ACTORS_MAX; i++)
		actors[i].condition = ENDED;
	for (i = 0; i < now->actors; i++)
		start(i);
	switch_to(ready(now->actors > 1 ? schedule_choose(now->actors) : 0,
			HOST));
	for (i = 0; i < now->actors; i++)
		if (actors[i].condition != ENDED)
			explore_fail("nobody can go on");
	if (!failure && !now->verify(now->arg))
		explore_fail("wrong");
	if (!failure && arena_live())
		explore_fail("leaks memory");
	return !failure;
}

void explore_at_death(void (*fn)(void))
{
	__sanitizer_set_death_callback(fn);
}

unsigned long explore(const struct scenario *scenario, bool *failed)
{
	unsigned long runs = 0;
	bool again;

	now = scenario;
	shared_reset();
	do {
		schedule_reset(scenario->preemptions);
		do {
			runs++;
			*failed = !run_once();
			if (*failed) {
				fprintf(stderr, "# %s; choices:", failure);
				schedule_print();
				fputc('\n', stderr);
				return runs;
			}
			again = shared_grown();
		} while (!again && schedule_next());
	} while (again);
	return runs;
}
