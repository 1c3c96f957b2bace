// SPDX-License-Identifier: GPL-2.0-only
/*
 * Threads as RCU and per-CPU counters see them, and memory that is freed after
 * a grace period: pointers are collected in arrays, per thread, as the kernel's
 * kvfree_rcu() does, and freed by the thread that collected them.
 */
#include <pthread.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>
#ifdef __x86_64__
#include <asm/prctl.h>
#endif
#include <linux/compiler.h>
#define _LGPL_SOURCE
#define rcu_head	urcu_head
#include <urcu/urcu-qsbr.h>
#undef rcu_head
#undef call_rcu
#undef rcu_dereference
#undef rcu_assign_pointer
#undef rcu_read_lock
#undef rcu_read_unlock
#undef rcu_barrier

#include <linux/percpu.h>
#include <linux/rculist.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/slab.h>

#define BATCH	510

struct batch {
	struct batch	*next;
	u64		grace;		/* the period that must have ended */
	unsigned int	count;
	void		*p[BATCH];
};

struct deferred {
	struct batch	*filling;
	struct batch	*first, **last;	/* full ones, by age */
};

void (*bench_rest)(bool ends);
__thread unsigned long bench_cpu_offset;
int nr_cpu_ids;

static __thread int my_cpu = -1;
static __thread struct deferred deferred;
static u64 graces_begun, graces_ended, graces_wanted;
static struct rcu_head *callbacks;	/* for the next to begin */
static pthread_mutex_t grace_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t grace_wanted = PTHREAD_COND_INITIALIZER;

/* A number for each thread that is a CPU to the core; they are never reused */
int shim_cpu(void)
{
	if (my_cpu < 0) {
		my_cpu = __atomic_fetch_add(&nr_cpu_ids, 1, __ATOMIC_ACQ_REL);
		if (my_cpu >= SHIM_CPUS)
			shim_warn(__FILE__, __LINE__, "too many threads");
		bench_cpu_offset = my_cpu * SHIM_CPU_STRIDE;
#ifdef __x86_64__
		syscall(SYS_arch_prctl, ARCH_SET_GS, bench_cpu_offset);
#endif
	}
	return my_cpu;
}

static void enlist(void)
{
	if (my_cpu >= 0)
		return;
	shim_cpu();
	urcu_qsbr_register_thread();
	urcu_qsbr_thread_offline();
}

/* From here to rcu_leave() the thread may read */
void rcu_enter(void)
{
	enlist();
	urcu_qsbr_thread_online();
}

void rcu_leave(void)
{
	urcu_qsbr_thread_offline();
}

void rcu_quiescent(void)
{
	if (urcu_qsbr_read_ongoing())
		urcu_qsbr_quiescent_state();
}

/* Around waiting: whether the thread was reading, and may do so again */
bool shim_offline(void)
{
	enlist();
	if (!urcu_qsbr_read_ongoing())
		return false;
	if (unlikely(bench_rest))
		bench_rest(true);
	urcu_qsbr_thread_offline();
	return true;
}

void shim_online(bool again)
{
	if (!again)
		return;
	enlist();
	urcu_qsbr_thread_online();
	if (unlikely(bench_rest))
		bench_rest(false);
}

void shim_synchronize(void)
{
	urcu_qsbr_synchronize_rcu();
}

static void call_all(struct rcu_head *head)
{
	struct rcu_head *next;

	for (; head; head = next) {
		next = head->next;
		head->func(head);
	}
}

static void *grace_periods(void *arg)
{
	struct rcu_head *heads;

	pthread_mutex_lock(&grace_lock);
	for (;;) {
		while (graces_wanted <= graces_ended)
			pthread_cond_wait(&grace_wanted, &grace_lock);
		heads = callbacks;
		callbacks = NULL;
		pthread_mutex_unlock(&grace_lock);
		__atomic_fetch_add(&graces_begun, 1, __ATOMIC_SEQ_CST);
		shim_synchronize();
		__atomic_fetch_add(&graces_ended, 1, __ATOMIC_SEQ_CST);
		call_all(heads);
		pthread_mutex_lock(&grace_lock);
	}
	return NULL;
}

/* Early, by a thread that is not pinned to a CPU */
static void __attribute__((constructor)) start(void)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, grace_periods, NULL))
		abort();
	pthread_detach(thread);
}

static void want_grace_locked(u64 grace)
{
	if (graces_wanted < grace) {
		graces_wanted = grace;
		pthread_cond_signal(&grace_wanted);
	}
}

static void want_grace(u64 grace)
{
	pthread_mutex_lock(&grace_lock);
	want_grace_locked(grace);
	pthread_mutex_unlock(&grace_lock);
}

void call_rcu(struct rcu_head *head, void (*func)(struct rcu_head *head))
{
	pthread_mutex_lock(&grace_lock);
	head->func = func;
	head->next = callbacks;
	callbacks = head;
	want_grace_locked(__atomic_load_n(&graces_begun, __ATOMIC_SEQ_CST) + 1);
	pthread_mutex_unlock(&grace_lock);
}

static void free_ended(u64 ended)
{
	struct batch *batch;
	unsigned int i;

	while (deferred.first && deferred.first->grace <= ended) {
		batch = deferred.first;
		deferred.first = batch->next;
		for (i = 0; i < batch->count; i++)
			kvfree(batch->p[i]);
		kfree(batch);
	}
}

/* The next period to begin comes after all that was unlinked before this */
static void close_batch(void)
{
	struct batch *batch = deferred.filling;

	deferred.filling = NULL;
	batch->next = NULL;
	batch->grace = __atomic_load_n(&graces_begun, __ATOMIC_SEQ_CST) + 1;
	if (!deferred.first)
		deferred.last = &deferred.first;
	*deferred.last = batch;
	deferred.last = &batch->next;
	want_grace(batch->grace);
}

void kvfree_rcu(void *p)
{
	struct batch *batch = deferred.filling;

	if (!batch) {
		free_ended(__atomic_load_n(&graces_ended, __ATOMIC_SEQ_CST));
		batch = deferred.filling = kmalloc(sizeof(*batch), GFP_ATOMIC);
		batch->count = 0;
	}
	batch->p[batch->count++] = p;
	if (batch->count == BATCH)
		close_batch();
}

/* Wait until all that this thread has given to kvfree_rcu() is free */
void rcu_barrier(void)
{
	bool again = shim_offline();

	if (deferred.filling)
		close_batch();
	while (deferred.first) {
		free_ended(__atomic_load_n(&graces_ended, __ATOMIC_SEQ_CST));
		sched_yield();
	}
	shim_online(again);
}
