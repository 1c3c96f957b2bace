// SPDX-License-Identifier: GPL-2.0-only
#include <sys/random.h>
#include <time.h>

#include "bytes.h"
#include "loop.h"

/* Without a timer nothing is waited for that long, and nothing is done then. */
#define IDLE_MS		60000

/* Descriptors beside those of transfers */
#define WAITERS		32

void loop_begin(struct loop *loop)
{
	*loop = (struct loop){ .multi = curl_multi_init() };
	if (!loop->multi)
		out_of_memory();
}

void loop_end(struct loop *loop)
{
	curl_multi_cleanup(loop->multi);
	loop->multi = NULL;
}

uint64_t loop_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_BOOTTIME, &now);
	return now.tv_sec * SECOND + now.tv_nsec;
}

uint64_t loop_chance(uint64_t end)
{
	uint64_t chance;

	if (getrandom(&chance, sizeof(chance), GRND_NONBLOCK) != sizeof(chance))
		chance = loop_now();
	return end ? chance % end : 0;
}

void loop_unset(struct loop *loop, struct timer *timer)
{
	struct timer **at = &loop->timers;

	while (*at && *at != timer)
		at = &(*at)->next;
	if (*at)
		*at = timer->next;
	timer->set = false;
}

void loop_set(struct loop *loop, struct timer *timer, uint64_t delay)
{
	struct timer **at = &loop->timers;

	loop_unset(loop, timer);
	timer->at = loop_now() + delay;
	timer->set = true;
	while (*at && (*at)->at <= timer->at)
		at = &(*at)->next;
	timer->next = *at;
	*at = timer;
}

void loop_await(struct loop *loop, struct waiter *waiter)
{
	waiter->next = loop->waiters;
	loop->waiters = waiter;
}

void loop_forget(struct loop *loop, struct waiter *waiter)
{
	struct waiter **at = &loop->waiters;

	while (*at && *at != waiter)
		at = &(*at)->next;
	if (*at)
		*at = waiter->next;
}

/* One that is set again by its function has its turn in the next round. */
static void run_timers(struct loop *loop)
{
	uint64_t now = loop_now();

	while (loop->timers && loop->timers->at <= now) {
		struct timer *timer = loop->timers;

		loop_unset(loop, timer);
		timer->fn(timer->arg);
	}
}

static int patience(const struct loop *loop)
{
	uint64_t now = loop_now(), ms;

	if (!loop->timers)
		return IDLE_MS;
	if (loop->timers->at <= now)
		return 0;
	ms = (loop->timers->at - now + MS - 1) / MS;
	return ms < IDLE_MS ? ms : IDLE_MS;
}

/* Its function may take it, and no other one, out of the loop. */
static void run_waiters(struct loop *loop, const struct curl_waitfd *fds,
			unsigned int n)
{
	struct waiter *waiter = loop->waiters, *next;

	for (unsigned int i = 0; i < n; i++, waiter = next) {
		next = waiter->next;
		if (fds[i].revents)
			waiter->fn(waiter->arg);
	}
}

static void wait_once(struct loop *loop)
{
	struct curl_waitfd fds[WAITERS];
	unsigned int n = 0;

	for (struct waiter *w = loop->waiters; w && n < WAITERS; w = w->next)
		fds[n++] = (struct curl_waitfd){
			.fd = w->fd, .events = CURL_WAIT_POLLIN,
		};
	curl_multi_poll(loop->multi, fds, n, patience(loop), NULL);
	run_waiters(loop, fds, n);
}

void loop_run(struct loop *loop)
{
	int running;

	loop->ended = false;
	while (!loop->ended) {
		run_timers(loop);
		curl_multi_perform(loop->multi, &running);
		if (loop->progress)
			loop->progress(loop->progress_arg);
		if (!loop->ended)
			wait_once(loop);
	}
}
