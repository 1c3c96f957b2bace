// SPDX-License-Identifier: GPL-2.0-only
/*
 * The background: workers, as many as there are works that may be done at a time,
 * and one more, as for the kernel's unbound workqueues; and a thread that waits for
 * grace periods.
 */
#include <pthread.h>
#include <linux/ktime.h>
#include <linux/list.h>
#include <linux/sched.h>
#include <linux/workqueue.h>

/* Of a queue that leaves it to us: so that works overtake each other */
#define SOME		2

struct workqueue_struct {
	unsigned int	max;
	unsigned int	running;
	unsigned int	in_grace;
};

/* A worker, and what it does; that may not be there any more */
struct worker {
	struct list_head	node;
	struct work_struct	*work;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static struct work_struct *queue;		/* by time */
static LIST_HEAD(workers);
static unsigned int idle;
static struct rcu_work *waiting;		/* for a grace period */
static bool started;
static struct workqueue_struct of_all = { .max = SOME };

struct workqueue_struct *system_unbound_wq = &of_all;

static bool is_running(const struct work_struct *work)
{
	const struct worker *worker;

	list_for_each_entry(worker, &workers, node)
		if (worker->work == work)
			return true;
	return false;
}

static void insert(struct work_struct *work)
{
	shim_work_insert(&queue, work);
	pthread_cond_broadcast(&changed);
}

/* For who is not a worker; a reader of RCU must not keep others waiting */
static void wait_changed(void)
{
	bool again = shim_offline();

	pthread_cond_wait(&changed, &lock);
	shim_online(again);
}

/* A work never runs twice at a time; sleep until there may be one to run */
static struct work_struct *next_work(void)
{
	struct work_struct *work = queue;
	struct timespec until;
	u64 now = ktime_get_ns();

	for (; work && work->due <= now; work = work->next)
		if (work->wq->running < work->wq->max && !is_running(work))
			return work;
	if (!work) {
		pthread_cond_wait(&changed, &lock);
		return NULL;
	}
	until.tv_sec = work->due / NSEC_PER_SEC;
	until.tv_nsec = work->due % NSEC_PER_SEC;
	pthread_cond_clockwait(&changed, &lock, CLOCK_MONOTONIC, &until);
	return NULL;
}

static void start(void *(*fn)(void *arg))
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, fn, NULL))
		abort();
	pthread_detach(thread);
}

static void *worker(void *arg)
{
	struct worker self = { };
	struct workqueue_struct *wq;
	struct work_struct *work;

	current->flags |= PF_WQ_WORKER;
	pthread_mutex_lock(&lock);
	list_add(&self.node, &workers);
	for (;;) {
		work = next_work();
		if (!work)
			continue;
		if (!--idle) {
			idle++;
			start(worker);
		}
		shim_work_remove(&queue, work);
		self.work = work;
		wq = work->wq;
		wq->running++;
		pthread_mutex_unlock(&lock);
		shim_online(true);
		work->func(work);
		shim_offline();
		pthread_mutex_lock(&lock);
		wq->running--;
		self.work = NULL;
		idle++;
		pthread_cond_broadcast(&changed);
	}
	return NULL;
}

static void *grace_periods(void *arg)
{
	struct rcu_work *work, *batch;

	(void)arg;
	pthread_mutex_lock(&lock);
	for (;;) {
		while (!waiting)
			pthread_cond_wait(&changed, &lock);
		batch = waiting;
		waiting = NULL;
		pthread_mutex_unlock(&lock);
		shim_synchronize();
		pthread_mutex_lock(&lock);
		while ((work = batch)) {
			batch = work->after;
			work->waiting = false;
			work->work.wq->in_grace--;
			insert(&work->work);
		}
	}
	return NULL;
}

/* With the first queue, or what there is of all */
static void begin(void)
{
	if (started)
		return;
	started = true;
	idle = 1;
	start(worker);
	start(grace_periods);
}

struct workqueue_struct *alloc_workqueue(const char *name, int flags, int max, ...)
{
	struct workqueue_struct *wq = calloc(1, sizeof(*wq));

	(void)name, (void)flags;
	if (!wq)
		return NULL;
	wq->max = max ?: SOME;
	pthread_mutex_lock(&lock);
	begin();
	pthread_mutex_unlock(&lock);
	return wq;
}

static bool has_work(const struct workqueue_struct *wq)
{
	const struct work_struct *work = queue;
	u64 now = ktime_get_ns();

	for (; work && work->due <= now; work = work->next)
		if (work->wq == wq)
			return true;
	return wq->running || wq->in_grace;
}

void flush_workqueue(struct workqueue_struct *wq)
{
	pthread_mutex_lock(&lock);
	while (has_work(wq))
		wait_changed();
	pthread_mutex_unlock(&lock);
}

/* What has a delay belongs to a leaked map */
void destroy_workqueue(struct workqueue_struct *wq)
{
	struct work_struct *work, *next;

	flush_workqueue(wq);
	pthread_mutex_lock(&lock);
	for (work = queue; work; work = next) {
		next = work->next;
		if (work->wq == wq)
			shim_work_remove(&queue, work);
	}
	pthread_mutex_unlock(&lock);
	free(wq);
}

bool shim_queue(struct workqueue_struct *wq, struct work_struct *work,
		unsigned long delay, bool again)
{
	bool queued;

	pthread_mutex_lock(&lock);
	begin();
	queued = !work->pending;
	if (work->pending && again)
		shim_work_remove(&queue, work);
	if (!work->pending) {
		work->wq = wq;
		work->due = ktime_get_ns() + delay * (NSEC_PER_SEC / HZ);
		insert(work);
	}
	pthread_mutex_unlock(&lock);
	return queued;
}

bool shim_cancel(struct work_struct *work)
{
	bool pending;

	pthread_mutex_lock(&lock);
	do {
		pending = work->pending;
		if (pending)
			shim_work_remove(&queue, work);
		else if (is_running(work))
			wait_changed();
	} while (work->pending || is_running(work));
	pthread_cond_broadcast(&changed);
	pthread_mutex_unlock(&lock);
	return pending;
}

bool shim_cancel_pending(struct work_struct *work)
{
	bool pending;

	pthread_mutex_lock(&lock);
	pending = work->pending;
	if (pending)
		shim_work_remove(&queue, work);
	pthread_cond_broadcast(&changed);
	pthread_mutex_unlock(&lock);
	return pending;
}

bool shim_is_busy(struct work_struct *work)
{
	bool busy;

	pthread_mutex_lock(&lock);
	busy = work->pending || is_running(work);
	pthread_mutex_unlock(&lock);
	return busy;
}

void shim_hurry(struct work_struct *work)
{
	pthread_mutex_lock(&lock);
	if (work->pending) {
		shim_work_remove(&queue, work);
		work->due = ktime_get_ns();
		insert(work);
	}
	pthread_mutex_unlock(&lock);
}

bool shim_flush(struct work_struct *work)
{
	pthread_mutex_lock(&lock);
	while (work->pending || is_running(work))
		wait_changed();
	pthread_mutex_unlock(&lock);
	return true;
}

bool queue_rcu_work(struct workqueue_struct *wq, struct rcu_work *work)
{
	bool queued;

	pthread_mutex_lock(&lock);
	begin();
	queued = !work->waiting && !work->work.pending;
	if (queued) {
		work->waiting = true;
		work->work.wq = wq;
		wq->in_grace++;
		work->after = waiting;
		waiting = work;
		pthread_cond_broadcast(&changed);
	}
	pthread_mutex_unlock(&lock);
	return queued;
}

bool flush_rcu_work(struct rcu_work *work)
{
	pthread_mutex_lock(&lock);
	while (work->waiting || work->work.pending || is_running(&work->work))
		wait_changed();
	pthread_mutex_unlock(&lock);
	return true;
}
