/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _SHIM_ATOMIC_H
#define _SHIM_ATOMIC_H

#include <linux/compiler.h>

#define ATOMIC64_INIT(n)	{ (n) }

/* What returns nothing orders nothing, what returns a value is a full barrier */
#define SHIM_ATOMIC(name, type, number)					\
static inline number name##_read(const type *v)				\
{									\
	return READ_ONCE(v->counter);					\
}									\
static inline number name##_read_acquire(const type *v)			\
{									\
	return smp_load_acquire(&v->counter);				\
}									\
static inline void name##_set(type *v, number i)			\
{									\
	WRITE_ONCE(v->counter, i);					\
}									\
static inline number name##_add_return(number i, type *v)		\
{									\
	shim_point(v, true);						\
	return __atomic_add_fetch(&v->counter, i, __ATOMIC_SEQ_CST);	\
}									\
static inline void name##_add(number i, type *v)			\
{									\
	shim_point(v, true);						\
	if (shim_ordered(v))						\
		__atomic_add_fetch(&v->counter, i, __ATOMIC_SEQ_CST);	\
	else								\
		__atomic_add_fetch(&v->counter, i, __ATOMIC_RELAXED);	\
}									\
static inline number name##_sub_return(number i, type *v)		\
{									\
	shim_point(v, true);						\
	return __atomic_sub_fetch(&v->counter, i, __ATOMIC_SEQ_CST);	\
}									\
static inline void name##_sub(number i, type *v)			\
{									\
	shim_point(v, true);						\
	if (shim_ordered(v))						\
		__atomic_sub_fetch(&v->counter, i, __ATOMIC_SEQ_CST);	\
	else								\
		__atomic_sub_fetch(&v->counter, i, __ATOMIC_RELAXED);	\
}									\
static inline void name##_inc(type *v)					\
{									\
	name##_add(1, v);						\
}									\
static inline void name##_dec(type *v)					\
{									\
	name##_add(-1, v);						\
}									\
static inline number name##_inc_return(type *v)				\
{									\
	return name##_add_return(1, v);					\
}									\
static inline number name##_dec_return(type *v)				\
{									\
	return name##_add_return(-1, v);				\
}									\
static inline bool name##_dec_and_test(type *v)				\
{									\
	return !name##_add_return(-1, v);				\
}									\
static inline void name##_or(number i, type *v)				\
{									\
	shim_point(v, true);						\
	if (shim_ordered(v))						\
		__atomic_or_fetch(&v->counter, i, __ATOMIC_SEQ_CST);	\
	else								\
		__atomic_or_fetch(&v->counter, i, __ATOMIC_RELAXED);	\
}									\
static inline void name##_andnot(number i, type *v)			\
{									\
	shim_point(v, true);						\
	if (shim_ordered(v))						\
		__atomic_and_fetch(&v->counter, ~i, __ATOMIC_SEQ_CST);	\
	else								\
		__atomic_and_fetch(&v->counter, ~i, __ATOMIC_RELAXED);	\
}									\
static inline number name##_fetch_andnot(number i, type *v)		\
{									\
	shim_point(v, true);						\
	return __atomic_fetch_and(&v->counter, ~i, __ATOMIC_SEQ_CST);	\
}									\
static inline number name##_fetch_add_release(number i, type *v)	\
{									\
	shim_point(v, true);						\
	return __atomic_fetch_add(&v->counter, i, __ATOMIC_RELEASE);	\
}									\
static inline bool name##_try_cmpxchg(type *v, number *old, number new)	\
{									\
	return try_cmpxchg(&v->counter, old, new);			\
}									\
static inline bool name##_add_unless(type *v, number i, number u)	\
{									\
	number n = name##_read(v);					\
									\
	while (n != u && !name##_try_cmpxchg(v, &n, n + i))		\
		;							\
	return n != u;							\
}									\
static inline bool name##_inc_not_zero(type *v)				\
{									\
	number n = name##_read(v);					\
									\
	while (n && !name##_try_cmpxchg(v, &n, n + 1))			\
		;							\
	return n;							\
}

SHIM_ATOMIC(atomic, atomic_t, int)
SHIM_ATOMIC(atomic64, atomic64_t, s64)
SHIM_ATOMIC(atomic_long, atomic_long_t, s64)

typedef struct { atomic_t refs; } refcount_t;

static inline void refcount_set(refcount_t *r, int n)
{
	atomic_set(&r->refs, n);
}

static inline unsigned int refcount_read(const refcount_t *r)
{
	return atomic_read(&r->refs);
}

static inline void refcount_inc(refcount_t *r)
{
	atomic_inc(&r->refs);
}

static inline bool refcount_inc_not_zero(refcount_t *r)
{
	return atomic_inc_not_zero(&r->refs);
}

static inline void refcount_dec(refcount_t *r)
{
	shim_point(r, true);
	__atomic_sub_fetch(&r->refs.counter, 1, __ATOMIC_RELEASE);
}

/* What others did before they let go comes before what the last one does */
static inline bool refcount_dec_and_test(refcount_t *r)
{
	shim_point(r, true);
	return !__atomic_sub_fetch(&r->refs.counter, 1, __ATOMIC_ACQ_REL);
}

#endif
