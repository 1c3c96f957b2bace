// SPDX-License-Identifier: GPL-2.0-only
/*
 * Waiting, random numbers, and the end on a warning.
 */
#include <pthread.h>
#include <linux/kernel.h>
#include <linux/ktime.h>
#include <linux/random.h>
#include <linux/sched.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t woken = PTHREAD_COND_INITIALIZER;

__thread struct task_struct *shim_task;

struct task_struct *shim_task_make(void)
{
	static __thread struct task_struct own;

	return shim_task = &own;
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
	struct timespec until;
	u64 now = ktime_get_ns();
	bool again;

	if (now >= ns)
		return false;
	clock_gettime(CLOCK_REALTIME, &until);
	ns -= now;
	until.tv_sec += (until.tv_nsec + ns) / NSEC_PER_SEC;
	until.tv_nsec = (until.tv_nsec + ns) % NSEC_PER_SEC;
	again = shim_offline();
	pthread_cond_timedwait(&woken, &lock, &until);
	shim_online(again);
	return true;
}

void shim_wait_end(void)
{
	pthread_mutex_unlock(&lock);
}

void shim_wake(void)
{
	pthread_mutex_lock(&lock);
	pthread_cond_broadcast(&woken);
	pthread_mutex_unlock(&lock);
}

void shim_warn(const char *file, int line, const char *what)
{
	fprintf(stderr, "WARNING: %s:%d: %s\n", file, line, what);
	abort();
}

/* The same in each run */
void get_random_bytes(void *buffer, size_t len)
{
	static u64 state = 0x243f6a8885a308d3ULL;
	u8 *p = buffer;

	while (len--) {
		state = state * 0x5851f42d4c957f2dULL + 0x14057b7ef767814fULL;
		*p++ = state >> 56;
	}
}
