// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is to be done after a grace period: by one thread, one after the other.
 */
#include <pthread.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t some = PTHREAD_COND_INITIALIZER;
static struct rcu_head *waiting;	/* the last one comes first */
static bool started;

/* In their order */
static struct rcu_head *reverse(struct rcu_head *head)
{
	struct rcu_head *next, *before = NULL;

	for (; head; head = next) {
		next = head->next;
		head->next = before;
		before = head;
	}
	return before;
}

static void call_back(struct rcu_head *head)
{
	if (head->func)
		head->func(head);
	else
		kvfree(head->object);
}

static void *grace_periods(void *arg)
{
	struct rcu_head *head, *next;

	(void)arg;
	pthread_mutex_lock(&lock);
	for (;;) {
		while (!waiting)
			pthread_cond_wait(&some, &lock);
		head = reverse(waiting);
		waiting = NULL;
		pthread_mutex_unlock(&lock);
		shim_synchronize();
		for (; head; head = next) {
			next = head->next;
			call_back(head);
		}
		pthread_mutex_lock(&lock);
	}
	return NULL;
}

static void add(struct rcu_head *head)
{
	pthread_t thread;

	pthread_mutex_lock(&lock);
	if (!started) {
		started = true;
		if (pthread_create(&thread, NULL, grace_periods, NULL))
			abort();
		pthread_detach(thread);
	}
	head->next = waiting;
	waiting = head;
	pthread_cond_signal(&some);
	pthread_mutex_unlock(&lock);
}

void call_rcu(struct rcu_head *head, void (*func)(struct rcu_head *head))
{
	head->func = func;
	add(head);
}

void shim_free_rcu(struct rcu_head *head, void *object)
{
	head->func = NULL;
	head->object = object;
	add(head);
}
