// SPDX-License-Identifier: GPL-2.0-only
/*
 * Crews of kernel threads.
 */
#include <linux/completion.h>
#include <linux/err.h>
#include <linux/kthread.h>
#include <linux/sched.h>
#include <linux/sched/task.h>

#include "crew.h"

struct crew {
	struct kunit		*test;
	struct completion	gate;
	atomic_t		members;
	atomic_t		waiting;	/* for their turn, or have had it */
	unsigned int		turn;
	atomic_t		failures;
	const char		*what;
	int			line;
	bool			aborted;
	unsigned int		size;
	struct worker		workers[CREW_MAX];
};

struct crew *crew_new(struct kunit *test)
{
	struct crew *crew = kunit_kzalloc(test, sizeof(*crew), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, crew);
	crew->test = test;
	init_completion(&crew->gate);
	return crew;
}

static void add(struct crew *crew, unsigned int id, bool helps,
		void (*fn)(struct worker *worker), void *arg)
{
	struct worker *worker = &crew->workers[crew->size];

	KUNIT_ASSERT_LT(crew->test, crew->size, CREW_MAX);
	worker->crew = crew;
	worker->tm = crew->test->priv;
	worker->arg = arg;
	worker->id = id;
	worker->fn = fn;
	worker->helps = helps;
	init_completion(&worker->ended);
	test_random(&worker->rnd, crew->size);
	if (!helps)
		atomic_inc(&crew->members);
	crew->size++;
}

void crew_add(struct crew *crew, unsigned int n,
	      void (*fn)(struct worker *worker), void *arg)
{
	unsigned int id;

	for (id = 0; id < n; id++)
		add(crew, id, false, fn, arg);
}

void crew_add_helper(struct crew *crew, void (*fn)(struct worker *worker),
		     void *arg)
{
	add(crew, 0, true, fn, arg);
}

bool crew_busy(struct worker *worker)
{
	cond_resched();
	return atomic_read(&worker->crew->members);
}

void crew_take_turn(struct worker *worker)
{
	struct crew *crew = worker->crew;

	atomic_inc(&crew->waiting);
	while (atomic_read(&crew->waiting) < crew->size ||
	       READ_ONCE(crew->turn) != worker->id) {
		cond_resched();
		cpu_relax();
	}
}

void crew_end_turn(struct worker *worker)
{
	WRITE_ONCE(worker->crew->turn, worker->id + 1);
}

void crew_promote(struct worker *worker)
{
	int err;

	do {
		err = syncmap_promote(&worker->tm->map);
		CREW_EXPECT(worker, !err || err == -EBUSY);
	} while (crew_busy(worker));
}

void crew_fail(struct worker *worker, const char *what, int line)
{
	struct crew *crew = worker->crew;

	if (atomic_inc_return(&crew->failures) != 1)
		return;
	crew->what = what;
	crew->line = line;
}

static int work(void *data)
{
	struct worker *worker = data;
	struct crew *crew = worker->crew;

	wait_for_completion(&crew->gate);
	if (!crew->aborted)
		worker->fn(worker);
	if (!worker->helps)
		atomic_dec(&crew->members);
	complete(&worker->ended);
	return 0;
}

static int start(struct worker *worker)
{
	worker->task = kthread_run(work, worker, "syncmap_crew");
	if (IS_ERR(worker->task))
		return PTR_ERR(worker->task);
	get_task_struct(worker->task);
	return 0;
}

/* Returns when every thread has ended, whatever happened */
void crew_run(struct crew *crew)
{
	struct worker *worker = crew->workers;
	struct worker *end = worker + crew->size;
	int err = 0;

	while (worker < end && !err)
		err = start(worker++);
	crew->aborted = err;
	end = err ? worker - 1 : worker;
	complete_all(&crew->gate);
	for (worker = crew->workers; worker < end; worker++) {
		wait_for_completion(&worker->ended);
		/* The code of the suite must not go before its thread has */
		kthread_stop(worker->task);
		put_task_struct(worker->task);
	}
	KUNIT_EXPECT_EQ(crew->test, err, 0);
	KUNIT_EXPECT_EQ_MSG(crew->test, atomic_read(&crew->failures), 0,
			    "first, in line %d: %s", crew->line, crew->what);
}
