// SPDX-License-Identifier: GPL-2.0-only
/*
 * The workers: one thread each for the whole run, pinned to a CPU, that start
 * together behind a gate.
 */
#include <pthread.h>
#include <sched.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>

#include "driver.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t posted = PTHREAD_COND_INITIALIZER;
static pthread_cond_t finished = PTHREAD_COND_INITIALIZER;
static struct job *job;
static u64 jobs;		/* posted so far */
static u64 done[BENCH_THREADS];	/* the last one that each has taken part in */
static int started;
static int at_gate;
static int limited;		/* workers that are to reach their limit */
static int running;
static bool stop;

int cpus(void)
{
	cpu_set_t set;

	sched_getaffinity(0, sizeof(set), &set);
	return CPU_COUNT(&set);
}

static void pin(int thread)
{
	cpu_set_t set, one;
	int cpu, left = thread % cpus();

	sched_getaffinity(0, sizeof(set), &set);
	for (cpu = 0; !CPU_ISSET(cpu, &set) || left--; cpu++)
		;
	CPU_ZERO(&one);
	CPU_SET(cpu, &one);
	pthread_setaffinity_np(pthread_self(), sizeof(one), &one);
}

static void pass_gate(int threads)
{
	__atomic_add_fetch(&at_gate, 1, __ATOMIC_ACQ_REL);
	while (__atomic_load_n(&at_gate, __ATOMIC_ACQUIRE) < threads)
		sched_yield();
}

static void work(struct job *job, int thread)
{
	struct worker *worker = &job->workers[thread];
	u64 start, busy;

	rcu_enter();
	job->contender->enter(worker->map, thread);
	pass_gate(job->threads);
	start = ktime_get_ns();
	busy = busy_ns(CLOCK_THREAD_CPUTIME_ID);
	job->contender->run[job->type[thread]](worker);
	job->busy_ns[thread] = busy_ns(CLOCK_THREAD_CPUTIME_ID) - busy;
	job->ns[thread] = ktime_get_ns() - start;
	job->contender->leave(worker->map, thread);
	rcu_leave();
	rcu_barrier();
}

static void *worker_main(void *arg)
{
	int thread = (long)arg;

	pin(thread);
	pthread_mutex_lock(&lock);
	for (;;) {
		while (jobs == done[thread])
			pthread_cond_wait(&posted, &lock);
		done[thread] = jobs;
		if (thread >= job->threads)
			continue;
		pthread_mutex_unlock(&lock);
		work(job, thread);
		pthread_mutex_lock(&lock);
		if (job->workers[thread].limit != U64_MAX && !--limited)
			pthread_cond_signal(&finished);
		if (!--running)
			pthread_cond_signal(&finished);
	}
	return NULL;
}

static void start_workers(int threads)
{
	pthread_t thread;

	for (; started < threads; started++) {
		done[started] = jobs;
		if (pthread_create(&thread, NULL, worker_main,
				   (void *)(long)started))
			abort();
		pthread_detach(thread);
	}
}

/* All workers alike; what differs is set afterwards */
void job_init(struct job *job, const struct contender *contender,
	      struct map *map, u64 n, int threads, int type)
{
	static u64 serial;
	int i;

	memset(job, 0, sizeof(*job));
	job->contender = contender;
	job->threads = threads;
	serial++;
	for (i = 0; i < threads; i++) {
		job->type[i] = type;
		job->workers[i] = (struct worker){
			.map = map,
			.n = n,
			/* Never the same again */
			.fresh = 2 * n + ((u64)i << 56) + (serial << 32),
			.limit = U64_MAX,
			.thread = i,
			.stop = &stop,
			.zipf = zipf_of(n),
			.random = 0x9e3779b97f4a7c15ULL * (i + 1),
		};
	}
}

/* For @ms milliseconds; if 0, until all that have a limit have reached it */
void job_run(struct job *new, unsigned int ms)
{
	struct timespec time = { ms / 1000, ms % 1000 * 1000000L };
	u64 busy = busy_ns(CLOCK_PROCESS_CPUTIME_ID);
	int i;

	pthread_mutex_lock(&lock);
	start_workers(new->threads);
	job = new;
	at_gate = 0;
	stop = false;
	running = new->threads;
	limited = 0;
	for (i = 0; i < new->threads; i++)
		limited += new->workers[i].limit != U64_MAX;
	jobs++;
	pthread_cond_broadcast(&posted);
	if (ms) {
		pthread_mutex_unlock(&lock);
		nanosleep(&time, NULL);
		pthread_mutex_lock(&lock);
	} else {
		while (limited)
			pthread_cond_wait(&finished, &lock);
	}
	__atomic_store_n(&stop, true, __ATOMIC_RELAXED);
	while (running)
		pthread_cond_wait(&finished, &lock);
	pthread_mutex_unlock(&lock);
	new->process_ns = busy_ns(CLOCK_PROCESS_CPUTIME_ID) - busy;
}

/*
 * The share of the CPUs' time that other processes had: what the background of
 * this one takes is part of what is measured.
 */
double job_disturbed(const struct job *job)
{
	double background = job->process_ns, ours = 0, wall = 0;
	int i, busy = min(job->threads, cpus());

	for (i = 0; i < job->threads; i++) {
		wall = max(wall, (double)job->ns[i]);
		ours += job->busy_ns[i];
		background -= job->busy_ns[i];
	}
	return max(1 - (ours + max(background, 0.0)) / (busy * wall), 0.0);
}

/* Millions of operations in a second, of all threads together */
double job_rate(const struct job *job)
{
	u64 ops = 0, ns = 0;
	int i;

	for (i = 0; i < job->threads; i++) {
		ops += job->workers[i].ops;
		ns = max(ns, job->ns[i]);
	}
	return 1e3 * ops / ns;
}
