// SPDX-License-Identifier: GPL-2.0-only
/*
 * A thread as a task, which waits for others; and the end on a warning, unless it
 * is expected.
 */
#include <pthread.h>
#include <linux/kernel.h>
#include <linux/ktime.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t woken = PTHREAD_COND_INITIALIZER;

__thread struct task_struct *shim_task;

struct task_struct *shim_task_make(void)
{
	static __thread struct task_struct own;

	return shim_task = &own;
}

void shim_warn(const char *file, int line, const char *what)
{
	if (current->may_warn) {
		current->warnings++;
		return;
	}
	fprintf(stderr, "WARNING: %s:%d: %s\n", file, line, what);
	abort();
}

void shim_wait_begin(void)
{
	pthread_mutex_lock(&lock);
}

void shim_wait(void)
{
	bool again = shim_offline();

	pthread_cond_wait(&woken, &lock);
	shim_online(again);
}

bool shim_wait_until(u64 ns)
{
	const struct timespec until = {
		ns / NSEC_PER_SEC, ns % NSEC_PER_SEC,
	};
	bool again;

	if (ktime_get_ns() >= ns)
		return false;
	again = shim_offline();
	pthread_cond_clockwait(&woken, &lock, CLOCK_MONOTONIC, &until);
	shim_online(again);
	return true;
}

void shim_wait_end(void)
{
	pthread_mutex_unlock(&lock);
}

/* Who waits has looked before it began to wait, or looks after this */
void shim_wake(void)
{
	pthread_mutex_lock(&lock);
	pthread_cond_broadcast(&woken);
	pthread_mutex_unlock(&lock);
}
