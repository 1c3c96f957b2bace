// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory of any size.
 */
#include <linux/kernel.h>
#include <linux/spinlock.h>
#include <linux/string.h>

#include <kunit/test.h>

#include "../module/large.h"

/* What one piece of memory is at most, and what huge pages are for, are between them */
static const size_t sizes[] = {
	1, PAGE_SIZE, PAGE_SIZE + 1, SZ_1M + 1, SYNCMAP_HUGE - 1, SYNCMAP_HUGE,
	SYNCMAP_HUGE + 1,
};

/* All of it is there, and wiped */
static void large_is_as_large_as_asked(struct kunit *test)
{
	unsigned int i;
	u8 *p;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		p = syncmap_large_alloc(sizes[i], GFP_KERNEL | __GFP_ZERO);
		KUNIT_ASSERT_NOT_NULL(test, p);
		KUNIT_EXPECT_NULL(test, memchr_inv(p, 0, sizes[i]));
		memset(p, 1, sizes[i]);
		kvfree(p);
	}
}

/* Who must not sleep gets one piece, or nothing; debug kernels tell who did */
static void large_does_not_sleep(struct kunit *test)
{
	static DEFINE_SPINLOCK(lock);
	unsigned int i;
	void *p;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		spin_lock(&lock);
		p = syncmap_large_alloc(sizes[i], GFP_NOWAIT | __GFP_NOWARN);
		spin_unlock(&lock);
		kvfree(p);
	}
}

#ifdef CONFIG_HAVE_ARCH_HUGE_VMALLOC
/* In this guest there is memory enough that huge pages are at hand */
static void large_has_huge_pages(struct kunit *test)
{
	size_t at;
	u8 *p;

	if (PMD_SIZE > SYNCMAP_HUGE)
		kunit_skip(test, "a huge page is larger here");
	p = syncmap_large_alloc(SYNCMAP_HUGE, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, p);
	KUNIT_EXPECT_TRUE(test, IS_ALIGNED((unsigned long)p, PMD_SIZE));
	for (at = PAGE_SIZE; at < SYNCMAP_HUGE; at += PAGE_SIZE)
		if (at % PMD_SIZE)
			KUNIT_ASSERT_EQ(test, vmalloc_to_pfn(p + at),
					vmalloc_to_pfn(p + at - PAGE_SIZE) + 1);
	kvfree(p);
}
#endif

static struct kunit_case large_cases[] = {
	KUNIT_CASE(large_is_as_large_as_asked),
	KUNIT_CASE(large_does_not_sleep),
#ifdef CONFIG_HAVE_ARCH_HUGE_VMALLOC
	KUNIT_CASE(large_has_huge_pages),
#endif
	{}
};

static struct kunit_suite large_suite = {
	.name = "syncmap_large",
	.test_cases = large_cases,
};

kunit_test_suite(large_suite);
