/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A test harness: TAP, and every test in a process group of its own, with a
 * time limit, so that a crash or a hang is a failed test and nothing more
 *
 *	TEST(name) { ASSERT_EQ(0, set_up()); EXPECT_EQ(want, got); }
 *
 * EXPECT goes on after a failure, ASSERT ends the test. A program runs all of
 * its tests, or those that its arguments name. $SELFTEST_SEED is the seed of
 * random numbers; $SELFTEST_SLOW a divisor of the numbers of iterations, and a
 * factor of the time limits (1, or 5 on a kernel with lockdep). The limits are
 * those of a machine that has nothing else to do; they are generous on any, for
 * what they are there to end is what hangs.
 */
#ifndef HARNESS_H
#define HARNESS_H

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

/* What is so far apart is on different pages: no machine has larger ones */
#define PAGE	65536

struct test {
	const char	*name;
	void		(*run)(void);
	unsigned int	seconds;
	struct test	*next;
};

void test_register(struct test *test);

#define TEST(id) TEST_LIMIT(id, 30)

#define TEST_LIMIT(id, limit)						\
	static void do_test_##id(void);					\
	static struct test test_##id = {				\
		.name = #id, .run = do_test_##id, .seconds = (limit),	\
	};								\
	__attribute__((constructor)) static void register_##id(void)	\
	{								\
		test_register(&test_##id);				\
	}								\
	static void do_test_##id(void)

/* The test says why it cannot run here; that does not count as passed */
__attribute__((noreturn, format(printf, 1, 2)))
void test_skip(const char *format, ...);

/* What a loop over a table is at; printed with every failure */
__attribute__((format(printf, 1, 2)))
void test_context(const char *format, ...);

__attribute__((format(printf, 1, 2)))
void test_note(const char *format, ...);

/* Called after each test, if the program has one */
void test_tidy(void);

bool test_failed(void);
uint64_t test_random(void);
unsigned int test_times(unsigned int n);

bool test_check_eq(const char *file, int line, const char *text,
		   long long want, long long got);
bool test_check_mem(const char *file, int line, const char *text,
		    const void *want, size_t want_len,
		    const void *got, size_t got_len);
void test_end(bool go_on);

/* What is bound to come is waited for, longer than a busy machine may need */
#define AWAIT(condition)						\
	for (int awaited = 0; awaited < 60000 && !(condition); awaited++) \
		usleep(1000)

#define EXPECT_EQ(want, got)						\
	test_check_eq(__FILE__, __LINE__, #got, (long long)(want),	\
		      (long long)(got))
#define EXPECT(condition) EXPECT_EQ(1, !!(condition))
#define EXPECT_MEM(want, want_len, got, got_len)			\
	test_check_mem(__FILE__, __LINE__, #got, want, want_len, got,	\
		       got_len)
#define ASSERT_EQ(want, got) test_end(EXPECT_EQ(want, got))
#define ASSERT(condition) test_end(EXPECT(condition))

/*
 * Child processes. The test waits for each; what is left over at its end is
 * killed. Failures of a child are failures of the test.
 */
pid_t test_fork(void (*fn)(int n, void *arg), int n, void *arg);
void test_wait(pid_t pid);
/* fn(0) ... fn(n - 1) in processes that start together */
void test_parallel(int n, void (*fn)(int n, void *arg), void *arg);
/* The same in processes that are killed, all of them after @usec */
void test_kill(int n, void (*fn)(int n, void *arg), void *arg,
	       unsigned int usec);
/* A different text for each @seed */
void test_text(char *text, size_t len, unsigned int seed);
/* Into a file that is there */
void test_write(const char *path, const char *text);
/* False if there is none, or it does not take it */
bool test_try_write(const char *path, const char *text);
/* Whether a tracepoint of the module is recorded, from now on */
void test_trace(const char *event, bool on);
/* How many lines of the record have both texts */
unsigned int test_traced(const char *text, const char *also);
/* Memory that children share with their parent, zeroed */
void *test_shared(size_t size);

#endif /* HARNESS_H */
