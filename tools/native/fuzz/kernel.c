// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the kernel is to one thread: nothing happens unless it is told to.
 */
#include <stdarg.h>
#include <linux/ktime.h>
#include <linux/percpu.h>
#include <linux/random.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>

#include "fuzz.h"

__thread struct task_struct *shim_task;
int nr_cpu_ids = SHIM_CPUS;
struct workqueue_struct *system_unbound_wq;

static struct task_struct task;
static struct work_struct *queue;	/* by time */
static struct rcu_work *waiting;	/* for the read section to end */
static unsigned int readers;		/* depth of the read section */
static unsigned int interrupted;	/* of it that of who has been interrupted */
static unsigned long allocated;
static int cpu;
static u64 now;

void wrong(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fputs("WRONG: ", stderr);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
	va_end(args);
	abort();
}

void kernel_begin(void)
{
	expect(!queue && !waiting && !readers);
	task = (struct task_struct){};
	shim_random = 0;
	now = 0;
	cpu = 0;
}

void kernel_run_on(unsigned int n)
{
	cpu = n % SHIM_CPUS;
}

unsigned long kernel_allocated(void)
{
	return allocated;
}

u64 ktime_get_ns(void)
{
	return now;
}

int shim_cpu(void)
{
	return cpu;
}

struct task_struct *shim_task_make(void)
{
	return shim_task = &task;
}

void shim_warn(const char *file, int line, const char *what)
{
	wrong("WARNING: %s:%d: %s", file, line, what);
}

void *shim_raw_alloc(size_t align, size_t size)
{
	void *p;

	if (posix_memalign(&p, align, size ?: 1))
		return NULL;
	allocated++;
	return p;
}

void shim_raw_free(void *p)
{
	allocated--;
	free(p);
}

void shim_lock(spinlock_t *lock)
{
	if (lock->locked)
		wrong("a lock is taken twice");
	lock->locked = 1;
}

void shim_unlock(spinlock_t *lock)
{
	lock->locked = 0;
}

bool shim_cancel(struct work_struct *work)
{
	if (!work->pending)
		return false;
	shim_work_remove(&queue, work);
	return true;
}

bool shim_queue(struct workqueue_struct *wq, struct work_struct *work,
		unsigned long delay, bool again)
{
	bool queued = !work->pending;

	if (again)
		shim_cancel(work);
	if (!work->pending) {
		work->due = now + delay * (NSEC_PER_SEC / HZ);
		shim_work_insert(&queue, work);
	}
	return queued;
}

static void run_first(void)
{
	struct work_struct *work = queue;
	unsigned int outer = interrupted;

	shim_cancel(work);
	interrupted = readers;
	work->func(work);
	interrupted = outer;
}

void kernel_background(u64 ns)
{
	struct work_struct *work;
	unsigned int n = 0;

	now += ns;
	for (work = queue; work && work->due <= now; work = work->next)
		n++;
	while (n--)
		run_first();
}

bool kernel_may_sleep(void)
{
	return !readers;
}

void shim_wait_begin(void)
{
}

/* Nobody but the background can bring what is waited for */
void shim_wait(void)
{
	if (!queue || readers)
		wrong("waits in vain");
	now = max(now, queue->due);
	run_first();
}

bool shim_wait_until(u64 ns)
{
	if (readers)
		wrong("waits in a read section");
	if (now >= ns)
		return false;
	if (queue && queue->due <= ns) {
		shim_wait();
		return true;
	}
	now = ns;
	return false;
}

void shim_wait_end(void)
{
}

void shim_wake(void)
{
}

void rcu_read_lock(void)
{
	readers++;
}

bool rcu_read_lock_held(void)
{
	return readers > interrupted;
}

void rcu_read_unlock(void)
{
	struct rcu_work *work;

	if (--readers)
		return;
	while ((work = waiting)) {
		waiting = work->after;
		work->waiting = false;
		shim_queue(NULL, &work->work, 0, false);
	}
}

bool queue_rcu_work(struct workqueue_struct *wq, struct rcu_work *work)
{
	if (work->waiting)
		return false;
	if (!readers)
		return shim_queue(NULL, &work->work, 0, false);
	work->waiting = true;
	work->after = waiting;
	waiting = work;
	return true;
}

struct workqueue_struct *alloc_workqueue(const char *name, int flags, int max, ...)
{
	return (struct workqueue_struct *)&queue;
}

void destroy_workqueue(struct workqueue_struct *wq)
{
}
