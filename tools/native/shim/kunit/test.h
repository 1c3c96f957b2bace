/* SPDX-License-Identifier: GPL-2.0-only */
/* KUnit as far as the suites use it */
#ifndef _SHIM_KUNIT_TEST_H
#define _SHIM_KUNIT_TEST_H

#include <setjmp.h>
#include <linux/kernel.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/string.h>

#define KUNIT_PARAM_DESC_SIZE	128

struct kunit_memory;

struct kunit {
	void			*priv;
	const void		*param_value;
	/* private: */
	struct kunit_memory	*memory;
	jmp_buf			end;
	bool			failed;
	bool			skipped;
};

struct kunit_case {
	void		(*run_case)(struct kunit *test);
	const char	*name;
	const void	*(*generate_params)(const void *prev, char *desc);
};

struct kunit_suite {
	const char		name[256];
	int			(*suite_init)(struct kunit_suite *suite);
	void			(*suite_exit)(struct kunit_suite *suite);
	int			(*init)(struct kunit *test);
	void			(*exit)(struct kunit *test);
	struct kunit_case	*test_cases;
	/* private: */
	struct kunit_suite	*next;
};

void kunit_register(struct kunit_suite *suite);
void *kunit_kzalloc(struct kunit *test, size_t size, gfp_t gfp);
#define kunit_kcalloc(test, n, size, gfp) kunit_kzalloc(test, (n) * (size), gfp)
void kunit_end(struct kunit *test) __attribute__((noreturn));
void __printf(5, 6) kunit_failed(struct kunit *test, const char *file, int line,
				 const char *what, const char *format, ...);

#define KUNIT_CASE(fn)			{ .run_case = fn, .name = #fn }
#define KUNIT_CASE_PARAM(fn, params)					\
	{ .run_case = fn, .name = #fn, .generate_params = params }
#define kunit_test_suite(suite)						\
static void __attribute__((constructor)) kunit_register_##suite(void)	\
{									\
	kunit_register(&suite);						\
}									\
extern const int kunit_suite_registered

#define KUNIT_ARRAY_PARAM(name, array, describe)			\
static const void *name##_gen_params(const void *prev, char *desc)	\
{									\
	__typeof__((array)[0]) *next = prev ?				\
		(__typeof__(next))prev + 1 : (array);			\
									\
	if (next == (array) + ARRAY_SIZE(array))			\
		return NULL;						\
	describe(next, desc);						\
	return next;							\
}									\
extern const int kunit_array_param

#define kunit_skip(test, ...)						\
do {									\
	(test)->skipped = true;						\
	kunit_end(test);						\
} while (0)
#define KUNIT_FAIL(test, ...)						\
	kunit_failed(test, __FILE__, __LINE__, "", __VA_ARGS__)

#define KUNIT_CHECK(test, holds, what, end, ...)			\
do {									\
	if (unlikely(!(holds))) {					\
		kunit_failed(test, __FILE__, __LINE__, what, __VA_ARGS__); \
		end;							\
	}								\
} while (0)
#define KUNIT_ON(test)		((void)0)
#define KUNIT_OFF(test)		kunit_end(test)

#define KUNIT_COMPARE(test, left, op, right, end, ...)			\
do {									\
	__typeof__(left) _left = (left);				\
	__typeof__(right) _right = (right);				\
									\
	if (!(_left op _right)) {					\
		fprintf(stderr, "# %lld, %lld\n", (long long)_left,	\
			(long long)_right);				\
		kunit_failed(test, __FILE__, __LINE__,			\
			     #left " " #op " " #right, __VA_ARGS__);	\
		end;							\
	}								\
} while (0)

#define KUNIT_EXPECT_EQ_MSG(t, a, b, ...)				\
	KUNIT_COMPARE(t, a, ==, b, KUNIT_ON(t), __VA_ARGS__)
#define KUNIT_EXPECT_NE_MSG(t, a, b, ...)				\
	KUNIT_COMPARE(t, a, !=, b, KUNIT_ON(t), __VA_ARGS__)
#define KUNIT_EXPECT_EQ(t, a, b)	KUNIT_EXPECT_EQ_MSG(t, a, b, " ")
#define KUNIT_EXPECT_NE(t, a, b)	KUNIT_EXPECT_NE_MSG(t, a, b, " ")
#define KUNIT_EXPECT_LT(t, a, b) KUNIT_COMPARE(t, a, <, b, KUNIT_ON(t), " ")
#define KUNIT_EXPECT_LE(t, a, b) KUNIT_COMPARE(t, a, <=, b, KUNIT_ON(t), " ")
#define KUNIT_EXPECT_GT(t, a, b) KUNIT_COMPARE(t, a, >, b, KUNIT_ON(t), " ")
#define KUNIT_EXPECT_GE(t, a, b) KUNIT_COMPARE(t, a, >=, b, KUNIT_ON(t), " ")
#define KUNIT_EXPECT_PTR_EQ		KUNIT_EXPECT_EQ
#define KUNIT_EXPECT_PTR_NE		KUNIT_EXPECT_NE
#define KUNIT_EXPECT_PTR_EQ_MSG		KUNIT_EXPECT_EQ_MSG
#define KUNIT_EXPECT_TRUE_MSG(t, c, ...)				\
	KUNIT_CHECK(t, c, #c, KUNIT_ON(t), __VA_ARGS__)
#define KUNIT_EXPECT_FALSE_MSG(t, c, ...)				\
	KUNIT_CHECK(t, !(c), "!(" #c ")", KUNIT_ON(t), __VA_ARGS__)
#define KUNIT_EXPECT_TRUE(t, c)		KUNIT_EXPECT_TRUE_MSG(t, c, " ")
#define KUNIT_EXPECT_FALSE(t, c)	KUNIT_EXPECT_FALSE_MSG(t, c, " ")
#define KUNIT_EXPECT_NULL(t, p)		KUNIT_EXPECT_TRUE(t, !(p))
#define KUNIT_EXPECT_NOT_NULL(t, p)	KUNIT_EXPECT_TRUE(t, p)
#define KUNIT_EXPECT_STREQ(t, a, b)	KUNIT_EXPECT_TRUE(t, !strcmp(a, b))
#define KUNIT_ASSERT_EQ(t, a, b) KUNIT_COMPARE(t, a, ==, b, KUNIT_OFF(t), " ")
#define KUNIT_ASSERT_NE(t, a, b) KUNIT_COMPARE(t, a, !=, b, KUNIT_OFF(t), " ")
#define KUNIT_ASSERT_LT(t, a, b) KUNIT_COMPARE(t, a, <, b, KUNIT_OFF(t), " ")
#define KUNIT_ASSERT_LE(t, a, b) KUNIT_COMPARE(t, a, <=, b, KUNIT_OFF(t), " ")
#define KUNIT_ASSERT_GT(t, a, b) KUNIT_COMPARE(t, a, >, b, KUNIT_OFF(t), " ")
#define KUNIT_ASSERT_GE(t, a, b) KUNIT_COMPARE(t, a, >=, b, KUNIT_OFF(t), " ")
#define KUNIT_ASSERT_TRUE_MSG(t, c, ...)				\
	KUNIT_CHECK(t, c, #c, KUNIT_OFF(t), __VA_ARGS__)
#define KUNIT_ASSERT_TRUE(t, c)		KUNIT_ASSERT_TRUE_MSG(t, c, " ")
#define KUNIT_ASSERT_FALSE(t, c)	KUNIT_ASSERT_TRUE(t, !(c))
#define KUNIT_ASSERT_NOT_NULL(t, p)	KUNIT_ASSERT_TRUE(t, p)
#define KUNIT_ASSERT_NOT_ERR_OR_NULL(t, p)				\
	KUNIT_ASSERT_TRUE(t, !IS_ERR_OR_NULL(p))

#endif
