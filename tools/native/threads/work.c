// SPDX-License-Identifier: GPL-2.0-only
/*
 * The background: two workers, so that works overtake each other as they do on
 * an unbound workqueue, and a thread that waits for grace periods.
 */
#include <pthread.h>
#include <linux/ktime.h>
#include <linux/sched.h>
#include <linux/workqueue.h>

#define WORKERS		2

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static struct work_struct *queue;		/* by time */
static struct work_struct *running[WORKERS];
static struct rcu_work *waiting;		/* for a grace period */
static unsigned int in_grace;
static bool started;

struct workqueue_struct *system_unbound_wq;

static bool is_running(const struct work_struct *work)
{
	int i;

	for (i = 0; i < WORKERS; i++)
		if (running[i] == work)
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
		if (!is_running(work))
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

static void *worker(void *arg)
{
	struct work_struct **mine = arg;

	pthread_mutex_lock(&lock);
	for (;;) {
		*mine = next_work();
		if (!*mine)
			continue;
		shim_work_remove(&queue, *mine);
		pthread_mutex_unlock(&lock);
		shim_online(true);
		(*mine)->func(*mine);
		shim_offline();
		pthread_mutex_lock(&lock);
		*mine = NULL;
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
		in_grace++;
		pthread_mutex_unlock(&lock);
		shim_synchronize();
		pthread_mutex_lock(&lock);
		in_grace--;
		while ((work = batch)) {
			batch = work->after;
			work->waiting = false;
			insert(&work->work);
		}
	}
	return NULL;
}

static void start(void *(*fn)(void *arg), void *arg)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, fn, arg))
		abort();
	pthread_detach(thread);
}

struct workqueue_struct *alloc_workqueue(const char *name, int flags, int max)
{
	int i;

	(void)name, (void)flags, (void)max;
	if (!started) {
		started = true;
		for (i = 0; i < WORKERS; i++)
			start(worker, &running[i]);
		start(grace_periods, NULL);
	}
	return (struct workqueue_struct *)&queue;
}

/* Wait for all that is under way; what has a delay belongs to a leaked map */
void destroy_workqueue(struct workqueue_struct *wq)
{
	(void)wq;
	pthread_mutex_lock(&lock);
	while (waiting || in_grace || running[0] || running[1] ||
	       (queue && queue->due <= ktime_get_ns()))
		wait_changed();
	pthread_mutex_unlock(&lock);
}

bool shim_queue(struct work_struct *work, unsigned long delay, bool again)
{
	bool queued;

	pthread_mutex_lock(&lock);
	queued = !work->pending;
	if (work->pending && again)
		shim_work_remove(&queue, work);
	if (!work->pending) {
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
	pthread_mutex_unlock(&lock);
	return pending;
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

	(void)wq;
	pthread_mutex_lock(&lock);
	queued = !work->waiting && !work->work.pending;
	if (queued) {
		work->waiting = true;
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
