/* SPDX-License-Identifier: GPL-2.0-only */
#include_next <linux/compiler.h>

#ifdef __x86_64__
/* There every atomic operation is a full barrier */
#undef smp_mb__before_atomic
#undef smp_mb__after_atomic
#define smp_mb__before_atomic()	barrier()
#define smp_mb__after_atomic()	barrier()

/* The kernel's prefetch() is prefetchnta there */
#undef prefetch
#define prefetch(p)		__builtin_prefetch(p, 0, 0)
#endif

#define smp_rmb()	__atomic_thread_fence(__ATOMIC_ACQUIRE)
