/* SPDX-License-Identifier: GPL-2.0-only */
/* Language, arithmetic and messages: what needs no machine below it */
#ifndef _SHIM_KERNEL_H
#define _SHIM_KERNEL_H

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <linux/compiler.h>
#include <linux/limits.h>

#define CONFIG_DEBUG_ATOMIC_SLEEP	1
#define CONFIG_PROVE_RCU		1
#define CONFIG_FAULT_INJECTION		1

/* 1 if the option is defined as 1 */
#define SHIM_PAIR_1			0,
#define SHIM_SECOND(ignored, value, ...) value
#define SHIM_ENABLED(pair)		SHIM_SECOND(pair 1, 0)
#define SHIM_PASTE(value)		SHIM_ENABLED(SHIM_PAIR_##value)
#define IS_ENABLED(option)		SHIM_PASTE(option)

#undef static_assert
#define static_assert(condition, ...) _Static_assert(condition, #condition)
#define container_of(p, type, member)					\
	((type *)((char *)(p) - offsetof(type, member)))
#define BUILD_BUG_ON(condition)	static_assert(!(condition))
#define ARRAY_SIZE(a)		(sizeof(a) / sizeof((a)[0]))
#define struct_size(p, member, n)					\
	(sizeof(*(p)) + (n) * sizeof((p)->member[0]))

#define min(a, b)							\
({									\
	__typeof__(a) _a = (a);						\
	__typeof__(b) _b = (b);						\
									\
	(void)(&_a == (__typeof__(&_a))&_b);				\
	_a < _b ? _a : _b;						\
})
#define max(a, b)							\
({									\
	__typeof__(a) _c = (a);						\
	__typeof__(b) _d = (b);						\
									\
	_c > _d ? _c : _d;						\
})
#define min3(a, b, c)		min(min(a, b), c)
#define max3(a, b, c)		max(max(a, b), c)
#define min_t(type, a, b)	min((type)(a), (type)(b))
#define max_t(type, a, b)	max((type)(a), (type)(b))
#define clamp_t(type, v, lo, hi) min_t(type, max_t(type, v, lo), hi)
#define swap(a, b)							\
do {									\
	__typeof__(a) _swap = (a);					\
									\
	(a) = (b);							\
	(b) = _swap;							\
} while (0)
#define IS_ALIGNED(n, to)	(!((n) & ((to) - 1)))
#define round_up(n, to)		((((n) - 1) | ((__typeof__(n))(to) - 1)) + 1)
#define DIV_ROUND_UP(n, d)	(((n) + (d) - 1) / (d))
#define DIV_ROUND_UP_ULL(n, d)	(((n) + (d) - 1ULL) / (d))

static inline u64 div64_u64(u64 n, u64 d)
{
	return n / d;
}

static inline u64 div_u64(u64 n, u32 d)
{
	return n / d;
}

static inline u64 div_u64_rem(u64 n, u32 d, u32 *rest)
{
	*rest = n % d;
	return n / d;
}

static inline u32 reciprocal_scale(u32 value, u32 end)
{
	return (u64)value * end >> 32;
}

static inline u64 mul_u64_u64_shr(u64 a, u64 b, unsigned int shift)
{
	return (u64)(((unsigned __int128)a * b) >> shift);
}

#define MAX_ERRNO	4095

static inline void *ERR_PTR(long error)
{
	return (void *)error;
}

static inline long PTR_ERR(const void *p)
{
	return (long)p;
}

static inline bool IS_ERR(const void *p)
{
	return (unsigned long)p >= (unsigned long)-MAX_ERRNO;
}

static inline bool IS_ERR_OR_NULL(const void *p)
{
	return !p || IS_ERR(p);
}

static inline int PTR_ERR_OR_ZERO(const void *p)
{
	return IS_ERR(p) ? PTR_ERR(p) : 0;
}

#define pr_err(...)		fprintf(stderr, __VA_ARGS__)
#define pr_err_ratelimited	pr_err

/* A warning is a failure: user input can never reach one */
void shim_warn(const char *file, int line, const char *what);

#define WARN_ON_ONCE(condition)						\
({									\
	bool _warn = !!(condition);					\
									\
	if (unlikely(_warn))						\
		shim_warn(__FILE__, __LINE__, #condition);		\
	_warn;								\
})
#define WARN_ONCE(condition, ...)	WARN_ON_ONCE(condition)

#define EXPORT_SYMBOL_GPL(symbol)	extern __typeof__(symbol) symbol
#define MODULE_DESCRIPTION(text)	extern const int shim_module
#define MODULE_LICENSE(text)		extern const int shim_module
#define MODULE_PARM_DESC(name, text)	extern const int shim_module
#define module_init(fn)							\
static void __attribute__((constructor)) shim_module_init(void)		\
{									\
	if (fn())							\
		abort();						\
}									\
extern const int shim_module
#define module_exit(fn)							\
static void __attribute__((destructor)) shim_module_exit(void)		\
{									\
	fn();								\
}									\
extern const int shim_module

/* A parameter is an environment variable of its name */
#define module_param(name, type, mode)					\
static void __attribute__((constructor)) shim_param_##name(void)	\
{									\
	const char *value = getenv(#name);				\
									\
	if (value)							\
		name = strtoull(value, NULL, 0);			\
}									\
extern const int shim_module

static inline int kstrtou64(const char *s, unsigned int base, u64 *value)
{
	char *end;

	*value = strtoull(s, &end, base);
	return *s && !*end ? 0 : -EINVAL;
}

static inline int kstrtoint(const char *s, unsigned int base, int *value)
{
	char *end;

	*value = strtol(s, &end, base);
	return *s && !*end ? 0 : -EINVAL;
}

static inline void sort(void *base, size_t n, size_t size,
			int (*compare)(const void *a, const void *b),
			void (*swap)(void *a, void *b, int size))
{
	(void)swap;
	qsort(base, n, size, compare);
}

#endif
