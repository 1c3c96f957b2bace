/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Accesses to shared memory are atomic builtins, which ThreadSanitizer knows,
 * and each of them is a point at which the explorer may switch actors, and the
 * recorder may let a thread fall behind.
 */
#ifndef _SHIM_COMPILER_H
#define _SHIM_COMPILER_H

#include <linux/types.h>

#ifndef __has_feature
#define __has_feature(x)	0
#endif
#if defined(__SANITIZE_THREAD__) || __has_feature(thread_sanitizer)
#define SHIM_TSAN		1
#else
#define SHIM_TSAN		0
#endif

#undef __always_inline
#define __always_inline		inline __attribute__((always_inline))
#define noinline		__attribute__((noinline))
#define noinline_for_stack	noinline
#define __aligned(n)		__attribute__((aligned(n)))
#define __maybe_unused		__attribute__((unused))
#define __printf(a, b)		__attribute__((format(printf, a, b)))
#define __rcu
#define __force
#define __percpu
#define __init
#define __exit
#define __acquires(x)
#define __releases(x)
#define likely(x)		__builtin_expect(!!(x), 1)
#define unlikely(x)		__builtin_expect(!!(x), 0)
#define barrier()		__asm__ __volatile__("" ::: "memory")

#define L1_CACHE_BYTES			64
#define ____cacheline_aligned		__aligned(L1_CACHE_BYTES)
#define ____cacheline_aligned_in_smp	__aligned(L1_CACHE_BYTES)
#define prefetch(p)			__builtin_prefetch(p)
#define prefetchw(p)			__builtin_prefetch(p, 1)

#ifdef SHIM_POINTS
extern bool shim_points;
void shim_reach(const volatile void *address, bool write);
#else
#define shim_points	false
#define shim_reach(address, write)	((void)0)
#endif

static inline void shim_point(const volatile void *address, bool write)
{
	if (shim_points)
		shim_reach(address, write);
}

/*
 * The kernel relies on address dependencies behind READ_ONCE() of a pointer, or
 * of the unsigned long of a tagged one. ThreadSanitizer knows none, so that
 * they are acquires for it; those of other types are not.
 */
#define shim_read_order(x)						\
	(SHIM_TSAN && _Generic(&(x), const int *: 0, int *: 0,		\
			       const bool *: 0, bool *: 0,		\
			       const u8 *: 0, u8 *: 0,			\
			       const unsigned int *: 0, unsigned int *: 0, \
			       const u64 *: 0, u64 *: 0,		\
			       const s64 *: 0, s64 *: 0,		\
			       const long *: 0, long *: 0,		\
			       default: 1))

#define READ_ONCE(x)							\
({									\
	shim_point(&(x), false);					\
	shim_read_order(x) ? __atomic_load_n(&(x), __ATOMIC_ACQUIRE) :	\
			     __atomic_load_n(&(x), __ATOMIC_RELAXED);	\
})
#define WRITE_ONCE(x, v)						\
({									\
	__typeof__(&(x)) _place = &(x);					\
									\
	shim_point(_place, true);					\
	__atomic_store_n(_place, v, __ATOMIC_RELAXED);			\
})
#define smp_load_acquire(p)						\
({									\
	shim_point(p, false);						\
	__atomic_load_n(p, __ATOMIC_ACQUIRE);				\
})
#define smp_store_release(p, v)						\
({									\
	shim_point(p, true);						\
	__atomic_store_n(p, v, __ATOMIC_RELEASE);			\
})

/*
 * Fences, no stronger than the kernel's: on x86 a locked instruction is a full
 * barrier, so that the kernel has none before or after an atomic operation. What
 * is not one, as an operation on a variable of this CPU, gets no order by them.
 */
#ifdef __x86_64__
#define smp_mb()	__asm__ __volatile__("lock; addl $0,-4(%%rsp)"	\
					     ::: "memory", "cc")
#define shim_mb_atomic()	barrier()
#else
#define smp_mb()		__atomic_thread_fence(__ATOMIC_SEQ_CST)
#define shim_mb_atomic()	smp_mb()
#endif
#define smp_rmb()		__atomic_thread_fence(__ATOMIC_ACQUIRE)
#define smp_wmb()		__atomic_thread_fence(__ATOMIC_RELEASE)
#define smp_acquire__after_ctrl_dep()	smp_rmb()

/*
 * ThreadSanitizer knows no fences either. A relaxed operation takes the order
 * of a smp_mb__before_atomic() before it, and smp_mb__after_atomic() acquires
 * what the operation before it has seen.
 */
#if SHIM_TSAN
void __tsan_acquire(void *address);
void __tsan_release(void *address);

extern __thread bool shim_fenced;
extern __thread void *shim_touched;

static inline bool shim_ordered(void *address)
{
	bool fenced = shim_fenced;

	shim_fenced = false;
	shim_touched = address;
	return fenced;
}

static inline void shim_after_atomic(void)
{
	if (shim_touched)
		__tsan_acquire(shim_touched);
}

/* What comes last gets no order by a fence behind it, or has it anyway */
static inline void shim_untouched(void)
{
	shim_touched = NULL;
}

#define smp_mb__before_atomic()	((void)(shim_fenced = true))
#define smp_mb__after_atomic()	shim_after_atomic()
#else
static inline bool shim_ordered(void *address)
{
	return false;
}

static inline void shim_untouched(void)
{
}

#define smp_mb__before_atomic()	shim_mb_atomic()
#define smp_mb__after_atomic()	shim_mb_atomic()
#endif

/* Orders nothing when it fails */
#define try_cmpxchg(p, old, new)					\
({									\
	shim_point(p, true);						\
	shim_untouched();						\
	__atomic_compare_exchange_n(p, old, new, false,			\
				    __ATOMIC_SEQ_CST, __ATOMIC_RELAXED); \
})
#define cmpxchg(p, old, new)						\
({									\
	__typeof__(*(p)) _seen = (old);					\
									\
	(void)try_cmpxchg(p, &_seen, new);				\
	_seen;								\
})
#define xchg(p, new)							\
({									\
	shim_point(p, true);						\
	shim_untouched();						\
	__atomic_exchange_n(p, new, __ATOMIC_SEQ_CST);			\
})

/*
 * What is read in between may be written meanwhile, and who reads finds that out
 * afterwards, or does not mind. ThreadSanitizer looks at none of it, nor does KCSAN
 */
#if SHIM_TSAN
void AnnotateIgnoreReadsBegin(const char *file, int line);
void AnnotateIgnoreReadsEnd(const char *file, int line);

#define shim_race_begin()	AnnotateIgnoreReadsBegin(__FILE__, __LINE__)
#define shim_race_end()		AnnotateIgnoreReadsEnd(__FILE__, __LINE__)
#else
#define shim_race_begin()	((void)0)
#define shim_race_end()		((void)0)
#endif

#define data_race(x)							\
({									\
	__typeof__(x) _racy;						\
									\
	shim_race_begin();						\
	_racy = (x);							\
	shim_race_end();						\
	_racy;								\
})

#endif
