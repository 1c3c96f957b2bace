// SPDX-License-Identifier: GPL-2.0-only
/*
 * What threads are to the core, CPUs, readers of RCU and kthreads; and the memory and
 * the locks that they have.
 */
#include <pthread.h>
#include <linux/compiler.h>
#if !SHIM_TSAN
#define _LGPL_SOURCE	/* inline, which ThreadSanitizer would not understand */
#endif
#define rcu_head urcu_head
#include <urcu/urcu-memb.h>
#undef rcu_head
#undef rcu_dereference
#undef rcu_assign_pointer
#undef synchronize_rcu
#undef call_rcu

#include <linux/list.h>
#include <linux/percpu.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/spinlock.h>

#if SHIM_TSAN
__thread bool shim_fenced;
__thread void *shim_touched;

/* What readers did comes before what is done after a grace period */
static char grace_period;

#define GRACE_RELEASE()	__tsan_release(&grace_period)
#define GRACE_ACQUIRE()	__tsan_acquire(&grace_period)
#else
#define GRACE_RELEASE()	((void)0)
#define GRACE_ACQUIRE()	((void)0)
#endif

int nr_cpu_ids;

static __thread int my_cpu = -1;
static __thread bool registered;
static bool cpu_taken[SHIM_CPUS];
static LIST_HEAD(tasks);		/* of threads that nobody has stopped */
static pthread_mutex_t threads_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_key_t leaving;

static void leave(void *arg)
{
	(void)arg;
	if (registered)
		urcu_memb_unregister_thread();
	registered = false;
	if (my_cpu < 0)
		return;
	pthread_mutex_lock(&threads_lock);
	cpu_taken[my_cpu] = false;
	pthread_mutex_unlock(&threads_lock);
	my_cpu = -1;
}

static void make_key(void)
{
	pthread_key_create(&leaving, leave);
}

static void will_leave(void)
{
	pthread_once(&once, make_key);
	pthread_setspecific(leaving, &leaving);
}

static noinline void enlist(void)
{
	urcu_memb_register_thread();
	registered = true;
	will_leave();
}

void rcu_read_lock(void)
{
	if (unlikely(!registered))
		enlist();
	urcu_memb_read_lock();
}

void rcu_read_unlock(void)
{
	GRACE_RELEASE();
	urcu_memb_read_unlock();
}

bool rcu_read_lock_held(void)
{
	return registered && urcu_memb_read_ongoing();
}

void shim_synchronize(void)
{
	urcu_memb_synchronize_rcu();
	GRACE_ACQUIRE();
}

static int take_cpu(void)
{
	int cpu = 0;

	pthread_mutex_lock(&threads_lock);
	while (cpu_taken[cpu])
		if (++cpu == SHIM_CPUS)
			shim_warn(__FILE__, __LINE__, "too many threads");
	cpu_taken[cpu] = true;
	if (cpu >= nr_cpu_ids)
		__atomic_store_n(&nr_cpu_ids, cpu + 1, __ATOMIC_RELEASE);
	pthread_mutex_unlock(&threads_lock);
	will_leave();
	return cpu;
}

static void forget(struct task_struct *task)
{
	pthread_mutex_lock(&threads_lock);
	list_del(&task->node);
	pthread_mutex_unlock(&threads_lock);
	free(task);
}

int shim_cpu(void)
{
	if (unlikely(my_cpu < 0))
		my_cpu = take_cpu();
	return my_cpu;
}

/* When it is seen to have ended, its number is free */
static void *run(void *arg)
{
	struct task_struct *task = arg;

	shim_task = task;
	task->fn(task->arg);
	leave(NULL);
	smp_store_release(&task->ended, true);
	shim_wake();
	return NULL;
}

struct task_struct *kthread_run(int (*fn)(void *arg), void *arg,
				const char *name)
{
	struct task_struct *task = calloc(1, sizeof(*task));
	pthread_t thread;

	(void)name;
	task->fn = fn;
	task->arg = arg;
	pthread_mutex_lock(&threads_lock);
	list_add(&task->node, &tasks);
	pthread_mutex_unlock(&threads_lock);
	if (pthread_create(&thread, NULL, run, task)) {
		forget(task);
		return ERR_PTR(-EAGAIN);
	}
	pthread_detach(thread);
	return task;
}

int kthread_stop(struct task_struct *task)
{
	wait_var_event(task, smp_load_acquire(&task->ended));
	forget(task);
	return 0;
}

void *shim_raw_alloc(size_t align, size_t size)
{
	void *p;

	return posix_memalign(&p, align, size ?: 1) ? NULL : p;
}

void shim_raw_free(void *p)
{
	free(p);
}

static bool try_lock(spinlock_t *lock)
{
	int unlocked = 0;

	return __atomic_compare_exchange_n(&lock->locked, &unlocked, 1, false,
					   __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
}

__thread unsigned int shim_locks;

/* Who holds one is a reader of RCU, too */
void shim_lock(spinlock_t *lock)
{
	rcu_read_lock();
	shim_locks++;
	if (try_lock(lock))
		return;
	__atomic_add_fetch(&lock->waiters, 1, __ATOMIC_RELAXED);
	while (!try_lock(lock))
		sched_yield();
	__atomic_sub_fetch(&lock->waiters, 1, __ATOMIC_RELAXED);
}

void shim_unlock(spinlock_t *lock)
{
	__atomic_store_n(&lock->locked, 0, __ATOMIC_RELEASE);
	shim_locks--;
	rcu_read_unlock();
}
