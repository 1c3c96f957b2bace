/* SPDX-License-Identifier: GPL-2.0-only */
/* One queue for all who wait: a wake-up of any kind lets each look again */
#ifndef _SHIM_WAIT_BIT_H
#define _SHIM_WAIT_BIT_H

#include <linux/bitops.h>
#include <linux/errno.h>

#define TASK_RUNNING		0
#define TASK_INTERRUPTIBLE	1
#define TASK_UNINTERRUPTIBLE	2
#define TASK_NORMAL		3

void shim_wait_begin(void);
void shim_wait(void);
/* At most until then; false if it is later now */
bool shim_wait_until(u64 ns);
void shim_wait_end(void);
void shim_wake(void);

#define wait_var_event(var, condition)					\
do {									\
	(void)(var);							\
	if (condition)							\
		break;							\
	shim_wait_begin();						\
	while (!(condition))						\
		shim_wait();						\
	shim_wait_end();						\
} while (0)
#define wait_var_event_killable(var, condition)				\
({									\
	bool _some = !(condition);					\
	int _ret = 0;							\
									\
	(void)(var);							\
	if (_some)							\
		shim_wait_begin();					\
	while (_some && !(condition)) {					\
		if (current->killed) {					\
			_ret = -ERESTARTSYS;				\
			break;						\
		}							\
		shim_wait();						\
	}								\
	if (_some)							\
		shim_wait_end();					\
	_ret;								\
})
#define wake_up_var(var)		((void)(var), shim_wake())
#define wait_on_bit_lock(word, bit, mode)				\
	wait_var_event(word, !test_and_set_bit_lock(bit, word))

static inline void clear_and_wake_up_bit(unsigned int bit, unsigned long *word)
{
	clear_bit_unlock(bit, word);
	shim_wake();
}

struct completion {
	unsigned int done;
};

#define SHIM_COMPLETE_ALL	(~0U >> 1)

static inline void init_completion(struct completion *c)
{
	WRITE_ONCE(c->done, 0);
}

static inline bool completion_done(struct completion *c)
{
	return smp_load_acquire(&c->done);
}

static inline bool try_wait_for_completion(struct completion *c)
{
	unsigned int done = smp_load_acquire(&c->done);

	while (done && done != SHIM_COMPLETE_ALL)
		if (try_cmpxchg(&c->done, &done, done - 1))
			break;
	return done;
}

static inline void wait_for_completion(struct completion *c)
{
	wait_var_event(c, try_wait_for_completion(c));
}

/* In jiffies. Return: 0 if it is later now */
unsigned long wait_for_completion_timeout(struct completion *c,
					  unsigned long timeout);
int wait_for_completion_killable(struct completion *c);

static inline void complete(struct completion *c)
{
	shim_point(c, true);
	__atomic_add_fetch(&c->done, 1, __ATOMIC_RELEASE);
	shim_wake();
}

static inline void complete_all(struct completion *c)
{
	smp_store_release(&c->done, SHIM_COMPLETE_ALL);
	shim_wake();
}

#endif
