// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory, and failures of allocations on demand.
 */
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <linux/string.h>

/*
 * The alignment of the kernel's size classes: powers of two, and 96 and 192, of
 * which nothing is certain where memory is debugged.
 */
static size_t alignment(size_t size)
{
	size_t class = 8;

	if ((size > 64 && size <= 96) || (size > 128 && size <= 192))
		return class;
	while (class < size && class < 4096)
		class *= 2;
	return class;
}

void *shim_alloc(size_t size, gfp_t gfp)
{
	struct task_struct *task = current;
	void *p;

	might_alloc(gfp);
	if (task->fail_nth && !--task->fail_nth)
		return NULL;
	if (!(gfp & (__GFP_DIRECT_RECLAIM | GFP_ATOMIC)) && !shim_at_hand())
		return NULL;
	p = shim_raw_alloc(alignment(size), size);
	if (p && gfp & __GFP_ZERO)
		memset(p, 0, size);
	return p;
}

/* Who can do with less than one piece finds none, and is not to insist on it */
void *shim_kmalloc(size_t size, gfp_t gfp)
{
	if (size <= PAGE_SIZE)
		return shim_alloc(size, gfp);
	WARN_ON_ONCE(gfp & __GFP_RETRY_MAYFAIL);
	return gfp & __GFP_NORETRY ? NULL : shim_alloc(size, gfp);
}

/* There are no huge pages, but who asks for them can do with others */
void *vmalloc_huge(size_t size, gfp_t gfp)
{
	WARN_ON_ONCE(!(gfp & __GFP_NORETRY));
	return NULL;
}

/* Sleeps; nobody else is to be killed for it */
void *__vmalloc(size_t size, gfp_t gfp)
{
	WARN_ON_ONCE(!(gfp & __GFP_DIRECT_RECLAIM) ||
		     !(gfp & __GFP_RETRY_MAYFAIL));
	if (shim_vmalloc && !offset_in_page(size))
		return shim_vmalloc(size, gfp);
	return shim_alloc(size, gfp);
}

void shim_free(const void *p)
{
	if (p && !(shim_vfree && shim_vfree(p)))
		shim_raw_free((void *)p);
}
