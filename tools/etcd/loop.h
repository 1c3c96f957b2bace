/* SPDX-License-Identifier: GPL-2.0-only */
/* Timers, descriptors and transfers, one after the other in one thread */
#ifndef SYNCMAP_ETCD_LOOP_H
#define SYNCMAP_ETCD_LOOP_H

#include <curl/curl.h>
#include <stdbool.h>
#include <stdint.h>

#define MS	UINT64_C(1000000)
#define SECOND	(1000 * MS)

/* Zero-initialise it but for @fn and @arg; it must not go while it is set. */
struct timer {
	void		(*fn)(void *arg);
	void		*arg;
	uint64_t	at;
	bool		set;
	struct timer	*next;
};

/* A descriptor that is waited for as long as it is in the loop */
struct waiter {
	int		fd;
	void		(*fn)(void *arg);
	void		*arg;
	struct waiter	*next;
};

/* @progress: is called after transfers have moved; see gateway.c */
struct loop {
	CURLM		*multi;
	struct timer	*timers;
	struct waiter	*waiters;
	void		(*progress)(void *arg);
	void		*progress_arg;
	bool		ended;
};

void loop_begin(struct loop *loop);
void loop_end(struct loop *loop);

/* Nanoseconds of a clock that goes on while the machine is suspended */
uint64_t loop_now(void);

/* Any time below @end, so that not all do a thing at the same time */
uint64_t loop_chance(uint64_t end);

/* In so many nanoseconds, whatever it was set to before */
void loop_set(struct loop *loop, struct timer *timer, uint64_t delay);
void loop_unset(struct loop *loop, struct timer *timer);
void loop_await(struct loop *loop, struct waiter *waiter);
void loop_forget(struct loop *loop, struct waiter *waiter);

/* Until @ended, which a timer or a descriptor sets */
void loop_run(struct loop *loop);

#endif
