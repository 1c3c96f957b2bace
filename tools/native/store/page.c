// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pages. What is free is full of what would do harm to who takes it for a part of
 * a mirror: words that are to be believed, and name nothing.
 */
#include <pthread.h>
#include <sys/mman.h>
#include <unistd.h>
#include <linux/mm.h>
#include <linux/rcupdate.h>
#include <linux/sched/mm.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <uapi/linux/syncmap_mapped.h>

#if __has_feature(address_sanitizer) || defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#else
#define __asan_poison_memory_region(p, size)	((void)(p), (void)(size))
#define __asan_unpoison_memory_region(p, size)	((void)(p), (void)(size))
#endif

/* Before a page is used again, so many others are */
#define LATER	4096U

struct page shim_pages[SHIM_PAGES];
char *shim_page_bytes;
int shim_page_file;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static bool taken[SHIM_PAGES];
static unsigned int pieces[SHIM_PAGES];	/* from the first on */
static unsigned int from = 1, most, used;

static void __attribute__((constructor(101))) make_pages(void)
{
	const size_t size = SHIM_PAGES * PAGE_SIZE;

	shim_page_file = memfd_create("pages", MFD_CLOEXEC);
	if (shim_page_file < 0 || ftruncate(shim_page_file, size))
		abort();
	shim_page_bytes = mmap(NULL, size, PROT_READ | PROT_WRITE,
			       MAP_SHARED | MAP_NORESERVE, shim_page_file, 0);
	if (shim_page_bytes == MAP_FAILED)
		abort();
	atomic_set(&shim_pages->refs, 1);
	__asan_poison_memory_region(shim_page_bytes + PAGE_SIZE,
				    size - PAGE_SIZE);
}

/* Between what follows one another and the next is a page that nobody has */
static bool is_free(unsigned int first, unsigned int n)
{
	unsigned int i;

	for (i = first; i < first + n + (n > 1); i++)
		if (taken[i])
			return false;
	return true;
}

static unsigned int find_locked(unsigned int n)
{
	unsigned int first = from > most + LATER ? 1 : from, tries;

	for (tries = 0; tries < 2 * SHIM_PAGES; tries++, first++) {
		if (first + n >= SHIM_PAGES)
			first = 1;
		if (is_free(first, n))
			return first;
	}
	return 0;
}

struct page *shim_get_pages(unsigned int n, gfp_t gfp)
{
	unsigned int first, i;
	void *bytes;

	might_alloc(gfp);
	if (current->fail_nth && !--current->fail_nth)
		return NULL;
	shim_mutex_lock(&lock);
	first = find_locked(n);
	from = first + n;
	used += first ? n : 0;
	most = max(most, used);
	for (i = first; first && i < first + n; i++) {
		taken[i] = true;
		shim_pages[i].mapping = NULL;
		atomic_set(&shim_pages[i].refs, 1);
	}
	shim_mutex_unlock(&lock);
	if (!first)
		return NULL;
	bytes = page_address(shim_pages + first);
	__asan_unpoison_memory_region(bytes, n * PAGE_SIZE);
	if (gfp & __GFP_ZERO)
		memset(bytes, 0, n * PAGE_SIZE);
	return shim_pages + first;
}

struct page *alloc_page(gfp_t gfp)
{
	if (!gfpflags_allow_blocking(gfp) && !shim_at_hand())
		return NULL;
	return shim_get_pages(1, gfp);
}

void put_page(struct page *page)
{
	u64 *word = page_address(page), *end = word + PAGE_SIZE / sizeof(*word);

	if (!atomic_dec_and_test(&page->refs))
		return;
	WARN_ON_ONCE(page == shim_pages);
	WARN_ON_ONCE(atomic_read(&page->shown));
	for (; word < end; word++)
		WRITE_ONCE(*word, SYNCMAP_MAPPED_READY);
	__asan_poison_memory_region(page_address(page), PAGE_SIZE);
	shim_mutex_lock(&lock);
	taken[page_to_pfn(page)] = false;
	used--;
	shim_mutex_unlock(&lock);
}

/* What is mapped a page at a time, and what is not */

void *shim_vmalloc(size_t size, gfp_t gfp)
{
	struct page *page = shim_get_pages(size / PAGE_SIZE, gfp);

	if (page)
		pieces[page_to_pfn(page)] = size / PAGE_SIZE;
	return page ? page_address(page) : NULL;
}

bool shim_vfree(const void *p)
{
	struct page *page;
	unsigned int n;

	if ((char *)p < shim_page_bytes ||
	    (char *)p >= shim_page_bytes + SHIM_PAGES * PAGE_SIZE)
		return false;
	page = virt_to_page(p);
	for (n = pieces[page_to_pfn(page)]; n; n--)
		put_page(page++);
	return true;
}
