/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Crews of kernel threads that work on one map at the same time. Members start
 * together and end by count. Helpers run until the last member has ended.
 * Neither may use KUNIT_ASSERT_*: they say CREW_EXPECT(), whose first failure
 * and number of failures crew_run() reports.
 */
#ifndef _SYNCMAP_KUNIT_CREW_H
#define _SYNCMAP_KUNIT_CREW_H

#include "common.h"

#define CREW_MAX	101

struct crew;

struct worker {
	struct crew		*crew;
	struct test_map		*tm;
	void			*arg;
	unsigned int		id;	/* counts per role */
	struct rnd_state	rnd;
	/* private: */
	void			(*fn)(struct worker *worker);
	struct task_struct	*task;
	struct completion	ended;
	bool			helps;
};

struct crew *crew_new(struct kunit *test);
void crew_add(struct crew *crew, unsigned int n,
	      void (*fn)(struct worker *worker), void *arg);
void crew_add_helper(struct crew *crew, void (*fn)(struct worker *worker),
		     void *arg);
void crew_run(struct crew *crew);

/* For helpers: whether any member is still at work */
bool crew_busy(struct worker *worker);

/*
 * For the members of a crew without helpers, once each: act one after the other,
 * while all are there, and learn nothing of each other by that. What orders what
 * they do is then what they do: for KCSAN and TSan.
 */
void crew_take_turn(struct worker *worker);
void crew_end_turn(struct worker *worker);

/* A helper: one promotion after another */
void crew_promote(struct worker *worker);

void crew_fail(struct worker *worker, const char *what, int line);

#define CREW_EXPECT(worker, condition)					\
({									\
	bool _ok = (condition);						\
									\
	if (!_ok)							\
		crew_fail(worker, #condition, __LINE__);		\
	_ok;								\
})

#endif /* _SYNCMAP_KUNIT_CREW_H */
