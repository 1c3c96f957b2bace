// SPDX-License-Identifier: GPL-2.0-only
/*
 * In what the shims have to be like a kernel where time is measured, and not only
 * right: these are called in the place of theirs (--wrap)
 */
#include <stdbool.h>
#include <unistd.h>
#include <linux/atomic.h>
#include <linux/compiler.h>

#define GRACE_MS	50

/* rt/mem.c: a slab allocator with magazines for each thread */
void *mem_alloc(size_t size, bool zero);
void mem_free(const void *p);
/* It knows threads that rest while they are long at it; here is none */
void (*bench_rest)(bool leave);

void __real_shim_synchronize(void);
void __real_shim_wait_begin(void);
void __real_shim_wait_end(void);
void __real_shim_wake(void);

static int sleepers;

/*
 * To wait for readers interrupts all threads, some fifty times: otherwise there would
 * always be somebody who waits. In a kernel that takes tens of milliseconds, and
 * interrupts nobody
 */
void __wrap_shim_synchronize(void)
{
	usleep(GRACE_MS * 1000);
	__real_shim_synchronize();
}

/* Its size classes have the alignment of the kernel's */
void *__wrap_shim_raw_alloc(size_t align, size_t size)
{
	return mem_alloc(size, false);
}

void __wrap_shim_raw_free(void *p)
{
	mem_free(p);
}

void __wrap_shim_wait_begin(void)
{
	__real_shim_wait_begin();
	__atomic_add_fetch(&sleepers, 1, __ATOMIC_SEQ_CST);
}

void __wrap_shim_wait_end(void)
{
	__atomic_sub_fetch(&sleepers, 1, __ATOMIC_SEQ_CST);
	__real_shim_wait_end();
}

/* Who wakes nobody takes no lock, which all would share */
void __wrap_shim_wake(void)
{
	/* Pairs with __wrap_shim_wait_begin(): one sees what the other has done */
	smp_mb();
	if (READ_ONCE(sleepers))
		__real_shim_wake();
}
